"""Mail to and from other mail servers, by IPv4 and by IPv6, byte for byte."""

import re
import smtplib
import subprocess

import pytest

from support import exim, opensmtpd, postfix

ADDRESS, SIX = "127.0.0.2", "2001:db8:25::2"
OURS, OUR_SIX = "127.0.0.3", "2001:db8:25::3"
BODIES = {
    "eight-bit": "na\xefve \xff\xfe caf\xc3\xa9\n\x80\x9f\n",
    "large": "".join("%07d %s\n" % (n, "x" * 68) for n in range(14000)),
    "dots": ".\n..\n...\n.a\nFrom here\n\n.\n\n..b\n.\n",
    "long lines": "\n".join("y" * length for length in (997, 998)) + "\n",
}


@pytest.fixture
def six(root_place, needs):
    needs("ip", "tcpserver")
    for address in SIX, OUR_SIX:
        subprocess.run(["ip", "-6", "address", "add", address, "dev", "lo", "nodad"], check=True)
    yield
    for address in SIX, OUR_SIX:
        subprocess.run(["ip", "-6", "address", "del", address, "dev", "lo"], check=True)


@pytest.fixture(params=[exim.Exim, opensmtpd.OpenSmtpd, postfix.Neighbour], ids=lambda kind: kind.domain)
def kind(request):
    return request.param


@pytest.fixture(params=[4, 6], ids=["IPv4", "IPv6"])
def way(request, six):
    """Where they are, where we are."""
    return (ADDRESS, OURS) if request.param == 4 else (SIX, OUR_SIX)


@pytest.fixture
def neighbour(town, kind, way, needs):
    if kind is postfix.Neighbour:
        needs("postfix")
    server = kind(town, ADDRESS, SIX, way[1])
    town.place.write(town.place.path("control/smtproutes"),
                     "%s:[%s]\n" % (kind.domain, way[0]))
    yield server
    server.stop()
    print(server.log())  # seen when the test fails


def hand_over(neighbour, way, subject, body, *recipients):
    """Gives a message to them, for us."""
    with smtplib.SMTP(way[0], timeout=20) as client:
        return client.sendmail(
            "ann@" + neighbour.domain, recipients,
            ("Subject: %s\n\n%s" % (subject, body)).replace("\n", "\r\n").encode("latin-1"),
            mail_options=["BODY=8BITMIME"] if client.has_extn("8bitmime") else [])


def test_they_send_to_us(town, neighbour, way):
    town.open()
    town.serve_smtp(OURS, OUR_SIX)
    for subject, body in BODIES.items():
        hand_over(neighbour, way, subject, body, "ann@here.example", "bob@here.example")
    for name in "ann", "bob":
        for subject, body in BODIES.items():
            text = town.letter(name, "Subject: %s\n" % subject)
            assert text.endswith("\n\n" + body)
            assert text.startswith("Return-Path: <ann@%s>\n" % neighbour.domain)
            assert ("(2001:db8:25::" if way[0] == SIX else "(127.0.0.") in text
    town.wait_empty()


def test_we_send_to_them(town, neighbour, way):
    town.open()
    for subject, body in BODIES.items():
        town.send("bob@here.example", "ann@" + neighbour.domain, "bob@" + neighbour.domain,
                  subject=subject, body=body)
    for name in "ann", "bob":
        for subject, body in BODIES.items():
            text = town.letter(name, "Subject: %s\n" % subject, folder=neighbour.folder)
            assert text.endswith("\n\n" + body)
            assert "<bob@here.example>" in text.split("\n")[0]
    assert way[0] in town.daemon.wait("^delivery 1: success: (.*)$").group(1)
    town.wait_empty()


def test_they_hear_our_refusals(town, neighbour, way):
    """One for good, one for now: that one comes in the end."""
    town.place.control(me="here.example\n", rcpthosts="here.example\n", maxrcpt="1\n",
                       smtproutes="%s:[%s]\n" % (neighbour.domain, way[0]))
    town.open()
    town.serve_smtp(OURS, OUR_SIX)
    hand_over(neighbour, way, "nobody", "hello\n", "no-one@here.example")
    bounce = town.letter("ann", "nobody here has this name", folder=neighbour.folder)
    assert "5.1.1" in bounce and "no-one@here.example" in bounce
    hand_over(neighbour, way, "one by one", "hello\n", "ann@here.example", "bob@here.example")
    neighbour.wait_log("452 4.5.3")
    town.until(lambda: [neighbour.run_queue()] and all(
        town.mail(name) for name in ("ann", "bob")), "both to get it")
    for name in "ann", "bob":
        assert len(town.mail(name)) == 1


def test_they_hear_that_it_is_too_large(town, neighbour, way):
    """Before they send it or after; what comes behind it gets through."""
    town.place.control(me="here.example\n", rcpthosts="here.example\n", databytes="100000\n",
                       smtproutes="%s:[%s]\n" % (neighbour.domain, way[0]))
    town.open()
    town.serve_smtp(OURS, OUR_SIX)
    hand_over(neighbour, way, "large", BODIES["large"], "bob@here.example")
    hand_over(neighbour, way, "small", "hello\n", "bob@here.example")
    town.letter("bob", "Subject: small")
    town.letter("ann", "bob@here.example", folder=neighbour.folder)
    assert len(town.mail("bob")) == 1


def test_we_hear_their_refusals(town, neighbour):
    """One for good, one for now; the recipients beside them are none of that."""
    town.open()
    town.send("bob@here.example", "no-one@" + neighbour.domain, "ann@" + neighbour.domain)
    town.letter("ann", "Subject: a letter", folder=neighbour.folder)
    town.letter("bob", "Subject: failure notice", "<no-one@%s>:" % neighbour.domain, "550")
    town.send("bob@here.example", "later@" + neighbour.domain)
    assert re.search(r"Remote_host_said:_4\d\d", town.daemon.wait(" deferral: (.*)$").group(1))


def test_they_tell_of_success_for_us(town, neighbour, way):
    """What our sender asks of notifications is passed on, and they heed it."""
    town.open()
    town.serve_smtp(OURS, OUR_SIX)
    asked = b"NOTIFY=SUCCESS ORCPT=rfc822;first@there.example"
    code = town.queue(b"Fbob@here.example\0ERET=HDRS ENVID=id7\0R%s\0Tann@%s\0\0" % (
        asked, neighbour.domain.encode()), "Subject: a letter\n\nhello\n")
    assert code == 0
    town.letter("ann", "Subject: a letter", folder=neighbour.folder)
    text = town.letter("bob", "ann@" + neighbour.domain)
    assert "delivered" in text.lower()
    if not isinstance(neighbour, opensmtpd.OpenSmtpd):
        assert "multipart/report" in text and "first@there.example" in text
    town.wait_empty()
    assert len(town.mail("bob")) == 1


def test_we_tell_of_success_for_them(town, neighbour, way):
    town.open()
    town.serve_smtp(OURS, OUR_SIX, RELAYCLIENT="")
    with smtplib.SMTP(way[0], timeout=20) as client:
        client.sendmail("ann@" + neighbour.domain, "bob@here.example",
                        "Subject: a letter\r\n\r\nhello\r\n", ["ENVID=id7"],
                        ["NOTIFY=SUCCESS", "ORCPT=rfc822;bob@here.example"])
    town.letter("bob", "Subject: a letter")
    text = town.letter("ann", "Subject: success notice", folder=neighbour.folder)
    assert "Final-Recipient: rfc822; bob@here.example\nAction: delivered" in text
    assert "Original-Envelope-Id: id7" in text


def test_exim_sends_chunks(town, six):
    """With BDAT, and many commands at once."""
    server = exim.Exim(town, ADDRESS, SIX, OURS)
    try:
        town.open()
        town.serve_smtp(OURS, OUR_SIX)
        hand_over(server, (ADDRESS, OURS), "chunks", BODIES["large"], "ann@here.example")
        town.letter("ann", "Subject: chunks")
        server.wait_log(" => ann")
        line, = (line for line in server.log().splitlines() if " => ann" in line)
        assert " K " in line and " L " in line
    finally:
        server.stop()


@pytest.fixture
def suspicious(town, six):
    """An Exim that asks us about each address before it takes it."""
    server = exim.Exim(town, ADDRESS, SIX, OURS, check="""\
  require verify = sender/callout=20s,no_cache
          verify = recipient/callout=20s,no_cache
""")
    town.place.write(town.place.path("control/smtproutes"), ":[%s]\n" % ADDRESS)
    town.open()
    town.serve_smtp(OURS, OUR_SIX)
    yield server
    server.stop()
    print(server.log())


def test_exim_asks_us_for_recipients(town, suspicious):
    """It begins a message for each, and never sends one."""
    with smtplib.SMTP(ADDRESS, timeout=20) as client:
        client.sendmail("ann@" + exim.DOMAIN, "bob@here.example", "Subject: asked\r\n\r\nx\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            client.sendmail("ann@" + exim.DOMAIN, "no-one@here.example", "Subject: x\r\n\r\nx\r\n")
    code, words = refusal.value.recipients["no-one@here.example"]
    assert code == 550 and b"nobody here has this name" in words
    town.letter("bob", "Subject: asked")


def test_exim_asks_us_for_senders(town, suspicious):
    """From the null sender: whom we would not know, it does not hear."""
    town.send("bob@here.example", "ann@" + exim.DOMAIN, subject="asked")
    town.letter("ann", "Subject: asked", folder=exim.FOLDER)
    town.send("no-one@here.example", "ann@" + exim.DOMAIN, subject="not heard")
    said = town.daemon.wait("^delivery [0-9]+: failure: (.*)$").group(1)
    assert "550" in said
    town.wait_empty()


JUERG = "j\xfcrg"


def test_addresses_beyond_ascii(town, six, needs):
    """With Postfix, which checks that SMTPUTF8 is asked for."""
    needs("postfix")
    server = postfix.Neighbour(town, ADDRESS, SIX, OURS)
    try:
        town.place.write(town.place.path("control/smtproutes"),
                         "%s:[%s]\n" % (postfix.DOMAIN, ADDRESS))
        utf8 = JUERG.encode().decode("latin-1")
        town.rules("alias", "-" + JUERG, "./Maildir/")
        town.open()
        town.serve_smtp(OURS, OUR_SIX)
        town.send(utf8 + "@here.example", "ann@" + postfix.DOMAIN)
        text = town.letter("ann", "Subject: a letter", folder=server.folder)
        assert text.startswith("Return-Path: <%s@here.example>\n" % utf8)
        with smtplib.SMTP(ADDRESS, timeout=20) as client:
            client.ehlo()
            client.sendmail("%s@%s" % (JUERG, postfix.DOMAIN), JUERG + "@here.example",
                            "Subject: beyond\r\n\r\nx\r\n", ["SMTPUTF8"])
        text = town.letter("alias", "Subject: beyond", "with UTF8SMTP")
        assert text.startswith("Return-Path: <%s@%s>\nDelivered-To: %s@here.example\n" % (
            utf8, postfix.DOMAIN, utf8))
        town.wait_empty()
    finally:
        server.stop()
