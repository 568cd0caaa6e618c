"""Replies that come before their time: refusals and goodbyes count, consent
does not."""

import socket
import threading

import pytest

from support import peers
from support.spawner import by_hand

RELAY = "127.0.0.2:2525"
LARGE = "Subject: t\n\n" + "a line of text\n" * 1000000
PIPELINING = "250-server.example\r\n250 PIPELINING\r\n"
both = pytest.mark.parametrize("ehlo", [{}, {"EHLO": PIPELINING}], ids=["lockstep", "pipelining"])


def deliver(place, servers, text="Subject: t\n\nhello\n", to=("joe@there.example",)):
    place.control(me="here.example\n", smtproutes=":%s\n" % RELAY, timeoutremote="20\n")
    with servers:
        return by_hand(place, "there.example", "a@b.example", *to, message=text)


def scripted(**script):
    return peers.Servers({RELAY: [script]})


def lettered(said):
    return "".join(one[0] for one in said)


class Deaf(peers.Connection):
    """Says what it has to say about the message, and reads no more."""

    def command(self, line):
        super().command(line)
        if line.startswith(b"RCPT"):
            self.read_until(b"DATA\r\n")
            self.say("354 go\r\n")
            self.read()
            self.say(self.script["early"])
            self.over.wait(20)
            raise peers.Over


class DeafServers(peers.Servers):
    """Its client is expected to leave while it does not read."""

    def __init__(self, early):
        super().__init__({RELAY: [{"early": early}]})
        self.over = threading.Event()

    def accept(self, listener, where, scripts):
        sock, _ = listener.accept()
        connection = Deaf(sock, where, scripts[0])
        connection.over = self.over
        connection.serve()

    def __exit__(self, *problem):
        self.over.set()
        super().__exit__(*problem)


EARLY = [("552 5.3.4 too large\r\n", "D", "5.3.4 too large"),
         ("554-no\r\n554 never\r\n", "D", "554 never"),
         ("452 4.3.1 no place\r\n", "Z", "4.3.1 no place"),
         ("421 4.3.2 going down\r\n", "Z", "4.3.2 going down")]


@pytest.mark.parametrize("early, letter, words", EARLY)
def test_refusal_by_a_server_that_reads_no_more(fresh, early, letter, words):
    said = deliver(fresh, DeafServers(early), LARGE)
    assert lettered(said) == "r" + letter and words in said[-1]


@both
@pytest.mark.parametrize("early, letter, words", EARLY)
@pytest.mark.parametrize("text", [LARGE[:1000] + "\n", LARGE], ids=["small", "large"])
def test_refusal_and_the_end(fresh, ehlo, early, letter, words, text):
    said = deliver(fresh, scripted(DATA="354 go\r\n%s<wait 0.2><close>" % early, **ehlo), text)
    assert lettered(said) == "r" + letter and words in said[-1]


@both
@pytest.mark.parametrize("early, letter, words", EARLY)
def test_refusal_by_a_server_that_goes_on_reading(fresh, ehlo, early, letter, words):
    said = deliver(fresh, scripted(DATA="354 go\r\n" + early, **ehlo), LARGE)
    assert lettered(said) == "r" + letter and words in said[-1]


@pytest.mark.parametrize("early", ["250 fine\r\n", "221 bye\r\n", "354 go\r\n", "what?\r\n"])
@pytest.mark.parametrize("end", ["", "<wait 0.2><close>"])
@pytest.mark.parametrize("text", [LARGE[:1000] + "\n", LARGE], ids=["small", "large"])
def test_what_does_not_refuse_does_not_count(fresh, early, end, text):
    said = deliver(fresh, scripted(DATA="354 go\r\n" + early + end), text)
    assert lettered(said) == "rZ" and "#4.5.0" in said[-1]


def test_consent_by_a_server_that_reads_no_more(fresh):
    said = deliver(fresh, DeafServers("250 fine\r\n"), LARGE)
    assert lettered(said) == "rZ" and "#4.5.0" in said[-1]


def test_half_a_refusal_is_none(fresh):
    said = deliver(fresh, scripted(DATA="354 go\r\n552 5.3.4 too lar<wait 0.2><close>"), LARGE)
    assert lettered(said) == "rZ" and "#4.4.2" in said[-1]


# ---- 421

@both
@pytest.mark.parametrize("where, wanted", [
    ("MAIL", "Z"), ("RCPT", "sZ"), ("DATA", "rZ"), ("DOT", "rZ")])
def test_goodbye_is_a_deferral(fresh, ehlo, where, wanted):
    servers = scripted(**{where: "421 4.3.2 going down\r\n<close>"}, **ehlo)
    to = ("joe@there.example", "jim@there.example")[:1 if where != "RCPT" else 2]
    said = deliver(fresh, servers, to=to)
    assert lettered(said) == wanted and all("4.3.2 going down" in one for one in said[-2:] if one[1:])
    assert "#4.5.0" not in said[-1]


@both
def test_goodbye_of_its_own_accord(fresh, ehlo):
    """Not as the answer to anything."""
    servers = scripted(RCPT="250 ok\r\n421 4.3.2 going down\r\n<wait 0.2><close>", **ehlo)
    said = deliver(fresh, servers)
    assert lettered(said) == "rZ" and "4.3.2 going down" in said[-1] and "#4.5.0" not in said[-1]


def test_goodbye_with_the_answer_to_the_greeting(fresh):
    """It lies there before we say anything."""
    said = deliver(fresh, scripted(HELO="250 x\r\n421 4.3.2 going down\r\n<wait 0.2><close>"))
    assert lettered(said) == "Z" and "4.3.2 going down" in said[0] and "#4.4.2" in said[0]
