"""qmail-dnsrecords: what the DNS has to say of a domain, and whether it does."""

import hashlib
import os
import re
import subprocess

import pytest

from support import peers, tls
from scenario.test_dkimverify import Key, openssl

ADDRESSES = ("192.0.2.25", "2001:db8::25")
REVERSE = {"25.2.0.192.in-addr.arpa": ADDRESSES[0],
           "5.2" + ".0" * 22 + ".8.b.d.0.1.0.0.2.ip6.arpa": ADDRESSES[1]}
HEAD = """$ORIGIN here.example.
@ 3600 IN SOA ns.here.example. postmaster.here.example. 1 3600 600 86400 60
@ 3600 IN NS ns.here.example.
"""


@pytest.fixture
def place(root_place):
    root_place.reset()
    if not os.path.exists(root_place.program("qmail-dnsrecords")):
        pytest.skip("built without OpenSSL")
    root_place.control(me="mail.here.example\n")
    return root_place


@pytest.fixture
def give(needs):
    """give(address...): to the machine."""
    needs("ip")
    given = []

    def run_ip(verb, address):
        subprocess.run(["ip", "addr", verb, address, "dev", "lo"], check=True)

    def added(*addresses):
        for address in addresses:
            run_ip("add", address)
            given.append(address)
    yield added
    for address in given:
        run_ip("del", address)


@pytest.fixture
def addresses(give):
    """The machine can be reached."""
    give(*ADDRESSES)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {kind: Key(folder, kind) for kind in ("rsa", "most", "ed")}


def run(place, *words, user=None):
    done = subprocess.run([place.program("qmail-dnsrecords"), *words], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/bin"}, check=False, **(place.as_user(user) if user else {}))
    return done.returncode, done.stdout, done.stderr


def shown(place, *words, domain="here.example", **more):
    code, out, errors = run(place, *words, domain, **more)
    assert (code, errors) == (0, "")
    return out


def records(text):
    """{name: {type: [data]}}, of lines that are no comments."""
    found = {}
    for line in text.splitlines():
        if line and line[0] != ";":
            name, life, kind, data = re.fullmatch(r"(\S+)\. (\d+) IN (\S+) (.*)", line).groups()
            if data[0] == '"':
                parts = re.findall(r'"((?:[^"\\]|\\.)*)"', data)
                assert all(len(part) < 256 for part in parts)
                data = "".join(parts)
            assert life == "3600"
            data = data[:-1] if kind in ("MX", "PTR") else data
            found.setdefault(name, {}).setdefault(kind, []).append(data)
    return found


def put_keys(place, keys, domain="here.example", **selectors):
    folder = place.path("control/dkim/" + domain)
    os.makedirs(folder, exist_ok=True)
    for selector, kind in selectors.items():
        place.write("%s/%s.txt" % (folder, selector), keys[kind].record() + "\n")
        place.write("%s/%s.pem" % (folder, selector), "secret", "qmailk", 0o400)


def put_certificate(place, tmp_path, name="servercert.pem"):
    """The digest of its key, by the openssl program."""
    text = tls.certificate(str(tmp_path), "mail.here.example")
    os.makedirs(os.path.dirname(place.path("control/" + name)), exist_ok=True)
    place.write(place.path("control/" + name), text, "root", 0o600)
    public = openssl("x509", "-in", place.path("control/" + name), "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", text=public)).hexdigest()


# ---- what it prints

def test_all_records(place, keys, addresses, tmp_path):
    put_keys(place, keys, r="rsa", e="ed", m="most")
    digest = put_certificate(place, tmp_path)
    text = shown(place)
    found = records(text)
    (policy,) = found.pop("_mta-sts.here.example")["TXT"]
    assert re.fullmatch(r"v=STSv1; id=20\d{12}", policy)
    assert found == {
        "here.example": {"MX": ["10 mail.here.example"], "TXT": ["v=spf1 mx -all"]},
        "mail.here.example": {"A": [ADDRESSES[0]], "AAAA": [ADDRESSES[1]], "TXT": ["v=spf1 a -all"]},
        "_dmarc.here.example": {"TXT": ["v=DMARC1; p=none; rua=mailto:postmaster@here.example"]},
        "_smtp._tls.here.example": {"TXT": ["v=TLSRPTv1; rua=mailto:postmaster@here.example"]},
        "_25._tcp.mail.here.example": {"TLSA": ["3 1 1 " + digest]},
        **{selector + "._domainkey.here.example": {"TXT": [keys[kind].record()]}
           for selector, kind in (("r", "rsa"), ("e", "ed"), ("m", "most"))}}
    for name in REVERSE:
        assert ";%s. 3600 IN PTR mail.here.example.\n" % name in text
    assert "; \tmx: mail.here.example\n" in text
    for part in text.split("\n\n"):
        assert part.startswith("; ")


def test_a_zone_file(place, keys, addresses, tmp_path, needs):
    """Others read it, and our own check finds all of it."""
    needs("ldns-read-zone")
    put_keys(place, keys, r="rsa", e="ed", m="most")
    put_certificate(place, tmp_path)
    text = shown(place)
    place.write(str(tmp_path / "zone"), HEAD + text)
    done = subprocess.run(["ldns-read-zone", "-c", str(tmp_path / "zone")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    zone = {}
    for line in done.stdout.splitlines():
        name, _, _, kind, data = line.split(None, 4)
        if kind in peers.NUMBERS:
            data = re.findall('"([^"]*)"', data) if kind == "TXT" else data
            zone.setdefault(name.rstrip("."), {}).setdefault(kind, []).append(data)
    assert len(zone) == 9
    for name, address in REVERSE.items():
        zone[name] = {"PTR": ["mail.here.example."]}
    with peers.Dns({name: {kind: ["".join(data) if kind == "TXT" else data for data in values]
                           for kind, values in entry.items()} for name, entry in zone.items()}):
        code, out, errors = run(place, "--check", "here.example")
    assert (code, errors) == (0, "")
    assert out.splitlines() == OK + ["ok TLSA _25._tcp.mail.here.example"]


OK = ["ok MX here.example", "ok A/AAAA mail.here.example", *("ok PTR " + name for name in REVERSE),
      "ok SPF here.example", "ok SPF mail.here.example", "ok DKIM e._domainkey.here.example", "ok DKIM m._domainkey.here.example",
      "ok DKIM r._domainkey.here.example", "ok DMARC _dmarc.here.example", "ok MTA-STS _mta-sts.here.example",
      "ok TLSRPT _smtp._tls.here.example"]


def test_nothing_is_known(place):
    """No key, no certificate, no address: it says so, and prints the rest."""
    text = shown(place)
    assert set(records(text)) == {"here.example", "mail.here.example", "_dmarc.here.example", "_mta-sts.here.example",
                                  "_smtp._tls.here.example"}
    assert "; There are none: qmail-dkimkey here.example makes some.\n" in text
    assert "; control/servercert.pem is not there\n" in text
    assert ";mail.here.example. 3600 IN A ADDRESS\n" in text
    assert ";ADDRESS.in-addr.arpa. 3600 IN PTR mail.here.example.\n" in text


def test_a_host_of_another_zone(place, addresses, tmp_path):
    """Its records are comments: a zone file must not have them."""
    place.control(me="mail.there.example\n")
    put_certificate(place, tmp_path)
    text = shown(place)
    assert records(text)["here.example"]["MX"] == ["10 mail.there.example"]
    assert not [name for name in records(text) if "there" in name]
    assert ";mail.there.example. 3600 IN A 192.0.2.25\n" in text
    assert "\n;_25._tcp.mail.there.example. 3600 IN TLSA 3 1 1 " in text
    assert text.count("zone of that host") == 2


def test_private_addresses_are_not_told(place, give):
    give("10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1")
    assert set(records(shown(place))["mail.here.example"]) == {"TXT"}


def test_sixteen_addresses_are_told(place, give):
    give(*("192.0.2.%d" % n for n in range(101, 118)))
    text = shown(place)
    assert len(records(text)["mail.here.example"]["A"]) == text.count(" IN PTR ") == 16


@pytest.mark.parametrize("route, expected", [
    ("here.example:192.0.2.77:out.here.example", "v=spf1 mx ip4:192.0.2.77 -all"),
    (":[2001:db8::77]", "v=spf1 mx ip6:2001:db8::77 -all"),
    ("other.example:192.0.2.77", "v=spf1 mx -all"),
    ("here.example::out.here.example", "v=spf1 mx -all"),
    ("here.example:10.0.0.1", "v=spf1 mx -all")])
def test_where_mail_comes_from(place, route, expected):
    place.control(me="mail.here.example\n", bindroutes=route + "\n")
    assert records(shown(place))["here.example"]["TXT"] == [expected]


@pytest.mark.parametrize("name, expected", [
    ("out.here.example", ("out.here.example", "")), ("out.there.example", ("out.there.example", ";")),
    ("here.example", ("here.example", "")), ("[192.0.2.1]", None), ("a b", None)])
def test_the_name_in_helo(place, name, expected):
    """Of another zone it is a comment; if it is the domain that has one record."""
    place.control(me="mail.here.example\n", helohost=name + "\n")
    lines = [line for line in shown(place).splitlines() if "v=spf1 a " in line]
    assert lines == (['%s%s. 3600 IN TXT "v=spf1 a -all"' % expected[::-1]] if expected else [])
    if expected:  # and the same, asked about itself
        own = records(shown(place, domain=expected[0]))[expected[0]]["TXT"]
        assert own == ["v=spf1 a -all"] and own[0] in lines[0]


@pytest.mark.parametrize("routes, is_told", [(":relay.example\n", True), ("there.example:relay.example\n", False),
                                             (":\n", False)])
def test_a_relay(place, routes, is_told):
    place.control(me="mail.here.example\n", smtproutes=routes)
    assert ("control/smtproutes" in shown(place)) == is_told


def test_names_are_as_the_dns_has_them(place):
    assert "xn--bcher-kva.example" in records(shown(place, domain="Bücher.Example."))


def test_keys_of_no_use(place, keys):
    """They are named; the others are printed."""
    put_keys(place, keys, r="rsa", lost="ed", wrong="ed", two="ed")
    folder = place.path("control/dkim/here.example/")
    os.unlink(folder + "lost.txt")
    place.write(folder + "wrong.txt", "hello\n")
    place.write(folder + "two.txt", 2 * (keys["ed"].record() + "\n"))
    for name in ".hidden.txt", "readme", "a b.txt", "x" * 61 + ".txt":
        place.write(folder + name, keys["ed"].record())
    text = shown(place)
    assert [name for name in records(text) if "_domainkey" in name] == ["r._domainkey.here.example"]
    assert re.findall("^; Left out: %s(.*)" % folder, text, re.M) == [
        "lost.txt: No such file or directory; a key that was brought along needs it, see qmail-dkimkey(8)", "two.txt: it has more than one line",
        "wrong.txt: what is published is no key"]
    with peers.Dns({}):
        code, out, _ = run(place, "--check", "here.example")
    assert code == 1
    assert "unknown DKIM wrong._domainkey.here.example: %swrong.txt: what is published is no key\n" % folder in out


@pytest.mark.parametrize("domain", ["sub.here.example", "far.below.here.example"])
def test_keys_of_the_domain_above(place, keys, domain):
    """They sign, and are looked for there; the nearest that has some counts."""
    put_keys(place, keys, r="rsa")
    put_keys(place, keys, domain="example", e="ed")
    os.mkdir(place.path("control/dkim/below.here.example"))
    text = shown(place, domain=domain)
    assert "; They are those of here.example, and published there.\n" in text
    assert not [name for name in records(text) if "_domainkey" in name]
    with peers.Dns({"r._domainkey.here.example": {"TXT": [keys["rsa"].record()]}}):
        out = run(place, "--check", domain)[1]
    assert [line for line in out.splitlines() if "DKIM" in line] == ["ok DKIM r._domainkey.here.example"]
    assert "\nmissing DMARC _dmarc.%s\n" % domain in out


def test_no_keys_above(place, keys):
    put_keys(place, keys, domain="other.example", r="rsa")
    with peers.Dns({}):
        assert "\nmissing DKIM here.example: there is no key; " in run(place, "--check", "here.example")[1]


def test_too_many_keys(place, keys):
    put_keys(place, keys, **{"k%d" % n: "ed" for n in range(32)})
    assert len(records(shown(place))) == 5 + 32
    put_keys(place, keys, more="ed")
    assert run(place, "here.example") == (
        111, "", "qmail-dnsrecords: %s: File too large\n" % place.path("control/dkim/here.example"))


@pytest.mark.parametrize("text, why", [(b"hello", "it has no certificate"), (b"x" * 65537, "File too large")])
def test_a_certificate_of_no_use(place, text, why):
    place.write(place.path("control/servercert.pem"), text)
    assert "; control/servercert.pem: %s\n" % why in shown(place)


def test_without_rights(place, addresses, keys, tmp_path):
    """All but the certificate, and what does not need it is checked."""
    put_keys(place, keys, r="rsa")
    put_certificate(place, tmp_path)
    text = shown(place, user="nobody")
    assert "; control/servercert.pem: only root can read it\n" in text
    assert "r._domainkey.here.example" in records(text)
    with peers.Dns({}):
        code, out, _ = run(place, "--check", "here.example", user="nobody")
    assert code == 1
    assert "unknown TLSA _25._tcp.mail.here.example: control/servercert.pem: only root can read it\n" in out


def test_certificates_of_two_names(place, tmp_path):
    """Clients that name the host get that of control/tlscerts."""
    digests = [put_certificate(place, tmp_path, name) for name in
               ("servercert.pem", "tlscerts/mail.here.example.pem")]
    put_certificate(place, tmp_path, "tlscerts/other.example.pem")
    name = "_25._tcp.mail.here.example"
    assert records(shown(place))[name] == {"TLSA": ["3 1 1 " + digest for digest in digests]}
    for there, word in (digests, "ok"), (digests[:1], "wrong"), (digests[1:], "wrong"):
        with peers.Dns({name: {"TLSA": ["3 1 1 " + digest for digest in there]}}):
            assert "\n%s TLSA %s" % (word, name) in run(place, "--check", "here.example")[1]


@pytest.mark.parametrize("words", [[], ["--check"], ["--other", "here.example"], ["a.example", "b.example"],
                                   ["here.example", "--check"], ["-x"]])
def test_usage(place, words):
    assert run(place, *words) == (100, "", "usage: qmail-dnsrecords [--check] domain\n")


@pytest.mark.parametrize("name", ["", ".", "a..b", "../x", "a/b.example", "a b.example", "[192.0.2.1]", "x" * 64,
                                  ".".join(["y" * 60] * 3), "here\n.example", '"', "a;b"])
def test_no_domain(place, name):
    code, out, errors = run(place, name)
    assert (code, out) == (100, "")
    assert errors.endswith("is no domain, or too long\n")


@pytest.mark.parametrize("me, code, words", [(None, 111, "control/me: No such file"), ("a/b\n", 100, "in control/me")])
def test_no_host(place, me, code, words):
    place.control(**({"me": me} if me else {}))
    got, out, errors = run(place, "here.example")
    assert (got, out) == (code, "")
    assert words in errors


def test_a_longest_name(place):
    """All that stands before it has its place."""
    name = ".".join(["y" * 59] * 3)
    with peers.Dns({}):
        code, out, _ = run(place, "--check", name)
    assert code == 1
    assert "no name" not in out and "missing TLSRPT _smtp._tls.%s\n" % name in out


# ---- what it checks

@pytest.fixture
def check(place, keys, tmp_path):
    """check(name=entry...): lines that are not ok, and the exit code, where those of a good zone
    are replaced; None takes a name away."""
    put_keys(place, keys, r="rsa", e="ed", m="most")
    digest = put_certificate(place, tmp_path)
    good = {
        "here.example": {"MX": ["10 mail.here.example"], "TXT": ["v=spf1 mx -all", "other=thing"]},
        "mail.here.example": {"A": [ADDRESSES[0]], "AAAA": [ADDRESSES[1]], "TXT": ["v=spf1 a -all"]},
        "_dmarc.here.example": {"TXT": ["v=DMARC1; p=reject"]},
        "_mta-sts.here.example": {"TXT": ["v=STSv1; id=7;"]},
        "_smtp._tls.here.example": {"TXT": ["v=TLSRPTv1;rua=https://reports.example/"]},
        "_25._tcp.mail.here.example": {"TLSA": ["2 0 1 " + 64 * "0", "3 1 1 " + digest]},
        **{name: {"PTR": ["mail.here.example"]} for name in REVERSE},
        **{selector + "._domainkey.here.example": {"TXT": [keys[kind].record("t=s; ")]}
           for selector, kind in (("r", "rsa"), ("e", "ed"), ("m", "most"))}}

    def checked(changes):
        zone = {name: entry for name, entry in {**good, **changes}.items() if entry is not None}
        with peers.Dns(zone):
            code, out, errors = run(place, "--check", "Here.example")
        assert errors == ""
        lines = out.splitlines()
        assert len(lines) > 8 and all(re.match("(ok|missing|wrong|unknown) [A-Z]", line) for line in lines)
        assert out.isprintable() or out.replace("\n", "").isprintable()
        return [line for line in lines if not line.startswith("ok ")], code

    checked.good = good
    checked.digest = digest
    return checked


MX, MAIL, DMARC, STS = "here.example", "mail.here.example", "_dmarc.here.example", "_mta-sts.here.example"
TLSRPT, TLSA, KEY = "_smtp._tls.here.example", "_25._tcp.mail.here.example", "r._domainkey.here.example"
PTR = list(REVERSE)[0]


def test_all_is_right(check):
    """Written otherwise than here, and beside others."""
    assert check({}) == ([], 0)


@pytest.mark.parametrize("name, label", [(MX, "MX"), (DMARC, "DMARC"), (STS, "MTA-STS"), (TLSRPT, "TLSRPT"),
                                         (TLSA, "TLSA"), (KEY, "DKIM"), (PTR, "PTR"), (MAIL, "A/AAAA")])
@pytest.mark.parametrize("entry, word, code", [(None, "missing", 1), ({}, "missing", 1), ("SERVFAIL", "unknown", 111)])
def test_no_record(check, name, label, entry, word, code):
    lines, got = check({name: entry})
    assert got == code
    assert [line.split(": ")[0] for line in lines if label in line] == ["%s %s %s" % (word, label, name)]
    assert [line for line in lines if label not in line] == (
        ["%s SPF %s%s" % (word, name, ": the DNS does not answer" if code == 111 else "")] if name in (MX, MAIL) else [])


def test_what_is_missing_counts_more_than_what_cannot_be_told(check):
    assert check({DMARC: None, STS: "SERVFAIL"})[1] == 1


SPF = "v=spf1 mx -all"


@pytest.mark.parametrize("name, entry, line", [
    (MX, {"MX": ["10 other.example", "20 third.example"], "TXT": [SPF]},
     "wrong MX here.example: other.example, third.example"),
    (MX, {"MX": ["0 ."], "TXT": [SPF]}, "wrong MX here.example: ."),
    (MX, {"MX": ["5 other.example", "10 MAIL.here.example"], "TXT": ["x"]}, "missing SPF here.example"),
    (MX, {"MX": ["10 " + MAIL], "TXT": [SPF, "v=spf1 -all"]},
     'wrong SPF here.example: more than one: "v=spf1 mx -all", "v=spf1 -all"'),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx -oll"]}, 'wrong SPF here.example: "v=spf1 mx -oll"'),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf10 mx"]}, "missing SPF here.example"),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx +all"]},
     'wrong SPF here.example: it lets anybody send in this name: "v=spf1 mx +all"'),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 all -all"]},
     'wrong SPF here.example: it lets anybody send in this name: "v=spf1 all -all"'),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx ~all +all"]}, None),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx redirect=open.example"]},
     'wrong SPF here.example: it lets anybody send in this name: "v=spf1 mx redirect=open.example"'),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx redirect=shut.example"]}, None),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx -all redirect=open.example"]}, None),
    (MX, {"MX": ["10 " + MAIL], "TXT": ["v=spf1 mx redirect=nowhere.example"]}, None),
    (DMARC, {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
     'wrong DMARC _dmarc.here.example: more than one: "v=DMARC1; p=none", "v=DMARC1; p=reject"'),
    (DMARC, {"TXT": ["v=DMARC1"]}, 'wrong DMARC _dmarc.here.example: "v=DMARC1"'),
    (DMARC, {"TXT": [SPF]}, "missing DMARC _dmarc.here.example"),
    (DMARC, {"TXT": ["a wildcard", "v=DMARC1; p=reject"]}, None),
    (STS, {"TXT": ["v=STSv1; id=a-b"]}, 'wrong MTA-STS _mta-sts.here.example: "v=STSv1; id=a-b"'),
    (STS, {"TXT": ["v=STSv1; id=1;", "v=STSv1; id=2;"]},
     'wrong MTA-STS _mta-sts.here.example: more than one: "v=STSv1; id=1;", "v=STSv1; id=2;"'),
    (TLSRPT, {"TXT": ["v=TLSRPTv1; rua="]}, 'wrong TLSRPT _smtp._tls.here.example: "v=TLSRPTv1; rua="'),
    (TLSRPT, {"TXT": ["v=TLSRPTv2; rua=mailto:a@b"]},
     'wrong TLSRPT _smtp._tls.here.example: "v=TLSRPTv2; rua=mailto:a@b"'),
    (KEY, {"TXT": ["v=DKIM1; p="]}, 'wrong DKIM r._domainkey.here.example: "v=DKIM1; p="'),
    (KEY, {"TXT": ["v=DKIM1; k=ed25519; p=AAAA"]}, 'wrong DKIM r._domainkey.here.example: "v=DKIM1; k=ed25519; p=AAAA"'),
    (TLSA, {"TLSA": ["3 1 1 " + 64 * "0"]},
     "wrong TLSA _25._tcp.mail.here.example: not the key of our certificate"),
    (PTR, {"PTR": ["host.provider.example"]}, "wrong PTR %s: host.provider.example" % PTR),
    (PTR, {"PTR": ["host.provider.example", "Mail.Here.Example"]}, None)])
def test_other_records(check, name, entry, line):
    others = {"open.example": {"TXT": ["x", "v=spf1 a +all"]}, "shut.example": {"TXT": ["v=spf1 redirect=open.example"]}}
    assert check({name: entry, **others}) == (([line], 1) if line else ([], 0))


@pytest.mark.parametrize("above, own, line", [
    ("v=DMARC1; p=reject", None, "ok DMARC %s: that of _dmarc.here.example counts, p=reject"),
    ("v=DMARC1; p=reject; sp=quarantine", {}, "ok DMARC %s: that of _dmarc.here.example counts, p=quarantine"),
    ("v=DMARC1", None, "missing DMARC %s"),
    (None, None, "missing DMARC %s"),
    ("v=DMARC1; p=reject", {"TXT": ["x"]}, "ok DMARC %s: that of _dmarc.here.example counts, p=reject"),
    (None, {"TXT": ["x"]}, "missing DMARC %s"),
    ("v=DMARC1; p=reject", "SERVFAIL", "unknown DMARC %s: the DNS does not answer")])
def test_policy_of_the_organization(place, above, own, line):
    name = "_dmarc.a.b.here.example"
    zone = {name: own, "_dmarc.here.example": above and {"TXT": [above]}, "a.b.here.example": {"MX": ["1 mail.here.example"]}}
    with peers.Dns({name: entry for name, entry in zone.items() if entry is not None}):
        assert "\n%s\n" % line % name in run(place, "--check", "a.b.here.example")[1]


@pytest.mark.parametrize("srs, address", [("srs.here.example", "mail.here.example"), ("SRS.here.example.", "mail.here.example"),
                                          ("other.example", "srs.here.example"), (None, "srs.here.example")])
def test_where_reports_go(place, srs, address):
    """Not where qmail-srsd has all mail."""
    place.control(me="mail.here.example\n", **({"srs_domain": srs + "\n"} if srs else {}))
    text = shown(place, domain="srs.here.example")
    found = records(text)
    for name in "_dmarc.", "_smtp._tls.":
        assert found[name + "srs.here.example"]["TXT"][0].endswith("rua=mailto:postmaster@" + address)
    assert text.count("; Reports go to postmaster@%s: " % address) == 2
    consent = ';srs.here.example._report._dmarc.mail.here.example. 3600 IN TXT "v=DMARC1"\n'
    assert (consent in text) == (address == "mail.here.example")


def test_keys_are_compared(check, keys):
    """Not its type alone; two records are no key."""
    other = keys["most"].record()
    lines, code = check({KEY: {"TXT": [other]}})
    assert code == 1 and lines == ['wrong DKIM %s: "%s"...' % (KEY, other[:200])]
    other = keys["rsa"].record().replace("k=rsa", "k=ed25519")
    lines, code = check({KEY: {"TXT": [other]}})
    assert code == 1 and lines == ['wrong DKIM %s: "%s"...' % (KEY, other[:200])]
    testing = keys["rsa"].record() + "; t=s:y"
    lines, code = check({KEY: {"TXT": [testing]}})
    assert code == 1 and lines == ['wrong DKIM %s: t=y, so that nobody minds a wrong signature: "%s"...' % (KEY, testing[:200])]
    assert check({KEY: {"TXT": [keys["rsa"].record() + "; t=s"]}}) == ([], 0)
    lines, code = check({KEY: {"TXT": [keys["rsa"].record(), other]}})
    assert code == 1 and lines[0].startswith("wrong DKIM %s: more than one: " % KEY)


@pytest.mark.parametrize("form", ["3 0 1", "3 1 2", "2 1 1", "1 1 1"])
def test_only_tlsa_of_our_form_counts(check, form):
    assert check({TLSA: {"TLSA": [form + " " + check.digest]}})[1] == 1


def test_tlsa_without_a_certificate(place):
    with peers.Dns({TLSA: {"TLSA": ["3 1 1 " + 64 * "0"]}}):
        assert "wrong TLSA %s: there is one, but no certificate\n" % TLSA in run(place, "--check", "here.example")[1]
    with peers.Dns({}):
        assert "TLSA" not in run(place, "--check", "here.example")[1]


def test_a_host_is_no_alias(check):
    lines, code = check({MAIL: {"CNAME": "real.here.example"}, "real.here.example": check.good[MAIL]})
    assert (lines, code) == (["wrong A/AAAA %s: it is an alias, which a host of an MX must not be" % MAIL], 1)


def test_an_alias_of_a_key(check, keys):
    """As those have who let others sign."""
    assert check({KEY: {"CNAME": "key.other.example"}, "key.other.example": check.good[KEY]}) == ([], 0)


# ---- hostile answers

def test_bytes_that_must_not_reach_a_terminal(check):
    lines, code = check({DMARC: {"TXT": ["v=DMARC1; p=\x1b[2J\n\0\xff\"\\"]}, PTR: {"PTR": ["a\x1b\n.example"]}})
    assert (lines, code) == ([
        "wrong PTR %s: a\\027\\010.example" % PTR,
        r'wrong DMARC _dmarc.here.example: "v=DMARC1; p=\027[2J\010\000\255\"\\"'], 1)


def test_much_is_cut(check):
    """Five of many records, 200 bytes of each; 65 kB in all."""
    lines, code = check({DMARC: {"TXT": ["v=DMARC1; p=%04d" % n + "x" * 6000 for n in range(10)]},
                         PTR: {"PTR": ["h%d.example" % n for n in range(1000)]}})
    assert code == 1
    assert lines[0] == "wrong PTR %s: %s, ..." % (PTR, ", ".join("h%d.example" % n for n in range(5)))
    assert lines[1] == "wrong DMARC _dmarc.here.example: more than one: %s, ..." % ", ".join(
        '"v=DMARC1; p=%04d%s"...' % (n, "x" * 184) for n in range(5))


def test_many_addresses(check):
    """Sixteen are looked back from."""
    addresses = ["192.0.2.%d" % n for n in range(1, 30)]
    lines, code = check({MAIL: {"A": addresses}})
    assert code == 1 and len([line for line in lines if line.startswith("missing PTR ")]) == 15 + (
        "192.0.2.25" not in addresses[:16])


@pytest.mark.parametrize("name, kind", [(MX, "MX"), (MAIL, "A"), (KEY, "TXT"), (TLSA, "TLSA"), (PTR, "PTR")])
@pytest.mark.parametrize("answer", ["RAW:c00c", "SHORT", "REFUSED"])
def test_damaged_answers(check, name, kind, answer):
    lines, code = check({name: {**check.good[name], kind: answer}})
    assert code == 111
    assert all(line.startswith("unknown ") and line.endswith(": the DNS does not answer") for line in lines)
