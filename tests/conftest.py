"""Fixtures for all tests: the installation under test, and daemons of it.

root_place   as root: the installation with its own users (skip without)
place        the same, or without root a private instance
fresh        place, as freshly installed
start        starts qmail-start; whatever it began ends with the test
"""

import os
import signal

import pytest

from support import place as places
from support import process


def pytest_configure(config):
    # A shell ignores these for what runs in the background, and so would all
    # that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    config.place = places.Place()


def pytest_unconfigure(config):
    """Orphans became ours: see that none stays for others to bury."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def pytest_report_header(config):
    place = config.place
    return "as %s, %s" % (
        "root" if place.is_root else "uid %d" % os.geteuid(),
        "in namespaces of our own" if place.is_isolated else "no namespaces")


def ready(config, needs_root):
    reason = config.place.missing(needs_root)
    if reason:
        pytest.skip(reason)
    config.place.install()
    return config.place


@pytest.fixture(scope="session")
def place(pytestconfig):
    return ready(pytestconfig, needs_root=False)


@pytest.fixture(scope="session")
def root_place(pytestconfig):
    return ready(pytestconfig, needs_root=True)


@pytest.fixture
def fresh(place):
    place.reset()
    return place


@pytest.fixture
def start(place):
    """start(defaultdelivery): a running qmail-start, a process.Daemon."""
    running = []

    def begin(*arguments, **more):
        running.append(process.start(place, *arguments, **more))
        return running[-1]

    yield begin
    for daemon in running:
        daemon.kill()
