"""What programs ask of the kernel, in order, as strace tells it."""

import os
import re

from . import faults

LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)(?:x[0-9a-f]+)?(?:<(.*)>)?(?: (E\w+) .*| \(.*\))?$", re.S)
BEGUN = re.compile(r"^(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
FILE = re.compile(r"^-?\d+<([^>]*)>")
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')
ROOM = re.compile(r"AT_FDCWD(?:<([^>]*)>)?")


class Call:
    """One system call.  begins, ends: places in the order of all of them."""

    def __init__(self, pid, begins, ends, found):
        self.pid, self.begins, self.ends = pid, begins, ends
        self.name, self.words, result, self.made, self.error = found.groups()
        self.result = None if result == "?" else int(result, 8 if result[0] == "0" else 10)

    @property
    def file(self):
        """The path of the descriptor that is the first argument."""
        found = FILE.match(self.words)
        return found and found.group(1)

    @property
    def strings(self):
        return WORD.findall(self.words)

    @property
    def is_fine(self):
        return self.error is None and self.result is not None and self.result >= 0

    def __repr__(self):
        return "%s(%s) = %s %s" % (self.name, self.words, self.result, self.error or "")


class Trace:
    """calls; and ends: {pid: exit code, or the name of a signal}."""

    def __init__(self, path):
        self.calls, self.ends, begun = [], {}, {}
        with open(path, encoding="latin-1") as lines:
            for number, line in enumerate(lines):
                found = LINE.match(line.rstrip("\n"))
                if found:
                    self.take(int(found.group(1)), number, found.group(2), begun)
        # A call that never returned may have done its work.
        for pid, (begins, text) in begun.items():
            self.add(pid, begins, begins, text + ") = ?")
        self.calls.sort(key=lambda call: call.ends)

    def take(self, pid, number, text, begun):
        half, rest = BEGUN.match(text), RESUMED.match(text)
        if text.startswith("+++ "):
            words = text.split()
            self.ends[pid] = int(words[3]) if words[1] == "exited" else words[3]
        elif half:
            begun[pid] = number, half.group(1)
        elif rest:
            begins, start = begun.pop(pid)
            self.add(pid, begins, number, start + rest.group(1))
        else:
            self.add(pid, number, number, text)

    def add(self, pid, begins, ends, text):
        found = CALL.match(text)
        if found:
            self.calls.append(Call(pid, begins, ends, found))

    def named(self, *names):
        return [call for call in self.calls if call.name in names]


def record(path, words, calls=None, **more):
    """Runs a program, as whomever; its exit code, and the Trace."""
    open(path, "w").close()
    os.chmod(path, 0o666)
    options = ["-f", "-y", "-s", "200", "-o", path]
    if calls:
        options += ["-e", "trace=" + calls]
    code = faults.strace(options, words, **more)
    found = Trace(path)
    os.unlink(path)
    return code, found


class Folders:
    """Paths of calls, made absolute: where each process is."""

    def __init__(self, queue):
        self.queue, self.at = queue, {}
        self.inside = set(os.listdir(queue))

    def see(self, call):
        if call.name == "chdir" and call.is_fine:
            self.at[call.pid] = os.path.join(self.at.get(call.pid, "/"), call.strings[0])

    def path(self, call, name):
        """A name that is not absolute: by what strace says, else the queue if it
        is one of there, else where the process went."""
        if not os.path.isabs(name):
            said = ROOM.search(call.words)
            if said and said.group(1):
                name = os.path.join(said.group(1), name)
            elif name.split("/")[0] in self.inside:
                name = os.path.join(self.queue, name)
            else:
                name = os.path.join(self.at.get(call.pid, "/"), name)
        return os.path.normpath(name)
