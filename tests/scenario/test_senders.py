"""Programs that send mail through the machine's sendmail, which is ours.

They know its path themselves; so each hands over what it does on any machine.
"""

import email
import email.policy
import os
import shutil

import pytest

from support import process, town as towns, unpacked

BODY = "h\xf6llo\n.\nFrom here\n>From there\n..\nend\n"
TO, COPY, BLIND = ("%s@here.example" % name for name in ("bob", "ann", "eve"))

MUTTRC = """\
set copy=no from="ann@here.example" use_from=yes send_charset="utf-8"
"""

PHP = r"""
$fields = "From: Ann <ann@here.example>\r\nCc: ann@here.example\r\n" .
    "Bcc: eve@here.example\r\nContent-Type: text/plain; charset=utf-8";
exit(mail("bob@here.example", "by a program", rtrim(stream_get_contents(STDIN)), $fields) ? 0 : 1);
"""

# Where a program is in its package, and its words.
SENDERS = {
    "mutt": ("mutt", ["-n", "-F", "muttrc", "-s", "by a program", "-c", COPY, "-b", BLIND,
                      "--", TO]),
    "s-nail": ("s-nail", ["-n", "-S", "sendwait", "-S", "sendcharsets=utf-8", "-s",
                          "by a program", "-c", COPY, "-b", BLIND, TO]),
    "bsd-mailx": ("/usr/bin/bsd-mailx", ["-n", "-s", "by a program", "-a",
                                         "Content-Type: text/plain; charset=utf-8",
                                         "-c", COPY, "-b", BLIND, TO]),
    "mailutils": ("/usr/bin/mail.mailutils", [
        "-N", "-r", COPY, "-s", "by a program", "-a", "Content-Type: text/plain; charset=utf-8",
        "-a", "Cc: " + COPY, "-a", "Bcc: " + BLIND, TO]),
    "php8.2-cli": ("/usr/bin/php8.2", ["-n", "-r", PHP]),
}


@pytest.fixture
def sendmail(town, machine):
    """The machine's sendmail is ours; eve is somebody of alias."""
    machine.sendmail()
    town.rules("alias", "-eve", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    return town


def program(town, needs, package, path):
    """Installed, or from its package; skips without."""
    if path.startswith("/"):
        return unpacked.folder(town.place, package) + path
    needs(path)
    return path


def parsed(text):
    return email.message_from_bytes(text.encode("latin-1"), policy=email.policy.default)


def only_letter(town, name):
    found = town.mail(name)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("package", SENDERS)
def test_sends(sendmail, needs, package):
    """One copy for each, no word of the blind one, and each byte of the text."""
    path, words = SENDERS[package]
    sendmail.place.write(sendmail.home("ann") + "/muttrc", MUTTRC, "ann")
    sendmail.run_as("ann", [program(sendmail, needs, package, path), *words], BODY)
    for name in "bob", "ann", "alias":
        sendmail.letter(name, "by a program")
    sendmail.wait_empty()
    for name in "bob", "ann", "alias":
        text = only_letter(sendmail, name)
        letter = parsed(text)
        assert text.startswith("Return-Path: <ann@here.example>\nDelivered-To: ")
        assert letter["Subject"] == "by a program"
        assert letter["From"].addresses[0].addr_spec == "ann@here.example"
        assert [each.addr_spec for each in letter["To"].addresses] == [TO]
        assert [each.addr_spec for each in letter["Cc"].addresses] == [COPY]
        assert letter["Date"].datetime and len(letter.get_all("Message-ID")) == 1
        assert "eve" not in text or name == "alias" and text.count("eve") == 1
        assert letter.get_content() == BODY and "\r" not in text


def test_mutt_asks_for_a_report(sendmail, needs):
    needs("mutt")
    sendmail.place.write(sendmail.home("ann") + "/muttrc", MUTTRC +
                         'set dsn_notify="success,failure" dsn_return=hdrs\n', "ann")
    sendmail.run_as("ann", ["mutt", "-n", "-F", "muttrc", "-s", "by mutt", "--", TO, BLIND],
                    "secret\n")
    text = sendmail.letter("ann", "Final-Recipient: rfc822; bob@here.example\nAction: delivered\n")
    assert "\nSubject: by mutt\n" in text and "secret" not in text
    sendmail.wait_empty()


@pytest.mark.parametrize("options", [
    ["-fbounces@here.example"], ["-f", "bounces@here.example"], ["-r", "bounces@here.example"]])
def test_php_gives_the_sender(sendmail, needs, options):
    php = program(sendmail, needs, "php8.2-cli", "/usr/bin/php8.2")
    sendmail.run_as("ann", [php, "-n", "-r", 'exit(mail("bob@here.example", "x", "y", '
                            '["From" => "ann@here.example"], $argv[1]) ? 0 : 1);', "--",
                            " ".join(options)])
    text = sendmail.letter("bob", "Subject: x\n")
    assert text.startswith("Return-Path: <bounces@here.example>\n")


# ---- git

WHY = "..because\n.\nit is\n"
TEXT = ".\n..two\nFrom me\n\tgr\xfc\xdfe\n"


@pytest.fixture
def series(sendmail, needs):
    """series(words): ann sends two patches."""
    needs("git", "perl")
    peer = unpacked.folder(sendmail.place, "git-email") + "/usr/lib/git-core/git-send-email"

    def git(*words):
        return sendmail.run_as("ann", ["git", *words])

    for name in "ann", "bob":
        sendmail.run_as(name, ["tee", ".gitconfig"], "[user]\nname = \xc4%s\n"
                        "email = %s@here.example\n" % (name, name))
    git("init", "-q", "house")
    for number in (1, 2):
        sendmail.place.write(sendmail.home("ann") + "/house/text",
                             (TEXT * number).encode(), "ann")
        git("-C", "house", "add", "text")
        git("-C", "house", "commit", "-q", "-m", "number %d" % number, "-m", WHY)
    git("-C", "house", "format-patch", "-q", "--root", "-o", "../patches", "HEAD")

    def send(*words):
        patches = sorted(os.listdir(sendmail.home("ann") + "/patches"))
        assert len(patches) == 2
        sendmail.run_as("ann", [
            "perl", peer, "--confirm=never", "--8bit-encoding=UTF-8",
            "--suppress-cc=all", "--to=" + TO, "--cc=" + COPY,
            "--from=\xc4ann <ann@here.example>", *words,
            *("patches/" + name for name in patches)])
    return send


@pytest.mark.parametrize("words", [
    [], ["--envelope-sender=auto"], ["--sendmail-cmd=sendmail -oi"],
    ["--smtp-server=127.0.0.1", "--smtp-domain=here.example"]])
def test_git_sends_patches(sendmail, series, words):
    """They can be applied where they arrive."""
    sendmail.serve_smtp()
    series(*words)
    for name in "bob", "ann":
        for number in (1, 2):
            sendmail.letter(name, "Subject: [PATCH %d/2] number %d\n" % (number, number))
    sendmail.wait_empty()
    assert len(sendmail.mail("bob")) == len(sendmail.mail("ann")) == 2
    letters = sorted(sendmail.mail("bob"), key=lambda text: parsed(text)["Subject"])
    assert parsed(letters[1])["In-Reply-To"] == parsed(letters[0])["Message-ID"]
    sendmail.run_as("bob", ["git", "init", "-q", "."])
    for text in letters:
        assert text.startswith("Return-Path: <ann@here.example>\n")
        sendmail.run_as("bob", ["git", "am", "-q"], text.encode("latin-1").decode())
    with open(sendmail.home("bob") + "/text", encoding="utf-8") as source:
        assert source.read() == TEXT * 2
    told = sendmail.run_as("bob", ["git", "log", "-1", "--format=%an <%ae>%n%B"]).stdout.decode()
    assert told == "\xc4ann <ann@here.example>\nnumber 2\n\n%s\n" % WHY


# ---- cron and at

@pytest.fixture
def spools(machine, sendmail):
    """Empty spools, no jobs of the machine, and nobody who asks for passwords."""
    for folder in "/run", "/var/spool", "/etc/cron.d":
        machine.empty(folder)
    machine.lenient("cron", "atd")
    sendmail.place.etc.write("crontab", "")
    sendmail.place.etc.clear("at.allow")
    sendmail.place.etc.write("at.deny", "")
    return "/var/spool/cron"


def owned(path, owner, mode):
    shutil.chown(path, owner, owner)
    os.chmod(path, mode)


def test_cron(sendmail, spools, needs):
    """A job that says something; MAILTO is a list."""
    cron = program(sendmail, needs, "cron", "/usr/sbin/cron")
    os.makedirs(spools + "/crontabs")
    sendmail.place.write(spools + "/crontabs/ann", """\
MAILTO=ann,bob
LC_ALL=C.UTF-8
@reboot printf 'one\\n.\\nFrom gr\\303\\274n\\n'
@reboot true
MAILTO=""
@reboot echo silence
""", "ann", 0o600)
    sendmail.begin([cron, "-f"], cwd="/", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    for name in "ann", "bob":
        text = sendmail.letter(name, "one")
        assert text.startswith("Return-Path: <ann@here.example>\n")
        letter = parsed(text)
        assert letter["Subject"].startswith("Cron <ann@") and "printf" in letter["Subject"]
        assert [each.addr_spec for each in letter["To"].addresses] == [COPY, TO]
        assert letter.get_content() == "one\n.\nFrom gr\xfcn\n"
    sendmail.wait_empty()
    assert len(sendmail.mail("ann")) == len(sendmail.mail("bob")) == 1


def test_at(sendmail, spools, needs):
    peer = program(sendmail, needs, "at", "/usr")
    for name in "atjobs", "atspool":
        os.makedirs("%s/%s" % (spools, name))
        owned("%s/%s" % (spools, name), "daemon", 0o1770)
    sendmail.place.write(spools + "/atjobs/.SEQ", "", "daemon", 0o600)
    owned(peer + "/bin/at", "daemon", 0o6755)
    sendmail.begin([peer + "/sbin/atd", "-f"], cwd="/", env={"PATH": "/usr/bin:/bin"})
    process.until(lambda: os.path.exists("/run/atd.pid"), "atd to start")
    sendmail.run_as("ann", [peer + "/bin/at", "now"], "echo one; echo .; echo From two\n")
    text = sendmail.letter("ann", "one")
    assert text.startswith("Return-Path: <ann@here.example>\n") and "\r" not in text
    letter = parsed(text)
    assert letter["Subject"].startswith("Output from your job")
    assert letter.get_content() == "one\n.\nFrom two\n"
    sendmail.wait_empty()
