"""One message into the queue, one delivery into a mailbox: each system call
made to fail in turn, or the program killed there.  What was said to be done
is done, and nothing half-done can be seen."""

import os
import re
import shutil
import subprocess

import pytest

from support import faults, process

SENDER, RECIPIENTS = "from@there.example", ("to@here.example", "two@here.example")
TEXT = b"Subject: fault\n\n" + b"a line of text\n" * 3000


@pytest.fixture(autouse=True)
def strace():
    if faults.missing():
        pytest.skip(faults.missing())


@pytest.fixture
def scratch(fresh):
    folder = fresh.base + "/fault"
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    os.chown(folder, *fresh.ids("nobody"))
    return folder


# After a failure of these nothing may be taken for done.
VITAL = re.compile(r" (fsync|link|flock)$")


# ---- into the queue

class Queue(faults.Faults):
    def __init__(self, place, scratch):
        super().__init__(self.accept)
        self.place, self.scratch = place, scratch
        for name, data in (("text", TEXT), ("envelope", process.envelope(SENDER, *RECIPIENTS))):
            place.write("%s/%s" % (scratch, name), data)

    def accept(self, options):
        self.place.reset()
        with open(self.scratch + "/text", "rb") as text, \
                open(self.scratch + "/envelope", "rb") as envelope:
            return faults.strace(options, [self.place.program("qmail-queue")],
                                 stdin=text, stdout=envelope, cwd="/")

    def problem(self, code, may_be_there=False):
        """What is wrong in the queue after this exit code; None if nothing."""
        files = self.place.queue_files()
        todo = files["todo"]
        if code == 0 and len(todo) != 1:
            return "exit 0, but %d in todo" % len(todo)
        if todo and code != 0 and not may_be_there:
            return "exit %d, but accepted" % code
        for number, path in todo.items():
            if number not in files["mess"] or number not in files["intd"]:
                return "todo without mess or intd"
            with open(path, "rb") as source:
                if not source.read().endswith(process.envelope(SENDER, *RECIPIENTS)):
                    return "the envelope is cut"
            with open(files["mess"][number], "rb") as source:
                if not re.fullmatch(rb"Received: [^\n]*\n" + re.escape(TEXT), source.read()):
                    return "the message is damaged"
        return None


def test_queue_with_failing_calls(fresh, scratch):
    queue = Queue(fresh, scratch)
    calls = queue.calls(scratch + "/trace")
    assert [name for name, _ in calls].count("fsync") == 2
    wrong, codes = [], set()
    for what, code in queue.failures(calls):
        codes.add(code)
        problem = process.crash(code) or queue.problem(code)
        if code == 0 and VITAL.search(what):
            problem = "accepted all the same"
        if not problem and code and any(queue.place.queue_files()[kind] for kind in
                                        ("mess", "intd")) and "unlink" not in what:
            problem = "exit %d, but something stays behind" % code
        if problem:
            wrong.append("%s: %s" % (what, problem))
    assert not wrong, "\n".join(wrong)
    assert {0, 53, 54} <= codes


def test_queue_killed(fresh, scratch):
    queue = Queue(fresh, scratch)
    calls = queue.calls(scratch + "/trace")
    wrong, accepted = [], 0
    for what, code in queue.kills(calls):
        problem = queue.problem(code, may_be_there=True)
        accepted += len(fresh.queue_files()["todo"])
        if problem or code >= 0:
            wrong.append("%s: exit %d, %s" % (what, code, problem))
    assert not wrong, "\n".join(wrong)
    assert 0 < accepted < len(calls)


@pytest.mark.parametrize("signal", ["ALRM", "TERM"])
def test_queue_gives_up_or_not(signal, fresh, scratch):
    """A signal that ends it, at each call: all is there, or nothing."""
    queue = Queue(fresh, scratch)
    calls = queue.calls(scratch + "/trace")
    last = max(n for n, call in enumerate(calls) if call[0] == "link")
    takeover = [call[0] for call in calls].index("rt_sigprocmask") + 1
    wrong = []
    for n, (what, code) in enumerate(queue.signals(calls[takeover:], signal), takeover):
        files = queue.place.queue_files()
        problem = queue.problem(code)
        if code not in (0, 52) or (n >= last and code != 0):
            problem = problem or "exit %d" % code
        if code != 0 and any(files.values()):
            problem = "exit %d, but these stay: %s" % (code, files)
        if problem:
            wrong.append("%s: %s" % (what, problem))
    assert not wrong, "\n".join(wrong)


# ---- into a mailbox

class Mailbox(faults.Faults):
    """Deliveries by qmail-local to ./Maildir/ or ./Mailbox of a home."""

    BEFORE = b"From a@b Thu Jan  1 00:00:00 1970\nSubject: old\n\nold\n\n"

    def __init__(self, place, scratch, where):
        super().__init__(self.deliver)
        self.place, self.where = place, where
        self.scratch, self.home = scratch, scratch + "/home"
        place.write(scratch + "/text", TEXT)

    def reset(self):
        shutil.rmtree(self.home, ignore_errors=True)
        for name in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
            os.mkdir(self.home + name, 0o700)
            os.chown(self.home + name, *self.place.ids("nobody"))
        self.place.write(self.home + "/Mailbox", self.BEFORE, "nobody", 0o600)

    def deliver(self, options, is_first=True):
        if is_first:
            self.reset()
        with open(self.scratch + "/text", "rb") as text:
            return faults.strace(
                options, [self.place.program("qmail-local"), "user", self.home, "user", "", "",
                          "here.example", SENDER, self.where],
                stdin=text, cwd="/", stdout=subprocess.DEVNULL,
                env={"PATH": "/usr/bin:/bin"},
                **self.place.as_user("nobody"))

    def delivered(self, folder):
        """The messages in a folder of the Maildir."""
        found = []
        for name in os.listdir("%s/Maildir/%s" % (self.home, folder)):
            with open("%s/Maildir/%s/%s" % (self.home, folder, name), "rb") as source:
                found.append(source.read())
        return found

    def mbox(self):
        with open(self.home + "/Mailbox", "rb") as source:
            return source.read()


def is_whole(message):
    return message.startswith(b"Return-Path: <%s>\n" % SENDER.encode()) and message.endswith(TEXT)


def test_maildir_with_failing_calls(fresh, scratch):
    box = Mailbox(fresh, scratch, "./Maildir/")
    calls = box.calls(scratch + "/trace")
    assert [name for name, _ in calls].count("fsync") == 2
    wrong = []
    for what, code in box.failures(calls):
        new, tmp = box.delivered("new"), box.delivered("tmp")
        wanted = (1, 0) if code == 0 else (0, 0)
        if process.crash(code) or code not in (0, 111) or \
                (code == 0 and what.endswith("fsync")) or \
                ((len(new), len(tmp)) != wanted and "unlink" not in what) or \
                not all(map(is_whole, new)):
            wrong.append("%s: exit %d, %d in new, %d in tmp" % (what, code, len(new), len(tmp)))
    assert not wrong, "\n".join(wrong)


def test_maildir_killed(fresh, scratch):
    box = Mailbox(fresh, scratch, "./Maildir/")
    wrong, visible = [], 0
    for what, code in box.kills(box.calls(scratch + "/trace")):
        new = box.delivered("new")
        visible += len(new)
        if code >= 0 or not all(map(is_whole, new)):
            wrong.append("%s: exit %d, %d in new" % (what, code, len(new)))
    assert not wrong, "\n".join(wrong)
    assert visible


def test_mbox_with_failing_calls(fresh, scratch):
    box = Mailbox(fresh, scratch, "./Mailbox")
    calls = box.calls(scratch + "/trace")
    wrong = []
    for what, code in box.failures(calls):
        mbox = box.mbox()
        fine = mbox == box.BEFORE if code else (
            mbox.startswith(box.BEFORE + b"From ") and mbox.endswith(TEXT + b"\n"))
        if process.crash(code) or code not in (0, 111) or not fine or \
                (code == 0 and what.endswith("fsync")):
            wrong.append("%s: exit %d, %r" % (what, code, mbox[-100:]))
    assert not wrong, "\n".join(wrong)


def test_mbox_killed(fresh, scratch):
    """What was there stays, and the next message is a message of its own."""
    box = Mailbox(fresh, scratch, "./Mailbox")
    wrong = []
    for what, code in box.kills(box.calls(scratch + "/trace")):
        again = box.deliver(["-o", "/dev/null"], is_first=False)
        mbox = box.mbox()
        last = re.split(rb"^(?=From )", mbox, flags=re.M)[-1]
        if again != 0 or not mbox.startswith(box.BEFORE) or \
                not last.partition(b"\n")[2].startswith(b"Return-Path:") or \
                not last.endswith(TEXT + b"\n"):
            wrong.append("%s: then exit %d, %r" % (what, again, last[:100]))
    assert not wrong, "\n".join(wrong)


def test_maildir_stopped(fresh, scratch):
    """SIGTERM at each call: nothing in tmp, and what is in new is whole."""
    box = Mailbox(fresh, scratch, "./Maildir/")
    wrong, codes = [], set()
    for what, code in box.signals(after_preparing(box, scratch), "TERM"):
        new, tmp = box.delivered("new"), box.delivered("tmp")
        codes.add(code)
        if code not in (0, 111) or tmp or (code == 0 and not new) or not all(map(is_whole, new)):
            wrong.append("%s: exit %d, %d in new, %d in tmp" % (what, code, len(new), len(tmp)))
    assert not wrong, "\n".join(wrong)
    assert 111 in codes


def test_mbox_stopped(fresh, scratch):
    """SIGTERM at each call: the message is there, or it is as before."""
    box = Mailbox(fresh, scratch, "./Mailbox")
    wrong, codes = [], set()
    for what, code in box.signals(after_preparing(box, scratch), "TERM"):
        mbox = box.mbox()
        codes.add(code)
        is_there = mbox.startswith(box.BEFORE + b"From ") and mbox.endswith(TEXT + b"\n")
        if code not in (0, 111) or not (is_there or code and mbox == box.BEFORE):
            wrong.append("%s: exit %d, %r" % (what, code, mbox[-100:]))
    assert not wrong, "\n".join(wrong)
    assert 111 in codes


def after_preparing(box, scratch):
    """The calls from the first look at the home folder on."""
    calls = box.calls(scratch + "/trace")
    return calls[[name for name, _ in calls].index("chdir"):]
