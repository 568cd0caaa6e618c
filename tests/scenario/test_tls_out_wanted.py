"""A server that offers TLS, and refuses for want of it when that does not come about."""

import pytest

from support import peers
# pylint: disable=unused-import
from scenario.test_tls_out import (
    OFFER, RELAY, begin, control, deliver, files, offering, spawner, tlsc, troubles)

WANTS = "530 5.7.0 Must issue a STARTTLS command first\r\n"
BROKEN = {"EHLO": OFFER[0], "STAR": "220 go\r\n<rst>"}


def clear(**more):
    """A script for a session that goes on in clear text."""
    return {"EHLO": OFFER[0], **more}


def test_nobody_speaks_it_now(fresh, spawner, tlsc):
    """A fault of our own is no end."""
    control(fresh)
    tlsc.kill()
    with peers.Servers({RELAY: [clear(MAIL=WANTS)]}):
        end, text, (session,) = deliver(spawner)
    assert end == "Zw" and "530 5.7.0" in text and "may want TLS" in text
    assert session["result"] == "no-service"


def test_nobody_ever_speaks_it(fresh, spawner, begin):
    """Where qmail-tlsc is not in use, the next time would be the same."""
    control(fresh)
    with peers.Servers({RELAY: [clear(MAIL=WANTS)]}):
        end, _, sessions = deliver(spawner)
    assert end == "Dw" and sessions == []


def test_a_handshake_that_failed(fresh, spawner, tlsc, files):
    """It is deferred, and TLS is tried again the next time, not left alone."""
    control(fresh)
    with peers.Servers({RELAY: [BROKEN, clear(MAIL=WANTS), offering(files.sign("mx.example"))]}):
        end, text, (session,) = deliver(spawner)
        assert end == "Zw" and "530 5.7.0" in text and session["result"] == "validation-failure"
        assert troubles(fresh) == ""
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "ok"


def test_left_alone(fresh, spawner, tlsc, files):
    control(fresh)
    with peers.Servers({RELAY: [BROKEN, clear(), clear(MAIL=WANTS), offering(files.sign("mx.example"))]}):
        assert deliver(spawner)[0] == "Kw"
        assert "failed in TLS" in troubles(fresh)
        end, _, (session,) = deliver(spawner)
        assert end == "Zw" and session["result"] == "left-alone"
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "ok"


def test_starttls_is_refused(fresh, spawner, tlsc):
    control(fresh)
    with peers.Servers({RELAY: [clear(STAR="454 4.7.0 not now\r\n", MAIL=WANTS)]}):
        assert deliver(spawner)[0] == "Zw"


SAID = [("530 Must issue a STARTTLS command first", "Z"), ("530 5.5.1 STARTTLS first", "Z"),
        ("523 5.5.1 not so", "Z"), ("538 5.5.1 not so", "Z"), ("550 5.7.1 TLS required", "Z"),
        ("550-5.7.10 encrypt\r\n550 5.7.10 it", "Z"), ("554 no", "Z"), ("554 5.0.0 no", "Z"),
        ("550 5.1.1 nobody", "D"), ("554 5.5.0 no", "D"), ("452 4.7.0 later", "Z")]


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA"])
def test_what_is_said_for_it(fresh, spawner, tlsc, where):
    control(fresh)
    tlsc.kill()
    for offers in (OFFER[0], "250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n"):
        with peers.Servers({RELAY: [{"EHLO": offers, where: reply + "\r\n"} for reply, _ in SAID]}):
            for reply, letter in SAID:
                end, text, _ = deliver(spawner)
                assert end == letter + "w" and reply[:9] in text, reply


def test_with_tls_it_counts(fresh, spawner, tlsc, files):
    control(fresh)
    with peers.Servers({RELAY: [offering(files.sign("mx.example"), MAIL="550 5.7.1 go away\r\n")]}):
        end, _, (session,) = deliver(spawner)
    assert end == "Dw" and session["result"] == "ok"


@pytest.mark.parametrize("policy, offers", [("d.example:none\n", OFFER[0]), ("", "250 x\r\n")],
                         ids=["clear text is wanted", "it is not offered"])
def test_where_tls_is_no_matter(fresh, spawner, tlsc, policy, offers):
    control(fresh, policy)
    with peers.Servers({RELAY: [{"EHLO": offers, "MAIL": WANTS}]}):
        assert deliver(spawner)[0] == "Dw"
