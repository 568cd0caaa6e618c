#!/usr/bin/python3
"""The same load on this suite and on Postfix, in turns, in one run.

Load: smtp-source, 20 sessions, messages of 4 kB, to a Maildir and to a remote
host (smtp-sink), over lasting connections and with one message a connection;
the same over TLS, one a connection, to a Maildir, by a client of our own with a
certificate for both; a signed message, unchecked and with SPF, DKIM and DMARC
checked, at Postfix by policyd-spf, opendkim and opendmarc;
and a list, a message with ten thousand recipients of one domain that its
sendmail takes, of which recipients are counted.  Last, databases of a million
entries beside tinycdb, and reports on a log beside awk.  A turn is over when the queue is empty; what
arrived is counted.  Postfix has its defaults, but for the limit of two deliveries to one
mailbox at a time, which would slow it down here.  Machines are noisy: what
counts is the ratio, the median of those of the rounds, with the least and the
greatest of them beside it.  Processor time is that of the whole machine, load
generator and disk included.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

import checks
import databases
import logs
import tlsload

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.etc import Etc  # noqa: E402, from the folder above

PREFIX = "/var/tmp/angarium-bench"
BUILD = "build/bench/build"
DOMAIN, REMOTE = "bench.test", "sink.test"
SINK_PORT, OUR_PORT, POSTFIX_PORT, POP_PORT, TLS_PORT, CHECKING_PORT = 2527, 2525, 2526, 2528, 2529, 2530
USER, UID = "benchuser", 31999
LIST = 10000  # recipients


def run(*command, **more):
    return subprocess.run(command, check=True, **more)


# ---- the stage ----

def has_journal(path):
    """Whether the file system at path is an ext4, xfs or btrfs that keeps order."""
    device, kind = "", ""
    for line in open("/proc/mounts"):
        words = line.split()
        if path.startswith(words[1]) and len(words[1]) >= len(device and mount):
            device, mount, kind = words[0], words[1], words[2]
    if kind in ("xfs", "btrfs"):
        return True
    return kind == "ext4" and any(
        name.startswith(os.path.basename(os.path.realpath(device)))
        for name in os.listdir("/proc/fs/jbd2")) if os.path.isdir("/proc/fs/jbd2") else False


def make_stage(megabytes):
    """A folder for queues and mailboxes of both, on a journaled file system."""
    stage = pathlib.Path("/var/tmp/angarium-bench-stage")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    if has_journal("/var/tmp"):
        print("queues and mailboxes on the file system of /var/tmp")
        return stage
    image = pathlib.Path("/var/tmp/angarium-bench-image")
    with open(image, "wb") as f:
        f.truncate(megabytes << 20)
    run("mkfs.ext4", "-q", "-F", str(image))
    run("mount", "-o", "loop", str(image), str(stage))
    image.unlink()
    print("queues and mailboxes on a loop-mounted ext4 (no journal here)")
    return stage


def make_users():
    """The users of both, in an /etc of our own, which is returned."""
    copy = "/var/tmp/angarium-bench-etc"
    shutil.rmtree(copy, ignore_errors=True)
    etc = Etc(copy)
    names = open("conf-users").read().split("\n\n")[0].splitlines()
    passwd, group = etc.read("passwd"), etc.read("group")
    known = {line.split(":")[0]: int(line.split(":")[2]) for line in group.splitlines()}
    for n, name in enumerate(names[7:9]):
        if name not in known:
            known[name] = 32100 + n
            group += "%s:x:%d:\n" % (name, known[name])
    users = {line.split(":")[0] for line in passwd.splitlines()}
    for n, name in enumerate(names[:7] + names[9:]):
        if name not in users:
            passwd += "%s:x:%d:%d::%s:/bin/false\n" % (name, 32000 + n, known[names[7 if 3 < n < 7 else 8]],
                                                       PREFIX + "/alias" if n == 0 else PREFIX)
    passwd += "%s:x:%d:%d::/nonexistent:/bin/sh\n" % (USER, UID, UID)
    etc.write("passwd", passwd)
    etc.write("group", group)
    return etc


def set_home(suite):
    suite.etc.write("passwd", re.sub(r"(?m)^%s:.*$" % USER, "%s:x:%d:%d::%s:/bin/sh" % (USER, UID, UID, suite.home),
                                     suite.etc.read("passwd")))


def loopback_up():
    run("ip", "link", "set", "lo", "up") if shutil.which("ip") else run("ifconfig", "lo", "up")


class Suite:
    """What both have in common."""

    def wait_empty(self, limit=120):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.is_empty():
                return
            time.sleep(0.005)
        raise SystemExit("%s: the queue does not become empty" % self.name)

    def load(self, recipient, count, *options, sessions=20):
        if options and options[0] == "list":
            people = ["u%d@%s" % (n, recipient) for n in range(options[1])]
            run(*self.sendmail, "-f", "from@" + DOMAIN, *people, input=b"Subject: a list\n\n" + b"x\n" * 2000)
            return
        if options and options[0] == "tls":
            tlsload.send(self.tls_port, recipient, count)
            return
        size = () if "-F" in options else ("-l", "4096")
        run("smtp-source", "-s", str(sessions), *size, "-m", str(count), "-f", "from@" + DOMAIN,
            "-t", recipient, *options, "127.0.0.1:%d" % self.port, timeout=300)

    def turn(self, recipient, count, options, arrived):
        """Of one turn: messages a second to the end, messages a second
        accepted, microseconds of processor time for each message."""
        before = arrived()
        began, busy = time.monotonic(), busy_microseconds()
        self.load(recipient, count, *options)
        accepted = time.monotonic() - began
        self.wait_empty()
        took = time.monotonic() - began
        busy = busy_microseconds() - busy
        got = arrived() - before
        if got != count:
            raise SystemExit("%s: %d of %d messages arrived" % (self.name, got, count))
        return count / took, count / accepted, busy / count

    def arrived_in_maildir(self):
        return len(os.listdir(self.home / "Maildir" / "new"))

    def clear_maildir(self):
        shutil.rmtree(self.home / "Maildir")
        self.make_maildir()

    def make_maildir(self):
        for sub in ("", "tmp", "new", "cur"):
            path = self.home / "Maildir" / sub
            path.mkdir(mode=0o700)
            os.chown(path, UID, UID)

    def pss(self):
        """Proportional memory of all its processes, in kB."""
        total = 0
        for pid in self.pids():
            try:
                for line in open("/proc/%d/smaps_rollup" % pid):
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total

    def session_cost(self, sessions=40, port=None, *words, tls=False):
        """kB for each session that is open and idle: of SMTP, or another."""
        before = self.pss()
        open_ones = []
        for _ in range(sessions):
            s = tlsload.begin(self.tls_port) if tls else \
                socket.create_connection(("127.0.0.1", port or self.port))
            if not tls:
                s.recv(200)
            for line in words or (b"EHLO x.test\r\n",):
                s.sendall(line)
                s.recv(1000)
            open_ones.append(s)
        time.sleep(0.5)
        cost = (self.pss() - before) / sessions
        for s in open_ones:
            s.close()
        time.sleep(0.5)
        return cost


def busy_microseconds():
    """What all processors worked since the start, in kernel and programs."""
    user, nice, system, _idle, _wait, irq, softirq = map(int, open("/proc/stat").readline().split()[1:8])
    return (user + nice + system + irq + softirq) * 1000000 / os.sysconf("SC_CLK_TCK")


def below(root):
    """Process ids of a process and all below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = open("/proc/%s/stat" % entry).read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


class Angarium(Suite):
    name, port = "angarium", OUR_PORT
    sendmail = [PREFIX + "/bin/sendmail"]

    def __init__(self, stage, etc):
        self.etc = etc
        self.home = stage / "home-angarium"
        self.home.mkdir()
        os.chown(self.home, UID, UID)
        self.make_maildir()
        if os.path.islink(PREFIX):
            os.unlink(PREFIX)
        (stage / "angarium").mkdir()
        os.symlink(stage / "angarium", PREFIX)
        self.install()
        control = pathlib.Path(PREFIX) / "control"
        for name, text in {"me": DOMAIN, "locals": DOMAIN, "rcpthosts": DOMAIN + "\n" + REMOTE,
                           "smtproutes": ":127.0.0.1:%d" % SINK_PORT}.items():
            (control / name).write_text(text + "\n")
        env = {"PATH": PREFIX + "/bin:/usr/bin:/bin"}
        self.log = open(stage / "angarium.log", "wb")
        passwd = {u.split(":")[0]: u.split(":") for u in open("/etc/passwd")}
        set_home(self)
        self.send = subprocess.Popen([PREFIX + "/bin/qmail-start", "./Maildir/"], env=env, cwd="/",
                                     stdout=self.log, stderr=self.log)
        self.smtpd = subprocess.Popen(["tcpserver", "-HRl0", "-c", "1100", "-b", "200", "-u", passwd["qmaild"][2],
                                       "-g", passwd["qmaild"][3], "127.0.0.1", str(self.port),
                                       PREFIX + "/bin/qmail-smtpd"], env=env, stderr=self.log)
        # Whoever comes is let in: what checks passwords is gone when a session is idle.
        self.pop = subprocess.Popen(["tcpserver", "-HRl0", "-c", "1100", "-b", "200", "127.0.0.1", str(POP_PORT),
                                     PREFIX + "/bin/qmail-popup", DOMAIN, "sh", "-c",
                                     "cd %s && exec setuidgid %s qmail-pop3d Maildir" % (self.home, USER)],
                                    env=env, stderr=self.log)
        self.tls, self.checking = [], []

    def begin_checks(self, _world):
        """Checked on a port of its own."""
        self.port = CHECKING_PORT
        control = pathlib.Path(PREFIX) / "control"
        (control / "authpolicy").write_text("report\n")
        passwd = {u.split(":")[0]: u.split(":") for u in open("/etc/passwd")}
        env = {"PATH": PREFIX + "/bin:/usr/bin:/bin", "QMAILQUEUE": PREFIX + "/bin/qmail-authfilter"}
        self.checking = [subprocess.Popen([PREFIX + "/bin/qmail-verifyd"], env=env, cwd="/", stderr=self.log),
                         subprocess.Popen(["tcpserver", "-HRl0", "-c", "1100", "-b", "200", "-u", passwd["qmaild"][2],
                                           "-g", passwd["qmaild"][3], "127.0.0.1", str(self.port),
                                           PREFIX + "/bin/qmail-smtpd"], env=env, stderr=self.log)]
        wait_port(self.port)
        self.wait_door("verify/door")

    @staticmethod
    def wait_door(path):
        while not os.path.exists(os.path.join(PREFIX, path)):
            time.sleep(0.05)

    def begin_tls(self, certificate):
        """STARTTLS on a port of its own."""
        self.tls_port = TLS_PORT
        (pathlib.Path(PREFIX) / "control/servercert.pem").write_text(certificate)
        passwd = {u.split(":")[0]: u.split(":") for u in open("/etc/passwd")}
        env = {"PATH": PREFIX + "/bin:/usr/bin:/bin", "UCSPITLS": ""}
        self.tls = [subprocess.Popen([PREFIX + "/bin/qmail-tlsd"], env=env, cwd="/", stderr=self.log),
                    subprocess.Popen(["tcpserver", "-HRl0", "-c", "1100", "-b", "200", "-u", passwd["qmaild"][2],
                                      "-g", passwd["qmaild"][3], "127.0.0.1", str(TLS_PORT),
                                      PREFIX + "/bin/qmail-smtpd"], env=env, stderr=self.log)]
        wait_port(TLS_PORT)
        self.wait_door("tls/door")
        tlsload.begin(TLS_PORT).close()

    @staticmethod
    def install():
        """The installer copies from build/; there the build for this prefix lies."""
        here = pathlib.Path("build/bench")
        for link, target in (("man", "../../man"),):
            if not (here / link).exists():
                (here / link).symlink_to(target)
        run("build/bin/qmail-install", "install", cwd=here)

    def is_empty(self):
        return not any(os.scandir(part) for part in os.scandir(PREFIX + "/queue/mess") if any(os.scandir(part.path)))

    def pids(self):
        # A process that serves a session of TLS is qmail-tlsd's grandchild.
        return sum((below(process.pid) for process in (self.send, self.smtpd, self.pop, *self.tls, *self.checking)), [])

    def stop(self):
        for process in (self.smtpd, self.pop, *self.tls, *self.checking, self.send):
            process.send_signal(signal.SIGTERM)
            process.wait(30)


class Postfix(Suite):
    name, port = "postfix", POSTFIX_PORT

    def __init__(self, stage, etc):
        self.etc = etc
        self.home = stage / "home-postfix"
        self.home.mkdir()
        os.chown(self.home, UID, UID)
        self.make_maildir()
        self.config = stage / "postfix"
        shutil.copytree("/etc/postfix", self.config, symlinks=True)
        self.sendmail = ["/usr/sbin/sendmail", "-C", str(self.config)]
        self.queue = stage / "postfix-queue"
        data = stage / "postfix-data"
        for path in (self.queue, data):
            path.mkdir()
        shutil.chown(data, "postfix")
        os.mkdir(self.queue / "pid")
        for key in ("mynetworks", "inet_interfaces"):
            run("postconf", "-c", str(self.config), "-e", "%s = %s" % (key, "127.0.0.0/8" if key == "mynetworks"
                                                                       else "127.0.0.1"), stderr=subprocess.DEVNULL)
        aliases = stage / "aliases"
        aliases.write_text("postmaster: root\n")
        settings = {"myhostname": DOMAIN, "mydestination": DOMAIN, "queue_directory": self.queue,
                    "data_directory": data, "home_mailbox": "Maildir/", "relayhost": "[127.0.0.1]:%d" % SINK_PORT,
                    "alias_maps": "hash:%s" % aliases, "alias_database": "hash:%s" % aliases,
                    "inet_protocols": "ipv4", "maillog_file": stage / "maillog",
                    "maillog_file_prefixes": str(stage), "compatibility_level": "3.6",
                    "local_destination_concurrency_limit": "20", "initial_destination_concurrency": "20",
                    "smtpd_tls_security_level": "none", "smtp_tls_security_level": "none", "mailbox_command": ""}
        for key, value in settings.items():
            run("postconf", "-c", str(self.config), "-e", "%s = %s" % (key, value), stderr=subprocess.DEVNULL)
        master = (self.config / "master.cf").read_text()
        master = re.sub(r"(?m)^smtp( +inet.*)$", r"127.0.0.1:%d\1" % self.port, master)
        master = re.sub(r"(?m)^(\S+\s+\S+\s+\S+\s+\S+\s+)y(\s)", r"\1n\2", master)
        master += "postlog unix-dgram n - n - 1 postlogd\n" if "postlogd" not in master else ""
        (self.config / "master.cf").write_text(master)
        set_home(self)
        run("postalias", "-c", str(self.config), "hash:%s" % aliases)
        run("postfix", "-c", str(self.config), "start", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_logging(stage / "maillog")

    def begin_tls(self, certificate):
        self.tls_port = self.port
        (self.config / "tls.pem").write_text(certificate)
        os.chmod(self.config / "tls.pem", 0o600)
        for key, value in (("smtpd_tls_security_level", "may"), ("smtpd_tls_chain_files", self.config / "tls.pem")):
            run("postconf", "-c", str(self.config), "-e", "%s = %s" % (key, value), stderr=subprocess.DEVNULL)
        run("postfix", "-c", str(self.config), "reload", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        tlsload.begin(self.tls_port).close()

    def begin_checks(self, world):
        policy = world.begin_milters()
        for port in checks.OPENDKIM_PORT, checks.OPENDMARC_PORT:
            wait_port(port)
        (self.config / "master.cf").write_text(
            (self.config / "master.cf").read_text() +
            "policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf %s\n" % policy)
        milters = ", ".join("inet:127.0.0.1:%d" % port for port in (checks.OPENDKIM_PORT, checks.OPENDMARC_PORT))
        for key, value in (("smtpd_milters", milters),
                           ("smtpd_recipient_restrictions",
                            "reject_unauth_destination, check_policy_service unix:private/policyd-spf")):
            run("postconf", "-c", str(self.config), "-e", "%s = %s" % (key, value), stderr=subprocess.DEVNULL)
        run("postfix", "-c", str(self.config), "reload", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        wait_port(self.port)

    def wait_logging(self, log):
        """A burst before its postlogd runs would block master, which is to start it."""
        run("postlog", "-c", str(self.config), "-t", "bench", "logging begins", stderr=subprocess.DEVNULL)
        for _ in range(300):
            if log.exists() and "logging begins" in log.read_text():
                return
            time.sleep(0.05)
        raise SystemExit("postfix: no line in its log")

    def is_empty(self):
        for folder in ("maildrop", "incoming", "active", "deferred"):
            for _top, _folders, files in os.walk(self.queue / folder):
                if files:
                    return False
        return True

    def pids(self):
        master = int((self.queue / "pid" / "master.pid").read_text())
        return below(master)

    def stop(self):
        run("postfix", "-c", str(self.config), "stop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Sink:
    def __init__(self):
        self.process = subprocess.Popen(["smtp-sink", "-u", "nobody", "127.0.0.1:%d" % SINK_PORT, "1000"])


def wait_port(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("nobody answers on port %d" % port)


def measure(suites, what, recipient, count, rounds, arrived, options=(), each=1):
    """each: recipients of a message, which count as that many."""
    turns = {s.name: [] for s in suites}
    for turn in range(rounds):
        for suite in suites if turn % 2 == 0 else suites[::-1]:
            set_home(suite)
            suite.clear_maildir()
            rate, accepted, busy = suite.turn(recipient, count, options, lambda: arrived(suite, count))
            turns[suite.name].append((rate * each, accepted * each, busy / each))
    for name, own in turns.items():
        print("%-16s %-9s %8.0f messages/s delivered  %8.0f/s accepted  %6.0f us of processor time each"
              % (what, name, *(statistics.median(column) for column in zip(*own))), flush=True)
    if len(turns) == 2:
        for i, unit in ((0, "in rate"), (2, "in processor time")):
            ratios = sorted(ours[i] / theirs[i] for ours, theirs in zip(*turns.values()))
            print("%-16s ratio     %8.2f (%.2f to %.2f) %s"
                  % (what, statistics.median(ratios), ratios[0], ratios[-1], unit), flush=True)
    return {name: statistics.median(busy for _, _, busy in own) for name, own in turns.items()}


def measure_checks(suites, stage, etc, messages, rounds):
    """What it costs to check a message: what more there is to do than without."""
    world = checks.World(stage, etc)
    busy = []
    for what in "signed", "checked":
        busy.append(measure(suites, "Maildir, " + what, "%s@%s" % (USER, DOMAIN), messages, rounds,
                            lambda suite, count: suite.arrived_in_maildir(),
                            ("-d", "-F", str(world.letter), "-f", "joe@" + checks.AUTHOR)))
        if what == "signed":
            for suite in suites:
                suite.begin_checks(world)
    for suite in suites:
        checks.look_checked(suite.home / "Maildir")
    costs = {name: busy[1][name] - busy[0][name] for name in busy[0]}
    for name, cost in costs.items():
        print("checks of a message %-9s %6.0f us of processor time" % (name, cost))
    if len(costs) == 2:
        print("checks of a message ratio     %6.2f times as many a second" % (costs["postfix"] / costs["angarium"]))
    world.stop()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--messages", type=int, default=2000)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--only", choices=["angarium", "postfix"])
    p.add_argument("--megabytes", type=int, default=2000)
    o = p.parse_args()
    os.umask(0o022)
    loopback_up()
    etc = make_users()
    stage = make_stage(o.megabytes)
    sink = Sink()
    wait_port(SINK_PORT)
    suites = [c(stage, etc) for c in (Angarium, Postfix) if o.only in (None, c.name)]
    for suite in suites:
        wait_port(suite.port)
        set_home(suite)
        suite.load("%s@%s" % (USER, DOMAIN), 20)
        suite.wait_empty()
    time.sleep(1)
    idle = {s.name: s.pss() for s in suites}
    session = {s.name: s.session_cost() for s in suites}
    if suites[0].name == "angarium":
        many = suites[0].session_cost(1000)
        wait_port(POP_PORT)
        pop = suites[0].session_cost(1000, POP_PORT, b"USER x\r\n", b"PASS x\r\n")
        print("memory of each of 1,000 idle sessions: SMTP %.0f kB, POP3 %.0f kB" % (many, pop), flush=True)
    # The sink takes everything; an empty queue and no bounce tell that all left.
    counts = {}

    def left(suite, count):
        counts[suite.name] = counts.get(suite.name, -count) + count
        return counts[suite.name]

    for what, options in (("", ("-d",)), (", one a conn.", ())):
        measure(suites, "Maildir" + what, "%s@%s" % (USER, DOMAIN), o.messages, o.rounds,
                lambda suite, count: suite.arrived_in_maildir(), options)
        counts.clear()
        measure(suites, "host" + what, "x@" + REMOTE, o.messages, o.rounds, left, options)
    counts.clear()
    certificate = tlsload.certificate(stage, DOMAIN)
    for suite in suites:
        suite.begin_tls(certificate)
    tls_session = {s.name: s.session_cost(tls=True) for s in suites}
    measure(suites, "Maildir, TLS", "%s@%s" % (USER, DOMAIN), o.messages, o.rounds,
            lambda suite, count: suite.arrived_in_maildir(), ("tls",))
    measure_checks(suites, stage, etc, o.messages, o.rounds)
    measure(suites, "list", REMOTE, 1, o.rounds, left, ("list", LIST), LIST)
    for what, figures in (("idle", idle), ("a session", session), ("a session of TLS", tls_session)):
        for name, kb in figures.items():
            print("memory %-5s %-9s %8.0f kB" % (what, name, kb))
        if len(figures) == 2:
            print("memory %-5s ratio     %8.2f" % (what, figures["angarium"] / figures["postfix"]))
    for suite in suites:
        suite.stop()
    if suites[0].name == "angarium":
        databases.measure(PREFIX, stage / "databases")
        logs.measure(os.path.join(BUILD, "bin"), stage)
    sink.process.terminate()


main()
