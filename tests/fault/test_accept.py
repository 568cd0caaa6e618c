"""How qmail-queue ends when it is not let alone: names that are taken, its
timer, the settings and limits of its caller, a home that is away."""

import fcntl
import os
import subprocess

import pytest

from support import faults, place as places, process, trace

ENVELOPE = process.envelope("a@b.example", "c@d.example")


@pytest.fixture(autouse=True)
def strace():
    if faults.missing():
        pytest.skip(faults.missing())


def left(place):
    return {kind for kind, files in place.queue_files().items() if files}


class Accepting:
    """Runs qmail-queue on the same message again and again."""

    def __init__(self, place):
        self.place = place
        place.write(place.base + "/text", b"Subject: x\n\nx\n")
        place.write(place.base + "/envelope", ENVELOPE)

    def inputs(self):
        return {"stdin": open(self.place.base + "/text", "rb"),
                "stdout": open(self.place.base + "/envelope", "rb"), "cwd": "/"}

    def record(self):
        code, seen = trace.record(self.place.base + "/trace", self.words(), **self.inputs())
        self.place.reset()
        assert code == 0
        return seen

    def words(self):
        return [self.place.program("qmail-queue")]

    def inject(self, what, path=None):
        """The exit code with strace --inject=what; the calls go to path."""
        return faults.strace(["-f", "-o", path or "/dev/null", "--inject=" + what],
                             self.words(), **self.inputs())


@pytest.fixture
def accepting(fresh):
    return Accepting(fresh)


def nth(seen, name, wanted):
    """The how manyth of the calls of this name goes to a path with wanted."""
    for number, call in enumerate(seen.named(name), 1):
        if wanted in (call.made or call.file or "") + " ".join(call.strings):
            return number
    raise AssertionError("no %s of %s" % (name, wanted))


def test_number_is_taken(fresh, accepting):
    """The next one is as good."""
    at = nth(accepting.record(), "openat", "mess/")
    path = fresh.base + "/trace"
    assert accepting.inject("openat:error=EEXIST:when=%d" % at, path) == 0
    names = [call.strings[0].rpartition("/")[2] for call in trace.Trace(path).named("openat")
             if "mess/" in call.strings[0]]
    assert len(names) == 2 and int(names[1]) == int(names[0]) + 1
    assert left(fresh) == {"mess", "intd", "todo"}


def test_all_numbers_are_taken(fresh, accepting):
    """It gives up in the end."""
    at = nth(accepting.record(), "openat", "mess/")
    path = fresh.base + "/trace"
    assert accepting.inject("openat:error=EEXIST:when=%d+" % at, path) == 63
    tries = [call for call in trace.Trace(path).named("openat") if "mess/" in call.strings[0]]
    assert 100 < len(tries) <= 2000
    assert not left(fresh)


def test_number_cannot_be_made(fresh, accepting):
    """Another failure is not tried again."""
    at = nth(accepting.record(), "openat", "mess/")
    path = fresh.base + "/trace"
    assert accepting.inject("openat:error=ENOSPC:when=%d+" % at, path) == 63
    assert len([call for call in trace.Trace(path).named("openat")
                if "mess/" in call.strings[0]]) == 1


def test_time_is_over_before(fresh, accepting):
    """The timer rings during a call: nothing is left behind."""
    at = nth(accepting.record(), "fsync", "mess/")
    assert accepting.inject("fsync:signal=ALRM:when=%d" % at) == 52
    assert not left(fresh)


@pytest.mark.parametrize("call, file", [("fsync", "intd/"), ("openat", "lock/trigger")])
def test_time_is_over_after(fresh, accepting, call, file):
    """What stands in todo stays so."""
    at = nth(accepting.record(), call, file)
    assert accepting.inject("%s:signal=ALRM:when=%d" % (call, at)) == 0
    assert left(fresh) == {"mess", "intd", "todo"}


def test_timer_rings_after_a_day(accepting):
    timers = accepting.record().named("alarm", "setitimer")
    assert len(timers) == 1
    assert "86400" in timers[0].words, timers


def test_folders_cannot_be_synced(fresh, accepting):
    """control/syncfolders: each sync has to work, and no name stays if not."""
    fresh.control(syncfolders="")
    code, seen = trace.record(fresh.base + "/trace", accepting.words(), **accepting.inputs())
    assert code == 0 and len(seen.named("fsync")) == 5
    for number in range(1, 6):
        fresh.reset()
        fresh.control(syncfolders="")
        assert accepting.inject("fsync:error=EIO:when=%d" % number) == 53
        assert not left(fresh), number
    opened = [number for number, call in enumerate(seen.named("openat"), 1)
              if "O_DIRECTORY" in call.words]
    assert len(opened) == 3
    for number in opened:
        fresh.reset()
        fresh.control(syncfolders="")
        assert accepting.inject("openat:error=EMFILE:when=%d" % number) == 53
        assert not left(fresh), number


@pytest.mark.parametrize("error", ["EIO", "EACCES", "ENOMEM"])
def test_nobody_knows_whether_folders_are_synced(fresh, accepting, error):
    """Then they are: a failed call is no answer."""
    path = fresh.base + "/trace"
    assert accepting.inject("access:error=%s" % error, path) == 0
    assert len(trace.Trace(path).named("fsync")) == 5


def test_umask_of_the_caller(fresh, accepting):
    child = subprocess.run(accepting.words(), umask=0o777, **accepting.inputs())
    assert child.returncode == 0
    for kind, mode in (("mess", 0o644), ("intd", 0o640)):
        path, = fresh.queue_files()[kind].values()
        assert os.stat(path).st_mode & 0o777 == mode


def test_message_is_locked(fresh, accepting):
    """From its making to the end of qmail-queue."""
    text_out, text_in = os.pipe()
    address_out, address_in = os.pipe()
    child = subprocess.Popen(accepting.words(), stdin=text_out, stdout=address_out)
    for end in (text_out, address_out):
        os.close(end)
    process.until(lambda: fresh.queue_files()["mess"], "it to begin")
    path, = fresh.queue_files()["mess"].values()

    def is_locked():
        with open(path, "rb") as mess:
            try:
                fcntl.flock(mess, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
    process.until(is_locked, "the lock")
    os.write(text_in, b"x\n")
    os.close(text_in)
    process.until(lambda: fresh.queue_files()["intd"], "the envelope")
    assert is_locked()
    os.write(address_in, ENVELOPE)
    os.close(address_in)
    assert child.wait(10) == 0
    assert not is_locked()


def test_message_is_locked_by_another(fresh, accepting):
    """As when somebody can open it in the same moment: it is not accepted."""
    at = nth(accepting.record(), "flock", "mess/")
    assert accepting.inject("flock:error=EAGAIN:when=%d" % at) == 63
    assert not left(fresh)


@pytest.mark.parametrize("part, code", [("", 61), ("/queue", 62)])
def test_home_is_away(fresh, accepting, part, code):
    if not fresh.is_root:
        pytest.skip("needs root")
    away = fresh.base + "/away"
    os.rename(fresh.prefix + part, away)
    program = (away if not part else fresh.prefix) + "/bin/qmail-queue"
    try:
        assert subprocess.run([program], **accepting.inputs()).returncode == code
    finally:
        os.rename(away, fresh.prefix + part)
    assert not left(fresh)


def test_split_is_broken(fresh, accepting):
    fresh.write(fresh.path("queue/lock/split"), "x\n")
    try:
        assert subprocess.run(accepting.words(), **accepting.inputs()).returncode == 55
        assert not left(fresh)
    finally:
        os.unlink(fresh.path("queue/lock/split"))


def test_nobody_is_known(fresh, accepting):
    """Neither users/ids nor the accounts tell who plays which role."""
    if not fresh.is_root:
        pytest.skip("needs root")
    os.unlink(fresh.path("users/ids"))
    fresh.accounts(dict.fromkeys(places.ROLES))
    assert subprocess.run(accepting.words(), **accepting.inputs()).returncode == 55
    assert not left(fresh)
