"""The rest of the machine, as programs see it that know where things are.

Its /usr/sbin/sendmail becomes ours, and /run and /var/spool become empty, in the
mount namespace of the tests; nobody outside sees that.
"""

import os

from . import kernel

SBIN = os.path.realpath("/usr/sbin")


class Machine:
    def __init__(self, place):
        self.place, self.covered = place, []

    def sendmail(self):
        """Whoever asks for the machine's sendmail gets ours."""
        folder = self.place.base + "/sbin"
        if not os.path.isdir(folder):
            self.copy_names(folder)
        self.cover(SBIN, folder)

    def copy_names(self, folder):
        """A folder with the names of SBIN, but for one."""
        behind = self.place.base + "/sbin.behind"
        os.mkdir(behind)
        kernel.bind(SBIN, behind)
        os.mkdir(folder)
        for name in set(os.listdir(SBIN)) - {"sendmail"}:
            target = os.path.realpath(os.path.join(SBIN, name))
            if os.path.dirname(target) == SBIN:
                target = os.path.join(behind, os.path.basename(target))
            os.symlink(target, os.path.join(folder, name))
        os.symlink(self.place.program("sendmail"), folder + "/sendmail")

    def empty(self, path):
        """An empty folder in its place."""
        os.makedirs(path, exist_ok=True)
        kernel.mount("none", path, "tmpfs", 0, "mode=755")
        self.covered.append(path)

    def cover(self, path, folder):
        kernel.bind(folder, path)
        self.covered.append(path)

    def lenient(self, *services):
        """PAM lets everybody in; those who ask it are peers, not the subject."""
        self.empty("/etc/pam.d")
        for service in services:
            with open("/etc/pam.d/" + service, "w") as out:
                out.write("".join("%s required pam_permit.so\n" % kind
                                  for kind in ("auth", "account", "session")))

    def restore(self):
        while self.covered:
            kernel.unmount(self.covered.pop())
