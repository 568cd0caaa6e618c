"""The installation under test, and the part of the machine around it.

As root the tests run in a mount and a network namespace of their own: accounts,
/dev/log, resolv.conf, all ports and the folder of the installation are ours
alone, and nothing outside changes.  Without root it is a private instance:
every role is played by the caller.
"""

import atexit
import os
import pwd
import shutil

from . import build, kernel
from .etc import Etc

ROLES = ("alias", "qmaild", "qmaill", "qmailp", "qmailq", "qmailr", "qmails", "qmailv", "qmailt", "qmailk", "qmailh",
         "qmailf")
GROUPS = ("qmail", "nofiles")
FIRST_ID = 7790
TCPTO_SIZE = 1024
RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"


def enter_namespaces():
    """Before anything else is done; whether it was granted."""
    kernel.adopt_orphans()
    try:
        kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_NETWORK)
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    except OSError:
        return False
    kernel.loopback_up()
    return True


class Place:
    def __init__(self):
        self.is_root = os.geteuid() == 0
        self.is_isolated = self.is_root and enter_namespaces()
        self.base = "/var/tmp/angarium-test.%d" % os.geteuid()
        self.prefix = self.base + "/qmail"
        self.is_installed = False
        self.trouble = None

    def missing(self, needs_root):
        """Why a test cannot be done here; empty if it can."""
        if needs_root and not self.is_root:
            return "needs root"
        if self.is_root and not self.is_isolated:
            return "needs namespaces of its own (unshare is not allowed here)"
        return ""

    def path(self, name):
        return os.path.join(self.prefix, name)

    def program(self, name):
        return self.path("bin/" + name)

    # ---- making it

    def install(self):
        """Builds the suite for this folder and puts it there, once."""
        if self.is_installed:
            return
        assert not self.trouble, "it could not be installed: see above"
        self.trouble = "begun"
        made = os.path.join(build.MADE, "private" if not self.is_root else "root")
        build.make(made, "PREFIX=" + self.prefix)
        self.make_base()
        if self.is_root:
            self.cover_etc()
            self.cover_devices()
        stage = self.base + "/stage"
        os.mkdir(stage)
        os.symlink(made, stage + "/build")
        os.symlink(os.path.join(build.TOP, "man"), stage + "/man")
        self.installer = [os.path.join(made, "bin/qmail-install"), "install"]
        build.run(self.installer, cwd=stage)
        self.stage = stage
        with open(self.path("users/ids"), "rb") as ids:
            self.ids_file = ids.read()
        self.is_installed = True

    def make_base(self):
        """The folder of all that, on a file system of its own as root."""
        if not self.is_root:
            shutil.rmtree(self.base, ignore_errors=True)
        if not os.path.isdir(self.base) or os.path.islink(self.base):
            os.mkdir(self.base, 0o755)
        assert os.lstat(self.base).st_uid == os.geteuid(), self.base
        atexit.register(self.remove_base, os.getpid())
        if self.is_root:
            kernel.mount("none", self.base, "tmpfs", 0, "mode=755")

    def remove_base(self, owner):
        if os.getpid() != owner:
            return
        if not self.is_root:
            shutil.rmtree(self.base, ignore_errors=True)
            return
        # The empty folder stays: removing it would also take away what another
        # run has mounted there.
        kernel.unmount(self.base)

    def cover_etc(self):
        """An /etc of our own, with the users of conf-users."""
        self.etc = Etc(self.base + "/etc")
        self.resolver(RESOLVER)

        def others(name, names):
            return [line for line in self.etc.read(name).splitlines(True)
                    if line.split(":")[0] not in names]
        self.passwd = others("passwd", ROLES)
        self.group = others("group", GROUPS)
        for n, name in enumerate(GROUPS):
            self.group.append("%s:x:%d:\n" % (name, FIRST_ID + n))
        for n, name in enumerate(ROLES):
            group = 0 if name in ("qmailq", "qmailr", "qmails") else 1
            home = self.prefix + ("/alias" if name == "alias" else "")
            self.passwd.append("%s:x:%d:%d::%s:/usr/sbin/nologin\n" % (
                name, FIRST_ID + n, FIRST_ID + group, home))
        self.accounts({})

    def accounts(self, extra):
        """Sets {name: [uid, gid, home] or None} besides the usual ones."""
        files = {"passwd": self.passwd, "group": self.group}
        for file, usual in files.items():
            lines = [line for line in usual if line.split(":")[0] not in extra]
            for name, entry in extra.items():
                if not entry:
                    continue
                uid, gid, home = entry
                lines.append("%s:x:%d:%d::%s:/bin/sh\n" % (name, uid, gid, home)
                             if file == "passwd" else
                             "%s:x:%d:\n" % (name, gid))
            self.etc.write(file, "".join(lines))

    def resolver(self, text):
        """Which name servers are asked."""
        self.etc.write("resolv.conf", text)

    def cover_devices(self):
        """A /dev in which /dev/log is ours."""
        dev = self.base + "/dev"
        os.mkdir(dev)
        kernel.mount("none", dev, "tmpfs", 0, "mode=755")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            open(os.path.join(dev, name), "w").close()
            kernel.bind("/dev/" + name, os.path.join(dev, name))
        for name in ("pts", "shm"):
            os.mkdir(os.path.join(dev, name))
            if os.path.isdir("/dev/" + name):
                kernel.bind("/dev/" + name, os.path.join(dev, name))
        os.symlink("pts/ptmx", os.path.join(dev, "ptmx"))
        os.symlink("/proc/self/fd", os.path.join(dev, "fd"))
        for n, name in enumerate(("stdin", "stdout", "stderr")):
            os.symlink("/proc/self/fd/%d" % n, os.path.join(dev, name))
        kernel.mount(dev, "/dev", flags=kernel.MS_MOVE)

    # ---- who is who

    def ids(self, user):
        """uid and gid of a name or of "UID:GID"; without root, the caller's."""
        if not self.is_root:
            return os.geteuid(), os.getegid()
        if ":" in user:
            uid, gid = user.split(":")
            return int(uid), int(gid)
        entry = pwd.getpwnam(user)
        return entry.pw_uid, entry.pw_gid

    def as_user(self, user):
        """What subprocess needs to run something as this user."""
        if not self.is_root:
            return {}
        uid, gid = self.ids(user)
        return {"user": uid, "group": gid, "extra_groups": []}

    # ---- its state

    def write(self, path, data, user="root", mode=0o644):
        data = data.encode("latin-1") if isinstance(data, str) else data
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)
        os.chown(path, *self.ids(user))

    def control(self, **files):
        """Sets the control files; any other is removed."""
        empty(self.path("control"))
        for name, text in files.items():
            self.write(self.path("control/" + name), text)

    def reset(self):
        """As freshly installed: no control files, an empty queue."""
        if self.is_root:
            self.accounts({})
        for name in ("control", "users", "alias", "tls", "tlsc", "sts/cache", "secrets", "srs", "verify", "sign", "dkim", "login", "report", "metrics"):
            empty(self.path(name))
        empty(self.path("sts"), ["cache"])
        self.write(self.path("users/ids"), self.ids_file)
        os.chown(self.path("users/ids"), -1, os.stat(self.path("users")).st_gid)
        for name in ("mess", "intd", "todo", "info", "local", "remote", "bounce"):
            for folder, _, files in os.walk(self.path("queue/" + name)):
                for file in files:
                    os.unlink(os.path.join(folder, file))
        self.write(self.path("queue/lock/tcpto"), bytes(TCPTO_SIZE), "qmailr", 0o600)

    def queue_files(self):
        """{"mess": {number: path}, ...} of what lies in the queue."""
        found = {}
        for kind in ("mess", "intd", "todo", "info", "local", "remote", "bounce"):
            found[kind] = {}
            for folder, _, files in os.walk(self.path("queue/" + kind)):
                for name in files:
                    found[kind][int(name) if name.isdigit() else name] = os.path.join(folder, name)
        return found

    def queue_path(self, kind, number):
        folder = self.path("queue/" + kind)
        return "%s/%d/%d" % (folder, number % len(os.listdir(folder)), number)

    def queue_put(self, kind, number, data, mtime=None):
        """Makes a queue file with the owner and mode that the suite gives it."""
        folder, path = self.path("queue/" + kind), self.queue_path(kind, number)
        owner = "qmailq" if kind in ("mess", "intd", "todo") else "qmails"
        self.write(path, data, owner, 0o640 if owner == "qmailq" else 0o600)
        parent = os.stat(folder)
        if self.is_root and owner == "qmailq":
            os.chown(path, -1, parent.st_gid)
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        return path


def empty(folder, but=()):
    for entry in os.scandir(folder):
        if entry.name in but:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def remove(top):
    """A folder and all below it, whatever the modes of its folders."""
    os.chmod(top, 0o700)
    for folder, below, _ in os.walk(top):
        for name in below:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o700)
    shutil.rmtree(top)


def tree(top):
    """top and all below it that can be listed, sorted, links not followed."""
    if os.path.islink(top) or not os.path.isdir(top) or not os.access(top, os.R_OK | os.X_OK):
        return [top] if os.path.lexists(top) else []
    return [top] + [path for name in sorted(os.listdir(top))
                    for path in tree(os.path.join(top, name))]
