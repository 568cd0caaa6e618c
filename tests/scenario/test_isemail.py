"""Addresses of the published is_email suite, in MAIL and RCPT, at home and away."""

import json
import os
import re
import subprocess

import pytest

from support import build, peers, process

# What it calls valid for SMTP.
VALID = {"valid", "dnsWarnNoRecord", "dnsWarnNoMXRecord", "rfc5321TLD", "rfc5321TLDNumeric",
         "rfc5321QuotedString", "rfc5321AddressLiteral", "deprecatedIPv6"}
# Taken all the same: some people have such addresses, or qmail took them.
NO_DOMAIN = ["test", "test..iana.org", "test_exa-mple.com"]
DOTS = [".test@iana.org", "test.@iana.org", "test..test@iana.org", "test@.iana.org",
        "test@iana.org."]
PARTLY_QUOTED = ["test\\@test@iana.org", '"test"test@iana.org', 'test"text"@iana.org',
                 '"test""test"@iana.org', '"test"."test"@iana.org', '"test".test@iana.org']
LONG = {"rfc5322LocalTooLong", "rfc5322TooLong"}
EIGHT_BIT = ['"\x80"@iana.org', '"test\\\xa9"@iana.org']
# Nobody: qmail-lspawn(8) throws it away.
TRASH = '""@iana.org'
# This machine, whose name takes its place.
OWN = "test@[IPv6:::]"
UNTAGGED = ["test@[1111:2222:3333:4444:5555:6666:7777:8888]"]
TAKEN = {*NO_DOMAIN, *DOTS, *PARTLY_QUOTED, *EIGHT_BIT, *UNTAGGED}

with open(build.TOP + "/tests/cases/isemail.json", encoding="ascii") as source:
    CASES = [tuple(case) for case in json.load(source)["cases"]]
GOOD = [address for address, says in CASES if says in VALID]


def is_taken(address, says):
    return says in VALID or says in LONG or address in TAKEN


def without_quotes(address):
    """As it stands in an envelope."""
    if address == OWN:
        return "test@here.example"
    local, at, domain = address.rpartition("@")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local + at + domain


def as_sent(address):
    """With quotes only where they are needed."""
    local, _, domain = without_quotes(address).rpartition("@")
    if not re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", local):
        local = '"%s"' % re.sub(r'(["\\])', r"\\\1", local)
    return local + "@" + domain


def ask(place, *commands):
    """The last lines of all replies after that to EHLO."""
    done = subprocess.run(
        [place.program("qmail-smtpd")], cwd="/", timeout=60, stdout=subprocess.PIPE,
        input="".join(line + "\r\n" for line in ("EHLO x", *commands, "QUIT")).encode(),
        env={"PATH": "/usr/bin:/bin", "RELAYCLIENT": ""}, **place.as_user("qmaild"))
    assert not process.crash(done.returncode)
    replies = [line for line in done.stdout.decode().splitlines() if line[3:4] == " "]
    return replies[2:-1]


def test_what_is_a_path(fresh):
    """The same in MAIL as in RCPT; what is none is 501."""
    fresh.control(me="here.example\n", maxerrors="0\n", rcptcheck="off\n")
    cases = [case for case in CASES if case[0] and "\n" not in case[0]]
    commands = []
    for address, _ in cases:
        commands += ["MAIL FROM:<%s>" % address, "RSET", "MAIL FROM:<>", "RCPT TO:<%s>" % address]
    replies = ask(fresh, *commands)
    assert len(replies) == 4 * len(cases)
    for number, (address, says) in enumerate(cases):
        wanted = "250" if is_taken(address, says) else "501"
        found = replies[4 * number][:3], replies[4 * number + 3][:3]
        assert found == (wanted, wanted), (address, says)


@pytest.mark.parametrize("address", [address for address, _ in CASES if "\n" in address])
def test_lines_in_an_address(fresh, address):
    """A line feed ends the command, and with it the address."""
    fresh.control(me="here.example\n", maxerrors="0\n")
    for verb in "MAIL FROM", "RCPT TO":
        assert ask(fresh, "MAIL FROM:<>", "RSET", "%s:<%s>" % (verb, address))[2][0] == "5"


@pytest.fixture
def everywhere(town, needs):
    """Mail for each of their domains is local; it goes to alias."""
    needs("tcpserver")
    domains = "".join(sorted({address.rpartition("@")[2] + "\n" for address in GOOD if address != OWN}))
    domains += "here.example\n"
    town.place.control(me="here.example\n", locals=domains, rcpthosts=domains)
    town.rules("alias", "-default", "./Maildir/")
    return town


def submit(place, *envelopes):
    commands = []
    for sender, recipient in envelopes:
        commands += ["MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % recipient, "DATA",
                     "Subject: x\r\n\r\nhello\r\n."]
    replies = ask(place, *commands)
    assert [reply[:3] for reply in replies] == ["250", "250", "354", "250"] * len(envelopes)


def test_they_are_kept(everywhere):
    """Byte for byte in the envelope, as sender and as recipient, and at their home."""
    place = everywhere.place
    submit(place, *((address, address) for address in GOOD))
    found = set()
    for number in place.queue_files()["todo"]:
        with open(place.queue_path("todo", number), "rb") as source:
            found.add(re.search(rb"F([^\0]*)\0T([^\0]*)\0", source.read()).groups())
    assert found == {(without_quotes(one).encode(),) * 2 for one in GOOD}
    everywhere.open()
    everywhere.wait_empty()
    delivered = {re.search("^Delivered-To: (.*)$", text, re.M).group(1)
                 for text in everywhere.mail("alias")}
    assert delivered == {without_quotes(one) for one in GOOD if one != TRASH}


def test_they_are_known_at_the_door(everywhere):
    """qmail-rcptd finds each of them; none is known once nobody has a name."""
    everywhere.open()
    submit(everywhere.place, *(("", address) for address in GOOD))
    os.unlink(everywhere.place.path("alias/.qmail-default"))
    for address in (one for one in GOOD if one != TRASH):
        assert ask(everywhere.place, "MAIL FROM:<>", "RCPT TO:<%s>" % address)[1].startswith(
            "550 5.1.1 "), address


def test_they_are_sent_on(town):
    """As paths again, to a server."""
    town.place.control(me="here.example\n", locals="", smtproutes=":[127.0.0.2]\n")
    submit(town.place, *((address, address) for address in GOOD))
    with peers.Servers({"127.0.0.2:25": [{}]}) as servers:
        town.open()
        town.wait_empty()
    sent = b"".join(connection.sent for connection in servers.connections).decode()
    assert set(re.findall("^RCPT TO:<(.*)>\r$", sent, re.M)) == {as_sent(one) for one in GOOD}
    assert set(re.findall("^MAIL FROM:<(.*)>", sent, re.M)) >= {as_sent(one) for one in GOOD}
