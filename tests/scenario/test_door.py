"""The SMTP service as the quickstart starts it, and what stands before
qmail-smtpd there: rblsmtpd with a DNS list, and tcpserver that asks ident."""

import smtplib
import subprocess

import pytest

from support import build, peers, unpacked
from support.town import PEOPLE, wait_port

LISTED, UNLISTED, UNWELCOME, IDENT = "127.0.0.9", "127.0.0.8", "127.0.0.7", "127.0.0.6"
LIST = {"9.0.0.127.list.example": {"TXT": ["Listed, see http://list.example/"]}}


@pytest.fixture
def serve(town, needs):
    """serve(old, new, ...): with these words of its run script exchanged."""
    needs("tcpserver", "rblsmtpd", "tcprules")
    place = town.place

    def start(*changes):
        script = build.read("src/install/service/qmail-smtpd")
        for old, new in zip(changes[::2], changes[1::2]):
            assert script.count(old) == 1
            script = script.replace(old, new)
        script = script.replace("@QMAIL@", place.prefix).replace("@NETUSER@", "qmaild")
        place.write(place.base + "/run", script, mode=0o755)
        daemon = town.begin([place.base + "/run"])
        wait_port("127.0.0.1")
        return daemon
    place.control(me="here.example\n", rcpthosts="here.example\n", smtpaddress="127.0.0.1 25\n")
    subprocess.run(["tcprules", place.path("control/tcp.smtp.cdb"), place.path("control/rules")],
                   input=b'%s:allow,RBLSMTPD="-not you"\n:allow\n' % UNWELCOME.encode(),
                   check=True)
    town.open()
    return start


def client(address):
    return smtplib.SMTP("127.0.0.1", timeout=20, source_address=(address, 0))


def send(address, *recipients):
    """{recipient: refusal}; else it is sent."""
    with client(address) as smtp:
        try:
            return smtp.sendmail("a@there.example", recipients, "Subject: x\n\nhello\n")
        except smtplib.SMTPRecipientsRefused as refusal:
            return refusal.recipients


def test_the_run_script(town, serve):
    serve()
    assert send(LISTED, "ann@here.example") == {}
    town.letter("ann", "(%s)" % LISTED)


@pytest.mark.parametrize("service, file", [("qmail-smtpd", "smtpaddress"),
                                           ("qmail-pop3d", "popaddress"),
                                           ("qmail-submission", "submissionaddress"),
                                           ("qmail-submissions", "submissionsaddress"),
                                           ("qmail-pop3sd", "popsaddress")])
@pytest.mark.parametrize("says", [None, "", "25\n", "127.0.0.1 \n"])
def test_a_service_without_a_place_does_not_listen(town, needs, service, file, says):
    """tcpserver takes no port for any port, and no address for all."""
    needs("tcpserver")
    place = town.place
    script = build.read("src/install/service/" + service)
    script = script.replace("@QMAIL@", place.prefix).replace("@NETUSER@", "qmaild")
    place.write(place.base + "/run", script, mode=0o755)
    place.control(me="here.example\n", **{file: says} if says is not None else {})
    done = subprocess.run([place.base + "/run"], stdout=subprocess.PIPE, timeout=20)
    assert done.returncode == 2
    assert ("%s has no address and port" % place.path("control/" + file)).encode() in done.stdout


# As its second remark shows it, but for the delay.
BEFORE = ('"$port" qmail-smtpd\n', '"$port" rblsmtpd %s-r list.example qmail-smtpd\n')


def test_a_list(town, serve):
    """Who is listed is told to try later, and why; others get through."""
    assert "rblsmtpd -r LIST qmail-smtpd" in build.read("src/install/service/qmail-smtpd")
    with peers.Dns(LIST):
        daemon = serve(BEFORE[0], BEFORE[1] % "")
        code, words = send(LISTED, "ann@here.example")["ann@here.example"]
        assert code == 451 and b"Listed, see http://list.example/" in words
        daemon.wait("rblsmtpd: %s pid [0-9]+: 451 Listed" % LISTED)
        code, words = send(UNWELCOME, "ann@here.example")["ann@here.example"]
        assert (code, words) == (553, b"not you")
        assert town.is_empty() and town.mail("ann") == []
        assert send(UNLISTED, "ann@here.example", "no-one@here.example").keys() == {
            "no-one@here.example"}
        town.letter("ann", "(%s)" % UNLISTED)


def test_a_list_for_good(town, serve):
    """With -b."""
    with peers.Dns(LIST):
        serve(BEFORE[0], BEFORE[1] % "-b ")
        assert send(LISTED, "ann@here.example")["ann@here.example"][0] == 553
    assert town.is_empty()


def test_ident(town, serve, needs):
    """Whose connection it is, as the client's machine says."""
    needs("swaks")
    program = unpacked.folder(town.place, "oidentd") + "/usr/sbin/oidentd"
    town.begin([program, "-i", "-S", "-C", "/dev/null", "-a", IDENT])
    wait_port(IDENT, 113)
    serve("-v -R -H", "-v -H")
    for name in PEOPLE:
        town.run_as(name, ["swaks", "--server", "127.0.0.1", "--local-interface", IDENT,
                           "--from", "a@there.example", "--to", name + "@here.example",
                           "--helo", "there.example"])
        town.letter(name, "(HELO there.example) (%s@%s)\n" % (name, IDENT))
    assert send(UNLISTED, "ann@here.example") == {}  # where nobody answers
    town.letter("ann", "(%s)" % UNLISTED)
