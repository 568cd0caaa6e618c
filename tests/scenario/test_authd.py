"""qmail-authd: who is who, and how often somebody may try."""

import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import build, login, pop, process, unpacked

GAP = r'^authd refused pid=\d+ client="192\.0\.2\.9" user="%s" service="smtp" reason="%s"$'


def all_at_once(town, count, **more):
    """Many questions; the answers in the order in which they came."""
    answers = []

    def run(number):
        answers.append(login.ask(town, more.get("name", "u%d" % number), "x",
                                 address=more.get("address", login.ADDRESS)))
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


# ---- answers

def test_right_and_wrong(town):
    daemon = login.start(town)
    assert login.ask(town) == "K"
    daemon.wait(r'^authd accepted pid=\d+ client="192\.0\.2\.9" user="ann" service="smtp"$')
    for name, password in (("ann", "Secret"), ("nobody-here", "secret"), ("root", "secret"),
                           ("ann", "")):
        assert login.ask(town, name, password, address="192.0.2.7") == "D"
        daemon.wait(r'^authd refused pid=\d+ client="192\.0\.2\.7" user="%s" .* '
                    'reason="wrong name or password"$' % name)


def test_people_without_account(town):
    done = pop.set_virtual(town.place, "ann@virtual.example:{PLAIN}pass word:7001:7001::" +
                           town.home("ann"))
    assert done.returncode == 0
    login.start(town)
    assert login.ask(town, "Ann@virtual.example", "pass word") == "K"
    assert login.ask(town, "ann@virtual.example", "password") == "D"


def test_what_the_program_gets(town):
    """Name, password and an empty timestamp; nothing else of anybody."""
    out = town.place.base + "/seen"
    checker = login.script(town, "env > %s.env; cat <&3 > %s.fd; ls -l /proc/$$/fd > %s.fds\n"
                           "echo noise; pwd > %s.pwd" % (out, out, out, out))
    login.start(town, checker, "true")
    assert login.ask(town, "ann", "pass word \xe9") == "K"

    def seen(kind):
        with open(out + kind, "rb") as source:
            return source.read()
    assert seen(".fd") == b"ann\0pass word \xe9\0\0"
    names = {line.partition("=")[0] for line in seen(".env").decode().splitlines()}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "PROTO", "TCPREMOTEIP"}
    assert b"TCPREMOTEIP=192.0.2.9\n" in seen(".env")
    assert seen(".fds").count(b"/dev/null") == 2
    assert b"socket" not in seen(".fds")


@pytest.mark.parametrize("text, answer", [
    ("exit 0", "K"), ("exit 1", "D"), ("exit 2", "Z"), ("exit 111", "Z"), ("kill -9 $$", "Z"),
    ("kill -ALRM $$", "Z"), ("cat <&3 >&2; yes | head -c 300000; exit 1", "D"),
    ("exec 3<&-; exit 0", "K")])
def test_outcomes(town, text, answer):
    daemon = login.start(town, login.script(town, text), "true")
    assert login.ask(town, "ann", "x") == answer
    if answer == "Z":
        daemon.wait(r'^authd failed pid=\d+ client="192\.0\.2\.9" user="ann" service="smtp" '
                    'reason="the program has failed"$')


def test_no_such_program(town):
    daemon = login.start(town, "/nonexistent/checkpassword", "true")
    assert login.ask(town) == "Z"
    daemon.wait('^authd failed .* reason="No such file or directory"$')


def test_a_program_that_hangs(town):
    """It ends, with all that it started, and holds nobody else."""
    mark = town.place.base + "/pids"
    checker = login.script(town, 'read -r line <&3\ncase $line in ann*) sleep 1000 & '
                           'echo $! $$ > %s; wait;; esac' % mark)
    daemon = login.start(town, checker, "true", timeoutlogin="1")
    with login.door(town) as sock:
        sock.send(login.question("ann", "x"))
        town.until(lambda: os.path.exists(mark) and os.path.getsize(mark), "the program")
        assert login.ask(town, "bob", "x") == "K"
        assert sock.recv(10) == b"Z\0"
    daemon.wait('^authd failed .* user="ann" .* reason="the program is too slow"$')
    for pid in open(mark).read().split():
        town.until(lambda: not os.path.exists("/proc/%s/stat" % pid) or
                   b") Z " in open("/proc/%s/stat" % pid, "rb").read(), "the end of it")


# ---- what is no question

@pytest.mark.parametrize("record", [
    b"", b"\0", b"K\0", b"U\0", b"A1\0Ssmtp\0Uann\0", b"Uann\0Psecret\0A1\0Ssmtp\0",
    login.question("ann", "secret")[:-1], login.question("ann", "secret") + b"x",
    login.question("", "secret"), login.question("a\nb", "secret"),
    login.question("a\x7f", "secret"), login.question("ann", "x", address="1\n2"),
    login.question("ann", "x" * 507), login.question("a" * 510, ""),
    login.question("ann", "x", address="1" * 65), login.question("ann", "x", service="s" * 17),
    login.question("ann", "x" * 5000)], ids=range(17))
def test_no_question(town, record):
    daemon = login.start(town, login.script(town, "exit 0"), "true")
    if record:
        assert login.say(town, record) == ""
    with login.door(town):
        pass
    assert login.ask(town, "a" * 300, "b" * 209) == "K"
    assert login.ask(town, "ann", "\r\n\t") == "K"
    assert len([line for line in daemon.lines if line.startswith("authd ")]) <= 2


def test_names_in_the_log(town):
    daemon = login.start(town, login.script(town, "exit 1"), "true")
    assert login.ask(town, 'a" b\\\xe9', "top secret") == "D"
    daemon.wait(r'^authd refused .* user="a\\x22 b\\x5c\\xe9" service="smtp" ')
    assert "top secret" not in "\n".join(daemon.lines)


def test_who_may_ask(town):
    """Those who serve strangers, and root."""
    login.start(town)
    program = """
import socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.settimeout(20)
door.connect(sys.argv[1])
door.send(%r)
print(door.recv(10))""" % login.question("ann", pop.PASSWORD)
    for user in ("nobody", "alias", "qmails", "qmailr", "qmailq", "qmaill", "qmailt", "qmaild"):
        done = subprocess.run(["/usr/bin/python3", "-c", program, town.place.path("login/door")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              **town.place.as_user(user))
        assert (done.stdout == b"b'K\\x00'\n") == (user == "qmaild"), (user, done)
    assert os.stat(town.place.path("login")).st_mode & 0o777 == 0o750


# ---- how often

def test_a_thousand_guesses(town):
    """Of one client few are checked at all, and others notice nothing."""
    count = town.place.base + "/count"
    checker = login.script(town, 'read -r line <&3\ncase $line in ann*) exit 0;; esac\n'
                           'echo >> %s; exit 1' % count)
    daemon = login.start(town, checker, "true")
    answers = [login.ask(town, "u%d" % n, "x") for n in range(10)]
    assert answers == ["D"] * 10
    for _ in range(33):
        threads, answers = all_at_once(town, 30)
        assert login.ask(town, "ann", "x", address="192.0.2.1") == "K"
        town.until(lambda: len(answers) >= 25, "answers")
    daemon.wait(GAP % (r"u\d+", "too many tries"), count=900)
    with open(count) as source:
        assert len(source.read()) < 60


def test_guesses_of_a_name_from_everywhere(town):
    """Its owner gets in where he was before."""
    checker = login.script(town, 'tr "\\0" : <&3 | grep -qx ann:right::')
    daemon = login.start(town, checker, "true", freelogins="2")
    assert login.ask(town, "ann", "right", address="198.51.100.1") == "K"
    socks = []
    for n in range(20):
        socks.append(login.door(town))
        socks[-1].send(login.question("ann", "x", address="203.0.113.%d" % n))
    daemon.wait('user="ann" service="smtp" reason="too many tries of this name"', count=10)
    assert login.ask(town, "ann", "right", address="198.51.100.1") == "K"
    assert login.ask(town, "ann", "right", address="198.51.100.2") == "L"
    # Which is no reason to shut her out: no line that a filter takes for guessing.
    daemon.wait('client="198.51.100.2" user="ann" .* reason="too many tries of this name"$')
    for sock in socks:
        sock.close()


def test_an_owner_at_a_new_address(town):
    """He stands ahead of those who have guessed his name before, however many wait."""
    seen = town.place.base + "/seen"
    checker = login.script(town, 'tr "\\0" : <&3 | tee -a %s | grep -q :right::' % seen)
    login.start(town, checker, "true", freelogins="1")
    assert [login.ask(town, "ann", "x") for _ in range(3)] == ["D"] * 3
    socks = [login.door(town) for _ in range(8)]
    for sock in socks:
        sock.send(login.question("ann", "wrong"))
    town.until(lambda: len(select.select(socks, [], [], 0)[0]) >= 4, "those who are sent away")
    assert login.ask(town, "ann", "right", address="198.51.100.2") == "K"
    with open(seen) as source:
        assert source.read().count("wrong") <= 1
    for sock in socks:
        sock.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_who_is_known_after_a_restart(town, how):
    """From where he was right he gets in, whoever guesses elsewhere."""
    known = town.place.path("login/known")
    checker = login.script(town, 'tr "\\0" : <&3 | grep -q :right::')
    daemon = login.start(town, checker, "true", freelogins="1")
    assert login.ask(town, "ann", "right", address="198.51.100.1") == "K"
    if how == signal.SIGKILL:
        town.until(lambda: os.path.exists(known), "the file", 30)
    os.kill(daemon.pid, how)
    town.until(lambda: daemon.has_ended, "its end")
    assert os.stat(known).st_mode & 0o777 == 0o600
    daemon = login.start(town, checker, "true")
    socks = [login.door(town) for _ in range(20)]
    for n, sock in enumerate(socks):
        sock.send(login.question("ann", "x", address="203.0.113.%d" % n))
    daemon.wait('user="ann" service="smtp" reason="too many tries of this name"', count=10)
    assert login.ask(town, "ann", "right", address="198.51.100.1") == "K"
    assert login.ask(town, "ann", "right", address="198.51.100.2") == "L"
    for sock in socks:
        sock.close()


def test_a_strange_file_of_who_is_known(town):
    """No reason not to serve; and the next one is whole."""
    known = town.place.path("login/known")
    os.makedirs(known)
    daemon = login.start(town)
    daemon.wait("^qmail-authd: .*login/known")
    assert login.ask(town) == "K"
    os.rmdir(known)
    daemon.stop()
    with open(known) as source:
        assert len(source.read().splitlines()) == 2


def test_four_wait(town):
    """Where it was guessed before; the others are told at once."""
    login.start(town, login.script(town, "exit 1"), "true", freelogins="1")
    assert [login.ask(town, "ann", "x") for _ in range(2)] == ["D"] * 2
    socks = [login.door(town) for _ in range(8)]
    for sock in socks:
        sock.send(login.question("ann", "x"))
    town.until(lambda: len(select.select(socks, [], [], 0)[0]) >= 4, "answers")
    answers = [sock.recv(10) for sock in select.select(socks, [], [], 0)[0]]
    assert answers.count(b"L\0") >= 4 and len(answers) < 8, answers
    for sock in socks:
        sock.close()


def test_owners_who_are_wrong(town):
    """They wait for themselves alone, but who is new at their address waits for them."""
    checker = login.script(town, 'tr "\\0" : <&3 | grep -q :right::')
    daemon = login.start(town, checker, "true", freelogins="1")
    for password, answer in (("right", "K"), ("wrong", "D")):
        assert [login.ask(town, "u%d" % n, password) for n in range(12)] == [answer] * 12
    assert login.ask(town, "u1", "right") == "K"
    assert login.ask(town, "new", "right") == "L"
    daemon.wait(GAP % ("new", "too many tries"))
    assert login.ask(town, "new", "right", address="192.0.2.1") == "K"


def test_no_limit(town):
    login.start(town, login.script(town, "exit 1"), "true", freelogins="0")
    threads, answers = all_at_once(town, 60, name="ann")
    for thread in threads:
        thread.join(60)
    assert answers == ["D"] * 60


def test_new_limits_without_a_restart(town):
    daemon = login.start(town, login.script(town, "exit 1"), "true", freelogins="1")
    for number in range(2):
        assert login.ask(town, "ann", "x") == "D"
    login.set_controls(town, freelogins="0")
    os.kill(daemon.pid, signal.SIGHUP)

    def is_quick():
        start = time.monotonic()
        return [login.ask(town, "ann", "x") for _ in range(4)] == ["D"] * 4 and \
            time.monotonic() - start < 1
    town.until(is_quick, "the new limit")


def test_checks_at_once(town):
    """One address has half of the places, and who waits has his turn."""
    mark = town.place.base + "/running"
    os.mkdir(mark)
    checker = login.script(town, 'touch %s/$$; while [ ! -e %s ]; do sleep 0.05; done'
                           % (mark, mark + ".go"))
    login.start(town, checker, "true", concurrencylogin="4", freelogins="0")
    socks = []
    for address in ("192.0.2.1",) * 5 + ("192.0.2.2",) * 5 + ("192.0.2.3",) * 5:
        socks.append(login.door(town))
        socks[-1].send(login.question("ann", "x", address=address))
        if len(socks) == 5:
            town.until(lambda: len(os.listdir(mark)) == 2, "two checks")
    town.until(lambda: len(os.listdir(mark)) == 4, "four checks")
    with login.door(town, timeout=1) as sock, pytest.raises(TimeoutError):
        sock.send(login.question("ann", "x", address="192.0.2.4"))
        sock.recv(10)
    assert len(os.listdir(mark)) == 4
    with open(mark + ".go", "w"):
        pass
    assert [sock.recv(10) for sock in socks] == [b"K\0"] * 15
    assert len(os.listdir(mark)) == 15


def test_who_leaves(town):
    """Who does not wait for the answer guesses no faster: few are checked at all."""
    count = town.place.base + "/checks"
    checker = login.script(town, "echo >> %s; exit 1" % count)
    daemon = login.start(town, checker, "true", freelogins="1")
    for n in range(40):
        with login.door(town) as sock:
            sock.send(login.question("ann", "x%d" % n))
    assert login.ask(town) in ("L", "D")
    daemon.wait(GAP % ("ann", "wrong name or password"))
    with open(count) as source:
        assert len(source.read()) < 6


@pytest.fixture
def held(town):
    """Checks that find all right, when they are let go on."""
    mark = town.place.base + "/go"
    checker = login.script(town, "while [ ! -e %s ]; do sleep 0.02; done" % mark)
    socks = []

    def ask(count):
        for n in range(len(socks), len(socks) + count):
            socks.append(login.door(town))
            socks[-1].send(login.question("u%d" % n, "x"))
        return socks
    ask.checker, ask.go = checker, lambda: town.place.write(mark, "")
    yield ask
    for sock in socks:
        sock.close()
    os.unlink(mark)


def test_an_office_in_the_morning(town, held):
    """Right passwords that come at once, from one address, are all taken, and leave nothing."""
    daemon = login.start(town, held.checker, "true", concurrencylogin="40")
    socks = held(60)
    town.until(lambda: len(process.session_members(daemon.pid)) > 10, "the first of them")
    held.go()
    assert [sock.recv(10) for sock in socks] == [b"K\0"] * 60
    assert [login.ask(town, "v%d" % n, "x") for n in range(20)] == ["K"] * 20
    assert not [line for line in daemon.lines if "refused" in line or "failed" in line]


def test_too_many_wait(town, held):
    """Of one address, for what may still be right: they are to come later."""
    daemon = login.start(town, held.checker, "true", freelogins="1")
    socks = held(130)
    daemon.wait(r'^authd failed .* reason="too many tries at once"$', count=20)
    held.go()
    answers = [sock.recv(10) for sock in socks]
    assert set(answers[:100]) == {b"K\0"} and set(answers[120:]) == {b"Z\0"}, answers


def test_many_connections(town):
    """Who says nothing is sent away when it is too many, or too long."""
    login.start(town, login.script(town, "exit 0"), "true")
    idle = [login.door(town) for _ in range(450)]
    with login.door(town) as sock:
        sock.send(login.question("ann", "x"))
        assert sock.recv(10) == b"K\0"
    assert idle[0].recv(10) == b""
    for sock in idle:
        sock.close()


def test_no_password_stays(town):
    """Whatever the answer was, and whoever left before there was one."""
    checker = login.script(town, "exit 1")
    daemon = login.start(town, checker, "true", freelogins="1")
    secret = "the-%s-secret"
    assert login.ask(town, "ann", secret % "wrong") == "D"
    assert login.ask(town, "ann", secret % "other") == "D"
    with login.door(town) as sock:
        sock.send(login.question("ann", secret % "waiting"))
        town.until(lambda: b"the-waiting-" in process.memory_of(daemon.pid), "the question")
    for n in range(40):
        with login.door(town) as sock:
            sock.send(login.question("ann", secret % "leaving"))
    assert login.ask(town, "ann", secret % "last") in ("L", "D")
    socks = [login.door(town) for _ in range(5)]
    for sock in socks:
        sock.send(login.question("bob", secret % "bob", address="192.0.2.3"))
    assert socks[0].recv(10) == b"D\0"
    for sock in socks:
        sock.close()
    town.until(lambda: not re.search(rb"the-\w+-secret", process.memory_of(daemon.pid)),
               "the end of the passwords")


# ---- its end

def test_the_end(town):
    daemon = login.start(town, login.script(town, "sleep 1000"), "true")
    with login.door(town) as sock:
        sock.send(login.question("ann", "x"))
        town.until(lambda: len(process.session_members(daemon.pid)) > 1, "the check")
        os.kill(daemon.pid, signal.SIGTERM)
        assert daemon.process.wait(10) == 0
        assert sock.recv(10) == b""


def test_arguments(town):
    done = subprocess.run([town.place.program("qmail-authd")], stderr=subprocess.PIPE)
    assert done.returncode == 100 and done.stderr.startswith(b"usage: ")


# ---- tries that others check

def test_tries_of_others(town):
    """They wait in the same line, and count until they are told to be right."""
    checker = login.script(town, 'tr "\\0" : <&3 | grep -q :right::')
    login.start(town, checker, "true", freelogins="2")
    for letter in "K" * 9 + "Z" * 9:
        assert login.say(town, login.event("ann", "B")) == "K"
        assert login.say(town, login.event("ann", letter)) == "K"
    socks = []
    for _ in range(20):
        socks.append(login.door(town))
        socks[-1].send(login.event("bob", "B"))
    town.until(lambda: login.say(town, login.event("bob", "B")) == "L", "too many")
    # Somebody still waits for his turn.
    assert len(select.select(socks, [], [], 0)[0]) < len(socks)
    assert login.ask(town, "bob", "right") == "L"
    assert login.ask(town, "ann", "right", address="192.0.2.77") == "K"
    for sock in socks:
        sock.close()


def test_right_tries_at_once(town):
    """As long as nobody has told that one was wrong, the others are to come later."""
    daemon = login.start(town, login.script(town, "exit 1"), "true", freelogins="1")
    socks = [login.door(town) for _ in range(20)]
    for n, sock in enumerate(socks):
        sock.send(login.event("u%d" % n, "B"))
    daemon.wait(r'^authd failed .* service="pop3" reason="too many tries at once"$', count=10)
    assert not [line for line in daemon.lines if "refused" in line]
    for sock in socks:
        sock.close()
    # Not so when one has failed for certain.
    assert login.say(town, login.event("new", "B", address="192.0.2.1")) == "K"
    assert [login.ask(town, "v%d" % n, "x", address="192.0.2.1") for n in range(3)] == ["D"] * 3
    socks = [login.door(town) for _ in range(8)]
    for n, sock in enumerate(socks):
        sock.send(login.event("w%d" % n, "B", address="192.0.2.1"))
    daemon.wait('client="192.0.2.1" .* service="pop3" reason="too many tries"$', count=4)
    for sock in socks:
        sock.close()


@pytest.mark.parametrize("record", [
    login.event("", "B"), login.event("ann", ""), login.event("ann", "D"), login.event("ann", "BB"),
    login.event("a\nb", "B"), login.event("ann", "B", address="1" * 65), login.event("ann", "B")[:-1],
    login.event("ann", "B") + b"x"], ids=range(8))
def test_no_word_of_a_try(town, record):
    login.start(town)
    assert login.say(town, record) == ""


def test_who_may_tell_of_tries(town):
    """Root alone: who hears strangers must not take back what they guess."""
    login.start(town)
    assert login.say(town, login.event("ann", "K")) == "K"
    program = """
import socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.settimeout(20)
door.connect(sys.argv[1])
door.send(%r)
try:
    print(door.recv(10))
except ConnectionResetError:
    print(b"")"""
    for letter in "BKZ":
        done = subprocess.run(
            ["/usr/bin/python3", "-c", program % login.event("ann", letter), town.place.path("login/door")],
            stdout=subprocess.PIPE, **town.place.as_user("qmaild"))
        assert done.stdout == b"b''\n", done


# ---- fail2ban

def test_fail2ban(town):
    peer = os.path.join(unpacked.PEERS, "fail2ban")
    if not os.path.isdir(peer):
        pytest.skip("there is no fail2ban")
    daemon = login.start(town)
    pop.serve(town)
    assert login.ask(town, "ann", 'x', address="2001:db8::1") == "D"
    for name in ("ann", 'an" client="192.0.2.66" user="n', 'x" service="s" reason="too many tries'):
        assert login.ask(town, name, "x") == "D"
    assert login.ask(town) == "K"
    daemon.wait("^authd accepted ")
    lines = [line for line in daemon.lines if line.startswith("authd ")]
    assert len(lines) == 5
    lines.append(lines[0].replace("2001:db8::1", "192.0.2.7").replace("wrong name or password",
                                                                    "too many tries of this name"))
    lines.append('qmail-popup: refused client=192.0.2.5 code=1 user="ann"')
    log = town.place.base + "/log"
    with open(log, "w") as out:
        out.write("".join("@400000006a1c0000%08x %s\n" % (n, line)
                          for n, line in enumerate(lines)))
    done = subprocess.run(
        ["/usr/bin/python3", peer + "/usr/bin/fail2ban-regex", "-c", peer + "/etc/fail2ban", "-v",
         log, os.path.join(build.TOP, "src/install/fail2ban/angarium.conf")],
        env={**os.environ, "PYTHONPATH": peer + "/usr/lib/python3/dist-packages"},
        stdout=subprocess.PIPE, text=True)
    found = re.findall(r"^\|\s+([0-9a-f.:]+)  \w", done.stdout, re.M)
    assert sorted(found) == ["192.0.2.5", "192.0.2.9", "192.0.2.9", "192.0.2.9", "2001:db8::1"], \
        done.stdout
