"""A message on its last try for which the system does not allow us to ask
anybody: it waits, and does not bounce."""

import os
import re
import subprocess
import time

import pytest

from support import faults, town as towns

DAYS = 30 * 86400
ACCEPT = "#!/bin/sh\ncat >/dev/null\nprintf 'r\\0Kaccepted\\n\\0n\\0'\n"


def put_old(town, channel, recipient, next_try=1000):
    """One that waits for the last try."""
    old = time.time() - DAYS
    number = int(old * 1000000)
    put = town.place.queue_put
    put("mess", number, "Subject: a letter\n\nhello\n", old)
    put("intd", number, "u7002\0p1\0Fbob@here.example\0T%s\0\0" % recipient, old)
    put("info", number, "Fbob@here.example\0", old)
    put(channel, number, "T%s\0" % recipient, time.time() + next_try)
    return number


def limit(town, name, what, value):
    """Sets the limit of a daemon, with its own ids."""
    pid, = town.daemons()[name]
    with open("/proc/%d/status" % pid) as status:
        uid, gid = [int(number) for number in re.findall(r"^[UG]id:\t(\d+)", status.read(), re.M)]
    subprocess.run(["prlimit", "--pid", str(pid), "--%s=%s:" % (what, value)], check=True,
                   user=uid, group=gid, extra_groups=[])


@pytest.fixture
def remote(town):
    """A program in place of qmail-remote: remote(text) writes it."""
    path = town.place.base + "/remote"

    def write(text):
        town.place.write(path, text, mode=0o755)
        return {"QMAILREMOTE": path}
    return write


@pytest.mark.parametrize("spawner, channel, what, value", [
    ("qmail-lspawn", "local", "nofile", 3),
    ("qmail-lspawn", "local", "nofile", 4),
    ("qmail-rspawn", "remote", "nofile", 3),
    ("qmail-rspawn", "remote", "nofile", 4),
    ("qmail-rspawn", "remote", "nproc", 0),
])
def test_a_spawner_lacks_something(town, remote, spawner, channel, what, value):
    domain = "here.example" if channel == "local" else "there.example"
    put_old(town, channel, "ann@" + domain)
    town.open(env=remote(ACCEPT))
    town.until(lambda: not os.listdir(town.place.path("queue/todo/0")), "the start")
    limit(town, spawner, what, value)
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^delivery 1: deferral: ")
    limit(town, spawner, what, 1000)
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^delivery .*: success: ")
    town.wait_empty()
    assert not town.mail("bob")
    assert len(town.mail("ann")) == (channel == "local")


def test_the_program_cannot_be_run(town):
    """The child that could not become it says so."""
    put_old(town, "local", "ann@here.example", 0)
    path = town.place.program("qmail-local")
    mode = os.stat(path).st_mode & 0o7777
    os.chmod(path, 0o600)
    try:
        town.open()
        town.daemon.wait("^delivery 1: deferral: .*cannot_be_started")
    finally:
        os.chmod(path, mode)
    os.kill(town.daemon.pid, towns.ALARM)
    town.letter("ann", "a letter")
    assert not town.mail("bob")


def test_nobody_keeps_his_mail_for_ever(town):
    """By words that a child says which could not become the program."""
    town.rules("ann", "", "|echo 'The delivery program cannot be started now. (#4.3.0)'; exit 111")
    put_old(town, "local", "ann@here.example", 0)
    town.open()
    town.daemon.wait("^delivery 1: failure: .*this_was_the_last_try")


def test_accounts_cannot_be_looked_up(town):
    put_old(town, "local", "ann@here.example", 0)
    getpw = town.place.program("qmail-getpw")
    os.rename(getpw, getpw + ".away")
    try:
        town.open()
        town.daemon.wait("^delivery 1: deferral: .*looked_up")
    finally:
        os.rename(getpw + ".away", getpw)


@pytest.mark.parametrize("said, is_over", [
    (r"Zout of memory. (#4.3.0)\n\0nu\0", False),
    (r"r\0Zcannot read the message. (#4.3.0)\n\0nu\0", False),
    (r"snot now\n\0Zcannot read the message. (#4.3.0)\n\0nu\0", True),
    (r"Znot now\n\0n\0", True),
    (r"Znot now\n\0nt\0", True),
])
def test_what_qmail_remote_cannot_do(town, remote, said, is_over):
    """It lacked something, and no host has said anything of the recipient."""
    put_old(town, "remote", "ann@there.example", 0)
    town.open(env=remote("#!/bin/sh\nprintf '%s'\n" % said))
    town.daemon.wait("^delivery 1: " + ("failure" if is_over else "deferral"))


def test_nonsense_is_no_verdict(town):
    """A spawner says what nobody knows, on the last try."""
    put_old(town, "local", "ann@here.example")
    lspawn = town.place.program("qmail-lspawn")
    os.rename(lspawn, lspawn + ".away")
    town.place.write(lspawn, """#!/usr/bin/python3
import re, socket
peer = socket.socket(fileno=0)
while True:
    data = peer.recv(65536)
    if not data:
        break
    for number in re.findall(rb"N([0-9]+)\\0T", data):
        peer.send(b"N" + number + b"\\0xwhat\\0")
""", mode=0o755)
    try:
        town.open()
        os.kill(town.daemon.pid, towns.ALARM)
        town.daemon.wait("^delivery 1: report mangled, will defer")
        town.daemon.stop()
    finally:
        os.rename(lspawn + ".away", lspawn)
    town.open()
    os.kill(town.daemon.pid, towns.ALARM)
    town.letter("ann", "a letter")
    town.wait_empty()
    assert not town.mail("bob")


def test_no_socket_for_qmail_remote(town):
    """It says that it has asked nobody."""
    if faults.missing():
        pytest.skip(faults.missing())
    words = ["strace", "-qq", "-o", "/dev/null", "--inject=socket:error=ENFILE", "--",
             town.place.program("qmail-remote"), "there.example", "", "ann@there.example"]
    done = subprocess.run(
        words, input=b"hello\n", stdout=subprocess.PIPE, cwd="/",
        env={"PATH": os.environ["PATH"], "NEXTHOPREPORT": "1", "SMTPROUTE": "127.0.0.1:1"},
        check=True, **town.place.as_user("qmailr"))
    assert done.stdout.startswith(b"Z") and done.stdout.endswith(b"(#4.3.0)\n\0nu\0")
