"""qmail-smtpd by itself: its limits, what it makes of trouble with the
configuration, and of replies that reach nobody."""

import os
import socket
import subprocess

import pytest

from support import faults, process

COMMAND_MAX = 4096
RECIPIENTS_MAX = 1 << 20
SAYS = "#!/bin/sh\ncat >/dev/null; cat <&1 >%s; printf '%s' >&6; exit %d\n"


class Server:
    """Runs qmail-smtpd on what a client says at once."""

    def __init__(self, place):
        self.place = place
        place.control(me="here.example\n", rcpthosts="here.example\n")
        self.env = {"PATH": "/usr/bin:/bin"}
        self.queue_says("", 0)

    def queue_says(self, words, code):
        """What takes the place of qmail-queue says on descriptor 6."""
        path = self.place.base + "/queue-program"
        self.place.write(path, SAYS % (self.place.base + "/envelope", words, code), mode=0o755)
        envelope = self.place.base + "/envelope"
        self.place.write(envelope, "", "root", 0o666)
        self.env["QMAILQUEUE"] = path

    def talk(self, *lines, strace=(), **more):
        """The replies to these lines, each without its end."""
        done = subprocess.run(
            [*strace, self.place.program("qmail-smtpd")],
            input=b"".join(line.encode("latin-1") + b"\r\n" for line in lines),
            stdout=subprocess.PIPE, cwd="/", env=self.env, timeout=60,
            **{**self.place.as_user("qmaild"), **more})
        assert not process.crash(done.returncode), done.returncode
        return done.stdout.decode("latin-1").splitlines()

    def envelope(self):
        with open(self.place.base + "/envelope", "rb") as source:
            return source.read()


@pytest.fixture
def server(fresh):
    return Server(fresh)


MESSAGE = ("DATA", "Subject: x", "", "x", ".")


def test_all_recipients_together(server):
    """So much of them, and no more; what was accepted stays so."""
    name = "a" * 800
    count = RECIPIENTS_MAX // (len(name) + len("@here.example") + 1)
    lines = ["RCPT TO:<%s@here.example>" % name] * (count + 5)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", *lines, "RCPT TO:<b@here.example>",
                          *MESSAGE, "QUIT")
    codes = [reply[:3] for reply in replies]
    assert codes[3:3 + count] == ["250"] * count
    assert codes[3 + count:3 + count + 5] == ["452"] * 5
    assert codes[-3:] == ["354", "250", "221"]
    assert server.envelope().count(b"\0T") in (count, count + 1)


@pytest.mark.parametrize("says, wanted", [
    ("Dno\\033[2J\\177\\r\\nway", "554 no?[2J???way (#5.3.0)"),
    ("Zlater (#4.2.1)", "451 later (#4.2.1)")])
def test_words_of_the_queue_program(server, says, wanted):
    """They come in one line, without anything that moves a cursor."""
    server.queue_says(says, 82)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", *MESSAGE)
    assert replies[-1] == wanted


def test_hosts_cannot_be_told(server):
    """An error of the database is no consent: else anybody could relay."""
    cdb = server.place.path("control/morercpthosts.cdb")
    server.place.write(cdb, b"x" * 100)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@elsewhere.example>", *MESSAGE)
    assert replies[3].startswith("421 ") and len(replies) == 4
    assert server.envelope() == b""


@pytest.mark.parametrize("name", ["rcpthosts", "badmailfrom", "smtpgreeting", "databytes",
                                  "timeoutsmtpd", "morercpthosts.cdb"])
def test_configuration_cannot_be_read(server, name):
    """A folder in its place: nothing is taken."""
    path = server.place.path("control/" + name)
    if os.path.exists(path):
        os.unlink(path)
    os.mkdir(path)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@elsewhere.example>", *MESSAGE)
    assert replies[-1].startswith("421 ")
    assert server.envelope() == b""


@pytest.mark.parametrize("size, code", [(999, "250"), (1000, "250"), (1001, "552")])
def test_size_that_is_announced(server, size, code):
    server.env["DATABYTES"] = "1000"
    replies = server.talk("EHLO x", "MAIL FROM:<a@b> SIZE=%d" % size, "QUIT")
    assert replies[-2].startswith(code)


@pytest.mark.parametrize("length, code", [
    (COMMAND_MAX - 2, "250"), (COMMAND_MAX - 1, "250"), (COMMAND_MAX, "555"),
    (COMMAND_MAX + 1, "555"), (70000, "555")])
def test_length_of_a_command(server, length, code):
    """With its end that of the limit; what follows is a command of its own."""
    line = "MAIL FROM:<a@b>"
    line += " " * (length - len(line))
    replies = server.talk("HELO x", line, "NOOP", "QUIT")
    assert [reply[:3] for reply in replies[2:]] == [code, "250", "221"]


def test_helo_takes_extensions_back(server):
    text = server.place.base + "/message"
    server.place.write(text, "", "root", 0o666)
    server.place.write(server.env["QMAILQUEUE"], "#!/bin/sh\ncat >%s; cat <&1 >/dev/null\n" % text,
                       mode=0o755)
    for hello, protocol in ((("EHLO x", "HELO x"), "SMTP"), (("HELO x", "EHLO x"), "ESMTP")):
        server.talk(*hello, "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", *MESSAGE, "QUIT")
        with open(text) as source:
            assert " with %s;" % protocol in source.read()


def test_own_address_cannot_be_told(server):
    """Whether an address literal is ours: that decides on the recipient."""
    if faults.missing():
        pytest.skip(faults.missing())
    lines = ("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@[192.0.2.77]>", "QUIT")
    assert server.talk(*lines)[3].startswith("553 ")
    replies = server.talk(*lines, strace=["strace", "-o", "/dev/null",
                                          "--inject=socket:error=EMFILE:when=1"])
    assert replies[3].startswith("421 ")


def test_address_that_becomes_too_long(server):
    """By what stands for our own address in brackets."""
    for length, code in ((800, "250"), (890, "555")):
        server.place.control(me="here.example\n", rcpthosts="x" * length + "\n",
                             localiphost="x" * length + "\n")
        replies = server.talk("HELO x", "MAIL FROM:<a@b>",
                              "RCPT TO:<%s@[127.0.0.1]>" % ("a" * 20), "QUIT")
        assert replies[3].startswith(code), length


@pytest.mark.parametrize("signal", [False, True])
def test_nobody_hears_the_replies(server, signal):
    """It ends, by itself, and does not take another command."""
    if faults.missing():
        pytest.skip(faults.missing())
    path = server.place.base + "/smtpd-trace"
    open(path, "w").close()
    os.chmod(path, 0o666)
    ours, theirs = socket.socketpair()
    ours.sendall(b"NOOP\r\n")
    child = subprocess.Popen(
        ["strace", "-o", path, "--inject=write:error=EPIPE%s:when=1" %
         (":signal=PIPE" if signal else ""), server.place.program("qmail-smtpd")],
        stdin=theirs, stdout=theirs, cwd="/", env=server.env, **server.place.as_user("qmaild"))
    theirs.close()
    assert child.wait(30) == 1
    ours.close()


def test_queue_program_goes_away(server):
    """In the middle of the message, which is refused, and all goes on."""
    server.place.write(server.env["QMAILQUEUE"], "#!/bin/sh\nexit 53\n", mode=0o755)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA",
                          *["a line of text"] * 100000, ".", "NOOP", "QUIT")
    assert [reply[:3] for reply in replies[-3:]] == ["451", "250", "221"]


def test_connection_is_lost_in_the_message(server):
    """What came so far is not queued."""
    server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA", "x")
    process.until(lambda: os.path.exists(server.place.base + "/envelope"), "the program")
    assert b"T" not in server.envelope()
