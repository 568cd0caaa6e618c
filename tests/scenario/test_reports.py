"""Bounces in the form of RFC 3464, and notices of delay."""

import email
import os
import re
import subprocess
import time

import pytest

from support import peers, town as towns
from test_dsn import RELAY, envelope, gated_queue, logged, route, send
from test_local import home  # noqa: F401, a fixture
from test_scribe import children

FOUR_HOURS = 4 * 3600


def parts(town, subject="failure notice", name="bob", **more):
    """The three parts of a report that somebody got: words, blocks of fields,
    what is returned."""
    text = town.letter(name, "Subject: " + subject, **more)
    message = email.message_from_string(text)
    assert message.get_content_type() == "multipart/report" and not message.defects
    assert message["Auto-Submitted"] == "auto-replied"
    assert re.fullmatch(r"<[0-9]+\.[0-9]+@here\.example>", message["Message-ID"])
    words, fields, returned = message.get_payload()
    assert words.get_content_type() == "text/plain"
    assert fields.get_content_type().endswith("delivery-status")
    return words.get_payload(), fields.get_payload(), returned


def plain(town, *recipients, **more):
    """A message of a sender who asks for nothing."""
    send(town, *[("", address) for address in recipients], parameters="", **more)


# ---- failures

@pytest.mark.parametrize("others", [(), ("ann@here.example",)])
def test_who_asked_gets_a_report(town, others):
    """With what he said of each, as a message that goes straight and with files."""
    town.rules("ann", "-no", "|echo none here; exit 100")
    town.open()
    send(town, ("ORCPT=rfc822;first+2Bx@there.example", "ann-no@here.example"),
         *[("", address) for address in others])
    words, (message, failure), returned = parts(town)
    assert words.startswith("Hi. This is the qmail-send program at here.example.\n")
    assert words.endswith("\n\n<ann-no@here.example>:\nnone here\n\n"
                          "--- Below this line is a copy of the message.\n"
                          "Its sender wants no more than the header.\n\n")
    assert message["Reporting-MTA"] == "dns; here.example"
    assert message["Original-Envelope-Id"] == "id+7" and message["Arrival-Date"]
    assert failure["Original-Recipient"] == "rfc822; first+x@there.example"
    assert failure["Final-Recipient"] == "rfc822; ann-no@here.example"
    assert (failure["Action"], failure["Status"]) == ("failed", "5.0.0")
    assert failure["Diagnostic-Code"] == "x-qmail; none here"
    assert returned.get_content_type() == "text/rfc822-headers"
    header = returned.get_payload()
    assert header.startswith("Return-Path: <bob@here.example>\n")
    assert "Subject: a letter" in header and "the body" not in header
    town.wait_empty()


@pytest.mark.parametrize("parameters, wish", [("RET=FULL", ""), ("ENVID=a", ""),
                                              ("", "NOTIFY=FAILURE"), ("", "ORCPT=rfc822;a@b")])
def test_who_asks_for_anything(town, parameters, wish):
    town.rules("ann", "-no", "|exit 100")
    town.open()
    send(town, (wish, "ann-no@here.example"), parameters=parameters)
    _, (message, _), returned = parts(town)
    assert message["Original-Envelope-Id"] == ("a" if "ENVID" in parameters else None)
    assert returned.get_content_type() == "message/rfc822"
    (inner,) = returned.get_payload()
    assert inner["Return-Path"] == "<bob@here.example>" and inner.get_payload() == "the body\n"


def test_who_asks_for_nothing(town):
    town.rules("ann", "-no", "|exit 100")
    town.open()
    plain(town, "ann-no@here.example")
    text = town.letter("bob", "Subject: failure notice")
    assert "multipart" not in text and "Auto-Submitted: auto-replied\n" in text
    assert "\n--- Below this line is a copy of the message.\n\nReturn-Path: <bob@" in text


def test_what_a_server_said(town):
    route(town)
    town.open()
    with peers.Servers({RELAY: [{"RCPT": "550-5.1.1 nobody\r\n550 5.1.1 here\r\n"}]}):
        send(town, ("", "joe@there.example"))
        _, (_, failure), _ = parts(town)
    assert failure["Status"] == "5.1.1" and failure["Remote-MTA"] == "dns; [127.0.0.2]"
    assert failure["Diagnostic-Code"] == "smtp; 550-5.1.1 nobody 550 5.1.1 here"


def test_each_has_his_own(town):
    """Also who is listed twice, and in an order that is not that of the results."""
    town.rules("ann", "-no", "|exit 100")
    town.rules("ann", "-late", "|test -e now && exit 100; exit 111")
    town.open()
    wishes = [("ORCPT=rfc822;%d@x" % number, "ann-%s@here.example" % name)
              for number, name in enumerate(["late", "no", "no", "none"])]
    send(town, *wishes)
    town.daemon.wait("^delivery .*: failure: ", count=3)
    town.run_as("ann", ["touch", "now"])
    os.kill(town.daemon.pid, towns.ALARM)
    _, (_, *failures), _ = parts(town)
    told = sorted((failure["Final-Recipient"], failure["Original-Recipient"])
                  for failure in failures)
    assert told == sorted(("rfc822; " + address, "rfc822; " + wish[len("ORCPT=rfc822;"):])
                          for wish, address in wishes)


def test_addresses_beyond_ascii(town):
    """RFC 6533."""
    town.open()
    address = "ann-\u00e4@here.example".encode().decode("latin-1")
    send(town, ("", address))
    text = town.letter("bob", "Subject: failure notice")
    assert "\nContent-Type: message/global-delivery-status\n" in text
    assert "\nFinal-Recipient: utf-8; %s\n" % address in text
    assert "\nContent-Type: message/global-headers\n" in text


@pytest.mark.parametrize("form, is_report", [("dsn\n", True), ("DSN\n", True), ("qsbmf\n", False),
                                             ("other\n", False)])
def test_form_for_all(town, form, is_report):
    """Of double bounces as well."""
    town.place.write(town.place.path("control/bounceformat"), form)
    town.place.write(town.place.path("control/doublebounceto"), "bob\n")
    town.rules("ann", "-no", "|exit 100")
    town.open()
    plain(town, "ann-no@here.example")
    assert ("multipart/report" in town.letter("bob", "<ann-no@here.example>:")) == is_report
    plain(town, "ann-no@here.example", sender="ann-no@here.example")
    second = town.letter("bob", "A notice about mail that failed")
    assert second.startswith("Return-Path: <#@[]>\n")
    assert ("multipart/report" in second) == is_report


def test_double_bounces_are_for_people(town):
    """Whatever he asked who wants no answer."""
    town.place.write(town.place.path("control/doublebounceto"), "bob\n")
    town.open()
    send(town, ("ORCPT=rfc822;x@y", "no-one@here.example"), sender="", parameters="ENVID=x")
    text = town.letter("bob", "Subject: failure notice", "<no-one@here.example>:")
    assert text.startswith("Return-Path: <#@[]>\n") and "multipart/report" not in text


@pytest.mark.parametrize("exit_code, wish, subject, returned", [
    (100, "", "failure notice", "the body"),
    (100, "ORCPT=rfc822;x@y", "failure notice", "the body"),
    (0, "NOTIFY=SUCCESS", "success notice", "Subject: a letter")])
def test_message_that_cannot_be_returned(town, exit_code, wish, subject, returned):
    """What is sent about it waits until all of it is there."""
    town.rules("ann", "-held", "|until test -e go; do sleep 0.05; done; exit %d" % exit_code)
    town.open()
    send(town, (wish, "ann-held@here.example"), parameters="")
    town.daemon.wait("^starting delivery 1: ")
    path, = town.place.queue_files()["mess"].values()
    mode = os.stat(path).st_mode & 0o7777
    os.chmod(path, 0)
    town.run_as("ann", ["touch", "go"])
    town.daemon.wait("^warning: trouble injecting ")
    os.chmod(path, mode)
    os.kill(town.daemon.pid, towns.ALARM)
    assert returned in town.letter("bob", "Subject: " + subject)
    town.wait_empty()
    assert len(town.mail("bob")) == 1


@pytest.mark.parametrize("form", ["dsn\n", "qsbmf\n"])
@pytest.mark.parametrize("limit, kept", [("200000\n", 2000), ("1000\n", 18), ("0\n", 2000),
                                         (None, 998), ("50000\n", 998), ("10\n", 0)])
def test_large_messages_are_cut(town, form, limit, kept):
    """At a line, and the bounce says so."""
    town.place.write(town.place.path("control/bounceformat"), form)
    if limit:
        town.place.write(town.place.path("control/bouncemaxbytes"), limit)
    town.rules("ann", "-no", "|exit 100")
    town.open()
    lines = ["%06d %s" % (number, "x" * 42) for number in range(2000)]
    plain(town, "ann-no@here.example", body="\n".join(lines) + "\n")
    text = town.letter("bob", "Subject: failure notice")
    found = re.findall("^[0-9]{6} x{42}$", text, re.M)
    assert found == lines[:kept]
    size = len("".join(line + "\n" for line in lines[kept:]))
    remark = "--- The rest of the message is left out here: bytes "
    if limit == "10\n":
        assert remark in text
    else:
        assert (remark + "%d\n" % size in text) == (kept < 2000)


def test_a_long_line_of_a_large_message_is_not_in_memory(town):
    """Whoever may send large messages has as many of them bounced at once."""
    town.place.write(town.place.path("control/bouncemaxbytes"), "10000000\n")
    town.rules("ann", "-no", "|exit 100")
    town.open()
    scribe, = set(children(town.daemon.pid)) & set(town.daemons()["qmail-send"])
    subprocess.run(["prlimit", "--pid=%d" % scribe, "--data=4000000:"], check=True,
                   **town.place.as_user("qmails"))
    plain(town, "ann-no@here.example", body="one\n" + "x" * 12000000)
    text = town.letter("bob", "Subject: failure notice")
    assert "\n\none\n\n--- The rest of the message is left out here: bytes 1200000" in text


# ---- delays

def grow_old(town, seconds):
    """The message that waits is older by so many seconds."""
    (path,) = town.place.queue_files()["info"].values()
    when = time.time() - seconds
    os.utime(path, (when, when))


def wait_and_try_again(town, seconds, recipients=1):
    """After its first try it is older, and tried again."""
    town.daemon.wait("^delivery .*: deferral: ", count=recipients)
    town.until(lambda: town.place.queue_files()["info"] and not town.place.queue_files()["todo"],
               "the files of the message")
    grow_old(town, seconds)
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^delivery .*: deferral: ", count=2 * recipients)


def later(town):
    town.rules("ann", "-later", "|echo not now; test -e now && exit 0; exit 111")


def finish(town):
    """Lets the message go; then all that is to be told was told."""
    town.run_as("ann", ["touch", "now"])
    os.kill(town.daemon.pid, towns.ALARM)
    town.wait_empty()


@pytest.mark.parametrize("warn, wish, age, is_told", [
    (None, "NOTIFY=DELAY", FOUR_HOURS + 100, True),
    (None, "NOTIFY=DELAY", FOUR_HOURS - 100, False),
    ("100000\n", "NOTIFY=DELAY", FOUR_HOURS + 100, False),
    ("100\n", "NOTIFY=FAILURE,DELAY", 200, True),
    ("100\n", "NOTIFY=FAILURE", 200, False),
    ("100\n", "NOTIFY=NEVER", 200, False),
    ("100\n", "", 200, True),
    ("1000\n", "", 200, False),
    ("0\n", "", FOUR_HOURS + 100, False),
    (None, "ORCPT=rfc822;a@b", FOUR_HOURS + 100, False)])
def test_who_is_told_of_a_delay(town, warn, wish, age, is_told):
    if warn:
        town.place.write(town.place.path("control/delaywarn"), warn)
    later(town)
    town.open()
    send(town, (wish, "ann-later@here.example"))
    wait_and_try_again(town, age)
    if is_told:
        town.letter("bob", "Subject: delay notice")
    finish(town)
    assert len(town.mail("bob")) == is_told == logged(town, "^notice msg [0-9]+ qp [0-9]+$")


def test_notice_of_delay(town):
    later(town)
    town.open()
    send(town, ("NOTIFY=DELAY ORCPT=rfc822;first@x", "ann-later@here.example"),
         ("NOTIFY=FAILURE", "ann-later@here.example"))
    wait_and_try_again(town, FOUR_HOURS + 100, recipients=2)
    words, (message, delay), returned = parts(town, "delay notice")
    assert words.startswith("This is the qmail-send program at here.example.\n")  # no QSBMF
    assert words.endswith("\n\n<ann-later@here.example>:\nnot now\n\n")
    assert delay["Original-Recipient"] == "rfc822; first@x"
    assert (delay["Action"], delay["Status"]) == ("delayed", "4.0.0")
    assert delay["Diagnostic-Code"] == "x-qmail; not now"
    until = email.utils.parsedate_to_datetime(delay["Will-Retry-Until"])
    assert abs(until.timestamp() - time.time() + FOUR_HOURS + 100 - 604800) < 60
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "the body" not in returned.get_payload()
    finish(town)


@pytest.mark.parametrize("restart", [False, True])
def test_delay_is_told_once(town, restart):
    later(town)
    town.open()
    send(town, ("NOTIFY=DELAY", "ann-later@here.example"))
    wait_and_try_again(town, FOUR_HOURS + 100)
    town.letter("bob", "Subject: delay notice")
    if restart:
        town.daemon.stop()
        town.open()
    for _ in range(2):
        seen = sum("deferral" in line for line in town.daemon.lines)
        os.kill(town.daemon.pid, towns.ALARM)
        town.daemon.wait("^delivery .*: deferral: ", count=seen + 1)
    finish(town)
    assert len(town.mail("bob")) == 1


@pytest.mark.parametrize("sender", ["", "#@[]"])
def test_delay_is_not_told_to_nobody(town, sender):
    town.place.write(town.place.path("control/delaywarn"), "100\n")
    later(town)
    town.open()
    send(town, ("NOTIFY=DELAY", "ann-later@here.example"), sender=sender)
    wait_and_try_again(town, 200)
    finish(town)
    assert not logged(town, "notice")


@pytest.mark.parametrize("code, line", [
    (31, "^warning: notice of delay is refused, msg [0-9]+$"),
    (53, "^warning: trouble injecting notice of delay: none for msg [0-9]+$")])
def test_notice_of_delay_that_cannot_be_queued(town, code, line):
    """Mail goes on."""
    program = town.place.base + "/queue-program"
    town.place.write(program, "#!/bin/sh\nexit %d\n" % code, mode=0o755)
    later(town)
    town.open(env={"QMAILQUEUE": program})
    send(town, ("NOTIFY=DELAY", "ann-later@here.example"))
    wait_and_try_again(town, FOUR_HOURS + 100)
    town.daemon.wait(line)
    finish(town)


def test_notices_of_delay_are_bounded(town):
    """As many recipients as an order has room for."""
    later(town)
    town.open()
    wish = "NOTIFY=DELAY ORCPT=rfc822;" + "x" * 490
    count = 150
    send(town, *[(wish, "ann-later@here.example")] * count)
    town.daemon.wait("^delivery .*: deferral: ", count=count)
    grow_old(town, FOUR_HOURS + 100)
    os.kill(town.daemon.pid, towns.ALARM)
    _, (_, *delays), _ = parts(town, "delay notice")
    assert 50 < len(delays) < count
    finish(town)
    assert len(town.mail("bob")) == 1


def put_failed(town, names, failures, wish="", rest=b""):
    """A message of which all recipients have failed, in the form of a report."""
    town.place.write(town.place.path("control/bounceformat"), "dsn\n")
    number = int((time.time() - 60) * 1000000)
    put = town.place.queue_put
    addresses = [name.encode() + b"@here.example" for name in names]
    wishes = [b"R" + (wish % at).encode() + b"\0" if wish else b"" for at in range(len(names))]
    put("mess", number, b"Subject: a letter\n\nthe body\n")
    put("intd", number, b"u1\0p1\0Fbob@here.example\0" + b"".join(
        wish + b"T" + address + b"\0" for wish, address in zip(wishes, addresses)) + b"\0")
    put("info", number, b"Fbob@here.example\0")
    put("local", number, b"".join(
        wish + b"D" + address + b"\0" for wish, address in zip(wishes, addresses)))
    put("bounce", number, b"".join(
        b"<%s@here.example>:\nno such user\n\n" % name.encode() for name in failures) + rest)


@pytest.mark.parametrize("names, others", [
    (["r%d" % number for number in range(20000)], []), (["same"] * 20000, []),
    (["r%d" % number for number in range(20000)], ["nobody-%d" % number for number in range(20000)])],
    ids=["backwards", "same", "strangers"])
def test_many_failures_in_any_order(town, names, others):
    """Who was asked for is found at once, and no other; this takes seconds, not
    minutes."""
    put_failed(town, names, others + names[::-1], "ORCPT=rfc822;%d@x")
    town.open()
    text = town.letter("bob", "Subject: failure notice", "--\n")
    told = re.findall("^Original-Recipient: rfc822; ([0-9]+)@x\nFinal-Recipient: rfc822; (.*)@", text, re.M)
    assert sorted((int(number), name) for number, name in told) == list(enumerate(names))
    assert text.count("\nFinal-Recipient: ") == len(names) + len(others)
    town.wait_empty()


@pytest.mark.parametrize("rest", [bytes(20000), b"x" * 16384, b"<y@z>:\n" + b"x" * 40000 + b"\n\n",
                                  bytes(20000) + b"\n\n<y@z>:\nno\n\n"],
                         ids=["zeros", "no end", "in words", "before another"])
def test_long_lines_among_the_failures(town, rest):
    """Of another mail system, or zeros that a power cut has left: the bounce goes."""
    put_failed(town, ["ann-no"], ["ann-no"], rest=rest)
    town.open()
    text = town.letter("bob", "Subject: failure notice")
    assert "\nFinal-Recipient: rfc822; ann-no@here.example\n" in text
    assert ("\nFinal-Recipient: rfc822; y@z\n" in text) == (b"<" in rest)
    assert all(len(line) < 999 for line in text.split("Content-Type: message/delivery")[1].split("\n"))
    town.wait_empty()
