"""users/assign, from the accounts of a machine to a delivery."""

import os
import resource
import subprocess

import pytest

from support import faults

ASSIGN = """\
=sales:ann:7001:7001:%(ann)s:-:sales:
+Team-X:bob:7002:7002:%(bob)s:-::
+:alias:%(alias)s:-::
.
"""


def newu(place, text=None, words=(), **more):
    if text is not None:
        place.write(place.path("users/assign"), text)
    return subprocess.run([*words, place.program("qmail-newu")], stderr=subprocess.PIPE, **more)


def pw2u(place, text, *words):
    return subprocess.run([place.program("qmail-pw2u"), *words], input=text.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_deliveries(town):
    place = town.place
    alias = "%d:%d:%s" % (*place.ids("alias"), place.path("alias"))
    done = newu(place, ASSIGN % {"ann": town.home("ann"), "bob": town.home("bob"), "alias": alias})
    assert done.returncode == 0 and not done.stderr
    town.rules("ann", "-sales", "./sales/")
    town.rules("bob", "-y", "./team/")
    town.run_as("ann", [place.program("maildirmake"), "sales"])
    town.run_as("bob", [place.program("maildirmake"), "team"])
    town.open()
    for name in "Sales", "team-XY":
        town.send("joe@there.example", name + "@here.example")
    town.letter("ann", "hello", folder="sales")
    town.letter("bob", "hello", folder="team")
    town.send("bob@here.example", "else@here.example")
    town.daemon.wait("^delivery 3: failure: ")


@pytest.mark.parametrize("more, line", [("", 0), ("\n", 0), ("\n=late:ann:7001:7001:/home/ann:::\n", 4), ("x", 3)])
def test_what_stands_behind_the_dot_is_told(town, more, line):
    done = newu(town.place, "=joe:ann:7001:7001:/home/ann:::\n.\n" + more)
    assert done.returncode == 0
    assert bool(done.stderr) == bool(line)
    assert b"line %d stands behind" % line in done.stderr or not line


def test_accounts_to_deliveries(town):
    """getent passwd | qmail-pw2u > assign; qmail-newu"""
    place = town.place
    place.write(place.path("users/mailnames"), "ann:ann:anna:\n")
    place.write(place.path("users/subusers"), "info:bob:info:\nall:bob::\n")
    with open("/etc/passwd") as passwd:
        done = pw2u(place, passwd.read())
    assert done.returncode == 0
    text = done.stdout.decode()
    assert "\n=info:bob:7002:7002:%s:-:info:\n+info-:bob:7002:7002:%s:-:info-:\n" % (
        town.home("bob"), town.home("bob")) in text
    assert "\n=all:bob:7002:7002:%s:-::\n+all-:bob:7002:7002:%s:-:-:\n" % (
        town.home("bob"), town.home("bob")) in text
    assert newu(place, text).returncode == 0
    town.rules("bob", "-info-x", "./Maildir/")
    town.open()
    for name in "anna", "info-x":
        town.send("joe@there.example", name + "@here.example")
    town.letter("ann", "hello")
    town.letter("bob", "hello")


def test_names_from_what_it_writes(town):
    """One that qmail-newu refuses is not made: no half of the output comes."""
    place = town.place
    place.write(place.path("users/subusers"), "info:nobody-here:info:\n")
    with open("/etc/passwd") as passwd:
        done = pw2u(place, passwd.read(), "-H")
    assert done.returncode == 111 and not done.stdout


def test_home_that_cannot_be_looked_at(town):
    """It is no reason to leave somebody out."""
    place = town.place
    place.write(place.base + "/file", "")
    os.symlink("loop", place.base + "/loop")
    line = "x:x:7001:7001::%s/:\n"
    for path, codes in ((place.base + "/loop", (111, 111, 0)), (place.base + "/no", (0, 111, 0))):
        for option, code in zip(("-o", "-h", "-H"), codes):
            text = "alias:x:%d:%d::%s:\n" % (*place.ids("alias"), place.path("alias"))
            done = pw2u(place, text + line % path, option)
            assert done.returncode == code, (path, option)
            assert (b"=x:x:" in done.stdout) == (option == "-H")


@pytest.mark.parametrize("text", ["=a:b:1:1:/h:::\n", "", "=a:b:1:1:/h:::\nx\n.\n",
                                  "=a:b:1:1:/h::\n.\n", "=a\0:b:1:1:/h:::\n.\n"])
def test_text_that_is_none(fresh, text):
    fresh.write(fresh.path("users/cdb"), "old")
    done = newu(fresh, text)
    assert done.returncode == 111 and done.stderr
    assert sorted(os.listdir(fresh.path("users")))[:2] == ["assign", "cdb"]
    assert not os.path.exists(fresh.path("users/cdb.tmp"))
    with open(fresh.path("users/cdb")) as old:
        assert old.read() == "old"


def test_warning(fresh):
    done = newu(fresh, "=a:b:x:1:/h:::\n.\n")
    assert done.returncode == 0 and b"line 1 " in done.stderr


@pytest.mark.parametrize("fault", ["write:error=ENOSPC:when=1", "fsync:error=EIO:when=1",
                                   "rename:error=EIO", "read:error=EIO:when=1"])
def test_old_database_stays(fresh, fault):
    if faults.missing():
        pytest.skip(faults.missing())
    fresh.write(fresh.path("users/cdb"), "old")
    done = newu(fresh, "=a:b:1:1:/h:::\n" * 2000 + ".\n",
                ("strace", "-qq", "-o", "/dev/null", "--inject=" + fault))
    assert done.returncode == 111
    with open(fresh.path("users/cdb")) as old:
        assert old.read() == "old"


def test_many(fresh):
    """The text is not held in memory, only where its records are."""
    count = 100000
    text = "".join("=user%d:u:%d:1:/home/user%d:::\n+user%d-:u:%d:1:/home/user%d:-::\n"
                   % (n, n, n, n, n, n) for n in range(count)) + ".\n"

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (64 * count, 64 * count))
    assert newu(fresh, text, preexec_fn=limit).returncode == 0
    assert os.path.getsize(fresh.path("users/cdb")) > 10 * count
