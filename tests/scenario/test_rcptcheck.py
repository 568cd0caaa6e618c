"""Recipients that nobody here has are refused at RCPT: qmail-smtpd asks
qmail-rcptd, and what that cannot tell is never a refusal."""

import os
import signal
import socket
import subprocess

import pytest

from support import process
from support.town import DOMAIN, PEOPLE

UNKNOWN, LATER, OK = "550 5.1.1", "451 4.3.0", "250 2.1.5"


def codes(town, *recipients, **environment):
    """The first words of the replies to RCPT."""
    lines = ["HELO x", "MAIL FROM:<a@there.example>",
             *("RCPT TO:<%s>" % recipient for recipient in recipients), "QUIT"]
    done = subprocess.run(
        [town.place.program("qmail-smtpd")], stdout=subprocess.PIPE, cwd="/", timeout=60,
        input="".join(line + "\r\n" for line in lines).encode("utf-8"),
        env={"PATH": "/usr/bin:/bin", **environment}, **town.place.as_user("qmaild"))
    replies = done.stdout.decode().splitlines()
    assert len(replies) == len(lines) + 1, replies
    return [" ".join(reply.split()[:2]) for reply in replies[3:-1]]


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


def test_answers_are_the_words_of_the_protocol(town):
    town.open()
    assert codes(town, "no-one@here.example", "ann@here.example") == [UNKNOWN, OK]


def test_users_cdb(town):
    """It comes before the accounts, and counts when it is there."""
    from support import cdb
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


def test_relay_clients_are_told_too(town):
    town.open()
    assert known(town, "no-one@here.example", "x@there.example", RELAYCLIENT="") == [False, True]


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


def ask(town, recipient=None):
    """A connection, and perhaps a question on it."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.settimeout(20)
    one.connect(town.place.path("run/rcptd"))
    if recipient:
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


def test_two_questions_at_once(town):
    """The second is not kept for who does not wait: the connection ends."""
    town.open()
    assert known(town, "ann@here.example") == [True]
    os.kill(town.daemons()["qmail-getpw"][0], signal.SIGSTOP)
    one = ask(town, "bob")
    one.send(b"Rbob@here.example\0")
    assert one.recv(100) == b""
