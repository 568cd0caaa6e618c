"""qmail-lspawn by itself: whom it delivers for, as whom, and what it believes."""

import os
import re
import signal
import socket
import subprocess

import pytest

from support import build, cdb, faults, link, place as places, process, town as towns

OTHER_GROUP = 7055
# Tells of signals that are blocked or ignored; a shell would clear them first.
SIGNALS = """#!/usr/bin/python3 -S
import re
print(re.findall(r"Sig(?:Blk|Ign):\\t(.*)", open("/proc/self/status").read()))
"""


@pytest.fixture
def spawn(town):
    """spawn(strace options): a running qmail-lspawn; it ends with the test."""
    running = []
    gid = town.place.ids("qmails")[1]
    root = {"user": 0, "group": gid, "extra_groups": [gid]}

    def begin(*strace, ids=root, **more):
        words = [town.place.program("qmail-lspawn"), "./Mailbox"]
        running.append(link.Spawner(town.place, words, ids, strace, **more))
        return running[-1]

    yield begin
    for spawner in running:
        spawner.link.__exit__()


def set_users(town, **accounts):
    """Replaces users/cdb, as qmail-newu does."""
    path = town.place.path("users/cdb")
    town.place.write(path + ".new", cdb.users(**accounts))
    os.rename(path + ".new", path)


@pytest.fixture
def instead(town):
    """instead(script): a script, by default of the shell, takes the place of
    qmail-local."""
    path = town.place.program("qmail-local")

    def replace(lines):
        if not os.path.exists(path + ".away"):
            os.rename(path, path + ".away")
        script = lines if lines.startswith("#!") else "#!/bin/sh\n%s\n" % lines
        town.place.write(path, script, mode=0o755)

    yield replace
    if os.path.exists(path + ".away"):
        os.rename(path + ".away", path)


def said(report):
    """The words of what a program said, up to the summary."""
    return report[1].replace("did 0+0+1\n", "").split()


# ---- as whom

def test_uid_and_gid(town, spawn):
    """They need not be equal; no other groups are there."""
    set_users(town, ann=(7001, OTHER_GROUP, town.home("ann")))
    town.rules("ann", "", "|id -u; id -g; id -G; grep -E '^(Uid|Gid)' /proc/self/status")
    report = spawn().deliver("ann@here.example")
    assert report[0] == "K", report
    assert said(report) == ["7001", str(OTHER_GROUP), str(OTHER_GROUP), "Uid:", *["7001"] * 4,
                            "Gid:", *[str(OTHER_GROUP)] * 4]


def test_user_is_no_option(town, spawn):
    """Whatever name users/cdb has for him."""
    town.rules("ann", "", "|touch came")
    town.place.write(town.place.path("users/cdb"), cdb.make([
        (b"", b"-"), (b"!ann\0", b"-n\x007001\x007001\0%s\0\0\0" % town.home("ann").encode())]))
    assert spawn().deliver("ann@here.example")[0] == "K"
    assert os.path.exists(town.home("ann") + "/came")


@pytest.mark.parametrize("gid", [0, 7001])
def test_nothing_runs_as_root(town, spawn, gid):
    set_users(town, ann=(0, gid, town.home("ann")))
    town.rules("ann", "", "|touch %s/came" % town.place.base)
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "Z" and "root" in text
    assert not os.path.exists(town.place.base + "/came")


@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid"])
def test_change_of_ids_does_not_happen(town, spawn, call):
    """Nothing is run as root, whatever the kernel says."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "", "|id -u")
    set_users(town, ann=(7001, 7001, town.home("ann")))
    for how in ("error=EPERM", "error=EAGAIN"):
        letter, _ = spawn("--inject=%s:%s" % (call, how)).deliver("ann@here.example")
        assert letter == "U"
    if call != "setgroups":
        letter, _ = spawn("--inject=%s:retval=0" % call).deliver("ann@here.example")
        assert letter == "U"


@pytest.mark.parametrize("number", ["STOP", "TERM", "HUP"])
def test_signal_before_the_program_runs(town, spawn, number):
    """Who has the ids of a delivery may send it signals before it is
    qmail-local: that holds and ends nobody else."""
    if faults.missing():
        pytest.skip(faults.missing())
    set_users(town, ann=(7001, 7001, town.home("ann")))
    spawner = spawn("--inject=setresuid:signal=SIG%s" % number)
    spawner.start("ann@here.example")
    if number != "STOP":
        assert spawner.report()[1] in "KZ"
    for _ in range(3):
        assert spawner.deliver("@here.example") == ("K", "")


def test_lookup_that_is_stopped_before_it_runs(town, spawn):
    """Likewise who has the ids of qmail-getpw."""
    if faults.missing():
        pytest.skip(faults.missing())
    spawner = spawn("--inject=setresuid:signal=SIGSTOP")
    spawner.start("ann@here.example")
    assert spawner.deliver("@here.example") == ("K", "")


def test_signals_of_the_program(town, spawn):
    """None is blocked, and none more is ignored than was before."""
    words = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
    plain = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout.decode().split()
    town.rules("ann", "", "|grep -E '^Sig(Blk|Ign)' /proc/self/status")
    assert plain[:2] == ["SigBlk:", "0" * 16]
    assert said(spawn().deliver("ann@here.example")) == plain


def asleep(spawner):
    """Pids of what it runs that sleeps."""
    found = set()
    for pid in process.session_members(spawner.link.child.pid):
        try:
            if os.readlink("/proc/%d/exe" % pid).endswith("sleep"):
                found.add(pid)
        except FileNotFoundError:
            pass  # it has ended
    return found


@pytest.mark.parametrize("words, result", [("x", "D"), ("KK", "D"), ("K", "K")])
def test_what_a_program_says_that_stays(spawn, instead, words, result):
    """Only the one word is a success."""
    instead("printf %s >&4; exit 100" % words)
    assert spawn().deliver("ann@here.example")[0] == result


def test_it_says_so_and_dies(spawn, instead):
    """What is done is done, whatever is seen first."""
    instead("sleep 60; printf K >&4; exit 111")
    spawner = spawn()
    spawner.start("ann@here.example")
    sleeper, = process.until(lambda: asleep(spawner), "the program")
    shell = process.parent_of(sleeper)
    os.kill(spawner.link.child.pid, signal.SIGSTOP)
    os.kill(sleeper, signal.SIGKILL)
    process.until(lambda: not process.is_alive(shell), "its end")
    os.kill(spawner.link.child.pid, signal.SIGCONT)
    assert spawner.report()[1] == "K"


# What a user may do with the descriptors of his delivery.
HOSTILE = """#!/usr/bin/python3
import array, fcntl, os, socket, sys, termios, time
link = socket.socket(fileno=3)
with open(sys.argv[3] + "/pid", "w") as out:
    out.write(str(os.getpid()))
%s
"""
SENDS = HOSTILE % """exec(open("%s").read())
one, other = make()
if os.fork() == 0:  # another keeps it open, whatever becomes of this one
    os.setsid()
    os.closerange(0, 5)
    one.close()
    time.sleep(30)
    os._exit(0)
try:
    link.sendmsg([b"K"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [one.fileno()]))])
    one.close()
except BrokenPipeError:
    pass
os.write(4, b"K")
time.sleep(60)"""
READS_NOT = HOSTILE % """waits = array.array("i", [0])
last = -1
while True:
    fcntl.ioctl(3, termios.FIONREAD, waits)
    if waits[0] != last:
        last = waits[0]
        os.write(4, b"K")
    time.sleep(.001)"""


@pytest.mark.parametrize("hostile, count", [(SENDS, 1), (READS_NOT, 300)], ids=["sends", "reads_not"])
def test_a_program_that_holds_us_up(town, spawn, instead, hostile, count):
    """It gets another, and others do not notice."""
    source = town.home("ann") + "/lingering.py"
    town.place.write(source, build.read("tests/support/lingering.py").split("@contextlib")[0])
    instead(hostile.replace("%s", source))
    spawner = spawn()
    for _ in range(count):
        assert spawner.deliver("ann-%s@here.example" % ("x" * 200))[0] == "K"
    with open(town.home("ann") + "/pid") as source:
        pid = int(source.read())
    process.until(lambda: not process.is_alive(pid), "the end of what has waited")
    assert spawner.deliver("bob@here.example")[0] == "K"


def test_a_program_in_its_place(town, spawn, instead):
    """One that starts ours is run for each delivery, and has the arguments as ever."""
    instead('echo "$1" >> $3/starts; exec $0.away "$@"')
    spawner = spawn()
    for _ in range(3):
        assert spawner.deliver("ann@here.example")[0] == "K"
    with open(town.home("ann") + "/starts") as starts:
        assert starts.read() == "--\n" * 3


def test_a_program_that_stays_ends_some_day(town, spawn, instead):
    """After so many deliveries another takes its place."""
    instead("""#!/usr/bin/python3
import os, socket
with open("%s/starts", "a") as out:
    out.write("x")
link = socket.socket(fileno=3)
while True:
    os.write(4, b"K")
    got, fds, *_ = socket.recv_fds(link, 65536, 2)
    if not got:
        break
    for fd in fds:
        os.close(fd)
""" % town.home("ann"))
    spawner = spawn()
    assert [spawner.deliver("ann@here.example")[0] for _ in range(1001)] == ["K"] * 1001
    with open(town.home("ann") + "/starts") as starts:
        assert starts.read() == "xx"


def test_descriptors_of_the_program(spawn, instead):
    """Message, output, and where it hears of the next: nothing of qmail-send, qmail-getpw
    or another delivery."""
    instead("exec sleep 60")
    spawner = spawn()
    spawner.start("bob@here.example")
    first = process.until(lambda: asleep(spawner), "the first")
    spawner.start("ann@here.example")
    second, = process.until(lambda: asleep(spawner) - first, "the second")
    assert set(os.listdir("/proc/%d/fd" % second)) == {"0", "1", "2", "3", "4"}


def test_not_as_root(town, spawn):
    """A private instance delivers to its own user alone."""
    spawner = spawn(ids={"user": 7001, "group": 7001, "extra_groups": []})
    assert spawner.deliver("ann@here.example")[0] == "K"
    letter, text = spawner.deliver("bob@here.example")
    assert letter == "D" and "#5.1.1" in text


# ---- what it believes

def test_message_has_to_be_one(town, spawn):
    """A regular file of qmailq, whatever qmail-send says."""
    town.rules("ann", "", "|cat")
    spawner = spawn()
    foreign = town.place.base + "/foreign"
    town.place.write(foreign, "secret\n", "qmails", 0o600)
    fifo = town.place.base + "/fifo"
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    os.chown(fifo, *town.place.ids("qmailq"))
    for files in ([open(foreign, "rb")], [open(os.open(fifo, os.O_RDWR), "rb", buffering=0)],
                  [open("/dev/null", "rb")], []):
        letter, text = spawner.deliver("ann@here.example", files=files)
        assert letter == "U" and "message file" in text
    assert spawner.deliver("ann@here.example")[0] == "K"


@pytest.mark.parametrize("recipient, letter", [
    ("ann", "D"), ("@here.example", "K"), ("no-one@here.example", "D")])
def test_addresses_without_account(spawn, recipient, letter):
    assert spawn().deliver(recipient)[0] == letter


def test_one_recipient(spawn):
    spawner = spawn()
    spawner.start("ann@here.example", "bob@here.example")
    reports = link.records(spawner.link.hear())
    assert [letter for letter, _ in reports] == ["N", "U", "N", "U"]


def test_nonsense(spawn):
    """It is answered as far as it can be read, and the next job is done."""
    spawner = spawn()
    for data in (b"x", b"M1\0", b"M1\0Fa\0", b"M1\0Fa\0N1\0"):
        spawner.link.ask(data)
    spawner.link.ask(b"M1\0Fa\0N7\0Tann@here.example\0Xjunk\0")
    assert link.records(spawner.link.hear())[:2][0] == ("N", "7")
    assert spawner.deliver("ann@here.example")[0] == "K"


def test_it_is_in_no_folder_of_its_caller(spawn):
    spawner = spawn()
    spawner.deliver("ann@here.example")
    assert os.readlink("/proc/%d/cwd" % spawner.pid) == "/"


def test_nobody_is_known(town, spawn):
    """Neither users/ids nor the accounts tell who plays which role."""
    os.unlink(town.place.path("users/ids"))
    town.place.accounts(dict.fromkeys(places.ROLES))
    try:
        assert spawn().link.child.wait(15) == 111
    finally:
        town.place.accounts({})


def test_it_ends_with_its_peer(spawn, instead):
    """And so does what runs, before it."""
    spawner = spawn()
    instead("exec sleep 60")
    spawner.start("ann@here.example")
    program, = process.until(lambda: asleep(spawner), "the program")
    spawner.link.sock.close()
    assert spawner.link.child.wait(15) == 0
    assert not os.path.exists("/proc/%d" % program)


def test_trouble_with_the_peer(town, spawn):
    """What is too long or does not come is passed over; all else is the end."""
    if faults.missing():
        pytest.skip(faults.missing())
    set_users(town, ann=(7001, 7001, town.home("ann")))  # so that nobody else receives
    spawner = spawn()
    spawner.link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    spawner.link.ask(b"x" * 70000)
    assert spawner.deliver("ann@here.example")[0] == "K"
    spawner = spawn("--inject=recvmsg:error=EAGAIN:when=1")
    assert spawner.deliver("ann@here.example")[0] == "K"
    spawner = spawn("--inject=recvmsg:error=EIO:when=1")
    spawner.start("ann@here.example")
    assert spawner.link.child.wait(15) == 0


def test_descriptors_do_not_pile_up(town, spawn, instead):
    """Whether jobs are done, refused, or nonsense."""
    spawner = spawn()
    spawner.deliver("ann@here.example")
    foreign = town.place.base + "/foreign"
    town.place.write(foreign, "secret\n", "qmails", 0o600)
    before = spawner.descriptors()

    def keeps(count):
        process.until(lambda: spawner.descriptors() == count, "the descriptors to be closed")

    for _ in range(5):
        spawner.deliver("ann@here.example")
        spawner.deliver("ann@here.example", files=[open(foreign, "rb")])
        spawner.deliver("ann")
        with open(foreign, "rb") as file:
            spawner.link.ask(b"M1\0Fa\0N7\0Tann@here.example\0Xjunk\0", file)
        spawner.link.hear()
    keeps(before)
    for _ in range(5):
        set_users(town, ann=(7001, 7001, town.home("ann")))
        spawner.deliver("ann@here.example")
    keeps(before + 1)
    instead("sleep 60 & exit 0")
    for _ in range(5):
        spawner.deliver("ann@here.example")
    keeps(before + 1)


def test_no_descriptors_are_left(spawn):
    if faults.missing():
        pytest.skip(faults.missing())
    spawner = spawn("--inject=pipe2:error=EMFILE:when=1")
    letter, text = spawner.deliver("ann@here.example")
    assert letter == "U" and "descriptors" in text
    assert spawner.deliver("ann@here.example")[0] == "K"


def test_signals_of_its_caller(spawn, instead):
    """They are none of its own or of its programs'."""
    def unsettle():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})

    instead(SIGNALS)
    spawner = spawn(preexec_fn=unsettle)
    blocked, _ = re.findall("[0-9a-f]{16}", spawner.deliver("ann@here.example")[1])
    assert blocked == "0" * 16
    instead("grep SigIgn: /proc/self/status")
    ignored = spawner.deliver("ann@here.example")[1].split()[1]
    assert not int(ignored, 16) & 1 << signal.SIGPIPE - 1
    os.kill(spawner.pid, signal.SIGTERM)
    assert spawner.link.child.wait(15) == 0


def test_child_signal_comes_while_it_waits(spawn):
    """Or an end that comes just before the wait would be overslept."""
    if faults.missing():
        pytest.skip(faults.missing())
    spawner = spawn("-e", "trace=ppoll,rt_sigprocmask")
    spawner.deliver("ann@here.example")
    pid = spawner.pid
    _, seen = spawner.link.close()
    own = [call for call in seen.calls if call.pid == pid]
    first = next(number for number, call in enumerate(own) if call.name == "ppoll")
    assert re.search(r"SIG_SETMASK, \[.*\bCHLD\]", own[first - 1].words)
    assert all("[], 8" in call.words for call in own if call.name == "ppoll")


# ---- exit codes and output

@pytest.mark.parametrize("code, letter", [
    (0, "K"), (111, "Z"), (71, "Z"), (74, "Z"), (75, "Z"), (100, "D"), (1, "D"), (70, "D"),
    (73, "D"), (76, "D"), (112, "D"), (255, "D")])
def test_exit_codes(spawn, instead, code, letter):
    instead("echo hello; exit %d" % code)
    assert spawn().deliver("ann@here.example") == (letter, "hello\n")


def test_crash(spawn, instead):
    instead("kill -9 $$")
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "Z" and "crashed" in text
    instead("echo hello; kill -9 $$")
    assert spawn().deliver("ann@here.example") == ("Z", "hello\n")


def test_output_is_cut(spawn, instead):
    """Much of it, and what follows a NUL."""
    instead("head -c 100000 /dev/zero | tr '\\0' x; exit 100")
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "D" and 2900 < len(text) <= 3000 and text.endswith("[more output cut off]\n")
    assert text.startswith("x" * 2900)
    instead("printf 'one\\0two'")
    assert spawn().deliver("ann@here.example") == ("K", "one")
    instead("head -c 2999 /dev/zero | tr '\\0' x")
    assert spawn().deliver("ann@here.example") == ("K", "x" * 2999)


def test_output_at_the_end(spawn, instead):
    """What lies in the pipe when the program ends counts, though a child of
    its holds that open."""
    instead("sleep 60 & echo hello; exit 100")
    assert spawn().deliver("ann@here.example") == ("D", "hello\n")


def test_program_cannot_be_run(town, spawn, instead):
    instead("")
    os.chmod(town.place.program("qmail-local"), 0o600)
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "U" and "#4.3.0" in text


def test_no_process_can_be_started(town, spawn):
    """Later; and what would have been its output is closed."""
    if faults.missing():
        pytest.skip(faults.missing())
    set_users(town, ann=(7001, 7001, town.home("ann")))
    town.rules("ann", "", "|exit 0")
    spawner = spawn("--inject=clone,fork:error=EAGAIN:when=2")
    assert spawner.deliver("ann@here.example")[0] == "K"
    before = spawner.descriptors()
    letter, text = spawner.deliver("ann@here.example")
    assert letter == "U" and "No process" in text
    process.until(lambda: spawner.descriptors() == before, "the descriptors to be closed")


# ---- users/cdb

def homes(town):
    for name in towns.PEOPLE:
        town.rules(name, "", "|echo %s" % name)


@pytest.mark.parametrize("how", ["renamed", "written over", "longer"])
def test_users_are_changed(town, spawn, how):
    """A new users/cdb counts at once, however it differs."""
    homes(town)
    path = town.place.path("users/cdb")
    set_users(town, zoe=(7001, 7001, town.home("ann")))
    old = os.stat(path)
    spawner = spawn()
    assert said(spawner.deliver("zoe@here.example")) == ["ann"]
    new = cdb.users(zoe=(7002, 7002, town.home("bob")))
    if how == "renamed":
        town.place.write(path + ".new", new)
        os.utime(path + ".new", (old.st_mtime, old.st_mtime))
        os.rename(path + ".new", path)
    elif how == "written over":
        town.place.write(path, new)
        os.utime(path, (old.st_mtime + 10, old.st_mtime + 10))
    else:
        town.place.write(path, new + b"\0")
        os.utime(path, (old.st_mtime, old.st_mtime))
    assert said(spawner.deliver("zoe@here.example")) == ["bob"]


def test_users_come_and_go(town, spawn):
    homes(town)
    spawner = spawn()
    assert said(spawner.deliver("ann@here.example")) == ["ann"]
    set_users(town, ann=(7002, 7002, town.home("bob")))
    assert said(spawner.deliver("ann@here.example")) == ["bob"]
    os.unlink(town.place.path("users/cdb"))
    assert said(spawner.deliver("ann@here.example")) == ["ann"]


def test_users_are_kept_open(town, spawn):
    """An unchanged users/cdb is not opened again."""
    if faults.missing():
        pytest.skip(faults.missing())
    homes(town)
    set_users(town, ann=(7001, 7001, town.home("ann")))
    spawner = spawn("-e", "trace=openat")
    for _ in range(3):
        assert spawner.deliver("ann@here.example")[0] == "K"
    _, seen = spawner.link.close()
    assert len([call for call in seen.calls if "users/cdb" in " ".join(call.strings)]) == 1


def test_users_cannot_be_read(town, spawn):
    """Then nobody is looked up elsewhere."""
    if faults.missing():
        pytest.skip(faults.missing())
    homes(town)
    spawner = spawn()
    town.place.write(town.place.path("users/cdb"), b"x" * 100)
    letter, text = spawner.deliver("ann@here.example")
    assert letter == "U" and "list of users" in text
    set_users(town, ann=(7001, 7001, town.home("ann")))
    for fault in ("stat:error=EIO:when=1", "openat:error=EMFILE:when=2+"):
        letter, text = spawn("--inject=" + fault).deliver("ann@here.example")
        assert letter == "U" and "list of users" in text, fault


def test_record_is_malformed(town, spawn):
    town.place.write(town.place.path("users/cdb"), cdb.make([
        (b"", b"-"), (b"!ann\0", b"ann\0x\0007001\0/\0\0\0")]))
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "Z" and "malformed" in text


def test_home_that_cannot_be_looked_at(town, spawn):
    """Its mail waits, but not for ever: a setting is wrong."""
    town.rules("alias", "-default", "|echo alias")
    town.hide("ann")
    letter, text = spawn().deliver("ann@here.example")
    assert letter == "Z" and "home folder" in text


# ---- qmail-getpw

def lookups(seen):
    """How often qmail-getpw was started, and how often it was asked."""
    starts = [call for call in seen.named("execve") if "qmail-getpw" in call.strings[0]]
    asked = [call for call in seen.named("sendmsg") if "iov_base=\"ann\"" in call.words]
    return len(starts), len(asked)


def test_a_burst_asks_once(town, spawn):
    if faults.missing():
        pytest.skip(faults.missing())
    homes(town)
    spawner = spawn("-e", "trace=execve,sendmsg")
    assert [said(spawner.deliver("ann@here.example")) for _ in range(3)] == [["ann"]] * 3
    assert said(spawner.deliver("bob@here.example")) == ["bob"]
    _, seen = spawner.link.close()
    assert lookups(seen) == (1, 1)


def test_an_answer_is_for_one_name(town, spawn):
    """Also where another is remembered in the same place."""
    homes(town)
    town.rules("bob", "-default", "|echo bob")
    other = next(name for name in (b"bob-%d" % n for n in range(10000))
                 if cdb.number(name) % 64 == cdb.number(b"ann") % 64)
    spawner = spawn()
    assert said(spawner.deliver("ann@here.example")) == ["ann"]
    assert said(spawner.deliver(other.decode() + "@here.example")) == ["bob"]
    assert said(spawner.deliver("ann@here.example")) == ["ann"]


def test_an_answer_is_not_believed_for_long(town, spawn):
    homes(town)
    spawner = spawn()
    assert said(spawner.deliver("ann@here.example")) == ["ann"]
    town.place.accounts({"ann": [7002, 7002, town.home("bob")]})
    process.until(lambda: said(spawner.deliver("ann@here.example")) == ["bob"], "the change")


def test_lookup_has_died(town, spawn):
    """Another is started."""
    homes(town)
    spawner = spawn()
    assert said(spawner.deliver("bob@here.example")) == ["bob"]
    pid, = [pid for pid in process.session_members(spawner.link.child.pid)
            if open("/proc/%d/comm" % pid).read() == "qmail-getpw\n"]
    os.kill(pid, signal.SIGKILL)
    process.until(lambda: said(spawner.deliver("ann@here.example")) == ["ann"], "another")


def test_not_now_is_not_remembered(town, spawn):
    """The account cannot be told now: asked again, it can."""
    if faults.missing():
        pytest.skip(faults.missing())
    homes(town)
    spawner = spawn("-e", "trace=newfstatat,execve")
    spawner.deliver("ann@here.example")
    _, seen = spawner.link.close()
    pid, = {call.pid for call in seen.named("execve") if "qmail-getpw" in call.strings[0]}
    own = [call for call in seen.named("newfstatat") if call.pid == pid]
    at = [number for number, call in enumerate(own, 1) if town.home("ann") in call.strings]
    spawner = spawn("--inject=newfstatat:error=EIO:when=%d" % at[0])
    letter, text = spawner.deliver("ann@here.example")
    assert letter == "U" and "looked up" in text
    assert said(spawner.deliver("ann@here.example")) == ["ann"]
