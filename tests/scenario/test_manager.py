"""The queue manager when something does not work: nobody gets a message
twice, nothing stays, and nobody waits for what hangs."""

import contextlib
import fcntl
import os
import re
import signal
import time

import pytest

from support import faults, process, town as towns

COUNT = "|echo x >> count"
HANG = "|echo x >> began; until test -e ready; do sleep 0.05; done; echo x >> count"


def count(town, name, file="count"):
    try:
        with open("%s/%s" % (town.home(name), file)) as source:
            return len(source.read().split())
    except FileNotFoundError:
        return 0


def make_ready(town, name):
    town.run_as(name, ["touch", "ready"])


def try_until(town, condition, what):
    """Has everything tried again and again until the condition is true."""
    def ask():
        town.signal("qmail-send", signal.SIGALRM)
        time.sleep(0.1)
        return condition()
    town.until(ask, what)


def refusing_queue(town):
    """A program in place of qmail-queue that takes nothing, and notes it."""
    path = town.place.base + "/refuse"
    town.place.write(path, "#!/bin/sh\ncat >/dev/null; echo x >> %s/refused; exit 53\n"
                     % town.place.base, mode=0o755)
    note = town.place.base + "/refused"
    town.place.write(note, "", "qmails", 0o644)
    return path, lambda: os.path.getsize(note)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_all_done_but_the_bounce(town, end):
    """The bounce cannot be queued, and all ends meanwhile: nobody gets the
    message again, and the bounce tells of each failure once."""
    town.rules("ann", "", COUNT)
    program, refused = refusing_queue(town)
    town.open(env={"QMAILQUEUE": program})
    town.send("bob@here.example", "ann@here.example", "no-one@here.example",
              "nobody-either@here.example")
    process.until(refused, "the bounce to be refused")
    if end == "stop":
        town.daemon.stop()
    else:
        town.daemon.kill()
    assert count(town, "ann") == 1
    town.open()
    text = town.letter("bob", "failure notice")
    town.wait_empty()
    assert count(town, "ann") == 1
    assert text.count("<no-one@here.example>:") == 1
    assert text.count("<nobody-either@here.example>:") == 1
    assert len(town.mail("bob")) == 1


def test_both_channels_done_but_the_bounce(town):
    town.rules("ann", "", COUNT)
    remote = town.place.base + "/remote"
    town.place.write(remote, "#!/bin/sh\necho x >> %s/remotes; printf 'r\\0Kfine\\n\\0'\n"
                     % town.place.base, mode=0o755)
    town.place.write(town.place.base + "/remotes", "", "qmailr", 0o644)
    program, refused = refusing_queue(town)
    town.open(env={"QMAILQUEUE": program, "QMAILREMOTE": remote})
    town.send("bob@here.example", "ann@here.example", "far@there.example",
              "no-one@here.example")
    process.until(refused, "the bounce to be refused")
    town.daemon.stop()
    town.open(env={"QMAILREMOTE": remote})
    town.letter("bob", "failure notice", "<no-one@here.example>:")
    town.wait_empty()
    assert count(town, "ann") == 1
    assert os.path.getsize(town.place.base + "/remotes") == 2


def test_cannot_tell_is_no_answer(town):
    """A folder that cannot be entered at a start: nothing is known of the
    message, so nothing is made again, and who has it does not get it twice."""
    town.rules("ann", "", COUNT)
    town.rules("bob", "", "|test -e ready || exit 111; cat > got")
    town.open()
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("deferral: ")
    process.until(lambda: count(town, "ann") == 1, "ann to have it")
    town.daemon.stop()
    (_, path), = town.place.queue_files()["local"].items()
    folder = os.path.dirname(path)
    os.chmod(folder, 0)
    make_ready(town, "bob")
    town.open()
    town.daemon.wait("^warning: unable to look at the files of todo/")
    os.chmod(folder, 0o700)
    try_until(town, lambda: os.path.exists(town.home("bob") + "/got"), "bob to have it")
    town.wait_empty()
    assert count(town, "ann") == 1


MARKS = ["pwrite64:error=EIO:when=1", "pwrite64:error=ENOSPC:when=1..3"]


@pytest.mark.parametrize("fault", MARKS)
def test_a_mark_that_cannot_be_written(town, fault):
    """The recipient is done in memory, and the mark is tried again."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", COUNT)
    town.rules("bob", "", "|echo x >> tries; test -e ready || exit 111; echo x >> count")
    town.daemon = town.start_traced(fault)
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: trouble marking ")
    process.until(lambda: count(town, "bob", "tries"), "bob's first try")
    make_ready(town, "bob")
    try_until(town, town.is_empty, "all to be done")
    assert count(town, "ann") == 1 and count(town, "bob") == 1


def test_marks_that_fail_hold_up_nobody_else(town):
    """A message whose mark cannot be written is no reason to leave others
    lying; but no more of them are begun than there are slots."""
    if faults.missing():
        pytest.skip(faults.missing())
    for name in "ann", "bob":
        town.rules(name, "-first", "|echo x >> one")
        town.rules(name, "-second", "|echo x >> two")
        town.rules(name, "-third", "|echo x >> three")
    town.place.write(town.place.path("control/concurrencylocal"), "2\n")
    town.daemon = town.start_traced("pwrite64:error=EIO:when=1+")
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann-first@here.example", "bob-first@here.example")
    town.daemon.wait("^warning: trouble marking ", count=2)
    town.send("x@there.example", "ann-second@here.example", "bob-second@here.example")
    for name in "ann", "bob":
        process.until(lambda: count(town, name, "two"), "the second message")
    town.daemon.wait("^delivery 4: success")
    town.send("x@there.example", "ann-third@here.example", "bob-third@here.example")
    town.daemon.wait("^new msg", count=3)
    town.send("x@there.example", "ann@here.example")
    town.letter("ann", "a letter")
    for name in "ann", "bob":
        assert count(town, name, "one") == count(town, name, "two") == 1
        assert count(town, name, "three") == 0


def test_end_is_logged_after_removal(town):
    """What the log calls finished cannot come back."""
    town.rules("ann", "", COUNT)
    town.open()
    town.signal("qmail-clean", signal.SIGSTOP)
    town.send("x@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: success")
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert not [line for line in town.daemon.lines if line.startswith("end msg")]
    town.signal("qmail-clean", signal.SIGCONT)
    town.daemon.wait("^end msg", count=2)
    town.wait_empty()


def test_one_qmail_todo_at_a_time(town):
    """An old one may outlive its qmail-send, in a call that takes long: the new
    one waits until it has the lock, and sorts what came meanwhile."""
    with open_folder(town.place.path("queue/info")) as info:
        fcntl.flock(info, fcntl.LOCK_EX)
        town.open()
        town.daemon.wait("^alert: waiting for an older qmail-todo to end")
        town.send("x@there.example", "ann@here.example", "bob@here.example")
        assert not [line for line in town.daemon.lines if line.startswith("new msg")]
    town.letter("ann", "a letter")
    town.letter("bob", "a letter")
    town.wait_empty()
    assert len(town.mail("ann")) == len(town.mail("bob")) == 1


@contextlib.contextmanager
def open_folder(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


WORDS = {
    "qmail-todo": "lost qmail-todo connection", "qmail-clean": "lost qmail-clean connection",
}


@pytest.mark.parametrize("victim", sorted(WORDS))
def test_a_daemon_speaks_nonsense(town, victim):
    """An orderly end, not a crash; with the real one back nothing is lost."""
    real = town.place.program(victim)
    os.rename(real, real + ".real")
    try:
        with open(real, "w") as out:
            out.write("#!/usr/bin/python3\nimport socket, time\n"
                      "s = socket.socket(fileno=0)\ns.recv(65536)\n"
                      "s.send(b'\\xff' * 70)\ntime.sleep(60)\n")
        os.chmod(real, 0o755)
        town.send("x@there.example", "ann@here.example")
        daemon = town.start("./Mailbox")
        daemon.wait("^alert: a daemon speaks words that nobody knows")
        daemon.wait("^alert: oh no! " + WORDS[victim])
        assert daemon.process.wait(15) == 0
        assert "bug" not in daemon.log()
    finally:
        os.rename(real + ".real", real)
    town.open()
    town.letter("ann", "a letter")
    town.wait_empty()


@pytest.mark.parametrize("victim", ["qmail-lspawn", "qmail-rspawn"])
def test_a_spawner_speaks_nonsense(town, victim):
    """Its words never end the queue manager."""
    real = town.place.program(victim)
    os.rename(real, real + ".real")
    try:
        with open(real, "w") as out:
            out.write("#!/usr/bin/python3\nimport socket, time\n"
                      "s = socket.socket(fileno=0)\n"
                      "for text in (b'\\xff' * 70, b'N77\\0Kfine\\0', b'N1\\0', b'N1\\0?what\\0'):\n"
                      "    s.send(text)\n"
                      "while s.recv(65536): pass\n")
        os.chmod(real, 0o755)
        town.open()
        town.daemon.wait("^warning: malformed delivery report", count=2)
        town.daemon.wait("^warning: internal error: delivery report out of range")
        town.daemon.stop()
    finally:
        os.rename(real + ".real", real)


def test_stop_time(town):
    """TERM does not wait for ever; what it interrupts is tried again."""
    town.place.write(town.place.path("control/stoptime"), "1\n")
    town.rules("ann", "", HANG)
    town.open()
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: count(town, "ann", "began"), "the delivery to begin")
    town.daemon.stop()
    town.daemon.wait("^delivery 1: deferral: It_was_interrupted")
    assert town.daemon.lines[-1] == "status: exiting"
    assert count(town, "ann") == 0
    make_ready(town, "ann")
    town.open()
    town.until(lambda: count(town, "ann") == 1, "it to be delivered")
    town.wait_empty()


def test_second_term_means_now(town):
    town.rules("ann", "", HANG)
    town.open()
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: count(town, "ann", "began"), "the delivery to begin")
    os.kill(town.daemon.pid, signal.SIGTERM)
    os.kill(town.daemon.pid, signal.SIGTERM)  # the same wish
    town.send("x@there.example", "bob@here.example")

    def ask():
        os.kill(town.daemon.pid, signal.SIGTERM)
        time.sleep(0.2)
        return town.daemon.process.poll() is not None
    process.until(ask, "it to end")
    town.daemon.wait("^delivery 1: deferral: It_was_interrupted")


def test_a_daemon_dies_while_a_delivery_hangs(town):
    """What runs gets its time, then all is started again."""
    town.place.write(town.place.path("control/stoptime"), "1\n")
    town.rules("ann", "", HANG)
    town.open()
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: count(town, "ann", "began"), "the delivery to begin")
    town.signal("qmail-clean", signal.SIGKILL)
    assert town.daemon.process.wait(15) == 0


def test_failures_are_recorded_together(town):
    """Far fewer syncs than failures."""
    if faults.missing():
        pytest.skip(faults.missing())
    trace = town.place.base + "/trace"
    town.daemon = town.start_traced(None, ["-o", trace, "-e", "trace=fsync"])
    town.daemon.wait("^status: local")
    town.send("bob@here.example", *["no-one-%d@here.example" % n for n in range(300)])
    text = town.letter("bob", "failure notice", timeout=60)
    assert text.count("Sorry") + text.count("no-one-") >= 300
    town.daemon.kill()
    with open(trace) as source:
        syncs = len(re.findall(r"fsync\(", source.read()))
    assert syncs < 150, syncs


def test_text_is_gone(town):
    """Nobody can deliver it: the log and the postmaster are told, and what is
    left of it goes when it is 36 hours old."""
    town.rules("alias", "-postmaster", "./%s/" % towns.MAIL_FOLDER)
    old = time.time() - 37 * 3600
    number = int(old * 1000000)
    put = town.place.queue_put
    put("info", number, "Fbob@here.example\0", old)
    put("local", number, "Dann@here.example\0Tzoe@here.example\0", old)
    put("bounce", number, "<x@here.example>:\nno\n\n", old)
    young = number + 36 * 3600 * 1000000
    put("info", young, "Fbob@here.example\0", time.time() - 3600)
    put("local", young, "Tann@here.example\0", time.time() - 3600)
    town.open()
    town.daemon.wait("^warning: the text of msg %d is gone" % number)
    text = town.letter("alias", "The text of message %d is gone" % number)
    assert "<bob@here.example>" in text and "<zoe@here.example>" in text
    assert "<ann@here.example>" not in text

    def left():
        return {kind: list(files) for kind, files in town.place.queue_files().items() if files}
    town.until(lambda: left() == {"info": [young], "local": [young]}, "only the young one to stay")


def test_the_queue_is_full_of_failures(town):
    """A failure that cannot be written down is kept, not tried again."""
    town.rules("ann", "", "|echo x >> count; exit 100")
    town.rules("bob", "", "|test -e ready || exit 111; cat > got")
    bounce = town.place.path("queue/bounce")
    town.open()
    parts = [os.path.join(bounce, part) for part in os.listdir(bounce)]
    for part in parts:
        os.chmod(part, 0o500)
        os.chown(part, 0, 0)
    town.send("x@here.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: unable to append to bounce/", count=2)
    uid, gid = town.place.ids("qmails")
    for part in parts:
        os.chown(part, uid, gid)
        os.chmod(part, 0o700)
    process.until(lambda: town.place.queue_files()["bounce"], "the failure to be written down")
    os.kill(town.daemon.pid, signal.SIGALRM)
    assert count(town, "ann") == 1
