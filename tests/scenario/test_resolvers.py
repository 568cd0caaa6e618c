"""The same names from three name servers: dnsmasq, nsd, and unbound before nsd."""

import socket
import struct

import pytest

from support import peers, unpacked
from support.town import wait_port

LARGE = 80  # mail exchangers: more than an answer by UDP has room for
# Name, kind, value; MX with its preference.
RECORDS = [
    ("there.example", "MX", "20 second.example"),
    ("there.example", "MX", "10 first.example"),
    ("first.example", "A", "127.0.0.11"),
    ("second.example", "A", "127.0.0.12"),
    ("plain.example", "A", "127.0.0.13"),
    ("six.example", "AAAA", peers.SIX),
    ("mx-six.example", "MX", "10 six.example"),
    ("alias.example", "CNAME", "plain.example"),
    ("alias-mx.example", "CNAME", "there.example"),
    ("nowhere.example", "MX", "0 ."),
    ("no-address.example", "TXT", "nothing"),
    ("far.large.example", "A", "127.0.0.15"),
    *(("large.example", "MX", "%d a-host-with-a-long-name-%d.large.example" % (n + 2, n))
      for n in range(LARGE)),
    ("large.example", "MX", "1 far.large.example"),
]
NSD = """\
server:
  ip-address: {where}
  username: ""
  zonesdir: "{base}"
  pidfile: ""
  zonelistfile: "{base}/zones"
  xfrdfile: "{base}/xfrd"
  xfrdir: "{base}"
  database: ""
remote-control:
  control-enable: no
zone:
  name: example
  zonefile: example.zone
"""
ZONE = """\
$TTL 60
@ SOA ns.example. root.example. 1 60 60 60 60
@ NS ns.example.
ns.example. A 127.0.0.1
"""
UNBOUND = """\
server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  directory: "{base}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "{modules}"
  trust-anchor: "example. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000"
  do-not-query-localhost: no
remote-control:
  control-enable: no
stub-zone:
  name: example
  stub-addr: 127.0.0.1@5300
"""


def start_dnsmasq(town, needs):
    needs("dnsmasq")
    words = []
    for name, kind, value in RECORDS:
        if kind == "MX":
            preference, host = value.split()
            words.append("--mx-host=%s,%s,%s" % (name, host, preference))
        elif kind == "TXT":
            words.append("--txt-record=%s,%s" % (name, value))
        else:
            words.append("--%s=%s,%s" % ("cname" if kind == "CNAME" else "host-record",
                                         name, value))
    town.begin(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--no-poll",
                "--conf-file=/dev/null", "--user=root", "--group=root", "--log-facility=-",
                "--pid-file=", "--listen-address=127.0.0.1", "--bind-interfaces",
                "--local=/example/", *words])


def start_nsd(town, needs, where="127.0.0.1@53"):
    program = unpacked.folder(town.place, "nsd") + "/usr/sbin/nsd"
    base = unpacked.fresh(town.place, "nsd")

    def line(name, kind, value):
        if kind in ("MX", "CNAME") and not value.endswith("."):
            value += "."
        return "%s. %s %s\n" % (name, kind, value)
    town.place.write(base + "/example.zone", ZONE + "".join(line(*one) for one in RECORDS))
    town.place.write(base + "/nsd.conf", NSD.format(where=where, base=base))
    town.begin([program, "-d", "-c", base + "/nsd.conf"])
    wait_port("127.0.0.1", int(where.partition("@")[2]))


def start_unbound(town, needs, modules="iterator"):
    program = unpacked.folder(town.place, "unbound") + "/usr/sbin/unbound"
    start_nsd(town, needs, "127.0.0.1@5300")
    base = unpacked.fresh(town.place, "unbound")
    town.place.write(base + "/unbound.conf", UNBOUND.format(base=base, modules=modules))
    town.begin([program, "-d", "-p", "-c", base + "/unbound.conf"])
    wait_port("127.0.0.1", 53)


@pytest.fixture(params=[start_dnsmasq, start_nsd, start_unbound],
                ids=lambda start: start.__name__.partition("_")[2])
def names(request, town, needs):
    request.param(town, needs)
    wait_port("127.0.0.1", 53)
    town.place.resolver("nameserver 127.0.0.1\noptions timeout:5\n")


def deliver(town, address):
    """The log line of the result."""
    town.open()
    town.send("bob@here.example", address)
    return town.daemon.wait("^delivery 1: (.*)$").group(1)


@pytest.mark.parametrize("domain, used", [
    ("there.example", "127.0.0.11"), ("plain.example", "127.0.0.13"),
    ("alias.example", "127.0.0.13"), ("alias-mx.example", "127.0.0.11")])
def test_host(town, names, domain, used):
    with peers.Servers({used + ":25": [{}]}) as servers:
        said = deliver(town, "joe@" + domain)
        town.wait_empty()
    assert said.startswith("success: ") and used in said
    assert len(servers.connections) == 1


@pytest.mark.parametrize("domain", ["six.example", "mx-six.example"])
def test_host_with_ipv6_only(town, names, routed_six, domain):
    with peers.SixServers(peers.SIX):
        said = deliver(town, "joe@" + domain)
        town.wait_empty()
    assert said.startswith("success: ") and peers.SIX in said


@pytest.mark.parametrize("domain, code", [
    ("no-such.example", "5.1.2"), ("nowhere.example", "5.1.10"), ("no-address.example", "5.4.4")])
def test_no_host(town, names, domain, code):
    said = deliver(town, "joe@" + domain)
    assert said.startswith("failure: ") and code in said
    town.letter("bob", "failure notice", "<joe@%s>:" % domain, code)


def test_answers_that_are_not_believed(town, needs):
    """unbound looks for signatures, and finds none: SERVFAIL, so later."""
    start_unbound(town, needs, "validator iterator")
    town.place.resolver("nameserver 127.0.0.1\noptions timeout:5\n")
    said = deliver(town, "joe@there.example")
    assert said.startswith("deferral: there.example_could_not_be_looked_up:")


def test_large_answer(town, names):
    """It is cut by UDP, and whole by TCP."""
    query = (struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 1) + peers.wire_name("large.example") +
             struct.pack(">HH", peers.NUMBERS["MX"], 1) + b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(20)
        sock.sendto(query, ("127.0.0.1", 53))
        assert struct.unpack(">H", sock.recv(4096)[2:4])[0] & peers.TRUNCATED
    with peers.Servers({"127.0.0.15:25": [{}]}):
        said = deliver(town, "joe@large.example")
        town.wait_empty()
    assert said.startswith("success: ") and "127.0.0.15" in said
