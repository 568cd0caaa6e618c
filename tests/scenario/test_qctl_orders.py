"""qmail-qctl: orders that meet other orders, or trouble."""

import contextlib
import os
import signal
import subprocess

import pytest

from scenario.test_qctl import (  # noqa: F401
    got, make_ready, numbers, qctl, send_waiting, waiting)
from support import faults, process, town as towns

# In the place of qmail-queue: waits for a file, another one each time.
SLOW = """#!/bin/sh
cd %s || exit 53
n=1
while ! mkdir began-$n; do n=$((n + 1)); done 2>/dev/null
until test -e go-$n; do sleep 0.1; done
exec %s
"""


@contextlib.contextmanager
def without_queue(town, script=None):
    """Nothing is queued, or by a script that may exec what it is given."""
    program = town.place.program("qmail-queue")
    os.rename(program, program + ".away")
    try:
        if script:
            with open(program, "w") as file:
                file.write(script)
            os.chmod(program, 0o755)
        yield
    finally:
        os.rename(program + ".away", program)


@contextlib.contextmanager
def slow_queue(town, folder):
    os.chmod(folder, 0o777)
    parent = folder.parent
    while parent != parent.parent:
        os.chmod(parent, os.stat(parent).st_mode | 0o011)
        parent = parent.parent
    with without_queue(town, SLOW % (folder, town.place.program("qmail-queue.away"))):
        yield


def begin(town, *words):
    return subprocess.Popen([town.place.program("qmail-qctl"), *words], cwd="/", text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def take_slots(town):
    town.daemon.stop()
    town.place.write(town.place.path("control/concurrencylocal"), "0\n")
    town.open()


def give_slots(town):
    town.place.write(town.place.path("control/concurrencylocal"), "10\n")
    os.kill(town.daemon.pid, signal.SIGHUP)


def test_release_of_what_is_to_go(waiting):
    """It is not delivered because others are released."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    two = send_waiting(town, "bob@here.example", "ann-carl@here.example")
    take_slots(town)
    qctl(town, "delete", one)
    qctl(town, "bounce", two)
    qctl(town, "release", "--all")
    assert sorted(numbers(qctl(town, "list", "--state", "ending").stdout)) == sorted([one, two])
    done = qctl(town, "redirect", one, "ann@here.example", "bob@here.example", code=1)
    assert "has left the queue; nothing was done" in done.stderr
    make_ready(town)
    give_slots(town)
    assert "An administrator has returned the message." in town.letter("bob", "Subject: failure notice")
    town.wait_empty()
    assert not got(town, "") and not got(town, "carl")


def test_the_last_order_counts(waiting):
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example")
    take_slots(town)
    for verb, state in (("bounce", "ending"), ("delete", "ending"), ("hold", "held"), ("delete", "ending")):
        qctl(town, verb, one)
        assert numbers(qctl(town, "list", "--state", state).stdout) == [one]
    give_slots(town)
    town.wait_empty()
    assert not town.mail("bob")


def test_delete_of_what_cannot_bounce(town):
    """It has no files, and its bounce cannot be queued."""
    town.rules("ann", "", "|touch began; until test -e go; do sleep 0.1; done; exit 100")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    process.until(lambda: os.path.exists(town.home("ann") + "/began"), "its try")
    (one,) = numbers(qctl(town, "list").stdout)
    with without_queue(town):
        town.run_as("ann", ["touch", "go"])
        town.daemon.wait("^warning: trouble injecting bounce message")
        assert qctl(town, "delete", "--all").stdout == f"deleted {one}\n1 message deleted\n"
        town.daemon.wait(f"^delete msg {one} by uid 0$")
        town.daemon.wait(f"^deleted: discarding bounce/{one}$")
        town.wait_empty()


@pytest.mark.parametrize("more", [(), ("bob@here.example",)], ids=["without files", "with files"])
def test_now_of_what_cannot_bounce(town, more):
    """Its bounce is tried again at once; else the pause doubles with each time."""
    town.rules("ann", "", "|touch began; until test -e go; do sleep 0.1; done; exit 100")
    town.open()
    town.send("bob@here.example", "ann@here.example", *more)
    process.until(lambda: os.path.exists(town.home("ann") + "/began"), "its try")
    with without_queue(town):
        town.run_as("ann", ["touch", "go"])
        for count in range(1, 9):
            town.daemon.wait("^warning: trouble injecting bounce message", count=count)
            assert qctl(town, "now", "--all").stdout.endswith("\n1 message due\n")
    qctl(town, "now", "--all")
    assert "failure notice" in town.letter("bob", "failure notice")
    town.wait_empty()


def test_hold_amid_a_redirect(waiting, tmp_path):
    """It is not ended by the end of the redirect."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    with slow_queue(town, tmp_path), \
            begin(town, "redirect", one, "ann@here.example", "bob@here.example") as asking:
        town.until((tmp_path / "began-1").exists, "its copy")
        assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
        qctl(town, "hold", one)
        (tmp_path / "go-1").touch()
        assert asking.communicate(timeout=60) == ("redirected\n", "")
    make_ready(town)
    os.kill(town.daemon.pid, towns.ALARM)
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    qctl(town, "release", one)
    town.wait_empty()
    assert got(town, "carl") and not got(town, "")


def test_two_redirects_at_once(waiting, tmp_path):
    """What the first releases the second does not take for held."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    make_ready(town)
    with slow_queue(town, tmp_path), \
            begin(town, "redirect", one, "ann@here.example", "bob@here.example") as first:
        town.until((tmp_path / "began-1").exists, "its copy")
        with begin(town, "redirect", one, "ann-carl@here.example", "bob@here.example") as second:
            town.until(lambda: len(town.daemons()["qmail-qctld"]) > 2, "its client")
            (tmp_path / "go-1").touch()
            assert first.communicate(timeout=60) == ("redirected\n", "")
            town.until(lambda: got(town, "carl") or "held" in qctl(town, "list").stdout, "what follows")
            (tmp_path / "go-2").touch()
            is_copied = second.communicate(timeout=60)[0] == "redirected\n"
    town.wait_empty()
    assert not got(town, "")
    assert got(town, "carl") != is_copied
    assert len(town.mail("bob")) == 1 + is_copied


def test_redirect_that_breaks_off(waiting, tmp_path):
    """The message is held, and can be redirected again."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    with slow_queue(town, tmp_path), \
            begin(town, "redirect", one, "ann@here.example", "bob@here.example") as asking:
        town.until((tmp_path / "began-1").exists, "its copy")
        town.daemon.kill()
        (tmp_path / "go-1").touch()
        assert asking.wait(60) == 111
    make_ready(town)
    town.open()
    os.kill(town.daemon.pid, towns.ALARM)
    town.send("joe@there.example", "ann-other@here.example")
    town.daemon.wait("starting delivery .* to local ann-other@")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    assert not got(town, "") and not town.mail("bob")
    missing = qctl(town, "redirect", one, "ann-carl@here.example", "bob@here.example", code=1)
    assert "has no such recipient" in missing.stderr
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    assert qctl(town, "redirect", one, "ann@here.example", "bob@here.example").stdout == "redirected\n"
    town.wait_empty()
    assert len(town.mail("bob")) == 1 and not got(town, "")


def test_redirect_that_cannot_be_queued(waiting):
    """It is held like others then, and can be redirected again."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    words = ("redirect", one, "ann@here.example", "bob@here.example")
    with without_queue(town):
        assert "no copy could be queued; it is held" in qctl(town, *words, code=1).stderr
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    qctl(town, *words)
    town.wait_empty()
    assert len(town.mail("bob")) == 1



def test_redirect_of_what_ends_meanwhile(town):
    town.rules("ann", "", "|touch began; until test -e go; do sleep 0.1; done; cat > got-$EXT")
    town.rules("ann", "-default", "|cat > got-$EXT")
    town.open()
    town.send("joe@there.example", "ann@here.example", "ann-carl@here.example")
    process.until(lambda: os.path.exists(town.home("ann") + "/began"), "its try")
    (one,) = numbers(qctl(town, "list").stdout)
    with begin(town, "redirect", one, "ann@here.example", "bob@here.example") as asking:
        town.daemon.wait(f"^hold msg {one} ")
        town.run_as("ann", ["touch", "go"])
        assert "held" not in asking.communicate(timeout=60)[1]
        assert asking.returncode == 1
    town.wait_empty()


@contextlib.contextmanager
def fault_in(pid, fault, *options):
    with subprocess.Popen(["strace", "-p", str(pid), "-o", "/dev/null", *options,
                           "-e", "trace=" + fault.split(":")[0], "-e", "inject=" + fault],
                          stderr=subprocess.PIPE, text=True) as tracer:
        try:
            assert "attached" in tracer.stderr.readline()
            yield
        finally:
            tracer.terminate()


def fault_in_send(town, one, fault):
    """In qmail-send alone: qmail-queue needs its own user, which nobody traced has."""
    info = town.place.queue_path("info", int(one))
    return fault_in(town.daemon.pid, fault, "-P", info.split("/queue/")[1], "-P", info)


UNSAFE = "this could not be synced; a power cut may undo it"


def service(town):
    """The process of qmail-qctld that has no client."""
    def find():
        found = town.daemons()["qmail-qctld"]
        return found[0] if len(found) == 1 else None
    return town.until(find, "its clients' processes to end")


def without_sync(town, *when):
    return fault_in(service(town), ":".join(("syncfs:error=EIO", *when)), "-f")


@pytest.mark.parametrize("verb, done", [("hold", "held"), ("delete", "deleted")])
def test_orders_are_synced(waiting, verb, done):
    """Before they are told as obeyed: a power cut would undo them."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    take_slots(town)
    with without_sync(town):
        told = qctl(town, verb, one, code=1)
    assert told.stdout == f"{done} {one}\n1 message {done}\n"
    assert told.stderr == f"qmail-qctl: {one}: {UNSAFE}\n"
    assert qctl(town, verb, one).stderr == ""


def test_one_sync_for_all(waiting):
    """Wherever in the queue they are: on a slow disk each sync is a long wait."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    some = [send_waiting(town, "joe@there.example", "ann@here.example") for _ in range(5)]
    with without_sync(town, "when=1"):
        told = qctl(town, "hold", "--all", code=1)
    assert sorted(told.stderr.splitlines()) == sorted(f"qmail-qctl: {one}: {UNSAFE}" for one in some)


def test_a_redirect_is_synced(waiting):
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    with without_sync(town):
        told = qctl(town, "redirect", one, "ann@here.example", "bob@here.example", code=1)
    assert (told.stdout, told.stderr) == ("redirected\n", f"qmail-qctl: {one}: {UNSAFE}\n")


def test_an_order_is_written_again(waiting):
    """A sync that failed has forgotten what there was to be written."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    qctl(town, "hold", one)
    with fault_in_send(town, one, "pwrite64:error=EIO"):
        assert "its files cannot be used" in qctl(town, "hold", one, code=1).stderr


def test_redirect_whose_end_fails(waiting):
    """It is not called done when the message stays held.  The time of info is
    set twice with the first order, then with the second."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    with fault_in_send(town, one, "utimensat:error=EIO:when=3"):
        done = qctl(town, "redirect", one, "ann@here.example", "bob@here.example", code=1)
    assert done.stdout == ""
    assert done.stderr == f"qmail-qctl: {one}: is redirected, but held now: release it\n"
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    town.letter("bob", "a letter")
    qctl(town, "delete", one)
    town.wait_empty()


def test_an_order_that_cannot_be_read(waiting):
    """What is held is not made anew without that."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    qctl(town, "hold", one)
    town.daemon.stop()
    local = town.place.queue_path("local", int(one))
    os.truncate(local, 5)
    make_ready(town)
    info = town.place.queue_path("info", int(one)).split("/queue/")[1]
    town.daemon = town.start_traced("open,openat:error=EMFILE:when=2", ["-o", "/dev/null", "-P", info])
    town.daemon.wait("^warning: unable to look at the files of todo/")
    town.daemon.kill()
    town.open()
    town.until(lambda: os.path.getsize(local) > 5, "its new files")
    os.kill(town.daemon.pid, towns.ALARM)
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    assert not got(town, "") and not got(town, "carl")


@pytest.mark.parametrize("count", [1001, 20000])
def test_too_many_numbers(town, count):
    town.open()
    done = qctl(town, "hold", *["1795338307000000"] * count, code=100)
    assert "a thousand numbers at most" in done.stderr
    done = qctl(town, "list", "--sender", "x" * 70000, code=100)
    assert "64 kilobytes" in done.stderr


def test_two_redirects_of_what_is_held(waiting, tmp_path):
    """The second is not done before the first has ended, and finds nobody then."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example", "ann-carl@here.example")
    qctl(town, "hold", one)
    words = ("redirect", one, "ann@here.example", "bob@here.example")
    (tmp_path / "go-2").touch()
    with slow_queue(town, tmp_path), begin(town, *words) as first:
        town.until((tmp_path / "began-1").exists, "its copy")
        try:
            assert "is being delivered or redirected" in qctl(town, *words, code=1).stderr
        finally:
            (tmp_path / "go-1").touch()
        assert first.communicate(timeout=60) == ("redirected\n", "")
        assert "has no such recipient" in qctl(town, *words, code=1).stderr
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    town.letter("bob", "a letter")
    assert len(town.mail("bob")) == 1


@pytest.mark.parametrize("verb, state", [("delete", "ending"), ("release", "waiting")])
def test_order_amid_a_redirect_that_fails(waiting, tmp_path, verb, state):
    """The end of the redirect does not take its place."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    take_slots(town)
    broken = SLOW % (tmp_path, "false") + "exit 53\n"
    tmp_path.chmod(0o777)
    with slow_queue(town, tmp_path):
        with open(town.place.program("qmail-queue"), "w") as file:
            file.write(broken)
        with begin(town, "redirect", one, "ann@here.example", "bob@here.example") as asking:
            town.until((tmp_path / "began-1").exists, "its copy")
            qctl(town, verb, one)
            (tmp_path / "go-1").touch()
            said = asking.communicate(timeout=60)[1]
    assert "no copy could be queued" in said and asking.returncode == 1
    assert "it is held" not in said
    assert numbers(qctl(town, "list", "--state", state).stdout) == [one]
    make_ready(town)
    give_slots(town)
    town.wait_empty()
    assert got(town, "") == (verb == "release") and not town.mail("bob")


def test_the_service_ends_amid_a_request(waiting):
    """Who has asked is told so, and does not wait for an answer."""
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann@here.example")
    os.kill(town.daemon.pid, signal.SIGSTOP)
    with begin(town, "hold", one) as asking:
        town.until(lambda: len(town.daemons()["qmail-qctld"]) > 1, "its client")
        os.kill(min(town.daemons()["qmail-qctld"]), signal.SIGKILL)
        said = asking.communicate(timeout=100)[1]
    assert said in ("qmail-qctl: trouble: Connection reset by peer\n",
                    "qmail-qctl: trouble: Broken pipe\n"), said
    assert asking.returncode == 111
    town.daemon.kill()


def test_hold_of_what_only_has_to_bounce(waiting):
    """Nobody is left who could be held, and its bounce goes nevertheless."""
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example")
    town.rules("ann", "", "|exit 100")
    with without_queue(town):
        qctl(town, "now", one)
        town.daemon.wait("^warning: trouble injecting bounce message")
        assert "has left the queue" in qctl(town, "hold", one, code=1).stderr
        assert "has left the queue" in qctl(
            town, "redirect", one, "ann@here.example", "carl@here.example", code=1).stderr
        assert not numbers(qctl(town, "list", "--state", "held").stdout)
    town.letter("bob", "Subject: failure notice")
    town.wait_empty()


def test_hold_of_what_has_lost_a_file(waiting):
    """That file does not tell that all is done."""
    town = waiting
    one = send_waiting(town, "bob@here.example", "ann@here.example", "ann-carl@here.example")
    os.unlink(town.place.queue_path("local", int(one)))
    qctl(town, "hold", one)
    assert numbers(qctl(town, "list", "--state", "held").stdout) == [one]
    make_ready(town)
    qctl(town, "release", one)
    town.wait_empty()
    assert got(town, "") and got(town, "carl")


def is_opening(pid, path):
    """Whether a process is at its call of open."""
    with contextlib.suppress(OSError), open("/proc/%d/syscall" % pid) as call, open("/proc/%d/mem" % pid, "rb") as memory:
        words = call.read().split()
        if words[0] in ("2", "257"):  # open, openat
            memory.seek(int(words[1 + (words[0] == "257")], 16))
            return memory.read(len(path) + 1) == path.encode() + b"\0"
    return False


@pytest.mark.parametrize("folder", ["remote", "bounce"])
@pytest.mark.parametrize("verb", ["delete", "bounce"])
def test_sorted_while_the_queue_is_listed(waiting, verb, folder):
    """Its recipients are seen whole, whichever listings were made before."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    server = service(town)
    town.signal("qmail-todo", signal.SIGSTOP)
    town.send("joe@there.example", "ann-carl@here.example", "x@there.example")
    (number,) = town.place.queue_files()["todo"]
    part = os.path.dirname(town.place.queue_path(folder, number))
    path = part.split("/queue/")[1]
    with contextlib.ExitStack() as tracing:
        tracing.enter_context(fault_in(server, "open,openat:delay_enter=100s", "-f", "-P", path, "-P", part))
        asking = begin(town, verb, "--domain", "there.example")
        try:
            town.until(lambda: any(is_opening(pid, path) for pid in town.daemons()["qmail-qctld"]), "its client")
            town.signal("qmail-todo", signal.SIGCONT)
            town.until(lambda: number in town.place.queue_files()["info"], "it to be sorted")
        finally:
            tracing.close()
            told = asking.communicate(timeout=60)
    assert told[0].startswith("0 messages")
    assert told[1] == f"qmail-qctl: {number}: has other recipients, too, which were not named; nothing was done\n"


@contextlib.contextmanager
def late(town, name):
    """A daemon that begins when the function says so."""
    program, go = town.place.program(name), town.place.base + "/go"
    os.rename(program, program + ".away")
    try:
        with open(program, "w") as script:
            script.write("#!/bin/sh\nuntil test -e %s; do sleep 0.1; done\nexec %s.away\n" % (go, program))
        os.chmod(program, 0o755)
        yield lambda: open(go, "w").close()
    finally:
        os.rename(program + ".away", program)
        with contextlib.suppress(OSError):
            os.unlink(go)


@pytest.mark.parametrize("verb", ["delete", "bounce"])
def test_made_anew_while_the_queue_is_listed(waiting, verb):
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    town.place.control(me="here.example\n", smtproutes=":[127.0.0.1]:9\n")
    one = send_waiting(town, "joe@there.example", "ann-carl@here.example", "x@there.example")
    town.daemon.kill()
    local = town.place.queue_path("local", int(one))
    os.unlink(local)
    part = os.path.dirname(town.place.queue_path("bounce", int(one)))
    path = part.split("/queue/")[1]
    with late(town, "qmail-clean") as go, contextlib.ExitStack() as tracing:
        town.open()
        tracing.enter_context(
            fault_in(service(town), "open,openat:delay_enter=100s", "-f", "-P", path, "-P", part))
        asking = begin(town, verb, "--domain", "there.example")
        try:
            town.until(lambda: any(is_opening(pid, path) for pid in town.daemons()["qmail-qctld"]), "its client")
            go()
            town.until(lambda: os.path.exists(local), "its file")
            town.until(lambda: not town.place.queue_files()["todo"], "its end in todo")
        finally:
            tracing.close()
            told = asking.communicate(timeout=60)
    assert told[0].startswith("0 messages")
    assert told[1] == f"qmail-qctl: {one}: has other recipients, too, which were not named; nothing was done\n"


def test_a_file_that_a_crash_has_lost(waiting):
    """Who is in it comes back when the message is examined: an order waits for that."""
    town = waiting
    town.place.control(me="here.example\n", smtproutes=":[127.0.0.1]:9\n")
    one = send_waiting(town, "joe@there.example", "ann-carl@here.example", "x@there.example")
    town.daemon.kill()
    os.unlink(town.place.queue_path("local", int(one)))
    with late(town, "qmail-todo") as go:
        town.open()
        with begin(town, "delete", "--domain", "there.example") as asking:
            town.until(lambda: len(town.daemons()["qmail-qctld"]) > 1, "its client")
            go()
            told = asking.communicate(timeout=60)
    assert told[0].startswith("0 messages")
    assert told[1] == f"qmail-qctl: {one}: has other recipients, too, which were not named; nothing was done\n"


@pytest.mark.parametrize("verb, done, condition", [
    ("hold", "held", ["--sender", "joe@there.example"]), ("delete", "deleted", ["--sender", "joe@there.example"]),
    ("hold", "held", ["--recipient", "ann-carl@here.example"])])
def test_a_file_that_was_cut(waiting, verb, done, condition):
    """As one that is missing, it is waited for until it is made anew."""
    town = waiting
    town.place.control(me="here.example\n", smtproutes=":[127.0.0.1]:9\n")
    one = send_waiting(town, "joe@there.example", "ann-carl@here.example", "x@there.example")
    town.daemon.kill()
    os.truncate(town.place.queue_path("local", int(one)), 5)
    with late(town, "qmail-todo") as go:
        town.open()
        with begin(town, verb, *condition) as asking:
            town.until(lambda: len(town.daemons()["qmail-qctld"]) > 1, "its client")
            go()
            said, trouble = asking.communicate(timeout=60)
    assert "%s %s\n" % (done, one) in said
    if trouble:  # it had just been made anew, and was tried
        assert verb == "delete" and trouble == "qmail-qctl: %s: is being delivered just now: " \
            "what is under way ends as it does\n" % one


def test_what_is_examined_and_not_meant(waiting):
    """It is looked at again when that is over, and left alone."""
    town = waiting
    town.place.control(me="here.example\n", smtproutes=":[127.0.0.1]:9\n")
    one = send_waiting(town, "joe@there.example", "ann-carl@here.example", "x@there.example")
    two = send_waiting(town, "eve@there.example", "ann-carl@here.example", "x@there.example")
    town.daemon.kill()
    with late(town, "qmail-todo") as go:
        town.open()
        with begin(town, "delete", "--sender", "eve@there.example") as asking:
            town.until(lambda: len(town.daemons()["qmail-qctld"]) > 1, "its client")
            go()
            said, trouble = asking.communicate(timeout=60)
    assert said == "deleted %s\n1 message deleted\n" % two
    if trouble:  # it had just been made anew, and was tried
        assert trouble == "qmail-qctl: %s: is being delivered just now: what is under way ends as it does\n" % two
    assert asking.returncode == (1 if trouble else 0)
    town.until(lambda: numbers(qctl(town, "list").stdout) == [one], "the other to be left alone")


@pytest.mark.parametrize("words, fault, folder, line", [
    (["delete"], "utimensat", "info", "delete msg %s by uid 0"),
    (["redirect", "ann-carl@here.example", "bob@here.example"], "pwrite64", "local",
     "drop msg %s to ann-carl@here.example by uid 0")])
def test_no_order_without_its_line(waiting, words, fault, folder, line):
    """Killed while the order is written: who asked is in the log."""
    if faults.missing():
        pytest.skip(faults.missing())
    town = waiting
    one = send_waiting(town, "joe@there.example", "ann-carl@here.example", "ann@here.example")
    path = town.place.queue_path(folder, int(one))
    with fault_in(town.daemon.pid, fault + ":signal=SIGKILL", "-P", path.split("/queue/")[1], "-P", path):
        done = subprocess.run([town.place.program("qmail-qctl"), words[0], one, *words[1:]], cwd="/", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 111
    town.daemon.process.wait(20)
    town.daemon.kill()
    assert any(line % one in text for text in town.daemon.lines)
