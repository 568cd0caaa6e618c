"""Programs that sort, answer, judge or distribute what we deliver."""

import email
import email.policy
import os
import re
import shutil
import socket
import subprocess

import pytest

from support import forwarders, pop, process, town as towns, unpacked

HERE = "@here.example"
ANN, BOB = "ann" + HERE, "bob" + HERE


def write(town, path, text, mode=0o600):
    """A file of ann's."""
    town.place.write("%s/%s" % (town.home("ann"), path), text, "ann", mode)


def send(town, subject, sender=BOB, recipient=ANN, fields="", body="hello\n"):
    header = "From: %s\nSubject: %s\n%s" % (
        sender or "MAILER-DAEMON", subject, fields or "To: %s\n" % recipient)
    assert town.queue(process.envelope(sender, recipient), header + "\n" + body) == 0


def subjects(town, name, folder=towns.MAIL_FOLDER):
    return sorted(re.search("^Subject: (.*)$", text, re.M).group(1)
                  for text in town.mail(name, folder))


# ---- what sorts by a file of rules

PROCMAILRC = """\
MAILDIR=$HOME
DEFAULT=$HOME/Maildir/
:0
* ^Subject: folder
Folder/
:0:
* ^Subject: box
box
:0
* ^Subject: away
! bob@here.example
:0
* ^Subject: refused
{ EXITCODE=100
  HOST
}
:0
* ^Subject: later
{ EXITCODE=75
  HOST
}
:0
* ^Subject: last
{ EXITCODE=99
  :0
  Folder/
}
:0 fw
* ^Subject: program
| sed s/hello/changed/
"""

MAILDROPRC = """\
SENDMAIL="/usr/sbin/sendmail"
if (/^Subject: folder/)
	to "Folder"
if (/^Subject: box/)
	to "box"
if (/^Subject: away/)
	to "! bob@here.example"
if (/^Subject: refused/)
{
	EXITCODE=100
	exit
}
if (/^Subject: later/)
{
	EXITCODE=75
	exit
}
if (/^Subject: last/)
{
	cc "Folder"
	EXITCODE=99
	exit
}
if (/^Subject: program/)
	xfilter "sed s/hello/changed/"
to "Maildir"
"""


def procmail(town, needs):
    needs("procmail")
    write(town, ".procmailrc", PROCMAILRC)
    return "preline procmail"


def maildrop(town, needs):
    program = unpacked.folder(town.place, "maildrop") + "/usr/bin/maildrop"
    os.chmod(program, 0o755)  # it need not be setgid, and then finds its library
    library = unpacked.folder(town.place, "courier-authlib") + "/usr/lib"
    write(town, ".mailfilter", MAILDROPRC)
    write(town, "box", "")
    return "LD_LIBRARY_PATH=%s preline %s" % (library, program)


@pytest.mark.parametrize("sorter", [procmail, maildrop])
def test_sorts(town, machine, needs, sorter):
    """By its rules, and what it says with its exit code."""
    machine.sendmail()
    rule = sorter(town, needs)
    town.rules("ann", "", "|" + rule, "./Rest/")
    for folder in "Folder", "Rest":
        town.run_as("ann", [town.place.program("maildirmake"), folder])
    town.open()
    for subject in "folder", "box", "away", "refused", "later", "last", "program", "other":
        send(town, subject, body="hello\n.\nFrom here\n")
    town.letter("bob", "Subject: away")
    refusal = town.letter("bob", "Subject: failure notice")
    assert "<ann@here.example>:\n" in refusal and "Subject: refused" in refusal
    town.daemon.wait("^delivery [0-9]+: deferral: ")
    town.until(lambda: len(town.place.queue_files()["mess"]) == 1, "all but one to be done")
    assert subjects(town, "ann", "Folder") == ["folder", "last"]
    assert subjects(town, "ann") == ["other", "program"]
    assert subjects(town, "ann", "Rest") == ["away", "box", "folder", "other", "program"]
    text, = (text for text in town.mail("ann") if "Subject: program" in text)
    assert text.rstrip("\n").endswith("changed\n.\nFrom here")
    assert "Return-Path: <bob@here.example>\nDelivered-To: ann@here.example\n" in text
    with open(town.home("ann") + "/box") as source:
        text = source.read()
    assert text.startswith("From bob@here.example ") and "Subject: box\n" in text
    assert "\nhello\n.\n>From here\n" in text


@pytest.fixture(params=["ours", "theirs"])
def dot_forward(request, town):
    """Ours, and Debian's."""
    if request.param == "ours":
        return "dot-forward"
    return forwarders.folder(town.place) + "/dot-forward"


def test_procmail_in_a_forward_file(town, dot_forward, needs):
    """As its manual has said for ever, quotes, remark and all."""
    needs("procmail")
    write(town, ".procmailrc", PROCMAILRC)
    write(town, ".forward", "\"|IFS=' ' && exec %s -f- || exit 75 #ann\"\n" %
          shutil.which("procmail"))
    town.run_as("ann", [town.place.program("maildirmake"), "Folder"])
    town.rules("ann", "", "|%s .forward" % dot_forward, "./Rest/")
    town.open()
    for subject in "folder", "program", "other":
        send(town, subject, body="hello\n.\nFrom here\n")
    town.wait_empty()
    assert subjects(town, "ann", "Folder") == ["folder"]
    assert subjects(town, "ann") == ["other", "program"] and not town.mail("ann", "Rest")


# ---- what answers

def test_vacation_in_a_forward_file(town, machine, dot_forward):
    machine.sendmail()
    program = unpacked.folder(town.place, "vacation") + "/usr/bin/vacation"
    write(town, ".forward", "\\ann, \"|%s -a joe ann\"\n" % program)
    write(town, ".vacation.msg", "From: ann@here.example\nSubject: away: $SUBJECT\n\nnot here\n")
    town.run_as("ann", [program, "-i"])
    town.open("|%s .forward\n./Maildir/\n" % dot_forward)
    for subject in "first", "second":
        send(town, subject)
        town.letter("ann", "Subject: " + subject)
        town.wait_empty()
    assert subjects(town, "ann") == ["first", "second"]
    assert subjects(town, "bob") == ["away: first"]


def test_vacation(town, machine):
    """Once for each sender, and for nobody who must not be told."""
    machine.sendmail()
    program = unpacked.folder(town.place, "vacation") + "/usr/bin/vacation"
    town.rules("ann", "", "|preline %s ann" % program, "./Maildir/")
    write(town, ".vacation.msg", "From: ann@here.example\nSubject: away: $SUBJECT\n\nnot here\n")
    town.run_as("ann", [program, "-i"])
    town.rules("alias", "-eve", "./Maildir/")
    town.open()
    for subject in "first", "second":
        send(town, subject)
        town.letter("ann", "Subject: " + subject)
        town.wait_empty()
    eve = "eve" + HERE
    send(town, "to many", eve, fields="To: %s\nPrecedence: bulk\n" % ANN)
    send(town, "to others", eve, fields="To: %s\n" % BOB)
    send(town, "failure", "")
    town.wait_empty()
    send(town, "to me", eve)
    town.letter("alias", "Subject: away: to me")
    town.wait_empty()
    assert subjects(town, "ann") == ["failure", "first", "second", "to many", "to me", "to others"]
    assert subjects(town, "bob") == ["away: first"]
    assert subjects(town, "alias") == ["away: to me"]


# ---- what judges

def test_bogofilter(town):
    """In a line of condredirect, of bouncesaying, and by itself."""
    program = unpacked.folder(town.place, "bogofilter-bdb") + "/usr/bin/bogofilter-bdb"
    judge = program + " -d words"
    os.mkdir(town.home("ann") + "/words")
    os.chown(town.home("ann") + "/words", *town.place.ids("ann"))
    good, bad = "the meeting is at noon\n", "cheap pills buy now\n"
    for option, text in ("-n", good), ("-s", bad):
        for _ in range(10):
            town.run_as("ann", [*judge.split(), option], "Subject: x\n\n" + text)
    town.rules("ann", "", "|condredirect bob@here.example " + judge, "./Maildir/")
    town.rules("ann", "-strict", "|bouncesaying 'No spam, please.' " + judge, "./Maildir/")
    town.rules("ann", "-own", "|%s; test $? = 1 || exit 99" % judge, "./Maildir/")
    town.open()
    for ext in "", "-strict", "-own":
        send(town, "good" + ext, recipient="ann%s%s" % (ext, HERE), body=good)
        send(town, "bad" + ext, recipient="ann%s%s" % (ext, HERE), body=bad)
    town.letter("bob", "Subject: bad\n", "Delivered-To: ann@here.example\n")
    town.letter("bob", "Subject: failure notice", "No spam, please.")
    town.wait_empty()
    assert subjects(town, "ann") == ["good", "good-own", "good-strict"]
    assert subjects(town, "bob") == ["bad", "failure notice"]


# ---- a mailing list

def confirm(town, text):
    """bob answers what the list asked him."""
    letter = email.message_from_string(text, policy=email.policy.default)
    where = (letter["Reply-To"] or letter["From"]).addresses[0].addr_spec
    assert where.startswith("ann-list-confsub-") and where.endswith(HERE)
    send(town, "Re: confirm", recipient=where)


@pytest.fixture
def mlmmj(town):
    """A list of ann's, ann-list; the folder of mlmmj's programs."""
    peer = unpacked.folder(town.place, "mlmmj")
    done = town.run_as("ann", ["sh", peer + "/usr/bin/mlmmj-make-ml", "-L", "ann-list",
                               "-s", town.home("ann")],
                       "here.example\nann@here.example\n%s/usr/share/mlmmj/text.skel/en\n" % peer)
    write(town, "ann-list/control/delimiter", "-\n")
    assert os.path.exists(town.home("ann") + "/ann-list/text/confirm"), done.stdout
    programs = peer + "/usr/bin"
    for ext in "-list", "-list-default":
        town.rules("ann", ext, "|preline -f %s/mlmmj-receive -L %s/ann-list" % (
            programs, town.home("ann")))
    town.rules("alias", "-eve", "./Maildir/")
    town.open()
    town.serve_smtp()
    return programs


def test_mlmmj(town, mlmmj):
    """Subscribing, a sender for each copy, and what comes back to it; the owner."""
    folder = town.home("ann") + "/ann-list"
    send(town, "subscribe", recipient="ann-list-subscribe" + HERE)
    confirm(town, town.letter("bob", "ann-list-confsub-"))
    town.until(lambda: os.path.exists(folder + "/subscribers.d/b"), "bob to be subscribed")
    for name in "eve", "nobody.here":
        town.run_as("ann", [mlmmj + "/mlmmj-sub", "-L", folder, "-a", name + HERE, "-s"])
    send(town, "news", recipient="ann-list" + HERE, body=".\nFrom me\n")
    for name, address in ("bob", "bob"), ("alias", "eve"):
        text = town.letter(name, "Subject: news")
        assert text.startswith("Return-Path: <ann-list-bounces-1-%s=here.example@here.example>\n"
                               % address)
        assert text.endswith("\n\n.\nFrom me\n\n")  # mlmmj ends what has ended
    town.until(lambda: os.path.exists(folder + "/bounce/nobody.here=here.example"),
               "the list to notice what came back")
    assert os.listdir(folder + "/bounce") == ["nobody.here=here.example"]
    send(town, "to you", recipient="ann-list-owner" + HERE)
    town.letter("ann", "Subject: to you")
    town.wait_empty()


# ---- Dovecot

LDA = "/usr/lib/dovecot/dovecot-lda"
DOVECOT = """\
base_dir = %(home)s/run
log_path = %(home)s/dovecot.log
mail_location = maildir:%(home)s/Maildir
mail_plugins = quota
mail_plugin_dir = %(modules)s
ssl = no
postmaster_address = postmaster@here.example
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=%(storage)s:messages=3
}
protocol imap {
  mail_plugins = quota imap_quota
}
"""


@pytest.fixture
def dovecot(town):
    """dovecot(storage): its configuration, for ann."""
    if not os.path.exists(LDA):
        pytest.skip("dovecot-core is not installed")
    modules = town.place.base + "/dovecot.modules"

    def configure(storage="1M", *more):
        subprocess.run(["rm", "-rf", modules], check=True)
        os.mkdir(modules)
        for folder in ("/usr/lib/dovecot/modules", *more):
            for name in os.listdir(folder):
                if name.endswith(".so") and not os.path.lexists(modules + "/" + name):
                    os.symlink(os.path.join(folder, name), modules + "/" + name)
        write(town, "conf", DOVECOT % {"home": town.home("ann"), "modules": modules,
                                       "storage": storage})
        return town.home("ann") + "/conf"
    return configure


def test_dovecot_delivers(town, dovecot):
    """To a folder; and the sender hears from us what it thinks of the quota."""
    words = "|preline -f %s -c %s -e -f \"$SENDER\" -a \"$RECIPIENT\"" % (LDA, dovecot())
    town.rules("ann", "", words)
    town.rules("ann", "-default", words + ' -m "$EXT" -o lda_mailbox_autocreate=yes')
    town.open()
    for number, ext in enumerate(("", "-lists", "", "")):
        send(town, "letter %d" % number, recipient="ann%s%s" % (ext, HERE), body=".\nFrom me\n")
        if number < 3:
            town.letter("ann", "letter %d" % number,
                        folder="Maildir" + ext.replace("-", "/."))
    text = town.letter("bob", "Subject: failure notice")
    assert "Quota exceeded" in text and "Subject: letter 3" in text
    town.wait_empty()
    assert subjects(town, "ann") == ["letter 0", "letter 2"]
    text, = town.mail("ann", "Maildir/.lists")
    assert text.startswith("Return-Path: <bob@here.example>\n"
                           "Delivered-To: ann-lists@here.example\n")
    assert text.endswith("\n\n.\nFrom me\n")


class Imap:
    """A session that begins authenticated."""

    def __init__(self, town, program, config):
        ours, theirs = socket.socketpair()
        self.child = subprocess.Popen(
            [program, "-c", config], stdin=theirs, stdout=theirs, cwd=town.home("ann"),
            env=town.environment("ann"), **town.place.as_user("ann"))
        theirs.close()
        ours.settimeout(20)
        self.sock, self.stream, self.number = ours, ours.makefile("rwb"), 0
        self.greeting = self.stream.readline().decode()

    def ask(self, command):
        self.number += 1
        tag = "t%d " % self.number
        self.stream.write((tag + command + "\r\n").encode())
        self.stream.flush()
        told = ""
        for line in self.stream:
            if line.decode("latin-1").startswith(tag):
                assert line.decode("latin-1").startswith(tag + "OK"), line
                return told
            told += line.decode("latin-1")
        raise AssertionError("it has gone: " + told)

    def close(self):
        self.stream.close()
        self.sock.close()
        return self.child.wait(20)


def test_dovecot_reads(town, dovecot):
    """Sizes, flags and quota of what we deliver; and we go on with what it wrote."""
    peer = unpacked.folder(town.place, "dovecot-imapd") + "/usr/lib/dovecot"
    quota = "%dS,3C" % (1 << 20)
    town.rules("ann", "", "|maildirdeliver -q %s Maildir" % quota)
    town.open()
    for number in (1, 2):
        send(town, "letter %d" % number, body="line\n" * number)
        town.letter("ann", "letter %d" % number)
    texts = sorted(town.mail("ann"), key=lambda text: "letter 2" in text)
    imap = Imap(town, peer + "/imap", dovecot("1M", peer + "/modules"))
    try:
        assert imap.greeting.startswith("* PREAUTH "), imap.greeting
        assert "* 2 EXISTS" in imap.ask("SELECT INBOX")
        told = imap.ask("FETCH 1:* (RFC822.SIZE FLAGS BODY.PEEK[])")
        for text in texts:
            wire = text.replace("\n", "\r\n")
            assert "RFC822.SIZE %d " % len(wire) in told and wire in told
        assert "MESSAGE 2 3" in imap.ask("GETQUOTAROOT INBOX")
        imap.ask("STORE 1 +FLAGS (\\Seen \\Flagged)")
        imap.ask("STORE 2 +FLAGS (\\Deleted)")
        imap.ask("EXPUNGE")
        told = imap.ask("GETQUOTAROOT INBOX")
        assert "MESSAGE 1 3" in told, told
        for number in (3, 4, 5):
            send(town, "letter %d" % number)
        refusal = town.letter("bob", "Subject: failure notice")
        town.wait_empty()
        assert "the mailbox is full (#5.2.2)" in refusal and len(town.mail("ann")) == 3
        imap.ask("NOOP")
        assert "MESSAGE 3 3" in imap.ask("GETQUOTAROOT INBOX")
        told = imap.ask("FETCH 1:* (FLAGS)")
        assert told.count("FETCH") == 3 and "\\Flagged \\Seen" in told
    finally:
        imap.close()


def test_dovecot_beside_pop(town, dovecot, needs):
    """Both read the same Maildir: names stay, and what one removes is gone."""
    needs("tcpserver")
    peer = unpacked.folder(town.place, "dovecot-imapd") + "/usr/lib/dovecot"
    pop.set_passwords(town.place)
    pop.serve(town)
    town.open()
    for number in (1, 2, 3):
        send(town, "letter %d" % number)
        town.letter("ann", "letter %d" % number)

    def ask_pop(*commands):
        with pop.Client() as client:
            assert client.login().startswith("+OK")
            names = dict(line.split() for line in client.ask_all("UIDL"))
            texts = {"".join(client.ask_all("RETR " + number)): name
                     for number, name in names.items()}
            for command in commands:
                assert client.ask(command).startswith("+OK")
            assert client.ask("QUIT").startswith("+OK")
        return texts

    before = ask_pop()
    imap = Imap(town, peer + "/imap", dovecot("1M", peer + "/modules"))
    try:
        assert "* 3 EXISTS" in imap.ask("SELECT INBOX")
        imap.ask("STORE 1:* +FLAGS (\\Answered)")
        told = imap.ask("FETCH 1 BODY.PEEK[]")
        imap.ask("STORE 1 +FLAGS (\\Deleted)")
        imap.ask("EXPUNGE")
        after = ask_pop("DELE 2")
        assert len(before) == 3 and len(after) == 2
        assert after.items() <= before.items()
        gone, = before.keys() - after.keys()
        assert gone in told
        assert imap.ask("NOOP").count(" EXPUNGE") == 1
        assert imap.ask("FETCH 1:* (FLAGS)").count("\\Answered") == 1
    finally:
        imap.close()
