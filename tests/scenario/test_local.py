"""qmail-local by itself: messages of all sizes, locks that it shares with
others, its timer, and what cannot be read or told for certain."""

import fcntl
import os
import re
import resource
import shutil
import subprocess

import pytest

from support import faults, process, trace

SENDER = "joe@there.example"
OLD = b"From a@b Thu Jan  1 00:00:00 1970\n\nold\n\n"
BLOCK = 65536
ANYBODY = "nobody"


def message(size):
    """A message of just this size; no two lines of it are alike."""
    lines = b"".join(b"line %d of a long message\n" % n for n in range(size // 20 + 1))
    return (b"Subject: %d\n\n" % size + lines)[:size - 1] + b"\n"


class Home:
    """A user's home, and qmail-local for it."""

    def __init__(self, place):
        self.place, self.path = place, place.base + "/home"
        shutil.rmtree(self.path, ignore_errors=True)
        for name in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
            os.mkdir(self.path + name, 0o700)
            os.chown(self.path + name, *place.ids(ANYBODY))
        self.text = place.base + "/text"
        place.write(self.text, message(1000))

    def at(self, name):
        return os.path.join(self.path, name)

    def write(self, name, data, mode=0o600):
        self.place.write(self.at(name), data, ANYBODY, mode)

    def read(self, name):
        with open(self.at(name), "rb") as source:
            return source.read()

    def words(self, rule, ext="", dash=""):
        return [self.place.program("qmail-local"), "--", "user", self.path, "user" + dash + ext,
                dash, ext, "here.example", SENDER, rule]

    def how(self, **more):
        env = {"PATH": "/usr/bin:/bin", **more.pop("env", {})}
        return {"stdin": open(self.text, "rb"), "cwd": "/", "env": env, "umask": 0,
                "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
                **self.place.as_user(ANYBODY), **more}

    def deliver(self, *rules, size=None, **more):
        """Exit code, and what it said."""
        if size is not None:
            self.place.write(self.text, message(size))
        self.write(".qmail", "".join(rule + "\n" for rule in rules))
        done = subprocess.run(self.words("./Mailbox"), timeout=30, **self.how(**more))
        return done.returncode, done.stdout.decode("latin-1")

    def inject(self, what, *rules, ext="", dash="", trace_to="/dev/null"):
        """As deliver, with a fault."""
        self.write(".qmail", "".join(rule + "\n" for rule in rules))
        done = subprocess.run(
            ["strace", "-o", trace_to, "--inject=" + what, *self.words("./Mailbox", ext, dash)],
            timeout=30, **self.how())
        return done.returncode, done.stdout.decode("latin-1")

    def record(self, *rules, ext="", dash=""):
        self.write(".qmail", "".join(rule + "\n" for rule in rules))
        how = self.how()
        how.pop("stderr")
        _, seen = trace.record(self.place.base + "/trace", self.words("./Mailbox", ext, dash),
                               **{**how, "stdout": subprocess.DEVNULL})
        return seen

    def new(self):
        names = sorted(os.listdir(self.at("Maildir/new")))
        return [self.read("Maildir/new/" + name) for name in names]


@pytest.fixture
def home(fresh):
    return Home(fresh)


@pytest.fixture
def strace():
    if faults.missing():
        pytest.skip(faults.missing())


TOP = b"Return-Path: <%s>\nDelivered-To: user@here.example\n" % SENDER.encode()


# ---- messages of all sizes

SIZES = [1, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 200000, 1000000]


@pytest.mark.parametrize("size", SIZES)
def test_size(home, size):
    """To a Maildir, an mbox, a program and an address, and all of it."""
    text = message(size)
    assert len(text) == size
    queue = home.at("queue")
    home.write("queue", "#!/bin/sh\ncat > %s/queued; cat <&1 > %s/envelope\n" %
               (home.path, home.path), 0o755)
    code, said = home.deliver("./Maildir/", "./Mailbox", "|cat > piped", "&bob@b.example",
                              size=size, env={"QMAILQUEUE": queue})
    assert code == 0, said
    assert home.new() == [TOP + text]
    mbox = home.read("Mailbox")
    assert mbox.startswith(b"From joe@there.example ") and mbox.endswith(text + b"\n")
    assert mbox.partition(b"\n")[2] == TOP + text + b"\n"
    assert home.read("piped") == text
    assert home.read("queued") == b"Delivered-To: user@here.example\n" + text
    assert home.read("envelope") == b"F%s\0Tbob@b.example\0\0" % SENDER.encode()


@pytest.mark.parametrize("offset", [BLOCK - 40, BLOCK - 10, BLOCK, 3 * BLOCK - 5])
def test_loop_is_seen_in_a_long_header(home, offset):
    """Wherever the line lies in the blocks that are read."""
    line = b"Delivered-To: user@here.example\n"
    filler = b"X-Filler: " + b"x" * 60 + b"\n"
    head = filler * (offset // len(filler) - 1)
    head += b"X: " + b"y" * (offset - len(head) - 4) + b"\n"
    assert len(head) == offset
    home.place.write(home.text, head + line + b"\nbody\n")
    done = subprocess.run(home.words("./Mailbox"), timeout=30, **home.how())
    assert done.returncode == 100 and b"circles" in done.stdout
    home.place.write(home.text, head + b"\n" + line + b"body\n")
    assert subprocess.run(home.words("./Mailbox"), timeout=30, **home.how()).returncode == 0


@pytest.mark.parametrize("rule", ["./Maildir/", "./Mailbox", "&bob@b.example"])
def test_message_cannot_be_read(home, strace, rule):
    """Nothing is delivered, forwarded or left behind, whichever read fails."""
    home.place.write(home.text, message(200000))
    home.write("Mailbox", OLD)
    home.write("queue", "#!/bin/sh\ncat >/dev/null; cat <&1 > %s/envelope\n" % home.path, 0o755)
    reads = [call for call in home.record(rule).named("pread64") if call.file == home.text]
    assert len(reads) >= 4
    shutil.rmtree(home.at("Maildir/new"))
    os.mkdir(home.at("Maildir/new"), 0o700)
    os.chown(home.at("Maildir/new"), *home.place.ids(ANYBODY))
    home.write("Mailbox", OLD)
    first = home.record(rule).named("pread64")
    at = [number for number, call in enumerate(first, 1) if call.file == home.text]
    for number in at:
        for name in os.listdir(home.at("Maildir/new")):
            os.unlink(home.at("Maildir/new/" + name))
        home.write("Mailbox", OLD)
        code, said = home.inject("pread64:error=EIO:when=%d" % number, rule)
        assert code == 111 and "cannot read the message" in said, (number, said)
        assert home.read("Mailbox") == OLD
        assert not home.new() and not os.listdir(home.at("Maildir/tmp"))


@pytest.mark.parametrize("rule", ["|", "| \t", "&", "& "])
def test_rule_that_names_nobody(home, rule):
    """Nothing is delivered, and the mail waits."""
    code, said = home.deliver("./Maildir/", rule)
    assert code == 111 and "(#4.2.1)" in said
    assert not home.new()
    code, _ = home.deliver("./Maildir/", "|:")
    assert code == 0 and len(home.new()) == 1


# ---- locks

def hold(home, kind):
    """The mbox, locked as mail readers do it."""
    file = open(home.at("Mailbox"), "r+b")
    if kind == "flock":
        fcntl.flock(file, fcntl.LOCK_EX)
    else:
        fcntl.lockf(file, fcntl.LOCK_EX)
    return file


@pytest.mark.parametrize("fault", [[], ["--inject=fsync:error=EIO"]])
@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_mbox_is_locked(home, strace, kind, fault):
    """It waits, and appends behind what the other wrote meanwhile; or takes back
    its own and no more."""
    home.write("Mailbox", OLD)
    path = home.place.base + "/locking"
    open(path, "w").close()
    os.chmod(path, 0o666)
    with hold(home, kind) as held:
        child = subprocess.Popen(["strace", "-o", path, *fault, *home.words("./Mailbox")],
                                 **home.how())
        process.until(lambda: re.search(r"^(flock|fcntl).* = -1 EAGAIN", open(path).read(), re.M),
                      "it to try")
        held.seek(0, os.SEEK_END)
        held.write(OLD)
        held.flush()
        assert child.poll() is None and home.read("Mailbox") == 2 * OLD
    child.communicate(timeout=30)
    mbox = home.read("Mailbox")
    if fault:
        assert child.returncode == 111 and mbox == 2 * OLD
    else:
        assert child.returncode == 0
        assert mbox.startswith(2 * OLD + b"From joe") and mbox.endswith(message(1000) + b"\n")


def test_mbox_that_is_replaced_meanwhile(home, strace):
    """A program that moves mail into it, as maildir2mbox, renames a new one over
    it: what went into the old one would be gone."""
    home.write("Mailbox", OLD)
    path = home.place.base + "/locking"
    open(path, "w").close()
    os.chmod(path, 0o666)
    with hold(home, "flock"):
        child = subprocess.Popen(["strace", "-o", path, *home.words("./Mailbox")], **home.how())
        process.until(lambda: re.search(r"^flock.* = -1 EAGAIN", open(path).read(), re.M),
                      "it to try")
        home.write("another", 2 * OLD)
        os.rename(home.at("another"), home.at("Mailbox"))
    child.communicate(timeout=30)
    mbox = home.read("Mailbox")
    assert child.returncode == 0
    assert mbox.startswith(2 * OLD + b"From joe") and mbox.endswith(message(1000) + b"\n")


@pytest.mark.parametrize("call, words", [("flock", "LOCK_EX"), ("fcntl", "F_SETLK")])
def test_mbox_cannot_be_locked(home, strace, call, words):
    """Another trouble than that somebody has it: nothing is written."""
    home.write("Mailbox", OLD)
    calls = home.record("./Mailbox").named(call)
    at = [number for number, one in enumerate(calls, 1) if words in one.words]
    home.write("Mailbox", OLD)
    code, said = home.inject("%s:error=ENOLCK:when=%d" % (call, at[0]), "./Mailbox")
    assert code == 111 and "lock" in said
    assert home.read("Mailbox") == OLD


def test_mbox_stays_locked(home, strace):
    """Somebody never gives it back: deferred, after as many tries as fit into
    the time; the waiting itself is left out."""
    home.write("Mailbox", OLD)
    with hold(home, "flock"):
        path = home.place.base + "/locking"
        open(path, "w").close()
        os.chmod(path, 0o666)
        done = subprocess.run(["strace", "-o", path, "--inject=nanosleep,clock_nanosleep:retval=0",
                               *home.words("./Mailbox")], timeout=30, **home.how())
        assert done.returncode == 111 and b"lock" in done.stdout
        tries = [line for line in open(path) if line.startswith("flock(")]
        assert len(tries) == 300
    assert home.read("Mailbox") == OLD


# ---- what mailboxes can be

@pytest.mark.parametrize("make", [
    os.mkfifo, lambda path: os.symlink("/dev/null", path), os.mkdir])
def test_mbox_is_no_file(home, make):
    make(home.at("Mailbox"))
    if not os.path.islink(home.at("Mailbox")):
        os.chown(home.at("Mailbox"), *home.place.ids(ANYBODY))
    code, said = home.deliver("./Mailbox")
    assert code == 111 and "cannot open the mailbox" in said


@pytest.mark.parametrize("end, missing", [
    (b"hal", b"\n\n"), (b"half\n", b"\n"), (b"whole\n\n", b""), (b"\0\0", b""),
    (b"hal\0\0", b"\n\n"), (b"half\n\0", b"\n")])
@pytest.mark.parametrize("old", [b"", OLD, b"x" * 4095 + b"\n\n", b"x" * 4094])
def test_mbox_that_was_cut(home, old, end, missing):
    """The next message begins behind an empty line, or readers do not see it."""
    home.write("Mailbox", old + end)
    assert home.deliver("./Mailbox")[0] == 0
    if not end.strip(b"\0") and old and not old.endswith(b"\n\n"):
        missing = b"\n\n"
    assert home.read("Mailbox").startswith(old + end.strip(b"\0") + missing + b"From joe@")


@pytest.mark.parametrize("old, wanted", [(b"\n", b"\n\n"), (b"x", b"x\n\n"), (b"\n\n", b"\n\n")])
def test_mbox_of_a_byte_or_two(home, old, wanted):
    home.write("Mailbox", old)
    assert home.deliver("./Mailbox")[0] == 0
    assert home.read("Mailbox").startswith(wanted.lstrip(b"\n")) and b"From joe@" in home.read("Mailbox")


@pytest.mark.parametrize("rules", [None, ""])
def test_nothing_says_what_to_do(home, rules):
    """It waits; a message that nobody gets must not count as delivered."""
    if rules is not None:
        home.write(".qmail", rules)
    done = subprocess.run(home.words(""), timeout=30, **home.how())
    assert done.returncode == 111 and b"(#4.2.1)" in done.stdout
    home.write(".qmail", "# the user wants nothing\n")
    done = subprocess.run(home.words(""), timeout=30, **home.how())
    assert done.returncode == 0 and done.stdout == b"did 0+0+0\n"


def test_rules_with_a_zero_byte(home):
    """Nothing is done of them."""
    home.write("Mailbox", OLD)
    code, said = home.deliver("./Mailbox", "./Maildir\0/")
    assert code == 111 and "zero byte" in said
    assert home.read("Mailbox") == OLD


@pytest.mark.parametrize("rule", ["./Mailbox", "./Maildir/"])
def test_file_size_limit(home, rule):
    """As a quota: deferred, not killed, and nothing half is left; programs are
    killed as ever."""
    home.write("Mailbox", OLD)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
    code, said = home.deliver(rule, size=200000, preexec_fn=limit)
    assert code == 111 and "File too large" in said
    assert home.read("Mailbox") == OLD
    assert not home.new() and not os.listdir(home.at("Maildir/tmp"))
    code, said = home.deliver(rule, "|kill -XFSZ $$", size=100)
    assert code == 111 and "crashed" in said


def test_nuls_at_the_end_of_an_mbox(home, strace):
    """They go; if they cannot go, or cannot be read, the mail waits."""
    home.write("Mailbox", OLD + bytes(5000))
    assert home.deliver("./Mailbox")[0] == 0
    assert home.read("Mailbox").startswith(OLD + b"From joe")
    for fault in ("ftruncate:error=EIO:when=1", "pread64:error=EIO:when=2"):
        home.write("Mailbox", OLD + bytes(5000))
        code, said = home.inject(fault, "./Mailbox")
        assert code == 111 and "cannot write" in said
        assert home.read("Mailbox") == OLD + bytes(5000)


def test_modes(home):
    """What is made is for the user alone, whatever umask the caller has."""
    assert home.deliver("./Maildir/", "./Mailbox", "|echo > made")[0] == 0
    made = [home.at("Mailbox"), home.at("made"),
            *(home.at("Maildir/new/" + name) for name in os.listdir(home.at("Maildir/new")))]
    assert len(made) == 3
    assert {os.stat(path).st_mode & 0o777 for path in made} == {0o600}


def test_maildir_name_is_taken(home, strace):
    """Another is tried; not for ever."""
    path = home.place.base + "/locking"
    for when, code, tries in (("%d", 0, 2), ("%d+", 111, 3)):
        calls = home.record("./Maildir/").named("openat")
        at = [number for number, call in enumerate(calls, 1) if "/tmp/" in call.strings[0]][0]
        open(path, "w").close()
        os.chmod(path, 0o666)
        got, said = home.inject("openat:error=EEXIST:when=" + when % at, "./Maildir/",
                                trace_to=path)
        names = re.findall(r'^openat\(.*"(\S+/tmp/\S+)"', open(path).read(), re.M)
        assert got == code, said
        assert len(names) == len(set(names)) == tries


# ---- the day is over

@pytest.mark.parametrize("rule, call", [("./Maildir/", "fsync"), ("./Mailbox", "fsync"),
                                        ("./Mailbox", "flock")])
def test_time_is_over(home, strace, rule, call):
    home.write("Mailbox", OLD)
    code, said = home.inject("%s:signal=ALRM:when=1" % call, rule)
    assert code == 111 and "day" in said
    assert home.read("Mailbox") == OLD
    assert not home.new() and not os.listdir(home.at("Maildir/tmp"))


@pytest.mark.parametrize("rule, call, when, code", [
    ("./Maildir/", "fsync", 2, 0), ("./Maildir/", "renameat2", 1, 0), ("./Maildir/", "write", 2, 0),
    ("./Mailbox", "fsync", 1, 111), ("./Mailbox", "write", 2, 0)])
def test_stopped_when_it_is_done(home, strace, rule, call, when, code):
    """It is delivered, or it is tried again: not both."""
    home.write("Mailbox", OLD)
    got, said = home.inject("%s:signal=TERM:when=%d" % (call, when), rule)
    assert got == code, said
    assert (len(home.new()) + (home.read("Mailbox") != OLD) == 1) == (code == 0)


@pytest.mark.parametrize("call, when", [("setitimer", 3), ("write", 1)])
def test_stopped_when_the_program_has_ended(home, strace, call, when):
    """It said that all is done, and is not asked again."""
    assert home.inject("%s:signal=TERM:when=%d" % (call, when), "|cat > made")[0] == 0
    assert home.read("made") == message(1000)


@pytest.mark.parametrize("code", [0, 53])
def test_stopped_when_the_queue_has_all(home, code):
    """What it says counts: a message that it has is not forwarded again."""
    home.write("queue", "#!/bin/sh\ncat >/dev/null; cat <&1 > %s/envelope\n"
               "kill -TERM $PPID; exit %d\n" % (home.path, code), 0o755)
    got, said = home.deliver("&bob@b.example", env={"QMAILQUEUE": home.at("queue")})
    assert home.read("envelope").endswith(b"\0\0")
    assert got == (111 if code else 0) and ("cannot forward" in said) == (code != 0), said


def test_stopped_before_the_queue_has_all(home, strace):
    """It is not waited for, and gets no end of the envelope."""
    home.write("queue", "#!/bin/sh\ncat >/dev/null; cat <&1 > %s/envelope\n" % home.path, 0o755)
    home.write(".qmail", "&bob@b.example\n")
    done = subprocess.run(
        ["strace", "-o", "/dev/null", "--inject=write:signal=TERM:when=1", *home.words("./Mailbox")],
        timeout=30, **home.how(env={"QMAILQUEUE": home.at("queue")}))
    assert done.returncode == 111 and b"stopped" in done.stdout
    process.until(lambda: os.path.exists(home.at("envelope")), "the queue program")
    assert not home.read("envelope").endswith(b"\0\0")


def test_stopped_before_the_next_rule(home, strace):
    """The wait is over there; nobody says that all is done."""
    code, said = home.inject("fsync:signal=TERM:when=2", "./Maildir/", "./Mailbox")
    assert code == 111 and "stopped" in said
    assert not os.path.exists(home.at("Mailbox"))


def test_timer_rings_after_a_day(home, strace):
    """Once for all deliveries, and before the first."""
    seen = home.record("./Maildir/", "./Mailbox")
    timers = seen.named("alarm", "setitimer")
    assert len(timers) == 1 and "86400" in timers[0].words
    assert timers[0].ends < seen.named("pread64")[0].begins


# ---- how long programs may take

def test_no_day_for_programs(home, strace):
    """They may take any time, and what comes after them has its day again."""
    seen = home.record("|true", "./Maildir/").named("alarm", "setitimer")
    seconds = [re.search(r"(it_value=\{tv_sec=|^)([0-9]+)", timer.words).group(2) for timer in seen]
    assert seconds == ["86400", "0", "86400"]


@pytest.mark.parametrize("leads, trap, is_killed", [
    (True, "", False), (False, "", False), (True, "trap '' TERM; ", True),
    (False, "trap '' TERM; ", False)])
def test_program_takes_too_long(home, leads, trap, is_killed):
    """It ends, with all that it has started where qmail-local leads a group, as
    below qmail-lspawn."""
    home.place.control(programtimeout="1\n")
    child = "while :; do sleep 1; done & echo $! > pid; wait" if leads else "while :; do :; done"
    code, said = home.deliver("|%s%s" % (trap, child), start_new_session=leads)
    assert code == (-9 if is_killed else 111)
    assert said == "a program took longer than control/programtimeout allows (#4.3.0)\n"
    if leads:
        process.until(lambda: not process.is_alive(int(home.read("pid"))), "the end of the child")


def test_program_has_time(home):
    home.place.control(programtimeout="1000\n")
    assert home.deliver("|true")[0] == 0


def test_time_of_programs_cannot_be_read(home):
    """Nothing runs then."""
    os.mkdir(home.place.path("control/programtimeout"))
    code, said = home.deliver("|echo > made")
    assert code == 111 and "/control/programtimeout: " in said
    assert not os.path.exists(home.at("made"))
    assert home.deliver("./Maildir/")[0] == 0


# ---- rules

def test_rules_cannot_be_read(home, strace):
    """The mail waits; it does not go elsewhere."""
    seen = home.record("./Maildir/")
    at = [number for number, call in enumerate(seen.named("read"), 1)
          if (call.file or "").endswith("/.qmail")][0]
    for fault in ("read:error=EIO:when=%d" % at, "openat:error=EACCES:when=%d" % [
            number for number, call in enumerate(seen.named("openat"), 1)
            if ".qmail" in call.strings][0]):
        for name in os.listdir(home.at("Maildir/new")):
            os.unlink(home.at("Maildir/new/" + name))
        code, said = home.inject(fault, "./Maildir/")
        assert code == 111 and "cannot read .qmail" in said
        assert not home.new() and not os.path.exists(home.at("Mailbox"))


@pytest.mark.parametrize("error, code", [("EIO", 111), ("ENOENT", 0), ("EACCES", 0)])
def test_owner_cannot_be_told(home, strace, error, code):
    """Whether there is an owner decides on the sender: the mail waits."""
    home.write("queue", "#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null\n", 0o755)
    calls = home.record("|true").named("stat")
    at = [number for number, call in enumerate(calls, 1) if ".qmail-owner" in call.strings]
    assert at
    got, said = home.inject("stat:error=%s:when=%d" % (error, at[0]), "|true")
    assert got == code, said


def test_rewinding_fails(home, strace):
    """A program gets the message from its start, or is not run."""
    calls = home.record("|cat > piped").named("lseek")
    at = [number for number, call in enumerate(calls, 1) if call.words.startswith("0<")][0]
    os.unlink(home.at("piped"))
    code, said = home.inject("lseek:error=EIO:when=%d" % at, "|cat > piped")
    assert code == 111 and "cannot read the message" in said
    assert not os.path.exists(home.at("piped"))


# ---- programs

@pytest.mark.parametrize("code, wanted", [(number, 100) for number in (
    100, 64, 65, 70, 76, 77, 78, 112)] + [(number, 111) for number in (
        111, 1, 2, 66, 67, 69, 71, 74, 75, 98, 113, 120, 255)])
def test_exit_codes(home, code, wanted):
    assert home.deliver("|exit %d" % code)[0] == wanted


def test_program_that_leaves_the_rest(home):
    assert home.deliver("|exit 99", "./Maildir/")[0] == 0
    assert not home.new()


def test_program_that_crashes(home):
    code, said = home.deliver("|kill -9 $$", "./Maildir/")
    assert code == 111 and "crashed" in said
    assert not home.new()


def test_environment_of_the_caller(home):
    """DEFAULT is ours, or not there."""
    code, _ = home.deliver('|echo "${DEFAULT-none}" > got', env={"DEFAULT": "theirs"})
    assert code == 0 and home.read("got") == b"none\n"
    home.write(".qmail-x-default", '|echo "$DEFAULT" > got\n')
    done = subprocess.run(home.words("./Mailbox", "x-y", "-"),
                          **home.how(env={"DEFAULT": "theirs"}))
    assert done.returncode == 0 and home.read("got") == b"y\n"


def test_queue_does_not_read(home):
    """Its end before the message is over is not ours."""
    home.write("queue", "#!/bin/sh\nexit 31\n", 0o755)
    code, said = home.deliver("&bob@b.example", size=1000000,
                              env={"QMAILQUEUE": home.at("queue")})
    assert code == 100 and "#5." in said
    home.write("queue", "#!/bin/sh\nexit 53\n", 0o755)
    code, said = home.deliver("&bob@b.example", size=1000000,
                              env={"QMAILQUEUE": home.at("queue")})
    assert code == 111 and "#4." in said


# ---- a Maildir that nobody has made

def deliver_by_default(home, **more):
    done = subprocess.run(home.words("./Maildir/"), timeout=30, **home.how(**more))
    return done.returncode, done.stdout.decode("latin-1")


@pytest.mark.parametrize("there", [(), ("",), ("", "/new"), ("", "/tmp")])
def test_default_makes_its_maildir(home, there):
    shutil.rmtree(home.at("Maildir"))
    for name in there:
        os.mkdir(home.at("Maildir" + name))
        os.chown(home.at("Maildir" + name), *home.place.ids(ANYBODY))
    code, said = deliver_by_default(home)
    if there == ("", "/tmp"):
        assert code == 111  # it is none, but nobody has to guess what it is
        return
    assert code == 0, said
    assert home.new() == [TOP + message(1000)]
    for name in ("", "/tmp", "/new", "/cur"):
        status = os.stat(home.at("Maildir" + name))
        assert name in there or status.st_mode & 0o777 == 0o700


@pytest.mark.parametrize("fault", ["error=EDQUOT", "signal=KILL"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_half_a_maildir_is_made_whole(home, strace, fault, number):
    """Its making breaks off: the next delivery goes on with it."""
    shutil.rmtree(home.at("Maildir"))
    subprocess.run(["strace", "-o", "/dev/null", "--inject=mkdir:%s:when=%d" % (fault, number),
                    *home.words("./Maildir/")], check=False, **home.how())
    code, said = deliver_by_default(home)
    assert code == 0, said
    assert home.new() == [TOP + message(1000)]


def test_made_maildir_is_kept(home, strace):
    """Its name, and those in it, through a power cut."""
    shutil.rmtree(home.at("Maildir"))
    how = {**home.how(), "stdout": subprocess.DEVNULL}
    how.pop("stderr")
    _, seen = trace.record(home.place.base + "/trace", home.words("./Maildir/"), **how)
    synced = [call.file for call in seen.named("fsync")]
    assert home.path in synced and home.at("Maildir") in synced
    assert synced.index(home.path) < synced.index(home.at("Maildir/new"))


def test_other_maildirs_are_not_made(home):
    shutil.rmtree(home.at("Maildir"))
    assert home.deliver("./Maildir/")[0] == 111
    home.place.control(makemaildir="0\n")
    os.unlink(home.at(".qmail"))
    assert deliver_by_default(home)[0] == 111
    assert not os.path.exists(home.at("Maildir"))


def test_home_does_not_allow_it(home):
    shutil.rmtree(home.at("Maildir"))
    os.chown(home.path, 0, 0)
    os.chmod(home.path, 0o755)
    code, said = deliver_by_default(home)
    assert code == 111 and "./Maildir/" in said


# ---- maildirmake

@pytest.mark.parametrize("number", [2, 3, 4])
def test_maildir_is_not_made(home, strace, number):
    """What cannot be made whole is taken away again."""
    where = home.at("Other")
    done = subprocess.run(["strace", "-o", "/dev/null", "--inject=mkdir:error=ENOSPC:when=%d" % number,
                           home.place.program("maildirmake"), where], **home.how())
    assert done.returncode == 111
    assert not os.path.exists(where) or not os.listdir(where)
