"""Plays a case of one program run, and compares it with what was recorded.

The recorded values are already reduced to what a machine reads; here the
outcome is brought to the same form.  tests/cases/README describes the format.
"""

import calendar
import fcntl
import fnmatch
import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import time

from . import process
from .scene import TIME_LIMIT, Scene, raw, text

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
MONTH = "(" + "|".join(MONTHS) + ")"
MAIL_DATE = re.compile(r"\b(\d\d?) %s (\d{4}) (\d\d:\d\d:\d\d) ([-+])(\d\d)(\d\d)" % MONTH)
MBOX_DATE = re.compile(r"\b[A-Z][a-z]{2} %s (\d\d) (\d\d:\d\d:\d\d) (\d{4})" % MONTH)
MESSAGE_ID = re.compile(r"^((?:Resent-|Your )?Message-ID: <)([^>@\n]+)@", re.I | re.M)
SECONDS = re.compile(r"(?<!\d)(\d{10})(\.\d+)?(?!\d)")
STATUS_CODE = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
AN_HOUR = 3600


# ---- what varies from run to run

class Tidy:
    """Replaces generated dates, numbers and names by marks."""

    def __init__(self, scene):
        self.scene = scene
        case = scene.case
        self.given = json.dumps([case.get(key) for key in
                                 ("stdin", "files", "env", "argv", "spool", "fds")])
        host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
        self.message_file = re.compile(
            r"(^|/)(new|cur|tmp)/\d{10}\.[-\w]+\.%s(,[A-Z]=\d+)*$" % re.escape(host))

    def __call__(self, words):
        words = words.replace(self.scene.scratch, "{SCRATCH}")
        words = words.replace(self.scene.place.prefix, "{PREFIX}")
        words = MAIL_DATE.sub(self.mail_date, words)
        words = MBOX_DATE.sub(self.mbox_date, words)
        words = MESSAGE_ID.sub(self.message_id, words)
        words = SECONDS.sub(self.seconds, words)
        return re.sub(r"\bqp (\d+)", self.process, words)

    def process(self, found):
        return found.group() if re.search(r"\b%s\b" % found.group(1), self.given) else "qp {PID}"

    def name(self, name):
        return self.message_file.sub(r"\1\2/*", name)

    @staticmethod
    def is_now(year, month, day, clock, offset=0):
        try:
            fields = (int(year), MONTHS.index(month) + 1, int(day),
                      *map(int, clock.split(":")))
            when = calendar.timegm(fields) - offset
        except ValueError:
            return False
        return abs(when - time.time()) < AN_HOUR

    def mail_date(self, found):
        day, month, year, clock, sign, hours, minutes = found.groups()
        offset = int(sign + "1") * (int(hours) * 3600 + int(minutes) * 60)
        if self.is_now(year, month, day, clock, offset):
            return "{DATE} " + sign + hours + minutes
        return found.group()

    def mbox_date(self, found):
        month, day, clock, year = found.groups()
        return "{ASCTIME}" if self.is_now(year, month, day, clock) else found.group()

    def message_id(self, found):
        return found.group() if found.group(2) in self.given else found.group(1) + "{ID}@"

    @staticmethod
    def seconds(found):
        if abs(int(found.group(1)) - time.time()) >= AN_HOUR:
            return found.group()
        return "{NOW}" + (".{N}" if found.group(2) else "")


# ---- one run

def open_input(scene, case, closing):
    """What the program gets as descriptor 0, and what to feed to it."""
    data = raw(scene.expand(case.get("stdin", "")))
    kind = case.get("stdin_kind", "file")
    if kind == "pipe":
        return subprocess.PIPE, data
    if kind == "folder":
        folder = os.open(scene.scratch, os.O_RDONLY)
        closing.append(lambda: os.close(folder))
        return folder, None
    if kind == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        closing += [client.close, server.close]
        return server, None
    source = tempfile.TemporaryFile(dir=scene.place.base)
    source.write(data)
    source.seek(0)
    closing.append(source.close)
    return source, None


def give_descriptors(case, how, closing):
    """Pipes with a text, as the descriptors that the case numbers; and files for
    what it writes to others.  Returns these."""
    ends, files = {}, {}
    for number in case.get("outputs", ()):
        files[number] = tempfile.TemporaryFile()
        ends[int(number)] = fcntl.fcntl(files[number].fileno(), fcntl.F_DUPFD_CLOEXEC, 64)
        closing += [files[number].close, lambda end=ends[int(number)]: os.close(end)]
    for number, words in case.get("fds", {}).items():
        theirs, ours = os.pipe()
        os.write(ours, raw(words))
        os.close(ours)
        ends[int(number)] = fcntl.fcntl(theirs, fcntl.F_DUPFD_CLOEXEC, 64)
        closing.append(lambda end=ends[int(number)]: os.close(end))
        os.close(theirs)
    # The child has something of its own at the first number that is free.
    while ends and (spare := os.open("/dev/null", os.O_RDONLY)) <= max(ends):
        closing.append(lambda spare=spare: os.close(spare))
    if ends:
        closing.append(lambda: os.close(spare))
        how["preexec_fn"] = lambda: [os.dup2(end, number) for number, end in ends.items()]
        how["pass_fds"] = tuple(ends)
    return files


def contents(file):
    file.seek(0)
    return text(file.read())


def run(scene, case):
    """Exit, standard output, standard error, and what else is in outputs."""
    argv, how = scene.command(case)
    closing, output = [], subprocess.PIPE
    try:
        files = give_descriptors(case, how, closing)
        source, feed = open_input(scene, case, closing)
        if case.get("stdout_kind") == "full":
            output = open("/dev/full", "wb")
            closing.append(output.close)
        child = subprocess.Popen(argv, stdin=source, stdout=output,
                                 stderr=subprocess.PIPE, **how)
        try:
            out, err = child.communicate(feed, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return "time limit", "", "", {}
        outputs = {number: contents(file) for number, file in files.items()}
    finally:
        for close in closing:
            close()
    crash = process.crash(child.returncode, err)
    assert not crash or child.returncode == process.QUEUE_BUG_CODE, (crash, err)
    return child.returncode, text(out or b""), text(err), outputs


def play(place, case):
    """Runs the case; its outcome, made comparable."""
    with Scene(place, case) as scene:
        for step in case.get("before", ()):
            common = {key: case[key] for key in ("user", "env", "stdin") if key in case}
            run(scene, {**common, **step})
        before = scene.files()
        scene.forget_submissions()
        code, out, err, outputs = run(scene, case)
        tidy = Tidy(scene)
        outcome = {"exit": code, "stdout": tidy(out), "stderr": tidy(err)}
        outcome["files"], outcome["modes"] = changes(
            before, scene.files(), tidy, case.get("ignore", ()))
        outcome["queue"] = [{"envelope": tidy(text(envelope)), "message": tidy(text(message))}
                            for envelope, message in scene.submissions()]
        if outputs:
            outcome["outputs"] = {number: tidy(words) for number, words in outputs.items()}
        if scene.log:
            outcome["syslog"] = [tidy(line) for line in scene.logged()]
        return outcome


def changes(before, after, tidy, ignored):
    """{name: contents} and {name: mode} of what is new, changed or gone."""
    files, modes = {}, {}
    for name in sorted(before.keys() | after.keys()):
        if any(fnmatch.fnmatch(name, pattern) for pattern in ignored):
            continue
        old, new = before.get(name), after.get(name)
        key = tidy.name(name)
        if new is None:
            files.setdefault(key, [])
            continue
        mode, contents = new
        if contents is not None and (old is None or contents != old[1]):
            shown = cdb_listing(raw(contents)) if name.endswith("cdb") else None
            files.setdefault(key, []).append(shown or tidy(contents))
        if old is None or mode != old[0]:
            modes[key] = mode
    return {name: sorted(texts) for name, texts in files.items()}, modes


# ---- constant databases

def cdb_listing(data):
    """Records in order, and the digest of the file; None if it is damaged."""
    if len(data) < 2048:
        return None
    tables = list(struct.iter_unpack("<II", data[:2048]))
    end = min((start for start, slots in tables if slots), default=len(data))
    lines, at = [], 2048
    try:
        while at < end:
            key_size, value_size = struct.unpack_from("<II", data, at)
            key = data[at + 8:at + 8 + key_size]
            value = data[at + 8 + key_size:at + 8 + key_size + value_size]
            if not cdb_finds(data, tables, key, at):
                return None
            lines.append("+%d,%d:%s->%s\n" % (key_size, value_size, text(key), text(value)))
            at += 8 + key_size + value_size
    except struct.error:
        return None
    return "".join(lines) + "sha256 " + hashlib.sha256(data).hexdigest() + "\n"


def cdb_finds(data, tables, key, place):
    """Whether a reader that looks for key comes upon the record at place."""
    number = 5381
    for byte in key:
        number = (number * 33 & 0xffffffff) ^ byte
    start, slots = tables[number & 255]
    for step in range(slots):
        slot = (number >> 8) + step
        there, at = struct.unpack_from("<II", data, start + 8 * (slot % slots))
        if at == 0:
            return False
        if (there, at) == (number, place):
            return True
    return False


# ---- comparing

def status_codes(words):
    return " ".join(STATUS_CODE.findall(words)) or ("(text)" if words else "")


def last_lines(words):
    return "".join(line[:4] + "\n" for line in words.splitlines() if line[3:4] != "-")


def mentioned(words, case):
    """Those of the words the case asks for that occur by themselves."""
    return "\n".join(
        word for word in case["mentions"]
        if re.search(r"(?<![\w.@-])%s(?![\w@-]|\.\w)" % re.escape(word), words))


def notice(message, case):
    """A message for people: its header, and what its body mentions."""
    if message.startswith("(notice)"):
        return message
    header, _, body = message.partition("\n\n")
    header = re.sub(r"^Subject: .+$", "Subject: (text)", header, flags=re.M)
    header = re.sub(r"^From: .*<", "From: <", header, flags=re.M)
    return "(notice)\n%s\n\n%s" % (header, mentioned(body, case))


def figures(words):
    """The numbers at the ends of lines, whatever they are called."""
    return re.findall(r"^(?:[^:\n]*: *)?(-?\d[\d.e+-]*)$", words, re.M)


def reduce(rule, value, case):
    if rule == "table":
        return value.rpartition("\n\n")[2]
    if rule == "lines":
        return sorted(value.splitlines())
    if rule == "figures":
        return figures(value)
    if rule == "code":
        return status_codes(value)
    if rule == "smtp":
        return last_lines(value)
    if rule == "mentions":
        return mentioned(value, case)
    if rule == "notice":
        return [{**one, "message": notice(one["message"], case)} for one in value]
    return value


def differences(case, outcome):
    """["field: recorded ... got ..."]; empty if the case is as recorded."""
    found = []
    for field, recorded in case["expect"].items():
        rule = case.get("compare", {}).get(field, "code" if field == "stderr" else "exact")
        if rule == "ignore":
            continue
        wanted = reduce(rule, recorded, case)
        got = reduce(rule, outcome[field], case)
        if rule == "code" and wanted == "(text)":
            # Words are free; but who fails has to say something.
            fine = got != "" or case["expect"].get("exit") == 0
        else:
            fine = wanted == got
        if not fine:
            found.append("%s: recorded %r\n    got %r" % (field, wanted, got))
    return found
