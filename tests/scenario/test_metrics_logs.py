"""qmail-metrics: each line of a log counts once, whatever becomes of its files."""

import fcntl
import os
import random
import resource
import shutil
import signal
import subprocess

import pytest

from support import faults, metrics as monitors, process
from support.metrics import stamp

MESSAGES = "qmail_messages_total"


@pytest.fixture(name="metrics")
def make_metrics(place, tmp_path):
    return monitors.Metrics(place, str(tmp_path))


def messages(metrics, *words):
    return metrics.count(*words)[MESSAGES]


def new(*moments):
    return [(moment, "new msg 5") for moment in moments]


def rename(metrics, moment, ending="s", is_copied=False):
    """As multilog goes on to the next file; with a processor the old one is another file."""
    path, target = metrics.write("current"), os.path.join(metrics.log, "%s.%s" % (stamp(moment), ending))
    if is_copied:
        shutil.copy(path, target)
        os.unlink(path)
    else:
        os.rename(path, target)
    return target


@pytest.mark.parametrize("is_copied", [False, True])
@pytest.mark.parametrize("ending", ["s", "u"])
def test_rotation(metrics, is_copied, ending):
    metrics.write("current", *new(1, 2))
    assert messages(metrics) == messages(metrics) == 2
    metrics.write("current", *new(3))
    rename(metrics, 3.5, ending, is_copied)
    metrics.write("current", *new(4))
    rename(metrics, 4.5, ending, is_copied)
    assert messages(metrics) == 4
    metrics.write("current", *new(5, 6))
    assert messages(metrics) == messages(metrics) == 6


def test_a_processor(metrics):
    """While one runs, what was current has another name; then its lines are in another file."""
    metrics.write("current", *new(1))
    assert messages(metrics) == 1
    metrics.write("current", *new(2))
    os.rename(metrics.write("current"), metrics.log + "/previous")
    metrics.write("current", *new(3))
    assert messages(metrics) == 3
    shutil.copy(metrics.log + "/previous", metrics.log + "/" + stamp(2.5) + ".s")
    os.unlink(metrics.log + "/previous")
    metrics.write("current", *new(4))
    assert messages(metrics) == 4


def test_files_that_get_their_names_meanwhile(metrics):
    """What was opened as current may have an older name when the folder is listed, and others be there behind it."""
    for moment in (2, 3):
        metrics.write("current", *new(moment))
        rename(metrics, moment + 0.5)
    os.link(metrics.log + "/" + stamp(2.5) + ".s", metrics.log + "/current")
    assert messages(metrics) == 2
    os.unlink(metrics.log + "/current")
    metrics.write("current", *new(4))
    assert messages(metrics) == 3


def test_what_is_current_is_opened_first(metrics):
    """Else a file that comes in between would be neither current nor listed."""
    if faults.missing():
        pytest.skip(faults.missing())
    metrics.write("current", *new(1))
    path = metrics.folder + "/trace"
    subprocess.run(["strace", "-qq", "-e", "trace=open,openat", "-o", path, "--", *metrics.words("--count", metrics.log)],
                   stdout=subprocess.DEVNULL, check=True, cwd="/")
    with open(path) as trace:
        opened = [line.split('"')[1] for line in trace if '"%s' % metrics.log in line]
    assert opened == [metrics.log + "/current", metrics.log]


def test_files_that_are_gone(metrics):
    """What is left of the log is new; not what was counted and was put back."""
    metrics.write("current", *new(1, 2))
    assert messages(metrics) == 2
    shutil.copy(metrics.write("current"), metrics.folder + "/kept")
    os.unlink(rename(metrics, 2.5))
    metrics.write("current", *new(3, 4, 5))
    assert messages(metrics) == 5
    os.rename(metrics.folder + "/kept", metrics.log + "/" + stamp(2.5) + ".s")
    os.unlink(metrics.write("current"))
    assert messages(metrics) == 5
    metrics.write("current", *new(6))
    assert messages(metrics) == 6


def test_an_inode_that_came_again(metrics):
    """A file with the inode of the old one, and at least as long, is another."""
    path = metrics.write("current", *new(1, 2))
    assert messages(metrics) == 2
    metrics.write("current", *new(3, 4, 5, 6), mode="w")
    with open(metrics.state) as state:
        assert " %d " % os.stat(path).st_ino in state.read()
    assert messages(metrics) == 6
    metrics.write("current", mode="w")
    assert messages(metrics) == 6
    metrics.write("current", *new(7))
    assert messages(metrics) == 7


def test_a_line_that_is_not_whole(metrics):
    metrics.write("current", *new(1), stamp(2) + " new m")
    assert messages(metrics) == 1
    metrics.write("current", "sg 6\n" + stamp(3))
    assert messages(metrics) == 2
    metrics.write("current", " new msg 7")
    rename(metrics, 3)
    assert messages(metrics) == 2
    metrics.write("current", *new(4))
    assert messages(metrics) == 3


def test_long_lines(metrics):
    """What is behind a line that is cut is found again."""
    metrics.write("current", "x" * 200000 + "\n", *new(1))
    assert messages(metrics) == 1
    metrics.write("current", *new(2))
    assert messages(metrics) == 2


def test_lines_without_times(metrics):
    path = metrics.write("file", "new msg 5\n", "1795338300.5 new msg 6\n")
    assert messages(metrics, path) == messages(metrics, path) == 2
    metrics.write("file", "new msg 7\n")
    assert messages(metrics, path) == 3


def test_any_way_of_a_log(metrics):
    """Lines in pieces, files that are renamed and removed, runs at any time."""
    chance, moment, wanted = random.Random(1), 1, 0
    for _ in range(150):
        for _ in range(chance.randrange(4)):
            metrics.write("current", *new(moment))
            moment, wanted = moment + 1, wanted + 1
        text = "%s new msg 5\n" % stamp(moment)
        cut = chance.randrange(len(text))
        metrics.write("current", text[:cut])
        if chance.random() < 0.4:
            assert messages(metrics) == wanted
        metrics.write("current", text[cut:])
        moment, wanted = moment + 1, wanted + 1
        if chance.random() < 0.3:
            rename(metrics, moment, is_copied=chance.random() < 0.3)
        if chance.random() < 0.3:
            assert messages(metrics) == wanted
            for name in os.listdir(metrics.log):
                if name != "current" and chance.random() < 0.5:
                    os.unlink(os.path.join(metrics.log, name))
    assert messages(metrics) == wanted


def test_multilog(metrics):
    """The real one, with small files, while they are counted again and again."""
    if not shutil.which("multilog"):
        pytest.skip("needs daemontools")
    last = 0
    with subprocess.Popen(["multilog", "t", "s4096", "n10000", metrics.log], stdin=subprocess.PIPE) as running:
        for i in range(60):
            for _ in range(100):
                running.stdin.write(b"new msg %d\n" % (i + 1))
            running.stdin.flush()
            if os.path.exists(metrics.log + "/current"):
                now = messages(metrics)
                assert last <= now <= (i + 1) * 100
                last = now
        running.stdin.close()
        assert running.wait(60) == 0
    assert messages(metrics) == 6000
    assert len(os.listdir(metrics.log)) > 30


# ---- the state

def test_a_state_that_is_lost(metrics):
    metrics.write("current", *new(1, 2))
    assert messages(metrics) == 2
    os.unlink(metrics.state)
    os.unlink(rename(metrics, 2.5))
    metrics.write("current", *new(3))
    assert messages(metrics) == 1


def test_without_counting(metrics):
    """What was counted last is shown to whoever does not count."""
    metrics.write("current", *new(1))
    assert MESSAGES not in monitors.parse(metrics.run())
    assert messages(metrics) == 1
    metrics.write("current", *new(2))
    assert monitors.parse(metrics.run())[MESSAGES] == 1
    assert messages(metrics) == 2
    assert os.stat(metrics.state).st_mode & 0o7777 == 0o644


def test_a_log_that_is_not_named(metrics):
    """It keeps its place."""
    metrics.write("one/current", *new(1))
    metrics.write("two/current", *new(1))
    assert messages(metrics) == 2
    metrics.write("one/current", *new(2))
    assert messages(metrics, metrics.log + "/two") == 2
    assert messages(metrics, metrics.log + "/one//") == 3
    assert messages(metrics) == 3


@pytest.mark.parametrize("damage", [
    lambda text: text[:-1], lambda text: text[:len(text) // 2] + "\n", lambda text: "", lambda text: "x\n" + text,
    lambda text: text.replace("\nat ", "\nat x"), lambda text: text.replace("\nlog ", "\nlag "),
    lambda text: text.replace("\nopen 8 ", "\nopen 8 8 "), lambda text: text.replace(" local\n", " other\n"),
    lambda text: text.replace("qmail_messages 1", "qmail_messages -1"),
    lambda text: text.replace("qmail_messages 1", "qmail_messages a 1"),
    lambda text: text.replace("\nlog", "\nat 1 2 3 4 5\nlog")])
def test_a_state_that_is_damaged(metrics, damage):
    """It is told, and left as it is."""
    metrics.write("current", (1, "new msg 5"), (2, "starting delivery 8: msg 5 to local a@b"))
    metrics.count()
    with open(metrics.state) as state:
        text = state.read()
    assert damage(text) != text
    with open(metrics.state, "w") as state:
        state.write(damage(text))
    assert metrics.run("--count", metrics.log, code=111) == "" and metrics.state in metrics.told
    with open(metrics.state) as state:
        assert state.read() == damage(text)


def test_a_counter_that_is_no_more(metrics):
    metrics.write("current", *new(1))
    metrics.count()
    with open(metrics.state) as state:
        text = state.read()
    with open(metrics.state, "w") as state:
        state.write(text.replace("\nlog ", "\ncount qmail_gone a b c 7\nlog "))
    assert messages(metrics) == 1


def test_kills_and_faults(metrics):
    """Wherever it ends, the next run has each line once."""
    if faults.missing():
        pytest.skip(faults.missing())
    metrics.write("current", *new(1, 2))
    assert messages(metrics) == 2
    metrics.write("current", *new(3))
    shutil.copy(metrics.state, metrics.folder + "/before")

    def run(options):
        shutil.copy(metrics.folder + "/before", metrics.state)
        words = ["strace", "-qq", *options, "--", *metrics.words("--count", metrics.log)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd="/", timeout=monitors.SAFETY)
        return done.returncode

    broken = faults.Faults(run)
    # How many files of /proc are read differs from run to run.
    calls = [call for call in broken.calls(metrics.folder + "/trace") if call[0] in (
        "write", "writev", "fsync", "rename", "renameat", "flock", "fchmod", "pread64", "lseek")]
    assert {"fsync", "flock", "pread64"} <= {name for name, _ in calls}
    for what, code in broken.kills(calls):
        assert code != 0, what
        assert messages(metrics) == 3, what
    for what, code in broken.failures(calls):
        assert code in (0, 111), what
        assert messages(metrics) == 3, what


def test_a_full_disk(metrics):
    metrics.write("current", *new(1))
    assert messages(metrics) == 1
    metrics.write("current", *new(2))
    metrics.run("--count", metrics.log, code=111, preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))))
    assert sorted(os.listdir(metrics.folder)) == ["log", "state", "state.lock"]
    assert messages(metrics) == 2


def test_two_at_once(metrics):
    """The second reads the state when the first has written it."""
    metrics.write("current", *new(1))
    assert messages(metrics) == 1
    with open(metrics.state) as state:
        text = state.read()
    with open(metrics.state + ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(metrics.words("--count", metrics.log), stdout=subprocess.PIPE, cwd="/") as running:
            process.until(lambda: metrics.state + ".lock" in process.open_files(running.pid), "its lock")
            with open(metrics.state + ".next", "w") as state:
                state.write(text.replace("qmail_messages 1", "qmail_messages 70"))
            os.rename(metrics.state + ".next", metrics.state)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert monitors.parse(running.stdout.read().decode())[MESSAGES] == 70
            assert running.wait() == 0


def test_many_at_once(metrics):
    metrics.write("current", *new(*range(1, 2001)))
    running = [subprocess.Popen(metrics.words("--count", metrics.log), stdout=subprocess.PIPE, cwd="/") for _ in range(6)]
    assert {monitors.parse(one.communicate(timeout=monitors.SAFETY)[0].decode())[MESSAGES] for one in running} == {2000}
    assert {one.returncode for one in running} == {0}


def test_memory_is_bounded(metrics):
    """Megabytes of log, in few of memory."""
    with open(metrics.write("current"), "w") as log:
        for i in range(300000):
            log.write('%s smtpd refused pid=%d client="192.0.2.%d" reply="550 5.1.1 no"\n' % (stamp(1), i, i % 256))
        assert log.tell() > 20 << 20
    found = monitors.parse(metrics.run("--count", metrics.log, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_AS, (16 << 20, 16 << 20))))
    assert found["qmail_refusals_total smtpd 5.1.1"] == 300000
