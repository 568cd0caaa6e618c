"""qmail-qctl: the queue in the hands of an administrator."""

import os
import re
import signal
import socket
import struct
import subprocess
import time
import xml.etree.ElementTree

import pytest

from support import build, faults, process, town as towns

# Waits while there is a file `later` at home.
LATER = "|if test -e later; then exit 111; else cat > got-$EXT; fi"
DOOR = "queue/control/door"


@pytest.fixture
def waiting(town):
    """A town in which whatever comes for ann waits."""
    town.rules("ann", "", LATER)
    town.rules("ann", "-default", LATER)
    town.run_as("ann", ["touch", "later"])
    town.open()
    return town


def make_ready(town):
    os.unlink(town.home("ann") + "/later")


def got(town, extension):
    return os.path.exists(town.home("ann") + "/got-" + extension)


def qctl(town, *words, code=0, **more):
    done = subprocess.run([town.place.program("qmail-qctl"), *words], timeout=60, cwd="/",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **more)
    assert done.returncode == code, (words, done)
    return done


def send_waiting(town, sender, *recipients):
    """The number of a message that has been tried."""
    before = set(town.place.queue_files()["local"])
    town.send(sender, *recipients)
    process.until(lambda: set(town.place.queue_files()["local"]) - before, "its files")
    (number,) = set(town.place.queue_files()["local"]) - before
    process.until(lambda: "waiting" in qctl(town, "list", str(number)).stdout, "its rest")
    return str(number)


def delete(town, number):
    """Deletes a message, which may be tried just then."""
    done = subprocess.run([town.place.program("qmail-qctl"), "delete", number], timeout=60, cwd="/",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.stdout == "deleted %s\n1 message deleted\n" % number
    assert done.returncode == 0 or "is being delivered just now" in done.stderr


def numbers(text):
    return [line.split("#")[1].split()[0] for line in text.splitlines() if " GMT  #" in line]


def test_list_and_show(waiting):
    town = waiting
    assert qctl(town, "list").stdout == ""
    one = send_waiting(town, "joe@there.example", "ann@here.example", "bob@here.example")
    two = send_waiting(town, "sue@there.example", "ann-carl@here.example")
    text = qctl(town, "list").stdout
    assert sorted(numbers(text)) == [one, two]
    assert f"#{one}  " in text and "<joe@there.example>  waiting\n" in text
    assert "\tlocal\tann@here.example\n  done\tlocal\tbob@here.example\n" in text
    for words, found in (
            (("--sender", "SUE@there.example"), [two]), (("--recipient", "ann@here.example"), [one]),
            (("--recipient", "bob@here.example"), []), (("--domain", "Here.Example"), [one, two]),
            (("--domain", "there.example"), []), (("--channel", "remote"), []),
            (("--channel", "local", "--sender", "sue@there.example"), [two]),
            (("--older", "1d"), []), (("--younger", "1d"), [one, two]), ((two,), [two]),
            (("--state", "held"), []), (("--state", "waiting"), [one, two]), (("--all",), [one, two]), (("all",), [one, two])):
        assert sorted(numbers(qctl(town, "list", *words).stdout)) == found, words
    shown = qctl(town, "show", one).stdout
    assert "\nSubject: a letter\n" in shown and "hello" not in shown
    missing = qctl(town, "list", "12345", one, code=1)
    assert missing.stderr == "qmail-qctl: 12345: there is no such message\n"
    assert numbers(missing.stdout) == [one]


@pytest.mark.parametrize("words", [
    (), ("dance",), ("hold",), ("list", "--older", "x"), ("list", "--sender"), ("list", "0"),
    ("list", "--state", "dead"), ("list", "--channel", "x"), ("redirect", "1", "a@b"), ("list", "x")])
def test_usage(town, words):
    town.open()
    assert qctl(town, *words, code=100).stderr


def test_hold_survives_a_restart(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    two = send_waiting(town, "joe@there.example", "ann-carl@here.example")
    assert qctl(town, "hold", one).stdout == f"held {one}\n1 message held\n"
    town.daemon.wait(f"^hold msg {one} by uid 0$")
    make_ready(town)
    os.kill(town.daemon.pid, towns.ALARM)
    process.until(lambda: got(town, "carl"), "the other one")
    town.daemon.kill()
    town.open()
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    done = qctl(town, "now", "--all", code=1)
    assert done.stderr == f"qmail-qctl: {one}: is held; release it first\n"
    assert not got(town, "")
    assert qctl(town, "release", "--all").stdout.endswith("1 message released\n")
    town.wait_empty()
    assert got(town, "")
    assert two != one


def test_before_it_is_sorted(town):
    """What qmail-todo has not come to yet is waited for, not passed over."""
    limit = town.place.path("control/concurrencylocal")
    town.place.write(limit, "0\n")
    town.open()
    town.signal("qmail-todo", signal.SIGSTOP)
    for _ in range(2):
        town.send("joe@there.example", "bob@here.example", "bob-x@here.example")
    assert qctl(town, "now", "--all").stdout.endswith("2 messages due\n")
    with subprocess.Popen([town.place.program("qmail-qctl"), "delete", "--sender", "joe@there.example"],
                          cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
        process.until(lambda: len(town.daemons()["qmail-qctld"]) > 1, "its client")
        town.signal("qmail-todo", signal.SIGCONT)
        said, complaints = asking.communicate(timeout=60)
    assert said.endswith("\n2 messages deleted\n") and complaints == "" and asking.returncode == 0
    town.place.write(limit, "10\n")
    os.kill(town.daemon.pid, signal.SIGHUP)
    town.wait_empty()
    assert not town.mail("bob")
    town.signal("qmail-todo", signal.SIGSTOP)
    town.send("joe@there.example", "bob@here.example")
    done = qctl(town, "hold", "--all", code=1)
    assert "is being sorted or delivered just now; nothing was done" in done.stderr
    assert done.stdout == "0 messages held\n"
    town.signal("qmail-todo", signal.SIGCONT)
    town.wait_empty()


@pytest.mark.parametrize("before", [[], ["hold"]], ids=["first", "second"])
def test_an_order_that_failed_is_none(waiting, before):
    """The time of info, which is the birth, cannot be set behind it."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example")
    for verb in before:
        qctl(town, verb, one)
    town.daemon.stop()
    info = town.place.queue_path("info", int(one)).split("/queue/")[1]
    town.daemon = town.start_traced("utimensat:error=EIO", ["-o", "/dev/null", "-P", info])
    town.until(lambda: town.is_door_open(DOOR), "the door")
    process.until(lambda: qctl(town, "delete", one, code=1).stderr.endswith(
        "its files cannot be used; the log of qmail-send tells why\n"), "its failure")
    town.daemon.wait("^warning: unable to order: " + info)
    town.daemon.kill()
    town.open()
    os.kill(town.daemon.pid, towns.ALARM)
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    process.until(lambda: ("held" if before else "waiting") in qctl(town, "list", one).stdout, "its rest")


def test_hold_outlives_damage(waiting):
    """The files of the message are made again; info still told the order."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    qctl(town, "hold", one)
    town.daemon.kill()
    os.truncate(town.place.queue_path("local", int(one)), 5)
    make_ready(town)
    town.open()
    town.daemon.wait("^new msg " + one)
    os.kill(town.daemon.pid, towns.ALARM)
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    assert not got(town, "") and not got(town, "carl")
    qctl(town, "release", one)
    town.wait_empty()
    assert got(town, "") and got(town, "carl")


def test_held_before_its_first_try(town):
    """One that goes straight from todo is parked first."""
    town.place.write(town.place.path("control/concurrencylocal"), "0\n")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    process.until(lambda: numbers(qctl(town, "list").stdout), "the message")
    (number,) = numbers(qctl(town, "list").stdout)
    assert qctl(town, "hold", number).stdout.endswith("1 message held\n")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [number]
    assert qctl(town, "delete", number).stdout.endswith("1 message deleted\n")


def test_now(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    send_waiting(town, "joe@there.example", "ann-carl@here.example")
    make_ready(town)
    assert qctl(town, "now", one).stdout == f"due {one}\n1 message due\n"
    process.until(lambda: got(town, ""), "its try")
    assert not got(town, "carl")
    qctl(town, "now", "--all")
    town.wait_empty()


def test_delete(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "no-one@here.example")
    two = send_waiting(town, "joe@there.example", "ann-carl@here.example")
    delete(town, one)
    town.daemon.wait(f"^delete msg {one} by uid 0$")
    town.daemon.wait(f"^deleted: msg {one} to local ann@here.example$")
    town.daemon.wait(f"^deleted: discarding bounce/{one}$")
    town.daemon.wait(f"^end msg {one}$")
    assert numbers(qctl(town, "list").stdout) == [two]
    make_ready(town)
    qctl(town, "now", "--all")
    town.wait_empty()
    assert not got(town, "")
    assert got(town, "carl")


@pytest.mark.parametrize("verb, said", [("delete", "deleted"), ("bounce", "returned")])
@pytest.mark.parametrize("end", ["exit 0", "exit 111"])
def test_what_is_under_way_ends_as_it_does(town, verb, said, end):
    """And qmail-qctl says so; what is deferred then is not told to stay here."""
    for name in "-one", "-two":
        town.rules("ann", name, "|touch began$EXT; until test -e go; do sleep 0.05; done; echo $EXT >> got; %s" % end)
    town.rules("bob", "", "./%s/" % towns.MAIL_FOLDER)
    town.place.write(town.place.path("control/delaywarn"), "1\n")
    town.place.write(town.place.path("control/concurrencylocal"), "2\n")
    town.open()
    begin = time.time()
    town.send("bob@here.example", "ann-one@here.example", "ann-two@here.example", "ann-three@here.example")
    for name in "one", "two":
        process.until(lambda name=name: os.path.exists(town.home("ann") + "/began" + name), "the deliveries")
    process.until(lambda: time.time() > begin + 2, "the age of which its sender is told")
    (one,) = numbers(qctl(town, "list").stdout)
    done = qctl(town, verb, one, code=1)
    assert done.stdout.startswith("%s %s\n" % (said, one))
    assert "is being delivered just now: what is under way ends as it does" in done.stderr
    town.run_as("ann", ["touch", "go"])
    town.daemon.wait("^end msg " + one)
    town.wait_empty()
    with open(town.home("ann") + "/got") as source:
        assert sorted(source.read().split()) == ["one", "two"]
    told = town.mail("bob")
    assert not any("stays here" in text for text in told) and len(told) == (verb == "bounce")
    assert not [line for line in town.daemon.lines if "notice" in line]


def test_no_slot_for_an_order(waiting):
    """Where no delivery may start an order waits; the list does not say that the
    message does, and a restart does not have it wait for its next try."""
    town = waiting
    limit = town.place.path("control/concurrencylocal")
    one = send_waiting(town, "bob@here.example", "ann@here.example")
    town.daemon.stop()
    os.utime(town.place.queue_path("local", int(one)), (time.time() + 300,) * 2)
    town.place.write(limit, "0\n")
    town.open()
    assert qctl(town, "bounce", one).stdout.endswith("1 message returned\n")
    assert numbers(qctl(town, "list", "--state", "ending").stdout) == [one]
    assert numbers(qctl(town, "list", "--state", "waiting").stdout) == []
    town.daemon.kill()
    town.place.write(limit, "10\n")
    town.open()
    town.letter("bob", "Subject: failure notice")
    town.wait_empty()


def test_release_of_what_is_not_held(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    two = send_waiting(town, "joe@there.example", "ann-carl@here.example")
    qctl(town, "hold", one)
    qctl(town, "release", "--all")
    town.daemon.wait(r"^delivery \d+: deferral: ", count=3)
    process.until(lambda: "waiting" in qctl(town, "list", one).stdout, "its rest")
    tries = [line for line in town.daemon.lines if "starting delivery" in line]
    assert sum("msg %s to" % one in line for line in tries) == 2
    assert sum("msg %s to" % two in line for line in tries) == 1


def test_recipients_that_were_not_named(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    for verb in ("delete", "bounce"):
        done = qctl(town, verb, "--recipient", "ann@here.example", code=1)
        assert "has other recipients" in done.stderr and f"0 messages" in done.stdout
    assert numbers(qctl(town, "list", "--state", "waiting").stdout) == [one]


def test_bounce(waiting):
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example", "ann-carl@here.example")
    assert qctl(town, "bounce", one).stdout.endswith("1 message returned\n")
    town.daemon.wait(f"^return msg {one} by uid 0$")
    text = town.letter("bob", "Subject: failure notice")
    for name in ("ann", "ann-carl"):
        assert f"<{name}@here.example>:\nAn administrator has returned the message." in text
    town.wait_empty()


def test_orders_survive_a_kill(waiting):
    """What is ordered is done, also by another process than the one that heard it."""
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example")
    two = send_waiting(town, "bob@here.example", "ann-carl@here.example")
    os.kill(town.daemon.pid, signal.SIGSTOP)
    with subprocess.Popen([town.place.program("qmail-qctl"), "delete", one, two], cwd="/",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
        town.daemon.kill()
        assert asking.wait(60) == 111
    town.open()
    assert sorted(numbers(qctl(town, "list").stdout)) == sorted([one, two])
    delete(town, one)
    town.daemon.kill()
    town.open()
    town.daemon.wait("^end msg " + one) if one in numbers(qctl(town, "list").stdout) else None
    process.until(lambda: numbers(qctl(town, "list").stdout) == [two], "the end of it")


def test_redirect(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    assert qctl(town, "redirect", one, "ann@here.example", "bob@here.example").stdout == "redirected\n"
    assert "<ann@" not in town.letter("bob", "a letter")
    text = qctl(town, "list", one).stdout
    assert "  done\tlocal\tann@here.example\n\tlocal\tann-carl@here.example\n" in text
    process.until(lambda: "waiting" in qctl(town, "list", one).stdout, "its release")
    done = qctl(town, "redirect", one, "ann@here.example", "bob@here.example", code=1)
    assert "no such recipient" in done.stderr
    process.until(lambda: "waiting" in qctl(town, "list", one).stdout, "its release")
    make_ready(town)
    qctl(town, "now", "--all")
    town.wait_empty()
    assert not got(town, "")


def test_redirect_waits_for_what_is_under_way(town):
    """Who gets it just now gets it, and nobody in his place."""
    town.rules("ann", "", "|touch began; until test -e go; do sleep 0.1; done; cat > got-$EXT")
    town.rules("ann", "-default", "|exit 111")
    town.open()
    town.send("joe@there.example", "ann@here.example", "ann-carl@here.example")
    process.until(lambda: os.path.exists(town.home("ann") + "/began"), "its try")
    (one,) = numbers(qctl(town, "list").stdout)
    words = ("redirect", one, "ann@here.example", "bob@here.example")
    done = qctl(town, *words, code=1)
    assert "is being delivered or redirected, or has left the queue; nothing was done" in done.stderr
    with subprocess.Popen([town.place.program("qmail-qctl"), *words], cwd="/", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as asking:
        town.daemon.wait(f"^hold msg {one} ", count=2)
        town.run_as("ann", ["touch", "go"])
        assert "no such recipient" in asking.communicate(timeout=60)[1]
    process.until(lambda: "waiting" in qctl(town, "list", one).stdout, "its release")
    assert got(town, "") and not town.mail("bob")
    qctl(town, "delete", one)
    town.wait_empty()


def test_manager_is_down(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    town.daemon.stop()
    assert numbers(qctl(town, "list").stdout) == [one]
    assert "Subject: a letter" in qctl(town, "show", one).stdout
    for verb in ("hold", "delete"):
        done = qctl(town, verb, one, code=111)
        assert "does not run" in done.stderr
    assert numbers(qctl(town, "list").stdout) == [one]


def test_mail_does_not_wait_for_the_door(town):
    in_its_way = town.place.path(DOOR + ".new")
    os.makedirs(in_its_way + "/x")
    try:
        town.daemon = town.start("./%s/" % towns.MAIL_FOLDER)
        town.daemon.wait("^qmail-qctld: " + DOOR)
        town.send("joe@there.example", "bob@here.example")
        town.letter("bob", "a letter")
        assert "has no socket" in qctl(town, "hold", "--all", code=111).stderr
    finally:
        os.rmdir(in_its_way + "/x")
        os.rmdir(in_its_way)
    town.until(lambda: town.is_door_open(DOOR), "the door")
    assert qctl(town, "list").stdout == ""


def test_who_may(waiting):
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    group = town.place.ids("qmailr")[1]
    ann = towns.PEOPLE["ann"]
    done = qctl(town, "list", code=111, user=ann, group=ann, extra_groups=[])
    assert "for root and for those of group qmail" in done.stderr and done.stdout == ""
    done = qctl(town, "list", user=ann, group=ann, extra_groups=[group])
    assert numbers(done.stdout) == [one]
    town.daemon.stop()
    done = qctl(town, "list", code=111, user=ann, group=ann, extra_groups=[group])
    assert "only root can look now" in done.stderr and done.stdout == ""
    town.open()
    for user in ("qmailr", "qmails", "qmailq"):
        uid, gid = town.place.ids(user)[:2]
        done = qctl(town, "delete", "--all", code=111, user=uid, group=gid, extra_groups=[group])
        assert "may not ask" in done.stderr
    assert numbers(qctl(town, "list").stdout) == [one]


WRONG = (
    (("list", "--domian", "x"), "--domian is no option\nusage"),
    (("list", "--domain"), "--domain needs a value\nusage"),
    (("list", "--older", "1w"), "1w is no time: "),
    (("list", "--state", "Held"), "a state is waiting, new,"),
    (("list", "--channel", "smtp"), "a channel is local or remote"),
    (("list", "#1"), "#1 is no number of a message\nusage"),
    (("hold", "0"), "0 is no number"),
    (("lits",), "no such verb"),
    (("--help",), "usage: "),
    ((), "usage: "),
    (("list", *map(str, range(1, 1002))), "a thousand numbers"),
    (("redirect", "a@b"), "a@b is no number"),
    (("redirect", "1", "a@b"), "two addresses"),
    (("redirect", "1", "2", "a@b", "c@d"), "cannot be understood"),
    (("redirect", "1", "a@b", ""), "has to be user@host"),
    (("redirect", "1", "a@b", "bob"), "has to be user@host"),
    (("redirect", "1", "a@b", "Bob <bob@here.example>"), "has to be user@host"),
    (("redirect", "1", "a@b", "<bob@here.example>"), "has to be user@host"),
    (("redirect", "1", "a@b", "@here.example"), "has to be user@host"))


def test_wrong_words(town):
    """Whoever mistypes is told which word it was, and nothing is done."""
    town.open()
    for words, said in WRONG:
        done = qctl(town, *words, code=100)
        assert said in done.stderr and done.stdout == "", (words, done)


def test_addresses_as_they_are_shown(waiting):
    town = waiting
    one = send_waiting(town, "", "ann@here.example")
    two = send_waiting(town, "joe@there.example", "ann@here.example")
    for words, found in ((("--sender", "<>"), [one]), (("--sender", ""), [one]),
                         (("--sender", "<joe@there.example>"), [two]),
                         (("--sender", "<"), [])):
        assert numbers(qctl(town, "list", *words).stdout) == found, words
    assert len(numbers(qctl(town, "list", "--recipient", "<ann@here.example>").stdout)) == 2


def knock(town):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.connect(town.place.path(DOOR))
    one.settimeout(30)
    return one


def test_those_who_may_not_take_no_places(waiting):
    """They are told so at the door, before they say anything."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    uid, gid = town.place.ids("qmailr")[:2]
    silent = []
    for _ in range(20):
        os.setegid(gid)
        os.seteuid(uid)
        try:
            silent.append(knock(town))
        finally:
            os.seteuid(0)
            os.setegid(0)
    assert numbers(qctl(town, "list").stdout) == [one]
    for other in silent:
        assert b"may not ask" in other.recv(65536)
        assert other.recv(65536) == b"x111"
        other.close()


GARBAGE = (
    b"\0", b"x", b"Vlist", b"Vlist\0n", b"Vlist\0nx\0", b"Vdelete\0", b"V\0a\0", b"Vredirect\0a\0T\0T\0",
    b"Vredirect\0n1\0Ta@b\0T\0", b"Vhold\0n99999999999999999999\0", b"Vlist\0q\0", b"\xff" * 60000,
    b"Vlist\0" + b"n1\0" * 1001, b"Vlist\0" + b"Ta\0" * 3)


@pytest.mark.parametrize("request_bytes", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage(town, request_bytes):
    town.open()
    with knock(town) as one:
        one.send(request_bytes)
        answers = [one.recv(65536)]
        while answers[-1]:
            answers.append(one.recv(65536))
    assert answers[-2] in (b"x100", b"x111"), answers
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")


def test_silent_client(town):
    """A minute, which this build has a hundred times as fast."""
    build.make(os.path.join(build.MADE, "hasty"), "PREFIX=" + town.place.prefix,
               "HOT_CC=musl-gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen([os.path.join(build.MADE, "hasty/bin/qmail-qctld")], stdin=theirs,
                          env={"HASTY": "100"}, **town.place.as_user("qmails")):
        theirs.close()
        ours.send(b"B")
        process.until(lambda: town.is_door_open(DOOR), "the door")
        with knock(town) as one:
            assert one.recv(65536) == b""
        ours.close()


def test_too_large_a_request(town):
    town.open()
    with knock(town) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        one.send(b"Vlist\0" + b"s" + b"x" * 100000 + b"\0")
        assert one.recv(65536) == b""
    assert qctl(town, "list").stdout == ""


def test_clients_that_never_read(waiting):
    """They take places, but neither mail nor the log waits for them."""
    town = waiting
    for i in range(20):
        town.send("joe@there.example", f"ann-{i}@here.example")
    process.until(lambda: len(numbers(qctl(town, "list").stdout)) == 20, "all messages")
    silent = []
    for _ in range(40):
        one = knock(town)
        one.send(b"Vlist\0a\0")
        silent.append(one)
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    for one in silent:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    assert len(numbers(qctl(town, "list").stdout)) == 20


def test_stat(waiting):
    town = waiting
    send_waiting(town, "joe@there.example", "ann@here.example", "ann-x@here.example")
    two = send_waiting(town, "joe@there.example", "ann-y@here.example")
    qctl(town, "hold", two)
    lines = qctl(town, "stat").stdout.splitlines()
    assert lines[0] == "2 messages: 1 waiting, 0 new, 0 delivering, 1 held, 0 ending"
    assert lines[2].split()[:3] == ["TOTAL", "2", "2"]
    assert lines[3].split()[:3] == ["here.example", "2", "2"] and len(lines) == 4
    assert "1 held" in qctl(town, "stat", "--state", "held").stdout
    picture = qctl(town, "stat", "--svg").stdout
    texts = [at.text for at in xml.etree.ElementTree.fromstring(picture).iter() if at.tag.endswith("text")]
    assert texts[1:] == ["TOTAL", "2", "here.example", "2"]
    town.daemon.stop()
    assert qctl(town, "stat").stdout.splitlines()[0] == lines[0]


def test_stat_by_age(town):
    town.place.control(me="here.example\n")
    now = int(time.time())
    for i, minutes in enumerate((1, 6, 39, 41, 5000)):
        number = (now - minutes * 60) * 1000000 + i
        town.place.queue_put("mess", number, "x\n")
        town.place.queue_put("info", number, "Fjoe@there.example\0", now - minutes * 60)
        town.place.queue_put("remote", number, "Tx@A<b>.example\0Tx@c.example\0Dx@done.example\0")
    lines = qctl(town, "stat").stdout.splitlines()
    ages = ["1", "1", "0", "1", "1", "0", "0", "0", "0", "0", "1"]
    assert [line.split() for line in lines[2:]] == [
        [name, "5"] + ages for name in ("TOTAL", "a<b>.example", "c.example")]
    picture = qctl(town, "stat", "--svg").stdout
    assert "a_b_.example" in picture and xml.etree.ElementTree.fromstring(picture) is not None


def test_figures(town):
    """For programs: of each state, messages, bytes and the oldest; of each of its channels, recipients too."""
    town.place.control(me="here.example\n")
    now = int(time.time())
    for i, (minutes, order, local, remote) in enumerate((
            (1, "", "Ta@b\0", ""), (600, "", "Ta@b\0Tb@b\0Dc@b\0", "Tx@c\0"), (900, "", "Da@b\0", "Tx@c\0"),
            (1200, "oh\0", "", "Tx@c\0Ty@c\0"))):
        number = (now - minutes * 60) * 1000000 + i
        town.place.queue_put("mess", number, "x" * (i + 1))
        town.place.queue_put("info", number, "Fjoe@there.example\0" + order, now - minutes * 60)
        for channel, text in (("local", local), ("remote", remote)):
            if text:
                town.place.queue_put(channel, number, text)
    new = now * 1000000 + 9
    town.place.queue_put("mess", new, "x\n")
    town.place.queue_put("todo", new, "u0\0p7\0Fjoe@there.example\0Ta@b\0Tb@b\0\0", now - 180)
    told = {" ".join(words): tuple(map(int, rest)) for *words, rest in (
        (*line.rsplit(" ", 3)[:1], line.rsplit(" ", 3)[1:]) for line in qctl(town, "stat figures").stdout.splitlines())}
    assert told.keys() == {state + channel for state in ("waiting", "new", "delivering", "held", "ending")
                           for channel in ("", " local", " remote", " unknown")}
    wanted = {"waiting": (3, 6, 54000), "waiting local": (2, 3, 36000), "waiting remote": (2, 2, 54000),
              "held": (1, 4, 72000), "held remote": (1, 2, 72000), "new": (1, 2, 180), "new unknown": (1, 2, 180)}
    for word, (first, second, age) in told.items():
        assert (first, second) == wanted.get(word, (0, 0))[:2] and 0 <= age - wanted.get(word, (0, 0, 0))[2] < 100, word


def test_watch(waiting):
    """It draws again and again, until it is ended."""
    town = waiting
    send_waiting(town, "joe@there.example", "ann@here.example")
    with subprocess.Popen([town.place.program("qmail-qctl"), "watch", "1"], cwd="/",
                          stdout=subprocess.PIPE) as watching:
        text = b""
        while text.count(b"\033[H\033[2J1 message: 1 waiting") < 2:
            text += os.read(watching.stdout.fileno(), 4096)
        watching.terminate()


def commands_of_the_page():
    page = build.read("man/qmail-queue-howto.7")
    blocks = re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed", page, re.M | re.S)
    return [line.split() for block in blocks for line in block.splitlines()]


def test_the_log_as_the_page_reads_it(waiting, tmp_path):
    """All of one message, with what became of its deliveries; nothing of another."""
    town = waiting
    one = send_waiting(town, "joe@example.org", "ann@here.example", "bob@here.example")
    two = send_waiting(town, "joe@example.org", "ann-carl@here.example")
    lines = [line for line in town.daemon.lines if "delivery" in line or "msg" in line]
    log = tmp_path / "current"
    log.write_text("".join(f"@400000006b08f121215e8c94 {line}\n" for line in lines))
    (command,) = re.findall(r"^awk .*?current$", build.read("man/qmail-queue-howto.7"),
                            re.M | re.S)
    command = command.replace("1795338307000000", one).replace(
        "/var/qmail/log/qmail-send/current", str(log))
    found = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, check=True,
                           text=True).stdout
    assert f"new msg {one}" in found and two not in found
    assert found.count(" starting delivery ") == 2
    assert found.count(": deferral: ") == found.count(": success: ") == 1


def test_commands_of_the_page(waiting):
    """Each as it stands there, but for the number, on a message that is there."""
    town = waiting
    for words in commands_of_the_page():
        if not words[0].startswith("qmail-"):
            continue
        town.run_as("ann", ["touch", "later"])
        number = send_waiting(town, "joe@example.org", "ann@here.example")
        if words[0] == "qmail-qfix":
            town.daemon.stop()
        words = [number if word.isdigit() else word for word in words]
        if words[1:2] == ["redirect"]:
            words[3:] = ["ann@here.example", "bob@here.example"]
        done = subprocess.run([town.place.program(words[0]), *words[1:]], cwd="/", timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (0, ""), (words, done)
        if words[0] == "qmail-qfix":
            town.open()
        if number in words and words[1] != "list":
            assert number in done.stdout or words[1] in ("show", "redirect"), done
        town.run_as("ann", ["rm", "-f", "later"])
        qctl(town, "now", "--all")
        town.until(lambda: not qctl(town, "list", "--recipient", "ann@here.example").stdout, "the end")
