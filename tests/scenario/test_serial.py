"""Mail that waits in a Maildir: maildirserial and its clients, with a client
that does strange things, and with a server that does not."""

import os
import re
import socket
import subprocess
import time

import pytest

from support import build, process

MESSAGE = "Return-Path: <s@there.example>\nDelivered-To: %s\nSubject: %s\n\nhello\n"


class Maildir:
    def __init__(self, town):
        self.town, self.path = town, town.home("ann") + "/line"
        town.run_as("ann", [town.place.program("maildirmake"), self.path])

    def put(self, name, recipient="line-joe@far.example", text=None, age=10):
        path = "%s/new/%s" % (self.path, name)
        self.town.place.write(path, MESSAGE % (recipient, name) if text is None else text)
        os.chown(path, 7001, 7001)
        os.utime(path, (time.time() - age, time.time() - age))

    def names(self):
        return sorted(os.listdir(self.path + "/new"))

    def send(self, *client, options=(), **more):
        return self.town.run_as("ann", [self.town.place.program("maildirserial"), *options,
                                        "line", "line-", *client], check=False, **more)


@pytest.fixture
def maildir(town):
    return Maildir(town)


def test_to_a_server(town, maildir, needs):
    """Through tcpclient and serialsmtp to qmail-smtpd."""
    needs("tcpclient")
    town.open()
    town.serve_smtp()
    for name in "ab":
        maildir.put(name, "line-bob@here.example")
    maildir.put("c", "other-bob@here.example")
    maildir.put("d", "line-no-one@here.example")
    done = town.run_as("ann", [town.place.program("maildirsmtp"), "line", "line-", "127.0.0.1",
                               "line.example"], check=False)
    assert maildir.names() == ["c"], done.stdout
    assert done.returncode == 0
    for name in "ab":
        town.letter("bob", "Subject: %s\n" % name, "(HELO line.example)")
    assert b"was refused, and bounced: 550 5.1.1" in done.stdout


def test_what_the_page_collects(town):
    """What would never be offered is refused, not kept for ever."""
    page = build.read("man/maildirsmtp.1")
    lines = re.search(r"(?s)<<'END'\n(.*?)END\n", page)[1].replace(r"\&", "")
    subprocess.run([town.place.program("maildirmake"), "dial"], cwd=town.place.path("alias"),
                   user=town.place.ids("alias")[0], check=True)
    town.rules("alias", "-dial-default", *lines.splitlines())
    town.place.write(town.place.path("control/virtualdomains"),
                     re.search(r"\.Dl (\S+:\S+)", page)[1] + "\n")
    town.open()
    for address in ("joe@Dial.Example.net", "dial-ann@here.example"):
        assert town.queue(b"Fbob@here.example\0T%s\0\0" % address.encode(), "\nhello\n") == 0
    assert "No such address." in town.letter("bob", "dial-ann@here.example")
    town.until(lambda: town.mail("alias", "dial"), "the message")
    (letter,) = town.mail("alias", "dial")
    assert "Delivered-To: alias-dial-joe@" in str(letter)


def test_a_client_cannot_name_other_files(maildir):
    """Nor can it be started again without end by doing so."""
    maildir.put("a")
    maildir.put("b", "other@far.example")
    done = maildir.send("sh", "-c", r"cat >/dev/null; printf 'new/b\0K\n../../.qmail\0K\n\0K\nnew/'")
    assert done.returncode == 111 and maildir.names() == ["a", "b"]
    assert b"messages that stay: 1" in done.stdout


def test_many_names_and_long_results(maildir):
    """Neither side waits for the other to read."""
    for n in range(2000):
        maildir.put("%04d.%s" % (n, "x" * 80))
    done = maildir.send("sh", "-c", "tr '\\0' '\\n' | while read name; do "
                        "printf '%s\\0K%0900d\\n' $name 0; done")
    assert done.returncode == 0 and maildir.names() == []


def test_what_came_while_a_clock_was_wrong(maildir):
    """It is not left until that time has come."""
    maildir.put("a", age=-100000)
    maildir.put("b", age=-30)
    done = maildir.send("sh", "-c", r"tr '\0' '\n' | while read n; do printf '%s\0Kok\n' $n; done")
    assert done.returncode == 0 and maildir.names() == ["b"]


def test_a_name_that_no_result_can_have(maildir):
    """A result ends with its line: the message would be sent without end."""
    maildir.put("a\nb")
    maildir.put("c")
    done = maildir.send("sh", "-c", r"tr '\0' '\n' | tee -a names | while read n; do "
                        r"printf '%s\0Kok\n' $n; done")
    assert maildir.names() == ["a\nb"] and done.returncode == 111 and b"stay: 1" in done.stdout
    with open(maildir.path + "/names") as source:
        assert source.read() == "new/c\n"


def test_an_endless_result(maildir):
    maildir.put("a")
    done = maildir.send("sh", "-c", "cat >/dev/null; yes | tr -d '\\n'")
    assert done.returncode == 111 and maildir.names() == ["a"]


@pytest.mark.parametrize("text", ["", "x", "Return-Path: <a@b", "Return-Path: <a@b>\n",
                                  "Return-Path: <\"a@b>\nDelivered-To: line-x\n",
                                  "Return-Path: <a@b>\nDelivered-To: %s\n" % ("x" * 5000)])
def test_what_is_no_message(maildir, text):
    """It is passed over, and the client is not run."""
    maildir.put("a", text=text)
    done = maildir.send("touch", "ran")
    assert done.returncode == 0 and not os.path.exists(maildir.path + "/ran")


def test_removal_fails(town, maildir):
    """What was sent and cannot be removed is told, and not sent twice."""
    maildir.put("a")
    os.chmod(maildir.path + "/new", 0o555)
    os.chown(maildir.path + "/new", 0, 0)
    done = maildir.send("sh", "-c", r"echo x >> ../runs; tr '\0' '\n' | while read n; do "
                        r"printf '%s\0Kok\n' $n; done")
    assert done.returncode == 111 and b"cannot be removed" in done.stdout
    with open(town.home("ann") + "/runs") as source:
        assert source.read() == "x\n"


def test_lock_is_held_by_what_is_left_behind(town):
    """As long as somebody has it open."""
    setlock = town.place.program("setlock")
    town.run_as("ann", [setlock, "lock", "sh", "-c", "exec sleep 1000 >/dev/null 2>&1 & echo $! >pid"])
    done = town.run_as("ann", [setlock, "-n", "lock", "true"], check=False)
    assert done.returncode == 111
    with open(town.home("ann") + "/pid") as source:
        os.kill(int(source.read()), 9)
    process.until(lambda: town.run_as("ann", [setlock, "-n", "lock", "true"],
                                      check=False).returncode == 0, "the lock to be free")


@pytest.mark.parametrize("reply", [b"", b"x", b":Kok,", b"0:,", b"3:Kok;", b"3:kok,", b"9999999:K",
                                   b"5001:K" + b"k" * 5000, b"-3:Kok,"])
def test_replies_that_are_no_qmtp(town, reply):
    """No result, and an end."""
    place = town.place
    path = town.home("ann") + "/message"
    place.write(path, MESSAGE % ("line-joe@far.example", "x"))
    theirs, ours = os.pipe()
    os.write(ours, reply)
    os.close(ours)
    sink = os.open("/dev/null", os.O_WRONLY)

    def connect():
        os.dup2(theirs, 6)
        os.dup2(sink, 7)
    done = subprocess.run([place.program("serialqmtp"), "line-"], input=path.encode() + b"\0",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=connect,
                          pass_fds=(6, 7), timeout=30)
    os.close(theirs)
    os.close(sink)
    assert done.returncode == 111 and done.stdout == b"" and done.stderr


# ---- servers that say something else

def converse(town, program, *script, text="x", message=None, strace=(), answered=None,
             more=b""):
    """What the client tells of one message, to a server that says each answer
    of the script when it has heard the words before it; the list answered gets
    those words.  More: names of further messages."""
    place = town.place
    path = town.home("ann") + "/message"
    place.write(path, message or MESSAGE % ("line-joe@far.example", text))
    ours, theirs = socket.socketpair()
    ours.settimeout(30)

    def connect():
        os.dup2(theirs.fileno(), 6)
        os.dup2(theirs.fileno(), 7)
    client = subprocess.Popen([*strace, *[place.program(program), "line-", "me.example"][:2 + (
        program == "serialsmtp")]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=connect, close_fds=False)
    theirs.close()
    try:
        client.stdin.write(path.encode() + b"\0" + more)
        client.stdin.close()
    except BrokenPipeError:
        pass  # it has ended; its words tell
    heard = b""
    for words, answer in script:
        while words not in heard:
            if not (data := ours.recv(65536)):
                break
            heard += data
        if answered is not None and words in heard:
            answered.append(words)
        heard = heard[heard.find(words) + len(words):]
        try:
            ours.sendall(answer)
        except OSError:
            break  # it has gone
    ours.shutdown(socket.SHUT_WR)
    try:
        while ours.recv(65536):
            pass
    except ConnectionResetError:
        pass
    told = client.stdout.read()
    assert client.wait(30) in (0, 111)
    ours.close()
    return told.replace(path.encode(), b"NAME"), client.stderr.read(), client.returncode


HELLO = [(b"", b"220 far.example\r\n"), (b"EHLO", b"250 far.example\r\n")]
ENVELOPE = [(b"MAIL", b"250 ok\r\n"), (b"RCPT", b"250 ok\r\n")]


@pytest.mark.parametrize("script", [
    # Neither an answer nor the right one.
    [*ENVELOPE, (b"DATA", b"354 go\r\n"), (b"\r\n.\r\n", b"354 go\r\n")],
    [*ENVELOPE, (b"DATA", b"354 go\r\n"), (b"\r\n.\r\n", b"300 yes\r\n")],
    [(b"MAIL", b"354 go\r\n")],
    [(b"MAIL", b"250 ok\r\n"), (b"RCPT", b"300 yes\r\n")],
    # Before it has the message.
    [*ENVELOPE, (b"DATA", b"354 go\r\n250 got it\r\n")],
    [*ENVELOPE, (b"DATA", b"250 got it\r\n250 got it\r\n")],
], ids=repr)
def test_replies_that_do_not_accept(town, script):
    """The message is not sent: it must not be told so."""
    told, complaint, code = converse(town, "serialsmtp", *HELLO, *script,
                                     text="x" * 3000000)
    assert (told, code) == (b"", 111) and complaint


@pytest.mark.parametrize("reply, letter", [(b"552 5.3.4 too large\r\n", b"D"),
                                           (b"452 4.3.1 full\r\n", b"Z")])
def test_refused_in_the_middle(town, reply, letter):
    """What the server says then counts, and the rest is not sent."""
    told, _, code = converse(town, "serialsmtp", *HELLO, *ENVELOPE,
                             (b"DATA", b"354 go\r\n" + reply), text="x" * 3000000)
    assert told == b"NAME\0" + letter + reply.replace(b"\r\n", b" \n") and code == 111


@pytest.mark.parametrize("old, new, code", [
    ("joe@far.example", "joe\rRCPT TO:<eve@far.example>\r@far.example", b"#5.1.3"),
    ("joe@far.example", "joe@far.example> NOTIFY=NEVER X<", b"#5.1.3"),
    ("joe@far.example", "joe@far.example\r", b"#5.1.3"),
    ("s@there.example", "\"s\r\"@there.example", b"#5.1.7"),
    ("s@there.example", "s@there.example> RET=FULL X<", b"#5.1.7"),
], ids=repr)
def test_addresses_that_would_end_a_command(town, old, new, code):
    """The server hears nothing of them."""
    message = (MESSAGE % ("line-joe@far.example", "x")).replace(old, new)
    told, _, _ = converse(town, "serialsmtp", *HELLO, (b"QUIT", b"221 bye\r\n"), message=message)
    assert told.startswith(b"NAME\0D") and code in told


@pytest.mark.parametrize("text", ["", "x", "x\n", "x\ny\n", "x" * 5000 + "\ny\n"],
                         ids=["none", "part", "line", "lines", "long"])
@pytest.mark.parametrize("program", ["serialqmtp", "serialsmtp"])
def test_any_text_without_a_recipient(town, program, text):
    """With an empty prefix it goes as it is, however its first line ends."""
    path, taken = town.home("ann") + "/message", town.home("ann") + "/taken"
    town.place.write(path, "Return-Path: <a@b>\n" + text)
    town.place.write(town.home("ann") + "/replies",
                     "220 x\n250 x\n250 x\n250 x\n354 x\n250 x\n221 x\n"
                     if program == "serialsmtp" else "2:Kx,")
    done = town.run_as("ann", ["sh", "-c", 'exec "$0" "$@" 6<replies 7>&1 >results',
                               town.place.program(program), ""] + ["me"] * (program != "serialqmtp"),
                       path + "\0")
    with open(town.home("ann") + "/results", "rb") as results:
        assert results.read().startswith(path.encode() + b"\0K")
    body = ("\n" + text).encode()
    if program == "serialqmtp":
        assert done.stdout == b"%d:%s,3:a@b,3:0:,," % (len(body), body)
    else:
        lines = body[1:].replace(b"\n", b"\r\n")
        lines += b"\r\n" if lines and not lines.endswith(b"\n") else b""
        assert b"\r\nDATA\r\n%s.\r\nQUIT\r\n" % lines in done.stdout


@pytest.mark.parametrize("words", [b"", b"line 1\n"])
def test_qmtp_answers_that_come_too_early(town, words):
    told, complaint, code = converse(town, "serialqmtp", (words, b"6:Kgot i,"),
                                     text="line 1\n" + "x" * 3000000)
    assert (told, code) == (b"", 111) and complaint


@pytest.mark.parametrize("program, end, script", [
    ("serialsmtp", b"\r\n.\r\n", [*HELLO, *ENVELOPE, (b"DATA", b"354 go\r\n"), (
        b"\r\n.\r\n", b"250-%s\r\n" % (b"x" * 1500) * 3 + b"250 ok\r\n")]),
    ("serialqmtp", b":joe@far.example,,", [(b":joe@far.example,,", b"4900:K%s," % (b"x" * 4899))]),
], ids=["serialsmtp", "serialqmtp"])
def test_out_of_memory(town, program, end, script):
    """When the server has the message it is told that it was sent."""
    for nth in range(1, 100):
        answered = []
        told, complaint, _ = converse(
            town, program, *script, answered=answered,
            strace=["strace", "-qq", "-o", "/dev/null", "-e", "trace=mmap,brk",
                    "-e", "inject=mmap:error=ENOMEM:when=%d+" % nth])
        assert told.startswith(b"NAME\0K") == (end in answered), (nth, told, complaint)
        if b"memory" not in complaint:
            break
    assert 1 < nth < 99


@pytest.mark.parametrize("program, script", [
    ("serialsmtp", [*HELLO, *ENVELOPE, (b"DATA", b"354 go\r\n"), (b"\r\n.\r\n", b"250 ok\r\n")]),
    ("serialqmtp", [(b":joe@far.example,,", b"3:Kok,")]),
], ids=["serialsmtp", "serialqmtp"])
def test_next_message_has_gone(town, program, script):
    """What the server says of the one before counts."""
    told, complaint, code = converse(town, program, *script, more=b"new/gone\0")
    assert told.startswith(b"NAME\0K") and code == 111 and b"opened" in complaint


@pytest.mark.parametrize("words", [b"3:Kok,", b"3:Dno,"])
def test_connection_breaks_within_the_next_message(town, words):
    """What the server has said of the one before counts."""
    def at(name):
        return town.home("ann") + "/" + name
    town.place.write(at("small"), MESSAGE % ("line-joe@far.example", "x"))
    town.place.write(at("large"), MESSAGE % ("line-joe@far.example", "x" * 3000000))
    ours, theirs = socket.socketpair()
    ours.settimeout(30)

    def connect():
        os.dup2(theirs.fileno(), 6)
        os.dup2(theirs.fileno(), 7)
    client = subprocess.Popen([town.place.program("serialqmtp"), "line-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, preexec_fn=connect, close_fds=False)
    theirs.close()
    client.stdin.write(("%s\0%s\0" % (at("small"), at("large"))).encode())
    client.stdin.close()
    heard = b""
    while b":joe@far.example,," not in heard:
        heard += ours.recv(65536)
    ours.sendall(words)
    ours.close()
    told, complaint = client.stdout.read(), client.stderr.read()
    assert client.wait(30) == 111 and b"broke" in complaint
    assert told == at("small").encode() + b"\0" + words[2:-1] + b"\n"
