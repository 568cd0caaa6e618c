"""qmail-inject and sendmail: what they make of trouble, and of whatever the
environment of their caller holds."""

import subprocess

import pytest

from support import faults

HEADER = "From: a@here.example\nTo: b@here.example\n\n"


class Caller:
    def __init__(self, place):
        self.place = place
        place.control(me="here.example\n", rcpthosts="here.example\n")
        self.text = place.base + "/text"
        self.got = {name: place.base + "/got-" + name for name in ("message", "envelope")}
        path = place.base + "/queue-program"
        place.write(path, "#!/bin/sh\ncat >%(message)s; cat <&1 >%(envelope)s\n" % self.got,
                    mode=0o755)
        self.env = {"PATH": "/usr/bin:/bin", "QMAILQUEUE": path, "USER": "ann"}

    def run(self, program, *words, text=HEADER + "x\n", strace=(), env=None):
        """Exit code and both outputs."""
        self.place.write(self.text, text)
        for path in self.got.values():
            self.place.write(path, "", "root", 0o666)
        with open(self.text, "rb") as source:
            done = subprocess.run(
                [*strace, self.place.program(program), *words], stdin=source,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", timeout=60,
                env={**self.env, **(env or {})}, **self.place.as_user("nobody"))
        return done.returncode, done.stdout.decode("latin-1")

    def read(self, name):
        with open(self.got[name], "rb") as source:
            return source.read().decode("latin-1")


@pytest.fixture
def caller(fresh):
    return Caller(fresh)


@pytest.mark.parametrize("words", [[], ["-n"]])
def test_message_cannot_be_read(caller, words):
    """Its header or its body, whichever read fails: it is not sent as if that
    were all."""
    if faults.missing():
        pytest.skip(faults.missing())
    for number in range(1, 6):
        code, said = caller.run("qmail-inject", *words, text=HEADER + "a line\n" * 60000, strace=[
            "strace", "-o", "/dev/null", "-P", caller.text,
            "--inject=read:error=EIO:when=%d" % number])
        assert code == 111 and "cannot read the message" in said, number
        assert not caller.read("envelope").endswith("\0\0")


@pytest.mark.parametrize("size", [1, 8191, 8192, 65535, 65536, 65537, 200000])
def test_size(caller, size):
    body = ("a line of text\n" * (size // 15 + 1))[:size - 1] + "\n"
    assert caller.run("qmail-inject", text=HEADER + body) == (0, "")
    assert caller.read("message").partition("\n\n")[2] == body
    assert caller.read("envelope") == "Fann@here.example\0Tb@here.example\0\0"


def test_queue_program_goes_away(caller):
    caller.place.write(caller.env["QMAILQUEUE"], "#!/bin/sh\nexit 53\n", mode=0o755)
    code, said = caller.run("qmail-inject", text=HEADER + "a line\n" * 100000)
    assert code == 111 and "#4.3.0" in said


@pytest.mark.parametrize("name", ["QMAILNAME", "QMAILUSER", "QMAILHOST"])
@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_environment_adds_no_field(caller, name, ending):
    code, _ = caller.run("qmail-inject", text="To: b@here.example\n\nx\n",
                         env={name: "x" + ending + "Bcc: evil@here.example"})
    message, envelope = caller.read("message"), caller.read("envelope")
    if code == 0:
        assert "\r" not in message.partition("\n\n")[0]
        assert "\nBcc:" not in message
    assert "Tevil" not in envelope and "\r" not in envelope and "\n" not in envelope


@pytest.mark.parametrize("name", ["QMAILNAME", "MAILNAME", "NAME", "QMAILHOST", "MAILHOST"])
def test_sender_of_sendmail(caller, name):
    """-f stands before all that the environment says of the sender."""
    assert caller.run("sendmail", "-fjane@b.example", "b@here.example", text="x: y\n\nx\n",
                      env={name: "other.example"}) == (0, "")
    assert "\nFrom: jane@b.example\n" in caller.read("message")
    assert caller.read("envelope").startswith("Fjane@b.example\0")


def test_sender_without_host(caller):
    """It gets the default one, not that of the environment."""
    for name in ("QMAILHOST", "MAILHOST"):
        caller.run("sendmail", "-fjane", "b@here.example", text="x: y\n\nx\n",
                   env={name: "other.example"})
        assert "\nFrom: jane@here.example\n" in caller.read("message")


SESSION = ("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@elsewhere.example>\r\nDATA\r\n"
           "Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")


def test_sendmail_speaks_smtp(caller):
    """-bs: the caller may send to everywhere, and the trace says who it was."""
    code, said = caller.run("sendmail", "-bs", text=SESSION)
    assert code == 0 and "\r\n553 " not in said
    assert caller.read("envelope") == "Fa@b\0Tc@elsewhere.example\0\0"
    assert "sendmail-bs@127.0.0.1" in caller.read("message")


def test_sendmail_below_tcpserver(caller):
    """Where the peer is known it is not replaced, and may not relay."""
    env = {"PROTO": "TCP", "TCPREMOTEIP": "203.0.113.9", "TCPREMOTEHOST": "client.example",
           "TCPLOCALHOST": "mx.example"}
    _, said = caller.run("sendmail", "-bs", text=SESSION, env=env)
    assert "\r\n553 " in said and not caller.read("envelope")
    local = SESSION.replace("elsewhere", "here")
    assert caller.run("sendmail", "-bs", text=local, env=env)[0] == 0
    assert "client.example" in caller.read("message")
    assert "sendmail-bs" not in caller.read("message")
