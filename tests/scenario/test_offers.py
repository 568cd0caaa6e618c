"""What servers offer in EHLO, and what qmail-remote makes of it."""

import re

import pytest

from support import peers
from support.spawner import by_hand
from test_batch import Counting, CountingServers, letters, people

RELAY = "127.0.0.2:2525"
TEXT = "Subject: t\n\nhello\n"
EIGHT = "Subject: t\n\nh\u00e4llo\n".encode()
EIGHT_HEADER = "Subject: t\u00e4\n\nhello\n".encode()
LATIN_HEADER = "Subject: t\u00e4\n\nhello\n".encode("latin-1")
LARGE = "Subject: t\n\n" + "a line of text\n" * 10000
LARGE_EIGHT = LARGE.encode() + EIGHT
SIZE = TEXT.count("\n") + len(TEXT)


def offering(*words, **script):
    lines = ["server.example", *words]
    ehlo = "".join("250%s%s\r\n" % ("-" if line is not lines[-1] else " ", line)
                   for line in lines)
    return {"EHLO": ehlo, **script}


def deliver(place, script, text=TEXT, sender="a@b.example", to=("joe@there.example",), **control):
    """What was reported, and the session."""
    place.control(me="here.example\n", smtproutes=":%s\n" % RELAY, timeoutremote="5\n", **control)
    with peers.Servers({RELAY: [script]}) as servers:
        said = by_hand(place, "there.example", sender, *to, message=text)
        servers.__exit__()
    connection, = servers.connections
    return said, connection


def mail(connection):
    """What was said behind the sender in MAIL."""
    return re.search(rb"MAIL FROM:<[^>]*>([^\r]*)\r\n", connection.sent).group(1).decode()


def lettered(said):
    return "".join(one[0] for one in said)


# ---- EHLO, and HELO

@pytest.mark.parametrize("greet", ["220 x ESMTP\r\n", "220 x ready\r\n", "220\r\n"])
def test_ehlo_whatever_the_greeting_says(fresh, greet):
    said, connection = deliver(fresh, offering(greet=greet))
    assert lettered(said) == "rK"
    assert b"HELO" not in connection.sent and connection.sent.startswith(b"EHLO here.example\r\n")


@pytest.mark.parametrize("code", ["500", "502", "550", "554"])
def test_helo_where_ehlo_is_refused_for_good(fresh, code):
    said, connection = deliver(fresh, {"EHLO": "%s no PIPELINING\r\n" % code})
    assert lettered(said) == "rK" and not connection.was_early
    assert connection.sent.startswith(b"EHLO here.example\r\nHELO here.example\r\nMAIL")


@pytest.mark.parametrize("reply", ["421 busy\r\n", "451 busy\r\n", "220 what\r\n", "354 go\r\n"])
def test_no_helo_after_another_reply(fresh, reply):
    said, connection = deliver(fresh, {"EHLO": reply})
    assert lettered(said) == "Z" and reply[:-2] in said[0]
    assert b"HELO" not in connection.sent


def test_nothing_is_used_that_is_not_offered(fresh):
    said, connection = deliver(fresh, offering(), EIGHT_HEADER)
    assert lettered(said) == "rK" and mail(connection) == "" and not connection.was_early


# ---- SIZE

@pytest.mark.parametrize("words", [["SIZE"], ["SIZE 0"], ["SIZE 1000000"], ["SIZE %d" % SIZE]])
def test_size_is_told(fresh, words):
    said, connection = deliver(fresh, offering(*words))
    assert lettered(said) == "rK" and mail(connection) == " SIZE=%d" % SIZE


def test_size_is_what_goes_over_the_wire(fresh):
    """Without the dots that are doubled; with the line end that is missing."""
    said, connection = deliver(fresh, offering("SIZE"), "a: b\n\n.x\r\ny\rz")
    assert lettered(said) == "rK" and mail(connection) == " SIZE=18"
    assert b"\r\n\r\n..x\r\ny\r\nz\r\n.\r\n" in connection.sent


def test_size_of_a_large_message(fresh):
    """More is not known than the file tells, and what was read of it."""
    said, connection = deliver(fresh, offering("SIZE"), LARGE)
    size = int(mail(connection).partition("=")[2])
    assert lettered(said) == "rK" and len(LARGE) < size < len(LARGE) + LARGE.count("\n")


@pytest.mark.parametrize("text, limit", [(TEXT, SIZE - 1), (LARGE, len(LARGE))])
def test_too_large_message_is_not_sent(fresh, text, limit):
    said, connection = deliver(fresh, offering("SIZE %d" % limit), text)
    assert lettered(said) == "D" and "#5.3.4" in said[0] and "SIZE %d" % limit in said[0]
    assert connection.sent == b"EHLO here.example\r\nQUIT\r\n"


# ---- 8BITMIME

@pytest.mark.parametrize("text, wanted", [
    (TEXT, ""), (EIGHT, " BODY=8BITMIME"), (LARGE_EIGHT, " BODY=8BITMIME"),
    (LATIN_HEADER, " BODY=8BITMIME")])
def test_8bit_text_is_announced(fresh, text, wanted):
    said, connection = deliver(fresh, offering("8BITMIME"), text, send8bit="strict\n")
    assert lettered(said) == "rK" and mail(connection) == wanted


@pytest.mark.parametrize("server", [{}, offering("PIPELINING")])
@pytest.mark.parametrize("text", [EIGHT, EIGHT_HEADER, LARGE_EIGHT])
def test_8bit_text_goes_anyway(fresh, server, text):
    said, connection = deliver(fresh, server, text)
    assert lettered(said) == "rK" and text.replace(b"\n", b"\r\n") in connection.sent
    assert mail(connection) == ""


@pytest.mark.parametrize("server", [{}, offering("PIPELINING")])
@pytest.mark.parametrize("text", [EIGHT, LARGE_EIGHT])
def test_8bit_text_is_refused_if_wanted(fresh, server, text):
    said, connection = deliver(fresh, server, text, send8bit="strict\n")
    assert lettered(said) == "D" and "#5.6.3" in said[0]
    assert b"MAIL" not in connection.sent and connection.sent.endswith(b"QUIT\r\n")


@pytest.mark.parametrize("text", [TEXT, LARGE])
def test_strict_lets_7bit_text_go(fresh, text):
    said, connection = deliver(fresh, {}, text, send8bit="strict\n")
    assert lettered(said) == "rK"
    assert text.replace("\n", "\r\n").encode() in connection.sent


# ---- SMTPUTF8

UTF8 = offering("SMTPUTF8", "8BITMIME")


def test_sender_in_utf8(fresh):
    said, connection = deliver(fresh, UTF8, sender="j\u00f6@b.example")
    assert lettered(said) == "rK" and mail(connection) == " SMTPUTF8"
    said, connection = deliver(fresh, offering("8BITMIME"), sender="j\u00f6@b.example")
    assert lettered(said) == "D" and "#5.6.7" in said[0]
    assert b"MAIL" not in connection.sent and connection.sent.endswith(b"QUIT\r\n")


@pytest.mark.parametrize("extra", [[], ["PIPELINING"]])
def test_recipient_in_utf8(fresh, extra):
    to = ("joe@there.example", "j\u00f6@there.example", "jim@there.example")
    said, connection = deliver(fresh, offering("SMTPUTF8", *extra), to=to)
    assert lettered(said) == "rrrK" and mail(connection) == " SMTPUTF8"
    said, connection = deliver(fresh, offering(*extra), to=to)
    assert lettered(said) == "rhrK" and "#5.6.7" in said[1]
    assert connection.sent.count(b"RCPT TO:") == 2
    said, connection = deliver(fresh, offering(*extra), to=to[1:2])
    assert lettered(said) == "D" and "#5.6.7" in said[0] and b"MAIL" not in connection.sent


def test_header_in_utf8(fresh):
    said, connection = deliver(fresh, UTF8, EIGHT_HEADER)
    assert lettered(said) == "rK" and mail(connection) == " BODY=8BITMIME SMTPUTF8"
    for text in (EIGHT, LATIN_HEADER):
        said, connection = deliver(fresh, UTF8, text)
        assert lettered(said) == "rK" and mail(connection) == " BODY=8BITMIME"


def test_other_bytes_are_no_utf8(fresh):
    """They go as they always did."""
    for server in ({}, UTF8):
        said, connection = deliver(fresh, server, to=(b"j\xf6@there.example",))
        assert lettered(said) == "rK" and mail(connection) == ""
        assert b"RCPT TO:<\"j\xf6\"@there.example>\r\n" in connection.sent


# ---- LIMITS

both = pytest.mark.parametrize("extra", [(), ("PIPELINING",)], ids=["lockstep", "pipelining"])


@both
def test_no_more_recipients_than_wanted(fresh, extra):
    fresh.control(me="here.example\n", smtproutes=":%s\n" % RELAY)
    kind = type("Kind", (Counting,), {"limit": 1000})
    with CountingServers(kind, offering("LIMITS RCPTMAX=10", *extra)) as servers:
        said = by_hand(fresh, "there.example", "a@b.example", *people(25))
    assert letters(said) == "r" * 25 + "K"
    connection, = servers.connections
    assert connection.transactions == [people(25)[n:n + 10] for n in range(0, 25, 10)]
    assert connection.messages_ended == 3


@both
def test_all_of_the_first_are_refused(fresh, extra):
    """The others have their turn all the same."""
    refused = ["550 no\r\n"] * 10 + ["250 ok\r\n"]
    data = ["554 nobody\r\n", "354 go\r\n"] if extra else ["354 go\r\n"]
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", *extra, RCPT=refused, DATA=data),
                               to=people(15))
    assert lettered(said) == "h" * 10 + "r" * 5 + "K"
    assert connection.sent.count(b"MAIL") == 2 and connection.messages_ended == 1


def test_message_for_nobody_is_taken_back(fresh):
    """The server asks for the message although it has taken nobody."""
    refused = ["550 no\r\n"] * 10 + ["250 ok\r\n"]
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", "PIPELINING", RCPT=refused),
                               to=people(15))
    assert lettered(said) == "h" * 10 + "r" * 5 + "K"
    assert b"DATA\r\n.\r\nRSET\r\nMAIL" in connection.sent and connection.messages_ended == 2


@both
def test_those_whose_turn_does_not_come_wait(fresh, extra):
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", *extra, DOT=["250 ok\r\n"],
                                               MAIL=["250 ok\r\n", "451 enough\r\n"]),
                               to=people(15))
    assert lettered(said) == "r" * 10 + "s" * 5 + "K"
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", *extra, RCPT=["550 no\r\n"],
                                               DATA=["554 nobody\r\n"]),
                               to=people(15))
    assert lettered(said) == "h" * 15 + "D"


@both
def test_too_many_for_ever(fresh, extra):
    """A server that takes nobody at all is not asked again and again."""
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", *extra, RCPT="452 4.5.3 full\r\n",
                                               DATA="554 nobody\r\n"), to=people(15))
    assert lettered(said) == "s" * 15 + "D" and connection.sent.count(b"MAIL") == 1


@both
def test_last_turn_has_only_addresses_that_cannot_be_sent(fresh, extra):
    to = people(10) + ["j\u00f6@there.example"]
    said, connection = deliver(fresh, offering("LIMITS RCPTMAX=10", *extra), to=to)
    assert lettered(said) == "r" * 10 + "hK" and "#5.6.7" in said[10]
    assert connection.messages_ended == 1 and connection.sent.endswith(b"QUIT\r\n")
