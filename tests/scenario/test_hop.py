"""The next hop: what qmail-remote is told of it, and tells of it."""

import os
import re
import subprocess

import pytest

from support import peers
from support.spawner import Spawner, by_hand

RELAY = "127.0.0.2:2525"
TO = "u@d.example"


@pytest.fixture
def spawner(fresh):
    fresh.control(me="me.example\n", timeoutremote="1\n", timeoutconnect="1\n")
    with Spawner(fresh) as spawner:
        yield spawner


def polite(*addresses):
    return peers.Servers({address: [{}] for address in addresses})


def hosts(servers):
    return [connection.where for connection in servers.connections]


def letter_and_hop(reports):
    (letter, hop, _), = reports
    return letter + hop


# ---- what it is told

def test_route_of_the_job_replaces_the_file(fresh, spawner):
    fresh.control(me="me.example\n", smtproutes="d.example:127.0.0.3:2525\n")
    with polite(RELAY, "127.0.0.3:2525") as servers:
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Kw"
        assert letter_and_hop(spawner.deliver(TO)) == "Kw"
    assert hosts(servers) == [RELAY, "127.0.0.3:2525"]


def test_with_a_route_the_file_is_not_read(fresh, spawner):
    os.mkdir(fresh.path("control/smtproutes"))
    try:
        with polite(RELAY):
            assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Kw"
            assert letter_and_hop(spawner.deliver(TO)) == "U"
    finally:
        os.rmdir(fresh.path("control/smtproutes"))


def test_empty_route_is_dns(root_place, spawner):
    root_place.control(me="me.example\n", smtproutes=":127.0.0.3:25\n")
    with polite("127.0.0.2:25", "127.0.0.3:25") as servers:
        assert letter_and_hop(spawner.deliver("u@[127.0.0.2]", route="")) == "Kw"
    assert hosts(servers) == ["127.0.0.2:25"]


def test_route_with_a_bad_port(spawner):
    (letter, hop, text), = spawner.deliver(TO, route="127.0.0.2:smtp")
    assert (letter, hop) == ("Z", "") and "(#4.3.0)" in text


def test_limit_for_connecting(fresh, spawner):
    """It comes within the patience of the test, which the file would not."""
    fresh.control(me="me.example\n", timeoutconnect="1000\n")
    with peers.Servers({RELAY: "blackhole"}):
        assert letter_and_hop(spawner.deliver(TO, route=RELAY, limit=1)) == "Zt"


def test_limit_leaves_time_for_the_greeting(fresh, spawner):
    fresh.control(me="me.example\n")
    greet = "<wait 2>220 server.example\r\n"
    with peers.Servers({RELAY: [{"greet": greet}]}):
        assert letter_and_hop(spawner.deliver(TO, route=RELAY, limit=1)) == "Kw"


def test_only_the_job_counts(fresh):
    """Not what stands in the environment of the daemons."""
    fresh.control(me="me.example\n", smtproutes=":%s\n" % RELAY)
    with Spawner(fresh, SMTPROUTE="127.0.0.3:2525", TIMEOUTCONNECT="x") as spawner, \
            polite(RELAY, "127.0.0.3:2525") as servers:
        assert letter_and_hop(spawner.deliver(TO)) == "Kw"
    assert hosts(servers) == [RELAY]


# ---- what it tells

@pytest.mark.parametrize("script, wanted", [
    ({}, "Kw"),
    ({"greet": "421 busy\r\n"}, "Zt"),
    ({"greet": "554 go away\r\n"}, "Zt"),
    ({"greet": "<close>"}, "Zt"),
    ({"greet": "<rst>"}, "Zt"),
    ({"greet": "<hang>"}, "Zt"),
    ({"greet": "what?\r\n"}, "Zt"),
    ({"HELO": "550 no\r\n"}, "Zt"),
    ({"HELO": "421 no\r\n<close>"}, "Zt"),
    ({"HELO": "<close>"}, "Zt"),
    ({"HELO": "<hang>"}, "Zt"),
    ({"MAIL": "<close>"}, "Zt"),
    ({"MAIL": "451 later\r\n"}, "Zw"),
    ({"MAIL": "550 no\r\n"}, "Dw"),
    ({"RCPT": "450 later\r\n"}, "Zw"),
    ({"RCPT": "550 no\r\n"}, "Dw"),
    ({"RCPT": "<close>"}, "Z"),
    ({"RCPT": "<hang>"}, "Z"),
    ({"DATA": "<close>"}, "Z"),
    ({"DATA": "451 later\r\n"}, "Zw"),
    ({"DATA": "554 no\r\n"}, "Dw"),
    ({"DOT": "<close>"}, "Z"),
    ({"DOT": "what?\r\n"}, "Z"),
    ({"DOT": "451 later\r\n"}, "Zw"),
    ({"DOT": "554 no\r\n"}, "Dw"),
])
def test_hop(spawner, script, wanted):
    with peers.Servers({RELAY: [script]}):
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == wanted


def test_hop_that_is_not_there(spawner):
    assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Zt"


def test_nothing_is_told_where_nobody_was_asked(root_place, spawner):
    zone = {"no.example": "NXDOMAIN", "bad.example": "SERVFAIL"}
    with peers.Dns(zone):
        assert letter_and_hop(spawner.deliver("u@no.example", route="")) == "D"
        assert letter_and_hop(spawner.deliver("u@bad.example", route="")) == "Z"
    assert letter_and_hop(spawner.deliver("nobody")) == "D"


@pytest.mark.parametrize("output, code, wanted", [
    (r"r\0Kok\0", 0, "Kw"), (r"Kok\0", 0, "Kw"), (r"hno\0Dno\0", 0, "Dw"),
    (r"Dno\0", 0, "D"), (r"sno\0Dno\0", 0, "Zw"), (r"r\0Zlater\0", 0, "Zw"),
    (r"Zlater. (#4.4.1)\n\0", 0, "Zt"), (r"Zlater. (#4.4.2)\n\0", 0, "Zt"),
    (r"Zlater. (#4.3.0)\n\0", 0, "Z"), (r"Zlater\0", 0, "Z"), ("", 0, "Z"),
    (r"Zlater\0nt\0", 0, "Zt"), (r"Zlater\0nw\0", 0, "Zw"), (r"r\0Kok\0nt\0", 0, "Kt"),
    (r"Zlater. (#4.4.1)\n\0n\0", 0, "Z"), (r"Zlater. (#4.4.1)\n\0nx\0", 0, "Z"),
    (r"Zlater\0nt\0", 111, "Z"), (r"r\0Kok\0nw", 0, "Kw"),
])
def test_hop_of_another_program(fresh, output, code, wanted):
    program = fresh.base + "/substitute"
    fresh.write(program, "#!/bin/sh\nprintf '%s'\nexit %d\n" % (output, code), mode=0o755)
    with Spawner(fresh, QMAILREMOTE=program) as spawner:
        assert letter_and_hop(spawner.deliver(TO)) == wanted


def test_by_hand_nothing_is_told(fresh):
    fresh.control(me="me.example\n", smtproutes=":%s\n" % RELAY)
    with polite(RELAY):
        told = by_hand(fresh, "d.example", "a@b.example", TO)
        asked = by_hand(fresh, "d.example", "a@b.example", TO, NEXTHOPREPORT="1")
    assert [piece[:2] for piece in told] == ["r", "K1"]
    assert [piece[:2] for piece in asked] == ["r", "K1", "nw"]


# ---- the time of a delivery

@pytest.mark.parametrize("script", [
    {"greet": "220-a\r\n<wait 0.2>" * 25},
    {"greet": "2<wait 0.2>" * 25},
    {"HELO": "250-a\r\n<wait 0.2>" * 25},
    {"RCPT": "250-a\r\n<wait 0.2>" * 25},
    {"RCPT": ["<wait 0.2>250 ok\r\n"] * 1000},
])
def test_slow_server_gets_no_more_than_the_time_of_a_delivery(fresh, spawner, script):
    """The default, half an hour, would be more than the test waits."""
    fresh.control(me="me.example\n", timeoutdelivery="1\n")
    with peers.Servers({RELAY: [script]}):
        reports = spawner.deliver(*["u%d@d.example" % n for n in range(500)], route=RELAY)
    assert {report[0] for report in reports} == {"Z"}
    assert "(#4.4.2)" in reports[-1][2] and "timeoutdelivery" in reports[-1][2]


def test_large_message_has_more_time(fresh, spawner):
    fresh.control(me="me.example\n", timeoutdelivery="1\n")
    spawner.message("Subject: t\n\n" + "hello\n" * 10000)
    with peers.Servers({RELAY: [{"greet": "<wait 2>220 hi\r\n"}]}):
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Kw"


# ---- hosts in trouble

def shown(place):
    """{host: (words, count)} as qmail-tcpto tells."""
    out = subprocess.run([place.program("qmail-tcpto")], stdout=subprocess.PIPE, check=True)
    found = {}
    for line in out.stdout.decode().splitlines():
        host, words, count = re.fullmatch(
            r"(\S+) (.*) \d+ seconds ago; # recent \w+: (\d+)", line).groups()
        found[host] = words, int(count)
    return found


@pytest.mark.parametrize("script, words", [
    ("blackhole", "timed out"), (None, "refused the connection"),
    ({"greet": "<hang>"}, "said nothing"), ({"HELO": "<hang>"}, "said nothing"),
    ({"greet": "<close>"}, "broke the connection"), ({"MAIL": "<rst>"}, "broke the connection"),
    ({"greet": "421 busy\r\n"}, "greeted with a refusal"),
    ({"greet": "554 no\r\n"}, "greeted with a refusal"),
    ({"HELO": "550 no\r\n"}, "refused our name"),
])
def test_trouble_is_noted_at_once_and_the_host_left_alone(fresh, spawner, script, words):
    table = {} if script is None else {RELAY: script if script == "blackhole" else [script]}
    with peers.Servers(table) as servers:
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Zt"
        asked = len(servers.connections)
        assert shown(fresh) == {RELAY: (words, 1)}
        again, = spawner.deliver(TO, route=RELAY)
        assert again[:2] == ("Z", "t") and words in again[2] and "#4.4.1" in again[2]
        assert len(servers.connections) == asked
    with polite("127.0.0.2:2526"):
        assert letter_and_hop(spawner.deliver(TO, route="127.0.0.2:2526")) == "Kw"
    assert shown(fresh) == {RELAY: (words, 1)}


def test_refused_recipient_is_no_trouble(fresh, spawner):
    with peers.Servers({RELAY: [{"RCPT": "550 no\r\n"}, {"DATA": "<close>"}]}):
        spawner.deliver(TO, route=RELAY)
        spawner.deliver(TO, route=RELAY)
    assert shown(fresh) == {}


def test_next_host_is_tried(root_place, spawner):
    """A host that greets with a refusal is noted: the next delivery does not even
    ask it."""
    zone = {"d.example": {"MX": ["10 one.example", "20 two.example"]},
            "one.example": {"A": ["127.0.0.2"]}, "two.example": {"A": ["127.0.0.3"]}}
    table = {"127.0.0.2:25": [{"greet": "421 busy\r\n"}], "127.0.0.3:25": [{}]}
    with peers.Dns(zone), peers.Servers(table) as servers:
        assert letter_and_hop(spawner.deliver(TO, route="")) == "Kw"
        assert shown(root_place) == {"127.0.0.2": ("greeted with a refusal", 1)}
        assert letter_and_hop(spawner.deliver(TO, route="")) == "Kw"
    assert hosts(servers) == ["127.0.0.2:25", "127.0.0.3:25", "127.0.0.3:25"]


def age(place, seconds):
    """Makes all that was noted so much older."""
    path = place.path("queue/lock/tcpto")
    with open(path, "r+b") as table:
        data = bytearray(table.read())
        for at in range(4096, len(data), 32):
            if data[at + 20]:
                for field in (at + 24, at + 28):
                    then = int.from_bytes(data[field:field + 4], "little") - seconds
                    data[field:field + 4] = then.to_bytes(4, "little")
        table.seek(0)
        table.write(data)


def test_one_tries_whether_it_is_back(fresh, spawner):
    """While one waits for the greeting the others do not even connect."""
    assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Zt"
    age(fresh, 70)
    fresh.control(me="me.example\n")
    spawner.reports.clear()
    with peers.Servers({RELAY: [{"greet": "<wait 2>220 hi\r\n"}]}) as servers:
        for number in range(1, 9):
            spawner.give(TO, first=number, route=RELAY)
        reports = spawner.wait(*range(1, 9))
        assert sorted(report[0] + report[1] for report in reports) == ["Kw"] + ["Zt"] * 7
        assert len(servers.connections) == 1
        assert shown(fresh) == {}
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Kw"


def test_success_forgets(fresh, spawner):
    spawner.deliver(TO, route=RELAY)
    age(fresh, 70)
    with peers.Servers({RELAY: [{"RCPT": "550 no\r\n"}]}):
        assert letter_and_hop(spawner.deliver(TO, route=RELAY)) == "Dw"
    assert shown(fresh) == {}


def test_trouble_that_stays_counts(fresh, spawner):
    for count in range(1, 4):
        spawner.deliver(TO, route=RELAY)
        assert shown(fresh) == {RELAY: ("refused the connection", count)}
        age(fresh, 2000)


def test_tcpok(fresh, spawner):
    for host in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
        spawner.deliver(TO, route=host + ":2525")
    mark = fresh.path("queue/lock/tcpok")
    os.utime(mark, (1, 1))

    def forget(*words):
        return subprocess.run([fresh.program("qmail-tcpok"), *words],
                              stderr=subprocess.DEVNULL).returncode

    assert forget("127.0.0.2", "nonsense") == 100
    assert len(shown(fresh)) == 3 and os.stat(mark).st_mtime == 1
    assert forget("127.0.0.2", "[127.0.0.4]") == 0
    assert set(shown(fresh)) == {"127.0.0.3:2525"} and os.stat(mark).st_mtime > 1
    os.utime(mark, (1, 1))
    assert forget() == 0
    assert shown(fresh) == {} and os.stat(mark).st_mtime > 1
    os.unlink(mark)
    assert forget() == 0
    info = os.stat(mark)
    assert info.st_mode & 0o777 == 0o600
    assert (info.st_uid, info.st_gid) == (fresh.ids("qmails")[0], fresh.ids("qmailq")[1])
