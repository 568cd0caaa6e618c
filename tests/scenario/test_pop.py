"""POP3 from the greeting to QUIT, through tcpserver, qmail-popup, checkpassword
and qmail-pop3d."""

import hashlib
import os
import re
import signal
import smtplib
import socket
import subprocess
import time

import pytest

from support import faults, login, pop, process, town as towns
from support.town import DOMAIN

MESSAGE = "Subject: one\n\nfirst\n"


@pytest.fixture
def service(town, needs):
    needs("tcpserver")
    pop.set_passwords(town.place)
    return pop.serve(town)


def names(town, name, *folders):
    return sorted("%s/%s" % (folder, file) for folder in folders or ("new", "cur")
                  for file in os.listdir("%s/Maildir/%s" % (town.home(name), folder)))


# ---- the login

def test_login_and_fetch(town, service):
    pop.letter(town, "ann", "1.a", MESSAGE)
    with pop.Client() as client:
        assert client.login().startswith("+OK")
        assert client.ask("STAT") == "+OK 1 %d" % len(MESSAGE)
        assert client.ask_all("RETR 1") == ["Subject: one\r\n", "\r\n", "first\r\n"]
        assert client.ask("QUIT").startswith("+OK")
        assert client.is_over()
    assert names(town, "ann") == ["cur/1.a:2,"]


@pytest.mark.parametrize("name, password", [
    ("ann", "Secret"), ("ann", "secret "), ("nobody-here", "secret"), ("root", "secret"),
    ("ann", "x" * 500), ("ann", "x" * 3000)])
def test_refused_login(town, service, name, password):
    with pop.Client() as client:
        assert client.login(name, password).startswith("-ERR [AUTH]")
        assert client.is_over()
    service.wait(r'^qmail-popup: refused client=127\.0\.0\.1 code=1 user="%s"$' % name)


def begin_login(town, name, password, *program):
    """qmail-popup, told who wants what."""
    one = subprocess.Popen(
        [town.place.program("qmail-popup"), DOMAIN, *program], cwd="/", stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={"PATH": town.place.path("bin") + ":/usr/bin:/bin", "TCPREMOTEIP": login.ADDRESS})
    one.stdin.write(b"USER %s\r\nPASS %s\r\nQUIT\r\n" % (name.encode(), password.encode()))
    one.stdin.close()
    return one


def last_words(one):
    with one:
        return one.stdout.read().decode("latin-1").splitlines()[-1]


POP3D = ("checkpassword", "qmail-pop3d", "Maildir")
OFTEN = "-ERR [SYS/TEMP] that was tried too often; try later"


def test_guesses_are_counted_with_all_others(town):
    """Where qmail-authd runs: many connections guess no faster than one."""
    daemon = login.start(town, freelogins="1")
    guesses = [begin_login(town, "ann", "x", "sh", "-c", "exit 1") for _ in range(20)]
    try:
        daemon.wait(r'^authd refused .* client="192\.0\.2\.9" user="ann" service="pop3" '
                    'reason="too many tries of this name"$', count=10)
        assert login.ask(town, "ann", pop.PASSWORD) == "L"
        assert last_words(begin_login(town, "ann", pop.PASSWORD, *POP3D)) == OFTEN
        # Nobody else waits.
        assert last_words(begin_login(town, "bob", pop.PASSWORD, *POP3D)).startswith("+OK")
    finally:
        daemon.kill()  # so that nobody waits for it
        told = [last_words(one) for one in guesses]
    assert told.count(OFTEN) >= 10


def test_wrong_ones_count_when_they_have_ended(town):
    """Of as many at once, fewer have a turn than if none had been wrong."""
    daemon = login.start(town, freelogins="1")
    for _ in range(3):
        assert last_words(begin_login(town, "ann", "x", "sh", "-c", "exit 1")).startswith("-ERR [AUTH]")
    socks = [login.door(town) for _ in range(20)]
    for sock in socks:
        sock.send(login.event("ann", "B"))
    daemon.wait('reason="too many tries of this name"$', count=16)
    for sock in socks:
        sock.close()


@pytest.mark.parametrize("code, end", [(0, "+OK"), (111, "-ERR [SYS/TEMP]"), (2, "-ERR [SYS/PERM]")])
def test_what_is_not_wrong_does_not_count(town, code, end):
    login.start(town, freelogins="1")
    program = POP3D if code == 0 else ("sh", "-c", "exit %d" % code)
    for _ in range(12):
        words = last_words(begin_login(town, "ann", pop.PASSWORD, *program))
        assert words.startswith(end) and words != OFTEN


def test_nobody_counts(town):
    """That runs no program; and where there never was such a service, any."""
    daemon = login.start(town)
    assert last_words(begin_login(town, "x" * 600, "x", *POP3D)).startswith("-ERR [AUTH]")
    daemon.kill()
    mark = town.place.base + "/mark"
    for is_there in (True, False):
        words = last_words(begin_login(town, "ann", "x", "sh", "-c", "echo >> %s; exit 1" % mark))
        assert words.startswith("-ERR [SYS/TEMP]" if is_there else "-ERR [AUTH]")
        assert os.path.exists(mark) != is_there
        if is_there:
            os.unlink(town.place.path("login/door"))


def test_refusal_cannot_forge_a_line(town, service):
    with pop.Client() as client:
        assert client.login('a"\\\x07\xe9 b', "x").startswith("-ERR [AUTH]")
    service.wait(r'^qmail-popup: refused client=127\.0\.0\.1 code=1 user="a\?\?\?\? b"$')


def test_nobody_reads_the_log(town, service):
    """Who is refused is told, and no process waits for a reader."""
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(ours, b"x" * 4096)
    os.set_blocking(ours, True)
    try:
        done = subprocess.run(
            [town.place.program("qmail-popup"), DOMAIN, "sh", "-c", "exit 1"], cwd="/",
            input=b"USER ann\r\nPASS x\r\n", stdout=subprocess.PIPE, stderr=ours, timeout=30,
            env={"PATH": "/usr/bin:/bin"})
        assert done.stdout.endswith(b"-ERR [AUTH] wrong name or password\r\n")
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("fields", [
    "!%s:19000:0:99999:7:::", "*:19000:0:99999:7:::", ":19000:0:99999:7:::",
    "%s:19000:0:99999:7::19001:", "%s:19000:0:10:7:::", "%s:0:0:99999:7:::"])
def test_account_that_does_not_count(town, service, fields):
    """Locked, without password, expired, or to be changed first."""
    pop.set_passwords(town.place, ann=fields % pop.HASH if "%s" in fields else fields)
    for password in (pop.PASSWORD, "x"):
        with pop.Client() as client:
            assert client.login(password=password).startswith("-ERR [AUTH]")


def test_password_in_its_days_of_grace(town, service):
    pop.set_passwords(town.place, ann="%s:19000:0:10:7:20000::" % pop.HASH)
    with pop.Client() as client:
        assert client.login().startswith("+OK")


@pytest.fixture
def virtual(town, service):
    """ann@virtual.example, whose mail is ann's; bob@ with a hash."""
    done = pop.set_virtual(
        town.place, "# people without account",
        "Ann@virtual.example:{PLAIN}pass word:7001:7001:Ann:%s" % town.home("ann"),
        "bob@virtual.example:{CRYPT}%s:7002:7002::%s:/bin/false" % (pop.HASH, town.home("bob")))
    assert (done.returncode, done.stderr) == (0, "")
    return service


def apop(client, name, password):
    stamp = re.search("<[^>]*>", client.greeting).group()
    digest = hashlib.md5((stamp + password).encode()).hexdigest()
    return client.ask("APOP %s %s" % (name, digest))


def test_virtual_users(town, virtual):
    pop.letter(town, "ann", "1.a", MESSAGE)
    with pop.Client() as client:
        assert client.login("ANN@Virtual.Example", "pass word").startswith("+OK")
        assert client.ask("STAT") == "+OK 1 20"
    with pop.Client() as client:
        assert client.login("bob@virtual.example", "secret").startswith("+OK")
        assert client.ask("STAT") == "+OK 0 0"
    with pop.Client() as client:
        assert client.login("ann@virtual.example", "{PLAIN}pass word").startswith("-ERR [AUTH]")
    with pop.Client() as client:
        assert client.login("bob@virtual.example", pop.HASH).startswith("-ERR [AUTH]")
    with pop.Client() as client:  # accounts are there too
        assert client.login("bob").startswith("+OK")


def test_apop(town, virtual):
    with pop.Client() as client:
        assert apop(client, "ann@virtual.example", "pass word").startswith("+OK")
    with pop.Client() as client:
        assert apop(client, "ann@virtual.example", "pass wort").startswith("-ERR [AUTH]")
        assert client.is_over()
    with pop.Client() as client:  # only a hash of it is known
        assert apop(client, "bob", "secret").startswith("-ERR [AUTH]")


def test_apop_digest_of_another_connection(town, virtual):
    with pop.Client() as first, pop.Client() as second:
        assert first.greeting != second.greeting
        first.greeting = second.greeting
        assert apop(first, "ann@virtual.example", "pass word").startswith("-ERR [AUTH]")


def test_no_apop(town, needs):
    needs("tcpserver")
    pop.set_passwords(town.place)
    pop.serve(town, environment={"NOAPOP": ""})
    with pop.Client() as client:
        assert "<" not in client.greeting
        assert client.ask("APOP ann x").startswith("-ERR ")
        assert client.login().startswith("+OK")


def test_damaged_database(town, virtual):
    town.place.write(town.place.path("users/pop.cdb"), "x" * 3000)
    with pop.Client() as client:
        assert client.login().startswith("-ERR [SYS/TEMP]")


@pytest.mark.parametrize("line", [
    "joe:secret", "joe:{MD5}x:1:1::/x", "joe:{PLAIN}x:0:0::/root", "joe:{PLAIN}x:1:1::x"])
def test_line_that_cannot_be_used(town, virtual, line):
    """The old database stays, and no password is shown."""
    done = pop.set_virtual(town.place, "ok:{PLAIN}x:1:1::/x", "", line)
    assert done.returncode == 111 and "line 3" in done.stderr
    assert line not in done.stderr
    with pop.Client() as client:
        assert client.login("ann@virtual.example", "pass word").startswith("+OK")


def test_database_is_for_root_alone(town, virtual):
    assert os.stat(town.place.path("users/pop.cdb")).st_mode & 0o7777 == 0o600


def hearers(service):
    found = []
    for pid in process.session_members(service.pid):
        try:
            with open("/proc/%d/status" % pid) as lines:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
        except OSError:
            continue  # it has ended
        if fields["Name"] == "qmail-popup":
            found.append((pid, fields))
    return found


def test_who_hears_the_stranger(town, service):
    """qmaild in a box; the other half waits."""
    process.until(lambda: not hearers(service), "earlier connections to end")
    with pop.Client():
        (_, root), (pid, ears) = sorted(hearers(service), key=lambda one: int(one[1]["NoNewPrivs"]))
        uid, gid = town.place.ids("qmaild")
        assert root["Uid"].split() == ["0"] * 4
        assert ears["Uid"].split() == [str(uid)] * 4
        assert ears["Gid"].split() == [str(gid)] * 4
        assert ears["Groups"].split() == [str(gid)]
        assert ears["NoNewPrivs"] == "1"
        assert int(ears["CapEff"], 16) == int(ears["CapPrm"], 16) == 0
        assert sorted(map(int, os.listdir("/proc/%d/fd" % pid))) == [0, 1, 2, 3]
        with open("/proc/%d/limits" % pid) as lines:
            limits = lines.read()
        assert re.search(r"^Max open files +2 +2 ", limits, re.M)
        assert re.search(r"^Max processes +0 +0 ", limits, re.M)


@pytest.mark.parametrize("nonsense", [
    "GET / HTTP/1.0\r\n" * 100, "\0\r\n" * 100, "USER ann\r\n" * 200, "x" * 100000,
    "USER " + "x" * 100000 + "\r\n", "\r\n" * 30])
def test_nonsense_before_the_login(town, service, nonsense):
    with pop.Client() as client:
        try:
            client.send(nonsense)
        except OSError:
            pass
        drain(client)
    process.until(lambda: not hearers(service), "its processes to end")


def drain(client):
    try:
        while client.lines.readline():
            pass
    except OSError:
        pass


# ---- the Maildir changes meanwhile

@pytest.fixture
def client(town, service):
    for number, file in enumerate(("1.a", "2.b", "3.c")):
        pop.letter(town, "ann", file, "Subject: %d\n\n.%d\n" % (number, number), age=100 - number)
    with pop.Client() as one:
        assert one.login().startswith("+OK")
        yield one


def move(town, old, new):
    home = town.home("ann") + "/Maildir/"
    os.rename(home + old, home + new)


@pytest.mark.parametrize("new", ["cur/2.b:2,S", "cur/2.b:2,", "cur/2.b:2,FRS", "cur/2.b"])
def test_message_is_moved(town, client, new):
    move(town, "new/2.b", new)
    assert client.ask_all("RETR 2") == ["Subject: 1\r\n", "\r\n", ".1\r\n"]
    move(town, new, "cur/2.b:2,T")
    assert client.ask_all("TOP 2 0") == ["Subject: 1\r\n", "\r\n"]
    move(town, "cur/2.b:2,T", "new/2.b")
    assert client.ask("DELE 2").startswith("+OK")
    move(town, "new/2.b", "cur/2.b:2,P")
    assert client.ask("QUIT").startswith("+OK")
    assert names(town, "ann") == ["cur/1.a:2,", "cur/3.c:2,"]


def test_many_messages_are_moved(town, service):
    """Each is found by its name, and small and large letters are not the same;
    what was not deleted stays.  QUIT reads each folder once for all of them."""
    for number in range(300):
        pop.letter(town, "ann", "%d.xY" % number, "x\n", age=1000 - number)
    with pop.Client() as one:
        assert one.login().startswith("+OK")
        for number in range(300):
            move(town, "new/%d.xY" % number, "cur/%d.xY:2,FS" % number)
            assert number % 3 == 0 or one.ask("DELE %d" % (number + 1)).startswith("+OK")
        pop.letter(town, "ann", "1.Xy:2,S", "another\n", folder="cur")
        assert one.ask("QUIT").startswith("+OK")
        assert one.is_over()
    assert names(town, "ann") == sorted(
        ["cur/1.Xy:2,S"] + ["cur/%d.xY:2,FS" % number for number in range(0, 300, 3)])


def test_moved_messages_that_cannot_be_removed(town, client):
    assert client.ask("DELE 2").startswith("+OK")
    move(town, "new/2.b", "cur/2.b:2,F")
    os.chmod(town.home("ann") + "/Maildir/cur", 0o500)
    try:
        assert client.ask("QUIT").startswith("-ERR [SYS/TEMP]")
        assert client.is_over()
    finally:
        os.chmod(town.home("ann") + "/Maildir/cur", 0o700)
    assert "cur/2.b:2,F" in names(town, "ann")


def test_message_is_removed(town, client):
    os.unlink(town.home("ann") + "/Maildir/new/2.b")
    assert client.ask("RETR 2").startswith("-ERR ")
    assert client.ask("TOP 2 1").startswith("-ERR ")
    assert client.ask_all("RETR 3") == ["Subject: 2\r\n", "\r\n", ".2\r\n"]
    assert client.ask("DELE 2").startswith("+OK")
    assert client.ask("DELE 3").startswith("+OK")
    assert client.ask("QUIT").startswith("+OK")
    assert client.is_over()
    assert names(town, "ann") == ["cur/1.a:2,"]


def test_message_that_comes_is_for_the_next_session(town, client):
    pop.letter(town, "ann", "4.d", MESSAGE)
    assert client.ask("STAT") == "+OK 3 45"
    assert client.ask("QUIT").startswith("+OK")
    assert names(town, "ann", "new") == ["new/4.d"]


def test_message_that_came_while_a_clock_was_wrong(town, service):
    """It is seen at once, and not when that time has come."""
    pop.letter(town, "ann", "1.a", MESSAGE, age=-100000)
    pop.letter(town, "ann", "2.b", MESSAGE, age=-30)
    with pop.Client() as one:
        assert one.login().startswith("+OK")
        assert one.ask("STAT").startswith("+OK 1 ")


def test_nothing_in_cur_is_overwritten(town, client):
    pop.letter(town, "ann", "2.b:2,", "another\n", folder="cur")
    assert client.ask("QUIT").startswith("+OK")
    assert names(town, "ann") == ["cur/1.a:2,", "cur/2.b:2,", "cur/3.c:2,", "new/2.b"]
    with open(town.home("ann") + "/Maildir/cur/2.b:2,") as source:
        assert source.read() == "another\n"


@pytest.fixture
def twins(town, service):
    """Files of one name up to the colon, as careless copying makes them."""
    for folder, file, text in (("new", "1.a", "one"), ("cur", "1.a:2,S", "two"),
                               ("cur", "1.a:2,FS", "three"), ("cur", "1.aa:2,", "four")):
        pop.letter(town, "ann", file, "Subject: %s\n\n\n" % text, folder=folder,
                   age=100 - len(text))


def subjects(client):
    """{unique-id: subject} of all messages."""
    listed = [line.split() for line in client.ask_all("UIDL")]
    return {uid: client.ask_all("TOP %s 0" % number)[0][9:].strip() for number, uid in listed}


def test_each_of_several_files_of_one_name_has_its_id(town, twins):
    with pop.Client() as one:
        assert one.login().startswith("+OK")
        found = subjects(one)
    assert sorted(found.values()) == ["four", "one", "three", "two"] and "1.aa" in found
    with pop.Client() as another:
        assert another.login().startswith("+OK")
        assert subjects(another) == found
        assert another.ask("QUIT").startswith("+OK")
        assert another.is_over()
    with pop.Client() as last:
        assert last.login().startswith("+OK")
        assert subjects(last) == found
    assert len(names(town, "ann")) == 4


@pytest.mark.parametrize("names_of_it", [("new/1.a", "cur/1.a:2,S"), ("cur/1.a:2,", "cur/1.a:2,S")])
def test_a_file_with_two_names_is_one_message(town, service, names_of_it):
    """A move that was broken off, where it is a link and an unlink."""
    pop.letter(town, "ann", "1.a", MESSAGE)
    folder = town.home("ann") + "/Maildir/"
    for name in names_of_it:
        os.path.exists(folder + name) or os.link(folder + "new/1.a", folder + name)
    if "new/1.a" not in names_of_it:
        os.unlink(folder + "new/1.a")
    with pop.Client() as client:
        client.login()
        assert client.ask("STAT") == "+OK 1 %d" % len(MESSAGE)
        assert client.ask("QUIT").startswith("+OK")
    assert names(town, "ann") == sorted(names_of_it)


def test_another_file_of_the_name_stays(town, twins):
    with pop.Client() as one:
        assert one.login().startswith("+OK")
        numbers = [line.split() for line in one.ask_all("UIDL")]
        number = [number for number, uid in numbers if uid == "1.a"][0]
        subject = one.ask_all("TOP %s 0" % number)[0][9:].strip()
        assert one.ask("DELE " + number).startswith("+OK")
        old = [name for name in names(town, "ann") if re.search(r"/1\.a(:|$)", name)][0]
        move(town, old, "cur/1.a:2,T")
        assert one.ask("QUIT").startswith("+OK")
        assert one.is_over()
    with pop.Client() as another:
        assert another.login().startswith("+OK")
        assert set(subjects(another).values()) == {"one", "two", "three", "four"} - {subject}


@pytest.mark.parametrize("others", [(), ("0.z",), ("2.b",), ("0.z", "2.b")], ids=len)
def test_message_that_moves_while_the_folders_are_read(town, service, others):
    """It has been seen in new, and is in cur when that is read; whichever of the
    two is looked at first."""
    for name in ("1.a", *others):
        pop.letter(town, "ann", name, MESSAGE)
    maildir = town.home("ann") + "/Maildir"
    trace = town.place.base + "/trace"
    with subprocess.Popen(
            ["strace", "-qq", "-o", trace, "-P", "cur", "-e", "inject=open:signal=STOP:when=1",
             town.place.program("qmail-pop3d"), maildir], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}) as session:
        process.until(lambda: os.path.exists(trace) and "stopped" in open(trace).read(),
                      "it has read new")
        move(town, "new/1.a", "cur/1.a:2,S")
        pids = open("/proc/%d/task/%d/children" % (session.pid, session.pid)).read().split()
        os.kill(int(pids[0]), signal.SIGCONT)
        said, _ = session.communicate(b"STAT\r\nQUIT\r\n", timeout=20)
    os.unlink(trace)
    count = 1 + len(others)
    assert said.splitlines()[1] == b"+OK %d %d" % (count, count * len(MESSAGE))


@pytest.mark.parametrize("fault", ["EIO", "ENOMEM", "ESTALE"])
def test_message_of_which_nothing_can_be_told(town, service, fault):
    """It is listed: a client that keeps mail on the server would forget that it
    has it, and fetch it again another day."""
    for name in ("1000000001.a", "1000000002.b", "1000000003.c"):
        pop.letter(town, "ann", name, MESSAGE)
    with subprocess.Popen(
            ["strace", "-qq", "-o", "/dev/null", "-e", "inject=stat,newfstatat:error=%s:when=2" % fault,
             town.place.program("qmail-pop3d"), town.home("ann") + "/Maildir"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"}) as session:
        said, _ = session.communicate(b"STAT\r\nUIDL\r\nQUIT\r\n", timeout=20)
    lines = said.decode().splitlines()
    assert lines[1].startswith("+OK 3 ")
    assert {line.split()[1] for line in lines[3:6]} == {"1000000001.a", "1000000002.b", "1000000003.c"}


def test_message_that_cannot_be_removed(town, client):
    assert client.ask("DELE 1").startswith("+OK")
    os.chmod(town.home("ann") + "/Maildir/new", 0o500)
    try:
        assert client.ask("QUIT").startswith("-ERR [SYS/TEMP]")
        assert client.is_over()
        assert names(town, "ann") == ["new/1.a", "new/2.b", "new/3.c"]
    finally:
        os.chmod(town.home("ann") + "/Maildir/new", 0o700)


def test_message_that_cannot_be_read(town, client):
    home = town.home("ann") + "/Maildir/new/"
    os.chmod(home + "1.a", 0)
    assert client.ask("RETR 1").startswith("-ERR [SYS/TEMP]")
    os.unlink(home + "2.b")
    os.mkfifo(home + "2.b")
    assert client.ask("RETR 2").startswith("-ERR [SYS/TEMP]")


def test_connection_is_lost(town, client):
    assert client.ask("DELE 1").startswith("+OK")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.is_over()
    assert names(town, "ann") == ["new/1.a", "new/2.b", "new/3.c"]


def test_commands_in_one_piece(town, client):
    client.send("STAT\r\nLIST 1\r\nDELE 1\r\nRSET\r\nNOOP\r\nUIDL 3\r\nLAST\r\nXYZZY\r\nQUIT\r\n")
    told = [client.line().split()[0:3] for _ in range(9)]
    assert told[:2] == [["+OK", "3", "45"], ["+OK", "1", "15"]]
    assert told[5:7] == [["+OK", "3", "3.c"], ["+OK", "0"]]
    assert [words[0] for words in told] == ["+OK"] * 7 + ["-ERR", "+OK"]


@pytest.mark.parametrize("command", [
    "RETR", "RETR 0", "RETR 4", "RETR -1", "RETR 1 1", "RETR 18446744073709551617", "RETR 1x",
    "TOP 1", "TOP 1 -1", "TOP 1 x", "TOP 1 1 1", "TOP 1 18446744073709551616", "TOP",
    "LIST 0", "LIST 4", "LIST x", "UIDL 4294967297", "DELE", "DELE 9", "USER ann", "PASS x",
    "STLS", "AUTH", "", " ", "\0"])
def test_commands_that_are_refused(client, command):
    assert client.ask(command).startswith("-ERR ")
    assert client.ask("STAT") == "+OK 3 45"


def test_deleted_message(client):
    assert client.ask("DELE 2").startswith("+OK")
    for command in ("RETR 2", "TOP 2 1", "LIST 2", "UIDL 2", "DELE 2"):
        assert client.ask(command).startswith("-ERR ")
    assert client.ask("LAST") == "+OK 2"
    assert client.ask_all("LIST") == ["1 15\r\n", "3 15\r\n"]
    assert client.ask("RSET").startswith("+OK")
    assert client.ask("LAST") == "+OK 0"
    assert client.ask("STAT") == "+OK 3 45"


def test_capabilities_are_the_same_in_both_states(town, service):
    with pop.Client() as client:
        before = client.ask_all("CAPA")
        assert client.login().startswith("+OK")
        assert client.ask_all("CAPA") == before
    assert {"TOP\r\n", "UIDL\r\n", "USER\r\n", "RESP-CODES\r\n", "PIPELINING\r\n",
            "IMPLEMENTATION Angarium\r\n"} <= set(before)


def test_long_command(client):
    for length in (4088, 4089, 4090, 5000, 100000):
        client.send("NOOP " + "x" * length + "\r\n")
        assert client.line().startswith("+OK" if length < 4090 else "-ERR ")
    assert client.ask("STAT") == "+OK 3 45"


# ---- octets

def sent(client, number):
    return sum(map(len, client.ask_all("RETR %d" % number)))


@pytest.mark.parametrize("body", ["", "line\n" * 1000, ".\n..\n", "no end", "a\r\nb\n"])
def test_octets_of_what_we_deliver(town, service, body):
    """One number everywhere, and just as many as are sent."""
    town.open()
    town.send("bob@here.example", "ann@here.example", body=body)
    town.letter("ann", "Subject: a letter")
    for name in names(town, "ann"):  # a file of this very second is not there yet
        os.utime("%s/Maildir/%s" % (town.home("ann"), name), (1, 1))
    with pop.Client() as client:
        assert client.login().startswith("+OK")
        octets = int(client.ask("STAT").split()[2])
        assert client.ask_all("LIST") == ["1 %d\r\n" % octets]
        assert client.ask("LIST 1") == "+OK 1 %d" % octets
        assert client.ask("RETR 1").split()[1] == str(octets)
        lines = client.body()
        if body == "no end":  # W is not told then; see maildir(5)
            octets += len(lines) + 1
        assert sum(map(len, lines)) == octets


def test_octets_are_counted_on_request(town, needs):
    needs("tcpserver")
    pop.set_passwords(town.place)
    pop.serve(town, environment={"POPOCTETS": "sent"})
    pop.letter(town, "ann", "1.a", "a\n.b\r\n\nno end", age=20)
    pop.letter(town, "ann", "1900000000.b,S=5,W=7", "a\n")
    with pop.Client() as client:
        assert client.login().startswith("+OK")
        told = [int(line.split()[1]) for line in client.ask_all("LIST")]
        assert told == [17, 7]
        assert sent(client, 1) == 17


def test_arrival_and_octets_from_the_name(town, service):
    """Where a name tells them nobody looks at the file; order is by arrival."""
    pop.letter(town, "ann", "1700000300.M1P1.h,S=20,W=23", MESSAGE)
    pop.letter(town, "ann", "1700000100.M10P1.h,S=20,W=23", MESSAGE)
    pop.letter(town, "ann", "1700000100.M9P1.h,S=20,W=23:2,S", MESSAGE, folder="cur")
    pop.letter(town, "ann", "1700000100.M1P1.other,S=20,W=24", MESSAGE)
    pop.letter(town, "ann", "zzz", MESSAGE, age=10 ** 9)
    pop.letter(town, "ann", "aaa", MESSAGE, age=-30)
    with pop.Client() as client:
        assert client.login().startswith("+OK")
        assert [line.split()[1] for line in client.ask_all("UIDL")] == [
            "zzz", "1700000100.M1P1.other,S=20,W=24", "1700000100.M9P1.h,S=20,W=23",
            "1700000100.M10P1.h,S=20,W=23", "1700000300.M1P1.h,S=20,W=23"]
        assert client.ask_all("LIST") == ["1 20\r\n", "2 24\r\n", "3 23\r\n", "4 23\r\n",
                                          "5 23\r\n"]


def test_very_many_hosts(town, service):
    """More than are kept apart from the names."""
    wanted = ["17000%05d.M1P1.host%d.example,S=20,W=23" % (n, n) for n in range(100)]
    for name in wanted:
        pop.letter(town, "ann", name, MESSAGE)
    with pop.Client() as client:
        assert client.login().startswith("+OK")
        assert [line.split()[1] for line in client.ask_all("UIDL")] == wanted
        assert client.ask("QUIT").startswith("+OK")
    assert names(town, "ann") == ["cur/%s:2," % name for name in wanted]


# ---- many who are idle

def private_kilobytes(service):
    """What the processes of the sessions share with nobody."""
    total = 0
    for pid in process.session_members(service.pid):
        with open("/proc/%d/comm" % pid) as comm, open("/proc/%d/smaps_rollup" % pid) as rollup:
            if comm.read().strip() in ("qmail-popup", "qmail-pop3d"):
                total += sum(int(line.split()[1]) for line in rollup
                             if line.startswith("Anonymous:"))
    return total


def test_memory_of_an_idle_session(town, service):
    """Pages of the stack depend on where it begins: hence many."""
    for number in range(20):
        pop.letter(town, "ann", "17000%05d.M1P1.here.example,S=20,W=23" % number, MESSAGE)
    sessions = [pop.Client() for _ in range(30)]
    for client in sessions:
        assert client.login().startswith("+OK")
        assert client.ask("STAT") == "+OK 20 460"
    assert private_kilobytes(service) / len(sessions) < 43  # kB
    for client in sessions:
        client.close()


# ---- POP before SMTP

def may_relay():
    with smtplib.SMTP(pop.ADDRESS, timeout=10) as client:
        client.ehlo("x.example")
        client.mail("a@b.example")
        return client.rcpt("joe@far.example")[0] == 250


def test_pop_before_smtp(town, needs):
    needs("tcpserver")
    notes = town.place.base + "/notes"
    subprocess.run(["rm", "-rf", notes], check=True)
    os.mkdir(notes)
    os.chmod(notes, 0o1733)
    pop.set_passwords(town.place)
    pop.serve(town, "pop-note", notes)
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), pop.ADDRESS, "25",
                "pop-relay", notes, "30", "qmail-smtpd"],
               env={"PATH": town.place.path("bin") + ":/usr/bin:/bin"})
    towns.wait_port(pop.ADDRESS)
    assert not may_relay()
    with pop.Client() as client:
        assert client.login(password="wrong").startswith("-ERR")
    assert not may_relay()
    note = notes + "/" + pop.ADDRESS
    for name in ("ann", "bob"):  # who notes it again need not be who did first
        with pop.Client() as client:
            assert client.login(name).startswith("+OK")
        assert may_relay()
        os.utime(note, (1, 1))
        assert not may_relay()
    assert os.listdir(notes) == [pop.ADDRESS]
    for age, fresh in ((29 * 60, True), (31 * 60, False), (-100, False)):
        when = time.time() - age
        os.utime(note, (when, when))
        assert may_relay() == fresh
    os.unlink(note)
    os.symlink("/etc/passwd", note)
    assert not may_relay()
    with pop.Client() as client:  # and the mail is there all the same
        assert client.login().startswith("+OK")


@pytest.mark.parametrize("address, name", [
    ("192.0.2.7", "192.0.2.7"), ("2001:DB8:0::1", "2001:db8::1"),
    ("::ffff:192.0.2.7", "192.0.2.7"), ("../../x", None), ("", None), (None, None)])
def test_note(place, tmp_path, address, name):
    environment = {"PATH": "/usr/bin:/bin"}
    if address is not None:
        environment["TCPREMOTEIP"] = address
    done = subprocess.run([place.program("pop-note"), tmp_path, "echo", "mail"],
                          env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "mail\n")
    assert os.listdir(tmp_path) == ([name] if name else [])
    assert (done.stderr == "") == bool(name)
    done = subprocess.run([place.program("pop-relay"), tmp_path, "1", "sh", "-c",
                           "echo ${RELAYCLIENT-no}"],
                          env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n" if name else "no\n")
    environment["RELAYCLIENT"] = "@x"
    done = subprocess.run([place.program("pop-relay"), tmp_path, "1", "sh", "-c",
                           "echo ${RELAYCLIENT-no}"],
                          env=environment, capture_output=True, text=True)
    assert done.stdout == "@x\n"


@pytest.mark.parametrize("words, code", [
    (["pop-note", "x"], 100), (["pop-relay", "x", "1"], 100), (["pop-relay", "x", "y", "true"], 100),
    (["pop-relay", "x", "10081", "true"], 100), (["pop-note", "x", "/no/such"], 111),
    (["pop-relay", "x", "1", "/no/such"], 111), (["checkpassword"], 2)])
def test_called_wrongly(place, words, code):
    done = subprocess.run([place.program(words[0]), *words[1:]], stdin=subprocess.DEVNULL,
                          capture_output=True)
    assert done.returncode == code


def test_what_cannot_be_sent_is_not_deleted(town):
    """A client that asks for all at once and is gone before it hears anything."""
    pop.letter(town, "ann", "1.a", MESSAGE)
    theirs, ours = os.pipe()
    os.close(theirs)
    uid = towns.PEOPLE["ann"]
    with open(ours, "wb", buffering=0) as nobody:
        subprocess.run([town.place.program("qmail-pop3d"), "Maildir"], cwd=town.home("ann"),
                       input=b"RETR 1\r\nDELE 1\r\nQUIT\r\n", stdout=nobody, timeout=30,
                       env=town.environment("ann"), user=uid, group=uid, extra_groups=[])
    assert names(town, "ann") == ["new/1.a"]


@pytest.mark.parametrize("fault, code", [
    ("", 0), ("/etc/shadow openat EMFILE", 111), ("/etc/shadow openat ENFILE", 111), ("/etc/passwd openat EMFILE", 111),
    ("/etc/shadow read EIO", 111), ("- setgroups ENOMEM", 111), ("- setresuid EAGAIN", 111),
    ("- setresuid EPERM", 1)])
def test_no_wrong_password_for_a_fault(town, fault, code):
    """What cannot be told now is no guess."""
    if faults.missing():
        pytest.skip(faults.missing())
    pop.set_passwords(town.place)
    words = []
    if fault:
        path, call, error = fault.split()
        words = ["strace", "-o", "/dev/null", *(["-P", path] if path != "-" else []), "-e", "trace=" + call,
                 "-e", "inject=%s:error=%s" % (call, error)]
    login, says = os.pipe()
    os.write(says, b"ann\0%s\0\0" % pop.PASSWORD.encode())
    os.close(says)
    done = subprocess.run(["/bin/sh", "-c", 'exec 3<&0 </dev/null; exec "$@"', "sh", *words,
                           town.place.program("checkpassword"), "true"], stdin=login, check=False, cwd="/")
    os.close(login)
    assert done.returncode == code


@pytest.mark.parametrize("name", ["ann:x", "ann:x:7001", "nobody-here:x", ":", "daemon", "ann\n"])
def test_names_that_tell_nothing(town, name):
    """Neither of a line of /etc/passwd nor of who has no password."""
    pop.set_passwords(town.place)
    login, says = os.pipe()
    os.write(says, name.encode() + b"\0x\0\0")
    os.close(says)
    done = subprocess.run(["/bin/sh", "-c", 'exec 3<&0 </dev/null; exec "$@"', "sh",
                           town.place.program("checkpassword"), "true"], stdin=login, check=False, cwd="/")
    os.close(login)
    assert done.returncode == 1
