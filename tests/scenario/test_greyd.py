"""qmail-greyd: who is to come again, and how many recipients a client has."""

import collections
import fcntl
import os
import signal
import socket
import struct
import subprocess

import pytest

HEAD, ENTRY = 64, struct.Struct("=QQQIIII")  # key, network, client, first, last, count, unused
COUNT, SHARE = 262144, 512  # entries of a file, of a network that come the first time
SIZE = HEAD + COUNT * ENTRY.size
GREY = "451 4.7.1 you are new here; come again in some minutes"
CLIENT = "451 4.7.1 too many recipients from your address; come again later"
NETWORK = "451 4.7.1 too many recipients from your network; come again later"
OK = "250 2.1.5 ok"


class Greyd:
    def __init__(self, town):
        self.town, self.place = town, town.place
        self.place.control(me="here.example\n", rcpthosts="here.example\n", locals="here.example\n", rcptcheck="off\n")
        for name in os.listdir(self.place.path("grey/state")):
            subprocess.run(["rm", "-rf", self.state(name)], check=True)
        self.begin()

    def begin(self):
        self.daemon = self.town.begin([self.place.program("qmail-greyd")], cwd="/", env={"PATH": "/usr/bin:/bin"})
        self.town.until(lambda: self.daemon.has_ended or self.town.is_door_open("grey/door"), "qmail-greyd")

    def rcpt(self, *recipients, ip="192.0.2.1", sender="joe@there.example", program="qmail-smtpd", **environment):
        """What a client hears of each recipient."""
        environment = {"PATH": "/usr/bin:/bin", "TCPREMOTEIP": ip, **environment}
        text = "HELO x\r\nMAIL FROM:<%s>\r\n" % sender + "".join("RCPT TO:<%s>\r\n" % to for to in recipients)
        done = subprocess.run([self.place.program(program)], input=(text + "QUIT\r\n").encode(), capture_output=True,
                              env=environment, cwd="/", timeout=60, **self.place.as_user("qmaild"))
        return done.stdout.decode().split("\r\n")[3:-2]

    def grey(self, *recipients, **more):
        return self.rcpt(*(recipients or ["ann@here.example"]), GREYLIST="", **more)

    def state(self, name="seen"):
        return self.place.path("grey/state/" + name)

    def entries(self, name="seen"):
        with open(self.state(name), "rb") as source:
            bytes_ = source.read()[HEAD:]
        whole = len(bytes_) // ENTRY.size * ENTRY.size
        return [entry for entry in ENTRY.iter_unpack(bytes_[:whole]) if entry[0]]

    def age(self, seconds, *names):
        """So long ago was all that the files know."""
        for name in names or ("new", "seen"):
            if not os.path.exists(self.state(name)):
                continue
            with open(self.state(name), "r+b") as file:
                bytes_ = bytearray(file.read())
                for place in range(HEAD, len(bytes_) - ENTRY.size + 1, ENTRY.size):
                    key, network, client, first, last, count, unused = ENTRY.unpack_from(bytes_, place)
                    if key:
                        ENTRY.pack_into(bytes_, place, key, network, client, first - seconds, last - seconds, count, unused)
                file.seek(0)
                file.write(bytes_)


@pytest.fixture
def greyd(town):
    return Greyd(town)


def test_come_again(greyd):
    assert greyd.grey() == [GREY] and greyd.grey() == [GREY]
    greyd.age(299 - 5)
    assert greyd.grey() == [GREY]
    greyd.age(6)
    assert greyd.grey() == [OK] and greyd.grey() == [OK]
    greyd.daemon.wait('greyd deferred pid=[0-9]* client="192.0.2.1" from="joe@there.example" '
                      'to="ann@here.example" seconds=300')


def test_who_it_is(greyd):
    """The network, the domain of the sender, the recipient."""
    greyd.grey()
    greyd.age(300)
    assert greyd.grey(ip="192.0.2.200", sender="list-4711@THERE.example") == [OK]
    assert greyd.grey("Ann@here.example") == [OK]
    assert greyd.grey(ip="192.0.3.1") == [GREY]
    assert greyd.grey(sender="joe@other.example") == [GREY] and greyd.grey(sender="") == [GREY]
    assert greyd.grey("bob@here.example", "ann@here.example") == [GREY, OK]
    greyd.grey(ip="2001:db8:1:2::1")
    greyd.age(300)
    assert greyd.grey(ip="2001:db8:1:2:3::4") == [OK] and greyd.grey(ip="2001:db8:1:3::1") == [GREY]
    assert greyd.grey(ip="::ffff:192.0.2.9") == [OK]


def test_addresses_are_no_words(greyd):
    """Of whose letters the case would not count."""
    assert greyd.rcpt(*["ann@here.example"] * 3, ip="10.9.9.65", RATELIMIT="2/3600") == [OK, OK, CLIENT]
    assert greyd.rcpt("ann@here.example", ip="10.9.9.97", RATELIMIT="2/3600") == [OK]
    greyd.grey(ip="10.1.65.1")
    greyd.age(300)
    assert greyd.grey(ip="10.1.97.1") == [GREY] and greyd.grey(ip="10.1.65.1") == [OK]


def flood(greyd, ip, name="x"):
    assert greyd.grey(*("%s%d@here.example" % (name, number) for number in range(SHARE + 50)), ip=ip) == [GREY] * (SHARE + 50)


@pytest.mark.parametrize("bad, worse, other", [
    ("192.0.2.66", "192.0.2.67", "192.0.2.1"), ("2001:db8:1:66::1", "2001:db8:1:67::1", "2001:db8:1:1::1")])
def test_neighbours_that_flood(greyd, bad, worse, other):
    """Who has the most of his network gives way to others."""
    flood(greyd, bad)
    assert len(greyd.entries("new")) == SHARE
    assert greyd.grey(ip=other) == [GREY]
    flood(greyd, bad, "y")
    flood(greyd, worse, "z")
    shares = collections.Counter(client for _, _, client, *_ in greyd.entries("new"))
    assert sorted(shares.values()) == [1, SHARE // 2 - 1, SHARE // 2]
    greyd.age(300)
    assert greyd.grey(ip=other) == [OK] and greyd.grey(ip=other) == [OK]
    assert len(greyd.entries("new")) == SHARE - 1 and len(greyd.entries()) == 1


def test_other_networks(greyd):
    """What one network has is none of them."""
    flood(greyd, "192.0.2.66")
    for number in range(20):
        assert greyd.grey(ip="192.0.%d.1" % (number + 3)) == [GREY]
    flood(greyd, "192.0.2.66", "y")
    greyd.age(300)
    for number in range(20):
        assert greyd.grey(ip="192.0.%d.1" % (number + 3)) == [OK]


def test_too_late(greyd):
    greyd.grey()
    greyd.age(2 * 86400 - 10)
    assert greyd.grey() == [OK]
    greyd.grey("bob@here.example")
    greyd.age(2 * 86400 + 10)
    assert greyd.grey("bob@here.example") == [GREY]
    greyd.age(34 * 86400 - 20)
    assert greyd.grey() == [OK]
    greyd.age(36 * 86400 + 10)
    assert greyd.grey() == [GREY]


def test_numbers(greyd):
    def put(**settings):
        for name, value in settings.items():
            greyd.place.write(greyd.place.path("control/" + name), value + "\n")

    put(greydelay="0")
    assert greyd.grey() == [OK]
    put(greydelay="10", greywindow="100", greylifetime="1000")
    assert greyd.grey("bob@here.example") == [GREY]
    greyd.age(101)
    assert greyd.grey("bob@here.example") == [GREY]
    greyd.age(11)
    assert greyd.grey("bob@here.example") == [OK]
    greyd.age(1001)
    assert greyd.grey("bob@here.example") == [GREY]


@pytest.mark.parametrize("window, is_told", [("299", True), ("300", True), ("0", True), ("400", False)])
def test_a_window_before_the_delay(greyd, window, is_told):
    """Keeps nobody out; the log has it from the start."""
    greyd.place.write(greyd.place.path("control/greywindow"), window + "\n")
    greyd.daemon.kill()
    greyd.begin()
    words = "qmail-greyd: control/greywindow is not more than control/greydelay"
    if is_told:
        greyd.daemon.wait(words)
    assert greyd.grey() == [GREY]
    greyd.age(300)
    assert greyd.grey() == [OK]
    greyd.daemon.wait("greyd deferred")
    assert greyd.daemon.log().count(words) == is_told


def test_a_clock_that_steps(greyd):
    """Nobody waits longer than the delay."""
    greyd.grey()
    greyd.age(-86400)  # that was in a time to come
    assert greyd.grey() == [GREY]
    greyd.age(300)
    assert greyd.grey() == [OK]
    greyd.age(-86400)
    assert greyd.grey() == [GREY]
    greyd.age(300)
    assert greyd.grey() == [OK]


@pytest.mark.parametrize("environment, recipient", [
    ({"RELAYCLIENT": ""}, "ann@here.example"), ({}, "PostMaster@here.example"), ({"TCPREMOTEIP": "unknown"}, "ann@here.example")])
def test_who_is_not_asked(greyd, environment, recipient):
    assert greyd.rcpt(recipient, GREYLIST="", RATELIMIT="1/1000", **environment) == [OK]
    assert greyd.rcpt(recipient, GREYLIST="", RATELIMIT="1/1000", **environment) == [OK]
    assert set(os.listdir(greyd.state(""))) <= {"rates"}


def test_unknown_recipients_first(greyd):
    """Who guesses names is told so at once."""
    os.unlink(greyd.place.path("control/rcptcheck"))
    greyd.town.open()
    greyd.town.until(greyd.town.is_door_open, "qmail-rcptd")
    assert greyd.grey("no-one@here.example", "ann@there.example") == [
        "550 5.1.1 nobody here has this name", "553 5.7.1 we take no mail for that domain"]
    assert not os.path.exists(greyd.state())


def test_limit_of_a_client(greyd):
    limit = {"RATELIMIT": "3/100"}
    assert greyd.rcpt(*["ann@here.example"] * 4, **limit) == [OK] * 3 + [CLIENT]
    assert greyd.rcpt("ann@here.example", ip="192.0.2.2", **limit) == [OK]
    greyd.age(90, "rates")
    assert greyd.rcpt("ann@here.example", **limit) == [CLIENT]
    greyd.age(10, "rates")
    assert greyd.rcpt(*["ann@here.example"] * 4, **limit) == [OK] * 3 + [CLIENT]
    greyd.daemon.wait('greyd limited pid=.* to="ann@here.example" by="client" seconds=')
    assert greyd.rcpt(*["ann@here.example"] * 2, ip="2001:db8::1", **limit) == [OK] * 2
    assert greyd.rcpt(*["ann@here.example"] * 2, ip="2001:db8::2", **limit) == [OK, CLIENT]
    greyd.age(-86400, "rates")
    assert greyd.rcpt("ann@here.example", **limit) == [OK]


def test_limits_behind_a_proxy(greyd):
    """They are its clients', not its own."""
    greyd.place.control(me="here.example\n", rcpthosts="here.example\n", rcptcheck="off\n", xclient="192.0.2.1\n")

    def hears(client):
        text = "XCLIENT ADDR=%s\r\nMAIL FROM:<>\r\nRCPT TO:<ann@here.example>\r\nQUIT\r\n" % client
        done = subprocess.run([greyd.place.program("qmail-smtpd")], input=text.encode(), capture_output=True, cwd="/", timeout=60,
                              env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.1", "RATELIMIT": "1/100"},
                              **greyd.place.as_user("qmaild"))
        return done.stdout.decode().split("\r\n")[3]
    assert [hears(client) for client in ("10.1.1.1", "10.2.2.2", "10.1.1.1")] == [OK, OK, CLIENT]


def test_limit_of_a_network(greyd):
    """Beside that of a client; who is over that one uses nothing of it."""
    limit = {"RATELIMIT": "2/100", "NETRATELIMIT": "3/100"}
    assert greyd.rcpt(*["ann@here.example"] * 9, **limit) == [OK] * 2 + [CLIENT] * 7
    assert greyd.rcpt(*["ann@here.example"] * 2, ip="192.0.2.2", **limit) == [OK, NETWORK]
    assert greyd.rcpt("ann@here.example", ip="192.0.3.1", **limit) == [OK]
    greyd.daemon.wait('by="network"')


def test_limit_and_grey(greyd):
    """What comes again counts each time."""
    assert greyd.grey(RATELIMIT="2/100") == [GREY] and greyd.grey(RATELIMIT="2/100") == [GREY]
    assert greyd.grey(RATELIMIT="2/100") == [CLIENT]


@pytest.mark.parametrize("limit", ["", "3", "3/", "/3", "0/3", "3/0", "x/3", "3/3/3", "-1/3", "3/99999999", "9999999999/3"])
def test_a_limit_that_is_none(greyd, limit):
    """It was to protect somebody."""
    for name in "RATELIMIT", "NETRATELIMIT":
        done = subprocess.run([greyd.place.program("qmail-smtpd")], input=b"", capture_output=True, cwd="/",
                              env={name: limit, "TCPREMOTEIP": "192.0.2.1"}, **greyd.place.as_user("qmaild"))
        assert done.stdout.startswith(b"421 ")


def test_qmtp(greyd):
    """Recipients by QMTP are asked about, too."""
    done = subprocess.run(
        [greyd.place.program("qmail-qmtpd")], capture_output=True, cwd="/",
        input=b"".join(b"%d:%s," % (len(part), part) for part in (
            b"\nSubject: x\n\nhello\n", b"joe@there.example", b"16:ann@here.example,")),
        env={"TCPREMOTEIP": "192.0.2.1", "GREYLIST": ""}, **greyd.place.as_user("qmaild"))
    assert b":Zyou are new here; come again in some minutes (#4.7.1)," in done.stdout


def test_nobody_there(greyd):
    greyd.daemon.kill()
    assert greyd.grey(RATELIMIT="1/1") == [OK]


def test_silence(greyd):
    """A service that does not answer keeps no mail out."""
    os.kill(greyd.daemon.pid, signal.SIGSTOP)
    assert greyd.grey(RATELIMIT="1/1") == [OK]


def test_kills(greyd):
    """What was known is known after them."""
    for number in range(5):
        greyd.grey("bob%d@here.example" % number)
        os.kill(greyd.daemon.pid, signal.SIGKILL)
        greyd.daemon.kill()
        greyd.begin()
    assert len(greyd.entries("new")) == 5
    greyd.age(300)
    assert greyd.grey(*("bob%d@here.example" % number for number in range(5))) == [OK] * 5


@pytest.mark.parametrize("text", [b"", b"x", b"other", bytes(range(256)) * 20, b"greyd-2\0", b"greyd-2\0" + b"s" * 8 + b"x" * 47],
                         ids=["empty", "a_byte", "other", "binary", "head_only", "half_an_entry"])
def test_a_file_that_is_none(greyd, text):
    for name in "new", "seen":
        greyd.place.write(greyd.state(name), "", "qmailv", 0o600)
        with open(greyd.state(name), "wb") as out:
            out.write(text)
    assert greyd.grey() == [GREY]
    greyd.age(300)
    assert greyd.grey() == [OK]


@pytest.mark.parametrize("name", ["seen", "new"])
def test_a_state_that_cannot_be_written(greyd, name):
    """Keeps no mail out."""
    os.mkdir(greyd.state(name))
    os.mkdir(greyd.state("rates"))
    assert greyd.grey(RATELIMIT="1/1000") == [OK] and greyd.grey(RATELIMIT="1/1000") == [OK]
    greyd.daemon.wait("qmail-greyd: grey/state/rates: Is a directory")
    greyd.daemon.wait("qmail-greyd: grey/state/%s: Is a directory" % name)


def test_it_does_not_grow(greyd):
    """Who has come again takes the place of who was not seen for longer."""
    greyd.grey()
    greyd.age(300)
    greyd.grey()
    with open(greyd.state(), "r+b") as file:
        bytes_ = bytearray(file.read().ljust(SIZE, b"\0"))
        now = greyd.entries()[0][4]
        for number, place in enumerate(range(HEAD, SIZE, ENTRY.size)):
            ENTRY.pack_into(bytes_, place, 1 << 63 | number << 15, 0, 0, now, now - 1000 * (number % 8 == 5), 0, 0)
        file.seek(0)
        file.write(bytes_)
    for step in GREY, OK:
        for number in range(20):
            assert greyd.grey("bob%d@here.example" % number) == [step]
        greyd.age(300, "new")
    entries = greyd.entries()
    assert len(entries) == COUNT and os.path.getsize(greyd.state()) == SIZE
    assert len([entry for entry in entries if entry[4] == now - 1000]) in range(COUNT // 8 - 20, COUNT // 8 - 14)
    assert greyd.grey("bob19@here.example") == [OK]


def test_seeds(greyd):
    """Nobody can tell which bucket is his."""
    seeds = set()
    for _ in range(3):
        greyd.grey()
        with open(greyd.state(), "rb") as file:
            head = file.read(16)
        assert head[:8] == b"greyd-2\0"
        seeds.add(head[8:])
        os.unlink(greyd.state())
    assert len(seeds) == 3


def test_one_at_a_time(greyd):
    """A state that another has is waited for, and in the end done without."""
    greyd.grey()
    with open(greyd.state()) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert greyd.grey() == [OK]
        greyd.daemon.wait("qmail-greyd: grey/state/seen: Resource temporarily unavailable")
    assert greyd.grey() == [GREY]


def test_who_may_ask(greyd):
    path = greyd.place.path("grey/door")
    code = ("import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(%r); "
            "s.settimeout(20); s.send(b'Q192.0.2.1\\0a@b\\0c@d\\0g\\0\\0\\0'); print(s.recv(100))" % path)
    for user, answered in ("qmaild", True), ("qmailr", False), ("qmails", False):
        done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, cwd="/",
                              check=False, **greyd.place.as_user(user))
        assert ("g300" in done.stdout) == answered
    assert os.stat(greyd.place.path("grey/state")).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("record", [
    b"Q", b"X\0", b"Q1.2.3.4\0", b"Q1.2.3.4\0a\0b\0g\0\0", b"Q1.2.3.4\0a\0b\0h\0\0\0", b"Q1.2.3.4\0a\0b\0g\0x\0\0",
    b"Q1.2.3.4\0a\0b\0g\0\0\0\0", b"Q1.2.3.4\0a\0b\0g\0\0\0x", b"Q" + b"x" * 5000])
def test_no_question(greyd, record):
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link.connect(greyd.place.path("grey/door"))
    link.settimeout(60)
    link.send(record)
    with link:
        try:
            assert link.recv(100) == b""
        except ConnectionResetError:
            pass
    assert greyd.grey() == [GREY]


def test_many_at_once(greyd):
    """Each counts, and none twice."""
    program = greyd.place.program("qmail-smtpd")
    text = b"HELO x\r\nMAIL FROM:<a@there.example>\r\n" + b"RCPT TO:<ann@here.example>\r\n" * 20 + b"QUIT\r\n"
    running = [subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
                                env={"TCPREMOTEIP": "192.0.2.1", "RATELIMIT": "50/1000"}, **greyd.place.as_user("qmaild"))
               for _ in range(8)]
    for each in running:
        each.stdin.write(text)
        each.stdin.close()
    answers = [each.stdout.read().decode() for each in running]
    for each in running:
        each.wait(60)
    assert sum(text.count(OK) for text in answers) == 50
    assert sum(text.count(CLIENT) for text in answers) == 110
