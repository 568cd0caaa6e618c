"""The scribe, which queues bounces, when it or its workers are hindered."""

import os
import signal
import time

import pytest

from support import faults, process, town as towns


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as source:
        return [int(word) for word in source.read().split()]


def hold(town, call, fault="delay_enter=1500000"):
    """Whatever the scribe's family does of this call from now on takes long."""
    scribe, = [pid for pid in town.daemons()["qmail-send"] if pid != town.daemon.pid]
    tracer = town.begin(["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(scribe),
                         "--inject=%s:%s" % (call, fault), "-e", "trace=" + call])

    def is_traced():
        with open("/proc/%d/status" % scribe) as status:
            return "TracerPid:\t%d\n" % tracer.pid in status
    town.until(is_traced, "strace to begin")
    return scribe


@pytest.mark.parametrize("recipients", [["ann"], ["ann", "no-one"]])
def test_a_worker_is_killed_after_its_answer(town, recipients):
    """It has told that the bounce is queued: nothing more is heard of it."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", "|echo no; exit 100")
    town.open()
    scribe = hold(town, "exit_group")
    town.send("bob@here.example", *[name + "@here.example" for name in recipients])
    town.daemon.wait("^bounce msg")
    worker, = children(scribe)
    os.kill(worker, signal.SIGKILL)
    town.until(lambda: not children(scribe), "the scribe to see it")
    town.wait_empty()
    town.send("ann@here.example", "bob@here.example")
    process.until(lambda: len(town.mail("bob")) == 2, "a bounce and a letter")
    assert not [line for line in town.daemon.lines if line.startswith(("warning", "alert"))]


def test_a_worker_is_killed_before_its_answer(town):
    """The bounce is queued by another one, once."""
    town.rules("ann", "", "|echo no; exit 100")
    path = town.place.base + "/hold"
    town.place.write(path, "#!/bin/sh\ncat >/dev/null; kill -9 $PPID; exit 53\n", mode=0o755)
    town.open(env={"QMAILQUEUE": path})
    town.send("bob@here.example", "ann@here.example")
    town.daemon.wait("^warning: trouble injecting bounce message")
    town.place.write(path, "#!/bin/sh\nexec %s\n" % town.place.program("qmail-queue"), mode=0o755)
    town.letter("bob", "failure notice")
    town.wait_empty()
    assert len(town.mail("bob")) == 1


def held_queue(town):
    """A program that waits for a file, then is qmail-queue; its name, that of
    the file, and how often it began."""
    program, gate, began = (town.place.base + "/" + name for name in ("held", "gate", "began"))
    if os.path.exists(gate):
        os.unlink(gate)
    town.place.write(began, "", "qmails", 0o644)
    town.place.write(program, "#!/bin/sh\necho x >> %s\nuntil test -e %s; do sleep 0.05; done\n"
                     "exec %s\n" % (began, gate, town.place.program("qmail-queue")), mode=0o755)
    return program, gate, lambda: os.path.getsize(began) // 2


def test_what_was_tried_again_before_the_bounce(town, lock_folders):
    """A failure could not be written down, then could before its time had come:
    when it comes the bounce is being queued, and is not queued once more."""
    town.rules("ann", "", "|echo no; exit 100")
    for ext in ("-wait", "-last"):
        town.rules("bob", ext, "|until test -e ready%s; do sleep 0.05; done; exit 100" % ext)
    program, gate, began = held_queue(town)
    town.open(env={"QMAILQUEUE": program})
    undo = lock_folders("bounce", 0)
    town.send("bob@here.example", "ann@here.example", "bob-wait@here.example")
    town.send("", "bob-last@here.example")
    town.daemon.wait("^warning: unable to append to bounce/", count=3)
    undo()
    town.run_as("bob", ["touch", "ready-wait"])
    town.until(began, "the bounce to be queued")
    os.kill(town.daemon.pid, signal.SIGTERM)  # which tries all again at once
    town.run_as("bob", ["touch", "ready-last"])
    town.daemon.wait("^status: .* exitasap")
    town.until(lambda: began() >= 2, "the double bounce to be queued")
    town.place.write(gate, "")
    town.daemon.stop()
    town.open()
    town.wait_empty()
    town.send("ann@here.example", "bob@here.example")
    process.until(lambda: len(town.mail("bob")) >= 2, "a bounce and a letter")
    assert len(town.mail("bob")) == 2 and began() == 2


@pytest.mark.parametrize("who", ["qmail-send", "its scribe"])
def test_a_worker_outlives_its_scribe(town, who):
    """Then the next one does not queue the same bounce beside it."""
    town.rules("ann", "", "|echo no; exit 100")
    program, gate, began = held_queue(town)
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.until(began, "the bounce to be queued")
    old = town.daemon
    scribe, = set(children(old.pid)) & set(town.daemons()["qmail-send"])
    os.kill(old.pid if who == "qmail-send" else scribe, signal.SIGKILL)
    old.process.wait(20)
    town.open(env={"QMAILQUEUE": program})
    town.until(lambda: began() > 1 or any(
        line.startswith("warning: trouble injecting bounce message")
        for line in town.daemon.lines), "the next scribe to look at it")
    town.place.write(gate, "")
    town.wait_empty()
    old.kill()
    town.send("ann@here.example", "bob@here.example")
    process.until(lambda: len(town.mail("bob")) >= 2, "a bounce and a letter")
    assert len(town.mail("bob")) == 2 and began() == 1


@pytest.mark.parametrize("recipients", [["ann"], ["ann", "no-one"]])
def test_its_master_is_gone(town, recipients):
    """What it has not begun then it leaves to the next one, which tries the
    message again: nothing is told twice, and no text comes after its bounce."""
    town.rules("ann", "", "|echo no; exit 100")
    town.open()
    old = town.daemon
    scribe, = set(children(old.pid)) & set(town.daemons()["qmail-send"])
    os.kill(scribe, signal.SIGSTOP)
    town.send("bob@here.example", *[name + "@here.example" for name in recipients])
    old.wait("^delivery .*: failure", count=len(recipients))
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    os.kill(old.pid, signal.SIGKILL)
    old.process.wait(20)
    town.until(lambda: process.session_members(old.pid) == [scribe], "the others to end")
    town.open()
    town.letter("bob", "failure notice")
    town.wait_empty()
    os.kill(scribe, signal.SIGCONT)
    town.until(lambda: not process.session_members(old.pid), "the old one to end")
    town.wait_empty()
    assert sum("failure notice" in text for text in town.mail("bob")) == 1
    old.kill()



def test_a_queue_program_that_hangs(town):
    """It is killed with what it has started, for it does not end when it is told
    to, and the bounce is tried again."""
    pids, gate = town.place.base + "/hung-pids", town.place.base + "/may-go"
    program = town.place.base + "/queue-program"
    town.place.write(pids, "", mode=0o666)
    town.place.write(program, """#!/bin/sh
test -e %s && exec %s
trap '' TERM
sleep 1000 & echo $$ $! >>%s
wait
""" % (gate, town.place.program("qmail-queue"), pids), mode=0o755)
    town.place.write(town.place.path("control/timeoutbounce"), "1\n")
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "no-one@here.example")
    town.daemon.wait("^warning: trouble injecting bounce message")
    with open(pids) as source:
        hung = source.readline().split()
    town.until(lambda: not any(process.is_alive(int(pid)) for pid in hung),
               "the end of the program")
    town.place.write(gate, "")
    os.kill(town.daemon.pid, signal.SIGALRM)
    town.letter("bob", "Subject: failure notice")
    town.wait_empty()
    assert len(town.mail("bob")) == 1


@pytest.mark.parametrize("who", ["qmail-send", "its scribe"])
def test_a_queue_program_that_hangs_outlives_its_scribe(town, who):
    """Only its worker is left to kill it, and that one has the text of the
    bounce: the next qmail-send cannot queue it before."""
    begun, gate = town.place.base + "/begun", town.place.base + "/may-go-%s" % who[:3]
    program = town.place.base + "/queue-program"
    town.place.write(begun, "", mode=0o666)
    town.place.write(program, """#!/bin/sh
test -e %s && exec %s
echo x >>%s
sleep 1000
""" % (gate, town.place.program("qmail-queue"), begun), mode=0o755)
    town.place.write(town.place.path("control/timeoutbounce"), "3\n")
    town.place.write(town.place.path("control/stoptime"), "1\n")
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "no-one@here.example", "no-one-else@here.example")
    process.until(lambda: os.path.getsize(begun), "the program to hang")
    old = town.daemon
    scribe, = set(children(old.pid)) & set(town.daemons()["qmail-send"])
    os.kill(old.pid if who == "qmail-send" else scribe, signal.SIGKILL)
    old.process.wait(15)
    town.place.write(gate, "")
    town.open(env={"QMAILQUEUE": program})

    def has_come():
        os.kill(town.daemon.pid, signal.SIGALRM)
        time.sleep(0.1)
        return town.mail("bob")
    town.until(has_come, "the bounce")
    town.wait_empty()
    assert len(town.mail("bob")) == 1
    old.kill()


def test_an_old_scribe_does_all_that_it_tells_once(town):
    """Also what stands behind an order whose answer nobody hears any more."""
    town.place.write(town.place.path("control/smtproutes"), ":127.0.0.9:1\n")
    town.open()
    old = town.daemon
    scribe, = set(children(old.pid)) & set(town.daemons()["qmail-send"])
    os.kill(scribe, signal.SIGSTOP)
    town.send("x@here.example", "ann@here.example", "joe@there.example")
    town.daemon.wait("^delivery [0-9]*: success")
    code = town.queue(b"Fbob@here.example\0RNOTIFY=SUCCESS\0Tann@here.example\0\0",
                      "Subject: told\n\nhello\n")
    assert code == 0
    town.daemon.wait("^delivery [0-9]*: success", count=2)
    town.send("x@here.example", "ann@here.example")  # a turn later the order is given
    town.daemon.wait("^delivery [0-9]*: success", count=3)
    os.kill(old.pid, signal.SIGKILL)
    os.kill(scribe, signal.SIGCONT)
    old.process.wait(20)
    town.open()
    town.letter("bob", "Subject: success notice")


def test_an_old_scribe_takes_back_its_own_text_alone(town):
    """It could not write a failure down, and hears of that when the next one
    would have written the same."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.place.write(town.place.path("control/smtproutes"), ":127.0.0.9:1\n")
    town.rules("ann", "", "|echo no; exit 100")
    town.open()
    old = town.daemon
    scribe = hold(town, "fsync", "error=EIO:delay_enter=3000000")
    town.send("bob@here.example", "ann@here.example", "joe@there.example")
    town.daemon.wait("^delivery [0-9]*: failure")
    town.until(lambda: any(town.place.queue_files()["bounce"]), "its text to be written")
    os.kill(old.pid, signal.SIGKILL)
    old.process.wait(20)
    town.open()
    town.daemon.wait("^delivery [0-9]*: failure")
    town.until(lambda: not process.is_alive(scribe), "the old scribe to end")
    town.until(lambda: not town.place.queue_files()["local"], "ann to be done with")
    path, = town.place.queue_files()["bounce"].values()
    with open(path) as source:
        assert source.read() == "<ann@here.example>:\nno\n\n"


def test_a_bounce_that_takes_long_but_gets_on(town):
    """It is a long message, and the disk slow, or many are queued at once: to
    begin again and again would never end."""
    program = town.place.base + "/slow"
    town.place.write(program, """#!/usr/bin/python3
import os, subprocess, sys, time
queue = subprocess.Popen(["%s"], stdin=subprocess.PIPE, stdout=1)
while data := os.read(0, 65536):
    queue.stdin.write(data)
    time.sleep(0.5)
queue.stdin.close()
sys.exit(queue.wait())
""" % town.place.program("qmail-queue"), mode=0o755)
    town.place.write(town.place.path("control/timeoutbounce"), "3\n")
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "no-one@here.example", body="hello\n" * 130000)
    town.daemon.wait("^(bounce msg|warning: trouble)")
    assert not [line for line in town.daemon.lines if line.startswith("warning")]
    town.wait_empty()


def test_a_disk_that_takes_too_long(town):
    """The bounce is in todo before qmail-queue knows that it is on the disk:
    killed there, it would be there, and be made again, and again."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.place.write(town.place.path("control/timeoutbounce"), "1\n")
    town.open()
    hold(town, "fsync", "delay_exit=9000000:when=2+")
    town.send("bob@here.example", "no-one@here.example")
    town.daemon.wait("^(bounce msg|warning: trouble)")
    town.wait_empty()
    assert not [line for line in town.daemon.lines if line.startswith("warning")]
    assert len(town.mail("bob")) == 1


def test_nothing_is_left_of_what_took_too_long(town):
    """qmail-queue can clear away what it has written; a part of each message
    that is tried again and again would soon fill the disk."""
    program = town.place.base + "/hang"
    town.place.write(program, "#!/bin/sh\nsleep 1000 | %s\n" % town.place.program("qmail-queue"),
                     mode=0o755)
    town.place.write(town.place.path("control/timeoutbounce"), "1\n")
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "no-one@here.example")
    number = min(town.place.queue_files()["mess"])  # its bounce may have begun
    town.until(lambda: len(town.place.queue_files()["mess"]) > 1, "the bounce to be begun")
    town.daemon.wait("^warning: trouble injecting bounce message")
    town.until(lambda: list(town.place.queue_files()["mess"]) == [number], "nothing to be left")
