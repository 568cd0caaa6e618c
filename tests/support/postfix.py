"""A Postfix of our own: postfix.example, at 127.0.0.2; we are at 127.0.0.3, or
elsewhere, and it listens by IPv6 as well."""

import os
import shutil
import subprocess

from . import process
from .town import wait_port

ADDRESS, OURS = "127.0.0.2", "127.0.0.3"
DOMAIN = "postfix.example"
SETTINGS = """\
compatibility_level = 3.6
queue_directory = {base}/spool
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = {domain}
mydestination = {domain}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
transport_maps = inline:{{ here.example=smtp:[{ours}]:25 }}
alias_maps =
alias_database =
local_recipient_maps =
mailbox_command =
home_mailbox = PostfixMaildir/
maillog_file = {base}/maillog
maillog_file_prefixes = {base}
smtpd_tls_security_level = none
smtp_tls_security_level = none
"""
# As a neighbour with both families; who is no-one or later is refused so.
BOTH = """\
inet_protocols = all
mynetworks = 127.0.0.0/8 [2001:db8:25::]/64
transport_maps = inline:{{ here.example=smtp:[{ours}]:25 }}
smtpd_recipient_restrictions =
 check_recipient_access inline:{{ {{ no-one@{domain} = 550 nobody here has this name }}
  {{ later@{domain} = 450 not now }} }}
 permit_mynetworks reject
"""
SERVICES = """\
{address}:smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def without(settings, more):
    """The settings that are not made again."""
    names = {line.split(" =")[0] for line in more.splitlines()}
    return "".join(line for line in settings.splitlines(True)
                   if line.split(" =")[0] not in names)


class Postfix:
    def __init__(self, place, more="", services=""):
        self.base = place.base + "/postfix"
        self.config = self.base + "/etc"
        shutil.rmtree(self.base, ignore_errors=True)
        for name in ("", "/etc", "/spool", "/data"):
            os.mkdir(self.base + name, 0o755)
        shutil.chown(self.base + "/data", "postfix")
        for name, text in (("main.cf", SETTINGS), ("master.cf", SERVICES)):
            text = text.format(base=self.base, domain=DOMAIN, address=ADDRESS, ours=OURS)
            with open(os.path.join(self.config, name), "w") as out:
                out.write(without(text, more) + more if name == "main.cf" else text + services)
        self.run("start")
        wait_port(ADDRESS)

    def run(self, command):
        done = subprocess.run(["postfix", "-c", self.config, command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 0, done.stdout.decode() + self.log()

    def log(self):
        try:
            with open(self.base + "/maillog") as lines:
                return "\nits log:\n" + lines.read()[-4000:]
        except OSError:
            return "\nno log of it"

    def stop(self):
        with open(self.base + "/spool/pid/master.pid") as source:
            master = int(source.read())
        try:
            self.run("stop")
            process.until(lambda: not process.session_members(master), "Postfix to end")
        finally:
            process.end_session(master)  # or it stays in the way of the next


class Neighbour(Postfix):
    """What tests with other mail servers expect of one."""
    domain, folder = DOMAIN, "PostfixMaildir"

    def __init__(self, town, address, six, ours):
        """ours: where mail for us goes."""
        assert address == ADDRESS
        super().__init__(town.place, BOTH.format(ours=ours, domain=DOMAIN),
                         "[%s]:smtp inet n - n - - smtpd\n" % six)
        wait_port(six)

    def run_queue(self):
        """Tries all that waits, now."""
        self.run("flush")

    def wait_log(self, word):
        process.until(lambda: word in self.log(), "%r in%s" % (word, self.log()))
