"""Bounces of this suite as other programs read them: those of list managers and
of who counts bounces, in both forms."""

import os
import re
import subprocess

import pytest

from support import bounceparsers, dsngrammar, peers, postfix, town as towns
from test_dsn import RELAY, SUCCESS, route, send
from test_postfix import neighbour  # noqa: F401, a fixture
from test_reports import finish, later, wait_and_try_again
from test_sorters import mlmmj  # noqa: F401, a fixture

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
    return checked(text)


def checked(text):
    """Each bounce has these, and in the form of RFC 3464 keeps to it."""
    head = text.partition("\n\n")[0]
    assert re.search(r"^Message-ID: <[0-9]+\.[0-9]+@here\.example>$", head, re.M)
    assert "\nAuto-Submitted: auto-replied" in head
    if "multipart/report" in head:
        dsngrammar.check(text)
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
    assert_found(checked(text), "ann-no@here.example")


def test_delay(office):
    """Nobody is taken for one that failed."""
    office.place.write(office.place.path("control/delaywarn"), "100\n")
    later(office)
    office.open()
    office.send("bob@here.example", "ann-later@here.example")
    wait_and_try_again(office, 200)
    text = office.letter("bob", "Subject: delay notice")
    finish(office)
    checked(text)
    assert bounceparsers.flufl(text) == ({"ann-later@here.example"}, set())
    assert bounceparsers.bounceparser(text) == []
    (address, action, *_), = bounceparsers.sisimai(text)
    assert (address, action) == ("ann-later@here.example", "delayed")


# ---- the grammar of RFC 3464

@pytest.mark.parametrize("address", [
    "ann-no@here.example", "ann-a b@here.example", 'ann-"x"@here.example', "ann-x..y@here.example",
    "ann-\\@here.example", "ann-\ttab@here.example", "ann-\x7f@here.example",
    "ann-<x>@here.example", "ann-\u00e4@here.example", "ann-\udcff@here.example"])
def test_addresses_in_a_report(town, address):
    town.open()
    raw = address.encode("utf-8", "surrogateescape").decode("latin-1")
    send(town, ("ORCPT=rfc822;first+2Bx+3D+00@there.example", raw), parameters="ENVID=+2B+00x")
    message, recipient = dsngrammar.check(town.letter("bob", "Subject: failure notice"))
    assert dict(message)["Original-Envelope-Id"] == "+?x"
    assert dict(recipient)["Original-Recipient"] == "rfc822; first+x=?@there.example"
    town.wait_empty()


@pytest.mark.parametrize("reply", [
    "550 no\r\n", "550\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "450 4.2.1 later\r\n",
    "550 " + "x" * 1500 + "\r\n", "550 \xff\t\x01 ; Action: delivered\r\n",
    "550-\r\n550-Status: 2.0.0\r\n550 \r\n"])
def test_replies_in_a_report(town, reply):
    route(town)
    town.place.write(town.place.path("control/queuelifetime"), "0\n")
    town.open()
    with peers.Servers({RELAY: [{"RCPT": reply}] * 3}):
        send(town, ("", "joe@there.example"))
        town.daemon.wait("^delivery ")
        if reply[0] == "4":
            town.until(lambda: town.place.queue_files()["info"], "its files")
            (path,) = town.place.queue_files()["info"].values()
            os.utime(path, (1e9, 1e9))
            os.kill(town.daemon.pid, towns.ALARM)
        text = town.letter("bob", "Subject: failure notice")
    _, recipient = dsngrammar.check(text)
    assert dict(recipient)["Remote-MTA"] == "dns; [127.0.0.2]"
    assert dict(recipient)["Action"] == "failed"


def test_reports_of_success(town):
    route(town)
    town.open()
    with peers.Servers({RELAY: [{}]}):
        send(town, (SUCCESS, "ann@here.example"), (SUCCESS, "joe@there.example"))
        town.daemon.wait("^notice msg", count=2)
    town.wait_empty()
    texts = town.mail("bob")
    groups = [dsngrammar.check(text)[1:] for text in texts]
    assert sorted(dict(fields)["Action"] for (fields,) in groups) == ["delivered", "relayed"]


GOOD = """Return-Path: <>
Date: 26 Nov 2026 22:00:00 -0000
From: MAILER-DAEMON@a.example
To: b@a.example
Subject: failure notice
Message-ID: <1@a.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="b"

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

words
--b
Content-Type: message/delivery-status
Content-Transfer-Encoding: 7bit

Reporting-MTA: dns; a.example
Arrival-Date: 26 Nov 2026 22:00:00 -0000

Final-Recipient: rfc822; x@a.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; [192.0.2.1]
Diagnostic-Code: smtp; 550 no

--b--
"""


@pytest.mark.parametrize("old, new", [
    ("Reporting-MTA: dns; a.example\n", ""), ("dns; a.example", "a.example"),
    ("5.1.1", "5.1"), ("5.1.1", "2.1.1"), ("5.1.1", "5.01.1"), ("Action: failed", "Action: fail"),
    ("Action: failed\nStatus: 5.1.1", "Status: 5.1.1\nAction: failed"), ("Action: failed\n", ""),
    ("; x@a.example", "; a b@a.example"), ("rfc822; x", "x"), ("smtp; 550", "smtp; what 550"),
    ("550 no\n", "550 no\n no\n"), ("Status: 5.1.1\n", "Status: 5.1.1\nStatus: 5.1.1\n"),
    ("[192.0.2.1]", "192.0.2.1 "), ("\n\nFinal", "\nFinal"), ("--b--\n", ""), ("7bit", "8bit"),
    ("550 no", "550 n\xf6"), ("-0000\n\nFinal", "GMT\n\nFinal"), ("Message-ID", "X-ID"),
    ("550 no", "550 " + "x" * 1000), ("Status: 5.1.1\n", "Status: 5.1.1\n\n")])
def test_the_grammar_itself(old, new):
    """It takes what is right, and nothing else."""
    dsngrammar.check(GOOD)
    assert GOOD.count(old) >= 1
    with pytest.raises(AssertionError):
        dsngrammar.check(GOOD.replace(old, new))


# ---- list managers

def test_mlmmj(office, mlmmj):
    """A sender for each copy: the bounce that comes to it is that of a
    subscriber.  (Of the fields in the body mlmmj 1.3.0 reads none.)"""
    folder = office.home("ann") + "/ann-list"
    office.run_as("ann", [mlmmj + "/mlmmj-sub", "-L", folder, "-a", "nobody.here@here.example", "-s"])
    office.run_as("ann", [mlmmj + "/mlmmj-sub", "-L", folder, "-a", "bob@here.example", "-s"])
    code = office.queue(b"Fbob@here.example\0Tann-list@here.example\0\0",
                        "From: bob@here.example\nTo: ann-list@here.example\nSubject: news\n\nnews\n")
    assert code == 0
    office.letter("bob", "Subject: news")
    office.until(lambda: os.path.exists(folder + "/bounce/nobody.here=here.example"),
                 "the list to notice the bounce")
    office.wait_empty()
    assert os.listdir(folder + "/bounce") == ["nobody.here=here.example"]


# ---- Postfix, which reads no bounces but as MIME

STRICT = """\
strict_7bit_headers = yes
strict_8bitmime_body = no
strict_mime_encoding_domain = yes
"""


@pytest.mark.parametrize("neighbour", [STRICT], indirect=True)
def test_postfix_takes_them(office, neighbour):  # noqa: F811
    """Where it is strict: 8-bit text in headers, encodings of what is nested."""
    office.place.write(office.place.path("control/smtproutes"),
                       "%s:[%s]\n" % (postfix.DOMAIN, postfix.ADDRESS))
    office.open()
    sender = "bob@" + postfix.DOMAIN
    office.send(sender, "ann-no@here.example", body="gr\xc3\xbc\xc3\x9fe\n")
    text = office.letter("bob", "Subject: failure notice", folder=postfix.Neighbour.folder)
    assert_found(text, "ann-no@here.example")
    office.wait_empty()


# ---- memory

WATCHING_QUEUE = """#!/usr/bin/python3
import os, subprocess, sys
def peak(pid):
    with open("/proc/%%d/status" %% pid) as source:
        return [int(line.split()[1]) for line in source if line.startswith("VmHWM")][0]
queue = subprocess.Popen(["%s"], stdin=subprocess.PIPE, stdout=1)
total = 0
while data := os.read(0, 65536):
    queue.stdin.write(data)
    total += len(data)
queue.stdin.flush()
with open("%s", "a") as out:
    out.write("%%d %%d %%d\\n" %% (total, peak(os.getppid()), peak(queue.pid)))
queue.stdin.close()
sys.exit(queue.wait())
"""


@pytest.mark.parametrize("limit, size", [(None, 50000), ("0\n", 50000000)])
@pytest.mark.parametrize("line", ["x" * 60 + "\n", "x" * 1000000], ids=["lines", "one line"])
def test_large_message_in_constant_memory(office, limit, size, line):
    """What the process that makes the bounce, and qmail-queue, ever had."""
    told, program = office.place.base + "/peaks", office.place.base + "/watching"
    office.place.write(told, "", "qmails", 0o644)
    office.place.write(program, WATCHING_QUEUE % (office.place.program("qmail-queue"), told),
                       mode=0o755)
    if limit:
        office.place.write(office.place.path("control/bouncemaxbytes"), limit)
    office.open(env={"QMAILQUEUE": program})
    body = (line * (50000000 // len(line) + 1))[:50000000]
    office.send("bob@here.example", "ann-no@here.example", body=body + "\n")
    office.daemon.wait("^bounce msg", timeout=60)
    with open(told) as source:
        total, scribe, queue = [int(word) for word in source.read().split()]
    assert total < size + 3000 and (total > size - 1000 or (len(line) > 100 and not limit))
    assert scribe < 4000 and queue < 4000, "kilobytes"
    office.wait_empty(60)
