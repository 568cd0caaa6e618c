"""A delivery's process stays for a moment: the next one for the same user needs no
other, and finds nothing of the first."""

import os
import re
import signal
import subprocess

from support import process
from support.town import PEOPLE


def residents(town):
    """{pid: uid} of the processes of qmail-local."""
    program, found = town.place.program("qmail-local"), {}
    for pid in process.ours():
        try:
            if os.readlink("/proc/%d/exe" % pid) == program:
                found[pid] = os.stat("/proc/%d" % pid).st_uid
        except OSError:
            pass
    return found


def wait_mail(town, name, count):
    town.until(lambda: len(town.mail(name)) == count, "%d messages" % count)
    town.wait_empty()


def test_one_process_for_many(town):
    """Also for other addresses of the same user; another user has another."""
    town.rules("ann", "-list", "./Maildir/")
    town.open()
    town.send("bob@here.example", "ann@here.example", subject="first")
    wait_mail(town, "ann", 1)
    (pid, uid), = residents(town).items()
    assert uid == PEOPLE["ann"]
    for number in range(10):
        town.send("sender-%d@here.example" % number, "ann%s@here.example" % ("", "-list")[number % 2], subject="n%d" % number)
        wait_mail(town, "ann", number + 2)
        assert pid in residents(town)
    town.send("ann@here.example", "bob@here.example")
    wait_mail(town, "bob", 1)
    assert PEOPLE["bob"] in residents(town).values()
    for number in range(10):
        letter = town.letter("ann", "Subject: n%d\n" % number)
        assert letter.startswith("Return-Path: <sender-%d@here.example>\nDelivered-To: ann%s@here.example\nReceived: " % (
            number, ("", "-list")[number % 2]))
    town.daemon.wait(r"success: did_1\+0\+0/$", count=12)


def test_a_group_is_not_a_user(town):
    """Nor is a user another by another group."""
    uid, group = PEOPLE["ann"], PEOPLE["bob"]
    homes = {name: town.home(name) for name in ("carl", "ann2")}
    town.accounts(carl=[7003, uid, homes["carl"]], ann2=[uid, group, homes["ann2"]])
    for name, owner in (("carl", 7003), ("ann2", uid)):
        os.mkdir(homes[name], 0o755)
        os.chown(homes[name], owner, owner)
        subprocess.run([town.place.program("maildirmake"), homes[name] + "/Maildir"], check=True,
                       user=owner, group=owner, extra_groups=[])
    town.open()
    town.send("bob@here.example", "ann@here.example", "carl@here.example", "ann2@here.example", "ann@here.example")
    for name, owner, gid in (("ann", uid, uid), ("carl", 7003, uid), ("ann2", uid, group)):
        town.until(lambda: os.listdir(town.home(name) + "/Maildir/new"), name)
        for entry in os.listdir(town.home(name) + "/Maildir/new"):
            status = os.stat(town.home(name) + "/Maildir/new/" + entry)
            assert (status.st_uid, status.st_gid) == (owner, gid)
    town.wait_empty()


def test_it_ends_by_itself(town):
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    town.until(lambda: not residents(town), "its end", 10)


def test_anything_but_success_ends_it(town):
    """Its exit code is the result, as ever; what ran a program or sent mail stays not."""
    town.rules("ann", "-code", "|exit $(cat code)")
    town.rules("ann", "-on", "&bob@here.example")
    town.rules("ann", "-set", "|echo $EXT $DEFAULT; exit 0")
    town.rules("ann", "-none", "./Nowhere/")
    town.open()
    def deliver():
        count = len(town.mail("ann"))
        town.send("bob@here.example", "ann@here.example")
        town.until(lambda: len(town.mail("ann")) > count, "it")
        return {pid for pid, uid in residents(town).items() if uid == PEOPLE["ann"]}
    for address, words in (("ann-set", "did_0+0+1"), ("ann-on", "did_0+1+0"), ("ann-none", "deferral: cannot_enter_the_maildir"),
                           ("ann-who", "failure: there_is_no_mailbox")):
        before = deliver()
        town.send("", address + "@here.example")
        town.daemon.wait(re.escape(words))
        assert not before & deliver(), address
    for code, word in ((100, "failure"), (111, "deferral"), (0, "success"), (99, "success")):
        with open(town.home("ann") + "/code", "w") as out:
            out.write("%d\n" % code)
        def told():
            return sum(bool(re.search(r": %s: (did_0\+0\+1/)?$" % word, line)) for line in town.daemon.lines)
        count = told()
        town.send("bob@here.example", "ann@here.example")
        town.send("", "ann-code@here.example")
        town.until(lambda: told() > count, word)


def test_the_environment_of_a_program(town):
    """Nothing of the delivery before is in it."""
    town.rules("ann", "-first-default", "./Maildir/")
    town.rules("ann", "-env", "|env > environment")
    town.open()
    town.send("bob@here.example", "ann-env@here.example")
    path = town.home("ann") + "/environment"
    town.until(lambda: town.is_empty() and os.path.exists(path), "it")
    with open(path) as source:
        alone = source.read()
    os.unlink(path)
    town.until(lambda: not residents(town), "the end of the first", 10)
    town.send("joe@there.example", "ann-first-x-y@here.example")
    wait_mail(town, "ann", 1)
    (pid, _), = residents(town).items()
    town.send("bob@here.example", "ann-env@here.example")
    town.until(lambda: town.is_empty() and os.path.exists(path), "it again")
    with open(path) as source:
        after = source.read()

    def lines(text):
        return sorted(line for line in text.splitlines() if not line.startswith("UFLINE="))
    assert lines(after) == lines(alone)
    assert pid not in residents(town)


def test_wishes_of_the_sender(town):
    """What is asked of notifications is told by the environment: another process."""
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    before = residents(town)
    assert town.queue(b"Fbob@here.example\0ERET=HDRS\0Tann@here.example\0\0", "Subject: x\n\n") == 0
    wait_mail(town, "ann", 2)
    assert not set(residents(town)) - set(before)


def test_wishes_are_told_to_a_program(town):
    """Whatever stays has the environment of a message without any."""
    town.rules("ann", "-env", "|env > environment; ls /proc/self/fd > descriptors")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    assert town.queue(b"Fbob@here.example\0ERET=HDRS\0Tann-env@here.example\0\0", "Subject: x\n\n") == 0
    town.until(lambda: town.is_empty() and os.path.exists(town.home("ann") + "/descriptors"), "it")
    with open(town.home("ann") + "/environment") as source:
        assert "\nDSNENVELOPE=RET=HDRS\n" in "\n" + source.read()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 2)
    os.unlink(town.home("ann") + "/descriptors")
    town.send("bob@here.example", "ann-env@here.example")
    town.until(lambda: town.is_empty() and os.path.exists(town.home("ann") + "/descriptors"), "it again")
    with open(town.home("ann") + "/descriptors") as source:
        assert source.read().split() == ["0", "1", "2", "3"]  # the last is of ls


def test_a_user_who_stops_or_kills_it(town):
    """He harms his own mail at most, and nothing of it stays."""
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    (pid, _), = residents(town).items()
    os.kill(pid, signal.SIGSTOP)
    town.send("ann@here.example", "bob@here.example")
    wait_mail(town, "bob", 1)
    town.until(lambda: not process.is_alive(pid), "the end of the stopped one")
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 2)
    for number in (signal.SIGKILL, signal.SIGTERM):
        town.wait_empty()
        killed = residents(town)
        for pid in killed:
            os.kill(pid, number)
        town.until(lambda: not any(map(process.is_alive, killed)), "their end")
        town.send("bob@here.example", "ann@here.example", subject="after %d" % number)
        town.letter("ann", "Subject: after %d\n" % number)
    assert "crashed" not in town.daemon.log()
    town.wait_empty()


def test_one_that_cannot_take_its_job(town):
    """Where its descriptors do not arrive nothing is delivered, and that is told."""
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    (pid, _), = residents(town).items()
    subprocess.run(["prlimit", "--nofile=5:5", "--pid", str(pid)], check=True, user=PEOPLE["ann"], group=PEOPLE["ann"], extra_groups=[])
    town.send("bob@here.example", "ann@here.example")
    town.daemon.wait("^delivery 2: deferral: ")
    assert len(town.mail("ann")) == 1 and not town.is_empty()


def test_they_are_bounded(town):
    """Many users at once: no more than some wait."""
    names = {"u%d" % n: [9000 + n, 9000 + n, town.place.base + "/homes/u%d" % n] for n in range(40)}
    town.accounts(**names)
    for uid, _, home in names.values():
        os.mkdir(home, 0o755)
        os.chown(home, uid, uid)
        subprocess.run([town.place.program("maildirmake"), home + "/Maildir"], check=True,
                       user=uid, group=uid, extra_groups=[])
    town.open()
    most = 0
    for name in names:
        town.send("bob@here.example", name + "@here.example")
    def all_there():
        nonlocal most
        most = max(most, len(residents(town)))
        return all(os.listdir(home + "/Maildir/new") for _, _, home in names.values())
    town.until(all_there, "mail for all", 60)
    assert most <= 20 + 10 + 1  # that wait, and that deliver
    town.wait_empty()


def test_they_end_with_the_suite(town):
    town.open()
    town.send("bob@here.example", "ann@here.example")
    wait_mail(town, "ann", 1)
    (pid, _), = residents(town).items()
    os.kill(town.daemon.pid, signal.SIGTERM)
    town.until(lambda: not process.is_alive(town.daemon.pid) and not process.is_alive(pid), "the end")
