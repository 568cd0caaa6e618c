"""A POP3 service in the town, and a client that talks to it line by line."""

import os
import socket
import subprocess
import time

from .town import DOMAIN, PEOPLE, wait_port

ADDRESS, PORT = "127.0.0.1", 110
PASSWORD = "secret"
HASH = ("$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77"
        "vwPZN.Pq.H91p5hVO1")
SHADOW = "%s:%s:19000:0:99999:7:::\n"


def set_passwords(place, **fields):
    """Everybody's password is PASSWORD; or NAME=the fields behind the name."""
    lines = ["root:*:19000:0:99999:7:::\n"]
    for name in PEOPLE:
        lines.append(SHADOW % (name, HASH) if name not in fields
                     else "%s:%s\n" % (name, fields[name]))
    place.etc.write("shadow", "".join(lines))


def set_virtual(place, *lines):
    """users/pop and its database."""
    place.write(place.path("users/pop"), "".join(line + "\n" for line in lines), mode=0o600)
    return subprocess.run([place.program("qmail-newpop")], capture_output=True, text=True)


def serve(town, *between, port=PORT, environment=None):
    """A service as INSTALL has it; words between stand before qmail-pop3d."""
    daemon = town.begin(
        ["tcpserver", "-RHl0", ADDRESS, str(port), "qmail-popup", DOMAIN, "checkpassword",
         *between, "qmail-pop3d", "Maildir"],
        env={"PATH": town.place.path("bin") + ":/usr/bin:/bin", **(environment or {})})
    wait_port(ADDRESS, port)
    return daemon


def letter(town, name, file, text, folder="new", age=10):
    """Puts a message into somebody's Maildir."""
    path = "%s/Maildir/%s/%s" % (town.home(name), folder, file)
    town.place.write(path, text, "%d:%d" % (PEOPLE[name], PEOPLE[name]), 0o600)
    when = time.time() - age
    os.utime(path, (when, when))
    return path


class Client:
    def __init__(self, port=PORT):
        self.sock = socket.create_connection((ADDRESS, port), timeout=20)
        self.lines = self.sock.makefile("rb")
        self.greeting = self.line()

    def line(self):
        got = self.lines.readline()
        assert got.endswith(b"\r\n") or not got, got
        return got[:-2].decode("latin-1")

    def send(self, text):
        self.sock.sendall(text.encode("latin-1"))

    def ask(self, command):
        """The first line of the reply."""
        self.send(command + "\r\n")
        return self.line()

    def body(self):
        """The lines that follow, dots undone, up to the one that ends them."""
        found = []
        while (line := self.lines.readline()) != b".\r\n":
            assert line.endswith(b"\r\n"), line
            found.append(line[1:] if line.startswith(b".") else line)
        return [line.decode("latin-1") for line in found]

    def ask_all(self, command):
        first = self.ask(command)
        assert first.startswith("+OK"), first
        return self.body()

    def login(self, name="ann", password=PASSWORD):
        assert self.ask("USER " + name).startswith("+OK")
        return self.ask("PASS " + password)

    def is_over(self):
        return self.lines.readline() == b""

    def close(self):
        self.lines.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()
