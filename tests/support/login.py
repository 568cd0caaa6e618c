"""qmail-authd, and whoever asks it."""

import os
import socket

from . import pop

ADDRESS = "192.0.2.9"

def start(town, *words, **controls):
    """qmail-authd, ready; everybody's password is pop.PASSWORD."""
    pop.set_passwords(town.place)
    set_controls(town, **controls)
    daemon = town.begin([town.place.program("qmail-authd"), *(words or ("checkpassword", "true"))],
                        cwd="/", env={"PATH": town.place.path("bin") + ":/usr/bin:/bin",
                             "TCPREMOTEINFO": "nobody@ident"})
    town.until(lambda: daemon.has_ended or town.is_door_open("login/door"), "qmail-authd")
    return daemon


def set_controls(town, **controls):
    for name, text in controls.items():
        town.place.write(town.place.path("control/" + name), text + "\n")


def script(town, text, name="checker"):
    """A program of ours in the place of checkpassword."""
    path = os.path.join(town.place.base, name)
    town.place.write(path, "#!/bin/sh\n" + text + "\n", mode=0o755)
    return path


def question(name, password, address=ADDRESS, service="smtp"):
    return b"".join(letter + value.encode("latin-1") + b"\0" for letter, value in (
        (b"A", address), (b"S", service), (b"U", name), (b"P", password)))


def event(name, letter, address=ADDRESS):
    """What somebody says of a try that he checks himself."""
    return b"".join(part.encode("latin-1") + b"\0" for part in (
        "A" + address, "Spop3", "U" + name, "E" + letter))


def door(town, timeout=60):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(timeout)
    sock.connect(town.place.path("login/door"))
    return sock


def say(town, record):
    """The answer to a record, without its NUL; empty: none came."""
    with door(town) as sock:
        sock.send(record)
        try:
            return sock.recv(100).rstrip(b"\0").decode()
        except ConnectionResetError:
            return ""


def ask(town, name="ann", password=pop.PASSWORD, **more):
    return say(town, question(name, password, **more))
