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


UNMARKED = 10  # messages with marks that cannot be written
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


def test_recipients_that_cannot_be_read(town):
    """A file that cannot be positioned is not one without recipients."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.daemon = town.start_traced("lseek:error=EIO:when=1")
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: trouble reading local/")
    try_until(town, town.is_empty, "all to be done")
    assert len(town.mail("ann")) == len(town.mail("bob")) == 1


def test_marks_that_cannot_be_written_make_one_bounce(town):
    """Several marks of a message are tried again at once, and its bounce, which
    follows, is queued once."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", COUNT)
    town.rules("ann", "-two", COUNT)
    # No seccomp: with it qmail-queue could not become qmailq.
    town.daemon = town.start_traced(None, ["-o", "/dev/null", "-e", "trace=pwrite64",
                                           "--inject=pwrite64:error=EIO:when=1..2"])
    town.daemon.wait("^status: local")
    town.send("bob@here.example", "ann@here.example", "ann-two@here.example",
              "no-one@here.example")
    town.daemon.wait("^warning: trouble marking ")
    town.letter("bob", "failure notice", "<no-one@here.example>:")
    town.wait_empty()
    assert count(town, "ann") == 2
    assert len(town.mail("bob")) == 1, town.daemon.log()
    assert "internal error" not in town.daemon.log()


def test_a_mark_is_written_at_the_end(town):
    """A mark that waits for its next try gets that before a clean end."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", COUNT)
    town.rules("bob", "", "|test -e ready || exit 111; echo x >> count")
    town.daemon = town.start_traced("pwrite64:error=EIO:when=1")
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: trouble marking ")
    town.signal("qmail-send", signal.SIGTERM)
    town.daemon.wait("^status: exiting")
    town.daemon.kill()
    make_ready(town, "bob")
    town.open()
    try_until(town, town.is_empty, "all to be done")
    assert count(town, "ann") == count(town, "bob") == 1


def test_one_file_without_marks_holds_nobody_up(town):
    """A bad block in one file is no reason to let all other mail wait."""
    if faults.missing():
        pytest.skip(faults.missing())
    number = int(time.time() * 1000000)
    put = town.place.queue_put
    put("mess", number, "Subject: a letter\n\nhello\n")
    put("intd", number, "u7002\0p1\0Fx@there.example\0Tann@here.example\0\0")
    put("info", number, "Fx@there.example\0")
    put("local", number, "Tann@here.example\0")
    town.rules("ann", "", COUNT)
    bad = os.path.realpath(town.place.queue_path("local", number))
    town.daemon = town.start_traced("pwrite64:error=EIO", ["-o", "/dev/null", "-P", bad])
    town.daemon.wait("^warning: trouble marking ")
    town.send("x@there.example", "bob@here.example", "bob-two@here.example")
    town.rules("bob", "-default", "./%s/" % towns.MAIL_FOLDER)
    town.until(lambda: len(town.mail("bob")), "bob to get something")
    assert count(town, "ann") == 1


def test_a_message_that_cannot_be_opened_is_no_last_try(town):
    """However old it is: nobody was asked whether they take it."""
    old = time.time() - 30 * 86400
    number = int(old * 1000000)
    put = town.place.queue_put
    put("mess", number, "Subject: a letter\n\nhello\n", old)
    put("intd", number, "u7002\0p1\0Fbob@here.example\0Tann@here.example\0\0", old)
    put("info", number, "Fbob@here.example\0", old)
    put("local", number, "Tann@here.example\0", old)
    path = town.place.queue_path("mess", number)
    os.chmod(path, 0o600)
    town.open()
    town.daemon.wait("^delivery 1: deferral: The_message_file_cannot_be_opened")
    os.chmod(path, 0o644)
    try_until(town, town.is_empty, "all to be done")
    assert len(town.mail("ann")) == 1 and not town.mail("bob")


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


def test_one_qmail_clean_at_a_time(town):
    """An old one outlives its qmail-send with orders that it has not done: the
    new one does nothing before it has ended, else what it put into todo would
    be taken away there, and nobody would look at the message again."""
    for name in ("ann", "bob"):
        town.rules(name, "", "|test -e ready || exit 111", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    old, (clean,) = town.daemon, town.daemons()["qmail-clean"]
    town.until(lambda: is_locked(town.place.path("queue/intd")), "its first order")
    os.kill(clean, signal.SIGSTOP)
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    old.wait("^delivery [0-9]*: deferral", count=2)
    os.kill(old.pid, signal.SIGKILL)
    old.process.wait(20)
    with open_folder(town.place.path("queue/info")) as info:
        town.until(lambda: process.session_members(old.pid) == [clean], "the others to end")
        fcntl.flock(info, fcntl.LOCK_EX)
        town.open()
        town.daemon.wait("^alert: waiting for an older qmail-todo to end")
        town.daemon.wait("^alert: waiting for an older qmail-clean to end")
        os.kill(clean, signal.SIGCONT)
        town.until(lambda: not process.session_members(old.pid), "the old one to end")
    for name in ("ann", "bob"):
        make_ready(town, name)
    try_until(town, town.is_empty, "the message to leave")
    assert len(town.mail("ann")) == len(town.mail("bob")) == 1
    old.kill()


def test_removal_does_not_stay_far_behind(town):
    """While qmail-clean stands still what is delivered and not removed is
    bounded: after a crash it would come twice, and it needs memory."""
    town.rules("ann", "", COUNT)
    town.open()
    (clean,), (lspawn,) = (town.daemons()["qmail-" + name] for name in ("clean", "lspawn"))
    os.kill(clean, signal.SIGSTOP)
    os.kill(lspawn, signal.SIGSTOP)
    for _ in range(280):
        town.send("", "ann@here.example")
    town.daemon.wait("^new msg ", count=280)
    os.kill(lspawn, signal.SIGCONT)
    town.daemon.wait("^delivery .*: success", count=200)
    town.until(lambda: town.daemon.lines[-1].startswith("status: local 0/"), "deliveries to end")
    assert count(town, "ann") <= 200 + 2 * 10  # deliveries, and passes
    os.kill(clean, signal.SIGCONT)
    town.wait_empty()
    assert count(town, "ann") == 280


def is_locked(path):
    with open_folder(path) as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


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
        daemon = town.start("./%s/" % towns.MAIL_FOLDER)
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


def test_a_death_is_no_term(town):
    """One TERM after it is the first, which what runs is waited for."""
    town.rules("ann", "", "|echo x >> began; until test -e go; do sleep 0.05; done")
    town.open()
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: count(town, "ann", "began"), "the delivery to begin")
    town.signal("qmail-rcptd", signal.SIGKILL)
    town.daemon.wait("lost qmail-rcptd")
    time.sleep(1.1)  # a TERM so long after the first is the second
    os.kill(town.daemon.pid, signal.SIGTERM)
    with open(town.home("ann") + "/go", "w"):
        pass
    assert town.daemon.process.wait(60) == 0
    town.daemon.wait("^delivery 1: success")


@pytest.mark.parametrize("stop_time", [None, "0"])
@pytest.mark.parametrize("rule", ["echo $EXT >> got", "echo $EXT >> got; echo no; exit 100"], ids=["success", "failure"])
@pytest.mark.parametrize("stops_before", [False, True])
def test_nothing_comes_twice_without_qmail_clean(town, rule, stops_before, stop_time):
    """Messages that went straight, and were done before it died, or after."""
    if stop_time and not stops_before:
        pytest.skip("nothing is waited for")
    if stop_time:
        town.place.write(town.place.path("control/stoptime"), stop_time + "\n")
    town.rules("ann", "-default", "|%s%s" % ("" if stops_before else "echo x >> began; until test -e go; do sleep 0.05; done; ", rule))
    town.rules("bob", "", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    if stops_before:
        town.signal("qmail-clean", signal.SIGSTOP)
    names = ["s%d" % number for number in range(20)]
    for name in names:
        town.send("bob@here.example", "ann-%s@here.example" % name)
    town.send("bob@here.example", "ann-f1@here.example", "ann-f2@here.example")
    if stops_before:
        word = ": failure" if "exit" in rule else ": success"
        process.until(lambda: sum(word in line for line in town.daemon.lines) >= 22, "all")
        if "exit" in rule:
            process.until(lambda: sum(line.startswith("bounce msg") for line in town.daemon.lines) == 21, "the bounces")
    else:
        process.until(lambda: count(town, "ann", "began") >= 10, "deliveries to begin")
    town.signal("qmail-clean", signal.SIGKILL)
    if not stops_before:
        town.daemon.wait("lost qmail-clean")
        with open(town.home("ann") + "/go", "w"):
            pass
    assert town.daemon.process.wait(60) == 0
    town.daemon.kill()
    town.open()
    town.wait_empty()
    with open(town.home("ann") + "/got") as source:
        assert sorted(source.read().split()) == sorted([*names, "f1", "f2"])
    if "exit" in rule:
        bounces = [text.count("<ann-%s@here.example>:" % name) for name in names for text in town.mail("bob")]
        assert sum(bounces) == len(names)


def test_what_is_done_is_kept_when_there_is_place(town):
    """qmail-clean is dead, and the files that say what is done cannot be made just now."""
    town.rules("ann", "-default", "|echo $EXT >> got")
    town.open()
    town.signal("qmail-clean", signal.SIGSTOP)
    for number in range(5):
        town.send("bob@here.example", "ann-%d@here.example" % number)
    process.until(lambda: sum(": success" in line for line in town.daemon.lines) == 5, "the deliveries")
    info = town.place.path("queue/info")
    folders = [os.path.join(info, name) for name in os.listdir(info)]
    for folder in folders:
        os.chmod(folder, 0)
    town.signal("qmail-clean", signal.SIGKILL)
    town.daemon.wait("warning: unable to .* todo/")
    for folder in folders:
        os.chmod(folder, 0o700)
    assert town.daemon.process.wait(60) == 0
    town.daemon.kill()
    town.open()
    town.wait_empty()
    with open(town.home("ann") + "/got") as source:
        assert sorted(source.read().split()) == list("01234")


def test_failures_are_recorded_together(town):
    """Far fewer syncs than failures: what ends while one is under way, which
    is made to last, shares the next."""
    if faults.missing():
        pytest.skip(faults.missing())
    trace = town.place.base + "/trace"
    town.daemon = town.start_traced(None, ["-o", trace, "-e", "trace=fsync",
                                           "-e", "inject=fsync:delay_enter=50000"])
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


def test_many_texts_are_gone(town):
    """The postmaster hears of each; the scribe has no more processes for that at
    once than it may, and none of them stays."""
    town.rules("alias", "-postmaster", "./%s/" % towns.MAIL_FOLDER)
    gate, program = town.place.base + "/gate", town.place.base + "/slow-queue"
    os.mkfifo(gate)
    os.chmod(gate, 0o644)
    town.place.write(program, "#!/bin/sh\ncat %s\nexec %s\n"
                     % (gate, town.place.program("qmail-queue")), mode=0o755)
    old = time.time() - 37 * 3600
    for number in range(int(old * 1000000), int(old * 1000000) + 300):
        town.place.queue_put("info", number, "Fbob@here.example\0", old)
        town.place.queue_put("local", number, "Tann@here.example\0", old)
    with open(gate, "r+b", buffering=0):
        town.open(env={"QMAILQUEUE": program})
        town.daemon.wait(" is gone; it cannot be delivered", count=300)
        town.until(lambda: len(town.daemons().get("cat", ())) >= 200, "those that queue notices")
        town.send("x@there.example", "ann@here.example")
        town.letter("ann", "a letter")
        assert len(town.daemons()["cat"]) == 200
        os.rename(gate, gate + ".old")
        town.place.write(gate, "")
    town.until(lambda: len(town.mail("alias")) == 300, "all notices", 60)
    town.until(lambda: len(pids_of_send(town)) == 2, "the workers to be collected")


def test_files_that_outlived_their_message(town):
    """All was done, and a kill left the last files: nobody is told of a loss."""
    town.rules("alias", "-postmaster", COUNT)
    old = time.time() - 37 * 3600
    number = int(old * 1000000)
    put = town.place.queue_put
    put("info", number, "Fbob@here.example\0", old)
    put("local", number, "Dann@here.example\0", old)
    put("info", number + 1, "Fbob@here.example\0", old)
    town.open()
    town.wait_empty()
    assert " is gone; it cannot be delivered" not in town.daemon.log()


def test_parking_fails_while_its_hop_gets_room(town):
    """A message that is examined because nothing was known of it any more comes
    again, and is then like any other: it is tried until it is delivered."""
    far = town.home("bob") + "/far"
    remote = town.place.base + "/remote"
    town.place.write(remote, """#!/bin/sh
until test -e %s; do sleep 0.05; done
test "$3" = first@there.example || test -e %s/fine || { printf 'r\\0Zlater\\n\\0'; exit; }
printf 'r\\0Kfine\\n\\0'
""" % (far, town.home("bob")), mode=0o755)
    town.place.write(town.place.path("control/concurrencyhost"), "1\n")
    town.open(env={"QMAILREMOTE": remote})
    folder = town.place.path("queue/remote")
    parts = [os.path.join(folder, part) for part in os.listdir(folder)]
    for part in parts:
        os.chown(part, 0, 0)
    town.send("x@here.example", "first@there.example")
    town.daemon.wait("^starting delivery 1: ")
    town.send("x@here.example", "second@there.example")
    town.daemon.wait("^warning: unable to write the files of todo/")
    uid, gid = town.place.ids("qmails")
    town.place.write(far, "")
    town.daemon.wait("^delivery 1: success")
    for part in parts:
        os.chown(part, uid, gid)
    town.daemon.wait("^delivery [0-9]*: deferral: later")
    town.place.write(town.home("bob") + "/fine", "")
    try_until(town, town.is_empty, "the second to leave")


def test_a_file_is_lost_while_the_other_channel_is_at_work(town):
    """It is made again when that has ended, and its recipients get the message."""
    remote = town.place.base + "/remote"
    town.place.write(remote, """#!/bin/sh
test -e %s/fine || { printf 'Zlater\\n\\0'; exit; }
printf 'r\\0Kfine\\n\\0'
""" % town.home("bob"), mode=0o755)
    town.rules("ann", "", HANG)
    town.open(env={"QMAILREMOTE": remote})
    town.send("x@there.example", "ann@here.example", "far@there.example")
    town.daemon.wait("^delivery [0-9]*: deferral: later")
    process.until(lambda: count(town, "ann", "began"), "the other delivery to begin")
    (_, path), = town.place.queue_files()["remote"].items()
    os.unlink(path)
    town.place.write(town.home("bob") + "/fine", "")
    town.signal("qmail-send", signal.SIGALRM)
    town.daemon.wait("^warning: damaged: remote/|^delivery [0-9]*: success: fine")
    make_ready(town, "ann")
    town.daemon.wait("^delivery [0-9]*: success: fine")
    town.wait_empty()


def test_a_file_is_lost_while_its_message_waits(town):
    """Nobody says that its recipients are done: it is made again."""
    town.rules("ann", "", "|test -e ready || exit 111; echo x >> count")
    town.open()
    town.send("x@there.example", "ann@here.example")
    town.daemon.wait("^delivery [0-9]*: deferral: ")
    process.until(lambda: town.place.queue_files()["local"], "its file to be made")
    town.until(lambda: not town.place.queue_files()["todo"], "it to wait")
    (_, path), = town.place.queue_files()["local"].items()
    os.unlink(path)
    make_ready(town, "ann")
    try_until(town, town.is_empty, "it to be delivered")
    assert count(town, "ann") == 1


def test_due_again_while_waiting_for_a_hop(town):
    """However often its time comes meanwhile: when there is room for it at last,
    a message is tried once, and then waits as others do."""
    far = town.home("bob") + "/far"
    remote = town.place.base + "/remote"
    town.place.write(remote, """#!/bin/sh
test "$3" = last@there.example && printf 'r\\0Kfine\\n\\0' && exit
until test -e %s; do sleep 0.05; done
printf 'r\\0Zlater\\n\\0'
""" % far, mode=0o755)
    town.place.write(town.place.path("control/concurrencyhost"), "1\n")
    town.open(env={"QMAILREMOTE": remote})
    town.send("x@here.example", "first@there.example")
    town.daemon.wait("^starting delivery 1: ")
    for name in ("second", "third"):
        town.send("x@here.example", name + "@there.example", "ann@here.example")
    process.until(lambda: len(town.mail("ann")) == 2, "the files to be made")
    for _ in range(5):
        town.signal("qmail-send", signal.SIGALRM)
        before = len(town.mail("bob"))
        town.send("x@here.example", "bob@here.example")
        town.until(lambda: len(town.mail("bob")) > before, "a turn of the loop")
    town.place.write(far, "")
    town.daemon.wait("^delivery [0-9]*: deferral: later", count=3)
    town.send("x@here.example", "last@there.example")
    town.daemon.wait("^delivery [0-9]*: success: fine")
    starts = [line for line in town.daemon.lines if line.startswith("starting delivery ")]
    assert sum("second@" in line for line in starts) == 1
    assert sum("third@" in line for line in starts) == 1


def test_the_queue_is_full_of_failures(town, lock_folders):
    """A failure that cannot be written down is kept, not tried again; and when
    it can be, it is."""
    town.rules("ann", "", "|echo x >> count; exit 100")
    town.rules("bob", "", "|test -e ready || exit 111; cat > got")
    town.open()
    undo = lock_folders("bounce", 0o500)
    town.send("x@here.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: unable to append to bounce/", count=2)
    undo()
    process.until(lambda: town.place.queue_files()["bounce"], "the failure to be written down")
    os.kill(town.daemon.pid, signal.SIGALRM)
    assert count(town, "ann") == 1


def pids_of_send(town):
    """qmail-send and its scribe."""
    return town.daemons()["qmail-send"]


def count_lines(town, pattern):
    return len([line for line in town.daemon.lines if re.search(pattern, line)])


def two_fail(town, **more):
    """A message with two recipients that fail: it has files, and bounces."""
    town.rules("ann", "", "|echo x >> count; echo no; exit 100")
    town.open(**more)
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")


def test_no_new_pass_while_marks_fail(town):
    """Who cannot write down what is done does not do more of it."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.daemon = town.start_traced("pwrite64:error=EIO")
    town.daemon.wait("^status: local")
    for n in range(UNMARKED):
        town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^delivery .*: success", count=2 * UNMARKED)
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^new msg", count=UNMARKED + 1)
    town.send("x@there.example", "bob@here.example", subject="straight")
    town.letter("bob", "straight")
    assert count_lines(town, "^starting delivery") == 2 * UNMARKED + 1


@pytest.mark.parametrize("nth", range(1, 7))
def test_killed_at_a_removal(town, nth):
    """At each unlink of each daemon: the message is finished, and stays so."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", COUNT)
    town.rules("bob", "", COUNT)
    town.daemon = town.start_traced("unlink:signal=KILL:when=%d" % nth)
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    process.until(lambda: town.daemon.has_ended or town.is_empty(), "the kill")
    town.daemon.kill()
    town.open()
    town.wait_empty()
    assert count(town, "ann") == 1 and count(town, "bob") == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_file_cannot_be_removed(town, nth):
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", COUNT)
    town.rules("bob", "", COUNT)
    town.daemon = town.start_traced("unlink:error=EIO:when=%d" % nth)
    town.daemon.wait("^status: local")
    town.send("x@there.example", "ann@here.example", "bob@here.example")
    town.wait_empty()
    town.daemon.wait("^end msg")
    assert count(town, "ann") == 1 and count(town, "bob") == 1
    assert count_lines(town, "^end msg") == 1


def test_bounce_is_queued_once(town):
    """Everything dies between the bounce and the removal of the message."""
    two_fail(town)
    town.signal("qmail-clean", signal.SIGSTOP)
    town.daemon.wait("^bounce msg")
    town.daemon.kill()
    town.open()
    town.wait_empty()
    assert len({re.search(r"\(qmail \d+ invoked for bounce\)", text)[0]
                for text in town.mail("bob")}) == 1


def test_text_of_the_bounce_stays(town, lock_folders):
    """It cannot be removed when the bounce is queued: info tells."""
    town.rules("bob", "-wait", HANG + "; exit 100")
    town.rules("ann", "", "|echo no; exit 100")
    town.open()
    town.send("bob@here.example", "ann@here.example", "bob-wait@here.example")
    process.until(lambda: town.place.queue_files()["bounce"], "the first failure")
    process.until(lambda: count(town, "bob", "began"), "the other to begin")
    undo = lock_folders("bounce", 0o755)
    make_ready(town, "bob")
    town.daemon.wait("^bounce msg")
    town.daemon.wait("^warning: unable to unlink bounce/")
    # The bounce itself is delivered, and gone: the kill does not double it.
    process.until(lambda: not town.place.queue_files()["mess"], "both to go")
    town.daemon.kill()
    town.open()
    town.daemon.wait("^warning: unable to unlink bounce/")
    undo()
    town.wait_empty()
    assert len(town.mail("bob")) == 1


def test_cannot_tell_whether_it_bounces(town, lock_folders):
    """A message is not removed on the word of a call that failed."""
    town.rules("ann", "", "|echo no; exit 100")
    town.rules("bob", "-wait", HANG)
    town.open()
    town.send("bob@here.example", "ann@here.example", "bob-wait@here.example")
    process.until(lambda: town.place.queue_files()["bounce"], "the failure to be noted")
    undo = lock_folders("bounce", 0)
    make_ready(town, "bob")
    town.daemon.wait("^warning: trouble looking for bounce/")
    undo()
    town.letter("bob", "failure notice", "<ann@here.example>:")
    town.wait_empty()


def test_half_an_append_is_taken_back(town):
    """The sync of the failures fails: they are written again, once."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", "|echo no; exit 100")
    town.daemon = town.start_traced("fsync:error=EIO:when=1")
    town.daemon.wait("^status: local")
    town.send("zoe@here.example", "ann@here.example", "no-one@here.example")
    town.daemon.wait("^warning: unable to append to bounce/")
    process.until(lambda: town.place.queue_files()["bounce"], "the second try")
    (_, path), = town.place.queue_files()["bounce"].items()

    def text():
        try:
            with open(path) as source:
                return source.read()
        except FileNotFoundError:
            return ""
    process.until(lambda: "<no-one@" in text() and "<ann@" in text(), "both failures")
    assert text().count("<ann@here.example>:") == text().count("<no-one@here.example>:") == 1


def test_folders_of_bounces_and_marks_are_synced(town):
    """control/syncfolders is for them, too."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.place.write(town.place.path("control/syncfolders"), "")
    trace = town.place.base + "/trace"
    town.rules("ann", "", "|echo no; exit 100")
    town.daemon = town.start_traced(None, ["-y", "-o", trace, "-e", "trace=fsync"])
    town.daemon.wait("^status: local")
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.letter("bob", "failure notice")
    town.place.write(town.place.path("control/smtproutes"), ":127.0.0.9:1\n")
    town.send("x@here.example", "bob@here.example", "joe@there.example")
    town.until(lambda: any(town.place.queue_files()["remote"]) and
               not any(town.place.queue_files()["local"]), "one channel to be finished")
    town.daemon.kill()
    for folder in ("bounce", "info"):
        assert re.search(r"fsync\(\d+<[^>]*/queue/%s/\d+>" % folder, read(trace).decode())


def test_the_scribe_ends_with_its_master_alone(town):
    """TERM, HUP and ALRM to all of a service are for qmail-send."""
    two_fail(town)
    town.letter("bob", "failure notice")
    scribe, = [pid for pid in pids_of_send(town) if pid != town.daemon.pid]
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        os.kill(scribe, number)
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    process.until(lambda: len(town.mail("bob")) == 2, "another bounce")


def test_only_one_of_it(town):
    town.open()
    second = town.start("./Mailbox")
    second.wait("^alert: cannot start: qmail-send is already running")
    assert second.process.wait(15) == 111


def test_a_message_that_is_still_being_queued(town):
    """Its name is in todo, but its writer has not promised anything yet."""
    number = int(time.time() * 1000000)
    town.place.queue_put("mess", number, "Subject: early\n\nhello\n")
    town.place.queue_put("intd", number, b"u0\0p1\0Fbob@here.example\0Tann@here.example\0\0")
    intd = town.place.queue_files()["intd"][number]
    os.link(intd, intd.replace("/intd/", "/todo/"))
    with open(town.place.queue_files()["mess"][number], "rb") as mess:
        fcntl.flock(mess, fcntl.LOCK_EX)
        town.open()
        town.send("x@there.example", "bob@here.example")
        town.letter("bob", "a letter")
        assert count_lines(town, "^new msg %d" % number) == 0
    town.letter("ann", "early")
    town.wait_empty()


def test_failures_stay_with_the_log(town):
    """No more of them wait for the disk than there are slots."""
    town.place.write(town.place.path("control/concurrencylocal"), "1\n")
    town.open()
    scribe, = [pid for pid in pids_of_send(town) if pid != town.daemon.pid]
    os.kill(scribe, signal.SIGSTOP)
    town.send("x@there.example", *["no-%d@here.example" % n for n in range(5)])
    town.daemon.wait("^delivery 1: failure")
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert count_lines(town, "^starting delivery .* to local no-") == 1
    os.kill(scribe, signal.SIGCONT)
    town.daemon.wait("^starting delivery .* to local no-4")


def put_in_todo(town, number, recipient):
    town.place.queue_put("mess", number, "Subject: backlog\n\nhello\n")
    town.place.queue_put("todo", number, b"u0\0p1\0Fx@there.example\0T%s\0\0" % recipient.encode())


def test_new_mail_beside_a_backlog(town):
    """What lies in todo at a start and what comes are sorted in turn."""
    first = int(time.time() * 1000000) - 10 ** 9
    for n in range(4000):
        put_in_todo(town, first + n, "@here.example")
    town.open()
    town.daemon.wait("^new msg")
    town.signal("qmail-todo", signal.SIGSTOP)
    town.send("x@there.example", "bob@here.example")
    town.signal("qmail-todo", signal.SIGCONT)
    town.wait_empty(60)
    town.daemon.wait("^new msg", count=4001)
    numbers = [int(line.split()[-1]) for line in town.daemon.lines if line.startswith("new msg")]
    assert numbers.index(max(numbers)) < len(numbers) - 1


def test_looked_at_twice(town):
    """A message that waits is in one place, however often it is looked at."""
    town.place.write(town.place.path("control/concurrencyremote"), "0\n")
    town.rules("ann", "", "|echo x >> count; exit 111")
    town.open()
    town.send("x@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral")
    town.until(lambda: town.place.queue_files()["local"] and not town.place.queue_files()["todo"],
               "it to wait")
    (number, intd), = town.place.queue_files()["intd"].items()
    for _ in range(3):
        # What is parked has qmail-todo told, before, which files are gone.
        town.send("x@there.example", "far@there.example")
        town.until(lambda: not town.place.queue_files()["todo"], "the other to be parked")
        os.link(intd, intd.replace("/intd/", "/todo/"))
        with open(town.place.path("queue/lock/trigger"), "w") as trigger:
            trigger.write("look\n")
        town.until(lambda: number not in town.place.queue_files()["todo"], "it to be looked at")
    town.signal("qmail-send", signal.SIGALRM)
    town.daemon.wait("^delivery 2: deferral")
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert count(town, "ann") == 2


def test_half_made_files_go(town, lock_folders):
    town.open()
    undo = lock_folders("remote", 0o755)
    town.send("x@there.example", "ann@here.example", "far@there.example")
    town.daemon.wait("^warning: unable to write the files of todo/")
    assert not town.place.queue_files()["local"]
    undo()
    town.letter("ann", "a letter")


def test_a_report_of_the_other_channel(town):
    """A spawner can end its own deliveries alone."""
    real, ready = town.place.program("qmail-lspawn"), town.place.base + "/speak"
    if os.path.exists(ready):
        os.unlink(ready)
    os.rename(real, real + ".real")
    try:
        with open(real, "w") as out:
            out.write("#!/usr/bin/python3\nimport os, socket, time\n"
                      "s = socket.socket(fileno=0)\n"
                      "while not os.path.exists(%r): time.sleep(0.01)\n"
                      "s.send(b'N1\\0Kfine\\0')\ns.recv(65536)\n" % ready)
        os.chmod(real, 0o755)
        remote = town.place.base + "/remote"
        town.place.write(remote, "#!/bin/sh\nexec sleep 60\n", mode=0o755)
        town.open(env={"QMAILREMOTE": remote})
        town.send("x@here.example", "far@there.example")
        town.daemon.wait("^starting delivery 1: .* remote ")
        town.place.write(ready, "")
        town.daemon.wait("^warning: internal error: delivery report out of range")
        assert count_lines(town, "^delivery 1:") == 0
    finally:
        town.daemon.kill()
        os.rename(real + ".real", real)


def test_the_mark_of_a_finished_channel_is_lost(town):
    """A power cut may leave zeros in its place, until it is synced: who was done
    long ago does not get the message again for that."""
    done, ready = (town.home("bob") + "/" + name for name in ("done", "ready"))
    remote = town.place.base + "/remote"
    town.place.write(remote, """#!/bin/sh
echo "$3" >> %s
test "$3" = now@there.example || test -e %s || { printf 'r\\0Zlater\\n\\0'; exit; }
printf 'r\\0Kfine\\n\\0'
""" % (done, ready), mode=0o755)
    town.place.write(done, "", "qmailr")
    town.rules("ann", "", "|test -e ready || exit 111", "./%s/" % towns.MAIL_FOLDER)
    town.open(env={"QMAILREMOTE": remote})
    town.send("x@here.example", "ann@here.example", "now@there.example", "later@far.example")
    town.daemon.wait("^delivery [0-9]*: (success|deferral)", count=3)
    scribe, = [pid for pid in pids_of_send(town) if pid != town.daemon.pid]
    os.kill(scribe, signal.SIGSTOP)
    make_ready(town, "ann")
    try_until(town, lambda: town.mail("ann"), "ann's copy")
    (path,) = town.place.queue_files()["info"].values()
    sender = b"Fx@here.example\0"
    mark = town.until(lambda: read(path)[len(sender):], "the mark")
    town.daemon.kill()
    assert town.place.queue_files()["local"]
    with open(path, "r+b") as info:
        info.seek(len(sender))
        info.write(bytes(len(mark)))
    make_ready(town, "bob")
    town.open(env={"QMAILREMOTE": remote})
    town.wait_empty()
    assert len(town.mail("ann")) == 1
    assert read(done).count(b"now@") == 1


@pytest.mark.parametrize("syncs", [True, False])
def test_the_file_of_a_finished_channel(town, syncs):
    """It goes when the mark is on the disk, and not before the message if it
    cannot get there; the message waits for nothing of that."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "-later", "|test -e ready || exit 111")
    town.place.write(town.place.path("control/smtproutes"), ":127.0.0.9:1\n")
    town.open()
    scribe, = [pid for pid in pids_of_send(town) if pid != town.daemon.pid]
    log = town.place.base + "/scribe-trace"
    town.begin(["strace", "-qq", "-y", "-e", "trace=fsync", "-o", log, "-p", str(scribe),
                *(() if syncs else ("--inject=fsync:error=EIO",))])
    town.until(lambda: "TracerPid:\t0" not in read("/proc/%d/status" % scribe).decode(), "strace")
    town.send("x@here.example", "ann@here.example", "joe@there.example")
    town.daemon.wait("^delivery [0-9]*: (success|deferral)", count=2)
    town.until(lambda: b"/info/" in read(log), "the sync of the mark")
    files = town.place.queue_files
    if syncs:
        town.until(lambda: not files()["local"], "the file to go")
    else:
        town.send("x@here.example", "ann@here.example")
        town.until(lambda: len(town.mail("ann")) == 2, "another message")
        assert files()["local"]
    assert files()["info"] and files()["remote"]


def read(path):
    with open(path, "rb") as source:
        return source.read()


def test_moved_to_the_other_channel_while_it_was_tried(town):
    """A message that was remote when it was sorted is local when its files are
    made: it waits with its files, and nothing of it looks damaged."""
    remote = town.place.base + "/remote"
    town.place.write(remote, """#!/bin/sh
until test -e %s; do sleep 0.05; done
printf 'r\\0Zlater\\n\\0'
""" % (town.home("bob") + "/ready"), mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    town.send("x@here.example", "ann@there.example")
    town.daemon.wait("^starting delivery 1: .* to remote ann@there.example")
    town.place.control(locals="here.example\nthere.example\n")
    town.signal("qmail-send", signal.SIGHUP)
    make_ready(town, "bob")
    town.daemon.wait("^delivery 1: deferral: later")
    town.until(lambda: any(town.place.queue_files()["local"]), "its files to be made")
    try_until(town, town.is_empty, "the message to leave")
    assert len(town.mail("ann")) == 1
    assert not [line for line in town.daemon.lines if line.startswith(("warning", "alert"))]


def test_damaged_before_it_could_leave_todo(town):
    """qmail-todo has seen it already, and is to look at it again."""
    if faults.missing():
        pytest.skip(faults.missing())
    for name in "ann", "bob":
        town.rules(name, "", "|test -e ready || exit 111", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    clean, = town.daemons()["qmail-clean"]
    tracer = town.begin(["strace", "-qq", "-e", "trace=unlink", "-o", "/dev/null",
                         "--inject=unlink:error=EIO", "-p", str(clean)])
    town.until(lambda: "TracerPid:\t0" not in read("/proc/%d/status" % clean).decode(), "strace")
    town.send("x@here.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^warning: qmail-clean unable to clean up todo/")
    town.daemon.wait("^delivery [0-9]*: deferral", count=2)
    path, = town.place.queue_files()["local"].values()
    os.truncate(path, os.path.getsize(path) - 5)
    try_until(town, lambda: [line for line in town.daemon.lines if "damaged: local/" in line],
              "the damage to be seen")
    os.kill(tracer.pid, signal.SIGINT)
    tracer.process.wait(20)
    for name in "ann", "bob":
        make_ready(town, name)
    try_until(town, town.is_empty, "the message to leave")
    assert len(town.mail("ann")) == len(town.mail("bob")) == 1


def test_routes_that_cannot_be_read_are_told_of_once(town):
    """However often they are looked at; and again if they could be read since."""
    def deliver():
        letters = len(town.mail("ann"))
        town.send("x@there.example", "ann@here.example")
        town.until(lambda: len(town.mail("ann")) > letters, "a letter")

    def told():
        return [line for line in town.daemon.lines
                if line == "alert: unable to read control/smtproutes"]
    town.rules("ann", "", "|sleep 1.1", "./%s/" % towns.MAIL_FOLDER)
    routes = town.place.path("control/smtproutes")
    town.place.write(routes, ":127.0.0.1\n", mode=0o600)
    town.open()
    for _ in range(3):
        deliver()
    town.until(told, "the alert")
    assert len(told()) == 1
    os.chmod(routes, 0o644)
    town.place.write(routes, ":127.0.0.2\n")
    deliver()
    os.chmod(routes, 0o600)  # before it changes, which is when it is looked at
    town.place.write(routes, ":127.0.0.1 \n", mode=0o600)
    deliver()
    deliver()
    town.until(lambda: len(told()) > 1, "the next alert")
    deliver()
    assert len(told()) == 2


def test_an_old_message_without_envelope(town):
    """As another system left it: its text is there, so it is mail."""
    old = time.time() - 40 * 3600
    number = int(old * 1000000)
    put = town.place.queue_put
    put("mess", number, "Subject: very old\n\nhello\n", old)
    put("info", number, "Fbob@here.example\0", old)
    put("local", number, "Tann@here.example\0", old)
    young = int((time.time() - 60) * 1000000)
    put("intd", young, b"u0\0p1\0Fbob@here.example\0Tann@here.example\0\0")
    intd = town.place.queue_files()["intd"][young]
    os.link(intd, intd.replace("/intd/", "/todo/"))
    town.open()
    town.letter("ann", "very old")
    process.until(lambda: number not in town.place.queue_files()["mess"], "it to go")
    town.daemon.wait("^warning: unable to stat mess/")
    assert young in town.place.queue_files()["todo"]


@pytest.mark.parametrize("info, local", [(bytes(17), b""), (b"Fbob@here.example\0", bytes(20))])
def test_zeros_are_left_of_a_message(town, info, local):
    """Its last files, which were never synced, as a power cut leaves them when it
    was finished: told once, for nothing makes them better, and nobody waits."""
    number = int((time.time() - 60) * 1000000)
    town.place.queue_put("info", number, info)
    town.place.queue_put("local", number, local)
    town.open()
    town.daemon.wait("^warning: damaged: info/.*%d; there is no envelope" % number)
    town.send("x@there.example", "ann@here.example")
    town.letter("ann", "a letter")
    town.daemon.stop()  # which tries all again at once
    assert len([line for line in town.daemon.lines if str(number) in line]) == 1
    assert number in town.place.queue_files()["info"]


def test_found_while_it_is_to_be_read_again(town):
    """Its envelope comes to light, and it is tried, before its file, which could
    not be read, is looked at again: it waits once.  Another tells when that is."""
    town.rules("ann", "", "|echo x >> count; exit 111")
    old = time.time() - 3600
    number = int(old * 1000000)
    for one in (number, number + 1):
        town.place.queue_put("mess", one, "Subject: x\n\nhello\n", old)
        town.place.queue_put("info", one, "Fbob@here.example\0", old)
        town.place.queue_put("local", one, "Tann@here.example\0", old)
        os.chmod(town.place.queue_path("info", one), 0)
    town.open()
    warning = "^warning: unable to read info/.*%d;" % (number + 1)
    town.daemon.wait(warning, count=3)
    os.chmod(town.place.queue_path("info", number), 0o600)
    town.place.queue_put("intd", number, b"u0\0p1\0Fbob@here.example\0Tann@here.example\0\0")
    intd = town.place.queue_path("intd", number)
    os.link(intd, intd.replace("/intd/", "/todo/"))
    with open(town.place.path("queue/lock/trigger"), "w") as trigger:
        trigger.write("look\n")
    town.daemon.wait("^delivery 1: deferral")
    seen = sum(bool(re.search(warning, line)) for line in town.daemon.lines)
    town.daemon.wait(warning, 40, count=seen + 1)
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert count(town, "ann") == 1


def test_nobody_reads_the_log(town):
    """The mail goes on without it."""
    reader, writer = os.pipe()
    daemon = process.subprocess.Popen(
        [town.place.program("qmail-start"), "./%s/" % towns.MAIL_FOLDER],
        stdin=process.subprocess.DEVNULL, stdout=writer, cwd="/", start_new_session=True,
        env={"PATH": "/usr/bin:/bin"})
    os.close(writer)
    try:
        os.read(reader, 100)
        os.close(reader)
        for n in range(3):
            town.send("x@there.example", "ann@here.example", subject="letter %d." % n)
        process.until(lambda: len(town.mail("ann")) == 3, "all to arrive")
    finally:
        process.end_session(daemon.pid)
        daemon.wait()


def test_a_terminal_that_stands_still(town):
    """Its writers wait when it is full; qmail-send does not, and who else has
    it open finds it as it was."""
    reader, writer = os.openpty()
    daemon = process.subprocess.Popen(
        [town.place.program("qmail-start"), "./%s/" % towns.MAIL_FOLDER],
        stdin=process.subprocess.DEVNULL, stdout=writer, cwd="/", start_new_session=True,
        env={"PATH": "/usr/bin:/bin"})
    try:
        town.send("x@there.example", *["@here.example"] * 1500)
        town.send("x@there.example", "ann@here.example")
        process.until(lambda: town.mail("ann"), "the mail to go on")
        assert os.get_blocking(writer)
        daemon.terminate()
        assert daemon.wait(15) == 0
    finally:
        process.end_session(daemon.pid)
        daemon.wait()
        os.close(reader)
        os.close(writer)
