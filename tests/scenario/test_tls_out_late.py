"""TLS with other servers: answers that come late, failures that show late, what is too much."""

import os
import socket
import subprocess

import pytest

from support import build, peers, process, tls
from support.spawner import Spawner
# pylint: disable=unused-import
from scenario.test_tls_out import (
    OFFER, RELAY, begin, control, dane, deliver, files, offering, spawner, tlsc, troubles)


# ---- the answer to STARTTLS

@pytest.fixture
def hasty(root_place, begin, files, needs):
    """qmail-tlsc in a hurry; support/hasty.h."""
    needs("gcc")
    folder = os.path.join(build.MADE, "hasty-tls")
    quick = "gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP
    build.make(folder, "PREFIX=" + root_place.prefix, "ACC_CC=" + quick, "TLS_CC=" + quick)

    def start(speed):
        root_place.control(me="me.example\n", timeoutremote="5\n", smtproutes=":%s\n" % RELAY,
                           tlspolicy="d.example:encrypt\n")
        return tls.start_client(root_place, begin, files.text, program=folder + "/bin/qmail-tlsc",
                                HASTY=str(speed))
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
    pid, = filter(is_it, map(int, filter(str.isdigit, os.listdir("/proc"))))
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


# ---- TLSA records

def test_dane_with_more_than_can_be_told(dane, tmp_path):
    """Whole certificates: the shortest are told; nothing breaks by a stranger's zone."""
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "mx.example"))
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    others = ["3 0 0 " + bytes([n]).hex() * 1400 for n in range(40)]
    end, text, (session,), _ = dane(others + ["3 0 0 " + der.hex()], path)
    # What is no certificate is passed over by qmail-tlsc.
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok"), text
