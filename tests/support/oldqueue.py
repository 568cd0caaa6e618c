"""A queue of the form that qmail 1.03, netqmail and notqmail have: todo, intd and
bounce without parts, the numbers of inodes, envelopes without an end record."""

import grp
import os
import pwd

SPLIT = ("mess", "info", "local", "remote")
FLAT = ("todo", "intd", "bounce", "pid")
OF_SENDER = ("info", "local", "remote", "bounce")
FOLDER_MODES = {"mess": 0o750, "todo": 0o750, "intd": 0o700, "info": 0o700, "local": 0o700,
                "remote": 0o700, "bounce": 0o700, "pid": 0o700, "lock": 0o750}


class OldQueue:
    """owner: gives the uid and gid of a user; None: as its suite has them."""

    def __init__(self, path, split=23, owner=None):
        self.top, self.split = path, split
        self.owner = owner or (lambda user: (pwd.getpwnam(user).pw_uid,
                                             grp.getgrnam("qmail").gr_gid))
        self.folder("", "qmailq", 0o750)
        for name, mode in FOLDER_MODES.items():
            user = "qmails" if name in OF_SENDER else "qmailq"
            self.folder(name, user, mode)
            for part in range(split if name in SPLIT else 0):
                self.folder("%s/%d" % (name, part), user, mode)
        self.file("lock/sendmutex", b"", "qmails", 0o600)
        self.file("lock/tcpto", bytes(1024), "qmailr", 0o644)
        os.mkfifo(self.path("lock/trigger"))
        self.give("lock/trigger", "qmails", 0o622)

    def path(self, name):
        return os.path.join(self.top, name)

    def give(self, name, user, mode):
        os.chown(self.path(name), *self.owner(user))
        os.chmod(self.path(name), mode)

    def folder(self, name, user, mode):
        if name or not os.path.isdir(self.top):
            os.mkdir(self.path(name))
        self.give(name, user, mode)

    def file(self, name, data, user, mode, mtime=None):
        with open(self.path(name), "xb") as out:
            out.write(data)
        self.give(name, user, mode)
        if mtime is not None:
            os.utime(self.path(name), (mtime, mtime))

    def split_file(self, folder, number, data, mtime=None):
        user = "qmails" if folder in OF_SENDER else "qmailq"
        self.file("%s/%d/%d" % (folder, number % self.split, number), data, user,
                  0o644 if folder == "mess" else 0o600, mtime)

    # ---- messages

    def text(self, number, mtime=None):
        self.split_file("mess", number, b"Received: (qmail 1 invoked by uid 1000)\n"
                        b"Subject: number %d\n\nhello\n" % number, mtime)

    def waiting(self, number, sender, local=(), remote=(), bounce=None, mtime=None):
        """local, remote: recipients as "Taddress" or "Daddress"; none: no file."""
        self.text(number, mtime)
        self.split_file("info", number, b"F%s\0" % sender.encode(), mtime)
        for folder, recipients in (("local", local), ("remote", remote)):
            if recipients:
                self.split_file(folder, number, b"".join(
                    word.encode() + b"\0" for word in recipients), mtime)
        if bounce is not None:
            self.file("bounce/%d" % number, bounce.encode(), "qmails", 0o600)

    def arrived(self, number, sender, recipients, intd="same"):
        """In todo; intd is the same file, or gone, or a copy."""
        self.text(number)
        data = self.envelope(sender, recipients)
        self.file("todo/%d" % number, data, "qmailq", 0o644)
        if intd == "same":
            os.link(self.path("todo/%d" % number), self.path("intd/%d" % number))
        elif intd == "copy":
            self.file("intd/%d" % number, data, "qmailq", 0o644)

    def unfinished(self, number, recipients=None, mtime=None):
        """What a qmail-queue has left that did not come to its end."""
        self.text(number, mtime)
        if recipients is not None:
            self.file("intd/%d" % number, self.envelope("x@here.example", recipients),
                      "qmailq", 0o644, mtime)

    @staticmethod
    def envelope(sender, recipients):
        return b"u1000\0p123\0F%s\0" % sender.encode() + b"".join(
            b"T%s\0" % address.encode() for address in recipients)


def listing(top, times=True):
    """{name: what lstat tells of it, and where it leads or what is in it}."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in ["."] + folders + files:
            path = os.path.normpath(os.path.join(folder, name))
            if name == "." and folder != top:
                continue
            status = os.lstat(path)
            entry = [oct(status.st_mode), status.st_uid, status.st_gid]
            if times:
                entry += [status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
            if os.path.islink(path):
                entry.append(os.readlink(path))
            elif name in files and os.path.isfile(path):
                with open(path, "rb") as source:
                    entry.append(source.read())
            found[os.path.relpath(path, top)] = entry
    return found
