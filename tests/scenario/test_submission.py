"""Submission: people send new messages, as themselves."""

import os
import poplib
import re
import smtplib
import subprocess

import pytest

from support import build, login, pop, tls
from support.town import wait_port

BODY = "\r\nhello\r\n"


@pytest.fixture
def authd(town, needs):
    needs("tcpserver", "openssl")
    if not os.path.exists(town.place.program("qmail-tlsd")):
        pytest.skip("built without OpenSSL")
    town.place.control(me="mx.here.example\n", locals="here.example\n", defaultdomain="here.example\n",
                       defaulthost="here.example\n", virtualdomains="virtual.example:bob\n",
                       rcpthosts="here.example\nvirtual.example\n")
    return login.start(town)


@pytest.fixture
def service(town, authd):
    town.open()
    tls.start(town)
    return tls.serve(town, 587, "qmail-smtpd", offer="!", SUBMISSION="")


def connect(name="ann", password=pop.PASSWORD):
    client = tls.Smtp(587)
    client.begin()
    client.ehlo()
    client.login(name, password)
    return client


def offer(client, sender, recipients, text):
    """The last reply."""
    reply = client.docmd("MAIL FROM:<%s>" % sender)
    for recipient in recipients:
        if reply[0] == 250:
            reply = client.docmd("RCPT TO:<%s>" % recipient)
    if reply[0] == 250:
        reply = client.docmd("DATA")
    if reply[0] == 354:
        client.send(text + "\r\n.\r\n")
        reply = client.getreply()
    client.docmd("RSET")
    return reply


def test_first_tls_then_a_login(service):
    with tls.Smtp(587) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<ann@here.example>") == (530, b"5.7.0 STARTTLS comes first")
        client.begin()
        client.ehlo()
        assert client.esmtp_features["auth"] == " PLAIN LOGIN"
        assert client.docmd("MAIL FROM:<ann@here.example>") == (530, b"5.7.0 AUTH comes first")


def test_a_letter(town, service):
    with connect() as client:
        client.sendmail("ann@here.example", ["bob@here.example", "ann@here.example"],
                        "From: Ann <ann@here.example>\r\nTo: bob\r\nBcc: joe@x.example\r\nSubject: s\r\n"
                        "X-Own: 1\r\n" + BODY)
    text = town.letter("bob", "hello")
    assert re.search(r"\n  by \S+ with ESMTPSA \(TLSv1\.3 .*\n"
                     r"Date: \d+ \w+ \d+ [\d:]+ [-+]0000\n"
                     r"Message-ID: <\d+\.\d+\.qmail@mx\.here\.example>\n"
                     r"From: \"?Ann\"? <ann@here\.example>\nTo: bob@here\.example\n"
                     r"Subject: s\nX-Own: 1\n\nhello\n$", text), text
    town.letter("ann", "hello")
    service.wait('^smtpd accepted .* login="ann" from="ann@here.example"')


def test_hidden_client(town, service):
    login.set_controls(town, hideclient="on")
    with connect() as client:
        client.sendmail("ann@here.example", ["bob@here.example"], BODY)
    text = town.letter("bob", "hello")
    assert re.search(r"^Received: by \S+ with ESMTPSA \(TLS", text, re.M), text
    assert "client.example" not in text and "(ann@" not in text


def test_what_is_there_stays(town, service):
    head = ("Date: 1 Jan 2001 00:00:00 +0100\r\nMessage-ID: <1@x>\r\nFrom: ann@here.example\r\n"
            "To: a@x.example,\r\n  b@y.example\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain;\r\n\tcharset=utf-8\r\n")
    with connect() as client:
        client.sendmail("ann@here.example", ["bob@here.example"], head + BODY)
    text = town.letter("bob", "hello")
    assert text.endswith("\nDate: 1 Jan 2001 00:00:00 +0100\nMessage-ID: <1@x>\nFrom: ann@here.example\n"
                         "To: a@x.example, b@y.example\nMIME-Version: 1.0\n"
                         "Content-Type: text/plain;\n\tcharset=utf-8\n\nhello\n"), text


@pytest.mark.parametrize("text, end", [
    ("", "From: ann@here.example\nCc: recipient list not shown: ;\n\n"),
    ("\r\nbody", "\n\nbody\n"), ("no header", "\n\nno header\n"), ("X: 1", "\nX: 1\n"),
    ("X: 1\r\nno header", "\nX: 1\n\nno header\n")], ids=range(5))
def test_small_messages(town, service, text, end):
    with connect() as client:
        assert offer(client, "ann@here.example", ["bob@here.example"], text)[0] == 250
    assert town.letter("bob", "From: ann@here.example\n").endswith(end)


def test_bdat(town, service):
    text = b"From: ann@here.example\r\nSubject: in parts\r\n\r\nhello\r\n"
    for size in (1, 7, len(text)):
        with connect() as client:
            for line in ("MAIL FROM:<ann@here.example>", "RCPT TO:<bob@here.example>"):
                assert client.docmd(line)[0] == 250
            for at in range(0, len(text), size):
                part = text[at:at + size]
                client.send(b"BDAT %d%s\r\n" % (len(part), b" LAST" * (at + size >= len(text))) + part)
                assert client.getreply()[0] == 250
    town.until(lambda: len(town.mail("bob")) == 3, "three messages")
    for letter in town.mail("bob"):
        assert letter.endswith("\nFrom: ann@here.example\nCc: recipient list not shown: ;\n"
                               "Subject: in parts\n\nhello\n")


@pytest.mark.parametrize("text, end", [
    ("From: ann\r\nMessage-ID: <a@b>", "\nMessage-ID: <a@b>\nFrom: ann@here.example\n"),
    ("Resent-To: x", "\nResent-To: x\nDate: "), ("X: 1\r\nY: 2", "\nX: 1\nY: 2\n"),
    ("X: 1\r\ny", "\nX: 1\n\ny"), ("X: 1\r\n\r\ny", "\nX: 1\n\ny")], ids=range(5))
def test_the_last_line_without_an_end(town, service, text, end):
    """In a chunk it need not have one; the fields that follow stay what they are."""
    with connect() as client:
        for line in ("MAIL FROM:<ann@here.example>", "RCPT TO:<bob@here.example>"):
            assert client.docmd(line)[0] == 250
        client.send("BDAT %d LAST\r\n%s" % (len(text), text))
        assert client.getreply()[0] == 250
    letter = town.letter("bob", "\nFrom: ann@here.example\n")
    assert end in letter and re.search("\nDate: .*\nMessage-ID: ", letter), letter


def test_addresses_are_completed(town, service):
    with connect() as client:
        assert offer(client, "ann", ["bob"], "To: bob\r\nFrom: ann\r\n" + BODY)[0] == 250
    text = town.letter("bob", "hello")
    assert "\nFrom: ann@here.example\nTo: bob@here.example\n" in text
    assert text.startswith("Return-Path: <ann@here.example>\n")


@pytest.mark.parametrize("sender, code", [
    ("ann@here.example", 250), ("ANN@here.example", 250), ("", 250), ("ann", 250),
    ("bob@here.example", 553), ("ann@there.example", 553), ("ann@virtual.example", 553),
    ("ann-x@here.example", 553)])
def test_senders(service, sender, code):
    with connect() as client:
        reply = client.docmd("MAIL FROM:<%s>" % sender)
        assert reply[0] == code
        assert code == 250 or reply[1].startswith(b"5.7.1 ")


@pytest.mark.parametrize("field, code", [
    ("From: ann@here.example", 250), ("From: Ann\r\n  (x) <ann@here.example>", 250), ("from:ann", 250),
    ("From: bob@here.example", 550), ("From: ann@here.example, bob@here.example", 550),
    ("From: ann@here.example\r\nFrom: boss@bank.example", 550), ("From:", 250),
    ("From: Boss <boss@bank.example>", 550), ("From: \"ann@here.example\" <boss@bank.example>", 550),
    ("FROM : boss@bank.example", 550), ("From: <>", 550), ("From: x: boss@bank.example;", 550),
    ("From:\r\n boss@bank.example", 550), ("Sender: ann@here.example", 250), ("Sender:", 250),
    ("From: ann@here.example\r\nSender: Boss <boss@bank.example>", 550),
    ("Resent-From: ANN@here.example", 250), ("Resent-From: bob@here.example", 550),
    ("Resent-Sender: x,\r\n\tboss@bank.example", 550)], ids=range(19))
def test_from(town, service, field, code):
    with connect() as client:
        reply = offer(client, "ann@here.example", ["bob@here.example"], field + "\r\n" + BODY)
        assert reply[0] == code, reply
        assert code == 250 or reply[1].startswith(b"5.7.1 ")
        # And the next one is judged by itself.
        assert offer(client, "ann@here.example", ["ann@here.example"], BODY)[0] == 250
    town.letter("ann", "hello")
    town.wait_empty()
    assert len(town.mail("bob")) == (code == 250)


def test_listed_senders(town, service):
    login.set_controls(town, senders="bob: sales@shop.example @club.example")
    with connect("bob") as client:
        for sender, code in (("sales@shop.example", 250), ("x@club.example", 250),
                             ("any@virtual.example", 250), ("x@shop.example", 553)):
            reply = offer(client, sender, ["ann@here.example"], "From: %s\r\n%s" % (sender, BODY))
            assert reply[0] == code, (sender, reply)
    with connect("ann") as client:
        assert client.docmd("MAIL FROM:<sales@shop.example>")[0] == 553


def test_senders_of_a_database(town, service):
    """One line for each; it is read by its name, however long the list is."""
    lines = ["user%d: u%d@shop.example" % (number, number) for number in range(2000)]
    login.set_controls(town, moresenders="\n".join([
        "# more", "Bob: Sales@shop.example @club.example", "ann@there.example", *lines]))
    subprocess.run([town.place.program("qmail-newmrh"), "moresenders"], check=True)
    path = town.place.path("control/moresenders")
    with open(path) as source:
        text = source.read()
    town.place.write(path, text + "\nBOB:other@shop.example\n")
    done = subprocess.run([town.place.program("qmail-newmrh"), "moresenders"], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (
        111, b"qmail-newmrh: fatal: control/moresenders has two lines for bob\n")
    with connect("bob") as client:
        for sender, code in (("sales@shop.example", 250), ("X@Club.example", 250), ("bob@here.example", 250),
                             ("u7@shop.example", 553), ("x@shop.example", 553)):
            reply = offer(client, sender, ["ann@here.example"], "From: %s\r\n%s" % (sender, BODY))
            assert reply[0] == code, (sender, reply)
    town.place.write(town.place.path("control/moresenders.cdb"), "damaged")
    with connect("ann") as client:
        assert client.docmd("MAIL FROM:<x@shop.example>") == (451, b"4.3.0 cannot tell now whose address this is")
        assert client.docmd("MAIL FROM:<ann@here.example>")[0] == 250


def test_unknown_recipients(town, service):
    with connect() as client:
        client.docmd("MAIL FROM:<ann@here.example>")
        assert client.docmd("RCPT TO:<nobody-there@here.example>")[0] == 550
        assert client.docmd("RCPT TO:<anybody@there.example>")[0] == 250


def test_a_large_header(service):
    with connect() as client:
        for text in ("X: " + "x" * (1 << 20), "X: 1\r\n" * 220000):
            assert offer(client, "ann@here.example", ["bob@here.example"], text)[0] == 552
        assert offer(client, "ann@here.example", ["bob@here.example"], "x" * (1 << 21))[0] == 552
        assert offer(client, "ann@here.example", ["bob@here.example"],
                     "X: 1\r\n\r\n" + ("x" * 900 + "\r\n") * 3000)[0] == 250


def test_addresses_of_a_header(town, service):
    """So many in all its fields together; more of them need no memory to speak of."""
    with connect() as client:
        for count, more, code in ((4999, "", 250), (4999, "b", 552), (500000, "", 552)):
            text = "From: ann\r\nTo: " + "a," * count + "\r\nCc: " + "a," * min(count + 1, 5000) + more
            assert offer(client, "ann@here.example", ["bob@here.example"], text + "\r\n" + BODY)[0] == code
        for one in "ann,", ".", "a ", "a:", "<>,":
            for name in "From: ", "Resent-From: ", "To: ":
                reply = offer(client, "ann@here.example", ["bob@here.example"],
                              name + one * (1000000 // len(one)) + "\r\n" + BODY)
                assert reply[0] == 552 and reply[1].endswith(b" its header has more addresses than we take")
        (pid,) = tls.sessions(town, "qmail-smtpd")
        with open("/proc/%d/status" % pid) as status:
            peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM")][0]
        assert peak < 12 << 10, peak


def test_without_a_login_service_nothing_is_sent(town, service, authd):
    with connect() as client:
        authd.kill()
        reply = offer(client, "ann@here.example", ["bob@here.example"], BODY)
        assert reply[0] == 451 and reply[1].startswith(b"4.3.0 ")


def test_limits_of_an_hour(town, service, authd):
    """Of messages and of recipients, over a restart, and for each user."""
    login.set_controls(town, maxloginmail="3", maxloginrcpt="4")
    os.kill(authd.pid, 1)
    two = ["bob@here.example", "ann@here.example"]
    with connect() as client:
        assert offer(client, "ann@here.example", two, BODY)[0] == 250
        town.until(lambda: os.path.exists(town.place.path("login/sent")), "the counts", 30)
        assert offer(client, "ann@here.example", two + ["x@there.example"], BODY)[0] in (250, 452)
        assert offer(client, "ann@here.example", two, BODY)[0] == 250
        reply = offer(client, "ann@here.example", two[:1], BODY)
        assert reply == (452, b"4.7.0 that is too much mail in an hour")
        authd.wait(r'^authd limited pid=\d+ client="" user="ann" service="" '
                   'reason="too much mail in an hour"$')
    authd.stop()
    assert os.stat(town.place.path("login/sent")).st_mode & 0o777 == 0o600
    again = login.start(town)
    with connect() as client:
        assert offer(client, "ann@here.example", two[:1], BODY)[0] == 452
        for line in ("MAIL FROM:<ann@here.example>", "RCPT TO:<bob@here.example>"):
            assert client.docmd(line)[0] == 250
        client.send("BDAT 9 LAST\r\nX: 1\r\n\r\nx")
        assert client.getreply()[0] == 452
    with connect("bob") as client:
        assert offer(client, "bob@here.example", two, BODY)[0] == 250
    assert not again.has_ended


def test_submissions(town, authd):
    """Port 465: TLS from the first byte."""
    town.open()
    tls.start(town)
    tls.serve(town, 465, "offertls", "-i", "qmail-smtpd", SUBMISSION="")
    with smtplib.SMTP_SSL(tls.ADDRESS, 465, "client.example", timeout=30, context=tls.context()) as client:
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], BODY)
    assert "with ESMTPSA (TLS" in town.letter("bob", "hello")


def test_the_services(town, authd):
    """As they are installed: a message goes out by 587 and 465, and is fetched by 995."""
    authd.kill()
    login.set_controls(town, submissionaddress="127.0.0.1 587", submissionsaddress="127.0.0.1 465",
                       popsaddress="127.0.0.1 995")
    town.open()
    tls.start(town)
    for name in ("qmail-authd", "qmail-submission", "qmail-submissions", "qmail-pop3sd"):
        script = build.read("src/install/service/" + name)
        script = script.replace("@QMAIL@", town.place.prefix).replace("@NETUSER@", "qmaild")
        town.place.write(town.place.base + "/run-" + name, script, mode=0o755)
        town.begin([town.place.base + "/run-" + name])
    town.until(lambda: town.is_door_open("login/door"), "qmail-authd")
    for port in (587, 465, 995):
        wait_port("127.0.0.1", port)
    with connect() as client:
        client.sendmail("ann@here.example", ["bob@here.example"], "Subject: one\r\n" + BODY)
    with smtplib.SMTP_SSL(tls.ADDRESS, 465, timeout=30, context=tls.context()) as client:
        assert client.docmd("MAIL FROM:<ann@here.example>")[0] == 530
        client.login("ann", pop.PASSWORD)
        client.sendmail("ann@here.example", ["bob@here.example"], "Subject: two\r\n" + BODY)
    town.until(lambda: len(town.mail("bob")) == 2, "both")
    box = poplib.POP3_SSL(tls.ADDRESS, 995, timeout=30, context=tls.context())
    box.user("bob")
    box.pass_(pop.PASSWORD)
    lines = [b"\n".join(box.retr(number + 1)[1]) for number in range(box.stat()[0])]
    box.quit()
    assert sorted(re.search(rb"^Subject: (\w+)", text, re.M).group(1) for text in lines) == [b"one", b"two"]


def test_mutt(town, service, needs):
    needs("mutt")
    with open(town.place.path("control/servercert.pem")) as source:
        certificate = source.read()
    town.place.write(town.home("ann") + "/c", certificate[certificate.index("-----BEGIN CERT"):])
    done = town.run_as("ann", [
        "mutt", "-n", "-F", "/dev/null", "-e", "set smtp_url=smtp://ann@127.0.0.1:587", "-e",
        "set smtp_pass=" + pop.PASSWORD, "-e", "set ssl_force_tls=yes", "-e",
        "unset ssl_verify_host ssl_verify_dates", "-e", "set certificate_file=" + town.home("ann") + "/c",
        "-e", "set from=ann@here.example", "-e", "set smtp_authenticators=plain", "-e", "unset record",
        "-s", "by mutt", "bob@here.example"], "from mutt\n", check=False)
    assert done.returncode == 0, done.stdout
    town.letter("bob", "from mutt")
