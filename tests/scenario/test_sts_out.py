"""MTA-STS with mail that goes out: qmail-remote, qmail-mtasts and qmail-tlsc."""

import os
import ssl
import subprocess

import pytest

from support import peers, policies, tls
from support.policies import policy, reply
from support.spawner import Spawner, by_hand
from scenario.test_mtasts import Net, start
from scenario.test_tls_out import deliver, offering

TO = "u@there.example"


class World(Net):
    """A domain with a policy, and hosts that take its mail."""

    def __init__(self, town):
        super().__init__(town)
        self.place("there.example", MX=["10 mx.there.example"])
        self.place("mx.there.example", A=["127.0.0.2"])
        self.control()
        tls.start_client(town.place, town.begin, self.authority.text)

    def control(self, **more):
        self.town.place.control(me="me.example\n", timeoutremote="5\n", tlsca=self.authority.text, **more)

    def serve(self, text):
        """Another policy, with another id."""
        self.server.reply = reply(text)

    def deliver(self, script):
        with Spawner(self.town.place) as spawner, \
                peers.Servers({"127.0.0.2:25": [script]}) as servers:
            end, text, (session, *_) = deliver(spawner, TO)
        return end, text, session, servers.connections

    def offering(self, name):
        return offering(self.authority.sign(name))


@pytest.fixture
def world(town, needs):
    needs("openssl")
    if not os.path.exists(town.place.program("qmail-mtasts")):
        pytest.skip("built without OpenSSL")
    return World(town)


def enforcing(world, **more):
    world.serve(policy(**more))
    return start(world.town)


def test_enforced(world):
    enforcing(world)
    end, _, session, _ = world.deliver(world.offering("mx.there.example"))
    assert (end, session["policy"], session["result"]) == ("Kw", "sts", "ok")
    assert "relay" not in session and "tls-required" not in session


@pytest.mark.parametrize("name, wanted", [
    ("other.example", "certificate-host-mismatch"), (None, "starttls-not-supported")])
def test_enforced_and_not_kept(world, name, wanted):
    enforcing(world)
    end, text, session, (connection,) = world.deliver(world.offering(name) if name else {})
    assert end == "Z" and session["result"] == wanted and session["policy"] == "sts"
    assert "(#4.7." in text and b"MAIL" not in connection.sent


def test_enforced_and_the_sender_would_rather_have_it_arrive(world):
    enforcing(world)
    with Spawner(world.town.place) as spawner, peers.Servers({"127.0.0.2:25": [{}]}):
        with open(spawner.letter, "w") as out:
            out.write("TLS-Required: No\n\nhello\n")
        end, _, (session,) = deliver(spawner, TO)
    assert end[0] == "K" and session["policy"] == "may" and session["tls-required"] == "no"


def test_a_host_that_is_not_meant(world):
    """Whatever DNS says."""
    world.place("there.example", MX=["10 mx.evil.example"])
    world.place("mx.evil.example", A=["127.0.0.2"])
    enforcing(world)
    end, text, session, (connection,) = world.deliver(world.offering("mx.evil.example"))
    assert end == "Z" and session["result"] == "validation-failure" and "MTA-STS" in text
    assert b"MAIL" not in connection.sent


def test_requiretls_and_a_policy_that_cannot_be_got(world):
    """It may tell tomorrow who the host is: no failure for good."""
    world.serve("no policy")
    start(world.town)
    with peers.Servers({"127.0.0.2:25": [world.offering("mx.there.example")]}) as servers:
        said = by_hand(world.town.place, "there.example", "a@b.example", TO, DSNENVELOPE="REQUIRETLS")[-1]
    assert said.startswith("Z") and "(#4.7.5)" in said and "sts-policy-fetch-error" in said
    assert b"MAIL" not in servers.connections[0].sent


def test_testing(world):
    """Delivered, and told."""
    world.serve(policy(mode="testing"))
    start(world.town)
    end, _, session, (connection,) = world.deliver(world.offering("other.example"))
    assert (end, session["policy"]) == ("Kw", "sts-testing") and connection.protocol
    assert session["result"] == "certificate-host-mismatch"
    end, _, session, _ = world.deliver(world.offering("mx.there.example"))
    assert (end, session["result"]) == ("Kw", "ok")
    end, _, session, _ = world.deliver({})
    assert (end, session["result"]) == ("Kw", "starttls-not-supported")


def test_testing_a_weak_server(world, tmp_path):
    """It gets TLS, as without a policy."""
    path, numbers = str(tmp_path / "own.pem"), str(tmp_path / "numbers")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "mx.there.example", kind="rsa"))
    subprocess.run(["openssl", "dhparam", "-dsaparam", "-out", numbers, "1024"], check=True,
                   stderr=subprocess.DEVNULL)
    script = offering(path)
    script["context"].maximum_version = ssl.TLSVersion.TLSv1_2
    script["context"].set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    script["context"].load_dh_params(numbers)
    for mode, wanted in (None, ("may", "ok")), ("testing", ("sts-testing", "certificate-not-trusted")):
        if mode:
            world.serve(policy(mode=mode))
            start(world.town)
        end, _, session, (connection,) = world.deliver(script)
        assert end == "Kw" and connection.protocol == "TLSv1.2"
        assert (session["policy"], session["result"]) == wanted


def test_testing_a_weak_certificate(world):
    """It is told what is wrong with it, though that does not matter."""
    world.serve(policy(mode="testing"))
    start(world.town)
    script = world.offering("mx.there.example")
    script["context"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    script["context"].set_ciphers("ALL:@SECLEVEL=0")
    script["context"].load_cert_chain(world.authority.sign("mx.there.example", new=["-newkey", "rsa:1024"]))
    end, _, session, (connection,) = world.deliver(script)
    assert (end, session["result"]) == ("Kw", "certificate-not-trusted") and connection.protocol


def test_testing_and_a_host_that_is_not_meant(world):
    """Delivered, and told: enforced it would be a failure."""
    world.serve(policy(mode="testing", hosts=["other.example"]))
    start(world.town)
    end, _, session, (connection,) = world.deliver(world.offering("mx.there.example"))
    assert (end, session["policy"], session["result"]) == ("Kw", "sts-testing", "validation-failure")
    assert connection.protocol


def test_testing_and_a_second_host_that_is_meant(world):
    """Each is told of by itself."""
    world.place("there.example", MX=["10 mx.evil.example", "20 mx.there.example"])
    world.place("mx.evil.example", A=["127.0.0.3"])
    world.serve(policy(mode="testing"))
    start(world.town)
    first = world.offering("mx.evil.example")
    first["EHLO"] = [first["EHLO"][0], "421 later\r\n"]
    with Spawner(world.town.place) as spawner, \
            peers.Servers({"127.0.0.3:25": [first], "127.0.0.2:25": [world.offering("mx.there.example")]}):
        end, _, sessions = deliver(spawner, TO)
    assert end == "Kw"
    assert [(one["host"], one["result"]) for one in sessions] == [
        ("mx.evil.example", "validation-failure"), ("mx.there.example", "ok")]


@pytest.mark.parametrize("said, word", [
    ("no policy", "sts-policy-invalid"), (None, "sts-policy-fetch-error")])
def test_a_policy_that_cannot_be_got(world, said, word):
    """Delivered, and told."""
    if said:
        world.serve(said)
    else:
        world.server.close()
    start(world.town)
    end, _, session, (connection,) = world.deliver(world.offering("mx.there.example"))
    assert (end, session["policy"], session["result"]) == ("Kw", "may", word)
    assert connection.protocol


def test_no_policy(world):
    world.place("_mta-sts.there.example", TXT=[])
    start(world.town)
    end, _, session, _ = world.deliver(world.offering("other.example"))
    assert (end, session["policy"], session["result"]) == ("Kw", "may", "ok")


def test_nobody_asks_for_policies(world):
    end, _, session, _ = world.deliver(world.offering("other.example"))
    assert (end, session["policy"]) == ("Kw", "may")


def test_who_asks_has_died(world):
    enforcing(world).kill()
    end, text, session, (connection,) = world.deliver(world.offering("mx.there.example"))
    assert end == "Z" and "qmail-mtasts does not answer" in text
    assert session["result"] == "no-service" and b"MAIL" not in connection.sent


def test_dane_goes_first(world):
    """Its records are what counts then, not the policy."""
    enforcing(world)
    world.dns.is_secure = True
    path = world.authority.sign("other.example")
    world.place("_25._tcp.mx.there.example", TLSA=["3 1 1 " + tls.digest(path, of_key=True)])
    end, _, session, _ = world.deliver(offering(path))
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok")


@pytest.mark.parametrize("mode", ["enforce", "none"])
def test_records_that_cannot_be_used(world, mode):
    """They ask for TLS with whomever; the policy, for more, if there is one."""
    world.serve(policy(mode=mode))
    start(world.town)
    world.dns.is_secure = True
    world.place("_25._tcp.mx.there.example", TLSA=["0 0 1 " + "0" * 64])
    end, _, session, _ = world.deliver(world.offering("other.example"))
    if mode == "enforce":
        assert (end, session["policy"], session["result"]) == ("Z", "sts", "certificate-host-mismatch")
        return
    assert (end, session["policy"]) == ("Kw", "dane")
    assert world.deliver({})[0] == "Z"


def test_not_for_relays(world):
    enforcing(world)
    world.control(smtproutes=":127.0.0.2\n")
    end, _, session, _ = world.deliver(world.offering("other.example"))
    assert (end, session["policy"], session["relay"]) == ("Kw", "may", "127.0.0.2")


def test_not_where_the_administrator_says(world):
    enforcing(world)
    world.control(tlspolicy="there.example:none\n")
    with Spawner(world.town.place) as spawner, peers.Servers({"127.0.0.2:25": [{}]}):
        assert deliver(spawner, TO)[0] == "Kw"
