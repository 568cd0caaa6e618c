"""Fixtures of the scenarios.

town         a fresh installation with people in it; nothing runs yet
needs        needs("mutt"): skips where that program is missing
machine      the town's machine: machine.sendmail() makes /usr/sbin/sendmail ours
routed_six   addresses that can be reached and are not ours: peers.SIX
"""

import os
import shutil
import subprocess

import pytest

from support import peers
from support.machine import Machine
from support.town import Town


@pytest.fixture
def town(root_place, start):
    root_place.reset()
    town = Town(root_place, start)
    yield town
    town.close()


@pytest.fixture
def needs():
    def check(*programs):
        for program in programs:
            if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
                pytest.skip("%s is not installed" % program)
    return check


@pytest.fixture
def machine(town):
    machine = Machine(town.place)
    yield machine
    town.close()  # before what its daemons see is the machine's again
    machine.restore()


@pytest.fixture
def routed_six(root_place, needs):
    needs("ip")
    words = ["ip", "-6", "route", "add", "local", peers.ROUTED, "dev", "lo"]
    subprocess.run(words, check=True)
    yield
    subprocess.run([word.replace("add", "del") for word in words], check=True)


@pytest.fixture
def lock_folders(town):
    """lock_folders(kind, mode): the folders of a kind cannot be written, or
    not be entered; what it returns undoes that, as the end of the test does."""
    locked = []

    def undo():
        for part, old in locked:
            os.chown(part, old.st_uid, old.st_gid)
            os.chmod(part, old.st_mode & 0o777)
        locked.clear()

    def lock(kind, mode):
        top = town.place.path("queue/" + kind)
        for name in os.listdir(top):
            part = os.path.join(top, name)
            locked.append((part, os.stat(part)))
            os.chown(part, 0, 0)
            os.chmod(part, mode)
        return undo

    yield lock
    undo()
