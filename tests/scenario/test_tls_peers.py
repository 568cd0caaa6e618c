"""TLS with other mail servers, both ways, where both sides insist on it."""

import os
import re

import pytest

from support import exim, postfix, tls
from scenario.test_mailers import ADDRESS, OURS, SIX, six  # pylint: disable=unused-import

INSISTS = """\
smtpd_tls_security_level = encrypt
smtp_tls_security_level = encrypt
smtpd_tls_chain_files = {path}
smtpd_tls_received_header = yes
"""


def start_postfix(town, path):
    server = postfix.Postfix(town.place, INSISTS.format(path=path))
    server.domain, server.folder = postfix.DOMAIN, "PostfixMaildir"
    town.peers.append(server.stop)
    return server


def start_exim(town, path):
    os.chmod(path, 0o644)
    return exim.Exim(town, ADDRESS, SIX, OURS, tls=path)


@pytest.fixture(params=[start_postfix, start_exim], ids=["postfix", "exim"])
def neighbour(request, town, six, needs, tmp_path):
    needs("tcpserver", "openssl", *(["postfix"] if request.param == start_postfix else []))
    if not os.path.exists(town.place.program("qmail-tlsc")):
        pytest.skip("built without OpenSSL")
    os.chmod(str(tmp_path), 0o755)
    authority = tls.Authority(town.place.base + "/authority")
    os.chmod(authority.folder, 0o755)
    server = request.param(town, authority.sign("mx.example"))
    town.place.control(me="here.example\n", locals="here.example\n",
                       smtproutes="%s:[%s]\n" % (server.domain, ADDRESS),
                       tlspolicy="%s:verify mx.example\n" % server.domain)
    tls.start_client(town.place, town.begin, authority.text)
    return server


def test_we_send(town, neighbour):
    town.open()
    body = "one\n.\n..two\n" + "line\n" * 5000
    town.send("bob@here.example", "ann@" + neighbour.domain, subject="over TLS", body=body)
    line = town.daemon.wait("^tls 1: ").string
    assert " policy=verify result=ok protocol=TLSv1.3" in line
    text = town.letter("ann", "Subject: over TLS", folder=neighbour.folder)
    assert text.endswith("\n\n" + body) and "TLS" in text.split("\n\n")[0]
    town.wait_empty()


def test_it_sends(town, neighbour):
    tls.start(town)
    town.open()
    tls.serve(town, 25, "qmail-smtpd", address=OURS)
    with tls.Smtp(address=ADDRESS) as client:
        client.begin()
        client.sendmail("joe@" + neighbour.domain, ["ann@here.example"],
                        "Subject: to us\r\n\r\n" + "x\r\n" * 5000)
    text = town.letter("ann", "Subject: to us")
    assert re.search(r"\n  by \S+ with ESMTPS \(TLSv1\.3 TLS_[A-Z0-9_]+\); ", text)
    assert text.endswith("\n\n" + "x\n" * 5000)
