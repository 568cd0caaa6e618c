"""Hostile ways to call qmail-queue: it says no, and leaves nothing behind."""

import os
import resource
import signal
import subprocess
import time

import pytest

from support import process
from support.process import envelope

GOOD = envelope("joe@there.example", "ann@here.example")


def leftovers(town):
    return {kind: files for kind, files in town.place.queue_files().items() if files}


@pytest.mark.parametrize("data, code", [
    (b"", 54),
    (b"\0", 91),
    (b"F", 54),
    (b"Fjoe", 54),
    (b"Fjoe\0", 54),
    (b"Fjoe\0Tann", 54),
    (b"Fjoe\0Tann\0", 54),
    (b"Tann\0\0", 91),
    (b"Fjoe\0Fjim\0\0", 91),
    (b"Fjoe\0Xann\0\0", 91),
    (b"u0\0p1\0Fjoe\0Tann\0\0", 91),
    (b"F" + b"a" * 1003 + b"\0Tann\0\0", 11),
    (b"Fjoe\0T" + b"a" * 1003 + b"\0\0", 11),
    (b"F" + b"a" * 5000000, 11),
    (b"Fjoe\0" + b"Tann\0" * 100000, 54),
], ids=lambda value: None if isinstance(value, int) else repr(value[:20]))
def test_envelopes(town, data, code):
    assert town.queue(data, "hello\n") == code
    assert not leftovers(town)


@pytest.mark.parametrize("data", [
    GOOD, b"F\0\0", b"Fjoe\0\0", b"F" + b"a" * 1002 + b"\0T" + b"b" * 1002 + b"\0\0",
    b"Fjoe\0T\0T\n\0T/../../x\0T\xff\x01\0\0", GOOD + b"what follows\0does not count"],
    ids=lambda value: repr(value[:20]))
def test_good_envelopes(town, data):
    assert town.queue(data, "hello\n") == 0
    files = leftovers(town)
    assert set(files) == {"mess", "intd", "todo"}
    with open(*files["todo"].values(), "rb") as source:
        assert source.read().partition(b"F")[2] in data.partition(b"F")[2]
    for kind, mode in (("mess", 0o644), ("todo", 0o640)):
        info = os.stat(*files[kind].values())
        assert info.st_uid == town.place.ids("qmailq")[0]
        assert info.st_gid == town.place.ids("qmaild")[1]
        assert info.st_mode & 0o777 == mode


def call(town, *words, uid=7002, gid=7002):
    """qmail-queue below sh; its exit code, and that it said nothing."""
    done = subprocess.run(
        ["sh", "-c", words[0], "sh", town.place.program("qmail-queue"), *words[1:]],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        user=uid, group=gid, extra_groups=[], timeout=30)
    assert not done.stdout
    return done.returncode


@pytest.mark.parametrize("user", ["bob", "qmailq"])
@pytest.mark.parametrize("how", [
    '"$1" 0<&- 1<"$2"', '"$1" </dev/null 1<&-', '"$1" 0<&- 1<&-',
    '"$1" 0</ 1<"$2"', '"$1" </dev/null 1</', '"$1" 0>/dev/null 1<"$2"'])
def test_descriptors(town, how, user):
    """Also where the C library does not fill those that are closed, which it
    does for programs that change their ids only."""
    path = town.home("bob") + "/envelope"
    town.place.write(path, GOOD)
    ids = town.place.ids
    uid, gid = (7002, 7002) if user == "bob" else (ids("qmailq")[0], ids("qmaild")[1])
    assert call(town, how, path, uid=uid, gid=gid) == 54
    assert not leftovers(town)


def test_no_descriptor_2(town):
    path = town.home("bob") + "/envelope"
    town.place.write(path, GOOD)
    assert call(town, '"$1" </dev/null 1<"$2" 2<&-', path) == 0


def test_file_size_limit(town):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
    assert town.queue(GOOD, "x" * 20000, preexec_fn=limit) == 53
    assert not leftovers(town)


def test_memory_does_not_grow(town):
    """3 MiB are enough, whatever comes."""
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (3 << 20, 3 << 20))
    assert town.queue(envelope("joe", *["a" * 900] * 5000), "x" * 5000000,
                      preexec_fn=limit) == 0


@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_signal_settings_of_the_caller(town, how):
    """It can still be told to end, and its timer works."""
    def prepare():
        if how == "blocked":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        else:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.alarm(1)
    reader, writer = os.pipe()
    child = subprocess.Popen([town.place.program("qmail-queue")], stdin=reader,
                             stdout=subprocess.DEVNULL, preexec_fn=prepare)
    os.close(reader)
    process.until(lambda: leftovers(town), "it to begin")
    os.kill(child.pid, signal.SIGALRM)
    assert child.wait(10) == 52
    os.close(writer)
    assert not leftovers(town)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGPIPE,
                                    signal.SIGQUIT, signal.SIGXCPU, signal.SIGVTALRM])
def test_signals_that_wait(town, number):
    (text_out, text_in), (address_out, address_in) = os.pipe(), os.pipe()
    child = subprocess.Popen([town.place.program("qmail-queue")], stdin=text_out,
                             stdout=address_out)
    os.close(text_out), os.close(address_out)
    process.until(lambda: leftovers(town), "it to begin")
    os.kill(child.pid, number)
    os.write(text_in, b"hello\n")
    os.close(text_in)
    os.write(address_in, GOOD)
    os.close(address_in)
    assert child.wait(10) == 0
    assert set(leftovers(town)) == {"mess", "intd", "todo"}


def test_killed_in_the_middle(town):
    """What it leaves is not delivered, and kept while it is young."""
    (text_out, text_in) = os.pipe()
    child = subprocess.Popen([town.place.program("qmail-queue")], stdin=text_out,
                             stdout=subprocess.DEVNULL)
    os.close(text_out)
    os.write(text_in, b"hello\n")
    process.until(lambda: leftovers(town), "it to begin")
    child.kill()
    child.wait()
    os.close(text_in)
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.letter("ann", "a letter")
    process.until(lambda: len(leftovers(town).get("mess", ())) == 1, "the other to go")
    assert len(town.mail("ann")) == 1


@pytest.mark.parametrize("folder, code", [("mess", 63), ("intd", 65), ("todo", 66)])
def test_a_folder_is_missing(town, folder, code):
    path = town.place.path("queue/" + folder)
    os.rename(path, path + ".away")
    try:
        assert town.queue(GOOD, "hello\n") == code
    finally:
        os.rename(path + ".away", path)
    assert not leftovers(town)


def test_no_trigger(town):
    path = town.place.path("queue/lock/trigger")
    os.rename(path, path + ".away")
    try:
        assert town.queue(GOOD, "hello\n") == 0
    finally:
        os.rename(path + ".away", path)


def test_environment_and_name(town):
    """Nothing in the environment or in argv[0] matters."""
    hostile = {"PATH": "/nowhere", "TZ": "x" * 5000, "LD_PRELOAD": "/nowhere.so",
               "MALLOC_CHECK_": "3", "IFS": "/"}
    assert town.queue(GOOD, "hello\n", env=hostile) == 0
    path = town.home("bob") + "/envelope"
    town.place.write(path, GOOD)
    with open(path) as addresses, open(path) as text:
        done = subprocess.run(["/../../x"], executable=town.place.program("qmail-queue"),
                              stdin=text, stdout=addresses, timeout=10)
    assert done.returncode == 0


def test_numbers_are_times(town):
    before = int(time.time() * 1000000)
    for _ in range(3):
        town.send("joe@there.example", "ann@here.example")
    numbers = sorted(town.place.queue_files()["todo"])
    assert before <= numbers[0] < numbers[1] < numbers[2] <= time.time() * 1000000


@pytest.mark.parametrize("user, words", [
    ("alias", "by alias"), ("qmaild", "from network"), ("qmails", "for bounce")])
def test_trace_line(town, user, words):
    path = town.place.base + "/envelope"
    town.place.write(path, GOOD)
    with open(path) as addresses, open(path) as text:
        subprocess.run([town.place.program("qmail-queue")], stdin=text, stdout=addresses,
                       check=True, **town.place.as_user(user))
    with open(*town.place.queue_files()["mess"].values()) as source:
        assert " invoked %s); " % words in source.read()
