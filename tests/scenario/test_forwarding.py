"""dot-forward and fastforward, their databases, and Debian's programs of these
names in their place."""

import os
import random
import resource
import subprocess

import pytest

from support import build, cdb, faults, forwarders, trace

ALIASES = """\
# who is who
postmaster: root,
   bob
root: ann
owner-team: bob
team: ann@here.example, :include:%(home)s/others
log: "|cat >> %(home)s/log"
"""
DEFAULT_RULE = "|%sfastforward -d /etc/aliases.cdb"


@pytest.fixture(params=["ours", "theirs"])
def folder(request, town):
    """Where the programs are: ours, and those of Debian."""
    if request.param == "ours":
        return town.place.path("bin/")
    return forwarders.folder(town.place) + "/"


def make(folder, name, *words, text="", **more):
    """Runs one of the programs; it must end well.  What it says."""
    done = subprocess.run([folder + name, *words], input=text.encode("latin-1"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("latin-1")


def contents(path):
    with open(path, "rb") as source:
        return source.read()


# ---- deliveries

def test_forward_file(town, folder):
    """Some for himself, some for others, and a program."""
    town.rules("ann", "", "|%sdot-forward .forward" % folder, "./Maildir/")
    town.run_as("ann", ["tee", ".forward"],
                '# mine\n"|cat > got"\n\\ann, Bob <bob@here.example>\n')
    town.open()
    town.send("joe@there.example", "ann@here.example")
    text = town.letter("bob", "Delivered-To: ann@here.example\n", "hello")
    assert text.startswith("Return-Path: <joe@there.example>\n")
    town.letter("ann", "hello")
    town.wait_empty()
    with open(town.home("ann") + "/got") as source:
        lines = source.read().split("\n")
    assert lines[0].startswith("From joe@there.example ")
    assert lines[1:3] == ["Return-Path: <joe@there.example>", "Delivered-To: ann@here.example"]


@pytest.mark.parametrize("text, is_there", [("", True), ("bob@here.example\n", False)])
def test_forward_file_and_the_rest(town, folder, text, is_there):
    town.rules("ann", "", "|%sdot-forward .forward" % folder, "./Maildir/")
    town.run_as("ann", ["tee", ".forward"], text)
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.wait_empty()
    assert len(town.mail("ann")) == is_there and len(town.mail("bob")) == (not is_there)


def test_forward_file_for_all(town, folder):
    """As the default delivery of who has no .qmail file."""
    town.open("|%sdot-forward .forward\n./Maildir/\n" % folder)
    town.run_as("ann", ["tee", ".forward"], "bob\n")
    for name in "ann", "bob":
        town.send("joe@there.example", name + "@here.example")
    town.letter("bob", "Delivered-To: ann@here.example\n")
    town.letter("bob", "Return-Path: <joe@there.example>\nDelivered-To: bob@here.example\n")
    town.wait_empty()
    assert not town.mail("ann")


def test_aliases(town, folder):
    home = town.home("ann")
    town.place.write(home + "/others", "bob@here.example\n", "ann")
    town.run_as("ann", [folder + "newinclude", "others"])
    town.place.etc.clear("aliases*")
    town.place.etc.write("aliases", ALIASES % {"home": town.place.path("alias")})
    town.place.write(town.place.path("alias/others"), "bob@here.example\n", "alias")
    make(folder, "newinclude", town.place.path("alias/others"))
    make(folder, "newaliases")
    town.rules("alias", "-default", DEFAULT_RULE % folder)
    town.open()
    town.send("joe@there.example", "postmaster@here.example", "log@here.example")
    for name in "ann", "bob":
        text = town.letter(name, "hello", "Delivered-To: postmaster@here.example\n")
        assert text.startswith("Return-Path: <joe@there.example>\n")
    town.send("joe@there.example", "team@here.example")
    for name in "ann", "bob":
        text = town.letter(name, "Delivered-To: team@here.example\n")
        assert text.startswith("Return-Path: <owner-team@here.example>\n")
    town.wait_empty()
    with open(town.place.path("alias/log")) as source:
        assert "Delivered-To: log@here.example\n" in source.read()
    town.send("bob@here.example", "nobody-here@here.example")
    town.letter("bob", "5.1.1")


def test_all_is_known_before_a_program_runs(town):
    """A list that is missing defers; what ran before would run again."""
    folder = town.place.path("bin/")
    make(folder, "setforward", "f.cdb", "f.tmp", text="ann@here.example: |touch\\ ran, ./no.bin;",
         cwd=town.home("ann"))
    town.rules("ann", "", "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: ")
    assert not os.path.exists(town.home("ann") + "/ran")


def test_list_that_is_a_pipe(town):
    """Nobody writes to it now; that is no list without names."""
    home = town.home("ann")
    make(town.place.path("bin/"), "setforward", "f.cdb", "f.tmp",
         text="ann@here.example: ./l.bin;", cwd=home)
    os.mkfifo(home + "/l.bin")
    os.chmod(home + "/l.bin", 0o644)
    town.rules("ann", "", "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*a_list_is_a_pipe")


def test_orders_from_a_pipe(town):
    """Its writer has more to say: what has come is not all."""
    path = town.home("ann") + "/orders"
    os.mkfifo(path)
    os.chmod(path, 0o644)
    town.rules("ann", "", "|dot-forward orders", "./Maildir/")
    town.open()
    with open(os.open(path, os.O_RDWR), "w") as writer:
        writer.write("bob\n")
        writer.flush()
        town.send("joe@there.example", "ann@here.example")
        town.daemon.wait("^delivery 1: deferral: dot-forward:_fatal:_orders")
    assert not town.mail("bob")


@pytest.mark.parametrize("program", ["|", "! \t"])
def test_a_program_is_missing(town, program):
    """As older databases may have it: the shell would say that all is well."""
    home = town.home("ann")
    commands = "|touch ran\0&bob@here.example\0%s\0" % program
    town.place.write(home + "/f.cdb",
                     cdb.make([(b":ann@here.example", commands.encode())]), "ann", 0o644)
    town.rules("ann", "", "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*a_program_is_missing")
    assert not os.path.exists(home + "/ran")


def test_an_address_is_missing(town):
    """As older databases may have it, where mail for it was gone.  In a list it
    is nobody, and the others get it."""
    home = town.home("ann")
    town.place.write(home + "/f.cdb", cdb.make([
        (b":ann@here.example", b"|touch ran\0&bob@here.example\0&\0"),
        (b":ann-team@here.example", b"./l.bin\0")]), "ann", 0o644)
    town.place.write(home + "/l.bin", "&\0&bob@here.example\0", "ann", 0o644)
    for ext in "", "-team":
        town.rules("ann", ext, "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*an_address_is_missing")
    town.send("joe@there.example", "ann-team@here.example")
    town.letter("bob", "hello")
    assert not os.path.exists(home + "/ran")


@pytest.mark.parametrize("text, on_list, waits", [
    ("ann@here.example: ann@here.example;", "", True),
    ("ann@here.example: b@x; b@x: c@x, ./l.bin; c@x: ann@here.example;", "", True),
    ("ann@here.example: ./l.bin;", "&ann@here.example\0", True),
    ("ann@here.example: ann@here.example, |cat>got;", "", False),
    ("ann@here.example: ./l.bin, ./l.bin;", "", False),
    ("ann@here.example: b@x, ./l.bin; b@x: ./l.bin;", "", False)])
def test_addresses_that_lead_back(town, text, on_list, waits):
    """Who is left with nobody by his own name has not got it; who wanted nobody
    has."""
    home = town.home("ann")
    make(town.place.path("bin/"), "setforward", "f.cdb", "f.tmp", text=text, cwd=home)
    town.place.write(home + "/l.bin", on_list, "ann", 0o644)
    town.rules("ann", "", "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*lead_back" if waits else "^delivery 1: success: ")


def test_list_cannot_run_programs(town):
    """Who may write a list may say who gets mail, and no more."""
    folder, home = town.place.path("bin/"), town.home("ann")
    make(folder, "setforward", "f.cdb", "f.tmp", text="ann@here.example: ./l.bin;", cwd=home)
    town.place.write(home + "/l.bin", "|touch ran\0!touch ran\0?x\0\0&bob@here.example\0", "ann")
    town.rules("ann", "", "|fastforward f.cdb")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.letter("bob", "hello")
    assert not os.path.exists(home + "/ran")


def test_programs_come_back_to_the_folder(town):
    """Control files are read elsewhere."""
    town.rules("ann", "", "|dot-forward .forward")
    town.run_as("ann", ["tee", ".forward"], 'bob\n"|cat > got"\n')
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.wait_empty()
    assert len(town.mail("bob")) == 1 and os.path.getsize(town.home("ann") + "/got") > 0


def test_message_from_a_pipe(town):
    """It can be read once."""
    town.rules("ann", "", "|cat | dot-forward one", "|cat | dot-forward two", "./Maildir/")
    town.run_as("ann", ["tee", "one"], "ann, bob@here.example\n")
    town.run_as("ann", ["tee", "two"], "ann, bob@here.example, \"|cat > got\"\n")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    town.daemon.wait("^delivery 1: deferral: .*cannot_go_back")
    assert len(town.mail("ann")) == 0


# ---- many

def test_list_of_ten_thousand(town):
    """One message for all of them, and memory for little more than their names."""
    home, count = town.home("ann"), 10000
    names = ["subscriber-%05d@somewhere.example" % n for n in range(count)]
    folder = town.place.path("bin/")
    make(folder, "setmaillist", "l.bin", "l.tmp", text="\n".join(names) + "\n", cwd=home)
    make(folder, "setforward", "f.cdb", "f.tmp",
         text="ann@here.example: ?owner@here.example, ./l.bin;", cwd=home)
    program = town.place.base + "/queue-program"
    town.place.write(program, "#!/bin/sh\ncat > '%s/message'\ncat <&1 > '%s/envelope'\n"
                     % (home, home), mode=0o755)
    environment = {"RECIPIENT": "ann@here.example", "SENDER": "joe@there.example",
                   "DTLINE": "Delivered-To: ann@here.example\n", "QMAILQUEUE": program,
                   "PATH": "/usr/bin:/bin"}
    size = os.path.getsize(home + "/l.bin")

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (12 * size, 12 * size))
    subprocess.run([folder + "fastforward", "f.cdb"], cwd=home, env=environment, check=True,
                   stdin=subprocess.DEVNULL, preexec_fn=limit, timeout=60)
    expected = "Fowner@here.example\0" + "".join("T%s\0" % name for name in names) + "\0"
    assert contents(home + "/envelope").decode() == expected
    assert contents(home + "/message") == environment["DTLINE"].encode()


# ---- databases that both understand

def some_targets(chance):
    """Instructions with everything that may be in them."""
    words = ["a@h.example", "B@H.example", "joe", "\"x", "\\;\\:", "\\ ", "\xe4\xff", "#c\n",
             "x" * 790, "\\#", "\n", "\t"]

    def word():
        return "".join(chance.choice(words) for _ in range(chance.randrange(1, 3)))
    for _ in range(chance.randrange(30)):
        commands = [chance.choice(["", "&", "?", "|", "!", "/", "./"]) + "y" + word()
                    for _ in range(chance.randrange(5))]
        yield "%s:%s;\n" % (word(), ",".join(commands))


@pytest.mark.parametrize("seed", range(20))
def test_same_databases(town, seed):
    """From the same text the same bytes; each shows what the other made."""
    ours, theirs = town.place.path("bin/"), forwarders.folder(town.place) + "/"
    text = "".join(some_targets(random.Random(seed)))
    home = town.home("ann") + "/"
    ends = [subprocess.run([folder + "setforward", home + name, home + "tmp"],
                           input=text.encode("latin-1"), stderr=subprocess.DEVNULL).returncode
            for folder, name in ((ours, "our.cdb"), (theirs, "their.cdb"))]
    assert ends[0] == ends[1]
    if ends[0]:
        return
    assert contents(home + "our.cdb") == contents(home + "their.cdb")
    shown = []
    for folder, name in ((ours, "their.cdb"), (theirs, "our.cdb")):
        with open(home + name, "rb") as database:
            shown.append(subprocess.run([folder + "printforward"], stdin=database, check=True,
                                        stdout=subprocess.PIPE).stdout)
    assert shown[0] == shown[1]
    make(ours, "setforward", home + "again.cdb", home + "tmp", text=shown[0].decode("latin-1"))
    assert contents(home + "again.cdb") == contents(home + "our.cdb")


def test_record_that_passes_its_end(town):
    """What follows the records is none of them."""
    home, folder = town.home("ann"), town.place.path("bin/")
    make(folder, "setforward", "f.cdb", "tmp", text="a: b;", cwd=home)
    made = bytearray(contents(home + "/f.cdb"))
    made[2048 + 4] += 1
    made[-16:-15] = b"\0"
    done = subprocess.run([folder + "printforward"], input=bytes(made), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    assert done.returncode == 100 and not done.stdout


LIST = """\
# a list
a@x.example, b@x.example; c@x.example
Joe Shmoe <joe@host>, (c) "quoted one"@y (d)
a@b@c d@[1.2.3.4] e@f. g@h+
\\joe, "|x"@y, /a=b/@z
"a\\"b", x . y @ z
"""


def test_same_lists(town):
    ours, theirs = town.place.path("bin/"), forwarders.folder(town.place) + "/"
    home = town.home("ann")
    town.place.write(home + "/list", LIST)
    made = []
    for folder in (ours, theirs):
        make(folder, "newinclude", "list", cwd=home)
        made.append(contents(home + "/list.bin"))
    assert made[0] == made[1] and made[0].count(b"\0") == 13
    shown = [make(folder, "printmaillist", text=made[0].decode("latin-1"))
             for folder in (ours, theirs)]
    assert shown[0] == shown[1]
    for folder in (ours, theirs):
        make(folder, "setmaillist", "again.bin", "again.tmp", text=shown[0], cwd=home)
        assert contents(home + "/again.bin") == made[0]


def test_same_expansion(town):
    """Who gets it, in the same order, and which programs run."""
    ours, theirs = town.place.path("bin/"), forwarders.folder(town.place) + "/"
    home, chance = town.home("ann"), random.Random(1)
    names = ["%s@h" % letter for letter in "abcdefgBC"]
    for name in "lm":
        make(ours, "setmaillist", name, "tmp", cwd=home,
             text="".join(chance.choice([*names, "./l", "./m", "z@z"]) + "\n" for _ in range(4)))
    for _ in range(40):
        text = "".join("%s: %s;\n" % (name, ", ".join(
            chance.choice([*names, "./l", "./m", "|1", "!2", "x@y", "?o@h"]) for _ in range(4)))
            for name in [*names, "@h", "c@"])
        make(ours, "setforward", "f.cdb", "tmp", text=text, cwd=home)
        for name in [*names, "q@h", "c@x", "q@x"]:
            said = [subprocess.run([folder + "fastforward", "-n", "f.cdb"], cwd=home,
                                   env={"RECIPIENT": name}, stderr=subprocess.PIPE)
                    for folder in (ours, theirs)]
            assert said[0].returncode == said[1].returncode
            if said[0].returncode == 0:
                assert said[0].stderr == said[1].stderr, text


# ---- what was there stays

TEXTS = {"setforward": ("a: b;" * 3000, ["f.cdb", "f.tmp"], "f.cdb", "f.tmp"),
         "setforward little": ("a: b;", ["f.cdb", "f.tmp"], "f.cdb", "f.tmp"),
         "setmaillist": ("a@b\n" * 3000, ["f.bin", "f.tmp"], "f.bin", "f.tmp"),
         "newinclude": ("", ["list"], "list.bin", "list.tmp"),
         "newaliases": ("", [], "/etc/aliases.cdb", "/etc/aliases.tmp")}


@pytest.fixture(params=TEXTS)
def tool(request, town):
    """tool(strace): the exit code; the old file is there.  tool.made, tool.aside."""
    text, words, made, aside = TEXTS[request.param]
    home = town.home("ann")
    town.place.write(home + "/list", "a@b\n" * 3000)
    town.place.etc.clear("aliases*")
    town.place.etc.write("aliases", "a: b\n" * 3000)

    def run(*strace):
        with open(os.path.join(home, made), "w") as old:
            old.write("old")
        program = town.place.program(request.param.split()[0])
        return subprocess.run([*strace, program, *words], cwd=home,
                              input=text.encode(), stderr=subprocess.DEVNULL).returncode
    run.made, run.aside = os.path.join(home, made), os.path.join(home, aside)
    return run


def test_new_file(tool):
    assert tool() == 0
    assert contents(tool.made) != b"old" and not os.path.exists(tool.aside)
    assert os.stat(tool.made).st_mode & 0o777 == 0o644


def test_file_is_safe_before_it_counts(town, tool):
    if faults.missing():
        pytest.skip(faults.missing())
    path = town.place.base + "/trace"
    open(path, "w").close()
    assert tool("strace", "-qq", "-f", "-y", "-o", path, "-e", "trace=fsync,rename") == 0
    found = trace.Trace(path).calls
    assert [call.name for call in found] == ["fsync", "rename", "fsync"]
    assert found[0].file == tool.aside and found[2].file == os.path.dirname(tool.made)


@pytest.mark.parametrize("fault", [
    "write:error=ENOSPC:when=1", "write:error=ENOSPC:when=2", "fsync:error=EIO:when=1",
    "rename:error=EIO", "fchmod:error=EIO:when=2", "flock:error=EAGAIN",
    "read:error=EIO:when=1", "ftruncate:error=EIO"])
def test_old_file_stays(tool, fault):
    if faults.missing():
        pytest.skip(faults.missing())
    assert tool("strace", "-qq", "-o", "/dev/null", "--inject=" + fault) == 111
    assert contents(tool.made) == b"old"
    if not fault.startswith("flock"):
        assert not os.path.exists(tool.aside)


@pytest.mark.parametrize("text", ["a: b\nc:\n", "a: b\n: c\n", "a: b\nc: \"d\n",
                                  "a: b\nc, d: e\n", "a, b\n", "a: /x\n", "a: |b c\n"])
def test_alias_that_is_none(town, text):
    """The old database stays, and nothing else."""
    etc = town.place.etc
    etc.clear("aliases*")
    etc.write("aliases", text)
    etc.write("aliases.cdb", "old")
    done = subprocess.run([town.place.program("newaliases")], stderr=subprocess.PIPE)
    assert done.returncode == 111 and b"/etc/aliases: line " in done.stderr
    assert etc.read("aliases.cdb") == "old"
    assert [os.path.basename(path) for path in etc.matching("aliases*")] == [
        "aliases", "aliases.cdb"]


@pytest.mark.parametrize("text, line", [
    ("a: b,\n# c\n  d\n", 3), ("a: b\n#c: d,\n\n\te\nf: g\n", 4),
    ("# c\n  # d\n\n \na: b\n", None), ("a: b,\n  c\n# d\n", None)])
def test_comment_that_goes_on(town, text, line):
    """Where it does, nobody finds out from the mail alone."""
    town.place.etc.clear("aliases*")
    town.place.etc.write("aliases", text)
    done = subprocess.run([town.place.program("newaliases")], stderr=subprocess.PIPE)
    assert done.returncode == 0 and town.place.etc.matching("aliases.cdb")
    if line is None:
        assert not done.stderr
    else:
        assert b"newaliases: warning: /etc/aliases: line %d is a part of" % line in done.stderr


@pytest.mark.parametrize("text, lines", [
    ("a: b\nc: d\n# a: e\n\nA: f,\n  g\na@: h\n", [5, 7]), ("a: b\n# c\n#d\n\na@x.example: b\n", [])])
def test_alias_that_is_there_twice(town, text, lines):
    """The first one counts, and those of the others get no mail."""
    town.place.etc.clear("aliases*")
    town.place.etc.write("aliases", text)
    done = subprocess.run([town.place.program("newaliases")], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0 and town.place.etc.matching("aliases.cdb")
    warning = "newaliases: warning: /etc/aliases: line %d has an alias that was there before: " \
              "its recipients do not count\n"
    assert done.stderr == "".join(warning % line for line in lines)


@pytest.mark.parametrize("program", ["newinclude", "newaliases"])
def test_text_that_is_a_pipe(town, program):
    """Nobody writes to it now; that is no text without lines."""
    home, etc = town.home("ann"), town.place.etc
    etc.clear("aliases*")
    etc.write("aliases.cdb", "old")
    town.place.write(home + "/list.bin", "old")
    for path in home + "/list", "/etc/aliases":
        os.mkfifo(path)
    words, made = ([], "/etc/aliases.cdb") if program == "newaliases" else (["list"], "list.bin")
    done = subprocess.run([town.place.program(program), *words], cwd=home, stderr=subprocess.PIPE)
    etc.clear("aliases")
    assert done.returncode == 111 and b"cannot read" in done.stderr
    assert contents(os.path.join(home, made)) == b"old"


@pytest.mark.parametrize("words", [["sendmail", "-bi"], ["newaliases"]])
def test_sendmail_makes_the_database(town, words):
    etc = town.place.etc
    etc.clear("aliases*")
    etc.write("aliases", "a: b\n")
    done = subprocess.run(words, executable=town.place.program("sendmail"), env={})
    assert done.returncode == 0
    assert etc.matching("aliases.cdb")


# ---- calls that fail

@pytest.fixture
def forwarder(town):
    """forwarder(program, strace): the exit code, and whether the message was
    queued for all; the message is for cat, and for two others."""
    home, place = town.home("ann"), town.place
    folder = place.path("bin/")
    make(folder, "setmaillist", "l.bin", "tmp", text="bob@x.example\n", cwd=home)
    make(folder, "setforward", "f.cdb", "tmp", cwd=home,
         text="ann@h: |cat>got, eve@x.example, ./l.bin, deep@h; deep@h: !cat>gotten;")
    place.write(home + "/.forward", '"|cat>got"\nbob@x.example, eve@x.example\n', "ann")
    place.write(home + "/message", "Subject: x\n\n" + "text\n" * 5000, "ann")
    capture = place.base + "/queue-program"
    place.write(capture, "#!/bin/sh\nrm -f envelope\ncat > whole && cat <&1 > tmp-envelope &&\n"
                "mv tmp-envelope envelope\n", mode=0o755)
    environment = {"RECIPIENT": "ann@h", "USER": "ann", "HOST": "h", "SENDER": "s@x",
                   "NEWSENDER": "s@x", "DTLINE": "Delivered-To: ann@h\n", "UFLINE": "From s@x\n",
                   "RPLINE": "Return-Path: <s@x>\n", "QMAILQUEUE": capture,
                   "PATH": "/usr/bin:/bin"}

    def run(program, *strace):
        for name in "envelope", "whole", "got":
            if os.path.exists(home + "/" + name):
                os.unlink(home + "/" + name)
        with open(home + "/message", "rb") as message:
            code = subprocess.run(
                [*strace, folder + program, "f.cdb" if program == "fastforward" else ".forward"],
                cwd=home, env=environment, stdin=message, stderr=subprocess.DEVNULL,
                timeout=60).returncode
        if not os.path.exists(home + "/envelope"):
            return code, False
        envelope = contents(home + "/envelope")
        text = contents(home + "/message")
        return code, (envelope.startswith(b"Fs@x\0") and b"\0Tbob@x.example\0" in envelope and
                      b"\0Teve@x.example\0" in envelope and envelope.endswith(b"\0\0") and
                      contents(home + "/whole") == b"Delivered-To: ann@h\n" + text and
                      contents(home + "/got").endswith(text))
    return run


@pytest.mark.parametrize("program, done", [("dot-forward", 99), ("fastforward", 0)])
@pytest.mark.parametrize("call", ["openat", "read", "pread64", "write", "lseek", "fstat", "pipe2",
                                  "vfork", "wait4", "execve", "chdir", "fchdir", "mmap",
                                  "brk", "dup2", "stat", "rt_sigaction", "fcntl"])
def test_forward_that_fails(forwarder, program, done, call):
    """Whatever call fails: all is queued and done, or it is deferred; and then it
    is not queued, unless only the end of the queue program could not be heard."""
    if faults.missing():
        pytest.skip(faults.missing())
    for number in range(1, 10):
        code, is_queued = forwarder(program, "strace", "-qq", "-o", "/dev/null",
                                    "--inject=%s:error=EIO:when=%d" % (call, number))
        assert code in (done, 111)
        assert is_queued == (code == done) or call == "wait4" and code == 111, number


def test_forward_that_does_not_fail(forwarder):
    assert forwarder("dot-forward") == (99, True)
    assert forwarder("fastforward") == (0, True)


# ---- who comes from another mail system

def virtual_commands(town):
    """What INSTALL says of a table of virtual_alias_maps, to be run here."""
    with open(os.path.join(build.TOP, "INSTALL")) as source:
        text = source.read()
    lines = text[text.index("A table of virtual_alias_maps"):].split("\n\n")[1]
    for theirs, ours in (("HOME/bin/setforward", town.place.program("setforward")),
                         ("/etc/postfix/virtual", town.place.path("virtual.map")),
                         ("/etc/virtual", town.place.path("virtual")),
                         ("HOME", town.place.prefix), ("example.com", "virtual.example"),
                         ("|fastforward", "|" + town.place.program("fastforward"))):
        assert theirs in lines
        lines = lines.replace(theirs, ours)
    return lines


def test_table_of_virtual_addresses(town):
    """One address, several, a whole domain; and the host of who has none."""
    town.place.write(town.place.path("virtual.map"), """\
# of Postfix
info@virtual.example   bob@here.example, ann@here.example
boss@virtual.example   bob
@virtual.example       ann@here.example
blank@virtual.example\tann  bob
below@virtual.example  ann,

  # of Postfix too
\tbob
virtual.example        anything
""")
    town.place.write(town.place.path("control/envnoathost"), "here.example\n")
    done = subprocess.run(["sh", "-ec", virtual_commands(town)], timeout=60)
    assert done.returncode == 0
    town.open()
    for who, readers in (("info", ("ann", "bob")), ("boss", ("bob",)), ("x-y", ("ann",)),
                         ("blank", ("ann", "bob")), ("below", ("ann", "bob"))):
        town.send("joe@there.example", who + "@virtual.example")
        for reader in readers:
            town.letter(reader, "Delivered-To: alias-virtual-%s@virtual.example" % who)
    town.wait_empty()
