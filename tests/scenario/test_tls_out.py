"""TLS with other servers: qmail-remote and qmail-tlsc."""

import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

from support import peers, process, tls
from support.spawner import Spawner

RELAY = "127.0.0.2:2525"
TO = "u@d.example"
OFFER = ["250-server.example\r\n250 STARTTLS\r\n", "250 server.example\r\n"]


@pytest.fixture
def begin(fresh, needs):
    needs("openssl")
    if not os.path.exists(fresh.program("qmail-tlsc")):
        pytest.skip("built without OpenSSL")
    running = []

    def start(words, **more):
        running.append(process.Daemon(words, **more))
        return running[-1]
    yield start
    for daemon in running:
        daemon.kill()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """An authority, and the certificates that it makes."""
    return tls.Authority(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture
def tlsc(fresh, begin, files):
    return tls.start_client(fresh, begin, files.text)


@pytest.fixture
def spawner(fresh):
    with Spawner(fresh) as spawner:
        yield spawner


def control(place, policy="", **more):
    place.control(me="me.example\n", timeoutremote="5\n", timeoutconnect="2\n",
                  smtproutes=":%s\n" % RELAY, **({"tlspolicy": policy} if policy else {}), **more)


def offering(path, **more):
    """A script that offers TLS with the certificate of a file."""
    return {"EHLO": OFFER, "STAR": "220 go\r\n<tls>", "context": tls.server_context(path), **more}


def deliver(spawner, to=TO, **more):
    """(letter and hop, text, what the log is told)"""
    (letter, hop, text), = spawner.deliver(to, **more)
    return letter + hop, text, list(spawner.sessions)


def troubles(place):
    return subprocess.run([place.program("qmail-tcpto")], stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout


# ---- without a policy

def test_where_it_is_offered(fresh, spawner, tlsc, files):
    control(fresh)
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert end == "Kw" and "250 ok" in text
    connection, = servers.connections
    assert connection.protocol == "TLSv1.3" and connection.messages_ended == 1
    assert connection.sent.startswith(b"EHLO me.example\r\nSTARTTLS\r\nEHLO me.example\r\nMAIL ")
    assert session["policy"] == "may" and session["result"] == "ok"
    assert session["protocol"] == "TLSv1.3" and session["cipher"].startswith("TLS_")
    assert session["domain"] == "d.example" and session["address"] == "127.0.0.2"


def test_a_large_message(fresh, spawner, tlsc, files):
    control(fresh)
    spawner.message("Subject: large\n\n" + ("x" * 70 + "\n") * 30000)
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}) as servers:
        assert deliver(spawner)[0] == "Kw"
    assert servers.connections[0].sent.count(b"x" * 70 + b"\r\n") == 30000


def test_where_it_is_not_offered(fresh, spawner, tlsc):
    control(fresh)
    with peers.Servers({RELAY: [{}]}) as servers:
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "starttls-not-supported"
    assert servers.connections[0].protocol is None


def test_nobody_speaks_it(fresh, spawner, begin, files):
    """Without qmail-tlsc all is as it was."""
    control(fresh)
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}) as servers:
        assert deliver(spawner) == ("Kw", "127.0.0.2 accepted the message.\n"
                                    "Remote host said: 250 ok\n", [])
    assert b"STARTTLS" not in servers.connections[0].sent


def test_it_has_died(fresh, spawner, tlsc, files):
    control(fresh)
    tlsc.kill()
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}):
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "no-service"


def test_it_is_offered_and_refused(fresh, spawner, tlsc, files):
    control(fresh)
    script = {"EHLO": OFFER, "STAR": "454 4.7.0 not now\r\n"}
    with peers.Servers({RELAY: [script]}) as servers:
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "starttls-refused"
    assert len(servers.connections) == 1


FAILURES = {
    "garbage": "220 go\r\nthis is no handshake, and never will be\r\n",
    "the end": "220 go\r\n<close>",
    "a reset": "220 go\r\n<rst>",
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_a_handshake_that_fails(fresh, spawner, tlsc, answer):
    """Again in clear text, on another connection; and a while without trying."""
    control(fresh)
    with peers.Servers({RELAY: [{"EHLO": OFFER[0], "STAR": answer}]}) as servers:
        end, _, (session,) = deliver(spawner)
        assert end == "Kw" and session["policy"] == "may"
        assert session["result"] == "validation-failure"
        first, second = servers.connections
        assert first.messages_ended == 0 and b"STARTTLS" in first.sent
        assert second.messages_ended == 1 and b"STARTTLS" not in second.sent
        end, _, (session,) = deliver(spawner)
        assert end == "Kw" and session["result"] == "left-alone"
        assert b"STARTTLS" not in servers.connections[2].sent
        assert len(servers.connections) == 3
    listed = troubles(fresh)
    assert listed.startswith("127.0.0.2 failed in TLS "), listed


def test_one_that_works_again_is_forgotten(fresh, spawner, tlsc, files):
    control(fresh)
    with peers.Servers({RELAY: [{"EHLO": OFFER[0], "STAR": "220 go\r\n<close>"}]}):
        deliver(spawner)
    assert "failed in TLS" in troubles(fresh)
    control(fresh, "d.example:encrypt\n")
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}):
        assert deliver(spawner)[0] == "Kw"
    assert troubles(fresh) == ""


def test_old_versions(fresh, spawner, tlsc, files):
    """Less than TLS 1.2 is no TLS."""
    control(fresh)
    script = offering(files.sign("mx.example"))
    script["context"].minimum_version = ssl.TLSVersion.TLSv1
    script["context"].maximum_version = ssl.TLSVersion.TLSv1_1
    script["context"].set_ciphers("DEFAULT:@SECLEVEL=0")
    script["EHLO"] = OFFER[0]
    with peers.Servers({RELAY: [script]}) as servers:
        end, _, (session,) = deliver(spawner)
    assert end == "Kw" and session["result"] == "validation-failure"
    assert [one.messages_ended for one in servers.connections] == [0, 1]


def test_words_behind_the_reply(fresh, spawner, tlsc, files):
    """CVE-2021-38371: what came in clear text is never taken for an answer in TLS."""
    control(fresh, "d.example:encrypt\n")
    script = offering(files.sign("mx.example"), STAR="220 go\r\n250 evil\r\n<hang>")
    with peers.Servers({RELAY: [script]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert end == "Z" and "(#4.7.5)" in text and session["result"] == "validation-failure"
    assert "behind the reply to STARTTLS" in text
    assert servers.connections[0].messages_ended == 0


def test_the_offer_inside_counts(fresh, spawner, tlsc, files):
    """Not what was offered in clear text."""
    control(fresh)
    script = offering(files.sign("mx.example"),
                      EHLO=["250-x\r\n250-SIZE 10\r\n250 STARTTLS\r\n", "250-x\r\n250 STARTTLS\r\n"])
    with peers.Servers({RELAY: [script]}) as servers:
        assert deliver(spawner)[0] == "Kw"
    assert servers.connections[0].sent.count(b"STARTTLS") == 1


def test_ehlo_is_refused_inside(fresh, spawner, tlsc, files):
    control(fresh)
    with peers.Servers({RELAY: [offering(files.sign("mx.example"), EHLO=[OFFER[0], "550 no\r\n"],
                                         HELO="550 no\r\n")]}):
        end, text, _ = deliver(spawner)
    assert end == "Zt" and "550 no" in text


# ---- policies

def test_none(fresh, spawner, tlsc, files):
    control(fresh, "d.example:none\n")
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}) as servers:
        assert deliver(spawner)[0] == "Kw"
    assert b"STARTTLS" not in servers.connections[0].sent


@pytest.mark.parametrize("policy", [
    "encrypt", "verify d.example", "fingerprint " + "0" * 64])
@pytest.mark.parametrize("script, code, word", [
    ({}, "4.7.4", "starttls-not-supported"),
    ({"EHLO": OFFER, "STAR": "454 later\r\n"}, "4.7.5", "starttls-refused"),
    ({"EHLO": OFFER, "STAR": "220 go\r\n<close>"}, "4.7.5", "validation-failure"),
], ids=["missing", "refused", "cut"])
def test_without_tls_no_mail(fresh, spawner, tlsc, policy, script, code, word):
    control(fresh, "d.example:%s\n" % policy)
    with peers.Servers({RELAY: [script]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert end == "Z" and "(#%s)" % code in text and session["result"] == word
    connection, = servers.connections
    assert b"MAIL" not in connection.sent


def test_nobody_to_speak_it(fresh, spawner, begin, files):
    control(fresh, "d.example:encrypt\n")
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "(#4.7.5)" in text and "qmail-tlsc does not run" in text
    assert b"MAIL" not in servers.connections[0].sent


def test_verify(fresh, spawner, tlsc, files):
    """By the names of the policy, or else by that of the relay."""
    path = files.sign("mx.there.example")
    for policy, wanted in (("verify mx.there.example", "ok"), ("verify other.example mx.there.example", "ok"),
                           ("verify .there.example", "ok"), ("verify there.example", "certificate-host-mismatch"),
                           ("verify", "certificate-host-mismatch"),
                           ("verify .here.example", "certificate-host-mismatch")):
        control(fresh, "d.example:%s\n" % policy)
        with peers.Servers({RELAY: [offering(path)]}) as servers:
            end, text, (session,) = deliver(spawner)
        assert session["result"] == wanted and session["policy"] == "verify", policy
        assert end == ("Kw" if wanted == "ok" else "Z")
        assert servers.connections[0].messages_ended == (1 if wanted == "ok" else 0)
        if wanted != "ok":
            assert "(#4.7.5)" in text and wanted in text


def test_an_asterisk(fresh, spawner, tlsc, files):
    """Stands for a whole label."""
    for name, wanted in (("*.there.example", "ok"), ("m*.there.example", "certificate-host-mismatch")):
        control(fresh, "d.example:verify mx.there.example\n")
        with peers.Servers({RELAY: [offering(files.sign(name))]}):
            _, _, (session,) = deliver(spawner)
        assert session["result"] == wanted, name


def test_verify_by_the_domain(root_place, begin, files):
    """Where MX records lead to the host, its name is that of the domain."""
    tls.start_client(root_place, begin, files.text)
    zone = {"d.example": {"MX": ["10 mx.other.example"]}, "mx.other.example": {"A": ["127.0.0.2"]}}
    root_place.control(me="me.example\n", tlspolicy="d.example:verify\n")
    for name, wanted in (("d.example", "Kw"), ("mail.d.example", "Kw"), ("mx.other.example", "Z")):
        with peers.Dns(zone), Spawner(root_place) as spawner, \
                peers.Servers({"127.0.0.2:25": [offering(files.sign(name))]}) as servers:
            assert deliver(spawner)[0] == wanted, name
        assert servers.connections[0].server_name == "mx.other.example"


def test_verify_by_the_relay(root_place, begin, files):
    """By its name alone, not by what is below."""
    tls.start_client(root_place, begin, files.text)
    root_place.control(me="me.example\n", tlspolicy="d.example:verify\n",
                       smtproutes=":relay.example\n")
    for name, wanted in (("relay.example", "Kw"), ("mx.relay.example", "Z"), ("d.example", "Z")):
        with peers.Dns({"relay.example": {"A": ["127.0.0.2"]}}), Spawner(root_place) as spawner, \
                peers.Servers({"127.0.0.2:25": [offering(files.sign(name))]}):
            assert deliver(spawner)[0] == wanted, name


@pytest.mark.parametrize("kind, wanted", [
    ("expired", "certificate-expired"), ("self-signed", "certificate-not-trusted"),
    ("other authority", "certificate-not-trusted"),
    ("name in the subject alone", "certificate-host-mismatch")])
def test_certificates_that_do_not_verify(fresh, spawner, tlsc, files, tmp_path, kind, wanted):
    control(fresh, "d.example:verify mx.example\n")
    if kind == "expired":
        path = files.sign("mx.example", days=-1)
    elif kind == "self-signed":
        path = str(tmp_path / "own.pem")
        with open(path, "w") as out:
            out.write(tls.certificate(str(tmp_path), "mx.example"))
    elif kind == "other authority":
        path = tls.Authority(str(tmp_path)).sign("mx.example")
    else:
        path = files.sign("", common="mx.example")
    with peers.Servers({RELAY: [offering(path)]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert end == "Z" and session["result"] == wanted and wanted in text
    assert servers.connections[0].messages_ended == 0
    control(fresh, "d.example:encrypt\n")
    with peers.Servers({RELAY: [offering(path)]}):
        assert deliver(spawner)[0] == "Kw"


def test_fingerprint(fresh, spawner, tlsc, files, tmp_path):
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "mx.example"))
    mine, key = tls.digest(path), tls.digest(path, of_key=True)
    pairs = ":".join(mine[i:i + 2] for i in range(0, 64, 2)).upper()
    for words, wanted in ((mine, "Kw"), (key, "Kw"), (pairs, "Kw"), ("0" * 64 + " " + mine, "Kw"),
                          ("0" * 64, "Z"), (mine[:-1] + ("0" if mine[-1] != "0" else "1"), "Z")):
        control(fresh, "d.example:fingerprint %s\n" % words)
        with peers.Servers({RELAY: [offering(path)]}) as servers:
            end, text, (session,) = deliver(spawner)
        assert end == wanted, words
        assert servers.connections[0].messages_ended == (1 if wanted == "Kw" else 0)
        assert wanted == "Kw" or "has another fingerprint" in text


@pytest.mark.parametrize("line", ["sometimes", "encrypt now", "fingerprint", "fingerprint 12",
                                  "fingerprint " + "x" * 64, "may be"])
def test_a_policy_that_says_nothing(fresh, spawner, tlsc, line):
    control(fresh, "d.example:%s\n" % line)
    with peers.Servers({RELAY: [{}]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "control/tlspolicy" in text and "(#4.3.5)" in text
    assert not servers.connections


@pytest.mark.parametrize("line", ["d.example encrypt", "other.example verify", "d.example :encrypt",
                                  "\td.example:encrypt"])
def test_a_policy_for_nobody(fresh, spawner, tlsc, line):
    """Nobody can tell whom it was to protect."""
    control(fresh, "there.example:none\n%s\n" % line)
    with peers.Servers({RELAY: [{}]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "control/tlspolicy" in text and "(#4.3.5)" in text
    assert not servers.connections


def test_whose_policy(fresh, spawner, tlsc):
    """By domain, by what it is below, or by the relay."""
    lines = "d.example:none\n.up.example:encrypt\nrelay.example:encrypt\n"
    with peers.Servers({RELAY: [{}]}):
        for to, wanted in (("u@D.example", "Kw"), ("u@a.up.example", "Z"), ("u@up.example", "Kw"),
                           ("u@x.example", "Kw")):
            control(fresh, lines)
            assert deliver(spawner, to)[0] == wanted, to
        control(fresh, "127.0.0.2:encrypt\n")
        assert deliver(spawner)[0] == "Z"


def test_not_by_qmtp(fresh, spawner, tlsc):
    control(fresh, "d.example:encrypt\n", qmtproutes="d.example:127.0.0.2:2525\n")
    with peers.Servers({RELAY: [{}]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "QMTP" in text and not servers.connections


def test_the_next_host(root_place, begin, files):
    """One that cannot be believed is passed over."""
    tls.start_client(root_place, begin, files.text)
    zone = {"d.example": {"MX": ["1 a.example", "2 b.example"]},
            "a.example": {"A": ["127.0.0.2"]}, "b.example": {"A": ["127.0.0.3"]}}
    root_place.control(me="me.example\n", tlspolicy="d.example:verify mx.example\n")
    with peers.Dns(zone), Spawner(root_place) as spawner, \
            peers.Servers({"127.0.0.2:25": [offering(files.sign("other.example"))],
                           "127.0.0.3:25": [offering(files.sign("mx.example"))]}) as servers:
        end, _, sessions = deliver(spawner)
    assert end == "Kw" and [one["result"] for one in sessions] == ["certificate-host-mismatch", "ok"]
    assert [one.messages_ended for one in servers.connections] == [0, 1]


# ---- DANE

@pytest.fixture
def dane(root_place, begin, files):
    """dane(zone, path, ...): what comes of it if the zone is secure, and the host of
    d.example has the certificate of the file."""
    tls.start_client(root_place, begin)

    def deliver_to(records, path, policy="", zone=None, is_secure=True, dnssec=None, script=None):
        root_place.control(me="me.example\n", timeoutremote="5\n",
                           **({"tlspolicy": policy} if policy else {}),
                           **({"dnssec": dnssec} if dnssec else {}))
        zone = {"d.example": {"MX": ["10 mx.example"]}, "mx.example": {"A": ["127.0.0.2"]},
                "_25._tcp.mx.example": {"TLSA": records}, **(zone or {})}
        with peers.Dns(zone, is_secure=is_secure), Spawner(root_place) as spawner, \
                peers.Servers({"127.0.0.2:25": [offering(path) if script is None else script]}) as servers:
            end, text, sessions = deliver(spawner)
        return end, text, sessions, servers.connections
    return deliver_to


def test_dane_with_the_key_of_the_host(dane, files, tmp_path):
    """3 1 1: neither name nor date nor authority matters."""
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "another.example"))
    end, _, (session,), (connection,) = dane(["3 1 1 " + tls.digest(path, of_key=True)], path)
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok")
    assert connection.server_name == "mx.example" and session["host"] == "mx.example"
    end, _, (session,), _ = dane(["3 0 1 " + tls.digest(path), "3 1 1 " + "0" * 64], path)
    assert (end, session["result"]) == ("Kw", "ok")


def test_dane_with_another_key(dane, files):
    """Not a word of the mail."""
    path = files.sign("mx.example")
    end, text, (session,), (connection,) = dane(["3 1 1 " + "0" * 64], path)
    assert end == "Z" and session["result"] == "validation-failure" and "(#4.7.5)" in text
    assert b"MAIL" not in connection.sent


def test_dane_by_an_authority(dane, files):
    """2 0 1: one that the server sends along, and a name that fits."""
    anchor = "2 0 1 " + tls.digest(files.certificate)
    for name, wanted in (("mx.example", "ok"), ("d.example", "ok"),
                         ("other.example", "certificate-host-mismatch")):
        path = files.sign(name)
        with open(path, "a") as out:
            out.write(files.text)
        end, _, (session,), _ = dane([anchor], path)
        assert session["result"] == wanted and end == ("Kw" if wanted == "ok" else "Z"), name
    end, _, (session,), _ = dane([anchor], files.sign("mx.example"))
    assert end == "Z"  # the chain does not lead there


@pytest.mark.parametrize("records", [["3 1 1 " + "0" * 64], ["0 0 1 " + "0" * 64]])
def test_dane_needs_tls(dane, records):
    end, text, (session,), (connection,) = dane(records, None, script={})
    assert end == "Z" and "(#4.7.4)" in text and session["result"] == "starttls-not-supported"
    assert session["policy"] == "dane" and b"MAIL" not in connection.sent


@pytest.mark.parametrize("records", [
    ["1 1 1 " + "0" * 64, "3 1 1 00"], ["3 0 0 " + "ab" * 100], ["2 0 0 " + "00" * 40], ["3 1 0 deadbeef"]])
def test_dane_without_a_usable_record(dane, files, records):
    """TLS, with whomever (RFC 7672 2.2)."""
    end, _, (session,), _ = dane(records, files.sign("x.example"))
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok")


def test_dane_that_cannot_be_told(dane, files):
    """A lookup that fails may be an attack: nothing is sent."""
    end, text, (session,), (connection,) = dane("SERVFAIL", files.sign("mx.example"))
    assert end == "Z" and session["result"] == "dnssec-invalid" and "(#4.7.5)" in text
    assert b"MAIL" not in connection.sent


def test_dane_with_records_that_are_none(dane, files):
    """What looks like a certificate is not one; that is said, and nothing is sent."""
    end, text, (session,), (connection,) = dane(["3 0 0 3006300030000300"], files.sign("mx.example"))
    assert end == "Z" and session["result"] == "tlsa-invalid" and "tlsa-invalid" in text
    assert b"MAIL" not in connection.sent
    end, _, (session,), _ = dane(["3 0 0 3006300030000300", "3 0 1 " + tls.digest(files.sign("mx.example"))],
                                 files.sign("mx.example"))
    assert session["policy"] == "dane"


class NoAlias(peers.Dns):
    """Fails where it is asked for an alias itself."""

    def find(self, name, kind):
        return (2, [], False) if kind == "CNAME" else super().find(name, kind)


def test_dane_and_an_alias_that_cannot_be_told(root_place, begin, files):
    """Who hinders the answer must not have the host trusted less."""
    tls.start_client(root_place, begin)
    root_place.control(me="me.example\n")
    zone = {"d.example": {"MX": ["10 mx.example"]}, "mx.example": {"CNAME": "away.other"},
            "away.other": {"A": ["127.0.0.2"], "AD": False},
            "_25._tcp.mx.example": {"TLSA": ["3 1 1 " + "0" * 64]}}
    with NoAlias(zone, is_secure=True), Spawner(root_place) as spawner, \
            peers.Servers({"127.0.0.2:25": [offering(files.sign("mx.example"))]}) as servers:
        end, _, (session,) = deliver(spawner)
    assert (end, session["policy"], session["result"]) == ("Z", "dane", "validation-failure")
    assert b"MAIL" not in servers.connections[0].sent


@pytest.mark.parametrize("what", ["no answer is", "MX", "host", "records", "untrusted", "off"])
def test_no_dane_where_dns_is_not_secure(dane, files, what):
    zone = {"MX": {"d.example": {"MX": ["10 mx.example"], "AD": False}},
            "host": {"mx.example": {"A": ["127.0.0.2"], "AD": False}},
            "records": {"_25._tcp.mx.example": {"TLSA": ["3 1 1 " + "0" * 64], "AD": False}}}
    end, _, (session,), _ = dane(
        ["3 1 1 " + "0" * 64], files.sign("mx.example"), zone=zone.get(what),
        is_secure=what != "no answer is", dnssec={"untrusted": "192.0.2.1\n", "off": "off\n"}.get(what))
    assert (end, session["policy"], session["result"]) == ("Kw", "may", "ok")


def test_dane_and_a_policy(dane, files):
    """encrypt is less than DANE, none and verify are the administrator's word."""
    path = files.sign("mx.example")
    for policy, wanted in (("may", "Z"), ("encrypt", "Z"), ("none", "Kw"),
                           ("fingerprint " + tls.digest(path), "Kw")):
        assert dane(["3 1 1 " + "0" * 64], path, policy="d.example:%s\n" % policy)[0] == wanted


# ---- from the first byte

def test_port_465(root_place, begin, files):
    tls.start_client(root_place, begin, files.text)
    root_place.control(me="me.example\n", smtproutes=":127.0.0.2:465\n",
                       tlspolicy="d.example:verify mx.example\n")
    script = {"greet": "<tls>220 x\r\n", "EHLO": "250-x\r\n250 STARTTLS\r\n",
              "context": tls.server_context(files.sign("mx.example"))}
    with Spawner(root_place) as spawner, peers.Servers({"127.0.0.2:465": [script]}) as servers:
        assert deliver(spawner)[0] == "Kw"
    assert servers.connections[0].sent.startswith(b"EHLO me.example\r\nMAIL ")


def test_port_465_never_in_clear(root_place, begin):
    tls.start_client(root_place, begin)
    root_place.control(me="me.example\n", smtproutes=":127.0.0.2:465\n")
    with Spawner(root_place) as spawner, peers.Servers({"127.0.0.2:465": [{}]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "(#4.7.5)" in text
    assert all(b"MAIL" not in one.sent for one in servers.connections)


def test_port_465_without_anybody_who_speaks_it(root_place, begin):
    root_place.control(me="me.example\n", smtproutes=":127.0.0.2:465\n")
    with Spawner(root_place) as spawner, peers.Servers({"127.0.0.2:465": [{}]}) as servers:
        end, text, _ = deliver(spawner)
    assert end == "Z" and "qmail-tlsc does not run" in text
    assert all(b"MAIL" not in one.sent for one in servers.connections)


# ---- qmail-tlsc

def test_in_a_box(root_place, begin, files):
    """The process of a session can open nothing."""
    tls.start_client(root_place, begin, files.text)
    root_place.control(me="me.example\n", smtproutes=":127.0.0.2:2525\n")
    script = offering(files.sign("mx.example"), DOT="<wait 1>250 ok\r\n")
    with Spawner(root_place) as spawner, peers.Servers({RELAY: [script]}) as servers:
        spawner.reports.clear()
        spawner.give(TO)
        process.until(lambda: servers.connections and servers.connections[0].protocol, "TLS")
        found = [pid for pid in process.ours() if is_session(root_place, pid)]
        assert len(found) == 1
        with open("/proc/%s/limits" % found[0]) as limits:
            text = limits.read()
        with open("/proc/%s/status" % found[0]) as status:
            ids = status.read()
        assert spawner.wait(1)[0][0] == "K"
    for words in ("Max open files +5 +5 ", "Max processes +0 +0 ", "Max file size +0 +0 "):
        assert re.search(words, text), text
    assert "Uid:\t%d" % root_place.ids("qmailt")[0] in ids and "NoNewPrivs:\t1" in ids


def is_session(place, pid):
    try:
        return os.readlink("/proc/%s/exe" % pid) == place.program("qmail-tlsc") and \
            os.readlink("/proc/%s/fd/0" % pid).startswith("socket:")
    except OSError:
        return False



def test_new_authorities(fresh, spawner, begin, files):
    """Without a restart."""
    daemon = tls.start_client(fresh, begin)
    control(fresh, "d.example:verify mx.example\n")
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}):
        assert deliver(spawner)[0] == "Z"
        fresh.write(fresh.path("control/tlsca"), files.text)
        os.kill(daemon.pid, signal.SIGHUP)
        process.until(lambda: deliver(spawner)[0] == "Kw", "the new authority")


def test_half_of_the_authorities(fresh, spawner, begin, files):
    """Those that there were stay, also when the server dies; it is told once."""
    daemon = tls.start_client(fresh, begin, files.text)
    control(fresh, "d.example:verify mx.example\n")
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}):
        fresh.write(fresh.path("control/tlsca"), files.text[:len(files.text) // 2])
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.wait("^qmail-tlsc: the list of authorities cannot be read to its end")
        assert deliver(spawner)[0] == "Kw"
        serving = process.session_members(daemon.pid)[1:]
        process.kill(serving)
        process.until(lambda: not set(process.session_members(daemon.pid)[1:]) & set(serving), "their end")
        process.until(lambda: deliver(spawner)[0] == "Kw", "another server")
        assert len([line for line in daemon.lines if "authorities" in line]) == 1


def test_who_may_ask(root_place, begin):
    """qmailr and root; nobody else gets a word."""
    tls.start_client(root_place, begin)
    st = os.stat(root_place.path("tlsc"))
    assert st.st_mode & 0o007 == 0 and st.st_gid == root_place.ids("qmailr")[1]


def test_records_of_a_stranger(root_place, begin):
    tls.start_client(root_place, begin)
    for record in (b"x", b"VPx\0", b"VPe", b"VPv\0N\0", b"VPe\0" + b"Na\0" * 65, b"V" + b"N" * 9000 + b"\0",
                   b"VT3 1 1 zz\0", b"VF12\0", b"VPd\0Sa\0T3 1 1 \0", b"VPd\0Sa\0"):
        near, far = socket.socketpair()
        ends = [socket.socketpair() for _ in range(2)]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.connect(root_place.path("tlsc/door"))
            socket.send_fds(door, [record], [far.fileno(), ends[0][1].fileno(), ends[1][1].fileno(),
                                             ends[1][1].fileno()])
            far.close()
            ends[0][1].close()
            ends[1][1].close()
            ends[0][0].settimeout(20)
            said = b"TLS_FAILURE=tlsa-invalid\0" if record == b"VPd\0Sa\0" else b""
            assert ends[0][0].recv(100)[:25] == said, record
        near.close()
        for one in ends:
            one[0].close()


# ---- the log

def test_names_of_strangers(fresh, spawner, tlsc):
    control(fresh)
    with peers.Servers({RELAY: [{}]}):
        _, _, (session,) = deliver(spawner, "u@a b\x01.example")
    assert session["domain"] == "a?b?.example"


def test_a_line_for_the_log(town, begin, files):
    tls.start_client(town.place, begin, files.text)
    town.place.control(me="here.example\n", locals="here.example\n", smtproutes=":127.0.0.2:2525\n")
    daemon = town.open()
    with peers.Servers({RELAY: [offering(files.sign("mx.example"))]}):
        town.send("ann@here.example", "joe@there.example")
        line = daemon.wait("^tls 1: ").string
    town.wait_empty()
    assert "domain=there.example host=127.0.0.2 address=127.0.0.2 policy=may result=ok " \
        "protocol=TLSv1.3 cipher=TLS_" in line
