"""tests/known-differences: cases in which this suite differs on purpose, and
what is right in them."""

import json

from . import build

RECORDED = ("inject", "sendmail", "local", "tools", "smtpd", "remote", "pop3",
            "checkpassword", "qmtp_qmqp", "ofmip", "serialmail", "fastforward",
            "dotforward", "analog")


def read():
    """{id: reason}"""
    lines = build.read("tests/known-differences").splitlines()
    return dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))


def load(family):
    return json.loads(build.read("tests/cases/%s.json" % family))


def cases():
    """All recorded cases; where we differ, what is right takes the place of
    what was recorded."""
    ours = {case["id"]: case for case in load("ours")}
    return [{**case, **ours.get(case["id"], {})} for family in RECORDED for case in load(family)]
