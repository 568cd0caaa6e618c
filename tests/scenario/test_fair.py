"""Next hops: one that does not work holds nobody else up, recipients of one
share a run, and what came back is seen.  No test here measures time: what must
not wait is there while the other still hangs."""

import os
import re
import signal
import socketserver
import threading
import time

import pytest

from support import process

LOOK_INTERVAL = 1.1  # seconds; a little more than that of qmail-send


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        host = self.server.host
        with host.lock:
            host.now += 1
            host.most = max(host.most, host.now)
            host.sessions.append([])
            mine = host.sessions[-1]
        try:
            host.gate.wait()
            self.talk(host, mine)
        except OSError:
            pass
        finally:
            with host.lock:
                host.now -= 1

    def talk(self, host, mine):
        self.say(host.greeting)
        if not host.greeting.startswith("220"):
            return
        recipients = []
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say("250-host.example\r\n250 PIPELINING")
            elif verb == b"RCPT":
                recipients.append(re.search(rb"<(.*)>", line).group(1).decode())
                self.say(host.reply_to(recipients[-1]))
            elif verb == b"DATA":
                self.say("354 go")
                for text in self.rfile:
                    if text == b".\r\n":
                        break
                host.slow.wait()
                with host.lock:
                    mine += recipients
                self.say("250 ok")
                recipients = []
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Host:
    """An SMTP server of its own address, port 2525.  gate: it greets; slow: it
    answers to messages."""

    def __init__(self, address):
        self.lock, self.sessions, self.now, self.most = threading.Lock(), [], 0, 0
        self.gate, self.slow = threading.Event(), threading.Event()
        self.greeting, self.reply_to = "220 host.example ESMTP", lambda recipient: "250 ok"
        self.gate.set()
        self.slow.set()
        self.address = address
        self.server = None

    def listen(self):
        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 100
        self.server = Server((self.address, 2525), Session)
        self.server.host = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.slow.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def got(self):
        with self.lock:
            return [recipient for session in self.sessions for recipient in session]

    def has(self, *recipients):
        return set(recipients) <= set(self.got())


@pytest.fixture
def hosts(town):
    """hosts("good", "bad"): servers for good.example and bad.example."""
    made = {}

    def make(*names):
        for name in names:
            made[name] = Host("127.0.0.%d" % (10 + len(made)))
            made[name].listen()
        town.place.write(town.place.path("control/smtproutes"), "".join(
            "%s.example:%s:2525\n" % (name, host.address) for name, host in made.items()))
        return [made[name] for name in names]

    yield make
    if town.daemon:
        town.daemon.kill()
    for host in made.values():
        host.close()


def starts(town, domain):
    return [line for line in town.daemon.lines
            if line.startswith("starting delivery") and line.endswith("@%s.example" % domain)]


@pytest.mark.parametrize("several", [False, True])
def test_a_silent_host_holds_nobody_up(town, hosts, several):
    """It gets five of twenty slots, whatever waits for it."""
    silent, good = hosts("silent", "good")
    silent.gate.clear()
    town.open()
    for n in range(60):
        town.send("x@here.example", *["u%d-%d@silent.example" % (n, i)
                                      for i in range(2 if several else 1)])
    process.until(lambda: silent.now == 5, "five to hang")
    for n in range(10):
        town.send("x@here.example", "u%d@good.example" % n)
        town.until(lambda: good.has("u%d@good.example" % n), "the message to leave")
    town.send("x@here.example", "a@good.example", "b@good.example")
    town.until(lambda: good.has("a@good.example", "b@good.example"), "the two to leave")
    assert silent.now == silent.most == 5


def test_unknown_hosts_leave_room(town, hosts):
    """Half of the slots, however many there are of them."""
    names = ["dumb%d" % n for n in range(8)]
    dumb = hosts(*names)
    good, = hosts("good")
    town.open()
    town.send("x@here.example", "first@good.example")
    town.until(lambda: good.has("first@good.example"), "the good one to be known")
    for host in dumb:
        host.gate.clear()
    for name in names:
        for n in range(4):
            town.send("x@here.example", "u%d@%s.example" % (n, name))
    process.until(lambda: sum(host.now for host in dumb) == 10, "ten to hang")
    for n in range(10):
        town.send("x@here.example", "u%d@good.example" % n)
        town.until(lambda: good.has("u%d@good.example" % n), "the message to leave")
    assert sum(host.most for host in dumb) == 10


def test_a_message_beside_a_list(town, hosts):
    """Several messages are passed over at once, turn by turn."""
    slow, good = hosts("slow", "good")
    town.place.write(town.place.path("control/remotebatch"), "1\n")
    town.open()
    town.send("x@here.example", "first@slow.example")
    town.until(lambda: slow.has("first@slow.example"), "the host to be known")
    slow.slow.clear()
    town.place.write(town.place.path("control/concurrencyhost"), "15\n")
    os.kill(town.daemon.pid, signal.SIGHUP)
    town.send("x@here.example", *["u%d@slow.example" % n for n in range(300)])
    process.until(lambda: slow.now >= 10, "the list to be under way")
    town.send("x@here.example", "a@good.example", "b@good.example")
    town.until(lambda: good.has("a@good.example", "b@good.example"), "the two to leave")
    assert slow.most <= 15 and len(slow.got()) == 1
    slow.slow.set()
    town.wait_empty(60)
    assert sorted(slow.got()[1:]) == sorted("u%d@slow.example" % n for n in range(300))


def test_batches(town, hosts):
    """One domain, fifty at a time; each with its own lines and its own result."""
    good, = hosts("good")
    good.reply_to = lambda r: "450 later" if r.startswith("late") else \
        "550 no such user" if r.startswith("bad") else "250 ok"
    town.open()
    people = ["u%d@good.example" % n for n in range(120)]
    people[7], people[8] = "late@good.example", "bad@good.example"
    town.send("bob@here.example", *people)
    town.daemon.wait("^delivery [0-9]+: success", count=118)
    town.daemon.wait("^delivery [0-9]+: deferral: .*450")
    town.daemon.wait("^delivery [0-9]+: failure: .*550")
    assert len(good.sessions) == 3 and max(map(len, good.sessions)) <= 50
    assert len(starts(town, "good")) == 120
    numbers = [int(line.split()[2][:-1]) for line in starts(town, "good")]
    assert numbers == list(range(1, 121))
    for line in town.daemon.lines:  # a run takes one slot
        assert not line.startswith("status:") or int(re.search(r"remote (\d+)/", line)[1]) <= 20
    (path,) = town.place.queue_files()["remote"].values()

    def letters():
        with open(path, "rb") as source:
            return [record[:1] for record in source.read().split(b"\0")[:-1]]
    # The log tells of a failure before it is written down.
    process.until(lambda: letters().count(b"D") == 119, "the last mark")
    assert letters()[7] == b"T"
    good.reply_to = lambda r: "250 ok"
    os.kill(town.daemon.pid, signal.SIGALRM)
    town.letter("bob", "failure notice", "<bad@good.example>:")
    town.wait_empty()
    assert good.has("late@good.example")


def test_who_never_shares_a_run(town, hosts):
    """Senders with VERP; and who is listed twice gets two copies."""
    good, = hosts("good")
    town.open()
    town.send("list-@here.example-@[]", "a@good.example", "b@good.example")
    town.until(lambda: good.has("a@good.example", "b@good.example"), "both")
    assert len(good.sessions) == 2
    town.send("x@here.example", "c@good.example", "c@good.example")
    town.until(lambda: good.got().count("c@good.example") == 2, "two copies")
    town.wait_empty()
    assert len(good.sessions) == 4


def test_domains_of_one_relay_share_a_run(town, hosts):
    good, = hosts("good")
    town.place.write(town.place.path("control/smtproutes"), ":%s:2525\n" % good.address)
    town.open()
    town.send("x@here.example", "a@one.example", "b@two.example", "c@three.example")
    town.until(lambda: good.has("a@one.example", "b@two.example", "c@three.example"), "all")
    assert len(good.sessions) == 1
    town.wait_empty()


def after_trouble(town, hosts):
    """A host that has deferred the first delivery, and would take the next."""
    bad, = hosts("bad")
    bad.greeting = "421 not now"
    town.open()
    town.send("x@here.example", "a@bad.example")
    town.daemon.wait("^delivery 1: deferral: .*421")
    bad.greeting = "220 host.example ESMTP"
    return bad


def test_back_off(town, hosts):
    """After the first trouble nobody tries again at once; what is due or comes
    meanwhile is deferred, and says why.  qmail-tcpok makes it be tried."""
    bad = after_trouble(town, hosts)
    town.send("x@here.example", "b@bad.example")
    town.daemon.wait(r"^delivery 2: deferral: bad\.example_did_not_work.*last:.*421_not_now")
    assert len(bad.sessions) == 1
    process.subprocess.run([town.place.program("qmail-tcpok")], check=True)
    process.until(lambda: bad.has(*try_all(town)), "both to be delivered")
    town.wait_empty()


@pytest.mark.parametrize("verbs", [("now",), ("hold", "release")], ids=["now", "release"])
def test_orders_forget_troubles(town, hosts, verbs):
    """What an administrator wants to go now is tried, whatever a host did before."""
    after_trouble(town, hosts)
    for verb in verbs:
        process.subprocess.run([town.place.program("qmail-qctl"), verb, "--all"], check=True)
    town.daemon.wait("^delivery 2: success: ")
    town.wait_empty()


def try_all(town):
    os.kill(town.daemon.pid, signal.SIGALRM)
    return "a@bad.example", "b@bad.example"


def test_last_try_of_a_hop_in_trouble(town, hosts):
    """It is not tried, but the message ends."""
    bad, = hosts("bad")
    bad.greeting = "421 not now"
    town.place.write(town.place.path("control/queuelifetime"), "0\n")
    town.open()
    town.send("", "a@bad.example")
    town.daemon.wait("^delivery 1: (deferral|failure): .*421")
    put_waiting(town, "b@bad.example")
    town.daemon.stop()
    town.open()
    town.letter("bob", "failure notice", "<b@bad.example>:")


def test_bounce_of_one_that_is_passed_over(town, hosts):
    """It tells what the host did, which others have heard."""
    bad, = hosts("bad")
    bad.greeting = "421 no place here"
    town.open()
    town.send("bob@here.example", "a@bad.example")
    town.daemon.wait("^delivery 1: deferral: .*421")
    number = put_waiting(town, "b@bad.example", 8 * 86400)
    os.link(town.place.queue_path("intd", number), town.place.queue_path("todo", number))
    with open(town.place.path("queue/lock/trigger"), "w") as trigger:
        trigger.write("look\n")
    town.letter("bob", "failure notice", "<b@bad.example>:", "421 no place here\n",
                "the last try")
    assert len(bad.sessions) == 1


def put_waiting(town, recipient, age=5):
    import time
    number = int((time.time() - age) * 1000000)
    born = number // 1000000
    town.place.queue_put("mess", number, "Subject: old\n\nhello\n", born)
    town.place.queue_put("intd", number, b"u0\0p1\0Fbob@here.example\0T%s\0\0" % recipient.encode())
    town.place.queue_put("info", number, "Fbob@here.example\0", born)
    town.place.queue_put("remote", number, "T%s\0" % recipient, born)
    return number


def test_a_host_comes_back(town, hosts):
    """The probe tells, and what waited for it goes at once."""
    bad, = hosts("bad")
    bad.gate.clear()
    town.place.control(me="here.example\n", rcpthosts="here.example\n", timeoutconnect="3\n",
                       timeoutremote="60\n", smtproutes="bad.example:%s:2525\n" % bad.address)
    town.open()
    for n in range(30):
        town.send("x@here.example", "u%d@bad.example" % n)
    process.until(lambda: bad.now == 5, "five to hang")
    bad.gate.set()
    town.until(lambda: bad.has(*["u%d@bad.example" % n for n in range(30)]), "all to be delivered")
    town.wait_empty()


def test_waiting_for_a_hop_survives_the_end(town, hosts):
    """What never had its try is due at the next start."""
    silent, = hosts("silent")
    silent.gate.clear()
    town.place.write(town.place.path("control/stoptime"), "0\n")
    town.open()
    for n in range(12):
        town.send("x@here.example", "u%d-a@silent.example" % n, "u%d-b@silent.example" % n)
    process.until(lambda: silent.now == 5, "five to hang")
    process.until(lambda: len(town.place.queue_files()["remote"]) == 12 and
                  not town.place.queue_files()["todo"], "all to be sorted")
    town.daemon.stop()
    silent.gate.set()
    town.open()
    town.wait_empty()
    assert len(set(silent.got())) == 24


def test_tcpok_alone(town, hosts):
    """What comes after it is tried."""
    bad = after_trouble(town, hosts)
    process.subprocess.run([town.place.program("qmail-tcpok")], check=True)
    time.sleep(LOOK_INTERVAL)
    town.send("x@here.example", "c@bad.example")
    town.daemon.wait("^delivery 2: success: ")


def test_routes_change(town, hosts):
    """control/smtproutes counts as it is, without any signal."""
    old, new = hosts("old", "new")
    routes = town.place.path("control/smtproutes")
    town.place.write(routes, "some.example:%s:2525\n" % old.address)
    town.open()
    town.send("x@here.example", "a@some.example")
    town.until(lambda: old.has("a@some.example"), "the first")
    town.place.write(routes, "some.example:%s:2525\n" % new.address)

    def ask():
        town.send("x@here.example", "b@some.example")
        return new.has("b@some.example")
    process.until(ask, "the new route to be used")


def test_routes_change_while_idle(town, hosts):
    """Whoever changes it and waits a second has the next message go the new way."""
    old, new = hosts("old", "new")
    routes = town.place.path("control/smtproutes")
    town.place.write(routes, "some.example:%s:2525\n" % old.address)
    town.open()
    town.send("x@here.example", "a@some.example")
    town.until(lambda: old.has("a@some.example"), "the first")
    town.wait_empty()
    town.place.write(routes, "some.example:%s:2525\n" % new.address)
    time.sleep(LOOK_INTERVAL)
    town.send("x@here.example", "b@some.example")
    town.wait_empty()
    assert new.has("b@some.example") and not old.has("b@some.example")


def test_each_is_deferred_once(town, hosts):
    """Those that waited for a hop which turns out bad are not tried twice."""
    bad, good = hosts("bad", "good")
    bad.gate.clear()
    town.open()
    for n in range(12):
        town.send("x@here.example", "u%d@bad.example" % n)
    process.until(lambda: bad.now == 5, "five to hang")
    process.until(lambda: len(town.place.queue_files()["remote"]) == 7, "the others to be parked")
    bad.greeting = "421 not now"
    bad.gate.set()
    town.daemon.wait("^delivery .* deferral: ", count=12)
    town.send("x@here.example", "a@good.example", "b@good.example")
    town.until(lambda: good.has("a@good.example", "b@good.example"), "another message")
    assert len(starts(town, "bad")) == 12


def test_a_hop_gets_room_during_a_pass(town, hosts):
    """Its recipients have their turn when the pass is over."""
    one, two = hosts("one", "two")
    town.place.write(town.place.path("control/concurrencyhost"), "1\n")
    town.place.write(town.place.path("control/remotebatch"), "1\n")
    town.open()
    town.send("x@here.example", "first@one.example")
    town.send("x@here.example", "first@two.example")
    town.wait_empty()
    one.slow.clear()
    two.slow.clear()
    town.send("x@here.example", "holds@one.example")
    process.until(lambda: one.now == 1, "one to be busy")
    town.send("x@here.example", "a@one.example", "b@two.example", "c@two.example")
    process.until(lambda: two.now == 1, "two to be busy")
    one.slow.set()
    town.until(lambda: one.has("holds@one.example"), "one to be free")
    town.daemon.wait("^end msg", count=3)
    two.slow.set()
    town.until(lambda: one.has("a@one.example"), "its turn")
    town.wait_empty()
    assert sorted(two.got()) == ["b@two.example", "c@two.example", "first@two.example"]


def remote_program(town):
    """A program in place of qmail-remote that accepts all, but for hosts that
    begin with "hang" not before it may go; what it writes down tells how many
    recipients each run had."""
    path, note = town.place.base + "/remote", town.place.base + "/runs"
    town.place.write(note, "", "qmailr")
    town.place.write(path, """#!/bin/sh
case $1 in
hang*) until test -e %s/go-$1; do sleep 0.05; done ;;
esac
shift 2
echo $# >> %s
for i; do printf 'r\\0'; done
printf 'Kaccepted\\n\\0nw\\0'
""" % (town.place.base, note), mode=0o755)

    def runs():
        with open(note) as source:
            return [int(count) for count in source.read().split()]
    return {"QMAILREMOTE": path}, runs


def test_a_list_that_mixes_its_domains(town):
    """Its file is not read once for each, and recipients share runs."""
    domains, each = 200, 10
    environment, runs = remote_program(town)
    town.open(env=environment)
    town.send("x@here.example", *["user%d@domain%d.example" % (n, domain)
                                  for n in range(each) for domain in range(domains)])
    town.daemon.wait("^end msg", 60)
    with open("/proc/%d/io" % town.daemon.pid) as source:
        read = int(re.search(r"rchar: (\d+)", source.read())[1])
    assert sum(runs()) == domains * each
    size = sum(len("Tuser%d@domain%d.example" % (n, domain)) + 1
               for n in range(each) for domain in range(domains))
    assert read < size * domains / 4
    assert len(runs()) < domains * each / 2


def test_a_list_that_waits_for_some_gives_way(town):
    """Its recipients at hosts that hang do not hold up the one at a host that has
    got well."""
    def go(host):
        town.place.write("%s/go-%s" % (town.place.base, host), "")
    environment, _ = remote_program(town)
    town.open(env=environment)
    for n in range(5):
        town.send("x@here.example", "u%d@hang-good.example" % n)
        town.send("x@here.example", "u@hang%d.example" % n)
    town.daemon.wait("^starting delivery", count=10)
    # More than is looked at together: so hang10 is the first to get room, with
    # all of it before the pass.
    town.send("x@here.example", "list@hang10.example", "list@hang-good.example",
              *["list@hang%d.example" % n for n in range(11, 30)],
              *["list%d@hang29.example" % n for n in range(400)], "again@hang10.example")
    town.daemon.wait("^new msg", count=11)
    town.send("x@here.example", "ann@here.example")
    town.letter("ann", "a letter")
    go("hang0.example")
    town.daemon.wait("^starting delivery .*list@hang10")
    go("hang-good.example")
    line = town.daemon.wait(r"^starting delivery (\d+): .*list@hang-good")
    town.daemon.wait("^delivery %s: success" % line[1])
    for n in range(1, 30):
        go("hang%d.example" % n)
    town.wait_empty()
