"""qmail-rspawn alone, with us in the place of qmail-send."""

import os
import socket
import subprocess

from . import process

def record(letter, value):
    return letter.encode() + str(value).encode("latin-1") + b"\0"


class Spawner:
    """with Spawner(place) as spawner: spawner.give(...), spawner.wait(n)"""

    def __init__(self, place, **environment):
        self.place, self.reports = place, {}
        self.sessions = []  # what is told of TLS: a dictionary for each connection
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        self.child = subprocess.Popen(
            [place.program("qmail-rspawn")], stdin=theirs, stderr=subprocess.PIPE, cwd="/",
            env={"PATH": place.path("bin") + ":/usr/bin:/bin", **environment},
            start_new_session=True, **place.as_user("qmailr"))
        theirs.close()
        self.message("Subject: t\n\nhello\n")

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.sock.close()
        process.end_session(self.child.pid) if problem[0] else self.child.wait(20)
        _, err = self.child.communicate()
        assert problem[0] or not process.crash(self.child.returncode, err), err

    def message(self, text):
        self.letter = self.place.base + "/letter"
        self.place.write(self.letter, text, "qmailq", 0o644)

    def give(self, *addresses, first=1, route=None, limit=None, sender="a@sender.example"):
        """One job; its recipients have the numbers from first on."""
        job = record("M", 1) + record("F", sender)
        if route is not None:
            job += record("H", route)
        if limit is not None:
            job += record("C", limit)
        for number, address in enumerate(addresses, first):
            job += record("N", number) + record("T", address)
        with open(self.letter, "rb") as letter:
            socket.send_fds(self.sock, [job], [letter.fileno()])

    def wait(self, *numbers):
        """The reports on these deliveries: (letter, hop, text) each."""
        while not all(number in self.reports for number in numbers):
            data = self.sock.recv(65536)
            assert data, "qmail-rspawn has ended"
            self.take(data)
        return [self.reports[number] for number in numbers]

    def take(self, data):
        number, hop = None, ""
        pieces = data.decode("latin-1").split("\0")
        assert pieces.pop() == ""
        for piece in pieces:
            if piece[0] == "N":
                number, hop = int(piece[1:]), ""
            elif piece[0] == "S":
                hop = piece[1:]
            elif piece[0] == "L":
                self.sessions += [dict(word.split("=", 1) for word in line.split(" "))
                                  for line in piece[1:].splitlines()]
            else:
                assert number not in self.reports, "two reports on %d" % number
                self.reports[number] = piece[0], hop, piece[1:]

    def deliver(self, *addresses, **more):
        """All reports on one job."""
        self.reports.clear()
        self.sessions.clear()
        self.give(*addresses, **more)
        return self.wait(*range(1, len(addresses) + 1))


def by_hand(place, *argv, message="Subject: t\n\nhello\n", strace=(), **environment):
    """What qmail-remote prints, as pieces."""
    path = place.base + "/letter"
    place.write(path, message)
    with open(path, "rb") as source:
        done = subprocess.run(
            [*strace, place.program("qmail-remote"), *argv], stdin=source, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=20, cwd="/",
            env={"PATH": "/usr/bin:/bin", **environment}, **place.as_user("qmailr"))
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stderr)
    assert done.stdout.endswith(b"\0")
    os.unlink(path)
    return done.stdout.decode("latin-1").split("\0")[:-1]
