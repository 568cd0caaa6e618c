"""Daemons by themselves: we are qmail-send, at the other end of their socket."""

import array
import os
import shutil
import socket
import subprocess

from . import process, trace

ANSWER_LIMIT = 15
NUMBER = 1795000000000000  # of the message of all jobs


class Link:
    """A running daemon with our socket as its descriptor 0."""

    def __init__(self, place, words, user, strace=(), ids=None, **more):
        self.place, self.trace_path = place, place.base + "/link-trace"
        self.is_traced = bool(strace)
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(ANSWER_LIMIT)
        if self.is_traced:
            open(self.trace_path, "w").close()
            os.chmod(self.trace_path, 0o666)
            words = [shutil.which("strace"), "-f", "-y", "-o", self.trace_path, *strace,
                     "--", *words]
        more.setdefault("env", {"PATH": "/usr/bin:/bin"})
        who = place.as_user(user) if ids is None else ids
        more.setdefault("cwd", place.base)
        self.child = subprocess.Popen(words, stdin=theirs, start_new_session=True, **who, **more)
        theirs.close()

    def ask(self, data, *files):
        """Sends a datagram, with open files."""
        fds = array.array("i", [file.fileno() for file in files])
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if files else []
        self.sock.sendmsg([data], more)

    def hear(self):
        """The next datagram; empty when the other end is gone."""
        return self.sock.recv(65536)

    def close(self):
        """Ends it in order; its exit code, and the trace if there is one."""
        self.sock.close()
        code = self.child.wait(ANSWER_LIMIT)
        process.end_session(self.child.pid)
        return code, trace.Trace(self.trace_path) if self.is_traced else None

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.sock.close()
        process.end_session(self.child.pid)
        self.child.wait()


class Spawner:
    """A running spawner, and messages for it."""

    def __init__(self, place, words, ids, strace=(), **more):
        self.place = place
        self.link = Link(place, words, None, strace, ids=ids, umask=0o077, **more)

    @property
    def pid(self):
        """That of the spawner itself, once it has done something."""
        if not self.link.is_traced:
            return self.link.child.pid
        with open("/proc/{0}/task/{0}/children".format(self.link.child.pid)) as children:
            return int(children.read().split()[0])

    def start(self, *recipients, files=None):
        """Gives it one job."""
        if files is None:
            path = self.place.queue_put("mess", NUMBER, "Subject: x\n\nhello\n")
            files = [open(path, "rb")]
        self.link.ask(b"M%d\0Fjoe@there.example\0" % NUMBER + b"".join(
            b"N%d\0T%s\0" % (number, recipient.encode())
            for number, recipient in enumerate(recipients, 1)), *files)
        for file in files:
            file.close()

    def report(self):
        """Number, letter and text of the next report, if it comes by itself."""
        (name, number), *rest = records(self.link.hear())
        assert name == "N"
        return (number, *rest[-1])

    def deliver(self, recipient, **more):
        """Letter and text of the report."""
        self.start(recipient, **more)
        return self.report()[1:]

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))


def records(data):
    """[(letter, value)] of a datagram."""
    pieces = data.split(b"\0")
    assert pieces.pop() == b"", data
    return [(piece[:1].decode(), piece[1:].decode("latin-1")) for piece in pieces]
