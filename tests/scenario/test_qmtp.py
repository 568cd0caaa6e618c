"""QMTP and QMQP: servers that are talked to badly, a client whose servers fail
it, and what stands between tcpserver and a server."""

import os
import re
import socket
import struct
import subprocess
import threading

import pytest

from support import build, peers, postfix, process
from support.town import DOMAIN, wait_port


def netstring(*parts):
    inner = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return b"%d:%s," % (len(inner), inner)


def qmtp(text, sender, *recipients):
    return netstring(text) + netstring(sender) + netstring(*(netstring(r) for r in recipients))


def serve(town, program, data, **environment):
    """What a server says to these bytes, and in its log."""
    done = subprocess.run([town.place.program(program)], input=data, cwd="/", timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.7",
                               **environment}, **town.place.as_user("qmaild"))
    assert not process.crash(done.returncode)
    return done.stdout.decode("latin-1"), done.stderr.decode().splitlines(), done.returncode


def answers(said):
    """The first letter of each netstring, with its code."""
    found = []
    while said:
        length, _, rest = said.partition(":")
        words = rest[:int(length)]
        assert rest[int(length)] == ","
        code = re.search(r"#([\d.]+)", words)
        found.append(words[0] + (" " + code.group(1) if code else ""))
        said = rest[int(length) + 1:]
    return found


# ---- qmail-qmtpd

def test_recipients_are_judged_as_by_smtp(town):
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", badrcptto="bad@here.example\n",
                       maxrcpt="1\n")
    town.open()
    said, log, code = serve(town, "qmail-qmtpd", qmtp(
        "\nSubject: x\n\nhello\n", "a@there.example", "ann@here.example", "no-one@here.example",
        "bad@here.example", "x@there.example", "bob@here.example", ""))
    assert answers(said) == ["K", "Z 4.5.3", "Z 4.5.3", "Z 4.5.3", "Z 4.5.3", "D 5.1.3"]
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", badrcptto="bad@here.example\n")
    said, log, code = serve(town, "qmail-qmtpd", qmtp(
        "\rSubject: y\r\n\r\nhello\r\n", "a@there.example", "no-one@here.example",
        "ann@here.example", "bad@here.example", "x@there.example"))
    assert answers(said) == ["D 5.1.1", "K", "D 5.7.1", "D 5.7.1"] and code == 0
    town.letter("ann", "Subject: y\n\nhello\n", "with QMTP; ")
    assert log[0].startswith("qmtpd accepted pid=") and 'to="ann@here.example"' in log[0]
    assert 'address="no-one@here.example" reply="D' in log[1] and log[-1].endswith("end=over")


def test_message_ids_in_the_log(town):
    """Only where the administrator wants them; each is that of its own message."""
    package = qmtp("\nMessage-Id:\n <q\x1b@there>\n\nhello\n", "a@there.example", "ann@here.example") + \
        qmtp("\nSubject: x\n\nMessage-ID: <no>\n", "a@there.example", "ann@here.example")
    for wanted in ("", "0\n", "1\n"):
        town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", logmessageid=wanted)
        if not wanted:
            town.open()
        _, log, code = serve(town, "qmail-qmtpd", package)
        assert code == 0
        assert re.fullmatch(r"qmtpd accepted .* qp=\d+" + (r' messageid="<q\\x1b@there>"' if wanted == "1\n" else ""),
                            log[0])
        assert re.fullmatch(r"qmtpd accepted .* qp=\d+", log[1])


def test_unknown_recipients_of_a_session(town):
    """After so many nobody is asked any more, in this message and the next."""
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", maxunknown="2\n")
    town.open()
    nobody = ["no-one@here.example"] * 2
    first = qmtp("\nx\n", "a@there.example", *nobody, "ann@here.example")
    second = qmtp("\nx\n", "a@there.example", nobody[0], "ann@here.example", nobody[0])
    said, _, code = serve(town, "qmail-qmtpd", first + second)
    assert answers(said) == ["D 5.1.1", "D 5.1.1", "K", "D 5.1.1", "Z 4.7.0", "Z 4.7.0"]
    assert code == 0


@pytest.mark.parametrize("text, wanted", [
    ("\ra\nb\r\n", "D 5.6.0"), ("\ra\rb\r\n", "D 5.6.0"), ("\r\r", "D 5.6.0"),
    ("\n" + "Received: x\n" * 100 + "\n", "D 5.4.6"), ("\n" + "x" * 20 + "\n", "D 5.3.4"),
    ("\na: " + "b" * 7 + "\n\n", "D 5.3.4")])
def test_messages_that_are_refused(town, text, wanted):
    limits = {"databytes": "2000\n"} if "Received" in text else {
        "databytes": "15\n", "maxheader": "8\n"} if text.startswith("\na") else {
        "databytes": "15\n"}
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", **limits)
    said, log, _ = serve(town, "qmail-qmtpd", qmtp(text, "a@b", "ann@here.example"))
    assert answers(said) == [wanted]
    assert town.is_empty() and log[0].startswith("qmtpd refused")


def test_very_many_recipients(town):
    """A stranger may name as many as he likes, in little memory of ours."""
    count = 3000000
    done = subprocess.run(
        ["prlimit", "--as=%d" % (16 << 20), town.place.program("qmail-qmtpd")], cwd="/",
        input=netstring("\nx") + netstring("a@b") + netstring(b"0:," * count), timeout=120,
        capture_output=True, env={"PATH": "/usr/bin:/bin"}, **town.place.as_user("qmaild"))
    assert done.returncode == 0
    assert done.stdout.count(b"this is no address (#5.1.3),") == count
    assert len(done.stderr.splitlines()) == 101 and town.is_empty()


@pytest.mark.parametrize("rest, code", [
    (b"0:,", 100), (b"x", 100), (b"99999999999999999999:", 111),
    (qmtp("\nx\n", "a@b", "ann@else.example"), 111)])
def test_answers_leave_before_the_end(town, rest, code):
    """Who is not told that a message was taken sends it again."""
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n")
    town.place.write(town.place.path("control/morercpthosts.cdb"), "cut", "root", 0o644)
    town.open()
    said, log, ended = serve(town, "qmail-qmtpd",
                             qmtp("\nSubject: once\n\n", "a@b", "ann@here.example") + rest)
    assert "accepted" in log[0] and ended == code
    assert answers(said) == ["K"]


@pytest.mark.parametrize("program, data, code", [
    ("qmail-qmtpd", b"0:,", 100), ("qmail-qmtpd", b"1:x,", 100), ("qmail-qmtpd", b"05:\nabcd,", 100),
    ("qmail-qmtpd", b"2:\nx,1:a,9:5:abcd,,,", 100),
    ("qmail-qmtpd", b"2:\nx,1:a,99999999999:", 111), ("qmail-qmtpd", b"99999999999999999999:", 111),
    ("qmail-qmqpd", b"10:5:abc,1:a,,", 100), ("qmail-qmqpd", b"0:,", 100),
    ("qmail-qmqpd", b"9:1:x,1:a,x,", 100), ("qmail-qmtpd", b"2:\nx,65537:" + b"a" * 70000, 111),
    ("qmail-qmqpd", b"8:1:x,1:a,;", 100)])
def test_what_is_no_netstring(town, program, data, code):
    """Nothing is said, and nothing queued."""
    said, log, ended = serve(town, program, data)
    assert (said, ended) == ("", code) and town.is_empty()
    assert "closed" in log[-1]


def test_addresses_that_are_none(town):
    for program, frame in (("qmail-qmtpd", lambda s, r: qmtp("\nx", s, r)),
                           ("qmail-qmqpd", lambda s, r: netstring(
                               netstring("x"), netstring(s), netstring(r)))):
        assert answers(serve(town, program, frame("a\0b", "ann@here.example"))[0]) == ["D 5.1.7"]
        assert answers(serve(town, program, frame("a@b", "a\0b@here.example"))[0]) == ["D 5.1.3"]
        assert answers(serve(town, program, frame("a@b", "x" * 1000))[0]) == ["D 5.1.3"]
        assert answers(serve(town, program, frame("x" * 1000, "ann@here.example"))[0]) == [
            "D 5.1.7"]
    assert town.is_empty()


@pytest.mark.parametrize("program, start", [
    ("qmail-qmtpd", b"99999:\n"), ("qmail-qmqpd", b"99999:9999:"), ("qmail-qmtpd", b""),
    ("qmail-qmqpd", b"")])
def test_a_client_that_drips(town, program, start):
    """Each byte comes in time, but there is no end of them."""
    build.make(os.path.join(build.MADE, "hasty"), "PREFIX=" + town.place.prefix,
               "HOT_CC=musl-gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP)
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([os.path.join(build.MADE, "hasty/bin", program)], stdin=theirs,
                             stdout=theirs, cwd="/", env={"HASTY": "20000", "PATH": "/usr/bin:/bin"})
    theirs.close()
    ended = threading.Event()
    threading.Thread(target=lambda: (child.wait(), ended.set()), daemon=True).start()
    try:
        ours.sendall(start)
        for _ in range(500):
            if start:
                ours.sendall(b"x")
            if ended.wait(0.02):
                break
    except OSError:
        pass
    assert ended.wait(30) and child.returncode == 111
    ours.close()


@pytest.mark.parametrize("program, package", [
    ("qmail-qmtpd", qmtp("\nx\n", "a@b", "ann@here.example")),
    ("qmail-qmqpd", netstring(netstring("x\n"), netstring("a@b"), netstring("ann@here.example")))])
def test_queueing_outlasts_the_session(town, program, package):
    """A client that does not hear that a message was taken sends it again."""
    build.make(os.path.join(build.MADE, "hasty"), "PREFIX=" + town.place.prefix,
               "HOT_CC=musl-gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP)
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", rcptcheck="off\n")
    slow = town.place.base + "/slow-queue"
    town.place.write(slow, "#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null; sleep 1\n", mode=0o755)
    done = subprocess.run([os.path.join(build.MADE, "hasty/bin", program)], input=package, cwd="/",
                          capture_output=True, timeout=60,
                          env={"HASTY": "10000", "QMAILQUEUE": slow, "PATH": "/usr/bin:/bin"})
    assert b" accepted " in done.stderr
    assert answers(done.stdout.decode()) == ["K"]


# ---- qmail-qmqpc

def submit(town, *servers, body="hello\n"):
    """The exit code of qmail-inject, through qmail-qmqpc."""
    town.place.write(town.place.path("control/qmqpservers"), "".join(s + "\n" for s in servers))
    return town.run_as("bob", ["env", "QMAILQUEUE=bin/qmail-qmqpc",
                               town.place.program("qmail-inject"), "ann@here.example"],
                       "Subject: by QMQP\n\n" + body, check=False).returncode


def listen_qmqp(town, address, *before):
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), address, "628", *before,
                town.place.program("qmail-qmqpd")], env={"PATH": "/usr/bin:/bin"})
    wait_port(address, 628)


def test_a_message_by_qmqp(town, needs):
    needs("tcpserver")
    town.open()
    listen_qmqp(town, "127.0.0.1")
    assert submit(town, "127.0.0.1") == 0
    town.letter("ann", "Subject: by QMQP\n", "with QMQP; ")
    assert submit(town, "[127.0.0.1]:628", body="x" * 3000000 + "\n") == 0
    town.letter("ann", "x" * 100000)


class Thief(threading.Thread):
    """Says something, takes so many bytes of what comes, or with None all of a
    netstring, and goes away."""

    def __init__(self, address, count, says=b""):
        super().__init__(daemon=True)
        self.listener = socket.create_server((address, 628))
        self.count, self.served, self.says = count, 0, says
        self.start()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            got = b""
            try:
                sock.sendall(self.says)
                while len(got) < self.wanted(got) and (data := sock.recv(65536)):
                    got += data
            except ConnectionResetError:
                pass  # it has heard enough, and left
            self.served += 1
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    def wanted(self, got):
        if self.count is not None:
            return self.count
        length, colon, _ = got[:20].partition(b":")
        return len(length) + 1 + int(length) + 1 if colon else 20

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_a_server_is_lost_halfway(town, needs):
    """It cannot have the message: the next one gets it, once."""
    needs("tcpserver")
    town.open()
    thief = Thief("127.0.0.2", 1000)
    listen_qmqp(town, "127.0.0.1")
    assert submit(town, "127.0.0.2", "127.0.0.1", body="x" * 5000000 + "\n") == 0
    town.letter("ann", "Subject: by QMQP\n")
    town.wait_empty()
    assert thief.served == 1 and len(town.mail("ann")) == 1
    thief.close()


def test_a_server_that_answers_too_early(town, needs):
    """Its K is no word on a message that it does not have: the next one gets it."""
    needs("tcpserver")
    town.open()
    thief = Thief("127.0.0.2", 5000000, says=b"6:Kgot i,")
    listen_qmqp(town, "127.0.0.1")
    assert submit(town, "127.0.0.2", "127.0.0.1", body="x" * 5000000 + "\n") == 0
    town.letter("ann", "Subject: by QMQP\n")
    process.until(lambda: thief.served == 1, "the other to have heard it")
    thief.close()


def test_a_server_is_lost_at_the_end(town, needs):
    """It may have the message: nobody else gets it, and it is tried again."""
    needs("tcpserver")
    town.open()
    listen_qmqp(town, "127.0.0.1")
    thief = Thief("127.0.0.2", None)
    assert submit(town, "127.0.0.2", "127.0.0.1") == 111
    thief.close()
    assert thief.served == 1 and town.mail("ann") == []


# ---- between tcpserver and a server

def between(town, words, data, wait=None, **environment):
    """Both sides of a connection to words, with data sent at once."""
    ours, theirs = socket.socketpair()
    child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, cwd="/",
                             env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.7",
                                  **environment}, **town.place.as_user("qmaild"))
    theirs.close()
    ours.settimeout(60)
    said = b""
    if wait:
        while wait not in said:
            said += ours.recv(1000)
    try:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has gone, as its exit code tells
    while True:
        try:
            got = ours.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            break
        said += got
    ours.close()
    return said.decode("latin-1"), child.communicate(timeout=60)[1].decode(), child.returncode


def test_greetdelay(town):
    server = town.place.program("qmail-smtpd")
    delay = town.place.program("greetdelay")
    said, log, code = between(town, [delay, "60", server], b"EHLO x\r\nQUIT\r\n")
    assert said.startswith("554 5.5.1 ") and said.count("\n") == 1 and code == 0
    assert log.startswith('greetdelay refused pid=') and 'client="192.0.2.7"' in log
    said, log, code = between(town, [delay, "1", server], b"QUIT\r\n", wait=b"220 ")
    assert said.splitlines()[-1].startswith("221") and code == 0
    said, log, code = between(town, [delay, "300", server], b"QUIT\r\n", RELAYCLIENT="")
    assert said.splitlines()[-1].startswith("221") and code == 0
    assert between(town, [delay, "301", server], b"")[2] == 100
    said, log, code = between(town, [delay, "0", "/nonexistent"], b"", RELAYCLIENT="")
    assert said == "" and 'reason="the program cannot be run"' in log and code == 111


SHOW = ["sh", "-c", 'echo "${TCPREMOTEIP-none} ${TCPREMOTEPORT-none} '
        '${TCPLOCALIP-none} ${TCPLOCALPORT-none} '
        '${TCPREMOTEHOST-none} ${TCPREMOTEINFO-none} ${RELAYCLIENT-none}"; cat']
OF_PROXY = {"TCPREMOTEPORT": "1", "TCPLOCALIP": "192.0.2.8", "TCPLOCALPORT": "25",
            "TCPREMOTEHOST": "proxy", "TCPREMOTEINFO": "me", "RELAYCLIENT": ""}
BINARY = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.mark.parametrize("header, shown", [
    (b"PROXY TCP4 198.51.100.1 198.51.100.2 4000 26\r\n",
     "198.51.100.1 4000 198.51.100.2 26 none none none"),
    (BINARY + b"\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::1") +
     socket.inet_pton(socket.AF_INET6, "2001:db8::2") + struct.pack(">HH", 4000, 26),
     "2001:db8::1 4000 2001:db8::2 26 none none none"),
    # HAProxy says so of its own checks, but also of clients of its UNIX sockets.
    (BINARY + b"\x20\0\0\0", "192.0.2.7 1 192.0.2.8 25 proxy me none"),
    # Of a client that it does not tell nothing is known, and it may do nothing; but it is no user of
    # this machine, as who has no address is for qmail-filters.
    (b"PROXY UNKNOWN\r\n", "unknown none none none none none none"),
    (BINARY + b"\x21\x31\0\xd8" + b"/" * 216, "unknown none none none none none none"),
    (BINARY + b"\x21\0\0\0", "unknown none none none none none none")])
def test_proxyin(town, header, shown):
    """What stands behind the header is for the server."""
    town.place.control(me=DOMAIN + "\n", proxyin="192.0.2.7\n")
    said, _, code = between(town, [town.place.program("proxyin"), *SHOW],
                            header + b"EHLO\r\n", **OF_PROXY)
    assert said == shown + "\nEHLO\r\n" and code == 0


def test_proxyin_of_others(town):
    """They are served as they are; a proxy without a header is not."""
    proxyin = town.place.program("proxyin")
    header = b"PROXY TCP4 198.51.100.1 198.51.100.2 4000 26\r\n"
    for control in {}, {"proxyin": "192.0.2.9\n"}:
        town.place.control(me=DOMAIN + "\n", **control)
        said, _, code = between(town, [proxyin, *SHOW], header, **OF_PROXY)
        assert said.startswith("192.0.2.7 1 ") and said.endswith(header.decode())
    town.place.control(me=DOMAIN + "\n", proxyin="192.0.2.7\n")
    for data in b"EHLO x\r\n", b"PROXY TCP4 1\r\n", b"PROXY", b"":
        said, log, code = between(town, [proxyin, *SHOW], data)
        assert (said, code) == ("", 111) and log.startswith("proxyin refused")
    os.unlink(town.place.path("control/proxyin"))
    os.mkdir(town.place.path("control/proxyin"))
    assert between(town, [proxyin, *SHOW], header)[2] == 111


HAPROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen one
    bind 127.0.0.3:2501
    server mail 127.0.0.1:25 send-proxy
listen two
    bind 127.0.0.3:2502
    server mail 127.0.0.1:25 send-proxy-v2
"""


def test_behind_haproxy(town, needs):
    needs("haproxy", "tcpserver")
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n", proxyin="127.0.0.1\n")
    town.open()
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.1", "25",
                town.place.program("proxyin"), town.place.program("qmail-smtpd")],
               env={"PATH": "/usr/bin:/bin"})
    path = town.place.base + "/haproxy.cfg"
    town.place.write(path, HAPROXY)
    town.begin(["haproxy", "-db", "-f", path], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    for port in 2501, 2502:
        wait_port("127.0.0.3", port)
        with socket.create_connection(("127.0.0.3", port), source_address=("127.0.0.9", 0)) as sock:
            sock.settimeout(30)
            said = sock.recv(1000)
            for line in ("HELO x", "MAIL FROM:<a@b.example>", "RCPT TO:<ann@here.example>", "DATA",
                         "Subject: through %d\r\n\r\nhello\r\n." % port, "QUIT"):
                sock.sendall(line.encode() + b"\r\n")
                said = sock.recv(1000)
            assert said.startswith(b"221"), said
        town.letter("ann", "Subject: through %d" % port, "(127.0.0.9)")


def test_tcp_env(town):
    """Names from DNS, who it is from an ident server; or nothing."""
    zone = {"1.0.0.127.in-addr.arpa": {"PTR": ["here.example"]},
            "2.0.0.127.in-addr.arpa": {"PTR": ["there.example"]}}
    show = [town.place.program("tcp-env"), "env"]

    def run(words, **environment):
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname(), source_address=("127.0.0.2", 0))
        sock, _ = listener.accept()
        done = subprocess.run(words, stdin=sock, stdout=subprocess.PIPE, timeout=60,
                              env={"PATH": "/usr/bin:/bin", **environment})
        ports = client.getsockname()[1], sock.getsockname()[1]
        for one in sock, client, listener:
            one.close()
        return dict(line.split("=", 1) for line in done.stdout.decode().splitlines()), ports

    asked = []

    def ident(listener):
        sock, _ = listener.accept()
        line = sock.recv(1000)
        asked.append(line)
        sock.sendall(line.strip() + b" : USERID : UNIX : j\x07oe\r\n")
        sock.close()
    listener = socket.create_server(("127.0.0.2", 113))
    thread = threading.Thread(target=ident, args=(listener,), daemon=True)
    thread.start()
    with peers.Dns(zone):
        found, (theirs, ours) = run(show)
        thread.join(30)
        assert asked == [b"%d , %d\r\n" % (theirs, ours)]
        wanted = {"PROTO": "TCP", "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": str(ours),
                  "TCPLOCALHOST": "here.example", "TCPREMOTEIP": "127.0.0.2",
                  "TCPREMOTEPORT": str(theirs), "TCPREMOTEHOST": "there.example",
                  "TCPREMOTEINFO": "joe"}
        assert {name: found.get(name) for name in wanted} == wanted
        listener.close()
        found, _ = run([show[0], "-R", "env"], TCPREMOTEINFO="old")
        assert "TCPREMOTEINFO" not in found and found["TCPREMOTEHOST"] == "there.example"
    # Who has the address chooses the name, which others write into logs.
    for name in "a\nb.example", "a b.example", "a\x1bb.example", "a\xe4.example", "(a).example":
        zone["2.0.0.127.in-addr.arpa"] = {"PTR": [name]}
        with peers.Dns(zone):
            found, _ = run([show[0], "-R", "env"])
            assert "TCPREMOTEHOST" not in found and found["TCPLOCALHOST"] == "here.example"
    found, _ = run(show, PROTO="TCP", TCPREMOTEIP="1.2.3.4")
    assert found["TCPREMOTEIP"] == "1.2.3.4" and "TCPLOCALIP" not in found
    found = subprocess.run(show, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=30,
                           env={"PATH": "/usr/bin:/bin"}).stdout
    assert b"PROTO" not in found


# ---- other implementations

def test_postfix_and_mailfront_as_peers(town, needs):
    """Postfix's clients to our servers, and ours to mailfront's."""
    needs("qmqp-source", "tcpserver", "mailfront")
    town.open()
    listen_qmqp(town, "127.0.0.1")
    subprocess.run(["qmqp-source", "-s", "2", "-m", "10", "-f", "bob@here.example", "-t",
                    "ann@here.example", "127.0.0.1:628"], check=True, timeout=60,
                   env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    town.until(lambda: len(town.mail("ann")) == 10, "all ten to come")
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.2", "628",
                "mailfront", "qmqp", "echo", "accept"], env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    wait_port("127.0.0.2", 628)
    assert submit(town, "127.0.0.2") == 0
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.2", "209",
                "mailfront", "qmtp", "echo", "accept"], env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    wait_port("127.0.0.2", 209)
    town.place.write(town.place.path("control/qmtproutes"), "there.example:127.0.0.2\n")
    town.send("bob@here.example", "joe@there.example")  # more would get one answer
    town.daemon.wait("^delivery 11: success: 127.0.0.2_")  # behind those to ann


def test_postfix_takes_what_we_hand_over(town, needs):
    """qmail-qmqpc to its QMQP server; it comes back to us by SMTP."""
    needs("postfix", "tcpserver")
    server = postfix.Postfix(town.place, "qmqpd_authorized_clients = 127.0.0.0/8\n",
                             postfix.ADDRESS + ":628 inet n - n - - qmqpd\n")
    try:
        town.open()
        town.serve_smtp(postfix.OURS)
        wait_port(postfix.ADDRESS, 628)
        body = "na\xefve\n.\n..\nFrom here\n" + "line\n" * 20000
        assert submit(town, postfix.ADDRESS, body=body) == 0
        text = town.letter("ann", "Subject: by QMQP")
        assert text.endswith("\n\n" + body.encode().decode("latin-1"))
    finally:
        server.stop()


# ---- three machines

class Machine:
    """A mount and a network namespace of its own, with its own installation at
    the usual place; homes are shared with the others."""

    def __init__(self, town, number):
        self.town, self.address = town, "10.77.0.%d" % number
        self.root = "%s/machine%d" % (town.place.base, number)
        subprocess.run(["cp", "-a", town.place.prefix, self.root], check=True)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c",
             "mount --bind %s %s && echo ready && exec sleep 100000" % (
                 self.root, town.place.prefix)], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-m", "-n"]
        name = "m%d" % number
        for words in (["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns",
                       str(self.holder.pid)],
                      ["ip", "link", "set", name, "master", "street", "up"],
                      [*self.enter, "ip", "address", "add", self.address + "/24", "dev", "eth0"],
                      [*self.enter, "ip", "link", "set", "eth0", "up"],
                      [*self.enter, "ip", "link", "set", "lo", "up"]):
            subprocess.run(words, check=True)
        self.daemons = []

    def begin(self, *words):
        self.daemons.append(process.Daemon([*self.enter, *words], cwd="/",
                                           env={"PATH": "/usr/bin:/bin:/sbin:/usr/sbin"}))
        return self.daemons[-1]

    def run(self, *words, **more):
        return subprocess.run([*self.enter, *words], cwd="/", timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)

    def start_suite(self):
        self.begin(self.town.place.program("qmail-start"), "./Maildir/").wait("^status: local")

    def listen(self):
        uid, gid = self.town.place.ids("qmaild")
        self.begin("tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), self.address, "628",
                   self.town.place.program("qmail-qmqpd"))
        process.until(lambda: self.run("bash", "-c", "</dev/tcp/%s/628" % self.address,
                                       ).returncode == 0, "its port")

    def die(self):
        for daemon in self.daemons:
            daemon.kill()
        self.daemons = []

    def close(self):
        self.die()
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def street(town):
    """A network between machines."""
    subprocess.run(["ip", "link", "add", "street", "type", "bridge"], check=True)
    subprocess.run(["ip", "link", "set", "street", "up"], check=True)
    machines = []
    yield lambda number: machines.append(Machine(town, number)) or machines[-1]
    for machine in machines:
        machine.close()
    subprocess.run(["ip", "link", "del", "street"], check=False)


def test_a_queue_host_dies(town, street, needs):
    """Two machines without a queue hand 500 messages to two that have one; one
    of these dies in the middle.  None is lost, and none is refused for good."""
    needs("tcpserver", "nsenter", "ip")
    town.place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n")
    queues = [street(1), street(2)]
    clients = [street(3), street(4)]
    for machine in queues:
        machine.start_suite()
        machine.listen()
    for client, order in zip(clients, (queues, queues[::-1])):
        with open(client.root + "/control/qmqpservers", "w") as out:
            out.write("".join(queue.address + "\n" for queue in order))
    accepted, refused, half = [], [], threading.Event()

    def send(client, first):
        for number in range(first, first + 250):
            for _ in range(20):
                done = client.run(
                    "setpriv", "--reuid=7002", "--regid=7002", "--clear-groups", "env",
                    "QMAILQUEUE=bin/qmail-qmqpc", town.place.program("qmail-inject"),
                    "-fbob@here.example", "ann@here.example",
                    input=b"Subject: number %d.\n\nhello\n" % number)
                if done.returncode == 0:
                    accepted.append(number)
                    break
                if done.returncode != 111:
                    refused.append((number, done))
            if len(accepted) > 200:
                half.set()
    threads = [threading.Thread(target=send, args=(client, 250 * n), daemon=True)
               for n, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    assert half.wait(120)
    queues[0].die()
    for thread in threads:
        thread.join(200)
    assert not refused and len(accepted) == 500
    queues[0].start_suite()  # what it had accepted is on its disk

    def missing():
        subjects = {int(found) for text in town.mail("ann")
                    for found in re.findall(r"^Subject: number (\d+)\.$", text, re.M)}
        return set(accepted) - subjects
    process.until(lambda: not missing(), "all to come: %s" % missing(), timeout=60)
