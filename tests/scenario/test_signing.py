"""Signatures of DKIM on what our own users send: qmail-dkimsignd, qmail-signd, qmail-remote."""

import os
import re
import shutil
import smtplib
import socket
import subprocess
import threading

import pytest

from support import build, faults, kernel, peers, process, unpacked
from scenario.test_dkimverify import Key

RELAY = "127.0.0.2:2525"
POLITE = {"EHLO": "250-relay.example\r\n250 8BITMIME\r\n"}
LETTER = "From: Ann <ann@here.example>\nTo: u@there.example\nSubject: a letter\n\nhello\n"


def put_key(place, key, domain="here.example", selector="a", name=None):
    """A key of the host; qmailk alone reads it."""
    folder = place.path("control/dkim/" + domain)
    os.makedirs(folder, exist_ok=True)
    with open(key.path) as source:
        place.write("%s/%s.pem" % (folder, selector), source.read(), "qmailk", 0o400)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {kind: Key(folder, kind) for kind in ("rsa", "ed", "short")}


class Post:
    """The services, and the host where all mail goes."""

    def __init__(self, town, keys):
        self.town, self.place, self.keys = town, town.place, keys
        self.place.control(me="here.example\n", rcpthosts="here.example\n", locals="here.example\n",
                           smtproutes=":%s\n" % RELAY)
        self.records = {"%s._domainkey.here.example" % selector: {"TXT": [keys[kind].record()]}
                        for selector, kind in (("a", "rsa"), ("b", "ed"))}
        put_key(self.place, keys["rsa"], selector="a")
        put_key(self.place, keys["ed"], selector="b")
        self.daemons = {}

    def begin(self, *names, words=None, **environment):
        """Starts services: both, or those named; words may say otherwise how."""
        for name, door in ("qmail-dkimsignd", "dkim/door"), ("qmail-signd", "sign/door"):
            if name not in (names or ("qmail-dkimsignd", "qmail-signd")):
                continue
            self.daemons[name] = self.town.begin((words or {}).get(name, [self.place.program(name)]), cwd="/",
                                                 env={"PATH": "/usr/bin:/bin", **environment})
            self.town.until(lambda: self.daemons[name].has_ended or self.town.is_door_open(door), name)

    def go(self, send, count=1, script=None):
        """What the other host is sent."""
        with peers.Servers({RELAY: [script or POLITE]}) as servers:
            if not self.town.daemon:
                self.town.open()
            send()
            self.town.wait_empty()
        assert len(servers.connections) == count
        return [message_of(connection.sent) for connection in servers.connections]

    def sendmail(self, text=LETTER, *words, to="u@there.example", **environment):
        self.town.run_as("ann", ["env", *("%s=%s" % pair for pair in environment.items()),
                                 self.place.program("sendmail"), *words, to], text)

    def results(self, text, domain="here.example"):
        """Of each signature, from the top: a word, and its selector."""
        with peers.Dns(self.records):
            done = subprocess.run([self.place.program("qmail-dkimverify")], input=text.replace(b"\r\n", b"\n"),
                                  stdout=subprocess.PIPE, check=False, cwd="/", env={"PATH": "/usr/bin:/bin"})
        found = re.findall(r"^(\w+) d=(\S+) s=(\S+)", done.stdout.decode(), re.M)
        assert all(name == domain for _, name, _ in found), done.stdout
        return [(word, selector) for word, _, selector in found]


def message_of(sent):
    """The message of a session, as it was before the dots."""
    text = sent.split(b"DATA\r\n", 1)[1].split(b"\r\n.\r\n", 1)[0] + b"\r\n"
    return re.sub(rb"^\.", b"", text, flags=re.M)


@pytest.fixture
def post(town, needs, keys):
    needs("openssl")
    if not os.path.exists(town.place.program("qmail-dkimsignd")):
        pytest.skip("built without OpenSSL")
    post = Post(town, keys)
    yield post
    town.close()


SIGNED = [("pass", "a"), ("pass", "b")]


def test_sendmail(post):
    """RSA and Ed25519, once each."""
    post.begin()
    (text,) = post.go(post.sendmail)
    assert post.results(text) == SIGNED
    assert text.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n\td=here.example; s=a;\r\n")
    assert text.count(b"\r\nDKIM-Signature: ") == 1 and b"h=From:From:Subject:Date:Message-ID:To;" in text
    assert all(len(line) < 79 for line in text.splitlines())
    for old, new in (b"hello", b"other"), (b"a letter", b"another"), (b"To: u@", b"To: v@"):
        assert post.results(text.replace(old, new)) == [("fail", "a"), ("fail", "b")]
    assert post.results(text.replace(b"Subject", b"From: eve@here.example\r\nSubject", 1)) != SIGNED
    assert post.results(text.replace(b"hello", b"hello  ")) == SIGNED  # relaxed


VERIFIERS = {
    "dkimpy": ["/usr/bin/python3", "-c", """if True:
        import sys, dkim
        text = sys.stdin.buffer.read()
        for at in range(2):
            assert dkim.DKIM(text).verify(at, dnsfunc=lambda name, **more: sys.argv[1 + at].encode()), at
        """],
    "Mail::DKIM": ["perl", "-MMail::DKIM::Verifier", "-MMail::DKIM::DNS", "-MNet::DNS", "-e", """
        Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(nameservers => ["127.0.0.1"]));
        my $found = "";
        my $verifier = Mail::DKIM::Verifier->new();
        binmode STDIN;
        while (<STDIN>) { $verifier->PRINT($_) }
        $verifier->CLOSE;
        for ($verifier->signatures) { $found = $_->result_detail if $_->selector eq "a" }
        print STDERR $found;
        exit($found eq "pass" ? 0 : 1);
        """]}


@pytest.mark.parametrize("name", VERIFIERS)
def test_others_take_them(post, name):
    """dkimpy both; Mail::DKIM of Debian knows RSA only."""
    post.begin()
    (text,) = post.go(post.sendmail)
    records = [post.records[selector + "._domainkey.here.example"]["TXT"][0] for selector in "ab"]
    for message, is_good in (text, True), (text.replace(b"hello", b"other"), False):
        with peers.Dns(post.records):
            done = subprocess.run([*VERIFIERS[name], *records], input=message, capture_output=True, check=False)
        assert (done.returncode == 0) == is_good, done.stderr.decode()


# ---- however it comes

def relay(town, sender="ann@here.example", to="u@there.example", text=LETTER):
    with smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=20) as client:
        client.sendmail(sender, [to], text.replace("\n", "\r\n"))


def test_by_smtp(post):
    """Whoever may relay is one of us."""
    post.begin()
    post.town.serve_smtp(RELAYCLIENT="")
    (text,) = post.go(lambda: relay(post.town))
    assert post.results(text) == SIGNED


def test_of_strangers(post):
    """Forwarded, by .qmail and by programs, whatever it says it is."""
    post.begin()
    post.town.serve_smtp()
    post.town.rules("ann", "", "&u@there.example")
    post.town.rules("bob", "", "|forward u@there.example", "|sendmail -f bob@here.example u@there.example")
    for to, count in ("ann", 1), ("bob", 2):
        for text in post.go(lambda: relay(post.town, to=to + "@here.example"), count):
            assert b"Subject: a letter" in text and b"DKIM-Signature" not in text


def test_of_ours_forwarded(post):
    """Once, and by a list with an owner too."""
    post.begin()
    post.town.rules("bob", "", "&u@there.example")
    post.town.rules("bob", "-list", "&u@there.example")
    post.town.rules("bob", "-list-owner", "&bob")
    post.town.rules("bob", "-forward", "|forward u@there.example")
    for to in "bob", "bob-list", "bob-forward":
        (text,) = post.go(lambda: post.sendmail(to=to + "@here.example"))
        assert post.results(text) == SIGNED
    assert b"<bob-list-owner@here.example>" not in text


def test_a_list_program(post):
    """What it passes on is not its own, unless its user says so."""
    post.begin()
    resent = "Received: from there.example by here.example; 27 Nov 2026 10:00:00 -0000\n" + LETTER
    (text,) = post.go(lambda: post.sendmail(resent))
    assert b"DKIM-Signature" not in text
    (text,) = post.go(lambda: post.sendmail(resent, QMAILSUBMITTED=""))
    assert post.results(text) == SIGNED
    for program in "new-inject", "qmail-inject":
        for message, count in (resent, 0), (LETTER, 2):
            (text,) = post.go(lambda: post.town.run_as("ann", [post.place.program(program), "u@there.example"], message))
            assert len(post.results(text)) == count


FORGED = "From: The Boss <boss@%s>\nTo: bob-list@here.example\nSubject: pay\n\npay to evil\n"
RESEND = "|QMAILSUBMITTED=1 sendmail -f bob-list-owner@%s u@there.example"


@pytest.mark.parametrize("line, author, domain", [
    (RESEND % "lists.example", "here.example", "lists.example"), (RESEND % "sub.lists.example", "there.example", "lists.example"),
    (RESEND % "here.example", "there.example", "here.example"), (RESEND % "here.example", "here.example", None),
    (RESEND % "here.example", "HERE.example", None), (RESEND % "here.example", "mail.here.example", None),
    (RESEND % "sub.here.example", "here.example", None), (RESEND % "here.example", "there.example, x@here.example", None),
    (RESEND % "here.example", "there.example foo", None), (RESEND % "nowhere.example", "here.example", None),
    ("|QMAILSUBMITTED=1 forward u@there.example", "here.example", None),
    ("|QMAILSUBMITTED=1 forward u@there.example", "there.example", "here.example"),
    ("|grep -vE '^(Received:|\\s)' | QMAILSUBMITTED=1 sendmail -f bob-list-owner@here.example u@there.example", "here.example", None),
    ("|grep -vE '^(Received:|\\s)' | QMAILSUBMITTED=1 new-inject -f bob-list-owner@here.example u@there.example", "here.example", None),
    ("|grep -vE '^(Received:|\\s)' | QMAILSUBMITTED=1 sendmail -f bob-list-owner@here.example u@there.example", "there.example", "here.example")])
def test_what_strangers_send_to_a_list(post, line, author, domain):
    """Is signed by the list, and not as if it were from whom it says."""
    put_key(post.place, post.keys["ed"], domain="lists.example", selector="b")
    post.records["b._domainkey.lists.example"] = post.records["b._domainkey.here.example"]
    post.begin()
    post.town.serve_smtp()
    post.town.rules("bob", "-list", line)
    post.town.rules("bob", "-list-owner", "#")
    (text,) = post.go(lambda: relay(post.town, "x@evil.example", "bob-list@here.example", FORGED % author))
    signed = {"here.example": SIGNED, "lists.example": SIGNED[1:], None: []}[domain]
    assert post.results(text, domain) == signed


def test_a_list_that_is_the_author(post):
    """And always puts itself into From: what it has written is its own, as the page has it."""
    post.begin()
    post.town.serve_smtp()
    post.town.rules("bob", "-list", "|(echo From: bob-list@here.example; sed '/^From:/d; /^Received:/d') | "
                    "QMAILSUBMITTED= sendmail -f bob-list-owner@here.example u@there.example")
    (text,) = post.go(lambda: relay(post.town, "x@evil.example", "bob-list@here.example"))
    assert post.results(text) == SIGNED


def rule_of_the_page():
    """What tcpserver says of a list manager, {name: value}."""
    (line,) = re.findall(r'^[\d.]+:allow,(.*QMAILSUBMITTED.*)$', build.read("man/qmail-dkimsignd.8"), re.M)
    return dict(re.findall(r'(\w+)="(.*?)"', line))


@pytest.mark.parametrize("sender, author, count", [
    ("friends-bounces@here.example", "friends@here.example", 0), ("friends-bounces@here.example", "x@there.example", 2),
    ("friends-bounces@here.example", "boss@here.example", 0), ("boss@here.example", "boss@here.example", 0)])
@pytest.mark.parametrize("resent", [False, True])
def test_a_list_manager_that_speaks_smtp(post, resent, sender, author, count):
    """Signs as its author likes, as all who may relay; by the line of the page as a list."""
    post.begin()
    post.town.serve_smtp(**(rule_of_the_page() if resent else {"RELAYCLIENT": ""}))
    text = "Received: from evil.example by here.example; 27 Nov 2026 10:00:00 -0000\n" + \
        LETTER.replace("ann@here.example", author)
    (text,) = post.go(lambda: relay(post.town, sender, text=text))
    assert post.results(text) == SIGNED[:count if resent else 2]


def test_what_our_users_send_to_a_list(post):
    """Stays theirs where the list keeps what is known of it."""
    post.begin()
    post.town.rules("bob", "-list", "|QMAILSUBMITTED=1 forward u@there.example")
    post.town.rules("bob", "-list-owner", "#")
    (text,) = post.go(lambda: post.sendmail(to="bob-list@here.example"))
    assert post.results(text) == SIGNED


def check_envelope(post, before, after, environment):
    """What is asked of a message, as it comes and as it is queued; it is taken away."""
    assert post.town.queue(b"Fann@here.example\0" + before + b"Tu@there.example\0\0", LETTER,
                           env=environment) == 0
    files = post.place.queue_files()
    (path,) = files["intd"].values()
    with open(path, "rb") as source:
        assert b"Fann@here.example\0" + after + b"Tu@there.example\0\0" in source.read()
    for kind in files:
        for path in files[kind].values():
            os.unlink(path)


def test_envelopes_of_lists(post):
    for before, after in (b"", b"ERESENT\0"), (b"ERET=HDRS\0", b"ERET=HDRS RESENT\0"), (b"ESUBMITTED\0", b"ESUBMITTED\0"), \
            (b"ERESENT\0", b"ERESENT\0"):
        check_envelope(post, before, after, {"QMAILSUBMITTED": "1", "RELAYCLIENT": ""})


def test_bounces(post):
    post.begin()
    post.town.serve_smtp()
    post.town.rules("bob", "", "|exit 100")
    (text,) = post.go(lambda: relay(post.town, sender="joe@there.example", to="bob@here.example"))
    assert b"MAILER-DAEMON@here.example" in text and post.results(text) == SIGNED


def test_by_qmtp(post):
    post.begin()
    post.place.write(post.place.path("control/qmtproutes"), "there.example:127.0.0.2:2209\n")
    heard = []

    def serve(listener):
        sock, _ = listener.accept()
        with sock:
            while not heard or not re.search(rb",\d+:15:u@there.example,,$", heard[0]):
                data = sock.recv(65536)
                heard[:] = [(heard[0] if heard else b"") + data]
            sock.sendall(b"3:Kok,")
    with socket.create_server(("127.0.0.2", 2209)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        post.town.open()
        post.sendmail()
        post.town.wait_empty()
        thread.join(20)
    text = heard[0].split(b"\n", 1)[1]
    assert post.results(re.sub(rb"\n,.*$", b"\n", text)) == SIGNED


# ---- with which keys

@pytest.mark.parametrize("author, sender, domain", [
    ("ann@mail.here.example", "ann@other.example", "here.example"),  # that above it
    ("ann@there.example", "list-bounces@here.example", "here.example"),  # a list of ours
    ("ann@HERE.example", "", "here.example"),
    ("ann@there.example, bob@here.example", "ann@here.example", "here.example"),
    ("ann@there.example", "ann@there.example", None),
    ("ann@nothere.example", "", None), ("ann@[127.0.0.1]", "", None)])
def test_domains(post, author, sender, domain):
    post.begin()
    (text,) = post.go(lambda: post.sendmail(LETTER.replace("ann@here.example", author), "-f", sender))
    assert post.results(text) == (SIGNED if domain else [])


def test_two_domains(post, keys):
    post.begin()
    put_key(post.place, keys["ed"], "b.example", "x")
    post.records["x._domainkey.b.example"] = {"TXT": [keys["ed"].record()]}
    (text,) = post.go(lambda: post.sendmail(LETTER.replace("here.example", "b.example")))
    assert post.results(text, "b.example") == [("pass", "x")]


@pytest.mark.parametrize("kind", ["short", "garbage", "folder"])
def test_a_key_of_no_use(post, keys, kind):
    """Mail waits, for without signatures others would refuse it."""
    path = post.place.path("control/dkim/here.example/c.pem")
    if kind == "short":
        put_key(post.place, keys["short"], selector="c")
    elif kind == "garbage":
        post.place.write(path, "no key", "qmailk", 0o400)
    else:
        os.mkdir(path)
    post.begin()
    post.town.open()
    post.sendmail()
    line = post.town.daemon.wait("^delivery 1: deferral: (.*)").group(1)
    assert "cannot_have_the_message_signed:_" in line and "c.pem:_" in line


def test_other_files(post):
    folder = post.place.path("control/dkim/here.example/")
    for name in "a.txt", "README", ".pem", "..pem", "A.pem", "a b.pem":
        post.place.write(folder + name, "no key")
    post.begin()
    (text,) = post.go(post.sendmail)
    assert post.results(text) == SIGNED


# ---- when something is missing

def test_without_keys(post):
    """Nothing is asked, and the queue is as ever."""
    for name in "a.pem", "b.pem":
        os.unlink(post.place.path("control/dkim/here.example/" + name))
    os.rmdir(post.place.path("control/dkim/here.example"))
    os.rmdir(post.place.path("control/dkim"))
    assert post.town.queue(process.envelope("ann@here.example", "u@there.example"), LETTER,
                           env={"QMAILSUBMITTED": ""}) == 0
    (path,) = post.place.queue_files()["intd"].values()
    with open(path, "rb") as source:
        assert b"SUBMITTED" not in source.read()
    (text,) = post.go(lambda: None)
    assert b"DKIM-Signature" not in text


def test_services_that_never_were(post):
    (text,) = post.go(post.sendmail)
    assert b"DKIM-Signature" not in text
    post.begin("qmail-signd")
    (text,) = post.go(post.sendmail)
    assert b"DKIM-Signature" not in text


@pytest.mark.parametrize("name", ["qmail-signd", "qmail-dkimsignd"])
def test_services_that_are_down(post, name):
    post.begin()
    post.daemons[name].kill()
    post.town.open()
    post.sendmail()
    line = post.town.daemon.wait("^delivery 1: deferral: (.*)").group(1)
    assert "cannot_have_the_message_signed:_%s_does_not_answer:" % name in line and "(#4.7.0)" in line
    post.begin(name)

    def again():
        post.town.signal("qmail-send", 14)
    (text,) = post.go(again)
    assert post.results(text) == SIGNED


# ---- what is told to whom

def test_envelopes(post):
    """The word is for programs of ours alone."""
    post.begin()
    for before, after in (b"", b"ESUBMITTED\0"), (b"ERET=HDRS ENVID=x\0", b"ERET=HDRS ENVID=x SUBMITTED\0"), \
            (b"ESUBMITTED\0", b"ESUBMITTED\0"):
        check_envelope(post, before, after, {"QMAILSUBMITTED": ""})
    with peers.Servers({RELAY: [{"EHLO": "250-relay.example\r\n250 DSN\r\n"}]}) as servers:
        assert post.town.queue(b"Fann@here.example\0ERET=HDRS\0Tu@there.example\0\0", LETTER,
                               env={"RELAYCLIENT": ""}) == 0
        post.town.open()
        post.town.wait_empty()
    (connection,) = servers.connections
    assert b"MAIL FROM:<ann@here.example> RET=HDRS\r\n" in connection.sent
    assert post.results(message_of(connection.sent)) == SIGNED


def test_no_word_of_smtp(post):
    post.town.serve_smtp(RELAYCLIENT="")
    with smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=20) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<ann@here.example> SUBMITTED")[0] == 555


def ask(post, door, record, user):
    """What the service behind a door says to a record of a user; b"" for nothing."""
    path = post.place.path(door)
    text = """if True:
        import array, socket, sys
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one.settimeout(20)
        one.connect(sys.argv[1])
        with open("/dev/stdin", "rb") as message:
            one.sendmsg([bytes.fromhex(sys.argv[2])],
                        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [message.fileno()]))])
            sys.stdout.buffer.write(one.recv(10000))
        """
    with open(post.town.home("ann") + "/letter", "w+") as message:
        message.write(LETTER)
        message.flush()
        message.seek(0)
        done = subprocess.run(["/usr/bin/python3", "-c", text, path, record.hex()], stdin=message,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, cwd="/",
                              **post.place.as_user(user))
    return done.stdout


def test_walls(post):
    """Who sends has messages signed, and nobody else anything: least of all who checks those of strangers."""
    if not post.place.is_root:
        pytest.skip("needs root")
    post.begin()
    sign = b"Sann@here.example\0"
    assert ask(post, "sign/door", b"Rann@here.example\0", "qmailr") == b"s\0"
    assert ask(post, "sign/door", sign, "qmailr").startswith(b"sDKIM-Signature: ")
    for user in "qmailk", "qmails", "qmaild", "alias":
        assert ask(post, "sign/door", sign, user) == b""
    keys = b"Khere.example\0"
    assert ask(post, "dkim/door", keys, "qmailr") == b"ka\0rsa-sha256\0b\0ed25519-sha256\0"
    for user in "qmailf", "qmails", "qmaild", "alias":
        assert ask(post, "dkim/door", keys, user) == b""
    done = subprocess.run(["cat", post.place.path("control/dkim/here.example/a.pem")], capture_output=True, check=False,
                          **post.place.as_user("qmailr"))
    assert done.returncode != 0


@pytest.mark.parametrize("record", [
    b"K", b"Khere.example", b"Khere.example\0x", b"Sa\0", b"Sa\0" + b"h" * 31, b"Sa\0" + b"h" * 33, b"X\0", b"k\0",
    b"K" + b"a" * 5000])
def test_garbage_at_the_keys(post, record):
    post.begin("qmail-dkimsignd")
    assert ask(post, "dkim/door", record, "qmailr") == b""


@pytest.mark.parametrize("record, answer", [
    (b"K../here.example\0", b"k"), (b"Khere.example/../here.example\0", b"k"), (b"K.\0", b"k"), (b"K\0", b"k"),
    (b"KHERE.example\0", b"k"), (b"K" + b"a" * 254 + b"\0", b"k"),
    (b"Sa\0" + b"h" * 32, b"tthere is no such key\0")])
def test_questions_without_an_answer(post, record, answer):
    post.begin("qmail-dkimsignd")
    assert ask(post, "dkim/door", record, "qmailr") == answer


@pytest.mark.parametrize("record", [b"S", b"Sann@here.example", b"Sann\0x", b"Sann\0\0"])
def test_garbage_for_the_signer(post, record):
    post.begin()
    assert ask(post, "sign/door", record, "qmailr") == b""


def test_a_large_message(post):
    """In constant memory, and all of it is signed."""
    post.begin()
    body = "a line of a large message\n" * 400000
    (text,) = post.go(lambda: post.sendmail(LETTER + body))
    assert post.results(text) == SIGNED
    assert post.results(text[:-3] + b"x\r\n") == [("fail", "a"), ("fail", "b")]


@pytest.fixture
def hasty(post):
    return build.make_hasty(post.place.prefix)


def listen(post, user, script):
    """What somebody of this user does with a record for qmail-signd, and what he hears."""
    text = """if True:
        import socket, sys
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one.settimeout(60)
        one.connect(sys.argv[1])
        socket.send_fds(one, [b"Sann@here.example\\0"], [0])
        """ + script
    with open(post.town.home("ann") + "/letter") as message:
        done = subprocess.run(["/usr/bin/python3", "-c", text, post.place.path("sign/door")], stdin=message,
                              stdout=subprocess.PIPE, check=True, cwd="/", **post.place.as_user(user))
    return done.stdout


def test_a_slow_disk(post, hasty):
    """A message takes minutes to be read: nobody gives up, neither who asks nor who has the keys."""
    if faults.missing():
        pytest.skip(faults.missing())
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "--inject=read:delay_exit=100000"]
    post.begin(words={"qmail-dkimsignd": [hasty + "qmail-dkimsignd"], "qmail-signd": [*slow, hasty + "qmail-signd"]},
               HASTY="60")
    with open(post.town.home("ann") + "/letter", "w") as message:
        message.write(LETTER + "a line of a large message\n" * 50000)
    *signs, answer = listen(post, "qmailr", "while said := one.recv(10000): print(said[:16])").splitlines()
    assert answer == b"b'sDKIM-Signature:'" and len(signs) > 2 and set(signs) == {b"b'w'"}


def test_nobody_waits_any_more(post, hasty):
    """A message is not read on when who asked has gone."""
    post.begin(words={"qmail-signd": [hasty + "qmail-signd"]}, HASTY="60")
    with open(post.town.home("ann") + "/letter", "w") as message:
        message.truncate(1 << 40)
    assert listen(post, "qmailr", "sys.stdout.buffer.write(one.recv(10000))") == b"w"
    its_processes = ["pgrep", "-P", str(post.daemons["qmail-signd"].pid)]
    post.town.until(lambda: subprocess.run(its_processes, stdout=subprocess.DEVNULL).returncode, "the process to end")


@pytest.mark.parametrize("name, folder", [("qmail-signd", "sign"), ("qmail-dkimsignd", "dkim")])
def test_a_start_without_inodes(post, name, folder):
    """A door takes the place of the one before, also where the file system has no more."""
    if not post.place.is_root:
        pytest.skip("needs root")
    path = post.place.path(folder)
    mode = os.stat(path)
    kernel.mount("none", path, "tmpfs", 0, "nr_inodes=3,mode=750,uid=0,gid=%d" % mode.st_gid)
    try:
        for _ in range(3):
            post.begin(name)
            assert not post.daemons[name].has_ended and post.town.is_door_open(folder + "/door")
            with pytest.raises(OSError):
                open(path + "/full", "x")
            post.daemons[name].kill()
    finally:
        post.daemons[name].kill()
        kernel.unmount(path)


TOP = "From: Ann <ann@here.example>\nTo: u@there.example\nSubject: a letter\n\n"


@pytest.mark.parametrize("text", [
    TOP + "hello\r\nworld\r\n", TOP + "hello\r\nworld\n", TOP + "hello\rworld\n", TOP + "hello\r", TOP + "hello\r\r\nworld\n",
    TOP.replace("a letter\n", "a letter\r\n") + "hello\n", TOP.replace("a letter", "a\rX-Y: letter") + "hello\n",
    TOP + "x" * 65400 + "\r\n" + "y\r\n" * 200, TOP + ".\n..\n", TOP + "no end", TOP + " \t\n\n \n\n", TOP, TOP + "x" * 5000 + "\n"],
    ids=range(13))
def test_what_is_sent_is_signed(post, text):
    """Also where that is not what is in the queue: each CR ends a line in SMTP."""
    post.begin()
    (sent,) = post.go(lambda: post.town.queue(process.envelope("ann@here.example", "u@there.example"), text,
                                              env={"QMAILSUBMITTED": ""}))
    assert post.results(sent) == SIGNED


# ---- signatures of others

SIGNER = """if True:
    import sys, dkim
    text = sys.stdin.buffer.read().replace(b"\\n", b"\\r\\n")
    with open(sys.argv[1], "rb") as key:
        field = dkim.sign(text, b"a", b"there.example", key.read(), canonicalize=(sys.argv[2].encode(), b"simple"))
    sys.stdout.buffer.write((field + text).replace(b"\\r\\n", b"\\n"))
    """


def by_qmail(post):
    post.town.rules("ann", "", "&u@there.example")


def by_procmail(post):
    if not shutil.which("procmail"):
        pytest.skip("no procmail")
    path = post.town.home("ann") + "/.procmailrc"
    post.place.write(path, "SENDMAIL=%s\n:0\n! u@there.example\n" % post.place.program("sendmail"), "ann")
    post.town.rules("ann", "", "|preline procmail " + path)


def by_mlmmj(post):
    peer, home = unpacked.folder(post.place, "mlmmj"), post.town.home("ann")
    post.town.run_as("ann", ["sh", peer + "/usr/bin/mlmmj-make-ml", "-L", "ann-list", "-s", home],
                     "here.example\nann@here.example\n%s/usr/share/mlmmj/text.skel/en\n" % peer)
    for name, text in ("delimiter", "-\n"), ("tocc", ""):
        post.place.write("%s/ann-list/control/%s" % (home, name), text, "ann")
    post.town.run_as("ann", [peer + "/usr/bin/mlmmj-sub", "-L", home + "/ann-list", "-a", "u@there.example", "-s"])
    for ext in "-list", "-list-default":
        post.town.rules("ann", ext, "|preline -f %s/usr/bin/mlmmj-receive -L %s/ann-list" % (peer, home))
    post.place.write(post.place.path("control/rcpthosts"), "here.example\nthere.example\n")  # it sends by SMTP
    post.town.serve_smtp()


@pytest.mark.parametrize("form", ["simple", "relaxed"])
@pytest.mark.parametrize("way", [by_qmail, by_procmail, by_mlmmj])
def test_signatures_of_others_are_kept(post, way, form):
    """What is passed on as it came is as good as it was, and ours is not added."""
    post.begin()
    way(post)
    to = "ann-list@here.example" if way is by_mlmmj else "ann@here.example"
    letter = "From: joe@there.example\nTo: " + to + "\nSubject:  a\n  letter\nDate: Sat, 28 Nov 2026 00:00:00 +0000\n" \
             "Message-ID: <1@there.example>\n\nhello \n.\n\tworld\nFrom here\n"
    signed = subprocess.run(["/usr/bin/python3", "-c", SIGNER, post.keys["rsa"].path, form], input=letter.encode(),
                            capture_output=True, check=True).stdout.decode()
    post.records["a._domainkey.there.example"] = {"TXT": [post.keys["rsa"].record()]}

    def send():
        post.town.queue(process.envelope("joe@there.example", to), signed)
        post.town.daemon.wait("to remote u@there.example")

    (text,) = post.go(send)
    assert post.results(text, "there.example") == [("pass", "a")]
    assert text.count(b"DKIM-Signature:") == 1


def test_opendkim(post):
    """It finds our signature good, as a milter that qmail-milter asks."""
    program = unpacked.folder(post.place, "opendkim") + "/usr/sbin/opendkim"
    post.begin()
    (text,) = post.go(post.sendmail)
    folder = unpacked.fresh(post.place, "opendkim-data")
    with open(folder + "/dns", "w") as out:
        out.write("a._domainkey.here.example %s\n" % post.keys["rsa"].record())
    with open(folder + "/conf", "w") as out:
        out.write("Socket local:%s/sock\nMode v\nTestDNSData %s/dns\nUMask 000\nInternalHosts /dev/null\n"
                  "AuthservID there.example\nAlwaysAddARHeader yes\n" % (folder, folder))
    post.town.begin([program, "-f", "-x", folder + "/conf"], cwd="/", env={"PATH": "/usr/bin:/bin"})
    post.town.until(lambda: os.path.exists(folder + "/sock"), "opendkim")
    for data, word in (text, b"pass"), (text.replace(b"hello", b"other"), b"fail"):
        for name, content in ("message", data.replace(b"\r\n", b"\n")), \
                ("envelope", process.envelope("ann@here.example", "u@there.example")):
            with open(folder + "/" + name, "wb") as out:
                out.write(content)
        done = subprocess.run(["/bin/sh", "-c", 'cd "$1"; exec "$0" "unix:$1/sock" < message 3< envelope 4> changed 6> words',
                               post.place.program("qmail-milter"), folder], capture_output=True, check=False,
                              env={"TCPREMOTEIP": "192.0.2.1"}, timeout=60)
        assert done.returncode == 0, done.stderr
        found = re.search(rb"^Authentication-Results: there\.example;\s+dkim=(\w+)[^;]*header\.s=a", done.stdout, re.M)
        assert found and found.group(1) == word, done.stdout[:600]
