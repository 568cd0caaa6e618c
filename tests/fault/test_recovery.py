"""The queue manager after a power cut: each state that one may leave behind
is made by hand, or by killing everything at once.  What was accepted is
delivered, and nothing else."""

import collections
import fcntl
import os
import random
import re
import time

import pytest

from support import process

ONE, TWO = "one@here.example", "two@here.example"
BOTH = {ONE, TWO}
SENDER = "from@there.example"
OLD = 37 * 3600
NOTICE = "a message was lost from the queue"  # to the postmaster


def text(name):
    return b"Received: (qmail 1 invoked by uid 2); 1 Jan 2026 00:00:00 -0000\n" \
        b"Subject: %s\n\nbody\n" % name.encode()


def envelope(*recipients):
    return b"u1\0p2\0" + process.envelope(SENDER, *recipients)


def waiting(**letters):
    """A channel file: one="T" or "D", two=..."""
    return b"".join(b"%s%s@here.example\0" % (letter.encode(), name.encode())
                    for name, letter in letters.items())


INFO = b"F" + SENDER.encode() + b"\0"
WHOLE = envelope(ONE, TWO)
CUT = WHOLE[:-5]

# name: (files; a number in them is an age in seconds), who gets the message
STATES = {
    "accepted": ({"mess": True, "intd": WHOLE, "todo": "link"}, BOTH),
    "one-recipient": ({"mess": True, "intd": envelope(ONE), "todo": "link"}, {ONE}),
    "name-in-todo-lost": ({"mess": True, "intd": WHOLE}, BOTH),
    "todo-without-intd": ({"mess": True, "todo": WHOLE}, BOTH),
    "never-accepted": ({"mess": True}, set()),
    "cut-envelope": ({"mess": True, "intd": CUT}, set()),
    "cut-envelope-in-todo": ({"mess": True, "intd": CUT, "todo": "link"}, set()),
    "empty-envelope": ({"mess": True, "intd": b""}, set()),
    "empty-todo": ({"mess": True, "intd": b"", "todo": "link"}, set()),
    "todo-without-mess": ({"intd": WHOLE, "todo": "link"}, set()),
    "intd-without-mess": ({"intd": WHOLE}, set()),
    "info-alone": ({"mess": True, "intd": WHOLE, "info": INFO}, BOTH),
    "info-alone-and-todo": ({"mess": True, "intd": WHOLE, "todo": "link", "info": INFO}, BOTH),
    "empty-info": ({"mess": True, "intd": WHOLE, "info": b"",
                    "local": waiting(one="T", two="T")}, BOTH),
    "cut-info": ({"mess": True, "intd": WHOLE, "info": INFO[:5],
                  "local": waiting(one="T", two="T")}, BOTH),
    "local-without-info": ({"mess": True, "intd": WHOLE,
                            "local": waiting(one="T", two="T")}, BOTH),
    "empty-local": ({"mess": True, "intd": WHOLE, "info": INFO, "local": b""}, BOTH),
    "short-local": ({"mess": True, "intd": WHOLE, "info": INFO, "local": waiting(one="T")}, BOTH),
    "cut-local": ({"mess": True, "intd": WHOLE, "info": INFO,
                   "local": waiting(one="T", two="T")[:-3]}, BOTH),
    "zeros-in-local": ({"mess": True, "intd": WHOLE, "info": INFO,
                        "local": bytes(len(waiting(one="T", two="T")))}, BOTH),
    "all-whole": ({"mess": True, "intd": WHOLE, "info": INFO,
                   "local": waiting(one="T", two="T")}, BOTH),
    "one-is-done": ({"mess": True, "intd": WHOLE, "info": INFO,
                     "local": waiting(one="D", two="T")}, {TWO}),
    "one-is-done-and-todo": ({"mess": True, "intd": WHOLE, "todo": "link", "info": INFO,
                              "local": waiting(one="D", two="T")}, {TWO}),
    "all-are-done": ({"mess": True, "intd": WHOLE, "info": INFO,
                      "local": waiting(one="D", two="D")}, set()),
    "channel-was-finished": ({"mess": True, "intd": WHOLE, "info": INFO + b"l2\0"}, set()),
    "channel-mark-is-cut": ({"mess": True, "intd": WHOLE, "info": INFO + b"l2",
                             "local": waiting(one="T", two="T")}, BOTH),
    "info-without-mess": ({"info": INFO, "local": waiting(one="T", two="T")}, set()),
    "local-alone": ({"local": waiting(one="T", two="T")}, set()),
}
# These stay where they are until they are 36 hours old, or for the
# administrator to look at.
STAY = {"never-accepted", "cut-envelope", "cut-envelope-in-todo", "empty-envelope", "empty-todo",
        "todo-without-mess", "intd-without-mess", "info-without-mess", "local-alone"}


def put(place, number, name, files, age=60):
    when = time.time() - age
    for kind in ("mess", "intd", "info", "local"):
        if kind in files:
            data = text(name) if kind == "mess" else files[kind]
            place.queue_put(kind, number, data, when)
    if files.get("todo") == "link":
        intd = place.queue_files()["intd"][number]
        os.link(intd, intd.replace("/intd/", "/todo/"))
    elif "todo" in files:
        place.queue_put("todo", number, files["todo"], when)


def prepare(place):
    place.reset()
    place.control(me="here.example\n")
    alias = place.path("alias")
    place.write(alias + "/.qmail-default", "./Maildir/\n", "alias")
    for name in ("", "/tmp", "/new", "/cur"):
        os.mkdir(alias + "/Maildir" + name, 0o700)
        os.chown(alias + "/Maildir" + name, *place.ids("alias"))


def arrived(place):
    """How often each (subject, recipient) was delivered."""
    found = collections.Counter()
    folder = place.path("alias/Maildir/new")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as source:
            message = source.read().decode("latin-1")
        subject = re.search(r"^Subject: (.*)$", message, re.M).group(1)
        assert message.endswith("\n\nbody\n") or subject == NOTICE, "not whole: %r" % message
        found[subject, re.search(r"^Delivered-To: (.*)$", message, re.M).group(1)] += 1
    return found


def wanted_of(states):
    return {(name, recipient) for name, (_, recipients) in states.items()
            for recipient in recipients}


def put_markers(place, apart_from=()):
    """An old leftover in each part of mess but these: when all are gone the
    clean-up has been through the folder.  Their numbers."""
    split = len(os.listdir(place.path("queue/mess")))
    first = int((time.time() - OLD - 3600) * 1000000)
    markers = {number for number in range(first, first + split)
               if number % split not in apart_from}
    for number in markers:
        put(place, number, "marker", {"mess": True}, OLD)
    return markers


def are_gone(place, markers):
    return not markers & place.queue_files()["mess"].keys()


def numbers(count, age=60):
    first = int((time.time() - age) * 1000000)
    return range(first, first + count * 1000, 1000)


@pytest.fixture(scope="module")
def recovered(root_place):
    """(what arrived, queue files by name of the state, log) after one start
    with all states, and a second one."""
    place = root_place
    prepare(place)
    number_of = dict(zip(STATES, numbers(len(STATES))))
    for name, (files, _) in STATES.items():
        put(place, number_of[name], name, files)
    going = [number for name, number in number_of.items() if name not in STAY]
    lines = []
    for _ in range(2):
        markers = put_markers(place)
        daemon = process.start(place, "./Mailbox")
        try:
            daemon.wait("^status: local 0/10 remote 0/20")
            process.until(lambda: not any(files.keys() & going for files in
                                          place.queue_files().values()), "all to be done")
            process.until(lambda: are_gone(place, markers), "the clean-up")
            assert process.inject(place, b"Subject: last\n\nbody\n", "", "last@here.example") == 0
            process.until(lambda: ("last", "last@here.example") in arrived(place), "new mail")
            daemon.stop()
        finally:
            daemon.kill()
            lines += daemon.lines
    left = {name: [kind for kind, files in place.queue_files().items() if number in files]
            for name, number in number_of.items()}
    return arrived(place), left, lines


@pytest.mark.parametrize("name", STATES)
def test_state(name, recovered):
    counts, left, lines = recovered
    got = {recipient: count for (subject, recipient), count in counts.items() if subject == name}
    assert got == dict.fromkeys(STATES[name][1], 1), "\n".join(lines)
    if name not in STAY:
        assert not left[name], "left behind: %s\n%s" % (left[name], "\n".join(lines))


def test_no_alarms_for_what_is_whole(recovered):
    _, _, lines = recovered
    assert not [line for line in lines if line.startswith("alert:")]


def test_old_leftovers_go(root_place, start):
    """What was never accepted is removed when it is 36 hours old, and no
    sooner; what was accepted is not, however old."""
    place = root_place
    prepare(place)
    leftovers = {"never-accepted": {"mess": True}, "cut-envelope": {"mess": True, "intd": CUT}}
    old = dict(zip(leftovers, numbers(2, OLD)))
    young = dict(zip(leftovers, numbers(2)))
    for name, files in leftovers.items():
        put(place, old[name], name, files, OLD)
        put(place, young[name], name, files)
    accepted, orphan = numbers(2, OLD + 60)
    put(place, accepted, "accepted", STATES["name-in-todo-lost"][0], OLD)
    put(place, orphan, "orphan", {"intd": WHOLE}, OLD)
    start("./Mailbox")
    process.until(lambda: {("accepted", ONE), ("accepted", TWO)} <= set(arrived(place)),
                  "the accepted message")
    process.until(lambda: not set(place.queue_files()["mess"]) & {*old.values(), accepted},
                  "the old leftovers to go")
    process.until(lambda: set(place.queue_files()["intd"]) == {young["cut-envelope"]},
                  "all but one envelope to go")
    process.until(lambda: (NOTICE, "postmaster@here.example") in arrived(place), "the notice")
    assert set(place.queue_files()["mess"]) == set(young.values())


def test_writer_lives(root_place, start):
    """A message that is being written is not cleared away, whatever its age.
    There are two, for the clean-up may be in one part of the folder still when
    it has been through all others."""
    place = root_place
    prepare(place)
    split = len(os.listdir(place.path("queue/mess")))
    written = numbers(2, OLD)
    for number in written:
        put(place, number, "being written", {"mess": True}, OLD)
    markers = put_markers(place, {number % split for number in written})
    files = [open(place.queue_files()["mess"][number], "rb") for number in written]
    for mess in files:
        fcntl.flock(mess, fcntl.LOCK_EX)
    start("./Mailbox")
    process.until(lambda: are_gone(place, markers), "the clean-up")
    assert set(written) <= place.queue_files()["mess"].keys()
    for mess in files:
        mess.close()


@pytest.mark.parametrize("name", ["info-alone", "info-alone-and-todo", "short-local",
                                  "one-is-done-and-todo"])
def test_somebody_has_the_lock(root_place, start, name):
    """qmail-todo has it for a moment, and who was given the message may: that
    is not its writer, and says nothing of its files."""
    place = root_place
    prepare(place)
    number, = numbers(1)
    put(place, number, name, STATES[name][0])
    with open(place.queue_files()["mess"][number], "rb") as mess:
        fcntl.flock(mess, fcntl.LOCK_EX)
        daemon = start("./Mailbox")
        process.until(lambda: not any(number in files for files in place.queue_files().values()),
                      "the message to be done")
    assert arrived(place) == {(name, recipient): 1 for recipient in STATES[name][1]}, \
        "\n".join(daemon.lines)


def test_its_number_comes_late(root_place, start):
    """qmail-queue is stopped before it pulls the trigger; until it goes on the
    message was tried, and a restart has just put it into todo again."""
    place = root_place
    prepare(place)
    daemon = start("./Mailbox")
    daemon.wait("^status: ")
    number, = numbers(1)
    put(place, number, "late", STATES["one-is-done-and-todo"][0])
    with open(place.path("queue/lock/trigger"), "wb", 0) as trigger:
        trigger.write(b"%d\n" % number)
    process.until(lambda: not any(number in files for files in place.queue_files().values()),
                  "the message to be done")
    assert arrived(place) == {("late", TWO): 1}, "\n".join(daemon.lines)


def test_kill_all_again_and_again(root_place, start):
    """Everything is killed at once while messages come and go."""
    place = root_place
    prepare(place)
    chance = random.Random(1)
    accepted = []
    for life in range(6):
        daemon = start("./Mailbox")
        ends = time.monotonic() + chance.uniform(0.05, 0.4)
        while time.monotonic() < ends:
            name = "message %d" % len(accepted)
            recipients = [ONE, TWO][:1 + len(accepted) % 2]
            code = process.inject(place, b"Subject: %s\n\nbody\n" % name.encode(),
                                  SENDER, *recipients)
            assert code == 0
            accepted += [(name, recipient) for recipient in recipients]
        daemon.kill()
    daemon = start("./Mailbox")
    daemon.wait("^status: ")
    process.until(lambda: not any(place.queue_files().values()), "the queue to become empty", 30)
    daemon.stop()
    counts = arrived(place)
    assert set(counts) == set(accepted)
    assert len(accepted) > 50
    # A message that was on its way when all died may come twice; not many are.
    again = sum(count - 1 for count in counts.values())
    assert again <= len(accepted) // 2, "%d of %d came again" % (again, len(accepted))
