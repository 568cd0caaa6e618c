"""Our copy of /etc, which covers the machine's: accounts and resolv.conf.

The whole folder is covered.  A cover over single files is not enough: it goes
when somebody outside renames a new file over one of them, and what is written
then lands in the machine's own.
"""

import glob
import os
import subprocess

from . import kernel


class Etc:
    def __init__(self, folder):
        """Copies /etc to folder, which must not exist, and covers it."""
        self.folder = folder
        # What goes away while it is copied is no part of it.
        subprocess.run(["cp", "-a", "/etc", folder], stderr=subprocess.DEVNULL)
        self.own = os.stat(folder)
        assert not os.path.samestat(os.stat("/etc"), self.own)
        kernel.bind(folder, "/etc")

    def path(self, name):
        """Where a file of our /etc lies; fails unless it is all the /etc there is."""
        for folder in (self.folder, "/etc"):
            assert os.path.samestat(os.stat(folder), self.own), folder + " is not ours"
        path = os.path.join(self.folder, name)
        assert os.path.dirname(os.path.realpath(path)) == os.path.realpath(self.folder), path
        return path

    def read(self, name):
        with open(self.path(name)) as source:
            return source.read()

    def write(self, name, text):
        """Replaces the file, or what is a link there."""
        if os.path.islink(os.path.join(self.folder, name)):
            os.unlink(os.path.join(self.folder, name))
        with open(self.path(name), "w") as out:
            out.write(text)
        os.chmod(self.path(name), 0o644)

    def matching(self, pattern):
        """Paths of the files whose names fit the pattern."""
        assert os.path.samestat(os.stat("/etc"), self.own), "/etc is not ours"
        return sorted(glob.glob("/etc/" + pattern))

    def clear(self, pattern):
        """Removes them."""
        for path in self.matching(pattern):
            os.unlink(self.path(os.path.basename(path)))
