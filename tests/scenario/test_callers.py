"""What callers may leave to the programs that they start."""

import os
import resource
import signal
import subprocess

from support import town as towns


def ignore_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def deliver_by_hand(town, rule, **more):
    """qmail-local, as ann runs it; what subprocess tells of its end."""
    with open(town.home("ann") + "/letter", "w+") as letter:
        letter.write("Subject: by hand\n\nhello\n")
        letter.seek(0)
        return subprocess.run(
            [town.place.program("qmail-local"), "ann", town.home("ann"), "ann", "", "",
             towns.DOMAIN, "joe@there.example", rule],
            stdin=letter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
            cwd="/", env=town.environment("ann"), user=towns.PEOPLE["ann"],
            group=towns.PEOPLE["ann"], extra_groups=[], **more)


def test_ignored_children_sendmail(town):
    """Who ignores SIGCHLD is told the truth all the same."""
    done = town.run_as("ann", [town.place.program("sendmail"), "bob@here.example"],
                       "Subject: hello\n\nhello\n", preexec_fn=ignore_children)
    assert done.stdout == b""
    assert len(town.place.queue_files()["todo"]) == 1


def test_ignored_children_smtpd(town):
    done = subprocess.run(
        [town.place.program("qmail-smtpd")], stdout=subprocess.PIPE, cwd="/", timeout=30,
        input=b"MAIL FROM:<joe@there.example>\r\nRCPT TO:<ann@here.example>\r\n"
        b"DATA\r\nSubject: hello\r\n\r\nhello\r\n.\r\nQUIT\r\n",
        preexec_fn=ignore_children, **town.place.as_user("qmaild"))
    assert b"\r\n250 2.0.0 ok " in done.stdout and b"\r\n221 " in done.stdout, done.stdout
    assert len(town.place.queue_files()["todo"]) == 1


def test_ignored_children_local(town):
    for rule in ("|true", "|sh -c 'exit 3'; test $? = 3", "&bob@here.example"):
        done = deliver_by_hand(town, rule, preexec_fn=ignore_children)
        assert done.returncode == 0 and done.stdout.startswith(b"did "), done


def test_ignored_children_daemons(town):
    """Also with a bounce, which the daemons queue themselves."""
    town.rules("ann", "", "|cat > got; test -s got")
    town.open(preexec_fn=ignore_children)
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.daemon.wait("success: did_0")
    town.letter("bob", "failure notice")
    town.wait_empty()


def test_relative_queue_program(town):
    """A relative QMAILQUEUE is found below the folder of the suite by all who
    queue: people, forwards, bounces."""
    place = town.place
    place.write(place.path("bin/filter"), "#!/bin/sh\nid -u >> %s\nexec %s\n" % (
        place.base + "/filtered", place.program("qmail-queue")), mode=0o755)
    place.write(place.base + "/filtered", "", mode=0o666)
    town.rules("ann", "", "&bob@here.example")
    town.open(env={"QMAILQUEUE": "bin/filter"})
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.letter("bob", "a letter")
    town.letter("bob", "failure notice")
    town.wait_empty()
    env = dict(town.environment("ann"), QMAILQUEUE="bin/filter")
    subprocess.run([place.program("qmail-inject"), "bob@here.example"], cwd="/", check=True,
                   input=b"Subject: by hand\n\nhello\n", env=env, user=towns.PEOPLE["ann"])
    town.letter("bob", "by hand")
    with open(place.base + "/filtered") as source:
        uids = sorted(map(int, source.read().split()))
    assert uids == sorted([towns.PEOPLE["ann"]] * 2 + [place.ids("qmails")[0]])
    os.unlink(place.path("bin/filter"))


def limit_descriptors(number):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def test_too_few_descriptors(town):
    """The daemons say which limit, and with as many as they ask for they run."""
    daemon = town.start(preexec_fn=limit_descriptors(16))
    line = daemon.wait(r"^qmail-start: .*\(ulimit -n\) is 16; at least (\d+) are needed$")
    assert daemon.process.wait(10) == 111 and len(daemon.lines) == 1
    town.open(preexec_fn=limit_descriptors(int(line.group(1))))
    for number in range(10):
        town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    town.wait_empty()
    assert len(town.mail("ann")) == 10 and len(town.mail("bob")) == 10


# What Postfix's, Exim's and msmtp's sendmail take beside what is honoured here.
OTHERS_OPTIONS = (
    "-Ac", "-Am", "-B8BITMIME", "-C/no/such.cf", "-Dx=y", "-d8", "-ep", "-G", "-h5", "-Lmail",
    "-m", "-n", "-oA/no/aliases", "-odi", "-oi", "-om", "-o8", "-OErrorMode=p", "-psmtp", "-U",
    "-v", "-X/no/such.log")


def test_options_of_other_mailers(town):
    program = town.place.program("sendmail")
    for option in OTHERS_OPTIONS:
        done = town.run_as("ann", [program, option, "bob@here.example"], "Subject: hello\n\nhi\n")
        assert done.stdout == b"", (option, done.stdout)
    assert len(town.place.queue_files()["todo"]) == len(OTHERS_OPTIONS)
    # These read no message: a terminal may be at the other end.
    for option in ("-q", "-q15m", "-qSexample.org"):
        done = subprocess.run([program, option], stdin=subprocess.DEVNULL, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (done.returncode, done.stdout) == (0, b""), option
