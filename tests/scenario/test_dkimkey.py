"""qmail-dkimkey: makes keys that sign mail, and says what to publish of them."""

import base64
import os
import re
import subprocess
import time

import pytest

from support import peers
from scenario.test_dkimverify import openssl

FOLDER = "control/dkim/here.example"


@pytest.fixture
def place(root_place):
    root_place.reset()
    if not os.path.exists(root_place.program("qmail-dkimkey")):
        pytest.skip("built without OpenSSL")
    root_place.control(me="mail.here.example\n")
    return root_place


def run(place, *words, **more):
    done = subprocess.run([place.program("qmail-dkimkey"), *words], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/bin"}, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def files(place, folder=FOLDER):
    return sorted(os.listdir(place.path(folder)))


def read(place, name):
    with open(place.path(FOLDER + "/" + name)) as source:
        return source.read()


def owner_and_mode(place, name):
    found = os.stat(place.path(name))
    return found.st_uid, found.st_mode & 0o7777


def test_two_keys(place):
    """Those of the month, for qmailk alone; published are their other halves."""
    before = time.strftime("%Y%m", time.gmtime())
    code, out, errors = run(place, "here.example", umask=0o077)
    month = files(place)[0][:6]
    assert (code, errors) == (0, "") and month in (before, time.strftime("%Y%m", time.gmtime()))
    assert files(place) == [month + end for end in ("e.pem", "e.txt", "r.pem", "r.txt")]
    for folder in "control/dkim", FOLDER:
        assert owner_and_mode(place, folder) == (0, 0o755)
    qmailk = place.ids("qmailk")[0]
    for letter, kind, bits in ("e", "ed25519", 256), ("r", "rsa", 2048):
        name = "%s/%s%s" % (FOLDER, month, letter)
        assert owner_and_mode(place, name + ".pem") == (qmailk, 0o400)
        assert owner_and_mode(place, name + ".txt") == (qmailk, 0o644)
        public = openssl("pkey", "-in", place.path(name + ".pem"), "-pubout", "-outform", "DER")
        record = read(place, month + letter + ".txt")
        published = base64.b64decode(re.fullmatch(r"v=DKIM1; k=%s; p=(\S+)\n" % kind, record).group(1))
        assert published == (public if kind == "rsa" else public[-32:])
        assert kind == "ed25519" or b"(%d bit" % bits in openssl(
            "pkey", "-in", place.path(name + ".pem"), "-noout", "-text")
        assert "%s%s._domainkey.here.example. 3600 IN TXT \"v=DKIM1; k=%s; p=" % (month, letter, kind) in out
        assert "PRIVATE" not in out
    assert "here.example. 3600 IN MX 10 mail.here.example.\n" in out


def test_a_second_time(place):
    """Nothing is written over; another selector has other keys."""
    assert run(place, "here.example", "a")[0] == 0
    names = files(place)
    texts = [read(place, name) for name in names]
    code, out, errors = run(place, "here.example", "a")
    assert (code, out) == (111, "")
    assert errors == "qmail-dkimkey: fatal: cannot make %s/%s/ae.txt: File exists\n" % (
        os.path.dirname(place.path(FOLDER)), "here.example")
    assert files(place) == names and [read(place, name) for name in names] == texts
    assert run(place, "here.example", "b")[0] == 0
    assert [read(place, name) for name in names] == texts and len(files(place)) == 8
    assert len({read(place, name) for name in files(place)}) == 8


@pytest.mark.parametrize("there", ["ae.pem", "ar.txt", "ar.pem"])
def test_a_half_that_is_there(place, there):
    """What is there stays, and is all: a key and what is published of another are of no use."""
    os.makedirs(place.path(FOLDER))
    place.write(place.path(FOLDER + "/" + there), "kept")
    code, _, errors = run(place, "here.example", "a")
    assert code == 111 and there in errors
    assert read(place, there) == "kept"
    assert files(place) == [there]


@pytest.mark.parametrize("bits", ["1024", "1040", "4096"])
def test_bits(place, bits):
    assert run(place, "-b", bits, "here.example", "a")[0] == 0
    assert ("(%s bit" % bits).encode() in openssl("pkey", "-in", place.path(FOLDER + "/ar.pem"), "-noout", "-text")


@pytest.mark.parametrize("bits", ["1023", "4097", "0", "-1", "", "2048x", "99999999999999999999"])
def test_no_bits(place, bits):
    code, out, errors = run(place, "-b", bits, "here.example")
    assert (code, out) == (100, "")
    assert errors == "qmail-dkimkey: fatal: %s is not a number of bits from 1024 to 4096\n" % bits
    assert not os.path.exists(place.path("control/dkim"))


@pytest.mark.parametrize("words", [[], ["-b"], ["-b", "2048"], ["a.example", "b", "c"], ["-x", "a.example"]])
def test_usage(place, words):
    code, out, errors = run(place, *words)
    assert (code, out) == (100, "")
    assert errors.endswith("qmail-dkimkey: usage: qmail-dkimkey [-b bits] domain [selector]\n")
    assert not os.path.exists(place.path("control/dkim"))


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "Here.example", "a..b", "here.example.", ".a", "a b",
                                  "x" * 254, "a\n"])
@pytest.mark.parametrize("is_selector", [False, True])
def test_no_names(place, name, is_selector):
    code, out, errors = run(place, *(["here.example", name] if is_selector else [name]))
    assert (code, out) == (100, "")
    assert errors.endswith("can be no selector\n" if is_selector else "is no domain in small letters\n")
    assert not os.path.exists(place.path("control/dkim"))


@pytest.mark.parametrize("name, says", [
    ("b\xfccher.example", "is xn--bcher-kva.example here, as the DNS has it"),
    ("a.b\xfccher.\u4f8b\u3048.example", "is a.xn--bcher-kva.xn--r8jz45g.example here, as the DNS has it"),
    ("B\xfccher.example", "is xn--bcher-kva.example here, as the DNS has it"),
    ("b\xfccher..example", "is no domain in small letters"), ("\xfc" * 70 + ".example", "is no domain in small letters")])
def test_names_as_people_write_them(place, name, says):
    code, out, errors = run(place, name)
    assert (code, out) == (100, "") and errors.endswith(" %s\n" % says)
    assert not os.path.exists(place.path("control/dkim"))


def test_a_longer_selector(place):
    """It may have dots (RFC 6376 3.1)."""
    assert run(place, "here.example", "2026.mail_1")[0] == 0
    assert files(place)[0] == "2026.mail_1e.pem"


def test_by_somebody_else(place):
    code, out, errors = run(place, "here.example", **place.as_user("nobody"))
    assert (code, out) == (111, "") and "Permission denied" in errors


def test_no_user_for_keys(place):
    """They would stay root's, and nobody could sign."""
    with open(place.path("users/ids")) as source:
        ids = source.read()
    place.write(place.path("users/ids"), re.sub("user qmailk .*\n", "", ids))
    code, out, errors = run(place, "here.example")
    assert (code, out, errors) == (100, "", "qmail-dkimkey: fatal: qmailk is no user here\n")
    assert not os.path.exists(place.path("control/dkim"))


def test_what_is_published_is_found(place):
    """--check knows its keys, and those that are not published yet."""
    run(place, "here.example", "a")
    zone = {"a%s._domainkey.here.example" % letter: {"TXT": [read(place, "a%s.txt" % letter).strip()]}
            for letter in "re"}
    run(place, "here.example", "b")
    with peers.Dns(zone):
        done = subprocess.run([place.program("qmail-dnsrecords"), "--check", "here.example"], capture_output=True,
                              text=True, env={"PATH": "/bin"}, check=False)
    assert done.returncode == 1
    assert re.findall(r"(\w+) DKIM (\w+)\.", done.stdout) == [("ok", "ae"), ("ok", "ar"), ("missing", "be"),
                                                             ("missing", "br")]


@pytest.mark.parametrize("fault", ["%s:error=%s:when=%d" % (call, error, nth) for nth in (1, 2, 3, 4)
                                   for call, error in (("fsync", "EIO"), ("fchmod", "EIO"), ("fchown", "EPERM"))])
def test_a_fault_leaves_nothing(place, needs, fault):
    needs("strace")
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "--inject=" + fault, place.program("qmail-dkimkey"),
                           "here.example", "a"], capture_output=True, text=True, check=False)
    assert done.returncode == 111 and "cannot write" in done.stderr and done.stdout == ""
    assert files(place) == []
    assert run(place, "here.example", "a")[0] == 0
