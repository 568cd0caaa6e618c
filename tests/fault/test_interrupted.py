"""Any call that may be interrupted is, once: nothing comes of it.  And where a
file system lacks a call, another does."""

import os
import shutil
import subprocess

import pytest

from support import cdb, faults, link, peers, process, trace

INTERRUPTED = {"read", "pread64", "write", "openat", "fsync", "flock", "wait4", "sendmsg",
               "recvmsg", "poll", "ppoll", "getrandom"}
TEXT = b"From: a@here.example\nTo: b@b.example\nSubject: x\n\n" + b"a line of text\n" * 9000


@pytest.fixture(autouse=True)
def strace():
    if faults.missing():
        pytest.skip(faults.missing())


def interruptions(place, words, calls=INTERRUPTED, **how):
    """Runs a program with each of its calls interrupted in turn: (what, exit
    code, output)."""
    path = place.base + "/interrupted"

    def run(*options):
        open(path, "w").close()
        os.chmod(path, 0o666)
        make = {key: value() if callable(value) else value for key, value in how.items()}
        done = subprocess.run(["strace", "-o", path, *options, *words], stderr=subprocess.STDOUT,
                              timeout=60, **make)
        with open(path) as lines:
            return done, lines.read()

    done, told = run()
    assert done.returncode == 0
    counts = {}
    for line in told.splitlines():
        found = faults.CALL.match(line)
        if found and found.group(1) in calls:
            counts[found.group(1)] = counts.get(found.group(1), 0) + 1
    assert counts
    for name, count in counts.items():
        for number in range(1, count + 1):
            done, told = run("--inject=%s:error=EINTR:when=%d" % (name, number))
            if "(INJECTED)" in told:
                yield "%d. %s" % (number, name), done.returncode, done.stdout


def test_queue(fresh):
    for name, data in (("text", TEXT), ("envelope", process.envelope("a@b.example", "c@d.example"))):
        fresh.write(fresh.base + "/" + name, data)
    listener = os.open(fresh.path("queue/lock/trigger"), os.O_RDONLY | os.O_NONBLOCK)
    seen = set()
    def begin():
        fresh.reset()
        return open(fresh.base + "/text", "rb")

    calls = INTERRUPTED - {"poll"}  # which the C library uses before main, once
    for what, code, _ in interruptions(fresh, [fresh.program("qmail-queue")], calls, cwd="/",
                                       stdin=begin,
                                       stdout=lambda: open(fresh.base + "/envelope", "rb")):
        assert code == 0, what
        (number, todo), = fresh.queue_files()["todo"].items()
        with open(fresh.queue_path("mess", number), "rb") as mess:
            assert mess.read().endswith(b"\n" + TEXT), what
        with open(todo, "rb") as intd:
            assert intd.read().endswith(b"Fa@b.example\0Tc@d.example\0\0"), what
        if "openat" not in what:
            assert os.read(listener, 65536).endswith(b"%d\n" % number), what
        seen.add(what.split()[1])
    os.close(listener)
    assert {"read", "write", "openat", "fsync", "flock"} <= seen


@pytest.mark.parametrize("rule, calls", [
    ("./Maildir/", {"pread64", "write", "openat", "fsync"}),
    ("./Mailbox", {"pread64", "write", "fsync", "flock"}),
    ("|cat > piped", {"wait4"}), ("&b@b.example", {"pread64", "write", "wait4"})])
def test_local(fresh, rule, calls):
    home = fresh.base + "/home"
    queue = fresh.base + "/queue-program"
    fresh.write(queue, "#!/bin/sh\ncat >%s/queued; cat <&1 >/dev/null\n" % home, mode=0o755)
    fresh.write(fresh.base + "/text", TEXT)

    def begin():
        shutil.rmtree(home, ignore_errors=True)
        for name in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
            os.mkdir(home + name, 0o700)
            os.chown(home + name, *fresh.ids("nobody"))
        return open(fresh.base + "/text", "rb")

    def delivered():
        for path in ("Mailbox", "piped", "queued"):
            if os.path.exists(home + "/" + path):
                with open(home + "/" + path, "rb") as source:
                    return source.read()
        name, = os.listdir(home + "/Maildir/new")
        with open(home + "/Maildir/new/" + name, "rb") as source:
            return source.read()

    words = [fresh.program("qmail-local"), "user", home, "user", "", "", "here.example",
             "a@b.example", rule]
    seen = set()
    for what, code, said in interruptions(
            fresh, words, stdin=begin, stdout=subprocess.PIPE, cwd="/",
            env={"QMAILQUEUE": queue, "PATH": "/usr/bin:/bin"}, **fresh.as_user("nobody")):
        if rule == "./Mailbox" and "openat" in what:
            continue
        assert code == 0, (what, said)
        assert delivered().rstrip(b"\n").endswith(TEXT.rstrip(b"\n")), what
        seen.add(what.split()[1])
    assert calls <= seen


def test_inject(fresh):
    fresh.control(me="here.example\n")
    queue, got = fresh.base + "/queue-program", fresh.base + "/got"
    fresh.write(queue, "#!/bin/sh\ncat >%s; cat <&1 >/dev/null\n" % got, mode=0o755)
    fresh.write(fresh.base + "/text", TEXT)
    for what, code, said in interruptions(
            fresh, [fresh.program("qmail-inject")], stdin=lambda: open(fresh.base + "/text", "rb"),
            stdout=subprocess.PIPE, cwd="/", env={"QMAILQUEUE": queue, "USER": "ann"}):
        assert code == 0, (what, said)
        with open(got, "rb") as source:
            assert source.read().endswith(TEXT), what


def test_remote(root_place):
    root_place.reset()
    root_place.control(me="here.example\n", smtproutes=":127.0.0.2\n", timeoutremote="20\n")
    root_place.write(root_place.base + "/text", TEXT)
    words = [root_place.program("qmail-remote"), "there.example", "a@b.example", "c@there.example"]
    with peers.Servers({"127.0.0.2:25": [{}] * 500}):
        for what, code, said in interruptions(
                root_place, words, stdin=lambda: open(root_place.base + "/text", "rb"),
                stdout=subprocess.PIPE, cwd="/", env={}):
            assert code == 0 and said.split(b"\0")[-2][:1] == b"K", (what, said)


@pytest.mark.parametrize("call", ["recvmsg", "sendmsg", "wait4", "ppoll"])
def test_spawner(root_place, call):
    root_place.reset()
    gid = root_place.ids("qmails")[1]
    path = root_place.program("qmail-local")
    os.rename(path, path + ".away")
    root_place.write(path, "#!/bin/sh\necho hello\n", mode=0o755)
    root_place.write(root_place.path("users/cdb"), cdb.users(ann=(7001, 7001, "/")))
    try:
        for number in range(1, 4):
            words = [root_place.program("qmail-lspawn"), "./Mailbox"]
            with link.Link(root_place, words, None,
                           ["--inject=%s:error=EINTR:when=%d" % (call, number)],
                           ids={"user": 0, "group": gid, "extra_groups": [gid]}) as running:
                for _ in range(2):
                    message = root_place.queue_put("mess", link.NUMBER, "x\n")
                    with open(message, "rb") as file:
                        running.ask(b"M%d\0Fa@b\0N1\0Tann@here.example\0" % link.NUMBER, file)
                    assert link.records(running.hear())[-1] == ("K", "hello\n"), number
    finally:
        os.rename(path + ".away", path)


@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_maildir_without_renameat2(fresh, error):
    """The name in tmp goes, and none in new is lost at any moment."""
    home = fresh.base + "/home"
    shutil.rmtree(home, ignore_errors=True)
    for name in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
        os.mkdir(home + name, 0o700)
        os.chown(home + name, *fresh.ids("nobody"))
    fresh.write(fresh.base + "/text", TEXT)
    path = fresh.base + "/interrupted"
    open(path, "w").close()
    os.chmod(path, 0o666)
    with open(fresh.base + "/text", "rb") as text:
        code = faults.strace(["-f", "-o", path, "--inject=renameat2:error=" + error],
                             [fresh.program("qmail-local"), "user", home, "user", "", "",
                              "here.example", "a@b.example", "./Maildir/"],
                             stdin=text, stdout=subprocess.DEVNULL, cwd="/",
                             **fresh.as_user("nobody"))
    assert code == 0
    assert len(os.listdir(home + "/Maildir/new")) == 1 and not os.listdir(home + "/Maildir/tmp")
    steps = [call.name for call in trace.Trace(path).named("link", "unlink", "renameat2")]
    assert steps == ["renameat2", "link", "unlink"]
