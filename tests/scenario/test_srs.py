"""Addresses of SRS: qmail-srsd, qmail-srs, srsforward, srsreverse, and what this host forwards."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from support import build, lingering, process
from scenario.test_tls_out import begin  # pylint: disable=unused-import

SECRETS = "# the first one signs\nsesame-of-today\nsesame-of-old\n"
SRS = r"SRS0=[A-Za-z0-9+/]{4}=[A-Z2-7]{2}=there.example=joe@srs.here.example"


def put(place, text, mode=0o400):
    place.write(place.path("control/srs_secrets"), text, "qmailk", mode)


@pytest.fixture
def srsd(town, needs):
    needs("openssl")
    place = town.place
    if not os.path.exists(place.program("qmail-srsd")):
        pytest.skip("built without OpenSSL")
    place.control(me="here.example\n", rcpthosts="here.example\nother.example\n", locals="here.example\n",
                  virtualdomains="srs.here.example:alias-srs\n", srs_domain="srs.here.example\n")
    put(place, SECRETS)
    daemon = process.Daemon([place.program("qmail-srsd")], cwd="/", env={"PATH": "/usr/bin:/bin"})
    town.until(lambda: daemon.has_ended or town.is_door_open("srs/door"), "qmail-srsd")
    yield daemon
    town.close()
    daemon.kill()


def srs(place, *words, code=0, user="qmaild", **environment):
    done = subprocess.run([place.program("qmail-srs"), *words], capture_output=True, text=True,
                          cwd="/", env=environment, **place.as_user(user))
    assert done.returncode == code, done
    return done.stdout.strip() if code == 0 else done.stderr


def sender_of(town, text):
    return re.match(r"Return-Path: <(.*)>", text).group(1)


RECORDED = json.loads(build.read("tests/cases/srs.json"))


@pytest.mark.parametrize("case", RECORDED["cases"], ids=[case["id"] for case in RECORDED["cases"]])
def test_recorded(begin, fresh, case):
    """What postsrsd 1.10 makes of an address."""
    setting = {"SRSSECRET": RECORDED["secret"], "SRSDOMAIN": RECORDED["domain"], "SRSNOW": str(case["now"]),
               "SRSSEPARATOR": case.get("separator", "="), "SRSHASHLENGTH": str(case.get("hashlength", 4))}
    told = srs(fresh, case["op"], case["address"], code=0 if case["ok"] else 1, **setting)
    assert not case["ok"] or told == case["result"]


@pytest.mark.parametrize("setting, words", [
    ({}, "there is no qmail-srsd here"), ({"SRSSECRET": "short"}, "less than 8 bytes"),
    ({"SRSSECRET": "sesame88\n" * 17}, "more than 16"), ({"SRSSECRET": ""}, "no secret"),
    ({"SRSSECRET": "sesame88"}, "SRSDOMAIN: it is no domain"),
    ({"SRSSECRET": "sesame88", "SRSDOMAIN": "a b"}, "SRSDOMAIN: it is no domain"),
    ({"SRSSECRET": "sesame88", "SRSDOMAIN": "us.example", "SRSHASHLENGTH": "3"}, "4 to 26"),
    ({"SRSSECRET": "sesame88", "SRSDOMAIN": "us.example", "SRSHASHLENGTH": "27"}, "4 to 26"),
    ({"SRSSECRET": "sesame88", "SRSDOMAIN": "us.example", "SRSSEPARATOR": "."}, "=, + or -"),
    ({"SRSSECRET": "sesame88", "SRSDOMAIN": "us.example", "SRSNOW": "today"}, "no number")])
def test_wrong_settings(begin, fresh, setting, words):
    assert words in srs(fresh, "forward", "joe@there.example", code=100 if setting else 111, **setting)


def test_usage(begin, fresh):
    for words in [], ["forward"], ["forward", "a", "b"], ["back", "a@b"]:
        assert "usage" in srs(fresh, *words, code=100)


def test_bounces_stay_bounces(begin, fresh):
    """Nobody's address is nobody's, whoever is asked; it is nothing that was made here."""
    setting = {"SRSSECRET": "sesame88", "SRSDOMAIN": "us.example"}
    for more in {}, setting:
        assert srs(fresh, "forward", "", **more) == ""
        assert "no SRS address" in srs(fresh, "reverse", "", code=1, **more)


def test_the_service(town, srsd):
    place = town.place
    assert srs(place, "forward", "") == ""
    made = srs(place, "forward", "joe@there.example")
    assert re.fullmatch(SRS, made)
    assert srs(place, "reverse", made) == "joe@there.example"
    for own in "joe@here.example", "joe@other.example", "joe", "joe@srs.here.example", "list-@other.example-@[]":
        assert srs(place, "forward", own) == own
    assert "not made here" in srs(place, "reverse", made.replace("joe", "jim"), code=1)
    assert "not control/srs_domain" in srs(place, "reverse", made.replace("srs.here", "here"), code=1)
    put(place, "sesame-of-tomorrow\nsesame-of-today\n")
    assert srs(place, "reverse", made) == "joe@there.example"
    assert srs(place, "forward", "joe@there.example") != made
    put(place, "sesame-of-tomorrow\n")
    assert "not made here" in srs(place, "reverse", made, code=1)


@pytest.mark.parametrize("name, text, words", [
    ("srs_domain", "a b\n", "srs_domain is no domain"), ("srs_domain", None, "no control/srs_domain"),
    ("srs_secrets", None, "no control/srs_secrets"), ("srs_secrets", "short\n", "lines of 8 bytes"),
    ("srs_secrets", "# none\n", "lines of 8 bytes"), ("srs_hashlength", "3\n", "srs_hashlength 4"),
    ("srs_separator", "==\n", "srs_separator is"), ("srs_maxage", "0\n", "srs_maxage is"),
    ("srs_maxage", "1001\n", "srs_maxage is")])
def test_settings_that_cannot_be_used(town, srsd, name, text, words):
    path = town.place.path("control/" + name)
    if text is None:
        os.unlink(path)
    else:
        town.place.write(path, text, "qmailk", 0o400)
    assert words in srs(town.place, "forward", "joe@there.example", code=111)


def test_settings(town, srsd):
    for name, text in (("srs_hashlength", "8"), ("srs_separator", "+"), ("srs_maxage", "1")):
        town.place.write(town.place.path("control/" + name), text + "\n")
    assert re.fullmatch(r"SRS0\+[A-Za-z0-9+/]{8}=.*", srs(town.place, "forward", "joe@there.example"))


def test_nobody_else_reads_the_secret(town, srsd):
    done = subprocess.run(["cat", town.place.path("control/srs_secrets")], capture_output=True,
                          **town.place.as_user("qmaild"))
    assert done.returncode != 0
    status = build.read("/proc/%d/status" % srsd.pid)
    assert re.search(r"Uid:\s+(\d+)\s", status).group(1) == str(town.place.ids("qmailk")[0])


@pytest.mark.parametrize("record", [
    b"F", b"Fjoe@there.example", b"\0\0\0", b"X\0joe\0", b"Fjoe@there.example\0x\0", b"Q" * 5000,
    b"F" + b"a" * 2000 + b"@there.example\0"])
def test_garbage(town, srsd, record):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.settimeout(20)
        one.connect(town.place.path("srs/door"))
        one.send(record)
        assert one.recv(100) == b""
    assert srs(town.place, "forward", "joe@there.example")


def test_one_user_leaves_room_for_others(town, srsd):
    """He has a tenth of the sessions; then it is later for him, and nobody else."""
    if not town.place.is_root:
        pytest.skip("needs root")
    ask = "forward", "joe@there.example"
    program = "import socket, sys; one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); " \
        "one.connect(sys.argv[1]); sys.stdin.read()"
    held, knocking = set(), []
    try:
        for count in range(1, 21):
            knocking.append(subprocess.Popen(
                ["/usr/bin/python3", "-c", program, town.place.path("srs/door")], stdin=subprocess.PIPE,
                **town.place.as_user("ann")))
            town.until(lambda: len(process.session_members(srsd.pid)) > count, "a session")
            new = set(process.session_members(srsd.pid)) - held - {srsd.pid}
            for pid in new:
                os.kill(pid, signal.SIGSTOP)  # it is still there when all are
            held |= new
        assert "does not answer" in srs(town.place, *ask, user="ann", code=111)
        for other in "bob", "qmaild", "root":
            assert re.fullmatch(SRS, srs(town.place, *ask, user=other))
        town.rules("ann", "", "|srsforward bob@here.example")
        town.open()
        town.send("joe@there.example", "ann@here.example")
        town.daemon.wait("deferral: .*qmail-srsd_does_not_answer")
        os.kill(held.pop(), signal.SIGKILL)
        town.until(lambda: len(process.session_members(srsd.pid)) == 20, "one to end")
        assert re.fullmatch(SRS, srs(town.place, *ask, user="ann"))
    finally:
        for pid in held:
            os.kill(pid, signal.SIGKILL)
        for one in knocking:
            one.stdin.close()
            one.wait()


def test_one_user_sends_what_is_slow_to_close(town, srsd):
    """The sessions that he may have wait for it; nobody else does, and those do not that he may not have."""
    if not town.place.is_root:
        pytest.skip("needs root")
    os.kill(srsd.pid, signal.SIGSTOP)  # all of it lies there when they are let in, or not
    with lingering.sent(town.place, "ann", "srs/door", 40) as told:
        os.kill(srsd.pid, signal.SIGCONT)
        assert told == "sent"
        assert re.fullmatch(SRS, srs(town.place, "forward", "joe@there.example", user="bob"))


def test_root_has_no_share(town, srsd):
    if not town.place.is_root:
        pytest.skip("needs root")
    knocking = []
    for _ in range(25):
        knocking.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        knocking[-1].connect(town.place.path("srs/door"))
    for one in knocking:
        one.settimeout(20)
        one.send(b"Fjoe@there.example\0")
        assert one.recv(1000)[:1] == b"y"
        one.close()


@pytest.mark.parametrize("line", ["&bob@here.example", "|forward bob@here.example", "|condredirect bob@here.example true"])
def test_what_this_host_forwards(town, srsd, line):
    """Only if control/srs_forwards says so, and it leaves this host."""
    town.rules("ann", "", line)
    town.rules("ann", "-out", line.replace("here", "there"))
    town.open()
    town.send("joe@there.example", "ann@here.example", subject="first")
    assert sender_of(town, town.letter("bob", "first")) == "joe@there.example"
    town.place.write(town.place.path("control/srs_forwards"), "")
    town.send("joe@there.example", "ann@here.example", subject="second")
    assert sender_of(town, town.letter("bob", "second")) == "joe@there.example"
    town.send("joe@there.example", "ann-out@here.example", subject="third")
    town.daemon.wait("info msg .* from <%s>" % SRS)
    town.send("", "ann@here.example", subject="fourth")
    assert sender_of(town, town.letter("bob", "fourth")) == ""


@pytest.mark.parametrize("line, is_kept", [
    ("|forward bob@here.example bob", True), ("|forward bob@virtual.example bob@here.example", True),
    ("|forward bob@here.example joe@there.example", False), ("|forward joe@there.example bob@here.example", False),
    ("|forward bob@here.example joe%there.example@here.example", True),
    ("|forward bob@here.example joe%there.example@hack.example", False), ("|forward $(cat addresses)", False)])
def test_who_is_of_this_host(town, srsd, line, is_kept):
    """All have to be; of more than a record holds it is not known."""
    for name, text in ("srs_forwards", ""), ("virtualdomains", "virtual.example:bob\n"), ("percenthack", "hack.example\n"):
        town.place.write(town.place.path("control/" + name), text)
    town.place.write(town.home("ann") + "/addresses", "bob@here.example " + " ".join(
        "bob-%s%d@here.example" % (80 * "x", n) for n in range(700)), mode=0o644)
    town.rules("bob", "-default", "#")
    town.rules("ann", "", line)
    town.open()
    town.send("joe@there.example", "ann@here.example", subject="first")
    sender = sender_of(town, town.letter("bob", "first"))
    assert sender == "joe@there.example" if is_kept else re.fullmatch(SRS, sender)


def test_srsforward(town, srsd):
    town.rules("ann", "", "|srsforward bob@here.example")
    town.rules("ann", "-list", "|srsforward bob@here.example")
    town.rules("ann", "-list-owner")
    town.open()
    town.send("joe@there.example", "ann@here.example", subject="first")
    text = town.letter("bob", "first")
    assert re.fullmatch(SRS, sender_of(town, text))
    assert "\nDelivered-To: ann@here.example\n" in text
    town.send("joe@there.example", "ann-list@here.example", subject="second")
    assert sender_of(town, town.letter("bob", "second")) == "ann-list-owner@here.example"


def test_a_bounce_comes_back(town, srsd):
    """To the address of srsforward, at a virtual domain whose mail srsreverse has."""
    town.rules("ann", "", "|srsforward nobody@here.example")
    town.rules("alias", "-srs-default", "|srsreverse")
    town.open()
    town.send("bob@there.example", "ann@here.example", subject="first")
    town.daemon.wait(r"to remote bob@there.example")


def test_one_who_was_not_rewritten_here(town, srsd):
    town.rules("alias", "-srs-default", "|srsreverse")
    town.open()
    town.send("bob@here.example", "SRS0=aaaa=AH=there.example=joe@srs.here.example")
    assert "this SRS address was not made here" in town.letter("bob", "failure notice")


@pytest.mark.parametrize("line", ["&bob@here.example", "|forward bob@here.example",
                                  "|srsforward bob@here.example", "|srsreverse"])
def test_the_service_is_away(town, srsd, line):
    """Mail waits: without rewriting others would refuse it."""
    town.rules("ann", "-default", line)
    town.open()
    srsd.kill()
    town.send("joe@there.example", "ann-x@here.example")
    town.daemon.wait("deferral: .*qmail-srsd_does_not_answer")


@pytest.mark.parametrize("line, is_done", [("&bob@here.example", True), ("|forward bob@here.example", True),
                                           ("|srsforward bob@here.example", False), ("|srsreverse", False)])
def test_there_is_no_such_service(town, line, is_done):
    town.rules("ann", "-default", line)
    town.open()
    town.send("joe@there.example", "ann-x@here.example")
    if is_done:
        assert sender_of(town, town.letter("bob", "a letter")) == "joe@there.example"
    else:
        town.daemon.wait("deferral: .*qmail-srsd_does_not_run_here")


@pytest.mark.parametrize("line, words", [
    ("|srsforward", "usage: srsforward"), ("|srsforward ''", "address"), ("|srsreverse x", "usage: srsreverse")])
def test_usage_of_the_filters(town, line, words):
    town.rules("ann", "", line)
    town.open()
    town.send("bob@here.example", "ann@here.example")
    assert words in town.letter("bob", "failure notice")
