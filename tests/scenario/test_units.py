"""The units of systemd: what stops a service interrupts no delivery."""

import os
import shlex
import shutil
import signal
import subprocess

import pytest

from support import build, process

SLOW = "|echo x >> began; until test -e ready; do sleep 0.05; done; echo x >> count"

RUN = """#!/bin/sh
exec env - PATH=%s:/usr/local/bin:/usr/bin:/bin qmail-start ./Maildir/
"""


def count(town, file):
    try:
        with open("%s/%s" % (town.home("ann"), file)) as source:
            return len(source.read().split())
    except FileNotFoundError:
        return 0


def unit(town, name):
    """What a unit says, by its keys."""
    text = build.read("src/install/service/" + name)
    for word, value in (("QMAIL", town.place.prefix), ("NAME", "qmail-send"),
                        ("SVSCAN", "svscan")):
        text = text.replace("@%s@" % word, value)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def begin_stop(keys, main):
    """The command that stops a service, as systemd.service(5) has it, or None."""
    if "ExecStop" not in keys:
        return None
    return subprocess.Popen([word.replace("$$", "$") for word in shlex.split(keys["ExecStop"])],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            env={**os.environ, "MAINPID": str(main)})


def end_stop(keys, main, members):
    """Who is told to end then, as systemd.kill(5) has it."""
    mode = keys.get("KillMode", "control-group")
    process.kill(members if mode == "control-group" else [main], signal.SIGTERM)


def begin_delivery(town):
    town.rules("ann", "", SLOW)
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: count(town, "began"), "the delivery to begin")


def release(town):
    town.run_as("ann", ["touch", "ready"])


def test_a_delivery_ends_before_its_service(town):
    town.open()
    begin_delivery(town)
    end_stop(unit(town, "unit"), town.daemon.pid, process.session_members(town.daemon.pid))
    release(town)
    assert town.daemon.process.wait(15) == 0
    town.open()
    town.wait_empty()
    assert (count(town, "began"), count(town, "count")) == (1, 1)


@pytest.fixture
def scan(town, needs):
    """svscan as its unit starts it, with qmail-send as its service."""
    needs("svscan")
    top = town.place.path("service")
    os.makedirs(top + "/qmail-send")
    town.place.write(top + "/qmail-send/run", RUN % town.place.path("bin"), mode=0o755)
    town.daemon = town.begin(unit(town, "svscan.unit")["ExecStart"].split(), cwd="/")
    town.until(town.is_door_open, "qmail-rcptd to answer")
    yield town.daemon
    town.close()
    shutil.rmtree(top)


def test_a_delivery_ends_before_all_services(town, scan):
    """The supervisor goes first, or it would start again what ends."""
    keys = unit(town, "svscan.unit")
    begin_delivery(town)
    stopping = begin_stop(keys, scan.pid)
    if stopping:
        assert scan.process.wait(15) == -signal.SIGTERM
        release(town)
        assert stopping.wait(30) == 0
    end_stop(keys, scan.pid, process.session_members(scan.pid))
    release(town)
    process.until(lambda: not process.session_members(scan.pid), "all to end")
    town.open()
    town.wait_empty()
    assert (count(town, "began"), count(town, "count")) == (1, 1)
