"""Peers out of Debian packages that are unpacked and not installed (tests/run)."""

import os
import shutil

import pytest

from . import build

PEERS = os.path.join(build.MADE, "peers")


def folder(place, package):
    """Where its files are, for everybody to read; skips without the package."""
    source = os.path.join(PEERS, package)
    if not os.path.isdir(source):
        pytest.skip("%s is not unpacked" % package)
    target = "%s/peers/%s" % (place.base, package)
    if not os.path.isdir(target):
        shutil.copytree(source, target, symlinks=True)
    return target


def fresh(place, name):
    """An empty folder of a peer, below the base."""
    path = os.path.join(place.base, name)
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path, 0o755)
    return path
