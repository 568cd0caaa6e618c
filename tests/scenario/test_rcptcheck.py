"""Recipients that nobody here has are refused at RCPT: qmail-smtpd asks
qmail-rcptd, and what that cannot tell is never a refusal."""

import contextlib
import os
import resource
import signal
import socket
import subprocess

import pytest

from support import cdb, lingering, process
from support.town import DOMAIN, PEOPLE

UNKNOWN, LATER, OK = "550 5.1.1", "451 4.3.0", "250 2.1.5"


def talk(town, *recipients, user="qmaild", **environment):
    """The replies to RCPT, and what comes after them."""
    lines = ["HELO x", "MAIL FROM:<a@there.example>",
             *("RCPT TO:<%s>" % recipient for recipient in recipients), "QUIT"]
    done = subprocess.run(
        [town.place.program("qmail-smtpd")], stdout=subprocess.PIPE, cwd="/", timeout=60,
        input="".join(line + "\r\n" for line in lines).encode("utf-8"),
        env={"PATH": "/usr/bin:/bin", **environment}, **town.place.as_user(user))
    return done.stdout.decode().splitlines()[3:]


def codes(town, *recipients, **environment):
    """The first words of the replies to RCPT."""
    replies = talk(town, *recipients, **environment)
    assert len(replies) == len(recipients) + 1, replies
    return [" ".join(reply.split()[:2]) for reply in replies[:-1]]


def known(town, *recipients, **environment):
    return [code == OK for code in codes(town, *recipients, **environment)]


def test_who_is_known(town):
    town.place.control(
        me="here.example\n", locals="here.example\n", percenthack="here.example\n",
        rcpthosts="here.example\nvirt.example\nfar.example\n",
        virtualdomains="virt.example:ann-virt\n")
    town.rules("ann", "-list", "&bob@here.example")
    town.rules("ann", "-virt-joe", "&bob@here.example")
    town.rules("ann", "-shop-default", "&bob@here.example")
    town.rules("alias", "-info", "&bob@here.example")
    town.open()
    wanted = {
        "ann@here.example": True, "ANN@Here.example": True, "ann-list@here.example": True,
        "ann-LIST@here.example": True, "ann-other@here.example": False,
        "ann-shop-x-y@here.example": True, "ann-shop@here.example": False,
        "info@here.example": True, "nobody-here@here.example": False,
        "joe@virt.example": True, "jane@virt.example": False, "postmaster@virt.example": True,
        "POSTMASTER@here.example": True, "anyone@far.example": True,
        "x%far.example@here.example": True, "x%here.example@here.example": False,
        "root@here.example": False, "ann": True,
    }
    assert dict(zip(wanted, known(town, *wanted))) == wanted
    town.rules("alias", "-default", "&bob@here.example")
    assert known(town, "nobody-here@here.example") == [True]


def test_users_do_not_come_in(town):
    """One could send what is slow to close.  A qmail-smtpd of theirs accepts without asking."""
    if not town.place.is_root:
        pytest.skip("needs root")
    town.open()
    with lingering.sent(town.place, "ann", "run/rcptd", 1) as told:
        assert told == "Permission denied"
        assert known(town, "no-one@here.example", "ann@here.example") == [False, True]
    assert known(town, "no-one@here.example", user="ann") == [True]


def test_answers_are_the_words_of_the_protocol(town):
    town.open()
    assert codes(town, "no-one@here.example", "ann@here.example") == [UNKNOWN, OK]


def test_users_cdb(town):
    """It comes before the accounts, and counts when it is there."""
    town.open()
    assert known(town, "sales@here.example") == [False]
    uid = PEOPLE["ann"]
    record = "ann\0%d\0%d\0%s\0\0\0" % (uid, uid, town.home("ann"))
    path = town.place.path("users/cdb")
    town.place.write(path + ".new", cdb.make([(b"!sales\0", record.encode()), (b"", b"")]))
    os.rename(path + ".new", path)
    process.until(lambda: known(town, "sales@here.example") == [True], "the new file to count")
    # A damaged one defers deliveries: nobody is refused.
    town.place.write(path + ".new", "nonsense")
    os.rename(path + ".new", path)
    process.until(lambda: known(town, "no-one@here.example") == [True], "the damaged to count")


def test_changed_control_files(town):
    town.place.control(me="here.example\n", locals="here.example\n",
                       rcpthosts="here.example\nnew.example\n")
    town.open()
    assert known(town, "no-one@new.example") == [True]
    town.place.write(town.place.path("control/locals"), "here.example\nnew.example\n")
    process.until(lambda: known(town, "no-one@new.example") == [False], "the change to count")


def test_what_cannot_be_read_is_known(town):
    town.open()
    assert known(town, "ann-x@here.example") == [False]
    os.chmod(town.home("ann"), 0o700)
    assert known(town, "ann-x@here.example", "bob-x@here.example") == [True, False]


def test_names_that_no_file_can_have(town):
    """They would bounce: too long, through a file, in circles."""
    town.rules("ann", "-file", "&bob@here.example")
    os.symlink(".qmail-circle", town.home("ann") + "/.qmail-circle")
    town.open()
    assert known(town, "ann-" + "x" * 300 + "@here.example", "ann-file/x@here.example",
                 "ann-circle@here.example", "ann-file@here.example") == [False, False, False, True]


def set_users(town, *records):
    path = town.place.path("users/cdb")
    town.place.write(path + ".new", cdb.make([*records, (b"", b"")]))
    os.rename(path + ".new", path)


def test_nobody_at_home(town):
    """A home that is away, or is no folder: that defers."""
    file = town.place.base + "/file"
    town.place.write(file, "")
    set_users(town, *((b"!%s\0" % name, b"ann\0%d\0%d\0%s\0-\0x\0" % (
        PEOPLE["ann"], PEOPLE["ann"], home.encode())) for name, home in (
            (b"away", "/none"), (b"file", file), (b"ann-x", town.home("ann")))))
    town.open()
    assert known(town, "away@here.example", "file@here.example", "ann-x@here.example") == [
        True, True, False]


def test_lists_that_cannot_be_read(town):
    """Then nothing is known, until they can; they need not change for that."""
    lists = town.place.path("control/locals")
    town.place.write(lists, "here.example\n")
    town.open()
    assert codes(town, "no-one@here.example") == [UNKNOWN]
    os.chmod(lists, 0)
    os.utime(lists, (1, 1))
    process.until(lambda: codes(town, "ann@here.example") == [LATER], "it to be missed")
    os.chmod(lists, 0o644)
    process.until(lambda: codes(town, "no-one@here.example") == [UNKNOWN], "it to be read")


def test_users_that_cannot_be_read(town):
    set_users(town, (b"!sales\0", b""))
    town.open()
    assert known(town, "no-one@here.example") == [False]
    path = town.place.path("users/cdb")
    os.chmod(path, 0)
    os.utime(path, (1, 1))
    process.until(lambda: known(town, "no-one@here.example") == [True], "it to be missed")
    os.chmod(path, 0o644)
    process.until(lambda: known(town, "no-one@here.example") == [False], "it to be read")


def test_a_domain_that_goes(town):
    lists = town.place.path("control/locals")
    town.place.control(me="here.example\n", rcpthosts="here.example\nold.example\n",
                       locals="here.example\nold.example\n")
    town.open()
    assert known(town, "no-one@old.example") == [False]
    town.place.write(lists, "here.example\n")
    process.until(lambda: known(town, "no-one@old.example") == [True], "the change to count")


@pytest.mark.parametrize("script", [
    "exit 1", "exec /usr/bin/python3 -S -c 'import socket; s = socket.socket(fileno=0)\n"
              "while s.recv(9999): s.send(b\"Z\")'"])
def test_accounts_cannot_be_told(town, script):
    path = town.place.program("qmail-getpw")
    os.rename(path, path + ".away")
    try:
        town.place.write(path, "#!/bin/sh\n%s\n" % script, mode=0o755)
        town.open()
        assert codes(town, "ann@here.example", "no-one@here.example") == [LATER, LATER]
    finally:
        os.rename(path + ".away", path)


def test_home_that_cannot_be_looked_at(town):
    town.hide("ann")
    town.open()
    assert codes(town, "ann@here.example", "bob@here.example") == [LATER, OK]


def test_relay_clients_are_told_too(town):
    town.open()
    assert known(town, "no-one@here.example", "x@there.example", RELAYCLIENT="") == [False, True]


def test_too_many_unknown(town):
    """They have a limit of their own, and are no errors."""
    town.place.control(me="here.example\n", rcpthosts="here.example\n", maxunknown="2\n",
                       maxerrors="1\n")
    town.open()
    nobody = ["no-one@here.example"] * 2
    assert codes(town, *nobody, "ann@here.example") == [UNKNOWN, UNKNOWN, OK]
    assert talk(town, *nobody, *nobody)[3:] == ["421 4.7.0 too many unknown recipients"]


def test_turned_off(town):
    town.place.control(me="here.example\n", rcpthosts="here.example\n", rcptcheck="off\n")
    town.open()
    assert known(town, "no-one@here.example") == [True]


def test_while_the_suite_does_not_run(town):
    """Before its first start, and after its end in order or by force."""
    assert known(town, "no-one@here.example") == [True]
    for end in signal.SIGTERM, signal.SIGKILL:
        daemon = town.open()
        assert known(town, "no-one@here.example") == [False]
        for pids in town.daemons().values() if end == signal.SIGKILL else [[daemon.pid]]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it has ended with another
                    os.kill(pid, end)
        process.until(lambda: not process.session_members(daemon.pid), "all to end")
        assert known(town, "no-one@here.example") == [True]


def test_dead_service(town):
    """Later, for local and unknown ones; then the suite ends, to be started
    again."""
    town.open()
    for pid in town.daemons()["qmail-rcptd"]:
        os.kill(pid, signal.SIGSTOP)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    assert listener.connect_ex(town.place.path("run/rcptd")) == 0
    for pid in town.daemons()["qmail-clean"]:
        os.kill(pid, signal.SIGSTOP)  # it holds the lock, and so the end
    for pid in town.daemons()["qmail-rcptd"]:
        os.kill(pid, signal.SIGKILL)
    assert codes(town, "ann@here.example", "no-one@here.example") == [LATER, LATER]
    for pid in town.daemons()["qmail-clean"]:
        os.kill(pid, signal.SIGCONT)
    town.daemon.wait("^alert: oh no! lost qmail-rcptd connection! dying")
    town.daemon.wait("^status: exiting")


def test_a_second_start_takes_no_door_away(town):
    town.open()
    second = town.start("./Mailbox")
    second.wait("^alert: cannot start: qmail-send is already running")
    assert second.process.wait(15) == 111
    assert codes(town, "ann@here.example", "no-one@here.example") == [OK, UNKNOWN]


def test_no_door(town):
    """Mail need not wait for it; who would ask hears "later", until it is there."""
    town.open()
    town.daemon.kill()
    in_its_way = town.place.path("run/rcptd.new")
    os.makedirs(in_its_way + "/x")
    try:
        town.daemon = town.start("./Maildir/")
        town.daemon.wait("^qmail-rcptd: .*run/rcptd")
        town.send("joe@there.example", "bob@here.example")
        town.letter("bob", "a letter")
        assert codes(town, "ann@here.example") == [LATER]
    finally:
        os.rmdir(in_its_way + "/x")
        os.rmdir(in_its_way)
    town.until(town.is_door_open, "the door")
    assert codes(town, "ann@here.example", "no-one@here.example") == [OK, UNKNOWN]


def test_full_service(town):
    """No place in the line before its door."""
    town.open()
    for pid in town.daemons()["qmail-rcptd"]:
        os.kill(pid, signal.SIGSTOP)
    waiting = []
    try:
        while len(waiting) < 5000:
            one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            waiting.append(one)
            if one.connect_ex(town.place.path("run/rcptd")) != 0:
                break
        assert codes(town, "ann@here.example") == [LATER]
    finally:
        for one in waiting:
            one.close()
        for pid in town.daemons()["qmail-rcptd"]:
            os.kill(pid, signal.SIGCONT)
    process.until(lambda: codes(town, "ann@here.example") == [OK], "it to serve again")


def test_service_full_of_idle_clients(town):
    """As many as it bears have asked, and wait: the next one is served."""
    town.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    idle = []
    try:
        for _ in range(1000):
            one = ask(town, "ann")
            assert one.recv(100) == b"K\0"
            idle.append(one)
        idle[0].send(b"Rann@here.example\0")  # not the one that is idle longest
        assert idle[0].recv(100) == b"K\0"
        for _ in range(3):
            assert codes(town, "ann@here.example", "no-one@here.example") == [OK, UNKNOWN]
        assert idle[1].recv(100) == b""
        idle[0].send(b"Rno-one@here.example\0")
        assert idle[0].recv(100) == b"D\0"
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def ask(town, recipient=None):
    """A connection, and perhaps a question on it."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.settimeout(20)
    one.connect(town.place.path("run/rcptd"))
    if recipient is not None:
        one.send(b"R%s@%s\0" % (recipient.encode(), DOMAIN.encode()))
    return one


def test_a_slow_lookup_holds_only_its_own_session(town):
    """An account that is not answered for."""
    town.open()
    assert known(town, "ann@here.example") == [True]
    helper, = town.daemons()["qmail-getpw"]
    os.kill(helper, signal.SIGSTOP)
    slow, other = ask(town, "bob"), ask(town, "zoe-x")
    assert other.recv(100) == b"D\0"
    slow.setblocking(False)
    with pytest.raises(BlockingIOError):
        slow.recv(100)
    os.kill(helper, signal.SIGCONT)
    slow.settimeout(20)
    assert slow.recv(100) == b"K\0"


@pytest.mark.parametrize("words", [b"", b"R", b"Rx", b"Xann@here.example\0", b"R\0R\0",
                                   b"R" + b"x" * 2000 + b"\0", b"\0"])
def test_strange_words_end_the_connection(town, words):
    town.open()
    one = ask(town)
    one.send(words)
    try:
        assert one.recv(100) == b""
    except ConnectionResetError:
        pass
    assert known(town, "ann@here.example", "no-one@here.example") == [True, False]


def test_many_questions_on_one_connection(town):
    town.open()
    one = ask(town)
    for recipient, answer in (("ann", b"K\0"), ("no-one", b"D\0"), ("postmaster", b"K\0")):
        one.send(b"R%s@%s\0" % (recipient.encode(), DOMAIN.encode()))
        assert one.recv(100) == answer


def test_address_without_a_name(town):
    """A trash can: nobody is asked for it."""
    town.open()
    assert ask(town, "").recv(100) == b"K\0"


def descriptors(town):
    pid, = town.daemons()["qmail-rcptd"]
    return len(os.listdir("/proc/%d/fd" % pid))


def settled(town):
    """A connection; all that ended before it is forgotten."""
    one = ask(town)
    for _ in range(3):
        one.send(b"Rann@here.example\0")
        assert one.recv(100) == b"K\0"
    return one


def test_a_connection_lasts_as_long_as_its_transaction(town):
    town.open()
    inside = settled(town)
    before = descriptors(town)
    with subprocess.Popen([town.place.program("qmail-smtpd")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, cwd="/", env={"PATH": "/usr/bin:/bin"},
                          **town.place.as_user("qmaild")) as client:
        for line, replies in ((b"HELO x\r\nMAIL FROM:<a@there.example>\r\n"
                               b"RCPT TO:<ann@here.example>\r\n", 4), (b"RSET\r\n", 1)):
            client.stdin.write(line)
            client.stdin.flush()
            for _ in range(replies):
                assert client.stdout.readline()[:2] in (b"22", b"25")
            wanted = before + (replies == 4)
            process.until(lambda: descriptors(town) == wanted, "the connection")
        client.stdin.close()
    inside.close()


def test_nothing_is_left_of_what_ended(town):
    """Neither descriptors of old lists nor processes."""
    town.open()
    town.rules("ann", "-y", "&bob@here.example")
    set_users(town)
    process.until(lambda: known(town, "ann-y@here.example") == [True], "an answer")
    inside = settled(town)
    before = descriptors(town)
    for name in ("one", "two", "three"):
        set_users(town, (b"!%s\0" % name.encode(), b"ann\0%d\0%d\0%s\0\0\0" % (
            PEOPLE["ann"], PEOPLE["ann"], town.home("ann").encode())))
        process.until(lambda: known(town, name + "@here.example") == [True], "it to be read")
    process.until(lambda: descriptors(town) == before, "all to be closed")
    helper, = town.daemons()["qmail-getpw"]
    os.kill(helper, signal.SIGKILL)
    process.until(lambda: not os.path.exists("/proc/%d" % helper), "its end to be noticed")
    assert known(town, "bob-x@here.example") == [False]
    inside.close()


def test_no_descriptors_for_a_while(town):
    """Who comes then waits before the door, which is looked at again."""
    town.open()
    pid, = town.daemons()["qmail-rcptd"]
    inside = settled(town)

    def set_limit(number):
        subprocess.run(["prlimit", "--pid=%d" % pid, "--nofile=%d:" % number], check=True,
                       **town.place.as_user("qmailv"))

    others = []
    while (numbers := {int(fd) for fd in os.listdir("/proc/%d/fd" % pid)}) != set(
            range(len(numbers))):
        others.append(settled(town))  # into the gaps
    set_limit(len(numbers))
    outside = ask(town, "ann")
    for _ in range(2):  # it has been at the door by the second one
        inside.send(b"Rann@here.example\0")
        assert inside.recv(100) == b"K\0"
    outside.setblocking(False)
    with pytest.raises(BlockingIOError):
        outside.recv(100)
    set_limit(1000)
    outside.settimeout(20)
    assert outside.recv(100) == b"K\0"


def test_two_questions_at_once(town):
    """The second is not kept for who does not wait: the connection ends."""
    town.open()
    assert known(town, "ann@here.example") == [True]
    os.kill(town.daemons()["qmail-getpw"][0], signal.SIGSTOP)
    one = ask(town, "bob")
    one.send(b"Rbob@here.example\0")
    assert one.recv(100) == b""
