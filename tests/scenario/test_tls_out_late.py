"""TLS with other servers: answers that come late, failures that show late, what is too much."""

import os
import socket
import ssl
import subprocess

import pytest

from support import build, peers, process, tls
from support.spawner import Spawner
# pylint: disable=unused-import
from scenario.test_login_out import script, secretd, send
from scenario.test_tls_out import (
    OFFER, RELAY, begin, control, dane, deliver, files, offering, spawner, tlsc, troubles)


# ---- the answer to STARTTLS

@pytest.fixture
def hasty(root_place, begin, files, needs):
    """qmail-tlsc in a hurry; support/hasty.h."""
    needs("gcc")
    program = build.make_hasty(root_place.prefix) + "qmail-tlsc"

    def start(speed):
        root_place.control(me="me.example\n", timeoutremote="5\n", smtproutes=":%s\n" % RELAY,
                           tlspolicy="d.example:encrypt\n")
        return tls.start_client(root_place, begin, files.text, program=program, HASTY=str(speed))
    return start


def test_a_server_that_thinks_about_starttls(root_place, hasty, files):
    """For longer than a server of ours would wait for a client: that is its right."""
    hasty(30)
    lines = offering(files.sign("mx.example"), STAR="<wait 1>220 go\r\n<tls>")
    with Spawner(root_place) as spawner, peers.Servers({RELAY: [lines]}):
        end, text, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Kw", "ok"), text


def test_nobody_waits_for_ever(root_place, hasty):
    """Who has come in and says nothing is sent away."""
    hasty(600)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(30)
        door.connect(root_place.path("tlsc/door"))
        assert door.recv(1) == b""


def sockets_of_doors(pid):
    """The open sockets of a process that keep records apart."""
    with open("/proc/%d/net/unix" % pid) as table:
        records = {line.split()[6] for line in table if line.split()[4] == "0005"}
    found = set()
    for number in os.listdir("/proc/%d/fd" % pid):
        link = os.readlink("/proc/%d/fd/%s" % (pid, number))
        if link.startswith("socket:[") and link[8:-1] in records:
            found.add(link)
    return found


def remote_of(spawner):
    """The process of qmail-remote; there is one."""
    def is_it(pid):
        try:
            return os.getsid(pid) == spawner.child.pid != pid
        except OSError:
            return False
    pid, = filter(is_it, process.ours())
    assert os.path.basename(os.readlink("/proc/%d/exe" % pid)) == "qmail-remote"
    return pid


@pytest.mark.parametrize("answer", ["454 later\r\n", "220 go\r\n250 evil\r\n<hang>"])
def test_nobody_is_kept_waiting(root_place, begin, files, answer):
    """When nothing comes of STARTTLS, qmail-tlsc is told to go."""
    tls.start_client(root_place, begin, files.text)
    control(root_place)
    lines = {"EHLO": OFFER[0], "STAR": answer, "DOT": "<wait 1>250 ok\r\n"}
    with Spawner(root_place) as spawner, peers.Servers({RELAY: [lines]}) as servers:
        spawner.give("u@d.example")
        process.until(lambda: any(one.messages_ended for one in servers.connections), "the message")
        assert not sockets_of_doors(remote_of(spawner))
        assert spawner.wait(1)[0][0] == "K"


# ---- after the handshake

def closing(path):
    return offering(path, STAR="220 go\r\n<tls><close>")


def wanting_a_certificate(path):
    """Of the client; that there is none shows after the handshake (TLS 1.3)."""
    lines = offering(path)
    lines["context"].verify_mode = ssl.CERT_REQUIRED
    return lines


@pytest.mark.parametrize("kind", [closing, wanting_a_certificate])
def test_the_end_right_after_the_handshake(fresh, spawner, tlsc, files, kind):
    """As a handshake that fails: in clear text, and a while without trying."""
    control(fresh)
    path = files.sign("mx.example")
    with peers.Servers({RELAY: [kind(path), {"EHLO": OFFER[0]}]}) as servers:
        end, _, (session,) = deliver(spawner)
        assert (end, session["policy"], session["result"]) == ("Kw", "may", "validation-failure")
        first, second = servers.connections
        assert b"MAIL" not in first.sent
        assert b"STARTTLS" not in second.sent and second.messages_ended == 1
        end, _, (session,) = deliver(spawner)
        assert (end, session["result"]) == ("Kw", "left-alone")
    listed = troubles(fresh)
    assert listed.startswith("127.0.0.2 failed in TLS ") and len(listed.splitlines()) == 1, listed


def test_the_end_after_the_handshake_and_a_policy(fresh, spawner, tlsc, files):
    """Nothing goes in clear text; it is told as what it is."""
    control(fresh, "d.example:encrypt\n")
    with peers.Servers({RELAY: [closing(files.sign("mx.example")), {}]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Z", "validation-failure")
    assert "(#4.7.5)" in text and "right after the handshake" in text
    assert len(servers.connections) == 1 and troubles(fresh) == ""


def test_the_end_right_after_the_handshake_of_port_465(root_place, begin, files):
    tls.start_client(root_place, begin)
    root_place.control(me="me.example\n", smtproutes=":127.0.0.2:465\n")
    lines = offering(files.sign("mx.example"), greet="<tls><close>")
    with Spawner(root_place) as spawner, peers.Servers({"127.0.0.2:465": [lines, {}]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Z", "validation-failure") and "(#4.7.5)" in text
    assert len(servers.connections) == 1


def test_a_goodbye_inside(fresh, spawner, tlsc, files):
    """A server that is heard in TLS speaks TLS, and is one in trouble."""
    control(fresh)
    lines = offering(files.sign("mx.example"), EHLO=[OFFER[0], "421 not now\r\n<close>"])
    with peers.Servers({RELAY: [lines, {}]}) as servers:
        end, text, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Zt", "ok") and "421 not now" in text
    assert len(servers.connections) == 1
    assert "failed in TLS" not in troubles(fresh)


def test_silence_inside(fresh, spawner, tlsc, files):
    """It has not broken: the host is one that is silent."""
    fresh.control(me="me.example\n", timeoutremote="1\n", smtproutes=":%s\n" % RELAY)
    lines = offering(files.sign("mx.example"), EHLO=[OFFER[0], "<hang>"])
    with peers.Servers({RELAY: [lines, {}]}) as servers:
        end, _, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Zt", "ok")
    assert len(servers.connections) == 1


def test_the_end_right_after_a_login(root_place, secretd, files):
    """qmail-secretd has heard the server in TLS."""
    lines = script(files.sign("relay.example"), EHLO=[
        "250-x\r\n250 STARTTLS\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "<close>"])
    end, _, (session,), _ = send(root_place, {RELAY: [lines]}, {"smtproutes": ":relay.example:2525\n"})
    assert (end, session["result"]) == ("Zt", "ok")


# ---- TLSA records

def whole(folder, name):
    """A file with a certificate, and a record with all of that."""
    path = str(folder / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(folder), name))
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    return path, "3 0 0 " + der.hex()


def test_dane_with_more_than_can_be_told(dane, tmp_path):
    """Whole certificates: the shortest are told; nothing breaks by a stranger's zone."""
    path, record = whole(tmp_path, "mx.example")
    others = ["3 0 0 308205783082056e" + bytes([n]).hex() * 1390 + "30000300" for n in range(40)]
    end, text, (session,), _ = dane(others + [record], path)
    # What is no certificate is passed over by qmail-tlsc.
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok"), text


def test_dane_with_a_certificate_of_many_names(dane, tmp_path):
    path, record = whole(tmp_path, "mx.example" + "".join(
        ",DNS:host-%d.some-long-name.example" % n for n in range(130)))
    assert len(record) > 2 * 4500
    end, text, (session,), _ = dane([record], path)
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok"), text


# ---- a relay that is known by its address

@pytest.mark.parametrize("relay", ["127.0.0.2", "[127.0.0.2]"])
@pytest.mark.parametrize("address, wanted", [
    ("127.0.0.2", "ok"), ("127.0.0.3", "certificate-host-mismatch")])
def test_verify_by_an_address(fresh, spawner, tlsc, files, relay, address, wanted):
    """With or without brackets: what counts is what is in the certificate as an address."""
    fresh.control(me="me.example\n", smtproutes=":%s:2525\n" % relay, tlspolicy="d.example:verify\n")
    with peers.Servers({RELAY: [offering(files.sign("IP:" + address))]}) as servers:
        _, text, (session,) = deliver(spawner)
    assert session["result"] == wanted, text
    assert servers.connections[0].server_name is None


@pytest.mark.parametrize("relay", ["127.0.0.2", "[127.0.0.2]"])
def test_a_login_by_an_address(root_place, secretd, files, relay):
    """The same; and an address is no name for SNI (RFC 6066 3)."""
    end, text, (session,), (connection,) = send(
        root_place, {RELAY: [script(files.sign("IP:127.0.0.2"))]},
        {"smtproutes": ":%s:2525\n" % relay}, lines="%s:joe:pass:word with blanks\n" % relay)
    assert (end, session["result"]) == ("Kw", "ok"), text
    assert connection.server_name is None
