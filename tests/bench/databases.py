"""How long a million entries take to become a database, and in how much memory,
beside Debian's tinycdb with the same keys and data."""
import os
import pathlib
import shutil
import subprocess
import time

ENTRIES = 1000000


def lines(n):
    """Of each kind of source, one line for person n."""
    yield "assign", "=user%d:virtual:31999:31999:/home/virtual/%d:::\n" % (n, n)
    yield "aliases", "user%d@bench.test: someone%d@sink.test;\n" % (n, n)
    yield "pop", "user%d@bench.test:*:31999:31999::/home/virtual/%d\n" % (n, n)


def write_sources(folder):
    outs = {name: open(folder / name, "w") for name, _ in lines(0)}
    for n in range(ENTRIES):
        for name, line in lines(n):
            outs[name].write(line)
    outs["assign"].write(".\n")
    for out in outs.values():
        out.close()


def write_records(source, records):
    """The keys and data of one of our databases, in the form of cdbmake."""
    with open(records, "wb") as out:
        subprocess.run(["cdb", "-d", str(source)], stdout=out, check=True)


def timed(command, **files):
    """Seconds, and kB of memory at most."""
    began = time.monotonic()
    child = subprocess.Popen([str(word) for word in command], **files)
    _pid, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit("%s: exit %d" % (command[0], child.returncode))
    return time.monotonic() - began, used.ru_maxrss


def measure(prefix, folder):
    """prefix: an installation, whose users/ is written."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    write_sources(folder)
    users, programs = pathlib.Path(prefix) / "users", pathlib.Path(prefix) / "bin"
    for name in ("assign", "pop"):
        shutil.move(str(folder / name), str(users / name))
    for what, command, source, made in (
            ("users/cdb", [programs / "qmail-newu"], None, users / "cdb"),
            ("users/pop.cdb", [programs / "qmail-newpop"], None, users / "pop.cdb"),
            ("aliases", [programs / "setforward", folder / "cdb", folder / "tmp"],
             folder / "aliases", folder / "cdb")):
        with open(source or os.devnull) as text:
            ours = timed(command, stdin=text)
        write_records(made, folder / "records")
        theirs = timed(["cdb", "-c", folder / "theirs", folder / "records"])
        print("%-16s ratio     %8.2f of tinycdb in rate, %.2f in memory; %d entries in %.1f s, %d kB"
              % (what, theirs[0] / ours[0], ours[1] / theirs[1], ENTRIES, *ours), flush=True)
    for made in (users / "cdb", users / "pop.cdb", users / "assign", users / "pop"):
        made.unlink()
    shutil.rmtree(folder)
