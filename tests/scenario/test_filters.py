"""Programs for .qmail files, as their users write them."""

import os
import re

import pytest

from support import build


def deliver(town, *rules, sender="joe@there.example", header="Subject: a letter\n", ext=""):
    """What is in ann's mailbox then."""
    town.rules("ann", ext, *rules)
    town.open()
    code = town.queue(b"F%s\0Tann%s@here.example\0\0" % (sender.encode(), ext.encode()),
                      header + "\nhello\n")
    assert code == 0
    town.daemon.wait("^end msg")
    town.wait_empty()
    return town.mail("ann")


def test_forward(town):
    assert not deliver(town, "|forward bob bob@here.example")
    assert len(town.mail("bob")) == 2
    text = town.letter("bob", "Delivered-To: ann@here.example\n", "hello")
    assert text.startswith("Return-Path: <joe@there.example>\n")


@pytest.mark.parametrize("address", ["''", "' x'", "'<x@y>'", ""])
def test_forward_to_no_address(town, address):
    """It bounces: a message for nobody would be gone."""
    assert not deliver(town, "|forward bob@here.example " + address if address else "|forward",
                       sender="bob@here.example")
    text, = town.mail("bob")
    assert "forward: fatal: " in text


def test_forward_of_what_cannot_be_queued(town):
    """The words of the queue program are in the bounce."""
    program = town.place.base + "/queue-program"
    town.place.write(program, "#!/bin/sh\nprintf 'Dno such mail (#5.7.1)' >&6; exit 82\n", mode=0o755)
    assert not deliver(town, "|QMAILQUEUE=%s forward bob" % program, sender="bob@here.example")
    text, = town.mail("bob")
    assert "no such mail (#5.7.1)" in text


@pytest.mark.parametrize("before", ["cat >/dev/null", "! grep -q goodbye", "read -r line"])
@pytest.mark.parametrize("rule, owner", [
    ("forward bob", "bob"), ("preline tee -a copy", "ann"), ("condredirect bob grep -q letter", "bob"),
    ("except grep -q goodbye && forward bob", "bob"),
    ("bouncesaying x grep -q goodbye && forward bob", "bob")])
def test_what_was_read_before_counts(town, before, rule, owner):
    """Else the next program on the line would have the rest, which may be empty."""
    assert not deliver(town, "|%s; %s" % (before, rule))
    if owner == "ann":
        with open(town.home("ann") + "/copy") as source:
            text = source.read()
    else:
        text, = town.mail(owner)
    assert "Subject: a letter\n\nhello\n" in text


@pytest.mark.parametrize("before", ["", "cat >/dev/null; "])
@pytest.mark.parametrize("rule", [
    "iftocc ||", "iftocc joe@there.example || iftocc ann@here.example &&", "qreceipt ann@here.example;",
    "qbiff;", "except grep -q goodbye &&", "bouncesaying x grep -q goodbye &&",
    "condredirect bob grep -q goodbye &&", "preline grep -q goodbye ||",
    "except sh -c 'cat >read; kill -9 $$' ||", "preline sh -c 'cat >read; kill -9 $$' ||"])
def test_what_was_looked_at_is_there_still(town, before, rule):
    """Else who keeps it by the same line would keep nothing."""
    header = "To: %s@here.example\nSubject: a letter\n" % ("bob" if rule == "iftocc ||" else "ann")
    assert not deliver(town, "|%s%s { cat >copy; exit 99; }" % (before, rule), "./Maildir/", header=header)
    with open(town.home("ann") + "/copy") as source:
        received, text = source.read().split("\n", 1)
    assert received.startswith("Received: ") and text == header + "\nhello\n"


@pytest.mark.parametrize("program", ["822field", "822header", "822date subject", "822received"])
def test_who_prints_fields_leaves_the_message(town, program):
    """From where it was: the first line was taken off before."""
    assert not deliver(town, "|read -r line; %s >/dev/null; cat >copy" % program)
    with open(town.home("ann") + "/copy") as source:
        assert source.read() == "Subject: a letter\n\nhello\n"


@pytest.mark.parametrize("condition, is_there", [("grep -q hello", False), ("grep -q goodbye", True),
                                                 ("no-such-program", True)])
def test_except(town, condition, is_there):
    found = deliver(town, "|except " + condition, "./Maildir/", sender="bob@here.example")
    assert len(found) == is_there and len(town.mail("bob")) == (not is_there)


@pytest.mark.parametrize("condition, is_there", [
    ("", False), ("grep -q hello", False), ("grep -q goodbye", True), ("no-such-program", True)])
def test_bouncesaying(town, condition, is_there):
    found = deliver(town, "|bouncesaying 'ann has moved.' " + condition, "./Maildir/",
                    sender="bob@here.example")
    assert len(found) == is_there
    assert [("\nann has moved.\n" in text) for text in town.mail("bob")] == [True] * (not is_there)


@pytest.mark.parametrize("condition, is_there", [("grep -q hello", False), ("grep -q goodbye", True)])
def test_condredirect(town, condition, is_there):
    """The rest of the file is left out, or counts."""
    found = deliver(town, "|condredirect bob " + condition, "./Maildir/")
    assert len(found) == is_there and len(town.mail("bob")) == (not is_there)
    for text in town.mail("bob"):
        assert text.startswith("Return-Path: <joe@there.example>\n") and "hello" in text


@pytest.mark.parametrize("address", ["''", "' x'", "'<x@y>'"])
@pytest.mark.parametrize("program", ["true", "false"])
def test_condredirect_to_no_address(town, address, program):
    """As forward does: it bounces, also if the program would not have said so."""
    assert not deliver(town, "|condredirect %s %s" % (address, program), "./Maildir/",
                       sender="bob@here.example")
    text, = town.mail("bob")
    assert "condredirect: fatal: " in text


@pytest.mark.parametrize("program", ["except", "bouncesaying x", "condredirect bob"])
@pytest.mark.parametrize("end", ["exit 111", "kill -9 $$"])
def test_what_cannot_be_told_now(town, program, end):
    town.rules("ann", "", "|%s sh -c '%s'" % (program, end), "./Maildir/")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: ")
    assert not town.mail("ann") and not town.mail("bob")


def test_preline(town):
    assert not deliver(town, "|preline cat > got")
    with open(town.home("ann") + "/got") as source:
        text = source.read()
    assert text.startswith("From joe@there.example ")
    lines = text.split("\n")
    assert lines[1:3] == ["Return-Path: <joe@there.example>", "Delivered-To: ann@here.example"]
    assert text.endswith("\nhello\n")


def test_preline_of_much_that_nobody_reads(town):
    town.rules("ann", "", "|preline -f head -c 10 > got")
    town.open()
    town.send("joe@there.example", "ann@here.example", body="a line\n" * 100000)
    town.daemon.wait("^delivery 1: success: ")
    assert os.path.getsize(town.home("ann") + "/got") == 10


def test_preline_of_what_cannot_be_read(town):
    """The program must not take a part of the message for all."""
    town.rules("ann", "", "|preline sh -c 'cat > got; touch ended' < /")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*cannot_read_the_message")
    assert not os.path.exists(town.home("ann") + "/ended")


def test_preline_that_cannot_write(town, needs):
    """The program did not get all, and must not end well."""
    needs("strace")
    town.rules("ann", "", "|strace -o /dev/null --inject=write:error=EIO:when=2 preline sh -c "
               "'cat > got; touch ended'", "./Maildir/")
    town.open()
    town.send("joe@there.example", "ann@here.example", body="a line\n" * 100000)
    town.daemon.wait("^delivery 1: deferral: .*cannot_write_to_the_program")
    assert not town.mail("ann") and not os.path.exists(town.home("ann") + "/ended")


def test_preline_for_procmail(town, needs):
    needs("procmail")
    town.run_as("ann", ["tee", ".procmailrc"], "MAILDIR=$HOME\nDEFAULT=$HOME/Maildir/\n")
    text, = deliver(town, "|preline procmail")
    assert "hello" in text and "Delivered-To: ann@here.example" in text


ASKED = "Notice-Requested-Upon-Delivery-To: Ann <ann@here.example>\nMessage-ID: <7@there>\n"


@pytest.mark.parametrize("header, sender, is_told", [
    (ASKED, "bob@here.example", True), ("Subject: x\n", "bob@here.example", False),
    (ASKED.replace("ann@", "eve@"), "bob@here.example", False), (ASKED, "", False),
    (ASKED, "#@[]", False)])
def test_receipts(town, header, sender, is_told):
    found = deliver(town, "|qreceipt ann@here.example", "./Maildir/", sender=sender, header=header)
    assert len(found) == 1 and len(town.mail("bob")) == is_told
    for text in town.mail("bob"):
        assert text.startswith("Return-Path: <>\n") and "<7@there>" in text


def test_receipt_after_a_look(town):
    found = deliver(town, "|grep -q hello; qreceipt ann@here.example", "./Maildir/",
                    sender="bob@here.example", header=ASKED)
    assert len(found) == len(town.mail("bob")) == 1


# ---- what the pages show

def shown(page, begin):
    """A line for a .qmail file."""
    rule, = re.findall(r"(?m)^(?:\.Dl )?(\|%s.*)$" % re.escape(begin), build.read("man/" + page))
    return rule


@pytest.mark.parametrize("header, folder", [("To: ann@here.example\n", "Maildir"),
                                            ("To: bob@here.example\n", "unnamed")])
def test_the_line_of_iftocc(town, header, folder):
    town.run_as("ann", [town.place.program("maildirmake"), "unnamed"])
    deliver(town, shown("iftocc.1", "iftocc"), "./Maildir/", header=header)
    assert [name for name in ("Maildir", "unnamed") for _ in town.mail("ann", name)] == [folder]


def test_the_line_of_iftocc_where_nothing_can_be_kept(town):
    """It was gone: the exit code did not depend on what became of it."""
    town.rules("ann", "", shown("iftocc.1", "iftocc"), "./Maildir/")
    town.open()
    assert town.queue(b"Fjoe@there.example\0Tann@here.example\0\0", "To: bob\n\nhello\n") == 0
    town.daemon.wait("deferral")
    assert not town.mail("ann") and town.place.queue_files()["mess"]


@pytest.mark.parametrize("program, is_there", [(None, True), ("exit 2", True), ("kill -9 $$", True),
                                               ("exit 1", True), ("exit 0", False)])
def test_the_line_of_a_program_that_judges(town, program, is_there):
    """All mail was gone where there was none, or where it failed."""
    path = town.home("ann") + "/is-spam"
    if program:
        town.place.write(path, "#!/bin/sh\n%s\n" % program, "ann", 0o755)
    rule = shown("qmail-command.8", "if is-spam").replace("is-spam", "./is-spam")
    assert len(deliver(town, rule, "./Maildir/")) == is_there


def test_the_lines_of_a_program_that_cannot_run(town):
    """The Maildir got a copy at each try."""
    lines = re.search(r"(?s)\n(# .*?)\.Ed", build.read("man/dot-qmail.5"))[1].replace(r"\&", "")
    town.rules("ann", "", *lines.splitlines())
    town.open()
    town.queue(b"Fjoe@there.example\0Tann@here.example\0\0", "Subject: a letter\n\nhello\n")
    town.daemon.wait("list-server:_not_found")
    assert not town.mail("ann")


def test_a_line_that_passes_some_mail_on(town):
    rule = "|" + re.findall(r"(?m)^\.Ql (if .* fi)$", build.read("man/qmail-command.8"))[0]
    assert len(deliver(town, rule.replace("ann", "bob"), "./Maildir/")) == 1
    assert not town.mail("bob")
