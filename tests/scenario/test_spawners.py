"""qmail-lspawn and qmail-rspawn: what they start, end, and wait for."""

import os

from support import process, town as towns

STUBBORN = "trap '' TERM; echo $$ > %s; exec sleep 1000"


def wait_file(path):
    """What a program wrote there."""
    def read():
        if os.path.exists(path):
            with open(path) as source:
                return source.read()
        return ""
    return process.until(read, path)


def test_deliveries_end_with_the_manager(town):
    """Killed, qmail-send leaves nobody behind who still delivers; programs
    are told, those that do not listen are killed, and all is tried again."""
    pids = town.place.base + "/pids"
    os.mkdir(pids)
    os.chmod(pids, 0o1777)
    town.rules("ann", "", "|" + STUBBORN % (pids + "/ann"))
    town.rules("bob", "", "|trap 'echo told > told; kill %%1' TERM; echo $$ > %s/bob; "
               "sleep 1000 & wait" % pids)
    remote = town.place.base + "/remote"
    town.place.write(remote, "#!/bin/sh\n" + STUBBORN % (pids + "/remote") + "\n", mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    for recipient in ("ann@here.example", "bob@here.example", "joe@there.example"):
        town.send("joe@there.example", recipient, subject="to " + recipient)
    deliverers = {int(wait_file(pids + "/" + name)) for name in ("ann", "bob", "remote")}
    session = town.daemon.pid
    assert deliverers <= set(process.session_members(session))
    os.kill(town.daemon.pid, towns.KILL)
    wait_file(town.home("bob") + "/told")
    process.until(lambda: not process.session_members(session), "all to end")
    assert len(town.place.queue_files()["mess"]) == 3
    for name in towns.PEOPLE:
        town.rules(name, "", "./%s/" % towns.MAIL_FOLDER)
    town.place.write(remote, "#!/bin/sh\nprintf 'Kgot it\\0'\n", mode=0o755)
    town.open(env={"QMAILREMOTE": remote})
    for name in towns.PEOPLE:
        town.letter(name, "to %s@" % name)
    town.wait_empty()


def test_program_ends_with_its_delivery(town):
    """SIGTERM for qmail-local reaches the program that it runs."""
    town.rules("ann", "", "|" + STUBBORN % "pid")
    town.open()
    town.send("joe@there.example", "ann@here.example")
    pid = int(wait_file(town.home("ann") + "/pid"))
    town.signal("qmail-local", towns.TERM)
    town.daemon.wait("^delivery 1: deferral: stopped_before_it_was_done")
    assert pid not in process.session_members(town.daemon.pid)
