"""An Exim of our own: exim.example, at neighbour.ADDRESS and neighbour.SIX."""

import os
import subprocess

from . import process, unpacked
from .town import wait_port

DOMAIN, FOLDER = "exim.example", "EximMaildir"
USER, UID = "Debian-exim", 7101
SETTINGS = """\
primary_hostname = exim.example
exim_path = {program}
spool_directory = {base}/spool
log_file_path = {base}/log-%s
pid_file_path = {base}/pid
local_interfaces = <; {address} ; {six}
daemon_smtp_ports = 25
log_selector = +pipelining +smtp_confirmation
host_lookup =
rfc1413_hosts =
tls_advertise_hosts = {tls}
dsn_advertise_hosts = *
keep_environment =
received_header_text = Received: by $primary_hostname id $message_exim_id
acl_smtp_rcpt = recipient
begin acl
recipient:
  deny domains = exim.example
       local_parts = no-one
       message = nobody here has this name
  defer domains = exim.example
       local_parts = later
       message = not now
{check}  accept
begin routers
away:
  driver = manualroute
  domains = here.example
  transport = away
  route_data = <;{ours}
  self = send
home:
  driver = accept
  domains = exim.example
  check_local_user
  transport = home
begin transports
away:
  driver = smtp
{insists}home:
  driver = appendfile
  directory = $home/EximMaildir
  maildir_format
  return_path_add
begin retry
* * F,1h,1h
"""


class Exim:
    domain, folder = DOMAIN, FOLDER

    def __init__(self, town, address, six, ours, check="", tls=None):
        """ours: where mail for us goes; check: of each recipient; tls: a file with key
        and certificate, then it insists on TLS with us."""
        program = unpacked.folder(town.place, "exim4-daemon-light") + "/usr/sbin/exim4"
        self.base = unpacked.fresh(town.place, "exim")
        config = self.base + "/config"
        town.accounts(**{USER: [UID, UID, self.base]})
        town.place.write(config, SETTINGS.format(base=self.base, program=program,
                                                 address=address, six=six, ours=ours,
                                                 check=check,
                                                 tls="*\ntls_certificate = " + tls if tls else "",
                                                 insists="  hosts_require_tls = *\n" if tls else ""))
        # Only what is listed there may be its configuration, and it stay root.
        os.makedirs(town.place.etc.path("exim4"), exist_ok=True)
        with open("/etc/exim4/trusted_configs", "w") as out:
            out.write(config + "\n")
        os.chown(self.base, UID, UID)
        self.words = [program, "-C", config]
        self.daemon = town.begin([*self.words, "-bdf"], env={"PATH": "/usr/bin:/bin"})
        wait_port(address)
        wait_port(six)

    def run_queue(self):
        """Tries all that waits, now."""
        subprocess.run([*self.words, "-qff"], check=True, timeout=60,
                       env={"PATH": "/usr/bin:/bin"})

    def log(self):
        try:
            with open(self.base + "/log-main") as lines:
                return lines.read()
        except OSError:
            return ""

    def wait_log(self, word):
        process.until(lambda: word in self.log(), "%r in its log:\n%s" % (word, self.log()))

    def stop(self):
        self.daemon.kill()
