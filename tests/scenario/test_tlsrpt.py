"""qmail-tlsrpt: reports on TLS to other domains (RFC 8460)."""

import email
import gzip
import json
import re
import subprocess
import time

import pytest

from support import peers

DAY = 86400


def stamp(seconds):
    return "@%016x%08x" % (int(seconds) + (1 << 62) + 10, 0)


def midnight(days=0):
    return int(time.time()) // DAY * DAY - days * DAY


def line(domain, policy="sts", result="ok", at=None, host="mx.%s", address="192.0.2.1"):
    at = midnight(1) + 3600 if at is None else at
    return "%s tls 7: domain=%s host=%s address=%s policy=%s result=%s protocol=TLSv1.3\n" % (
        stamp(at), domain, host % domain if "%" in host else host, address, policy, result)


@pytest.fixture
def report(root_place):
    root_place.reset()
    root_place.control(me="us.example\n", locals="there.example\n")

    def run(log, *words, code=0, before=stamp(midnight(30)) + " begin\n"):
        log = before + log
        done = subprocess.run([root_place.program("qmail-tlsrpt"), *words], input=log.encode("latin-1"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env={"PATH": "/usr/bin:/bin"})
        assert done.returncode == code, done
        return done.stdout.decode(), done.stderr.decode()
    return run


def parsed(text):
    """The reports, by domain."""
    decoder, found = json.JSONDecoder(), {}
    while text.strip():
        one, end = decoder.raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        found[one["policies"][0]["policy"]["policy-domain"]] = one
    return found


def test_counts(report):
    log = "".join([
        line("a.example"), line("A.example"), line("a.example", result="certificate-expired"),
        line("a.example", result="certificate-expired"),
        line("a.example", result="certificate-expired", address="192.0.2.2"),
        line("a.example", "sts-testing", "starttls-refused"), line("a.example", "may"),
        line("b.example", "dane", "validation-failure"), line("b.example", "dane", "dnssec-invalid"),
        line("c.example", "login"), line("c.example", "verify"), line("c.example", "sts", "no-service"),
        line("c.example", "may", "left-alone"),
        stamp(midnight(1)) + " delivery 1: success: tls domain=c.example policy=sts result=ok\n",
        "not a line\n", "@40 tls 1: domain=c.example policy=sts result=ok\n"])
    found = parsed(report(log, "-n")[0])
    assert set(found) == {"a.example", "b.example"}
    a = found["a.example"]
    assert a["organization-name"] == "us.example" and a["contact-info"] == "postmaster@us.example"
    day = time.strftime("%Y-%m-%d", time.gmtime(midnight(1)))
    assert a["date-range"] == {"start-datetime": day + "T00:00:00Z", "end-datetime": day + "T23:59:59Z"}
    policies = {one["policy"]["policy-type"]: one for one in a["policies"]}
    assert policies["no-policy-found"]["summary"] == {
        "total-successful-session-count": 1, "total-failure-session-count": 0}
    assert policies["sts"]["summary"] == {
        "total-successful-session-count": 2, "total-failure-session-count": 4}
    details = {(one["result-type"], one["receiving-ip"]): one for one in policies["sts"]["failure-details"]}
    assert details[("certificate-expired", "192.0.2.1")]["failed-session-count"] == 2
    assert details[("certificate-expired", "192.0.2.2")]["failed-session-count"] == 1
    assert details[("starttls-not-supported", "192.0.2.1")]["receiving-mx-hostname"] == "mx.a.example"
    b, = found["b.example"]["policies"]
    assert b["policy"]["policy-type"] == "tlsa"
    assert {one["result-type"] for one in b["failure-details"]} == {"validation-failure", "dnssec-invalid"}


TYPES = {"tlsa-invalid": "tlsa", "dnssec-invalid": "tlsa", "dane-required": "tlsa",
         "sts-policy-fetch-error": "sts", "sts-policy-invalid": "sts", "sts-webpki-invalid": "sts"}


@pytest.mark.parametrize("policy", ["dane", "may", "requiretls"])
@pytest.mark.parametrize("result", TYPES)
def test_result_types(report, policy, result):
    """Each tells of one kind of policy, whatever the session had."""
    found = parsed(report(line("a.example", policy, result), "-n")[0])
    one, = found["a.example"]["policies"]
    assert one["policy"]["policy-type"] == TYPES[result]
    assert one["failure-details"][0]["result-type"] == result


@pytest.mark.parametrize("word", ["relay=smarthost.example", "tls-required=no"])
@pytest.mark.parametrize("result", ["ok", "starttls-not-supported", "dnssec-invalid"])
def test_sessions_of_others(report, word, result):
    """With a relay, and of mail such as a report: the domain is not told."""
    log = line("a.example", "may", result)[:-1] + " " + word + "\n" + line("b.example", "may", result)
    assert set(parsed(report(log, "-n")[0])) == {"b.example"}


def test_which_day(report):
    log = "".join(line("d%d.example" % n, at=at) for n, at in enumerate(
        [midnight(2), midnight(1) - 1, midnight(1), midnight() - 1, midnight(), time.time()]))
    assert set(parsed(report(log, "-n")[0])) == {"d2.example", "d3.example"}
    assert set(parsed(report(log, "-n", "2")[0])) == {"d0.example", "d1.example"}
    assert set(parsed(report(log, "-n", "0")[0])) == {"d4.example", "d5.example"}


def test_log_that_does_not_reach_back(report):
    """What is missing is told, once, and the rest is reported."""
    words = "qmail-tlsrpt: the log does not reach back to the begin of the day; what it had before is not told\n"
    late = [line("a.example", at=midnight(1) + seconds) for seconds in (3600, 5, 7200)]
    for before, said in ("", words), (line("b.example", at=midnight(1)), ""), (line("b.example", at=midnight(9)), ""):
        out, errors = report("".join(late) + before, "-n", before="")
        assert "a.example" in parsed(out) and errors == said
    for log in "", "@x\n":
        assert report(log, "-n", before="") == ("", "")
    assert report(line("a.example", at=midnight()), "-n", before="") == ("", words)


def test_names_of_strangers(report):
    log = line('x"\\.example', result="certificate-expired", host='h"\\', address="::1")
    found = parsed(report(log, "-n")[0])
    assert set(found) == {'x"\\.example'}
    log = line("a.example") + line("b" * 20000) + line("c.example") + line("d.example")[:-1]
    assert set(parsed(report(log, "-n")[0])) == {"a.example", "c.example"}


@pytest.mark.parametrize("cut", [10, 30, 60, 75, 90, 110, 133])
def test_lines_that_run_into_each_other(report, cut):
    """As when a log was copied while it was written."""
    odd = line("a.example", result="certificate-expired")
    found = parsed(report(line("b.example") + odd[:cut] + line("c.example") + line("d.example"), "-n")[0])
    assert {"b.example", "d.example"} <= set(found) <= {"a.example", "b.example", "d.example"}


@pytest.mark.parametrize("odd", [
    "domain=a.example domain=c.example", 'domain="a.example', 'domain="a"b', "domain=a.example x", "domain=a.example =", "domain=a\0b"])
def test_odd_lines(report, odd):
    log = line("a.example").replace("domain=a.example", odd) + line("b.example")
    assert set(parsed(report(log, "-n")[0])) == {"b.example"}


def test_quotes(report):
    """With blanks in them, nothing within counts."""
    log = line("a.example")[:-1] + ' more="x relay=b.example"\n'
    assert set(parsed(report(log, "-n")[0])) == {"a.example"}


def test_too_many_kinds(report):
    """Those of one domain, and those of all: what is left out is said, and the others are told of."""
    def kinds(domain, first, last):
        return [line(domain, "may", "tlsa-invalid", host=str(n)) for n in range(first, last)]
    found, said = report("".join(kinds("a.example", 0, 50002) + kinds("b.example", 0, 1) + kinds("a.example", 0, 1)), "-n")
    found = parsed(found)
    assert said == "qmail-tlsrpt: a.example: too many kinds of lines; 2 are left out\n"
    assert found["a.example"]["policies"][0]["summary"]["total-failure-session-count"] == 50001 and "b.example" in found
    log = ["".join(kinds("a%d.example" % n, 0, 50000)) for n in range(8)]
    said = report("".join(log) + line("b.example") + kinds("a0.example", 7, 8)[0] + line("a0.example"), "-n")[1]
    assert said == "qmail-tlsrpt: too many domains and kinds of lines; 2 are left out\n"


def test_too_long_kinds(report):
    """The same by their bytes: who has long names gets no more of the memory."""
    def kinds(domain):
        return "".join(line(domain, "may", "tlsa-invalid", host="%04d" % n + "x" * 8000) for n in range(2200))
    said = report(kinds("a.example") + line("b.example"), "-n")[1]
    left = re.fullmatch(r"qmail-tlsrpt: a\.example: too many kinds of lines; ([0-9]+) are left out\n", said)
    assert 0 < int(left.group(1)) < 200
    found, said = report("".join(kinds("a%d.example" % n) for n in range(8)) + line("b.example"), "-n")
    assert "qmail-tlsrpt: too many domains and kinds of lines; " in said and "b.example" not in found


def test_many(report):
    log = "".join(line("d%d.example" % (n % 500), result="ok" if n % 3 else "certificate-expired")
                  for n in range(40000))
    found = parsed(report(log, "-n")[0])
    assert len(found) == 500
    total = sum(one["summary"]["total-successful-session-count"] + one["summary"]["total-failure-session-count"]
                for report_ in found.values() for one in report_["policies"])
    assert total == 40000


@pytest.mark.parametrize("words", [["x"], ["-x"], ["1", "2"], ["-n", "1", "2"], ["99999"]])
def test_arguments(report, words):
    _, said = report("", *words, code=100)
    assert said.startswith("usage: ")


def test_mail(town):
    """To those who ask for it; read as a program reads it."""
    town.place.control(me="us.example\n", locals="here.example\n")
    town.place.write(town.home("ann") + "/.qmail-default", "./Maildir/\n", "ann")
    town.open()
    many = ",".join("mailto:ann-%d@here.example" % n for n in range(6))
    zone = {"_smtp._tls.a.example": {"TXT": ["v=TLSRPTv1; rua=mailto:ann@here.example,https://x.example/"]},
            "_smtp._tls.b.example": {"TXT": ["v=TLSRPTv1; rua=mailto:bob@here.example", "v=TLSRPTv1;rua=mailto:ann@here.example"]},
            "_smtp._tls.c.example": {"TXT": ["other", "v=TLSRPTv1;rua=mailto:a b@here.example,mailto:-bob@here.example>,mailto:bob@here.example!10m"]},
            "_smtp._tls.d.example": {"TXT": ["v=TLSRPTv1; rua=" + many]}, "_smtp._tls.f.example": "SERVFAIL"}
    log = "".join(line(name + ".example", "dane", "validation-failure") for name in "abcdef")
    with peers.Dns(zone):
        done = subprocess.run([town.place.program("qmail-tlsrpt")], input=log.encode(), timeout=60,
                              stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 111 and b"_smtp._tls.f.example" in done.stderr
    message = email.message_from_string(town.letter("ann", "Subject: Report Domain: a.example"))
    assert message["Return-Path"] == "<postmaster@us.example>" and message["TLS-Report-Domain"] == "a.example"
    assert message["TLS-Report-Submitter"] == "us.example" and message["TLS-Required"] == "No"
    assert message.get_content_type() == "multipart/report" and message.get_param("report-type") == "tlsrpt"
    words, data = message.get_payload()
    assert words.get_content_type() == "text/plain"
    assert data.get_content_type() == "application/tlsrpt+gzip"
    assert data.get_filename() == "us.example!a.example!%d!%d.json.gz" % (midnight(1), midnight() - 1)
    assert json.loads(gzip.decompress(data.get_payload(decode=True)))["policies"][0]["summary"]["total-failure-session-count"] == 1
    bobs = [email.message_from_string(text) for text in (town.letter("bob", "Report Domain"),)]
    assert bobs[0]["TLS-Report-Domain"] == "c.example"
    town.daemon.wait("^end msg", count=6)  # one for a, one for c, and no more than four for d
    town.wait_empty()
    started = [one.split()[-1] for one in town.daemon.lines if one.startswith("starting delivery")]
    assert sorted(started) == ["ann-%d@here.example" % n for n in range(4)] + ["ann@here.example", "bob@here.example"]
