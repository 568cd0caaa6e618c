"""qmail-dmarcreport: reports on DMARC to other domains (RFC 9990), and the lines they are made of."""

import base64
import email
import gzip
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from support import peers
from scenario.test_tlsrpt import DAY, midnight, stamp

SPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"


def line(policy="a.example", at=None, **more):
    words = {"from": policy, "policy": policy, "p": "reject", "sp": "reject", "np": "none", "adkim": "r", "aspf": "s",
             "t": "n", "disposition": "pass", "dkim": "pass", "spf": "fail", "envelope": "b." + policy,
             "scope": "mfrom", "identity": "b." + policy, "result": "softfail", "sig1": "pass:%s:s1" % policy, **more}
    at = midnight(1) + 3600 if at is None else at
    return '%s verifyd checked pid=7 client="%s" %s\n' % (
        stamp(at), words.pop("ip", "192.0.2.1"), " ".join('%s="%s"' % pair for pair in words.items()))


@pytest.fixture
def report(root_place):
    root_place.reset()
    root_place.control(me="us.example\n", locals="there.example\n")

    def run(log, *words, code=0):
        done = subprocess.run([root_place.program("qmail-dmarcreport"), *words], input=log.encode("latin-1"),
                              capture_output=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"})
        assert done.returncode == code, done
        return done.stdout.decode(), done.stderr.decode()
    return run


def parsed(text):
    """The reports, by domain."""
    parts = re.split(r"(?=<\?xml )", text)[1:]
    roots = [ElementTree.fromstring(part) for part in parts]
    return {root.find("%spolicy_published/%sdomain" % (SPACE, SPACE)).text: root for root in roots}


def texts(element):
    """[(name, text or its own list)] below an element."""
    return [(child.tag.replace(SPACE, ""), texts(child) if len(child) else child.text) for child in element]


def test_counts(report):
    log = "".join([
        line(), line(), line(ip="2001:db8::1"), line(at=midnight(1) - 1), line(at=midnight()), line("b.example"),
        line().replace(" verifyd checked", " verifyd other"), line(policy=""), "garbage\n",
        stamp(midnight(1)) + "\n", line(at=midnight(1)), line(at=midnight() - 1, envelope="")])
    found = parsed(report(log, "-n")[0])
    assert sorted(found) == ["a.example", "b.example"]
    root = found["a.example"]
    assert texts(root.find(SPACE + "report_metadata")) == [
        ("org_name", "us.example"), ("email", "postmaster@us.example"), ("report_id", "%d.a.example@us.example" % midnight(1)),
        ("date_range", [("begin", str(midnight(1))), ("end", str(midnight() - 1))]), ("generator", "Angarium")]
    assert texts(root.find(SPACE + "policy_published")) == [
        ("domain", "a.example"), ("p", "reject"), ("sp", "reject"), ("np", "none"), ("adkim", "r"), ("aspf", "s"),
        ("discovery_method", "treewalk"), ("testing", "n")]
    rows = [texts(record) for record in root.findall(SPACE + "record")]
    assert sorted((row[0][1][0][1], row[0][1][1][1]) for row in rows) == [
        ("192.0.2.1", "1"), ("192.0.2.1", "3"), ("2001:db8::1", "1")]
    (three,) = (row for row in rows if row[0][1][1][1] == "3")
    assert three == [
        ("row", [("source_ip", "192.0.2.1"), ("count", "3"),
                 ("policy_evaluated", [("disposition", "pass"), ("dkim", "pass"), ("spf", "fail")])]),
        ("identifiers", [("header_from", "a.example"), ("envelope_from", "b.a.example")]),
        ("auth_results", [("dkim", [("domain", "a.example"), ("selector", "s1"), ("result", "pass")]),
                          ("spf", [("domain", "b.a.example"), ("scope", "mfrom"), ("result", "softfail")])])]


def test_other_days(report):
    log = line(at=midnight(3) + 5) + line("b.example", at=midnight(0) + 5)
    assert list(parsed(report(log, "-n", "3")[0])) == ["a.example"]
    assert list(parsed(report(log, "-n", "0")[0])) == ["b.example"]
    assert report(log, "-n")[0] == ""


def test_hostile_names(report):
    """What strangers chose is text in the report."""
    name = "<x>&amp;]]>\\x22%s" % ("y" * 60)
    found = parsed(report(line(envelope=name, sig1="fail:%s:%s" % (name, name), sig2="fail", sig3="a:b"), "-n")[0])
    row = texts(found["a.example"].find(SPACE + "record"))
    assert ("envelope_from", name) in row[1][1]
    assert row[2][1][0] == ("dkim", [("domain", name), ("selector", name), ("result", "fail")])
    assert row[2][1][1] == ("dkim", [("domain", "b"), ("selector", None), ("result", "a")])


@pytest.mark.parametrize("words", [["x"], ["-x"], ["1", "2"], ["-1"], ["99999"]])
def test_usage(report, words):
    assert "usage: qmail-dmarcreport" in report("", *words, code=100)[1]


def queued(place):
    """{recipient: message}, and takes them away."""
    found, files = {}, place.queue_files()
    for number in files["mess"]:
        with open(files["mess"][number], "rb") as mess, open(files["intd"][number], "rb") as intd:
            envelope = intd.read().split(b"\0")
            assert b"F" in envelope
            (to,) = (part[1:].decode() for part in envelope if part.startswith(b"T"))
            found[to] = email.message_from_bytes(mess.read())
    return found


def record(rua):
    return {"TXT": ["v=DMARC1; p=reject; rua=" + rua]}


@pytest.mark.parametrize("zone, wanted", [
    ({"_dmarc.a.example": record("mailto:one@a.example, mailto:two@b.a.example!10m,https://a.example/")},
     ["one@a.example", "two@b.a.example"]),
    ({"_dmarc.a.example": record("mailto:x@example")}, ["x@example"]),
    ({"_dmarc.a.example": record("mailto:x@other.example,mailto:y@more.example"),
      "a.example._report._dmarc.more.example": {"TXT": ["v=DMARC1"]}}, ["y@more.example"]),
    ({"_dmarc.a.example": record("mailto:x@other.example"),
      "a.example._report._dmarc.other.example": {"TXT": ["v=DMARC2"]}}, []),
    ({"_dmarc.a.example": record("mailto:x@xa.example")}, []),
    ({"_dmarc.a.example": record(",".join("mailto:%d@a.example" % n for n in range(9)))},
     ["%d@a.example" % n for n in range(4)]),
    ({"_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject"]}}, []),
    ({"_dmarc.a.example": record('mailto:"x y"@a.example,mailto:@a.example,mailto:x@a@a.example')}, []),
    ({"_dmarc.a.example": {"TXT": ["v=DMARC1; rua=mailto:a@a.example", "v=DMARC1; rua=mailto:b@a.example"]}}, []),
    ({}, [])], ids=range(10))
def test_who_gets_it(report, root_place, zone, wanted):
    with peers.Dns(zone):
        report(line())
    found = queued(root_place)
    assert sorted(found) == wanted
    for to, message in found.items():
        assert message["To"] == to and message["From"] == "postmaster@us.example"
        assert re.sub(r"\n ", " ", message["Subject"]) == \
            "Report Domain: a.example Submitter: us.example Report-ID: <%d.a.example@us.example>" % midnight(1)
        _, attachment = message.get_payload()
        assert attachment.get_content_type() == "application/gzip"
        assert attachment.get_filename() == "us.example!a.example!%d!%d.xml.gz" % (midnight(1), midnight(1) + DAY - 1)
        packed = base64.b64decode(attachment.get_payload())
        assert gzip.decompress(packed).decode() == report(line(), "-n")[0]
        assert subprocess.run(["gzip", "-t"], input=packed, check=False).returncode == 0


def test_a_large_report(report, root_place):
    """In blocks of gzip, and with a limit."""
    log = "".join(line(ip="10.%d.%d.1" % (n // 256, n % 256)) for n in range(20001))
    root, = parsed(report(log, "-n")[0]).values()
    assert len(root.findall(SPACE + "record")) == 20000
    with peers.Dns({"_dmarc.a.example": record("mailto:one@a.example")}):
        report(log)
    (message,) = queued(root_place).values()
    text = gzip.decompress(base64.b64decode(message.get_payload()[1].get_payload())).decode()
    assert text == report(log, "-n")[0] and len(text) > 10 * 65536
