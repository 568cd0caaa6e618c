"""Fixtures of the scenarios.

town   a fresh installation with people in it; nothing runs yet
needs  needs("mutt"): skips where that program is missing
"""

import os
import shutil

import pytest

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
