"""The door of qmail-queued: mail gets into the queue without a program being started
for it, and nobody who comes holds up others."""

import contextlib
import os
import re
import signal
import smtplib
import socket
import subprocess

import pytest

from support import process
from support.town import DOMAIN, PEOPLE

TO = process.envelope("bob@here.example", "ann@here.example")
TEXT = b"Subject: by the door\n\nhello\n"
PLACES, SHARE, PIECE = 500, 50, 16384


class Guest:
    """A client at the door; user is who the kernel says that it is."""

    def __init__(self, town, user=0, how=b"p"):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        os.seteuid(user)
        try:
            self.sock.connect(town.place.path("queued/door"))
        finally:
            os.seteuid(0)
        self.say(how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def say(self, record):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.send(record)  # its answer may be there already

    def bring(self, text=TEXT, envelope=TO):
        """A whole message; the answer."""
        for start in range(0, len(text), PIECE):
            self.say(text[start:start + PIECE])
        self.say(b"")
        self.say(envelope)
        return self.hear()

    def hear(self):
        while True:
            try:
                return self.sock.recv(100)
            except ConnectionResetError:
                pass  # it did not hear all that we had said


def workers(town):
    """The processes of qmail-queued: its parent, and the others."""
    program = town.place.program("qmail-queued")
    parents = {}
    for pid in process.ours():
        with contextlib.suppress(OSError):
            if os.readlink("/proc/%d/exe" % pid) == program:
                parents[pid] = parent_of(pid)
    top, = {parent for parent in parents.values() if parent in parents} or set(parents)
    return top, [pid for pid in parents if pid != top]


def parent_of(pid):
    with open("/proc/%d/stat" % pid) as source:
        return int(source.read().rpartition(")")[2].split()[1])


def by_smtp(town, text=TEXT.decode(), sender="bob@here.example"):
    """A message by qmail-smtpd, as qmaild; what it says of it."""
    lines = ["HELO x", "MAIL FROM:<%s>" % sender, "RCPT TO:<ann@here.example>", "DATA",
             *text.splitlines(), ".", "QUIT"]
    done = subprocess.run([town.place.program("qmail-smtpd")], stdout=subprocess.PIPE, cwd="/", timeout=60,
                          input="".join(line + "\r\n" for line in lines).encode(),
                          env={"PATH": "/usr/bin:/bin"}, **town.place.as_user("qmaild"))
    return done.stdout.decode().splitlines()[-2]


def qp(words):
    return int(re.search(r" qp (\d+)$", words).group(1))


def came_by_door(town, letter, who):
    """Whether a worker queued it, who was brought it so."""
    found = re.search(r"^Received: \(qmail (\d+) invoked %s\); " % who, letter, re.M)
    return found and int(found.group(1)) in workers(town)[1]


def test_who_brings_it(town):
    """The number is that of who has queued it; who brings it the kernel knows."""
    town.open()
    assert qp(by_smtp(town)) in workers(town)[1]
    assert came_by_door(town, town.letter("ann", "Subject: by the door"), "from network")
    town.run_as("bob", [town.place.program("qmail-inject")], "To: ann@here.example\nSubject: two\n\n")
    letter = town.letter("ann", "Subject: two")
    assert came_by_door(town, letter, "by uid %d" % PEOPLE["bob"])
    number = re.search(r"Received: \(qmail (\d+)", letter).group(1)
    town.daemon.wait(r"^info msg \d+: bytes \d+ from <bob@here.example> qp %s uid %d$" % (number, PEOPLE["bob"]))
    town.rules("ann", "-x", "|exit 100")
    town.send("bob@here.example", "ann-x@here.example")
    assert came_by_door(town, town.letter("bob", "failure notice"), "for bounce")
    town.rules("alias", "-y", "&ann@here.example")
    town.send("bob@here.example", "y@here.example", subject="three")
    assert came_by_door(town, town.letter("ann", "Subject: three"), "by alias")


@pytest.mark.parametrize("size", [0, 1, PIECE - 200, *range(PIECE - 130, PIECE + 2, 8), 2 * PIECE, 65536, 1000000])
def test_sizes(town, size):
    """Kept whole, or sent on in pieces: it is the same message."""
    town.open()
    body = ("x" * 62 + "\n") * (size // 63) + "y" * (size % 63)
    done = subprocess.run(
        [town.place.program("forward"), "ann@here.example"], input=body.encode(), stderr=subprocess.PIPE,
        env={**town.environment("bob"), "SENDER": "bob@here.example", "RPLINE": "", "DTLINE": "", "NEWSENDER": "bob@here.example"},
        user=PEOPLE["bob"], group=PEOPLE["bob"], extra_groups=[], timeout=30)
    assert done.returncode == 0 and qp(done.stderr.decode().strip()) in workers(town)[1]
    letter = town.letter("ann", "Return-Path: <bob@here.example>")
    assert letter.endswith(re.search(r"invoked by uid.*\n", letter).group() + body)


@pytest.mark.parametrize("text, envelope, answer", [
    (TEXT, TO, b"Q"), (b"", TO, b"Q"), (TEXT, b"Fa@here.example\0\0", b"Q"),
    (TEXT, b"", b"X54"), (TEXT, b"Fa", b"X54"), (TEXT, TO[:-1], b"X54"), (TEXT, b"\0", b"X91"),
    (TEXT, b"Ta\0\0", b"X91"), (TEXT, b"Fa\0\xffb\0\0", b"X91"), (TEXT, b"Fa\0T" + b"x" * 2000 + b"\0\0", b"X11"),
    (TEXT, b"Fa\0T" + b"x" * 16000, b"X11")],
    ids=["good", "empty", "nobody", "none", "part", "no_end", "only_end", "no_sender", "letter", "long", "endless"])
def test_answers(town, text, envelope, answer):
    """As the exit codes of qmail-queue; nothing is left of what is refused."""
    town.open()
    parent, _ = workers(town)
    with Guest(town) as guest:
        for record in (text, b"", envelope)[not text:]:
            guest.say(record)
        guest.sock.shutdown(socket.SHUT_WR)
        said = guest.hear()
    assert said == answer + b"\0" or (answer == b"Q" and int(said[1:-1]) in workers(town)[1])
    town.wait_empty()
    assert by_smtp(town).startswith("250 ") and workers(town)[0] == parent


def test_the_first_word(town):
    """Who says nothing, too much, or goes, leaves nothing behind."""
    town.open()
    _, before = workers(town)
    for how in b"x" * 100, b"":
        with Guest(town, how=how) as guest:
            assert guest.hear() == b""
    Guest(town, how=b"p").sock.close()
    Guest(town, how=b"pw").sock.close()
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        assert guest.bring()[:1] == b"Q"
    town.letter("ann", "by the door")
    town.wait_empty()
    assert by_smtp(town).startswith("250 ")


def test_who_stops_in_the_middle(town):
    """A user has a share of the places, the network may have all; others find another
    way as long as there is none."""
    town.open()
    with contextlib.ExitStack() as stack:
        for _ in range(SHARE):
            guest = stack.enter_context(Guest(town, PEOPLE["ann"], b"pw"))
            assert guest.hear() == b"G"
            guest.say(TEXT)
        one_more = stack.enter_context(Guest(town, PEOPLE["ann"], b"pw"))
        assert one_more.hear() == b"F\0"
        _, before = workers(town)
        assert qp(by_smtp(town)) in workers(town)[1] + before
        done = town.run_as("ann", [town.place.program("qmail-inject")], "To: ann\nSubject: herself\n\n")
        assert done.stdout == b""
        town.letter("ann", "Subject: herself")
        qmaild = town.place.ids("qmaild")[0]
        for _ in range(PLACES - SHARE):
            guest = stack.enter_context(Guest(town, qmaild, b"pw"))
            assert guest.hear() == b"G"
        with Guest(town, qmaild, b"pw") as guest:
            assert guest.hear() == b"F\0"
        with Guest(town, qmaild) as guest:
            assert guest.bring() == b"F\0"
        words = by_smtp(town)
        assert words.startswith("250 ") and qp(words) not in workers(town)[1]
        assert by_smtp(town, "Subject: large\n\n" + "x\n" * 20000).startswith("250 ")
    def bring():
        with Guest(town, PEOPLE["ann"]) as guest:
            return guest.bring()[:1] == b"Q"
    town.until(bring, "her place")
    town.until(lambda: len(town.mail("ann")) == 5, "all of it")
    town.wait_empty()


def test_they_become_few_again(town):
    """Those that nobody needs end; one stays."""
    town.open()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            assert stack.enter_context(Guest(town, how=b"pw")).hear() == b"G"
        assert len(workers(town)[1]) >= 20
    town.until(lambda: len(workers(town)[1]) == 1, "the end of most", 40)
    assert by_smtp(town).startswith("250 ")


def test_killed(town):
    """A worker that dies in the middle has accepted nothing; another takes its place."""
    town.open()
    for pid in workers(town)[1]:
        os.kill(pid, signal.SIGKILL)  # they had nobody
    assert by_smtp(town).startswith("250 ")
    town.letter("ann", "by the door")
    town.wait_empty()
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        guest.say(TEXT)
        busy, = (pid for pid in workers(town)[1] if queue_files_of(pid))
        os.kill(busy, signal.SIGKILL)
        assert guest.hear() == b""
    assert by_smtp(town).startswith("250 ")
    town.until(lambda: len(town.mail("ann")) == 2, "the other")
    town.until(lambda: len(town.place.queue_files()["mess"]) == 1, "what is left")
    assert not any(town.place.queue_files()[kind] for kind in ("todo", "intd"))


def queue_files_of(pid):
    """What it has open there."""
    found = []
    with contextlib.suppress(OSError):
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return [path for path in found if "/queue/" in path]


def test_terminated(town):
    """As qmail-queue: what is not accepted yet is taken away."""
    town.open()
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        guest.say(TEXT)
        town.until(lambda: any(queue_files_of(pid) for pid in workers(town)[1]), "the message")
        busy, = (pid for pid in workers(town)[1] if queue_files_of(pid))
        os.kill(busy, signal.SIGTERM)
        assert guest.hear() == b"X52\0"
    town.wait_empty()
    idle = workers(town)[1]
    for pid in idle:
        os.kill(pid, signal.SIGTERM)
    assert by_smtp(town).startswith("250 ")


def test_its_parent_dies(town):
    """Its workers end with it; qmail-send ends in order, and mail goes the old way."""
    town.open()
    parent, before = workers(town)
    os.kill(parent, signal.SIGKILL)
    town.daemon.wait("^alert: oh no! lost qmail-queued connection! dying...$")
    town.until(lambda: not any(process.is_alive(pid) for pid in before), "their end")
    words = by_smtp(town)
    assert words.startswith("250 ") and qp(words) not in before


def test_the_end(town):
    """Who has begun when the suite is to end brings his message to its end."""
    town.open()
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        guest.say(TEXT)
        os.kill(town.daemon.pid, signal.SIGTERM)
        town.until(lambda: not town.is_door_open("queued/door"), "the door to be shut")
        town.until(lambda: not process.is_alive(town.daemon.pid), "the end of qmail-send")
        guest.say(b"")
        guest.say(TO)
        assert guest.hear()[:1] == b"Q"
    assert len(town.place.queue_files()["todo"]) == 1
    words = by_smtp(town)
    assert words.startswith("250 ")
    assert len(town.place.queue_files()["todo"]) == 2


def test_another_program_in_its_place(town):
    """Who has put his own program where qmail-queue was wants to see all mail."""
    town.open()
    program = town.place.program("qmail-queue")
    assert by_smtp(town).startswith("250 ")
    os.rename(program, program + ".real")
    try:
        town.place.write(program, "#!/bin/sh\nexit 31\n", mode=0o755)
        assert by_smtp(town).startswith("554 ")
        assert by_smtp(town, "Subject: large\n\n" + "x\n" * 20000).startswith("554 ")
        os.unlink(program)
        assert by_smtp(town) == "451 4.3.0 cannot run the queue program"
    finally:
        os.rename(program + ".real", program)
    words = by_smtp(town)
    assert words.startswith("250 ") and qp(words) in workers(town)[1]


def test_who_is_not_who_he_seems(town):
    """The kernel would tell the door who is effective; qmail-queue tells who is real."""
    town.open()
    subprocess.run([town.place.program("qmail-inject")], input=b"To: ann@here.example\n\n", check=True, timeout=30,
                   env={**town.environment("bob")}, preexec_fn=lambda: os.setresuid(PEOPLE["bob"], PEOPLE["ann"], 0))
    assert "invoked by uid %d)" % PEOPLE["bob"] in town.letter("ann", "Delivered-To: ann")


def test_a_guest_that_says_nothing(town):
    """Is waited for a minute."""
    town.open()
    _, before = workers(town)
    trace = town.place.base + "/trace"
    with subprocess.Popen(["strace", "-qq", "-o", trace, "-e", "trace=setitimer",
                           *(word for pid in before for word in ("-p", str(pid)))]) as tracer:
        try:
            town.until(lambda: all(is_traced(pid, tracer.pid) for pid in before), "strace")
            guests = [Guest(town, how=b"") for _ in before]
            town.until(lambda: "tv_sec=60" in open(trace).read(), "its timer")
            for guest in guests:
                guest.sock.close()
        finally:
            tracer.terminate()


def is_traced(pid, by):
    with open("/proc/%d/status" % pid) as status:
        return "TracerPid:\t%d\n" % by in status.read()


def test_the_users_own_program(town):
    """QMAILQUEUE is asked, whatever doors there are."""
    town.open()
    done = town.run_as("bob", ["env", "QMAILQUEUE=/bin/false", town.place.program("qmail-inject")],
                       "To: ann@here.example\n\n", check=False)
    assert done.returncode != 0
    assert town.is_empty()


def test_no_space(town):
    """As qmail-queue: refused for now."""
    town.open()
    parent, _ = workers(town)
    with subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync",
                           "--inject=fsync:error=ENOSPC", "-p", str(parent),
                           *(word for pid in workers(town)[1] for word in ("-p", str(pid)))]) as tracer:
        try:
            town.until(lambda: all(is_traced(pid, tracer.pid) for pid in workers(town)[1]), "strace")
            assert by_smtp(town) == "451 4.3.0 cannot write to the queue"
        finally:
            tracer.terminate()
    town.wait_empty()
    assert by_smtp(town).startswith("250 ")


@pytest.mark.parametrize("when", [1, 2])
@pytest.mark.parametrize("size", [10, 40000])
def test_a_client_that_cannot_write(town, when, size):
    """What it could not send whole is not accepted, neither empty nor cut."""
    town.open()
    done = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "trace=write",
         "--inject=write:error=ENOSPC:when=%d" % when, town.place.program("qmail-inject"), "ann@here.example"],
        input=b"Subject: cut\n\n" + b"x\n" * (size // 2), env=town.environment("bob"), timeout=30, stderr=subprocess.PIPE,
        user=PEOPLE["bob"], group=PEOPLE["bob"], extra_groups=[])
    assert done.returncode == 111, done.stderr
    assert by_smtp(town).startswith("250 ")
    town.letter("ann", "by the door")
    town.wait_empty()
    assert len(town.mail("ann")) == 1


def test_a_real_client(town):
    """Many messages at once, by lasting connections: each worker takes many."""
    town.open()
    town.serve_smtp()
    clients = [smtplib.SMTP("127.0.0.1", 25, timeout=30) for _ in range(10)]
    for number in range(50):
        clients[number % 10].sendmail("bob@here.example", ["ann@here.example"], "Subject: %d\n\n" % number)
    assert len(workers(town)[1]) < 20
    town.until(lambda: not any(map(queue_files_of, workers(town)[1])), "all files to be closed")
    for client in clients:
        client.quit()
    town.until(lambda: len(town.mail("ann")) == 50, "all")
    assert DOMAIN in town.mail("ann")[0]
