"""qmail-metrics, its logs, and its figures as numbers."""

import os
import re
import subprocess

from . import process

SAFETY = 60
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
BASE = 1795338300  # a second


def stamp(moment):
    return "@%016x%08x" % ((1 << 62) + 10 + int(BASE + moment), round(moment % 1 * 1000) * 10 ** 6)


def number(moment):
    return BASE * 10 ** 6 + round(moment * 10 ** 6)


def parse(text):
    """{"name word word": value} of all samples, words in order of labels."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        key = " ".join([name, *(word for _, word in LABEL.findall(labels or ""))])
        assert key not in found, line
        found[key] = float(value)
    return found


class Metrics:
    def __init__(self, place, folder):
        self.program = place.program("qmail-metrics")
        self.folder = folder
        self.log, self.state = os.path.join(folder, "log"), os.path.join(folder, "state")
        os.makedirs(self.log)

    def words(self, *words):
        return [self.program, "--state", self.state, *words]

    def run(self, *words, code=0, **more):
        done = subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SAFETY, cwd="/", **more)
        assert not process.crash(done.returncode, done.stderr)
        assert done.returncode == code, done.stderr
        self.told = done.stderr.decode()
        return done.stdout.decode()

    def count(self, *logs):
        return parse(self.run("--count", *(logs or (self.log,))))

    def counted(self, *logs):
        """Counters that are not 0, without those of lines."""
        return {key: value for key, value in self.count(*logs).items()
                if value and ("_total" in key or "_delay_" in key) and "log_lines" not in key}

    def write(self, name, *lines, mode="a"):
        """Lines with their times, or whole ones."""
        path = os.path.join(self.log, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding="latin-1") as out:
            for line in lines:
                out.write(line if isinstance(line, str) else "%s %s\n" % (stamp(line[0]), line[1]))
        return path
