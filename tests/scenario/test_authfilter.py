"""qmail-authfilter and qmail-verifyd: what is checked of mail from outside, and what is made of it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from support import build, faults, peers, process
from scenario.test_dkimverify import Key, sign
from scenario.test_queuefilters import signalled

CASES = json.loads(build.read("tests/cases/ar.json"))["cases"]
CLIENT, OTHER = "192.0.2.1", "198.51.100.7"
ZONE = {
    "there.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
    "_dmarc.there.example": {"TXT": ["v=DMARC1; p=reject"]},
    "some.example": {"TXT": ["v=spf1 -all"]},
    "_dmarc.some.example": {"TXT": ["v=DMARC1; p=quarantine"]},
    "host.there.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]},
}
MESSAGE = "From: Joe <joe@there.example>\nSubject: a letter\n\nhello\n"
PASSED = """Authentication-Results: here.example;
\tspf=pass smtp.mailfrom=joe@there.example;
\tdkim=none;
\tdmarc=pass header.from=there.example policy.dmarc=reject
Received-SPF: pass receiver="here.example"; identity=mailfrom;
\tclient-ip="192.0.2.1"; helo="host.there.example";
\tenvelope-from="joe@there.example"
"""


@pytest.fixture
def verifyd(town, needs):
    needs("openssl")
    if not os.path.exists(town.place.program("qmail-verifyd")):
        pytest.skip("built without OpenSSL")
    town.place.control(me="here.example\n", rcpthosts="here.example\n", authtimeout="2\n")
    daemon = process.Daemon([town.place.program("qmail-verifyd")], cwd="/", env={"PATH": "/usr/bin:/bin"})
    town.until(lambda: daemon.has_ended or town.is_door_open("verify/door"), "qmail-verifyd")
    yield daemon
    town.close()
    daemon.kill()


@pytest.fixture
def names():
    with peers.Dns(dict(ZONE)) as dns:
        yield dns


def offer(town, message=MESSAGE, envelope=process.envelope("joe@there.example", "ann@here.example"), **more):
    """Exit code, and what was said on descriptor 6, but for who has queued it; what was on descriptor 2 is logged()."""
    environment = {"PATH": "/usr/bin:/bin", "TCPREMOTEIP": CLIENT, "SMTPHELO": "host.there.example", **more}
    text, address, remark = os.pipe(), os.pipe(), os.pipe()
    town.place.write(log_path(town), "", "qmaild")
    child = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" 6>&2 2>"$1"', town.place.program("qmail-authfilter"), log_path(town)],
        stdin=text[0], stdout=address[0], stderr=remark[1], cwd="/",
        env={name: value for name, value in environment.items() if value is not None},
        **town.place.as_user("qmaild"))
    for end in text[0], address[0], remark[1]:
        os.close(end)
    for end, data in (text[1], message.encode("latin-1")), (address[1], envelope):
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(end, data):]
        os.close(end)
    with os.fdopen(remark[0], "rb") as said:
        words = said.read().decode("latin-1")
    code = child.wait(60)
    return code, process.without_qp(code, words)


def log_path(town):
    return town.place.base + "/authfilter.log"


def logged(town):
    with open(log_path(town)) as log:
        return log.read()


def put(town, name, text):
    town.place.write(town.place.path("control/" + name), text)


def deliver(town, *words, **more):
    """What ann gets of a message, from its first field on that is not of a delivery."""
    assert offer(town, *words, **more) == (0, "")
    if not town.daemon:
        town.open()
    town.wait_empty()
    (text,) = town.mail("ann")
    for folder in "new", "cur":
        for name in os.listdir(town.home("ann") + "/Maildir/" + folder):
            os.unlink(town.home("ann") + "/Maildir/" + folder + "/" + name)
    return re.sub(r"\A((Return-Path|Delivered-To|Received):.*\n)+", "", text)


def results(text):
    """The field, in one line."""
    (found,) = re.findall(r"^Authentication-Results: (here\.example;(?:.*\n[\t ])*.*)\n", text, re.M)
    return re.sub(r"\n[\t ]", " ", found)


def test_pass(town, verifyd, names):
    assert deliver(town) == PASSED + MESSAGE
    assert os.listdir(town.place.path("spool")) == []


def test_signatures(town, verifyd, names, tmp_path):
    key = Key(tmp_path, "ed")
    names.zone["key._domainkey.there.example"] = {"TXT": [key.record()]}
    fields = ["From: Joe <joe@there.example>", "Subject: a letter"]
    good = sign(key, fields=fields, body="hello\r\n", names="from:subject", domain="there.example")
    text = (good + "\r\n" + "\r\n".join(fields) + "\r\n\r\nhello\r\n").replace("\r\n", "\n")
    told = results(deliver(town, text, TCPREMOTEIP=OTHER))
    assert re.fullmatch(r"here.example; spf=fail smtp.mailfrom=joe@there.example; "
                        r"dkim=pass header.d=there.example header.s=key header.a=ed25519-sha256 header.b=\S+; "
                        r"dmarc=pass header.from=there.example policy.dmarc=reject", told)
    told = results(deliver(town, text.replace("hello", "other"), TCPREMOTEIP=OTHER))
    assert "; dkim=fail reason=" in told and "; dmarc=fail " in told


def test_lines_for_reports(town, verifyd, names, tmp_path):
    """All that is aligned, if there is control/dmarcreport; and what was done."""
    key = Key(tmp_path, "ed")
    names.zone["key._domainkey.there.example"] = {"TXT": [key.record()]}
    names.zone["_dmarc.some.example"] = {"TXT": ["v=DMARC1; p=quarantine; sp=reject; np=none; adkim=s; t=y"]}
    fields = ["From: Joe <joe@there.example>"]
    good = sign(key, fields=fields, body="hello\r\n", names="from", domain="there.example")
    text = (good + "\r\n" + "\r\n".join(fields) + "\r\n\r\nhello\r\n").replace("\r\n", "\n")
    deliver(town, text)
    put(town, "dmarcreport", "")
    deliver(town, text)
    deliver(town, "From: x@sub.some.example\n\nhello\n", TCPREMOTEIP=OTHER)
    put(town, "authpolicy", "enforce\n")
    assert offer(town, "From: x@there.example\n\nhello\n", TCPREMOTEIP="2001:db8::1")[0] == 82
    deliver(town, "From: x@none.example\n\nhello\n")  # has no record
    process.until(lambda: len([line for line in verifyd.lines if "checked" in line]) == 3, "its lines")
    lines = [re.sub(r"pid=\d+ ", "", line) for line in verifyd.lines]
    there = 'from="there.example" policy="there.example" p="reject" sp="reject" np="reject" adkim="r" aspf="r" t="n" '
    spf = 'envelope="there.example" %sscope="mfrom" identity="there.example" result='
    assert lines == [
        'verifyd checked client="192.0.2.1" ' + there + 'disposition="pass" dkim="pass" spf="pass" ' +
        spf % 'sig1="pass:there.example:key" ' + '"pass"',
        'verifyd checked client="198.51.100.7" from="sub.some.example" policy="some.example" p="quarantine" sp="reject" '
        'np="none" adkim="s" aspf="r" t="y" disposition="none" dkim="fail" spf="fail" ' +
        spf % "" + '"fail"',
        'verifyd checked client="2001:db8::1" ' + there + 'disposition="reject" dkim="fail" spf="fail" ' +
        spf % "" + '"fail"']


def test_why_it_is_not_what_the_domain_wants(town, verifyd, names):
    names.zone.update({
        "_dmarc.some.example": {"TXT": ["v=DMARC1; p=quarantine; t=y"]}, "_dmarc.more.example": {"TXT": ["v=DMARC1; p=none"]}})
    put(town, "dmarcreport", "")
    for policy in "report", "enforce":
        put(town, "authpolicy", policy + "\n")
        for domain in "some", "more", "there":
            offer(town, "From: x@%s.example\n\nhello\n" % domain, TCPREMOTEIP=OTHER)
    process.until(lambda: len([line for line in verifyd.lines if "checked" in line]) == 6, "its lines")
    assert [re.search('policy="([^"]*)".* (disposition="[^"]*".*) dkim', line).groups() for line in verifyd.lines] == [
        ("some.example", 'disposition="none" reason="policy_test_mode"'), ("more.example", 'disposition="none"'),
        ("there.example", 'disposition="none" reason="local_policy"'),
        ("some.example", 'disposition="none" reason="policy_test_mode"'), ("more.example", 'disposition="none"'),
        ("there.example", 'disposition="reject"')]


VALUE = '[a-z0-9._:?\\[\\]-]*'


@pytest.mark.parametrize("label, number", [("\u0439" * 20, 5), ("x", 440), ('"', 90), ("\xff", 200), ("x result=pass", 30), ("a:b", 50)])
def test_a_line_is_whole(town, verifyd, names, label, number):
    """Whatever is in a signature, and in the envelope."""
    put(town, "dmarcreport", "")
    name = ".".join([label] * number).encode().decode("latin-1")
    field = "DKIM-Signature: v=1;a=rsa-sha256;d=%s;s=%s;h=from;bh=aaaa;b=aaaa\n" % (name, name)
    envelope = process.envelope("a@" + name, "ann@here.example")
    offer(town, field * 6 + MESSAGE, envelope, TCPREMOTEIP=OTHER)
    process.until(lambda: any("checked" in line for line in verifyd.lines), "its line")
    (line,) = verifyd.lines
    assert len(line) < 4000
    assert re.fullmatch('verifyd checked pid=[0-9]+( [a-z0-9]+="%s")+ result="[a-z]+"' % VALUE, line), line


def test_good_signatures_come_first(town, verifyd, names, tmp_path):
    key = Key(tmp_path, "ed")
    names.zone["key._domainkey.there.example"] = {"TXT": [key.record()]}
    put(town, "dmarcreport", "")
    fields = ["From: Joe <joe@there.example>"]
    good = sign(key, fields=fields, body="hello\r\n", names="from", domain="there.example")
    bad = "".join("DKIM-Signature: v=1; a=rsa-sha256; d=bad%d.example; s=x; h=from; bh=aaaa; b=aaaa\r\n" % n for n in range(5))
    offer(town, (bad + good + "\r\n" + "\r\n".join(fields) + "\r\n\r\nhello\r\n").replace("\r\n", "\n"))
    process.until(lambda: any("checked" in line for line in verifyd.lines), "its line")
    assert re.findall(' (sig.)="([a-z]+):([^:]*)', verifyd.lines[0]) == [
        ("sig1", "pass", "there.example"), *(("sig%d" % (n + 2), "permerror", "bad%d.example" % n) for n in range(3))]


def test_names_of_a_line(town, verifyd, names):
    """In ASCII; and what is no name hides nothing."""
    put(town, "dmarcreport", "")
    names.zone["_dmarc.xn--bcher-kva.example"] = {"TXT": ["v=DMARC1; p=none"]}
    offer(town, "From: b@b\u00fccher.EXAMPLE\n\nhello\n".encode().decode("latin-1"), TCPREMOTEIP=OTHER)
    offer(town, "From: b@b\u00fccher.example\n\nhello\n".encode().decode("latin-1"),
          process.envelope("a@[192.0.2.7] x=y", "ann@here.example"), TCPREMOTEIP=OTHER)
    offer(town, "From: b@there.example\n\nhello\n", TCPREMOTEIP="nowhere")
    offer(town, "From: b@there.example\n\nhello\n", TCPREMOTEIP=OTHER)
    process.until(lambda: any('from="there' in line for line in verifyd.lines), "its lines")
    first, second, _ = verifyd.lines
    assert ' from="xn--bcher-kva.example" policy="xn--bcher-kva.example" ' in first
    assert ' envelope="[192.0.2.7]?x?y" ' in second


BANK = {"_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject"]}, "bank.example": {"TXT": ["v=spf1 -all"]}}
EVIL = process.envelope("x@evil.example", "ann@here.example")


def letter(key, *signed, author="boss@bank.example"):
    """With signatures by (domain, selector)."""
    fields = ["From: Boss <%s>" % author]
    text = [sign(key, fields=fields, body="hello\r\n", names="from", domain=domain, selector=selector)
            for domain, selector in signed]
    return ("\r\n".join(text + fields) + "\r\n\r\nhello\r\n").replace("\r\n", "\n")


@pytest.mark.parametrize("author, aligned", [
    ("bank.example", ["bank.example"]), ("bank.example", ["news.bank.example"]),
    ("mail.bank.example", ["news.bank.example"]), ("mail.bank.example", ["bank.example", "a.b.bank.example"])])
def test_silent_servers_of_strangers(town, verifyd, names, tmp_path, author, aligned):
    """They take no time from what the author's domain says, nor from its keys."""
    put(town, "authpolicy", "enforce\n")
    names.zone.update(BANK)
    names.zone["evil.example"] = {"TXT": ["v=spf1 include:i1.evil.example -all"]}
    names.zone["i1.evil.example"] = names.zone["_dmarc.evil.example"] = {"TXT": "DROP"}
    silent = [("evil.example", "s%d" % number) for number in range(6)]
    for domain, selector in silent:
        names.zone["%s._domainkey.%s" % (selector, domain)] = {"TXT": "DROP"}
    (tmp_path / "other").mkdir()
    key, other = Key(tmp_path, "ed"), Key(tmp_path / "other", "ed")
    own = [(domain, "key") for domain in aligned]
    for domain in aligned:
        names.zone["key._domainkey." + domain] = {"TXT": [other.record()]}
    code, words = offer(town, letter(key, *silent, *own, author="boss@" + author), EVIL, TCPREMOTEIP=OTHER)
    assert code == 82 and words.startswith("Drefused by the DMARC policy"), words
    asked = [name for name, _ in names.asked]
    before = asked[:[name.endswith("evil.example") for name in asked].index(True)]
    assert {"_dmarc.bank.example", "_dmarc." + author, *("key._domainkey." + domain for domain in aligned)} <= set(before)
    for domain in aligned:
        names.zone["key._domainkey." + domain] = {"TXT": [key.record()]}
    told = results(deliver(town, letter(key, *silent, *own, author="boss@" + author), EVIL, TCPREMOTEIP=OTHER))
    assert "; spf=temperror " in told and "; dkim=temperror " in told and "; dmarc=pass " in told


def test_a_silent_server_leaves_time(town, verifyd, names, tmp_path):
    """To the keys of others, on which nothing depends."""
    key = Key(tmp_path, "ed")
    put(town, "authtimeout", "8\n")
    town.place.resolver("nameserver 127.0.0.1\noptions timeout:30\n")
    names.zone["s1._domainkey.evil.example"] = {"TXT": "DROP"}
    names.zone["key._domainkey.list.example"] = {"TXT": [key.record()]}
    told = results(deliver(town, letter(key, ("evil.example", "s1"), ("list.example", "key"), author="joe@there.example")))
    assert re.search("; dkim=temperror .*; dkim=pass header.d=list.example ", told)


@pytest.mark.parametrize("what", [{"_dmarc.bank.example": {"TXT": "DROP"}}, {"_dmarc.example": {"TXT": "DROP"}}])
def test_silence_about_the_author(town, verifyd, names, tmp_path, what):
    """Nobody knows what is wished."""
    put(town, "authpolicy", "enforce\n")
    names.zone.update({**BANK, "_dmarc.bank.example": {"NONE": []}, **what})
    assert "; dmarc=temperror " in results(deliver(town, letter(Key(tmp_path, "ed")), EVIL))


@pytest.mark.parametrize("count", [10, 11, 300, 1000])
@pytest.mark.parametrize("name, algorithm", [("there.example", "rsa-sha256"), (".".join(["z" * 60] * 4), "\\\"" * 255),
                                             ("\\\"" * 2000, "\\\"" * 2000)], ids=["plain", "long", "odd"])
def test_many_signatures(town, verifyd, names, count, name, algorithm):
    """Ten are looked at, and one line is for all others."""
    field = "DKIM-Signature: v=1; a=%s; d=%s; s=%s; h=from; bh=aaaa; b=aaaa\n" % (algorithm, name, name)
    if len(field) * count > 1000000:
        pytest.skip("the header is too large")
    text = deliver(town, field * count + MESSAGE, envelope=process.envelope("\\\"" * 400 + "@there.example", "ann@here.example"),
                   SMTPHELO="\\\"" * 300)
    head = text[:text.index("DKIM-Signature: ")]
    assert head.count("\tdkim=") == min(count, 11) and ("too many signatures before others" in head) == (count > 10)
    assert max(map(len, head.splitlines())) < 998


@pytest.mark.parametrize("tags, limit", [("", 5), ("t=y; ", None)])
def test_signatures_that_prove_little(town, verifyd, names, tmp_path, tags, limit):
    """Text that anybody may add to, or a key for tests."""
    key = Key(tmp_path, "ed")
    names.zone["key._domainkey.there.example"] = {"TXT": [key.record(tags)]}
    fields = ["From: Joe <joe@there.example>"]
    good = sign(key, fields=fields, body="hello\r\n", names="from", domain="there.example", limit=limit)
    text = (good + "\r\n" + "\r\n".join(fields) + "\r\n\r\nhello\r\n").replace("\r\n", "\n")
    told = results(deliver(town, text, TCPREMOTEIP=OTHER))
    assert "; dkim=pass " in told and "; dmarc=fail " in told


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_fields_that_pretend_to_be_ours(town, verifyd, names, case):
    put(town, "authservid", case["authserv_id"] + "\n")
    field = "Authentication-Results: %s\n" % case["value"]
    text = deliver(town, field + MESSAGE)
    assert text.startswith("Authentication-Results: mx.own.example;\n\tspf=pass ")
    assert (field in text) == (not case["remove"])
    assert text.endswith(MESSAGE)


@pytest.mark.parametrize("field", [
    "authentication-results: here.example; spf=pass\n", "Authentication-Results:\n here.example;\n spf=pass\n",
    "Authentication-Results : here.example; spf=pass\n", "Authentication-Results: (a (b) \\) c) here.example; spf=pass\n",
    "Authentication-Results: here.example (;\n", "Authentication-Results: other.example (;\n", "Authentication-Results: \"here.\\example\" 1; spf=pass\n",
    "Authentication-Results: here.example/1; dmarc=pass\n", "Authentication-Results: here.example.; dmarc=pass\n",
    "Authentication-Results: garbage\n", "no field\nAuthentication-Results: here.example; spf=pass\n",
    "Authentication-Results: here.example\xc2\xa0; spf=pass\n", "Authentication-Results: \xe2\x80\x8bhere.example; spf=pass\n",
    "Authentication-Results\r: here.example; spf=pass\n", "Authentication-Results\n : here.example; spf=pass\n",
    "\rAuthentication-Results: here.example; spf=pass\n", "X-Two: 2\rAuthentication-Results: here.example; spf=pass\n"])
def test_however_they_are_written(town, verifyd, names, field):
    text = deliver(town, "X-One: 1\n" + field + MESSAGE)
    assert len(re.findall("(?i)authentication-results", text)) == 1, text
    assert "X-One: 1\n" in text and MESSAGE in text


def test_it_is_not_body(town, verifyd, names):
    body = "\nAuthentication-Results: here.example; spf=pass\n"
    assert deliver(town, MESSAGE + body) == PASSED + MESSAGE + body
    assert deliver(town, "\n" + body).endswith("\n\n" + body)


FORGED = {"TCPREMOTEIP": OTHER}
FROM_SOME = MESSAGE.replace("there.example", "some.example")


@pytest.mark.parametrize("policy", [None, "report\n"])
def test_a_report_refuses_nothing(town, verifyd, names, policy):
    if policy:
        put(town, "authpolicy", policy)
    text = deliver(town, **FORGED)
    assert "; dmarc=fail header.from=there.example policy.dmarc=reject" in results(text)
    assert "X-Quarantine" not in deliver(town, FROM_SOME, **FORGED)
    assert "; dmarc=permerror reason=" in results(deliver(town, "Subject: of nobody\n\n"))


def test_enforced(town, verifyd, names):
    put(town, "authpolicy", "enforce\n")
    assert offer(town, **FORGED) == (
        82, "Drefused by the DMARC policy of the author's domain (#5.7.1) there.example")
    assert town.is_empty()
    text = deliver(town, FROM_SOME, **FORGED)
    assert "\nX-Quarantine: DMARC policy of some.example\n" in text
    assert deliver(town) == PASSED + MESSAGE
    nobody = MESSAGE.replace("there.example", "nobody.example")
    assert "; dmarc=none header.from=nobody.example" in results(deliver(town, nobody))


# Heads of messages whose author nobody can tell.
NO_AUTHORS = [
    "Subject: of nobody\n", "From: a@there.example\nFrom: b@there.example\n", "From: \n", "From: <>\n", "From: joe\n",
    "From: a@there.example, b@some.example\n", "From: group:;\n",
    "From: " + ", ".join(["a@there.example"] * 101) + "\n",
    "From: x@bank.example@there.example\n", "From: x@bank.example Bank Support\n", "From: Bank <x@bank.example there.example>\n",
    "From: x@bank.example: x@there.example;\n", "From: x@bank.example <x@there.example>\n", "From: <x@bank.example>:\n\tx@there.example;\n",
    "From: x@bank.example\0@there.example\n",
    *("From: boss@%s\n" % name.encode().decode("latin-1") for name in (
        "bank.example..", "bank..example", ".bank.example", "[bank.example]", "[192.0.2.1]", '"bank .example"', "ba*nk.example",
        "x" * 64 + ".example", "bank\uff0eexample", "bank\u3002example", "bank\uff61example", "b\u00adank.example", "bank.example\u200b",
        "bank.e\u200dxample", "\ufeffbank.example", "bank\u00a0.example", "\uff42ank.example", "BANK\u00b7example",
        "bu\u0308cher.example", "B\u00dcCHER.example")),
    "From: boss@" + "x" * 40000 + ".example\n", "From: boss@bank.example\x80\n", "From: boss@bank.ex\xe4mple\n", "From: a@there.example, b@.bank.example\n"]


def test_authors_that_nobody_can_tell(town, verifyd, names):
    """Which of the reasons it is, is said."""
    put(town, "authpolicy", "enforce\n")
    why = {0: ("it has no field From", "no field From"), 1: ("it has several fields From", "several fields From")}
    other = ("its field From is no address, or has several domains, or may be read in several ways",
             "no domain of an author, or several")
    for number, head in enumerate(NO_AUTHORS):
        assert offer(town, head + "\nhello\n") == (82, "D%s (#5.7.1)" % why.get(number, other)[0]), head
    assert town.is_empty()
    put(town, "authpolicy", "report\n")
    for number, head in enumerate(NO_AUTHORS):
        told = results(deliver(town, head + "\nhello\n"))
        assert '; dmarc=permerror reason="%s"' % why.get(number, other)[1] in told, head
        assert "header.from" not in told, head


BROKEN = ["no field\nFrom: a@there.example\n", "From: a@there.example\nX: y\rFrom: x@bank.example\n", "From: a@there.example\nX : y\nand\n",
          ">From a@there.example Sat Nov 28 10:00:00 2026\nFrom: a@there.example\n", "From: a@there.example\n" + "X: y\n" * 4000]


@pytest.mark.parametrize("head", BROKEN, ids=range(len(BROKEN)))
def test_headers_that_nobody_can_tell(town, verifyd, names, head):
    put(town, "authpolicy", "enforce\n")
    assert offer(town, head + "\nhello\n") == (82, "Da line of its header is no field, or has a CR that ends no line, "
                                               "or there are too many (#5.6.0)")
    assert town.is_empty()
    put(town, "authpolicy", "report\n")
    told = results(deliver(town, head + "\nhello\n"))
    assert '; dmarc=permerror reason="a line of the header is no field, or has a CR"' in told


UNSURE = (82, "Zthe DNS does not tell whether it is from the author's domain (#4.7.0) ")
LAME = ["lame.bank.example", "_dmarc.lame.bank.example", "key._domainkey.lame.bank.example"]


@pytest.mark.parametrize("answer", ["SERVFAIL", {"TXT": "DROP"}], ids=["servfail", "silent"])
@pytest.mark.parametrize("what", ["signature", "sender", "author"])
@pytest.mark.parametrize("record", ["v=DMARC1; p=reject", "v=DMARC1; p=quarantine; sp=none; np=reject", "v=DMARC1; p=reject; t=y"])
def test_silence_opens_nothing(town, verifyd, names, tmp_path, answer, what, record):
    """One name of many that nobody answers for proves nothing of whom a policy protects: who sends asks again."""
    names.zone.update({**BANK, "_dmarc.bank.example": {"TXT": [record]}, **{name: answer for name in LAME}})
    signed = [("lame.bank.example", "key")] if what == "signature" else []
    author = "lame.bank.example" if what == "author" else "bank.example"
    text = letter(Key(tmp_path, "ed"), *signed, author="boss@" + author)
    asked = text, process.envelope("x@lame.bank.example", "ann@here.example") if what == "sender" else EVIL
    assert "; dmarc=temperror " in results(deliver(town, *asked, TCPREMOTEIP=OTHER))
    put(town, "authpolicy", "enforce\n")
    assert offer(town, *asked, TCPREMOTEIP=OTHER) == (UNSURE[0], UNSURE[1] + author)
    assert town.is_empty()


def test_many_silent_names(town, verifyd, names):
    """However deep they are, they leave time for the domain above them: that is asked first."""
    put(town, "authpolicy", "enforce\n")
    put(town, "authtimeout", "4\n")
    author, silent = "bank.example", []
    for label in ("silent", "g", "f", "e", "d", "c", "b", "a"):
        author = label + "." + author
        silent.append("_dmarc." + author)
    names.zone.update({**BANK, **{name: {"TXT": "DROP"} for name in silent}})
    assert offer(town, "From: x@%s\n\nhello\n" % author, EVIL, TCPREMOTEIP=OTHER) == (UNSURE[0], UNSURE[1] + author)
    asked = [name for name, kind in names.asked if name.startswith("_dmarc.")]
    assert set(asked) == {"_dmarc.example", "_dmarc.bank.example", silent[0], silent[-1]}


def test_a_silent_name_below_a_boundary(town, verifyd, names):
    """What stands above the domain of psd=n does not hide it."""
    put(town, "authpolicy", "enforce\n")
    names.zone.update({**BANK, "_dmarc.example": {"TXT": ["v=DMARC1; p=none"]}, "_dmarc.silent.bank.example": {"TXT": "DROP"},
                       "_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject; psd=n"]}})
    author = "silent.bank.example"
    assert offer(town, "From: x@%s\n\nhello\n" % author, EVIL, TCPREMOTEIP=OTHER) == (UNSURE[0], UNSURE[1] + author)


@pytest.mark.parametrize("record", ["v=DMARC1; p=none", "v=DMARC1; p=quarantine; t=y", None])
def test_silence_where_nothing_is_wished(town, verifyd, names, tmp_path, record):
    put(town, "authpolicy", "enforce\n")
    names.zone.update({**BANK, "_dmarc.bank.example": {"TXT": [record] if record else []}, **{name: "SERVFAIL" for name in LAME}})
    text = letter(Key(tmp_path, "ed"), ("lame.bank.example", "key"))
    assert "; dkim=temperror " in results(deliver(town, text, EVIL, TCPREMOTEIP=OTHER))


def test_silence_beside_a_proof(town, verifyd, names, tmp_path):
    """What passes, passes: by a signature, and by the address; also where the record is silent."""
    key = Key(tmp_path, "ed")
    put(town, "authpolicy", "enforce\n")
    names.zone.update({**BANK, **{name: "SERVFAIL" for name in LAME}})
    names.zone["key._domainkey.bank.example"] = {"TXT": [key.record()]}
    text = letter(key, ("lame.bank.example", "key"), ("bank.example", "key"))
    assert "; dmarc=pass " in results(deliver(town, text, EVIL, TCPREMOTEIP=OTHER))
    names.zone["bank.example"] = {"TXT": ["v=spf1 ip4:%s -all" % OTHER]}
    text, envelope = letter(key, ("lame.bank.example", "key")), process.envelope("x@bank.example", "ann@here.example")
    assert "; dmarc=pass " in results(deliver(town, text, envelope, TCPREMOTEIP=OTHER))
    names.zone["key._domainkey.lame.bank.example"] = {"TXT": [key.record()]}
    text = letter(key, ("lame.bank.example", "key"), author="boss@lame.bank.example")
    assert "; dmarc=temperror " in results(deliver(town, text, EVIL, TCPREMOTEIP=OTHER))


def test_keys_leave_time(town, verifyd, names, tmp_path):
    """Ten of the author's own, and nobody answers for one of them: the address is looked at all the same."""
    put(town, "authpolicy", "enforce\n")
    key = Key(tmp_path, "ed")
    silent = [("there.example", "s%d" % number) for number in range(10)]
    for domain, selector in silent:
        names.zone["%s._domainkey.%s" % (selector, domain)] = {"TXT": "DROP"}
    told = results(deliver(town, letter(key, *silent, author="joe@there.example")))
    assert told.count("; dkim=temperror ") == 10 and "; spf=pass " in told and "; dmarc=pass " in told


def test_names_of_an_honest_client_are_slow(town, verifyd, names):
    """Nobody knows whether it may send: it asks again."""
    put(town, "authpolicy", "enforce\n")
    names.zone.update({**BANK, "bank.example": {"TXT": ["v=spf1 ptr -all"]}, "mx.bank.example": {"A": "DROP"},
                       "7.100.51.198.in-addr.arpa": {"PTR": ["mx.bank.example"]}})
    envelope = process.envelope("x@bank.example", "ann@here.example")
    assert offer(town, "From: x@bank.example\n\nhello\n", envelope, TCPREMOTEIP=OTHER) == (UNSURE[0], UNSURE[1] + "bank.example")
    names.zone["mx.bank.example"] = {"A": [OTHER]}
    assert "; dmarc=pass " in results(deliver(town, "From: x@bank.example\n\nhello\n", envelope, TCPREMOTEIP=OTHER))


@pytest.mark.parametrize("name", ["b\u00fccher.example", "xn--bcher-kva.example", "XN--BCHER-KVA.example."])
def test_authors_of_other_alphabets(town, verifyd, names, name):
    put(town, "authpolicy", "enforce\n")
    names.zone["_dmarc.xn--bcher-kva.example"] = {"TXT": ["v=DMARC1; p=reject"]}
    code, words = offer(town, "From: joe@%s\n\nhello\n" % name.encode().decode("latin-1"))
    assert code == 82 and words.startswith("Drefused by the DMARC policy")


@pytest.mark.parametrize("head", ["From: a@there.example, b@There.Example\n", "From: x:a@there.example,b@there.example;\n"])
def test_authors_of_one_domain(town, verifyd, names, head):
    put(town, "authpolicy", "enforce\n")
    assert "; dmarc=pass header.from=there.example" in results(deliver(town, head + "\nhello\n"))


def test_no_sender(town, verifyd, names):
    text = deliver(town, envelope=process.envelope("", "ann@here.example"))
    assert "; spf=pass smtp.helo=host.there.example;" in results(text)
    assert 'identity=helo;\n\tclient-ip="192.0.2.1"' in text


def test_own_mail_is_left_alone(town, verifyd, names):
    field = "Authentication-Results: here.example; none\n"
    assert deliver(town, field + MESSAGE, RELAYCLIENT="") == field + MESSAGE
    assert names.asked == []


@pytest.mark.parametrize("sender", [
    "a\"b@there.example", "a b@there.example", "a;spf=pass@there.example", "a\\@there.example", "\xe9@there.example",
    "x" * 400 + "@there.example", "(a@there.example", "a\tb@there.example", "@", "a"])
def test_names_of_strangers(town, verifyd, names, sender):
    text = deliver(town, envelope=process.envelope(sender, "ann@here.example"), SMTPHELO="a\";\n x=\xe9 " + "y" * 600)
    head = text[:text.index("From: ")]
    assert re.fullmatch(r"Authentication-Results: here\.example;\n(\t[ -~]+\n){3}Received-SPF: [ -~]+\n(\t[ -~]+\n){2}", head)
    assert max(map(len, head.splitlines())) < 998
    bare = re.sub(r'"(\\.|[^"\\])*"', "", head)
    assert bare.count("spf=") == 1 and '"' not in bare
    assert max(map(len, re.split("[ =;]", bare))) <= 255
    assert max(map(len, re.findall(r'"(?:\\.|[^"\\])*"', head))) <= 257 + head.count("\\")


def test_the_dns_is_silent(town, verifyd):
    """The log tells when it lets in what it might have kept out, and only then."""
    put(town, "authpolicy", "enforce\n")
    silent = {"there.example": {"TXT": "DROP"}}
    with peers.Dns({**ZONE, **silent}):
        assert offer(town) == (UNSURE[0], UNSURE[1] + "there.example")
    with peers.Dns({**ZONE, "_dmarc.there.example": {"TXT": "DROP"}}):
        assert "; dmarc=temperror " in results(deliver(town))  # proven, whatever it says
    silent["_dmarc.there.example"] = {"TXT": "DROP"}
    for policy in "report", "enforce":
        put(town, "authpolicy", policy + "\n")
        with peers.Dns({**ZONE, **silent}):
            told = results(deliver(town))
        assert "; spf=temperror reason=" in told and "; dmarc=temperror " in told
    verifyd.wait(r'^verifyd untold pid=\d+ client="192\.0\.2\.1" from="there\.example" '
                 r'reason="the DNS does not tell the DMARC policy of the domain"$')
    assert len(verifyd.lines) == 1


def test_not_by_tcp(town, verifyd, names):
    assert "; spf=none smtp.mailfrom=joe@there.example;" in results(deliver(town, TCPREMOTEIP=None))


@pytest.mark.parametrize("envelope, code", [
    (b"", 54), (b"Fjoe@there.example\0Tann@here.example\0", 54), (b"Tann@here.example\0\0", 91),
    (b"Fjoe@there.example\0X\0\0", 91), (b"F" + b"a" * 1100 + b"\0Tann@here.example\0\0", 91)])
def test_envelopes(town, verifyd, names, envelope, code):
    assert offer(town, envelope=envelope) == (code, "")
    assert town.is_empty()


def test_parameters_and_recipients(town, verifyd, names):
    envelope = (b"Fjoe@there.example\0ERET=HDRS\0RNOTIFY=NEVER\0Tann@here.example\0Tbob@here.example\0\0")
    process_queue = town.place.program("qmail-queue")
    os.rename(process_queue, process_queue + ".away")
    seen = town.place.base + "/seen"
    subprocess.run(["install", "-m", "666", "/dev/null", seen], check=True)
    try:
        with open(process_queue, "w") as script:
            script.write("#!/bin/sh\ncat >/dev/null\ncat <&1 >%s\n" % seen)
        os.chmod(process_queue, 0o755)
        code, words = offer(town, envelope=envelope)
    finally:
        os.rename(process_queue + ".away", process_queue)
    assert (code, words) == (0, "")
    with open(seen, "rb") as found:
        assert found.read() == envelope


@pytest.mark.parametrize("line, code", [("exit 31", 31), ("exit 53", 53), ("kill -9 $$", 81)])
def test_what_qmail_queue_says(town, verifyd, names, line, code):
    program = town.place.program("qmail-queue")
    os.rename(program, program + ".away")
    try:
        with open(program, "w") as script:
            script.write("#!/bin/sh\ncat >/dev/null\ncat <&1 >/dev/null\n%s\n" % line)
        os.chmod(program, 0o755)
        assert offer(town) == (code, "")
    finally:
        os.rename(program + ".away", program)


@pytest.mark.parametrize("client", [CLIENT, OTHER])
@pytest.mark.parametrize("name, text, says", [
    ("authpolicy", "enforced\n", "control/authpolicy is neither report nor enforce: Invalid argument"),
    ("authpolicy", "\n", "control/authpolicy is neither report nor enforce: Invalid argument"),
    ("authpolicy", "# enforce\n", "control/authpolicy is neither report nor enforce: Invalid argument"),
    ("authpolicy", "", "control/authpolicy is neither report nor enforce: Invalid argument"),
    ("authpolicy", None, "control/authpolicy: Is a directory"),
    ("authservid", None, "control/authservid: Is a directory")])
def test_settings_that_cannot_be_used(town, verifyd, names, name, text, says, client):
    """Whatever the message is like."""
    if text is not None:
        put(town, name, text)
    else:
        os.mkdir(town.place.path("control/" + name))
    assert offer(town, TCPREMOTEIP=client) == (55, "")
    assert logged(town) == "qmail-authfilter: %s\n" % says
    assert town.is_empty()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_it_is_queued(town, verifyd, names, number):
    assert signalled(town.place, "qmail-authfilter", number, MESSAGE) == 0
    assert len(town.place.queue_files()["intd"]) == 1


def test_no_place_for_messages(town, verifyd, names):
    os.rename(town.place.path("spool"), town.place.path("spool.away"))
    try:
        assert offer(town) == (53, "")
    finally:
        os.rename(town.place.path("spool.away"), town.place.path("spool"))
    assert logged(town) == "qmail-authfilter: spool: No such file or directory\n"


def test_the_service_is_away(town, verifyd, names):
    """Nothing comes in unchecked."""
    verifyd.kill()
    assert offer(town) == (71, "")
    assert logged(town) == "qmail-authfilter: qmail-verifyd does not answer: Connection refused\n"
    assert town.is_empty()


def test_who_it_is(town, verifyd):
    status = build.read("/proc/%d/status" % verifyd.pid)
    assert re.search(r"Uid:\s+(\d+)\s", status).group(1) == str(town.place.ids("qmailf")[0])


def test_a_slow_disk(town, verifyd, names):
    """A message takes longer to be read than the DNS may take, and than who asks waits in silence."""
    if faults.missing():
        pytest.skip(faults.missing())
    folder = build.make_hasty(town.place.prefix)
    verifyd.kill()
    put(town, "authtimeout", "60\n")
    slow = town.begin(["strace", "-f", "-qq", "-o", "/dev/null", "--inject=read:delay_exit=100000",
                       folder + "qmail-verifyd"], cwd="/", env={"PATH": "/usr/bin:/bin", "HASTY": "20"})
    town.until(lambda: slow.has_ended or town.is_door_open("verify/door"), "qmail-verifyd")
    text = MESSAGE + "a line of a large message\n" * 100000
    assert deliver(town, text).startswith(PASSED)


def test_a_check_that_dies(town, verifyd, names):
    names.zone["there.example"] = {"TXT": "DROP"}
    put(town, "authtimeout", "60\n")

    def kill():
        process.until(lambda: names.asked, "a question")
        subprocess.run(["pkill", "-9", "-P", str(verifyd.pid)], check=True)
    killer = threading.Thread(target=kill)
    killer.start()
    assert offer(town) == (71, "")
    killer.join()
    names.zone["there.example"] = ZONE["there.example"]
    assert deliver(town) == PASSED + MESSAGE


def test_the_header_is_too_large(town, verifyd, names):
    line = "X-Filler: " + "x" * 900 + "\n"
    code, words = offer(town, line * 1200 + MESSAGE)
    assert code == 82 and "larger than 1048576 bytes" in words
    assert town.is_empty()


def test_a_large_message(town, verifyd, names):
    body = ("x" * 70 + "\n") * 200000
    assert deliver(town, MESSAGE + body).endswith(MESSAGE + body)


@pytest.mark.parametrize("user", ["qmailr", "alias"])
def test_strangers_at_the_door(town, verifyd, names, user):
    """The folder keeps them out, and so does the service."""
    os.chmod(town.place.path("verify"), 0o755)
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-c", "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n"
             "s.connect(sys.argv[1])\nprint(s.recv(10))", town.place.path("verify/door")],
            capture_output=True, text=True, **town.place.as_user(user))
    finally:
        os.chmod(town.place.path("verify"), 0o750)
    assert done.stdout in ("b''\n", "") and ("b''" in done.stdout or "Error" in done.stderr)
    assert deliver(town) == PASSED + MESSAGE


@pytest.mark.parametrize("record", [b"", b"Q", b"Q\0\0\0", b"X\0\0\0", b"Q1\0 2\0 3\0 4\0", b"Q" + b"\0" * 40000],
                         ids=["empty", "short", "no-names", "letter", "more", "long"])
@pytest.mark.parametrize("is_file", [False, True])
def test_garbage(town, verifyd, names, record, is_file, tmp_path):
    """With a pipe, which has no end, in the place of a message; or without."""
    (tmp_path / "message").write_text(MESSAGE)
    ends = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one, open(tmp_path / "message") as message:
        one.settimeout(20)
        one.connect(town.place.path("verify/door"))
        socket.send_fds(one, [record or b"Z"], [message.fileno() if is_file else ends[0]])
        heard = one.recv(100)
        assert heard == b"" or (is_file and record == b"Q\0\0\0" and heard.startswith(b"Af"[:1]))
    for end in ends:
        os.close(end)
    assert deliver(town) == PASSED + MESSAGE


def test_by_smtp(town, verifyd, names):
    """As tcpserver has it run, with what is asked of notifications."""
    put(town, "authpolicy", "enforce\n")
    names.zone["client.there.example"] = names.zone["host.there.example"]
    dialogue = ("EHLO client.there.example\r\nMAIL FROM:<%s> RET=HDRS\r\nRCPT TO:<ann@here.example> NOTIFY=NEVER\r\n"
                "DATA\r\n" + MESSAGE.replace("\n", "\r\n") + ".\r\nQUIT\r\n")
    town.open()

    def session(sender, ip):
        done = subprocess.run(
            [town.place.program("qmail-smtpd")], input=(dialogue % sender).encode(), stdout=subprocess.PIPE, cwd="/",
            env={"PATH": "/usr/bin:/bin", "PROTO": "TCP", "TCPREMOTEIP": ip, "TCPLOCALIP": "192.0.2.9",
                 "QMAILQUEUE": "bin/qmail-authfilter"}, timeout=60, **town.place.as_user("qmaild"))
        return done.stdout.decode()
    assert "\r\n250 2.0.0 ok " in session("", CLIENT)
    text = town.letter("ann", "a letter")
    assert "; spf=pass smtp.helo=client.there.example;" in results(text)
    assert text.index("Authentication-Results: ") < text.index("Received-SPF: ") < text.index("\nReceived: from")
    assert "\r\n554 5.7.1 refused by the DMARC policy" in session("joe@there.example", OTHER)
