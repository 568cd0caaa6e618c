"""Who may do what: tried by real processes with the ids of each role."""

import os
import re
import resource
import socket
import subprocess

import pytest

from support import faults, login, place as places, policies, pop, process, tls, town as towns

# What each role may do to each file: r read, w write, c make files beside it.
# Nobody else may do anything but what "all" may.
MAY = {
    "mess": {"qmailq": "rwc", "qmails": "r"},
    "intd": {"qmailq": "rwc", "qmails": "r"},
    "todo": {"qmailq": "rwc", "qmails": "r"},
    "info": {"qmails": "rwc"},
    "local": {"qmails": "rwc"},
    "bounce": {"qmails": "rwc"},
    "lock/sendmutex": {"qmailq": "c", "qmails": "rw"},
    "lock/tcpto": {"qmailq": "c", "qmailr": "rw"},
    "lock/tcpok": {"qmailq": "c", "qmails": "rw"},
    "lock/trigger": {"qmailq": "wc", "qmails": "rw"},
    "control/me": {"all": "r"},
    "users/ids": {"all": "r"},
    "alias/.qmail-x": {"all": "r", "alias": "rwc"},
    "bin/qmail-queue": {"all": "r"},
    "letter": {"ann": "rwc"},
}


# What services know and keep, likewise.
SECRETS = {
    "control/servercert.pem": {},
    "control/tlscerts/x.pem": {},
    "control/smtpauth": {"qmailk": "r"},
    "control/dkim/x.example/a.pem": {"qmailk": "r"},
    "users/pop": {},
    "users/pop.cdb": {},
    "login/sent": {},
    "login/known": {},
}

# Who may knock at the door of a service, which hears some of them only.
NOFILES = {"alias", "qmaild", "qmailh", "qmaill", "qmailp", "qmailq", "qmails", "qmailt", "qmailv", "qmailf"}
DOORS = {
    "run/rcptd": NOFILES,
    "login/door": NOFILES,
    "tls/door": NOFILES,
    "tlsc/door": {"qmailk", "qmailr", "qmails"},
    "sts/door": {"qmailk", "qmailr", "qmails"},
    "secrets/door": {"qmailk", "qmailr", "qmails"},
    "srs/door": NOFILES | {"qmailk", "qmailr", "ann", "bob"},
    "verify/door": NOFILES,
    "sign/door": {"qmailk", "qmailr", "qmails"},
    "dkim/door": {"qmailk", "qmailr", "qmails"},
    "queue/control/door": {"qmailk", "qmailr", "qmails"},
}


def roles(town):
    """Ids and groups of each role, as its processes have them."""
    ids = town.place.ids
    mail, others = ids("qmailq")[1], ids("qmaild")[1]
    found = {name: (ids(name)[0], others, [others])
             for name in ("alias", "qmaild", "qmaill", "qmailp", "qmailq", "qmailt", "qmailv", "qmailh",
                          "qmailf")}
    for name in "qmailr", "qmailk":
        found[name] = (ids(name)[0], mail, [mail])
    found["qmails"] = (ids("qmails")[0], mail, [mail, others])
    for name, uid in towns.PEOPLE.items():
        found[name] = (uid, uid, [uid])
    return found


def allowed(path, uid, gid, groups, deeds=None):
    """What a process with these ids can do, tried in one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            os.write(writer, b"." + "".join(
                letter for letter, deed in deeds or DEEDS if can(deed, path)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with open(reader, "rb") as source:
        told = source.read().decode()
    assert told.startswith("."), "the process could not take these ids"
    return told[1:]


def can(deed, path):
    try:
        deed(path)
    except PermissionError:
        return False
    return True


def make_beside(path):
    trial = os.path.join(os.path.dirname(path), "trial")
    os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    os.unlink(trial)


DEEDS = (("r", lambda path: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))),
         ("w", lambda path: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))),
         ("c", make_beside))


def knock(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.connect(path)


def one_of_each(town):
    """A path for each name in MAY."""
    town.rules("ann", "", "|exit 111")
    town.rules("alias", "-x", "./%s/" % towns.MAIL_FOLDER)
    town.open()
    town.send("bob@here.example", "ann@here.example", "no-one@here.example")
    process.until(lambda: town.place.queue_files()["bounce"], "a failure to be noted")
    process.until(lambda: not town.place.queue_files()["todo"], "it to be sorted")
    town.daemon.stop()
    town.send("bob@here.example", "bob@here.example")
    files = town.place.queue_files()
    paths = {kind: list(files[kind].values())[0]
             for kind in ("mess", "intd", "todo", "info", "local", "bounce")}
    for name in MAY:
        if "/" in name:
            inside = "queue/" + name if name.startswith("lock/") else name
            paths[name] = town.place.path(inside)
    paths["letter"] = town.home("ann") + "/" + towns.MAIL_FOLDER + "/new/letter"
    town.run_as("ann", ["sh", "-c", "umask 077; echo hello > %s" % paths["letter"]])
    return paths


def test_matrix(town):
    paths, wrong = one_of_each(town), []
    keeper = os.open(paths["lock/trigger"], os.O_RDONLY | os.O_NONBLOCK)
    for name, path in paths.items():
        for role, ids in roles(town).items():
            wanted = MAY[name].get(role, MAY[name].get("all", ""))
            got = allowed(path, *ids)
            if got != wanted:
                wrong.append("%s may %r %s, not %r" % (role, got, name, wanted))
    os.close(keeper)
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def services(town, needs):
    """All of them, with their secrets."""
    needs("openssl")
    place = town.place
    if not os.path.exists(place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    town.open()
    assert pop.set_virtual(place, "ann@virtual.example:{PLAIN}x:7001:7001::" + town.home("ann")).returncode == 0
    place.write(place.path("control/smtpauth"), ":relay.example:u:p\n", "qmailk", 0o400)
    tls.put(place, tls.certificate(place.base, "x.example"), "tlscerts/x.pem")
    os.makedirs(place.path("control/dkim/x.example"))
    place.write(place.path("control/dkim/x.example/a.pem"), "x", "qmailk", 0o400)
    login.start(town)
    tls.start(town)
    tls.start_client(place, town.begin)
    town.service_pids = {}
    for program, door in (("qmail-secretd", "secrets/door"), ("qmail-mtasts", policies.DOOR),
                          ("qmail-srsd", "srs/door"), ("qmail-greyd", "grey/door"), ("qmail-verifyd", "verify/door"),
                          ("qmail-signd", "sign/door"),
                          ("qmail-dkimsignd", "dkim/door")):
        daemon = town.begin([place.program(program)], cwd="/", env={"PATH": "/usr/bin:/bin"})
        town.service_pids[program] = daemon.pid
        town.until(lambda: town.is_door_open(door), program)
    assert login.say(town, b"Uann\0N1\0") == "K"
    assert login.ask(town) == "K"
    for name in ("sent", "known"):
        town.until(lambda: os.path.exists(place.path("login/" + name)), "login/" + name, 30)
    return town


def test_secrets_and_doors(services):
    """The keys of each are its own, and nobody gets at a door that is not his way."""
    wrong = []
    for role, ids in roles(services).items():
        for name, may in SECRETS.items():
            got, wanted = allowed(services.place.path(name), *ids), may.get(role, "")
            if got != wanted:
                wrong.append("%s may %r %s, not %r" % (role, got, name, wanted))
        for name, callers in DOORS.items():
            got = allowed(services.place.path(name), *ids, deeds=(("k", knock), ("c", make_beside)))
            if ("k" in got) != (role in callers):
                wrong.append("%s may %r at %s" % (role, got, name))
            owner = os.stat(os.path.dirname(services.place.path(name))).st_uid
            if ("c" in got) != (ids[0] == owner):
                wrong.append("%s may %r at the place of %s" % (role, got, name))
    assert not wrong, "\n".join(wrong)


def test_services_have_their_ids(services):
    """Whom strangers show their mail is no user of another service, nor may he have anything signed."""
    ids = services.place.ids
    for program, user in ("qmail-verifyd", "qmailf"), ("qmail-signd", "qmailr"), ("qmail-dkimsignd", "qmailk"):
        assert identity(services.service_pids[program])[0] == {ids(user)[0]}, program


def rename_and_back(path):
    os.rename(path, path + ".gone")
    os.rename(path + ".gone", path)


SERVICES = ("login/door", "tls/door", "tlsc/door", "sts/door", "secrets/door", "srs/door", "verify/door", "sign/door", "dkim/door")
TAKING = (("c", make_beside), ("m", lambda path: os.chmod(path, 0o666)), ("n", rename_and_back))


def test_no_role_replaces_a_door(services):
    """Who has taken over a process of a service may neither make it look as if there was none, nor answer in its
    place: each door, and its folder, is root's."""
    found = {(role, name): allowed(services.place.path(name), *ids, deeds=TAKING)
             for role, ids in roles(services).items() for name in SERVICES}
    assert not {who: may for who, may in found.items() if may}
    root = {name: allowed(services.place.path(name), 0, 0, [0], deeds=TAKING) for name in SERVICES}
    assert set(root.values()) == {"cmn"}


def test_policies_are_out_of_reach(services):
    """Those who look for one, and hear strangers, have the user of the cache, but no way to it."""
    ids = roles(services)["qmailh"]
    cache = services.place.path("sts/cache")
    assert os.stat(cache).st_uid == ids[0]
    services.place.write(cache + "/a.example", "", "qmailh", 0o600)
    assert allowed(cache + "/a.example", *ids) == ""


def test_secrets_of_a_service_are_able_to_fail(services):
    """A file that everybody may read is found, and a folder that everybody may enter."""
    ids = roles(services)["qmaild"]
    os.chmod(services.place.path("control/servercert.pem"), 0o644)
    assert allowed(services.place.path("control/servercert.pem"), *ids) == "r"
    secrets = services.place.path("secrets")
    os.chmod(secrets, 0o755)
    try:
        assert allowed(secrets + "/door", *ids, deeds=(("k", knock),)) == "k"
    finally:
        os.chmod(secrets, 0o750)


def test_matrix_is_able_to_fail(town):
    """A folder that everybody may enter is found."""
    paths = one_of_each(town)
    os.chmod(town.place.path("queue"), 0o755)
    try:
        assert allowed(paths["mess"], *roles(town)["qmaild"]) == "r"
    finally:
        os.chmod(town.place.path("queue"), 0o750)


def identity(pid):
    """uids, gids and groups of a process, each a set."""
    with open("/proc/%d/status" % pid) as source:
        status = source.read()
    return [set(map(int, re.search("^%s:(.*)$" % key, status, re.M).group(1).split()))
            for key in ("Uid", "Gid", "Groups")]


def test_daemons_have_their_ids(town):
    town.open("./%s/" % towns.MAIL_FOLDER)
    town.send("bob@here.example", "ann@here.example")  # starts qmail-getpw
    town.letter("ann", "a letter")
    ids = town.place.ids
    mail, others = ids("qmailq")[1], ids("qmaild")[1]
    wanted = {
        "qmail-send": ("qmails", mail, {mail, others}),
        "qmail-todo": ("qmails", mail, {mail, others}),
        "qmail-lspawn": ("root", mail, {mail}),
        "qmail-rspawn": ("qmailr", mail, {mail}),
        "qmail-clean": ("qmailq", others, {others}),
        "qmail-rcptd": ("qmailv", others, {others}),
        "qmail-qctld": ("qmails", mail, {mail, others}),
        "qmail-queued": ("qmailq", others, {others}),
        "qmail-getpw": ("qmailp", others, {others}),
    }
    daemons = town.daemons()
    daemons.pop("qmail-local", None)  # it stays for a moment
    assert set(daemons) == set(wanted)
    for program, pids in daemons.items():
        user, gid, groups = wanted[program]
        for pid in pids:
            uids, gids, all_groups = identity(pid)
            assert (uids, gids) == ({ids(user)[0]}, {gid}), program
            assert all_groups - {gid} == groups - {gid}, program


def test_programs_of_users(town):
    """They have the user's ids, three descriptors, and no way into the queue."""
    town.rules("ann", "", "|id -u; id -G; echo /proc/self/fd/*; ls %s 2>&1; true"
               % town.place.path("queue"))
    town.open()
    town.send("bob@here.example", "ann@here.example")
    told = town.daemon.wait("^delivery 1: success: (.*)$").group(1).split("/")
    uid = str(towns.PEOPLE["ann"])
    assert told[:2] == [uid, uid]
    descriptors = re.findall(r"self/fd/(\d+)", "/".join(told))
    assert set(descriptors) <= {"0", "1", "2", "3"}, told  # 3: of the shell's own glob
    assert "Permission_denied" in "/".join(told)


def test_message_is_opened_again(town):
    """A program may open its standard input by name; also a message that came
    when their mode was 0640 can be read, as descriptor."""
    town.rules("ann", "", "|cat /dev/stdin > whole && cat /dev/stdin | tail -n 1 > last")
    town.send("bob@here.example", "ann@here.example", body="one\ntwo\n")
    town.send("bob@here.example", "bob@here.example", subject="an old letter")
    for path in town.place.queue_files()["mess"].values():
        with open(path) as source:
            if "an old letter" in source.read():
                os.chmod(path, 0o640)
    town.open()
    town.letter("bob", "an old letter")
    town.wait_empty()
    with open(town.home("ann") + "/whole") as source:
        assert source.read().endswith("Subject: a letter\n\none\ntwo\n")
    with open(town.home("ann") + "/last") as source:
        assert source.read() == "two\n"


def test_remote_program(town):
    """It runs as qmailr, has the message, and can open none itself."""
    script = town.place.base + "/remote"
    town.place.write(script, """#!/bin/sh
cd /
read -r first
printf 'K%%s %%s %%s ' "$(id -u)" "$(id -G)" "${first%%%%:*}"
cat %s/*/* >/dev/null 2>&1 && printf opened
printf '\\0'
""" % town.place.path("queue/mess"), mode=0o755)
    town.open(env={"QMAILREMOTE": script})
    town.send("bob@here.example", "joe@there.example")
    told = town.daemon.wait("^delivery 1: success: (.*)$").group(1)
    uid, gid = town.place.ids("qmailr")
    assert told == "%d_%d_Received_" % (uid, gid)
    town.wait_empty()


def test_no_mail_for_root(town):
    town.place.accounts({"ann": [0, 0, town.home("ann")]})
    os.chown(town.home("ann"), 0, 0)
    town.rules("alias", "-ann", "|id -u")
    town.open()
    town.send("bob@here.example", "ann@here.example")
    alias = town.place.ids("alias")[0]
    town.daemon.wait("^delivery 1: success: %d/" % alias)


def test_a_stranger_cannot_pull_the_trigger(town):
    done = subprocess.run(["sh", "-c", "echo x > " + town.place.path("queue/lock/trigger")],
                          stderr=subprocess.PIPE, **town.place.as_user("qmaild"))
    assert done.returncode != 0 and b"denied" in done.stderr


# ---- what qmail-start makes of its caller's settings

CALLERS_GROUP, CALLERS_LIMIT = 4242, 512


def start_from_a_mess(town, *words, **more):
    """qmail-start from a caller that leaves everything lying about."""
    def leave():
        os.setgroups([CALLERS_GROUP])
        resource.setrlimit(resource.RLIMIT_NOFILE, (CALLERS_LIMIT, 4096))

    foreign = town.place.base + "/foreign"
    town.place.write(foreign, "secret\n")
    with open(foreign) as file:
        os.dup2(file.fileno(), 77)
        try:
            daemon = town.start(*(words or ("./%s/" % towns.MAIL_FOLDER,)), umask=0,
                                pass_fds=[77], preexec_fn=leave, **more)
        finally:
            os.close(77)
    town.daemon = daemon
    daemon.wait("^status: local")
    return foreign


def test_nothing_of_the_caller_is_kept(town):
    """Descriptors, groups and umask; and the limit of descriptors is raised."""
    foreign = start_from_a_mess(town)
    town.send("bob@here.example", "ann@here.example")  # starts qmail-getpw
    town.letter("ann", "a letter")
    daemons = town.daemons()
    daemons.pop("qmail-local", None)
    assert len(daemons) == 9
    for program, pids in daemons.items():
        for pid in pids:
            fds = "/proc/%d/fd/" % pid
            assert foreign not in {os.readlink(fds + fd) for fd in os.listdir(fds)}, program
            assert CALLERS_GROUP not in identity(pid)[2], program
            with open("/proc/%d/status" % pid) as status:
                umask = "0000" if program == "qmail-queued" else "0077"
                assert re.search(r"^Umask:\t%s$" % umask, status.read(), re.M), program
            with open("/proc/%d/limits" % pid) as limits:
                assert re.search(r"^Max open files +4096 +4096 ", limits.read(), re.M), program


def test_daemons_have_no_descriptors_of_each_other(town):
    """Each has its own socket, and 1 and 2; qmail-rcptd, qmail-qctld and
    qmail-queued their doors; qmail-send the log and the sockets."""
    def sockets(pid):
        fds = "/proc/%d/fd/" % pid
        return [fd for fd in os.listdir(fds) if os.readlink(fds + fd).startswith("socket:")]

    def too_many():
        allowed = {"qmail-send": 9, "qmail-rcptd": 2, "qmail-qctld": 2, "qmail-queued": 2}
        return [(program, sockets(pid)) for program, pids in town.daemons().items()
                for pid in pids if len(sockets(pid)) > allowed.get(program, 1)]

    town.open()
    # Who looked for their doors may still be their client.
    town.until(lambda: not too_many(), "descriptors to be closed")


def test_logger(town):
    """It runs as qmaill, in no other group, and has the log as its input."""
    script = town.place.base + "/logger"
    town.place.write(script, "#!/bin/sh\nid -u; id -g; id -G; cat\n", mode=0o755)
    uid, gid = town.place.ids("qmaill")
    town.open("./%s/" % towns.MAIL_FOLDER, script)
    assert [int(line) for line in town.daemon.lines[:3]] == [uid, gid, gid]


@pytest.mark.parametrize("call, how", [
    ("setgroups", "error=EPERM"), ("setresgid", "error=EPERM"), ("setresuid", "error=EPERM"),
    ("setresgid", "retval=0"), ("setresuid", "retval=0")])
def test_start_without_change_of_ids(town, call, how):
    """If the ids cannot be changed, nothing runs."""
    if faults.missing():
        pytest.skip(faults.missing())
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "--inject=%s:%s" % (call, how),
         town.place.program("qmail-start"), "./Mailbox"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd="/", timeout=30)
    assert done.returncode == 111 and done.stdout.startswith(b"qmail-start: ")


def test_start_without_descriptors(town):
    """0, 1 and 2 are closed: they do not become those of files or sockets."""
    child = subprocess.Popen(["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh",
                              town.place.program("qmail-start"), "./%s/" % towns.MAIL_FOLDER],
                             cwd="/", start_new_session=True)
    try:
        town.send("bob@here.example", "ann@here.example")
        town.letter("ann", "a letter")
    finally:
        process.end_session(child.pid)
        child.wait()


def test_start_without_accounts(town):
    os.unlink(town.place.path("users/ids"))
    town.place.accounts(dict.fromkeys(places.ROLES))
    try:
        done = subprocess.run([town.place.program("qmail-start"), "./Mailbox"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd="/", timeout=30)
        assert done.returncode == 111 and b"users/ids" in done.stdout
    finally:
        town.place.reset()


def test_a_daemon_is_missing(town):
    """Nothing starts without it, and it is said which."""
    for name in ("qmail-todo", "qmail-lspawn", "qmail-rspawn", "qmail-clean", "qmail-send"):
        path = town.place.program(name)
        os.rename(path, path + ".away")
        try:
            done = subprocess.run([town.place.program("qmail-start"), "./Mailbox"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, cwd="/", timeout=30)
        finally:
            os.rename(path + ".away", path)
        assert done.returncode == 111 and name.encode() in done.stdout
