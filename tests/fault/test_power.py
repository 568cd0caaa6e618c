"""The power goes at any moment: traces of the real programs, and a model of
what a disk then holds for certain.  What was promised is there, whole; and
without any one of the fsyncs it would not be, so none is missing or in vain.
"""

import os
import re
import shutil
import signal
import subprocess

import pytest

from support import faults, power, process, trace

TEXT = b"Subject: %s\n\n" + b"a line of text\n" * 8000  # more than any buffer
STRICT = [False, True]


@pytest.fixture(autouse=True)
def strace():
    if faults.missing():
        pytest.skip(faults.missing())


def accept(place, name, sender, *recipients):
    """Puts a message into the queue; the trace of that, and its number."""
    before = place.queue_files()["mess"].keys()
    for file, data in (("text", TEXT % name.encode()),
                       ("envelope", process.envelope(sender, *recipients))):
        place.write("%s/%s" % (place.base, file), data)
    with open(place.base + "/text", "rb") as text, \
            open(place.base + "/envelope", "rb") as envelope:
        code, seen = trace.record(place.base + "/trace", [place.program("qmail-queue")],
                                  power.CALLS + ",flock,close", stdin=text, stdout=envelope, cwd="/")
    assert code == 0
    number, = place.queue_files()["mess"].keys() - before
    return seen, number


def has_message(disk, place, number):
    return all(disk.has(place.queue_path(kind, number)) for kind in ("mess", "intd"))


# ---- into the queue

@pytest.mark.parametrize("strict", STRICT)
def test_accepting(fresh, strict):
    """With control/syncfolders also where fsync keeps no names."""
    if strict:
        fresh.control(syncfolders="")
    seen, number = accept(fresh, "x", "a@b.example", "c@d.example")

    def promise_holds(without=None):
        disk, held = power.Disk(strict), []

        def look(call):
            if call and call.name == "exit_group":
                held.append(has_message(disk, fresh, number) and
                            disk.has(fresh.queue_path("todo", number)))
        power.Replay(disk, fresh.path("queue")).run(seen, look, without)
        return held == [True]

    assert promise_holds()
    syncs = seen.named("fsync", "fdatasync")
    assert len(syncs) == (5 if strict else 2)
    assert [sync for sync in syncs if promise_holds(without=sync)] == []


def test_order_of_accepting(fresh):
    """The message is locked before a byte of it is there and until it is safe; the
    envelope comes after the message, the trigger after all: who hears it finds no
    lock."""
    listener = os.open(fresh.path("queue/lock/trigger"), os.O_RDONLY | os.O_NONBLOCK)
    seen, number = accept(fresh, "x", "a@b.example", "c@d.example")
    assert os.read(listener, 100) == b"%d\n" % number
    os.close(listener)
    mess, intd, todo = (fresh.queue_path(kind, number) for kind in ("mess", "intd", "todo"))
    steps = []
    for call in seen.calls:
        path = call.made if "open" in call.name else call.file
        name = {mess: "mess", intd: "intd", fresh.path("queue/lock/trigger"): "trigger"}.get(path)
        if name and steps[-1:] != [(call.name, name)] and (call.name, name) != ("close", "trigger"):
            steps.append((call.name, name))
        if call.name == "link":
            steps.append(("link", "todo"))
    assert steps == [
        ("openat", "mess"), ("flock", "mess"), ("write", "mess"), ("fsync", "mess"),
        ("openat", "intd"), ("write", "intd"), ("link", "todo"), ("fsync", "intd"),
        ("close", "mess"), ("openat", "trigger"), ("write", "trigger")]
    assert os.path.samefile(intd, todo)


# ---- into a mailbox

class Home:
    def __init__(self, place):
        self.place, self.path = place, place.base + "/power"
        shutil.rmtree(self.path, ignore_errors=True)
        for name in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
            os.mkdir(self.path + name, 0o700)
            os.chown(self.path + name, *place.ids("nobody"))
        place.write(place.base + "/text", TEXT % b"x")

    def deliver(self, where):
        with open(self.place.base + "/text", "rb") as text:
            code, seen = trace.record(
                self.place.base + "/trace",
                [self.place.program("qmail-local"), "user", self.path, "user", "", "",
                 "here.example", "a@b.example", where], power.CALLS,
                stdin=text, cwd="/", stdout=subprocess.DEVNULL, env={},
                **self.place.as_user("nobody"))
        assert code == 0
        return seen


@pytest.mark.parametrize("strict", STRICT)
def test_maildir(fresh, strict):
    """What is in new is whole at any moment, and there for good at the end."""
    home = Home(fresh)
    seen = home.deliver("./Maildir/")
    new = home.path + "/Maildir/new"

    def is_safe(without=None):
        disk, half, held = power.Disk(strict), [], []

        def look(call):
            half.extend(path for path in disk.in_folder(new) if not disk.files[path].is_whole)
            if call and call.name == "exit_group":
                held.append([disk.has(path) for path in disk.in_folder(new)])
        power.Replay(disk, fresh.path("queue")).run(seen, look, without)
        return not half and held == [[True]]

    assert is_safe()
    syncs = seen.named("fsync", "fdatasync")
    assert len(syncs) == 2
    assert [sync for sync in syncs if is_safe(without=sync)] == []


@pytest.mark.parametrize("is_new", [False, True])
def test_mbox(fresh, is_new):
    home = Home(fresh)
    mbox = home.path + "/Mailbox"
    if not is_new:
        fresh.write(mbox, "From a@b Thu Jan  1 00:00:00 1970\n\nold\n\n", "nobody", 0o600)
    seen = home.deliver("./Mailbox")

    def is_safe(without=None):
        disk, held = power.Disk(strict=True), []
        if not is_new:
            disk.is_there_before(mbox)

        def look(call):
            if call and call.name == "exit_group":
                held.append(disk.has(mbox))
        power.Replay(disk, fresh.path("queue")).run(seen, look, without)
        return held == [True]

    assert is_safe()
    syncs = seen.named("fsync", "fdatasync")
    assert len(syncs) == (2 if is_new else 1)
    assert [sync for sync in syncs if is_safe(without=sync)] == []


# ---- all of it

MESSAGES = {  # name: recipients, each with a Maildir of its own
    "single": ["single-one"],
    "several": ["several-one", "several-two"],
    "refused": ["refused-bad"],
    "partly": ["partly-one", "partly-bad"],
}


class Story:
    """What must not get lost at any moment of a trace."""

    def __init__(self, place, numbers):
        self.place, self.numbers = place, numbers
        self.of_number = {number: name for name, number in numbers.items()}
        self.disk = power.Disk()
        self.done = set()  # (message, recipient) with a mark
        self.bounces = {}  # name: number of its bounce
        self.accepting = {}  # process: number of the message it takes in
        self.taken = set()  # numbers of those that are in the queue
        self.lost = []

    def is_delivered(self, box):
        new = self.place.path("alias/%s/new" % box)
        return any(map(self.disk.has, self.disk.in_folder(new)))

    def is_bounced(self, name):
        """The failure is noted, or on its way, or has arrived."""
        if self.disk.has(self.place.queue_path("bounce", self.numbers[name])) or \
                self.is_delivered(name + "-back"):
            return True
        return name in self.bounces and has_message(self.disk, self.place, self.bounces[name])

    def is_kept(self, name, box):
        if box.endswith("bad"):
            reached = self.is_bounced(name)
        else:
            reached = self.is_delivered(box)
        waits = has_message(self.disk, self.place, self.numbers[name]) and \
            (name, box) not in self.done
        return reached or waits

    def mark(self, call):
        """Notes which recipient a D in a channel file is for."""
        name = self.of_number[int(os.path.basename(call.file))]
        start, position = 0, int(call.words.rpartition(", ")[2])
        for box in MESSAGES[name]:
            if start == position:
                self.done.add((name, box))
                return
            start += len("T%s@here.example\0" % box)
        raise AssertionError("a mark in the midst of %s: %r" % (name, call))

    def note_bounce(self, call):
        """Whose bounce this envelope belongs to."""
        found = re.search(r"T(\w+)-back@", call.words)
        if found:
            self.bounces[found.group(1)] = int(os.path.basename(call.file))

    def is_acceptance(self, call):
        """Whether a program says that a message is in the queue: by its end, or its answer."""
        says = (call.name == "exit_group" and call.words == "0") or \
            (call.name == "sendmsg" and re.search(r'iov_base="Q\d', call.words))
        return says and call.pid in self.accepting

    def look(self, call):
        """Only what takes something away can lose it."""
        if not call:
            return
        if call.name == "pwrite64" and call.strings == ["D"]:
            self.mark(call)
        elif call.name == "write":
            if "/queue/mess/" in call.file:
                self.accepting[call.pid] = int(os.path.basename(call.file))
            elif "/queue/intd/" in call.file:
                self.note_bounce(call)
            return
        elif self.is_acceptance(call):
            number = self.accepting.pop(call.pid)
            self.taken.add(number)
            if not has_message(self.disk, self.place, number):
                self.lost.append((number, None, call))
            return
        elif call.name not in ("unlink", "unlinkat", "rename", "renameat2", "ftruncate"):
            return
        if not self.of_number.keys() <= self.taken:
            return  # not all are in the queue yet
        for name, boxes in MESSAGES.items():
            self.lost += [(name, box, call) for box in boxes if not self.is_kept(name, box)]


@pytest.fixture(scope="module")
def lived(root_place):
    """The traces of messages that come in, and of the daemons that then deliver
    them; and the numbers of the messages."""
    place = root_place
    if faults.missing():
        pytest.skip(faults.missing())
    place.reset()
    place.control(me="here.example\n")
    boxes = [box for recipients in MESSAGES.values() for box in recipients]
    for box in boxes + [name + "-back" for name in MESSAGES]:
        rule = "|exit 100\n" if box.endswith("bad") else "./%s/\n" % box
        place.write(place.path("alias/.qmail-" + box), rule, "alias")
        for part in ("", "/tmp", "/new", "/cur"):
            os.mkdir(place.path("alias/%s%s" % (box, part)), 0o700)
            os.chown(place.path("alias/%s%s" % (box, part)), *place.ids("alias"))
    traces, numbers = [], {}
    for name, recipients in MESSAGES.items():
        seen, numbers[name] = accept(place, name, name + "-back@here.example",
                                     *(box + "@here.example" for box in recipients))
        traces.append(seen)
    path = place.base + "/trace"
    daemon = process.Daemon(["strace", "-f", "-y", "-s", "200", "-o", path,
                             "-e", "trace=sendmsg," + power.CALLS, place.program("qmail-start")],
                            cwd="/", env={"PATH": "/usr/bin:/bin"})
    try:
        process.until(lambda: not any(place.queue_files().values()), "all to be delivered", 30)
        with open("/proc/%d/task/%d/children" % (daemon.pid, daemon.pid)) as children:
            os.kill(int(children.read().split()[0]), signal.SIGTERM)
        assert daemon.process.wait(15) == 0, daemon.log()
    finally:
        daemon.kill()
    return place, numbers, traces, trace.Trace(path)


def losses(lived, without=None):
    place, numbers, traces, seen = lived
    story = Story(place, numbers)
    replay = power.Replay(story.disk, place.path("queue"))
    for one in [*traces, seen]:
        replay.run(one, story.look, without)
    assert all(story.is_delivered(name + "-back") == any(
        box.endswith("bad") for box in boxes) for name, boxes in MESSAGES.items()) or without
    return story.lost


def test_nothing_is_lost(lived):
    assert losses(lived) == []


def test_each_fsync_is_needed(lived):
    """Two to accept, two to deliver, for bounces too; and where there are other
    recipients a failure is noted for certain before its own is done with."""
    _, _, traces, seen = lived
    everything = [sync for one in [*traces, seen] for sync in one.named("fsync", "fdatasync")]
    deliveries = sum(not box.endswith("bad") for boxes in MESSAGES.values() for box in boxes)
    bounces, noted = 2, 1
    assert len(everything) == 2 * (len(MESSAGES) + deliveries + 2 * bounces) + noted
    assert [sync for sync in everything if not losses(lived, without=sync)] == []

