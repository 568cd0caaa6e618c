"""Running programs: how they end, and that nothing stays behind."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

BUG = re.compile(rb"^[\w./-]+\.[ch]:\d+: bug$", re.M)
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|runtime error:")
QUEUE_BUG_CODE = 81


def crash(code, stderr=b""):
    """How a program crashed; empty if it only refused or failed in order."""
    if code < 0:
        return "killed by signal %d (%s)" % (-code, signal.Signals(-code).name)
    if code == QUEUE_BUG_CODE:
        return "exit %d: a bug" % code
    found = BUG.search(stderr or b"") or SANITIZER.search(stderr or b"")
    return found.group().decode("latin-1") if found else ""


def envelope(sender, *recipients):
    def raw(text):
        return text.encode("latin-1") if isinstance(text, str) else text
    return (b"F" + raw(sender) + b"\0" +
            b"".join(b"T" + raw(r) + b"\0" for r in recipients) + b"\0")


def without_qp(code, words):
    """What a program in the place of qmail-queue said on descriptor 6, but for who has queued the message."""
    return re.sub(r"\Aqp \d+\n\Z", "", words) if code == 0 else words


def ours():
    """Pids of all processes that see the files that we see: not those of the tests
    that run beside us."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/ns/mnt" % name) == os.readlink("/proc/self/ns/mnt"):
                found.append(int(name))
        except OSError:
            pass
    return found


def session_members(leader, ended=False):
    """Pids of all processes in the session that leader began: those that run,
    or those that have ended and wait to be told so."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as source:
                fields = source.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and (fields[0] == b"Z") == ended:
            found.append(int(name))
    return found


def memory_of(pid):
    """What a process can write to: its heap, stack and variables."""
    found = b""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb") as memory:
        for line in maps:
            begin, end = (int(word, 16) for word in line.split()[0].split("-"))
            if " rw" not in line or "[v" in line:
                continue
            memory.seek(begin)
            found += memory.read(end - begin)
    return found


def kill(pids, number=signal.SIGKILL):
    """Kills all of a list; one may have ended since it was made."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end_session(leader):
    """Kills, by number, what is left of the session of leader."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        members = session_members(leader)
        kill(members)
        if not members:
            break
        time.sleep(0.01)
    for pid in session_members(leader, ended=True):
        try:
            if pid != leader:
                os.waitpid(pid, os.WNOHANG)  # an orphan that is ours now
        except ChildProcessError:
            pass


class Daemon:
    """A process that logs lines: qmail-start and all it starts."""

    def __init__(self, words, **more):
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, **more)
        self.pid = self.process.pid
        self.lines, self.has_ended = [], False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode("latin-1").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def log(self):
        return "the log:\n    " + "\n    ".join(self.lines[-40:])

    def wait(self, pattern, timeout=15, count=1):
        """Waits for so many lines like this; the match of the last."""
        def found():
            matches = [m for m in (re.search(pattern, line) for line in self.lines) if m]
            return matches[count - 1] if len(matches) >= count else None
        with self.changed:
            self.changed.wait_for(lambda: found() or self.has_ended, timeout)
            match = found()
        assert match, "no log line like %r; %s" % (pattern, self.log())
        return match

    def stop(self, timeout=15):
        """As an administrator stops it; it has to end in order."""
        os.kill(self.pid, signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError("still running; " + self.log()) from None
        self.kill()
        assert code == 0, "exit %d; %s" % (code, self.log())

    def kill(self):
        """Ends all of it at once, as a power cut does."""
        end_session(self.pid)
        self.process.wait()
        self.reader.join(5)


def start(place, *arguments, env=None, **more):
    """A running qmail-start."""
    return Daemon([place.program("qmail-start"), *arguments], cwd="/",
                  env={"PATH": place.path("bin") + ":/usr/local/bin:/usr/bin:/bin",
                       **(env or {})}, **more)


def inject(place, message, sender, *recipients, user="nobody"):
    """Hands a message to qmail-queue; its exit code (a signal: negative)."""
    with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as addresses:
        text.write(message)
        addresses.write(envelope(sender, *recipients))
        text.seek(0)
        addresses.seek(0)
        return subprocess.run([place.program("qmail-queue")], stdin=text, stdout=addresses,
                              cwd="/", **place.as_user(user)).returncode


def until(condition, what, timeout=15):
    """Asks again and again until the answer counts as true; the answer."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, "still waiting: " + what
        time.sleep(0.01)


def parent_of(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def open_files(pid):
    """The names of what it has open."""
    found = []
    with contextlib.suppress(OSError):
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return found


def is_alive(pid):
    """A process that has ended and that nobody has waited for counts as gone."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
