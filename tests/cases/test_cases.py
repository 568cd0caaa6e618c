"""Replays recorded behaviour, a case at a time."""

import pytest

from support import dialogue, known, replay, scene


@pytest.mark.parametrize("case", known.cases(), ids=lambda case: case["id"])
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


def test_known_differences_are_told_apart():
    """Each case that is listed and replayed here has its own right answer, and
    each answer of ours is listed and differs from the recorded one."""
    recorded = {case["id"]: case for family in known.RECORDED for case in known.load(family)}
    ours = {case["id"]: case for case in known.load("ours")}
    assert ours.keys() == known.read().keys() & recorded.keys()
    for name, case in ours.items():
        assert all(recorded[name].get(key) != value for key, value in case.items() if key != "id")
