"""A system call fails, or kills, in any process of the running system, from
the queue manager to a delivery.  After a new start all that was accepted has
arrived, and what failed for good has come back, once or twice, to its sender.
"""

import os
import re
import signal
import time

import pytest
from test_recovery import arrived, prepare

from support import faults, process

SENDER = "back@here.example"
MESSAGES = {  # subject: recipients
    "single": ["one@here.example"],
    "several": ["one@here.example", "two@here.example"],
    "refused": ["bad@here.example"],
    "partly": ["one@here.example", "bad@here.example"],
}
WANTED = {(name, recipient) for name, recipients in MESSAGES.items()
          for recipient in recipients if not recipient.startswith("bad@")}
BOUNCE = ("failure notice", SENDER)

FAULTS = [
    "open:error=EMFILE", "openat:error=EMFILE", "openat:error=ENFILE", "read:error=EIO",
    "write:error=ENOSPC", "pwrite64:error=EIO", "fsync:error=EIO",
    "link:error=EIO", "unlink:error=EIO", "renameat2:error=EIO", "stat:error=EIO",
    "fstat:error=EIO", "utimensat:error=EIO", "sendmsg:error=ENOBUFS", "sendmsg:error=ENOMEM",
    "vfork:error=EAGAIN", "pipe2:error=EMFILE", "flock:error=ENOLCK", "mmap:error=ENOMEM",
    "read:signal=KILL", "write:signal=KILL", "unlink:signal=KILL", "openat:signal=KILL",
    "sendmsg:signal=KILL", "fsync:signal=KILL",
]
PLACES = (1, 3, 8)  # the how manyth call of each process


def first_life(place, fault, nth):
    """Starts all of it with the fault; messages come in; then it dies.  The
    log, and how often the fault came."""
    trace = place.base + "/trace"  # not --seccomp-bpf, which takes setuid away
    daemon = process.Daemon(
        ["strace", "-f", "-o", trace,
         "--inject=%s:when=%d" % (fault, nth), "-e", "trace=" + fault.split(":")[0], "--",
         place.program("qmail-start"), "./Mailbox"],
        cwd="/", env={"PATH": place.path("bin") + ":/usr/bin:/bin"})
    # A call in which its caller is killed may stand there as unfinished.
    wanted = re.compile(r"\(INJECTED\)$|killed by SIGKILL", re.M)

    def came():
        with open(trace, encoding="latin-1") as source:
            return len(wanted.findall(source.read()))

    try:
        begun = time.monotonic() + 2  # it may be hindered for good
        while time.monotonic() < begun and not daemon.has_ended and not daemon.lines:
            time.sleep(0.02)
        accept_all(place)
        patience = time.monotonic() + 10  # a first call always comes, if late
        while nth == 1 and not came() and time.monotonic() < patience:
            time.sleep(0.02)
        settled = time.monotonic() + 0.4
        while time.monotonic() < settled and not daemon.has_ended and not is_done(place):
            time.sleep(0.02)
        count = came()  # before we kill the rest
    finally:
        daemon.kill()
    return daemon.lines, count


def accept_all(place):
    for name, recipients in MESSAGES.items():
        assert process.inject(place, b"Subject: %s\n\nbody\n" % name.encode(),
                              SENDER, *recipients) == 0


def is_done(place):
    """A message alone in mess was finished; it goes when it is 36 hours old."""
    return not any(files for kind, files in place.queue_files().items() if kind != "mess")


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_daemons(fault, root_place, start):
    place = root_place
    if faults.missing():
        pytest.skip(faults.missing())
    for nth in PLACES:
        prepare(place)
        place.write(place.path("alias/.qmail-bad"), "|echo no; exit 100\n", "alias")
        before, came = first_life(place, fault, nth)
        assert came or nth > 1, "the fault never came"
        daemon = start("./Mailbox")
        daemon.wait("^status: ")
        deadline = time.monotonic() + 20
        while not is_done(place) and time.monotonic() < deadline:
            os.kill(daemon.pid, signal.SIGALRM)
            time.sleep(0.1)
        daemon.stop()
        counts = arrived(place)
        story = "when=%d\n%s\n--\n%s" % (nth, "\n".join(before), "\n".join(daemon.lines))
        assert is_done(place), "%s\n%s" % (place.queue_files(), story)
        assert WANTED <= set(counts), "lost: %s\n%s" % (WANTED - set(counts), story)
        assert set(counts) == WANTED | {BOUNCE}, "%s\n%s" % (counts, story)
        assert counts[BOUNCE] >= 2, "%s\n%s" % (counts, story)
