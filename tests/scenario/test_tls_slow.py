"""TLS with those who would keep us for ever: what they send has no end, or comes slowly."""

import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import peers, process, tls
from scenario.test_deadlines import PATIENCE, PAUSE
# pylint: disable=unused-import
from scenario.test_tls import hasty, small_buffers
from scenario.test_tls_out import OFFER, RELAY, begin, control, deliver, files, spawner, tlsc
from scenario.test_ucspitls import begin as begin_tls, provider

CHANGE, TEXT = 20, 23  # records of TLS


@pytest.fixture
def tlsd(hasty):
    """For provider."""
    return hasty


# ---- handshakes

def test_a_server_that_greets_without_end(fresh, spawner, tlsc):
    """HelloRequests, which OpenSSL passes over for as long as some come."""
    control(fresh, "d.example:encrypt\n")
    script = {"EHLO": OFFER, "STAR": "220 go\r\n<read>" + tls.HELLO_REQUEST * 200000 + "<hang>"}
    with peers.Servers({RELAY: [script]}):
        end, text, (session,) = deliver(spawner)
    assert (end, session["result"]) == ("Z", "validation-failure") and "too much" in text


# ---- after the handshake

class Relay:
    """Before qmail-smtpd, for a client that begins a second handshake in several records:
    the first of them goes on together with all text, when it may, the rest byte by byte."""

    def __init__(self):
        self.text = b""
        self.is_held, self.may_go, self.is_read, self.has_ended = (threading.Event() for _ in range(4))
        self.was_in_time = None  # whether the server has ended it before the last byte
        self.listener = socket.create_server((tls.ADDRESS, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.listener.close()

    def serve(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection((tls.ADDRESS, 25)) as server, client.makefile("rb") as lines:
            threading.Thread(target=self.copy, args=[server, client], daemon=True).start()
            line = b""
            while not line.startswith(b"STARTTLS"):
                line = lines.readline()
                server.sendall(line)
            while (record := self.record(lines))[0] != CHANGE:
                server.sendall(record)
            server.sendall(record + self.record(lines))  # ... and Finished
            while (record := self.record(lines))[0] == TEXT:
                self.text += record
            self.is_held.set()
            self.may_go.wait(30)
            server.sendall(self.text + record)
            process.until(lambda: unread(server.getsockname()[1]) == 0, "all to be read")
            self.is_read.set()
            self.was_in_time = self.drip(server, self.record(lines))

    @staticmethod
    def record(lines):
        head = lines.read(5)
        return head + lines.read(int.from_bytes(head[3:], "big"))

    def copy(self, server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass
        self.has_ended.set()

    def drip(self, server, record):
        for byte in record[:-1][:PATIENCE]:
            try:
                server.sendall(bytes([byte]))
            except OSError:
                pass  # it has gone, as the other thread sees
            if self.has_ended.wait(PAUSE):
                return True
        return False


def unread(port):
    """Bytes that wait for qmail-tlsd from this port."""
    with open("/proc/net/tcp") as table:
        for line in table:
            words = line.split()
            if words[1].endswith(":0019") and words[2].endswith(":%04X" % port):
                return int(words[4].split(":")[1], 16)
    return 0


@pytest.mark.parametrize("line", [b"quit\r\n", b"noop\r\n"], ids=["has ended", "lives"])
def test_a_handshake_that_begins_and_does_not_get_on(town, hasty, line):
    """What the program says then cannot go out until it is whole; nor can it be heard
    that the program has ended; and one that lives may not notice for long."""
    with Relay() as relay, subprocess.Popen(
            ["openssl", "s_client", "-starttls", "smtp", "-connect", "%s:%d" % (tls.ADDRESS, relay.port),
             "-tls1_2", "-brief", "-max_send_frag", "512", "-servername", ".".join(["a" * 60] * 4),
             "-serverinfo", ",".join(str(60000 + n) for n in range(90))],
            bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        try:
            client.stdin.write(line)
            town.until(lambda: relay.text, "the text")
            client.stdin.write(b"R\n")
            assert relay.is_held.wait(30)
            town.until(lambda: len(tls.sessions(town, "qmail-smtpd")) == 1, "who has looked for the port to go")
            program, = tls.sessions(town, "qmail-smtpd")
            os.kill(program, signal.SIGSTOP)
            relay.may_go.set()
            assert relay.is_read.wait(30)
            os.kill(program, signal.SIGCONT)
            relay.thread.join(30)
        finally:
            client.kill()
    assert relay.was_in_time
    town.until(lambda: not tls.sessions(town, "qmail-tlsd"), "the end of the tunnel")


def test_a_client_that_takes_little_now_and_then(town, hasty, small_buffers):
    """The program has ended; the client has a time for all of the rest."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((tls.ADDRESS, 25))
    with sock.makefile("rb", buffering=0) as lines:
        lines.readline()
    with begin_tls(sock) as link:
        link.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                link.sendall(b"HELP\r\n" * 1000)
        link.settimeout(30)
        process.kill(tls.sessions(town, "qmail-smtpd"))
        with pytest.raises(ssl.SSLError):  # the end without a word of it
            while link.recv(4096):
                time.sleep(5 * PAUSE)


def test_a_program_that_only_listens(provider):
    """It lives, though it has said all: how long it listens is its affair."""
    connect, seen = provider('start(b"y"); write(b"go\\n"); os.close(WRITE); say(got=until(READ).decode())')
    with begin_tls(connect()) as link:
        assert link.recv(10) == b"go\n"
        for _ in range(2):
            time.sleep(1.2)  # more than a minute, to a tunnel in a hurry
            link.sendall(b"x")
        link.unwrap().close()
    assert seen() == '{"got": "xx"}'
