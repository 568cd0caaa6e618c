"""qmail-dkimverify, with messages that other programs signed."""

import json
import os
import subprocess

import pytest

from support import build, peers

FOLDER = os.path.join(build.TOP, "tests/cases/dkim")
PORT = 26154

with open(FOLDER + "/dkim.json") as source:
    DOCUMENT = json.load(source)


@pytest.fixture(scope="module")
def zone():
    with peers.Dns(DOCUMENT["zone"], port=PORT):
        yield


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["id"])
def test_case(case, place, zone):
    program = place.program("qmail-dkimverify")
    if not os.path.exists(program):
        pytest.skip("built without OpenSSL")
    with open("%s/%s.eml" % (FOLDER, case["id"]), "rb") as file:
        message = file.read()
    for words, text in ([], message.replace(b"\r\n", b"\n")), (["--crlf"], message):
        done = subprocess.run([program, *words], input=text, stdout=subprocess.PIPE, timeout=60,
                              env={"DNSCACHEIP": "127.0.0.1:%d" % PORT})
        assert done.returncode == 0
        got = [line.split()[:3] for line in done.stdout.decode().splitlines()]
        assert got == [[result, "d=" + domain, "s=" + selector]
                       for result, domain, selector in case["signatures"]], case["what"]
