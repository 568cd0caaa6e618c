"""qmail-trace: the way of a message through all logs."""

import os
import re
import shutil
import smtplib
import subprocess
import time

import pytest

from support import peers, process

BASE = 1795338300  # a second
SAFETY = 30
LIMIT = 20000


def stamp(moment):
    return "@%016x%08x" % ((1 << 62) + 10 + int(BASE + moment), round(moment % 1 * 1000) * 10 ** 6)


def number(moment):
    return BASE * 10 ** 6 + round(moment * 10 ** 6)


class Logs:
    """A folder of folders as multilog has them."""

    def __init__(self, folder, program, has_queue=False):
        self.folder, self.program, self.has_queue = folder, program, has_queue

    def write(self, name, *lines):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="latin-1") as out:
            out.writelines("%s %s\n" % (stamp(moment), line) for moment, line in lines)

    def trace(self, *words, code=0, folder=True):
        """(lines that are shown, what is said of messages); all logs, if none is named."""
        if len(words) == 1 and folder:
            words = (*words, self.folder)
        done = subprocess.run([self.program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=SAFETY)
        assert not process.crash(done.returncode, done.stderr)
        assert done.returncode == code, done.stderr
        self.told = done.stderr.decode()
        lines = done.stdout.decode().splitlines()
        shown = [re.sub(r"^\S+Z \S+: ", "", line) for line in lines if re.match(r"\d{4}-", line)]
        return shown, [line if self.has_queue else line.replace("; it is not in the queue", "")
                       for line in lines if not re.match(r"\d{4}-", line)]


A, BOUNCE, B = number(7.1), number(7.605), number(7.8)
OLD = [(1, "tcpserver: pid 31 from 192.0.2.9"),
       (1.2, 'smtpd accepted pid=31 client="192.0.2.9" from="a@b" to="old@d" size=1 qp=35'),
       (1.3, 'smtpd closed pid=31 client="192.0.2.9" end=quit'), (1.4, "tcpserver: end 31 status 0")]
BEGIN = [(6, "tcpserver: pid 31 from 192.0.2.1"), (6.1, "tcpserver: ok 31 0:127.0.0.1:25 :192.0.2.1::4711"),
         (6.5, 'smtpd refused pid=31 client="192.0.2.1" from="a@b" address="c@d" reply="550 no"')]
ACCEPTED_A = (7.3, 'smtpd accepted pid=31 client="192.0.2.1" from="a@b" to="e@d" size=1204 qp=35 '
                   'messageid="<One@b>"')
ACCEPTED_B = (7.9, 'smtpd accepted pid=31 client="192.0.2.1" from="q@b" to="f\\xe9@d" size=1204 qp=36')
END = [(8, 'smtpd closed pid=31 client="192.0.2.1" messages=2 end=quit'), (8.1, "tcpserver: end 31 status 0")]
AUTH = (6.7, 'authd accepted pid=9 client="192.0.2.1" user="ann" service="smtp"')
LATE_AUTH = (9, 'authd accepted pid=9 client="192.0.2.1" user="bob" service="pop3"')
SEND_A = [(7.2, "new msg %d" % A), (7.21, "info msg %d: bytes 1300 from <a@b> qp 35 uid 7" % A),
          (7.22, "starting delivery 1: msg %d to remote e@d" % A),
          (7.4, "tls 1: domain=d host=h result=ok"), (7.5, "delivery 1: failure: no/"),
          (7.6, "bounce msg %d qp 40" % A), (7.61, "end msg %d" % A)]
SEND_BOUNCE = [(7.62, "new msg %d" % BOUNCE), (7.63, "info msg %d: bytes 1300 from <> qp 40 uid 7" % BOUNCE),
               (7.64, "starting delivery 2: msg %d to local virtual-a@b" % BOUNCE),
               (7.65, "delivery 2: deferral: later/")]
SEND_B = [(7.85, "new msg %d" % B), (7.86, "info msg %d: bytes 1300 from <q@b> qp 36 uid 7" % B),
          (7.87, "starting delivery 3: msg %d to local f_@d" % B),
          (7.88, "delivery 3: success: did_1+0+0/"), (7.89, "end msg %d" % B)]


@pytest.fixture(name="logs")
def make_logs(place, tmp_path):
    logs = Logs(str(tmp_path / "log"), place.program("qmail-trace"))
    logs.write("qmail-smtpd/@400000006b02d000.s", *OLD, *BEGIN)
    logs.write("qmail-smtpd/current", ACCEPTED_A, ACCEPTED_B, *END)
    logs.write("qmail-send/current", *sorted(SEND_A + SEND_BOUNCE + SEND_B +
                                             [(7.23, "status: local 0/10 remote 1/20")]))
    logs.write("qmail-authd/current", AUTH, LATE_AUTH)
    logs.write("qmail-authd/lock")
    logs.write("qmail-authd/state", (7, "smtpd refused pid=31 from=\"a@b\""))
    return logs


def lines(*parts):
    return [line for _, line in sorted(sum((part if isinstance(part, list) else [part] for part in parts), []))]


WAY_A = (BEGIN, AUTH, ACCEPTED_A, SEND_A, SEND_BOUNCE, END)
WAY_B = (BEGIN, AUTH, ACCEPTED_B, SEND_B, END)


@pytest.mark.parametrize("word, wanted", [
    (str(A), lines(*WAY_A)), ("e@d", lines(*WAY_A)), ("E@D", lines(*WAY_A)),
    ("<One@b>", lines(*WAY_A)), ("one@b", lines(*WAY_A)),
    (str(B), lines(*WAY_B)), ("q@b", lines(*WAY_B)), ("f\xe9@d".encode("latin-1"), lines(*WAY_B)),
    (str(BOUNCE), lines(SEND_BOUNCE)), ("c@d", lines(BEGIN, AUTH, END)), ("bob", lines(LATE_AUTH)),
    ("192.0.2.1", lines(*WAY_A, ACCEPTED_B, SEND_B, LATE_AUTH)),
    ("::ffff:192.0.2.1", lines(*WAY_A, ACCEPTED_B, SEND_B, LATE_AUTH)),
    ("192.0.2.9", lines(OLD))])
def test_the_whole_way(logs, word, wanted):
    """In order of time, and nothing of others: not what had the same process ids before."""
    assert logs.trace(word)[0] == wanted


def test_where_it_is(logs):
    assert logs.trace(str(A))[1] == [
        "message %d from <a@b> has left the queue 2026-11-22T09:05:07.610Z" % A,
        "  remote e@d: failed 2026-11-22T09:05:07.500Z; no/",
        "message %d from <> has not ended" % BOUNCE,
        "  local virtual-a@b: waits, tried 2026-11-22T09:05:07.650Z; "
        "next try about 2026-11-22T09:06:47.000Z; later/"]
    assert logs.trace("q@b")[1][1:] == [
        "  local f_@d: delivered 2026-11-22T09:05:07.880Z; did_1+0+0/"]


def test_orders_and_what_is_under_way(logs):
    logs.write("qmail-send/current", (1, "info msg 5: bytes 3 from <x@y> qp 8 uid 7"),
               (2, "starting delivery 1: msg 5 to remote r@s"), (3, "delivery 1: deferral: no/"),
               (4, "hold msg 5 by uid 0"), (5, "starting delivery 2: msg 5 to remote t@s"),
               (6, "deleted: msg 5 to local u@s"), (7, "starting delivery 3: msg 5 to remote v@s"),
               (8, "delivery 3: report mangled, will defer"), (8.5, "status: exiting"),
               (9, "delivery 2: success: of_another/"), (10, "new msg 5"),
               (11, "info msg 5: bytes 3 from <other@y> qp 9 uid 7"))
    shown, state = logs.trace("x@y")
    assert len(shown) == 8 and state == [
        "message 5 from <x@y> has not ended",
        "  remote r@s: waits, tried 2026-11-22T09:05:03.000Z; held by an administrator; no/",
        "  remote t@s: under way since 2026-11-22T09:05:05.000Z",
        "  local u@s: deleted 2026-11-22T09:05:06.000Z",
        "  remote v@s: waits, tried 2026-11-22T09:05:08.000Z; held by an administrator; "
        "report mangled, will defer"]
    assert len(logs.trace("5")[0]) == 10


def test_a_bounce_is_followed_once(logs):
    """Not the bounce of that."""
    logs.write("qmail-send/current", *SEND_A, *SEND_BOUNCE[:3], (7.65, "delivery 2: failure: no/"),
               (7.66, "bounce msg %d qp 41" % BOUNCE), (7.67, "end msg %d" % BOUNCE),
               (7.68, "new msg %d" % number(7.661)),
               (7.69, "info msg %d: bytes 9 from <#@[]> qp 41 uid 7" % number(7.661)))
    shown = logs.trace("e@d")[0]
    assert "bounce msg %d qp 41" % BOUNCE in shown and "new msg %d" % number(7.661) not in shown


@pytest.mark.parametrize("accepted, sender, found", [
    (7.3, "a@b", True), (7.1 + 3599, "a@b", True), (7.1 + 3602, "a@b", False), (7.3 - 8, "a@b", False),
    (7.3, "x@b", False), (7.3, "a@b\\x20", False)])
def test_process_ids_come_again(logs, accepted, sender, found):
    """A message is of a session by its time and sender, too."""
    line = 'smtpd accepted pid=70 client="192.0.2.5" from="%s" to="x@y" size=1 qp=35' % sender
    logs.write("qmail-smtpd/current", (accepted, line))
    os.unlink(os.path.join(logs.folder, "qmail-smtpd/@400000006b02d000.s"))
    assert (line in logs.trace("e@d")[0]) == found
    assert ("new msg %d" % A in logs.trace("x@y")[0]) == found


def test_which_logs(logs, tmp_path):
    smtpd, send = logs.folder + "/qmail-smtpd", logs.folder + "/qmail-send/current"
    assert logs.trace("e@d", smtpd, send)[0] == lines(BEGIN, ACCEPTED_A, SEND_A, SEND_BOUNCE, END)
    assert logs.trace("e@d", send)[0] == lines(SEND_A, SEND_BOUNCE)
    assert logs.trace("e@d", send + "/", code=111) == ([], []) and "Not a directory" in logs.told
    assert logs.trace("e@d", logs.folder + "/none", code=111) == ([], []) and "No such file" in logs.told
    (tmp_path / "empty").mkdir()
    assert logs.trace("e@d", str(tmp_path / "empty"), code=111) == ([], []) and "no log" in logs.told
    assert logs.trace("e@d", send, str(tmp_path / "empty"), code=111) == ([], [])
    assert logs.trace("nobody@here", code=1) == ([], [])
    for words in ([], [""]):
        done = subprocess.run([logs.program, *words], stderr=subprocess.PIPE)
        assert done.returncode == 100 and b"usage" in done.stderr


def test_lines_without_a_time(logs):
    """They come behind the line before them."""
    path = logs.folder + "/qmail-send/current"
    with open(path, "a", encoding="ascii") as out:
        out.write("bounce msg %d qp 99\n" % A)
    assert logs.trace(str(A))[0][-3] == "bounce msg %d qp 99" % A


def test_control_characters(logs):
    logs.write("x/current", (5, "foo bar from=\"a@b\x1b[2J\xff\" user=\"a@b\""))
    assert 'foo bar from="a@b?[2J?" user="a@b"' in logs.trace("a@b")[0]


def test_more_than_is_shown(logs):
    logs.write("qmail-send/current", *[
        (7, "info msg %d: bytes 3 from <x@y> qp %d uid 7" % (i, i)) for i in range(1, LIMIT + 10)])
    assert len(logs.trace("x@y")[0]) == LIMIT and "more than is shown" in logs.told
    logs.write("qmail-send/current", *[
        (7, "starting delivery %d: msg 5 to local %d" % (i, i)) for i in range(1, LIMIT + 10)])
    shown, state = logs.trace("5")
    assert len(shown) == LIMIT + 9 and len(state) == LIMIT + 1 and "more than is shown" in logs.told


def test_the_logs_of_a_town(town):
    """By the Message-ID, once it is in the log; and it is seen whether the queue has it."""
    logs = Logs(town.place.path("log"), town.place.program("qmail-trace"), has_queue=True)
    town.rules("ann", "", "|exit 111")
    town.open()
    server = town.place.program("qmail-smtpd")
    uid, gid = town.place.ids("qmaild")
    words = ["tcpserver", "-vRHl0", "-u", str(uid), "-g", str(gid), "127.0.0.1", "25", server]

    def send(subject, logged):
        town.place.control(me="here.example\n", rcpthosts="here.example\n",
                           **({"logmessageid": "1\n"} if logged else {}))
        with smtplib.SMTP("127.0.0.1") as client:
            client.sendmail("joe@there.example", ["ann@here.example"],
                            "Message-ID:\r\n <%s@there>\r\nSubject: x\r\n\r\nhello\r\n" % subject)
            client.sendmail("joe@there.example", ["ann@here.example"], "Subject: without\r\n\r\nhello\r\n")

    smtp = town.begin(words, env={"PATH": "/usr/bin:/bin"})
    smtp.wait("^tcpserver: status")
    send("one", False)
    smtp.wait(r'^smtpd accepted .* qp=\d+$')
    send("two", True)
    smtp.wait(r'^smtpd accepted .* qp=\d+ messageid="<two@there>"$')
    town.daemon.wait("^delivery .*deferral", count=4)
    smtp.wait("^tcpserver: end", count=2)
    assert len([line for line in smtp.lines if "messageid" in line]) == 1
    now = time.time() - BASE
    for name, daemon in (("qmail-smtpd", smtp), ("qmail-send", town.daemon)):
        logs.write(name + "/current", *[(now, line) for line in daemon.lines])
    try:
        shown, state = logs.trace("two@there", folder=None)
        assert [line for line in shown if "accepted" in line] == \
            [line for line in smtp.lines if "two@there" in line]
        assert len([line for line in shown if re.match("(new|info) msg|starting delivery", line)]) == 3
        assert re.fullmatch(r"message \d+ from <joe@there\.example> has not ended; it is in the queue",
                            state[0])
        assert re.fullmatch(r"  local ann@here\.example: waits, tried \S+; next try about \S+", state[1])
        assert logs.trace("one@there", folder=None, code=1) == ([], [])
        waiting = re.search(r"^info msg (\d+)", "\n".join(shown), re.M).group(1)
        gone = str(int(waiting) + 1)
        with open(logs.folder + "/qmail-send/current", "a", encoding="ascii") as out:
            out.write("hold msg %s by uid 0\n" % gone)
        assert "; it is not in the queue" in logs.trace(gone, folder=None)[1][0]
    finally:
        shutil.rmtree(logs.folder)


def hand_in(town, has_auth, filters):
    """A message by SMTP, from joe to ann; the log of its session, and its qp, as the client and the log are told."""
    if has_auth and not os.path.exists(town.place.program("qmail-verifyd")):
        pytest.skip("built without OpenSSL")
    town.place.control(me="here.example\n", rcpthosts="here.example\n", authtimeout="1\n",
                       **({"queuefilters": "".join("outside: %s\n" % line for line in filters)} if filters else {}))
    town.open()
    uid, gid = town.place.ids("qmaild")
    environment = {"PATH": "/usr/bin:/bin"}
    if has_auth:
        town.begin([town.place.program("qmail-verifyd")], cwd="/", env=dict(environment))
        town.until(lambda: town.is_door_open("verify/door"), "qmail-verifyd")
        environment["QMAILQUEUE"] = "bin/qmail-authfilter"
    smtp = town.begin(["tcpserver", "-vRHl0", "-u", str(uid), "-g", str(gid), "127.0.0.1", "25",
                       town.place.program("qmail-smtpd")], env=environment)
    smtp.wait("^tcpserver: status")
    with peers.Dns({}), smtplib.SMTP("127.0.0.1", timeout=60) as client:
        client.ehlo("there.example")
        client.mail("joe@there.example")
        client.rcpt("ann@here.example")
        code, words = client.data("Subject: x\r\n\r\nhello\r\n")
    assert code == 250
    qp = smtp.wait(r"^smtpd accepted .* qp=(\d+)").group(1)
    assert words.decode().endswith(" qp " + qp)
    smtp.wait("^tcpserver: end")
    return smtp, qp


def traced(town, word, **daemons):
    """What is shown of what these services have logged."""
    logs = Logs(town.place.path("log"), town.place.program("qmail-trace"), has_queue=True)
    now = time.time() - BASE
    for name, daemon in daemons.items():
        logs.write("qmail-%s/current" % name, *[(now, line) for line in daemon.lines])
    try:
        return logs.trace(word, folder=None)[0]
    finally:
        shutil.rmtree(logs.folder)


@pytest.mark.parametrize("has_auth, filters", [(True, 0), (False, 1), (False, 2), (True, 2)])
def test_behind_programs_in_the_place_of_qmail_queue(town, has_auth, filters):
    """What the client and the log are told is what qmail-send logs: the message is of its session."""
    smtp, qp = hand_in(town, has_auth, ["/bin/cat"] * filters)
    info = town.daemon.wait(r"^info msg \d+: bytes \d+ from <joe@there\.example> qp %s " % qp)
    town.daemon.wait("^end msg")
    assert info.string in traced(town, "127.0.0.1", smtpd=smtp, send=town.daemon)


@pytest.mark.parametrize("has_auth", [True, False])
def test_a_message_that_a_filter_discards(town, has_auth):
    """The session is told a number, and the line of the filter has it."""
    program = town.place.base + "/discards"
    town.place.write(program, "#!/bin/sh\nexit 99\n", mode=0o755)
    smtp, qp = hand_in(town, has_auth, [program])
    line = smtp.wait(r'^qmail-filters discarded pid=%s client="127\.0\.0\.1" qp=%s from="joe@there\.example" '
                     r'program="%s"$' % (qp, qp, program)).string
    assert line in traced(town, "ann@here.example", smtpd=smtp)
    assert line in traced(town, "joe@there.example", smtpd=smtp)
    assert town.is_empty()
