"""New messages, completed: ofmipd with real mail programs, new-inject, and what
a bad client can make of them."""

import resource
import subprocess

import pytest

from support import process
from support.town import wait_port


@pytest.fixture
def server(town, needs):
    needs("tcpserver")
    town.open()
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.1", "587",
                town.place.program("ofmipd")], env={"PATH": "/usr/bin:/bin"})
    wait_port("127.0.0.1", 587)
    return town


def test_swaks(server, needs):
    needs("swaks")
    done = server.run_as("bob", [
        "swaks", "--server", "127.0.0.1:587", "--from", "bob", "--to", "ann", "--data",
        "To: Ann <ann>\\nBcc: x@far.example\\nSubject: from swaks\\n\\nhello\\n.dot\\n"])
    assert b"250 2.0.0" in done.stdout
    text = server.letter("ann", "Subject: from swaks\n")
    assert 'To: "Ann" <ann@here.example>\n' in text and "From: bob@here.example\n" in text
    assert "Bcc" not in text and "\n\nhello\n.dot\n" in text
    assert "Return-Path: <bob@here.example>\n" in text


def test_s_nail(server, needs):
    needs("s-nail")
    server.run_as("bob", ["s-nail", "-:/", "-S", "v15-compat", "-S", "mta=smtp://127.0.0.1:587",
                          "-S", "smtp-auth=none", "-S", "from=bob@here.example", "-s", "from s-nail",
                          "ann@here.example"], "hello\n")
    server.letter("ann", "Subject: from s-nail\n", "Message-ID: ")


def talk(town, data, **more):
    done = subprocess.run([town.place.program("ofmipd")], input=data, stdout=subprocess.PIPE,
                          cwd="/", env={"PATH": "/usr/bin:/bin"}, timeout=60,
                          **town.place.as_user("qmaild"), **more)
    assert not process.crash(done.returncode)
    return [line[:3] for line in done.stdout.decode().splitlines()]


START = b"MAIL FROM:<bob>\r\nRCPT TO:<ann>\r\nDATA\r\n"


def test_what_a_client_can_make_it_hold(town):
    """Not more than so much; and nothing is queued."""
    assert talk(town, b"NOOP " + b"x" * 5000 + b"\r\nQUIT\r\n") == ["220"]
    field = b"X: " + b"x" * 900 + b"\r\n"
    assert talk(town, START + field * 1200 + b"\r\nbody\r\n.\r\nQUIT\r\n")[-2:] == ["552", "221"]
    one = b"X: " + b"x" * (2 << 20)
    assert talk(town, START + one + b"\r\n\r\nbody\r\n.\r\nQUIT\r\n")[-1] in ("552", "221", "354")
    many = b"RCPT TO:<%s@here.example>\r\n" % (b"x" * 800)
    replies = talk(town, b"MAIL FROM:<bob>\r\n" + many * 1400 + b"RSET\r\nQUIT\r\n")
    assert "452" in replies and replies[-2:] == ["250", "221"]
    assert town.is_empty()


def test_addresses_of_a_header(town):
    """So many in all its fields together; with a million it needs no memory to
    speak of."""
    def reply(*fields):
        text = b"".join(fields) + b"\r\nbody\r\n.\r\nQUIT\r\n"
        return talk(town, START + text, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_DATA, (10 << 20, 10 << 20)))[-2:]
    assert reply(b"To: " + b"a," * 4999 + b"b\r\n", b"Cc: " + b"a," * 5000 + b"\r\n") == ["250", "221"]
    assert reply(b"To: " + b"a," * 4999 + b"b\r\n", b"Cc: " + b"a," * 5001 + b"\r\n") == ["552", "221"]
    for one in b"a,", b".", b"a ", b"a:", b"a;", b"<>", b"<", b"(", b"()", b"@,", b'"",':
        for name in b"To: ", b"From: ", b"Reply-To: ", b"Bcc: ", b"X: ":
            is_list = one not in (b"<", b"(", b"()", b"@,", b'"",') and name not in (b"Bcc: ", b"X: ")
            got = reply(name + one * (1000000 // len(one)) + b"\r\n")
            assert got == ["552" if is_list else "250", "221"], (one, name)


def test_replies_leave_before_the_end(town):
    """Who is not told that a message was taken sends it again."""
    town.open()
    message = START + b"Subject: once\r\n\r\n.\r\n"
    assert talk(town, message + b"NOOP " + b"x" * 5000 + b"\r\n")[-2:] == ["354", "250"]


def test_each_message_of_a_session_has_its_id(town):
    """Also in one second: who has seen an id drops what has it again."""
    done = talk(town, (START + b"Subject: x\r\n\r\nhello\r\n.\r\n") * 5 + b"QUIT\r\n")
    assert done.count("354") == 5
    ids = []
    for name in town.place.queue_files()["mess"]:
        with open(town.place.queue_path("mess", name)) as message:
            ids += [line for line in message if line.startswith("Message-ID:")]
    assert len(ids) == len(set(ids)) == 5


def test_a_loop_ends(town):
    """As it does in qmail-smtpd: who comes back through us is not sent again."""
    way = b"Received: from a by b\r\nDelivered-To: c\r\n"
    end = b"\r\nbody\r\n.\r\nQUIT\r\n"
    assert talk(town, START + b"Subject: x\r\n" + way * 49 + end)[-2:] == ["250", "221"]
    assert talk(town, START + b"Subject: x\r\n" + way * 50 + end)[-2:] == ["554", "221"]
    assert talk(town, START + b"Subject: x\r\n\r\n" + way * 50 + end)[-2:] == ["250", "221"]


def test_lines_of_any_length(town):
    """A dot that begins a piece of a line is not the end, nor is it dropped."""
    path = town.place.base + "/message"
    town.place.write(path, "", "root", 0o666)
    program = town.place.base + "/queue"
    town.place.write(program, "#!/bin/sh\ncat >%s; cat <&1 >/dev/null\n" % path, mode=0o755)
    for length in range(16378, 16390):
        line = b"y" * length + b"." + b"z\r\n"
        done = subprocess.run([town.place.program("ofmipd")], input=START + b"\r\n" + line + b"." +
                              b"." + line + b".\r\nQUIT\r\n", stdout=subprocess.PIPE, cwd="/",
                              env={"PATH": "/usr/bin:/bin", "QMAILQUEUE": program}, timeout=60)
        assert b"\r\n250 2.0.0" in done.stdout
        with open(path, "rb") as source:
            body = source.read().split(b"\n\n", 1)[1]
        wanted = line.replace(b"\r\n", b"\n")
        assert body == wanted + b"." + wanted, length


def test_end_of_input_in_a_message(town):
    assert talk(town, START + b"Subject: x\r\n\r\nhello\r\n") == ["220", "250", "250", "354"]
    assert talk(town, START + b"Subject: x\r\n\r\nhello") == ["220", "250", "250", "354"]
    assert town.is_empty()


def test_new_inject_prints(town):
    done = town.run_as("bob", [town.place.program("new-inject"), "-n", "-R"],
                       "To: ann, Zoe <zoe@far>\nSubject: x\n\nno end")
    lines = done.stdout.decode().splitlines()
    assert lines[:4] == ["Envelope-Sender: <bob-@here.example-@[]>", "Envelope-Recipients:",
                         "  ann@here.example,", "  zoe@far.here.example,"]
    assert 'To: ann@here.example, "Zoe" <zoe@far.here.example>' in lines and lines[-1] == "no end"


@pytest.mark.parametrize("words, header, recipients", [
    (["-a", "", "ann"], "To: (zoe@far", ["ann@here.example"]),
    ([], "To: bob (once zoe, ann", ["bob@here.example"]),
    ([], "To: bob (zoe@far), ann (@)", ["bob@here.example", "ann@here.example"]),
    ([], "To: bob, \\(zoe@far", ["bob@here.example", "(zoe@far.here.example"]),
    ([], "To: bob (once, zoe@far", None),
    ([], "To: bob\nBcc: ann (() zoe@far", None),
    ([], "To: bob (zoe@far\nEnvelope-Recipients: ann", ["ann@here.example"]),
    ([], "To: bob\nEnvelope-Recipients: ann (zoe@far", None)])
def test_new_inject_tells_of_hidden_recipients(town, words, header, recipients):
    """An empty one is nobody; those in a comment that has no end would not get it."""
    done = town.run_as("bob", [town.place.program("new-inject"), "-n", *words],
                       header + "\n\nhello\n", check=False)
    if recipients is None:
        assert done.returncode == 100 and b"comment" in done.stdout
    else:
        wanted = "".join("  %s,\n" % one for one in recipients)
        assert "Envelope-Recipients:\n%sDate: " % wanted in done.stdout.decode()


def test_new_inject_followup_to(town):
    """Files are found from where the caller stands."""
    town.place.write(town.home("bob") + "/lists", "list@far.example\n")
    done = town.run_as("bob", ["env", "QMAILMFTFILE=lists", town.place.program("new-inject"), "-n"],
                       "To: L <list@far.example>\nCc: ann\n\nx\n")
    assert b"Mail-Followup-To: list@far.example, ann@here.example\n" in done.stdout
    town.place.write(town.home("bob") + "/rules", "=:other.example\n")
    done = town.run_as("bob", ["env", "QMAILREWRITEFILE=rules", town.place.program("new-inject"),
                               "-n", "ann"], "x: y\n\nx\n")
    assert b"  ann@other.example,\n" in done.stdout
