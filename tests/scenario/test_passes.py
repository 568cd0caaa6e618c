"""Passes over the recipients of a list, while others of it are under way."""

import os

import pytest

from support import town as towns


class Remote:
    """A program in place of qmail-remote: it notes whom it is started for, waits
    for its host or its first recipient to be let go, and says of each what was
    said then."""

    def __init__(self, town):
        self.town, self.base = town, town.place.base
        self.path, self.note = self.base + "/remote", self.base + "/noted"
        town.place.write(self.note, "", mode=0o666)
        for name in os.listdir(self.base):
            if name.startswith("go-"):
                os.unlink("%s/%s" % (self.base, name))
        town.place.write(self.path, """#!/bin/sh
gate=%s/go-$1
shift 2
own=%s/go-$1
for i; do echo $i; done >> %s
until test -e $gate || test -e $own; do sleep 0.05; done
word=$(cat $gate || cat $own)
for i; do printf '%%s\\0' "$word"; done
printf 'Kaccepted\\n\\0nw\\0'
""" % (self.base, self.base, self.note), mode=0o755)

    def go(self, name, word):
        self.town.place.write("%s/go-%s" % (self.base, name), word)

    def stop(self, name):
        os.unlink("%s/go-%s" % (self.base, name))

    def noted(self):
        with open(self.note) as source:
            return source.read().split()

    def wait(self, count, name=None):
        def is_there():
            noted = self.noted()
            return (noted.count(name) if name else len(noted)) >= count
        self.town.until(is_there, "%s started %d times" % (name, count))


@pytest.fixture
def remote(town):
    return Remote(town)


def test_who_ends_while_a_pass_rests(town, remote):
    """Has been read by it, not looked at, and is done by then."""
    before, after = 470, 200
    town.place.write(town.place.path("control/concurrencyhost"), "1\n")
    town.open(env={"QMAILREMOTE": remote.path})
    town.send("x@here.example", "first@b.example")
    remote.wait(1)
    remote.go("a.example", "snot now")
    names = ["u%03d@a.example" % n for n in range(before + after)]
    names.insert(before, "slow@b.example")  # waits for its host
    town.send("x@here.example", *names)
    remote.wait(len(names))
    town.daemon.wait("^delivery .*: deferral: not_now", count=before + after)
    remote.stop("a.example")
    remote.go("first@b.example", "r")
    remote.wait(1, "slow@b.example")
    os.kill(town.daemon.pid, towns.ALARM)  # all of the list is due
    remote.wait(len(names) + 2)  # and rests behind the first of a.example
    remote.go("slow@b.example", "r")
    town.daemon.wait("^delivery .*: success: accepted", count=2)
    remote.go("a.example", "r")
    town.wait_empty()
    assert remote.noted().count("slow@b.example") == 1


def test_who_waits_for_a_host_when_all_is_due(town, remote):
    """Of a list that is at work: it goes on waiting, not for the next try."""
    town.place.write(town.place.path("control/concurrencyhost"), "1\n")
    town.open(env={"QMAILREMOTE": remote.path})
    town.send("x@here.example", "first@b.example")
    remote.wait(1)
    town.send("x@here.example", "slow@c.example", "second@b.example")
    remote.wait(2)
    os.kill(town.daemon.pid, towns.ALARM)
    remote.go("first@b.example", "r")
    remote.wait(1, "second@b.example")
    for name in ("slow@c.example", "second@b.example"):
        remote.go(name, "r")
    town.wait_empty()
    assert remote.noted().count("second@b.example") == 1


def test_more_room_for_a_host(town, remote):
    """Is used at once, by a pass that rests because there was none."""
    for name in ("concurrencyhost", "remotebatch"):
        town.place.write(town.place.path("control/" + name), "1\n")
    town.open(env={"QMAILREMOTE": remote.path})
    remote.go("well@b.example", "r")
    town.send("x@here.example", "well@b.example")
    town.daemon.wait("^end msg")
    town.send("x@here.example", "slow@b.example", "second@b.example")
    remote.wait(1, "slow@b.example")
    town.place.write(town.place.path("control/concurrencyhost"), "2\n")
    os.kill(town.daemon.pid, towns.HANGUP)
    remote.wait(1, "second@b.example")
    remote.go("b.example", "r")
    town.wait_empty()
