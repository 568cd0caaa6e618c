"""qmail-mtasts: what it gets from whom, keeps, and answers."""

import os
import signal
import socket
import subprocess
import time

import pytest

from support import build, peers, policies, process, tls
from support.policies import ask, policy, reply

DOMAIN = "there.example"
HOST = "mta-sts." + DOMAIN
WEEK = 604800


class Net:
    """The DNS and the web, as far as the service meets them."""

    def __init__(self, town):
        self.town = town
        self.authority = tls.Authority(town.place.base + "/authority")
        self.dns = peers.Dns({})
        self.dns.__enter__()
        town.peers.append(self.dns.__exit__)
        self.record("v=STSv1; id=1;")
        self.place(HOST, A=["127.0.0.1"])
        self.server = policies.Server(tls.server_context(self.authority.sign(HOST)), reply(policy()))
        town.peers.append(self.server.close)
        with open(self.authority.certificate) as source:
            town.place.write(town.place.path("control/tlsca"), source.read())

    def place(self, name, **entry):
        self.dns.zone[name] = entry

    def record(self, *texts, domain=DOMAIN):
        self.place("_mta-sts." + domain, TXT=list(texts))


def start(town, program=None, words=(), **environment):
    daemon = town.begin([program or town.place.program("qmail-mtasts"), *words], cwd="/",
                        env={"PATH": "/usr/bin:/bin", **environment})
    town.until(lambda: daemon.has_ended or town.is_door_open(policies.DOOR), "qmail-mtasts")
    return daemon


@pytest.fixture
def net(town, needs):
    needs("openssl")
    if not os.path.exists(town.place.program("qmail-mtasts")):
        pytest.skip("built without OpenSSL")
    yield Net(town)
    os.unlink(town.place.path("control/tlsca"))
    if os.path.exists(town.place.path(policies.DOOR)):
        os.unlink(town.place.path(policies.DOOR))


@pytest.fixture
def mtasts(town, net):
    return start(town)


def again(daemon):
    """All is looked at anew at the next question."""
    os.kill(daemon.pid, signal.SIGHUP)


def ask_till(town, domain, *modes):
    """Asks till the answer is one of these; what a question set off takes a while."""
    town.until(lambda: ask(town.place, domain)[0] in modes, "one of " + " ".join(modes))
    return ask(town.place, domain)


FAILURE = ("failed", [("R", "sts-policy-fetch-error")])
UNTRUSTED = ("failed", [("R", "sts-webpki-invalid")])
INVALID = ("failed", [("R", "sts-policy-invalid")])
NONE = ("none", [])


# ---- policies

def test_a_policy(town, net, mtasts):
    net.server.reply = reply(policy(hosts=["MX.There.example", "*.there.example"]))
    mode, rest = ask(town.place, "There.Example")
    assert mode == "enforce"
    left = int(dict(rest)["S"])
    assert WEEK - 60 < left <= WEEK
    assert rest == [("S", str(left)), ("I", "1"), ("M", "mx.there.example"),
                    ("M", "*.there.example")]
    request, = net.server.requests
    assert request.startswith("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s\r\n" % HOST)
    mtasts.wait("^mtasts policy domain=there.example mode=enforce id=1 seconds=604800$")


def test_an_answer_from_memory(town, net, mtasts):
    for _ in range(3):
        assert ask(town.place, DOMAIN)[0] == "enforce"
    assert len(net.server.requests) == 1


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_other_modes(town, net, mtasts, mode):
    net.server.reply = reply(policy(mode))
    assert ask(town.place, DOMAIN)[0] == mode


def chunks(*parts):
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain; charset=x\r\n" \
        "\r\n" + "".join("%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + \
        "0\r\nA: b\r\n\r\n"


@pytest.mark.parametrize("said", [
    chunks(policy()[:9], policy()[9:]),
    "HTTP/1.0 200\r\nContent-type:TEXT/PLAIN\r\n\r\n" + policy(),
    reply(policy().replace("\r\n", "\n")),
    reply(policy() + "x: " + "y" * (65536 - len(policy()) - 3)),
], ids=["chunks", "no length", "lines", "64 KiB"])
def test_ways_to_say_it(town, net, mtasts, said):
    net.server.reply = said
    assert ask(town.place, DOMAIN)[0] == "enforce"


@pytest.mark.parametrize("texts", [
    [], ["v=spf1 -all"], ["v=STSv1; id=1;", "v=STSv1; id=2;"], ["v=STSv1;"], ["v=STSv2; id=1;"]],
    ids=["none", "another", "two", "no id", "another version"])
def test_no_record(town, net, mtasts, texts):
    net.record(*texts)
    assert ask(town.place, DOMAIN) == NONE
    assert net.server.requests == []


def test_others_beside_the_record(town, net, mtasts):
    net.record("v=spf1 -all", "v=STSv1; id=1;", "")
    assert ask(town.place, DOMAIN)[0] == "enforce"


@pytest.mark.parametrize("domain", ["127.0.0.1", "[127.0.0.1]", "", ".", "a..b", "a/b", "../x",
                                    "x" * 64 + ".example", "gone.example"])
def test_domains_without(town, net, mtasts, domain):
    assert ask(town.place, domain) == NONE


def test_a_domain_in_utf8(town, net, mtasts):
    net.record("v=STSv1; id=1;", domain="xn--bcher-kva.example")
    net.place("mta-sts.xn--bcher-kva.example", A=["127.0.0.1"])
    net.server.context = tls.server_context(net.authority.sign("mta-sts.xn--bcher-kva.example"))
    assert ask(town.place, "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example")[0] == "enforce"


def test_the_dns_fails(town, net, mtasts):
    net.place("_mta-sts." + DOMAIN, TXT="SERVFAIL")
    assert ask(town.place, DOMAIN) == FAILURE
    mtasts.wait('^mtasts failed domain=there.example type=sts-policy-fetch-error reason="'
                'no answer about its record" kept=0$')


# ---- servers that are not believed, or say something else

@pytest.mark.parametrize("said", [
    reply("", "301 Moved", more="Location: https://127.0.0.1/x\r\n"),
    reply(policy(), "302 Found", more="Location: https://%s/x\r\n" % HOST),
    reply(policy(), "404 Not Found"), reply(policy(), "2000 OK"), reply(policy(), "206 Part"),
    reply(policy(), kind="text/html"), reply(policy(), kind="text/plainer"),
    "HTTP/1.1 200 OK\r\n\r\n" + policy(),
    reply(policy(), more="Content-Encoding: gzip\r\n"),
    reply(policy(), more="Transfer-Encoding: gzip\r\n"),
    reply(policy(), more="Content-Length: 3\r\n"),
    reply(policy(), more="junk\r\n"),
    reply(policy()).replace("HTTP", "SPDY"),
    reply("x" * 65537), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + "x" * 65537,
    chunks("x" * 65536, "x"), chunks("").replace("0;", "zz;"),
    chunks("abc").replace("abc", "abcd"), chunks("").replace("0;", "fffffffff;"),
    "HTTP/1.1 200 OK\r\nA: " + "x" * 20000 + "\r\nB: " + "y" * 20000,
    reply(policy())[:-10], chunks(policy())[:-1], "", "\n", "\0" * 30000],
    ids=["redirect", "redirect with text", "404", "2000", "206", "html", "plainer", "no type",
         "gzip", "gzip in transfer", "two lengths", "no colon", "no HTTP", "too long",
         "too long without length", "too long in chunks", "no number", "a chunk too long",
         "a great number", "a long head", "cut", "cut in chunks", "nothing", "a line", "zeros"])
def test_other_answers(town, net, mtasts, said):
    net.server.reply = said
    assert ask(town.place, DOMAIN) == FAILURE


@pytest.mark.parametrize("body", ["", "junk", policy("strict"), policy(hosts=[]),
                                  policy(hosts=["*"]), policy().replace("STSv1", "STSv2")],
                         ids=["empty", "junk", "mode", "no hosts", "host", "version"])
def test_no_policies(town, net, mtasts, body):
    net.server.reply = reply(body)
    assert ask(town.place, DOMAIN) == INVALID


def test_the_end_without_a_word_of_it(town, net, mtasts):
    """Somebody on the way may have cut it."""
    def cut(session):
        session.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + policy().encode())
        socket.socket(fileno=session.detach()).close()
    net.server.reply = cut
    assert ask(town.place, DOMAIN) == FAILURE


def certificates(net):
    other = tls.Authority(net.authority.folder + "/other")
    return {"name": tls.server_context(net.authority.sign("mta-sts.else.example")),
            "parent": tls.server_context(net.authority.sign(DOMAIN)),
            "common name": tls.server_context(net.authority.sign("", common=HOST)),
            "two labels": tls.server_context(net.authority.sign("*.example")),
            "expired": tls.server_context(net.authority.sign(HOST, days=-1)),
            "authority": tls.server_context(other.sign(HOST))}


@pytest.mark.parametrize("which", ["name", "parent", "common name", "two labels", "expired",
                                   "authority"])
def test_other_certificates(town, net, mtasts, which):
    net.server.context = certificates(net)[which]
    assert ask(town.place, DOMAIN) == UNTRUSTED
    assert net.server.requests == []


def test_a_certificate_for_all_names(town, net, mtasts):
    net.server.context = tls.server_context(net.authority.sign("*." + DOMAIN))
    assert ask(town.place, DOMAIN)[0] == "enforce"


def test_old_tls(town, net, mtasts):
    net.server.context.minimum_version = 0x301
    net.server.context.maximum_version = 0x302
    net.server.context.set_ciphers("ALL:@SECLEVEL=0")
    assert ask(town.place, DOMAIN) == FAILURE


def test_the_authorities_of_the_system(town, net):
    os.rename(town.place.path("control/tlsca"), town.place.path("control/tlsca.away"))
    start(town)
    assert ask(town.place, DOMAIN) == UNTRUSTED
    os.rename(town.place.path("control/tlsca.away"), town.place.path("control/tlsca"))


def test_authorities_that_cannot_be_read(town, net):
    town.place.write(town.place.path("control/tlsca"), "junk\n")
    start(town)
    assert ask(town.place, DOMAIN) == FAILURE


@pytest.mark.parametrize("entry", [{}, {"A": ["127.0.0.99"]}, {"A": "SERVFAIL"}],
                         ids=["no address", "nobody", "no answer"])
def test_nobody_there(town, net, mtasts, entry):
    net.place(HOST, **entry)
    assert ask(town.place, DOMAIN) == FAILURE


def test_another_address(town, net, mtasts):
    net.place(HOST, A=["127.0.0.98", "127.0.0.99", "127.0.0.1"])
    assert ask(town.place, DOMAIN)[0] == "enforce"


@pytest.fixture
def hasty(net):
    """In a hurry; support/hasty.h."""
    folder = os.path.join(build.MADE, "hasty-sts")
    quick = "gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % build.TOP
    build.make(folder, "PREFIX=" + net.town.place.prefix, "ACC_CC=" + quick, "TLS_CC=" + quick)
    return folder + "/bin/qmail-mtasts"


def drip(session):
    session.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        session.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("way", [drip, lambda session: session.recv(1)],
                         ids=["drip", "nothing"])
def test_a_slow_server(town, net, hasty, way):
    daemon = start(town, hasty, HASTY="12")
    net.server.reply = way
    assert ask(town.place, DOMAIN) == FAILURE
    daemon.wait('^mtasts failed .* reason="too slow" ')


def test_no_handshake(town, net, hasty):
    net.server.close()
    with socket.create_server(("127.0.0.1", 443)):
        daemon = start(town, hasty, HASTY="12")
        assert ask(town.place, DOMAIN) == FAILURE
        daemon.wait('^mtasts failed .* reason="too slow" ')


def test_a_handshake_without_end(town, net, mtasts):
    """HelloRequests, which OpenSSL passes over for as long as some come."""
    net.server.close()
    with peers.Servers({"127.0.0.1:443": [{"greet": "<read>" + tls.HELLO_REQUEST * 200000 + "<hang>"}]}):
        assert ask(town.place, DOMAIN) == FAILURE
        mtasts.wait('^mtasts failed .* reason="too much" ')


def test_somebody_who_looks_and_hangs(town, net, hasty):
    """Who asks hears that there is nothing to hear, and he is ended."""
    daemon = start(town, hasty, HASTY="20")
    net.server.reply = lambda session: session.recv(1)
    with policies.connect(town.place) as sock:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
        town.until(lambda: net.server.requests, "the question to the server")
        looking, = process.session_members(daemon.pid)[1:]
        os.kill(looking, signal.SIGSTOP)
        assert policies.hear(sock) == [("P", "failed"), ("R", "sts-policy-fetch-error")]
        assert not any("failed" in line for line in daemon.lines)
    daemon.wait('^mtasts failed .* reason="it came to no end"')
    town.until(lambda: len(process.session_members(daemon.pid)) == 1, "his end")


def test_somebody_who_asks_nothing(town, net, hasty):
    start(town, hasty, HASTY="20")
    with policies.connect(town.place) as sock:
        assert sock.recv(10) == b""


def flood(town, net, count):
    """Questions on so many domains whose name server says nothing."""
    for n in range(count):
        net.place("_mta-sts.d%d.example" % n, TXT="DROP")
        sock = policies.connect(town.place)
        sock.send(b"Dd%d.example\0" % n)
        yield sock


def test_a_flood_that_nobody_waits_for(town, net, hasty):
    """It leaves no work behind."""
    asked = []
    find = net.dns.find
    net.dns.find = lambda name, kind: asked.append(name) or find(name, kind)
    start(town, hasty, HASTY="12")
    socks = list(flood(town, net, 72))
    town.until(lambda: len({name for name in asked if name.startswith("_mta-sts.d")}) == 32,
               "all who may look at a time")
    for sock in socks:
        sock.close()
    assert ask(town.place, DOMAIN)[0] == "enforce"
    assert len({name for name in asked if name.startswith("_mta-sts.d")}) == 32


def test_no_descriptors(town, net):
    """A fault of ours is no answer about the domain."""
    daemon = start(town, "/usr/bin/prlimit", words=["--nofile=5", town.place.program("qmail-mtasts")])
    with policies.connect(town.place) as sock:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
        assert sock.recv(1000) == b""
    daemon.wait("^qmail-mtasts: look: ")
    assert not any("failed" in line for line in daemon.lines)


# ---- what is kept

def test_a_failure_is_remembered(town, net, mtasts):
    net.server.reply = reply("", "404 x")
    assert ask(town.place, DOMAIN) == FAILURE
    net.server.reply = reply(policy())
    assert ask(town.place, DOMAIN) == FAILURE
    again(mtasts)
    assert ask_till(town, DOMAIN, "enforce")


def test_another_id(town, net, mtasts):
    assert ask(town.place, DOMAIN)[0] == "enforce"
    net.server.reply = reply(policy("testing"))
    again(mtasts)
    ask_till(town, DOMAIN, "enforce")
    assert len(net.server.requests) == 1
    net.record("v=STSv1; id=2;")
    again(mtasts)
    mode, rest = ask_till(town, DOMAIN, "testing")
    assert ("I", "2") in rest


def test_another_id_while_somebody_looks(town, net, mtasts):
    """What he finds is of before."""
    gate = []
    net.server.reply = lambda session: (town.until(lambda: gate, "the gate"),
                                        session.sendall(reply(policy()).encode()))
    with policies.connect(town.place) as sock:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
        town.until(lambda: net.server.requests, "the question to the server")
        net.server.reply = reply(policy("testing"))
        net.record("v=STSv1; id=2;")
        again(mtasts)
        assert ask(town.place, "else.example") == NONE
        gate.append(True)
        assert policies.hear(sock)[0] == ("P", "enforce")
    ask_till(town, DOMAIN, "testing")


def test_a_record_that_has_gone(town, net, mtasts):
    assert ask(town.place, DOMAIN)[0] == "enforce"
    for texts in ([], ["v=STSv1; id=1;", "v=STSv1; id=1;"]):
        net.record(*texts)
        again(mtasts)
        for _ in range(3):
            assert ask(town.place, DOMAIN)[0] == "enforce"


@pytest.mark.parametrize("said", [reply("", "404 x"), reply("junk")], ids=["404", "junk"])
def test_a_policy_outlives_failures(town, net, mtasts, said):
    assert ask(town.place, DOMAIN)[0] == "enforce"
    net.record("v=STSv1; id=2;")
    net.server.reply = said
    again(mtasts)
    assert ask(town.place, DOMAIN)[0] == "enforce"
    mtasts.wait(r"^mtasts failed .* kept=[1-9]\d*$")
    assert ask(town.place, DOMAIN)[0] == "enforce"


def test_the_end_of_a_policy(town, net, hasty):
    """It lasts as long as it says, and is fetched again before that."""
    net.server.reply = reply(policy(age=600))
    daemon = start(town, hasty, HASTY="60")
    assert ask(town.place, DOMAIN)[0] == "enforce"
    daemon.wait("^mtasts policy ", count=2)
    net.server.reply = reply("", "404 x")
    daemon.wait("^mtasts failed .* kept=[1-9]")
    ask_till(town, DOMAIN, "failed")


def test_a_restart(town, net, mtasts):
    net.server.reply = reply(policy(hosts=["a.example", "*.b.example"]))
    mode, before = ask(town.place, DOMAIN)
    mtasts.stop()
    net.server.close()
    start(town)
    mode, after = ask(town.place, DOMAIN)
    assert mode == "enforce" and after[1:] == before[1:]
    assert int(after[0][1]) <= int(before[0][1])


def cache(town, domain=DOMAIN):
    return town.place.path("sts/cache/" + domain)


@pytest.mark.parametrize("text", [
    "", "1 %d\n", "1 x\n" + policy(), "1 99999999999999999999\n" + policy(), policy(),
    "x" * 100000], ids=["empty", "no policy", "no time", "a great time", "no head", "long"])
def test_a_file_of_no_use(town, net, text):
    os.makedirs(cache(town, ""), exist_ok=True)
    for name in (DOMAIN, ".hidden", "a b", ".new"):
        town.place.write(cache(town, name), text.replace("%d", str(int(time.time()))))
    os.system("chown -R %d %s" % (town.place.ids("qmailh")[0], cache(town, "")))
    start(town)
    town.until(lambda: os.listdir(cache(town, "")) == [], "all of it to go")
    assert ask(town.place, DOMAIN)[0] == "enforce"


def test_a_file_from_the_future(town, net):
    """Fetched while the clock was ahead: it is good, and fetched again though its id is the same."""
    net.record("v=STSv1; id=7;")
    os.makedirs(cache(town, ""), exist_ok=True)
    town.place.write(cache(town, DOMAIN), "7 %d\n%s" % (time.time() + 315360000, policy()))
    os.system("chown -R %d %s" % (town.place.ids("qmailh")[0], cache(town, "")))
    start(town)

    def is_written():
        with open(cache(town, DOMAIN)) as file:
            return int(file.readline().split()[1]) <= time.time()
    assert not is_written()
    assert ("I", "7") in ask(town.place, DOMAIN)[1]
    town.until(is_written, "the file with another time")


def test_files_that_have_no_name_of_a_domain(town, net):
    os.makedirs(cache(town, ""), exist_ok=True)
    for name in (DOMAIN, ".new", "a b", "a..b"):
        town.place.write(cache(town, name), "7 %d\n%s" % (time.time(), policy()))
    os.system("chown -R %d %s" % (town.place.ids("qmailh")[0], cache(town, "")))
    start(town)
    town.until(lambda: os.listdir(cache(town, "")) == [DOMAIN], "the others to go")
    assert ("I", "7") in ask(town.place, DOMAIN)[1]


def test_killed_while_it_fetches(town, net, mtasts):
    """Others go on; who asks learns that there is no answer."""
    net.server.reply = lambda session: session.recv(1)
    with policies.connect(town.place) as sock:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
        town.until(lambda: net.server.requests, "the question to the server")
        looking, = process.session_members(mtasts.pid)[1:]
        os.kill(looking, signal.SIGKILL)
        assert policies.hear(sock) == [("P", "failed"), ("R", "sts-policy-fetch-error")]
    mtasts.wait('reason="it came to no end"')


def test_killed_as_a_whole(town, net, mtasts):
    for number in range(2):
        name = "d%d.example" % number
        net.record("v=STSv1; id=1;", domain=name)
        net.place("mta-sts." + name, A=["127.0.0.1"])
    net.server.context = tls.server_context(net.authority.sign("mta-sts.d0.example"))
    assert ask(town.place, "d0.example")[0] == "enforce"
    net.server.context = tls.server_context(net.authority.sign("mta-sts.d1.example"))
    net.server.reply = lambda session: session.recv(1)
    with policies.connect(town.place) as sock:
        sock.send(b"Dd1.example\0")
        town.until(lambda: len(net.server.requests) == 2, "the question to the server")
        mtasts.kill()
        assert sock.recv(10) == b""
    daemon = start(town)
    assert ask(town.place, "d0.example")[0] == "enforce"
    assert daemon.process.poll() is None


def test_many_ask_at_once(town, net, mtasts):
    """One fetches for all."""
    gate = []
    net.server.reply = lambda session: (town.until(lambda: gate, "the gate"),
                                        session.sendall(reply(policy()).encode()))
    socks = [policies.connect(town.place) for _ in range(50)]
    for sock in socks:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
    town.until(lambda: net.server.requests, "the question to the server")
    gate.append(True)
    assert {policies.hear(sock)[0] for sock in socks} == {("P", "enforce")}
    assert len(net.server.requests) == 1


def test_many_domains_at_once(town, net, mtasts):
    names = ["n%d.example" % number for number in range(100)]
    socks = [policies.connect(town.place) for _ in names]
    for sock, name in zip(socks, names):
        sock.send(b"D" + name.encode() + b"\0")
    assert all(policies.hear(sock) == [("P", "none")] for sock in socks)


def test_so_many_look_at_a_time(town, net, mtasts):
    """The others wait; what is known is answered meanwhile."""
    assert ask(town.place, DOMAIN)[0] == "enforce"
    socks = [policies.connect(town.place) for _ in range(40)]
    for number, sock in enumerate(socks):
        net.place("_mta-sts.n%d.example" % number, TXT="DROP")
        sock.send(b"Dn%d.example\0" % number)
    assert ask(town.place, DOMAIN)[0] == "enforce"
    town.until(lambda: len(process.session_members(mtasts.pid)) == 33, "32 who look")
    assert ask(town.place, DOMAIN)[0] == "enforce"
    assert len(process.session_members(mtasts.pid)) == 33
    for sock in socks:
        sock.close()


# ---- walls

@pytest.mark.parametrize("question", [b"", b"D", b"Dthere.example", b"Xthere.example\0",
                                      b"Dthere.example\0Dthere.example\0", b"\0", b"x" * 400])
def test_no_questions(town, net, mtasts, question):
    with policies.connect(town.place) as sock:
        if question:
            sock.send(question)
        else:
            sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    assert ask(town.place, DOMAIN)[0] == "enforce"


def test_who_may_ask(town, net, mtasts):
    program = """
import socket, sys
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.connect(sys.argv[1])
door.send(b"Dthere.example\\0")
print(door.recv(10)[:1])"""
    for user in ("nobody", "alias", "qmails", "qmaild", "qmailq", "qmaill", "qmailt", "qmailr"):
        done = subprocess.run(["/usr/bin/python3", "-c", program, town.place.path(policies.DOOR)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              **town.place.as_user(user))
        assert (done.stdout == b"b'P'\n") == (user == "qmailr"), (user, done)
    assert os.stat(town.place.path("sts")).st_mode & 0o007 == 0


def test_what_it_can_do(town, net, mtasts):
    """Nobody here is root; who hears strangers can open nothing."""
    net.server.reply = lambda session: session.recv(1)
    uid, gid = town.place.ids("qmailh")
    with policies.connect(town.place) as sock:
        sock.send(b"D" + DOMAIN.encode() + b"\0")
        town.until(lambda: net.server.requests, "the question to the server")
        serving, looking = process.session_members(mtasts.pid)
        for pid in (serving, looking):
            with open("/proc/%d/status" % pid) as source:
                status = source.read()
            assert "\nUid:\t%d\t%d\t%d\t%d\n" % ((uid,) * 4) in status
            assert "\nGroups:\t%d \n" % gid in status
        assert "\nNoNewPrivs:\t1\n" in status
        assert sorted(os.listdir("/proc/%d/fd" % looking)) == ["0", "1", "2", "3"]
        with open("/proc/%d/limits" % looking) as source:
            limits = " ".join(source.read().split())
        assert "Max open files 4 4 " in limits and "Max processes 0 0 " in limits
        assert "Max file size 0 0 " in limits and "Max core file size 0 0 " in limits
