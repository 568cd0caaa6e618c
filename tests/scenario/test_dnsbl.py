"""qmail-dnsbl: what lists in the DNS say of a client, and what qmail-smtpd makes of it."""

import smtplib
import subprocess

import pytest

from support import peers

GOOD, BAD, WORSE, SIX = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::2"
BLACK, OTHER, WHITE = "bl.example", "other.example", "wl.example"


def at(address, name):
    if ":" in address:
        digits = "20010db8" + "0" * 23 + "2"
        return ".".join(reversed(digits)) + "." + name
    return ".".join(reversed(address.split("."))) + "." + name


ZONE = {
    at(BAD, BLACK): {"A": ["127.0.0.2"], "TXT": ["see bl.example"]},
    at(WORSE, BLACK): {"A": ["127.0.0.4"], "TXT": ["x" * 200 + "\r\n\"\\" + "y" * 200]},
    at(WORSE, OTHER): {"A": ["127.0.0.2"]},
    at(WORSE, WHITE): {"A": ["127.0.0.9"]},
    at(SIX, BLACK): {"A": ["127.0.0.2"]},
    at(GOOD, "errors.example"): {"A": ["127.255.255.254"]},
    at(GOOD, "wild.example"): {"A": ["10.0.0.1"]},
}


@pytest.fixture
def names():
    with peers.Dns(dict(ZONE)) as dns:
        yield dns


def ask(place, *words, ip=BAD, code=0, **environment):
    """(what the program finds in its environment, the log)"""
    environment = {"PATH": "/usr/bin:/bin", "TCPREMOTEIP": ip, **environment}
    done = subprocess.run(
        [place.program("qmail-dnsbl"), *words, "--", "/bin/sh", "-c",
         'echo "${DNSBLSCORE-none}|${DNSBLLISTS-none}|${REFUSECLIENT-none}"'],
        env={name: value for name, value in environment.items() if value is not None},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, cwd="/",
        **place.as_user("qmaild"))
    assert done.returncode == code, done.stderr
    return done.stdout.strip().split("|"), done.stderr


WELCOME = ["none", "none", "none"]


@pytest.mark.parametrize("ip, words, wanted", [
    (GOOD, [BLACK], WELCOME),
    (BAD, [BLACK], ["1", BLACK, "your address 192.0.2.2 is listed by bl.example: see bl.example"]),
    (BAD, [OTHER, BLACK + ":5"], ["5", BLACK, "your address 192.0.2.2 is listed by bl.example: see bl.example"]),
    (BAD, ["-s", "2", BLACK], ["1", BLACK, "none"]),
    (WORSE, ["-s", "2", OTHER, BLACK + "=127.0.0.2"], ["1", OTHER, "none"]),
    (WORSE, ["-s", "3", OTHER + ":2", BLACK + "=127.0.0.4"], ["3", OTHER + " " + BLACK,
                                                              "your address 192.0.2.3 is listed by other.example"]),
    (WORSE, [OTHER, BLACK, WHITE + ":-2"], ["0", " ".join((OTHER, BLACK, WHITE)), "none"]),
    (WORSE, [OTHER, BLACK, WHITE + ":-1"], ["1", " ".join((OTHER, BLACK, WHITE)),
                                            "your address 192.0.2.3 is listed by other.example"]),
    (SIX, [BLACK], ["1", BLACK, "your address 2001:db8::2 is listed by bl.example"]),
    ("::ffff:192.0.2.2", [BLACK], ["1", BLACK,
                                   "your address ::ffff:192.0.2.2 is listed by bl.example: see bl.example"]),
    (GOOD, ["errors.example", "wild.example"], WELCOME),
    ("unknown", [BLACK], WELCOME), (None, [BLACK], WELCOME)])
def test_lists(root_place, names, ip, words, wanted):
    found, log = ask(root_place, *words, ip=ip)
    assert found == wanted
    assert ("dnsbl refused" in log) == (found[2] != "none")
    assert ("dnsbl listed" in log) == (found[0] != "none" and found[2] == "none")


def test_words_of_a_stranger(root_place, names):
    """Short, and in one line."""
    found, _ = ask(root_place, BLACK, ip=WORSE)
    assert found[2].endswith("bl.example: " + "x" * 200 + '??"\\' + "y" * 46)


def test_who_may_relay_is_not_looked_up(root_place, names):
    assert ask(root_place, BLACK, RELAYCLIENT="")[0] == WELCOME


def test_what_was_set_before(root_place, names):
    assert ask(root_place, BLACK, ip=GOOD, DNSBLSCORE="5", DNSBLLISTS="x")[0] == WELCOME


def test_silence(root_place):
    """All are asked at once, and who does not answer says nothing."""
    with peers.Dns({**ZONE, at(BAD, OTHER): "DROP"}):
        found, _ = ask(root_place, "-t", "2", OTHER, WHITE, BLACK)
    assert found[:2] == ["1", BLACK]


class Forgetful(peers.Dns):
    """Does not answer when a question comes for the first time."""

    def answer(self, query, limit):
        code = super().answer(query, limit)
        if len(set(self.asked)) == len(self.asked):
            raise peers.Silence
        return code


def test_all_of_the_time(root_place):
    """One list may take all that there is, so that it can be asked again."""
    root_place.resolver("nameserver 127.0.0.1\noptions timeout:1\n")
    with Forgetful({at(BAD, BLACK): {"A": ["127.0.0.2"]}}):
        found, _ = ask(root_place, "-t", "2", BLACK)
    root_place.resolver("nameserver 127.0.0.1\n")
    assert found[:2] == ["1", BLACK]


def test_no_name_server(root_place):
    assert ask(root_place, "-t", "1", BLACK)[0] == WELCOME


@pytest.mark.parametrize("words", [
    [], ["-s", "x", BLACK], ["-t", "61", BLACK], ["-s", "1001", BLACK], ["-x", BLACK], [BLACK + ":"], [BLACK + ":x"],
    [BLACK + ":1001"], [BLACK + ":-1001"], [BLACK + "=x"], ["a b"], [""], [BLACK] * 21], ids=range(13))
def test_usage(root_place, words):
    assert "usage" in ask(root_place, *words, code=100)[1]


# ---- what qmail-smtpd makes of it

@pytest.mark.parametrize("refusal, text", [
    ("listed by bl.example", b"5.7.1 listed by bl.example"), ("a\r\nb", b"5.7.1 your address is not welcome here"),
    ("x" * 1000, b"5.7.1 " + b"x" * 400)])
def test_smtpd(town, needs, refusal, text):
    needs("tcpserver")
    town.serve_smtp(REFUSECLIENT=refusal)
    town.open()
    with smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=20) as client:
        client.ehlo()
        client.docmd("MAIL FROM:<joe@there.example>")
        assert client.docmd("RCPT TO:<ann@here.example>") == (554, text)
        assert client.docmd("RCPT TO:<Postmaster@here.example>")[0] == 250
        assert client.docmd("RCPT TO:<postmaster>")[0] == 250


def test_smtpd_of_our_own(town, needs):
    needs("tcpserver")
    town.serve_smtp(REFUSECLIENT="listed", RELAYCLIENT="")
    town.open()
    with smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=20) as client:
        client.ehlo()
        client.docmd("MAIL FROM:<joe@there.example>")
        assert client.docmd("RCPT TO:<ann@here.example>")[0] == 250
