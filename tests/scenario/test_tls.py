"""TLS for those who come in: STARTTLS, STLS, and from the first byte."""

import contextlib
import os
import poplib
import re
import signal
import smtplib
import socket
import ssl
import struct
import subprocess

import pytest

from support import build, pop, process, tls

MESSAGE = "Subject: a letter\r\n\r\nhello\r\n"
GONE = (smtplib.SMTPServerDisconnected, ConnectionError, ssl.SSLError)


@pytest.fixture
def tlsd(town, needs):
    needs("tcpserver", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    return tls.start(town)


@pytest.fixture
def smtp(town, tlsd):
    """STARTTLS is offered on port 25."""
    town.open()
    return tls.serve(town, 25, "qmail-smtpd")


def ehlo(client):
    code, _ = client.ehlo()
    assert code == 250
    return set(client.esmtp_features)


# ---- STARTTLS

def test_a_letter_over_tls(town, smtp):
    with tls.Smtp() as client:
        assert "starttls" in ehlo(client)
        client.begin()
        assert "starttls" not in ehlo(client)
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    text = town.letter("ann", "hello")
    assert re.search(r"\n  by \S+ with ESMTPS \(TLSv1\.3 TLS_[A-Z0-9_]+\); ", text)


def test_clear_text_as_ever(town, smtp):
    with tls.Smtp() as client:
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    assert " with ESMTP; " in town.letter("ann", "hello")


@pytest.mark.parametrize("offer", [None, "-"])
def test_not_offered(town, tlsd, offer):
    town.open()
    tls.serve(town, 25, "qmail-smtpd", offer=offer)
    with tls.Smtp() as client:
        assert "starttls" not in ehlo(client)
        assert client.docmd("STARTTLS")[0] == 502


def test_required(town, tlsd):
    town.open()
    tls.serve(town, 25, "qmail-smtpd", offer="!")
    with tls.Smtp() as client:
        ehlo(client)
        assert client.docmd("MAIL FROM:<joe@there.example>") == (530, b"5.7.0 STARTTLS comes first")
        assert client.docmd("VRFY ann")[0] == 530
        assert client.docmd("NOOP")[0] == 250
        client.begin()
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    assert "with ESMTPS" in town.letter("ann", "hello")


def test_nobody_speaks_tls(town, smtp, tlsd):
    """The client may go on in clear text."""
    tlsd.kill()
    with tls.Smtp() as client:
        ehlo(client)
        code, words = client.docmd("STARTTLS")
        assert code == 454 and words.startswith(b"4.7.0 ")
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    town.letter("ann", "hello")


def server_hello():
    """What a server answers to a client: its random bytes, and the key that it made."""
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.context().wrap_bio(near, far)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220 ")
        sock.sendall(far.read())
        kind, _, size = struct.unpack("!BHH", lines.read(5))
        assert kind == 22
        hello = lines.read(size)
    assert hello[0] == 2
    return hello[6:38], hello[-32:]


def test_sessions_share_no_secrets(smtp):
    """They are copies of one process, at the same moment of its life."""
    randoms, keys = zip(*(server_hello() for _ in range(10)))
    assert len(set(randoms)) == 10 and len(set(keys)) == 10


def test_all_is_forgotten(town, smtp):
    with tls.Smtp() as client:
        ehlo(client)
        assert client.docmd("MAIL FROM:<joe@there.example>")[0] == 250
        assert client.docmd("RCPT TO:<ann@here.example>")[0] == 250
        client.begin()
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("RCPT TO:<ann@here.example>")[0] == 503
        client.ehlo_resp = None
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    assert "from unknown (HELO client.example) (127.0.0.1)" in town.letter("ann", "hello")


def test_helo_is_forgotten(town, smtp):
    with tls.Smtp() as client:
        ehlo(client)
        client.begin()
        for line in ("MAIL FROM:<joe@there.example>", "RCPT TO:<ann@here.example>"):
            assert client.docmd(line)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(MESSAGE + ".\r\n")
        assert client.getreply()[0] == 250
    assert "HELO" not in town.letter("ann", "hello")


def test_wrong_moments(smtp):
    with tls.Smtp() as client:
        ehlo(client)
        assert client.docmd("STARTTLS now")[0] == 501
        client.begin()
        ehlo(client)
        assert client.docmd("STARTTLS")[0] == 503


def test_commands_behind_starttls(town, smtp):
    """What somebody on the way has put there is not done, in TLS or without."""
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\nNOOP\r\n")
        assert lines.readline().startswith(b"501 5.5.1 ")
        assert lines.readline().startswith(b"250 ")
        sock.sendall(b"QUIT\r\n")
        assert lines.readline().startswith(b"221 ")


def test_commands_that_follow_before_the_handshake(town, smtp, tlsd):
    """They are taken for a handshake, and that is the end."""
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220 ")
        sock.sendall(b"MAIL FROM:<joe@there.example>\r\n")
        rest = lines.read()
    assert b"250" not in rest
    tlsd.wait(r'^tlsd failed pid=\d+ client="127\.0\.0\.1" reason="')
    smtp.wait("^smtpd closed .* end=handshake$")


@pytest.mark.parametrize("hello", [b"", b"\x16", b"\x16\x03\x01\x40\x00" + bytes(16), bytes(70000)],
                         ids=["none", "a byte", "half", "zeros"])
def test_no_handshake(smtp, tlsd, hello):
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220 ")
        try:
            sock.sendall(hello)
            sock.shutdown(socket.SHUT_WR)
            lines.read()
        except ConnectionError:
            pass
    tlsd.wait(r"^tlsd failed pid=\d+ ")
    smtp.wait("^smtpd closed .* end=handshake$")


def test_a_hello_in_very_small_records(smtp, tlsd):
    """It costs more than it may."""
    hello = b"\x01\x01\xff\xff" + bytes(0x1ffff)
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220 ")
        try:
            sock.sendall(b"".join(b"\x16\x03\x01\0\1%c" % byte for byte in hello))
        except ConnectionError:
            pass
    tlsd.wait('^tlsd failed pid=.* reason="too much"$')


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions(smtp):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with tls.Smtp() as client, pytest.raises(GONE):
            client.begin(oldest=version, newest=version, ciphers="ALL:@SECLEVEL=0")
    with tls.Smtp() as client:
        client.begin(newest=ssl.TLSVersion.TLSv1_2)
        assert client.sock.version() == "TLSv1.2"


def test_a_large_letter_both_ways(town, smtp):
    """Through all buffers, and the replies of many commands at once."""
    body = "".join("%09d%s\r\n" % (n, "x" * 60) for n in range(60000))
    with tls.Smtp() as client:
        client.begin()
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE + body)
        client.send("NOOP\r\n" * 20000)
        for _ in range(20000):
            assert client.getreply()[0] == 250
    assert body.replace("\r\n", "\n") in town.letter("ann", "hello")


@pytest.mark.parametrize("who", ["program", "tunnel"])
def test_killed_in_the_middle(town, smtp, who):
    """No message, and no process is left."""
    with tls.Smtp() as client:
        client.begin()
        client.ehlo()
        client.mail("joe@there.example")
        client.rcpt("ann@here.example")
        assert client.docmd("DATA")[0] == 354
        client.send(MESSAGE)
        name = {"program": "qmail-smtpd", "tunnel": "qmail-tlsd"}[who]
        process.kill(tls.sessions(town, name))
        with pytest.raises(GONE):
            client.send(".\r\n")
            client.getreply()
    town.until(lambda: not tls.sessions(town, "qmail-tlsd"), "the tunnel to end")
    town.until(lambda: not tls.sessions(town, "qmail-smtpd"), "the session to end")
    assert not town.mail("ann") and not town.place.queue_files()["todo"]


# ---- certificates

def shown(name=None, **more):
    with tls.Smtp() as client:
        client._host = name or tls.ADDRESS
        client.begin(**more)
        return tls.shown_name(client.sock)


def test_the_name_that_the_client_wants(town, smtp, tlsd):
    for name in ("one.example", "*.two.example"):
        tls.put(town.place, tls.certificate(town.place.base, name), "tlscerts/%s.pem" % name)
    os.kill(tlsd.pid, signal.SIGHUP)
    town.until(lambda: shown("one.example") == "one.example", "the other certificate")
    assert shown("ONE.example") == "one.example"
    assert shown("www.two.example") == "*.two.example"
    for name in ("two.example", "a.b.two.example", "other.example", None):
        assert shown(name) == "mx.here.example"


def test_both_kinds_of_keys(town, needs):
    needs("tcpserver", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    tls.start(town, tls.certificate(town.place.base, "rsa.example", "rsa") +
              tls.certificate(town.place.base, "ec.example"))
    tls.serve(town, 25, "qmail-smtpd")
    for kind, name in (("aRSA", "rsa.example"), ("aECDSA", "ec.example")):
        assert shown(newest=ssl.TLSVersion.TLSv1_2, ciphers=kind) == name


def test_new_certificates_without_a_restart(town, smtp, tlsd):
    """Also without a signal; a session that is open goes on."""
    with tls.Smtp() as client:
        client.begin()
        tls.put(town.place, tls.certificate(town.place.base, "new.example"))
        town.until(lambda: shown() == "new.example", "the new certificate", 40)
        town.until(lambda: len(process.session_members(tlsd.pid)) == 3,
                   "one to serve, and this session")
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    town.letter("ann", "hello")


@pytest.mark.parametrize("text, words", [
    ("", "there is no private key"), ("nonsense\n", "there is no private key"),
    ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
     "a key is encrypted")])
def test_a_broken_file_changes_nothing(town, smtp, tlsd, text, words):
    tls.put(town.place, text)
    os.kill(tlsd.pid, signal.SIGHUP)
    tlsd.wait("^qmail-tlsd: control/servercert.pem: " + words)
    assert shown() == "mx.here.example"


def test_a_broken_file_for_one_host(town, smtp, tlsd):
    """It has what it had, also when the server dies; after a restart the others are there."""
    tls.put(town.place, tls.certificate(town.place.base, "a.example"), "tlscerts/a.example.pem")
    os.kill(tlsd.pid, signal.SIGHUP)
    town.until(lambda: shown("a.example") == "a.example", "the certificate of the host")
    tls.put(town.place, "half\n", "tlscerts/a.example.pem")
    os.kill(tlsd.pid, signal.SIGHUP)
    tlsd.wait("^qmail-tlsd: control/tlscerts/a.example.pem: there is no private key")
    assert shown("a.example") == "a.example"
    town.until(lambda: len(process.session_members(tlsd.pid)) == 2, "one to serve")
    serving, = process.session_members(tlsd.pid)[1:]
    os.kill(serving, signal.SIGKILL)
    town.until(lambda: process.session_members(tlsd.pid)[1:] not in ([], [serving]) and
               town.is_door_open("tls/door"), "another server")
    assert shown("a.example") == "a.example"
    tlsd.process.terminate()
    assert tlsd.process.wait(10) == 0
    tls.start(town)
    assert shown("a.example") == "mx.here.example"


def broken(town, name, kind):
    """Another file that cannot be used."""
    path = town.place.path("control/tlscerts/%s.pem" % name)
    if kind == "folder":
        os.makedirs(path)
    elif kind == "nowhere":
        os.symlink("nowhere", path)
    else:
        tls.put(town.place, "x" * (1 << 21 if kind == "long" else 10), "tlscerts/%s.pem" % name)


@pytest.mark.parametrize("kind", ["nonsense", "long", "folder", "nowhere"])
def test_a_broken_file_stops_no_other(town, needs, kind):
    """Neither at the start nor later; it is told once."""
    needs("tcpserver", "openssl")
    town.open()
    os.makedirs(town.place.path("control/tlscerts"), exist_ok=True)
    for name in ("first.example", "another.example"):
        broken(town, name, kind)
    tlsd = tls.start(town)
    tls.serve(town, 25, "qmail-smtpd")
    assert shown("first.example") == "mx.here.example"
    broken(town, "second.example", kind)
    for name in ("one.example", "two.example"):
        tls.put(town.place, tls.certificate(town.place.base, name))
        os.kill(tlsd.pid, signal.SIGHUP)
        town.until(lambda name=name: shown() == name, "the other certificate")
    for name in ("first", "another", "second"):
        told = "qmail-tlsd: control/tlscerts/%s.example.pem: " % name
        assert len([line for line in tlsd.lines if line.startswith(told)]) == 1
    tls.put(town.place, tls.certificate(town.place.base, "good.example"), "tlscerts/good.example.pem")
    os.kill(tlsd.pid, signal.SIGHUP)
    town.until(lambda: shown("good.example") == "good.example", "the certificate of a host")


def test_a_broken_file_is_told_again_when_it_has_changed(town, smtp, tlsd):
    for count in 1, 2:
        tls.put(town.place, "half %d\n" % count, "tlscerts/a.example.pem")
        os.kill(tlsd.pid, signal.SIGHUP)
        tlsd.wait("^qmail-tlsd: control/tlscerts/a.example.pem: ", count=count)


@pytest.mark.parametrize("words", ["there is no private key", "Is a directory"])
def test_nothing_for_all_at_the_start(town, needs, words):
    """An error, though there is something for a host."""
    needs("openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    if words == "Is a directory":
        os.makedirs(town.place.path("control/servercert.pem"))
    else:
        tls.put(town.place, "half\n")
    tls.put(town.place, tls.certificate(town.place.base, "a.example"), "tlscerts/a.example.pem")
    daemon = town.begin([town.place.program("qmail-tlsd")], cwd="/", env={})
    daemon.wait("^qmail-tlsd: control/servercert.pem: " + words)
    assert daemon.process.wait(10) == 111


def test_no_more_processes(town, needs):
    """Who comes is told by the end, and the log why; it goes on."""
    needs("tcpserver", "openssl", "prlimit")
    town.open()
    tlsd = tls.start(town, program=["prlimit", "--nproc=1", town.place.program("qmail-tlsd")])
    tls.serve(town, 25, "qmail-smtpd")
    for count in 1, 2:
        with tls.Smtp() as client:
            client.ehlo()
            with pytest.raises(GONE):
                client.begin()
        tlsd.wait("^qmail-tlsd: fork: ", count=count)


def test_a_key_without_its_certificate(town, smtp, tlsd):
    key = tls.certificate(town.place.base, "a.example").split("-----BEGIN CERT")[0]
    other = tls.certificate(town.place.base, "b.example").partition("-----BEGIN CERT")
    for count, text in enumerate((key + other[1] + other[2], key + "".join(other)), 1):
        tls.put(town.place, text)
        os.kill(tlsd.pid, signal.SIGHUP)
        tlsd.wait("^qmail-tlsd: control/servercert.pem: a key has no certificate", count=count)
        assert shown() == "mx.here.example"


def test_a_curve_that_clients_have_not(town, smtp, tlsd):
    """Every handshake would fail."""
    key, crt = (town.place.base + name for name in ("/odd.key", "/odd.crt"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp224r1", "-nodes",
                    "-days", "30", "-subj", "/CN=odd.example", "-keyout", key, "-out", crt], check=True,
                   stderr=subprocess.DEVNULL)
    tls.put(town.place, build.read(key) + build.read(crt))
    os.kill(tlsd.pid, signal.SIGHUP)
    tlsd.wait("^qmail-tlsd: control/servercert.pem: a key is on a curve that clients have not")
    assert shown() == "mx.here.example"


def test_without_any_certificate(town, needs):
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    daemon = town.begin([town.place.program("qmail-tlsd")], cwd="/", env={})
    daemon.wait("^qmail-tlsd: control/servercert.pem: No such file")
    assert daemon.process.wait(10) == 111


def test_no_place_for_the_door(town, needs):
    needs("openssl")
    tls.put(town.place, tls.certificate(town.place.base, "mx.here.example"))
    for left, words in ("door.new", "tls/door: Address already in use"), ("door", "tls/door: Is a directory"):
        os.mkdir(town.place.path("tls/" + left))
        daemon = town.begin([town.place.program("qmail-tlsd")], cwd="/", env={})
        daemon.wait("^qmail-tlsd: " + words)
        assert daemon.process.wait(10) == 111
        town.until(lambda: not process.session_members(daemon.pid), "its processes to end")
        os.rmdir(town.place.path("tls/" + left))


def test_the_server_dies(town, smtp, tlsd):
    serving, = process.session_members(tlsd.pid)[1:]
    os.kill(serving, signal.SIGKILL)
    tlsd.wait("^qmail-tlsd: the process that served has died")
    town.until(lambda: process.session_members(tlsd.pid)[1:] not in ([], [serving]) and
               town.is_door_open("tls/door"), "another server")
    assert shown() == "mx.here.example"


def test_nobody_serves(town, smtp, tlsd):
    """The server dies, and its files are away: who comes hears that there is no TLS."""
    path = town.place.path("control/servercert.pem")
    os.rename(path, path + ".away")
    server, = process.session_members(tlsd.pid)[1:]
    os.kill(server, signal.SIGKILL)
    tlsd.wait("control/servercert.pem: No such file")
    with tls.Smtp() as client:
        client.ehlo()
        assert client.docmd("STARTTLS")[0] == 454
    os.rename(path + ".away", path)
    os.kill(tlsd.pid, signal.SIGHUP)
    town.until(lambda: town.is_door_open("tls/door"), "another server")
    with tls.Smtp() as client:
        client.begin()


def test_the_end_of_all(town, smtp, tlsd):
    """A session that is open goes on."""
    with tls.Smtp() as client:
        client.begin()
        os.kill(tlsd.pid, signal.SIGTERM)
        assert tlsd.process.wait(10) == 0
        town.until(lambda: not town.is_door_open("tls/door"), "the door to shut")
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    town.letter("ann", "hello")


def test_sessions_at_once(town, smtp, tlsd):
    """Who comes after so many waits for one of them to end."""
    town.place.control(me="here.example\n", rcpthosts="here.example\n", concurrencytls="2\n")
    os.kill(tlsd.pid, signal.SIGHUP)
    tls.put(town.place, tls.certificate(town.place.base, "new.example"))
    town.until(lambda: shown() == "new.example", "the new certificate", 40)
    first, second = tls.Smtp().begin(), tls.Smtp().begin()
    with tls.Smtp() as third:
        assert third.docmd("STARTTLS")[0] == 220
        third.sock.settimeout(1)
        hello = tls.context().wrap_socket(third.sock, do_handshake_on_connect=False)
        with pytest.raises(TimeoutError):
            hello.do_handshake()
        first.quit()
        hello.settimeout(20)
        hello.do_handshake()
        second.quit()


@pytest.fixture
def hasty(town, needs):
    """qmail-tlsd in a hurry; support/hasty.h."""
    needs("tcpserver", "openssl", "gcc")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    daemon = tls.start(town, program=build.make_hasty(town.place.prefix) + "qmail-tlsd", HASTY="60")
    town.open()
    tls.serve(town, 25, "qmail-smtpd")
    return daemon


def test_a_handshake_that_does_not_get_on(town, hasty):
    with socket.create_connection((tls.ADDRESS, 25)) as sock, sock.makefile("rb") as lines:
        lines.readline()
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220 ")
        sock.settimeout(30)
        try:
            lines.read()
        except ConnectionError:
            pass
    hasty.wait('^tlsd failed pid=.* reason="too slow"$')


@pytest.fixture
def small_buffers(town):
    """The kernel keeps little for who takes nothing."""
    path = "/proc/sys/net/ipv4/tcp_wmem"
    with open(path) as source:
        before = source.read()
    with open(path, "w") as out:
        out.write("4096 4096 8192")
    yield
    with open(path, "w") as out:
        out.write(before)


def fill(client):
    """Talks and does not listen, until nobody takes any more of it."""
    client.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            client.sock.sendall(b"HELP\r\n" * 1000)


def test_a_client_that_takes_nothing(town, hasty, small_buffers):
    """The program has ended; what it has said is not kept for ever."""
    client = tls.Smtp().begin()
    assert len(tls.sessions(town, "qmail-tlsd")) == 1
    fill(client)
    process.kill(tls.sessions(town, "qmail-smtpd"))
    town.until(lambda: not tls.sessions(town, "qmail-tlsd"), "the end of the tunnel", 30)
    client.close()


def test_a_client_that_goes_while_all_is_full(town, smtp, small_buffers):
    """Nobody waits for it, and the program reads on until it hears of the end."""
    client = tls.Smtp().begin()
    fill(client)
    tls.reset(client.sock)
    town.until(lambda: not tls.sessions(town, "qmail-tlsd"), "the end of the tunnel", 30)
    town.until(lambda: not tls.sessions(town, "qmail-smtpd"), "the end of the program", 30)


def test_a_provider_that_says_nothing(town, needs):
    """The session ends; nobody waits for ever."""
    needs("musl-gcc")
    folder = os.path.join(build.MADE, "hasty")
    build.make(folder, "PREFIX=" + town.place.prefix,
               "HOT_CC=musl-gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP)
    control, theirs = socket.socketpair()
    client, server = socket.socketpair()
    numbers = {name: str(theirs.fileno()) for name in ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD")}
    with subprocess.Popen([folder + "/bin/qmail-smtpd"], stdin=server, stdout=server,
                          stderr=subprocess.DEVNULL, cwd="/", pass_fds=[theirs.fileno()],
                          env={"UCSPITLS": "", "HASTY": "300", **numbers}) as session:
        server.close()
        client.sendall(b"STARTTLS\r\n")
        assert control.recv(1) == b"Y"
        assert session.wait(30) == 1
    assert client.makefile("rb").read().endswith(b"220 2.0.0 begin TLS\r\n")


# ---- walls

def test_who_may_come_to_the_door(town, tlsd):
    """Those who serve strangers, and root."""
    program = """
import array, socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.connect(sys.argv[1])
control, theirs = socket.socketpair()
text, ends = socket.socketpair()
fds = [ends.fileno(), theirs.fileno(), ends.fileno(), ends.fileno()]
door.sendmsg([b"Y"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
theirs.close()
ends.close()
control.settimeout(5)
print(control.recv(10))"""
    path = town.place.path("tls/door")
    for user in ("nobody", "alias", "qmails", "qmailr", "qmailq", "qmaill", "qmailv", "qmaild"):
        done = subprocess.run(["/usr/bin/python3", "-c", program, path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, **town.place.as_user(user))
        refused = done.stdout == b"b''\n" or any(word in done.stderr for word in (
            b"PermissionError", b"ConnectionResetError", b"BrokenPipeError"))
        assert refused == (user != "qmaild"), (user, done)
        # Whoever is served waits for a handshake.
        assert refused or b"TimeoutError" in done.stderr
    assert os.stat(town.place.path("tls")).st_mode & 0o007 == 0


def test_what_a_session_can_do(town, smtp):
    """It is another user's, who can open nothing, and has no more than it needs."""
    with tls.Smtp() as client:
        client.begin()
        pid, = tls.sessions(town, "qmail-tlsd")
        uid, gid = town.place.ids("qmailt")
        status = open("/proc/%d/status" % pid).read()
        assert re.search(r"^Uid:\t%d\t%d\t%d\t%d$" % ((uid,) * 4), status, re.M)
        assert re.search(r"^Groups:\t%d *$" % gid, status, re.M)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
        assert len(os.listdir("/proc/%d/fd" % pid)) == 5
        limits = open("/proc/%d/limits" % pid).read()
        assert re.search(r"^Max open files +5 +5 ", limits, re.M)
        assert re.search(r"^Max processes +0 +0 ", limits, re.M)
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M)


def test_no_other_process_knows_the_key(town, smtp):
    with open(town.place.path("control/servercert.pem")) as source:
        text = source.read()
    shown_key = subprocess.run(["openssl", "ec", "-noout", "-text"], input=text.encode(),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    digits = re.search("priv:((?:\\s+[0-9a-f:]+)+)", shown_key).group(1)
    secret = bytes.fromhex(re.sub("[^0-9a-f]", "", digits))[-32:]
    lines = text.split("\n")[1:3]
    with tls.Smtp() as client:
        client.begin()
        client.ehlo()
        for pid in tls.sessions(town, "qmail-smtpd") + [town.daemon.pid] + \
                sum(town.daemons().values(), []):
            memory = process.memory_of(pid)
            assert len(memory) > 1000
            assert secret not in memory and secret[::-1] not in memory
            assert not any(line.encode() in memory for line in lines)
        memory = process.memory_of(tls.sessions(town, "qmail-tlsd")[0])
        assert secret in memory or secret[::-1] in memory


# ---- TLS from the first byte

def test_smtps(town, tlsd):
    town.open()
    tls.serve(town, 465, "offertls", "-i", "qmail-smtpd")
    with smtplib.SMTP_SSL(tls.ADDRESS, 465, "client.example", timeout=30,
                          context=tls.context()) as client:
        assert "starttls" not in ehlo(client)
        assert client.docmd("STARTTLS")[0] == 502
        client.sendmail("joe@there.example", ["ann@here.example"], MESSAGE)
    assert re.search(r" with ESMTPS \(TLSv1\.3 ", town.letter("ann", "hello"))


def test_smtps_without_tls(town, tlsd):
    tls.serve(town, 465, "offertls", "-i", "qmail-smtpd")
    with socket.create_connection((tls.ADDRESS, 465)) as sock:
        sock.sendall(b"EHLO client.example\r\n")
        assert b"220" not in sock.makefile("rb").read()
    tlsd.wait("^tlsd failed ")


# ---- POP3

@pytest.fixture
def mailbox(town, tlsd):
    pop.set_passwords(town.place)
    pop.letter(town, "ann", "1.a", "Subject: one\n\nfirst\n")
    return town


def pop_service(town, port, *before, offer=""):
    return tls.serve(town, port, "offertls", *before, "qmail-popup", "here.example",
                     "checkpassword", "qmail-pop3d", "Maildir", offer=offer, user=None,
                     NOAPOP="")


def fetch(client):
    client.user("ann")
    client.pass_(pop.PASSWORD)
    assert client.stat()[0] == 1
    assert client.retr(1)[1] == [b"Subject: one", b"", b"first"]
    client.quit()


@pytest.mark.parametrize("offer", ["", "!"])
def test_stls(mailbox, offer):
    pop_service(mailbox, 110, offer=offer)
    client = poplib.POP3(tls.ADDRESS, 110, timeout=20)
    assert "STLS" in client.capa()
    client.stls(context=tls.context())
    assert "STLS" not in client.capa()
    fetch(client)


def test_pop_in_clear_text(mailbox):
    pop_service(mailbox, 110)
    fetch(poplib.POP3(tls.ADDRESS, 110, timeout=20))


def test_stls_required(mailbox):
    pop_service(mailbox, 110, offer="!")
    with pop.Client() as client:
        for line in ("USER ann", "APOP ann 0123456789abcdef0123456789abcdef", "PASS secret"):
            assert client.ask(line) == "-ERR STLS comes first"
        assert client.ask("QUIT").startswith("+OK")


def test_pop_without_stls(mailbox):
    pop.serve(mailbox)
    with pop.Client() as client:
        assert "STLS\r\n" not in client.ask_all("CAPA")
        assert client.ask("STLS") == "-ERR there is no TLS here"


def test_stls_forgets(mailbox):
    pop_service(mailbox, 110)
    client = poplib.POP3(tls.ADDRESS, 110, timeout=20)
    client.user("ann")
    client.stls(context=tls.context())
    with pytest.raises(poplib.error_proto, match="USER comes first"):
        client.pass_(pop.PASSWORD)
    with pytest.raises(poplib.error_proto, match="we speak TLS already"):
        client._shortcmd("STLS")
    fetch(client)


def test_commands_behind_stls(mailbox, tlsd):
    pop_service(mailbox, 110)
    with pop.Client() as client:
        client.send("STLS\r\nUSER ann\r\nPASS secret\r\nSTAT\r\n")
        assert client.line() == "+OK begin TLS"
        assert b"+OK" not in client.lines.read()
    tlsd.wait("^tlsd failed ")


def test_wrong_password_over_tls(mailbox):
    service = pop_service(mailbox, 110)
    client = poplib.POP3(tls.ADDRESS, 110, timeout=20)
    client.stls(context=tls.context())
    client.user("ann")
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\] wrong name or password"):
        client.pass_("wrong")
    service.wait("^qmail-popup: refused client=127.0.0.1 code=1 ")


def test_pop3s(mailbox):
    pop_service(mailbox, 995, "-i", offer=None)
    client = poplib.POP3_SSL(tls.ADDRESS, 995, timeout=20, context=tls.context())
    assert "STLS" not in client.capa()
    fetch(client)


# ---- programs that people and other servers have

@pytest.fixture
def both(mailbox):
    """SMTP and POP3, each with and without TLS from the first byte."""
    mailbox.open()
    tls.serve(mailbox, 25, "qmail-smtpd")
    tls.serve(mailbox, 465, "offertls", "-i", "qmail-smtpd", offer=None)
    pop_service(mailbox, 110)
    pop_service(mailbox, 995, "-i", offer=None)
    return mailbox


def run(town, *words, text="", code=0):
    done = town.run_as("bob", list(words), text, check=False)
    assert done.returncode == code, done.stdout.decode("latin-1")
    return done.stdout.decode("latin-1")


def assert_came(town, *words):
    assert "with ESMTPS (TLSv1." in town.letter("ann", *words)


@pytest.mark.parametrize("port, more", [(25, ["-starttls", "smtp"]), (465, [])])
def test_openssl(both, port, more):
    said = run(both, "openssl", "s_client", "-quiet", "-crlf", "-connect", "127.0.0.1:%d" % port,
               *more, text="EHLO client.example\nQUIT\n")
    assert "250 SIZE" in said and "221 2.0.0 bye" in said and "CN = mx.here.example" in said


@pytest.mark.parametrize("port, more", [(25, ["--starttls-proto=smtp"]), (465, []),
                                        (110, ["--starttls-proto=pop3"]), (995, [])])
def test_gnutls(both, needs, port, more):
    needs("gnutls-cli")
    said = run(both, "gnutls-cli", "--insecure", "--crlf", "--port=%d" % port, *more, "127.0.0.1",
               text="QUIT\n")
    assert "221 2.0.0 bye" in said or "+OK bye" in said


@pytest.mark.parametrize("more", [["--tls"], ["--tls-on-connect", "--port", "465"]])
def test_swaks(both, needs, more):
    needs("swaks")
    said = run(both, "swaks", "--server", "127.0.0.1", "--from", "bob@here.example", "--to",
               "ann@here.example", "--body", "by swaks", *more)
    assert "TLS started with cipher TLSv1.3" in said
    assert_came(both, "by swaks")


@pytest.mark.parametrize("url", ["smtp://127.0.0.1/client.example", "smtps://127.0.0.1/client.example"])
def test_curl(both, needs, url):
    needs("curl")
    run(both, "curl", "-sS", "--ssl-reqd", "-k", "--crlf", url, "--mail-from", "bob@here.example",
        "--mail-rcpt", "ann@here.example", "-T", "-", text="Subject: by curl\n\nhello\n")
    assert_came(both, "by curl")


@pytest.mark.parametrize("more", [[], ["--port=465", "--tls-starttls=off"]])
def test_msmtp(both, needs, more):
    needs("msmtp")
    run(both, "msmtp", "--host=127.0.0.1", "--tls=on", "--tls-certcheck=off", "--domain=client.example",
        "--from=bob@here.example", *more, "ann@here.example", text="Subject: by msmtp\n\nhello\n")
    assert_came(both, "by msmtp")


@pytest.mark.parametrize("url", ["pop3://127.0.0.1/1", "pop3s://127.0.0.1/1"])
def test_curl_fetches(both, needs, url):
    needs("curl")
    said = run(both, "curl", "-sS", "--ssl-reqd", "-k", "-u", "ann:" + pop.PASSWORD, url)
    assert said == "Subject: one\r\n\r\nfirst\r\n"


@pytest.mark.parametrize("how", ["on", "off"])
def test_mpop(both, needs, how):
    needs("mpop")
    both.run_as("bob", ["maildirmake", "got"])
    run(both, "mpop", "--host=127.0.0.1", "--tls=on", "--tls-certcheck=off", "--tls-starttls=" + how,
        "--port=%d" % (110 if how == "on" else 995), "--auth=user", "--user=ann",
        "--passwordeval=echo " + pop.PASSWORD, "--delivery=maildir," + both.home("bob") + "/got")
    assert len(both.mail("bob", "got")) == 1


@pytest.mark.parametrize("words", ["sslproto TLS1.2+", "ssl"])
def test_fetchmail(both, needs, words):
    needs("fetchmail")
    path = both.home("bob") + "/fetchmailrc"
    both.place.write(path, "poll 127.0.0.1 proto pop3 port %d user ann pass %s %s\n"
                     " no sslcertck mda 'cat >%s/got'\n" % (
                         995 if words == "ssl" else 110, pop.PASSWORD, words, both.home("bob")),
                     "7002:7002", 0o600)
    run(both, "fetchmail", "-f", path, "--pidfile", both.home("bob") + "/pid")
    with open(both.home("bob") + "/got") as source:
        assert "first" in source.read()


def test_sslscan(both, needs):
    """Nothing that is broken is offered."""
    needs("sslscan")
    said = run(both, "sslscan", "--no-colour", "--no-check-certificate", "127.0.0.1:465")
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert re.search(r"%s +disabled" % re.escape(version), said), said
    for version in ("TLSv1.2", "TLSv1.3"):
        assert re.search(r"%s +enabled" % re.escape(version), said), said


def test_new_keys_without_end(town, smtp):
    """Who sends nothing else is shut out, or his process would never see that the session
    has ended."""
    with subprocess.Popen(["openssl", "s_client", "-starttls", "smtp", "-connect", "127.0.0.1:25", "-tls1_3", "-brief"],
                          bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as client:
        def change():
            with contextlib.suppress(BrokenPipeError):
                client.stdin.write(b"K\n")
        client.stdin.write(b"NOOP\r\n")
        assert client.stdout.readline().startswith(b"250 ")

        def is_over():
            change()
            return client.poll() is not None
        try:
            town.until(is_over, "its end")
        finally:
            client.kill()
