"""What happens when something does not work at once."""

import os
import time

import pytest

from support import process, town as towns

LATER = "|if test -e ready; then cat > got; else exit 111; fi"


def make_ready(town, name):
    town.run_as(name, ["touch", "ready"])


def test_deferral_then_alarm(town):
    town.rules("ann", "", LATER)
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: ")
    process.until(lambda: town.place.queue_files()["local"], "its files")
    make_ready(town, "ann")
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^delivery 2: success: ")
    town.wait_empty()
    assert os.path.exists(town.home("ann") + "/got")


def test_schedule_survives_a_restart(town):
    town.rules("ann", "", LATER)
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: ")
    town.daemon.stop()
    (number, path), = town.place.queue_files()["local"].items()
    assert os.stat(path).st_mtime == number // 1000000 + 100
    town.open()
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    assert "to local bob" in town.daemon.wait("^starting delivery 1").string
    make_ready(town, "ann")
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^delivery 2: success: ")
    town.wait_empty()


def test_last_try_bounces(town):
    """Older than queuelifetime: a deferral counts as a failure."""
    town.rules("ann", "", "|echo not today; exit 111")
    town.place.write(town.place.path("control/queuelifetime"), "0\n")
    number = int((time.time() - 5) * 1000000)
    put_waiting(town, number)
    town.open()
    town.daemon.wait("^delivery 1: failure: not_today/")
    text = town.letter("bob", "Subject: failure notice")
    assert "<ann@here.example>:\nnot today\n" in text and "an old letter" in text
    town.wait_empty()


@pytest.mark.parametrize("ahead", [3600, 86400 * 365])
def test_the_clock_was_ahead_before_the_start(town, ahead):
    """By its times the message waits until next year, and would do so again after
    each try.  No longer than between two tries of an old message is believed."""
    number = put_waiting(town, int((time.time() + ahead) * 1000000))
    town.open()
    town.daemon.wait("^status: ")
    town.send("joe@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    town.daemon.stop()
    stored = os.stat(town.place.queue_files()["local"][number]).st_mtime
    assert stored < time.time() + 2 * 3600
    assert (stored > number // 1000000 - 10) == (ahead == 3600)


def put_waiting(town, number):
    """A message that came at that time and waits since."""
    born = number // 1000000
    town.place.queue_put("mess", number, "Subject: an old letter\n\nhello\n", born)
    town.place.queue_put("intd", number, b"u0\0p1\0Fbob@here.example\0Tann@here.example\0\0")
    town.place.queue_put("info", number, "Fbob@here.example\0", born)
    town.place.queue_put("local", number, "Tann@here.example\0", born)
    return number


def test_bounce(town):
    town.open()
    town.send("bob@here.example", "nobody-here@here.example", body="what was it\n")
    text = town.letter("bob", "Subject: failure notice", "what was it")
    assert text.startswith("Return-Path: <>\nDelivered-To: bob@here.example\n")
    assert "\nFrom: MAILER-DAEMON@here.example\nTo: bob@here.example\n" in text
    paragraphs = text.split("\n\n")
    assert paragraphs[1].startswith("Hi. This is the ")
    assert paragraphs[2].startswith("<nobody-here@here.example>:\n")
    assert paragraphs[3].startswith("-")
    assert paragraphs[4].startswith("Return-Path: <bob@here.example>\n")
    town.daemon.wait("^bounce msg")
    town.wait_empty()


def test_double_and_triple_bounce(town):
    town.rules("alias", "-postmaster", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    town.send("", "nobody-here@here.example")
    text = town.letter("alias", "Subject: failure notice", "<nobody-here@here.example>:")
    assert text.startswith("Return-Path: <#@[]>\n")
    town.send("#@[]", "nobody-here@here.example")
    town.daemon.wait("^triple bounce: discarding bounce/")
    town.wait_empty()
    assert len(town.mail("alias")) == 1


def test_one_bounce_for_several(town):
    """The bounce waits until nobody is left, and then tells of all."""
    town.rules("ann", "", "|test -e ready || exit 111; exit 100")
    town.open()
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.daemon.wait("^delivery .* failure: ")
    town.daemon.wait("^delivery .* deferral: ")
    process.until(lambda: town.place.queue_files()["bounce"], "a note of the failure")
    assert not town.mail("bob")
    town.daemon.stop()
    make_ready(town, "ann")
    town.open()
    os.kill(town.daemon.pid, towns.ALARM)
    town.letter("bob", "failure notice", "<ann@here.example>:", "<no-one@here.example>:")
    town.wait_empty()
    assert len(town.mail("bob")) == 1


def test_hangup_rereads(town):
    town.open()
    town.place.control(me="here.example\n", locals="here.example\nnew.example\n",
                       virtualdomains="virtual.example:ann-v\n", concurrencylocal="3\n")
    town.rules("ann", "-v-joe", "./%s/" % towns.MAIL_FOLDER)
    os.kill(town.daemon.pid, towns.HANGUP)
    town.send("x@there.example", "bob@here.example")
    town.daemon.wait("^status: local 0/3 remote 0/20")
    town.send("x@there.example", "bob@new.example", "joe@virtual.example")
    town.letter("bob", "Delivered-To: bob@new.example")
    town.letter("ann", "Delivered-To: ann-v-joe@virtual.example")
    town.wait_empty()


def test_hangup_without_files_keeps_the_old(town):
    town.open()
    os.mkdir(town.place.path("control/locals"))
    os.kill(town.daemon.pid, towns.HANGUP)
    town.daemon.wait("^alert: unable to reread control/locals")
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    os.rmdir(town.place.path("control/locals"))


@pytest.mark.parametrize("name", ["concurrencyhost", "stoptime"])
def test_hangup_names_the_number_it_cannot_read(town, name):
    town.open()
    town.place.write(town.place.path("control/concurrencyremote"), "7\n")
    os.mkdir(town.place.path("control/" + name))
    os.kill(town.daemon.pid, towns.HANGUP)
    town.daemon.wait("^alert: unable to reread control/%s$" % name)
    town.send("x@there.example", "bob@here.example")
    town.daemon.wait("^status: local 1/10 remote 0/20$")
    os.rmdir(town.place.path("control/" + name))


@pytest.mark.parametrize("name", ["locals", "queuelifetime", "stoptime"])
def test_start_names_the_file_it_cannot_read(town, name):
    town.place.control(me="here.example\n", locals="here.example\n")
    path = town.place.path("control/" + name)
    if os.path.exists(path):
        os.unlink(path)
    os.mkdir(path)
    daemon = town.start("./Mailbox")
    daemon.wait("^alert: unable to read control/%s: Is a directory$" % name)
    daemon.wait("^alert: cannot start: unable to read controls$")
    assert daemon.process.wait(15) == 111
    os.rmdir(path)


def test_term_waits_for_what_runs(town):
    town.rules("ann", "", "|touch began; until test -e ready; do sleep 0.05; done; cat > got")
    town.open()
    town.send("x@there.example", "ann@here.example")
    process.until(lambda: os.path.exists(town.home("ann") + "/began"), "the delivery to begin")
    os.kill(town.daemon.pid, towns.TERM)
    town.send("x@there.example", "bob@here.example")
    make_ready(town, "ann")
    town.daemon.stop()
    assert "status: exiting" in town.daemon.lines[-1]
    assert os.path.exists(town.home("ann") + "/got") and not town.mail("bob")
    town.open()
    town.letter("bob", "a letter")
    town.wait_empty()


@pytest.mark.parametrize("victim", ["qmail-todo", "qmail-lspawn", "qmail-rspawn",
                                    "qmail-clean", "qmail-send"])
def test_a_daemon_is_killed(town, victim):
    """The others end, so that a supervisor starts all again; no mail is lost."""
    town.open()
    town.send("x@there.example", "bob@here.example", subject="before")
    town.letter("bob", "before")
    town.wait_empty()
    town.send("x@there.example", "ann@here.example", subject="meanwhile")
    town.signal(victim, towns.KILL)
    town.daemon.process.wait(15)
    if victim != "qmail-send":
        town.daemon.wait("^alert: oh no! lost ")
    process.until(lambda: not town.daemons(), "all to end")
    town.send("x@there.example", "bob@here.example", subject="after")
    town.open()
    town.letter("ann", "meanwhile")
    town.letter("bob", "after")
    town.wait_empty()


@pytest.mark.parametrize("deliveries", [1, 10, 35])
def test_all_are_killed_at_work(town, deliveries):
    """At once, as by the loss of power: nothing is lost, little comes twice."""
    town.open()
    for n in range(30):
        town.send("x@there.example", "ann@here.example", "bob@here.example",
                  subject="letter %d." % n)
    town.daemon.wait("^delivery .*: success", count=deliveries)
    town.daemon.kill()
    town.open()
    town.wait_empty()
    for name in towns.PEOPLE:
        texts = town.mail(name)
        for n in range(30):
            assert any("Subject: letter %d." % n in text for text in texts), (name, n)
        assert len(texts) <= 30 + 10, len(texts)


def test_alarm_right_after_the_start(town):
    """It counts for the messages that are still being looked at."""
    for n in range(100):
        number = put_waiting(town, int((time.time() - 50) * 1000000) + n)
        os.utime(town.place.queue_files()["local"][number], (1, time.time() + 1000))
    town.open()
    os.kill(town.daemon.pid, towns.ALARM)
    town.wait_empty()
    assert len(town.mail("ann")) == 100


def test_files_of_waiting_messages_are_lost(town):
    """As after a power cut: what was never synced is made again."""
    born = int(time.time()) - 50
    for n in range(150):
        number = put_waiting(town, born * 1000000 + n)
        files = town.place.queue_files()
        if n % 3 == 0:
            os.unlink(files["local"][number])
        elif n % 3 == 1:
            os.truncate(files["local"][number], 3)
        else:
            os.truncate(files["info"][number], 0)
    town.open()
    process.until(lambda: len(town.mail("ann")) == 150, "all to arrive; " + town.daemon.log())
    town.wait_empty()


def test_a_name_in_todo_is_lost(town):
    number = int(time.time() * 1000000)
    town.place.queue_put("mess", number, "Subject: forgotten\n\nhello\n")
    town.place.queue_put("intd", number, b"u0\0p1\0Fbob@here.example\0Tann@here.example\0\0")
    town.open()
    town.letter("ann", "forgotten")
    town.wait_empty()


def test_leftovers(town):
    """Never accepted: kept for 36 hours, then removed, unless its writer lives."""
    def put(age, envelope=b"u0\0p1\0Fbob@here.example\0"):
        number = int((time.time() - age) * 1000000)
        when = time.time() - age
        town.place.queue_put("mess", number, "Subject: half\n", when)
        town.place.queue_put("intd", number, envelope, when)
        return number
    young, old = put(36 * 3600 - 60), put(36 * 3600 + 60)
    town.open()
    process.until(lambda: old not in town.place.queue_files()["mess"], "the old one to go")
    town.send("x@there.example", "bob@here.example")
    town.letter("bob", "a letter")
    process.until(lambda: list(town.place.queue_files()["mess"]) == [young],
                  "the young one alone to stay")
    assert list(town.place.queue_files()["intd"]) == [young]


def test_the_log_is_stuck(town):
    """Nobody reads the log: the mail goes on."""
    town.daemon = None
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    daemon = process.subprocess.Popen(
        [town.place.program("qmail-start"), "./%s/" % towns.MAIL_FOLDER],
        stdin=process.subprocess.DEVNULL, stdout=writer, cwd="/", start_new_session=True,
        env={"PATH": "/usr/bin:/bin"})
    os.close(writer)
    try:
        for n in range(20):
            town.send("x@there.example", "ann@here.example", subject="letter %d." % n)
        process.until(lambda: len(town.mail("ann")) == 20, "all to arrive")
    finally:
        process.end_session(daemon.pid)
        daemon.wait()
        os.close(reader)


def put_without_envelope(town, number, next_try):
    """As another system left it."""
    put = town.place.queue_put
    put("mess", number, "Subject: old\n\nhello\n")
    put("info", number, "Fbob@here.example\0", number // 1000000)
    put("local", number, "Tann@here.example\0", next_try)


def test_alarm_before_it_is_looked_at(town):
    """It counts for one without an envelope, too."""
    number = int((time.time() - 50) * 1000000)
    put_without_envelope(town, number, time.time() + 1000)
    part = os.path.dirname(town.place.queue_path("intd", number))
    owner = os.stat(part)
    os.chown(part, 0, 0)
    try:
        town.open()
        town.daemon.wait("^warning: qmail-clean unable to examine")
        os.kill(town.daemon.pid, towns.ALARM)
        town.daemon.wait("^warning: qmail-clean unable to examine", count=3)
    finally:
        os.chown(part, owner.st_uid, owner.st_gid)
    town.letter("ann", "old")
    town.wait_empty()


def test_alarm_while_it_cannot_be_read(town):
    """And for one that is in no heap because its file cannot be read."""
    number = int((time.time() - 50) * 1000000)
    put_without_envelope(town, number, time.time() + 1000)
    os.chmod(town.place.queue_path("info", number), 0)
    town.open()
    town.daemon.wait("^warning: unable to read info/")
    os.kill(town.daemon.pid, towns.ALARM)
    town.daemon.wait("^warning: unable to read info/", count=2)
    os.chmod(town.place.queue_path("info", number), 0o600)
    town.letter("ann", "old")
    town.wait_empty()


def test_born_in_the_future(town):
    """The clock was a month ahead when it came: its age counts from when that was
    seen, also by the next life, and the last try comes."""
    town.place.write(town.place.path("control/queuelifetime"), "1\n")
    town.rules("ann", "", "|exit 111")
    number = put_waiting(town, int((time.time() + 30 * 86400) * 1000000))
    os.utime(town.place.queue_path("local", number))
    town.open()
    town.daemon.wait("^delivery 1: deferral")
    town.daemon.kill()
    born = os.stat(town.place.queue_files()["info"][number]).st_mtime
    assert born == number // 1000000
    seen = time.time()
    process.until(lambda: time.time() > seen + 2, "it to get old")
    town.open()
    town.daemon.wait("^delivery 1: failure")
    town.letter("bob", "failure notice")
    town.wait_empty()


def test_files_that_were_being_made(town):
    """What a crash left under the name of a new file goes when it is old, whether
    its message waits, or is gone; so does nothing else."""
    old, young = time.time() - 37 * 3600, time.time() - 35 * 3600
    number = put_waiting(town, int((time.time() - 50) * 1000000))
    os.utime(town.place.queue_path("local", number), (1, time.time() + 1000))

    def put(kind, number, when, end=".new"):
        path = town.place.queue_path(kind, number)
        town.place.write(path + end, "half", "qmails", 0o600)
        os.utime(path + end, (when, when))
        return path + end
    gone = [put(kind, one, old) for kind in ("info", "local", "remote")
            for one in (number, number + 1)]
    kept = [put("info", number + 2, young), put("info", number + 3, old, ".newer"),
            put("local", number + 4, young)]
    town.open()
    town.until(lambda: not any(map(os.path.exists, gone)), "them to go")
    assert all(map(os.path.exists, kept))
    assert number in town.place.queue_files()["info"]
    assert not [line for line in town.daemon.lines if line.startswith("warning")]
    for path in kept:
        os.unlink(path)
