#!/usr/bin/python3
"""Puts one fault after another into a copy of the sources, and tells which of
them no test notices: `make mutants`, `make mutants ROOM=queue` or `ID=Q1,Q2`;
with NEAREST=1 only the tests named beside each are run, which is quick.

Runs as root, after `make test` has fetched what is needed.  README says what
the lists look like.  Two faults are tried at once, each in a tree of its own
below /var/tmp.  A fault whose old text is not there just once,
or which does not build, is an error.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TREES = "/var/tmp/angarium-mutants.%d" % os.getpid()
WORKERS = 2
PYTHON = "/usr/bin/python3"
NEAREST_LIMIT, REST_LIMIT = 180, 900  # seconds; what hangs is noticed
REST = ["tests/fault", "tests/scenario", "tests/cases"]
OF_PARTS = ["tests/unit", "tests/fuzz"]  # which are linked with no program


class Trouble(Exception):
    """The list is wrong, not the tests."""


class Mutant:
    def __init__(self, block, where):
        try:
            self.id, self.kind, self.file = re.split(r"  +", block.pop(0).strip())
        except ValueError:
            raise Trouble("%s: three words expected, two blanks apart" % where) from None
        self.old = self.new = self.excuse = ""
        self.tests = []
        for line in block:
            mark, rest = line[:1], line[2:]
            if mark == "-":
                self.old += rest + "\n"
            elif mark == "+":
                self.new += rest + "\n"
            elif line.startswith("tests: "):
                self.tests = nearest(line[7:])
            elif line.startswith("may survive: "):
                self.excuse = line[13:]
            else:
                raise Trouble("%s: %r" % (where, line))
        if not self.old or not self.tests:
            raise Trouble("%s: no old text, or no tests" % where)

    @property
    def room(self):
        return os.path.dirname(self.file)

    def place_in(self, source):
        """(start, end) of the old text, white space left out of the account."""
        solid = [(char, at) for at, char in enumerate(source) if not char.isspace()]
        packed, wanted = "".join(char for char, _ in solid), "".join(self.old.split())
        if packed.count(wanted) != 1:
            raise Trouble("the old text is there %d times" % packed.count(wanted))
        start = packed.index(wanted)
        return solid[start][1], solid[start + len(wanted) - 1][1] + 1


def nearest(words):
    """Arguments for pytest: "unit:path", "fault/test_power.py", "cases:local"."""
    tests = []
    for word in words.split():
        folder, _, name = word.partition(":")
        if folder == "unit":
            tests.append("tests/unit/test_unit.py::test_unit[%s]" % name)
        elif folder == "cases":
            tests.append("tests/cases/test_cases.py@" + name)
        else:
            tests.append("tests/" + word)
    return tests


def load(rooms, ids):
    found = []
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".txt"):
            continue
        with open(os.path.join(HERE, name)) as source:
            blocks = re.split(r"\n\n+", source.read().strip())
        for block in blocks:
            lines = [line for line in block.splitlines() if not line.startswith("#")]
            if lines:
                found.append(Mutant(lines, name))
                if name != found[-1].room.replace("/", "-") + ".txt":
                    raise Trouble("%s: %s belongs elsewhere" % (name, found[-1].id))
    twice = {m.id for m in found if sum(m.id == other.id for other in found) > 1}
    if twice:
        raise Trouble("twice: " + " ".join(sorted(twice)))
    return [m for m in found if (not rooms or m.room in rooms) and (not ids or m.id in ids)]


class Tree:
    """A copy of the sources, with builds of its own."""

    def __init__(self, number):
        self.top = "%s/%d" % (TREES, number)
        shutil.rmtree(self.top, ignore_errors=True)
        os.makedirs(self.top)
        for name in ("Makefile", "INSTALL", "src", "tests", "man", "doc"):
            subprocess.run(["cp", "-a", os.path.join(TOP, name), self.top], check=True)
        for name in os.listdir(TOP):
            if name.startswith("conf-"):
                shutil.copy2(os.path.join(TOP, name), self.top)

    def builds(self):
        """As the tests will build it, so that they find nothing to do."""
        done = subprocess.run(
            ["make", "-s", "-j2", "B=%s/build/test/root" % self.top, "WARNINGS=-w",
             "PREFIX=/var/tmp/angarium-test.%d/qmail" % os.geteuid()],
            cwd=self.top, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        return done.returncode == 0 or done.stdout.decode("utf-8", "replace")[-2000:]

    def programs(self):
        folder = self.top + "/build/test/root/bin"
        found = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as source:
                found[name] = source.read()
        return found

    def pytest(self, arguments, limit):
        """None if all pass; else the first test that fails."""
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 PYTHON, "-m", "pytest", "-c", "tests/pytest.ini", "-x", "--tb=no", *arguments]
        child = subprocess.Popen(words, cwd=self.top, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1",
                                      "LC_ALL": "C.UTF-8"},
                                 start_new_session=True)
        try:
            output = child.communicate(timeout=limit)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return "a test that hangs"
        if child.returncode == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", output, re.M)
        if child.returncode != 1 or not failed:
            raise Trouble("pytest: exit %d\n%s" % (child.returncode, output[-2000:]))
        return failed.group(1)

    def first_failure(self, tests, limit):
        """As pytest; "FILE@WORD" stands for the tests of a file with a word."""
        plain = [word for word in tests if "@" not in word]
        found = self.pytest(plain, limit) if plain else None
        for word in tests:
            if not found and "@" in word:
                file, _, name = word.partition("@")
                found = self.pytest([file, "-k", name], limit)
        return found

    def judge(self, mutant, sound):
        """("killed", test), ("SURVIVES", place) or ("ERROR", why)"""
        path = os.path.join(self.top, "src", mutant.file)
        with open(path) as source:
            whole = source.read()
        try:
            start, end = mutant.place_in(whole)
            with open(path, "w") as out:
                out.write(whole[:start] + mutant.new + whole[end:])
            told = self.builds()
            if told is not True:
                raise Trouble("does not build:\n" + told)
            if self.programs() == sound:
                raise Trouble("makes no difference to the programs")
            test = self.first_failure(mutant.tests, NEAREST_LIMIT)
            rest = REST + (OF_PARTS if mutant.file.startswith(("lib/", "send/", "users/")) else [])
            if not os.environ.get("NEAREST") and not mutant.excuse:
                test = test or self.first_failure(rest, REST_LIMIT)
            if test:
                return "killed", test
            line = whole[:start].count("\n") + 1
            return "SURVIVES", "src/%s:%d %s" % (mutant.file, line, mutant.kind)
        except Trouble as problem:
            return "ERROR", str(problem)
        finally:
            with open(path, "w") as out:
                out.write(whole)


class Work:
    """What the workers share."""

    def __init__(self, mutants):
        self.left, self.results = list(mutants), {}
        self.lock, self.problem = threading.Lock(), None

    def next(self):
        with self.lock:
            return self.left.pop(0) if self.left and not self.problem else None

    def note(self, mutant, result):
        with self.lock:
            self.results[mutant.id] = result
            print("%-6s %-9s %s" % (mutant.id, *result), flush=True)

    def run(self, number, tests):
        try:
            tree = Tree(number)
            told = tree.builds()
            if told is not True:
                raise Trouble("does not build as it is:\n" + told)
            sound = tree.programs()
            broken = tree.first_failure(tests, REST_LIMIT)
            if broken:
                raise Trouble("fails as it is: " + broken)
            while mutant := self.next():
                self.note(mutant, tree.judge(mutant, sound))
        except Trouble as problem:
            self.problem = problem
        finally:
            shutil.rmtree("%s/%d" % (TREES, number), ignore_errors=True)
            if not os.listdir(TREES):
                os.rmdir(TREES)


def summary(mutants, results):
    """Figures of each room; whether all is as it should be."""
    print()
    for room in sorted({m.room for m in mutants}):
        own = [(m, results[m.id][0]) for m in mutants if m.room == room and m.id in results]
        killed = sum(result == "killed" for _, result in own)
        excused = sum(result == "SURVIVES" and m.excuse != "" for m, result in own)
        print("%-12s %3d of %3d noticed%s" % (
            room, killed, len(own), ", %d may survive" % excused if excused else ""))
    for m in mutants:
        if m.excuse and results.get(m.id, ("",))[0] == "SURVIVES":
            print("%s may survive: %s" % (m.id, m.excuse))
    bad = [m.id for m in mutants if results.get(m.id, ("ERROR",))[0] == "ERROR" or
           (results[m.id][0] == "SURVIVES" and not m.excuse)]
    if bad:
        print("unnoticed or in error: " + " ".join(bad))
    return not bad


def main():
    rooms, ids = (os.environ.get(name, "").replace(",", " ").split() for name in ("ROOM", "ID"))
    mutants = load(rooms, ids)
    if not mutants:
        raise Trouble("no such room or id")
    # The sound tree passes the tests that are to tell; shared among the workers.
    tests = sorted({test for m in mutants for test in m.tests})
    work = Work(mutants)
    threads = [threading.Thread(target=work.run, args=(n, tests[n::WORKERS]))
               for n in range(min(WORKERS, len(mutants)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if work.problem:
        raise work.problem
    return summary(mutants, work.results)


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except Trouble as trouble:
        sys.exit("mutants: %s" % trouble)
