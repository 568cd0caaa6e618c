"""qmail-filters: what control/queuefilters has done with a message before it is queued."""

import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import threading

import pytest

from support import build, faults, kernel, process, unpacked

LETTER = "Subject: a letter\n\nhello\n"
ENVELOPE = process.envelope("joe@there.example", "ann@here.example")


class Filters:
    def __init__(self, town):
        self.town, self.place = town, town.place
        self.place.control(me="here.example\n", rcpthosts="here.example\n", locals="here.example\n")
        self.lines = []

    def add(self, classes, script, *words):
        """A filter, as a shell script, for these classes."""
        path = "%s/filter%d" % (self.place.base, len(self.lines))
        with open(path, "w") as out:
            out.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)
        self.lines.append("%s: %s\n" % (classes, " ".join((path, *words))))
        self.put("".join(self.lines))

    def put(self, text):
        self.place.write(self.place.path("control/queuefilters"), text)

    def offer(self, message=LETTER, envelope=ENVELOPE, code=0, user="qmaild", **environment):
        """What is said on descriptor 6, but for who has queued it; and on descriptor 2."""
        text, address, remark = os.pipe(), os.pipe(), os.pipe()
        child = subprocess.Popen(
            ["/bin/bash", "-c", 'exec "$0" 6>&%d' % remark[1], self.place.program("qmail-filters")],
            stdin=text[0], stdout=address[0], stderr=subprocess.PIPE, pass_fds=[remark[1]], cwd="/",
            env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.1", **environment}, **self.place.as_user(user))
        for end in text[0], address[0], remark[1]:
            os.close(end)
        for end, data in (text[1], message.encode()), (address[1], envelope):
            try:
                while data:
                    data = data[os.write(end, data):]
            except BrokenPipeError:
                pass
            os.close(end)
        with os.fdopen(remark[0]) as said:
            words = said.read()
        trouble = child.stderr.read().decode()
        assert child.wait(60) == code, trouble
        return process.without_qp(code, words), trouble

    def queued(self):
        """[(message behind its first field, envelope behind the process)], and takes them away."""
        found, files = [], self.place.queue_files()
        for number in sorted(files["mess"]):
            with open(files["mess"][number]) as mess, open(files["intd"][number], "rb") as intd:
                found.append((mess.read().split("\n", 1)[1], intd.read().split(b"\0", 2)[2]))
        for kind in files:
            for path in files[kind].values():
                os.unlink(path)
        return found


@pytest.fixture
def filters(town):
    yield Filters(town)
    assert os.listdir(town.place.path("spool")) == []


def test_none(filters):
    """Without the file the message goes as it is."""
    assert filters.offer() == ("", "")
    assert filters.queued() == [(LETTER, ENVELOPE)]


def test_in_order(filters):
    filters.add("outside", "echo X-One: $FILTERCLASS; cat\n")
    filters.add("outside,relay", "cat > /dev/null\n")  # it only looks
    filters.add("outside", 'echo "X-Two: $*"; cat\n', "a", "b")
    assert filters.offer() == ("", "")
    assert filters.queued() == [("X-Two: a b\nX-One: outside\n" + LETTER, ENVELOPE)]


@pytest.mark.parametrize("environment, name", [
    ({}, "outside"), ({"RELAYCLIENT": ""}, "relay"), ({"RELAYCLIENT": "", "SMTPAUTHUSER": "ann"}, "login"),
    ({"TCPREMOTEIP": ""}, "outside")])
def test_classes(filters, environment, name):
    for each in "outside", "relay", "login", "local":
        filters.add(each, "echo X-Class: %s; cat\n" % each)
    filters.offer(**environment)
    assert filters.queued() == [("X-Class: %s\n" % name + LETTER, ENVELOPE)]


def test_envelopes(filters):
    """Read, changed; what the sender asked for is kept."""
    filters.add("outside", "tr '\\0' '|' <&3 | { echo \"X-Envelope: $(cat)\"; cat; } ; cat <&0 >&2\n")
    filters.add("outside", "printf 'Fjim@there.example\\0Tbob@here.example\\0Tann@here.example\\0\\0' >&4\n")
    envelope = b"Fjoe@there.example\0ERET=HDRS\0RNOTIFY=NEVER\0Tann@here.example\0\0"
    filters.offer(envelope=envelope)
    (message, queued), = filters.queued()
    assert message.startswith("X-Envelope: Fjoe@there.example|ERET=HDRS|RNOTIFY=NEVER|Tann@here.example||\n")
    assert queued == b"Fjim@there.example\0ERET=HDRS\0Tbob@here.example\0Tann@here.example\0\0"


@pytest.mark.parametrize("script, code, said, trouble", [
    ("exit 31", 31, "", ""), ("exit 100", 31, "", ""), ("exit 111", 71, "", "it ended with 111"),
    ("exit 1", 71, "", "it ended with 1"), ("kill -9 $$", 71, "", "it crashed"),
    ("cat; exit 81", 71, "", "it ended with 81"),
    ("echo 'Dno spam here (#5.7.1)' >&6; exit 82", 82, "Dno spam here (#5.7.1)", ""),
    ("printf 'Zlater' >&6; exit 82", 82, "Zlater", ""), ("echo >&6; exit 82", 82, "", ""),
    ("echo x >&4", 71, "", "no envelope"), ("printf 'Fa\\0' >&4", 71, "", "no envelope"),
    ("exit 99", 0, "", "discarded")])
def test_ends(filters, script, code, said, trouble):
    """Nothing is queued, and who hands it over is told."""
    filters.add("outside", "cat\n")
    filters.add("outside", script + "\n")
    filters.add("outside", "cat\n")
    words, told = filters.offer(code=code)
    assert words == said and trouble in told and bool(told) == bool(trouble)
    assert filters.queued() == []


def test_a_full_disk(filters):
    """Which the filter does not notice, or does not tell."""
    if not filters.place.is_root:
        pytest.skip("needs root")
    path = filters.place.path("spool")
    mode = os.stat(path)
    filters.add("outside", "cat 2>/dev/null; exit 0\n")
    filters.add("outside", "cat; for i in 1 2 3; do cat /dev/zero | head -c $1 2>/dev/null; done; exit 0\n", "$GROWS")
    letter = LETTER + "a line\n" * 20000
    kernel.mount("none", path, "tmpfs", 0, "size=1m,mode=700,uid=%d,gid=%d" % (mode.st_uid, mode.st_gid))
    try:
        filters.put("".join(filters.lines).replace("$GROWS", "0"))
        filters.offer(letter)
        assert filters.queued() == [(letter, ENVELOPE)]
        assert "No space" in filters.offer(letter * 3, code=53)[1]
        filters.put("".join(filters.lines).replace("$GROWS", "300000"))
        assert "No space" in filters.offer(letter, code=53)[1]
        assert filters.queued() == []
    finally:
        kernel.unmount(path)


def test_closed_descriptors(filters):
    """Nothing that a filter says gets into the letter."""
    filters.add("outside", "cat > /dev/null; echo oh >&2\n")
    for name, data in ("message", LETTER.encode()), ("envelope", ENVELOPE):
        with open("%s/%s" % (filters.place.base, name), "wb") as out:
            out.write(data)
    subprocess.run(["/bin/sh", "-c", 'cd "$1" && exec "$0" < message 1< envelope 2>&-',
                    filters.place.program("qmail-filters"), filters.place.base],
                   env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.1"}, check=True, **filters.place.as_user("qmaild"))
    assert filters.queued() == [(LETTER, ENVELOPE)]


def test_no_such_program(filters):
    filters.put("outside: /no/such\n")
    assert "/no/such" in filters.offer(code=71)[1]
    assert filters.queued() == []


def has_ended(pid):
    try:
        with open("/proc/%d/stat" % pid) as source:
            return source.read().split()[2] == "Z"
    except OSError:
        return True


def test_time(filters):
    """One limit for all of them, and their children."""
    filters.place.write(filters.place.path("control/filtertimeout"), "1\n")
    filters.add("outside", "cat\n")
    filters.add("outside", "sleep 1000 & echo $! > %s; wait\n" % (filters.place.base + "/sleeper"))
    with open(filters.place.base + "/sleeper", "w"):
        pass
    os.chmod(filters.place.base + "/sleeper", 0o666)
    assert "filtertimeout" in filters.offer(code=71)[1]
    assert filters.queued() == []
    with open(filters.place.base + "/sleeper") as source:
        pid = int(source.read())
    process.until(lambda: has_ended(pid), "the sleeper to end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_ends_it_ends_the_filter(filters, number):
    """And its children; the message is to come again."""
    pids = filters.place.base + "/pids"
    filters.place.write(pids, "", mode=0o666)
    filters.add("outside", "sleep 60 2>/dev/null & echo $PPID $$ $! > %s; wait\n" % pids)

    def end():
        process.until(lambda: open(pids).read().endswith("\n"), "the filter to begin")
        os.kill(int(open(pids).read().split()[0]), number)

    killer = threading.Thread(target=end)
    killer.start()
    assert "it was ended" in filters.offer(code=71)[1]
    killer.join()
    assert filters.queued() == []
    for pid in open(pids).read().split():
        process.until(lambda: has_ended(int(pid)), "process %s to end" % pid)


@pytest.mark.parametrize("text", ["outside /bin/cat\n", "outside:\n", ": /bin/cat\n", "inside: /bin/cat\n",
                                  "outside,inside: /bin/cat\n", "out side: /bin/cat\n",
                                  "outside: /bin/true\n" * 51, "x" * 70000], ids=range(8))
def test_a_file_that_is_none(filters, text):
    """It was to protect somebody: nothing goes without it."""
    filters.put(text)
    _, trouble = filters.offer(code=55)
    assert "control/queuefilters" in trouble
    assert filters.queued() == []


def test_which_line_it_is(filters):
    filters.put("# a comment\n\noutside: /bin/true\noutside\n")
    assert filters.offer(code=55)[1] == (
        "qmail-filters: control/queuefilters: line 4 is not CLASS,...: PROGRAM ...\n")


def test_comments(filters):
    filters.put("# a comment\n\n  outside : /bin/true \n")
    filters.offer()
    assert filters.queued() == [(LETTER, ENVELOPE)]


@pytest.mark.parametrize("envelope, code", [(b"", 54), (b"Fa\0Tb\0", 54), (b"X\0", 91), (b"Fa\0Xb\0\0", 91)])
def test_a_bad_envelope(filters, envelope, code):
    filters.add("outside", "cat\n")
    filters.offer(envelope=envelope, code=code)
    assert filters.queued() == []


def test_it_may_not_change_the_original(filters):
    """Only what it writes to descriptor 1 counts."""
    filters.add("outside", "echo x >&0 2>/dev/null; exit 0\n")
    filters.offer()
    assert filters.queued() == [(LETTER, ENVELOPE)]


# ---- where it stands

def test_by_smtp(filters, needs):
    needs("tcpserver")
    filters.add("outside", "echo X-Seen: $FILTERCLASS $SMTPHELO; cat\n")
    filters.add("outside", "if grep -q virus; then echo 'Dno virus (#5.7.1)' >&6; exit 82; fi\n")
    filters.add("outside", "grep -q crash && kill -9 $$; exit 0\n")
    filters.town.serve_smtp()
    filters.town.open()
    with smtplib.SMTP("127.0.0.1", 25, "client.example", timeout=20) as client:
        client.sendmail("joe@there.example", ["ann@here.example"], LETTER)
        for word, code in ("virus", 554), ("crash", 451):
            with pytest.raises(smtplib.SMTPDataError) as told:
                client.sendmail("joe@there.example", ["ann@here.example"], LETTER + word)
            assert told.value.smtp_code == code and (word == "crash" or b"5.7.1 no virus" in told.value.smtp_error)
    text = filters.town.letter("ann", "a letter")
    assert "\nX-Seen: outside client.example\n" in text
    assert len(filters.town.mail("ann")) == 1


def test_local(filters):
    """A user who submits a message; forwards and bounces are not shown again."""
    filters.add("local", "echo X-Seen: $FILTERCLASS; cat\n")
    filters.town.open()
    for program in "sendmail", "new-inject":
        filters.town.run_as("bob", [filters.place.program(program), "ann@here.example"], "Subject: %s\n\nx\n" % program)
        assert filters.town.letter("ann", "Subject: " + program).count("X-Seen: local\n") == 1
    filters.town.rules("bob", "", "&ann@here.example")
    filters.town.run_as("bob", [filters.place.program("sendmail"), "bob@here.example"], "Subject: on\n\nx\n")
    assert filters.town.letter("ann", "Subject: on").count("X-Seen: ") == 1
    filters.town.run_as("ann", [filters.place.program("sendmail"), "no-one@here.example"], "Subject: back\n\nx\n")
    text = filters.town.letter("ann", "MAILER-DAEMON")
    assert "X-Seen" not in text.split("\n\n")[0]


RECIPES = re.findall(r"^\.Bd -literal[^\n]*\n(#!/bin/sh\n.*?)^\.Ed", build.read("man/qmail-filters.8"), re.M | re.S)


def recipe(name):
    """A script of the page, in which this program is run."""
    (found,) = [text for text in RECIPES if name in text]
    return found.split("\n", 1)[1].replace("\\e", "\\").replace("\\&", "")


@pytest.fixture
def scanner(filters):
    """A clamdscan that knows one word."""
    folder = filters.place.base + "/clamav"
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/clamdscan", "w") as out:
        out.write("#!/bin/sh\ngrep -q broken /proc/self/fd/0 && exit 2\n"
                  "grep -q EICAR /proc/self/fd/0 && exit 1\nexit 0\n")
    os.chmod(folder + "/clamdscan", 0o755)
    return folder


@pytest.mark.parametrize("word, code", [("fine", 0), ("EICAR", 82), ("broken", 71)])
def test_recipe_for_clamav(filters, scanner, word, code):
    filters.add("outside", recipe("clamdscan"))
    said, _ = filters.offer(LETTER + word + "\n", code=code, PATH=scanner + ":/usr/bin:/bin")
    assert said.startswith("D") == (code == 82)
    assert len(filters.queued()) == (code == 0)


class Spamd:
    """The daemon of SpamAssassin, as far as spamc asks it; a word is spam."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 783))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                link = self.door.accept()[0]
            except OSError:
                return
            with link, link.makefile("rb") as words:
                assert words.readline().startswith(b"PROCESS SPAMC/")
                size = 0
                for line in iter(words.readline, b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                text = words.read(size)
                text = b"X-Spam-Flag: %s\n" % (b"YES" if b"pills" in text else b"NO") + text
                link.sendall(b"SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\n\r\n" % len(text) + text)


def test_recipe_for_spamassassin(filters):
    """Its client, as the page has it: mail is marked, or waits while the daemon is not there."""
    (line,) = re.findall(r"^outside: /usr/bin/spamc.*\n", build.read("man/qmail-filters.8"), re.M)
    filters.put(line.replace("/usr/bin/spamc", unpacked.folder(filters.place, "spamc") + "/usr/bin/spamc"))
    spamd = Spamd()
    for word, flag in ("garden", "NO"), ("pills", "YES"):
        filters.offer(LETTER + word + "\n")
        assert filters.queued() == [("X-Spam-Flag: %s\n" % flag + LETTER + word + "\n", ENVELOPE)]
    spamd.door.shutdown(socket.SHUT_RDWR)
    spamd.door.close()
    filters.offer(code=71)
    assert filters.queued() == []


def test_recipe_for_bogofilter(filters):
    """A real one, that has learned two words."""
    program = unpacked.folder(filters.place, "bogofilter-bdb") + "/usr/bin/bogofilter-bdb"
    if not os.path.exists(program):
        pytest.skip("bogofilter is not here")
    words = filters.place.base + "/words"
    os.makedirs(words)
    os.chmod(words, 0o777)
    for option, word in ("-s", "pills"), ("-n", "garden"):
        for number in range(20):
            subprocess.run([program, "-d", words, option], input=("Subject: %s\n\n%s %s\n" % (word, word, word)).encode(),
                           check=True, **filters.place.as_user("qmaild"))
    filters.put("outside: %s -d %s -e -p\n" % (program, words))
    for word, found in ("pills", "Spam"), ("garden", "Ham"):
        filters.offer("Subject: %s\n\n%s %s\n" % (word, word, word))
        (text, _), = filters.queued()
        assert "X-Bogosity: %s, " % found in text and text.endswith("\n%s %s\n" % (word, word))


def test_refused_to_a_user(filters):
    filters.add("local", "echo 'Dnot today (#5.7.1)' >&6; exit 82\n")
    done = filters.town.run_as("bob", [filters.place.program("sendmail"), "ann@here.example"], LETTER, check=False)
    assert done.returncode == 100 and b"not today" in done.stdout


def test_what_is_submitted_is_signed(filters):
    """That a user submits it goes through."""
    os.makedirs(filters.place.path("control/dkim"))
    filters.add("relay", "cat\n")
    filters.offer(RELAYCLIENT="")
    assert filters.queued() == [(LETTER, ENVELOPE.replace(b"\0Tann", b"\0ESUBMITTED\0Tann"))]


QUEUE_LATER = """#!/bin/sh
touch %(folder)s/begun
while ! test -e %(folder)s/go; do sleep 0.01; done
exec %(queue)s.away
"""


def signalled(place, program, number, message=LETTER, envelope=ENVELOPE, **environment):
    """The exit code of a program that hears a signal while qmail-queue is at work."""
    queue, folder = place.program("qmail-queue"), place.base + "/late"
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    os.rename(queue, queue + ".away")
    try:
        with open(queue, "w") as script:
            script.write(QUEUE_LATER % {"folder": folder, "queue": queue})
        os.chmod(queue, 0o755)
        text, address = os.pipe(), os.pipe()
        child = subprocess.Popen(
            [place.program(program)], stdin=text[0], stdout=address[0], cwd="/",
            env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.1", **environment}, **place.as_user("qmaild"))
        for end, data in (text, message.encode()), (address, envelope):
            os.close(end[0])
            os.write(end[1], data)
            os.close(end[1])
        process.until(lambda: os.path.exists(folder + "/begun"), "qmail-queue")
        child.send_signal(number)
        with open(folder + "/go", "w"):
            pass
        return child.wait(60)
    finally:
        os.rename(queue + ".away", queue)
        shutil.rmtree(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_it_is_queued(filters, number):
    """Who is told that it is not would send it once more."""
    filters.add("outside", "cat\n")
    assert signalled(filters.place, "qmail-filters", number) == 0
    assert filters.queued() == [(LETTER, ENVELOPE)]


def test_killed_when_it_makes_a_file(filters):
    """There is no name that could stay."""
    if faults.missing():
        pytest.skip(faults.missing())
    filters.add("outside", "cat\n")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlink,unlinkat", "-e", "inject=unlink,unlinkat:signal=KILL",
         "/bin/sh", "-c", 'exec "$0" </dev/null 1</dev/null', filters.place.program("qmail-filters")],
        cwd="/", env={"PATH": "/usr/bin:/bin", "TCPREMOTEIP": "192.0.2.1"}, check=False)
    assert done.returncode == 54 and os.listdir(filters.place.path("spool")) == []
