"""qmail-milter: messages shown to milters, by libmilter and by hand."""

import base64
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import threading

import pytest

from support import process, unpacked
from test_queuefilters import ENVELOPE, Filters

LETTER = "Received: from there by here\nReceived: older\nSubject: a letter\nX-Two: 1\nX-two:2\n\nhello\nworld\n"
PEER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support/milterpeer.py")


class Milters(Filters):
    def __init__(self, town):
        super().__init__(town)
        self.folder = unpacked.fresh(self.place, "milter")
        os.chmod(self.folder, 0o777)
        self.log = self.folder + "/log"
        self.orders = self.folder + "/orders"

    def begin(self, inet=None, **orders):
        """A milter, and the line that shows it messages."""
        name = "%s/socket%d" % (self.folder, len(self.lines))
        address = inet or "unix:" + name
        self.order(**orders)
        self.town.begin([sys.executable, PEER, address, self.orders, self.log], cwd="/",
                        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"})
        if inet:
            self.town.until(lambda: self.is_listening(int(inet.split(":")[1].split("@")[0])), "a milter")
        else:
            self.town.until(lambda: os.path.exists(name), "a milter")
            os.chmod(name, 0o777)
        self.use(address)

    def order(self, **orders):
        with open(self.orders, "w") as out:
            json.dump(orders, out)

    @staticmethod
    def is_listening(port):
        with open("/proc/net/tcp") as source:
            return any(":%04X 00000000:0000 0A" % port in line for line in source)

    def use(self, address, *words):
        self.lines.append("outside,relay,login,local: %s\n" % " ".join(("qmail-milter", *words, address)))
        self.put("".join(self.lines))

    def seen(self):
        """All that the milter was shown, up to the end of the connection."""
        found = []

        def is_over():
            if os.path.exists(self.log):
                with open(self.log) as source:
                    found[:] = json.load(source)
            return found and found[-1] == ["close"]

        self.town.until(is_over, "the end of a connection")
        return found


@pytest.fixture
def milters(town):
    pytest.importorskip("Milter")
    yield Milters(town)
    assert os.listdir(town.place.path("spool")) == []


def test_all_is_shown(milters):
    milters.begin(space=False)
    milters.offer(LETTER, TCPREMOTEHOST="mx.there.example", TCPREMOTEPORT="4711", SMTPHELO="hi.there.example")
    assert milters.queued() == [(LETTER, ENVELOPE)]
    seen = milters.seen()
    number = seen[2][-1].pop("i")
    assert seen[-2] == ["eom"] and seen[-1] == ["close"] and number
    macros = {"j": "here.example", "{daemon_name}": "outside", "{client_addr}": "192.0.2.1",
              "{client_name}": "mx.there.example"}
    assert seen[:2] == [["connect", "mx.there.example", "2", ["192.0.2.1", 4711], macros], ["helo", "hi.there.example"]]
    assert seen[2] == ["mail", "<joe@there.example>", {**macros, "{mail_addr}": "joe@there.example"}]
    assert seen[3][:2] == ["rcpt", "<ann@here.example>"] and seen[3][2]["{rcpt_addr}"] == "ann@here.example"
    assert seen[4:-2] == [
        ["data"], ["header", "Received", "older"], ["header", "Subject", "a letter"], ["header", "X-Two", "1"],
        ["header", "X-two", "2"], ["eoh"], ["body", 14, "hello\r\nworld\r\n"]]


def test_addresses_end_where_they_end(milters):
    """A stranger cannot have a milter read another sender."""
    milters.begin()
    sender = 'x@evil.example> "@good.example'
    milters.offer(LETTER, envelope=process.envelope(sender, "a>b@here.example"))
    quoted = '"x@evil.example> \\""@good.example'
    assert milters.seen()[2][1] == "<%s>" % quoted and milters.seen()[2][-1]["{mail_addr}"] == quoted
    assert milters.seen()[3][1] == '<"a>b"@here.example>' and milters.seen()[3][-1]["{rcpt_addr}"] == '"a>b"@here.example'
    milters.queued()


@pytest.mark.parametrize("environment, connection", [
    ({"TCPREMOTEIP": "2001:db8::1"}, ["[2001:db8::1]", "10", ["2001:db8::1", 0, 0, 0]]),
    ({"TCPREMOTEIP": "strange"}, ["[strange]", "0", None])])
def test_clients(milters, environment, connection):
    milters.begin()
    milters.offer(LETTER, **environment)
    assert milters.seen()[0][1:3] == connection[:2]
    if connection[2]:
        assert milters.seen()[0][3][0] == connection[2][0]
    assert milters.seen()[1] == ["helo", connection[0]]


def test_a_user_who_has_logged_in(milters):
    milters.begin()
    milters.offer(LETTER, RELAYCLIENT="", SMTPAUTHUSER="ann")
    macros = milters.seen()[2][-1]
    assert (macros["{daemon_name}"], macros["{auth_authen}"], macros["{auth_type}"]) == ("login", "ann", "PLAIN")


def test_a_user_of_this_machine(milters):
    """Has no trace of ours that would be hidden."""
    milters.begin()
    milters.town.open()
    milters.town.run_as("bob", [milters.place.program("sendmail"), "ann@here.example"],
                        "Received: mine\nSubject: by hand\n\nhello\n")
    seen = milters.seen()
    assert seen[0][1:4] == ["localhost", "2", ["127.0.0.1", 0]] and seen[1] == ["helo", "localhost"]
    assert ["header", "Received", "mine"] in seen
    milters.town.letter("ann", "by hand")


STEPS = ["connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body"]


@pytest.mark.parametrize("quiet", [STEPS, *([step] for step in STEPS)], ids=" ".join)
def test_steps_without_answers(milters, quiet):
    milters.begin(quiet=quiet)
    milters.offer(LETTER)
    assert milters.queued() == [(LETTER, ENVELOPE)]
    assert [step[0] for step in milters.seen()] == [
        "connect", "helo", "mail", "rcpt", "data", *["header"] * 4, "eoh", "body", "eom", "close"]


@pytest.mark.parametrize("unwanted", [STEPS, *([step] for step in STEPS)], ids=" ".join)
def test_steps_that_are_not_wanted(milters, unwanted):
    milters.begin(unwanted=unwanted)
    milters.offer(LETTER)
    assert milters.queued() == [(LETTER, ENVELOPE)]
    assert {step[0] for step in milters.seen()} == {*STEPS, "eom", "close"} - set(unwanted)


@pytest.mark.parametrize("step", ["connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "eom"])
def test_last_words(milters, step):
    """Of each step."""
    milters.begin()
    for answer, code, words in (
            ("reject", 82, "Da mail filter refuses it (#5.7.1)"), ("discard", 0, ""), ("accept", 0, ""),
            ("tempfail", 82, "Za mail filter does not want it now (#4.7.1)"),
            (["550", "5.7.9", "go away"], 82, "Dgo away (#5.7.9)"), (["451", "4.2.0", "later"], 82, "Zlater (#4.2.0)")):
        milters.order(**{step: answer})
        said, told = milters.offer(LETTER, code=code)
        assert said == words and ("discarded" in told) == (answer == "discard")
        assert milters.queued() == ([(LETTER, ENVELOPE)] if answer == "accept" else [])


def test_enough(milters):
    """A milter that has seen enough of a kind gets no more of it."""
    milters.begin(rcpt="skip", header="skip", body="skip")
    many = process.envelope("joe@there.example", "ann@here.example", "bob@here.example")
    milters.offer(LETTER + "x" * 200000, envelope=many)
    assert [step[0] for step in milters.seen()].count("rcpt") == 1
    assert [step[0] for step in milters.seen()].count("header") == 1
    assert [step[0] for step in milters.seen()].count("body") == 1
    milters.queued()


HEAD, TEXT = LETTER.split("\n\n")
OURS, OLDER, SUBJECT, TWO, TWO_AGAIN = HEAD.split("\n")
LINES = [OURS, OLDER, SUBJECT, TWO, TWO_AGAIN]


def changed(*lines):
    return "\n".join(lines) + "\n\n" + TEXT


@pytest.mark.parametrize("changes, message, envelope", [
    ([["addheader", "X-New", "value"]], changed(*LINES, "X-New: value"), None),
    ([["addheader", "X-New", "value", 0]], changed("X-New: value", *LINES), None),
    ([["addheader", "X-New", "value", 1]], changed(OURS, "X-New: value", *LINES[1:]), None),
    ([["addheader", "X-New", "value", 99]], changed(*LINES, "X-New: value"), None),
    ([["addheader", "X-New", "a\n\tb\n c\nd\n\ne"]], changed(*LINES, "X-New: a", "\tb", " c", "\td", "\te"), None),
    ([["chgheader", "subject", 1, "another"]], changed(OURS, OLDER, "Subject: another", TWO, TWO_AGAIN), None),
    ([["chgheader", "X-Two", 2, "new"]], changed(OURS, OLDER, SUBJECT, TWO, "X-two: new"), None),
    ([["chgheader", "X-Two", 3, "new"]], changed(*LINES, "X-Two: new"), None),
    ([["chgheader", "X-Two", 1, ""], ["chgheader", "X-Two", 2, ""]], changed(OURS, OLDER, SUBJECT), None),
    ([["chgheader", "X-None", 1, ""]], LETTER, None),
    ([["chgheader", "Received", 1, ""]], changed(OURS, SUBJECT, TWO, TWO_AGAIN), None),
    ([["replacebody", "one\r\ntwo\r\n"]], HEAD + "\n\none\ntwo\n", None),
    ([["replacebody", "one\r"], ["replacebody", "\ntwo\r\n"]], HEAD + "\n\none\ntwo\n", None),
    ([["quarantine", "a virus"]], changed("X-Quarantine: a virus", *LINES), None),
    ([["addrcpt", "<bob@here.example>"]], LETTER,
     process.envelope("joe@there.example", "ann@here.example", "bob@here.example")),
    ([["addrcpt", "bob@here.example", "NOTIFY=NEVER"], ["delrcpt", "<Ann@here.example>"]], LETTER,
     process.envelope("joe@there.example", "bob@here.example")),
    ([["chgfrom", "<jim@there.example>"]], LETTER, process.envelope("jim@there.example", "ann@here.example")),
    ([["chgfrom", "<>", "SIZE=1"]], LETTER, process.envelope("", "ann@here.example"))])
def test_changes(milters, changes, message, envelope):
    milters.begin(changes=changes)
    assert milters.offer(LETTER) == ("", "")
    assert milters.queued() == [(message, envelope or ENVELOPE)]


def test_values_as_they_are(milters):
    """A milter may want to see, and to write, the space behind a colon."""
    milters.begin(space=True, changes=[["addheader", "X-New", "value"], ["chgheader", "X-Two", 1, "  2"]])
    milters.offer(LETTER)
    assert ["header", "X-Two", " 1"] in milters.seen() and ["header", "X-two", "2"] in milters.seen()
    assert milters.queued() == [(changed(OURS, OLDER, SUBJECT, "X-Two:  2", TWO_AGAIN, "X-New:value"), ENVELOPE)]


def test_nobody_is_left(milters):
    milters.begin(changes=[["delrcpt", "ann@here.example"]])
    assert "discarded" in milters.offer(LETTER)[1]
    assert milters.queued() == []


def test_what_is_asked_for_a_recipient_goes_with_it(milters):
    milters.begin(changes=[["delrcpt", "ann@here.example"]])
    milters.offer(LETTER, envelope=b"Fjoe@there.example\0RNOTIFY=NEVER\0Tann@here.example\0"
                   b"RNOTIFY=DELAY\0Tbob@here.example\0\0")
    assert milters.queued() == [(LETTER, b"Fjoe@there.example\0RNOTIFY=DELAY\0Tbob@here.example\0\0")]


def test_in_order(milters):
    """By a path and by a port; the second sees what the first has made."""
    milters.begin(changes=[["addheader", "X-One", "1"]])
    milters.log += "2"
    milters.orders += "2"
    milters.begin(inet="inet:8899@127.0.0.1", changes=[["chgheader", "X-One", 1, "2"]])
    milters.offer(LETTER)
    assert ["header", "X-One", "1"] in milters.seen()
    assert milters.queued() == [(changed(*LINES, "X-One: 2"), ENVELOPE)]


@pytest.mark.parametrize("message", ["", "\n", "no header\n", "Subject: x", "Subject: x\n", "\nbody\n", "Subject: x\nno field\n"])
def test_strange_messages(milters, message):
    milters.begin(changes=[["addheader", "X-New", "value"]])
    milters.offer(message)
    head = "Subject: x\n" if message.startswith("S") else ""
    body = message[len(head):] if not message[len(head):].startswith("\n") else message[len(head) + 1:]
    if message == "Subject: x":
        body = ""
    assert milters.queued() == [(head + "X-New: value\n\n" + body, ENVELOPE)]


def test_a_large_message(milters):
    """In constant memory, in parts that a milter takes."""
    milters.begin()
    text = LETTER + "x" * 70 + "\n" * 30000 + ("y" * 99 + "\n") * 200000
    milters.offer(text)
    parts = [step[1] for step in milters.seen() if step[0] == "body"]
    assert sum(parts) == len(text[len(HEAD) + 2:].replace("\n", "\r\n")) and max(parts) <= 65535
    assert milters.queued() == [(text, ENVELOPE)]


def test_a_large_header(milters):
    milters.begin()
    said, _ = milters.offer("X: %s\n\nhello\n" % ("y" * (1 << 20)), code=82)
    assert "(#5.3.4)" in said


# ---- milters that are none

ACCEPT, TERMS = b"\0\0\0\x01a", b"\0\0\0\x0dO\0\0\0\x06\0\0\0\xff"
UNWANTED = struct.pack(">I", 0x3FF & ~0x400 & ~0x100)
GREETING = TERMS + UNWANTED


def packet(letter, data=b""):
    return struct.pack(">I", len(data) + 1) + letter + data


class Peer:
    """Says what it is told, and hangs up."""

    def __init__(self, path, *parts):
        self.parts = parts
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.door.bind(path)
        os.chmod(path, stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
        self.door.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        link = self.door.accept()[0]
        with link:
            for part in self.parts:
                try:
                    if not link.recv(65536):
                        return
                    link.sendall(part)
                except OSError:
                    return
            if self.parts and self.parts[-1] == b"":
                link.recv(65536)  # says nothing, until the other hangs up

    def close(self):
        self.door.close()


def hostile(milters, *parts, words=()):
    path = milters.folder + "/hostile"
    peer = Peer(path, *parts)
    milters.use("unix:" + path, *words)
    return peer


@pytest.mark.parametrize("parts, trouble", [
    ([b"\0"], "broke off"), ([b"\0\0\0\0"], "no milter"), ([b"\xff\xff\xff\xff"], "no milter"),
    ([b"220 mx.here.example ESMTP\r\n"], "no milter"), ([packet(b"c")], "no milter"),
    ([packet(b"O", b"\0\0\0\x06")], "no milter"), ([packet(b"O", b"\0\0\0\x07" + b"\0" * 8)], "no milter"),
    ([packet(b"O", b"\0\0\0\x01" + b"\0" * 8)], "no milter"),
    ([packet(b"O", b"\0\0\0\x06" + b"\0\0\x01\0" + b"\0" * 4), packet(b"c") * 9], "no milter"),
    ([packet(b"O", b"\0\0\0\x06" + b"\0" * 4 + b"\0\0\x08\0"), packet(b"c") * 9], "no milter"),
    ([GREETING, packet(b"h", b"a\0" + b"c" * (1 << 20) + b"\0") + packet(b"c")], "no milter"),
    ([GREETING], "broke off"), ([GREETING, packet(b"z")], "not known"), ([GREETING, packet(b"p") * 100], "broke off"),
    ([GREETING, packet(b"y", b"250 fine\0")], "no reply|is none"), ([GREETING, packet(b"y", b"550")], "is none|reply"),
    ([GREETING, packet(b"+", b"<a@b>")], "change that is none"), ([GREETING, packet(b"+", b"<>\0")], "recipient that is none"),
    ([GREETING, packet(b"+", b"x" * 1002 + b"\0")], "recipient that is none"),
    ([GREETING, packet(b"e", b"x" * 1002 + b"\0")], "sender that is none"),
    ([GREETING, packet(b"h", b"a b\0c\0")], "field that is none"), ([GREETING, packet(b"h", b"a:\0c\0")], "field that is none"),
    ([GREETING, packet(b"h", b"\0c\0")], "field that is none"), ([GREETING, packet(b"m", b"\0\0a\0c\0")], "change that is none"),
    ([GREETING, packet(b"h", b"a\0" + b"c" * 1000000 + b"\0") * 5], "too many changes"),
    ([GREETING, packet(b"h", b"a\0c\0") * 10001], "too many changes"),
    ([TERMS[:-1] + b"\0" + UNWANTED, packet(b"b", b"x")], "change that is none"),
    ([TERMS[:-1] + b"\x02" + UNWANTED, packet(b"h", b"a\0c\0")], "change that is none"),
    ([GREETING, packet(b"h", b"X-New\0c\0") + packet(b"b", b"another\r\n") + b"\0\0\0\x05"], "broke off")], ids=range(29))
def test_no_milter(milters, parts, trouble):
    """Nothing of what it said is done; the message waits, goes on or is refused."""
    for fallback, code, said in (
            ("tempfail", 82, "Za mail filter cannot be asked (#4.3.0)"), ("accept", 0, ""),
            ("reject", 82, "Da mail filter cannot be asked (#5.3.0)")):
        milters.lines = []
        peer = hostile(milters, *parts, words=("-a", fallback))
        words, told = milters.offer(LETTER, code=code)
        assert words == said and any(part in told for part in trouble.split("|")), told
        assert milters.queued() == ([(LETTER, ENVELOPE)] if fallback == "accept" else [])
        peer.close()
        os.unlink(milters.folder + "/hostile")


def test_nobody_there(milters):
    for address, trouble in (
            ("unix:/no/such", "No such file"), ("inet:1@127.0.0.1", "refused"), ("inet:1@there.example", "Invalid"),
            ("inet:99999@127.0.0.1", "Invalid"), ("tcp:1", "Invalid"), ("unix:", "Invalid"), ("unix:" + "x" * 200, "too long")):
        milters.lines = []
        milters.use(address)
        words, told = milters.offer(LETTER, code=82)
        assert words == "Za mail filter cannot be asked (#4.3.0)" and trouble in told, told
    assert milters.queued() == []


def test_silence(milters):
    milters.lines = []
    hostile(milters, b"", words=("-t", "1"))
    assert "timed out" in milters.offer(LETTER, code=82)[1]


def test_it_is_patient(milters):
    """With a milter that asks for it."""
    hostile(milters, GREETING, packet(b"p") * 1000 + packet(b"h", b"X-New\0c\0") + packet(b"c"))
    milters.offer(LETTER)
    assert milters.queued() == [(changed(*LINES, "X-New: c"), ENVELOPE)]


@pytest.mark.parametrize("reply, said", [
    (b"550 no\0", "Dno (#5.7.1)"), (b"450 5.1.1 no\0", "Z5.1.1 no (#4.7.1)"), (b"550 5.1.1\0", "Da mail filter says so (#5.1.1)"),
    (b"550-5.1.1 one\r\n550 5.1.1 two\0", "Done 5.1.1 two (#5.1.1)"), (b"550 a\rb\xff\0", "Da?b? (#5.7.1)"),
    # sendmail and Postfix take it for a format.
    (b"550 5.7.1 100%% spam, 5%, %%%% %%% %%\0", "D100% spam, 5%, %% %% % (#5.7.1)"),
    (b"550 " + b"x" * 1000 + b"\0", "D" + "x" * 200 + " (#5.7.1)")])
def test_replies(milters, reply, said):
    hostile(milters, GREETING, packet(b"y", reply))
    assert milters.offer(LETTER, code=82)[0] == said


@pytest.mark.parametrize("words", [[], ["a", "b"], ["-a", "maybe", "x"], ["-t", "0", "x"], ["-t", "x", "y"], ["-x", "y"]])
def test_usage(milters, words):
    done = subprocess.run([milters.place.program("qmail-milter"), *words], stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 111 and b"usage: qmail-milter" in done.stderr


# ---- Debian's

def test_opendkim(milters):
    """It signs what our users send; the signature holds."""
    program = unpacked.folder(milters.place, "opendkim") + "/usr/sbin/opendkim"
    dkim = pytest.importorskip("dkim")
    key = milters.folder + "/key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    with open(milters.folder + "/conf", "w") as out:
        out.write("Socket local:%s/sock\nDomain there.example\nSelector s\nKeyFile %s\nMode s\nUMask 000\n"
                  "MacroList daemon_name|login\nRequireSafeKeys no\n" % (milters.folder, key))
    milters.town.begin([program, "-f", "-x", milters.folder + "/conf"], cwd="/", env={"PATH": "/usr/bin:/bin"})
    milters.town.until(lambda: os.path.exists(milters.folder + "/sock"), "opendkim")
    milters.use("unix:" + milters.folder + "/sock")
    letter = "Received: ours\nFrom: joe@there.example\nTo: ann@here.example\nSubject: a\n letter\n\nhello\n\n"
    milters.offer(letter, RELAYCLIENT="", SMTPAUTHUSER="joe")
    (text, _), = milters.queued()
    assert text.count("DKIM-Signature:") == 1 and text.endswith(letter.split("\n", 1)[1])
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    assert dkim.verify(text.replace("\n", "\r\n").encode(), dnsfunc=lambda name, timeout=5: record)
    milters.offer(letter)  # of a stranger
    assert milters.queued() == [(letter, ENVELOPE)]
