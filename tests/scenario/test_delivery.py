"""Mail of all kinds comes in, and arrives where it should."""

import os
import re
import smtplib
import subprocess
import threading

import pytest

from support import build, process, town as towns


def test_swaks_to_a_maildir(town, needs):
    needs("swaks", "tcpserver")
    town.open()
    town.serve_smtp()
    done = subprocess.run(
        ["swaks", "--server", "127.0.0.1", "--from", "joe@there.example",
         "--to", "ann@here.example", "--header", "Subject: by swaks",
         "--body", "one\n.two\n", "--helo", "there.example"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    assert done.returncode == 0, done.stdout
    text = town.letter("ann", "Subject: by swaks")
    assert text.startswith("Return-Path: <joe@there.example>\n"
                           "Delivered-To: ann@here.example\n"
                           "Received: (qmail ")
    assert "\n.two\n" in text and "\r" not in text
    trace = text.partition("Subject:")[0]
    assert "there.example" in trace and "127.0.0.1" in trace
    town.wait_empty()


def test_smtp_by_ipv6(town, needs):
    needs("tcpserver")
    town.open()
    town.serve_smtp()
    with smtplib.SMTP("::1", timeout=10) as client:
        client.sendmail("joe@there.example", ["ann@here.example", "bob@here.example"],
                        "Subject: by IPv6\n\nhello\n")
    for name in ("ann", "bob"):
        assert "::1" in town.letter(name, "Subject: by IPv6").partition("Subject:")[0]
    town.wait_empty()


def test_smtp_refuses_to_relay(town, needs):
    needs("tcpserver")
    town.open()
    town.serve_smtp()
    with smtplib.SMTP("127.0.0.1", timeout=10) as client:
        client.ehlo("there.example")
        client.mail("joe@there.example")
        assert client.rcpt("ann@elsewhere.example")[0] == 553
        assert client.rcpt("ann@here.example")[0] == 250


def test_smtp_relays_for_its_own(town, needs):
    """RELAYCLIENT: somebody outside is a remote recipient."""
    needs("tcpserver")
    town.place.write(town.place.path("control/concurrencyremote"), "0\n")
    town.open()
    town.serve_smtp(RELAYCLIENT="")
    with smtplib.SMTP("127.0.0.1", timeout=10) as client:
        client.sendmail("ann@here.example", ["joe@elsewhere.example"], "Subject: x\n\nx\n")
    process.until(lambda: town.place.queue_files()["remote"] and
                  not town.place.queue_files()["todo"], "it to be sorted")
    with open(*town.place.queue_files()["remote"].values(), "rb") as source:
        assert source.read() == b"Tjoe@elsewhere.example\0"


def test_sendmail_takes_recipients_from_the_header(town):
    town.open()
    town.run_as("bob", [town.place.program("sendmail"), "-t"],
                "To: Ann <ann>, root@here.example\nBcc: bob@here.example\n"
                "Subject: by sendmail\n\nhello\n")
    text = town.letter("ann", "Subject: by sendmail")
    assert "Bcc" not in text and "To: Ann <ann@here.example>, root@here.example\n" in text
    assert "\nFrom: bob@here.example\n" in text and "\nMessage-ID: <" in text
    town.letter("bob", "Subject: by sendmail")
    town.daemon.wait("^delivery .*: failure: ")  # root has no address here
    town.letter("bob", "Subject: failure notice", "<root@here.example>:")
    town.wait_empty()


def test_one_message_many_people(town):
    """Local, by alias, by extension, to an mbox and to a program."""
    town.rules("alias", "-postmaster", "&ann@here.example")
    town.rules("ann", "-lists", "./Mailbox")
    town.rules("bob", "-default", "|cat > got; echo $EXT >> got")
    town.open()
    town.send("joe@there.example", "ann@here.example", "postmaster@here.example",
              "ann-lists@here.example", "bob-x-y@here.example")
    town.wait_empty()
    assert len(town.mail("ann")) == 2
    with open(town.home("ann") + "/Mailbox") as source:
        assert source.read().startswith("From joe@there.example ")
    with open(town.home("bob") + "/got") as source:
        assert source.read().endswith("hello\nx-y\n")
    assert os.stat(town.home("bob") + "/got").st_uid == os.stat(town.home("bob")).st_uid
    assert os.stat(town.home("ann") + "/Mailbox").st_mode & 0o777 == 0o600


def test_a_hundred_at_once(town):
    town.open()
    names = ["letter %d." % n for n in range(100)]
    threads = [threading.Thread(target=town.send, args=("joe@there.example", "ann@here.example"),
                                kwargs={"subject": name}) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.wait_empty()
    subjects = sorted(text.partition("Subject: ")[2].partition("\n")[0]
                      for text in town.mail("ann"))
    assert subjects == sorted(names)
    town.daemon.wait("^end msg ", count=100)
    numbers = {line.split()[2] for line in town.daemon.lines if line.startswith("new msg ")}
    assert len(numbers) == 100


def test_log_of_one_message(town):
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^end msg")
    number = town.daemon.wait(r"^new msg (\d+)$").group(1)
    uid = town.run_as("bob", ["id", "-u"]).stdout.decode().strip()
    log = [line for line in town.daemon.lines if not line.startswith("status: ")]
    assert log[0] == "new msg " + number
    info = town.daemon.wait(r"^info msg %s: bytes (\d+) from <joe@there.example> qp \d+ uid %s$"
                            % (number, uid))
    assert int(info.group(1)) > len("Subject: a letter\n\nhello\n")
    assert log[2:] == ["starting delivery 1: msg %s to local ann@here.example" % number,
                       "delivery 1: success: did_1+0+0/", "end msg " + number]


def test_nobody_is_addressed(town):
    town.open()
    town.send("joe@there.example")
    town.daemon.wait("^end msg")
    town.wait_empty()
    assert not any("delivery" in line for line in town.daemon.lines)


def test_two_thousand_recipients(town):
    """In order, each once, and ten at a time at most."""
    town.rules("bob", "-default", "|echo $EXT >> got-$EXT")
    town.open()
    town.send("joe@there.example", *["bob-%d@here.example" % n for n in range(2000)])
    town.daemon.wait("^end msg", timeout=60)
    town.wait_empty()
    got = [name for name in os.listdir(town.home("bob")) if name.startswith("got-")]
    assert len(got) == 2000
    assert {os.stat(os.path.join(town.home("bob"), name)).st_size - len(name)
            for name in got} == {len("\n") - len("got-")}
    running = [int(line.split()[2].partition("/")[0])
               for line in town.daemon.lines if line.startswith("status: local ")]
    assert max(running) == 10


def test_hold_and_release(town):
    """concurrencylocal 0 holds local mail until HUP finds another number."""
    limit = town.place.path("control/concurrencylocal")
    town.place.write(limit, "0\n")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    process.until(lambda: town.place.queue_files()["local"], "it to wait")
    town.place.write(limit, "5\n")
    os.kill(town.daemon.pid, towns.HANGUP)
    town.letter("ann", "a letter")
    town.wait_empty()


def test_a_long_reason_is_cut(town):
    town.rules("ann", "", "|yes 'a long story' | head -c 200000; exit 100")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    text = town.letter("bob", "failure notice", "a long story")
    assert 2900 < len(text.partition("<ann@here.example>:")[2].partition("\n--- ")[0]) < 3100
    town.wait_empty()


def test_a_program_leaves_another_behind(town):
    """The delivery ends with the program itself."""
    town.rules("ann", "", "|sleep 60 & echo done")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    town.daemon.wait("^delivery 1: success: done/", timeout=10)
    town.wait_empty()


def test_straight_for_ever(town):
    """However many messages came before: one with one recipient needs no files."""
    town.open()
    made = [os.stat(folder).st_mtime_ns for folder in info_folders(town)]
    for _ in range(1100):
        assert town.queue(process.envelope("joe@there.example", "@here.example"), "trash\n") == 0
    town.wait_empty()
    assert made == [os.stat(folder).st_mtime_ns for folder in info_folders(town)]


def info_folders(town):
    info = town.place.path("queue/info")
    return [os.path.join(info, name) for name in sorted(os.listdir(info))]


@pytest.mark.parametrize("has_verp", [False, True])
def test_the_owner_of_a_list_in_a_virtual_domain(town, has_verp):
    """The prefix comes twice in what bounces: with the files of the page it gets where it should."""
    recipe = re.search(r"(?s)lists-lists-friends-owner\..*?\.Bd.*?\n(.*?)\.Ed", build.read("man/dot-qmail.5")).group(1)
    recipe = recipe.replace("lists", "bob").replace("ann@example.org", "ann@here.example")
    town.place.write(town.place.path("control/virtualdomains"), "lists.example.org:bob\n")
    town.rules("bob", "-friends", "&bob-gone@here.example")
    town.rules("bob", "-gone", "|exit 100")
    for name in ("owner", "owner-default") if has_verp else ("owner",):
        town.run_as("bob", ["sh", "-c", recipe.replace("friends-owner", "friends-" + name)])
    town.open()
    town.send("joe@there.example", "friends@lists.example.org")
    text = town.letter("ann", "Hi. This is", "<bob-gone@here.example>")
    owner = "bob-friends-owner-" if has_verp else "bob-friends-owner"
    assert "\nDelivered-To: bob-%s@lists.example.org\n" % owner in text
    town.wait_empty()
