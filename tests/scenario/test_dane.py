"""DANE with real name servers and a real mail server: a zone that is signed, a
resolver that verifies it, and Postfix, whose own client has to agree with ours."""

import os
import subprocess

import pytest

from support import postfix, tls, unpacked
from support.town import wait_port
from scenario.test_resolvers import NSD, UNBOUND, ZONE

MX = "mx.example"
DOMAINS = {
    "good.example": "3 1 1 {key}",
    "chain.example": "2 0 1 {authority}",
    "wrong.example": "3 1 1 " + "00" * 32,
    "unusable.example": "0 0 1 " + "00" * 32,
    "none.example": None,
}
TLS = """\
smtpd_tls_security_level = may
smtpd_tls_chain_files = {path}
mydestination = {domains}
"""


def sign(base):
    """Keys for the zone, and the zone with its signatures; gives the trust anchor."""
    key = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "example"], cwd=base,
                         check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    subprocess.run(["ldns-signzone", "-o", "example.", "-f", "example.zone.new", "example.zone", key], cwd=base,
                   check=True)
    os.rename(base + "/example.zone.new", base + "/example.zone")
    with open(base + "/" + key + ".ds") as source:
        return source.read().strip()


class World:
    def __init__(self, town, authority):
        self.town = town
        self.path = authority.sign(MX)
        with open(self.path, "a") as chain:
            chain.write(authority.text)
        self.nsd = unpacked.folder(town.place, "nsd") + "/usr/sbin/nsd"
        self.unbound = unpacked.folder(town.place, "unbound") + "/usr/sbin/unbound"
        self.values = {"key": tls.digest(self.path, of_key=True),
                       "authority": tls.digest(authority.certificate)}

    def zone(self):
        lines = [ZONE]
        for number, (domain, record) in enumerate(DOMAINS.items()):
            host = MX if number == 0 else "mx." + domain
            lines.append("%s. MX 10 %s.\n%s. A %s\n" % (domain, host, host, postfix.ADDRESS))
            if record:
                lines.append("_25._tcp.%s. TLSA %s\n" % (host, record.format(**self.values)))
        return "".join(lines)

    def serve_names(self, breaks=None):
        """breaks: a text of the zone that is another after it was signed."""
        base = unpacked.fresh(self.town.place, "nsd")
        self.town.place.write(base + "/example.zone", self.zone())
        anchor = sign(base)
        if breaks:
            with open(base + "/example.zone") as source:
                text = source.read()
            assert breaks in text
            self.town.place.write(base + "/example.zone", text.replace(breaks, "ff" + breaks[2:]))
        self.town.place.write(base + "/nsd.conf", NSD.format(where="127.0.0.1@5300", base=base))
        self.town.begin([self.nsd, "-d", "-c", base + "/nsd.conf"])
        wait_port("127.0.0.1", 5300)
        base = unpacked.fresh(self.town.place, "unbound")
        text = UNBOUND.format(base=base, modules="validator iterator")
        head, _, rest = text.partition('trust-anchor: "')
        self.town.place.write(base + "/unbound.conf",
                              head + 'trust-anchor: "' + anchor + rest[rest.index('"'):])
        self.town.begin([self.unbound, "-d", "-p", "-c", base + "/unbound.conf"])
        wait_port("127.0.0.1", 53)
        self.town.place.resolver("nameserver 127.0.0.1\noptions timeout:5 trust-ad edns0\n")

    def end_of(self, domain):
        """What comes of a letter; the session's line."""
        self.town.send("bob@here.example", "ann@" + domain, subject=domain)
        return self.town.daemon.wait("^tls [0-9]+: domain=%s " % domain).string


@pytest.fixture
def world(town, needs, tmp_path):
    needs("postfix", "ldns-signzone", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsc")):
        pytest.skip("built without OpenSSL")
    authority = tls.Authority(str(tmp_path))
    made = World(town, authority)
    server = postfix.Postfix(town.place, TLS.format(path=made.path, domains=" ".join(DOMAINS)))
    town.place.control(me="here.example\n", locals="here.example\n")
    tls.start_client(town.place, town.begin, authority.text)
    yield made
    server.stop()


def finger(domain, base):
    """What Postfix' own client makes of it: a word of its first line."""
    os.makedirs(base, exist_ok=True)
    with open(base + "/main.cf", "w") as out:
        out.write("compatibility_level = 3.6\nsmtp_dns_support_level = dnssec\n")
    done = subprocess.run(["posttls-finger", "-c", "-l", "dane", "-t", "10", domain],
                          env={"MAIL_CONFIG": base, "PATH": "/usr/sbin:/usr/bin:/bin"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.stdout.decode()


def test_as_the_zone_says(world, tmp_path):
    world.serve_names()
    world.town.open()
    wanted = {"good.example": ("dane", "ok"), "chain.example": ("dane", "certificate-host-mismatch"),
              "wrong.example": ("dane", "validation-failure"), "unusable.example": ("dane", "ok"),
              "none.example": ("may", "ok")}
    for domain, (policy, result) in wanted.items():
        line = world.end_of(domain)
        assert " policy=%s result=%s" % (policy, result) in line, line
        said = finger(domain, str(tmp_path / "finger"))
        is_verified = "Verified TLS connection" in said
        is_refused = "Untrusted TLS connection" in said and "unusable" not in domain and \
            policy == "dane"
        if domain == "good.example":
            assert is_verified, said
        if result in ("validation-failure", "certificate-host-mismatch"):
            assert not is_verified and (is_refused or "not verified" in said), said
    for name in ("good.example", "unusable.example", "none.example"):
        world.town.letter("ann", "Subject: " + name, folder="PostfixMaildir")
    texts = world.town.mail("ann", folder="PostfixMaildir")
    assert not [text for text in texts if "Subject: wrong.example" in text]


def test_signatures_that_are_broken(world):
    """The resolver says so, and nothing is sent."""
    world.serve_names(breaks=world.values["key"])
    world.town.open()
    line = world.end_of("good.example")
    assert " policy=dane result=dnssec-invalid" in line
    assert not world.town.mail("ann", folder="PostfixMaildir")
