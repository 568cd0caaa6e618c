"""Remote mail finds its host by a real name server."""

import os
import socket
import subprocess
import threading

import pytest

from support import peers, process
from support.place import RESOLVER
from support.spawner import by_hand
from support.town import wait_port

NAMES = [
    "--mx-host=there.example,first.example,10",
    "--mx-host=there.example,second.example,20",
    "--host-record=first.example,127.0.0.11",
    "--host-record=second.example,127.0.0.12",
    "--host-record=plain.example,127.0.0.13",
    "--mx-host=xn--bcher-kva.example,first.example,10",
    "--host-record=six.example,%s" % peers.SIX,
    "--cname=alias.example,plain.example",
    "--mx-host=nowhere.example,.,0",
    "--mx-host=loop.example,here.example,10",
    "--host-record=here.example,127.0.0.1",
]


@pytest.fixture
def names(town, needs):
    needs("dnsmasq")
    town.begin(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--no-poll",
                "--conf-file=/dev/null", "--user=root", "--group=root", "--log-facility=-",
                "--pid-file=", "--listen-address=127.0.0.1", "--bind-interfaces",
                "--local=/example/", *NAMES])
    wait_port("127.0.0.1", 53)
    town.place.resolver("nameserver 127.0.0.1\noptions timeout:2\n")


def deliver(town, address):
    """The log line of the result."""
    town.open()
    town.send("bob@here.example", address)
    return town.daemon.wait("^delivery 1: (.*)$").group(1)


def accepting(*addresses):
    return peers.Servers({address + ":25": [{}] for address in addresses})


@pytest.mark.parametrize("domain, hosts, used", [
    ("there.example", ["127.0.0.11", "127.0.0.12"], "127.0.0.11"),
    ("there.example", ["127.0.0.12"], "127.0.0.12"),
    ("plain.example", ["127.0.0.13"], "127.0.0.13"),
    ("alias.example", ["127.0.0.13"], "127.0.0.13"),
    ("[127.0.0.14]", ["127.0.0.14"], "127.0.0.14"),
])
def test_host(town, names, domain, hosts, used):
    with accepting(*hosts) as servers:
        said = deliver(town, "joe@" + domain)
        town.wait_empty()
    assert said.startswith("success: ") and used in said
    assert [connection.where for connection in servers.connections] == [used + ":25"]
    connection, = servers.connections
    assert b"MAIL FROM:<bob@here.example>\r\n" in connection.sent
    assert b"\r\nSubject: a letter\r\n\r\nhello\r\n.\r\n" in connection.sent


def test_host_beyond_ascii(town, names):
    """DNS knows it by another name than SMTP."""
    ehlo = "250-x\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
    with peers.Servers({"127.0.0.11:25": [{"EHLO": ehlo}]}) as servers:
        said = deliver(town, "joe@b\xc3\xbccher.example")
        town.wait_empty()
    assert said.startswith("success: ")
    assert b"RCPT TO:<joe@b\xc3\xbccher.example>\r\n" in servers.connections[0].sent


def test_host_with_ipv6_only(town, names, routed_six):
    with peers.SixServers(peers.SIX) as servers:
        said = deliver(town, "joe@six.example")
        town.wait_empty()
    assert said.startswith("success: ") and peers.SIX in said
    assert len(servers.connections) == 1


def test_domain_does_not_exist(town, names):
    assert deliver(town, "joe@no-such.example").startswith("failure: ")
    town.letter("bob", "failure notice", "<joe@no-such.example>:", "5.1.2")
    town.wait_empty()


def test_domain_takes_no_mail(town, names):
    assert deliver(town, "joe@nowhere.example").startswith("failure: ")
    town.letter("bob", "failure notice", "<joe@nowhere.example>:", "5.1.10")
    town.wait_empty()


def test_mail_would_come_back_to_us(town, names):
    assert deliver(town, "joe@loop.example").startswith("failure: ")
    town.letter("bob", "failure notice", "<joe@loop.example>:", "5.4.6")
    town.wait_empty()


def test_nobody_answers(town, names):
    assert deliver(town, "joe@plain.example").startswith("deferral: ")
    process.until(lambda: town.place.queue_files()["remote"], "it to wait")


def test_no_name_server(town):
    assert deliver(town, "joe@plain.example").startswith("deferral: ")


@pytest.mark.parametrize("name", ["plain.example", "no-such.example"])
def test_name_server_that_cannot_know(town, name):
    """Neither the zone's own nor one that asks others: it has nothing, and
    says what it was not asked.  Others may know, or it may, another day."""
    town.place.resolver("nameserver 127.0.0.1\n")
    with peers.Dns({"plain.example": {"TXT": ["x"]}}, flags=peers.LAME):
        assert deliver(town, "joe@" + name).startswith("deferral: ")
    process.until(lambda: town.place.queue_files()["remote"], "it to wait")


class LinkLocalDns(peers.Dns):
    """At fe80::53 of the loopback interface."""

    def __enter__(self):
        where = ("fe80::53", 53, 0, socket.if_nametoindex("lo"))
        self.udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET6)
        for sock in (self.udp, self.tcp):
            sock.bind(where)
        self.tcp.listen(20)
        self.threads = []
        threading.Thread(target=self.serve_udp, daemon=True).start()
        return self


def test_name_server_on_the_link(root_place, needs):
    """resolv.conf says by which interface: fe80::53%lo."""
    needs("ip")
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":relay.example\n")
    root_place.resolver("nameserver fe80::53%lo\noptions timeout:2 attempts:1\n")
    words = ["dev", "lo", "nodad"]
    subprocess.run(["ip", "address", "add", "fe80::53/64", *words], check=True)
    try:
        with LinkLocalDns({"relay.example": {"A": ["127.0.0.2"]}}), accepting("127.0.0.2"):
            said = by_hand(root_place, "there.example", "a@b.example", "joe@there.example")
    finally:
        subprocess.run(["ip", "address", "del", "fe80::53/64", "dev", "lo"], check=True)
        root_place.resolver(RESOLVER)
    assert [one[0] for one in said] == ["r", "K"]


def run(*words):
    subprocess.run(words, check=True)


@pytest.fixture
def router(needs):
    """A neighbour who knows no way to 203.0.113.0/24, and says so."""
    needs("ip", "nsenter", "unshare")
    other = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    inside = ["nsenter", "--net=/proc/%d/ns/net" % other.pid]
    ours = os.readlink("/proc/self/ns/net")
    process.until(lambda: os.readlink("/proc/%d/ns/net" % other.pid) != ours, "the neighbour")
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    run("ip", "link", "set", "there", "netns", str(other.pid))
    run("ip", "address", "add", "198.51.100.1/24", "dev", "here")
    run("ip", "link", "set", "here", "up")
    for words in ("ip address add 198.51.100.2/24 dev there", "ip link set there up",
                  "ip route add unreachable 203.0.113.0/24"):
        run(*inside, *words.split())
    run(*inside, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    run("ip", "route", "add", "203.0.113.0/24", "via", "198.51.100.2")
    yield
    run("ip", "link", "del", "here")
    other.kill()
    other.wait()


def test_name_server_that_cannot_be_reached(root_place, router):
    """It is not waited for, which would be longer than the test."""
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":relay.example\n")
    root_place.resolver("nameserver 203.0.113.53\n" + RESOLVER.replace("timeout:1", "timeout:30"))
    try:
        with peers.Dns({"relay.example": {"A": ["127.0.0.2"]}}), accepting("127.0.0.2"):
            said = by_hand(root_place, "there.example", "a@b.example", "joe@there.example")
    finally:
        root_place.resolver(RESOLVER)
    assert [one[0] for one in said] == ["r", "K"]
