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

from support import lingering, process
from support.town import DOMAIN, PEOPLE

TO = process.envelope("bob@here.example", "ann@here.example")
TEXT = b"Subject: by the door\n\nhello\n"
PLACES, SHARE, PIECE, PIDS = 500, 50, 16384, 1 << 22


class Guest:
    """A client at the door; user is who the kernel says that it is."""

    def __init__(self, town, user=0, how=b"p"):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        os.setegid(town.place.ids("qmaild")[1] if user else 0)
        os.seteuid(user)
        try:
            self.sock.connect(town.place.path("queued/door"))
        finally:
            os.seteuid(0)
            os.setegid(0)
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
                parents[pid] = process.parent_of(pid)
    top, = {parent for parent in parents.values() if parent in parents} or set(parents)
    return top, [pid for pid in parents if pid != top]


def by_smtp(town, text=TEXT.decode(), sender="bob@here.example"):
    """A message by qmail-smtpd, as qmaild; what it says of it."""
    lines = ["HELO x", "MAIL FROM:<%s>" % sender, "RCPT TO:<ann@here.example>", "DATA",
             *text.splitlines(), ".", "QUIT"]
    done = subprocess.run([town.place.program("qmail-smtpd")], stdout=subprocess.PIPE, cwd="/", timeout=60,
                          input="".join(line + "\r\n" for line in lines).encode(),
                          env={"PATH": "/usr/bin:/bin"}, **town.place.as_user("qmaild"))
    return done.stdout.decode().splitlines()[-2]


def qp(words):
    """The process that has queued it: the number has how many it had before, too."""
    return int(re.search(r" qp (\d+)$", words).group(1)) % PIDS


def came_by_door(town, letter, who):
    """Whether a worker queued it, who was brought it so."""
    found = re.search(r"^Received: \(qmail (\d+) invoked %s\); " % who, letter, re.M)
    return found and int(found.group(1)) % PIDS in workers(town)[1]


def test_who_brings_it(town):
    """The number is that of who has queued it; who brings it the kernel knows."""
    town.open()
    assert qp(by_smtp(town)) in workers(town)[1]
    assert came_by_door(town, town.letter("ann", "Subject: by the door"), "from network")
    subprocess.run([town.place.program("qmail-inject"), "-fbob@here.example"], check=True, env=town.environment("bob"),
                   input=b"To: ann@here.example\nSubject: two\n\n", timeout=30)
    letter = town.letter("ann", "Subject: two")
    assert came_by_door(town, letter, "by uid 0")
    number = re.search(r"Received: \(qmail (\d+)", letter).group(1)
    town.daemon.wait(r"^info msg \d+: bytes \d+ from <bob@here.example> qp %s uid 0$" % number)
    town.run_as("bob", [town.place.program("qmail-inject")], "To: ann@here.example\nSubject: four\n\n")
    letter = town.letter("ann", "Subject: four")
    assert not came_by_door(town, letter, "by uid %d" % PEOPLE["bob"])
    assert "invoked by uid %d)" % PEOPLE["bob"] in letter
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
        timeout=30, **town.place.as_user("alias"))
    assert done.returncode == 0 and qp(done.stderr.decode().strip()) in workers(town)[1]
    letter = town.letter("ann", "Return-Path: <bob@here.example>")
    assert letter.endswith(re.search(r"invoked by alias.*\n", letter).group() + body)


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
    assert said == answer + b"\0" or (answer == b"Q" and int(said[1:-1]) % PIDS in workers(town)[1])
    town.wait_empty()
    assert by_smtp(town).startswith("250 ") and workers(town)[0] == parent


def test_numbers_of_one_worker(town):
    """All messages of the log are told apart, and none has more than 31 bits."""
    town.open()
    with open("/proc/sys/kernel/pid_max") as most:
        assert int(most.read()) <= PIDS
    numbers = []
    for _ in range(1200):
        with Guest(town) as guest:
            numbers.append(int(guest.bring(envelope=b"Fa@there.example\0\0")[1:-1]))
    assert max(numbers) < 1 << 31
    assert all(len(os.listdir("/proc/%d/fd" % pid)) < 20 for pid in workers(town)[1])
    assert len(set(numbers)) == 1200


def test_who_may_not_come_in(town):
    """One user of this machine could send what is slow to close, and hold a worker."""
    town.open()
    with lingering.sent(town.place, "ann", "queued/door", 1) as told:
        assert told == "Permission denied"


@pytest.mark.parametrize("number", [0, 1])
def test_records_that_are_too_long(town, number):
    """Nothing is cut."""
    town.open()
    with Guest(town) as guest:
        guest.say((TEXT + b"x" * 70000, TEXT)[number])
        guest.say(b"")
        guest.say((TO, b"Fa@there.example\0" + b"Tann@here.example\0" * 4000 + b"\0")[number])
        assert guest.hear() == (b"X54\0", b"X91\0")[number]
    town.wait_empty()


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
    alias = town.place.ids("alias")[0]
    with contextlib.ExitStack() as stack:
        for _ in range(SHARE):
            guest = stack.enter_context(Guest(town, alias, b"pw"))
            assert guest.hear() == b"G"
            guest.say(TEXT)
        one_more = stack.enter_context(Guest(town, alias, b"pw"))
        assert one_more.hear() == b"F\0"
        _, before = workers(town)
        assert qp(by_smtp(town)) in workers(town)[1] + before
        subprocess.run([town.place.program("qmail-inject")], input=b"To: ann\nSubject: the old way\n\n", check=True,
                       env=town.environment("bob"), timeout=30, **town.place.as_user("alias"))
        assert not came_by_door(town, town.letter("ann", "Subject: the old way"), "by alias")
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
        with Guest(town, alias) as guest:
            return guest.bring()[:1] == b"Q"
    town.until(bring, "a place")
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
    # As nobody could let them in who come, the door is shut for a second.
    town.until(lambda: town.is_door_open("queued/door"), "the door")
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        guest.say(TEXT)
        busy, = town.until(lambda: [pid for pid in workers(town)[1] if queue_files_of(pid)], "the message")
        os.kill(busy, signal.SIGKILL)
        assert guest.hear() == b""
    assert by_smtp(town).startswith("250 ")
    town.until(lambda: len(town.mail("ann")) == 2, "the other")
    town.until(lambda: len(town.place.queue_files()["mess"]) == 1, "what is left")
    assert not any(town.place.queue_files()[kind] for kind in ("todo", "intd"))


def queue_files_of(pid):
    return [path for path in process.open_files(pid) if "/queue/" in path]


def test_terminated(town):
    """As qmail-queue: what is not accepted yet is taken away."""
    town.open()
    with Guest(town, how=b"pw") as guest:
        assert guest.hear() == b"G"
        guest.say(TEXT)
        busy, = town.until(lambda: [pid for pid in workers(town)[1] if queue_files_of(pid)], "the message")
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
    town.until(lambda: not process.session_members(town.daemon.pid), "the end of all")
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


def test_who_is_not_let_in_at_the_end(town):
    """He is told so, and goes another way, however long others stay."""
    town.open()
    parent, _ = workers(town)
    os.kill(parent, signal.SIGSTOP)  # no worker is started
    with contextlib.ExitStack() as stack:
        guests = [stack.enter_context(Guest(town, how=b"pw")) for _ in range(20)]
        os.kill(town.daemon.pid, signal.SIGTERM)
        town.until(lambda: not process.is_alive(town.daemon.pid), "the end of qmail-send")
        os.kill(parent, signal.SIGCONT)
        assert {guest.hear() for guest in guests} == {b"G", b"F\0"}


def test_nobody_reads_its_log(town):
    """And no process can be started: it shuts the door all the same."""
    reader, writer = os.pipe()
    daemon = subprocess.Popen([town.place.program("qmail-start"), "./Maildir/"], cwd="/", stdin=subprocess.DEVNULL, stdout=writer,
                              stderr=writer, start_new_session=True, env={"PATH": town.place.path("bin") + ":/usr/bin:/bin"})
    try:
        town.until(lambda: os.path.exists(town.place.path("queued/door")) and town.is_door_open("queued/door"), "the door")
        parent, _ = workers(town)
        with subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-e", "trace=fork,vfork,clone,clone3",
                               "--inject=fork,vfork,clone,clone3:error=EAGAIN", "-p", str(parent)]) as tracer:
            town.until(lambda: is_traced(parent, tracer.pid), "strace")
            full = os.open("/proc/self/fd/%d" % writer, os.O_WRONLY | os.O_NONBLOCK)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(full, b"x")
            os.close(full)
            with contextlib.ExitStack() as stack:
                while stack.enter_context(Guest(town, how=b"pw")).hear() == b"G":
                    pass
                assert by_smtp(town).startswith("250 ")
            tracer.terminate()
    finally:
        os.close(reader)
        os.close(writer)
        process.end_session(daemon.pid)
        daemon.wait()


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
    (alias, group), (qmaild, _) = town.place.ids("alias"), town.place.ids("qmaild")
    def change():
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(alias, qmaild, 0)
    subprocess.run([town.place.program("qmail-inject")], input=b"To: ann@here.example\n\n", check=True, timeout=30,
                   env={**town.environment("bob")}, preexec_fn=change)
    assert "invoked by alias)" in town.letter("ann", "Delivered-To: ann")


def test_a_guest_that_says_nothing(town):
    """Is waited for a minute."""
    town.open()
    trace = town.place.base + "/trace"
    with traced(town, "-o", trace, "-e", "trace=setitimer"), Guest(town, how=b""):
        town.until(lambda: "tv_sec=60" in open(trace).read(), "its timer")


def is_traced(pid, by):
    try:
        with open("/proc/%d/status" % pid) as status:
            return "TracerPid:\t%d\n" % by in status.read()
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def traced(town, *options):
    """All workers, also those to come; tried again if one has come or gone meanwhile."""
    tracers = []

    def is_done():
        if not tracers or tracers[-1].poll() is not None:
            parent, others = workers(town)
            tracers.append(subprocess.Popen(["strace", "-f", "-qq", *options, "-p", str(parent),
                                             *(word for pid in others for word in ("-p", str(pid)))]))
        top, others = workers(town)
        if others and all(is_traced(pid, tracers[-1].pid) for pid in (top, *others)):
            return True
        if is_traced(top, tracers[-1].pid):
            tracers[-1].terminate()
            tracers[-1].wait()
        return False
    try:
        town.until(is_done, "strace")
        yield
    finally:
        tracers[-1].terminate()
        tracers[-1].wait()


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
    with traced(town, "-o", "/dev/null", "-e", "trace=fsync", "--inject=fsync:error=ENOSPC"):
        assert by_smtp(town) == "451 4.3.0 cannot write to the queue"
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
        **town.place.as_user("alias"))
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
