"""Small clients of others hand their mail to us: nullmailer by QMQP and SMTP,
msmtp by SMTP."""

import pytest

from support import unpacked
from support.town import wait_port

BODY = "na\xefve caf\xc3\xa9\n.\n..\n.a\nFrom here\n\n" + "x" * 990 + "\n" + "line\n" * 20000
SENDER = "bob@there.example"


@pytest.fixture
def served(town, needs):
    needs("tcpserver")
    town.open()
    town.serve_smtp()
    uid, gid = town.place.ids("qmaild")
    town.begin(["tcpserver", "-RHl0", "-u", str(uid), "-g", str(gid), "127.0.0.1", "628",
                town.place.program("qmail-qmqpd")], env={"PATH": "/usr/bin:/bin"})
    wait_port("127.0.0.1", 628)
    return town


def run(town, words, text, where="<"):
    """A client, run by bob; its exit code and what it said."""
    path = town.home("bob") + "/outgoing"
    with open(path, "wb") as out:
        out.write(text.encode("latin-1"))
    done = town.run_as("bob", ["sh", "-c", 'exec "$@" %s"$HOME/outgoing"' % where, "sh", *words],
                       check=False)
    return done.returncode, done.stdout.decode("latin-1")


def nullmailer(town, protocol, address, *recipients, header=""):
    """It takes the envelope in front of the message, on descriptor 3."""
    program = unpacked.folder(town.place, "nullmailer") + "/usr/lib/nullmailer/" + protocol
    envelope = "".join(line + "\n" for line in (SENDER, *recipients, ""))
    return run(town, ["env", "HELOHOST=there.example", program, "--host=" + address],
               envelope + "%sSubject: %s\n\n%s" % (header, protocol, BODY), "3<")


def msmtp(town, address, *recipients):
    return run(town, ["msmtp", "--host=" + address, "--port=25", "--auth=off", "--tls=off",
                      "--timeout=20", "--domain=there.example", "--from=" + SENDER, *recipients],
               "Subject: msmtp\n\n" + BODY)


def assert_arrived(town, name, subject):
    text = town.letter(name, "Subject: %s\n" % subject)
    assert text.startswith("Return-Path: <%s>\n" % SENDER)
    assert text.endswith("\n\n" + BODY)


@pytest.mark.parametrize("protocol, address", [
    ("qmqp", "127.0.0.1"), ("smtp", "127.0.0.1"), ("smtp", "::1")])
def test_nullmailer(served, protocol, address):
    code, said = nullmailer(served, protocol, address, "ann@here.example", "bob@here.example")
    assert code == 0, said
    for name in "ann", "bob":
        assert_arrived(served, name, protocol)


def test_nullmailer_is_refused(served):
    code, said = nullmailer(served, "smtp", "127.0.0.1", "no-one@here.example")
    assert code and "5.1.1 nobody here has this name" in said
    code, said = nullmailer(served, "qmqp", "127.0.0.1", "ann@here.example",
                            header="Received: there\n" * 100)
    assert code and "5.4.6" in said
    assert served.is_empty() and served.mail("ann") == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_msmtp(served, needs, address):
    needs("msmtp")
    code, said = msmtp(served, address, "ann@here.example", "bob@here.example")
    assert code == 0, said
    for name in "ann", "bob":
        assert_arrived(served, name, "msmtp")


def test_msmtp_is_refused(served, needs):
    needs("msmtp")
    code, said = msmtp(served, "127.0.0.1", "no-one@here.example")
    assert code and "550 5.1.1 nobody here has this name" in said
    served.place.control(me="here.example\n", rcpthosts="here.example\n", maxrcpt="1\n")
    code, said = msmtp(served, "127.0.0.1", "ann@here.example", "bob@here.example")
    assert code and "452 4.5.3" in said
    assert served.is_empty() and served.mail("ann") == []
