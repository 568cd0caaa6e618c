"""Which host is tried after which."""

import subprocess

import pytest

from support import peers
from support.spawner import by_hand

TO = "joe@d.example"


def zone(*addresses, **more):
    """d.example with a host at each address, the first one best."""
    found = {"d.example": {"MX": ["%d h%d.example" % (n, n) for n in range(len(addresses))]}}
    for number, address in enumerate(addresses):
        found["h%d.example" % number] = {"A": [address]}
    return {**found, **more}


def deliver(place, records, table, **control):
    """What was reported, and the hosts in order."""
    place.reset()
    place.control(me="here.example\n", **{"timeoutremote": "5\n", **control})
    with peers.Dns(records), peers.Servers(table) as servers:
        said = by_hand(place, "d.example", "a@b.example", TO, NEXTHOPREPORT="1")
        servers.__exit__()
    return said, servers.connections


def where(connections):
    return [connection.where.partition(":")[0] for connection in connections]


def lettered(said):
    return "".join(one[0] for one in said)


REFUSALS = [
    {"greet": "421 4.3.2 busy\r\n"}, {"greet": "451 busy\r\n"}, {"greet": "554 never\r\n"},
    {"greet": "<close>"}, {"greet": "<rst>"}, {"greet": "220-half<close>"},
    {"greet": "what?\r\n"}, {"greet": "250 what?\r\n"}, {"greet": "<hang>"},
    {"greet": "220 x\r\n421 4.3.2 busy\r\n"},
    {"EHLO": "421 4.3.2 busy\r\n"}, {"EHLO": "451 busy\r\n"}, {"EHLO": "<close>"},
    {"EHLO": "<rst>"}, {"EHLO": "what?\r\n"}, {"EHLO": "<hang>"},
    {"HELO": "421 4.3.2 busy\r\n"}, {"HELO": "550 never\r\n"}, {"HELO": "<close>"},
]
POLITE = [{}, {"EHLO": "250-x\r\n250 PIPELINING\r\n"}]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
@pytest.mark.parametrize("polite", POLITE, ids=["lockstep", "pipelining"])
def test_next_host_after_one_that_does_not_want_us(root_place, refusal, polite):
    table = {"127.0.0.2:25": [refusal], "127.0.0.3:25": [polite]}
    said, connections = deliver(root_place, zone("127.0.0.2", "127.0.0.3"), table,
                                timeoutremote="1\n")
    assert lettered(said) == "rKn" and said[-1] == "nw" and "127.0.0.3 accepted" in said[1]
    assert where(connections) == ["127.0.0.2", "127.0.0.3"]
    assert b"MAIL" not in connections[0].sent
    has_answered = "hang" not in str(refusal) and "<" not in str(refusal)
    assert connections[0].sent.endswith(b"QUIT\r\n") == has_answered


# Of one that resets at once we may not even see the connection.
@pytest.mark.parametrize("refusal", [one for one in REFUSALS if one != {"greet": "<rst>"}], ids=str)
def test_the_last_one_does_not_want_us(root_place, refusal):
    table = {"127.0.0.2:25": [{"greet": "421 first\r\n"}], "127.0.0.3:25": [refusal]}
    said, connections = deliver(root_place, zone("127.0.0.2", "127.0.0.3", "127.0.0.4"), table,
                                timeoutremote="1\n")
    assert lettered(said) == "Zn" and said[-1] == "nt" and "127.0.0.3" in said[0]
    assert "first" not in said[0]
    if "busy" in str(refusal) or "never" in str(refusal):
        assert "busy" in said[0] or "never" in said[0]
    assert where(connections) == ["127.0.0.2", "127.0.0.3"]


@pytest.mark.parametrize("script", [
    {"MAIL": "451 later\r\n"}, {"MAIL": "<close>"}, {"RCPT": "451 later\r\n"},
    {"DATA": "451 later\r\n"}, {"DOT": "451 later\r\n"}, {"DOT": "<close>"}])
def test_no_other_host_after_mail(root_place, script):
    table = {"127.0.0.2:25": [script], "127.0.0.3:25": [{}]}
    said, connections = deliver(root_place, zone("127.0.0.2", "127.0.0.3"), table)
    assert "K" not in lettered(said) and where(connections) == ["127.0.0.2"]


def test_what_the_first_offers_is_not_used_with_the_next(root_place):
    offers = "250-x\r\n250-SIZE 1\r\n250 PIPELINING<close>"
    table = {"127.0.0.2:25": [{"EHLO": offers}], "127.0.0.3:25": [{}]}
    said, connections = deliver(root_place, zone("127.0.0.2", "127.0.0.3"), table)
    assert lettered(said) == "rKn" and not connections[1].was_early


def test_a_hundred_hosts(root_place):
    addresses = ["127.0.1.%d" % n for n in range(1, 121)]
    table = {address + ":25": [{"greet": "421 busy\r\n"}] for address in addresses[:-1:2]}
    table[addresses[-1] + ":25"] = [{}]
    said, connections = deliver(root_place, zone(*addresses), table)
    assert lettered(said) == "rKn"
    assert where(connections) == addresses[:-1:2] + addresses[-1:]


def test_all_hosts_within_the_time_of_a_delivery(root_place):
    addresses = ["127.0.1.%d" % n for n in range(1, 21)]
    table = {address + ":25": [{"greet": "<hang>"}] for address in addresses}
    said, connections = deliver(root_place, zone(*addresses), table, timeoutremote="1\n",
                                timeoutdelivery="3\n")
    assert lettered(said) == "Zn" and "timeoutdelivery" in said[0]
    assert len(connections) < len(addresses)


def test_null_mx(root_place):
    records = {"d.example": {"MX": ["0 ."], "A": ["127.0.0.2"]}}
    said, connections = deliver(root_place, records, {"127.0.0.2:25": [{}]})
    assert lettered(said) == "Dn" and "#5.1.10" in said[0] and not connections


@pytest.fixture
def network(needs):
    """We are a machine with an address of its own."""
    needs("ip")
    subprocess.run(["ip", "address", "add", "192.0.2.25/32", "dev", "lo"], check=True)
    yield
    subprocess.run(["ip", "address", "del", "192.0.2.25/32", "dev", "lo"], check=True)


@pytest.mark.parametrize("address", ["127.0.0.2", "127.0.0.53", "192.0.2.25", "0.0.0.0", "0.0.0.9"])
def test_mail_would_come_back(root_place, network, address):
    """A server of ours may listen on all of them."""
    said, connections = deliver(root_place, zone(address, "127.0.0.3"),
                                {"127.0.0.2:25": [{}], "127.0.0.53:25": [{}]})
    assert lettered(said) == "Dn" and "#5.4.6" in said[0] and not connections


def test_route_to_ourselves(root_place, network):
    """What the administrator says is right."""
    said, connections = deliver(root_place, {}, {"127.0.0.53:25": [{}]},
                                smtproutes=":127.0.0.53\n")
    assert lettered(said) == "rKn" and where(connections) == ["127.0.0.53"]


# ---- what is told of it

def test_hosts_that_cannot_be_reached_are_named(root_place):
    """With port and errno, each in a line."""
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes="d.example:hop.example:2525\n")
    with peers.Dns({"hop.example": {"A": ["127.0.0.8", "127.0.0.9"]}}):
        said = by_hand(root_place, "d.example", "a@b.example", TO)
    first, *lines = said[-1].rstrip("\n").split("\n")
    assert first.startswith("Zhop.example, the relay for d.example, cannot be reached") and first.endswith(" (#4.4.1)")
    assert sorted(lines) == ["127.0.0.%d port 2525: Connection refused (errno 111)" % number
                             for number in (8, 9)]


def test_a_relay_that_dns_does_not_know_is_named(root_place):
    """Not the domain that the mail is for, of which DNS was not asked."""
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes="d.example:hop.example\n")
    with peers.Dns({}):
        said = by_hand(root_place, "d.example", "a@b.example", TO)
    assert said[-1].startswith("Dhop.example, the relay for d.example, does not exist in DNS"), said


def test_few_of_many_hosts_are_named(root_place):
    addresses = ["127.0.1.%d" % number for number in range(1, 50)]
    said, _ = deliver(root_place, zone(*addresses), {})
    assert 5 < said[0].count("\n127.0.1.") < 12


@pytest.mark.parametrize("script, end", [
    ({"RCPT": "<rst>"}, ": Connection reset by peer (errno 104). (#4.4.2)\n"),
    ({"RCPT": "<close>"}, ": the server closed it. (#4.4.2)\n"),
    ({"RCPT": "<hang>"}, " timed out (errno 110). (#4.4.2)\n"),
    ({"EHLO": "<rst>"}, ": Connection reset by peer (errno 104). (#4.4.2)\n"),
    ({"greet": "<close>"}, ": the server closed it. (#4.4.2)\n"),
    ({"DOT": "<rst>"}, ": Connection reset by peer (errno 104). (#4.4.2)\n")],
    ids=["reset", "closed", "silent", "reset-early", "closed-first", "reset-last"])
def test_a_connection_that_breaks(root_place, script, end):
    said, _ = deliver(root_place, zone("127.0.0.2"), {"127.0.0.2:25": [script]},
                      timeoutremote="1\n")
    text, = [one for one in said if one[0] == "Z"]
    assert text.startswith("Z127.0.0.2 port 25 was ") and text.endswith(end)


def test_the_first_cause_is_not_that_of_another_host(root_place):
    said, _ = deliver(root_place, zone("127.0.0.2", "127.0.0.3"),
                      {"127.0.0.2:25": [{"EHLO": "<rst>"}]})
    assert "127.0.0.2 port 25 was connected" in said[0] and "(errno 104)" in said[0]


@pytest.mark.parametrize("script, letters", [
    ({"RCPT": "550 no\r\n"}, "hDn"), ({"RCPT": "450 no\r\n"}, "sDn"), ({"MAIL": "550 no\r\n"}, "Dn"),
    ({"DATA": "450 no\r\n"}, "rZn"), ({"DOT": "550-no\r\n550 no\r\n"}, "rDn"),
    ({"greet": "421 no\r\n"}, "Zn")], ids=["never", "later", "sender", "data", "message", "greeting"])
def test_words_that_scripts_look_for(root_place, script, letters):
    said, _ = deliver(root_place, zone("127.0.0.2"), {"127.0.0.2:25": [script]})
    assert lettered(said) == letters
    text, = [one for one in said if "Remote host said: " in one]
    first, reply, *_, last = text.rstrip("\n").split("\n")
    assert first[1:].startswith("127.0.0.2 port 25 ") and reply.startswith("Remote host said: ")
    assert last == "Giving up on 127.0.0.2."
