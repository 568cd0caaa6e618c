"""Mail programs of people: they send through us, and read what we deliver."""

import os
import pty
import select
import signal
import time

from support import town as towns


def test_mutt_sends(town, needs):
    needs("mutt")
    town.open()
    rc = town.home("ann") + "/muttrc"
    with open(rc, "w") as out:
        out.write('set sendmail="%s -oem -oi"\nset copy=no\nset from="ann@here.example"\n'
                  "set use_from=yes\n" % town.place.program("sendmail"))
    town.run_as("ann", ["mutt", "-n", "-F", rc, "-s", "by mutt", "-c", "ann@here.example",
                        "bob@here.example"], "h\xf6llo\n.\nmore\n")
    for name in ("ann", "bob"):
        text = town.letter(name, "Subject: by mutt")
        assert text.startswith("Return-Path: <ann@here.example>\n")
        assert "\n.\nmore\n" in text and "Cc: ann@here.example\n" in text
    town.wait_empty()


def test_s_nail_sends(town, needs):
    needs("s-nail")
    town.open()
    town.run_as("ann", ["s-nail", "-n", "-S", "mta=" + town.place.program("sendmail"),
                        "-S", "sendwait", "-s", "by s-nail", "bob@here.example"], "hello\n")
    assert "\nFrom: ann@here.example" in town.letter("bob", "Subject: by s-nail")
    town.wait_empty()


def test_s_nail_reads(town, needs):
    """What we deliver to a Maildir and to an mbox."""
    needs("s-nail")
    town.rules("ann", "", "./%s/" % towns.MAIL_FOLDER, "./Mailbox")
    town.open()
    for n in range(3):
        town.send("joe@there.example", "ann@here.example", subject="letter %d." % n,
                  body="From time to time\n>From me\n")
    town.wait_empty()
    for folder in ("maildir://%s" % towns.MAIL_FOLDER, "Mailbox"):
        told = town.run_as("ann", ["s-nail", "-n", "-R", "-H", "-f", folder]).stdout
        assert [b"letter %d." % n in told for n in range(3)] == [True] * 3, told
        assert told.count(b"letter ") == 3, told


def screen(words, wanted, timeout=15, **more):
    """Runs a program at a terminal until it shows something; what it shows."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(more["gid"])
            os.setuid(more["uid"])
            os.chdir(more["cwd"])
            os.execvpe(words[0], words, more["env"])
        finally:
            os._exit(127)
    seen, deadline = b"", time.monotonic() + timeout
    while wanted not in seen and time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
    try:
        os.kill(pid, signal.SIGKILL)
    finally:
        os.close(master)
        os.waitpid(pid, 0)
    return seen


def test_mutt_reads_a_maildir(town, needs):
    needs("mutt")
    town.open()
    town.send("joe@there.example", "ann@here.example", subject="see me")
    town.letter("ann", "see me")
    uid = towns.PEOPLE["ann"]
    seen = screen(["mutt", "-n", "-R", "-F", "/dev/null", "-e", "set folder=.",
                   "-f", towns.MAIL_FOLDER], b"see me",
                  uid=uid, gid=uid, cwd=town.home("ann"), env=town.environment("ann"))
    assert b"see me" in seen, seen


def test_a_list_with_its_owner(town):
    """Forwards to a list get a sender of their own for each recipient."""
    town.rules("ann", "-list", "&no-one@here.example", "&bob@here.example")
    for end in ("-list-owner", "-list-owner-default"):
        town.rules("ann", end, "./%s/" % towns.MAIL_FOLDER)
    town.open()
    town.send("joe@there.example", "ann-list@here.example")
    text = town.letter("bob", "a letter")
    assert text.startswith("Return-Path: <ann-list-owner-bob=here.example@here.example>\n")
    assert "\nDelivered-To: ann-list@here.example\n" in text
    text = town.letter("ann", "Subject: failure notice")
    assert "\nDelivered-To: ann-list-owner-@here.example\n" in text
    town.wait_empty()


def test_a_loop_ends(town):
    town.rules("ann", "", "&bob@here.example")
    town.rules("bob", "", "&ann@here.example")
    town.rules("alias", "-joe", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    town.send("joe@here.example", "ann@here.example")
    town.letter("alias", "failure notice", "5.4.6")
    town.wait_empty()
