"""Replays recorded behaviour, a case at a time."""

import json
import os

import pytest

from support import dialogue, known, replay, scene

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = ("inject", "sendmail", "local", "tools", "smtpd", "remote")


def load(family):
    with open(os.path.join(HERE, family + ".json"), encoding="ascii") as source:
        return json.load(source)


CASES = [known.parameter(case) for family in FAMILIES for case in load(family)]


@pytest.mark.parametrize("case", CASES)
def test_case(case, pytestconfig, place):
    reason = pytestconfig.place.missing(scene.needs_root(case))
    if reason:
        pytest.skip(reason)
    if "steps" in case:
        found = dialogue.converse(place, case)
    elif "report" in case["expect"]:
        found = dialogue.deliver(place, case)
    else:
        found = replay.differences(case, replay.play(place, case))
    assert not found, case["about"] + "\n" + "\n".join(found)
