"""qmail-dkimverify, with messages that are signed here: canonical forms by regular
expressions, keys and signatures by the openssl program."""

import base64
import hashlib
import os
import re
import subprocess

import pytest

from support import peers

PORT = 26153
DOMAIN = "signer.example"
FIELDS = ["From: Ann <ann@signer.example>", "To: bob@reader.example",
          "Subject:  some \t words,\r\n\tand\r\n  more", "Date: Mon, 02 Nov 2026 10:00:00 +0000"]
BODY = "Dear Bob,\r\n\r\n two  blanks,\ta tab, some at the end  \r\nEnd.\r\n\r\n\r\n"
KINDS = {"rsa": ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"], "ed": ["ed25519"],
         "short": ["rsa", "-pkeyopt", "rsa_keygen_bits:1016"],
         "least": ["rsa", "-pkeyopt", "rsa_keygen_bits:1024"],
         "most": ["rsa", "-pkeyopt", "rsa_keygen_bits:4096"],
         "long": ["rsa", "-pkeyopt", "rsa_keygen_bits:4104"]}


def openssl(*words, text=b""):
    return subprocess.run(["openssl", *words], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True).stdout


class Key:
    def __init__(self, folder, kind):
        self.path, self.is_edwards = str(folder / kind), kind == "ed"
        openssl("genpkey", "-quiet", "-out", self.path, "-algorithm", *KINDS[kind])
        self.public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.is_edwards:
            self.public = self.public[-32:]

    def record(self, tags=""):
        return "v=DKIM1; k=%s; %sp=%s" % ("ed25519" if self.is_edwards else "rsa", tags,
                                          base64.b64encode(self.public).decode())

    def sign(self, text, digest):
        if not self.is_edwards:
            return openssl("dgst", "-" + digest, "-sign", self.path, text=text)
        source = self.path + ".hash"
        with open(source, "wb") as out:
            out.write(hashlib.sha256(text).digest())
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", source)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Made when they are asked for, once."""
    folder, made = tmp_path_factory.mktemp("keys"), {}

    def key(kind):
        if kind not in made:
            made[kind] = Key(folder, kind)
        return made[kind]
    return key


# ---- a signer

def canonical_field(form, field):
    if form == "simple":
        return field
    name, value = field.split(":", 1)
    return name.strip().lower() + ":" + re.sub(r"[ \t]+", " ", value.replace("\r\n", "")).strip()


def canonical_body(form, body):
    if form == "relaxed":
        body = re.sub(r"[ \t]+", " ", body)
        body = re.sub(r" (?=\r\n|$)", "", body)
    body = re.sub(r"(\r\n)*$", "", body)
    return body + "\r\n" if body or form == "simple" else body


def name_of(field):
    return field.split(":")[0].strip().lower()


def sign(key, form="relaxed/relaxed", fields=None, body=BODY, names="from:to:subject:date", selector="key",
         digest="sha256", more="", limit=None, domain=DOMAIN):
    """The field DKIM-Signature for such a message, without its end of line."""
    fields = list(FIELDS if fields is None else fields)
    header_form, body_form = form.split("/")
    hashed = canonical_body(body_form, body).encode("latin-1")[:limit]
    algorithm = "ed25519-sha256" if key.is_edwards else "rsa-" + digest
    field = "DKIM-Signature: v=1; a=%s; c=%s; d=%s; s=%s;\r\n\th=%s; %s%sbh=%s;\r\n\tb=" % (
        algorithm, form, domain, selector, names, more, "" if limit is None else "l=%d; " % limit,
        base64.b64encode(hashlib.new(digest, hashed).digest()).decode())
    chosen = []
    for name in names.split(":"):
        found = [at for at, one in enumerate(fields) if one and name_of(one) == name.lower()]
        if found:
            chosen.append(canonical_field(header_form, fields[found[-1]]) + "\r\n")
            fields[found[-1]] = None
    text = "".join(chosen) + canonical_field(header_form, field)
    code = base64.b64encode(key.sign(text.encode("latin-1"), digest)).decode()
    return field + code[:50] + "\r\n\t " + code[50:]


def message(*signatures, fields=None, body=BODY):
    return "\r\n".join([*signatures, *(FIELDS if fields is None else fields), "", body])


# ---- the verifier

@pytest.fixture
def zone():
    with peers.Dns({}, port=PORT) as dns:
        yield dns.zone


@pytest.fixture
def publish(zone):
    def add(*records, selector="key", **more):
        zone["%s._domainkey.%s" % (selector, DOMAIN)] = {"TXT": list(records), **more}
    return add


@pytest.fixture
def program(place, needs):
    needs("openssl")
    path = place.program("qmail-dkimverify")
    if not os.path.exists(path):
        pytest.skip("built without OpenSSL")
    return path


@pytest.fixture
def verify(program, zone):
    """verify(message): the lines; the same for both ends of lines."""
    def run(text, *words):
        done = subprocess.run([program, *words], input=text.encode("latin-1"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60,
                              env={"DNSCACHEIP": "127.0.0.1:%d" % PORT})
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode("latin-1").splitlines()

    def both(text):
        lines = run(text.replace("\r\n", "\n"))
        assert run(text, "--crlf") == lines
        return lines
    return both


def result(lines):
    assert len(lines) == 1, lines
    return lines[0].split()[0]


FORMS = [a + "/" + b for a in ("simple", "relaxed") for b in ("simple", "relaxed")]


@pytest.mark.parametrize("kind", ["rsa", "ed"])
@pytest.mark.parametrize("form", FORMS)
def test_pass(kind, form, keys, publish, verify):
    publish(keys(kind).record())
    assert verify(message(sign(keys(kind), form))) == ["pass d=signer.example s=key good signature"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", ["", "\r\n\r\n", " ", "no end", "\r\nempty before\r\n", "a \t\r\n \r\n\r\n",
                                  "\xff\x80\0\r\n", "x" * 5000 + "\r\n" * 3000 + "y"])
def test_bodies(form, body, keys, publish, verify):
    publish(keys("ed").record())
    assert result(verify(message(sign(keys("ed"), form, body=body), body=body))) == "pass"


def test_no_signature(verify):
    assert verify(message()) == ["none"]
    assert verify("") == ["none"]
    assert verify("\r\nDKIM-Signature: v=1\r\n") == ["none"]


CHANGES = [("Dear", "dear"), (" two  blanks", " two blanks"), ("End.", "End.\r\nMore."), ("ann@", "amm@"),
           ("Subject:  some", "Subject:  no"), ("Date:", "Dat:"), ("h=from:", "h=from :"), ("v=1", "v =1"),
           ("Ann <", "Ann  <")]


@pytest.mark.parametrize("old,new", CHANGES)
@pytest.mark.parametrize("form", FORMS)
def test_changes(old, new, form, keys, publish, verify):
    """Blanks do not matter where they are relaxed; all else does."""
    publish(keys("ed").record())
    text = message(sign(keys("ed"), form))
    assert old in text
    is_harmless = (old, new) == (" two  blanks", " two blanks") and form.endswith("/relaxed") or \
        (old, new) == ("Ann <", "Ann  <") and form.startswith("relaxed/")
    assert result(verify(text.replace(old, new, 1))) == ("pass" if is_harmless else "fail")


def test_signature_of_another(keys, publish, verify):
    publish(keys("rsa").record())
    assert result(verify(message(sign(keys("least"))))) == "fail"
    # bytes of no signature at all, and too few
    signature = sign(keys("rsa"))
    head = signature[:signature.rindex("b=")]
    assert result(verify(message(head + "b=AAAA"))) == "fail"


def test_fields_added(keys, publish, verify):
    """The lowest field counts; one name more than there are fields guards against more."""
    publish(keys("ed").record())
    once, twice = sign(keys("ed")), sign(keys("ed"), names="from:from:to:subject:date")
    forged = "From: Mallory <mallory@signer.example>"
    for signature, where, wanted in ((once, 0, "pass"), (once, 1, "fail"), (twice, 0, "fail"),
                                     (twice, 1, "fail")):
        fields = list(FIELDS)
        fields.insert(where, forged)
        assert result(verify(message(signature, fields=fields))) == wanted
    assert result(verify(message(twice))) == "pass"


def test_several(keys, publish, verify):
    publish(keys("rsa").record())
    publish(keys("ed").record(), selector="other")
    good, other = sign(keys("rsa")), sign(keys("ed"), selector="other")
    assert verify(message(good, other, "DKIM-Signature: nothing")) == [
        "pass d=signer.example s=key good signature",
        "pass d=signer.example s=other good signature",
        "permerror d=- s=- no list of tags"]
    # One that signs another, and is not disturbed by itself.
    above = sign(keys("ed"), fields=[other, *FIELDS], names="from:dkim-signature", selector="other")
    assert [line.split()[0] for line in verify(message(above, other))] == ["pass", "pass"]


def test_shared_bodies(keys, publish, verify):
    """Each signature has its own form of the body, and its own length."""
    publish(keys("ed").record())
    signatures = [sign(keys("ed"), form, limit=limit) for form in FORMS[:2] for limit in (None, 5, 15)]
    text = message(*signatures)
    assert [line.split()[0] for line in verify(text)] == ["pass"] * 6
    lines = verify(text.replace(" two  blanks", " two blanks"))
    assert [line.split()[0] for line in lines] == ["fail", "pass", "pass", "pass", "pass", "pass"]
    lines = verify(text.replace("\r\nEnd.", "\r\nend."))
    assert [line.split()[0] for line in lines] == ["fail", "pass", "pass"] * 2


def test_ten_are_looked_at(keys, publish, verify, zone):
    publish(keys("ed").record())
    good = sign(keys("ed"))
    lines = verify(message(*[good] * 12))
    assert [line.split()[0] for line in lines] == ["pass"] * 10 + ["neutral"]
    assert "too many signatures before others" in lines[10]


@pytest.mark.parametrize("kind,wanted", [("short", "policy"), ("least", "pass"), ("most", "pass"),
                                         ("long", "policy")])
def test_sizes_of_keys(kind, wanted, keys, publish, verify):
    publish(keys(kind).record())
    assert result(verify(message(sign(keys(kind))))) == wanted
    publish(keys(kind).record(), UDP="TC")
    assert result(verify(message(sign(keys(kind))))) == wanted


def test_sha1(keys, publish, verify):
    publish(keys("rsa").record())
    assert result(verify(message(sign(keys("rsa"), digest="sha1")))) == "policy"


def test_keys(keys, publish, verify, zone):
    text = message(sign(keys("rsa")))
    good, name = keys("rsa").record(), "key._domainkey." + DOMAIN
    assert result(verify(text)) == "permerror"
    zone[name] = {"A": ["192.0.2.1"]}
    assert result(verify(text)) == "permerror"
    zone[name] = "SERVFAIL"
    assert result(verify(text)) == "temperror"
    publish(good, good)
    assert result(verify(text)) == "permerror"
    for wrong in ("v=spf1 -all", "v=DKIM1; p=", "v=DKIM1; p=AAAA", good.replace("k=rsa", "k=ed25519"),
                  good + "AAAA", keys("ed").record(), good.replace("k=rsa", "k=rsa; s=tlsrpt"),
                  keys("ed").record().replace("ed25519", "rsa")):
        publish(wrong)
        assert result(verify(text)) == "permerror", wrong
    zone[name] = {"CNAME": "there._domainkey." + DOMAIN}
    publish(good, selector="there")
    assert result(verify(text)) == "pass"
    # As the letter of RFC 6376 has it: without what says that it is RSA.
    bare = openssl("rsa", "-in", keys("rsa").path, "-RSAPublicKey_out", "-outform", "DER")
    publish("p=" + base64.b64encode(bare).decode())
    assert result(verify(text)) == "pass"
    # A key of another kind in the same wrapping.
    publish("p=" + base64.b64encode(openssl("pkey", "-in", keys("ed").path, "-pubout",
                                            "-outform", "DER")).decode())
    assert result(verify(text)) == "permerror"


def test_ed25519_keys(keys, publish, verify):
    text = message(sign(keys("ed")))
    for size in (0, 31, 33):
        code = base64.b64encode((keys("ed").public * 2)[:size]).decode()
        publish("v=DKIM1; k=ed25519; p=" + code)
        assert result(verify(text)) == "permerror"


def test_flags_of_keys(keys, publish, verify):
    publish(keys("ed").record("t=y; "))
    text = message(sign(keys("ed")))
    assert verify(text)[0].endswith("good signature; the key is for tests")
    text = message(sign(keys("ed"), more="i=ann@mail.signer.example; "))
    assert result(verify(text)) == "pass"
    publish(keys("ed").record("t=s; "))
    assert result(verify(text)) == "permerror"


def test_lengths(keys, publish, verify):
    publish(keys("ed").record())
    part = message(sign(keys("ed"), limit=10))
    assert verify(part)[0].endswith("good signature; text at the end is not signed")
    assert result(verify(part.replace("End.", "Another end."))) == "pass"
    assert result(verify(part.replace("Dear", "dear"))) == "fail"
    size = len(canonical_body("relaxed", BODY))
    assert verify(message(sign(keys("ed"), limit=size)))[0].endswith("good signature")
    nothing = message(sign(keys("ed"), limit=0))
    assert verify(nothing)[0].endswith("good signature; text at the end is not signed")


def test_times(keys, publish, verify):
    publish(keys("ed").record())
    for times, wanted in (("t=5; x=6; ", "fail"), ("x=99999999999; ", "pass"), ("t=99999999999; ", "pass"),
                          ("x=soon; ", "permerror"), ("t=9; x=8; ", "permerror"),
                          ("x=99999999999999999999999; ", "pass")):
        assert result(verify(message(sign(keys("ed"), more=times)))) == wanted, times


def test_domains_beyond_ascii(keys, publish, verify, zone):
    """RFC 8616: what is asked for is the A-label."""
    zone["key._domainkey.xn--bcher-kva.example"] = {"TXT": [keys("ed").record()]}
    domain = "b\u00fccher.example".encode().decode("latin-1")
    assert result(verify(message(sign(keys("ed"), domain=domain)))) == "pass"


def test_names_that_are_too_long(keys, verify):
    selector = ".".join(["a" * 60] * 4)
    lines = verify(message(sign(keys("ed"), selector=selector)))
    assert lines == ["permerror d=signer.example s=%s the name of its key is none" % selector]


def test_large_headers(keys, publish, verify):
    publish(keys("ed").record())
    good = sign(keys("ed"))
    assert result(verify(message("X: " + "x" * 1000000, good))) == "pass"
    assert result(verify(message("X: " + "x" * 1048576, good))) == "neutral"
    assert result(verify(message(*["X: x"] * 3000, good))) == "pass"
    assert result(verify(message(*["X: x"] * 4000, good))) == "neutral"
    assert verify(message(good, "X: " + "x" * 1048576)) == [
        "neutral d=- s=- the header is too large"]


def test_odd_headers(keys, publish, verify):
    """A line that is no field may be the end of the header for others."""
    publish(keys("ed").record())
    good = sign(keys("ed"))
    for fields in (["no field", good], [good, "no field"], ["From ann Mon Nov  2", good], [" folded", good]):
        assert verify(message(*fields)) == [
            "neutral d=signer.example s=key a line of the header is no field"], fields
    assert verify(message("no field")) == ["none"]


def test_work(program, keys):
    """The time does not grow with the square of a line: seconds of the processor, not
    minutes."""
    signatures = [sign(keys("ed"), limit=(1 << 30) + n) for n in range(10)]
    text = message(*signatures, body="").replace("\r\n", "\n") + "a b " * (8 << 20)
    done = subprocess.run(["sh", "-c", "ulimit -t 30; exec $0", program], input=text.encode(),
                          stdout=subprocess.PIPE, env={"DNSCACHEIP": "127.0.0.1:%d" % PORT})
    assert done.returncode == 0
    assert done.stdout.count(b"fail ") == 10


def test_memory(program, keys, publish, tmp_path):
    """The body is not kept, nor more of a header than may be: 8 MiB do for 32."""
    publish(keys("ed").record())
    body = ("x" * 31 + "\r\n") * (1 << 20)
    for text, wanted in ((message(sign(keys("ed"), body=body), body=body), b"pass "),
                         ("x" * (32 << 20), b"neutral "), ("x: y\n" * (8 << 20), b"neutral ")):
        path = tmp_path / "message"
        path.write_bytes(text.encode())
        with open(path) as source:
            done = subprocess.run(["sh", "-c", "ulimit -d 8192; exec $0 --crlf", program], stdin=source,
                                  stdout=subprocess.PIPE, timeout=60,
                                  env={"DNSCACHEIP": "127.0.0.1:%d" % PORT})
        assert done.returncode == 0 and done.stdout.startswith(wanted)


def test_box(program):
    """It can start no process: a pipe holds less than what it has taken by then."""
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"x" * (1 << 20))
    child.stdin.flush()
    with open("/proc/%d/status" % child.pid) as status, open("/proc/%d/limits" % child.pid) as limits:
        assert "\nNoNewPrivs:\t1\n" in status.read()
        assert re.search(r"\nMax processes +0 +0 ", limits.read())
    assert child.communicate()[0] == b"none\n"


def test_arguments(program, tmp_path):
    def run(*words, **more):
        return subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, **more)

    for words in (["x"], ["--crlf", "x"], ["--CRLF"]):
        done = run(*words, input=b"")
        assert done.returncode == 100 and done.stderr.startswith(b"usage: ")
    folder = os.open(tmp_path, os.O_RDONLY)
    done = run(stdin=folder)
    os.close(folder)
    assert done.returncode == 111 and b"the message" in done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run([program], input=b"", stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 111 and b"the answer" in done.stderr
