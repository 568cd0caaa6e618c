"""Bounces of this suite as other programs read them: those of list managers and
of who counts bounces, in both forms."""

import email
import os
import re
import resource
import subprocess
import time

import pytest

from support import bounceparsers, peers, town as towns
from test_dsn import RELAY, route
from test_reports import finish, later, wait_and_try_again

FORMS = ["qsbmf", "dsn"]
SAID = "550-5.1.1 nobody of that name\r\n550-5.1.1 lives here;\r\n550 5.1.1 look elsewhere\r\n"

# A message that looks like a bounce itself: none of these may be found.
DECOY = """Hi. This is the qmail-send program at there.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<decoy@there.example>:
550 5.1.1 no such user

--- Below this line is a copy of the message.

Return-Path: <decoy2@there.example>
Final-Recipient: rfc822; decoy3@there.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 decoy4@there.example
"""


@pytest.fixture(params=FORMS)
def office(town, request):
    """A town whose bounces have one of the forms."""
    town.place.write(town.place.path("control/bounceformat"), request.param + "\n")
    town.rules("ann", "-no", "|echo 'This address no longer accepts mail.'; exit 100")
    town.form = request.param
    return town


def returned(town, *recipients, sender="bob@here.example", name="bob", subject="failure notice", **more):
    """The bounce of a message to these."""
    town.send(sender, *recipients, **more)
    text = town.letter(name, "Subject: " + subject)
    assert ("multipart/report" in text) == (town.form == "dsn")
    town.wait_empty()
    return text


def assert_found(text, *failed):
    """All programs find these and no other."""
    wanted = sorted(failed)
    assert bounceparsers.flufl(text) == (set(), set(failed))
    assert sorted(found[0] for found in bounceparsers.bounceparser(text)) == wanted
    found = bounceparsers.sisimai(text)
    assert sorted(entry[0] for entry in found) == wanted
    assert {entry[1] for entry in found} <= {"failed", ""}  # "": nothing says it


def test_local(office):
    office.open()
    text = returned(office, "ann-no@here.example")
    assert_found(text, "ann-no@here.example")
    if office.form == "qsbmf":
        intro, paragraph = text.partition("\n\n")[2].split("\n\n")[:2]
        assert intro.startswith("Hi. This is the qmail-send program at here.example.\n")
        assert paragraph == "<ann-no@here.example>:\nThis address no longer accepts mail."
        assert "\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <bob@" in text


def test_remote_with_a_reply_of_several_lines(office):
    route(office)
    office.open()
    with peers.Servers({RELAY: [{"RCPT": SAID}]}):
        text = returned(office, "joe@there.example")
    assert_found(text, "joe@there.example")
    (_, word, _), = bounceparsers.bounceparser(text)
    assert word == "user_unknown"
    (_, _, word, reason, _), = bounceparsers.sisimai(text)
    assert word == "userunknown" and "look elsewhere" in reason


def test_several(office):
    route(office)
    office.open()
    names = ["joe@there.example", "jim@there.example", "ann-no@here.example", "no-one@here.example"]
    with peers.Servers({RELAY: [{"RCPT": SAID}] * 2}):
        assert_found(returned(office, *names), *names)


def test_eight_bit(office):
    """In the message, and in what the program says."""
    office.rules("ann", "-no", "|printf 'f\\303\\274r niemanden, \\377\\n'; exit 100")
    office.open()
    text = returned(office, "ann-no@here.example", subject="failure notice",
                    body="gr\xc3\xbc\xc3\x9fe \xff\x80\n")
    assert_found(text, "ann-no@here.example")


def test_cut(office):
    office.open()
    text = returned(office, "ann-no@here.example", body="some words of it\n" * 10000)
    assert_found(text, "ann-no@here.example")
    assert 50000 < len(text) < 54000 and "--- The rest of the message is left out here: " in text


@pytest.mark.parametrize("body", [DECOY, "\n" + DECOY])
def test_message_that_looks_like_a_bounce(office, body):
    office.open()
    assert_found(returned(office, "ann-no@here.example", body=body), "ann-no@here.example")


def test_double(office):
    """The bounce of a bounce: the one it could not be sent to, not those of whom
    it tells."""
    office.place.write(office.place.path("control/doublebounceto"), "bob\n")
    office.open()
    office.send("ann-no@here.example", "no-one@here.example")
    text = office.letter("bob", "Subject: failure notice")
    office.wait_empty()
    assert text.startswith("Return-Path: <#@[]>\n") and "<no-one@here.example>:" in text
    assert ("multipart/report" in text) == (office.form == "dsn")
    assert_found(text, "ann-no@here.example")


def test_delay(office):
    """Nobody is taken for one that failed."""
    office.place.write(office.place.path("control/delaywarn"), "100\n")
    later(office)
    office.open()
    office.send("bob@here.example", "ann-later@here.example")
    wait_and_try_again(office, 200)
    text = office.letter("bob", "Subject: delay notice")
    finish(office)
    assert bounceparsers.flufl(text) == ({"ann-later@here.example"}, set())
    assert bounceparsers.bounceparser(text) == []
    (address, action, *_), = bounceparsers.sisimai(text)
    assert (address, action) == ("ann-later@here.example", "delayed")
