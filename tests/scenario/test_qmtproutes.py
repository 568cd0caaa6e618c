"""control/qmtproutes: mail for some hosts goes by QMTP."""

import socket
import threading

import pytest

from support import peers
from support.spawner import Spawner, by_hand
from support.town import wait_port

TEXT = "Subject: t\n\nhello\n"
LARGE = "Subject: t\n\n" + "a line of text\n" * 500000
PEOPLE = ["u%d@d.example" % n for n in range(1, 5)]


def netstring(data):
    return b"%d:%s," % (len(data), data)


def package(text, sender, *people):
    return (netstring(b"\n" + text.encode("latin-1")) + netstring(sender.encode()) +
            netstring(b"".join(netstring(one.encode()) for one in people)))


class Server:
    """One session: reads so many bytes, says its words, perhaps more, and closes
    when the client has, or at once."""

    def __init__(self, *steps, address="127.0.0.2", port=209):
        self.steps, self.got, self.over = steps, b"", threading.Event()
        self.listener = socket.create_server((address, port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        with sock:
            try:
                self.play(sock)
            except OSError:
                pass

    def play(self, sock):
        for step in self.steps:
            if isinstance(step, bytes):
                sock.sendall(step)
            elif step == "deaf":
                self.over.wait(20)
            elif step == "close":
                return
            else:
                while len(self.got) < step and (data := sock.recv(65536)):
                    self.got += data
        while data := sock.recv(65536):
            self.got += data

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.over.set()
        peers.hang_up(self.listener)
        self.thread.join(5)


def configure(place, **more):
    place.reset()
    place.control(**{"me": "me.example\n", "qmtproutes": ".example:127.0.0.2\nd.example:127.0.0.2\n",
                     "timeoutremote": "5\n", **more})


def deliver(place, *steps, text=TEXT, to=PEOPLE[:1], sender="a@b.example"):
    configure(place)
    with Server(*steps) as server:
        said = by_hand(place, "d.example", sender, *to, message=text, NEXTHOPREPORT="1")
    return said, server.got


def lettered(said):
    return "".join(one[0] for one in said)


@pytest.mark.parametrize("text", ["", "x\n", TEXT, "a\r\nb\rc\n", ".\n..\n", LARGE, "\u00e4\n"])
@pytest.mark.parametrize("sender", ["", "a@b.example", "j\u00f6 x@b.example"])
def test_package(root_place, text, sender):
    whole = package(text, sender, *PEOPLE[:2])
    said, got = deliver(root_place, len(whole), netstring(b"Kfirst") + netstring(b"Ksecond"),
                        text=text, to=PEOPLE[:2], sender=sender)
    assert got == whole
    assert lettered(said) == "rrKn" and said[-1] == "nw"
    assert "first" in said[0] and "second" in said[1] and "first" in said[2]


@pytest.mark.parametrize("text", ["x", TEXT + "x", LARGE[:-1]])
def test_last_line_without_end(root_place, text):
    whole = package(text + "\n", "a@b.example", PEOPLE[0])
    said, got = deliver(root_place, len(whole), netstring(b"Kok"), text=text)
    assert lettered(said) == "rKn" and got == whole


@pytest.mark.parametrize("answers, wanted", [
    ((b"Kok", b"Zlater", b"Dnever", b"Kok"), "rshrKn"), ((b"Dnever", b"Kok", b"Kok", b"Kok"), "hrrrKn"),
    ((b"Dnever",) * 4, "hhhhDn"), ((b"Zlater",) * 4, "ssssDn"), ((b"K",) * 4, "rrrrKn"),
])
def test_each_recipient_has_its_answer(root_place, answers, wanted):
    whole = package(TEXT, "a@b.example", *PEOPLE)
    said, got = deliver(root_place, len(whole), b"".join(map(netstring, answers)), to=PEOPLE)
    assert lettered(said) == wanted and got == whole and said[-1] == "nw"
    for answer, one in zip(answers, said):
        assert answer[1:].decode() in one


@pytest.mark.parametrize("said_first, wanted", [((), "rrrrZn"), ((b"Kok",), "rsssKn"),
                                                ((b"Dno",), "hrrrZn"), ((b"Kok", b"Dno"), "rhssKn")])
def test_connection_that_breaks(root_place, said_first, wanted):
    """Those who were answered have their result, the others wait."""
    size = len(package(TEXT, "a@b.example", *PEOPLE))
    said, _ = deliver(root_place, size, b"".join(map(netstring, said_first)), "close", to=PEOPLE)
    assert lettered(said) == wanted and said[-1] == ("n" if said_first else "nt")
    assert any("#4.4.2" in one and "twice" in one for one in said)


@pytest.mark.parametrize("answer", [b"hello\r\n", b"220 smtp ready\r\n", b"0:,", b"03:Kok,", b"3:Xok,",
                                    b"3:Kokx", b"99999999:K", b"99999999999999999999999:K", b":"])
def test_what_is_no_answer(root_place, answer):
    size = len(package(TEXT, "a@b.example", PEOPLE[0]))
    said, _ = deliver(root_place, size, answer)
    assert lettered(said) == "rZn" and "#4.5.0" in said[1] and said[-1] == "nt"


@pytest.mark.parametrize("steps", [(), (5,), (100,)])
@pytest.mark.parametrize("text", [TEXT, LARGE])
def test_server_goes_away(root_place, steps, text):
    said, _ = deliver(root_place, *steps, "close", text=text)
    assert lettered(said) == "rZn" and "#4.4.2" in said[1] and said[-1] == "nt"


def test_silent_server(root_place):
    configure(root_place, timeoutremote="1\n")
    with Server("deaf"):
        said = by_hand(root_place, "d.example", "a@b.example", PEOPLE[0], NEXTHOPREPORT="1")
    assert lettered(said) == "rZn" and "#4.4.2" in said[1] and said[-1] == "nt"


@pytest.mark.parametrize("answer, wanted", [(b"Dtoo large", "hDn"), (b"Zno place", "sDn"),
                                            (b"Kfine", "rZn")])
def test_answer_before_its_time(root_place, answer, wanted):
    """Refusal counts, consent does not."""
    said, _ = deliver(root_place, 100, netstring(answer), "deaf", text=LARGE)
    assert lettered(said) == wanted
    if answer[0:1] == b"K":
        assert "#4.5.0" in said[1]
    else:
        assert answer[1:].decode() in said[0]


def test_consent_before_its_time_by_a_server_that_reads_on(root_place):
    """It has spoken long before the end, for the buffers do not hold all."""
    said, _ = deliver(root_place, 100, netstring(b"Kfine"), text=LARGE * 4)
    assert lettered(said) == "rZn" and "#4.5.0" in said[1]


def test_long_answer(root_place):
    size = len(package(TEXT, "a@b.example", PEOPLE[0]))
    said, _ = deliver(root_place, size, netstring(b"D" + b"\x1b" * 60000))
    assert lettered(said) == "hDn" and len(said[0]) < 6000 and "\x1b" not in said[0]


def test_address_that_is_none(root_place):
    to = [PEOPLE[0], "a\r\nb@d.example", PEOPLE[1]]
    whole = package(TEXT, "a@b.example", PEOPLE[0], PEOPLE[1])
    said, got = deliver(root_place, len(whole), netstring(b"Kok") + netstring(b"Dno"), to=to)
    assert lettered(said) == "rhhKn" and got == whole and "#5.1.3" in said[1]


# ---- which way

def which(place, **control):
    """By what protocol d.example is sent to."""
    configure(place, **control)
    size = len(package(TEXT, "a@b.example", PEOPLE[0]))
    servers = {"127.0.0.2:25": [{}], "127.0.0.3:25": [{}]}
    with Server(size, netstring(b"Kok")) as qmtp, peers.Servers(servers) as smtp, \
            peers.Dns({"d.example": {"A": ["127.0.0.3"]}}):
        said = by_hand(place, "d.example", "a@b.example", PEOPLE[0])
    assert lettered(said) == "rK"
    assert bool(qmtp.got) != bool(smtp.connections)
    return "qmtp" if qmtp.got else smtp.connections[0].where


def test_it_goes_before_smtproutes(root_place):
    assert which(root_place, smtproutes="d.example:127.0.0.2\n") == "qmtp"
    assert which(root_place, smtproutes=":127.0.0.2\n", qmtproutes=":127.0.0.2\n") == "qmtp"
    assert which(root_place, smtproutes=":127.0.0.2\n",
                 qmtproutes="other.example:127.0.0.2\n") == "127.0.0.2:25"


def test_empty_relay_is_an_exception(root_place):
    lines = ":127.0.0.2\nd.example:\n"
    assert which(root_place, qmtproutes=lines) == "127.0.0.3:25"
    assert which(root_place, qmtproutes=lines, smtproutes=":127.0.0.2\n") == "127.0.0.2:25"


def test_port(root_place):
    configure(root_place, qmtproutes=":127.0.0.2:2090\n")
    size = len(package(TEXT, "a@b.example", PEOPLE[0]))
    with Server(size, netstring(b"Kok"), port=2090):
        assert lettered(by_hand(root_place, "d.example", "a@b.example", PEOPLE[0])) == "rK"
    configure(root_place, qmtproutes=":127.0.0.2:qmtp\n")
    said, = by_hand(root_place, "d.example", "a@b.example", PEOPLE[0])
    assert said[0] == "Z" and "#4.3.0" in said and "qmtproutes" in said


def test_next_address(root_place):
    """The relay has two, and one of them is closed."""
    configure(root_place, qmtproutes=":relay.example\n")
    size = len(package(TEXT, "a@b.example", PEOPLE[0]))
    zone = {"relay.example": {"A": ["127.0.0.4", "127.0.0.2"]}}
    with Server(size, netstring(b"Kok")), peers.Dns(zone):
        assert lettered(by_hand(root_place, "d.example", "a@b.example", PEOPLE[0])) == "rK"


def test_a_job_with_a_route(root_place):
    """What qmail-send knows of smtproutes does not count here."""
    configure(root_place)
    whole = package(TEXT, "a@sender.example", *PEOPLE)
    answers = b"".join(map(netstring, (b"Kone", b"Ztwo", b"Dthree", b"Kfour")))
    with Spawner(root_place) as spawner, Server(len(whole), answers) as server:
        reports = spawner.deliver(*PEOPLE, route="127.0.0.3:25")
    assert "".join(one[0] + one[1] for one in reports) == "KwZwDwKw"
    assert [word in one[2] for word, one in zip(("one", "two", "three", "four"), reports)] == [True] * 4
    assert server.got == whole


def test_to_a_server_of_ours(town, needs):
    """qmail-qmtpd at the other end, and the queue behind it."""
    needs("tcpserver")
    town.place.write(town.place.path("control/qmtproutes"), "far.example:127.0.0.2\n")
    town.place.write(town.place.path("control/virtualdomains"), "")
    town.place.write(town.place.path("control/rcpthosts"), "far.example\nhere.example\n")
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.2", "209",
                town.place.program("qmail-qmtpd")], env={"PATH": "/usr/bin:/bin"})
    wait_port("127.0.0.2", 209)
    town.open()
    town.send("bob@here.example", "ann@far.example")
    said = town.daemon.wait("^delivery 1: (.*)$").group(1)
    assert said.startswith("success: ") and "127.0.0.2" in said
