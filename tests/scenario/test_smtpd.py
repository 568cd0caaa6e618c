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
    server.place.control(me="here.example\n", rcpthosts="here.example\n", maxrcpt="0\n")
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
    ("Dno\\033[2J\\177\\r\\nway", "554 5.3.0 no?[2J???way"),
    ("Zlater (#4.2.1)", "451 4.2.1 later (#4.2.1)"),
    ("Dno (#4.2.1)", "554 5.3.0 no (#4.2.1)"),  # which is no code of a refusal
    ("Dno (#5.1)", "554 5.3.0 no (#5.1)"),
    ("Dno (#5.123.456)", "554 5.123.456 no (#5.123.456)"),
    ("Dno (#5.123.4567)", "554 5.3.0 no (#5.123.4567)")])
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


@pytest.mark.parametrize("name", ["rcpthosts", "badmailfrom", "badrcptto", "smtpgreeting",
                                  "databytes", "timeoutsmtpd", "maxrcpt", "xclient", "rcptcheck",
                                  "morercpthosts.cdb"])
def test_configuration_cannot_be_read(server, name):
    """A folder in its place: nothing is taken."""
    path = server.place.path("control/" + name)
    if os.path.exists(path):
        os.unlink(path)
    os.mkdir(path)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@elsewhere.example>", *MESSAGE)
    assert replies[-1].startswith("421 ")
    assert server.envelope() == b""


def test_lists_that_are_damaged(server):
    """Whether somebody is unwelcome cannot be told: nothing is taken."""
    for name, last in (("morebadmailfrom", 2), ("morebadrcptto", 3)):
        server.place.control(me="here.example\n", rcpthosts="here.example\n")
        server.place.write(server.place.path("control/%s.cdb" % name), b"x" * 100)
        replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "QUIT")
        assert words_of(replies, last) == ["421 4.3.0"] and len(replies) == last + 1
        os.unlink(server.place.path("control/%s.cdb" % name))


def test_locals_cannot_be_read(server):
    """They stand in for rcpthosts."""
    server.place.control(me="here.example\n")
    os.mkdir(server.place.path("control/locals"))
    assert words_of(server.talk("HELO x"), -1) == ["421 4.3.0"]


def test_name_of_our_address_cannot_be_read(server):
    os.mkdir(server.place.path("control/localiphost"))
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@[127.0.0.1]>", "QUIT")
    assert words_of(replies, -1) == ["421 4.3.0"] and len(replies) == 4


def test_greeting_without_a_name(server):
    limited(server, smtpgreeting="\n")
    assert words_of(server.talk("HELO x"), -1) == ["421 4.3.0"]


def test_out_of_memory(server):
    """The last thing that is said."""
    limited(server, maxrcpt="0\n")
    lines = ["RCPT TO:<%s@here.example>" % ("a" * 800)] * 1200
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", *lines,
                          strace=["prlimit", "--as=%d" % (1 << 20)])
    assert replies[-1] == "421 4.3.0 out of memory" and replies[-2].startswith("250 2.1.5")


@pytest.mark.parametrize("program", ["qmail-smtpd", "ofmipd"])
def test_out_of_memory_after_a_message(server, program):
    """Whether that was taken is told before: else it would come again."""
    server.place.control(me="here.example\n", rcpthosts="here.example\n", rcptcheck="off\n",
                         maxrcpt="0\n")
    message = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@here.example>\r\nDATA\r\n\r\nx\r\n.\r\n"
    rest = b"MAIL FROM:<a@b>\r\n" + b"RCPT TO:<%s@here.example>\r\n" % (b"y" * 700) * 80
    exhausted = 0
    for kilobytes in range(200, 800, 10):
        before = len(server.place.queue_files()["todo"])
        done = subprocess.run(["prlimit", "--as=%d" % (kilobytes << 10),
                               server.place.program(program)], input=message + rest, cwd="/",
                              capture_output=True, env={},
                              **server.place.as_user("qmaild"))
        is_taken = len(server.place.queue_files()["todo"]) > before
        if done.stdout.endswith(b"421 4.3.0 out of memory\r\n") and is_taken:
            exhausted += 1
            assert done.stdout.count(b"\r\n250 2.0.0 ") == 1, kilobytes
    assert exhausted


def netstring(*parts):
    inner = b"".join(parts)
    return b"%d:%s," % (len(inner), inner)


SENDER, LONG = b"\xe9" * 250 + b"@there.example", b"\xe9" * 250
PACKAGE = netstring(b"x\n") + netstring(SENDER)


@pytest.mark.parametrize("program, said, answers", [
    ("qmail-smtpd", b"HELO %s\r\nMAIL FROM:<%s>\r\nRCPT TO:<%s@here.example>\r\n"
     b"DATA\r\n\r\nx\r\n.\r\n" % (LONG, SENDER, LONG), [b"\r\n250 2.0.0 ok "]),
    ("qmail-qmtpd", netstring(b"\nx\n") + netstring(SENDER) + netstring(
        netstring(LONG + b"@here.example"), netstring(LONG + b"@elsewhere.example")),
     [b"Kok ", b"Dwe take no mail"]),
    ("qmail-qmqpd", netstring(PACKAGE, netstring(LONG + b"@here.example") * 400), [b"Kok "]),
], ids=["qmail-smtpd", "qmail-qmtpd", "qmail-qmqpd"])
def test_out_of_memory_when_a_message_is_queued(server, program, said, answers):
    """What was taken is told before the log, which may need more than there is."""
    hosts = "".join("host%d.example\n" % i for i in range(300))
    server.place.control(me="here.example\n", rcpthosts="here.example\n" + hosts,
                         rcptcheck="off\n")
    envelope = server.place.base + "/envelope"
    exhausted = 0
    for nth in range(1, 100):
        server.place.write(envelope, "", "root", 0o666)
        done = subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "-e", "trace=mmap",
             "-e", "inject=mmap:error=ENOMEM:when=%d+" % nth, server.place.program(program)],
            input=said, cwd="/", capture_output=True, env={**server.env, "TCPREMOTEIP": os.fsdecode(LONG)},
            **server.place.as_user("qmaild"))
        assert not process.crash(done.returncode), done.returncode
        if b"closed" in done.stderr:
            break
        if server.envelope().endswith(b"\0\0"):
            exhausted += 1
            assert all(answer in done.stdout for answer in answers), (nth, done.stdout)
    assert exhausted and nth < 99


@pytest.mark.parametrize("size, code", [(999, "250"), (1000, "250"), (1001, "552")])
def test_size_that_is_announced(server, size, code):
    server.env["DATABYTES"] = "1000"
    replies = server.talk("EHLO x", "MAIL FROM:<a@b> SIZE=%d" % size, "QUIT")
    assert replies[-2].startswith(code)


@pytest.mark.parametrize("command, code", [
    ("MAIL FROM:<a@b> BODY=8bitmime", "250 2.1.0"), ("MAIL FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"),
    ("MAIL FROM:<a@b> BODY", "501 5.5.4"), ("MAIL FROM:<a@b> SIZE=x", "501 5.5.4"),
    ("MAIL FROM:<a@b> SIZE=18446744073709551616", "501 5.5.4"),
    ("MAIL FROM:<a@b> RET=HDRS", "555 5.5.4"), ("RCPT TO:<c@here.example> NOTIFY=NEVER", "555 5.5.4"),
    ("RCPT TO:<c@here.example> (friend)", "250 2.1.5")])
def test_parameters(server, command, code):
    replies = server.talk("EHLO x", "MAIL FROM:<x@y>", command, "QUIT")
    assert words_of(replies, -2) == [code]


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
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA", "",
                          *["a line of text"] * 100000, ".", "NOOP", "QUIT")
    assert [reply[:3] for reply in replies[-3:]] == ["451", "250", "221"]


def test_connection_is_lost_in_the_message(server):
    """What came so far is not queued."""
    server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA", "x")
    process.until(lambda: os.path.exists(server.place.base + "/envelope"), "the program")
    assert b"T" not in server.envelope()


# ---- limits

def limited(server, **files):
    server.place.control(me="here.example\n", rcpthosts="here.example\n", **files)


def words_of(replies, *which):
    return [" ".join(replies[n].split()[:2]) for n in which]


def test_maxrcpt(server):
    limited(server, maxrcpt="2\n")
    replies = server.talk("EHLO x", "MAIL FROM:<a@b>", *["RCPT TO:<c@here.example>"] * 3,
                          *MESSAGE, "QUIT")
    assert "250-LIMITS RCPTMAX=2 MAILMAX=10000" in replies
    assert words_of(replies, -6, -5, -4) == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]
    assert server.envelope().count(b"\0T") == 2


def test_maxmail(server):
    limited(server, maxmail="1\n")
    message = ["MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", *MESSAGE]
    replies = server.talk("HELO x", *message, "MAIL FROM:<a@b>", "QUIT")
    assert words_of(replies, -3, -2, -1) == ["250 2.0.0", "452 4.5.3", "221 2.0.0"]


def test_maxerrors(server):
    """Too many between two messages; then nothing more is heard."""
    limited(server, maxerrors="3\n")
    message = ["MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", *MESSAGE]
    replies = server.talk("HELO x", "X", "X", "X", *message, "X", "X", "X", "X", "NOOP")
    assert words_of(replies, -6, -5, -4, -3, -2, -1) == [
        "250 2.0.0", "502 5.5.1", "502 5.5.1", "502 5.5.1", "502 5.5.1", "421 4.7.0"]


def test_maxheader(server):
    limited(server, maxheader="100\n")
    start = ["HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA"]
    replies = server.talk(*start, "a: " + "b" * 90, "", "b" * 100, ".", "QUIT")
    assert words_of(replies, -2) == ["250 2.0.0"]
    replies = server.talk(*start, "a: " + "b" * 100, "", ".", "QUIT")
    assert words_of(replies, -2) == ["552 5.3.4"]


def test_minfree(server):
    """By the size that is told, and without one."""
    st = os.statvfs(server.place.path("queue"))
    free = st.f_bavail * st.f_frsize
    limited(server, minfree="%d\n" % (free // 2))
    replies = server.talk("HELO x", "MAIL FROM:<a@b> SIZE=1", "MAIL FROM:<a@b> SIZE=%d" % free,
                          "MAIL FROM:<a@b> SIZE=18446744073709551615", "QUIT")
    assert words_of(replies, 2, 3, 4) == ["250 2.1.0", "452 4.3.1", "452 4.3.1"]
    limited(server, minfree="%d\n" % (free * 2))
    assert words_of(server.talk("HELO x", "MAIL FROM:<a@b>", "QUIT"), 2) == ["452 4.3.1"]


def test_no_room_for_a_message(server):
    """When the queue program has no success, and there is less than minfree;
    what another in its place says is not covered by that."""
    st = os.statvfs(server.place.path("queue"))
    free = st.f_bavail * st.f_frsize
    limited(server, minfree="%d\n" % (free - (1 << 20)))
    filler = server.place.base + "/filler"  # on the same file system
    says = "#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null; fallocate -l %d %s || exit 31\n%s\n"
    try:
        for end, wanted in (("exit 53", "452 4.3.1"), ("echo Zlater >&6; exit 82", "451 4.3.0"),
                            ("exit 31", "554 5.7.1")):
            server.place.write(filler, "", "root", 0o666)
            server.place.write(server.env["QMAILQUEUE"], says % (4 << 20, filler, end),
                               mode=0o755)
            replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>",
                                  *MESSAGE)
            assert [reply[:3] for reply in replies[2:5]] == ["250", "250", "354"]
            assert words_of(replies, -1)[0][:3] == wanted[:3]
    finally:
        os.unlink(filler)


def test_what_is_too_large_is_not_kept(server):
    """Nor handed on any further than to the limit."""
    limited(server, databytes="1000\n")
    keep_message(server)
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "DATA",
                          *["x" * 70] * 10000, ".", "QUIT")
    assert words_of(replies, -2) == ["552 5.3.4"]
    assert os.path.getsize(server.place.base + "/message") < 2000


def test_each_message_is_a_new_one(server):
    """Recipients, their number, size, faults of the text, hops."""
    limited(server, maxrcpt="2\n", databytes="1000\n")
    hops = ["Received: x"] * 60
    for fault, code in ((["x\ry"], "554 5.6.0"), (["x" * 70] * 15, "552 5.3.4"),
                        (["x" * 70] * 12, "250 2.0.0"), (hops, "250 2.0.0")):
        start = ["MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "RCPT TO:<d@here.example>", "DATA"]
        replies = server.talk(
            "HELO x", *(start + fault + ["."]) * 2, *start[:2], start[3], "", "x" * 70, ".", "QUIT")
        assert words_of(replies, 6, 11, 15) == [code, code, "250 2.0.0"]
        assert server.envelope() == b"Fa@b\0Tc@here.example\0\0"


def test_session_of_no_time(server):
    """0 is taken as 1 second."""
    limited(server, timeoutsession="0\n")
    process.until(lambda: words_of(server.talk("QUIT"), -1) == ["221 2.0.0"], "one in time")


def test_refused_by_patterns_and_databases(server):
    limited(server, badmailfrom="*@bad.*\n", badrcptto="no@here.example\n",
            morebadmailfrom="Me@there.example\n", morebadrcptto="@gone.example\n")
    for name in "morebadmailfrom", "morebadrcptto":
        subprocess.run([server.place.program("qmail-newmrh"), name], check=True)
    env = server.env
    server.env = {**env, "RELAYCLIENT": ""}
    replies = server.talk(
        "HELO x", "MAIL FROM:<a@bad.example.>", "RCPT TO:<c@here.example>",
        "MAIL FROM:<me@there.example>", "RCPT TO:<c@here.example>", "MAIL FROM:<ok@there.example>",
        "RCPT TO:<no@here.example>", "RCPT TO:<x@gone.example>", "RCPT TO:<c@here.example>")
    assert [reply[:3] for reply in replies[2:]] == [
        "250", "553", "250", "553", "250", "553", "553", "250"]


def test_newmrh_makes_nothing_else(server):
    done = subprocess.run([server.place.program("qmail-newmrh"), "rcpthosts"],
                          stderr=subprocess.PIPE)
    assert done.returncode == 100 and b"usage" in done.stderr


def test_nobody_relays_without_rcpthosts(server):
    server.place.control(me="here.example\n")
    start = ["HELO x", "MAIL FROM:<a@b>"]
    replies = server.talk(*start, "RCPT TO:<a@here.example>", "RCPT TO:<a@there.example>")
    assert [reply[:3] for reply in replies[3:]] == ["250", "553"]
    server.place.control(me="here.example\n", locals="one.example\n")
    replies = server.talk(*start, "RCPT TO:<a@one.example>", "RCPT TO:<a@here.example>")
    assert [reply[:3] for reply in replies[3:]] == ["250", "553"]


# ---- BDAT

START = ("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>")


def say(server, data):
    """The replies to these bytes."""
    done = subprocess.run([server.place.program("qmail-smtpd")], input=data, cwd="/", timeout=60,
                          stdout=subprocess.PIPE, env=server.env,
                          **server.place.as_user("qmaild"))
    assert not process.crash(done.returncode)
    return [" ".join(line.split()[:2]) for line in done.stdout.decode().splitlines()
            if line[3] == " "]


def bdat(server, *pieces):
    return say(server, "".join(line + "\r\n" for line in START).encode() + b"".join(pieces))[4:]


def keep_message(server):
    """The program in place of qmail-queue keeps the text as well."""
    path = server.place.base + "/message"
    server.place.write(path, "", "root", 0o666)
    server.place.write(server.env["QMAILQUEUE"], "#!/bin/sh\ncat >%s; cat <&1 >%s\n" % (
        path, server.place.base + "/envelope"), mode=0o755)

    def read():
        with open(path, "rb") as source:
            return source.read().split(b"\n", 2)[2]  # without Received
    return read


def test_chunks(server):
    read = keep_message(server)
    text = b"Subject: x\r\n\r\nhello\r\n.\r\n..\r\n"
    assert bdat(server, b"BDAT %d LAST\r\n%s" % (len(text), text), b"QUIT\r\n") == [
        "250 2.0.0", "221 2.0.0"]
    assert read() == text.replace(b"\r\n", b"\n")
    parts = [b"BDAT 1\r\n" + text[n:n + 1] for n in range(len(text))]
    assert bdat(server, *parts, b"BDAT 0 LAST\r\n", b"QUIT\r\n") == [
        "250 2.0.0"] * (len(text) + 1) + ["221 2.0.0"]
    assert read() == text.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("pieces, replies", [
    # Without a message nothing is queued, and the bytes are no commands.
    ((b"RSET\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n",), ["250 2.0.0", "503 5.5.1", "250 2.0.0"]),
    ((b"BDAT x\r\nNOOP\r\n",), ["501 5.5.4", "250 2.0.0"]),
    ((b"BDAT 1 FIRST\r\nNOOP\r\n",), ["501 5.5.4", "250 2.0.0"]),
    ((b"BDAT 18446744073709551616\r\nNOOP\r\n",), ["501 5.5.4", "250 2.0.0"]),
    # RSET in the middle forgets it all.
    ((b"BDAT 3\r\nabcRSET\r\nBDAT 0 LAST\r\nQUIT\r\n",),
     ["250 2.0.0", "250 2.0.0", "503 5.5.1", "221 2.0.0"]),
    # DATA and RCPT do not mix with it.
    ((b"BDAT 3\r\nabcDATA\r\nRCPT TO:<d@here.example>\r\nQUIT\r\n",),
     ["250 2.0.0", "503 5.5.1", "503 5.5.1", "221 2.0.0"]),
    # A lone CR or LF, also where chunks meet.
    ((b"BDAT 3 LAST\r\na\nbQUIT\r\n",), ["554 5.6.0", "221 2.0.0"]),
    ((b"BDAT 2\r\na\rBDAT 1 LAST\r\nbQUIT\r\n",), ["250 2.0.0", "554 5.6.0", "221 2.0.0"]),
    ((b"BDAT 2 LAST\r\na\rQUIT\r\n",), ["554 5.6.0", "221 2.0.0"]),
])
def test_chunks_that_make_no_message(server, pieces, replies):
    assert bdat(server, *pieces) == replies
    assert server.envelope() == b""


def test_chunks_that_are_too_large(server):
    """Each gets its refusal, and its bytes are read."""
    limited(server, databytes="10\n")
    assert bdat(server, b"BDAT 30\r\n" + b"x" * 30, b"BDAT 6\r\nQUIT\r\n", b"BDAT 0 LAST\r\n",
                b"QUIT\r\n") == ["552 5.3.4", "503 5.5.1", "503 5.5.1", "221 2.0.0"]
    assert bdat(server, b"BDAT 6\r\nabcdef", b"BDAT 6\r\nabcdef", b"BDAT 1\r\nx", b"RSET\r\n",
                b"QUIT\r\n") == ["250 2.0.0", "552 5.3.4", "503 5.5.1", "250 2.0.0", "221 2.0.0"]
    assert server.envelope() == b""


def test_each_message_in_chunks_is_a_new_one(server):
    limited(server, databytes="10\n")
    again = START[1].encode() + b"\r\n" + START[2].encode() + b"\r\n"
    for bad, code in ((b"BDAT 3 LAST\r\na\nb", "554 5.6.0"), (b"BDAT 3 LAST\r\na\rb", "554 5.6.0"),
                      (b"BDAT 12 LAST\r\nabcdefghijkl", "552 5.3.4"),
                      (b"BDAT 8 LAST\r\nabcdefgh", "250 2.0.0")):
        replies = bdat(server, bad, b"BDAT 0 LAST\r\n", again, b"BDAT 8 LAST\r\nabcdefgh",
                       b"QUIT\r\n")
        assert replies == [code, "503 5.5.1", "250 2.1.0", "250 2.1.5", "250 2.0.0", "221 2.0.0"]


def test_chunks_are_not_offered_to_helo(server):
    replies = server.talk("HELO x", "MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", "BDAT 5",
                          "NOOP", "QUIT")
    assert words_of(replies, -3, -2, -1) == ["502 5.5.1", "250 2.0.0", "221 2.0.0"]


# ---- UTF-8, proxies, the log

def test_utf8(server):
    read = keep_message(server)
    message = ["MAIL FROM:<j\xc3\xbcrgen@b> SMTPUTF8", "RCPT TO:<\xc3\xbc@here.example>", *MESSAGE]
    replies = server.talk("EHLO x", *message, "MAIL FROM:<a@b> SMTPUTF8=1", "QUIT")
    assert "250-SMTPUTF8" in replies and words_of(replies, -2) == ["501 5.5.4"]
    with open(server.place.base + "/message", "rb") as source:
        assert b"with UTF8SMTP; " in source.read()
    assert read() and b"Fj\xc3\xbcrgen@b\0T\xc3\xbc@here.example\0\0" == server.envelope()


def test_xclient(server):
    """Only from a proxy that is listed; then its client counts."""
    keep_message(server)
    lines = ["EHLO proxy", "XCLIENT NAME=client.example ADDR=IPV6:2001:db8::1 LOGIN=j+40oe",
             "EHLO client", "MAIL FROM:<a@b>", "RCPT TO:<x@there.example>",
             "RCPT TO:<c@here.example>", *MESSAGE, "QUIT"]
    server.env.update(TCPREMOTEIP="192.0.2.1", RELAYCLIENT="")
    replies = server.talk(*lines)
    assert not any("XCLIENT" in reply for reply in replies)
    assert "550 5.7.0 you are no proxy of ours" in replies
    limited(server, xclient="192.0.2.1\n")
    replies = server.talk(*lines)
    assert "250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT" in replies
    assert words_of(replies, -5, -4, -3, -2) == ["553 5.7.1", "250 2.1.5", "354 go", "250 2.0.0"]
    with open(server.place.base + "/message", "rb") as source:
        assert b"from client.example (HELO client) (j@oe@2001:db8::1)" in source.read()


def test_xclient_begins_anew(server):
    """Who spoke before was the proxy, and not in a transaction."""
    keep_message(server)
    limited(server, xclient="192.0.2.1\n")
    server.env.update(TCPREMOTEIP="192.0.2.1")
    replies = server.talk("EHLO proxy", "XCLIENT NAME=client.example", "MAIL FROM:<a@b>",
                          "XCLIENT NAME=other.example", "RCPT TO:<c@here.example>", "BDAT 5",
                          *MESSAGE, "XCLIENT NAME=next.example", "QUIT")
    assert words_of(replies, -7, -6, -5, -3, -2) == [
        "503 5.5.1", "250 2.1.5", "502 5.5.1", "250 2.0.0", "220 here.example"]
    with open(server.place.base + "/message", "rb") as source:
        text = source.read()
    assert b"from client.example (192.0.2.1)" in text and b"with SMTP;" in text
    server.env.update(TCPREMOTEIP="192.0.2.2")
    replies = server.talk("EHLO other", "XCLIENT NAME=client.example", "QUIT")
    assert words_of(replies, -2) == ["550 5.7.0"] and not any("XCLIENT" in one for one in replies)


PROXY = {"TCPREMOTEIP": "192.0.2.1", "TCPREMOTEPORT": "4000", "TCPREMOTEHOST": "proxy.example", "TCPREMOTEINFO": "proxy",
         "TCPLOCALIP": "192.0.2.25", "TCPLOCALPORT": "25", "TCPLOCALHOST": "here.example", "RELAYCLIENT": ""}
MAIL = ["MAIL FROM:<a@b>", "RCPT TO:<c@here.example>", *MESSAGE]


def seen_behind_proxy(server, *commands):
    """What programs find in the environment, of the last message."""
    seen = server.place.base + "/seen"
    server.place.write(seen, "", "root", 0o666)
    server.place.write(server.env["QMAILQUEUE"], "#!/bin/sh\nenv >%s\nexec cat >/dev/null\n" % seen, mode=0o755)
    limited(server, xclient="192.0.2.1\n")
    server.env.update(PROXY)
    replies = server.talk("EHLO proxy", *commands, "QUIT")
    assert words_of(replies, -2) == ["250 2.0.0"], replies
    with open(seen) as source:
        return {key: value for key, _, value in (line.rstrip("\n").partition("=") for line in source)
                if key.startswith("TCP") or key in ("RELAYCLIENT", "SMTPHELO")}


@pytest.mark.parametrize("commands, facts", [
    # What is not told is not known, but for this end of the connection.
    (["XCLIENT ADDR=198.51.100.7"], "TCPREMOTEIP=198.51.100.7 TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 TCPLOCALHOST=here.example"),
    (["XCLIENT NAME=client.example ADDR=IPV6:2001:DB8::1 PORT=5000 LOGIN=j+40oe DESTADDR=198.51.100.25 DESTPORT=587 HELO=x PROTO=ESMTP"],
     "TCPREMOTEIP=2001:db8::1 TCPREMOTEHOST=client.example TCPREMOTEPORT=5000 TCPREMOTEINFO=j@oe TCPLOCALIP=198.51.100.25 "
     "TCPLOCALPORT=587 SMTPHELO=x"),
    (["XCLIENT NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE]"],
     "TCPREMOTEIP=unknown TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 TCPLOCALHOST=here.example"),
    (["XCLIENT NAME=client.example"],
     "TCPREMOTEIP=192.0.2.1 TCPREMOTEHOST=client.example TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 TCPLOCALHOST=here.example"),
    # In two commands; then another client, of whom nothing of the first is left.
    (["XCLIENT ADDR=198.51.100.7 PORT=5000", "XCLIENT NAME=client.example LOGIN=joe"],
     "TCPREMOTEIP=198.51.100.7 TCPREMOTEPORT=5000 TCPREMOTEHOST=client.example TCPREMOTEINFO=joe TCPLOCALIP=192.0.2.25 "
     "TCPLOCALPORT=25 TCPLOCALHOST=here.example"),
    (["XCLIENT NAME=client.example ADDR=198.51.100.7 LOGIN=joe PORT=5000", *MAIL, "XCLIENT ADDR=198.51.100.8"],
     "TCPREMOTEIP=198.51.100.8 TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 TCPLOCALHOST=here.example"),
    # Nothing of a command that cannot be taken, but it is not the proxy.
    *((["XCLIENT ADDR=198.51.100.7" + words], "TCPREMOTEIP=unknown TCPLOCALIP=192.0.2.25 TCPLOCALPORT=25 TCPLOCALHOST=here.example")
      for words in (" ADDR=x", " WHAT=x", " NAME=" + "x" * 300))])
def test_what_programs_see_behind_a_proxy(server, commands, facts):
    """The client, and nothing of the proxy."""
    assert seen_behind_proxy(server, *commands, *MAIL) == dict(fact.split("=") for fact in facts.split())


def test_received_behind_a_proxy(server):
    keep_message(server)
    limited(server, xclient="192.0.2.1\n")
    server.env.update(PROXY)
    server.talk("EHLO proxy", "XCLIENT ADDR=198.51.100.7 DESTADDR=198.51.100.25", "EHLO client", *MAIL, "QUIT")
    with open(server.place.base + "/message", "rb") as source:
        received = b" ".join(source.read().split(b"Received", 2)[1].split())
    assert b"from unknown (HELO client) (198.51.100.7) by 198.51.100.25 with ESMTP" in received


def test_login_behind_a_proxy(server):
    """The way to the proxy is not private, though its client is the proxy's own machine; nor does anybody log in on
    port 25, wherever the proxy listens."""
    limited(server, xclient="192.0.2.1\n127.0.0.1\n")
    server.env.update(PROXY, SMTPAUTH="")
    for ip, told, offers in [
            ("127.0.0.1", "ADDR=127.0.0.1 DESTPORT=587", True), ("127.0.0.1", "ADDR=127.0.0.1", False),
            ("127.0.0.1", "ADDR=198.51.100.7 DESTPORT=587", False), ("192.0.2.1", "ADDR=127.0.0.1 DESTPORT=587", False)]:
        server.env["TCPREMOTEIP"] = ip
        replies = server.talk("EHLO proxy", "XCLIENT " + told, "EHLO client", "QUIT")
        assert ("250-AUTH PLAIN LOGIN" in replies) == offers, (ip, told)


def test_xclient_without_hosts(server):
    """Whom its client may send to cannot be told."""
    server.place.control(me="here.example\n", xclient="192.0.2.1\n")
    os.mkdir(server.place.path("control/rcpthosts"))
    server.env.update(TCPREMOTEIP="192.0.2.1", RELAYCLIENT="")
    replies = server.talk("EHLO proxy", "XCLIENT NAME=client.example", "QUIT")
    assert words_of(replies, -1) == ["421 4.3.0"]


@pytest.mark.parametrize("words", ["", " ", " NAME", " ADDR=x", " NAME=+0", " NAME=+zz",
                                   " NAME=+00", " WHAT=x", " NAME=" + "x" * 300, " ADDR=", " DESTADDR=x",
                                   " PORT=x", " PORT=65536", " DESTPORT=-1"])
def test_xclient_that_is_none(server, words):
    limited(server, xclient="192.0.2.1\n")
    server.env.update(TCPREMOTEIP="192.0.2.1")
    replies = server.talk("EHLO proxy", "XCLIENT" + words, "QUIT")
    assert words_of(replies, -2) == ["501 5.5.4"]



def logged(server, *lines):
    done = subprocess.run([server.place.program("qmail-smtpd")], cwd="/", timeout=60,
                          input=b"".join(line.encode("latin-1") + b"\r\n" for line in lines),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**server.env, "TCPREMOTEIP": "192.0.2.7"},
                          **server.place.as_user("qmaild"))
    return done.stderr.decode().splitlines(), done.stdout.decode()


def test_log(server):
    """Who was refused and why, what was accepted, and how it ended."""
    log, said = logged(server, "HELO cl\"ie\\nt x=\x01", "MAIL FROM:<a@b>",
                       "RCPT TO:<x@there.example>", "RCPT TO:<c@here.example>", *MESSAGE, "QUIT")
    pid = log[0].split("pid=")[1].split()[0]
    client = 'pid=%s client="192.0.2.7"' % pid
    helo = r'helo="cl\x22ie\x5cnt x=\x01" from="a@b"'
    assert log[0] == ('smtpd refused %s %s address="x@there.example" '
                      'reply="553 5.7.1 we take no mail for that domain"' % (client, helo))
    qp = said.split(" qp ")[1].split()[0]
    assert log[1] == 'smtpd accepted %s %s to="c@here.example" recipients=1 size=14 qp=%s' % (
        client, helo, qp)
    assert log[2].startswith("smtpd closed %s messages=1 recipients=1 bytes=14 refusals=1 " % client)
    assert log[2].endswith(" end=quit") and len(log) == 3


def test_log_is_bounded(server):
    limited(server, maxerrors="0\n")
    log, _ = logged(server, "HELO " + "y" * 4000, *["X" * 5000] * 500)
    assert len(log) == 101 and "refusals=500" in log[-1] and log[-1].endswith(" end=gone")
    assert all(len(line) < 1000 for line in log)


def test_log_does_not_go_to_the_client(server):
    """Under inetd descriptor 2 is the connection."""
    ours, theirs = socket.socketpair()
    ours.sendall(b"X\r\nQUIT\r\n")
    child = subprocess.Popen([server.place.program("qmail-smtpd")], stdin=theirs, stdout=theirs,
                             stderr=theirs, cwd="/", env=server.env,
                             **server.place.as_user("qmaild"))
    theirs.close()
    assert child.wait(30) == 0
    said = b""
    while data := ours.recv(65536):
        said += data
    assert [line[:3] for line in said.splitlines()] == [b"220", b"502", b"221"]


@pytest.mark.parametrize("room", [0, 4096])
def test_nobody_reads_the_log(server, room):
    """Mail is not held up by it: who hears no reply sends again."""
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(ours, b"x" * 4096)
    if room:
        os.read(theirs, room)
    os.set_blocking(ours, True)
    refused = ["RCPT TO:<%s@%s>" % ("\x7f" * 60, "y" * 900)] * 20
    try:
        done = subprocess.run(
            [server.place.program("qmail-smtpd")], cwd="/", env=server.env, timeout=30, stderr=ours,
            input=b"".join(line.encode("latin-1") + b"\r\n" for line in (
                "HELO " + "\xe9" * 300, 'MAIL FROM:<"%s"@b>' % ("\xe9" * 300), *refused,
                "RCPT TO:<c@here.example>", *MESSAGE, "QUIT")),
            stdout=subprocess.PIPE, **server.place.as_user("qmaild"))
        assert b"\r\n250 2.0.0 ok " in done.stdout and done.returncode == 0
    finally:
        os.close(ours)
        os.close(theirs)
