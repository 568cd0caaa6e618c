"""qmail-rspawn and qmail-remote by themselves: reports of whatever program,
and messages that cannot be read."""

import os
import socket
import subprocess

import pytest

from support import faults, link, peers, process

MUCH = 9000


@pytest.fixture
def spawn(root_place):
    """spawn(lines, strace options): qmail-rspawn with a shell script in place of
    qmail-remote."""
    place, running = root_place, []
    place.reset()
    place.control(me="here.example\n")
    script = place.base + "/remote"
    uid, gid = place.ids("qmailr")

    def begin(lines, *strace, **more):
        place.write(script, "#!/bin/sh\n%s\n" % lines, mode=0o755)
        running.append(link.Spawner(
            place, [place.program("qmail-rspawn")],
            {"user": uid, "group": gid, "extra_groups": [gid]}, strace,
            env={"PATH": "/usr/bin:/bin", "QMAILREMOTE": script}, **more))
        return running[-1]

    yield begin
    for spawner in running:
        spawner.link.__exit__()


def reports(spawner, count):
    """{number: (letter, text)} of so many reports, and in how many datagrams."""
    found, datagrams = {}, 0
    while len(found) < count:
        pieces = link.records(spawner.link.hear())
        datagrams += 1
        number = None
        for letter, text in pieces:
            if letter == "N":
                number = text
            elif letter in "KZD":
                found[number] = letter, text
    return found, datagrams


@pytest.mark.parametrize("says, letter, text", [
    ("printf 'r\\0Kall well\\0'", "K", "all well"),
    ("printf 'r\\0Znot now\\0'", "Z", "not now"),
    ("printf 'r\\0Dnever\\0'", "D", "never"),
    ("printf 'hno such user\\0Kall well\\0'", "D", "no such user"),
    ("printf 'sfull\\0Kall well\\0'", "Z", "full"),
    ("printf 'hno such user\\0Dnobody\\0'", "D", "no such usernobody"),
    ("printf 'sfull\\0Znot now\\0'", "Z", "fullnot now"),
    ("printf 'Kall well\\0'", "K", "all well"),
    ("printf 'r\\0\\0xjunk\\0Kone\\0Dtwo\\0'", "K", "one"),
    # cut, or nothing: it did not say how it ended
    ("printf 'r\\0Kall well'", "Z", None),
    ("printf 'r\\0'", "Z", None),
    ("true", "Z", None),
    # a fault of ours never makes mail bounce
    ("printf 'r\\0Kall well\\0'; exit 1", "Z", None),
    ("printf 'h\\0Dnever\\0'; exit 111", "Z", None),
    ("printf 'h\\0Dnever\\0'; kill -9 $$", "Z", None),
])
def test_reports(spawn, says, letter, text):
    spawner = spawn("cat >/dev/null; " + says)
    got_letter, got_text = spawner.deliver("joe@there.example")
    assert got_letter == letter
    assert got_text == text if text is not None else "#4.3.0" in got_text


def test_many_reports(spawn):
    """More than a datagram holds, each to its recipient."""
    count = 20
    spawner = spawn("cat >/dev/null; printf '%s'; head -c %d /dev/zero | tr '\\0' x; printf '\\0'"
                    % ("r\\0" * (count - 1) + "hnobody\\0K", MUCH))
    spawner.start(*("joe%d@there.example" % number for number in range(count)))
    found, datagrams = reports(spawner, count)
    assert datagrams > 1
    assert found == {**{str(n): ("K", "x" * MUCH) for n in range(1, count)},
                     str(count): ("D", "nobody")}


def test_output_without_end(spawn):
    """Only so much of it is kept, and that was no report."""
    spawner = spawn("cat >/dev/null; head -c 10000000 /dev/zero | tr '\\0' r")
    letter, text = spawner.deliver("joe@there.example")
    assert letter == "Z" and len(text) < 1000


def test_message_has_to_be_one(spawn, root_place):
    foreign = root_place.base + "/foreign"
    root_place.write(foreign, "secret\n", "qmails", 0o644)
    spawner = spawn("cat >/dev/null; printf 'r\\0Kall well\\0'")
    letter, text = spawner.deliver("joe@there.example", files=[open(foreign, "rb")])
    assert letter == "U" and "message file" in text
    assert spawner.deliver("joe@there.example") == ("K", "all well")


def test_address_without_domain(spawn):
    letter, text = spawn("false").deliver("joe")
    assert letter == "D" and "#5.1.2" in text


def test_program_cannot_be_run(spawn, root_place):
    spawner = spawn("false")
    os.chmod(root_place.base + "/remote", 0o600)
    letter, text = spawner.deliver("joe@there.example")
    assert letter == "U" and "#4.3.0" in text


def test_surroundings_of_the_program(spawn, root_place):
    """No signal is blocked; a shell would clear that itself."""
    spawner = spawn("")
    root_place.write(root_place.base + "/remote", """#!/usr/bin/python3 -S
import re
print("r\\0K" + re.search(r"SigBlk:\\t(.*)", open("/proc/self/status").read()).group(1), end="\\0")
""", mode=0o755)
    assert spawner.deliver("joe@there.example") == ("K", "0" * 16)


# ---- qmail-remote

def remote(place, servers, text, strace=(), recipients=("joe@there.example",)):
    """What qmail-remote reports, and the sessions that it had."""
    place.control(me="here.example\n", smtproutes=":127.0.0.2\n", timeoutremote="5\n")
    path = place.base + "/text"
    place.write(path, text)
    with peers.Servers({"127.0.0.2:25": servers}) as listening, open(path, "rb") as source:
        done = subprocess.run(
            [*strace, place.program("qmail-remote"), "there.example", "a@b.example", *recipients],
            stdin=source, stdout=subprocess.PIPE, timeout=30, **place.as_user("qmailr"))
        listening.__exit__()
    assert done.returncode == 0
    return done.stdout.decode("latin-1").split("\0")[:-1], listening.connections


PIPELINING = {"greet": "220 x ESMTP\r\n", "EHLO": "250-x\r\n250 PIPELINING\r\n"}


@pytest.mark.parametrize("server", [{}, PIPELINING])
def test_message_cannot_be_read(root_place, server):
    """Not its start, and nobody is connected to; and not the rest: it is not sent as
    if that were all."""
    if faults.missing():
        pytest.skip(faults.missing())
    text = "Subject: x\n\n" + "a line of text\n" * 20000
    # Only what is done to this file is counted.
    strace = ["strace", "-o", "/dev/null", "-P", root_place.base + "/text"]
    for number in range(1, 5):
        said, connections = remote(root_place, [server], text, [
            *strace, "--inject=read:error=EIO:when=%d" % number])
        assert said[-1][0] == "Z" and "#4.3.0" in said[-1], (number, said)
        assert len(connections) == (number > 1)
        for connection in connections:
            assert connection.messages_ended == 0
            # The server would take it for text.
            assert b"QUIT" not in connection.sent.partition(b"DATA")[2]


@pytest.mark.parametrize("server", [{}, PIPELINING])
@pytest.mark.parametrize("size", [1, 65536, 65537, 200000])
def test_size(root_place, server, size):
    text = (("a line of text\n" * (size // 15 + 1))[:size - 1] + "\n")
    said, connections = remote(root_place, [server], text)
    assert said[-1][0] == "K"
    sent = connections[0].sent.partition(b"DATA\r\n")[2].partition(b"\r\n.\r\n")[0] + b"\r\n"
    assert sent.replace(b"\r\n", b"\n").decode() == text


@pytest.mark.parametrize("server", [{}, PIPELINING])
@pytest.mark.parametrize("size", [18, 65536, 65537])
def test_last_line_without_end(root_place, server, size):
    """It gets one."""
    text = "Subject: x\n\n" + "x" * (size - 12)
    said, connections = remote(root_place, [server], text)
    assert said[-1][0] == "K"
    assert text.replace("\n", "\r\n").encode() + b"\r\n.\r\n" in connections[0].sent


def test_only_quit_is_answered(root_place):
    """A server that loses its answer to the message has not taken it: QUIT
    was sent along, and its answer is not the one that counts."""
    said, connections = remote(root_place, [{**PIPELINING, "DOT": ""}], "x\n")
    assert connections[0].messages_ended == 1
    assert [one[0] for one in said] == ["r", "Z"] and "#4.5.0" in said[-1]


@pytest.mark.parametrize("where, wanted", [("MAIL", "Z"), ("RCPT", "Z"), ("DATA", "rZ"), ("DOT", "rZ")])
@pytest.mark.parametrize("offer", [{}, PIPELINING], ids=["lockstep", "pipelining"])
@pytest.mark.parametrize("reply", ["000 a", "150 soon", "354 go", "650 no", "999 no"])
def test_reply_that_says_neither_yes_nor_no(root_place, where, wanted, offer, reply):
    """Nobody has refused the message, and nobody has taken it."""
    if (where, reply[:3]) == ("DATA", "354"):
        reply = "355 go"
    said, _ = remote(root_place, [{**offer, where: reply + "\r\n"}], "x\n")
    assert "".join(one[0] for one in said) == wanted and "#4.5.0" in said[-1]


def test_many_recipients(root_place):
    names = ["joe%d@there.example" % number for number in range(250)]
    said, connections = remote(root_place, [{**PIPELINING, "RCPT": ["250 ok\r\n"] * 120 +
                                             ["550 no\r\n"]}], "x\n", recipients=names)
    assert [one[0] for one in said] == ["r"] * 120 + ["h"] * 130 + ["K"]
    assert connections[0].messages_ended == 1


def test_groups_of_recipients(root_place):
    """Not more than so many wait for their replies, or both sides could wait
    for each other for ever."""
    group = 50
    with socket.create_server(("127.0.0.2", 25)) as listener:
        root_place.control(me="here.example\n", smtproutes=":127.0.0.2\n")
        names = ["joe%d@there.example" % number for number in range(4 * group)]
        child = subprocess.Popen(
            [root_place.program("qmail-remote"), "there.example", "a@b.example", *names],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(15)
            sock.sendall(b"220 x ESMTP\r\n")
            assert sock.recv(1000).startswith(b"EHLO ")
            sock.sendall(b"250-x\r\n250 PIPELINING\r\n")
            came = b""
            while came.count(b"RCPT TO") < group or not came.endswith(b"\r\n"):
                came += sock.recv(65536)
            # It waits for us now, so that nothing more can come.
            process.until(lambda: is_waiting(child.pid), "it to wait")
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(1)
        assert came.count(b"RCPT TO") == group
        child.wait(15)


def is_waiting(pid):
    with open("/proc/%d/stat" % pid) as source:
        return source.read().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize("address", ["joe@there>x.example", "joe@there<x.example",
                                     "joe\r@there.example", "joe\n@there.example"])
def test_address_that_would_end_its_command(root_place, address):
    said, connections = remote(root_place, [{}], "x\n", recipients=(address,))
    assert said == [said[-1]] and said[-1][0] == "D" and "#5.1.3" in said[-1]
    assert not connections
    said, connections = remote(root_place, [{}], "x\n",
                               recipients=(address, "jim@there.example"))
    assert [one[0] for one in said] == ["h", "r", "K"]
    assert connections[0].sent.count(b"RCPT TO:") == 1


def test_server_that_speaks_too_early(root_place):
    """Its reply to a message that it has not seen is none."""
    said, _ = remote(root_place, [{"DATA": "354 go\r\n250 fine\r\n"}], "x\n")
    assert said[-1][0] == "Z"


@pytest.mark.parametrize("size", [1000, 10000000])
def test_server_goes_away(root_place, size):
    """It is told whether all was sent: the message may then come twice."""
    text = "a line of text\n" * (size // 15)
    said, _ = remote(root_place, [{"DATA": "354 go\r\n<close>"}], text)
    assert said[-1][0] == "Z" and "#4.4.2" in said[-1]
    said, connections = remote(root_place, [{"DOT": "<close>"}], text)
    assert connections[0].messages_ended == 1
    assert said[-1][0] == "Z" and "#4.4.2" in said[-1] and "twice" in said[-1]
