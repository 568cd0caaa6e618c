"""tests/known-differences, and the marks that follow from it."""

import os

import pytest

from . import build


def read():
    """{id: reason}"""
    lines = build.read("tests/known-differences").splitlines()
    return dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))


DIFFERENCES = read()


def parameter(case):
    """The case as a parameter; one that is listed has to differ."""
    reason = DIFFERENCES.get(case["id"])
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(case, id=case["id"], marks=marks)
