"""qmail-clean by itself: what it removes, restores and leaves alone."""

import fcntl
import os
import time

import pytest

from support import faults, link

NUMBER = 1795000000000000
HOURS = 3600
ENVELOPE = b"u1\0p2\0Fa@b.example\0Tc@d.example\0\0"
CUT = ENVELOPE[:-1]
LIMIT = 36 * HOURS


@pytest.fixture
def clean(root_place):
    """clean(strace options): a running qmail-clean."""
    root_place.reset()
    running = []

    def begin(*strace):
        running.append(link.Link(root_place, [root_place.program("qmail-clean")], "qmailq", strace))
        return running[-1]

    yield begin
    for one in running:
        one.__exit__()


def put(place, age=0, **files):
    """mess=, intd=, todo=: bytes."""
    when = time.time() - age
    for kind, data in files.items():
        place.queue_put(kind, NUMBER, data, when)


def left(place):
    return {kind for kind, files in place.queue_files().items() if files}


def ask(running, letter, number=NUMBER):
    running.ask(b"%s%d\0" % (letter.encode(), number))
    (answer, told), = link.records(running.hear())
    assert told == str(number)
    return answer


def inode(place, kind):
    return os.stat(place.queue_path(kind, NUMBER)).st_ino


# what is there, its age, the request; the answer, what is left
@pytest.mark.parametrize("files, age, letter, answer, stays", [
    ({"mess": b"x", "intd": ENVELOPE, "todo": ENVELOPE}, 0, "T", "+", {"mess", "intd"}),
    ({"mess": b"x", "intd": ENVELOPE, "todo": ENVELOPE}, 0, "F", "+", set()),
    ({}, 0, "T", "+", set()),
    ({}, 0, "F", "+", set()),
    ({}, 0, "E", "k", set()),
    ({}, 0, "R", "k", set()),
    ({"mess": b"x", "intd": ENVELOPE}, 0, "R", "r", {"mess", "intd", "todo"}),
    ({"mess": b"x", "intd": ENVELOPE}, 2 * LIMIT, "E", "r", {"mess", "intd", "todo"}),
    ({"mess": b"x", "intd": ENVELOPE, "todo": ENVELOPE}, 0, "E", "r", {"mess", "intd", "todo"}),
    ({"mess": b"x", "intd": CUT, "todo": CUT}, 2 * LIMIT, "E", "r", {"mess", "intd", "todo"}),
    ({"mess": b"x", "intd": CUT}, LIMIT + 60, "E", "d", set()),
    ({"mess": b"x", "intd": CUT}, LIMIT + 60, "R", "k", {"mess", "intd"}),
    ({"mess": b"x", "intd": CUT}, LIMIT - 60, "E", "k", {"mess", "intd"}),
    ({"mess": b"x", "intd": b""}, LIMIT + 60, "E", "d", set()),
    ({"mess": b"x", "intd": b"nonsense"}, LIMIT + 60, "E", "d", set()),
    ({"mess": b"x", "intd": b"u1\0p2\0F" + b"a" * 2000 + b"\0\0"}, LIMIT + 60, "E", "d", set()),
    ({"mess": b"x"}, LIMIT + 60, "E", "d", set()),
    ({"mess": b"x"}, LIMIT - 60, "E", "k", {"mess"}),
    ({"mess": b"x"}, -LIMIT, "E", "k", {"mess"}),
    ({"mess": b"x"}, LIMIT + 60, "R", "k", {"mess"}),
])
def test_answers(clean, root_place, files, age, letter, answer, stays):
    running = clean()
    put(root_place, age, **files)
    assert ask(running, letter) == answer
    assert left(root_place) == stays
    if answer == "r" and "todo" not in files:
        assert inode(root_place, "todo") == inode(root_place, "intd")


@pytest.mark.parametrize("kind, files", [
    ("intd", {"mess": b"x", "intd": ENVELOPE}), ("mess", {"mess": b"x", "intd": ENVELOPE})])
def test_a_folder_that_is_not_there(clean, root_place, kind, files):
    """As of a disk that was not mounted: nothing can be told of what is in it."""
    put(root_place, 2 * LIMIT, **files)
    folder = os.path.dirname(root_place.queue_path(kind, NUMBER))
    part = int(os.path.basename(folder))
    running = clean()
    os.rename(folder, folder + ".away")
    try:
        if kind == "intd":
            assert ask(running, "E") == "!"
        else:
            running.ask(b"S%d\0" % (part + 1))
            (answer, _), = link.records(running.hear())
            assert answer == "k"
    finally:
        os.rename(folder + ".away", folder)
    assert left(root_place) == set(files)


def test_order_of_removal(clean, root_place):
    """The text goes last: as long as it is there the rest can be made again."""
    if faults.missing():
        pytest.skip(faults.missing())
    running = clean("-e", "trace=unlink")
    put(root_place, mess=b"x", intd=ENVELOPE, todo=ENVELOPE)
    assert ask(running, "F") == "+"
    put(root_place, LIMIT + 60, mess=b"x", intd=CUT)
    assert ask(running, "E") == "d"
    code, seen = running.close()
    assert code == 0
    assert [call.strings[0].split("/")[0] for call in seen.calls] == [
        "todo", "intd", "mess", "intd", "mess"]


@pytest.mark.parametrize("number, stays", [
    (1, {"mess", "intd", "todo"}), (2, {"mess", "intd"}), (3, {"mess"})])
def test_removal_fails(clean, root_place, number, stays):
    """It says so, goes no further, and all is well when asked again."""
    if faults.missing():
        pytest.skip(faults.missing())
    running = clean("--inject=unlink:error=EIO:when=%d" % number)
    put(root_place, mess=b"x", intd=ENVELOPE, todo=ENVELOPE)
    assert ask(running, "F") == "!"
    assert left(root_place) == stays
    assert ask(running, "F") == "+"
    assert not left(root_place)


def test_removal_from_todo_fails(clean, root_place):
    if faults.missing():
        pytest.skip(faults.missing())
    running = clean("--inject=unlink:error=EIO:when=1")
    put(root_place, mess=b"x", intd=ENVELOPE, todo=ENVELOPE)
    assert ask(running, "T") == "!"
    assert ask(running, "T") == "+"
    assert left(root_place) == {"mess", "intd"}


@pytest.mark.parametrize("number", [1, 2])
def test_removal_of_leftovers_fails(clean, root_place, number):
    if faults.missing():
        pytest.skip(faults.missing())
    running = clean("--inject=unlink:error=EIO:when=%d" % number)
    put(root_place, LIMIT + 60, mess=b"x", intd=CUT)
    assert ask(running, "E") == "!"
    assert "mess" in left(root_place)
    assert ask(running, "E") == "d"


# Of a message that cannot be looked at nothing is known: it stays, and is
# asked for again.
@pytest.mark.parametrize("call, file", [
    ("openat", "mess/"), ("fstat", "mess/"), ("openat", "intd/"), ("read", "intd/")])
def test_trouble_is_no_answer(clean, root_place, call, file):
    if faults.missing():
        pytest.skip(faults.missing())
    put(root_place, LIMIT + 60, mess=b"x", intd=CUT)
    running = clean("-e", "trace=" + call)
    assert ask(running, "E") == "d"
    _, seen = running.close()
    at = [number for number, one in enumerate(seen.calls, 1)
          if file in (one.file or "") + " ".join(one.strings)][0]
    put(root_place, LIMIT + 60, mess=b"x", intd=CUT)
    running = clean("--inject=%s:error=EIO:when=%d" % (call, at))
    assert ask(running, "E") == "!"
    assert left(root_place) == {"mess", "intd"}
    assert ask(running, "E") == "d"


def test_link_fails(clean, root_place):
    if faults.missing():
        pytest.skip(faults.missing())
    put(root_place, mess=b"x", intd=ENVELOPE)
    running = clean("--inject=link:error=ENOSPC:when=1")
    assert ask(running, "R") == "!"
    assert ask(running, "R") == "r"


def test_its_writer_lives(clean, root_place):
    running = clean()
    put(root_place, LIMIT + 60, mess=b"x", intd=CUT)
    with open(root_place.queue_path("mess", NUMBER), "rb") as mess:
        fcntl.flock(mess, fcntl.LOCK_EX)
        assert ask(running, "E") == "k"
        assert left(root_place) == {"mess", "intd"}
    assert ask(running, "E") == "d"


def test_not_a_message(clean, root_place):
    """A link, a folder or a FIFO of that name is not touched or followed."""
    running = clean()
    path = root_place.queue_path("mess", NUMBER)
    put(root_place, LIMIT + 60, intd=ENVELOPE)
    os.symlink(root_place.queue_path("intd", NUMBER), path)
    assert ask(running, "E") == "k"
    os.unlink(path)
    os.mkfifo(path)
    os.chown(path, *root_place.ids("qmailq"))
    assert ask(running, "E") == "k"
    os.unlink(path)
    os.mkdir(path)
    assert ask(running, "R") == "k"
    os.rmdir(path)
    assert left(root_place) == {"intd"}


def test_envelope_is_a_link(clean, root_place):
    """It is not followed, and nothing is known of the message."""
    running = clean()
    put(root_place, LIMIT + 60, mess=b"x")
    elsewhere = root_place.base + "/envelope"
    root_place.write(elsewhere, ENVELOPE)
    path = root_place.queue_path("intd", NUMBER)
    os.symlink(elsewhere, path)
    os.chown(path, *root_place.ids("qmailq"), follow_symlinks=False)
    assert ask(running, "R") == "!"
    assert ask(running, "E") == "!"
    assert left(root_place) == {"mess", "intd"}


def test_many_in_a_datagram(clean, root_place):
    running = clean()
    put(root_place, mess=b"x", intd=ENVELOPE, todo=ENVELOPE)
    running.ask(b"T%d\0T1\0F%d\0" % (NUMBER, NUMBER))
    assert link.records(running.hear()) == [("+", str(NUMBER)), ("+", "1"), ("+", str(NUMBER))]
    assert not left(root_place)


@pytest.mark.parametrize("data", [
    b"X1\0", b"T\0", b"T1", b"T01\0", b"T-1\0", b"T1x\0", b"T../1\0", b"\0",
    b"T99999999999999999999\0"])
def test_nonsense_ends_it(clean, root_place, data):
    """Who speaks so is not qmail-send."""
    running = clean()
    running.ask(data)
    assert running.hear() == b""
    assert running.child.wait(15) == 111


def test_descriptors_do_not_pile_up(clean, root_place):
    running = clean()
    put(root_place, mess=b"x", intd=ENVELOPE)

    def count():
        return len(os.listdir("/proc/%d/fd" % running.child.pid))
    assert ask(running, "R") == "r"
    before = count()
    assert before == 4  # 0, 1, 2 and the lock
    for _ in range(50):
        os.unlink(root_place.queue_path("todo", NUMBER))
        assert ask(running, "R") == "r"
        swept(running)
    assert count() == before


# ---- envelopes without a message

def swept(running):
    """The answer to a look at the part of the queue where NUMBER belongs."""
    running.ask(b"S%d\0" % (NUMBER % 23 + 1))
    return running.hear()


@pytest.mark.parametrize("age, found", [(LIMIT + 60, True), (LIMIT - 60, False), (-LIMIT, False)])
def test_envelope_without_message(clean, root_place, age, found):
    """Old ones go back into todo, where qmail-todo tells whose they were."""
    put(root_place, age, intd=ENVELOPE)
    answer = swept(clean())
    assert answer == (b"r%d\0" % NUMBER if found else b"k%d\0" % (NUMBER % 23 + 1))
    assert left(root_place) == ({"intd", "todo"} if found else {"intd"})


def test_envelope_with_message(clean, root_place):
    put(root_place, LIMIT + 60, mess=b"x", intd=ENVELOPE)
    swept(clean())
    assert left(root_place) == {"mess", "intd"}


@pytest.mark.parametrize("when", ["1", "2", "1+"])
def test_it_is_not_known_whether_there_is_a_message(clean, root_place, when):
    """Nor whether it is in todo."""
    if faults.missing():
        pytest.skip(faults.missing())
    put(root_place, LIMIT + 60, intd=ENVELOPE)
    assert swept(clean("--inject=access:error=EIO:when=" + when))[:1] == b"k"
    assert left(root_place) == {"intd"}


def test_envelope_cannot_be_put_back(clean, root_place):
    if faults.missing():
        pytest.skip(faults.missing())
    put(root_place, LIMIT + 60, intd=ENVELOPE)
    running = clean("--inject=link:error=ENOSPC:when=1")
    assert swept(running)[:1] == b"k"
    assert swept(running)[:1] == b"r"


def test_an_older_one_ends_first(clean, root_place):
    """What it was asked for is done before what this one is asked for, and the
    log is told if that takes long."""
    older, running = clean(), clean()
    assert ask(older, "T") == "+"
    put(root_place, mess=b"x", intd=ENVELOPE)
    running.ask(b"R%d\0" % NUMBER)
    assert running.hear() == b"w1\0"
    assert left(root_place) == {"mess", "intd"}
    assert ask(older, "T") == "+"
    older.close()
    assert running.hear() == b"r%d\0" % NUMBER
    assert left(root_place) == {"mess", "intd", "todo"}


@pytest.mark.parametrize("call, error", [("openat", "EIO"), ("flock", "ENOLCK")])
def test_it_is_not_known_whether_an_older_one_runs(clean, root_place, call, error):
    if faults.missing():
        pytest.skip(faults.missing())
    running = clean("-P", root_place.path("queue/intd"), "-P", "intd",
                    "--inject=%s:error=%s" % (call, error))
    put(root_place, mess=b"x", intd=ENVELOPE, todo=ENVELOPE)
    running.ask(b"F%d\0" % NUMBER)
    assert running.hear() == b""
    assert running.close()[0] == 111
    assert left(root_place) == {"mess", "intd", "todo"}


def test_queue_is_away(root_place):
    os.rename(root_place.path("queue"), root_place.path("queue.away"))
    try:
        with link.Link(root_place, [root_place.program("qmail-clean")], "qmailq") as running:
            assert running.child.wait(15) == 111
    finally:
        os.rename(root_place.path("queue.away"), root_place.path("queue"))


def test_split_is_broken(root_place):
    root_place.write(root_place.path("queue/lock/split"), "x\n")
    try:
        with link.Link(root_place, [root_place.program("qmail-clean")], "qmailq") as running:
            assert running.child.wait(15) == 111
    finally:
        os.unlink(root_place.path("queue/lock/split"))


def test_peer_is_gone(root_place):
    """It ends, and by itself, not by SIGPIPE."""
    if faults.missing():
        pytest.skip(faults.missing())
    with link.Link(root_place, [root_place.program("qmail-clean")], "qmailq",
                   ["--inject=sendmsg:error=EPIPE:signal=PIPE"]) as running:
        running.ask(b"T1\0")
        assert running.child.wait(15) == 111
