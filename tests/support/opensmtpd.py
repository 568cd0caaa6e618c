"""An OpenSMTPD of our own: opensmtpd.example."""

import os
import subprocess

from . import process, unpacked
from .town import wait_port

DOMAIN, FOLDER = "opensmtpd.example", "SmtpdMaildir"
USERS = {"opensmtpd": 7102, "opensmtpq": 7103}
SETTINGS = """\
table later {{ "later@opensmtpd.example" }}
filter "later" phase rcpt-to match rcpt-to <later> reject "451 4.3.0 not now"
listen on {address} port 25 hostname opensmtpd.example filter "later"
listen on {six} port 25 hostname opensmtpd.example filter "later"
action "home" maildir "{homes}/%{{user.username}}/SmtpdMaildir"
action "away" relay host smtp://{ours} helo opensmtpd.example
match from any for domain "opensmtpd.example" action "home"
match from any for domain "here.example" action "away"
"""
# Its folders are compiled in; they are its alone.
INSIDE = """\
mount -t tmpfs -o mode=755 none /var/spool && mkdir -m 711 /var/spool/smtpd &&
	mount -t tmpfs -o mode=755 none /run &&
	mount -t tmpfs -o mode=755 none /var/lib && mkdir -p /var/lib/opensmtpd/empty &&
	mount -t tmpfs -o mode=755 none /usr/libexec &&
	cp -a "$1" /usr/libexec/opensmtpd && shift && exec "$@"
"""


class OpenSmtpd:
    domain, folder = DOMAIN, FOLDER

    def __init__(self, town, address, six, ours):
        """ours: where mail for us goes."""
        root = unpacked.folder(town.place, "opensmtpd")
        self.base = unpacked.fresh(town.place, "opensmtpd")
        config = self.base + "/smtpd.conf"
        town.accounts(**{name: [uid, uid, "/var/lib/opensmtpd/empty"]
                         for name, uid in USERS.items()})
        town.place.write(config, SETTINGS.format(
            address=address, six=six, homes=town.place.base + "/homes",
            ours="[%s]" % ours if ":" in ours else ours))
        self.control = root + "/usr/sbin/smtpctl"  # which wants to be setgid
        os.chown(self.control, 0, USERS["opensmtpq"])
        os.chmod(self.control, 0o2755)
        self.daemon = town.begin(
            ["unshare", "--mount", "sh", "-c", INSIDE, "sh", root + "/usr/libexec/opensmtpd",
             root + "/usr/sbin/smtpd", "-d", "-f", config], env={"PATH": "/usr/bin:/bin:/usr/sbin"})
        wait_port(address)
        wait_port(six)

    def run_queue(self):
        """Tries all that waits, now."""
        subprocess.run(["nsenter", "-t", str(self.daemon.pid), "-m",
                        self.control, "schedule", "all"], timeout=60, check=True,
                       env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL)

    def log(self):
        return self.daemon.log()

    def wait_log(self, word):
        process.until(lambda: any(word in line for line in self.daemon.lines),
                      "%r in its log:\n%s" % (word, self.log()))

    def stop(self):
        self.daemon.kill()
