"""A town with a post office: our daemons run, ann and bob live there.

Mail for here.example is local.  SMTP is at 127.0.0.1, by tcpserver, and at ::1,
or elsewhere.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading

from . import process

DOMAIN = "here.example"
PEOPLE = {"ann": 7001, "bob": 7002}
MAIL_FOLDER = "Maildir"


class Listener:
    """Gives each connection to a server program, as tcpserver does, by IPv6."""

    def __init__(self, place, address, words, environment):
        self.place, self.address = place, address
        self.words, self.environment = words, environment
        self.children = []
        self.sock = socket.create_server((address, 25), family=socket.AF_INET6)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, peer = self.sock.accept()
            except OSError:
                return
            with sock:
                self.children.append(subprocess.Popen(
                    self.words, stdin=sock, stdout=sock, cwd="/",
                    env={**self.environment, "PROTO": "TCP6", "TCPLOCALIP": self.address,
                         "TCPREMOTEIP": peer[0], "TCPREMOTEPORT": str(peer[1])},
                    start_new_session=True, **self.place.as_user("qmaild")))

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(5)
        for child in self.children:
            process.end_session(child.pid)
            child.wait()


class Town:
    def __init__(self, place, start):
        self.place, self.start, self.peers = place, start, []
        self.daemon = None
        self.build_homes()
        place.control(me=DOMAIN + "\n", rcpthosts=DOMAIN + "\n",
                      timeoutconnect="3\n", timeoutremote="5\n")

    # ---- its people

    def build_homes(self):
        homes = self.place.base + "/homes"
        shutil.rmtree(homes, ignore_errors=True)
        os.mkdir(homes, 0o755)
        self.accounts()
        for name, uid in PEOPLE.items():
            os.mkdir(self.home(name), 0o755)
            os.chown(self.home(name), uid, uid)
            self.run_as(name, [self.place.program("maildirmake"), MAIL_FOLDER])
        folder = self.place.path("alias/" + MAIL_FOLDER)
        subprocess.run([self.place.program("maildirmake"), folder], check=True,
                       **self.place.as_user("alias"))

    def accounts(self, **more):
        """Its people, and more: NAME=[uid, gid, home]."""
        self.place.accounts({**{name: [uid, uid, self.home(name)]
                                for name, uid in PEOPLE.items()}, **more})

    def home(self, name):
        return "%s/homes/%s" % (self.place.base, name)

    def hide(self, name):
        """Puts the home of this account behind a folder that only root enters."""
        uid, home = PEOPLE[name], self.home("closed/" + name)
        os.mkdir(self.home("closed"), 0o700)
        os.mkdir(home)
        os.chown(home, uid, uid)
        self.accounts(**{name: [uid, uid, home]})

    def environment(self, name):
        return {"HOME": self.home(name), "USER": name, "LOGNAME": name, "TERM": "vt100",
                "LC_ALL": "C.UTF-8", "TMPDIR": self.home(name),
                "MAILDIR": self.home(name) + "/" + MAIL_FOLDER,
                "PATH": self.place.path("bin") + ":/usr/local/bin:/usr/bin:/bin"}

    def run_as(self, name, words, stdin="", check=True, **more):
        """A program that somebody runs; what subprocess tells of its end."""
        uid = PEOPLE[name]
        done = subprocess.run(
            words, input=stdin.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.home(name), timeout=30,
            env=self.environment(name), user=uid, group=uid, extra_groups=[], **more)
        if check:
            assert done.returncode == 0, (words, done.returncode, done.stdout)
        return done

    def rules(self, name, ext, *lines):
        """Writes a .qmail file of somebody, or of alias."""
        folder = self.place.path("alias") if name == "alias" else self.home(name)
        uid = PEOPLE.get(name) or self.place.ids(name)[0]
        path = "%s/.qmail%s" % (folder, ext)
        with open(path, "w") as out:
            out.write("".join(line + "\n" for line in lines))
        os.chmod(path, 0o644)
        os.chown(path, uid, -1)

    # ---- its mail

    def mail(self, name, folder=MAIL_FOLDER):
        """All messages of somebody."""
        home = self.place.path("alias") if name == "alias" else self.home(name)
        found = []
        for part in ("new", "cur"):
            at = "%s/%s/%s" % (home, folder, part)
            for entry in sorted(os.listdir(at)) if os.path.isdir(at) else ():
                with open(os.path.join(at, entry), "rb") as source:
                    found.append(source.read().decode("latin-1"))
        return found

    def letter(self, name, *words, folder=MAIL_FOLDER, timeout=20):
        """Waits until somebody has a message with all these words; it."""
        def find():
            for text in self.mail(name, folder):
                if all(word in text for word in words):
                    return text
            return None
        return self.until(find, "%s to get %r" % (name, words), timeout)

    def send(self, sender, *recipients, body="hello\n", subject="a letter"):
        """Hands a message to qmail-queue itself, as bob."""
        code = self.queue(process.envelope(sender, *recipients),
                          "Subject: %s\n\n%s" % (subject, body))
        assert code == 0, "qmail-queue: exit %d" % code

    def queue(self, envelope, message, **more):
        """The exit code of qmail-queue."""
        text, address = os.pipe(), os.pipe()
        child = subprocess.Popen(
            [self.place.program("qmail-queue")], stdin=text[0], stdout=address[0],
            user=PEOPLE["bob"], group=PEOPLE["bob"], extra_groups=[], cwd="/", **more)
        for end in (text[0], address[0]):
            os.close(end)
        for end, data in ((text[1], message.encode("latin-1")), (address[1], envelope)):
            try:
                while data:
                    data = data[os.write(end, data):]
            except BrokenPipeError:
                pass  # it has seen enough
            os.close(end)
        return child.wait(30)

    def is_empty(self):
        return not any(self.place.queue_files().values())

    def wait_empty(self, timeout=20):
        self.until(self.is_empty, "the queue to become empty", timeout)

    def until(self, condition, what, timeout=20):
        """Waits; tells what is in the queue and in the log if it is in vain."""
        try:
            return process.until(condition, what, timeout)
        except AssertionError as problem:
            raise AssertionError("%s\nqueue: %s\n%s" % (
                problem, self.place.queue_files(),
                self.daemon.log() if self.daemon else "")) from None

    # ---- its services

    def open(self, *arguments, **more):
        """Starts the queue; it is ready when this returns."""
        self.check_events()
        self.daemon = self.start(*(arguments or ("./%s/" % MAIL_FOLDER,)), **more)
        self.daemon.wait("^status: local")
        for door in ("run/rcptd", "queue/control/door", "queued/door"):
            self.until(lambda: self.is_door_open(door), "the service behind " + door)
        return self.daemon

    def is_door_open(self, door="run/rcptd"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            return one.connect_ex(self.place.path(door)) == 0

    def start_traced(self, fault, options=("-o", "/dev/null")):
        """qmail-start under strace; a fault as of strace --inject."""
        words = ["strace", "-f", "-qq", *options]
        if fault:
            words += ["--seccomp-bpf", "-e", "trace=" + fault.split(":")[0], "--inject=" + fault]
        daemon = process.Daemon([*words, "--", self.place.program("qmail-start"),
                                 "./%s/" % MAIL_FOLDER], cwd="/",
                                env={"PATH": self.place.path("bin") + ":/usr/bin:/bin"})
        self.peers.append(daemon.kill)
        return daemon

    def serve_smtp(self, address="127.0.0.1", six="::1", **environment):
        server = self.place.program("qmail-smtpd")
        environment["PATH"] = "/usr/bin:/bin"
        uid, gid = self.place.ids("qmaild")
        self.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid),
                    address, "25", server], env=environment)
        listener = Listener(self.place, six, [server], environment)
        self.peers.append(listener.close)
        wait_port(address)
        wait_port(six)

    def begin(self, words, **more):
        """A program that runs until the end of the test."""
        peer = process.Daemon(words, **more)
        self.peers.append(peer.kill)
        return peer

    def daemons(self):
        """{program: pids} of all that qmail-start began."""
        found = {}
        for pid in process.session_members(self.daemon.pid):
            try:
                with open("/proc/%d/comm" % pid) as source:
                    found.setdefault(source.read().strip(), []).append(pid)
            except OSError:
                pass
        return found

    def signal(self, name, number):
        for pid in self.daemons()[name]:
            os.kill(pid, number)

    def close(self):
        while self.peers:
            self.peers.pop()()
        self.check_events()

    def check_events(self):
        """Whatever a test looks at, no event may have come to a message in a
        state that has no answer to it."""
        lines = self.daemon.lines if self.daemon else []
        assert not [line for line in lines if "internal error: event" in line]


def wait_port(address, port=25):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def answers():
        with socket.socket(family) as sock:
            return sock.connect_ex((address, port)) == 0
    process.until(answers, "%s port %d" % (address, port))


ALARM, HANGUP, TERM, KILL = (signal.SIGALRM, signal.SIGHUP, signal.SIGTERM, signal.SIGKILL)
