"""HUP has qmail-send, its scribe and qmail-todo read their control files again."""

import itertools
import os
import time

import pytest

from support import town as towns


LIMITS = itertools.count(11)


def change(town, **files):
    """Writes control files and has them read again, by all three: a limit that
    the log shows tells when qmail-send has done so, and told the others."""
    limit = next(LIMITS)
    for name, value in {**files, "concurrencylocal": "%d\n" % limit}.items():
        town.place.write(town.place.path("control/" + name), value)
    os.kill(town.daemon.pid, towns.HANGUP)

    def is_heeded():
        town.send("x@there.example", "ann-nil@here.example")
        return any("status: local" in line and "/%d remote" % limit in line
                   for line in town.daemon.lines)
    town.until(is_heeded, "the signal to be heeded")


def bounce(town, name="bob", sender="bob@here.example", body="hello\n"):
    """The bounce of a message that is sent now."""
    seen = len(town.mail(name))
    town.send(sender, "ann-no@here.example", body=body)
    town.until(lambda: len(town.mail(name)) > seen, "a bounce")
    return town.letter(name, "<ann-no@here.example>:", body.split("\n")[0])


@pytest.fixture
def running(town):
    town.rules("ann", "-no", "|exit 100")
    town.rules("ann", "-nil", "#")
    town.open()
    assert "\nFrom: MAILER-DAEMON@here.example\n" in bounce(town, body="before\n")
    return town


@pytest.mark.parametrize("files, part", [
    ({"bouncefrom": "postman\n"}, "\nFrom: postman@here.example\n"),
    ({"bouncehost": "hub.example\n"}, "\nHi. This is the qmail-send program at hub.example.\n"),
    ({"bounceformat": "dsn\n"}, "\nReporting-MTA: dns; here.example\n"),
    ({"bounceformat": "dsn\n", "me": "new.example\n", "locals": "here.example\n"},
     "\nReporting-MTA: dns; new.example\n"),
    ({"me": "new.example\n", "locals": "here.example\n"}, "\nFrom: MAILER-DAEMON@new.example\n"),
    ({"bouncemaxbytes": "300\n"}, "\n\nafter\n\n--- The rest of the message is left out here: bytes 501\n"),
])
def test_form_of_bounces(running, files, part):
    change(running, **files)
    assert part in bounce(running, body="after\n" + "x" * 500 + "\n")


@pytest.mark.parametrize("files", [
    {"doublebounceto": "bob\n"}, {"doublebounceto": "ann\n", "doublebouncehost": "new.example\n"}])
def test_who_gets_double_bounces(running, files):
    running.place.write(running.place.path("control/locals"), "here.example\nnew.example\n")
    change(running, **files)
    name = files["doublebounceto"].strip()
    assert bounce(running, name, sender="", body="after\n").startswith("Return-Path: <#@[]>\n")


def test_who_is_local(town):
    """Without control/locals that is control/me."""
    town.rules("ann", "-nil", "#")
    town.open()
    town.place.write(town.place.path("control/locals"), "here.example\n")
    change(town)
    os.unlink(town.place.path("control/locals"))
    change(town, me="new.example\n", virtualdomains="here.example:bob\n")
    town.send("x@there.example", "bob@new.example")
    town.letter("bob", "Delivered-To: bob@new.example")
    town.send("x@there.example", "ann@here.example")
    town.daemon.wait("^starting delivery [0-9]+: .* to local bob-ann@here.example")


def test_patience(running):
    """control/timeoutbounce."""
    program = running.place.base + "/queue-program"
    running.place.write(program, "#!/bin/sh\nsleep 1000\n", mode=0o755)
    running.daemon.stop()
    running.open(env={"QMAILQUEUE": program})
    change(running, timeoutbounce="1\n")
    running.send("bob@here.example", "ann-no@here.example")
    running.daemon.wait("^warning: trouble injecting bounce message")


def test_lifetime(running):
    """Also of what waits by then."""
    running.rules("ann", "-later", "|exit 111")
    running.send("bob@here.example", "ann-later@here.example")
    running.daemon.wait("^delivery .*: deferral: ")
    running.until(lambda: running.place.queue_files()["info"], "its files")
    (path,) = running.place.queue_files()["info"].values()
    os.utime(path, (time.time() - 100,) * 2)
    change(running, queuelifetime="50\n")
    os.kill(running.daemon.pid, towns.ALARM)
    running.letter("bob", "<ann-later@here.example>:")
    running.wait_empty()


@pytest.mark.parametrize("name", ["bouncefrom", "bouncehost", "doublebounceto", "doublebouncehost",
                                  "bounceformat", "bouncemaxbytes", "timeoutbounce", "queuelifetime",
                                  "me", "locals"])
def test_a_file_that_cannot_be_read(running, name):
    """The log names it, and all stays as it was, of the scribe also what could be
    read."""
    path = running.place.path("control/" + name)
    if os.path.exists(path):
        os.rename(path, path + ".old")
    os.mkdir(path)
    files = {} if name in ("queuelifetime", "locals") else {"bounceformat": "dsn\n", name: None}
    files.pop(name, None)
    for other, value in files.items():
        running.place.write(running.place.path("control/" + other), value)
    os.kill(running.daemon.pid, towns.HANGUP)
    running.daemon.wait("^alert: unable to reread control/%s$" % name)
    text = bounce(running, body="after\n")
    assert "\nFrom: MAILER-DAEMON@here.example\n" in text and "multipart" not in text
    os.rmdir(path)
    if os.path.exists(path + ".old"):
        os.rename(path + ".old", path)
    change(running, bounceformat="dsn\n")
    assert "multipart/report" in bounce(running, body="last\n")


def test_the_first_alert_ends_nothing(running):
    """It answers no order of qmail-send."""
    path = running.place.path("control/bouncefrom")
    os.mkdir(path)
    for count in (1, 2, 3):
        change(running)
        running.daemon.wait("^alert: unable to reread control/bouncefrom$", count=count)
    assert "after" in bounce(running, body="after\n")
    os.rmdir(path)
    assert not [line for line in running.daemon.lines if "nobody knows" in line or "lost" in line]
