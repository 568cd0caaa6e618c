"""REQUIRETLS (RFC 8689): TLS with known servers all the way, or no delivery."""

import os
import smtplib

import pytest

from support import peers, tls
from support.spawner import Spawner, by_hand
from scenario.test_tls_out import begin, files, offering  # noqa: F401

ASKS = {"DSNENVELOPE": "REQUIRETLS"}
INSIDE = "250-x\r\n250-REQUIRETLS\r\n250 DSN\r\n"
OFFER = "250-x\r\n250 STARTTLS\r\n"
ZONE = {"d.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.2"]},
        "relay.example": {"A": ["127.0.0.2"]}}


def script(path, **more):
    return offering(path, **{"EHLO": [OFFER, INSIDE], **more})


@pytest.fixture
def send(root_place, begin, files):
    """The report on a message that asks for it, and the connections."""
    tls.start_client(root_place, begin, files.text)

    def run(lines, is_secure=True, zone=None, parameters="REQUIRETLS", message="Subject: t\n\nhello\n",
            **control):
        root_place.control(me="me.example\n", timeoutremote="5\n", **control)
        with peers.Dns({**ZONE, **(zone or {})}, is_secure=is_secure), \
                peers.Servers({"127.0.0.2:25": [lines]}) as servers:
            said = by_hand(root_place, "d.example", "a@b.example", "u@d.example", message=message,
                           DSNENVELOPE=parameters)
        return said[-1], servers.connections
    return run


def test_kept(send, files):
    """Where DNSSEC tells who it is, and an authority says that it is he."""
    said, (connection,) = send(script(files.sign("mx.example")))
    assert said.startswith("K") and b"MAIL FROM:<a@b.example> REQUIRETLS\r\n" in connection.sent
    said, (connection,) = send(script(files.sign("mx.example")),
                               parameters="RET=FULL ENVID=a REQUIRETLS")
    assert b" RET=FULL ENVID=a REQUIRETLS\r\n" in connection.sent
    said, (connection,) = send(script(files.sign("mx.example"), EHLO=[OFFER, "250-x\r\n250 REQUIRETLS\r\n"]),
                               parameters="RET=FULL ENVID=a REQUIRETLS")
    assert b"MAIL FROM:<a@b.example> REQUIRETLS\r\n" in connection.sent


def test_by_dane(send, files, tmp_path):
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "another.example"))
    zone = {"_25._tcp.mx.example": {"TLSA": ["3 1 1 " + tls.digest(path, of_key=True)]}}
    said, _ = send(script(path), zone=zone)
    assert said.startswith("K")
    zone = {"_25._tcp.mx.example": {"TLSA": ["0 1 1 " + "00" * 32]}}
    said, (connection,) = send(script(path), zone=zone)  # of no use: who is it?
    assert said.startswith("Z") and b"MAIL" not in connection.sent


def test_by_a_relay(send, files):
    said, _ = send(script(files.sign("relay.example")), is_secure=False,
                   smtproutes=":relay.example\n")
    assert said.startswith("K")
    said, (connection,) = send(script(files.sign("other.example")), is_secure=False,
                               smtproutes=":relay.example\n")
    assert said.startswith("Z") and "(#4.7.5)" in said and b"MAIL" not in connection.sent


def test_by_a_policy(send, files):
    path = files.sign("other.example")
    said, _ = send(script(path), is_secure=False, tlspolicy="d.example:fingerprint %s\n" % tls.digest(path))
    assert said.startswith("K")


@pytest.mark.parametrize("policy", ["", "d.example:none\n", "d.example:encrypt\n"])
def test_nobody_tells_who_it_is(send, files, policy):
    """For good: it will not be better tomorrow."""
    said, (connection,) = send(script(files.sign("mx.example")), is_secure=False,
                               **({"tlspolicy": policy} if policy else {}))
    assert said.startswith("D") and "(#5.7.30)" in said and "DNSSEC" in said
    assert b"MAIL" not in connection.sent


@pytest.mark.parametrize("answers", [[OFFER, "250-x\r\n250 DSN\r\n"], ["250 x\r\n"]])
def test_not_offered(send, files, answers):
    said, (connection,) = send(script(files.sign("mx.example"), EHLO=answers))
    assert said.startswith("D") and "(#5.7.30)" in said and b"MAIL" not in connection.sent


@pytest.mark.parametrize("first", [None, {"greet": "421 later\r\n"}, {"EHLO": OFFER, "STAR": "220 go\r\n<close>"}],
                         ids=["down", "later", "cut"])
@pytest.mark.parametrize("order", [1, -1])
def test_another_host_may(root_place, begin, files, first, order):
    """It is no end for good while one is not there that may keep the promise."""
    tls.start_client(root_place, begin, files.text)
    root_place.control(me="me.example\n", timeoutremote="5\n")
    hosts = {"a.example": {"A": ["127.0.0.2"]}, "b.example": {"A": ["127.0.0.3"]}}
    zone = {"d.example": {"MX": ["%d %s" % mx for mx in zip((10, 20), [*hosts][::order])]}, **hosts}
    table = {"127.0.0.3:25": [script(files.sign("b.example"), EHLO=[OFFER, "250 x\r\n"])]}
    if first:
        table["127.0.0.2:25"] = [first]
    with peers.Dns(zone, is_secure=True), peers.Servers(table) as servers:
        said = by_hand(root_place, "d.example", "a@b.example", "u@d.example", **ASKS)[-1]
    assert said.startswith("Z") and ("(#4.7.30)" in said or first) and len(servers.connections) == 1 + bool(first)
    assert not any(b"MAIL" in one.sent for one in servers.connections)


def test_no_host_may(root_place, begin, files):
    tls.start_client(root_place, begin, files.text)
    root_place.control(me="me.example\n")
    zone = {"d.example": {"MX": ["10 a.example", "20 b.example"]},
            "a.example": {"A": ["127.0.0.2"]}, "b.example": {"A": ["127.0.0.3"]}}
    with peers.Dns(zone, is_secure=True), peers.Servers({"127.0.0.2:25": [{}], "127.0.0.3:25": [{}]}):
        said = by_hand(root_place, "d.example", "a@b.example", "u@d.example", **ASKS)[-1]
    assert said.startswith("D") and "(#5.7.30)" in said


def test_a_handshake_that_fails(send):
    """Later it may work."""
    said, connections = send({"EHLO": OFFER, "STAR": "220 go\r\n<close>"})
    assert said.startswith("Z") and "(#4.7.5)" in said and len(connections) == 1


def test_another_certificate(send, files):
    said, (connection,) = send(script(files.sign("other.example")))
    assert said.startswith("Z") and b"MAIL" not in connection.sent


def test_not_by_qmtp(send, files):
    said, connections = send({}, qmtproutes="d.example:127.0.0.2:25\n")
    assert said.startswith("D") and "(#5.7.30)" in said and not connections


# ---- TLS-Required: No

FREE = "Subject: t\nTLS-Required: No\n\nhello\n"
OTHERS = {"_25._tcp.mx.example": {"TLSA": ["3 1 1 " + "00" * 32]}}  # of another certificate


@pytest.mark.parametrize("message, is_free", [
    (FREE, True), ("tls-required:\n  nO \nX: 1\n\nhello\n", True), ("Subject: t\n\nhello\n", False),
    ("TLS-Required: Yes\n\nhello\n", False), ("TLS-Required: No way\n\nhello\n", False),
    ("Subject: t\n\nTLS-Required: No\n", False), ("X: 1\n TLS-Required: No\n\nhello\n", False)],
    ids=range(7))
def test_rather_have_it_arrive(send, files, message, is_free):
    """Whatever DANE says of the host; over TLS, if it has any."""
    for lines in (script(files.sign("mx.example")), {"EHLO": "250 x\r\n"}):
        said, connections = send(lines, zone=OTHERS, parameters="", message=message)
        assert said.startswith("K" if is_free else "Z"), said
        assert any(b"MAIL" in one.sent for one in connections) == is_free


@pytest.mark.parametrize("control, parameters", [
    ({"tlspolicy": "d.example:encrypt\n"}, ""), ({"tlspolicy": "d.example:verify\n"}, ""),
    ({}, "REQUIRETLS")])
def test_others_whose_word_counts(send, control, parameters):
    """The administrator's, and that of who asks for REQUIRETLS."""
    said, connections = send({"EHLO": "250 x\r\n"}, parameters=parameters, message=FREE, **control)
    assert said[0] in "ZD" and not any(b"MAIL" in one.sent for one in connections)


def test_who_asks_for_both(send, tmp_path):
    """DANE still tells who it is."""
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "another.example"))
    zone = {"_25._tcp.mx.example": {"TLSA": ["3 1 1 " + tls.digest(path, of_key=True)]}}
    said, _ = send(script(path), zone=zone, message=FREE)
    assert said.startswith("K")


# ---- coming in

@pytest.fixture
def smtp(town, needs):
    needs("tcpserver", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    tls.start(town)
    town.place.write(town.place.path("control/smtproutes"), ":relay.example:2525\n")
    town.open()
    return tls.serve(town, 25, "qmail-smtpd", RELAYCLIENT="")


def test_offered_inside_alone(town, smtp):
    with tls.Smtp() as client:
        client.ehlo()
        assert not client.has_extn("requiretls")
        assert client.docmd("MAIL FROM:<joe@there.example> REQUIRETLS")[0] == 555
        client.begin()
        client.ehlo()
        assert client.has_extn("requiretls")
        for words, code in (("REQUIRETLS=1", 555), ("REQUIRETLS REQUIRETLS", 501)):
            assert client.docmd("MAIL FROM:<joe@there.example> " + words)[0] == code, words
            client.rset()
        client.sendmail("joe@there.example", ["ann@here.example"], "Subject: kept\r\n\r\nx\r\n",
                        mail_options=["REQUIRETLS"])
    town.letter("ann", "Subject: kept")


def test_through_us(town, smtp, files):
    """Kept in the queue, and on the way on."""
    tls.start_client(town.place, town.begin, files.text)
    with peers.Dns(ZONE), peers.Servers({"127.0.0.2:2525": [script(files.sign("relay.example"))]}) as servers:
        with tls.Smtp() as client:
            client.begin()
            client.sendmail("joe@there.example", ["u@d.example"], "Subject: on\r\n\r\nx\r\n",
                            mail_options=["REQUIRETLS"])
        town.daemon.wait("^delivery 1: success")
    assert b"MAIL FROM:<joe@there.example> REQUIRETLS\r\n" in servers.connections[0].sent


def test_its_bounce(town, smtp, files):
    """Asks for it too, and has no text of the message."""
    tls.start_client(town.place, town.begin, files.text)
    town.place.write(town.place.path("control/smtproutes"), ":relay.example:2525\n")
    lines = script(files.sign("relay.example"), RCPT=["550 5.1.1 no\r\n", "250 ok\r\n"],
                   EHLO=[OFFER, INSIDE])
    with peers.Dns(ZONE), peers.Servers({"127.0.0.2:2525": [lines, script(files.sign("relay.example"))]}) as servers:
        with tls.Smtp() as client:
            client.begin()
            client.sendmail("joe@there.example", ["u@d.example"],
                            "Subject: secret\r\n\r\nthe secret itself\r\n",
                            mail_options=["REQUIRETLS"])
        town.daemon.wait("^delivery 2: success")
    bounce = servers.connections[1].sent
    assert b"MAIL FROM:<> REQUIRETLS\r\n" in bounce
    assert b"Subject: secret" in bounce and b"the secret itself" not in bounce
