"""What the owner of a Maildir does with it: maildir2mbox, maildirwatch, the
readers behind it, and maildirdeliver with its quota."""

import fcntl
import os
import random
import re
import signal
import subprocess
import time

import pytest

from support import faults, process, unpacked

OLD = "From old Mon Jan 01 00:00:00 2001\nSubject: old\n\nx\n\n"


class Box:
    """A Maildir and an mbox of ann."""

    def __init__(self, town):
        self.town, self.home = town, town.home("ann")
        self.maildir, self.mbox = self.home + "/M", self.home + "/mbox"
        town.run_as("ann", [town.place.program("maildirmake"), "M"])

    def put(self, name, text, age=100, folder="new"):
        path = "%s/%s/%s" % (self.maildir, folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.town.place.write(path, text, "ann")
        os.utime(path, (time.time() - age,) * 2)
        return path

    def names(self):
        return sorted(name for folder in ("new", "cur")
                      for name in os.listdir(self.maildir + "/" + folder))

    def read(self, name="mbox"):
        with open(os.path.join(self.home, name), encoding="latin-1") as source:
            return source.read()

    def environment(self):
        return {"MAILDIR": self.maildir, "MAIL": self.mbox, "MAILTMP": self.home + "/mbox.tmp",
                "PATH": self.home + "/bin:/usr/bin:/bin"}

    def move(self, *words, program="maildir2mbox", shell=(), check=False, **more):
        return subprocess.run(
            [*words, *shell, self.town.place.program(program)], env=self.environment(),
            cwd=self.home, check=check, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=60, **self.town.place.as_user("ann"), **more)


@pytest.fixture
def box(town):
    return Box(town)


# ---- maildir2mbox

def fill(box):
    box.put("1.a", "Return-Path: <joe@there.example>\n\none\nFrom here\nend", 30)
    box.put("2.b:2,S", "Return-Path: <>\n\n" + "line\n" * 30000 + "two\n", 20, "cur")
    box.town.place.write(box.mbox, OLD, "ann")


def test_move(box):
    fill(box)
    assert box.move().returncode == 0
    assert not box.names() and not os.path.exists(box.home + "/mbox.tmp")
    text = box.read()
    assert text.startswith(OLD + "From joe@there.example ")
    assert "\n\none\n>From here\nend\n\nFrom MAILER-DAEMON " in text and text.endswith("two\n\n")


@pytest.mark.parametrize("cut, missing", [("cut o", "\n\n"), ("cut\n", "\n"), ("cut\n\n", "")])
def test_mbox_without_an_end(box, cut, missing):
    """What a crash left does not run into the next message."""
    fill(box)
    box.town.place.write(box.mbox, OLD + cut, "ann")
    assert box.move().returncode == 0
    assert box.read().startswith(OLD + cut + missing + "From joe@there.example ")


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_mbox_is_locked(box, kind, needs):
    needs("strace")
    fill(box)
    path = box.town.place.base + "/locking"
    with open(box.mbox, "r+") as held:
        (fcntl.flock if kind == "flock" else fcntl.lockf)(held, fcntl.LOCK_EX)
        child = subprocess.Popen(["strace", "-o", path, box.town.place.program("maildir2mbox")],
                                 env=box.environment(), stderr=subprocess.DEVNULL)
        process.until(lambda: os.path.exists(path) and re.search(
            r"^(flock|fcntl).* = -1 EAGAIN", open(path).read(), re.M), "it to try")
        held.seek(0, os.SEEK_END)
        held.write(OLD)
        held.flush()
        assert child.poll() is None and box.read() == 2 * OLD and len(box.names()) == 2
    assert child.wait(30) == 0
    assert box.read().startswith(2 * OLD + "From joe")


CALLS = ["openat", "read", "write", "fsync", "rename", "flock", "fchmod", "ftruncate", "fcntl",
         "getdents64", "chdir", "stat,newfstatat,fstatat64", "lseek"]


@pytest.mark.parametrize("call", CALLS)
def test_move_that_fails(box, call):
    """Whatever fails, each message is where it was or in the mbox; if it says
    that all went well, it did."""
    if faults.missing():
        pytest.skip(faults.missing())
    for number in range(1, 9):
        fill(box)
        done = box.move("strace", "-qq", "-f", "-o", "/dev/null", "--inject=%s:error=EIO:when=%d"
                        % (call, number))
        text, names = box.read(), box.names()
        assert text.startswith(OLD)
        for word, name in (("one", "1.a"), ("two", "2.b:2,S")):
            assert (word in text) or name in names, (number, done.stderr)
        assert (text == OLD) == (len(names) == 2) or done.returncode == 111, number
        if done.returncode == 0:
            assert "two" in text and not names


@pytest.mark.parametrize("call", ["fsync", "rename", "unlink", "write", "ftruncate"])
def test_move_that_is_killed(box, call):
    if faults.missing():
        pytest.skip(faults.missing())
    for number in range(1, 4):
        fill(box)
        box.move("strace", "-qq", "-f", "-o", "/dev/null", "--inject=%s:signal=KILL:when=%d"
                 % (call, number))
        text, names = box.read(), box.names()
        assert text == OLD or text.endswith("two\n\n")
        assert len(names) == 2 or text != OLD
        assert box.move().returncode == 0
        assert "one" in box.read() and "two" in box.read() and not box.names()


def test_message_that_cannot_be_removed(box):
    """It is in both then, and who called hears of it."""
    fill(box)
    done = box.move("strace", "-qq", "-o", "/dev/null", "--inject=unlink:error=EACCES")
    assert done.returncode == 111 and b"1.a" in done.stderr and len(box.names()) == 2
    assert box.read().endswith("two\n\n")


def test_message_that_goes_meanwhile(box, needs):
    """Another reader took it: it is left out."""
    needs("strace")
    fill(box)
    done = box.move("strace", "-qq", "-o", "/dev/null", "-P", box.maildir + "/new/1.a", "-P",
                    "new/1.a", "--inject=openat:error=ENOENT")
    assert done.returncode == 0
    assert "one" not in box.read() and "two" in box.read() and "1.a" in box.names()


# ---- readers

SHELLS = [["dash"], ["bash", "--posix"], ["bash"]]
READER = "#!/bin/sh\n{ echo \"$0\"; printf '<%s>' \"$@\"; } > read\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("program, reader, words", [("elq", "elm", []), ("pinq", "pine", []),
                                                    ("qail", "Mail", ["-f", "%s"])])
def test_readers(box, program, reader, words, shell, needs):
    needs(shell[0])
    fill(box)
    box.mbox += " $(touch run)"
    box.town.run_as("ann", ["mkdir", "-p", "bin"])
    box.town.place.write(box.home + "/bin/" + reader, READER, "ann", 0o755)
    done = subprocess.run([*shell, box.town.place.program(program), "a b", "$(touch run)", "-x"],
                          env=box.environment(), cwd=box.home,
                          **box.town.place.as_user("ann"))
    assert done.returncode == 0
    given = [word % box.mbox if "%" in word else word for word in words]
    assert box.read("read") == "%s/bin/%s\n%s" % (
        box.home, reader, "".join("<%s>" % word for word in [*given, "a b", "$(touch run)", "-x"]))
    assert not box.names() and not os.path.exists(box.home + "/run")


def test_reader_is_not_started_in_vain(box):
    box.town.run_as("ann", ["mkdir", "-p", "bin"])
    box.town.place.write(box.home + "/bin/elm", READER, "ann", 0o755)
    os.rmdir(box.maildir + "/cur")
    assert box.move(program="elq").returncode == 111
    assert not os.path.exists(box.home + "/read")


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_mailsubj(town, shell, needs):
    """Arguments are data, and cannot add a field."""
    needs(shell[0])
    town.open()
    program = town.place.program("mailsubj")
    subject = "a $(touch run) `touch run`; \\t %s\nBcc: ann@here.example"
    town.run_as("bob", [*shell, program, subject, "bob@here.example\nX: y",
                        "\"bob\" <bob@here.example>"], "-n %s\n")
    town.wait_empty()
    text = town.letter("bob", "\n\n-n %s\n")
    assert "\nSubject: a $(touch run) `touch run`; \\t %s Bcc: ann@here.example\n" in text
    assert not town.mail("ann") and not os.path.exists(town.home("bob") + "/run")
    done = town.run_as("bob", [*shell, program, "subject"], check=False)
    assert done.returncode == 100


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_datemail(town, shell, needs):
    needs(shell[0])
    town.open()
    town.run_as("bob", ["env", "TZ=XXX-3", *shell, town.place.program("datemail"), "-f",
                        "x y@there.example", "bob@here.example"], "Subject: a\n\nhello\n")
    text = town.letter("bob", "hello")
    assert re.search(r"^Date: .* \+0300$", text, re.M)
    assert text.startswith("Return-Path: <\"x y\"@there.example>\n")


def test_predate_of_what_cannot_be_read(town):
    """The program must not take a part of the message for all."""
    with open("/dev/null", "rb") as nothing:
        done = subprocess.run([town.place.program("predate"), "sh", "-c", "cat; echo ended"],
                              stdin=os.open("/", os.O_RDONLY), stdout=subprocess.PIPE,
                              stderr=nothing)
    assert done.returncode == 111 and b"ended" not in done.stdout


def test_watch(box):
    box.put("1.a", "From: \"Joe \033[2J\" <joe@there.example>\nSubject: a\n \033[H letter\n\nx\n")
    box.put("2.b", "Subject: no author\n\nx\n", 50)
    with subprocess.Popen([box.town.place.program("maildirwatch"), box.maildir],
                          stdout=subprocess.PIPE) as child:
        lines = [child.stdout.readline().decode() for _ in range(3)]
        child.send_signal(signal.SIGTERM)
    assert lines[0] == "%s: 2 new\n" % box.maildir
    assert lines[1] == "Joe ?[2J".ljust(25) + "a  ?[H letter\n"
    assert lines[2] == " " * 25 + "no author\n"


def test_print(town):
    message = ("Received: x\r\nSubject: =a\033[2Jb\n c\nFrom: \"J. D.\" <j@there>, k@x (K)\n"
               "Date: 1 Jan 2026 00:00:00 -0500\nTo: a b <c@d>\nCc:\n\none\r\ntwo\007\n\tx")
    done = subprocess.run([town.place.program("822print")], input=message.encode(), check=True,
                          stdout=subprocess.PIPE, env={"TZ": "XXX-1"})
    assert done.stdout.decode() == (
        "Date: 1 Jan 2026 06:00:00 +0100\nFrom: J. D. <j@there>, K <k@x>\nTo: a b <c@d>\n"
        "Cc: \nSubject: =a?[2Jb c\n\none\ntwo?\n\tx")


# ---- qbiff

@pytest.fixture
def logged_in(root_place):
    """logged_in(user): a terminal of his, in a utmp of our own."""
    from support import kernel
    import pty
    import struct
    import termios
    import tty
    kernel.mount("none", "/run", "tmpfs", 0, "mode=755")
    ends = []

    def log_in(name):
        ours, theirs = pty.openpty()
        tty.setraw(theirs, termios.TCSANOW)
        ends.extend((ours, theirs))
        path = os.ttyname(theirs)
        os.chown(path, *root_place.ids(name))
        os.chmod(path, 0o700)
        line = os.path.relpath(path, "/dev").encode()
        with open("/run/utmp", "ab") as utmp:
            utmp.write(struct.pack("=hxxi32s4s32s", 7, os.getpid(), line, b"1", name.encode())
                       .ljust(384, b"\0"))
        return ours, path
    yield log_in
    for end in ends:
        os.close(end)
    kernel.unmount("/run")


@pytest.mark.parametrize("mode, is_told", [(0o700, True), (0o620, False)])
def test_qbiff(town, logged_in, mode, is_told):
    ours, path = logged_in("ann")
    other, _ = logged_in("bob")
    os.chmod(path, mode)
    town.rules("ann", "", "|qbiff", "./Maildir/")
    town.open()
    town.send("joe@there.example", "ann@here.example", subject="a \033]0;letter")
    town.letter("ann", "hello")
    for end, is_there in ((ours, is_told), (other, False)):
        os.set_blocking(end, False)
        try:
            said = os.read(end, 1000).decode()
        except BlockingIOError:
            said = ""
        assert bool(said) == is_there
        if said:
            assert "ann from joe@there.example\r\nSubject: a ?]0;letter\r\n" in said


# ---- maildirdeliver

def deliver(box, *words, text="hello\n", strace=(), env=None, **more):
    return subprocess.run([*strace, box.town.place.program("maildirdeliver"), *words, "M"],
                          cwd=box.home, env={"PATH": "/usr/bin:/bin", **(env or {})},
                          stdin=source(box, text), stderr=subprocess.PIPE, **more)


def source(box, text):
    path = box.town.place.base + "/message"
    with open(path, "w") as file:
        file.write(text)
    return open(path)


def sizes(box):
    with open(box.maildir + "/maildirsize") as file:
        return file.read()


@pytest.mark.parametrize("option, report", [("", "failure"), ("-d ", "deferral")])
def test_quota(town, option, report):
    town.rules("ann", "", "|maildirdeliver %s-q 5000S ./Maildir/" % option)
    town.open()
    town.send("bob@here.example", "ann@here.example", body="x\n" * 1000)
    text = town.letter("ann", "x\n")
    assert text.startswith("Return-Path: <bob@here.example>\nDelivered-To: ann@here.example\n")
    town.send("bob@here.example", "ann@here.example", body="x\n" * 2000)
    town.daemon.wait("^delivery 2: %s: .*[45]\\.2\\.2" % report)
    assert len(town.mail("ann")) == 1
    town.send("bob@here.example", "ann@here.example", body="little\n")
    town.letter("ann", "little\n")
    if report == "failure":
        assert "mailbox is full" in town.letter("bob", "5.2.2")


def test_name_and_sizes(box):
    assert deliver(box, "-q", "1000S", text="one\ntwo\n",
                   env={"RPLINE": "Return-Path: <a@b>\n"}).returncode == 0
    name, = box.names()
    assert re.fullmatch(r"\d{10}\.M\d+P\d+Q1\.[^,]+,S=27,W=30", name)
    assert sizes(box) == "1000S\n0 0\n27 1\n"


def test_no_quota(box):
    assert deliver(box).returncode == 0
    assert len(box.names()) == 1 and not os.path.exists(box.maildir + "/maildirsize")


@pytest.mark.parametrize("damage", ["", "6S", "6S\n1 1", "6S\nx\n", "6S\n" + "0 0\n" * 2000,
                                    "6S\n-5 0\n", "9S\n0 0\n"])
def test_file_of_sizes_that_does_not_do(box, damage):
    """It is made anew; what the option says counts."""
    box.put("1.x,S=5:2,", "", folder="cur")
    box.town.place.write(box.maildir + "/maildirsize", damage, "ann")
    assert deliver(box, "-q", "6S", text="23").returncode == 100
    assert sizes(box) == "6S\n5 1\n"
    assert deliver(box, "-q", "6S", text="2").returncode == 0
    assert sizes(box) == "6S\n5 1\n1 1\n"


def test_full_is_looked_at_again(box):
    """What was removed meanwhile is noticed, if the file is old or was added to."""
    path = box.put("1.x", "12345")
    for age, lines, code in ((0, "5 1\n", 100), (1000, "5 1\n", 0), (0, "4 1\n1 0\n", 0)):
        box.town.place.write(box.maildir + "/maildirsize", "6S\n" + lines, "ann")
        os.utime(box.maildir + "/maildirsize", (time.time() - age,) * 2)
        if os.path.exists(path):
            os.unlink(path)
        for name in box.names():
            os.unlink(box.maildir + "/new/" + name)
        assert deliver(box, text="123").returncode == code, (age, lines)


@pytest.mark.parametrize("words", [[], ["-q", "x", "M"], ["-z", "M"], ["M", "M"], ["nothing"]])
def test_mistakes_do_not_bounce(box, words):
    done = subprocess.run([box.town.place.program("maildirdeliver"), *words], cwd=box.home,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.returncode == 111 and done.stderr and not box.names()


def test_words_for_what_is_no_quota(box):
    done = deliver(box, "-q", "100MB")
    assert done.returncode == 111 and b"as 100000000S,10000C" in done.stderr


def test_folder_has_the_quota_of_all(box):
    for folder in ("new", "cur", "tmp"):
        os.makedirs("%s/.Sub/%s" % (box.maildir, folder))
    open(box.maildir + "/.Sub/maildirfolder", "w").close()
    program = box.town.place.program("maildirdeliver")
    for code in (0, 100):
        done = subprocess.run([program, "-q", "8S", "M/.Sub"], cwd=box.home,
                              stdin=source(box, "hello\n"), stderr=subprocess.DEVNULL)
        assert done.returncode == code
    assert sizes(box).startswith("8S\n") and len(os.listdir(box.maildir + "/.Sub/new")) == 1
    assert deliver(box).returncode == 100


@pytest.mark.parametrize("call", ["openat", "read", "write", "fsync", "renameat2", "lseek", "fstat",
                                  "rename", "getdents64", "chdir", "newfstatat,stat"])
def test_delivery_that_fails(box, call):
    """It says so and leaves nothing, or it is there."""
    if faults.missing():
        pytest.skip(faults.missing())
    for number in range(1, 9):
        for name in box.names():
            os.unlink(box.maildir + "/new/" + name)
        text = "line\n" * 30000
        done = deliver(box, "-q", "1000000S", text=text, strace=(
            "strace", "-qq", "-o", "/dev/null", "--inject=%s:error=EIO:when=%d" % (call, number)))
        assert done.returncode in (0, 111), done.stderr
        found = [os.path.getsize(box.maildir + "/new/" + name) for name in box.names()]
        assert found == [len(text)] * (done.returncode == 0), (call, number)
        assert not os.listdir(box.maildir + "/tmp"), (call, number)


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_full_leaves_nothing(box, kind):
    program = box.town.place.program("maildirdeliver")
    given = {"stdin": source(box, "hello\n")} if kind == "file" else {"input": b"hello\n"}
    done = subprocess.run([program, "-q", "5S", "M"], cwd=box.home, stderr=subprocess.PIPE, **given)
    assert done.returncode == 100 and b"#5.2.2" in done.stderr
    assert not box.names() and not os.listdir(box.maildir + "/tmp")


def test_stopped_leaves_nothing(box):
    """The end of a delivery that takes too long, while the message still comes."""
    with subprocess.Popen([box.town.place.program("maildirdeliver"), "M"], cwd=box.home,
                          stdin=subprocess.PIPE) as running:
        while not os.listdir(box.maildir + "/tmp"):
            assert running.poll() is None
        running.terminate()
        assert running.wait(30) == 111
    assert not box.names() and not os.listdir(box.maildir + "/tmp")


def test_safe_before_it_counts(box):
    if faults.missing():
        pytest.skip(faults.missing())
    path = box.town.place.base + "/calls"
    assert deliver(box, strace=("strace", "-qq", "-y", "-o", path, "-e",
                                "trace=fsync,renameat2,rename")).returncode == 0
    with open(path) as calls:
        found = re.findall(r"^(\w+)\(.*?/M[/>](\w*)", calls.read(), re.M)
    assert found == [("fsync", "tmp"), ("renameat2", ""), ("fsync", "new")]


def test_what_counts(box):
    """Folders do, and names before sizes; trash does not, nor what is no message."""
    for name, folder in (("1.x,S=5", "new"), ("2.x:2,S", "cur"), ("3.x,S=5:2,T", "cur"),
                         ("4.x", ".Sub/new"), ("5.x", ".Trash/cur"), (".6.x", "new"),
                         ("7.x", "tmp"), ("8.x", "Sub/new")):
        box.put(name, "12", folder=folder)
    assert deliver(box, "-q", "1000S").returncode == 0
    assert sizes(box) == "1000S\n9 3\n6 1\n"


def some_maildir(box, chance):
    """Messages of all kinds, in folders and out."""
    for number in range(60):
        folder = chance.choice(["", ".a/", ".a.b/", ".Trash/"])
        name = "%d.x%s%s" % (number, chance.choice(["", ",S=7", ",W=9", ",S=0,W=9"]),
                             chance.choice(["", ":2,", ":2,S", ":2,T", ":2,ST"]))
        box.put(name, "x" * chance.randrange(20), folder=folder + chance.choice(["new", "cur"]))
        for part in ("tmp", "new", "cur"):
            os.makedirs("%s/%s%s" % (box.maildir, folder, part), exist_ok=True)


@pytest.mark.parametrize("seed", range(8))
def test_same_sums_as_maildrop(box, seed):
    """deliverquota and we count alike, and add to each other's file."""
    theirs = unpacked.folder(box.town.place, "maildrop") + "/usr/sbin/deliverquota.maildrop"
    some_maildir(box, random.Random(seed))
    found = []
    for turn in range(2):
        assert deliver(box, "-q", "100000S,1000C").returncode == 0
        first, second, *more = [line.split() for line in sizes(box).splitlines()]
        assert first == ["100000S,1000C"]
        subprocess.run([theirs, "M"], input=b"hello\n", cwd=box.home, check=True)
        lines = [line.split() for line in sizes(box).splitlines()]
        assert lines[-1] == ["6", "1"] and len(lines) == 4
        found.append(second)
        os.unlink(box.maildir + "/maildirsize")
        if turn == 0:
            subprocess.run([theirs, "M", "100000S,1000C"], input=b"hello\n", cwd=box.home,
                           check=True)
            second = sizes(box).splitlines()[1].split()
            assert [int(n) for n in second] == [int(found[0][0]) + 12, int(found[0][1]) + 2]
            os.unlink(box.maildir + "/maildirsize")


DOVECOT = """\
base_dir = %(home)s/run
log_path = %(home)s/dovecot.log
mail_location = maildir:%(home)s/M
mail_plugins = quota
ssl = no
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1M:messages=4
}
"""


def test_dovecot_keeps_the_same_file(box):
    """It adds to our sum, we to its; and each refuses what is too much by it."""
    program = "/usr/lib/dovecot/dovecot-lda"
    if not os.path.exists(program):
        pytest.skip("dovecot-core is not installed")
    quota = "%dS,4C" % (1 << 20)
    box.town.place.write(box.home + "/conf", DOVECOT % {"home": box.home}, "ann")
    for turn in range(2):
        box.town.run_as("ann", [box.town.place.program("maildirdeliver"), "-q", quota, "M"],
                        "hello\n")
        box.town.run_as("ann", [program, "-c", box.home + "/conf", "-f", "a@b", "-e"],
                        "Subject: x\n\nhello\n")
        assert sizes(box) == quota + "\n0 0\n" + "6 1\n18 1\n" * (turn + 1)
    done = box.town.run_as("ann", [program, "-c", box.home + "/conf", "-f", "a@b", "-e"],
                           "Subject: x\n\nhello\n", check=False)
    assert done.returncode == 77 and len(box.names()) == 4
    assert deliver(box).returncode == 100
