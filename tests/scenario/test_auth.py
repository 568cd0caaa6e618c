"""AUTH: who sends mail through qmail-smtpd says who he is."""

import base64
import os
import re
import smtplib
import socket
import subprocess
import time

import pytest

from support import login, pop, process, tls

MESSAGE = "From: ann@here.example\r\nSubject: a letter\r\n\r\nhello\r\n"


def coded(*fields):
    return base64.b64encode("\0".join(fields).encode("latin-1")).decode()


RIGHT = coded("", "ann", pop.PASSWORD)
WRONG = coded("", "ann", "wrong")


@pytest.fixture
def authd(town, needs):
    needs("tcpserver", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    return login.start(town)


@pytest.fixture
def smtp(town, authd):
    """AUTH is offered on port 587, behind STARTTLS or to this machine itself."""
    town.open()
    tls.start(town)
    return tls.serve(town, 587, "qmail-smtpd", SMTPAUTH="")


class Client(tls.Smtp):
    """From an address that is not this machine's own."""

    def __init__(self, port=587, address="127.0.0.1", **more):
        self.address = address
        super().__init__(port, **more)

    def _get_socket(self, host, port, timeout):
        return socket.create_connection((self.address, port), timeout)

    def mechanisms(self):
        self.ehlo()
        return self.esmtp_features.get("auth", "")


@pytest.fixture
def far(town, authd, needs):
    """A service on another address of this machine, whose clients come from it."""
    needs("ip")
    words = ["ip", "address", "%s", "192.0.2.77/32", "dev", "lo"]
    subprocess.run([word.replace("%s", "add") for word in words], check=True)
    town.open()
    tls.start(town)

    def serve(port=587, offer="", **environment):
        uid, gid = town.place.ids("qmaild")
        return town.begin(
            ["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "192.0.2.77", str(port),
             "qmail-smtpd"],
            env={"PATH": town.place.path("bin") + ":/usr/bin:/bin", "UCSPITLS": offer,
                 **environment})

    def connect(port=587):
        town.until(lambda: socket.socket().connect_ex(("192.0.2.77", port)) == 0, "the service")
        return Client(port, address="192.0.2.77")
    yield serve, connect
    subprocess.run([word.replace("%s", "del") for word in words], check=True)


def refuses_relaying(client):
    assert client.docmd("MAIL FROM:<ann@here.example>")[0] == 250
    code, _ = client.docmd("RCPT TO:<joe@there.example>")
    assert client.docmd("RSET")[0] == 250
    return code == 553


# ---- those who may

@pytest.mark.parametrize("how", ["PLAIN initial", "PLAIN", "LOGIN", "LOGIN initial", "plain authorize"])
def test_log_in(town, smtp, authd, how):
    with Client() as client:
        client.begin()
        assert client.mechanisms() == " PLAIN LOGIN"
        assert refuses_relaying(client)
        if how == "PLAIN initial":
            replies = [client.docmd("AUTH PLAIN " + RIGHT)]
        elif how == "PLAIN":
            replies = [client.docmd("AUTH PLAIN"), client.docmd(RIGHT)]
        elif how == "LOGIN":
            replies = [client.docmd("AUTH LOGIN"), client.docmd(coded("ann")),
                       client.docmd(coded(pop.PASSWORD))]
        elif how == "LOGIN initial":
            replies = [client.docmd("AUTH LOGIN " + coded("ann")), client.docmd(coded(pop.PASSWORD))]
        else:
            replies = [client.docmd("auth plain " + coded("ann", "ann", pop.PASSWORD))]
        assert replies[-1] == (235, b"2.7.0 welcome")
        assert all(code == 334 for code, _ in replies[:-1])
        if how == "LOGIN":
            assert [words for _, words in replies[:-1]] == [b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"]
        assert not refuses_relaying(client)
        client.sendmail("ann@here.example", ["bob@here.example"], MESSAGE)
    assert re.match(r"(?:.*\n)*Received: from unknown \(HELO client.example\) \(ann@127.0.0.1\)\n"
                    r"  by \S+ with ESMTPSA \(TLSv1", town.letter("bob", "hello"))
    smtp.wait(r'^smtpd accepted pid=\d+ client="127.0.0.1" helo="client.example" login="ann" from=')
    authd.wait('^authd accepted .* user="ann" service="smtp"$')


def test_this_machine_needs_no_tls(town, smtp):
    with Client() as client:
        assert client.mechanisms() == " PLAIN LOGIN"
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], MESSAGE)
    assert " with ESMTPA; " in town.letter("bob", "hello")


def test_others_need_it(far):
    serve, connect = far
    serve(SMTPAUTH="")
    with connect() as client:
        assert client.mechanisms() == ""
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 538
        assert refuses_relaying(client)
        client.begin()
        assert client.mechanisms() == " PLAIN LOGIN"
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 235
        assert client.mechanisms() == ""
        assert not refuses_relaying(client)


@pytest.mark.parametrize("value", [None, "-"])
def test_not_offered(town, authd, value):
    tls.start(town)
    tls.serve(town, 587, "qmail-smtpd", **({"SMTPAUTH": value} if value else {}))
    with Client() as client:
        client.begin()
        assert client.mechanisms() == ""
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 502


def test_port_25(town, authd):
    """Not among mail servers, unless that is wanted."""
    tls.start(town)
    tls.serve(town, 25, "qmail-smtpd", SMTPAUTH="")
    for value, offered in ((None, ""), ("off", ""), ("on", " PLAIN LOGIN")):
        if value:
            login.set_controls(town, auth25=value)
        with Client(25) as client:
            assert client.mechanisms() == offered
            assert client.docmd("AUTH PLAIN " + RIGHT)[0] == (235 if offered else 502)


def test_required(town, authd):
    tls.start(town)
    town.open()
    tls.serve(town, 587, "qmail-smtpd", offer="!", SMTPAUTH="!")
    with Client() as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<ann@here.example>") == (530, b"5.7.0 STARTTLS comes first")
        client.begin()
        for command in ("MAIL FROM:<ann@here.example>", "VRFY ann", "DATA", "BDAT 0 LAST"):
            assert client.docmd(command) == (530, b"5.7.0 AUTH comes first")
        assert client.docmd("NOOP")[0] == 250
        client.ehlo()
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], MESSAGE)
    town.letter("bob", "hello")


def test_hidden_client(town, smtp):
    login.set_controls(town, hideclient="on")
    with Client() as client:
        client.begin()
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    assert "Received: from unknown (HELO client.example) (127.0.0.1)\n" in town.letter("ann", "hello")
    with Client() as client:
        client.begin()
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], MESSAGE)
    text = town.letter("bob", "hello")
    assert re.search(r"^Received: by \S+ with ESMTPSA \(TLS", text, re.M)
    assert "client.example" not in text and "(ann@" not in text


def test_what_a_filter_sees(town, authd):
    """A program in the place of qmail-queue knows who it is."""
    out = town.place.base + "/seen"
    subprocess.run(["install", "-m", "666", "/dev/null", out], check=True)
    queue = login.script(town, "env >> %s\nexec %s" % (out, town.place.program("qmail-queue")), "filter")
    town.open()
    tls.start(town)
    tls.serve(town, 587, "qmail-smtpd", SMTPAUTH="", QMAILQUEUE=queue)

    def seen():
        with open(out) as source:
            lines = source.read().splitlines()
        with open(out, "w"):
            pass
        return {re.sub("(CIPHER=TLS_).*", r"\1", line) for line in lines
                if line.startswith(("RELAYCLIENT", "TCPREMOTEINFO", "SSL_"))}
    tls_facts = {"SSL_PROTOCOL=TLSv1.3", "SSL_CIPHER=TLS_"}
    with Client() as client:
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
        assert seen() == set()
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], MESSAGE)
        assert seen() == {"RELAYCLIENT=", "TCPREMOTEINFO=ann"}
        client.begin()
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
        assert seen() == tls_facts
        client.login("bob", pop.PASSWORD)
        client.sendmail("bob@here.example", ["ann@here.example"], MESSAGE)
        assert seen() == tls_facts | {"RELAYCLIENT=", "TCPREMOTEINFO=bob"}


def test_what_a_filter_sees_of_a_proxy(town, authd):
    """What the proxy may is none of its client's."""
    out = town.place.base + "/seen"
    subprocess.run(["install", "-m", "666", "/dev/null", out], check=True)
    queue = login.script(town, "env >> %s\nexec %s" % (out, town.place.program("qmail-queue")), "filter")
    login.set_controls(town, xclient="127.0.0.1")
    town.open()
    tls.start(town)
    tls.serve(town, 587, "qmail-smtpd", SMTPAUTH="", RELAYCLIENT="", QMAILQUEUE=queue)
    with Client() as client:
        for relays in (True, False):
            client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
            with open(out) as source:
                assert ("RELAYCLIENT=\n" in source.readlines()) == relays
            subprocess.run(["truncate", "-s", "0", out], check=True)
            assert client.docmd("XCLIENT ADDR=192.0.2.1")[0] == 220


def test_starttls_forgets(town, smtp):
    with Client() as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 235
        assert not refuses_relaying(client)
        client.begin()
        client.ehlo()
        assert refuses_relaying(client)
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 235


def test_a_proxy_names_another(town, smtp):
    login.set_controls(town, xclient="127.0.0.1")
    with Client() as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 235
        assert client.docmd("XCLIENT ADDR=192.0.2.1")[0] == 220
        assert client.mechanisms() == ""
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 538
        assert refuses_relaying(client)


# ---- those who may not

def test_wrong_password(smtp, authd):
    with Client() as client:
        client.ehlo()
        assert client.docmd("AUTH PLAIN " + WRONG) == (535, b"5.7.8 wrong name or password")
        assert refuses_relaying(client)
        assert client.docmd("AUTH LOGIN " + coded("ann"))[0] == 334
        assert client.docmd(coded("wrong"))[0] == 535
        assert client.docmd("AUTH PLAIN " + coded("bob", "ann", pop.PASSWORD))[0] == 535
        # Behind the third there is only the end.
        assert client.docmd("NOOP")[0] == 421
    smtp.wait("^smtpd closed .* end=logins$")
    authd.wait('^authd refused .* client="127.0.0.1" user="ann" service="smtp"', count=2)


@pytest.mark.parametrize("fields", [
    ("", "", "x"), ("", "a\nb", "x"), ("", "ann\r", "x"), ("", "ann", "a\0b"), ("", "a" * 500, "b" * 20),
    ("", "ann", "x" * 5000)], ids=range(6))
def test_nobody_is_asked(smtp, authd, fields):
    with Client() as client:
        client.ehlo()
        client.docmd("AUTH PLAIN")
        assert client.docmd(coded(*fields))[0] == 535
        assert refuses_relaying(client)
    assert not [line for line in authd.lines if line.startswith("authd ")]


@pytest.mark.parametrize("lines, code", [
    (["AUTH"], b"504 5.5.4 "), (["AUTH CRAM-MD5"], b"504 5.5.4 "), (["AUTH PLAINER x"], b"504 5.5.4 "),
    (["AUTH PLAIN *"], b"501 5.5.2 "), (["AUTH PLAIN", "*"], b"501 5.7.0 "),
    (["AUTH LOGIN", "*"], b"501 5.7.0 "), (["AUTH LOGIN", coded("ann"), "*"], b"501 5.7.0 "),
    (["AUTH PLAIN =" ], b"501 5.5.2 "), (["AUTH PLAIN", ""], b"501 5.5.2 "),
    (["AUTH PLAIN " + coded("ann")], b"501 5.5.2 "), (["AUTH PLAIN " + coded("", "ann")], b"501 5.5.2 "),
    (["AUTH PLAIN " + RIGHT[:-1]], b"501 5.5.2 "), (["AUTH PLAIN " + RIGHT + " x"], b"501 5.5.2 "),
    (["AUTH PLAIN " + RIGHT[:8] + " " + RIGHT[8:]], b"501 5.5.2 "),
    (["AUTH PLAIN", RIGHT.replace("A", "\0", 1)], b"501 5.5.2 "),
    (["AUTH PLAIN", "A" * 12288], b"535 5.7.8 "), (["AUTH PLAIN", "A" * 12289], b"500 5.5.6 "),
    (["AUTH PLAIN", "A" * 100000], b"500 5.5.6 "), (["AUTH PLAIN " + "A" * 8000], b"500 5.5.6 "),
], ids=range(19))
def test_broken(smtp, lines, code):
    """And then it goes on."""
    with socket.create_connection((tls.ADDRESS, 587)) as sock, sock.makefile("rb") as replies:
        replies.readline()
        for number, line in enumerate(lines):
            sock.sendall(line.encode() + b"\r\n")
            reply = replies.readline()
            assert reply.startswith(b"334 " if number < len(lines) - 1 else code), reply
        sock.sendall(b"AUTH PLAIN " + RIGHT.encode() + b"\r\nNOOP\r\n")
        assert replies.readline().startswith(b"235 ")
        assert replies.readline().startswith(b"250 ")


def test_wrong_moments(smtp):
    with Client() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<ann@here.example>")
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 503
        client.docmd("RSET")
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 235
        assert client.docmd("AUTH PLAIN " + RIGHT)[0] == 503


def test_nobody_can_tell(town, smtp, authd):
    authd.kill()
    with Client() as client:
        client.ehlo()
        for _ in range(3):
            code, words = client.docmd("AUTH PLAIN " + RIGHT)
            assert code == 454 and words.startswith(b"4.7.0 ")
        assert client.docmd("NOOP")[0] == 421
    with Client() as client:
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    town.letter("ann", "hello")


def test_it_dies_while_asked(town, needs):
    needs("tcpserver")
    daemon = login.start(town, login.script(town, "sleep 1000"), "true")
    tls.serve(town, 587, "qmail-smtpd", offer=None, SMTPAUTH="")
    with Client() as client:
        client.ehlo()
        client.send("AUTH PLAIN " + RIGHT + "\r\n")
        town.until(lambda: len(process.session_members(daemon.pid)) > 1, "the check")
        daemon.kill()
        assert client.getreply()[0] == 454


def test_too_many_tries(town, smtp, authd):
    login.set_controls(town, freelogins="1")
    os.kill(authd.pid, 1)
    codes, socks = [], []
    for _ in range(3):
        with Client() as client:
            client.ehlo()
            for _ in range(2):
                codes.append(client.docmd("AUTH PLAIN " + WRONG)[0])
        if 454 in codes:
            break
        for _ in range(12):  # these stand in line before
            socks.append(login.door(town))
            socks[-1].send(login.question("ann", "x"))
    assert set(codes) == {535, 454}, codes
    for sock in socks:
        sock.close()


def test_a_client_that_goes(town, smtp):
    for lines in ("AUTH PLAIN\r\n", "AUTH LOGIN\r\n" + coded("ann") + "\r\n", "AUTH PLAIN " + RIGHT[:9],
                  "AUTH PLAIN " + RIGHT + "\r\n"):
        with socket.create_connection((tls.ADDRESS, 587)) as sock:
            sock.sendall(lines.encode())
            sock.recv(10)
    town.until(lambda: not tls.sessions(town, "qmail-smtpd"), "the end of the sessions")
    smtp.wait("^smtpd closed .* end=gone", count=4)


# ---- memory

@pytest.mark.parametrize("password", ["right", "wrong"])
def test_nobody_keeps_the_password(town, needs, password):
    """However it came: in pieces, with more behind it, over TLS."""
    needs("tcpserver", "openssl")
    authd = login.start(town, login.script(town, 'tr "\\0" : <&3 | grep -q "^ann:the-right-secret-1234567:"'),
                        "true", freelogins="0")
    town.open()
    tls.start(town)
    tls.serve(town, 587, "qmail-smtpd", SMTPAUTH="")
    secret = "the-%s-secret-1234567" % password
    code = coded("", "ann", secret)
    with Client() as client, Client() as other:
        client.begin()
        client.ehlo()
        client.docmd("AUTH PLAIN " + code)
        other.ehlo()
        for part in ("NOOP " + "x" * 3000 + "\r\nAUTH PLAIN\r\n", "\r\n"):
            other.send(part)
        for expected in (250, 334, 501):
            assert other.getreply()[0] == expected
        for part in ("AUTH LOGIN " + coded("ann") + "\r\n", coded(secret)[:9], coded(secret)[9:] + "\r\nNOOP\r\n"):
            other.send(part)
            time.sleep(0.05)
        assert other.getreply()[0] == 334
        assert other.getreply()[0] == (235 if password == "right" else 535)
        assert other.getreply()[0] == 250
        town.until(lambda: len(tls.sessions(town, "qmail-smtpd")) == 2, "others to end")
        sessions = tls.sessions(town, "qmail-smtpd")
        tunnels = tls.sessions(town, "qmail-tlsd")
        assert tunnels
        for pid in tunnels + sessions + [authd.pid, town.daemon.pid] + \
                sum(town.daemons().values(), []):
            memory = process.memory_of(pid)
            assert len(memory) > 1000
            for text in (secret, code, coded(secret)):
                # Not even a good part of it.
                assert text[3:19].encode() not in memory, (pid in sessions, text)


# ---- mail programs of people

def test_swaks(town, smtp, needs):
    needs("swaks")
    for mechanism in ("PLAIN", "LOGIN"):
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", "587", "-tls", "--auth", mechanism,
             "--auth-user", "ann", "--auth-password", pop.PASSWORD, "--from", "ann@here.example",
             "--to", "bob@here.example", "--body", "by swaks " + mechanism],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if "TLS not available" in done.stdout:
            pytest.skip("swaks has no TLS")
        assert done.returncode == 0, done.stdout
        town.letter("bob", "by swaks " + mechanism)


def test_msmtp(town, smtp, needs):
    needs("msmtp")
    done = town.run_as(
        "bob", ["msmtp", "--host=127.0.0.1", "--port=587", "--auth=plain", "--user=ann", "--tls=on",
                "--tls-certcheck=off", "--passwordeval=echo " + pop.PASSWORD,
                "--from=ann@here.example", "bob@here.example"], "Subject: x\n\nby msmtp\n")
    assert done.returncode == 0
    assert "with ESMTPSA" in town.letter("bob", "by msmtp")


def test_curl(town, smtp, needs):
    needs("curl")
    for way in ([], ["--sasl-ir"]):
        done = town.run_as(
            "bob", ["curl", "-sS", "--crlf", "-k", "--ssl-reqd", "smtp://127.0.0.1:587", "-u", "ann:" + pop.PASSWORD,
                    "--mail-from", "ann@here.example", "--mail-rcpt", "bob@here.example", "-T", "-", *way],
            "Subject: x\n\nby curl %s\n" % way)
        assert done.returncode == 0
        town.letter("bob", "by curl %s" % way)
    done = town.run_as("bob", ["curl", "-sS", "--crlf", "-k", "--ssl-reqd", "smtp://127.0.0.1:587", "-u", "ann:no",
                               "--mail-from", "ann@here.example", "--mail-rcpt", "bob@here.example",
                               "-T", "-"], "x\n", check=False)
    assert done.returncode == 67, done.stdout
