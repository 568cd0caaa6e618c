"""What ends when the other side is slow: programs that live faster than we do
(support/hasty.h), so that their days are our seconds.  No time is measured:
either it ends while the other side goes on being slow, or it does not."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support import build, faults, peers, process, trace

PATIENCE = 300  # pieces that the slow side sends, at most
PAUSE = 0.02  # seconds between them
PROGRAMS = os.path.join(build.MADE, "hasty/bin/")


@pytest.fixture(scope="module")
def hasty(place):
    if not shutil.which("musl-gcc"):
        pytest.skip("needs musl-gcc")
    build.make(os.path.join(build.MADE, "hasty"), "PREFIX=" + place.prefix,
               "HOT_CC=musl-gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP)
    return PROGRAMS


def paused(event):
    """Lets some time pass; whether the event came meanwhile."""
    return event.wait(PAUSE)


class Client:
    """One that talks to qmail-smtpd."""

    def __init__(self, place, speed, timeout, **control):
        place.reset()
        place.control(me="here.example\n", rcpthosts="here.example\n",
                      timeoutsmtpd="%d\n" % timeout, **control)
        capture = place.base + "/slow-queue"
        place.write(capture, "#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null\n", mode=0o755)
        self.begin([PROGRAMS + "qmail-smtpd"], HASTY=str(speed), QMAILQUEUE=capture)

    def begin(self, words, **environment):
        self.sock, theirs = socket.socketpair()
        self.child = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, cwd="/",
            env={"PATH": "/usr/bin:/bin", **environment})
        theirs.close()
        self.said, self.has_ended = b"", threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """All that it says.  That it went without hearing us is told first, once."""
        for _ in range(2):
            try:
                while data := self.sock.recv(65536):
                    self.said += data
            except OSError:
                continue
            break
        self.has_ended.set()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # it has gone, as the reader sees

    def wait(self, words):
        process.until(lambda: words in self.said or self.has_ended.is_set(), repr(words))
        assert words in self.said, self.said

    def go_on(self, piece, count=PATIENCE):
        """Sends slowly; whether the other end ended it before all was sent."""
        for _ in range(count):
            self.send(piece)
            if paused(self.has_ended):
                return True
        return False

    def close(self):
        self.sock.close()
        self.child.kill()
        self.child.wait()


@pytest.fixture
def client(hasty, place):
    """client(speed, timeout, control files): a Client that has been greeted."""
    running = []

    def begin(speed, timeout, **control):
        running.append(Client(place, speed, timeout, **control))
        running[-1].wait(b"220 ")
        return running[-1]

    yield begin
    for one in running:
        one.close()


def to_data(client):
    for line, code in ((b"EHLO x", b"250 SIZE 0"), (b"MAIL FROM:<a@b>", b"250 2.1.0"),
                       (b"RCPT TO:<c@here.example>", b"250 2.1.5"), (b"DATA", b"354 ")):
        client.send(line + b"\r\n")
        client.wait(code)


def test_command_in_small_pieces(client):
    """Each piece comes in time, but the command does not."""
    slow = client(speed=1000, timeout=600)
    assert slow.go_on(b"x")
    assert b"451 4.4.2 you are too slow" in slow.said


def test_silent_client(client):
    slow = client(speed=1000, timeout=600)
    assert slow.has_ended.wait(60)
    assert b"451 4.4.2 you are too slow" in slow.said


def test_message_in_small_pieces(client):
    slow = client(speed=1000, timeout=600)
    to_data(slow)
    assert slow.go_on(b"x\r\n")
    assert b"451 4.4.2 you are too slow" in slow.said


def test_message_that_comes_fast_enough(client):
    """However long it takes in all."""
    fast = client(speed=1000, timeout=600)
    to_data(fast)
    fast.send(b"\r\n")
    assert not fast.go_on(b"x" * 98 + b"\r\n" + (b"y" * 98 + b"\r\n") * 99, count=150)
    fast.send(b".\r\n")
    fast.wait(b"250 2.0.0 ok ")


def test_session_without_end(client):
    """Each command comes in time, but there is no end of them."""
    slow = client(speed=40000, timeout=86400)
    assert slow.go_on(b"NOOP\r\n")
    assert b"451 4.4.2 you are too slow" in slow.said


def test_replies_are_not_read(hasty, place):
    """A client that asks and never listens is left."""
    place.reset()
    place.control(me="here.example\n", rcpthosts="here.example\n", timeoutsmtpd="600\n")
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([PROGRAMS + "qmail-smtpd"], stdin=theirs, stdout=theirs, cwd="/",
                             env={"HASTY": "1000"})
    theirs.close()
    try:
        ours.settimeout(60)
        with pytest.raises(OSError):
            while True:
                ours.sendall(b"HELP\r\n" * 1000)
        assert child.wait(60) == 1
    finally:
        ours.close()
        child.kill()
        child.wait()


def test_replies_are_read_slowly(hasty, place):
    """Some of them always in time, but there is no end of them."""
    place.reset()
    place.control(me="here.example\n", timeoutsmtpd="600\n", timeoutsession="1000\n")
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    child = subprocess.Popen([PROGRAMS + "qmail-smtpd"], stdin=theirs, stdout=theirs, cwd="/",
                             env={"HASTY": "1000"}, stderr=subprocess.DEVNULL)
    theirs.close()
    try:
        ours.sendall(b"HELP\r\n" * 10000)
        for _ in range(PATIENCE):
            ours.recv(200)
            if child.poll() is not None:
                break
            time.sleep(PAUSE)
        assert child.poll() == 1
    finally:
        ours.close()
        child.kill()
        child.wait()


@pytest.mark.parametrize("before", [
    [], ["MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "BDAT 30\r\n" + "x" * 28]])
def test_chunk_that_is_refused_without_end(client, before):
    """It comes fast enough for a message, but is none."""
    slow = client(speed=1000, timeout=600, timeoutsession="1000\n", databytes="10\n")
    for line in ["EHLO x", *before, "BDAT 99999999999"]:
        slow.send(line.encode() + b"\r\n")
    if before:
        slow.wait(b"552 5.3.4 ")
    assert slow.go_on(b"x" * 10000)
    assert b"451 4.4.2 you are too slow" in slow.said


def test_pause_before_the_text(client):
    """The text has its own time, however long DATA took."""
    slow = client(speed=100, timeout=600)
    for line in b"MAIL FROM:<a@b>", b"RCPT TO:<c@here.example>":
        slow.send(line + b"\r\n")
    slow.wait(b"250 2.1.5")
    for piece in b"D", b"ATA\r\n", b"Subject: x\r\n\r\n.\r\n":
        assert not slow.has_ended.wait(4)
        slow.send(piece)
    slow.wait(b"250 2.0.0 ok ")


def test_answer_to_a_message_that_outlasts_the_session(client):
    """Else the message would be sent again."""
    slow = client(speed=1000, timeout=600, timeoutsession="1000\n")
    to_data(slow)
    assert not slow.go_on(b"x" * 9998 + b"\r\n", count=100)
    slow.send(b".\r\n")
    slow.wait(b"250 2.0.0 ok ")
    assert slow.has_ended.wait(60)
    assert slow.said.endswith(b"\r\n451 4.4.2 you are too slow\r\n")


def test_no_time_at_all(client):
    """A limit of 0 is taken as 1 second: it is not "for ever"."""
    assert client(speed=1, timeout=0).has_ended.wait(60)


# ---- POP3

class Fetcher(Client):
    """One that talks to qmail-popup or to qmail-pop3d."""

    def __init__(self, words, speed):
        self.begin([PROGRAMS + words[0], *words[1:]], HASTY=str(speed))


@pytest.fixture
def fetcher(hasty, place):
    """fetcher(words, speed): a Fetcher that has been greeted."""
    running = []

    def begin(words, speed):
        running.append(Fetcher(words, speed))
        running[-1].wait(b"+OK")
        return running[-1]

    yield begin
    for one in running:
        one.close()


POPUP = ["qmail-popup", "here.example", "/bin/true"]


@pytest.fixture
def maildir(hasty, place):
    """One with a large message."""
    place.reset()
    folder = place.base + "/slow-maildir"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("", "/new", "/cur", "/tmp"):
        os.mkdir(folder + name)
    place.write(folder + "/new/1700000000.a,S=8000000,W=8100000", ("x" * 79 + "\n") * 100000)
    return folder


@pytest.mark.parametrize("piece", [b"", b"x", b"USER joe\r\n"])
def test_login_without_end(fetcher, piece):
    """Silent, a command in pieces, commands that lead nowhere."""
    slow = fetcher(POPUP, 2000)
    assert slow.go_on(piece)
    assert b"-ERR you are too slow" in slow.said or b"-ERR enough" in slow.said
    assert slow.child.wait(60) == 1


@pytest.mark.parametrize("piece, speed", [(b"", 2000), (b"x", 2000), (b"NOOP\r\n", 40000)])
def test_fetching_without_end(fetcher, maildir, piece, speed):
    slow = fetcher(["qmail-pop3d", maildir], speed)
    assert slow.go_on(piece)
    assert b"-ERR you are too slow" in slow.said
    assert slow.child.wait(60) == 0


@pytest.mark.parametrize("piece", [b"", b"x", b"GET /metrics HTTP/1.1\r\n"])
def test_a_request_for_figures_without_end(hasty, place, piece):
    place.reset()
    slow = Fetcher(["qmail-metrics", "--http"], 100)
    try:
        assert slow.go_on(piece)
        assert slow.said.startswith(b"HTTP/1.1 408 ") and slow.child.wait(60) == 0
    finally:
        slow.close()


@pytest.mark.parametrize("size", [0, 200])
def test_figures_are_not_taken(hasty, place, tmp_path, size):
    """It does not wait for who reads nothing of the answer, or all of it too slowly."""
    place.reset()
    (tmp_path / "log").write_text("".join("delivery 1: failure: _(#5.7.%d)/\n" % (i % 30) for i in range(300)) +
                                  "".join("delivery 1: deferral: _(#4.7.%d)/\n" % (i % 30) for i in range(300)))
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    child = subprocess.Popen([PROGRAMS + "qmail-metrics", "--state", str(tmp_path / "state"), "--http", "--count",
                              str(tmp_path / "log")], stdin=theirs, stdout=theirs, cwd="/", env={"HASTY": "20"})
    theirs.close()
    said = b""
    try:
        ours.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        if not size:
            assert child.wait(60) == 0
        while data := ours.recv(size or 65536):
            said += data
            if size:
                time.sleep(PAUSE)
        assert child.wait(60) == 0
    finally:
        ours.close()
        child.kill()
        child.wait()
    head, _, page = said.partition(b"\r\n\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head).group(1)) > len(page) > 0


def test_figures_of_a_silent_manager(hasty, place):
    """Whoever holds the door of the queue and says nothing is not waited for."""
    place.reset()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        path = place.path("queue/control/door")
        if os.path.exists(path):
            os.unlink(path)
        door.bind(path)
        door.listen(1)
        try:
            done = subprocess.run([PROGRAMS + "qmail-metrics"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                                  env={"HASTY": "100"}, timeout=60)
        finally:
            os.unlink(path)
    assert done.returncode == 0 and b"\nqmail_queue_up 0\n" in done.stdout
    assert b"qmail-metrics: queue/control/door: " in done.stderr


def test_message_is_not_taken(maildir):
    """A client that asks for a message and never listens is left, and one that
    takes a little of it now and then."""
    for size in (0, 1):
        ours, theirs = socket.socketpair()
        child = subprocess.Popen([PROGRAMS + "qmail-pop3d", maildir], stdin=theirs,
                                 stdout=theirs, cwd="/", env={"HASTY": "100000"})
        theirs.close()
        try:
            ours.sendall(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
            for _ in range(PATIENCE * 10):
                if size:
                    ours.recv(size)
                try:
                    assert child.wait(PAUSE) == 0
                    break
                except subprocess.TimeoutExpired:
                    pass
            assert child.poll() == 0
        finally:
            ours.close()
            child.kill()
            child.wait()
        assert os.listdir(maildir + "/new")  # QUIT was never reached


# ---- qmail-remote

def remote(place, server, text="Subject: x\n\nx\n", speed=1000, timeout=600):
    """What qmail-remote reports of this server."""
    place.reset()
    place.control(me="here.example\n", smtproutes=":127.0.0.2\n", timeoutremote="%d\n" % timeout)
    path = place.base + "/text"
    place.write(path, text)
    with peers.Servers({"127.0.0.2:25": [server]}), open(path, "rb") as source:
        done = subprocess.run([PROGRAMS + "qmail-remote", "there.example", "a@b.example",
                               "joe@there.example"], stdin=source, stdout=subprocess.PIPE,
                              env={"HASTY": str(speed)}, timeout=60)
    assert done.returncode == 0
    return done.stdout.decode("latin-1").split("\0")[-2]


def test_silent_server(hasty, root_place):
    assert "#4.4.2" in remote(root_place, {"greet": "<hang>"})


def test_session_of_many_replies(hasty, root_place):
    """Each reply comes in time, but together they take too long."""
    server = {"greet": "220 x ESMTP\r\n", "EHLO": "250 x\r\n",
              "RCPT": "<wait %g>250 ok\r\n" % (5 * PAUSE)}
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":127.0.0.2\n", timeoutremote="300\n")
    path = root_place.base + "/text"
    root_place.write(path, "Subject: x\n\nx\n")
    names = ["joe%d@there.example" % number for number in range(60)]
    with peers.Servers({"127.0.0.2:25": [server]}) as servers, open(path, "rb") as source:
        done = subprocess.run([PROGRAMS + "qmail-remote", "there.example", "a@b.example", *names],
                              stdin=source, stdout=subprocess.PIPE, env={"HASTY": "1000"},
                              timeout=60)
        servers.__exit__()
    assert b"#4.4.2" in done.stdout.split(b"\0")[-2]
    assert servers.connections[0].messages_ended == 0


class DeafServer:
    """Speaks, but reads nothing of the message, or a little now and then; or
    says a little now and then and never comes to an end.  gave_up tells
    whether it did, because the client did not."""

    def __init__(self, reads=0, says=b""):
        self.reads, self.says, self.has_ended = reads, says, threading.Event()
        self.gave_up = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.2", 25))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        sock, _ = self.listener.accept()
        with sock:
            if not self.says:
                self.greet(sock)
            for _ in range(PATIENCE):
                if paused(self.has_ended):
                    return
                try:
                    if self.reads:
                        sock.recv(self.reads)
                    if self.says:
                        sock.sendall(self.says)
                except OSError:
                    return
            self.gave_up = True

    @staticmethod
    def greet(sock):
        sock.sendall(b"220 x\r\n")
        for reply in (b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            sock.recv(1000)
            sock.sendall(reply)

    def close(self):
        self.has_ended.set()
        self.thread.join(30)
        self.listener.close()


@pytest.mark.parametrize("server, timeout", [
    ({"reads": 0}, 300), ({"reads": 20000}, 100000), ({"says": b"220-x\r\n"}, 300)])
def test_server_is_slow(hasty, root_place, server, timeout):
    """It does not read; or so slowly that the session takes too long, though
    each write ends in time; or its reply never ends, though its pieces come."""
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":127.0.0.2\n",
                       timeoutremote="%d\n" % timeout)
    path = root_place.base + "/text"
    root_place.write(path, "a line of text\n" * 800000)
    slow = DeafServer(**server)
    try:
        with open(path, "rb") as source:
            done = subprocess.run([PROGRAMS + "qmail-remote", "there.example", "a@b.example",
                                   "joe@there.example"], stdin=source, stdout=subprocess.PIPE,
                                  env={"HASTY": "1000"}, timeout=60)
        assert not slow.gave_up
    finally:
        slow.close()
    assert b"#4.4.2" in done.stdout.split(b"\0")[-2]


# ---- what the programs ask the kernel for, at their own pace

def limits(seen):
    """{option: seconds} of the limits that are set for sockets."""
    found = {}
    for call in seen.named("setsockopt"):
        option = re.search(r"SO_(?:RCV|SND)TIMEO", call.words)
        if option:
            value = re.search(r'"((?:[^"\\]|\\.)*)"', call.words).group(1)
            value = value.encode().decode("unicode_escape").encode("latin-1")
            found[option.group()] = int.from_bytes(value[:8], "little")
    return found


def strace():
    if faults.missing():
        pytest.skip(faults.missing())


@pytest.mark.parametrize("control, seconds", [({}, 1200), ({"timeoutsmtpd": "77\n"}, 77)])
def test_limits_of_qmail_smtpd(place, control, seconds):
    strace()
    place.reset()
    place.control(me="here.example\n", **control)
    ours, theirs = socket.socketpair()
    ours.sendall(b"QUIT\r\n")
    code, seen = trace.record(place.base + "/trace", [place.program("qmail-smtpd")],
                              stdin=theirs, stdout=theirs, cwd="/", env={})
    ours.close(), theirs.close()
    assert code == 0
    assert limits(seen) == {"SO_RCVTIMEO": seconds, "SO_SNDTIMEO": seconds}


@pytest.mark.parametrize("control, connect, seconds", [
    ({}, 60, 1200), ({"timeoutremote": "77\n", "timeoutconnect": "5\n"}, 5, 77),
    ({"timeoutremote": "0\n", "timeoutconnect": "0\n"}, 1, 1)])
def test_limits_of_qmail_remote(root_place, control, connect, seconds):
    """The kernel says of each connection that it is under way still."""
    strace()
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":127.0.0.2\n", **control)
    path = root_place.base + "/text"
    root_place.write(path, "Subject: x\n\nx\n")
    words = [root_place.program("qmail-remote"), "there.example", "a@b.example",
             "joe@there.example"]

    def traced(*inject):
        seen_path = root_place.base + "/trace"
        with peers.Servers({"127.0.0.2:25": [{}]}), open(path, "rb") as source:
            code = faults.strace(["-f", "-y", "-s", "200", "-o", seen_path, *inject], words,
                                 stdin=source, stdout=subprocess.DEVNULL, cwd="/", env={})
        assert code == 0
        return trace.Trace(seen_path)

    seen = traced("--inject=connect:error=EINPROGRESS:when=1")
    waits = [call.words for call in seen.named("poll") if "POLLOUT" in call.words]
    assert waits and waits[0].endswith(", %d" % (connect * 1000)), waits
    # That connection ends before the hello, which nobody waits so long for.
    assert limits(seen) == {"SO_RCVTIMEO": min(seconds, 300), "SO_SNDTIMEO": seconds}
    assert limits(traced()) == {"SO_RCVTIMEO": seconds, "SO_SNDTIMEO": seconds}
