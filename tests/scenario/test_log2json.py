"""Any log as lines of JSON."""

import json
import os
import random
import resource
import shutil
import subprocess

import pytest

from support import process

STAMP, TIME = "@400000003b9aca0b075bcd15 ", "2001-09-09T01:46:41.123456789Z"
LINE_MAX = 65536
SMALL_MEMORY = 8 << 20
TIME_LIMIT = 30  # seconds


@pytest.fixture(name="convert")
def make_convert(place):
    def run(log, code=0, words=(), memory=None):
        def begin():
            if memory:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        done = subprocess.run([place.program("qmail-log2json"), *words], input=log, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, preexec_fn=begin, timeout=TIME_LIMIT)
        assert not process.crash(done.returncode, done.stderr)
        assert done.returncode == code, done.stderr
        return done.stdout
    return run


def once(pairs):
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def objects(text):
    return [json.loads(line, object_pairs_hook=once) for line in text.decode().splitlines()]


@pytest.mark.parametrize("line, wanted", [
    ('smtpd accepted pid=31 client="192.0.2.1" helo="" from="a@b" recipients=1 size=1204 qp=35',
     {"service": "smtpd", "event": "accepted", "pid": 31, "client": "192.0.2.1", "helo": "", "from": "a@b",
      "recipients": 1, "size": 1204, "qp": 35}),
    ('authd refused pid=9 client="::1" user="77" service="smtp" reason="no"',
     {"service": "authd", "event": "refused", "pid": 9, "client": "::1", "user": "77", "service_": "smtp",
      "reason": "no"}),
    ('x y time=1 event=2 text=3', {"service": "x", "event": "y", "time_": 1, "event_": 2, "text": 3}),
    ('qmail-popup: refused client=192.0.2.1 code=1 user="bob"',
     {"service": "qmail-popup", "event": "refused", "client": "192.0.2.1", "code": 1, "user": "bob"}),
    ('mtasts failed domain=h type=x reason="a b" kept=012',
     {"service": "mtasts", "event": "failed", "domain": "h", "type": "x", "reason": "a b", "kept": "012"}),
    ('a b n=9007199254740991 m=9007199254740992 k=99999999999999999999',
     {"service": "a", "event": "b", "n": 9007199254740991, "m": "9007199254740992",
      "k": "99999999999999999999"}),
    ('new msg 5', {"event": "new", "message": 5}),
    ('info msg 1795338307123456: bytes 343 from <j@e> qp 47 uid 0',
     {"event": "info", "message": 1795338307123456, "bytes": 343, "from": "j@e", "qp": 47, "uid": 0}),
    ('info msg 5: bytes 343 from <> qp 47 uid 0',
     {"event": "info", "message": 5, "bytes": 343, "from": "", "qp": 47, "uid": 0}),
    ('starting delivery 8: msg 5 to local 77',
     {"event": "starting", "delivery": 8, "message": 5, "channel": "local", "to": "77"}),
    ('delivery 8: success: did_1+0+0/',
     {"event": "delivery", "delivery": 8, "result": "success", "reason": "did_1+0+0/"}),
    ('delivery 8: report mangled, will defer',
     {"event": "delivery", "delivery": 8, "result": "mangled", "reason": "report mangled, will defer"}),
    ('bounce msg 5 qp 6', {"event": "bounce", "message": 5, "qp": 6}),
    ('triple bounce: discarding bounce/5', {"event": "triple", "message": 5}),
    ('hold msg 5 by uid 0', {"event": "hold", "message": 5, "uid": 0}),
    ('retry of 3 msgs by uid 7', {"event": "retry", "messages": 3, "uid": 7}),
    ('drop msg 5 to a@b by uid 7', {"event": "drop", "message": 5, "to": "a@b", "uid": 7}),
    ('end msg 5', {"event": "end", "message": 5}),
    ('tls 8: domain=d host=h result=ok tls-required=no',
     {"event": "tls", "delivery": 8, "domain": "d", "host": "h", "result": "ok", "tls-required": "no"}),
    ('tls 8: domain=d and more', {"event": "tls", "delivery": 8, "words": "domain=d and more"}),
    ('status: local 1/10 remote 0/20',
     {"event": "status", "local": 1, "local_max": 10, "remote": 0, "remote_max": 20}),
    ('status: local 1/10 remote 0/20 exitasap',
     {"event": "status", "local": 1, "local_max": 10, "remote": 0, "remote_max": 20, "words": "exitasap"}),
    ('status: exiting', {"event": "status", "words": "exiting"}),
    ('warning: a disk is full', {"event": "warning", "words": "a disk is full"}),
    ('tcpserver: status: 1/40', {"service": "tcpserver", "event": "status", "connections": 1,
                                 "connections_max": 40}),
    ('tcpserver: pid 31 from ::1', {"service": "tcpserver", "event": "pid", "pid": 31, "client": "::1"}),
    ('tcpserver: ok 31 0:127.0.0.1:25 :192.0.2.1:joe:4711',
     {"service": "tcpserver", "event": "ok", "pid": 31, "local": "127.0.0.1", "local_port": 25,
      "client": "192.0.2.1", "client_port": 4711}),
    ('tcpserver: deny 31 me:::1:25 :2001:db8::1::4711',
     {"service": "tcpserver", "event": "deny", "pid": 31, "local": "::1", "local_port": 25,
      "client": "2001:db8::1", "client_port": 4711}),
    ('tcpserver: end 31 status 256', {"service": "tcpserver", "event": "end", "pid": 31, "status": 256}),
    ('tcpserver: warning: dropping connection, no file',
     {"service": "tcpserver", "event": "warning", "words": "dropping connection, no file"}),
] + [(line, {"text": line}) for line in (
    "", "hello world", "smtpd closed pid=1 pid=2", "smtpd closed", "smtpd closed end=quit more",
    'smtpd refused reply="550 no', 'smtpd refused reply="x"y=1', "smtpd closed " + "x" * 65 + "=1",
    'smtpd re"fused pid=1', "smtpd closed a\"b=1", "a b " + " ".join("n%d=1" % i for i in range(49)),
    "tcpserver: x", 'info msg x', 'new', "extra 1 2 3 4")])
def test_a_line(convert, line, wanted):
    if "text" not in wanted and "service" not in wanted:
        wanted = {"service": "qmail-send", **wanted}
    assert objects(convert((STAMP + line + "\n").encode())) == [{"time": TIME, **wanted}]
    if line:
        assert objects(convert(line.encode())) == [wanted]


def test_bytes(convert):
    """What is UTF-8 stays, other bytes are characters of that number."""
    log = b'a b x="\\x22\\x5c\\x0a\\xc3\\xa9\\xe9\\x00" y="\xff\x1b"\n\xfe\x00 z\n'
    told = convert(log)
    assert objects(told) == [{"service": "a", "event": "b", "x": "\"\\\n\u00e9\u00e9\0", "y": "\u00ff\x1b"},
                             {"text": "\u00fe\0 z"}]
    assert b"\\u00e9" in told and "\u00e9".encode() in told and b"\x1b" not in told and b"\xff" not in told


def test_hostile_bytes(convert):
    """Each line is one object, whatever is in it, for Python and for jq."""
    chance = random.Random(1)
    parts = [b'"', b"\\", b"\\x0a", b"\\u0022", b"=", b" ", b"a", b"pid=1", b'x="', b"\xc3", b"\xa9", b"\x00",
             b"\x7f", b"{", b"}", b",", b"smtpd refused ", b"delivery 5: ", STAMP.encode(), b"tcpserver: ok "]
    lines = [b"".join(chance.choices(parts, k=chance.randrange(12))) for _ in range(5000)]
    told = convert(b"\n".join(lines) + b"\n")
    assert len(objects(told)) == len(lines) == told.count(b"\n")
    if shutil.which("jq"):
        # Without -a it would write the same characters in another form.
        read = subprocess.run(["jq", "-c", "."], input=told, stdout=subprocess.PIPE, check=True).stdout
        assert objects(read) == objects(told)


def test_long_lines_are_cut(convert):
    told = objects(convert(b"\xff" * (3 * LINE_MAX) + b"\n" + b"new msg 5"))
    assert told == [{"text": "\u00ff" * LINE_MAX}, {"service": "qmail-send", "event": "new", "message": 5}]


def test_memory_is_constant(convert):
    log = b"".join(b'smtpd refused pid=%d client="192.0.2.%d" reply="550 no"\n' % (i, i % 256)
                   for i in range(200000))
    assert len(log) > SMALL_MEMORY
    assert convert(log, memory=SMALL_MEMORY).count(b"\n") == 200000


def test_a_log_that_grows(place):
    """A line is written before the next one comes."""
    with subprocess.Popen([place.program("qmail-log2json")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as running:
        for number in (5, 6):
            os.write(running.stdin.fileno(), b"new msg %d\n" % number)
            assert json.loads(running.stdout.readline())["message"] == number
        running.stdin.close()
        assert running.wait(TIME_LIMIT) == 0


def test_the_logs_of_a_town(town, convert):
    """All that qmail-send writes has a form, but for the start of its own programs."""
    town.open()
    town.send("bob@here.example", "ann@here.example")
    town.send("bob@here.example", "nobody-there@here.example")
    town.daemon.wait("^end msg", count=3)
    told = objects(convert("".join(line + "\n" for line in town.daemon.lines).encode()))
    assert {entry["event"] for entry in told if "event" in entry} >= {
        "new", "info", "starting", "delivery", "bounce", "end", "status"}
    assert [entry for entry in told if entry.get("event") == "info"][0]["from"] == "bob@here.example"


def test_faults(convert, place):
    assert convert(b"", code=100, words=["x"]) == b""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([place.program("qmail-log2json")], input=b"new msg 5\n", stdout=full,
                              stderr=subprocess.PIPE)
    assert done.returncode == 111 and b"cannot write" in done.stderr
