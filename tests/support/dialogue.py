"""Plays conversations: with a server program, or of a client program with
scripted servers.  Enhanced codes count where the recorded reply has one."""

import hashlib
import os
import re
import socket
import subprocess
import threading
import time

from . import peers, process
from .scene import Scene, raw, text

AT_ONCE = 10
LONG_DATA = 3000  # more is kept as length and digest
DATE = re.compile(rb"\b\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?=[-+]\d{4})")
TRACE = re.compile(rb"Received:[^\n]*\n([ \t][^\n]*\n)*")
ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")


def packed(data):
    if len(data) <= LONG_DATA:
        return text(data)
    return {"len": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def like(wanted, got):
    """got, as recorded if that is the same without its enhanced code."""
    if wanted and " " not in wanted and got.split(" ")[0] == wanted:
        return wanted
    return got


class Findings(list):
    def compare(self, what, wanted, got):
        if wanted != got:
            self.append("%s: recorded %r\n    got %r" % (what, wanted, got))


# ---- a server program, we are the client

class Line:
    """Our end of the conversation; a thread collects what comes."""

    def __init__(self, sock):
        self.sock, self.data, self.is_over, self.banner = sock, b"", False, b""
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        data = b"x"
        while data:
            try:
                data = self.sock.recv(65536)
            except OSError:
                data = b""
            with self.news:
                self.data += data
                self.is_over = not data
                self.news.notify()

    def wait(self, condition, seconds=AT_ONCE):
        with self.news:
            self.news.wait_for(lambda: self.is_over or condition(), seconds)
            return condition()

    def wait_end(self, seconds=AT_ONCE):
        self.wait(lambda: False, seconds)
        return self.is_over

    def take(self, size):
        with self.news:
            got, self.data = self.data[:size], self.data[size:]
        return got

    def line(self):
        """One line; None if no whole one comes."""
        if not self.wait(lambda: b"\n" in self.data):
            return None
        return self.take(self.data.index(b"\n") + 1)

    def body(self):
        """What comes before the line of one dot, with the end of its last line."""
        self.wait(lambda: self.data.startswith(b".\r\n") or b"\r\n.\r\n" in self.data, 3 * AT_ONCE)
        if self.data.startswith(b".\r\n"):
            return self.take(3)[:0]
        end = self.data.find(b"\r\n.\r\n")
        if end < 0:
            return self.take(len(self.data)) + b"<no end>"
        return self.take(end + 5)[:-3]

    def reply(self):
        """All lines of an SMTP reply; the last is None if it did not come."""
        lines = []
        while not lines or (lines[-1] is not None and lines[-1][3:4] == b"-"):
            lines.append(self.line())
        return lines


def reply_code(line, lines):
    """Code of a reply, with its enhanced code if it is a refusal."""
    if lines[-1] is None:
        return "EOF" if line.is_over else "TIMEOUT"
    code = text(lines[0][:3])
    found = ENHANCED.search(text(b"".join(lines)))
    if found and code[0] in "45" and found.group(1)[0] == code[0]:
        code += " " + found.group(1)
    return code


def check_reply(line, step, findings, label):
    lines = line.reply()
    got = reply_code(line, lines)
    whole = [text(one) for one in lines if one is not None]
    words = re.findall(r"[^\s<>]+", " ".join(one[4:] for one in whole).upper())
    if any(not one.endswith("\r\n") for one in whole):
        findings.append(label + ": a line without CR LF")
    if len({one[:3] for one in whole}) > 1:
        findings.append("%s: several codes in one reply: %r" % (label, whole))
    if "host" in step:
        findings.compare(label + " host", [step["host"].upper()], words[:1])
    for word in step.get("has", ()):
        if word.upper() not in words:
            findings.append("%s: %s is missing in %r" % (label, word, whole))
    for word in step.get("lacks", ()):
        if word.upper() in words:
            findings.append("%s: %s is in %r" % (label, word, whole))
    findings.compare(label, step["expect_code"], like(step["expect_code"], got))


def check_pop(line, step, findings, label):
    """A reply of POP3.  The blank line that was recorded behind messages may be
    left out: it belongs to none."""
    got = line.line() or b""
    words = text(got).split()
    if not got.endswith(b"\r\n"):
        findings.append("%s: no line with CR LF: %r" % (label, got))
    if "args" in step:
        findings.compare(label + " args", step["args"], " ".join(words[1:]))
    if "banner" in step:
        found = re.search(raw(r"<[^<>@\s]+@%s>" % re.escape(step["banner"])), got)
        if not found:
            findings.append("%s: no timestamp in %r" % (label, got))
        else:
            line.banner = found.group()
    findings.compare(label, step["expect_pop"], words[0] if words else "")
    if "body" in step and words[:1] == ["+OK"]:
        body = line.body()
        if step["body"] == packed(body + b"\r\n"):
            body += b"\r\n"
        findings.compare(label + " body", step["body"], packed(body))


def check_netstring(line, step, findings, label):
    """One netstring: its first letter, and its enhanced code if it refuses."""
    line.wait(lambda: b":" in line.data)
    length, colon, rest = line.data.partition(b":")
    if not colon or not length.isdigit():
        findings.append("%s: no netstring: %r" % (label, line.data[:100]))
        return
    size = len(length) + 1 + int(length) + 1
    line.wait(lambda: len(line.data) >= size)
    words = line.take(size)[len(length) + 1:]
    if words[-1:] != b"," or len(words) != int(length) + 1:
        findings.append("%s: no netstring: %r" % (label, words[:100]))
    got, code = text(words[:1]), ENHANCED.search(text(words))
    if code and got in ("D", "Z"):
        got += " " + code.group(1)
    findings.compare(label, step["expect_netstring"], like(step["expect_netstring"], got))


def take_step(line, step, findings, label):
    began = time.monotonic()
    if "send" in step:
        try:
            line.sock.sendall(raw(step["send"]) * step.get("times", 1))
        except OSError:
            pass  # the other side has gone, as a later step may want
    elif "expect_code" in step:
        check_reply(line, step, findings, label)
    elif "expect_pop" in step:
        check_pop(line, step, findings, label)
    elif "expect_netstring" in step:
        check_netstring(line, step, findings, label)
    elif "wait_close" in step:
        if not line.wait_end(step.get("limit", AT_ONCE)):
            findings.append(label + ": the connection stays open")
        if line.data:
            findings.append("%s: unexpected %r" % (label, line.data[:200]))
    elif "silent" in step:
        if line.wait(lambda: line.data, step["silent"]) or line.is_over:
            findings.append("%s: not silent: %r" % (label, line.data[:200]))
    elif "close" in step:
        how = socket.SHUT_WR if step["close"] == "write" else socket.SHUT_RDWR
        line.sock.shutdown(how)
    elif "sleep" in step:
        time.sleep(step["sleep"])
    else:
        raise ValueError("unknown step %r" % step)
    if time.monotonic() - began < step.get("not_before", 0):
        findings.append(label + ": too early")


def change_file(scene, step):
    """What another program does in the middle of a conversation."""
    if "remove" in step:
        os.unlink(scene.at(step["remove"]))
    else:
        scene.put(scene.at(step["write"]), step["data"], scene.user)


def talk(scene, steps, findings):
    """Has the conversation; exit code and standard error of the program, and
    its timestamp, if there was one."""
    argv, how = scene.command()
    ours, theirs = socket.socketpair()
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs,
                             stderr=subprocess.PIPE, **how)
    theirs.close()
    line = Line(ours)
    for number, step in enumerate(steps, 1):
        for _ in range(1 if "send" in step else step.get("times", 1)):
            if findings:
                break
            if "remove" in step or "write" in step:
                change_file(scene, step)
            else:
                take_step(line, step, findings, "step %d" % number)
    try:
        ours.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    try:
        _, err = child.communicate(timeout=AT_ONCE)
    except subprocess.TimeoutExpired:
        child.kill()
        _, err = child.communicate()
        findings.append("still running after the end of the connection")
    line.thread.join(5)
    ours.close()
    crash = process.crash(child.returncode, err)
    assert not crash, (crash, err)
    return child.returncode, err, line.banner


def watched(scene, banner):
    """The files in folders that the case names."""
    found = {}
    for top in scene.case["watch"]:
        for folder, _, names in os.walk(scene.at(top)):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as source:
                    data = source.read()
                data = data.replace(banner, b"<BANNER>") if banner else data
                found[text(os.fsencode(os.path.relpath(path, scene.scratch)))] = packed(data)
    return found


def queued(scene, findings):
    """Submissions, each with and without its Received field on top."""
    found = []
    for envelope, message in scene.submissions():
        trace = TRACE.match(message)
        head = trace.group() if trace else b""
        if not trace:
            findings.append("no Received field on top")
        found.append({"envelope": packed(envelope), "message": packed(message[len(head):]),
                      "received": text(DATE.sub(b"DATE ", head))})
    return found


def converse(place, case):
    """Differences between the case and what happens."""
    findings = Findings()
    with Scene(place, case) as scene:
        scene.set_up_by_program()
        code, _, banner = talk(scene, case["steps"], findings)
        if "exit" in case["expect"]:
            findings.compare("exit", case["expect"]["exit"], code)
        if "files" in case["expect"]:
            findings.compare("files", case["expect"]["files"], watched(scene, banner))
        if "queue" in case["expect"]:
            got = queued(scene, findings)
            if not case.get("trace"):
                for one in got:
                    del one["received"]
            findings.compare("queue", case["expect"]["queue"], got)
    return findings


# ---- a client program, we are the servers

def run_client(scene, findings):
    """Standard output of the last run, and its exit code."""
    case = scene.case
    message = raw(case.get("stdin", "")) * case.get("stdin_times", 1)
    for _ in range(case.get("runs", 1)):
        argv, how = scene.command()
        place = scene.place.base + "/message"
        scene.place.write(place, message)
        with open(place, "rb") as source:
            child = subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, **how)
            try:
                out, err = child.communicate(timeout=case.get("limit", 3 * AT_ONCE))
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
                findings.append("it does not end")
        crash = process.crash(child.returncode, err)
        assert not crash or findings, (crash, err)
    return out, child.returncode


def reports(output):
    """Letter, and enhanced code if it has one, of each report."""
    pieces = text(output).split("\0")
    if pieces.pop():
        pieces.append("unterminated")
    found = []
    for piece in pieces:
        code = ENHANCED.search(piece)
        found.append(piece[:1] + (" " + code.group(1) if code and piece[:1] in "hsZD" else ""))
    return found


def compare_reports(case, output, findings):
    wanted, got = case["expect"]["report"], reports(output)
    got = [like(wanted[n] if n < len(wanted) else "", one) for n, one in enumerate(got)]
    findings.compare("report", wanted, got)
    pieces = output.split(b"\0")
    for number, words in case.get("report_has", ()):
        if number >= len(pieces) or raw(words) not in pieces[number]:
            findings.append("report %d lacks %r: %r" % (number, words, output[:500]))
    if len(output) > case.get("report_max", len(output)):
        findings.append("a report of %d bytes" % len(output))


def compare_sessions(expect, servers, findings):
    connections = servers.connections
    if "sessions" in expect:
        got = [[one[0], packed(one[1])] + one[2:] for one in
               (connection.record() for connection in connections)]
        findings.compare("sessions", expect["sessions"], got)
    hosts = [connection.where for connection in connections]
    if "hosts" in expect:
        findings.compare("hosts", expect["hosts"], hosts)
    if "hosts_any" in expect:
        findings.compare("hosts", expect["hosts_any"], sorted(set(hosts)))
    if "ended" in expect:
        findings.compare("ended", expect["ended"],
                         sum(connection.messages_ended for connection in connections))


def compare_timeouts(scene, wanted, findings):
    """What qmail-tcpto tells: address, times, age; the age within seconds."""
    shown = subprocess.run([scene.place.program("qmail-tcpto")], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, check=True).stdout
    got = []
    for line in text(shown).splitlines():
        found = re.match(r"([\d.]+)\D+(\d+)\D+(\d+)", line)
        got.append([found.group(1), int(found.group(3)), int(found.group(2))])
    close = len(got) == len(wanted) and all(
        a[:2] == b[:2] and -1 <= a[2] - b[2] <= 5 for a, b in zip(got, wanted))
    if not close:
        findings.compare("timeouts", wanted, got)


def deliver(place, case):
    """Differences between the case and what happens."""
    findings, expect = Findings(), case["expect"]
    with Scene(place, case) as scene, peers.Servers(case.get("servers", {})) as servers:
        began = time.monotonic()
        if "dns" in case:
            with peers.Dns(case["dns"]):
                began = time.monotonic()
                output, code = run_client(scene, findings)
        else:
            output, code = run_client(scene, findings)
        took = time.monotonic() - began
        servers.__exit__()
        least, most = case.get("took", (0, 3 * AT_ONCE))
        if not least <= took <= most:
            findings.append("took %.2f s, not %g to %g" % (took, least, most))
        findings.compare("exit", expect["exit"], code)
        compare_reports(case, output, findings)
        compare_sessions(expect, servers, findings)
        if "tcpto" in expect:
            compare_timeouts(scene, expect["tcpto"], findings)
    return findings
