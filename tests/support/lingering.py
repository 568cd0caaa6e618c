"""A descriptor that takes an hour to close: whoever is sent it and does not take it, waits."""

import array
import contextlib
import socket
import struct
import subprocess
import sys
import time


def make():
    """A connection with bytes that nobody reads, and what keeps it so."""
    door = socket.create_server(("127.0.0.1", 0))
    one = socket.create_connection(door.getsockname())
    other, _ = door.accept()
    one.setblocking(False)
    try:
        while True:
            one.send(bytes(65536))
    except BlockingIOError:
        pass
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
    return one, other


def send(path, count):
    """Comes to a door so often and sends it; returns what keeps the descriptors open."""
    kept = []
    for _ in range(count):
        one, other = make()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(path)
        for _ in range(2):  # one of them is never read
            sock.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [one.fileno()]))])
        one.close()
        kept.append((sock, other))
    return kept


@contextlib.contextmanager
def sent(place, user, door, count):
    """What this user's process says of having sent so many to a door."""
    with open(__file__, encoding="ascii") as source:
        one = subprocess.Popen(["/usr/bin/python3", "-c", source.read(), place.path(door), str(count)], cwd="/",
                               stdout=subprocess.PIPE, text=True, **place.as_user(user))
    try:
        yield one.stdout.readline().strip()
    finally:
        one.kill()
        one.communicate()


if __name__ == "__main__":
    try:
        KEPT = send(sys.argv[1], int(sys.argv[2]))
        print("sent", flush=True)
    except OSError as failure:
        print(failure.strerror, flush=True)
    time.sleep(600)
