"""qmail-qfix: a queue is checked, mended, split anew, and taken over from another
suite; nothing is lost, whenever it ends."""

import fcntl
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

from support import build, faults, kernel, process, trace
from support.oldqueue import OldQueue, listing

MESSAGES = ("mess", "intd", "todo", "info", "local", "remote", "bounce")
# Calls that change something: between two of them a kill finds the same state.
CHANGING = {"mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "unlinkat",
            "rmdir", "fchown", "fchmod", "pwrite64", "write", "writev", "fsync", "syncfs",
            "ftruncate", "mknod", "mknodat"}


def run(place, *words, **more):
    done = subprocess.run([place.program("qmail-qfix"), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, **more)
    return done.returncode, done.stdout


def instcheck(place):
    return subprocess.run([place.installer[0], "check"], cwd=place.stage, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True).stdout


def is_shut(place):
    status = os.stat(place.path("queue"))
    return (status.st_uid, status.st_gid, status.st_mode & 0o7) == (0, 0, 0)


def mail_files(top):
    """{(folder, number): inode} of all messages, wherever they lie."""
    found = {}
    for kind in MESSAGES:
        for folder, _, files in os.walk(os.path.join(top, kind)):
            for name in files:
                assert (kind, name) not in found
                found[kind, name] = os.lstat(os.path.join(folder, name)).st_ino
    return found


def places(top):
    """Where all messages lie."""
    return {os.path.join(folder, name) for kind in MESSAGES
            for folder, _, files in os.walk(os.path.join(top, kind)) for name in files}


def times(top):
    """{(folder, number): time} of files that nothing is written to."""
    return {(kind, name): os.lstat(os.path.join(folder, name)).st_mtime_ns
            for kind in MESSAGES if kind not in ("todo", "intd")
            for folder, _, files in os.walk(os.path.join(top, kind)) for name in files}


@pytest.fixture
def without_queue(town):
    """The town, whose queue is put aside until the end."""
    queue, kept = town.place.path("queue"), town.place.path("queue.kept")
    os.rename(queue, kept)
    yield town
    town.close()
    if town.daemon:
        town.daemon.kill()
    if os.path.ismount(queue):
        kernel.unmount(queue)
    shutil.rmtree(queue, ignore_errors=True)
    os.rename(kept, queue)


@pytest.fixture
def own_queue(without_queue):
    """A queue of this suite, as freshly installed."""
    place = without_queue.place
    build.run(place.installer, cwd=place.stage)
    assert run(place) == (0, "all right\n")
    return without_queue


BIRTH = 1790000000


def fill(old):
    """All that a message may be in when the older suite ends."""
    old.waiting(301, "bob@here.example", local=["Dann@here.example", "Tbob@here.example"],
                mtime=BIRTH)
    old.waiting(302, "bob@here.example", local=["Tann@here.example"],
                remote=["Dgone@there.example", "Tfirst@there.example", "Tsecond@there.example"])
    old.waiting(303, "bob@here.example", remote=["Tthird@there.example"],
                bounce="<lost303@here.example>:\nno such mailbox\n\n")
    old.waiting(304, "bob@here.example", local=["Dann@here.example"],
                bounce="<lost304@here.example>:\nno such mailbox\n\n")
    old.waiting(305, "bob@here.example", bounce="<lost305@here.example>:\nno\n\n")
    old.waiting(306, "bob@here.example")  # finished, but for its end
    old.waiting(307, "", remote=["Tfourth@there.example"])
    # One channel is done; its file, which goes when that is noticed, is there.
    old.waiting(313, "bob@here.example", local=["Dann@here.example"],
                remote=["Tseventh@there.example"],
                bounce="<lost313@here.example>:\nno such mailbox\n\n")
    os.utime(old.path("local/%d/313" % (313 % old.split)), (later := time.time() + 3600, later))
    old.waiting(314, "bob@here.example", local=["Tann@here.example"],
                remote=["Dgone@there.example"])
    # The numbers of parts, too.
    old.arrived(4, "bob@here.example", ["ann@here.example"])
    old.arrived(5, "bob@here.example", ["ann@here.example", "fifth@there.example"])
    old.arrived(308, "bob@here.example", ["sixth@there.example"], intd="gone")
    old.arrived(309, "bob@here.example", ["no-one@here.example", "ann@here.example"],
                intd="gone")
    old.arrived(310, "bob@here.example", ["ann@here.example"], intd="copy")
    # The older suite was sorting it.
    old.arrived(311, "bob@here.example", ["ann@here.example", "bob@here.example"], intd="gone")
    old.split_file("info", 311, b"Fbob@here.example\0")
    old.split_file("local", 311, b"Tann@here.example\0Tbob@here.example\0")
    old.unfinished(6)
    old.unfinished(312, ["ann@here.example"])


UNFINISHED = {6, 312}
# Subjects of what each gets.
EXPECTED = {"ann": [302, 314, 4, 5, 309, 310, 311], "bob": [301, 311]}
REMOTE = ["fifth", "first", "fourth", "second", "seventh", "sixth", "third"]
BOUNCED = ["lost303", "lost304", "lost305", "lost313", "no-one"]


def numbers(texts):
    return sorted(int(found) for text in texts if "failure notice" not in text
                  for found in re.findall(r"(?m)^Subject: number (\d+)$", text))


def remote_program(town):
    """In place of qmail-remote: it notes its recipients, and takes them."""
    path, note = town.place.base + "/remote", town.place.base + "/remotes"
    town.place.write(path, '#!/bin/sh\nshift 2\nfor each; do echo "$each" >> %s; '
                     "printf 'r\\0'; done; printf 'Kfine\\n\\0'\n" % note, mode=0o755)
    town.place.write(note, "", "qmailr", 0o644)

    def told():
        with open(note) as lines:
            return sorted(line.split("@")[0] for line in lines)
    return path, told


def deliver_all(town):
    """Starts the suite on what was taken over: each gets what is due to him,
    once, and what was never accepted stays."""
    program, told = remote_program(town)
    town.open(env={"QMAILREMOTE": program})
    for address in BOUNCED:
        town.letter("bob", "failure notice", "<%s@here.example>:" % address)
    town.until(lambda: {kind: set(files) for kind, files in town.place.queue_files().items()
                        if files} == {"mess": UNFINISHED, "intd": {312}}, "all to be delivered")
    for name, expected in EXPECTED.items():
        assert numbers(town.mail(name)) == sorted(expected), name
    assert told() == REMOTE
    bounces = [text for text in town.mail("bob") if "failure notice" in text]
    assert len(bounces) == len(BOUNCED)
    assert sum(text.count("Subject: failure notice") for text in bounces) == len(BOUNCED)
    town.daemon.stop()


def foreign(user):
    """As on another machine."""
    return {"qmailq": (64011, 64010), "qmails": (64012, 64010), "qmailr": (64013, 64010)}[user]


OWNERS = {"its own": None, "others": foreign, "root": lambda user: (0, 0)}


@pytest.mark.parametrize("split, owners", [
    (23, "its own"), (23, "others"), (7, "root"), (211, "its own")])
def test_a_queue_is_taken_over(without_queue, split, owners):
    town = without_queue
    queue = town.place.path("queue")
    old = OldQueue(queue, split, OWNERS[owners])
    fill(old)
    before, times_before = mail_files(queue), times(queue)
    unchanged = listing(queue)
    code, told = run(town.place)
    assert code == 1 and listing(queue) == unchanged
    for line in ("bounce/303 should be bounce/4/303\n", "todo/4 should be todo/4/4\n",
                 "todo/4 has no end record: it is of another suite\n"):
        assert line in told
    code, told = run(town.place, "--repair")
    assert code == 0 and told.endswith("\nall right\n") and told.count("\n") == 2, told
    after = mail_files(queue)
    assert set(after) - set(before) == {("intd", name) for name in ("308", "309", "311")}
    assert {name for name in before if before[name] != after[name]} == {("intd", "310")}
    assert times(queue) == times_before
    assert os.stat(queue + "/info/2/301").st_mtime == BIRTH
    assert not os.path.exists(queue + "/pid")
    assert instcheck(town.place).endswith("all right\n")
    assert run(town.place) == (0, "all right\n")
    deliver_all(town)


@pytest.mark.parametrize("kind", ["mess", "intd"])
def test_a_folder_that_was_not_mounted(town, kind):
    """Nothing is done as long as it is away, or what waits would count as gone."""
    queue = town.place.path("queue")
    town.place.control(me="here.example\n", locals="here.example\n", concurrencylocal="0\n")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^info msg ")
    town.daemon.stop()
    (number,) = town.place.queue_files()["mess"]
    for one in "info", "intd", "mess":
        os.utime(town.place.queue_path(one, number), (BIRTH, BIRTH))
    os.rename(queue + "/" + kind, queue + "/away")
    os.mkdir(queue + "/" + kind, 0o755)
    try:
        daemon = process.start(town.place, "./Maildir/")
        daemon.wait("^alert: cannot start: ")
        daemon.kill()
    finally:
        os.rmdir(queue + "/" + kind)
        os.rename(queue + "/away", queue + "/" + kind)
    town.place.control(me="here.example\n", locals="here.example\n", queuelifetime="2000000000\n")
    town.open()
    town.letter("ann", "Subject: a letter")


@pytest.mark.parametrize("split", [23, 7])
def test_a_queue_that_was_not_taken_over(without_queue, split):
    """What was put under a suite that runs is not worked on: its bounces would be
    lost, and what is in todo not seen.  Its split is that of the folders, not ours."""
    place, queue = without_queue.place, without_queue.place.path("queue")
    old = OldQueue(queue, split)
    if split != 23:
        for kind in ("todo", "intd", "bounce"):
            for part in range(split):
                old.folder("%s/%d" % (kind, part), "qmails" if kind == "bounce" else "qmailq", 0o750)
    old.waiting(305, "bob@here.example", local=["Dann@here.example"], mtime=BIRTH)
    before = listing(queue)
    daemon = process.start(place, "./Maildir/")
    daemon.wait("^alert: cannot start: the parts of the queue are not those of its split: .*qmail-qfix.8.$")
    daemon.kill()
    assert listing(queue) == before
    assert run(place, "--repair")[0] == 0
    without_queue.open()
    without_queue.until(lambda: not mail_files(queue), "its end")


def test_a_queue_whose_split_was_lost(own_queue):
    """Messages in the parts beyond would not be seen."""
    town = own_queue
    assert run(town.place, "--split", "31")[0] == 0
    os.unlink(town.place.path("queue/lock/split"))
    daemon = process.start(town.place, "./Maildir/")
    daemon.wait("^alert: cannot start: the parts of the queue are not those of its split")
    daemon.kill()
    assert run(town.place, "--repair")[0] == 0
    town.open()


def test_a_queue_that_is_not_there(without_queue):
    """As where its disk is not mounted."""
    os.mkdir(without_queue.place.path("queue"), 0o755)
    daemon = process.start(without_queue.place, "./Maildir/")
    daemon.wait("^alert: cannot start: unable to open mutex: is the disk of the queue mounted.$")
    daemon.kill()


def test_a_second_run_changes_nothing(without_queue):
    place, queue = without_queue.place, without_queue.place.path("queue")
    fill(OldQueue(queue))
    assert run(place, "--repair")[0] == 0
    before = listing(queue)
    for words in (["--repair"], ["--split", "23"], ["--check"], []):
        assert run(place, *words) == (0, "all right\n")
        assert listing(queue) == before


def test_the_split_of_another_suite_is_kept(without_queue):
    place, queue = without_queue.place, without_queue.place.path("queue")
    fill(OldQueue(queue, 13))
    before = {name for name in mail_files(queue) if name[0] in ("mess", "info", "local", "remote")}
    places = {path for path in listing(queue) if path.split("/")[0] in ("mess", "info")}
    assert run(place, "--split", "13")[0] == 0
    assert before <= set(mail_files(queue))
    assert {path for path in listing(queue) if path.split("/")[0] in ("mess", "info")} == places
    with open(queue + "/lock/split") as split:
        assert split.read() == "13\n"
    assert run(place) == (0, "all right\n")
    deliver_all(without_queue)


def test_the_installation_text_is_followed(without_queue):
    """INSTALL, 8, line by line, in a folder that holds what was built."""
    town = without_queue
    fill(OldQueue(town.place.path("queue")))
    text = build.read("INSTALL").split("\n8. From qmail or notqmail\n")[1].split("\n9. From")[0]
    lines = re.findall(r"(?m)^ {11}(\S.*)$", text)
    assert lines == ["make", "make users", "build/bin/qmail-qfix", "build/bin/qmail-qfix --repair",
                     "make install", "make instcheck"]
    refused = subprocess.run(town.place.installer, cwd=town.place.stage, capture_output=True, text=True)
    assert refused.returncode == 111 and "build/bin/qmail-qfix --repair" in refused.stdout
    done_already = {"make": "true", "make users": "true",
                    "make install": "build/bin/qmail-install install",
                    "make instcheck": "build/bin/qmail-install check"}
    for line in lines:
        done = subprocess.run(["sh", "-c", done_already.get(line, line)], cwd=town.place.stage,
                              capture_output=True, text=True)
        assert done.returncode == (1 if line == "build/bin/qmail-qfix" else 0), (line, done)
    assert done.stdout == "all right\n"
    deliver_all(town)


# ---- ours

def waiting_mail(town):
    """Messages in todo, and some that wait."""
    town.rules("ann", "", "|test -e ready || exit 111; cat > /dev/null; echo x >> count")
    town.open()
    for _ in range(5):
        town.send("bob@here.example", "ann@here.example", "ann@here.example")
    town.until(lambda: len(town.place.queue_files()["local"]) == 5, "five to wait")
    town.daemon.stop()
    for _ in range(5):
        town.send("bob@here.example", "ann@here.example")


def test_the_split_is_changed(own_queue):
    town, queue = own_queue, own_queue.place.path("queue")
    waiting_mail(town)
    before = mail_files(queue)
    for split in (1, 5, 101, 23):
        code, told = run(town.place, "--split", str(split))
        assert code == 0, told
        assert mail_files(queue) == before
        for kind in MESSAGES:
            assert sorted(os.listdir(queue + "/" + kind), key=int) == list(map(str, range(split)))
        assert instcheck(town.place).endswith("all right\n")
        assert run(town.place) == (0, "all right\n")
        town.send("bob@here.example", "ann@here.example")
        before = mail_files(queue)
    town.run_as("ann", ["touch", "ready"])
    town.open()

    def is_empty():
        town.signal("qmail-send", signal.SIGALRM)
        time.sleep(0.1)
        return town.is_empty()
    town.until(is_empty, "all to be delivered")
    with open(town.home("ann") + "/count") as count:
        assert len(count.read().split()) == 10 + 5 + 4


@pytest.mark.parametrize("words", [["--split"], ["--split", "0"], ["--split", "100001"],
                                   ["--split", "x"], ["--repair", "x"], ["check"],
                                   ["--check", "--repair"]])
def test_wrong_arguments(fresh, words):
    code, told = run(fresh, *words)
    assert code == 100 and told.startswith("usage: qmail-qfix ")


def to_link(path):
    os.rename(path, path + ".away")
    os.symlink(path + ".away", path)


@pytest.mark.parametrize("name, change, says", [
    ("", lambda path: os.chmod(path, 0o755), "queue mode is 755, should be 750"),
    ("mess", lambda path: os.chmod(path, 0o751), "mess mode is 751, should be 750"),
    ("mess/7", lambda path: os.chown(path, 0, -1), "mess/7 owner is 0, should be "),
    ("todo/0", lambda path: os.chown(path, -1, 0), "todo/0 group is 0, should be "),
    ("bounce/22", os.rmdir, "bounce/22 is missing"),
    ("intd", shutil.rmtree, "intd is missing"),
    ("lock", lambda path: os.chmod(path, 0o700), "lock mode is 700, should be 750"),
    ("control", shutil.rmtree, "control is missing"),
    ("control", lambda path: os.chown(path, 0, -1), "control owner is 0, should be "),
    ("lock/sendmutex", os.unlink, "lock/sendmutex is missing"),
    ("lock/trigger", os.unlink, "lock/trigger is missing"),
    ("lock/trigger", lambda path: (os.unlink(path), open(path, "w").close()),
     "lock/trigger is not what it should be"),
    ("lock/tcpok", to_link, "lock/tcpok is not what it should be"),
    ("lock/tcpto", lambda path: os.truncate(path, 10), "lock/tcpto is not what it should be"),
    ("lock/tcpto", lambda path: os.chmod(path, 0o644), "lock/tcpto mode is 644, should be 600"),
    ("lock/split", lambda path: (open(path, "w").write("23\n"), os.chmod(path, 0o600)),
     "lock/split is no file that all can read"),
    ("mess/23", os.mkdir, "mess/23 is of another split"),
])
def test_what_is_found_is_mended(own_queue, name, change, says):
    place = own_queue.place
    change(os.path.join(place.path("queue"), name).rstrip("/"))
    before = listing(place.path("queue"))
    code, told = run(place)
    assert code == 1 and re.search("(?m)^" + re.escape(says), told), told
    assert listing(place.path("queue")) == before
    code, told = run(place, "--repair")
    assert (code, told.splitlines()[-1]) == (0, "all right"), told
    assert run(place) == (0, "all right\n")
    assert instcheck(place).endswith("all right\n")


def test_files_are_mended(own_queue):
    """Owners, modes, and the parts of all that a message has."""
    town, queue = own_queue, own_queue.place.path("queue")
    waiting_mail(town)
    before = mail_files(queue)
    right = listing(queue, times=False)
    for number, path in enumerate(sorted(path for files in town.place.queue_files().values()
                                         for path in files.values())):
        os.chown(path, 4711, 4711)
        os.chmod(path, 0o666)
        folder, name = os.path.split(path)
        if number % 2:
            os.rename(path, "%s/%d/%s" % (os.path.dirname(folder), number % 23, name))
    code, told = run(town.place)
    assert code == 1 and "should be mess/" in told and "owner is 4711" in told
    assert run(town.place, "--repair")[0] == 0
    assert mail_files(queue) == before and listing(queue, times=False) == right


def test_a_split_that_is_no_number(own_queue):
    place = own_queue.place
    place.write(place.path("queue/lock/split"), "many\n")
    for words in ([], ["--repair"]):
        code, told = run(place, *words)
        assert code == 1 and told.startswith("lock/split is no number from 1 to 100000")
    assert run(place, "--split", "29")[0] == 0
    assert run(place) == (0, "all right\n")


def test_strange_names_stay(own_queue):
    place, queue = own_queue.place, own_queue.place.path("queue")
    for name in ("mess/3/note", "todo/x y\n", "info/3/03"):
        place.write(os.path.join(queue, name), "")
    os.mkdir(queue + "/mess/77")
    place.write(queue + "/mess/77/note", "")
    for words in (["--repair"], []):
        code, told = run(place, *words)
        assert code == 1
        assert set(told.splitlines()) >= {
            "mess/3/note does not belong here", "todo/x y_ does not belong here",
            "info/3/03 does not belong here", "mess/77 is of another split",
            "mess/77/note does not belong here", "5 things are wrong"}
    assert not is_shut(place)


# ---- what it refuses

def test_qmail_send_runs(own_queue):
    own_queue.open()
    before = listing(own_queue.place.path("queue"))
    for words in ([], ["--repair"], ["--split", "5"]):
        code, told = run(own_queue.place, *words)
        assert (code, told) == (111, "qmail-qfix: qmail-send runs on this queue: stop it first\n")
    assert listing(own_queue.place.path("queue")) == before


def test_an_older_qmail_send_runs(without_queue):
    """It locks the same file."""
    place = without_queue.place
    old = OldQueue(place.path("queue"))
    fill(old)
    before = listing(old.top)
    code, told = locked(place, old.path("lock/sendmutex"))
    assert code == 111 and "qmail-send runs" in told
    assert listing(old.top) == before


def locked(place, path):
    """qmail-qfix --repair, while somebody has locked a file or folder."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return run(place, "--repair")
    finally:
        os.close(fd)


@pytest.mark.parametrize("folder, says", [("info", "a qmail-todo"), ("intd", "a qmail-clean")])
def test_a_daemon_that_outlives_the_others(own_queue, folder, says):
    place = own_queue.place
    os.chmod(place.path("queue/mess"), 0o700)
    code, told = locked(place, place.path("queue/" + folder))
    assert code == 111 and told.startswith("qmail-qfix: %s runs on this queue still" % says)
    assert stat.S_IMODE(os.stat(place.path("queue/mess")).st_mode) == 0o700


def begin_queueing(place):
    """A qmail-queue in the middle of a message, and its pipe."""
    text, address = os.pipe(), os.pipe()
    child = subprocess.Popen([place.program("qmail-queue")], stdin=text[0], stdout=address[0],
                             cwd="/", **place.as_user("nobody"))
    os.close(text[0])
    os.close(address[0])
    os.write(text[1], b"Subject: slow\n\n")
    os.write(address[1], process.envelope("bob@here.example", "ann@here.example"))
    os.close(address[1])
    process.until(lambda: has_lock(child.pid), "it to begin")
    return child, text[1]


def has_lock(pid):
    folder = "/proc/%d/fdinfo" % pid
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as info:
            if "\nlock:" in info.read():
                return True
    return False


def test_qmail_queue_is_half_way(own_queue):
    place = own_queue.place
    child, pipe = begin_queueing(place)
    for words in ([], ["--split", "5"]):
        code, told = run(place, *words)
        assert code == 111 and re.fullmatch(
            r"qmail-qfix: mess/\d+/\d+ is locked: a qmail-queue or a delivery is at work on it; "
            "wait for its end\n", told)
    os.close(pipe)
    assert child.wait(20) == 0
    assert run(place) == (0, "all right\n")


def test_a_shut_queue_refuses_all(own_queue):
    """One that was at work before cannot end well, nor does one begin; the suite
    does not start.  Then all goes on as before."""
    if faults.missing():
        pytest.skip(faults.missing())
    town, place = own_queue, own_queue.place
    child, pipe = begin_queueing(place)
    # As qmail-qfix does it.
    os.chown(place.path("queue"), 0, 0)
    os.chmod(place.path("queue"), 0o700)
    os.close(pipe)
    assert child.wait(20) == 65
    assert process.inject(place, b"x\n", "bob@here.example", "ann@here.example") == 62
    daemon = process.start(place, "./Maildir/")
    daemon.wait("cannot start: unable to switch to queue directory")
    daemon.kill()
    code, told = run(place)
    assert code == 1 and "queue is shut: only root may enter it, as while qmail-qfix mends it\n" in told
    assert run(place, "--repair")[0] == 0
    assert not is_shut(place)
    town.open()
    town.send("bob@here.example", "ann@here.example")
    town.letter("ann", "a letter")


@pytest.mark.parametrize("name", ["mess", "bounce", "lock", "todo/3"])
def test_no_link_is_followed(own_queue, name):
    place, queue = own_queue.place, own_queue.place.path("queue")
    path, elsewhere = os.path.join(queue, name), place.base + "/elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    os.mkdir(elsewhere, 0o755)
    place.write(elsewhere + "/305", "")
    shutil.rmtree(path)
    os.symlink(elsewhere, path)
    os.chmod(queue + "/remote", 0o711)
    before = listing(queue), listing(elsewhere)
    code, told = run(place)
    assert code == 1 and ("%s is " % name) in told
    code, told = run(place, "--repair")
    assert code == 1 and told.endswith("qmail-qfix: nothing was changed\n")
    assert (listing(queue), listing(elsewhere)) == before


@pytest.mark.parametrize("names", [["mess/3/49"], ["todo/3/49", "intd/2/48"], ["info/3/49"],
                                   ["todo/3/49", "intd/3/49"]])
def test_a_file_of_somebody_else_is_not_given_away(own_queue, names):
    """It got names in the queue."""
    place = own_queue.place
    secret = place.base + "/secret"
    place.write(secret, "", mode=0o600)
    for name in names:
        os.link(secret, place.path("queue/" + name))
    try:
        code, told = run(place, "--repair")
        status = os.stat(secret)
        for name in names:
            assert code == 1 and "%s has another name; its owner is left as it is" % name in told
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o600)
    finally:
        os.unlink(secret)


def test_twins_are_left_alone(without_queue):
    place = without_queue.place
    old = OldQueue(place.path("queue"))
    fill(old)
    os.mkdir(old.path("bounce/4"))
    place.write(old.path("bounce/4/303"), "another\n")
    before = listing(old.top)
    code, told = run(place, "--repair")
    assert code == 1
    assert told == ("bounce/303 is there twice, in two places: take one away\n"
                    "qmail-qfix: nothing was changed\n")
    assert listing(old.top) == before


def test_half_a_queue_is_flat(own_queue):
    """A file has the name of the part that another one is looked for in."""
    queue = own_queue.place.path("queue")
    os.rmdir(queue + "/intd/3")
    for name in "intd/3", "todo/3/49":
        own_queue.place.write("%s/%s" % (queue, name), "u0\0p1\0Fa@b\0Tc@d\0\0")
    assert run(own_queue.place)[0] == 1
    assert run(own_queue.place, "--repair")[0] == 0
    assert set(mail_files(queue)) == {("intd", "3"), ("intd", "49"), ("todo", "49")}


@pytest.mark.parametrize("name, make, says", [
    ("mess/3/49", os.mkfifo, "mess/49 is there twice, in two places: take one away"),
    ("info/3/49", os.mkdir, "info/49 is there twice, in two places: take one away"),
    ("info/3/49", lambda path: os.symlink("49", path), "info/49 is there twice, in two places: take one away"),
    ("intd/3/49", os.mkdir, "intd/3/49 is no file, and stands in the place of one")])
def test_strangers_in_the_place_of_mail(own_queue, name, make, says):
    """The queue is not shut for a move that cannot be."""
    place = own_queue.place
    queue = place.path("queue")
    for folder in "mess", "todo", "info":
        place.write("%s/%s/49" % (queue, folder), "u0\0p1\0Fa@b\0Tc@d\0\0")
    make(os.path.join(queue, name))
    before = listing(queue)
    code, told = run(place, "--repair")
    assert (code, told) == (1, says + "\nqmail-qfix: nothing was changed\n")
    assert listing(queue) == before


def test_only_root_may(own_queue):
    place = own_queue.place
    assert run(place, "--repair", **place.as_user("qmailq")) == (
        111, "qmail-qfix: only root can do this\n")


def test_ours_in_todo_without_an_end_was_never_accepted(own_queue):
    """A power cut has left it."""
    place = own_queue.place
    number = 1795000000000000
    place.queue_put("mess", number, "x\n")
    os.chmod(place.queue_path("mess", number), 0o644)
    path = place.queue_put("todo", number, "u1\0p2\0Fbob@here.example\0Tann@here.example\0")
    os.link(path, place.queue_path("intd", number))
    assert run(place, "--repair") == (0, "all right\n")
    assert os.path.getsize(path) == len("u1\0p2\0Fbob@here.example\0Tann@here.example\0")


def test_an_envelope_that_is_cut(without_queue):
    place = without_queue.place
    old = OldQueue(place.path("queue"), 2)
    old.text(305)
    old.file("todo/305", b"u1000\0p123\0Fbob@here.example\0Tann@here", "qmailq", 0o644)
    code, told = run(place, "--repair")
    assert code == 1 and "todo/6/305 is cut short, or no envelope\n" in told
    with open(old.path("todo/6/305"), "rb") as source:
        assert source.read().endswith(b"Tann@here")
    assert not is_shut(place)


OLD = b"u1\0p2\0Fbob@here.example\0Tann@here.example\0Tbob@here.example\0"


@pytest.mark.parametrize("todo", [OLD[:-len(b"Tbob@here.example\0")], OLD[:-5], b""])
@pytest.mark.parametrize("intd", [OLD, OLD + b"\0"])
def test_an_envelope_of_another_suite_that_is_cut(without_queue, todo, intd):
    """Of two files that in todo ends with a record, and intd has more."""
    place = without_queue.place
    old = OldQueue(place.path("queue"), 2)
    old.text(305)
    for name, data in (("todo", todo), ("intd", intd)):
        old.file(name + "/305", data, "qmailq", 0o644)
    assert run(place, "--repair")[0] == 0
    paths = old.path("todo/6/305"), old.path("intd/6/305")
    assert os.path.samefile(*paths)
    with open(paths[0], "rb") as source:
        assert source.read() == OLD + b"\0"


@pytest.mark.parametrize("intd, says", [
    (OLD, "todo/6/305 is cut short; intd has it whole"),
    (OLD[:-5], "todo/6/305 is cut short, or no envelope"),
    (OLD.replace(b"p2", b"p3"), "todo/6/305 has no end record: it is of another suite")])
def test_what_is_told_of_an_envelope_that_is_cut(own_queue, intd, says):
    """Nothing is put to an end that is none; what is of another message does not count."""
    place = own_queue.place
    todo = OLD[:-len(b"Tbob@here.example\0")]
    os.chmod(place.queue_put("mess", 305, "x\n"), 0o644)
    for name, data in (("todo", todo), ("intd", intd)):
        place.queue_put(name, 305, data.decode())
    code, told = run(place)
    assert code == 1 and says + "\n" in told
    code, told = run(place, "--repair")
    with open(place.queue_path("todo", 305), "rb") as source:
        kept = source.read()
    if b"p3" in intd:
        assert code == 0 and kept == todo + b"\0"
    elif intd == OLD:
        assert code == 0 and kept == OLD + b"\0"
    else:
        assert code == 1 and says in told and kept == todo and not is_shut(place)


ENVELOPE = "u1\0p2\0Fbob@here.example\0Tann@here.example\0\0"
CUTS = ["", "u1\0p2\0Fbob@here.ex", ENVELOPE[:-1]]


def two_files(place, todo, intd):
    """A message of ours, copied without its links.  Its number."""
    number = 1795000000000000
    os.chmod(place.queue_put("mess", number, "x\n"), 0o644)
    place.queue_put("todo", number, todo)
    place.queue_put("intd", number, intd)
    return number


def contents(place, number):
    paths = [place.queue_path(kind, number) for kind in ("todo", "intd")]
    assert os.path.samefile(*paths)
    with open(paths[0], "rb") as source:
        return source.read().decode()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("which", ["todo", "intd"])
def test_of_two_envelopes_the_whole_one_counts(own_queue, cut, which):
    """Else nobody would know who is to get the message."""
    place = own_queue.place
    number = two_files(place, **{"todo": ENVELOPE, "intd": ENVELOPE, which: cut})
    code, told = run(place)
    assert code == 1 and told.startswith({
        "todo": "todo/%d/%d is cut short; intd has it whole\n",
        "intd": "intd/%d/%d is not the file of todo\n"}[which] % (number % 23, number))
    assert run(place, "--repair") == (0, "envelopes completed 1\nall right\n")
    assert contents(place, number) == ENVELOPE
    own_queue.open()
    process.until(lambda: own_queue.mail("ann"), "the mail")


@pytest.mark.parametrize("intd", ["", "link", "fifo"])
def test_of_two_envelopes_none_is_whole(own_queue, intd):
    """They stay as they are, and the queue opens again."""
    place = own_queue.place
    number = two_files(place, ENVELOPE[:-1], "")
    path = place.queue_path("intd", number)
    if intd:
        os.remove(path)
    if intd == "link":
        os.symlink("/none", path)
    if intd == "fifo":
        os.mkfifo(path)
    before = os.lstat(path)
    code, told = run(place, "--repair")
    assert code == 1 and "todo/%d/%d is cut short, or no envelope\n" % (
        number % 23, number) in told
    assert os.lstat(path).st_ino == before.st_ino and not is_shut(place)


# ---- a run that does not come to its end

def small(place):
    """A small queue of another suite with something of each kind."""
    queue = place.path("queue")
    if os.path.isdir(queue):
        shutil.rmtree(queue)
    old = OldQueue(queue, 3, foreign)
    old.waiting(301, "bob@here.example", local=["Tann@here.example"],
                bounce="<lost@here.example>:\nno\n\n")
    old.arrived(1, "bob@here.example", ["ann@here.example"])
    old.arrived(308, "bob@here.example", ["ann@here.example"], intd="gone")
    old.arrived(310, "bob@here.example", ["ann@here.example"], intd="copy")
    old.unfinished(312, ["ann@here.example"])
    return old


def assert_whole(place, before, untouched, what):
    """Whatever happened: all mail is there; and the queue is shut, or as it was,
    or as it is to be."""
    after = mail_files(place.path("queue"))
    assert set(before) <= set(after), what
    assert {name for name in before if before[name] != after[name]} <= {("intd", "310")}, what
    assert is_shut(place) or places(place.path("queue")) == untouched or \
        instcheck(place).endswith("all right\n"), what


def end_state(place):
    found = listing(place.path("queue"), times=False)
    return {name: entry for name, entry in found.items() if name != "lock/split.new"}


def changes(place, tracer):
    small(place)
    calls = [call for call in tracer.calls(place.base + "/trace") if call[0] in CHANGING]
    # What is said is no change, but the number of the split is.
    assert {"mkdirat", "renameat", "linkat", "fchown", "fchmod", "pwrite64", "fsync",
            "syncfs"} <= {name for name, _ in calls}
    return calls


def tracer_of(place):
    words = [place.program("qmail-qfix"), "--split", "2"]
    return faults.Faults(lambda options: faults.strace(options, words, stdout=subprocess.DEVNULL))


def test_a_kill_at_each_change(without_queue):
    if faults.missing():
        pytest.skip(faults.missing())
    place = without_queue.place
    tracer = tracer_of(place)
    calls = changes(place, tracer)
    wanted = end_state(place)
    for name, nth in calls:
        top = small(place).top
        before, untouched = mail_files(top), places(top)
        what, code = next(tracer.kills([(name, nth)]))
        assert code == -signal.SIGKILL, what
        assert_whole(place, before, untouched, what)
        code, told = run(place, "--split", "2")
        assert code == 0, (what, told)
        assert end_state(place) == wanted, what


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_failure_of_each_change(without_queue, error):
    if faults.missing():
        pytest.skip(faults.missing())
    place = without_queue.place
    tracer = tracer_of(place)
    calls = changes(place, tracer)
    wanted = end_state(place)
    for name, nth in calls:
        old = small(place)
        before, as_it_was = mail_files(old.top), listing(old.top, times=False)
        untouched = places(old.top)
        code, told = traced_failure(place, name, nth, error)
        what = "%s at the %d. %s: %s" % (error, nth, name, told)
        assert_whole(place, before, untouched, what)
        if code != 0:
            assert code == 111 and ("the queue is shut" in told) == is_shut(place), what
        if "the queue is as it was" in told:
            left = listing(old.top, times=False)
            left.pop("lock/split.new", None)
            assert left == as_it_was, what
        code, told = run(place, "--split", "2")
        assert code == 0, (what, told)
        assert end_state(place) == wanted, what


def traced_failure(place, name, nth, error):
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null",
                           "--inject=%s:error=%s:when=%d" % (name, error, nth), "--",
                           place.program("qmail-qfix"), "--split", "2"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def test_what_is_on_the_disk_when(without_queue):
    """That the queue is shut, before a name changes; an end record, before its
    file has its new name; the number of parts, before it counts; all of it,
    before the queue is open."""
    if faults.missing():
        pytest.skip(faults.missing())
    place = without_queue.place
    queue = small(place).top
    code, trail = trace.record(place.base + "/trace", [place.program("qmail-qfix"), "--split", "2"],
                               stdout=subprocess.DEVNULL)
    assert code == 0

    def nth(name, file=None, last=False):
        found = [number for number, call in enumerate(trail.calls) if call.name == name and
                 (file is None or call.file == file)]
        return found[-1 if last else 0]
    assert nth("fchown", queue) < nth("fchmod", queue) < nth("fsync", queue)
    assert nth("fsync", queue) < min(nth("mkdirat"), nth("renameat"), nth("linkat"), nth("pwrite64"))
    for name in ("308", "310"):
        old = "%s/todo/%s" % (queue, name)
        moved = next(number for number, call in enumerate(trail.calls)
                     if call.name == "renameat" and call.strings[0] == name and "/todo" in call.words)
        assert nth("pwrite64", old) < nth("fsync", old) < moved
    split = queue + "/lock/split.new"
    assert nth("write", split) < nth("fsync", split) < next(
        number for number, call in enumerate(trail.calls)
        if call.name == "renameat" and call.strings[0] == "split.new")
    synced = [number for number, call in enumerate(trail.calls) if call.name == "syncfs"]
    assert {trail.calls[number].file for number in synced} == {
        queue, *(os.path.join(queue, kind) for kind in MESSAGES)}
    last = max(number for number, call in enumerate(trail.calls)
               if call.name in CHANGING - {"syncfs", "write", "writev", "fsync"} and call.file != queue
               or call.name in ("mkdirat", "unlinkat") and call.file == queue)
    assert last < min(synced)
    assert max(synced) < nth("fchmod", queue, True) < nth("fchown", queue, True) < nth(
        "fsync", queue, True)


def test_another_wish_after_an_interruption(without_queue):
    """The split that was asked for first is forgotten, or has come to be: the
    queue is whole."""
    if faults.missing():
        pytest.skip(faults.missing())
    town, place = without_queue, without_queue.place
    fill(OldQueue(place.path("queue")))
    code = faults.strace(["-o", "/dev/null", "--inject=renameat:signal=KILL:when=9"],
                         [place.program("qmail-qfix"), "--split", "5"], stdout=subprocess.DEVNULL)
    assert code == -signal.SIGKILL and is_shut(place)
    refused = subprocess.run(place.installer, cwd=place.stage, capture_output=True, text=True)
    assert refused.returncode == 111 and is_shut(place)
    assert run(place, "--repair")[0] == 0
    assert instcheck(place).endswith("all right\n")
    deliver_all(town)


@pytest.mark.parametrize("limit, words", [("nr_inodes=%d", ["--repair"]), ("size=%d", ["--split", "7"])])
def test_a_full_disk(without_queue, limit, words):
    """It is told, and the older suite's queue is as it was."""
    place, queue = without_queue.place, without_queue.place.path("queue")
    os.mkdir(queue)
    kernel.mount("none", queue, "tmpfs", 0, "size=1m,mode=755")
    old = OldQueue(queue)
    fill(old)
    if "size" in limit:
        with open(queue + "/filler", "wb", buffering=0) as filler:
            with pytest.raises(OSError):
                while True:
                    filler.write(bytes(4096))
    else:
        fs = os.statvfs(queue)
        kernel.mount("none", queue, "tmpfs", kernel.MS_REMOUNT,
                     "nr_inodes=%d" % (fs.f_files - fs.f_ffree + 10))
    before = listing(queue, times=False)
    code, told = run(place, *words)
    assert code == 111 and "No space left on device" in told
    assert told.endswith("\nqmail-qfix: the queue is as it was\n")
    left = listing(queue, times=False)
    left.pop("lock/split.new", None)
    assert left == before
    if "size" in limit:
        os.unlink(queue + "/filler")
    kernel.mount("none", queue, "tmpfs", kernel.MS_REMOUNT, "size=2m,nr_inodes=5000")
    assert run(place, *words)[0] == 0
    deliver_all(without_queue)
