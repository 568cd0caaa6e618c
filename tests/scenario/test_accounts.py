"""qmail-getpw and qmail-newmrh by themselves: what they make of trouble, and of
what nobody should ask."""

import os
import socket
import subprocess

import pytest

from support import faults, trace


def getpw(place, name, strace=(), **more):
    """Exit code, and the fields of the record."""
    done = subprocess.run([*strace, place.program("qmail-getpw"), name], timeout=60,
                          **{"stdout": subprocess.PIPE, **more})
    return done.returncode, (done.stdout or b"").decode().split("\0")


def test_accounts_cannot_be_told(town):
    """Who is not in the file of accounts may be known to a source that is down:
    that is not "nobody"."""
    if faults.missing():
        pytest.skip(faults.missing())
    usual = town.place.etc.read("nsswitch.conf")
    town.place.etc.write("nsswitch.conf", "passwd: files\n")
    try:
        code, record = getpw(town.place, "no-one")
        assert (code, record[0]) == (0, "alias")
        for nth in (1, 2):  # of the C library, and of ours
            strace = ["strace", "-qq", "-o", "/dev/null", "-P", "/etc/passwd",
                      "--inject=openat:error=EMFILE:when=%d" % nth]
            assert getpw(town.place, "no-one", strace)[0] == 111
    finally:
        town.place.etc.write("nsswitch.conf", usual)


@pytest.mark.parametrize("name", ["#old", "+", "+ann", "-", "-ann", " old", "\told", "+ann-x"])
def test_lines_that_are_no_accounts(town, name):
    """Remarks, words to the C library, and lines that are set in: who has no account is alias's."""
    usual = town.place.etc.read("passwd")
    lines = "#old:x:7003:7003::/home/old:/bin/sh\n+:::::\n+ann::::::\n-:\n-ann::::::\n" \
        " old:x:7003:7003::/home/old:/bin/sh\n\told:x:7003:7003::/home/old:/bin/sh\n"
    town.place.etc.write("passwd", usual + lines)
    try:
        code, record = getpw(town.place, name)
        assert (code, record[0], record[5]) == (0, "alias", name)
        assert getpw(town.place, "ann")[1][0] == "ann"
    finally:
        town.place.etc.write("passwd", usual)


@pytest.mark.parametrize("marks, name, account, extension", [
    (None, "bob+x", "alias", "bob+x"), (None, "bob-x", "bob", "x"),
    ("+", "bob+x", "bob", "x"), ("+", "bob-x", "alias", "bob-x"),
    ("-+", "bob+x-y", "bob", "x-y"), ("-+", "Bob-X+Y", "bob", "X+Y"),
    ("", "bob-x", "alias", "bob-x"), ("x +", "bobxy", "alias", "bobxy"),
    ("+ -", "bob x", "alias", "bob x")])
def test_break_characters(town, marks, name, account, extension):
    """Which bytes may stand between an account and its extension."""
    if marks is not None:
        town.place.write(town.place.path("control/break"), marks + "\n")
    code, record = getpw(town.place, name)
    assert (code, record[0], record[5]) == (0, account, extension)
    assert record[4] == "-"


def test_break_characters_that_cannot_be_read(town):
    os.mkdir(town.place.path("control/break"))
    assert getpw(town.place, "bob")[0] == 111


def test_record_that_cannot_be_written(town):
    with open("/dev/full", "wb") as full:
        assert getpw(town.place, "ann", stdout=full)[0] == 111


@pytest.mark.parametrize("how", ["closed", "circle"])
def test_home_that_cannot_be_looked_at(town, how):
    """It may be there for the account: its name belongs to nobody else."""
    if how == "closed":
        town.hide("ann")
    else:
        os.rename(town.home("ann"), town.home("ann") + ".away")
        os.symlink("ann", town.home("ann"))
    for name in ("ann", "ann-x"):
        assert getpw(town.place, name, **town.place.as_user("qmailp"))[0] == 111
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    with subprocess.Popen([town.place.program("qmail-getpw"), "--serve", "0"], stdin=theirs,
                          **town.place.as_user("qmailp")) as child, ours:
        theirs.close()
        for question, first in ((b"ann", b"H"), (b"bob", b"bob"), (b"ann-x", b"H")):
            ours.send(question)
            assert ours.recv(65536).split(b"\0")[0] == first, question
        ours.close()
        assert child.wait(20) == 0


def test_nobody_plays_alias(town):
    """But the one user of a private instance, who has all the roles."""
    for user in ("qmails", "alias", "qmailp"):
        code, record = getpw(town.place, "no-one", **town.place.as_user(user))
        assert code == 0
        assert record[:2] == ["alias", str(town.place.ids("alias")[0])], user
        assert record[3] == town.place.path("alias")


def test_strange_questions(town):
    """A NUL in a local part, and one whose record would be too large."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    with subprocess.Popen([town.place.program("qmail-getpw"), "--serve", "0"],
                          stdin=theirs) as child, ours:
        theirs.close()
        for question, first in ((b"ann", b"ann"), (b"ann\0x", b"alias"), (b"x" * 60000, b"Z"),
                                (b"bob-x", b"bob")):
            ours.send(question)
            assert ours.recv(65536).split(b"\0")[0] == first, question[:20]
        ours.close()
        assert child.wait(20) == 0


# ---- qmail-newmrh

LIST = "control/morercpthosts"


@pytest.fixture
def newmrh(fresh):
    """newmrh(strace): the exit code; the list is there, and an old database."""
    fresh.write(fresh.path(LIST), "One.example\n" * 4000)
    fresh.write(fresh.path(LIST + ".cdb"), "old")

    def run(*strace, **more):
        return subprocess.run([*strace, fresh.program("qmail-newmrh")], timeout=60,
                              stderr=subprocess.DEVNULL, **more).returncode
    return run


def database(place):
    with open(place.path(LIST + ".cdb"), "rb") as source:
        return source.read()


def test_new_database(fresh, newmrh):
    """Everybody may read it, whatever the umask."""
    assert newmrh(umask=0o077) == 0
    assert b"one.example" in database(fresh)
    assert os.stat(fresh.path(LIST + ".cdb")).st_mode & 0o777 == 0o644


def test_database_is_safe_before_it_counts(fresh, newmrh):
    if faults.missing():
        pytest.skip(faults.missing())
    code, seen = trace.record(fresh.base + "/trace", [fresh.program("qmail-newmrh")],
                              "write,fsync,rename,pwrite64")
    assert code == 0
    steps = [(call.name, os.path.basename(call.file or "")) for call in seen.calls]
    assert steps[-3:] == [("fsync", "morercpthosts.tmp"), ("rename", ""), ("fsync", "control")]


@pytest.mark.parametrize("fault", [
    "write:error=ENOSPC:when=1", "write:error=ENOSPC:when=2", "fsync:error=EIO:when=1",
    "rename:error=EIO", "fchmod:error=EIO"])
def test_old_database_stays(fresh, newmrh, fault):
    if faults.missing():
        pytest.skip(faults.missing())
    assert newmrh("strace", "-qq", "-o", "/dev/null", "--inject=" + fault) == 111
    assert database(fresh) == b"old"


def test_no_list(fresh, newmrh):
    os.unlink(fresh.path(LIST))
    assert newmrh() == 111
    assert database(fresh) == b"old"
