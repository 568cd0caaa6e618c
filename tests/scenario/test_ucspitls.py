"""offertls and qmail-tlsd as a provider of UCSPI-TLS, seen from the program and
from its client."""

import os
import socket
import ssl

import pytest

from support import tls
# pylint: disable=unused-import
from scenario.test_tls import tlsd

LONG = b"0123456789abcdef" * 65536

# The program behind offertls; what it saw goes to the file of its argument.
PROGRAM = """#!/usr/bin/python3
import json, os, sys
CTL, READ, WRITE = (int(os.environ[name]) for name in ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD"))

def until(fd, end=None):
    data = b""
    while not (end and data.endswith(end)):
        more = os.read(fd, 1 if end else 65536)
        if not more:
            break
        data += more
    return data

def start(letter):
    if not until(0, b"STARTTLS\\r\\n"):
        sys.exit()  # somebody who looks whether the port is open
    os.write(1, b"220 go\\r\\n")
    os.write(CTL, letter)
    return until(CTL).decode() if letter == b"Y" else ""

def write(data):
    while data:
        data = data[os.write(WRITE, data):]

def say(**seen):
    with open(sys.argv[1] + ".new", "w") as out:
        json.dump(seen, out)
    os.rename(sys.argv[1] + ".new", sys.argv[1])

%s
"""


@pytest.fixture
def provider(town, tlsd):
    def serve(text):
        """A function that connects to the program, and one that waits for what
        the program says at its end."""
        program, said = town.place.base + "/program", town.place.base + "/said"
        town.place.write(program, PROGRAM % text, mode=0o755)
        folder = town.place.base + "/folder"
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, town.place.ids("qmaild")[0], -1)
        said = folder + "/said"
        tls.serve(town, 2525, "offertls", program, said)

        def connect():
            if os.path.exists(said):
                os.unlink(said)
            return socket.create_connection((tls.ADDRESS, 2525), timeout=20)

        def seen():
            town.until(lambda: os.path.exists(said), "the program to end")
            with open(said) as source:
                return source.read()
        return connect, seen
    return serve


def begin(sock, ask=b"STARTTLS\r\n"):
    sock.sendall(ask)
    got = b""
    while not got.endswith(b"\n"):
        got += sock.recv(1)
    context = tls.context()
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context.wrap_socket(sock, server_hostname="mx.here.example", suppress_ragged_eofs=False)


def rest(link):
    """All that comes; an end without close_notify is an error."""
    data = b""
    while more := link.recv(65536):
        data += more
    return data


def test_declined(provider):
    connect, seen = provider('os.write(1, b"220 " + until(0, b"\\n")); say()')
    with connect() as sock:
        sock.sendall(b"NOOP\r\n")
        assert sock.makefile("rb").read() == b"220 NOOP\r\n"
    seen()


@pytest.mark.parametrize("letter", ["y", "Y"])
def test_started(provider, letter):
    connect, seen = provider(
        'report = start(b"%s"); write(b"250 " + until(READ, b"\\n")); say(report=report)' % letter)
    with begin(connect()) as link:
        link.sendall(b"EHLO a\r\n")
        assert rest(link) == b"250 EHLO a\r\n"
    report = seen()
    if letter == "y":
        assert report == '{"report": ""}'
    else:
        assert '"SSL_PROTOCOL=TLSv1.3\\u0000SSL_CIPHER=TLS_' in report
        assert report.endswith('\\u0000SSL_TLS_SNI_SERVERNAME=mx.here.example\\u0000\\u0000"}')


def test_name_that_is_none(provider):
    """Only what can be a name of a host is passed on."""
    connect, seen = provider('say(report=start(b"Y"))')
    sock = connect()
    sock.sendall(b"STARTTLS\r\n")
    assert sock.makefile("rb").readline() == b"220 go\r\n"
    with tls.context().wrap_socket(sock, server_hostname="a$b.example"):
        assert "SNI" not in seen()


def test_no_answer_to_y(provider):
    """Nor is one waited for: the end comes before the handshake."""
    connect, seen = provider(
        'until(0, b"\\n") or sys.exit(); os.write(CTL, b"y"); say(got=len(until(CTL)))')
    with connect() as sock:
        sock.sendall(b"STARTTLS\r\n")
        assert seen() == '{"got": 0}'


def test_another_letter(provider):
    connect, seen = provider('until(0, b"\\n") or sys.exit(); os.write(CTL, b"x"); say(got=len(until(CTL)))')
    with connect() as sock:
        sock.sendall(b"NOOP\r\n")
        assert seen() == '{"got": 0}'


def test_no_handshake(provider):
    connect, seen = provider('report = start(b"Y"); say(report=report, rest=len(until(READ)))')
    with connect() as sock:
        sock.sendall(b"STARTTLS\r\n" + b"this is no handshake\r\n" * 20)
        sock.shutdown(socket.SHUT_WR)
        assert seen() == '{"report": "", "rest": 0}'


def test_a_megabyte_each_way(provider):
    connect, _ = provider('''
start(b"y")
left = %d
while left:
    data = os.read(READ, 65536)
    left -= len(data)
    write(data)''' % len(LONG))
    with begin(connect()) as link:
        got = b""
        for at in range(0, len(LONG), 65536):
            link.sendall(LONG[at:at + 65536])
            while len(got) < at + 49152:
                got += link.recv(65536)
        assert got + rest(link) == LONG


def test_last_words(provider):
    """The program ends at once when it has written, the client has more to say."""
    connect, _ = provider('start(b"y"); until(READ, b"\\n"); os.write(WRITE, b"x" * 60000)')
    for _ in range(5):
        with begin(connect()) as link:
            link.sendall(b"QUIT\r\n")
            for _ in range(20):
                link.sendall(b"x" * 10000)
            assert len(rest(link)) == 60000


def test_the_program_has_said_all(provider):
    """But still listens."""
    connect, seen = provider(
        'start(b"y"); os.write(WRITE, b"bye\\r\\n"); os.close(WRITE); say(rest=len(until(READ)))')
    with begin(connect()) as link:
        assert rest(link) == b"bye\r\n"
        link.sendall(b"12345")
        link.unwrap()
    assert seen() == '{"rest": 5}'


@pytest.mark.parametrize("how", ["shutdown", "close_notify"])
def test_the_client_has_said_all(provider, how):
    """With or without a word about it."""
    connect, seen = provider('''
start(b"y")
data = until(READ)
try:
    os.write(WRITE, b"250 late\\r\\n")
except OSError:
    pass
say(data=data.decode())''')
    with begin(connect()) as link:
        link.sendall(b"QUIT\r\n")
        if how == "shutdown":
            with socket.socket(fileno=os.dup(link.fileno())) as raw:
                raw.shutdown(socket.SHUT_WR)
            assert rest(link) == b"250 late\r\n"
        else:
            with pytest.raises(ssl.SSLError):
                link.unwrap()  # it sees the late words
        assert seen() == '{"data": "QUIT\\r\\n"}'


def is_asleep(pid):
    """Whether it is, however often one looks."""
    def state():
        with open("/proc/%d/stat" % pid) as source:
            return source.read().rpartition(")")[2].split()[0]
    return all(state() == "S" for _ in range(300))


def test_a_client_that_goes_before_it_is_heard(town, provider):
    """The tunnel sleeps until the program reads on."""
    connect, seen = provider('''
start(b"Y")
os.mkfifo(sys.argv[1] + ".go")
open(sys.argv[1] + ".go").read()
say(rest=set(until(READ)) <= set(b"0123456789abcdef"))''')
    with begin(connect()) as link:
        link.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                link.sendall(LONG)
        tunnel, = tls.sessions(town, "qmail-tlsd")
        tls.reset(link)
    town.until(lambda: is_asleep(tunnel), "the tunnel to sleep")
    with open(town.place.base + "/folder/said.go", "w"):
        pass
    assert seen() == '{"rest": true}'
    town.until(lambda: not tls.sessions(town, "qmail-tlsd"), "the end of the tunnel")


def test_mailfront(town, provider, needs):
    """A program of others."""
    needs("mailfront")
    tls.serve(town, 2526, "offertls", "mailfront", "smtp", "echo", "starttls-ucspi", "accept")
    with tls.Smtp(2526) as client:
        client.begin()
        client.sendmail("joe@there.example", ["ann@here.example"], "Subject: x\r\n\r\nhello\r\n")


def test_usage(town):
    def run(*words):
        return town.run_as("bob", [town.place.program("offertls"), *words], check=False)
    assert run().returncode == run("-i").returncode == 100
    done = run("no-such-program")
    assert done.returncode == 111 and b"offertls: no-such-program: No such file" in done.stdout
    assert run("-i", "true").returncode == 111
