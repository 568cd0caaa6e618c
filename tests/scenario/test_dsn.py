"""What a sender asks of notifications (RFC 3461): at the door, in the queue, on
the way out, and what he is told."""

import email
import os
import re
import smtplib
import subprocess

import pytest

from support import peers, postfix, town as towns
from support.spawner import by_hand
from test_local import home  # noqa: F401, a fixture
from test_postfix import neighbour  # noqa: F401, a fixture
from test_smtpd import MESSAGE, Server

RELAY = "127.0.0.2:2525"
SUCCESS = "NOTIFY=SUCCESS ORCPT=rfc822;first@there.example"


def envelope(sender, parameters, *recipients):
    """Recipients are (parameters, address)."""
    def records(*pairs):
        return b"".join((letter + text).encode("latin-1") + b"\0" for letter, text in pairs
                        if text or letter in "FT")
    return (records(("F", sender), ("E", parameters)) +
            b"".join(records(("R", own), ("T", address)) for own, address in recipients) + b"\0")


def send(town, *recipients, parameters="RET=HDRS ENVID=id+2B7", sender="bob@here.example",
         body="the body\n"):
    code = town.queue(envelope(sender, parameters, *recipients), "Subject: a letter\n\n" + body)
    assert code == 0


def gated_queue(town):
    """A program that is qmail-queue as soon as a file is there; both names."""
    program, gate = town.place.base + "/queue-program", town.place.base + "/notices-may-go"
    if os.path.exists(gate):
        os.unlink(gate)
    town.place.write(program, "#!/bin/sh\ntest -e %s || exit 53\nexec %s\n" % (
        gate, town.place.program("qmail-queue")), mode=0o755)
    return program, gate


def logged(town, pattern):
    return any(re.search(pattern, line) for line in town.daemon.lines)


def notice(town, name="bob", timeout=20):
    """The parts of a notice of success: words, blocks of fields, header."""
    text = town.letter(name, "Subject: success notice", timeout=timeout)
    assert text.startswith("Return-Path: <>\n")
    message = email.message_from_string(text)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied" and not message.defects
    words, status, header = message.get_payload()
    assert header.get_content_type() == "text/rfc822-headers"
    return words.get_payload(), status.get_payload(), header.get_payload()


# ---- at the door

class Door(Server):
    """qmail-smtpd with a real queue behind it."""

    def __init__(self, place):
        super().__init__(place)
        place.control(me="here.example\n", rcpthosts="here.example\n", rcptcheck="off\n")
        del self.env["QMAILQUEUE"]

    def accepted(self):
        """The envelope of the only message in the queue, without its uid and pid."""
        (path,) = self.place.queue_files()["intd"].values()
        with open(path, "rb") as source:
            return source.read().partition(b"\0p")[2].partition(b"\0")[2]


@pytest.fixture
def door(root_place):
    root_place.reset()
    return Door(root_place)


def test_parameters_get_into_the_envelope(door):
    replies = door.talk("EHLO x", "MAIL FROM:<s@x.example> ret=hdrs ENVID=a+2Bb",
                        "RCPT TO:<a@here.example> NOTIFY=delay,FAILURE ORCPT=rfc822;A@x",
                        "RCPT TO:<b@here.example>", "RCPT TO:<c@here.example> NOTIFY=NEVER",
                        *MESSAGE)
    assert "250-DSN" in replies and replies[-1].startswith("250 2.0.0 ok")
    assert door.accepted() == envelope(
        "s@x.example", "RET=HDRS ENVID=a+2Bb",
        ("NOTIFY=FAILURE,DELAY ORCPT=rfc822;A@x", "a@here.example"),
        ("", "b@here.example"), ("NOTIFY=NEVER", "c@here.example"))


@pytest.mark.parametrize("relay, kept", [
    ({}, ("NOTIFY=NEVER", "NOTIFY=FAILURE")),
    ({"RELAYCLIENT": ""}, ("NOTIFY=SUCCESS", "NOTIFY=SUCCESS,FAILURE"))])
def test_strangers_are_not_told_of_success(door, relay, kept):
    """We would write to whomever they name as the sender."""
    door.env.update(relay)
    door.talk("EHLO x", "MAIL FROM:<s@x.example>", "RCPT TO:<a@here.example> NOTIFY=SUCCESS",
              "RCPT TO:<b@here.example> NOTIFY=SUCCESS,FAILURE", *MESSAGE)
    assert door.accepted() == envelope("s@x.example", "", (kept[0], "a@here.example"),
                                       (kept[1], "b@here.example"))


def test_all_that_is_asked_together(door):
    """So much of it, and no more recipients then."""
    door.place.control(me="here.example\n", rcpthosts="here.example\n", rcptcheck="off\n",
                       maxrcpt="0\n")
    lines = ["RCPT TO:<a@here.example> ORCPT=rfc822;" + "x" * 490] * 2200
    replies = door.talk("EHLO x", "MAIL FROM:<s@x.example>", *lines, "QUIT")[-2201:-1]
    taken = [reply[:3] for reply in replies].index("452")
    assert 2000 < taken < 2150 and {reply[:9] for reply in replies[taken:]} == {"452 4.5.3"}


def test_no_message_inherits_them(door):
    door.talk("EHLO x", "MAIL FROM:<s@x.example> RET=FULL ENVID=a",
              "RCPT TO:<a@here.example> NOTIFY=NEVER", "RSET",
              "MAIL FROM:<s@x.example>", "RCPT TO:<b@here.example>", *MESSAGE)
    assert door.accepted() == envelope("s@x.example", "", ("", "b@here.example"))


@pytest.mark.parametrize("command", [
    "MAIL FROM:<s@x.example> RET=SOME", "MAIL FROM:<s@x.example> RET=FULL RET=FULL",
    "MAIL FROM:<s@x.example> ENVID=" + "a" * 101, "MAIL FROM:<s@x.example> ENVID=a=b",
    "RCPT TO:<a@here.example> NOTIFY=NEVER,SUCCESS", "RCPT TO:<a@here.example> NOTIFY=",
    "RCPT TO:<a@here.example> ORCPT=a@x", "RCPT TO:<a@here.example> ORCPT=rfc822;a+xx",
    "RCPT TO:<a@here.example> ORCPT=rfc822;" + "a" * 494])
def test_parameters_that_are_none(door, command):
    before = [] if command[0] == "M" else ["MAIL FROM:<s@x.example>"]
    replies = door.talk("EHLO x", *before, command, "QUIT")
    assert replies[-2].startswith("501 5.5.4")


@pytest.mark.parametrize("command", ["MAIL FROM:<s@x.example> NOTIFY=NEVER",
                                     "RCPT TO:<a@here.example> RET=FULL"])
def test_parameters_in_the_wrong_place(door, command):
    replies = door.talk("EHLO x", "MAIL FROM:<s@x.example>", command, "QUIT")
    assert replies[-2].startswith("555 5.5.4")


def test_other_queue_programs_know_nothing_of_them(door):
    """Neither offered nor taken: their envelopes have senders and recipients."""
    door.place.write(door.place.base + "/filter", "#!/bin/sh\nexit 0\n", mode=0o755)
    door.env["QMAILQUEUE"] = door.place.base + "/filter"
    replies = door.talk("EHLO x", "MAIL FROM:<s@x.example> RET=FULL", "MAIL FROM:<s@x.example>",
                        "RCPT TO:<a@here.example> NOTIFY=NEVER", "QUIT")
    assert not any("DSN" in line for line in replies)
    assert [line[:9] for line in replies[-4:-1]] == ["555 5.5.4", "250 2.1.0", "555 5.5.4"]


# ---- what he is told of failures

@pytest.mark.parametrize("others", [(), (("NOTIFY=DELAY", "ann-and@here.example"),)])
@pytest.mark.parametrize("notify, is_told", [
    ("", True), ("NOTIFY=FAILURE", True), ("NOTIFY=FAILURE,DELAY", True),
    ("NOTIFY=NEVER", False), ("NOTIFY=DELAY", False), ("NOTIFY=SUCCESS", False)])
def test_failures(town, notify, is_told, others):
    """As a message that goes straight, and as one with files."""
    town.rules("ann", "-no", "|echo none here; exit 100")
    town.rules("ann", "-and", "./Maildir/")
    town.open()
    send(town, (notify, "ann-no@here.example"), *others)
    town.daemon.wait("^delivery .: failure: none_here")
    town.daemon.wait("^end msg")
    town.wait_empty()
    assert (logged(town, "^bounce msg")) == is_told
    if is_told:
        town.letter("bob", "<ann-no@here.example>:\nnone here\n")


@pytest.mark.parametrize("returns, is_whole", [("", True), ("RET=FULL", True),
                                               ("RET=HDRS", False)])
def test_what_is_returned(town, returns, is_whole):
    town.rules("ann", "-no", "|exit 100")
    town.open()
    send(town, ("", "ann-no@here.example"), ("", "ann-no@here.example"), parameters=returns)
    text = town.letter("bob", "Subject: failure notice", "Subject: a letter")
    assert ("the body" in text) == is_whole
    assert ("Content-Type: text/rfc822-headers\n" in text) != is_whole
    town.wait_empty()


def test_bounce_without_its_copy(town):
    """A message that cannot be read for a while: the bounce waits for it."""
    program, gate = gated_queue(town)
    town.rules("ann", "-no", "|exit 100")
    town.open(env={"QMAILQUEUE": program})
    send(town, ("", "ann-no@here.example"), parameters="")
    town.daemon.wait("^warning: trouble injecting bounce message")
    (path,) = town.place.queue_files()["mess"].values()
    os.chmod(path, 0)
    town.place.write(gate, "")
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^warning: trouble injecting bounce message", count=2)
    os.chmod(path, 0o644)
    os.kill(town.daemon.pid, towns.ALARM)
    town.letter("bob", "Subject: failure notice", "the body")
    town.wait_empty()
    assert len(town.mail("bob")) == 1


# ---- of success

def test_success_of_one(town):
    town.open()
    send(town, (SUCCESS, "ann@here.example"))
    words, (message, recipient), header = notice(town)
    assert words.endswith("\n\n<ann@here.example>: delivered.\n\n")
    assert message["Reporting-MTA"] == "dns; here.example"
    assert message["Original-Envelope-Id"] == "id+7"
    assert recipient["Original-Recipient"] == "rfc822; first@there.example"
    assert recipient["Final-Recipient"] == "rfc822; ann@here.example"
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.0.0")
    assert "Subject: a letter" in header and "the body" not in header
    town.wait_empty()
    assert len(town.mail("ann")) == 1 and len(town.mail("bob")) == 1
    town.daemon.wait("^notice msg [0-9]+ qp [0-9]+$")


@pytest.mark.parametrize("copies", [1, 2])
def test_words_of_programs_stay_in_the_log(town, copies):
    """They are for the owner of the address."""
    town.rules("ann", "-run", "|echo my secret; exit 0")
    town.open()
    send(town, *[(SUCCESS, "ann-run@here.example")] * copies)
    words, _, _ = notice(town)[:3]
    assert "<ann-run@here.example>: delivered." in words and "my secret" not in words
    town.daemon.wait("^delivery .: success: my_secret/did_0\\+0\\+1")


def test_large_headers_are_cut_in_notices(town):
    """There may be a notice for each recipient."""
    town.open()
    more = "".join("X-Field-%d: %s\n" % (number, "x" * 90) for number in range(500))
    code = town.queue(envelope("bob@here.example", "", (SUCCESS, "ann@here.example")),
                      "Subject: a letter\n%s\nhello\n" % more)
    assert code == 0
    text = town.letter("bob", "Subject: success notice", "X-Field-1: ")
    assert 8000 < len(text) < 11000
    town.wait_empty()


def test_success_of_some(town):
    """Nobody hears of those for whom it was not asked."""
    town.rules("ann", "-no", "|exit 100")
    town.open()
    send(town, (SUCCESS, "ann@here.example"), ("", "ann@here.example"),
         ("NOTIFY=SUCCESS,FAILURE", "ann-no@here.example"))
    words, (_, recipient), _ = notice(town)
    assert words.count("delivered.") == 1 and recipient["Action"] == "delivered"
    town.letter("bob", "Subject: failure notice", "<ann-no@here.example>:")
    town.wait_empty()
    assert len(town.mail("ann")) == 2


@pytest.mark.parametrize("sender", ["", "#@[]"])
def test_success_is_not_told_to_nobody(town, sender):
    town.open()
    send(town, (SUCCESS, "ann@here.example"), (SUCCESS, "ann@here.example"), sender=sender)
    town.wait_empty()
    assert len(town.mail("ann")) == 2 and not logged(town, "^notice msg")


@pytest.mark.parametrize("end", ["stay", "stop", "kill"])
@pytest.mark.parametrize("copies", [1, 2])
def test_notice_that_cannot_be_queued(town, copies, end):
    """It is tried again; until then the message stays, but nobody gets it
    twice, not even after a restart, which forgets the notice."""
    program, gate = gated_queue(town)
    town.open(env={"QMAILQUEUE": program})
    send(town, *[(SUCCESS, "ann@here.example")] * copies)
    town.daemon.wait("^warning: trouble injecting notice of success, will try later$")
    assert town.place.queue_files()["mess"] and not town.mail("bob")
    if end == "stay":
        town.place.write(gate, "")
        os.kill(town.daemon.pid, towns.ALARM)
        notice(town)
    elif end == "stop":
        town.daemon.stop()
        town.open()
    else:
        town.daemon.kill()
        town.open()
    town.wait_empty()
    assert len(town.mail("ann")) == copies


@pytest.mark.parametrize("end", ["stay", "stop"])
def test_notice_that_cannot_be_queued_holds_up_nobody(town, end):
    """Others of the message have their next try meanwhile."""
    program, gate = gated_queue(town)
    town.rules("ann", "-later", "|test -e now || exit 111", "./Maildir/")
    town.open(env={"QMAILQUEUE": program})
    send(town, (SUCCESS, "ann@here.example"), ("", "ann-later@here.example"))
    town.daemon.wait("^warning: trouble injecting notice of success, will try later$")
    town.daemon.wait("^delivery .: deferral: ")
    assert len(town.mail("ann")) == 1
    town.run_as("ann", ["touch", "now"])
    if end == "stop":
        town.daemon.stop()
        town.open(env={"QMAILQUEUE": program})
    os.kill(town.daemon.pid, towns.ALARM)
    town.until(lambda: len(town.mail("ann")) == 2, "the other recipient")
    if end == "stay":
        assert not town.mail("bob")
        town.place.write(gate, "")
        os.kill(town.daemon.pid, towns.ALARM)
        notice(town)
    town.wait_empty()
    assert len(town.mail("ann")) == 2


def test_notices_that_cannot_be_queued_hold_up_no_list(town):
    """More of them than the channel has slots; nor other lists."""
    program, gate = gated_queue(town)
    town.place.write(town.place.path("control/concurrencylocal"), "1\n")
    town.open(env={"QMAILQUEUE": program})
    send(town, *[(SUCCESS, "ann@here.example")] * 5)
    town.daemon.wait("^warning: trouble injecting notice of success, will try later$")
    town.until(lambda: len(town.mail("ann")) == 5, "the whole list")
    town.send("x@here.example", *["ann@here.example"] * 2)
    town.until(lambda: len(town.mail("ann")) == 7, "another list")
    town.place.write(gate, "")
    os.kill(town.daemon.pid, towns.ALARM)
    town.wait_empty()
    assert sum(text.count(">: delivered.") for text in town.mail("bob")) == 5


def test_notices_that_cannot_be_queued_are_bounded(town):
    """Of very many the log alone tells; nobody waits for them."""
    program, gate = gated_queue(town)
    town.rules("ann", "-none", "#")
    town.open(env={"QMAILQUEUE": program})
    count, wish = 600, "NOTIFY=SUCCESS ORCPT=rfc822;" + "x" * 490
    send(town, *[(wish, "ann-none@here.example")] * count)
    town.daemon.wait("^delivery .*: success: ", count=count)
    lost = sum("too many notices of success wait" in line for line in town.daemon.lines)
    assert 0 < lost < count / 2
    town.place.write(gate, "")
    os.kill(town.daemon.pid, towns.ALARM)
    town.wait_empty()
    assert sum(text.count(">: delivered.") for text in town.mail("bob")) == count - lost


def test_notice_that_is_refused_for_good(town):
    """Then it is not tried again, and the message goes."""
    program = town.place.base + "/queue-program"
    town.place.write(program, "#!/bin/sh\nexit 31\n", mode=0o755)
    town.open(env={"QMAILQUEUE": program})
    send(town, (SUCCESS, "ann@here.example"))
    town.daemon.wait("^warning: notice of success is refused, msg [0-9]+$")
    town.wait_empty()
    assert len(town.mail("ann")) == 1 and not town.mail("bob")


# ---- on the way out

def offering(*words):
    lines = ["server.example", *words]
    return {"EHLO": "".join("250%s%s\r\n" % (" " if line is lines[-1] else "-", line)
                            for line in lines)}


def commands(connection):
    return re.findall(rb"(?:MAIL|RCPT)[^\r]*", connection.sent)


def route(town):
    town.place.write(town.place.path("control/smtproutes"), "there.example:%s\n" % RELAY)


def test_passed_on(town):
    """Then the other side tells of success."""
    route(town)
    town.open()
    with peers.Servers({RELAY: [offering("DSN", "PIPELINING")]}) as servers:
        send(town, (SUCCESS, "joe@there.example"), ("", "jim@there.example"),
             ("NOTIFY=NEVER", "jay@there.example"))
        town.wait_empty()
    connection, = servers.connections
    assert commands(connection) == [
        b"MAIL FROM:<bob@here.example> RET=HDRS ENVID=id+2B7",
        b"RCPT TO:<joe@there.example> " + SUCCESS.encode(),
        b"RCPT TO:<jim@there.example>", b"RCPT TO:<jay@there.example> NOTIFY=NEVER"]
    assert not logged(town, "^notice msg") and not town.mail("bob")


@pytest.mark.parametrize("others", [(), (("", "jim@there.example"),)])
def test_not_passed_on(town, others):
    """To a server that does not offer it nothing is said, and it tells nothing:
    we say that it was relayed."""
    route(town)
    town.open()
    with peers.Servers({RELAY: [offering("PIPELINING")]}) as servers:
        send(town, (SUCCESS, "joe@there.example"), *others)
        words, (_, recipient), _ = notice(town)
        town.wait_empty()
    connection, = servers.connections
    assert commands(connection)[:2] == [b"MAIL FROM:<bob@here.example>",
                                        b"RCPT TO:<joe@there.example>"]
    assert recipient["Action"] == "relayed" and "tells no more" in words


ENVIRONMENT = {"DSNENVELOPE": "RET=FULL", "DSNRECIPIENTS": "NOTIFY=NEVER\n"}


def test_not_from_the_environment_of_the_daemons(town):
    """What a delivery is told is of its message alone."""
    route(town)
    town.rules("ann", "-away", "&joe@there.example")
    town.open(env=ENVIRONMENT)
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, ("", "joe@there.example"), parameters="")
        send(town, ("", "ann-away@here.example"), parameters="")
        town.wait_empty()
    for connection in servers.connections:
        assert commands(connection) == [b"MAIL FROM:<bob@here.example>",
                                        b"RCPT TO:<joe@there.example>"]


@pytest.mark.parametrize("environment, wanted", [
    ({"DSNENVELOPE": "RET=HDRS", "DSNRECIPIENTS": "\nNOTIFY=NEVER\n"},
     [b"MAIL FROM:<a@b> RET=HDRS", b"RCPT TO:<c@there.example>",
      b"RCPT TO:<d@there.example> NOTIFY=NEVER"]),
    ({"DSNENVELOPE": "RET=HDRS\r\nRSET", "DSNRECIPIENTS": "NOTIFY=NEVER\rX\nNOTIFY=DELAY"},
     [b"MAIL FROM:<a@b>", b"RCPT TO:<c@there.example>",
      b"RCPT TO:<d@there.example> NOTIFY=DELAY"])])
def test_environment_of_qmail_remote(fresh, environment, wanted):
    """What is malformed asks for nothing."""
    fresh.control(me="here.example\n", smtproutes=":%s\n" % RELAY)
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        by_hand(fresh, "there.example", "a@b", "c@there.example", "d@there.example",
                **environment)
    assert commands(servers.connections[0]) == wanted


def test_recipients_that_wait_for_their_hop(town):
    """They are found again where they begin, with all that is asked."""
    route(town)
    for name in ("concurrencyhost", "remotebatch"):
        town.place.write(town.place.path("control/" + name), "1\n")
    town.open()
    names = [b"%c@there.example" % letter for letter in b"abcdefgh"]
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, *[("NOTIFY=NEVER", name.decode()) for name in names])
        send(town, *[("NOTIFY=DELAY", name.decode()) for name in names])
        town.wait_empty()
    asked = [commands(connection)[1] for connection in servers.connections]
    assert sorted(asked) == sorted(
        b"RCPT TO:<%s> NOTIFY=%s" % (name, word) for name in names for word in (b"NEVER", b"DELAY"))


def test_address_beyond_ascii_needs_smtputf8(town):
    route(town)
    town.open()
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, ("NOTIFY=FAILURE ORCPT=utf-8;\xc3\xa4@x", "joe@there.example"))
        town.wait_empty()
    assert commands(servers.connections[0])[1] == b"RCPT TO:<joe@there.example> NOTIFY=FAILURE"


def test_kept_over_a_restart(town):
    """In local/N and remote/N, beside those of others, and in info."""
    route(town)
    town.open()
    with peers.Servers({RELAY: [{**offering("DSN"), "MAIL": ["451 no\r\n", "250 ok\r\n"]}]}):
        send(town, ("NOTIFY=NEVER", "joe@there.example"), ("", "jim@there.example"),
             ("NOTIFY=DELAY", "jay@there.example"))
        town.daemon.wait("^delivery 3: deferral: ")
    town.daemon.stop()
    assert not town.is_empty()
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        town.open()
        os.kill(town.daemon.pid, towns.ALARM)
        town.wait_empty()
    assert commands(servers.connections[-1]) == [
        b"MAIL FROM:<bob@here.example> RET=HDRS ENVID=id+2B7",
        b"RCPT TO:<joe@there.example> NOTIFY=NEVER", b"RCPT TO:<jim@there.example>",
        b"RCPT TO:<jay@there.example> NOTIFY=DELAY"]


# ---- when it is forwarded

@pytest.mark.parametrize("rule", ["&joe@there.example", "|{}forward joe@there.example",
                                  "|{}condredirect joe@there.example true"])
def test_goes_along_with_a_forward(town, rule):
    """But for success, of which he is told when it has been forwarded."""
    route(town)
    town.rules("ann", "-away", rule.format(town.place.program("")))
    town.open()
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, ("NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@b", "ann-away@here.example"))
        town.wait_empty()
    assert commands(servers.connections[0]) == [
        b"MAIL FROM:<bob@here.example> RET=HDRS ENVID=id+2B7",
        b"RCPT TO:<joe@there.example> NOTIFY=FAILURE ORCPT=rfc822;a@b"]
    words, (_, recipient), _ = notice(town)
    assert recipient["Final-Recipient"] == "rfc822; ann-away@here.example"


@pytest.mark.parametrize("rule", ["&joe@there.example", "|{}forward joe@there.example"])
def test_stays_behind_where_the_owner_hears_of_failures(town, rule):
    route(town)
    town.rules("ann", "-list", rule.format(town.place.program("")))
    town.rules("ann", "-list-owner", "./Maildir/")
    town.open()
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, ("NOTIFY=NEVER", "ann-list@here.example"))
        town.wait_empty()
    assert commands(servers.connections[0]) == [
        b"MAIL FROM:<ann-list-owner@here.example>", b"RCPT TO:<joe@there.example>"]


def test_environment_of_qmail_local(home):  # noqa: F811
    """What is malformed stops no forward."""
    home.write(".qmail", "&joe@there.example\n")
    where = {"DSNENVELOPE": "RET=SOME", "DSNRECIPIENTS": "NOTIFY=SOMETIMES\n"}
    done = subprocess.run(home.words("./Mailbox"), timeout=30, **home.how(
        env={**where, "QMAILQUEUE": ""}))
    assert done.returncode == 0 and b"did 0+1+0" in done.stdout, done.stdout


def test_stays_with_a_list(town):
    """Its owner gets the bounces, and never asked."""
    route(town)
    town.rules("ann", "-list", "&joe@there.example")
    town.rules("ann", "-list-owner", "./Maildir/")
    town.open()
    with peers.Servers({RELAY: [offering("DSN")]}) as servers:
        send(town, ("NOTIFY=NEVER", "ann-list@here.example"))
        town.wait_empty()
    assert commands(servers.connections[0]) == [
        b"MAIL FROM:<ann-list-owner@here.example>", b"RCPT TO:<joe@there.example>"]


def test_by_smtp_from_end_to_end(town):
    town.open()
    town.serve_smtp(RELAYCLIENT="")
    with smtplib.SMTP("127.0.0.1", timeout=10) as client:
        client.ehlo()
        assert client.has_extn("dsn")
        client.sendmail("bob@here.example", "ann@here.example", "Subject: a letter\r\n\r\nx\r\n",
                        ["ENVID=7"], ["NOTIFY=SUCCESS"])
    _, (message, recipient), _ = notice(town)
    assert message["Original-Envelope-Id"] == "7" and recipient["Action"] == "delivered"
    town.wait_empty()


# ---- with a real Postfix

def test_postfix_passes_it_on_to_us(town, neighbour):  # noqa: F811
    town.open()
    town.serve_smtp(postfix.OURS, RELAYCLIENT="")
    with smtplib.SMTP(postfix.ADDRESS, timeout=10) as client:
        client.sendmail("bob@here.example", "ann@here.example", "Subject: a letter\r\n\r\nx\r\n",
                        ["ENVID=7"], ["NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ann@first.example"])
    _, (message, recipient), _ = notice(town)
    assert message["Original-Envelope-Id"] == "7"
    assert recipient["Original-Recipient"] == "rfc822; ann@first.example"
    assert recipient["Action"] == "delivered"
    town.wait_empty()
    assert len(town.mail("bob")) == 1, neighbour.log()


def test_we_pass_it_on_to_postfix(town, neighbour):  # noqa: F811
    """It tells the sender, and we say nothing."""
    town.place.write(town.place.path("control/smtproutes"),
                     "%s:[%s]\n" % (postfix.DOMAIN, postfix.ADDRESS))
    town.open()
    town.serve_smtp(postfix.OURS)
    send(town, (SUCCESS, "ann@" + postfix.DOMAIN), ("NOTIFY=NEVER", "no-one@" + postfix.DOMAIN))
    town.letter("ann", "Subject: a letter", folder="PostfixMaildir")
    text = town.letter("bob", "multipart/report")
    assert "Original-Envelope-Id: id+7" in text and "Action: delivered" in text, neighbour.log()
    assert "Original-Recipient: rfc822;first@there.example" in text
    assert "no-one" not in text
    town.wait_empty()
    assert len(town.mail("bob")) == 1, neighbour.log()
    assert not logged(town, "^notice msg")
