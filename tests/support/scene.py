"""What a case finds when its program starts, and what it leaves behind."""

import os
import re
import socket
import stat
import struct
import subprocess
import time

from . import kernel
from .place import RESOLVER, empty, remove, tree

TIME_LIMIT = 20
COMPLETE_ENVELOPE = re.compile(rb"F[^\0]*\0(T[^\0]*\0)*\0")
NEEDS_ROOT = ("accounts", "owners", "disks", "spool", "syslog", "servers", "dns", "tcpto",
              "etc")
BETWEEN_USERS = ("qmail-tcpto", "qmail-tcpok")

# Takes the place of qmail-queue: keeps what it is given on descriptors 0 and
# 1, says and ends as told.
CAPTURE = """#!/bin/sh
PATH=/usr/bin:/bin
cd '{inbox}' || exit 63
n=1
until mkdir $n 2>/dev/null; do n=$((n + 1)); done
if [ '{reads}' = yes ]; then
	cat > $n/message
	cat <&1 > $n/envelope
fi
[ ! -s '{says}' ] || cat '{says}' >&6
[ {signal} = 0 ] || kill -{signal} $$
exit {exit}
"""


def raw(text):
    return text.encode("latin-1")


def text(data):
    return data.decode("latin-1")


def needs_root(case):
    return (bool(set(NEEDS_ROOT) & case.keys()) or case.get("user") == "root" or
            case["program"] in BETWEEN_USERS)


class Scene:
    def __init__(self, place, case):
        self.place, self.case = place, case
        self.scratch = place.base + "/scratch"
        self.inbox = place.base + "/inbox"
        self.says = place.base + "/says"
        self.user = case.get("user", "nobody")
        self.disks, self.log = [], None

    def __enter__(self):
        try:
            self.set()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem):
        for disk in self.disks:
            kernel.unmount(disk)
        if self.log:
            self.log.close()
            os.unlink("/dev/log")

    def expand(self, words):
        return (words.replace("{SCRATCH}", self.scratch)
                .replace("{PREFIX}", self.place.prefix))

    def at(self, name):
        return os.path.join(self.scratch, os.fsdecode(raw(self.expand(name))))

    # ---- before

    def set(self):
        place, case = self.place, self.case
        place.reset()
        for folder, mode in ((self.scratch, 0o755), (self.inbox, 0o1777)):
            if os.path.isdir(folder):
                remove(folder)
            os.mkdir(folder)
            os.chmod(folder, mode)
        if place.is_root:
            place.accounts({name: entry and entry[:2] + [self.expand(entry[2])]
                            for name, entry in case.get("accounts", {}).items()})
            place.resolver(case.get("resolv", RESOLVER))
            place.etc.clear("aliases*")
            for name, value in case.get("etc", {}).items():
                place.etc.write(name, value)
        os.chown(self.scratch, *place.ids(self.user))
        for folder in ("control", "users"):
            for name, value in case.get(folder, {}).items():
                self.put(place.path("%s/%s" % (folder, name)), value, "root")
        for name, mode in case.get("control_mode", {}).items():
            os.chmod(place.path("control/" + name), mode)
        for name, value in case.get("spool", {}).items():
            self.put(place.path("queue/" + name), value, "qmailq")
        if "tcpto" in case:
            self.set_timeouts(case["tcpto"])
        for name, size in case.get("disks", {}).items():
            self.add_disk(self.at(name), size)
        for name, value in case.get("files", {}).items():
            self.put(self.at(name), value, self.user)
        self.set_details()
        if case.get("syslog"):
            self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.log.bind("/dev/log")
            self.log.setblocking(False)
            os.chmod("/dev/log", 0o666)
        self.write_capture()

    def set_details(self):
        case = self.case
        for name, target in case.get("links", {}).items():
            os.symlink(self.expand(target), self.at(name))
        for name in case.get("fifos", ()):
            os.mkfifo(self.at(name))
        for name, owner in case.get("owners", {}).items():
            for path in tree(self.at(name)):
                os.chown(path, *self.place.ids(owner), follow_symlinks=False)
        for name, mode in case.get("modes", {}).items():
            os.chmod(self.at(name), int(mode, 8))
        for name, when in case.get("mtimes", {}).items():
            os.utime(self.at(name), (when, when))

    def put(self, path, value, user):
        """A file, or a folder if path ends in a slash, with its parents."""
        owner = self.place.ids(user)
        value = value if isinstance(value, dict) else {"data": value}
        at, missing = os.path.dirname(path), []
        while not os.path.isdir(at):
            missing.append(at)
            at = os.path.dirname(at)
        for folder in reversed(missing):
            os.mkdir(folder, 0o755)
            os.chown(folder, *owner)
        if path.endswith("/"):
            set_age(path, value)
            return
        for number in range(value.get("count", 1)):
            self.put_file(path, value, number, user)

    def put_file(self, path, value, number, user):
        """One file of perhaps many; where there are many the number is in it."""
        data = value.get("data", "")
        if "count" in value:
            path, data = path % number, data % number
        if "link" in value:
            os.symlink(value["link"], path)
            return
        self.place.write(path, raw(self.expand(data)) * value.get("times", 1), user,
                         value.get("mode", 0o644))
        set_age(path, value, number)

    def add_disk(self, path, size):
        self.put(path + "/", "", self.user)
        uid, gid = self.place.ids(self.user)
        kernel.mount("none", path, "tmpfs", 0,
                     "size=%s,mode=755,uid=%d,gid=%d" % (size, uid, gid))
        self.disks.append(path)

    def set_timeouts(self, records):
        now = int(time.time())
        table = b"".join(
            struct.pack("<4sB3xI4x", socket.inet_aton(address), count, now - age)
            for address, count, age in records)
        self.place.write(self.place.path("queue/lock/tcpto"),
                         table.ljust(1024, b"\0"), "qmailr", 0o600)

    def write_capture(self):
        case = self.case
        says = case.get("queue_says", case.get("queue_fd6", ""))
        self.place.write(self.says, raw(says))
        self.place.write(self.place.base + "/capture", CAPTURE.format(
            inbox=self.inbox, says=self.says, exit=case.get("queue_exit", 0),
            signal=case.get("queue_signal", 0),
            reads="no" if case.get("queue_deaf") else "yes"), mode=0o755)

    def environment(self):
        env = {"PATH": self.place.path("bin") + ":/usr/local/bin:/usr/bin:/bin"}
        if self.case.get("capture"):
            env["QMAILQUEUE"] = self.place.base + "/capture"
        for name, value in self.case.get("env", {}).items():
            env[name] = self.expand(value)
        return {raw(name): raw(value) for name, value in env.items()}

    def command(self, case=None):
        """argv and the rest for subprocess.Popen."""
        case = case or self.case
        program = self.place.program(case["program"])
        argv = [case.get("argv0", program)] + case.get("argv", [])
        return ([raw(self.expand(word)) for word in argv],
                dict(executable=program, env=self.environment(), umask=0o022,
                     cwd=self.at(case.get("cwd", "")), start_new_session=True,
                     **self.place.as_user(self.user)))

    def set_up_by_program(self):
        for words in self.case.get("setup", ()):
            subprocess.run([self.place.program(words[0])] + words[1:],
                           stdin=subprocess.DEVNULL, check=True)

    # ---- after

    def submissions(self):
        """(envelope, message) of each complete submission, in order."""
        found = []
        for name in sorted(os.listdir(self.inbox), key=int):
            parts = {}
            for part in os.listdir(os.path.join(self.inbox, name)):
                with open(os.path.join(self.inbox, name, part), "rb") as source:
                    parts[part] = source.read()
            if COMPLETE_ENVELOPE.fullmatch(parts.get("envelope", b"")):
                found.append((parts["envelope"], parts["message"]))
        return found

    def forget_submissions(self):
        empty(self.inbox)

    def files(self):
        """{name: (mode, contents or None)} of all that a case could change."""
        found = {}
        for label, top, paths in (
                ("", self.scratch, tree(self.scratch)),
                ("{PREFIX}/control/", self.place.path("control"),
                 tree(self.place.path("control"))),
                ("{PREFIX}/users/", self.place.path("users"), tree(self.place.path("users"))),
                ("/etc/", "/etc", ["/etc"] + self.aliases())):
            for path in paths[1:]:
                name = label + text(os.fsencode(os.path.relpath(path, top)))
                if label.startswith("{PREFIX}") and name.endswith(".tmp"):
                    continue
                info, contents = os.lstat(path), None
                if stat.S_ISDIR(info.st_mode):
                    name += "/"
                elif stat.S_ISLNK(info.st_mode):
                    contents = "-> " + os.readlink(path)
                elif stat.S_ISREG(info.st_mode):
                    contents = text(read_quietly(path))
                found[name] = ("%04o" % stat.S_IMODE(info.st_mode), contents)
        return found

    def aliases(self):
        return self.place.etc.matching("aliases*") if self.place.is_root else []

    def logged(self):
        """Lines that came to /dev/log, without their dates."""
        lines = []
        while True:
            try:
                line = text(self.log.recv(65536)).rstrip("\0")
            except BlockingIOError:
                return lines
            lines.append(re.sub(r"^(<\d+>)[A-Z][a-z]{2} [ \d]\d [\d:]{8} ", r"\1", line))


def set_age(path, value, younger=0):
    """Seconds since the last change, if the case tells."""
    if "age" in value:
        when = int(time.time()) - value["age"] + younger
        os.utime(path, (when, when))


def read_quietly(path):
    """The contents, without touching the time of the last access."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOATIME | os.O_NONBLOCK)
    except PermissionError:
        return b"(not readable)"
    with open(fd, "rb") as source:
        return source.read()
