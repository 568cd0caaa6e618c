"""qmail-qctl on a queue that is full and at work.  QCTL_WAITING: how full."""

import collections
import os
import subprocess
import threading
import time

from support import process
from scenario.test_qctl import qctl

WAITING = int(os.environ.get("QCTL_WAITING", "400"))
A_SECOND = 200  # injections
SENDERS = 4


def fill(town):
    """Messages that wait for an hour yet, of SENDERS senders in turn."""
    put = {}
    now = int(time.time())
    for i in range(WAITING):
        number = (now - 100) * 1000000 + i
        sender = "bob-%d@here.example" % (i % SENDERS)
        person = "ann-%d@here.example" % i
        envelope = "F%s\0T%s\0" % (sender, person)
        town.place.queue_put("mess", number, "Subject: number %d\n\nhello\n" % i)
        town.place.queue_put("intd", number, "u7001\0p1\0" + envelope + "\0")
        town.place.queue_put("info", number, "F%s\0" % sender, now - 100)
        town.place.queue_put("local", number, "T%s\0" % person, now + 3600)
        put[str(number)] = i
    return put


class Injections(threading.Thread):
    """Sends letters to bob, each with a subject of its own, until told to end."""

    def __init__(self, town):
        super().__init__(daemon=True)
        self.town, self.count, self.must_end = town, 0, threading.Event()

    def run(self):
        began = time.monotonic()
        while not self.must_end.is_set():
            if self.count > (time.monotonic() - began) * A_SECOND:
                self.must_end.wait(0.005)
                continue
            self.town.queue(b"Fjoe@there.example\0Tbob-fresh@here.example\0\0",
                            "Subject: fresh %d\n\nhello\n" % self.count)
            self.count += 1


def subjects(town):
    """How often bob has got what, by the first Subject of each letter."""
    found = collections.Counter()
    for letter in town.mail("bob"):
        found[letter.split("Subject: ")[1].split("\n")[0]] += 1
        for line in letter.split("--- Below this line")[0].splitlines():
            if line.startswith("<ann-"):
                found[line] += 1
    return found


def prepare(town, rule="|cat > got-$EXT"):
    town.rules("ann", "-default", rule)
    town.rules("bob", "-default", "./Maildir/")
    put = fill(town)
    town.open()
    return put


def has_got(town, i):
    return os.path.exists("%s/got-%d" % (town.home("ann"), i))


def test_each_verb_beside_injections(town):
    put = prepare(town)
    injections = Injections(town)
    injections.start()
    part = [sum(i % SENDERS == which for i in put.values()) for which in range(SENDERS)]
    for which, (verb, done) in enumerate((("delete", "deleted"), ("bounce", "returned"),
                                          ("hold", "held"), ("now", "due"))):
        said = qctl(town, verb, "--sender", "bob-%d@here.example" % which).stdout
        assert said.endswith("\n%d messages %s\n" % (part[which], done)), said[-200:]
    process.until(lambda: qctl(town, "list", "--younger", "1d").stdout.count("GMT  #") -
                  qctl(town, "list", "--sender", "joe@there.example").stdout.count("GMT  #") <= part[2],
                  "what was ordered", timeout=600)
    injections.must_end.set()
    injections.join()
    process.until(lambda: qctl(town, "list").stdout.count("GMT  #") == part[2], "the rest", timeout=600)
    assert qctl(town, "list", "--state", "held").stdout.count("GMT  #") == part[2]
    for i in put.values():
        assert has_got(town, i) == (i % SENDERS == 3), i
    found = subjects(town)
    assert injections.count > 0
    assert [found["fresh %d" % n] for n in range(injections.count)] == [1] * injections.count
    assert found["failure notice"] == part[1]
    for i in put.values():
        assert found["<ann-%d@here.example>:" % i] == (i % SENDERS == 1), i


def test_killed_amid_orders(town):
    """The manager and the tool end at any moment; nothing is lost, and nothing that
    was not ordered happens."""
    put = prepare(town, "|exit 111")
    for verb, which in (("delete", 0), ("bounce", 1)):
        words = [verb, "--sender", "bob-%d@here.example" % which]
        for pause in range(6):
            with subprocess.Popen([town.place.program("qmail-qctl"), *words], cwd="/",
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
                for _ in range(pause * 4):
                    asking.stdout.readline()
                if pause % 2:
                    asking.kill()
                else:
                    town.daemon.kill()
                asking.communicate(timeout=60)
            if not pause % 2:
                town.open()
        qctl(town, *words)
    kept = sum(i % SENDERS > 1 for i in put.values())
    process.until(lambda: qctl(town, "list").stdout.count("GMT  #") == kept, "the end of those", timeout=600)
    found = subjects(town)
    for i in put.values():
        assert (found["<ann-%d@here.example>:" % i] > 0) == (i % SENDERS == 1), i
