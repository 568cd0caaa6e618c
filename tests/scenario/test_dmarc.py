"""qmail-dmarccheck: what a domain wants done with mail in its name (RFC 9989)."""

import subprocess

import pytest

from support import peers

POLICY = "v=DMARC1; p=reject"


def entry(record):
    """Of a zone: a failure, or one text or several."""
    return record if record == "SERVFAIL" else {"TXT": [record] if isinstance(record, str) else record}


@pytest.fixture
def place(root_place):
    root_place.reset()
    return root_place


@pytest.fixture
def check(place):
    """check({domain: record}, author, word...): the line; check.asked then has the
    domains whose records were asked for."""
    def run(records, author, *words, exists=()):
        zone = {"_dmarc." + domain: entry(record) for domain, record in records.items()}
        for name in exists:
            zone[name] = {}
        with peers.Dns(zone) as dns:
            done = subprocess.run([place.program("qmail-dmarccheck"), author, *words], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env={"PATH": "/bin"}, timeout=60)
        assert done.returncode == 0, done
        assert {kind for _, kind in dns.asked} <= {"TXT", "A"}
        asked.clear()
        asked.extend(name[len("_dmarc."):] for name, kind in dns.asked if kind == "TXT")
        return done.stdout.decode().rstrip("\n")

    asked = run.asked = []
    return run


def word(line, key):
    return dict(part.split("=") for part in line.split()[1:])[key]


# ---- alignment

@pytest.mark.parametrize("words, relaxed, strict", [
    ([], "fail", "fail"),
    (["spf=pass:d.example"], "pass", "pass"),
    (["spf=pass:D.Example."], "pass", "pass"),
    (["dkim=pass:d.example"], "pass", "pass"),
    (["spf=pass:b.d.example"], "pass", "fail"),
    (["dkim=pass:b.d.example"], "pass", "fail"),
    (["spf=pass:xd.example"], "fail", "fail"),
    (["dkim=pass:example"], "fail", "fail"),
    (["spf=pass:other.test", "dkim=pass:third.test", "dkim=pass:d.example"], "pass", "pass"),
    (["spf=fail:d.example"], "fail", "fail"),
    (["spf=softfail:d.example", "dkim=neutral:d.example", "dkim=policy:d.example"], "fail", "fail"),
    (["spf=none:d.example", "dkim=none:d.example", "dkim=permerror:d.example"], "fail", "fail"),
    (["spf=temperror:d.example"], "temperror", "temperror"),
    (["dkim=temperror:d.example", "spf=fail:d.example"], "temperror", "temperror"),
    (["dkim=temperror:b.d.example"], "temperror", "fail"),
    (["dkim=temperror:d.example", "spf=pass:d.example"], "pass", "pass"),
    (["dkim=temperror:other.test"], "fail", "fail"),
    (["spf=pass:"], "fail", "fail"),
    (["dkim=pass:[192.0.2.1]"], "fail", "fail"),
])
def test_alignment(check, words, relaxed, strict):
    for record, expected in (POLICY, relaxed), (POLICY + "; aspf=s; adkim=s", strict):
        assert check({"d.example": record}, "d.example", *words).split()[0] == expected


def test_each_means_has_its_own_mode(check):
    spf, dkim = "spf=pass:b.d.example", "dkim=pass:b.d.example"
    for record, good, bad in (POLICY + "; aspf=s", dkim, spf), (POLICY + "; adkim=s", spf, dkim):
        assert check({"d.example": record}, "d.example", good).startswith("pass ")
        assert check({"d.example": record}, "d.example", bad).startswith("fail ")


def test_other_organization(check):
    records = {"d.example": POLICY, "b.d.example": "v=DMARC1; p=none; psd=n"}
    assert check(records, "d.example", "spf=pass:b.d.example").startswith("fail ")
    assert check(records, "d.example", "spf=pass:x.b.d.example").startswith("fail ")
    assert check(records, "b.d.example", "spf=pass:x.b.d.example").startswith("pass ")
    assert check(records, "b.d.example", "spf=pass:d.example").startswith("fail ")


# ---- the policy

def test_line(check):
    assert check({"d.example": POLICY}, "A.D.example", "spf=pass:d.example", exists=["a.d.example"]) == \
        "pass p=reject disposition=none domain=d.example org=d.example"
    assert check({"d.example": POLICY}, "d.example") == \
        "fail p=reject disposition=reject domain=d.example org=d.example"
    assert check({}, "d.example") == "none"


@pytest.mark.parametrize("author, exists, policy", [
    ("d.example", True, "none"), ("a.d.example", True, "quarantine"), ("a.d.example", False, "reject"),
    ("own.d.example", False, "none"),
])
def test_which_policy(check, author, exists, policy):
    records = {"d.example": "v=DMARC1; p=none; sp=quarantine; np=reject", "own.d.example": "v=DMARC1; p=none; sp=reject"}
    line = check(records, author, exists=[author] if exists else [])
    assert (word(line, "p"), word(line, "disposition")) == (policy, policy)


def test_unknown_whether_it_exists(check, place):
    """What failed is temporary; what passed has."""
    zone = {"_dmarc.d.example": {"TXT": ["v=DMARC1; p=none; sp=quarantine; np=reject"]}, "a.d.example": "SERVFAIL"}

    def run(*words):
        with peers.Dns(zone):
            return subprocess.run([place.program("qmail-dmarccheck"), "a.d.example", *words], timeout=60,
                                  stdout=subprocess.PIPE, env={"PATH": "/bin"}, check=True).stdout.decode()
    assert run() == "temperror\n"
    assert run("spf=pass:d.example").startswith("pass p=quarantine disposition=none ")


@pytest.mark.parametrize("policy, wanted", [("reject", "quarantine"), ("quarantine", "none"), ("none", "none")])
def test_test_mode(check, policy, wanted):
    line = check({"d.example": "v=DMARC1; t=y; p=" + policy}, "d.example")
    assert (word(line, "p"), word(line, "disposition")) == (policy, wanted)


def test_records_that_do_not_count(check):
    assert check({"d.example": [POLICY, "x", ""]}, "d.example").startswith("fail ")
    assert check({"d.example": [POLICY, POLICY]}, "d.example") == "none"
    assert check({"d.example": ["p=reject; v=DMARC1"]}, "d.example") == "none"
    assert check({"d.example": ["v=DMARC1; p=maybe"]}, "d.example") == "none"
    line = check({"a.d.example": [POLICY, POLICY], "d.example": "v=DMARC1; p=quarantine"}, "a.d.example")
    assert line == "fail p=quarantine disposition=quarantine domain=d.example org=d.example"
    line = check({"d.example": [["v=DMA", "RC1; p=quarantine"]]}, "d.example")
    assert word(line, "p") == "quarantine"


def test_a_record_that_cannot_be_used_is_the_one_that_applies(check):
    records = {"a.d.example": "v=DMARC1; p=maybe", "d.example": POLICY}
    assert check(records, "a.d.example") == "none"
    records["a.d.example"] += "; rua=mailto:r@d.example"
    assert check(records, "a.d.example").startswith("fail p=none disposition=none domain=a.d.example ")


# ---- the tree walk

def test_between_does_not_count(check):
    records = {"b.d.example": "v=DMARC1; p=quarantine", "d.example": POLICY}
    assert check(records, "a.b.d.example", exists=["a.b.d.example"]) == \
        "fail p=reject disposition=reject domain=d.example org=d.example"
    records["b.d.example"] += "; psd=n"
    assert check(records, "a.b.d.example") == \
        "fail p=quarantine disposition=quarantine domain=b.d.example org=b.d.example"


def test_public_suffix(check):
    records = {"bank.example": "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y", "own.bank.example": POLICY,
               "example": POLICY}
    assert check(records, "a.own.bank.example", exists=["a.own.bank.example"]).endswith(
        " p=reject disposition=reject domain=own.bank.example org=own.bank.example")
    assert check(records, "a.new.bank.example", exists=["a.new.bank.example"]).endswith(
        " p=quarantine disposition=quarantine domain=bank.example org=new.bank.example")
    assert check(records, "a.new.bank.example").endswith(
        " p=reject disposition=reject domain=bank.example org=new.bank.example")
    assert check(records, "bank.example") == "fail p=none disposition=none domain=bank.example org=bank.example"
    assert check(records, "a.new.bank.example", "spf=pass:b.new.bank.example").startswith("pass ")
    assert check(records, "new.bank.example", "spf=pass:old.bank.example").startswith("fail ")
    assert check(records, "new.bank.example", "spf=pass:bank.example").startswith("fail ")


def test_the_shortest_is_the_organization(check):
    line = check({"example": "v=DMARC1; p=none", "d.example": POLICY}, "d.example", "spf=pass:other.example")
    assert line == "pass p=reject disposition=none domain=d.example org=example"


@pytest.mark.parametrize("labels", [1, 2, 7, 8, 9, 20])
def test_names_that_are_asked(check, labels):
    names = [".".join("l%d" % n for n in range(at, labels)) for at in range(labels)]
    assert check({}, names[0]) == "none"
    assert check.asked == names[:1] + names[max(1, labels - 7):]
    assert len(check.asked) <= 8


def test_an_organization_that_the_walk_has_not_met(check):
    """Labels are skipped: it has none of the names that are asked about."""
    name = ".".join("l%d" % n for n in range(20))
    suffix, organization = name[name.index("l13"):], name[name.index("l12"):]
    records = {suffix: "v=DMARC1; p=none; sp=quarantine; psd=y", organization: POLICY}
    assert check(records, name, exists=[name]) == \
        "fail p=quarantine disposition=quarantine domain=%s org=%s" % (suffix, organization)
    assert check.asked == [name, suffix]


def test_a_name_is_asked_once(check):
    assert check({"d.example": POLICY}, "a.d.example", "spf=pass:b.a.d.example", "dkim=pass:b.a.d.example",
                 "dkim=temperror:x.test").startswith("pass ")
    assert sorted(check.asked) == sorted(["a.d.example", "d.example", "example", "b.a.d.example"])


def test_nothing_is_asked_in_vain(check):
    """The same name needs no walk, nor does who cannot be of the organization."""
    records = {"d.example": POLICY, "example": "SERVFAIL", "other.test": "SERVFAIL"}
    assert check(records, "d.example", "dkim=pass:other.test", "dkim=pass:d.example") == \
        "pass p=reject disposition=none domain=d.example"
    assert check(records, "d.example", "dkim=fail:other.test").startswith("fail ")
    assert check(records, "d.example", "dkim=pass:other.test").startswith("fail ")
    assert check(records, "d.example", "dkim=pass:a.d.example") == "temperror"
    del records["example"]
    assert check(records, "d.example", "dkim=pass:other.test", "spf=temperror:other.test").startswith("fail ")
    assert "other.test" not in check.asked
    assert check(records, "d.example", "dkim=pass:b.d.example", "dkim=pass:d.example").startswith("pass ")
    assert "b.d.example" not in check.asked


def test_errors(check):
    assert check({"d.example": "SERVFAIL"}, "d.example") == "temperror"
    assert check({"d.example": "SERVFAIL"}, "a.d.example") == "temperror"
    assert check({"d.example": POLICY, "b.d.example": "SERVFAIL"}, "d.example", "spf=pass:b.d.example") == "temperror"
    assert check({"d.example": POLICY, "b.d.example": "SERVFAIL"}, "d.example", "spf=pass:b.d.example",
                 "dkim=pass:d.example").startswith("pass ")


def test_silence_ends(place):
    place.control(authtimeout="1\n")
    with peers.Dns({"_dmarc.d.example": {"TXT": "DROP"}}):
        done = subprocess.run([place.program("qmail-dmarccheck"), "a.b.c.d.example"], stdout=subprocess.PIPE,
                              env={"PATH": "/bin"}, timeout=60, check=True)
    assert done.stdout == b"temperror\n"


@pytest.mark.parametrize("author", ["", "[192.0.2.1]", "a..example", ".", "a b.example", "x" * 64 + ".example"])
def test_no_domain(check, author):
    assert check({}, author) == "permerror"
    assert check.asked == []


def test_too_long_for_a_record(check):
    name = ".".join(["x" * 60] * 4) + ".example"
    assert len(name) == 251
    assert check({"example": "v=DMARC1; p=quarantine"}, name, exists=[name]).startswith("fail p=quarantine ")
    assert check.asked == [".".join(name.split(".")[at:]) for at in range(1, 5)]


def test_foreign(check):
    assert check({"xn--bcher-kva.example": POLICY}, "b\u00fccher.example", "spf=pass:xn--bcher-kva.example") == \
        "pass p=reject disposition=none domain=xn--bcher-kva.example org=xn--bcher-kva.example"


# ---- the program

@pytest.mark.parametrize("words", [
    [], ["d.example", "x"], ["d.example", "spf=pass"], ["d.example", "spf=good:d.example"], ["d.example", "pass:x"],
    ["d.example", "SPF=pass:x"], ["d.example", "dkim=:x"], ["d.example"] + ["dkim=fail:x"] * 33,
])
def test_usage(place, words):
    done = subprocess.run([place.program("qmail-dmarccheck"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={"PATH": "/bin"}, timeout=60)
    assert (done.returncode, done.stdout) == (100, b"") and done.stderr.startswith(b"usage: qmail-dmarccheck ")


def test_many_signatures(check):
    words = ["dkim=fail:x.test"] * 31
    assert check({"d.example": POLICY}, "d.example", *words, "dkim=pass:d.example").startswith("pass ")


def test_result_cannot_be_written(place):
    with open("/dev/full", "w") as full:
        done = subprocess.run([place.program("qmail-dmarccheck"), ""], stdout=full, stderr=subprocess.PIPE,
                              env={"PATH": "/bin"}, timeout=60)
    assert done.returncode == 111 and b"the result" in done.stderr
