"""What the log of qmail-send tells, beside the recorded cases."""

import itertools
import os
import random
import re
import resource
import subprocess
import tempfile

import pytest

from support import process

MESSAGES = 300
LINE_MAX = 65536
SMALL_MEMORY = 16 << 20
TIME_LIMIT = 20  # seconds


@pytest.fixture(name="tool")
def make_tool(place):
    def run(name, text, *words, code=0, memory=None):
        """What it writes, and what to descriptor 5."""
        def begin():
            os.dup2(kept.fileno(), 5)
            if memory:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        with tempfile.TemporaryFile() as kept:
            done = subprocess.run([place.program(name), *words], input=text, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, preexec_fn=begin, close_fds=False,
                                  timeout=TIME_LIMIT)
            kept.seek(0)
            left = kept.read()
        assert not process.crash(done.returncode, done.stderr)
        assert done.returncode == code, done.stderr
        assert code == 0 or done.stderr
        return done.stdout, left
    return run


def a_log(messages=MESSAGES, seed=1, stamp="%d.%06d"):
    """Lines of messages that go on at the same time, some of them to the end."""
    chance = random.Random(seed)
    numbers, moments = itertools.count(1), itertools.count(1000000000)
    streams, lines = [], []
    for number in range(1, messages + 1):
        stream = ["new msg %d" % number,
                  "info msg %d: bytes %d from <S%d@h> qp %d uid %d"
                  % (number, chance.randrange(9999), number % 7, number, number % 3)]
        for _ in range(chance.randrange(1, 4)):
            delivery = next(numbers)
            stream.append("starting delivery %d: msg %d to remote r%d@g" % (delivery, number, delivery % 5))
            stream.append("delivery %d: %s: reason_%d/" % (
                delivery, chance.choice(["success", "deferral", "failure"]), delivery % 4))
        stream.append("end msg %d" % number)
        streams.append(stream)
    waiting = streams[::-1]
    going = []
    while waiting or going:
        if waiting and (len(going) < 20 or chance.random() < .1):
            going.append(waiting.pop())
        stream = chance.choice(going)
        lines.append(stream.pop(0))
        if not stream:
            going.remove(stream)
    return "".join("%s %s\n" % (stamp % (next(moments), chance.randrange(10 ** 6)), line)
                   for line in lines).encode()


def test_a_log_in_pieces(tool):
    """Wherever one log ends and the next begins, also within a line."""
    log = a_log()
    whole, left = tool("matchup", log)
    assert left == b"" and whole.count(b"\nm ") > MESSAGES - 2
    chance = random.Random(2)
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(log)), 3))
        told, left = b"", b""
        for start, end in zip([0, *cuts], [*cuts, len(log)]):
            lines, left = tool("matchup", left + log[start:end])
            told += lines
        assert told == whole and left == b""


def test_all_that_is_pending_is_kept(tool):
    """What a log ends with is read again and written as it was."""
    log = a_log().splitlines(True)
    for length in (7, len(log) // 2, len(log) - 9):
        _, left = tool("matchup", b"".join(log[:length]))
        assert left
        assert tool("matchup", left) == (b"", left)


def test_the_log_of_qmail_send(town, tool):
    town.open()
    town.send("Bob@here.example", "ann@here.example")
    town.send("bob@here.example", "nobody-there@here.example")
    town.daemon.wait("^end msg", count=3)
    log = "".join("@%016x%08x %s\n" % ((1 << 62) + 10 + 1700000000 + i, 500000000, line)
                  for i, line in enumerate(town.daemon.lines))
    told, left = tool("matchup", log.encode())
    assert left == b""
    told = told.decode()
    assert re.search(r"^d k 17000000\d\d\.500000000 17000000\d\d\.500000000 17000000\d\d\.500000000 \d+ "
                     r"<bob@here\.example> local\.ann@here\.example \d+ \d+ did_1\+0\+0/$", told, re.M)
    assert re.search(r"^d d .* local\.nobody-there@here\.example ", told, re.M)
    assert len(re.findall(r"^m (?:\S+ ){9}\d+$|^m (?:\S+ ){8}\d+$", told, re.M)) == 3
    assert re.search(r"^\? @\S+ bounce msg ", told, re.M)
    figures, _ = tool("zoverall", told.encode())
    assert b"Completed messages: 3\n" in figures and b"  failure: 1\n" in figures
    assert not re.findall(r"^\?(?! @\S+ (?:bounce|tls|notice) )", told, re.M)


def test_stamps_of_tai64n(tool):
    """A report calculates with what matchup makes of them."""
    log = b"@400000003b9aca0b00000000 info msg 5: bytes 12 from <a@b> qp 6 uid 7\n" \
        b"@400000003b9aca0c1dcd6500 starting delivery 1: msg 5 to local q@h\n" \
        b"@400000003b9aca0d2faf0800 delivery 1: success: ok/\n"
    told, left = tool("matchup", log)
    assert told == b"d k 1000000001.000000000 1000000002.500000000 1000000003.800000000 12 <a@b> local.q@h 6 7 ok/\n"
    assert left == b"1000000001.000000000 info msg 5: bytes 12 from <a@b> qp 6 uid 7\n" \
        b"1000000001.000000000 extra 5 1 0 0\n"
    assert tool("successes", told)[0] == b"1 1.30 ok/\n"


def test_what_is_passed_on(tool):
    log = b"1 warning: a disk is full\n2 alert: no\n3 bounce msg 5 qp 6\n4 status: local 0/10\n5\n\n6 new msg\n"
    told, left = tool("matchup", log)
    assert told == b"1 warning: a disk is full\n2 alert: no\n? 3 bounce msg 5 qp 6\n? 5\n? \n? 6 new msg\n"
    assert left == b""


def test_a_delivery_of_an_unknown_message(tool):
    log = b"1.5 starting delivery 3: msg 5 to local Q@h\n2.5 delivery 3: failure: no/\n3 end msg 5\n"
    assert tool("matchup", log)[0] == b"d d 1.5 1.5 2.5 0 ? local.q@h ? ? no/\n"


def test_exiting_forgets_deliveries(tool):
    log = b"1 info msg 5: bytes 1 from <> qp 2 uid 3\n2 starting delivery 1: msg 5 to local q@h\n3 exiting\n" \
        b"4 delivery 1: success: ok/\n"
    assert tool("matchup", log) == (b"", b"1 info msg 5: bytes 1 from <> qp 2 uid 3\n1 extra 5 0 0 0\n")


def test_info_again_counts_anew(tool):
    log = b"1 info msg 5: bytes 1 from <a> qp 2 uid 3\n1 extra 5 3 2 1\n" \
        b"2 info msg 5: bytes 4 from <b> qp 5 uid 6\n3 end msg 5\n"
    assert tool("matchup", log)[0] == b"m 2 3 4 0 0 0 <b> 5 6\n"


def test_new_forgets_the_message_before(tool):
    log = b"1 info msg 5: bytes 1 from <a> qp 2 uid 3\n2 new msg 5\n3 end msg 5\n"
    assert tool("matchup", log) == (b"", b"")


def test_rows_with_the_same_time_are_in_order(tool):
    lines = b"".join(b"m 1 2 3 1 0 0 <s> 7 %d\n" % uid for uid in (3, 2, 9, 1))
    shown = tool("zsuids", lines)[0].rpartition(b"\n\n")[2].splitlines()[1:]
    assert [line.split()[-1] for line in shown] == [b"1", b"2", b"3", b"9"]


def test_an_unfinished_line_alone(tool):
    assert tool("matchup", b"1 end msg") == (b"", b"1 end msg")


def test_pending_lines_that_cannot_be_written(place):
    """Descriptor 5 is missing: it matters only if there is anything to write."""
    for log, code in ((b"1 end msg 5\n", 0), (b"1 info msg 5: bytes 1 from <> qp 2 uid 3\n", 111)):
        done = subprocess.run([place.program("matchup")], input=log, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert (done.returncode, bool(done.stderr)) == (code, code != 0)


def test_long_lines_are_cut(tool):
    name = b"x" * (3 * LINE_MAX)
    log = b"1 info msg 5: bytes 1 from <%s> qp 2 uid 3\n2 end msg 5\n3 %s\n4 new msg 5" % (name, name)
    told, left = tool("matchup", log)
    lines = told.splitlines()
    assert lines[0].startswith(b"m 1 2 1 0 0 0 <xxx") and lines[0].endswith(b"x 0 0")
    assert len(lines[0]) < LINE_MAX and lines[1] == b"? 3 " + b"x" * (LINE_MAX - 2)
    assert left == b"4 new msg 5"
    assert len(tool("columnt", name + b"\n")[0]) == LINE_MAX + 1


def test_numbers_that_are_too_large(tool):
    most, more = b"18446744073709551615", b"99999999999999999999999"
    log = b"1 info msg %s: bytes %s from <a@b> qp %s uid %s\n2 extra %s %s %s %s\n" \
        b"3 starting delivery %s: msg %s to local q@h\n4 delivery %s: success: ok/\n5 end msg %s\n" % ((more,) * 12)
    told, left = tool("matchup", log)
    assert left == b""
    assert told == b"d k 1 3 4 %s <a@b> local.q@h %s %s ok/\nm 1 5 %s %s %s %s <a@b> %s %s\n" % ((most,) * 9)
    assert tool("suids", told + told)[0] == b"2 %s %s %s %s %s 2.000000 %s\n" % ((most,) * 6)
    assert tool("recipients", told + told)[0] == b"%s 2 2 2.00 local.q@h\n" % most


def test_memory_for_what_is_open_only(tool):
    """With so little for a log of as many bytes."""
    log = a_log(40000)
    assert len(log) > SMALL_MEMORY / 2
    told, left = tool("matchup", log, memory=SMALL_MEMORY)
    assert left == b""
    told *= 4
    assert len(told) > SMALL_MEMORY
    for name in ("zoverall", "zfailures", "zrecipients", "zrhosts", "zsenders", "zsuids", "zsendmail"):
        assert tool(name, told, memory=SMALL_MEMORY)[0]


def test_many_columns(tool):
    """More than are looked at at a time."""
    row = b" ".join(b"%d" % number for number in range(95, 150))
    lines = tool("columnt", b"1 2\n" + row + b"\n")[0].splitlines()
    assert lines[1].split() == row.split() and lines[0] == b" 1   2  "
    assert lines[1].startswith(b"95  96  97  98  99  100  101  ")


def rows_of(lines):
    return [line.split(maxsplit=4) for line in lines.decode().splitlines()]


def test_reports_count_what_is_there(tool):
    """Against a count that is made in another way."""
    told, _ = tool("matchup", a_log())
    wanted = {}
    for line in told.decode().splitlines():
        words = line.split()
        if words[0] != "d":
            continue
        row = wanted.setdefault(words[7], [0, 0, 0])
        row[0] += int(words[5]) if words[1] == "k" else 0
        row[1] += words[1] != "z"
        row[2] += 1
    rows = rows_of(tool("recipients", told)[0])
    assert {row[4]: [int(word) for word in row[:3]] for row in rows} == wanted
    hosts = rows_of(tool("rhosts", told)[0])
    assert [[int(word) for word in row[:3]] + [row[4]] for row in hosts] == \
        [[sum(row[i] for row in wanted.values()) for i in range(3)] + ["g"]]
    shown = tool("zrecipients", told)[0].rpartition(b"\n\n")[2].splitlines()[1:]
    assert [line.split()[3:] for line in shown] == sorted(line.split()[3:] for line in shown)
    averages, _ = tool("rxdelay", tool("recipients", told)[0])
    shown = tool("zrxdelay", told)[0].rpartition(b"\n\n")[2].splitlines()[1:]
    assert [line.split() for line in shown] == [line.split() for line in averages.splitlines()]


def test_averages_are_of_what_recipients_prints(tool):
    """0.018 seconds, printed as 0.02, are 0.005 for each of four."""
    lines = b"d z 1000 1000 1000.0045 5 <s> local.r 6 7 no/\n" * 4
    assert tool("recipients", lines)[0] == b"0 0 4 0.02 local.r\n"
    assert tool("zrxdelay", lines)[0].endswith(b"\n0.01      4  local.r\n")


def test_how_soon(tool):
    """A row for each whole percentage, from the first delivery that reaches it."""
    line = "d k 1000 1000 %d 5 <s> local.r 6 7 ok/\n"
    rows = tool("ddist", "".join(line % (1000 + i) for i in range(1000, 0, -1)).encode())[0].splitlines()
    assert rows[0] == b"100.00 50.50 10" and rows[1] == b"110.00 55.50 11" and rows[-1] == b"1000.00 500.50 100"
    assert len(rows) == 91
    assert tool("ddist", (line % 1002).encode())[0] == b"2.00 2.00 100\n"


def test_figures_of_nothing_are_left_out(tool):
    def figures(text):
        return re.findall(rb"(?m)^ *([^:\n]+): *\S+$", tool("zoverall", text)[0].rpartition(b"number\n")[2])
    assert [name for name in figures(b"") if b"elay" not in name and b"qtime" not in name] == \
        [b"Completed messages", b"Total delivery attempts"]
    one = figures(b"d z 1000 1000 1000 5 <s> local.r 6 7 no/\n")
    assert b"Total ddelay (s)" in one
    assert b"Average ddelay per success (s)" not in one and b"Average concurrency" not in one


@pytest.mark.parametrize("name, words, code", [
    ("xsender", [], 100), ("xqp", ["1", "2"], 100), ("xrecipient", [], 100), ("zoverall", ["x"], 100),
    ("xqp", ["77"], 0), ("xrecipient", ["local.q@h"], 0), ("xsender", [""], 0)])
def test_arguments(tool, name, words, code):
    lines = [b"d k 1 2 3 4 <> local.q@h 77 7 ok/\n", b"m 1 3 4 1 0 0 <> 77 7\n"]
    told, _ = tool(name, b"? x\n" + b"".join(lines), *words, code=code)
    assert told == (b"" if code else lines[0] if name == "xrecipient" else b"".join(lines))


def test_output_that_cannot_be_written(place):
    for name in ("columnt", "zsendmail", "zrecipients", "xqp"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([place.program(name), *(["6"] if name == "xqp" else [])], stdout=full,
                                  input=b"m 1 2 3 4 5 6 <s> 6 8\n", stderr=subprocess.PIPE)
        assert done.returncode == 111 and b"cannot write" in done.stderr
