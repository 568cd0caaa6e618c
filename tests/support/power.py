"""What a disk holds for certain when the power goes, computed from a trace.

The rules are those of journaled file systems on Linux: fsync of a file keeps
its bytes, and the names that it has by then; fdatasync its bytes alone; fsync
of a folder keeps the names in it.  With strict, as bare POSIX has it, fsync of
a file does as fdatasync.
What takes away counts when it begins, what gives when it has ended.
"""

import os

from .trace import Folders

CALLS = ("openat,open,creat,write,writev,pwrite64,ftruncate,fsync,fdatasync,link,linkat,"
         "rename,renameat,renameat2,unlink,unlinkat,chdir,exit_group,execve")


class File:
    def __init__(self):
        self.names = {}  # path: is it certain?
        self.is_whole = False  # all that was written is certain


class Disk:
    def __init__(self, strict=False):
        self.strict, self.files = strict, {}

    def create(self, path):
        self.files[path] = File()
        self.files[path].names[path] = False

    def is_there_before(self, path):
        """The file was there, whole, before the trace began."""
        self.create(path)
        self.files[path].names[path] = self.files[path].is_whole = True

    def write(self, path):
        if path in self.files:
            self.files[path].is_whole = False

    def link(self, old, new):
        if old in self.files:
            self.files[new] = self.files[old]
            self.files[new].names[new] = False

    def unlink(self, path):
        file = self.files.pop(path, None)
        if file:
            del file.names[path]

    def sync_bytes(self, path):
        if path in self.files:
            self.files[path].is_whole = True

    def sync(self, path):
        self.sync_bytes(path)
        if path in self.files and not self.strict:
            names = self.files[path].names
            names.update(dict.fromkeys(names, True))
        for name, other in self.files.items():
            if os.path.dirname(name) == path:
                other.names[name] = True

    def has(self, path):
        """Whether the file is there after a cut at this moment, whole."""
        return path in self.files and self.files[path].is_whole and self.files[path].names[path]

    def in_folder(self, folder):
        return [path for path in self.files if os.path.dirname(path) == folder]


class Replay:
    """Goes through a trace; at(place) is asked at each moment, with the call
    that begins then, or None after one has ended."""

    def __init__(self, disk, queue):
        self.disk, self.folders = disk, Folders(queue)

    def run(self, trace, at=None, without=None):
        """without: a call that is taken for not made."""
        moments = [(call.begins, 0, call) for call in trace.calls if call is not without]
        moments += [(call.ends, 1, call) for call in trace.calls if call is not without]
        for _, is_end, call in sorted(moments, key=lambda moment: moment[:2]):
            if is_end:
                self.give(call)
            else:
                self.take(call)
            if at:
                at(None if is_end else call)

    def path(self, call, which):
        return self.folders.path(call, call.strings[which])

    def take(self, call):
        if call.name in ("write", "writev", "pwrite64", "ftruncate") and call.result != 0:
            self.disk.write(call.file)
        elif call.name in ("unlink", "unlinkat") and call.error is None:
            self.disk.unlink(self.path(call, 0))

    def give(self, call):
        self.folders.see(call)
        if not call.is_fine:
            return
        if call.name in ("open", "openat", "creat"):
            if "O_CREAT" in call.words and call.made not in self.disk.files:
                self.disk.create(call.made)
        elif call.name == "fsync":
            self.disk.sync(call.file)
        elif call.name == "fdatasync":
            self.disk.sync_bytes(call.file)
        elif call.name in ("link", "linkat"):
            self.disk.link(self.path(call, 0), self.path(call, 1))
        elif call.name in ("rename", "renameat", "renameat2"):
            self.disk.link(self.path(call, 0), self.path(call, 1))
            self.disk.unlink(self.path(call, 0))
