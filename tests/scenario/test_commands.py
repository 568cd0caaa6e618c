"""Programs of .qmail files: what strangers choose is never executed; and the
recipes of the pages."""

import os
import subprocess

import pytest

from support import town as towns

HOSTILE = ["() { :; }; touch owned", "$(touch owned)", "`touch owned`", "a;touch owned;",
           "a|touch owned|", "a\ntouch owned\n", "-c touch owned", "'; touch owned; '",
           "\"; touch owned; \"", "&touch owned&", ">owned", "BASH_FUNC_true%%=() { touch owned; }"]


@pytest.fixture(params=["dash", "bash"])
def shell(request, needs):
    """It is /bin/sh for a while."""
    needs(request.param, "mount")
    sh = os.path.realpath("/bin/sh")
    if os.path.basename(sh) == request.param:
        yield request.param
        return
    subprocess.run(["mount", "--bind", os.path.realpath("/bin/" + request.param), sh], check=True)
    yield request.param
    subprocess.run(["umount", sh], check=True)


@pytest.mark.parametrize("part", ["sender", "extension", "header"])
def test_no_value_is_executed(town, shell, part):
    """Neither when the shell starts, nor where a rule uses it without quotes."""
    town.rules("ann", "-default", "|echo $SENDER $LOCAL $EXT $DEFAULT $UFLINE $RPLINE $DTLINE"
               " $NEWSENDER $RECIPIENT >/dev/null; true", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    for count, value in enumerate(HOSTILE, 1):
        sender, extension, header = "x@there.example", "any", "Subject: s\n"
        if part == "sender":
            sender = value + "@there.example"
        elif part == "extension":
            extension = value
        else:
            header = "From: %s\nSubject: %s\n" % (value.replace("\n", " "), value.split("\n")[0])
        code = town.queue(("F%s\0Tann-%s@here.example\0\0" % (sender, extension)).encode(),
                          header + "\nhello\n")
        assert code == 0
        town.until(lambda: len(town.mail("ann")) == count, "message %d" % count)
    town.wait_empty()
    assert not [name for name in os.listdir(town.home("ann")) if "owned" in name]


def test_uucp(town):
    """A virtual domain whose mail goes to rmail of another host."""
    town.place.write(town.place.base + "/uux", "#!/bin/sh\nfor word do echo \"$word\"; done"
                     " >>\"$HOME/uux-words\"\ncat >>\"$HOME/uux-text\"\n", mode=0o755)
    town.place.write(town.place.path("control/virtualdomains"), ".uucp.example:alias-uucp\n")
    town.rules("alias", "-uucp-default",
               "|preline -df %s/uux - -r -a\"${SENDER:-MAILER-DAEMON}\" far!rmail"
               " \"($DEFAULT@$HOST)\"" % town.place.base)
    town.open()
    town.send("bob@here.example", "joe@far.uucp.example")
    town.daemon.wait("^delivery .: success: did_0\\+0\\+1/")
    town.wait_empty()
    with open(town.place.path("alias/uux-words")) as words:
        assert words.read().split("\n")[:-1] == [
            "-", "-r", "-abob@here.example", "far!rmail", "(joe@far.uucp.example)"]
    with open(town.place.path("alias/uux-text")) as text:
        first = text.readline()
        assert first == "Return-Path: <bob@here.example>\n"
        assert "\nhello\n" in text.read()


def test_a_list_with_one_owner(town):
    """Without -owner-default all recipients have the same sender."""
    town.rules("ann", "-list", "&no-one@here.example", "&bob@here.example")
    town.rules("ann", "-list-owner", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    town.send("joe@there.example", "ann-list@here.example")
    assert town.letter("bob", "a letter").startswith(
        "Return-Path: <ann-list-owner@here.example>\n")
    text = town.letter("ann", "Subject: failure notice", "<no-one@here.example>")
    assert "\nDelivered-To: ann-list-owner@here.example\n" in text
    town.wait_empty()
