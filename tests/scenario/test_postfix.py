"""Mail between us and a real Postfix."""

import smtplib

import pytest

from support import postfix, town as towns


@pytest.fixture
def neighbour(town, needs, request):
    needs("postfix", "tcpserver")
    server = postfix.Postfix(town.place, getattr(request, "param", ""))
    yield server
    server.stop()


def test_postfix_sends_to_us(town, neighbour):
    town.open()
    town.serve_smtp(postfix.OURS)
    lines = ["line %d" % n for n in range(2000)] + [".", "..", "From here", ""]
    with smtplib.SMTP(postfix.ADDRESS, timeout=10) as client:
        client.sendmail("joe@" + postfix.DOMAIN, ["ann@here.example", "bob@here.example"],
                        "Subject: from Postfix\n\n" + "\n".join(lines))
    for name in ("ann", "bob"):
        text = town.letter(name, "Subject: from Postfix")
        assert text.startswith("Return-Path: <joe@%s>\n" % postfix.DOMAIN)
        assert text.endswith("\n" + "\n".join(lines)), neighbour.log()
    town.wait_empty()


def test_we_send_to_postfix(town, neighbour):
    town.place.write(town.place.path("control/smtproutes"),
                     "%s:[%s]\n" % (postfix.DOMAIN, postfix.ADDRESS))
    town.open()
    body = "one\n.\n..two\n" + "x" * 900 + "\n" + "line\n" * 5000
    town.send("bob@here.example", "ann@" + postfix.DOMAIN, "bob@" + postfix.DOMAIN,
              subject="to Postfix", body=body)
    for name in ("ann", "bob"):
        text = town.letter(name, "Subject: to Postfix", folder="PostfixMaildir")
        assert text.startswith("Return-Path: <bob@here.example>\n")
        assert text.endswith("\n\n" + body), neighbour.log()
    said = town.daemon.wait(r"^delivery 1: success: (.*)$").group(1)
    assert "2.0.0" in said and postfix.ADDRESS in said
    town.wait_empty()


@pytest.mark.parametrize("neighbour", [
    "smtpd_relay_restrictions = reject_unauth_destination\n"], indirect=True)
def test_postfix_refuses_what_we_send(town, neighbour):
    """Its words come back in the bounce."""
    town.place.write(town.place.path("control/smtproutes"), ":[%s]\n" % postfix.ADDRESS)
    town.open()
    town.send("bob@here.example", "joe@elsewhere.example")
    town.letter("bob", "Subject: failure notice", "<joe@elsewhere.example>:", "5.7.1",
                "Relay access denied")
    town.wait_empty()


def test_a_bounce_of_ours_to_postfix(town, neighbour):
    """There and back: what we took and could not deliver reaches the sender there."""
    town.place.write(town.place.path("control/smtproutes"),
                     "%s:[%s]\n" % (postfix.DOMAIN, postfix.ADDRESS))
    town.rules("bob", "-gone", "|exit 100")
    town.open()
    town.serve_smtp(postfix.OURS)
    with smtplib.SMTP(postfix.ADDRESS, timeout=10) as client:
        client.sendmail("ann@" + postfix.DOMAIN, ["bob-gone@here.example"],
                        "Subject: is there anybody\n\nhello\n")
    text = town.letter("ann", "Subject: failure notice", "is there anybody",
                       folder="PostfixMaildir")
    assert text.startswith("Return-Path: <>\n")
    assert town.mail("ann", towns.MAIL_FOLDER) == []
    town.wait_empty()
