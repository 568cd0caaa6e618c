"""POP3 with clients that people have, and Dovecot with our checkpassword."""

import os
import pty
import re
import select
import shutil
import subprocess

import pytest

from support import pop, process

VIRTUAL, PASSWORD = "ann@virtual.example", "pass-word"
TEXTS = ["Subject: letter %d\n\n.dot %d\nFrom here\n%s\n" % (n, n, "x" * 70 * n) for n in range(5)]


@pytest.fixture
def mailbox(town, needs):
    """ann, with five messages and a service; also as VIRTUAL, for APOP."""
    needs("tcpserver")
    pop.set_passwords(town.place)
    done = pop.set_virtual(town.place, "%s:{PLAIN}%s:7001:7001::%s" % (
        VIRTUAL, PASSWORD, town.home("ann")))
    assert done.returncode == 0
    for number, text in enumerate(TEXTS):
        arrive(town, number, text)
    pop.serve(town)
    return town


def arrive(town, number, text):
    pop.letter(town, "ann", "17000%05d.M1P1.host" % number, text, age=100 - number)


def left(town):
    """What is in the mailbox."""
    return sorted(text.split("\n")[0][len("Subject: "):] for text in town.mail("ann"))


ALL = ["letter %d" % number for number in range(5)]


def configure(town, name, text):
    path = "%s/%s" % (town.home("ann"), name)
    town.place.write(path, text, "7001:7001", 0o600)
    return path


def got(path):
    """All messages in a file of messages with a line before each, or in a Maildir."""
    if os.path.isdir(path):
        texts = []
        for folder in ("new", "cur"):
            for name in os.listdir(path + "/" + folder):
                with open("%s/%s/%s" % (path, folder, name)) as source:
                    texts.append(source.read())
    else:
        with open(path) as source:
            texts = source.read().split("--next--\n")[1:]
    return sorted(texts, key=lambda text: re.search("letter .*", text).group())


def assert_whole(texts, wanted):
    """Each has its body unchanged; clients may add fields."""
    assert len(texts) == len(wanted)
    for text, original in zip(texts, wanted):
        header, _, body = text.partition("\n\n")
        assert body.rstrip("\n") == original.partition("\n\n")[2].rstrip("\n")
        assert original.split("\n")[0] in header.split("\n")


# ---- fetchmail

def fetchmail(town, protocol, user, password, *options):
    """Its exit code: 0 mail, 1 none."""
    rules = configure(town, "rules", """\
set no syslog
poll 127.0.0.1 protocol %s
user "%s" password "%s" sslproto "" %s
mda "/bin/sh -c 'echo --next--; cat' >>%s/got"
""" % (protocol, user, password, " ".join(options), town.home("ann")))
    done = town.run_as("ann", ["fetchmail", "-f", rules, "--nodetach", "--pidfile",
                               town.home("ann") + "/pid"], check=False)
    assert done.returncode in (0, 1), done.stdout
    return done.returncode


def test_fetchmail_keeps(mailbox, needs):
    """By unique-ids: each message once, also while all of them stay."""
    needs("fetchmail")
    for code, count in ((0, 5), (1, 5)):
        assert fetchmail(mailbox, "pop3 uidl", "ann", pop.PASSWORD, "keep") == code
        assert_whole(got(mailbox.home("ann") + "/got"), TEXTS[:count])
        assert left(mailbox) == ALL
    new = "Subject: letter 5\n\nnew\n"
    arrive(mailbox, 5, new)
    assert fetchmail(mailbox, "pop3 uidl", "ann", pop.PASSWORD, "keep") == 0
    assert_whole(got(mailbox.home("ann") + "/got"), TEXTS + [new])


def test_fetchmail_takes_all(mailbox, needs):
    needs("fetchmail")
    assert fetchmail(mailbox, "pop3", "ann", pop.PASSWORD, "fetchall", "no keep") == 0
    assert_whole(got(mailbox.home("ann") + "/got"), TEXTS)
    assert left(mailbox) == []


def test_fetchmail_apop(mailbox, needs):
    needs("fetchmail")
    assert fetchmail(mailbox, "apop", VIRTUAL, PASSWORD, "no keep") == 0
    assert_whole(got(mailbox.home("ann") + "/got"), TEXTS)
    assert left(mailbox) == []


# ---- mpop

@pytest.mark.parametrize("kind, user, password", [
    ("user", "ann", pop.PASSWORD), ("apop", VIRTUAL, PASSWORD)])
def test_mpop(mailbox, needs, kind, user, password):
    """It sends commands ahead of replies where it may."""
    needs("mpop")
    box = mailbox.home("ann") + "/got"
    mailbox.run_as("ann", [mailbox.place.program("maildirmake"), box])

    def run(keep):
        mailbox.run_as("ann", [
            "mpop", "--host=127.0.0.1", "--port=110", "--tls=off", "--auth=" + kind,
            "--user=" + user, "--passwordeval=echo " + password, "--keep=" + keep,
            "--delivery=maildir," + box, "--received-header=off",
            "--uidls-file=" + mailbox.home("ann") + "/uidls"])

    for keep in ("on", "on", "off"):
        run(keep)
        assert_whole(got(box), TEXTS)
        assert left(mailbox) == (ALL if keep == "on" else [])


def test_mpop_sees_that_we_pipeline(mailbox, needs):
    needs("mpop")
    done = mailbox.run_as("ann", ["mpop", "--host=127.0.0.1", "--port=110", "--serverinfo"])
    for word in (b"PIPELINING", b"TOP", b"UIDL", b"Angarium"):
        assert word in done.stdout


# ---- getmail

# getmail loses a child that has ended before it waits for it, and hangs: so
# this one ends when getmail has come to rest.
TAKE = """\
#!/bin/sh
{ echo --next--; cat; } >>"$HOME/got"
while ! grep -q '^State:.*sleeping' /proc/$PPID/status; do :; done
"""


@pytest.mark.parametrize("delete", [False, True])
def test_getmail(mailbox, needs, delete):
    needs("getmail")
    take = configure(mailbox, "take", TAKE)
    os.chmod(take, 0o700)
    os.mkdir(mailbox.home("ann") + "/state", 0o700)
    os.chown(mailbox.home("ann") + "/state", 7001, 7001)
    configure(mailbox, "state/getmailrc", """\
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
username = ann
password = %s
[destination]
type = MDA_external
path = %s
[options]
read_all = false
delete = %s
delivered_to = false
received = false
""" % (pop.PASSWORD, take, str(delete).lower()))
    for _ in range(2):
        mailbox.run_as("ann", ["getmail", "--getmaildir=" + mailbox.home("ann") + "/state"])
        assert_whole(got(mailbox.home("ann") + "/got"), TEXTS)
        assert left(mailbox) == ([] if delete else ALL)


# ---- curl: it takes APOP where it sees a timestamp

def curl(town, path, *options, user=VIRTUAL + ":" + PASSWORD, port=pop.PORT):
    done = subprocess.run(["curl", "-sS", "--user", user, *options,
                           "pop3://127.0.0.1:%d/%s" % (port, path)],
                          capture_output=True, timeout=30)
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


def test_curl(mailbox, needs):
    needs("curl")
    code, text, trouble = curl(mailbox, "")
    assert (code, trouble) == (0, "")
    assert text == "".join("%d %d\r\n" % (n + 1, len(TEXTS[n])) for n in range(5))
    for number, wanted in enumerate(TEXTS, 1):
        assert curl(mailbox, str(number))[:2] == (0, wanted.replace("\n", "\r\n"))
    code, text, _ = curl(mailbox, "", "-X", "TOP 1 1")
    assert (code, text) == (0, "Subject: letter 0\r\n\r\n.dot 0\r\n")
    assert curl(mailbox, "1", user=VIRTUAL + ":wrong")[0] == 67  # login denied
    assert curl(mailbox, "9")[0] != 0


def test_curl_without_apop(mailbox, needs):
    needs("curl")
    pop.serve(mailbox, port=1110, environment={"NOAPOP": ""})
    code, text, _ = curl(mailbox, "5", user="ann:" + pop.PASSWORD, port=1110)
    assert (code, text) == (0, TEXTS[4].replace("\n", "\r\n"))


# ---- mutt

def on_terminal(town, words):
    """Runs a program of ann's with a terminal that nobody looks at."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs,
                             cwd=town.home("ann"), env=town.environment("ann"), user=7001,
                             group=7001, extra_groups=[], start_new_session=True)
    os.close(theirs)
    shown = b""
    try:
        while select.select([ours], [], [], 20)[0]:  # else it waits for us
            shown += os.read(ours, 65536)
    except OSError:
        pass  # so a terminal ends
    finally:
        os.close(ours)
        process.end_session(child.pid)
    return child.wait(30), shown


@pytest.mark.parametrize("user, password, kind", [
    ("ann", pop.PASSWORD, "user"), (VIRTUAL, PASSWORD, "apop"), (VIRTUAL, PASSWORD, "")])
def test_mutt(mailbox, needs, user, password, kind):
    """Opens the mailbox, saves a message, deletes another."""
    needs("mutt")
    rules = configure(mailbox, "muttrc", """\
set pop_user="%s" pop_pass="%s" pop_delete=yes delete=yes confirmappend=no
set ssl_starttls=no ssl_force_tls=no sort=mailbox-order header_cache="" wait_key=no move=no folder="~"
%s
folder-hook . 'push "<first-entry><next-entry><pipe-message>cat > saved<enter><first-entry>\
<next-entry><next-entry><next-entry><delete-message><quit>"'
""" % (user, password, 'set pop_authenticators="%s"' % kind if kind else ""))
    code, shown = on_terminal(mailbox, ["mutt", "-n", "-F", rules, "-f", "pop://127.0.0.1/"])
    assert code == 0 and os.path.exists(mailbox.home("ann") + "/saved"), shown[-2000:]
    with open(mailbox.home("ann") + "/saved") as source:
        assert_whole([source.read()], [TEXTS[1]])
    assert left(mailbox) == [name for name in ALL if name != "letter 3"], shown[-2000:]


# ---- Dovecot

DOVECOT = """\
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/log
protocols =
ssl = no
auth_mechanisms = plain
auth_failure_delay = 0
passdb {{
  driver = checkpassword
  args = {program}
}}
userdb {{
  driver = prefetch
}}
userdb {{
  driver = checkpassword
  args = {program}
}}
service auth {{
  user = root
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@pytest.fixture
def dovecot(mailbox, needs):
    """dovecot(words): what doveadm tells, with our checkpassword behind it."""
    needs("dovecot", "doveadm")
    base = mailbox.place.base + "/dovecot"
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base + "/run", 0o755)
    config = base + "/dovecot.conf"
    with open(config, "w") as out:
        out.write(DOVECOT.format(base=base, program=mailbox.place.program("checkpassword")))
    daemon = process.Daemon(["/usr/sbin/dovecot", "-F", "-c", config], cwd="/")
    process.until(lambda: os.path.exists(base + "/run/auth-client"), "Dovecot to start")

    def ask(*words):
        done = subprocess.run(["doveadm", "-c", config, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)
        with open(base + "/log") as log:
            told = log.read()
        return done.returncode, done.stdout.decode() + done.stderr.decode(), told

    yield ask
    daemon.stop()


def test_dovecot_checks_passwords(mailbox, dovecot):
    for user, password in (("ann", pop.PASSWORD), (VIRTUAL, PASSWORD)):
        code, told, log = dovecot("auth", "test", user, password)
        assert code == 0 and "auth succeeded" in told, told + log
    for user, password in (("ann", "wrong"), ("no-such-user", "x"), ("root", "x"),
                           (VIRTUAL, "wrong")):
        code, told, log = dovecot("auth", "test", user, password)
        assert code != 0 and "auth failed" in told, told + log
        assert "temporary" not in told.lower()


def test_dovecot_learns_who_it_is(mailbox, dovecot):
    """By what comes with the password, and by asking about somebody."""
    for user, name, password in (("ann", "ann", pop.PASSWORD), (VIRTUAL, VIRTUAL, PASSWORD)):
        for words in (("auth", "login", user, password), ("user", user)):
            code, told, log = dovecot(*words)
            assert code == 0, told + log
            fields = dict(re.findall(r"^\s*(uid|gid|home)[\s=:]+(\S+)\s*$", told, re.M))
            assert fields == {"uid": "7001", "gid": "7001", "home": mailbox.home("ann")}, told
    code, told, log = dovecot("user", "no-such-user")
    assert code != 0 and "doesn't exist" in told, told + log
