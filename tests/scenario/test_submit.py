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


# ---- mail as programs send it

@pytest.mark.parametrize("arguments, recipients", [
    (["a@x.example,b@y.example"], ["a@x.example", "b@y.example"]),
    (["Bob <b@y.example>"], ["b@y.example"]), ([" b@y.example "], ["b@y.example"]),
    (["root,", "a@x.example , Jane Doe <j@y.example>"],
     ["root@here.example", "a@x.example", "j@y.example"]),
    (['"j doe"@x.example'], ["j doe@x.example"]), (["(the list) l@x.example"], ["l@x.example"]),
    (["a@[192.0.2.1]"], ["a@[192.0.2.1]"]), (["friends: a@x.example, b@y.example;"],
                                            ["a@x.example", "b@y.example"])])
def test_recipients_of_sendmail_are_lists(caller, arguments, recipients):
    """cron hands over MAILTO as it is."""
    code, said = caller.run("sendmail", *arguments)
    assert (code, said) == (0, "")
    assert caller.read("envelope") == "Fann@here.example\0%s\0" % "".join(
        "T%s\0" % one for one in recipients)


@pytest.mark.parametrize("argument", ["a@x.example )", '"a@x.example', "<a@x.example", "a\\"])
def test_no_list_of_addresses(caller, argument):
    code, said = caller.run("sendmail", "b@y.example", argument)
    assert code == 100 and said.startswith("sendmail: fatal: this is no list of addresses: ")
    assert caller.read("envelope") == ""


@pytest.mark.parametrize("words, text", [
    ([], HEADER), ([""], HEADER), (["<>"], HEADER), ([",,"], HEADER), (["-t"], "Subject: x\n\nx\n"),
    (["-t"], "To: <>\n\nx\n"), (["-t", ""], "\nTo nobody\n")])
def test_nobody_to_send_to(caller, words, text):
    """Never queued to nobody."""
    code, said = caller.run("sendmail", *words, text=text)
    assert code == 100 and "nobody is named as recipient" in said
    assert not caller.read("envelope").endswith("\0\0")


@pytest.mark.parametrize("word, letter", [("-s", "s"), ("-iZfoo", "Z"), ("-tf", "f")])
def test_sendmail_names_the_option_that_it_refuses(caller, word, letter):
    code, said = caller.run("sendmail", word, text="x: y\n\nx\n")
    assert code == 100 and said.endswith(": -%s\n" % letter)


@pytest.mark.parametrize("top", ["", "\xef\xbb\xbf", "\n", "\n\r\n", "\xef\xbb\xbf\n",
                                 "From ann Thu Jan  1 00:00:00 1970\n",
                                 ">From ann Thu Jan  1 00:00:00 1970\n"])
def test_what_stands_before_the_header(caller, top):
    code, _ = caller.run("sendmail", "-t", text=(top + HEADER + "x\n").encode("latin-1"))
    assert code == 0 and caller.read("envelope") == "Fann@here.example\0Tb@here.example\0\0"
    header, _, body = caller.read("message").partition("\n\n")
    assert body == "x\n" and "\nFrom: a@here.example\nTo: b@here.example" in "\n" + header


def test_empty_header(caller):
    """An empty line and no header behind it."""
    code, _ = caller.run("sendmail", "b@here.example", text="\nNote: x\n")
    assert code == 0 and caller.read("message").endswith("\n\nNote: x\n")


@pytest.mark.parametrize("body", ["one\r\ntwo\r\n", "one\r\n\r\ntwo", "a\rb\r\n\r", "\r\r\n",
                                  "x" * 8180 + "\r\n" * 9000, "\r" * 20000 + "\n"])
def test_lines_that_end_in_cr_lf(caller, body):
    """If the first one does they are converted, whatever comes in one read."""
    text = (HEADER.replace("\n", "\r\n") + body).encode("latin-1")
    code, _ = caller.run("sendmail", "-t", text=text)
    header, _, got = caller.read("message").partition("\n\n")
    assert code == 0 and "\r" not in header
    assert got == (body + ("" if body.endswith("\n") else "\n")).replace("\r\n", "\n")


def test_other_lines_stay(caller):
    code, _ = caller.run("sendmail", "-t", text=(HEADER + "one\r\ntwo\r\n").encode("latin-1"))
    assert code == 0 and caller.read("message").endswith("\n\none\r\ntwo\r\n")


def test_user_whom_no_variable_tells(caller):
    """As cron and daemons run it: the account of its uid."""
    del caller.env["USER"]
    code, _ = caller.run("sendmail", "b@here.example", text="Subject: x\n\nx\n")
    assert code == 0 and caller.read("envelope") == "Fnobody@here.example\0Tb@here.example\0\0"
    assert "From: nobody@here.example\n" in caller.read("message")
    for name in ("QMAILUSER", "MAILUSER", "USER", "LOGNAME"):
        caller.run("sendmail", "b@here.example", env={name: "joe"})
        assert caller.read("envelope").startswith("Fjoe@here.example\0")


def test_notifications(caller):
    """-N, -R and -V get into the envelope, if qmail-queue itself takes it."""
    place = caller.place
    words = ["-N", "success,Never"], ["-N", "often"], ["-R", "some"], ["-V", "x" * 101]
    for one in words:
        code, said = caller.run("sendmail", *one, "b@here.example")
        assert code == 100 and "usage" in said, one
    code, _ = caller.run("sendmail", "-N", "success,delay", "-R", "hdrs", "-V", "a b+c",
                         "b@here.example", "c@here.example")
    assert code == 0 and caller.read("envelope") == (
        "Fann@here.example\0Tb@here.example\0Tc@here.example\0\0")
    code, _ = caller.run("sendmail", "-N", "success,delay", "-R", "hdrs", "-V", "a b+c",
                         "b@here.example", "c@here.example", env={"QMAILQUEUE": ""})
    assert code == 0
    (path,) = place.queue_files()["intd"].values()
    with open(path, "rb") as source:
        assert source.read().endswith(
            b"Fann@here.example\0ERET=HDRS ENVID=a+20b+2Bc\0RNOTIFY=SUCCESS,DELAY\0"
            b"Tb@here.example\0RNOTIFY=SUCCESS,DELAY\0Tc@here.example\0\0")


# ---- fields that nobody can parse

@pytest.mark.parametrize("field", [
    "From: \"Unclosed <a@x.example>", "From: Web (Shop <n@x.example>", "Reply-To: a@x.example>",
    "Sender: <<a>>", "Return-Path: garbage <<", "Cc: )", "Bcc: ["])
@pytest.mark.parametrize("words", [["-t"], ["b@y.example"]])
def test_they_are_no_reason_to_refuse(caller, field, words):
    """They are sent as they are, and named; who gets the mail is known."""
    code, said = caller.run("sendmail", *words,
                            text=field + "\nTo: b@y.example\nSubject: s\n\nx\n")
    name = field.partition(":")[0]
    assert code == 0 and said == "qmail-inject: warning: cannot parse the addresses in %s\n" % name
    assert caller.read("envelope").endswith("\0Tb@y.example\0\0")
    hidden = name in ("Return-Path", "Bcc")
    assert (field + "\n" in caller.read("message")) != hidden


def test_what_can_be_told_of_them(caller):
    code, _ = caller.run("sendmail", "-t", text="To: good@y.example\n" +
                         "Cc:\n <A B <first@e.example>, C <second@e.example>\nSubject: s\n\nx\n")
    assert code == 0
    recipients = caller.read("envelope").strip("\0").split("\0T")[1:]
    assert sorted(recipients) == ["first@e.example", "good@y.example", "second@e.example"]


def test_nobody_can_be_told(caller):
    """Then the word on the field stands beside the refusal."""
    code, said = caller.run("sendmail", "-t", text="To: (nobody\nSubject: s\n\nx\n")
    assert code == 100 and "addresses in To\n" in said and "nobody is named" in said


@pytest.mark.parametrize("program", ["qmail-inject", "new-inject", "mailsubj"])
@pytest.mark.parametrize("words, recipients", [
    ([""], None), (["", ""], None), (["", "b@y.example"], "Tb@y.example\0"),
    (["b@y.example", ""], "Tb@y.example\0")])
def test_arguments_that_are_empty(caller, program, words, recipients):
    """As a variable is that was not set."""
    if program == "mailsubj":
        words = ["a subject", *words]
    code, _ = caller.run(program, *words)
    if recipients is None:
        assert code == 100 and not caller.read("envelope")
    else:
        assert code == 0 and caller.read("envelope") == "Fann@here.example\0%s\0" % recipients


@pytest.mark.parametrize("words, is_anybody", [
    (["Ann <>"], False), (["<>", "Ann\t< >"], False), ([","], False), (["\n"], False),
    (["Ann <>, b@y.example"], True), (["Ann <>", "Bob <b@y.example>"], True)])
def test_subject_for_empty_brackets(caller, words, is_anybody):
    code, _ = caller.run("mailsubj", "a subject", *words)
    assert (code, "Tb@y.example" in caller.read("envelope")) == (
        (0, True) if is_anybody else (100, False))


@pytest.mark.parametrize("program", ["qmail-inject", "new-inject"])
@pytest.mark.parametrize("words, code", [
    (["-H", ""], 0), (["-h", ""], 0), (["-a", ""], 100), (["-a"], 0)])
def test_empty_arguments_beside_the_header(caller, program, words, code):
    assert caller.run(program, *words, text="To: b@y.example\n\nx\n")[0] == code
    assert ("Tb@y.example" in caller.read("envelope")) == (words[0] != "-a")


def test_names_stay_as_they_are(caller):
    names = ["John Q. Public", "\"[foo] bar\"", "J\xc3\xbcrgen M\xfcller", "=?utf-8?q?a?= =?utf-8?q?b?="]
    lines = "".join("Cc: %s <b@y.example>\n" % name for name in names)
    assert caller.run("sendmail", "-t", text=(lines + "\nx\n").encode("latin-1"))[0] == 0
    assert all("Cc: %s <b@y.example>\n" % name in caller.read("message") for name in names)
