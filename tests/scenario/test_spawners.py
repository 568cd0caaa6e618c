"""qmail-lspawn and qmail-rspawn: what they start, end, and wait for."""

import os
import signal
import sys

import pytest

from support import faults, place, process, town as towns

STUBBORN = "trap '' TERM; echo $$ > %s; exec sleep 1000"


def wait_file(path):
    """What a program wrote there."""
    def read():
        if os.path.exists(path):
            with open(path) as source:
                return source.read()
        return ""
    return process.until(read, path)


def test_deliveries_end_with_the_manager(town):
    """Killed, qmail-send leaves nobody behind who still delivers; programs
    are told, those that do not listen are killed, and all is tried again."""
    pids = town.place.base + "/pids-of-deliveries"
    os.mkdir(pids)
    os.chmod(pids, 0o1777)
    town.rules("ann", "", "|" + STUBBORN % (pids + "/ann"))
    town.rules("bob", "", "|trap 'echo told > told; kill %%1' TERM; echo $$ > %s/bob; "
               "sleep 1000 & wait" % pids)
    remote = town.place.base + "/remote"
    town.place.write(remote, "#!/bin/sh\n" + STUBBORN % (pids + "/remote") + "\n", mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    for recipient in ("ann@here.example", "bob@here.example", "joe@there.example"):
        town.send("joe@there.example", recipient, subject="to " + recipient)
    deliverers = {int(wait_file(pids + "/" + name)) for name in ("ann", "bob", "remote")}
    session = town.daemon.pid
    assert deliverers <= set(process.session_members(session))
    os.kill(town.daemon.pid, towns.KILL)
    wait_file(town.home("bob") + "/told")
    process.until(lambda: not process.session_members(session), "all to end")
    assert len(town.place.queue_files()["mess"]) == 3
    for name in towns.PEOPLE:
        town.rules(name, "", "./%s/" % towns.MAIL_FOLDER)
    town.place.write(remote, "#!/bin/sh\nprintf 'Kgot it\\0'\n", mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    for name in towns.PEOPLE:
        town.letter(name, "to %s@" % name)
    town.wait_empty()


@pytest.mark.parametrize("number", [towns.TERM, signal.SIGINT, towns.HANGUP])
def test_deliveries_end_with_their_spawner(town, number):
    """As when somebody presses control-C."""
    town.rules("ann", "", "|echo $$ > pid; exec sleep 1000")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    wait_file(town.home("ann") + "/pid")
    session = town.daemon.pid
    town.signal("qmail-lspawn", number)
    process.until(lambda: not process.session_members(session), "all to end")
    assert len(town.place.queue_files()["mess"]) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can")
def test_nobody_outlives_a_spawner_that_is_killed(town):
    """It cannot end them; else they would still send what the next one sends."""
    pid = town.place.base + "/pid"
    town.place.write(pid, "", "qmailr", 0o644)
    remote = town.place.base + "/remote"
    town.place.write(remote, "#!/bin/sh\necho $$ > %s; exec sleep 1000\n" % pid, mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    town.send("joe@there.example", "joe@there.example")
    wait_file(pid)
    session = town.daemon.pid
    town.signal("qmail-rspawn", towns.KILL)
    process.until(lambda: int(wait_file(pid)) not in process.session_members(session),
                  "qmail-remote to end")
    assert len(town.place.queue_files()["mess"]) == 1


def test_jobs_of_a_manager_that_is_gone(town):
    """What a spawner has not begun is left to the next one, else it comes twice."""
    seen, remote = town.place.base + "/seen", town.place.base + "/remote"
    town.place.write(seen, "", "qmailr", 0o644)
    town.place.write(remote, "#!/bin/sh\necho x >> %s; printf 'r\\0Kfine\\n\\0'\n" % seen, mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    old, (rspawn,) = town.daemon, town.daemons()["qmail-rspawn"]
    os.kill(rspawn, signal.SIGSTOP)
    for number in range(10):
        town.send("joe@there.example", "joe@%d.example" % number)
    old.wait("^starting delivery", count=10)
    os.kill(old.pid, signal.SIGKILL)
    old.process.wait(20)
    os.kill(rspawn, signal.SIGCONT)
    process.until(lambda: not process.session_members(old.pid), "all to end")
    assert os.path.getsize(seen) == 0
    town.open(env={"QMAILREMOTE": remote})
    town.wait_empty()
    assert os.path.getsize(seen) == 2 * 10
    old.kill()


def test_ignored_hangup_ends_nothing(town):
    """nohup qmail-start: when the terminal goes away, deliveries go on."""
    town.rules("ann", "", "|echo $$ > pid; until test -e ready; do sleep 0.01; done")
    town.open(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    town.send("joe@there.example", "ann@here.example")
    wait_file(town.home("ann") + "/pid")
    town.signal("qmail-lspawn", towns.HANGUP)
    town.run_as("ann", ["touch", "ready"])
    town.daemon.wait("^delivery 1: success: ")


def test_program_ends_with_its_delivery(town):
    """SIGTERM for qmail-local reaches the program that it runs."""
    town.rules("ann", "", "|" + STUBBORN % "pid")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    pid = int(wait_file(town.home("ann") + "/pid"))
    town.signal("qmail-local", towns.TERM)
    town.daemon.wait("^delivery 1: deferral: stopped_before_it_was_done")
    assert pid not in process.session_members(town.daemon.pid)


SLOW_GETPW = """#!/usr/bin/python3
import os, pwd, socket, time
peer = socket.socket(fileno=0)
while True:
    name = peer.recv(65536).decode()
    if not name:
        break
    while name.startswith("slow") and not os.path.exists(%r):
        time.sleep(0.05)
    entry = pwd.getpwnam(name.rpartition("-")[2])
    peer.send(b"".join(str(part).encode() + b"\\0" for part in (
        entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, "", "")))
"""


@pytest.fixture
def getpw(town):
    """getpw(text) puts another program in the place of qmail-getpw."""
    path = town.place.program("qmail-getpw")
    os.rename(path, path + ".kept")
    yield lambda text: town.place.write(path, text, mode=0o755)
    os.rename(path + ".kept", path)


def test_slow_lookup_holds_nobody(town, getpw):
    """While the accounts of many names are looked up, others get their mail,
    and deliveries that end are reported."""
    answers = town.place.base + "/answers"
    getpw(SLOW_GETPW % answers)
    town.place.control(me="here.example\n", concurrencylocal="30\n")
    town.open()
    for number in range(7):
        town.send("joe@there.example", "slow%d-ann@here.example" % number)
    town.daemon.wait("^starting delivery 7")
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    town.daemon.wait("^delivery 8: success")
    assert town.mail("ann") == []
    # One more, and nobody is left to answer; this needs no account.
    town.send("joe@there.example", "slow7-ann@here.example")
    town.daemon.wait("^starting delivery 9")
    town.send("joe@there.example", "@here.example")
    town.daemon.wait("^delivery 10: success")
    assert len(town.daemons()["qmail-getpw"]) == 8
    town.place.write(answers, "")
    town.wait_empty()
    assert len(town.mail("ann")) == 8 and len(town.mail("bob")) == 1


LYING_GETPW = """#!/usr/bin/python3
import pwd, socket
peer = socket.socket(fileno=0)
while True:
    name = peer.recv(65536).decode()
    if not name:
        break
    entry = pwd.getpwnam(name)
    peer.send(("%%s\\0%%d\\0%%d\\0%s\\0\\0\\0" %%
               (name, entry.pw_uid, entry.pw_gid)).encode())
"""


def test_no_mail_for_the_roles(town, getpw):
    """Whatever qmail-getpw says, nothing runs as root or as who owns the queue."""
    getpw(LYING_GETPW % town.home("ann"))
    uids = {"ann": towns.PEOPLE["ann"], "alias": town.place.ids("alias")[0]}
    town.rules("ann", "", "|id -u")
    town.open()
    for number, name in enumerate(("root", *place.ROLES, "ann"), 1):
        town.send("joe@there.example", name + "@here.example")
        wanted = ("success: %d/" % uids[name] if name in uids else
                  "deferral: This_address_belongs_to_")
        town.daemon.wait("^delivery %d: %s" % (number, wanted))


def test_dead_lookup_is_a_deferral(town, getpw):
    getpw("#!/bin/sh\nexit 1\n")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: The_account_cannot_be_looked_up_now")


@pytest.mark.parametrize("fault", ["openat:error=EMFILE", "read:error=EIO"])
def test_accounts_that_cannot_be_read(town, fault):
    """Ann does not become nobody when the next source, asked in place of
    /etc/passwd, does not know her."""
    if faults.missing():
        pytest.skip(faults.missing())
    usual = town.place.etc.read("nsswitch.conf")
    town.place.etc.write("nsswitch.conf", "passwd: files systemd\n")
    codes = set()
    try:
        for nth in range(1, 8):
            done = process.subprocess.run(
                ["strace", "-qq", "-o", "/dev/null", "-P", "/etc/passwd",
                 "--inject=%s:when=%d" % (fault, nth),
                 town.place.program("qmail-getpw"), "ann-list"],
                stdout=process.subprocess.PIPE)
            codes.add(done.returncode)
            assert done.returncode == 111 or done.stdout.startswith(b"ann\0"), (nth, done)
    finally:
        town.place.etc.write("nsswitch.conf", usual)
    assert codes == {0, 111}


def test_lookups_end_with_the_manager(town, getpw):
    getpw(SLOW_GETPW % "/none/such")
    town.open()
    town.send("joe@there.example", "slow-ann@here.example")
    town.daemon.wait("^starting delivery 1")
    session = town.daemon.pid
    os.kill(town.daemon.pid, towns.KILL)
    process.until(lambda: not process.session_members(session), "all to end")


@pytest.mark.parametrize("error", ["ENOBUFS", "ENOMEM"])
@pytest.mark.parametrize("nth", [1, 2])
def test_no_memory_for_what_they_say(town, error, nth):
    """Each daemon's word to another cannot be sent once: it is said again, and
    nothing starts anew for it."""
    if faults.missing():
        pytest.skip(faults.missing())
    town.rules("ann", "-no", "|exit 100")
    remote = town.place.base + "/remote"
    town.place.write(remote, "#!/bin/sh\nprintf 'Kgot it\\0'\n", mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    town.send("bob@here.example", "bob@here.example", subject="the first")
    town.letter("bob", "the first")
    town.wait_empty()
    attach = [word for pids in town.daemons().values() for pid in pids for word in ("-p", str(pid))]
    tracer = town.begin(["strace", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg",
                         "--inject=sendmsg:error=%s:when=%d" % (error, nth), *attach])
    town.until(lambda: all(tracer_of(pid) == tracer.pid for pids in town.daemons().values()
                           for pid in pids), "the tracer")
    for subject in ("the second", "the third"):
        town.send("bob@here.example", "ann@here.example", "ann-no@here.example",
                  "joe@there.example", subject=subject)
        town.until(lambda: has_come(town, "ann", subject), "the letter")
        town.until(lambda: has_come(town, "bob", "failure notice", subject), "the bounce")
    town.wait_empty()
    assert len(town.mail("ann")) == 2 and len(town.mail("bob")) == 3
    assert not [line for line in town.daemon.lines if line.startswith("alert")]


def has_come(town, name, *words):
    """An account that could not be looked up has its next try."""
    os.kill(town.daemon.pid, towns.ALARM)
    return any(all(word in text for word in words) for text in town.mail(name))


def tracer_of(pid):
    with open("/proc/%d/status" % pid) as status:
        return int([line for line in status if line.startswith("TracerPid")][0].split()[1])
