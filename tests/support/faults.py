"""Makes single system calls of a program fail, or kills it there (strace)."""

import collections
import os
import re
import shutil
import subprocess

CALL = re.compile(r"^(\w+)\(")
TIME_LIMIT = 20

# What each call may well fail with.  Those not listed never fail in a
# program that runs at all.
FAILURES = {
    "open": ("EMFILE", "EACCES"), "openat": ("EMFILE", "EACCES"),
    "read": ("EIO",), "pread64": ("EIO",), "write": ("ENOSPC", "EIO"),
    "writev": ("ENOSPC",), "fsync": ("EIO",), "fdatasync": ("EIO",),
    "link": ("EIO", "ENOSPC"), "linkat": ("EIO",), "rename": ("EIO",),
    "renameat2": ("EIO",), "unlink": ("EIO",), "mkdir": ("ENOSPC",),
    "chdir": ("EACCES",), "flock": ("ENOLCK",), "fstat": ("EIO",),
    "stat": ("EIO",), "lstat": ("EIO",), "ftruncate": ("EIO",),
    "lseek": ("EIO",), "fchmod": ("EIO",), "utimensat": ("EIO",),
}


def missing():
    return "" if shutil.which("strace") else "needs strace"


class Faults:
    """run(options) starts the program under strace with these options, and
    returns its exit code (a signal: negative)."""

    def __init__(self, run):
        self.run = run

    def calls(self, trace):
        """(name, nth of that name) of each call in a run without faults."""
        code = self.run(["-o", trace])
        assert code == 0, "exit %d without any fault" % code
        seen, found = collections.Counter(), []
        with open(trace, encoding="latin-1") as lines:
            for line in lines:
                name = CALL.match(line)
                if name:
                    seen[name.group(1)] += 1
                    found.append((name.group(1), seen[name.group(1)]))
        os.unlink(trace)
        return [call for call in found if call[0] not in ("execve", "exit_group", "exit")]

    def failures(self, calls):
        """Each failure in turn: (what, exit code)."""
        for name, nth in calls:
            for error in FAILURES.get(name, ()):
                yield "%s of the %d. %s" % (error, nth, name), self.run(
                    ["-o", "/dev/null", "--inject=%s:error=%s:when=%d" % (name, error, nth)])

    def kills(self, calls):
        yield from self.signals(calls, "KILL")

    def signals(self, calls, signal):
        """This signal at each call in turn: (what, exit code)."""
        for name, nth in calls:
            yield "%s at the %d. %s" % (signal, nth, name), self.run(
                ["-o", "/dev/null", "--inject=%s:signal=%s:when=%d" % (name, signal, nth)])


def strace(options, words, **more):
    """The exit code of words, run under strace."""
    done = subprocess.run(["strace", "-qq", *options, "--", *words], timeout=TIME_LIMIT,
                          stderr=subprocess.PIPE, **more)
    return done.returncode
