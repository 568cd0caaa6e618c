"""mailq, that is sendmail -bp."""

import subprocess

import pytest


def mailq(town, *arguments, name="sendmail", **more):
    """What it prints, and its exit code."""
    done = subprocess.run([name, *arguments], executable=town.place.program("sendmail"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, **more)
    return done.stdout.decode(), done.returncode


@pytest.mark.parametrize("words", [("mailq",), ("/usr/bin/mailq",), ("sendmail", "-bp")])
def test_empty(town, words):
    town.open()
    assert mailq(town, *words[1:], name=words[0]) == ("Mail queue is empty\n", 0)
    done = subprocess.run([town.place.program("qmail-qread")], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b""


def test_what_waits(town):
    town.rules("ann", "", "|exit 111")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    town.daemon.wait("^delivery .*: deferral: ")
    town.until(lambda: town.place.queue_files()["info"], "its files")
    text, code = mailq(town, "-bp")
    assert text.endswith("\tlocal\tann@here.example\n") and "empty" not in text and code == 0


def test_what_is_new(town):
    """Nothing is empty while messages are on their way for the first time."""
    town.send("bob@here.example", "ann@here.example")
    assert mailq(town, "-bp") == ("No message waits; new, and not yet tried: 1\n", 0)


@pytest.mark.parametrize("user", ["bob", "qmailr", "qmaill"])
def test_others(town, user):
    """They are told why not."""
    town.open()
    uid, gid = (7002, 7002) if user == "bob" else town.place.ids(user)
    text, code = mailq(town, "-bp", user=uid, group=gid, extra_groups=[], cwd="/")
    assert "fatal: cannot " in text and ": Permission denied\n" in text and code == 111
    assert text.endswith("only root and the user qmails may list it, "
                         "and those of group qmail by qmail-qctl list\n")


def test_qmails(town):
    town.open()
    uid, gid = town.place.ids("qmails")
    groups = [town.place.ids("qmailq")[1], town.place.ids("qmaild")[1]]
    assert mailq(town, "-bp", user=uid, group=gid, extra_groups=groups, cwd="/") == (
        "Mail queue is empty\n", 0)
