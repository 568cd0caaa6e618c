"""qmail-report: a page of what the logs hold."""

import collections
import os
import re
import resource
import signal
import subprocess
import time
import xml.etree.ElementTree

import pytest

from support import build, metrics as monitors, process

DEMO = os.path.join(build.TOP, "doc/demo-log")
XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
TOP = 20


class Report:
    def __init__(self, place, folder):
        self.program, self.folder = place.program("qmail-report"), folder
        self.page = os.path.join(folder, "page.html")

    def run(self, *words, code=0, **more):
        done = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=monitors.SAFETY, cwd=self.folder, **more)
        assert not process.crash(done.returncode, done.stderr)
        assert done.returncode == code, done.stderr
        self.told = done.stderr.decode()
        return done.stdout.decode()

    def tables(self, *words, **more):
        """{title: [row, ...]} of the plain text, and of the page for a browser, which have the same."""
        text = self.run("--html", self.page, *words, **more)
        assert text.isascii() and all(line.isprintable() for line in text.splitlines())
        plain = {}
        for title, body in re.findall(r"^(.+)\n-+\n((?:.+\n)+)", text, re.M):
            plain[title] = [tuple(re.split(r" +", line.strip())) for line in body.splitlines()]
        self.chart = plain.pop("Deliveries over time (UTC)", [])
        found, titles = {}, []
        for element in xml.etree.ElementTree.parse(self.page).getroot().iter():
            if element.tag == XHTML + "h2":
                titles.append(element.text)
            elif element.tag == XHTML + "table":
                rows = [tuple(cell.text or "" for cell in row) for row in element]
                found[titles[-1]] = rows[1:]
                words = [tuple(" ".join(row).split()) for row in rows[1:]]
                assert plain[titles[-1]][1:] == (words or [("(none)",)])
        assert plain.keys() == found.keys()
        return found


@pytest.fixture(name="report")
def make_report(place, tmp_path):
    return Report(place, str(tmp_path))


def write(report, *lines, now=None):
    """Lines with their times: seconds from a moment on, or before now."""
    base = monitors.BASE if now is None else now
    path = os.path.join(report.folder, "log")
    with open(path, "a", encoding="latin-1") as out:
        out.writelines("%s %s\n" % (monitors.stamp(base - monitors.BASE + moment), line) for moment, line in lines)
    return path


def delivery(number, moment, channel, to, result, delay, base=monitors.BASE):
    message = base * 10 ** 6 + round(moment * 10 ** 6)
    return [(moment, "starting delivery %d: msg %d to %s %s" % (number, message, channel, to)),
            (moment + delay, "delivery %d: %s" % (number, result))]


def test_a_made_up_day(report):
    """By a reader of its own."""
    tables = report.tables(DEMO)
    lines = [line.rstrip("\n").split(" ", 1)[1] for folder in sorted(os.listdir(DEMO))
             for line in open(os.path.join(DEMO, folder, "current"))]
    summary = dict(tables["All together"])
    assert int(summary["lines of logs"]) == len(lines)
    info = [re.fullmatch(r"info msg \d+: bytes (\d+) from <(.*)> qp \d+ uid \d+", line) for line in lines]
    info = [found.groups() for found in info if found]
    assert int(summary["messages that came into the queue"]) == len(info)
    assert int(summary["bytes of these"]) == sum(int(size) for size, _ in info)
    assert int(summary["refusals"]) == sum(line.startswith("smtpd refused") for line in lines)
    senders = collections.Counter(name or "<>" for _, name in info)
    assert {row[0]: int(row[1]) for row in tables["Senders"]} == senders
    begun = {number: (channel, to) for line in lines
             for number, channel, to in re.findall(r"^starting delivery (\d+): msg \d+ to (\S+) (\S+)$", line)}
    ended = collections.Counter()
    for line in lines:
        for number, result in re.findall(r"^delivery (\d+): (\w+):", line):
            ended[(*begun[number], result)] += 1
    for channel, *numbers in tables["Deliveries"]:
        assert [int(number) for number in numbers] == [
            sum(count for key, count in ended.items() if key[0] == channel and key[2] == result)
            for result in ("success", "deferral", "failure")]
    recipients = {row[0]: tuple(map(int, row[1:])) for row in tables["Recipients"]}
    assert recipients == {to: tuple(sum(count for key, count in ended.items() if key[1:] == (to, result))
                                    for result in ("success", "deferral", "failure")) for _, to in begun.values()}
    assert {row[0] for row in tables["Destinations"]} == {
        to.split("@")[1] for channel, to in begun.values() if channel == "remote"}
    assert sum(int(row[-1]) for row in tables["Logins"]) == sum(line.startswith("authd ") for line in lines)
    assert sum(int(row[-1]) for row in tables["DMARC"]) == sum(line.startswith("verifyd ") for line in lines)
    assert sum(int(row[-1]) for row in tables["TLS to other hosts"]) == sum(line.startswith("tls ") for line in lines)
    assert sum(int(row[-1]) for row in report.chart) == sum(ended.values())


def test_which_time(report):
    now = int(time.time())
    lines = []
    for i, age in enumerate((40 * 86400, 10 * 86400, 2 * 86400, 3600)):
        lines += [(-age, "new msg 5"), (-age, "info msg 5: bytes 1 from <a%d@b> qp 1 uid 1" % i)]
        lines += delivery(i + 1, -age, "remote", "x%d@y" % i, "success: x", 1, now)
    # One that began before the day.
    lines += delivery(9, -2 * 86400 + 60, "local", "late@y", "success: x", 2 * 86400 - 120, now)
    path = write(report, *sorted(lines), now=now)
    for words, count in (((), 4), (("--month",), 3), (("--week",), 2), (("--day",), 1)):
        tables = report.tables(*words, path)
        assert dict(tables["All together"])["messages that came into the queue"] == str(count)
        assert len(tables["Senders"]) == count and len(tables["Recipients"]) == count + 1
        assert len(tables["Destinations"]) == 1 and tables["Deliveries"][0] == ("local", "1", "0", "0")
        assert tables["Deliveries"][1] == ("remote", str(count), "0", "0")


def test_delays(report):
    """Not too short, and an eighth too long at most."""
    lines = []
    for i in range(1, 101):
        lines += delivery(1, i * 2, "local", "a@b", "success: x", i / 100)
    (local, remote) = report.tables(write(report, *lines))["From acceptance to delivery"]
    assert remote == ("remote", "0 ms", "0 ms", "0 ms", "0 ms") and local[0] == "local"
    for told, right in zip(local[1:], (500, 900, 990, 1000)):
        number, unit = told.split()
        assert unit == "ms" and right <= int(number) <= right * 1.125


@pytest.mark.parametrize("delay, shown", [
    (0, "0 ms"), (0.015, "15 ms"), (1.9, "1919 ms"), (2, "2 s"), (119, "2 min"), (100, "106 s"), (6000, "104 min"),
    (7300, "2 h"), (200000, "2 d"), (900000, "10 d")])
def test_units(report, delay, shown):
    (local, _) = report.tables(write(report, *delivery(1, 1, "local", "a@b", "success: x", delay)))[
        "From acceptance to delivery"]
    assert set(local[1:]) == {shown}


HOSTILE = ['<script>alert(1)</script>@b', '"onload="x@b', "'&amp;<b>@b", "\x9b31m@b", "\xe9\xff@b", "]]>--><svg/onload=x>@b",
           "x" * 400 + "@b"]


def test_names_of_strangers(report):
    """Text stays text, for a terminal and for a browser."""
    lines = []
    for i, name in enumerate(HOSTILE):
        lines.append((i, "info msg 5: bytes 1 from <%s> qp 1 uid 1" % name.replace(" ", "_")))
        lines += delivery(1, i, "remote", name + ">" + name, "failure: <i>(#5.1.1)</i>", 0.1)
        lines.append((i, 'smtpd refused pid=1 client="::1" from="%s" reply="<u>"' % name.replace('"', "")))
    tables = report.tables(write(report, *lines))
    shown = {"".join(c if " " < c <= "~" else "?" for c in name.lower())[:60] for name in HOSTILE}
    assert {row[0] for row in tables["Senders"]} == shown
    with open(report.page) as source:
        page = source.read()
    root = xml.etree.ElementTree.fromstring(page)
    assert {element.tag for element in root.iter()} == {
        *(XHTML + name for name in "html head meta title style body h1 h2 p table tr th td".split()),
        *(SVG + name for name in "svg rect title text".split())}
    assert {name for element in root.iter() for name in element.attrib} == {
        "lang", "charset", "viewBox", "font-size", "x", "y", "width", "height", "fill"}
    assert not re.search(r"<script|url\(|@import|src=|href=", page) and page.count("http") == 2


@pytest.mark.parametrize("width, left_out", [(1, 30000), (200, 45000)])
def test_memory_is_bounded(report, width, left_out):
    """What strangers make up shares a row behind so many."""
    path = os.path.join(report.folder, "log")
    with open(path, "w") as out:
        for i in range(130000):
            out.write("%s info msg 5: bytes 10 from <s%d@%s> qp 1 uid 1\n" % (monitors.stamp(1), i, "x" * width))
    tables = report.tables(path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (150 << 20,) * 2))
    assert tables["Senders"][0][0] == "(others)" and int(tables["Senders"][0][1]) >= left_out
    assert len(tables["Senders"]) == TOP


def test_many_hours(report):
    lines = []
    for i in range(1000):
        lines += delivery(1, i * 3600, "local", "a@b", "success: x", 1)
    report.tables(write(report, *lines))
    assert 30 < len(report.chart) <= 60 and sum(int(row[-1]) for row in report.chart) == 1000
    # A stamp that is far away makes no more of them.
    write(report, *delivery(1, 3600 * 10 ** 7, "local", "a@b", "success: x", 1))
    assert report.tables(os.path.join(report.folder, "log"))["Deliveries"][0][1] == "1001"
    assert sum(int(row[-1]) for row in report.chart) == 1000


def test_begins_that_are_missing(report):
    """Or that are of another start of qmail-send; and of which there are too many."""
    path = write(report, (1, "starting delivery 9: msg 5 to local a@b"), (2, "status: exiting"),
                 (3, "delivery 9: success: x"), (4, "delivery 8: success: x"))
    tables = report.tables(path)
    assert tables["Recipients"] == [] and tables["Deliveries by code"] == [("unknown", "success", "2.x.x", "2")]
    write(report, *[(5, "starting delivery %d: msg 5 to local a@b" % i) for i in range(1, 15001)],
          (6, "delivery 1: success: x"), (6, "delivery 15000: success: x"))
    assert report.tables(path)["Recipients"] == [("a@b", "1", "0", "0")]


def test_empty_names(report):
    tables = report.tables(write(report, *delivery(1, 1, "remote", "joe", "success: x", 1),
                                 (3, "starting delivery 2: msg 5 to remote"), (4, "delivery 2: failure: x")))
    assert tables["Destinations"] == [("(none)", "1", "0", "1")]
    assert tables["Recipients"] == [("joe", "1", "0", "0"), ("(none)", "0", "0", "1")]


def test_nothing(report):
    tables = report.tables("--day", write(report, (1, "new msg 5")))
    assert not report.chart and tables["Senders"] == [] and dict(tables["All together"])["lines of logs"] == "0"


@pytest.mark.parametrize("words", [("--year",), ("--html",), ("-x", "log")])
def test_wrong_words(report, words):
    assert report.run(*words, code=100) == "" and report.told.startswith("usage: ")


def test_faults(report):
    path = write(report, (1, "new msg 5"))
    report.run("nowhere", code=111)
    os.mkdir(os.path.join(report.folder, "empty"))
    report.run("empty", code=111)
    assert "no log" in report.told
    with open("/dev/full", "wb") as full:
        done = subprocess.run([report.program, path], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 111 and b"cannot write" in done.stderr
    with open(report.page, "w") as page:
        page.write("old")
    report.run("--html", report.page, path, code=111, preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))))
    with open(report.page) as page:
        assert page.read() == "old"
    assert sorted(os.listdir(report.folder)) == ["empty", "log", "page.html"]
