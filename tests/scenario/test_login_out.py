"""Logins with other servers: qmail-secretd, control/smtpauth, control/senderroutes."""

import base64
import os
import re
import socket

import pytest

from support import peers, process, tls
from support.spawner import Spawner
from scenario.test_tls_out import begin, deliver, files, offering  # pylint: disable=unused-import

OFFER = "250-relay.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"
INSIDE = "250-relay.example\r\n250-AUTH GSSAPI PLAIN LOGIN\r\n250 PIPELINING\r\n"
PLAIN = base64.b64encode(b"\0joe\0pass:word with blanks")
ZONE = {"relay.example": {"A": ["127.0.0.2"]}, "other.example": {"A": ["127.0.0.2"]}}
LINES = "# the provider\nother.example:no:body\nrelay.example:joe:pass:word with blanks\n"


def put(place, text):
    place.write(place.path("control/smtpauth"), text, "qmailk", 0o400)


@pytest.fixture
def secretd(root_place, begin, files):
    tls.start_client(root_place, begin, files.text)
    put(root_place, LINES)
    daemon = begin([root_place.program("qmail-secretd")], cwd="/", env={"PATH": "/usr/bin:/bin"})

    def is_open():
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            return daemon.has_ended or one.connect_ex(root_place.path("secrets/door")) == 0
    process.until(is_open, "qmail-secretd")
    yield daemon
    daemon.kill()


def script(path, **more):
    return offering(path, **{"EHLO": [OFFER, INSIDE, INSIDE], "AUTH": "235 2.7.0 ok\r\n", **more})


def send(place, table, control, lines=LINES, **more):
    place.control(me="me.example\n", timeoutremote="5\n", timeoutconnect="2\n", **control)
    if lines:
        put(place, lines)
    with peers.Dns(ZONE), Spawner(place) as spawner, peers.Servers(table) as servers:
        end, text, sessions = deliver(spawner, **more)
    return end, text, sessions, servers.connections


RELAY = {"smtproutes": ":relay.example:2525\n"}


def test_plain(root_place, secretd, files):
    path = files.sign("relay.example")
    end, text, (session,), (connection,) = send(root_place, {"127.0.0.2:2525": [script(path)]}, RELAY)
    assert end == "Kw" and "250 ok" in text
    assert connection.sent.startswith(
        b"EHLO me.example\r\nSTARTTLS\r\nEHLO me.example\r\nAUTH PLAIN " + PLAIN +
        b"\r\nEHLO me.example\r\nMAIL FROM:<a@sender.example>\r\n"), connection.sent
    assert connection.server_name == "relay.example" and connection.messages_ended == 1
    assert (session["policy"], session["result"]) == ("login", "ok")


def test_login(root_place, secretd, files):
    """Where PLAIN is not offered."""
    lines = script(files.sign("relay.example"),
                   EHLO=[OFFER, "250-x\r\n250 AUTH LOGIN\r\n", INSIDE],
                   AUTH="334 VXNlcm5hbWU6\r\n")
    lines[base64.b64encode(b"joe")[:4].upper().decode()] = "334 UGFzc3dvcmQ6\r\n"
    lines[base64.b64encode(b"pass:word with blanks")[:4].upper().decode()] = "235 ok\r\n"
    end, _, _, (connection,) = send(root_place, {"127.0.0.2:2525": [lines]}, RELAY)
    assert end == "Kw"
    assert b"AUTH LOGIN\r\nam9l\r\n" + base64.b64encode(b"pass:word with blanks") + b"\r\nEHLO" in \
        connection.sent


def test_from_the_first_byte(root_place, secretd, files):
    lines = script(files.sign("relay.example"), greet="<tls>220 x\r\n", EHLO=INSIDE)
    end, _, (session,), (connection,) = send(
        root_place, {"127.0.0.2:465": [lines]}, {"smtproutes": ":relay.example:465\n"})
    assert (end, session["policy"]) == ("Kw", "login")
    assert connection.sent.startswith(b"EHLO me.example\r\nAUTH PLAIN " + PLAIN + b"\r\nEHLO ")


def test_a_server_that_is_another(root_place, secretd, files):
    """It hears nothing of the password."""
    for name in ("other.example", "mx.relay.example"):
        end, text, (session,), (connection,) = send(
            root_place, {"127.0.0.2:2525": [script(files.sign(name))]}, RELAY)
        assert end == "Z" and session["result"] == "certificate-host-mismatch"
        assert "(#4.7.5)" in text and b"AUTH" not in connection.sent


@pytest.mark.parametrize("policy", ["none", "may", "encrypt", "fingerprint " + "0" * 64])
def test_no_policy_makes_it_weaker(root_place, secretd, files, policy):
    end, _, _, (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("other.example"))]},
        {"tlspolicy": "d.example:%s\n" % policy, **RELAY})
    assert end == "Z" and b"AUTH" not in connection.sent and b"MAIL" not in connection.sent


@pytest.mark.parametrize("lines, code", [
    ({"EHLO": "250-x\r\n250 AUTH PLAIN\r\n"}, "4.7.4"),
    ({"EHLO": OFFER, "STAR": "454 no\r\n"}, "4.7.5"),
    ({"EHLO": OFFER, "STAR": "220 go\r\n<close>"}, "4.7.5")])
def test_never_in_clear(root_place, secretd, lines, code):
    end, text, _, (connection,) = send(root_place, {"127.0.0.2:2525": [lines]}, RELAY)
    assert end == "Z" and "(#%s)" % code in text
    assert b"AUTH" not in connection.sent and b"MAIL" not in connection.sent


@pytest.mark.parametrize("answer, words, result", [
    ("535 5.7.8 wrong\r\n", "535 5.7.8 wrong", "login-refused"),
    ("454 4.7.0 later\r\n", "454 4.7.0 later", "login-refused"),
    ("250 2.0.0 fine\r\n", "250 2.0.0 fine", "login-refused"),
    ("334 more\r\n", "334 more", "login-refused"),
    ("hello\r\n", "does not keep to SMTP", "login-failed"),
    ("<close>", "(#4.7.5)", "login-failed"),
    ("235 ok\r\n250 evil\r\n", "does not keep to SMTP", "login-failed")])
def test_refused(root_place, secretd, files, answer, words, result):
    """The mail waits; a password that is wrong today is no reason for a bounce."""
    end, text, (session,), (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"), AUTH=answer)]}, RELAY)
    assert end == "Z" and words in text and session["result"] == result
    assert "pass:word" not in text and b"MAIL" not in connection.sent


@pytest.mark.parametrize("said, way", [
    ("535 5.7.8 bad: AUTH PLAIN %s\r\n" % PLAIN.decode(), "PLAIN"),
    ("535-5.7.8 bad\r\n535 pass:word with blanks\r\n", "PLAIN"),
    ("500 %s?\r\n" % base64.b64encode(b"pass:word with blanks").decode(), "LOGIN")], ids=range(3))
def test_a_server_that_repeats_the_password(root_place, secretd, files, said, way):
    """That goes to no log and no bounce."""
    lines = script(files.sign("relay.example"))
    if way == "LOGIN":
        lines.update({"EHLO": [OFFER, "250-x\r\n250 AUTH LOGIN\r\n", INSIDE], "AUTH": "334 x\r\n",
                      base64.b64encode(b"joe")[:4].upper().decode(): "334 y\r\n",
                      base64.b64encode(b"pass:word with blanks")[:4].upper().decode(): said})
    else:
        lines.update({"EHLO": [OFFER, INSIDE, INSIDE], "AUTH": said})
    end, text, (session,), _ = send(root_place, {"127.0.0.2:2525": [lines]}, RELAY)
    assert end == "Z" and session["result"] == "login-refused"
    assert "Remote host said: %s (and the password)" % said[:3] in text
    assert "word with" not in text and PLAIN[8:].decode() not in text


def test_it_is_not_offered(root_place, secretd, files):
    end, text, (session,), _ = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"),
                                               EHLO=[OFFER, "250-x\r\n250 AUTH CRAM-MD5\r\n"])]}, RELAY)
    assert end == "Z" and "neither AUTH PLAIN nor AUTH LOGIN" in text
    assert session["result"] == "login-failed"


def test_a_relay_without_a_login(root_place, secretd, files):
    end, _, (session,), (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, RELAY,
        "third.example:no:body\n")
    assert (end, session["policy"]) == ("Kw", "may") and b"AUTH" not in connection.sent


def test_without_a_file(root_place, secretd, files):
    assert send(root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, RELAY,
                None)[0] == "Kw"


@pytest.mark.parametrize("lines, wanted", [(LINES, "Z"), (None, "Kw")])
def test_a_service_that_never_was(root_place, secretd, files, lines, wanted):
    """Where there are logins, mail does not go without one."""
    secretd.kill()
    os.unlink(root_place.path("secrets/door"))
    end, words, _, (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, RELAY, lines)
    assert end == wanted and ("qmail-secretd does not answer" in words) == (wanted == "Z")
    assert (b"MAIL" in connection.sent) == (wanted == "Kw")


@pytest.mark.parametrize("text", ["relay.example\n", "relay.example:joe\n", ":joe:word\n",
                                  "relay.example::word\n", "relay.example:joe:" + "x" * 1001 + "\n"],
                         ids=range(5))
def test_a_file_that_says_nothing(root_place, secretd, files, text):
    end, words, _, (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, RELAY, "# logins\n\n" + text)
    assert end == "Z" and "qmail-secretd does not answer" in words
    assert b"MAIL" not in connection.sent
    secretd.wait("control/smtpauth: line 3: ")


def test_not_by_mx(root_place, secretd, files):
    """A login is for a relay that the administrator has named."""
    zone = {"d.example": {"MX": ["1 mx.example"]}, "mx.example": {"A": ["127.0.0.2"]}}
    root_place.control(me="me.example\n")
    put(root_place, "d.example:joe:word\nmx.example:joe:word\n")
    with peers.Dns(zone), Spawner(root_place) as spawner, \
            peers.Servers({"127.0.0.2:25": [script(files.sign("mx.example"))]}) as servers:
        assert deliver(spawner)[0] == "Kw"
    assert b"AUTH" not in servers.connections[0].sent


def test_it_has_died(root_place, secretd, files):
    secretd.kill()
    end, text, _, (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, RELAY)
    assert end == "Z" and "qmail-secretd does not answer" in text
    assert b"MAIL" not in connection.sent


# ---- by the sender

def test_routes_by_the_sender(root_place, secretd, files):
    """And logins by it."""
    lines = "s.example@relay.example:sam:word\n" + LINES
    table = {"127.0.0.2:2525": [script(files.sign("relay.example"))], "127.0.0.3:25": [{}]}
    control = {"senderroutes": "s.example:relay.example:2525\n.s.example:127.0.0.3\nx.example:\n",
               "smtproutes": ":127.0.0.3\n"}
    for sender, where, word in (
            ("a@s.example", "127.0.0.2:2525", b"\0sam\0word"), ("a@S.example", "127.0.0.2:2525", b"\0sam\0word"),
            ("a@b.s.example", "127.0.0.3:25", None), ("a@x.example", "127.0.0.3:25", None),
            ("", "127.0.0.3:25", None)):
        end, _, _, (connection,) = send(root_place, table, control, lines, sender=sender)
        assert end == "Kw" and connection.where == where, sender
        assert (b"AUTH PLAIN " + base64.b64encode(word or b"") in connection.sent) == (word is not None)
    end, _, _, (connection,) = send(
        root_place, table, {"smtproutes": ":relay.example:2525\n"}, lines, sender="a@z.example")
    assert PLAIN in connection.sent


# ---- walls

def children(daemon):
    pid = getattr(daemon, "pid", None) or daemon.child.pid
    with open("/proc/%d/task/%d/children" % (pid, pid)) as source:
        return [int(word) for word in source.read().split()]


def test_the_process_that_knows(root_place, secretd, files):
    """One password is in one process, which can open nothing; no other has it."""
    root_place.control(me="me.example\n", **RELAY)
    put(root_place, LINES)
    lines = script(files.sign("relay.example"), AUTH="<wait 2>235 ok\r\n")
    with peers.Dns(ZONE), Spawner(root_place) as spawner, \
            peers.Servers({"127.0.0.2:2525": [lines]}) as servers:
        spawner.give("u@d.example")
        process.until(lambda: servers.connections and b"AUTH" in servers.connections[0].sent, "AUTH")
        pid, = children(secretd)
        with open("/proc/%d/limits" % pid) as limits, open("/proc/%d/status" % pid) as status:
            text, ids = limits.read(), status.read()
        memory = process.memory_of(pid)
        others = [process.memory_of(one) for one in
                  [secretd.pid, spawner.child.pid, *children(spawner)] if one != pid]
        owner = os.stat("/proc/%d/limits" % pid).st_uid
        assert spawner.wait(1)[0][0] == "K"
    assert re.search("Max open files +4 +4 ", text) and re.search("Max processes +0 +0 ", text)
    assert "Uid:\t%d" % root_place.ids("qmailk")[0] in ids
    assert owner == 0  # others of its user cannot look into it
    assert b"pass:word with blanks" in memory
    assert b"no:body" not in memory
    assert PLAIN[4:] not in memory
    for one in others:
        assert b"pass:word" not in one and PLAIN[4:] not in one



def test_who_may_read_and_ask(root_place, secretd):
    """The password is qmailk's; who asks gets no word of it."""
    st = os.stat(root_place.path("secrets"))
    assert st.st_mode & 0o007 == 0 and st.st_gid == root_place.ids("qmailr")[1]
    near, far = socket.socketpair()
    with near, far, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(20)
        door.connect(root_place.path("secrets/door"))
        door.send(b"Qrelay.example\0s.example\0")
        assert door.recv(100) == b"y"
        # To us, who are no relay: no TLS, no password.
        near.settimeout(20)
        socket.send_fds(door, [b"Lme.example\0"], [far.fileno()])
        assert near.recv(1000)[:1] == b"\x16"  # a handshake begins
        near.sendall(b"220 go on, in clear text\r\n")
        assert door.recv(1000)[:1] == b"T"


HIJACKED = [
    b"", b" ", b"x y", b"x\t", b"x\r", b"x\n", b"x\x7f", b"x\r\nMAIL FROM:<>", b"[x\r\n]", b"[192.0.2.1",
    b"m\xc3\xa9.example"]


@pytest.mark.parametrize("letter", [b"L", b"I"])
@pytest.mark.parametrize("helo", HIJACKED, ids=range(len(HIJACKED)))
def test_no_commands_of_who_asks(root_place, secretd, letter, helo):
    """They would stand before the login, which the server could take for a line of his mail: not a byte of it
    goes out."""
    near, far = socket.socketpair()
    with near, far, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(20)
        door.connect(root_place.path("secrets/door"))
        door.send(b"Qrelay.example\0s.example\0")
        assert door.recv(100) == b"y"
        socket.send_fds(door, [letter + helo + b"\0"], [far.fileno()])
        assert door.recv(1000) == b"Bthe name for EHLO is not that of a host"
        far.close()
        near.settimeout(20)
        assert near.recv(1000) == b""


@pytest.mark.parametrize("name", ["me.example", "my_host", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_names_for_ehlo(root_place, secretd, files, name):
    end, text, _, (connection,) = send(
        root_place, {"127.0.0.2:2525": [script(files.sign("relay.example"))]}, {"helohost": name + "\n", **RELAY})
    assert end == "Kw", text
    assert b"EHLO " + name.encode() + b"\r\nAUTH PLAIN " + PLAIN in connection.sent


@pytest.mark.parametrize("lines", [
    {"greet": "<tls>220 x\r\n250 evil\r\n"},
    {"EHLO": INSIDE + "250 evil\r\n"},
    {"EHLO": "250-x\r\n250 AUTH LOGIN\r\n", "AUTH": "334 x\r\n334 y\r\n"}],
    ids=["greeting", "EHLO", "LOGIN"])
def test_a_server_that_answers_too_much(root_place, secretd, files, lines):
    """Something is amiss between it and us: it is told no more, least of all the password."""
    lines = {"greet": "<tls>220 x\r\n", "EHLO": INSIDE, **lines}
    table = {"127.0.0.2:465": [script(files.sign("relay.example"), **lines)]}
    end, text, (session,), (connection,) = send(root_place, table, {"smtproutes": ":relay.example:465\n"})
    assert end == "Z" and "does not keep to SMTP" in text and session["result"] == "login-failed"
    assert PLAIN not in connection.sent and base64.b64encode(b"joe") not in connection.sent


@pytest.mark.parametrize("record", [b"Q", b"Qa", b"Qa\0", b"Qa\0b", b"Qa\0b\0c\0", b"X\0", b"Lx\0",
                                    b"Q" + b"a" * 16383], ids=range(8))
def test_records_of_a_stranger(root_place, secretd, record):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(20)
        door.connect(root_place.path("secrets/door"))
        door.send(record)
        assert door.recv(100) == b""
