"""Several recipients in one session: each has its own result."""

import re

import pytest

from support import peers
from support.spawner import Spawner, by_hand

RELAY = "127.0.0.2:2525"
LIMIT = 10
PIPELINING = "250-server.example\r\n250 PIPELINING\r\n"
ESMTP = "220 server.example ESMTP\r\n"


class Counting(peers.Connection):
    """Takes so many recipients in each transaction, and numbers its replies."""
    too_many = "452 4.5.3 too many recipients\r\n"
    limit = LIMIT

    def __init__(self, *words):
        super().__init__(*words)
        self.taken = self.accepted = 0
        self.transactions = []

    def reply(self, verb):
        self.chosen = None
        if verb == "MAIL":
            self.taken = 0
            self.transactions.append([])
        elif verb == "RCPT":
            self.chosen = self.judge()
        elif verb == "DATA" and not self.taken:
            self.chosen = "554 no recipient\r\n"
        elif verb == "DOT":
            self.accepted += 1
            self.chosen = "250 ok id%d\r\n" % self.accepted
        if self.chosen is None:
            return super().reply(verb)
        self.say(self.chosen)
        return self.chosen

    def judge(self):
        if self.taken >= self.limit:
            return self.too_many
        self.taken += 1
        return "250 ok\r\n"

    def command(self, line):
        if line.startswith(b"RCPT"):
            self.asked = re.search(rb"<(.*)>", line).group(1).decode("latin-1")
            if self.taken < self.limit:
                self.transactions[-1].append(self.asked)
        super().command(line)


class CountingServers(peers.Servers):
    def __init__(self, kind, script=None, where=RELAY):
        super().__init__({where: [script or {}]})
        self.kind = kind

    def accept(self, listener, where, scripts):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = self.kind(sock, where, scripts[0])
            self.connections.append(connection)
            connection.serve()


@pytest.fixture
def spawner(fresh):
    fresh.control(me="me.example\n", timeoutremote="5\n", timeoutconnect="5\n")
    with Spawner(fresh) as spawner:
        yield spawner


def people(count):
    return ["u%d@d.example" % n for n in range(1, count + 1)]


def letters(reports):
    return "".join(report[0] for report in reports)


def scripted(**script):
    return peers.Servers({RELAY: [script]})


POLITE = [{}, {"greet": ESMTP, "EHLO": PIPELINING}]
both = pytest.mark.parametrize("polite", POLITE, ids=["lockstep", "pipelining"])


@both
def test_refusals_concern_one_recipient_each(spawner, polite):
    answers = ["250 ok\r\n", "452 4.2.2 full\r\n", "550 who?\r\n", "250 ok\r\n",
               "451 later\r\n", "250 ok\r\n"]
    # The 452 comes back in a second transaction, where it is alone.
    answers.append("452 4.2.2 full\r\n")
    data = ["354 go ahead\r\n", "554 no recipient\r\n"]
    with scripted(RCPT=answers, DATA=data, **polite) as servers:
        reports = spawner.deliver(*people(6), route=RELAY)
    assert letters(reports) == "KZDKZK"
    assert {report[1] for report in reports} == {"w"}
    assert "full" in reports[1][2] and "who?" in reports[2][2] and "later" in reports[4][2]
    connection, = servers.connections
    assert connection.messages_ended == 1


@both
@pytest.mark.parametrize("too_many", [
    "452 4.5.3 too many recipients\r\n", "452 too many recipients\r\n",
    "552 5.5.3 too many recipients\r\n", "552 too many recipients\r\n",
    "452-4.5.3 too\r\n452 4.5.3 many\r\n"])
def test_too_many_recipients_follow_in_the_same_session(spawner, polite, too_many):
    kind = type("Kind", (Counting,), {"too_many": too_many})
    with CountingServers(kind, polite) as servers:
        reports = spawner.deliver(*people(35), route=RELAY)
    assert letters(reports) == "K" * 35
    connection, = servers.connections
    assert connection.transactions == [people(35)[n:n + LIMIT] for n in range(0, 35, LIMIT)]
    assert connection.sent.count(b"\r\n\r\nhello\r\n.\r\n") == 4
    assert connection.sent.count(b"QUIT") == 1 and connection.sent.endswith(b"QUIT\r\n")
    for number, report in enumerate(reports):
        assert "id%d\n" % (number // LIMIT + 1) in report[2]


@both
def test_message_of_many_pieces_is_sent_again_whole(spawner, polite):
    line = "".join("%09d\n" % n for n in range(30000))
    spawner.message("Subject: t\n\n" + line)
    with CountingServers(Counting, polite) as servers:
        reports = spawner.deliver(*people(20), route=RELAY)
    assert letters(reports) == "K" * 20
    connection, = servers.connections
    wire = line.replace("\n", "\r\n").encode()
    assert connection.sent.count(b"\r\n\r\n" + wire + b".\r\n") == 2


def test_full_mailbox_is_not_too_many(spawner):
    with scripted(RCPT=["250 ok\r\n", "552 5.2.2 mailbox full\r\n"]) as servers:
        reports = spawner.deliver(*people(2), route=RELAY)
    assert letters(reports) == "KD"
    assert servers.connections[0].sent.count(b"MAIL") == 1


def test_first_of_all_is_not_too_many(spawner):
    with scripted(RCPT=["452 no space\r\n", "250 ok\r\n"]) as servers:
        reports = spawner.deliver(*people(2), route=RELAY)
    assert letters(reports) == "ZK"
    assert servers.connections[0].sent.count(b"MAIL") == 1


@both
def test_no_progress_is_the_end(spawner, polite):
    """A further transaction only if this one takes somebody."""
    answers = ["250 ok\r\n"] + ["452 4.5.3 too many\r\n"] * 50
    data = ["354 go ahead\r\n", "554 no recipient\r\n"]
    with scripted(RCPT=answers, DATA=data, **polite) as servers:
        reports = spawner.deliver(*people(4), route=RELAY)
    assert letters(reports) == "KZZZ"
    connection, = servers.connections
    assert connection.sent.count(b"MAIL") == 2
    assert connection.sent.count(b"DATA") == (2 if polite else 1)


TWO_AT_ONCE = ["250 ok\r\n", "250 ok\r\n", "452 4.5.3 too many\r\n", "452 4.5.3 too many\r\n"]


@both
@pytest.mark.parametrize("script, wanted", [
    ({"MAIL": ["250 ok\r\n", "<close>"]}, "KKZZ"),
    ({"MAIL": ["250 ok\r\n", "421 bye\r\n<close>"]}, "KKZZ"),
    ({"MAIL": ["250 ok\r\n", "550 no\r\n"]}, "KKZZ"),
    ({"RCPT": TWO_AT_ONCE + ["<close>"]}, "KKZZ"),
    ({"RCPT": TWO_AT_ONCE + ["421 bye\r\n<close>"]}, "KKZZ"),
    ({"RCPT": TWO_AT_ONCE + ["250 ok\r\n", "421 bye\r\n<close>"]}, "KKZZ"),
    ({"RCPT": TWO_AT_ONCE + ["550 no\r\n", "<close>"]}, "KKDZ"),
    ({"DATA": ["354 go ahead\r\n", "<close>"]}, "KKZZ"),
    ({"DATA": ["354 go ahead\r\n", "451 later\r\n"]}, "KKZZ"),
    ({"DATA": ["354 go ahead\r\n", "554 never\r\n"]}, "KKDD"),
    ({"DOT": ["250 ok\r\n", "<close>"]}, "KKZZ"),
    ({"DOT": ["250 ok\r\n", "451 later\r\n"]}, "KKZZ"),
    ({"DOT": ["250 ok\r\n", "554 never\r\n"]}, "KKDD"),
    ({"DOT": ["250 ok\r\n", "what?\r\n"]}, "KKZZ"),
    ({"RCPT": TWO_AT_ONCE + ["250 ok\r\n", "550 who?\r\n"]}, "KKKD"),
    # Where the first transaction fails there is no second.
    ({"DOT": "451 later\r\n"}, "ZZZZ"),
    ({"DOT": "554 never\r\n"}, "DDZZ"),
    ({"DATA": "<close>"}, "ZZZZ"),
])
def test_accepted_stays_accepted(spawner, polite, script, wanted):
    script = {"RCPT": TWO_AT_ONCE + ["250 ok\r\n"], **polite, **script}
    with scripted(**script) as servers:
        reports = spawner.deliver(*people(4), route=RELAY)
    assert letters(reports) == wanted
    assert len(servers.connections) == 1


@both
def test_end_of_a_further_transaction(spawner, polite):
    """It is left politely, and a loss before the message is no doubt."""
    script = {"RCPT": TWO_AT_ONCE + ["250 ok\r\n"], **polite}
    with scripted(MAIL=["250 ok\r\n", "550 no\r\n"], **script) as servers:
        spawner.deliver(*people(4), route=RELAY)
    assert servers.connections[0].sent.endswith(b"QUIT\r\n")
    with scripted(DATA=["354 go ahead\r\n", "<close>"], **script):
        reports = spawner.deliver(*people(4), route=RELAY)
    assert letters(reports) == "KKZZ"
    assert "(#4.4.2)" in reports[3][2] and "twice" not in reports[3][2]


def test_each_transaction_has_its_reply_by_hand(fresh):
    """The report on the message is that of the first."""
    fresh.control(me="me.example\n", smtproutes=":%s\n" % RELAY)
    kind = type("Kind", (Counting,), {"limit": 1})
    with CountingServers(kind):
        pieces = by_hand(fresh, "d.example", "a@b.example", *people(3))
    assert [piece[0] for piece in pieces] == ["r", "r", "r", "K"]
    assert [piece[-4:-1] for piece in pieces] == ["id1", "id2", "id3", "id1"]


def test_second_transaction_by_hand(fresh):
    """What others understand of it: r and s or h, and K."""
    fresh.control(me="me.example\n", smtproutes=":%s\n" % RELAY)
    with scripted(RCPT=TWO_AT_ONCE + ["250 ok\r\n"], DOT=["250 one\r\n", "554 never\r\n"]):
        pieces = by_hand(fresh, "d.example", "a@b.example", *people(4))
    assert [piece[0] for piece in pieces] == ["r", "r", "h", "h", "K"]


class Verbose(Counting):
    """Its words are more than qmail-remote has room for without asking."""

    def say(self, words):
        if "id" in words or (self.accepted and words.startswith("452")):
            words = "%s-%s\r\n" % (words[:3], "x" * 1500) * 3 + words
        super().say(words)


@pytest.mark.parametrize("limit", [2, 100])
def test_out_of_memory(fresh, limit):
    """Who has the message is told to have it, and nobody else."""
    fresh.control(me="me.example\n", smtproutes=":%s\n" % RELAY)
    kind = type("Kind", (Verbose,), {"limit": limit})
    names, exhausted = people(16), 0
    for nth in range(1, 200):
        with CountingServers(kind) as servers:
            pieces = by_hand(fresh, "d.example", "a@b.example", *names, strace=[
                "strace", "-qq", "-o", "/dev/null", "-e", "trace=mmap",
                "-e", "inject=mmap:error=ENOMEM:when=%d+" % nth])
        served = servers.connections[0] if servers.connections else None
        accepted = sum(served.transactions[:served.accepted], []) if served else []
        if len(accepted) == len(names) and not any("memory" in piece for piece in pieces):
            break
        exhausted += len(accepted) > 0
        own, last = [piece[0] for piece in pieces[:-1]], pieces[-1][0]
        told = [name for name, letter in zip(names, own) if letter == "r" and last == "K"]
        assert told == accepted, (nth, pieces)
    assert nth < 199 and (exhausted or limit > len(names))  # one transaction needs no more


@pytest.mark.parametrize("count", [50, 2500])
def test_no_report_is_cut(spawner, count):
    """Not even when all are refused at length, and the last result counts."""
    words = "550-" + "x" * 400 + "\r\n"
    with scripted(RCPT=["250 ok\r\n"] + [words * 20 + "550 the end\r\n"] * count):
        reports = spawner.deliver(*people(count), route=RELAY)
    assert letters(reports) == "K" + "D" * (count - 1)
    assert all(report[2].startswith("127.0.0.2 port 2525 refused the recipient.\nRemote host "
                                    "said: 550-xxx") and report[2].endswith("\nGiving up on 127.0.0.2.\n")
               for report in reports[1:])


def test_more_than_a_group_of_recipients(spawner):
    kind = type("Kind", (Counting,), {"limit": 1000})
    with CountingServers(kind, POLITE[1]) as servers:
        reports = spawner.deliver(*people(173), route=RELAY)
    assert letters(reports) == "K" * 173
    assert servers.connections[0].transactions == [people(173)]
