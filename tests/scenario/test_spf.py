"""qmail-spfcheck: whether a host may send mail for a domain (RFC 7208)."""

import resource
import subprocess

import pytest

from support import peers

US, OTHER = "192.0.2.1", "198.51.100.7"
SIX = "2001:db8::1"


def zone_of(records, **more):
    """{domain: record} as a zone; what is no text stays as it is."""
    zone = {name: {"TXT": [value]} if isinstance(value, str) and value.startswith("v=") else value
            for name, value in records.items()}
    return {**zone, **more}


@pytest.fixture
def place(root_place):
    root_place.reset()
    root_place.control(me="us.example\n")
    return root_place


@pytest.fixture
def check(place):
    def run(zone, sender="u@d.example", ip=US, helo="h.example", limit=None):
        zone = zone if isinstance(zone, dict) else {"d.example": zone}
        with peers.Dns(zone_of(zone)):
            done = subprocess.run(
                [place.program("qmail-spfcheck"), ip, helo, sender], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                env={"PATH": "/usr/bin:/bin"}, preexec_fn=limit)
        assert done.returncode == 0, done
        text = done.stdout.decode("latin-1")
        assert text.endswith("\n") and text[:-1].isprintable()
        return text[:-1]
    return run


def result(line):
    return line.split(" ")[0]


# ---- results

@pytest.mark.parametrize("record, us, other", [
    ("v=spf1 ip4:192.0.2.0/24 -all", "pass", "fail"),
    ("v=spf1 ip4:192.0.2.1 ~all", "pass", "softfail"),
    ("v=spf1 -ip4:192.0.2.1 +all", "fail", "pass"),
    ("v=spf1 ?ip4:192.0.2.1 -all", "neutral", "fail"),
    ("v=spf1 ip4:192.0.2.1", "pass", "neutral"),
    ("v=spf1", "neutral", "neutral"),
    ("v=spf1 all a:%(bad)", "permerror", "permerror"),
    ("v=spf1 ip4:192.0.2.1 moo:x.example", "permerror", "permerror"),
])
def test_results(check, record, us, other):
    assert result(check(record)) == us
    assert result(check(record, ip=OTHER)) == other


def test_who_is_asked_about(check):
    zone = {"d.example": "v=spf1 -all", "h.example": "v=spf1 ip4:192.0.2.1 -all"}
    assert check(zone) == "fail"
    assert check(zone, sender="") == "pass"
    assert check(zone, sender="", ip=OTHER) == "fail"
    assert check(zone, sender="@h.example") == "pass"
    assert check(zone, sender='"a@d.example"@h.example') == "pass"
    assert check(zone, sender="u@d.example.") == "fail"


@pytest.mark.parametrize("sender, helo", [
    ("u@[192.0.2.1]", "h.example"), ("", "[192.0.2.1]"), ("u@localhost", "h.example"), ("", ""),
    ("u@a..example", "h.example"), ("u@", "h.example"), ("h.example", "h.example"),
    ("u@%s.example" % ("x" * 64), "h.example"), ("u@%s" % ".".join(["x" * 50] * 6), "h.example"),
    ("u@a b.example", "h.example"),
])
def test_no_domain(place, sender, helo):
    """Nobody is asked."""
    with peers.Dns({}) as dns:
        done = subprocess.run([place.program("qmail-spfcheck"), US, helo, sender], stdout=subprocess.PIPE,
                              env={"PATH": "/bin"}, timeout=60, check=True)
    assert (done.stdout, dns.asked) == (b"none\n", [])


def test_which_record(check):
    assert check({}) == "none"
    assert check({"d.example": {"A": [US]}}) == "none"
    assert check({"d.example": {"TXT": ["v=spf10 all", "spf1", "x"]}}) == "none"
    assert check({"d.example": {"TXT": ["x", "v=spf1 all", ""]}}) == "pass"
    assert check({"d.example": {"TXT": [["v=spf1 al", "l"]]}}) == "pass"
    assert result(check({"d.example": {"TXT": ["v=spf1 all", "v=spf1 all"]}})) == "permerror"
    assert check({"d.example": {"CNAME": "e.example"}, "e.example": "v=spf1 all"}) == "pass"
    assert result(check({"d.example": "SERVFAIL"})) == "temperror"


def test_long_record(check):
    """By TCP."""
    many = "".join(" ip4:198.51.%d.%d" % (n // 250, n % 250) for n in range(3000))
    assert check("v=spf1%s ip4:192.0.2.1 -all" % many) == "pass"
    assert check({"d.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"], "UDP": "TC"}}) == "pass"


# ---- mechanisms

def test_a(check):
    zone = {"d.example": {"TXT": ["v=spf1 a -all"], "A": [OTHER, US], "AAAA": [SIX]}}
    assert check(zone) == check(zone, ip=SIX) == check(zone, ip="::ffff:" + US) == "pass"
    assert check(zone, ip="192.0.2.2") == check(zone, ip="2001:db8::2") == "fail"
    zone["d.example"]["TXT"] = ["v=spf1 a:a.example/30//126 -all"]
    assert check(zone) == "fail"
    zone["a.example"] = {"CNAME": "d.example"}
    assert check(zone, ip="192.0.2.2") == check(zone, ip="2001:db8::2") == "pass"
    assert check(zone, ip="192.0.2.4") == check(zone, ip="2001:db8::4") == "fail"
    zone["a.example"] = "SERVFAIL"
    assert result(check(zone)) == "temperror"


def test_mx(check):
    zone = {"d.example": {"TXT": ["v=spf1 mx -all"], "MX": ["10 a.example", "20 b.example"]},
            "a.example": {"A": [OTHER]}, "b.example": {"A": [US], "AAAA": [SIX]}}
    assert check(zone) == check(zone, ip=SIX) == "pass"
    assert check(zone, ip="192.0.2.2") == "fail"
    zone["a.example"] = "SERVFAIL"
    assert result(check(zone)) == "temperror"
    zone["d.example"]["MX"] = ["0 ."]
    assert check(zone) == "fail"
    zone["d.example"]["MX"] = "SERVFAIL"
    assert result(check(zone)) == "temperror"


@pytest.mark.parametrize("count, expected", [(10, "pass"), (11, "permerror")])
def test_mx_limit(check, count, expected):
    zone = {"d.example": {"TXT": ["v=spf1 mx -all"],
                          "MX": ["%d m%d.example" % (n, n) for n in range(count)]}}
    zone.update({"m%d.example" % n: {"A": [US if n == 9 else OTHER]} for n in range(count)})
    assert result(check(zone)) == expected


def test_exists(check):
    zone = {"d.example": "v=spf1 exists:%{ir}.list.example -all", "1.2.0.192.list.example": {"A": ["127.0.0.2"]}}
    assert check(zone) == "pass"
    assert check(zone, ip=OTHER) == "fail"
    zone["1.2.0.192.list.example"] = {"AAAA": [SIX]}
    assert check(zone) == "fail"
    zone["1.2.0.192.list.example"] = "SERVFAIL"
    assert result(check(zone)) == "temperror"


def ptr_zone(names, record="v=spf1 ptr -all"):
    return {"d.example": record, "1.2.0.192.in-addr.arpa": {"PTR": names}}


def test_ptr(check):
    zone = ptr_zone(["bad.example", "a.D.example"])
    assert check(zone) == "fail"
    zone["a.d.example"] = {"A": [OTHER]}
    assert check(zone) == "fail"
    zone["a.d.example"] = {"A": [OTHER, US]}
    assert check(zone) == "pass"
    zone["1.2.0.192.in-addr.arpa"] = {"PTR": ["xd.example"]}
    zone["xd.example"] = {"A": [US]}
    assert check(zone) == "fail"
    zone["d.example"] = "v=spf1 ptr:xd.example -all"
    assert check(zone) == "pass"


def test_ptr_errors_are_no_match(check):
    assert check(ptr_zone("SERVFAIL")) == "fail"
    zone = ptr_zone(["a.d.example", "b.d.example"])
    zone.update({"a.d.example": "SERVFAIL", "b.d.example": {"A": [US]}})
    assert check(zone) == "pass"
    zone["b.d.example"] = "SERVFAIL"
    assert check(zone) == "fail"


@pytest.mark.parametrize("count, expected", [(10, "pass"), (11, "fail")])
def test_ptr_limit(check, count, expected):
    names = ["n%d.d.example" % n for n in range(count)]
    zone = {**ptr_zone(names), names[-1]: {"A": [US]}}
    assert check(zone) == expected


def test_names_of_the_client_cannot_spoil_a_fail(check):
    """Who has the address chooses them: that they do not exist is no void lookup."""
    names = ["n%d.d.example" % n for n in range(9)]
    assert check(ptr_zone(names, "v=spf1 ptr a:v1.example a:v2.example -all")) == "fail"


def test_include(check):
    zone = {"d.example": "v=spf1 ?include:e.example -all", "e.example": "v=spf1 ip4:192.0.2.1 -all"}
    assert check(zone) == "neutral"
    assert check(zone, ip=OTHER) == "fail"
    for other in "~all", "?all", "":
        zone["e.example"] = "v=spf1 " + other
        assert check(zone) == "fail"
    for bad, expected in ("SERVFAIL", "temperror"), ({}, "permerror"), ("v=spf1 moo", "permerror"):
        zone["e.example"] = bad
        assert result(check(zone)) == expected
    zone["d.example"] = "v=spf1 include:%{l}.example -all"
    assert result(check(zone, sender="a..b@d.example")) == "permerror"


def test_include_goes_on_behind(check):
    zone = {"d.example": "v=spf1 include:e.example include:f.example -all",
            "e.example": "v=spf1 include:g.example ?all", "f.example": "v=spf1 ip4:192.0.2.1",
            "g.example": "v=spf1 ~ip4:192.0.2.1 -all"}
    assert check(zone) == "pass"
    assert check(zone, ip=OTHER) == "fail"
    zone["f.example"] = "v=spf1 redirect=g.example"
    assert check(zone) == "fail"
    zone["g.example"] = "v=spf1 +all"
    assert check(zone) == "pass"


def test_redirect(check):
    zone = {"d.example": "v=spf1 redirect=e.example ip4:198.51.100.7", "e.example": {"TXT": ["v=spf1 a -all"], "A": [US]}}
    assert check(zone) == check(zone, ip=OTHER) == "pass"
    assert check(zone, ip="192.0.2.2") == "fail"
    zone["d.example"] = "v=spf1 redirect=e.example ?all"
    assert check(zone) == "neutral"
    for bad, expected in ({}, "permerror"), ("SERVFAIL", "temperror"), ("v=spf1 moo", "permerror"):
        zone.update({"d.example": "v=spf1 redirect=e.example", "e.example": bad})
        assert result(check(zone)) == expected


# ---- limits

@pytest.mark.parametrize("count, expected", [(10, "pass"), (11, "permerror")])
@pytest.mark.parametrize("term", ["a:o.example", "mx:o.example", "-exists:o.example", "ptr:o.example"])
def test_terms(check, term, count, expected):
    """Those of ip4, ip6 and all do not count."""
    free = " ip4:198.51.100.1 ip6:2001:db8::5" * 9
    zone = {"d.example": "v=spf1%s%s ip4:192.0.2.1 -all" % (free, (" " + term) * count),
            "o.example": {"A": [OTHER], "MX": ["1 o.example"]}, "1.2.0.192.in-addr.arpa": {"PTR": ["p.example"]}}
    if "exists" in term:  # those that find nothing end at the third
        terms = "".join(" include:e%d.example" % n for n in range(count - 1)) + " exists:o.example"
        zone["d.example"] = "v=spf1%s -all" % terms
        zone.update({"e%d.example" % n: "v=spf1 -all" for n in range(count)})
    assert result(check(zone)) == expected


@pytest.mark.parametrize("depth, expected", [(10, "pass"), (11, "permerror")])
@pytest.mark.parametrize("way", ["include:", "redirect="])
def test_depth(check, way, depth, expected):
    """Over all records together."""
    zone = {"d%d.example" % n: "v=spf1 %sd%d.example" % (way, n + 1) for n in range(depth)}
    zone["d%d.example" % depth] = "v=spf1 +all"
    assert result(check(zone, sender="u@d0.example")) == expected


@pytest.mark.parametrize("record", ["v=spf1 include:d.example -all", "v=spf1 redirect=d.example",
                                    "v=spf1 include:d.example include:d.example include:d.example"])
def test_loops(check, record):
    assert result(check(record)) == "permerror"


@pytest.mark.parametrize("count, expected", [(2, "pass"), (3, "permerror")])
@pytest.mark.parametrize("term", ["a:v.example", "mx:v.example", "exists:v.example", "a:empty.example", "mx:m.example"])
def test_voids(check, term, count, expected):
    zone = {"d.example": "v=spf1%s ip4:192.0.2.1 -all" % ((" " + term) * count), "empty.example": {},
            "m.example": {"MX": ["10 v.example"]}}
    assert result(check(zone)) == expected


def test_client_without_name_is_one_void(check):
    assert check("v=spf1 ptr ptr ptr a:v.example ip4:192.0.2.1 -all") == "pass"
    assert result(check("v=spf1 ptr a:v.example a:v.example ip4:192.0.2.1 -all")) == "permerror"


def test_silence_ends(check, place):
    """A name that nobody answers for is a temporary error."""
    place.control(authtimeout="1\n")
    assert check({"d.example": {"TXT": "DROP"}}).startswith("temperror no answer")


@pytest.mark.parametrize("record", [
    "v=spf1 ptr include:e.example -all", "v=spf1 exists:%{p}.x.example include:e.example -all",
    "v=spf1 ptr:n9.d.example ptr exists:%{p}.x.example include:e.example -all"])
@pytest.mark.parametrize("answer", ["names", "DROP"])
def test_names_of_the_client_leave_time(check, place, record, answer):
    """Who has the address chooses them, and who answers for them: he takes no time from the domain, and
    of what is no pass nobody knows."""
    place.control(authtimeout="1\n")
    names = ["n%d.d.example" % n for n in range(10)]
    zone = ptr_zone(names if answer == "names" else answer, record)
    zone.update({name: {"A": "DROP"} for name in names})
    zone["e.example"] = "v=spf1 -all"
    assert check(zone) == "temperror no time is left for its names"
    zone["e.example"] = "v=spf1 +all"
    assert check(zone) == "pass"


def test_no_time_is_a_second(check, place):
    place.control(authtimeout="0\n")
    assert check("v=spf1 all") == "pass"


def test_large_answers(check):
    """Sixty-four kilobytes at each of ten levels, in 64 MB of memory, in seconds."""
    filler = "".join(" ip4:198.51.%d.%d" % (n // 250, n % 250) for n in range(3400))
    zone = {"d%d.example" % n: "v=spf1%s include:d%d.example" % (filler, n + 1) for n in range(10)}
    zone["d10.example"] = "v=spf1%s ip4:192.0.2.1" % filler
    bound = 64 << 20
    assert check(zone, sender="u@d0.example",
                 limit=lambda: resource.setrlimit(resource.RLIMIT_AS, (bound, bound))) == "pass"


def test_thousands_of_names(check):
    names = ["n%d.d.example" % n for n in range(1000)]
    assert check(ptr_zone(names)) == "fail"
    zone = {"d.example": {"TXT": ["v=spf1 mx -all"], "MX": ["1 " + name for name in names]}}
    assert result(check(zone)) == "permerror"


# ---- names that are made

def test_macros(check):
    zone = {"d.example": "v=spf1 exists:%{l1r-}.%{o}.%{h}.%{v}.%{d2}.x.example -all",
            "b.d.example.h.example.in-addr.d.example.x.example": {"A": [US]}}
    assert check(zone, sender="b-a@d.example") == "pass"
    assert check(zone, sender="c-a@d.example") == "fail"


def test_domain_is_that_of_the_record(check):
    zone = {"d.example": "v=spf1 include:e.example -all", "e.example": "v=spf1 exists:%{d}.%{o}.x.example",
            "e.example.d.example.x.example": {"A": [US]}}
    assert check(zone) == "pass"


def test_long_name_loses_labels(check):
    left = ".".join(["x" * 60] * 4)  # 243 bytes
    zone = {"d.example": "v=spf1 exists:cut.cut.%s.%s -all" % (left, "y.example"),
            "%s.y.example" % left: {"A": [US]}}
    assert len(left + ".y.example") == 253
    assert check(zone) == "pass"


def test_a_name_that_cannot_be_matches_nothing(check):
    for sender in "a..b@d.example", "x" * 64 + "@d.example", "\u00e4@d.example", "x" * 9000 + "@d.example":
        assert check("v=spf1 exists:%{l}.d.example -all", sender=sender) == "fail"
        assert check("v=spf1 -a:%{l}.d.example ?all", sender=sender) == "neutral"


def test_foreign_domain(check):
    """RFC 8616."""
    zone = {"xn--bcher-kva.example": "v=spf1 exists:%{d}.x.example -all",
            "xn--bcher-kva.example.x.example": {"A": [US]}}
    assert check(zone, sender="u@b\u00fccher.example") == "pass"


def test_validated_name(check):
    zone = {**ptr_zone(["b.other.example", "a.d.example", "d.example"], "v=spf1 exists:%{p}.x.example -all"),
            "b.other.example": {"A": [US]}, "b.other.example.x.example": {"A": [US]}}
    assert check(zone) == "pass"
    zone["a.d.example"] = {"A": [US]}
    assert check(zone) == "fail"
    zone["a.d.example.x.example"] = {"A": [US]}
    assert check(zone) == "pass"
    zone["d.example"] = {"TXT": ["v=spf1 exists:%{p}.x.example -all"], "A": [US]}
    assert check(zone) == "fail"
    zone["d.example.x.example"] = {"A": [US]}
    assert check(zone) == "pass"
    zone = {"d.example": "v=spf1 exists:%{p}.x.example -all", "unknown.x.example": {"A": [US]}}
    assert check(zone) == "pass"


# ---- explanations

def explained(text, **more):
    return {"d.example": "v=spf1 -all exp=x.example", "x.example": {"TXT": text if isinstance(text, list) else [text]},
            **more}


def test_explanation(check):
    assert check(explained("%{c} is not %{d} for %{r}%%%_%{S}")) == \
        "fail 192.0.2.1 is not d.example for us.example% u%40d.example"
    assert check(explained([["one, ", "two"]])) == "fail one, two"
    assert check({**explained("no"), "d.example": "v=spf1 all exp=x.example"}) == "pass"
    assert check({**explained("no"), "d.example": "v=spf1 ~all exp=x.example"}) == "softfail"


def test_whose_explanation(check):
    zone = {"d.example": "v=spf1 include:e.example -all exp=x.example", "e.example": "v=spf1 -all exp=y.example",
            "x.example": {"TXT": ["%{d}"]}, "y.example": {"TXT": ["%{d}"]}}
    assert check(zone) == "fail d.example"
    zone["d.example"] = "v=spf1 redirect=e.example exp=x.example"
    assert check(zone) == "fail e.example"
    zone["e.example"] = "v=spf1 -all"
    assert check(zone) == "fail"


@pytest.mark.parametrize("text", [
    [], ["a", "b"], "bad %{x}", "bad % sign", "\u00e4", "a\tb", "a\r\nb", "\x7f", "SERVFAIL",
])
def test_no_explanation(check, text):
    zone = explained(text)
    if text == "SERVFAIL":
        zone["x.example"] = text
    assert check(zone) == "fail"


def test_what_a_client_says_is_no_explanation(check):
    assert check(explained("%{l}"), sender="a\nb@d.example") == "fail"
    assert check(explained("%{h}"), helo="\u00e4") == "fail"
    assert check(explained("%{L}"), sender="a\nb@d.example") == "fail a%0Ab"


def test_explanation_is_cut(check):
    assert check(explained("x" * 450)) == "fail " + "x" * 450
    assert check(explained("x" * 451)) == "fail " + "x" * 450


# ---- the program

@pytest.mark.parametrize("words", [[], ["192.0.2.1"], ["192.0.2.1", "h"], ["192.0.2.1", "h", "s", "x"],
                                   ["192.0.2", "h", "s"], ["", "h", "s"]])
def test_usage(place, words):
    done = subprocess.run([place.program("qmail-spfcheck"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={"PATH": "/bin"}, timeout=60)
    assert (done.returncode, done.stdout) == (100, b"") and done.stderr.startswith(b"usage: qmail-spfcheck ")


def test_trouble(place):
    """The result cannot be written."""
    words = [place.program("qmail-spfcheck"), US, "h", ""]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, env={"PATH": "/bin"}, timeout=60)
    assert done.returncode == 111 and b"the result" in done.stderr
