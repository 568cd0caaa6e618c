"""control/bindroutes: who this machine is, by the domain of the sender."""

import socket
import threading

import pytest

from support import process
from support.spawner import by_hand

RELAY = "127.0.0.2:2525"
TO = ("d.example", "u@d.example")


class Door:
    """Notes whence the clients come, and their EHLO; refuses them."""

    def __init__(self, address="127.0.0.2", family=socket.AF_INET):
        self.found = []
        self.listener = socket.create_server((address, 2525), family=family)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            with sock, sock.makefile("rb") as lines:
                sock.sendall(b"220 x\r\n")
                line = lines.readline().decode()
                sock.sendall(b"421 enough\r\n")
                self.found.append((peer[0], line.split()[1]))
                lines.read()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def call(place, lines, sender, door, relay=RELAY):
    place.control(me="me.example\n", smtproutes=":%s\n" % relay, bindroutes=lines)
    said, = by_hand(place, TO[0], sender, TO[1])
    assert "421 enough" in said
    process.until(lambda: door.found, "the client")
    return door.found.pop()


LINES = """\
one.example:127.0.0.11:one.mx.example
.one.example:127.0.0.12
two.example::two.mx.example
none.example:
:127.0.0.13:all.mx.example
"""


@pytest.mark.parametrize("sender, wanted", [
    ("a@one.example", ("127.0.0.11", "one.mx.example")),
    ("a@ONE.example", ("127.0.0.11", "one.mx.example")),
    ("a@x.one.example", ("127.0.0.12", "me.example")),
    ("a@two.example", ("127.0.0.1", "two.mx.example")),
    ("a@none.example", ("127.0.0.1", "me.example")),
    ("a@other.example", ("127.0.0.13", "all.mx.example")),
    ("one.example", ("127.0.0.13", "all.mx.example")),
    ("", ("127.0.0.13", "all.mx.example")),
])
def test_by_domain(fresh, sender, wanted):
    with Door() as door:
        assert call(fresh, LINES, sender, door) == wanted


def test_without_a_line(fresh):
    with Door() as door:
        assert call(fresh, "one.example:127.0.0.11\n", "a@b.example", door) == \
            ("127.0.0.1", "me.example")


def test_ipv6(fresh):
    """Only where the address is of that family."""
    lines = ":[::1]:six.example\n"
    with Door("::1", socket.AF_INET6) as door:
        assert call(fresh, lines, "a@b.example", door, "[::1]:2525") == ("::1", "six.example")
        assert call(fresh, ":127.0.0.11\n", "a@b.example", door, "[::1]:2525") == \
            ("::1", "me.example")
    with Door() as door:
        assert call(fresh, lines, "a@b.example", door) == ("127.0.0.1", "six.example")


@pytest.mark.parametrize("line", [
    ":203.0.113.77\n", ":[2001:db8::77]\n", ":nonsense\n", ":2001:db8::1\n", ":127.0.0.1:a b\n"])
def test_what_cannot_be_used(fresh, line):
    """It waits, and says why; and nothing is noted of the hop."""
    relay = "[::1]:2525" if "[" in line else RELAY
    fresh.control(me="me.example\n", smtproutes=":%s\n" % relay, bindroutes=line)
    said = by_hand(fresh, TO[0], "a@b.example", TO[1], NEXTHOPREPORT="1")
    assert [one[0] for one in said] == ["Z", "n"] and said[1] == "n"
    assert "#4.3.0" in said[0] and "control/bindroutes" in said[0]
