"""qmail-dmarcreport: reports on DMARC to other domains (RFC 9990), and the lines they are made of."""

import base64
import email
import fcntl
import gzip
import os
import re
import resource
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from support import peers, process
from scenario.test_tlsrpt import DAY, midnight, stamp

SPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"


def line(policy="a.example", at=None, **more):
    words = {"from": policy, "policy": policy, "p": "reject", "sp": "reject", "np": "none", "adkim": "r", "aspf": "s",
             "t": "n", "disposition": "pass", "dkim": "pass", "spf": "fail", "envelope": "b." + policy,
             "sig1": "pass:%s:s1" % policy, "sig2": "", "sig3": "", "sig4": "", "scope": "mfrom", "identity": "b." + policy,
             "result": "softfail", **more}
    words["result"] = words.pop("result")  # the last one
    at = midnight(1) + 3600 if at is None else at
    return '%s verifyd checked pid=7 client="%s" %s\n' % (
        stamp(at), words.pop("ip", "192.0.2.1"), " ".join('%s="%s"' % pair for pair in words.items()))


@pytest.fixture
def report(root_place):
    root_place.reset()
    root_place.control(me="us.example\n", locals="there.example\n")

    def run(log, *words, code=0, limit=None):
        log = stamp(midnight(30)) + " begin\n" + log
        done = subprocess.run([root_place.program("qmail-dmarcreport"), *words], input=log.encode("latin-1"),
                              capture_output=True, timeout=60, check=False, env={"PATH": "/usr/bin:/bin"},
                              preexec_fn=limit)
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
    found = parsed(report(line(envelope=name, sig1="fail:%s:%s" % (name, name), sig2="fail", sig3="neutral:b"), "-n")[0])
    row = texts(found["a.example"].find(SPACE + "record"))
    assert ("envelope_from", name) in row[1][1]
    assert row[2][1][0] == ("dkim", [("domain", name), ("selector", name), ("result", "fail")])
    assert row[2][1][1] == ("dkim", [("domain", "b"), ("selector", None), ("result", "neutral")])


@pytest.mark.parametrize("words", [["x"], ["-x"], ["1", "2"], ["-1"], ["99999"]])
def test_usage(report, words):
    assert "usage: qmail-dmarcreport" in report("", *words, code=100)[1]


def queued(place, sender=None):
    """{recipient: message}."""
    found, files = {}, place.queue_files()
    for number in files["mess"]:
        with open(files["mess"][number], "rb") as mess, open(files["intd"][number], "rb") as intd:
            envelope = intd.read().split(b"\0")
            assert (b"Fpostmaster@us.example" if sender is None else b"F" + sender) in envelope
            (to,) = (part[1:].decode() for part in envelope if part.startswith(b"T"))
            found[to] = email.message_from_bytes(mess.read())
    return found


def record(rua):
    return {"TXT": ["v=DMARC1; p=reject; rua=" + rua]}


def consents(host, *texts):
    return {"a.example._report._dmarc." + host: {"TXT": list(texts)}}


OTHER = {"_dmarc.a.example": record("mailto:x@other.example")}


@pytest.mark.parametrize("zone, wanted", [
    # Of the same organization: by the tree walk, whose suffixes are none
    ({"_dmarc.a.example": record("mailto:one@a.example, mailto:two@b.a.example!10m,https://a.example/")},
     ["one@a.example", "two@b.a.example"]),
    ({"_dmarc.a.example": record("mailto:x@example")}, []),
    ({"_dmarc.a.example": record("mailto:x@example"), "_dmarc.example": {"TXT": ["v=DMARC1; p=none; psd=y"]}}, []),
    ({"_dmarc.a.example": record("mailto:x@example,mailto:y@b.example"), "_dmarc.example": {"TXT": ["v=DMARC1; p=none"]}},
     ["x@example", "y@b.example"]),
    ({"_dmarc.a.example": record("mailto:x@b.a.example"), "_dmarc.b.a.example": {"TXT": ["v=DMARC1; p=none; psd=n"]}}, []),
    ({"_dmarc.a.example": record("mailto:x@xa.example")}, []),
    # Of another: who says so
    ({"_dmarc.a.example": record("mailto:x@other.example,mailto:y@more.example"), **consents("more.example", "v=DMARC1")},
     ["y@more.example"]),
    ({**OTHER, **consents("other.example", "v=DMARC2")}, []),
    ({**OTHER, **consents("other.example", "v=DMARC1; rua=mailto:y%2Bz@OTHER.example")}, ["y+z@OTHER.example"]),
    ({**OTHER, **consents("other.example", "v=DMARC1; rua=mailto:y@third.example")}, []),
    ({**OTHER, **consents("other.example", "v=DMARC1; rua=mailto:y@third.example", "v=DMARC1")}, ["x@other.example"]),
    ({**OTHER, **consents("other.example", "x", "v=DMARC1;", "v = DMARC1 ;")}, ["x@other.example"]),
    ({"_dmarc.a.example": record("mailto:x@other.example,mailto:y@other.example,mailto:z@a.example"),
      **consents("other.example", "v=DMARC1; rua=mailto:all@other.example")}, ["all@other.example", "z@a.example"]),
    # Each once, and four of them
    ({"_dmarc.a.example": record(",".join("mailto:%d@a.example" % n for n in range(9)))},
     ["%d@a.example" % n for n in range(4)]),
    ({"_dmarc.a.example": record("mailto:x@a.example,mailto:X@a.example,mailto:x@A.example,mailto:%78@a.example,mailto:y@a.example")},
     ["x@a.example", "y@a.example"]),
    # How it is written
    ({"_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject"]}}, []),
    ({"_dmarc.a.example": record('mailto:"x y"@a.example,mailto:@a.example,mailto:x@a@a.example,mailto:x%40y@a.example,mailto:x%0ay@a.example')}, []),
    ({"_dmarc.a.example": record("mailto:x%2By@a.example,mailto:z@a.example?subject=a,mailto:p%2@a.example")}, ["x+y@a.example", "z@a.example"]),
    ({"_dmarc.a.example": record("mailto:x@a.example!100,mailto:y@a.example!1k,mailto:z@a.example!10K,mailto:a@a.example!9x,"
                                 "mailto:b@a.example!99999999999999999999,mailto:c@a.example!17000000t")}, ["z@a.example"]),
    ({"_dmarc.a.example": {"TXT": ["v=DMARC1 ;rua = mailto:y@a.example"]}}, ["y@a.example"]),
    ({"_dmarc.a.example": {"TXT": ["v=DMARC1; rua=mailto:a@a.example", "v=DMARC1; rua=mailto:b@a.example"]}}, []),
    ({}, [])], ids=range(22))
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
    """With a limit; and what is sent of it is short."""
    log = "".join(line(ip="10.%d.%d.1" % (n // 256, n % 256)) for n in range(50001))
    text, said = report(log, "-n")
    assert said == "qmail-dmarcreport: a.example: too many kinds of lines; 1 are left out\n"
    root, = parsed(text).values()
    assert len(root.findall(SPACE + "record")) == 50000
    with peers.Dns({"_dmarc.a.example": record("mailto:one@a.example,mailto:two@a.example!100k")}):
        assert "a.example: its report is larger than wanted by two@a.example\n" in report(log)[1]
    (message,) = queued(root_place).values()
    assert gzip.decompress(message.get_payload()[1].get_payload(decode=True)).decode() == text
    assert len(text) > 8 * len(message.as_string())


def test_the_last_policy_counts(report):
    log = line(p="reject", at=midnight(1) + 9) + line(p="none", sp="none", t="y", at=midnight(1) + 7200) + line(p="quarantine", at=midnight(1) + 8)
    (root,) = parsed(report(log, "-n")[0]).values()
    assert texts(root.find(SPACE + "policy_published"))[1:3] == [("p", "none"), ("sp", "none")]
    assert texts(root.find(SPACE + "policy_published"))[-1] == ("testing", "y")
    assert [record.find("%srow/%scount" % (SPACE, SPACE)).text for record in root.findall(SPACE + "record")] == ["3"]


def test_reasons(report):
    log = line(disposition="none", reason="local_policy", dkim="fail") + line("b.example")
    found = parsed(report(log, "-n")[0])
    evaluated = "%srecord/%srow/%spolicy_evaluated" % (SPACE, SPACE, SPACE)
    assert texts(found["a.example"].find(evaluated))[-1] == ("reason", [("type", "local_policy")])
    assert texts(found["b.example"].find(evaluated))[-1] == ("spf", "fail")


def counts(text):
    return re.findall("<count>(.*)</count>", text)


def test_lines_that_are_cut(report):
    """Nothing is taken of such a line, nor of one that runs into it; the next one counts."""
    whole = line()
    for cut in range(1, len(whole) - 1):
        for behind in whole, "\n":
            assert counts(report(line("b.example") + whole[:cut] + behind + line("b.example"), "-n")[0]) == ["2"], cut
    assert counts(report(line(result="x", more='"'), "-n")[0]) == []


@pytest.mark.parametrize("odd", [
    {"p": "all"}, {"sp": ""}, {"np": "x"}, {"adkim": "x"}, {"aspf": ""}, {"t": "x"}, {"disposition": "x"}, {"reason": "x"}, {"dkim": "x"},
    {"spf": ""}, {"from": ""}, {"scope": ""}, {"result": '\\"permerror'}, {"sig4": "x:a.example:s"}, {"ip": ""}, {"ip": "nowhere"}, {"result": "none\0"}])
def test_odd_values(report, odd):
    """A report with a word that has no place in it is thrown away as a whole."""
    assert counts(report(line(**odd) + line(), "-n")[0]) == ["1"]


def test_blanks_in_quotes(report):
    """What a stranger has written into a value is no word."""
    found = parsed(report(line(envelope="a result=pass sig1=pass:x.example:y"), "-n")[0])
    row = texts(found["a.example"].find(SPACE + "record"))
    assert row[1][1][1] == ("envelope_from", "a result=pass sig1=pass:x.example:y")
    assert [one[1][0][1] for one in row[2][1]] == ["a.example", "b.a.example"]


# What RFC 9990 has: of an element its parts, in this order or, if it is a set, in any; each with how often; or what its text may be.
ONE, MAYBE, SOME, ANY = (1, 1), (0, 1), (1, 1 << 30), (0, 1 << 30)
POLICY, MODE, RESULT = "none|quarantine|reject", "r|s", "none|pass|fail|policy|neutral|temperror|permerror|softfail"
SHAPES = {
    "feedback": [("version", MAYBE), ("report_metadata", ONE), ("policy_published", ONE), ("record", SOME)],
    "report_metadata": {("org_name", ONE), ("email", ONE), ("report_id", ONE), ("date_range", ONE), ("generator", MAYBE)},
    "date_range": {("begin", ONE), ("end", ONE)},
    "policy_published": {("domain", ONE), ("p", ONE), ("sp", MAYBE), ("np", MAYBE), ("adkim", MAYBE), ("aspf", MAYBE),
                         ("discovery_method", MAYBE), ("testing", MAYBE)},
    "record": [("row", ONE), ("identifiers", ONE), ("auth_results", ONE)],
    "row": {("source_ip", ONE), ("count", ONE), ("policy_evaluated", ONE)},
    "policy_evaluated": [("disposition", ONE), ("dkim", ONE), ("spf", ONE), ("reason", ANY)],
    "reason": {("type", ONE), ("comment", MAYBE)},
    "identifiers": {("header_from", ONE), ("envelope_from", MAYBE)},
    "auth_results": [("dkim", ANY), ("spf", MAYBE)],
    "auth_results/dkim": {("domain", ONE), ("selector", ONE), ("result", ONE)},
    "auth_results/spf": {("domain", ONE), ("scope", MAYBE), ("result", ONE)},
    "version": "1.0", "p": POLICY, "sp": POLICY, "np": POLICY, "adkim": MODE, "aspf": MODE, "testing": "y|n",
    "discovery_method": "treewalk|psl", "disposition": POLICY + "|pass", "dkim": "pass|fail", "spf": "pass|fail",
    "type": "local_policy|mailing_list|other|policy_test_mode|trusted_forwarder", "scope": "mfrom", "result": RESULT,
    "count": "[0-9]+", "begin": "[0-9]+", "end": "[0-9]+", "source_ip": "[0-9.]+|[0-9a-f:.]+"}


def check_shape(element, above=""):
    name = element.tag.replace(SPACE, "")
    shape = SHAPES.get(above + "/" + name, SHAPES.get(name, ".*"))
    found = [child.tag.replace(SPACE, "") for child in element]
    if isinstance(shape, str):
        assert not found and re.fullmatch(shape, element.text or ""), (name, element.text)
        return
    for part, (least, most) in shape:
        assert least <= found.count(part) <= most, (name, part)
    order = [part for part, _ in shape]
    assert set(found) <= set(order)
    if isinstance(shape, list):
        assert found == sorted(found, key=order.index)
    for child in element:
        check_shape(child, name)


def test_its_shape(report):
    log = (line() + line(disposition="none", dkim="fail", spf="fail", result="fail", sig1="", reason="policy_test_mode") +
           line(ip="2001:db8::1", sig1="none::", sig2="permerror:x:", sig3="neutral:x:y", sig4="temperror:x:z", envelope="", scope="helo") +
           line(t="y", envelope="\\xff" * 60) + line(result="", envelope="x") + line(ip="") + line()[:200] + line())
    (root,) = parsed(report(log, "-n")[0]).values()
    check_shape(root)
    assert len(root.findall(SPACE + "record")) == 4


# ---- a run ----

def test_a_second_run_goes_on(report, root_place):
    """What failed is tried again, and nothing is sent twice."""
    zone = {"_dmarc.a.example": record("mailto:x@a.example"), "_dmarc.b.example": "SERVFAIL", "_dmarc.c.example": record("mailto:y@other.example"),
            **{name.replace("a.", "c.", 1): entry for name, entry in consents("other.example", "v=DMARC1; rua=mailto:z@other.example").items()}}
    log = line("a.example") + line("b.example") + line("c.example")
    with peers.Dns(zone):
        assert report(log, code=111)[1] == "qmail-dmarcreport: _dmarc.b.example: the DNS does not answer\n"
        assert sorted(queued(root_place)) == ["x@a.example", "z@other.example"]
    zone["_dmarc.b.example"] = record("mailto:x@b.example")
    with peers.Dns(zone):
        report(log)
        assert sorted(queued(root_place)) == ["x@a.example", "x@b.example", "z@other.example"]
        report(log)
        assert len(root_place.queue_files()["mess"]) == 3
        report(log.replace(stamp(midnight(1) + 3600), stamp(midnight(2) + 3600)), "2")
        assert len(root_place.queue_files()["mess"]) == 6
        report(log)
        assert len(root_place.queue_files()["mess"]) == 6


def sent(root_place):
    return root_place.path("report/qmail-dmarcreport.sent")


def test_a_day_that_is_not_over(report, root_place):
    """Its report is not the last."""
    with peers.Dns({"_dmarc.a.example": record("mailto:x@a.example")}):
        for _ in range(2):
            report(line(at=midnight(0)), "0")
    assert len(root_place.queue_files()["mess"]) == 2 and not os.path.exists(sent(root_place))


@pytest.mark.parametrize("day, is_kept", [(32, False), (2, True)])
def test_so_much_was_sent(report, root_place, day, is_kept):
    """More than fits into memory: what is old goes, and no run is kept from its work."""
    many = b"".join(b"%d a%d.example %s@a.example sent\n" % (midnight(day), n, b"x" * 400) for n in range(160000))
    long = b"%d %s sent\n" % (midnight(1), b"y" * 20000)
    with open(sent(root_place), "wb") as file:
        file.write(many + long + b"%d a.example x@a.example sent\n" % midnight(1))
    bound = 48 << 20
    with peers.Dns({"_dmarc.a.example": record("mailto:x@a.example,mailto:y@a.example")}):
        report(line(), limit=lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, bound)))
    assert list(queued(root_place)) == ["y@a.example"]
    with open(sent(root_place), "rb") as file:
        text = file.read()
    last = b"".join(b"%d a.example %s@a.example sent\n" % (midnight(1), name) for name in (b"x", b"y"))
    assert text == (many if is_kept else b"") + last


def test_what_was_sent(report, root_place):
    """A line that was cut counts for nothing; old ones go."""
    old = "%d old.example x@old.example sent\n" % midnight(32)
    kept = "%d a.example y@a.example sent\n" % midnight(2)
    cut = "%d a.example x@a.example" % midnight(1)
    root_place.write(sent(root_place), old + kept + "garbage\n" + cut)
    with peers.Dns({"_dmarc.a.example": record("mailto:x@a.example,mailto:y@a.example")}):
        report(line())
    assert sorted(queued(root_place)) == ["x@a.example", "y@a.example"]
    with open(sent(root_place)) as file:
        assert file.read() == kept + cut + " sent\n" + cut.replace("x@", "y@") + " sent\n"
    assert os.stat(sent(root_place)).st_mode & 0o777 == 0o600


def test_killed_in_the_middle(report, root_place):
    names = ["d%02d.example" % n for n in range(40)]
    log = "".join(line(name) for name in names).encode()
    with peers.Dns({"_dmarc." + name: record("mailto:x@" + name) for name in names}):
        with subprocess.Popen([root_place.program("qmail-dmarcreport")], stdin=subprocess.PIPE) as child:
            child.stdin.write(log)
            child.stdin.close()
            process.until(lambda: len(root_place.queue_files()["intd"]) > 15, "some reports")
            child.kill()
        with open(root_place.path("report/qmail-dmarcreport.lock")) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # a program that it was about to start has it, too
        report(log.decode())
    # One may have been queued, and not noted yet.
    assert len(queued(root_place)) == 40 and len(root_place.queue_files()["intd"]) <= 41


def test_it_cannot_be_noted(report, root_place):
    """Then nothing more is sent, for it would be sent twice."""
    begin, end = "%d " % midnight(2), " sent\n"
    root_place.write(sent(root_place), begin + "x" * (4000 - len(begin + end)) + end)
    with peers.Dns({"_dmarc.%s.example" % name: record("mailto:x@%s.example" % name) for name in "ab"}):
        done = subprocess.run(["prlimit", "--fsize=4010", root_place.program("qmail-dmarcreport")], input=(line() + line("b.example") + line(at=midnight(2))).encode(),
                              stderr=subprocess.PIPE, check=False, restore_signals=False)
    assert done.returncode == 111 and done.stderr == b"qmail-dmarcreport: what was sent: File too large\n"
    assert len(root_place.queue_files()["mess"]) == 1


def test_two_at_once(report, root_place):
    with open(root_place.path("report/qmail-dmarcreport.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert report(line(), code=111)[1] == "qmail-dmarcreport: report/qmail-dmarcreport.lock: another run is at work\n"
        assert counts(report(line(), "-n")[0]) == ["1"]


def test_most_messages_first(report, root_place):
    """And what there is no time for is said."""
    root_place.write(root_place.path("control/reporttime"), "0\n")
    log = line("a.example") + line("b.example") * 3 + line("c.example", ip="192.0.2.2") + line("c.example")
    with peers.Dns({"_dmarc.a.example": record("mailto:x@a.example")}) as names:
        assert report(log, code=111)[1] == "qmail-dmarcreport: the time of a run is over; 3 domains are left\n"
        assert names.asked == []
        os.unlink(root_place.path("control/reporttime"))
        report(log)
        assert [name for name, _ in names.asked] == ["_dmarc.b.example", "_dmarc.c.example", "_dmarc.a.example"]


def test_silent_servers(report, root_place):
    """All questions about a domain share a time, and a host that was silent is not asked about for another."""
    root_place.resolver("nameserver 127.0.0.1\n")
    zone = {"_dmarc.z.example": record("mailto:z@z.example"), "_dmarc.t.example": record("mailto:a@r0.silent.example,mailto:t@t.example")}
    zone["_dmarc.s.example"] = record(",".join("mailto:a@r%d.silent.example" % n for n in range(4)))
    for n in range(4):
        zone["_dmarc.r%d.silent.example" % n] = {"TXT": "DROP"}
    with peers.Dns(zone) as names:
        said = report(line("z.example") + line("t.example") * 2 + line("s.example") * 3, code=111)[1]
        asked = [name for name, _ in names.asked if "silent" in name]
    assert said.count("the DNS does not answer") == 5
    # A try takes 5 seconds; these 20.
    assert len(asked) <= 6 and asked.count("_dmarc.r0.silent.example") <= 2
    assert sorted(queued(root_place)) == ["t@t.example", "z@z.example"]


def test_another_has_used_up_the_time(report, root_place):
    """Who leaves a host no time has not made it silent."""
    root_place.resolver("nameserver 127.0.0.1\n")
    zone = {"_dmarc.s.example": record("mailto:a@silent.example,mailto:x@other.example"), **OTHER, **consents("other.example", "v=DMARC1"),
            "_dmarc.silent.example": {"TXT": "DROP"}, "s.example._report._dmarc.other.example": {"TXT": "DROP"}}
    with peers.Dns(zone):
        report(line("s.example") * 2 + line("a.example"), code=111)
    assert sorted(queued(root_place)) == ["x@other.example"]


def test_only_bounces(report, root_place):
    """A bounce of our report must not be the reason for the next."""
    with peers.Dns({"_dmarc.a.example": record("mailto:x@a.example")}):
        report(line(envelope="", scope="helo"))
    assert list(queued(root_place, b"")) == ["x@a.example"]


def test_bounces_come_back_once(town):
    """To who reports."""
    town.place.control(me="here.example\n", locals="here.example\n", rcpthosts="here.example\n")
    town.place.write(town.place.path("alias/.qmail-postmaster"), "&ann\n")
    with peers.Dns({"_dmarc.a.example": record("mailto:nobody@here.example"),
                    "a.example._report._dmarc.here.example": {"TXT": ["v=DMARC1"]}}):
        subprocess.run([town.place.program("qmail-dmarcreport")], input=line().encode(), check=True)
    town.open()
    town.wait_empty()
    (text,) = town.mail("ann")
    message = email.message_from_string(text)
    assert message["Return-Path"] == "<>" and message["Subject"] == "failure notice" and "<nobody@here.example>" in text
