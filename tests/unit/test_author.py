"""auth/author: whom a field From is from, told as every reader tells it, or not at all."""

import email
import email.policy
import email.utils
import os
import random
import subprocess

import pytest

from support import build
from unit.test_unit import FLAGS, HERE

# Of good.example, however it is written.
TOLD = [
    "x@good.example", "<x@good.example>", "Joe <x@good.example>", "Doe, John <x@good.example>", "Joe; Inc <x@good.example>",
    "Shop: News <x@good.example>", "John Q. Public <x@good.example>", "J\xf6rg <x@good.example>", "J\xc3\xb6rg <x@good.example>",
    "=?iso-8859-1?q?J=F6rg?= <x@good.example>", "=?utf-8?b?w7Y=?=\n =?utf-8?q?=C3=B6?=\n <x@good.example>", "x@good.example (Joe)",
    "(Joe) x@good.example", "x@good.example (Joe (at work)) ", '"" <x@good.example>', '"Joe"<x@good.example>',
    '"Doe, John" <x@good.example>', '"x@other.example" <x@good.example>', '"\'x@other.example\' via list" <x@good.example>',
    '"The \\"Joe\\"" <x@good.example>', 'It\'s "me" too <x@good.example>', '"Joe" Doe <x@good.example> (a)', "x@good.example <x@good.example>",
    "Joe [work] <x@good.example>", "[list] Joe <X@GOOD.EXAMPLE>", "Joe <x@good.example> ", " \tx@good.example\t ", "Joe\n\t<x@good.example>",
    "Joe\r\n <x@good.example>\r", "< x@good.example >", "<x@good.example>,", "x@good.example;", "x@good.example, y@Good.Example",
    "Joe <x@good.example>, Doe, Ann <y@good.example>", "g: x@good.example, Ann <y@good.example>;", 'a <"x y"@good.example>', '"x y"@good.example',
    "x+y=z@good.example", "x..y@good.example", ".x.@good.example", "x%other.example@good.example", "x@good.example.", "!#$%&'*+-/=?^_`{|}~@good.example",
    "=?utf-8?q?M=C3=BCller=2C_Hans_=28Firma=29?= <x@good.example>", "=?utf-8?q?Hans_=28x=40good.example=29?= <x@good.example>",
    '"x@other.example (by us)" <x@good.example>\r\n', "=?iso-2022-jp?b?GyRCOzNFREJAPDobKEI=?= <x@good.example>", "=?gbk?b?xOO6wyhhKQ==?= <x@good.example>",
    "=?utf-8*de?q?J=F6rg?= <x@good.example>", "=?shift_jis?b?g3KDQINbg1iDZw==?= <x@good.example>", "=?shift_jis?q?=83=40=81=5B=83X=83g?= <x@good.example>",
    "=?big5?b?s1ykQKVc?= <x@good.example>", "=?iso-2022-jp?b?GyRCRURDZhsoQkAbJEIxRDZIGyhC?= <x@good.example>", "=?utf-8?q?=E7=94=B0=E4=B8=AD=40=E5=96=B6?= <x@good.example>",
    '"joe@other.example" =?iso-2022-jp?b?GyRCRURDZhsoQg==?= <x@good.example>', "=?X-UNKNOWN?q?J=F6rg?= <x@good.example>", "=?utf-8?Q?Ann=40home=2C_shop?= <x@good.example>",
    "=?utf-8?Q?Who??= <x@good.example>", "=?utf-8?b?SsO2cmc?= <x@good.example>", "=?utf-8?q?J=C3=B6rg=0A?= <x@good.example>", "=?cp866?q?=80?= <x@good.example>",
    "=?utf-8?q?joe_ <x@good.example>", "=?utf-8?q?a=3C?= <x@good.example>", "=?utf-8?q?=4?= <x@good.example>"]
# Of nobody.
UNTOLD = [
    "", "<>", "joe", "Joe <joe>", "x@bank.example Bank Support", "x@bank.example>g", "x@bank.example)g", "x@bank.example]g", "Bank <x@bank.example foo>",
    "Bank <x@bank.example\n\tfoo>", "Bank <x@bank.example(a)foo>", "x@bank.example(a)foo", "x@bank.example\\g", "x@foo bank.example",
    "x@good.example y@good.example", "x@good.example Joe <x@good.example>", "x@bank.example. foo", "x@bank.example .foo", "x @bank.example", "x@ bank.example", "Bank x@bank.example", "x@bank.example: x@good.example;",
    "<x@bank.example>: x@good.example;", "g <x@bank.example>: x@good.example;", "x@bank.example:x@good.example", "x@bank.example <x@good.example>",
    "x@bank.example (<x@good.example>)", "(x@bank.example) x@good.example", "(<x@bank.example>) x@good.example", '(") x@good.example',
    "x@good.example (a\\)b)", "<@bank.example:x@good.example>", "<@bank.example,@b.example:x@good.example>", "<x@bank.example:x@good.example>",
    "x@bank.example, x@good.example", "x@bank.example; x@good.example", ", <x@good.example", "<x@good.example", "x@good.example>", "x@good.example (a",
    '"x@good.example', 'x@good.example"', "(a)) x@good.example", "x@good.example)", '"x@bank.example\\" <x@good.example>',
    '"a\\" <x@bank.example>" <x@good.example>', "[x@bank.example] x@good.example", "[<x@good.example>]", "[a <x@good.example>", "a] <x@good.example>",
    '["x@bank.example] x" <x@good.example>', "x@[192.0.2.1]", "x@good.example[bank.example]", "<<x@good.example>>", "<x@good.example><y@good.example>",
    "Joe <x@good.example> via List", "Joe <x@good.example>, Ann", "Joe, x@good.example", "Joe @ Home <x@good.example>", "@good.example", "x@", "@",
    '"x@bank.example"@good.example', "x@bank.example@good.example", "a\\b <x@good.example>", "Joe <x@good.example>\x01", "J\x0boe <x@good.example>",
    '"J\x7foe" <x@good.example>', "(J\x1boe) x@good.example", "mailto:x@bank.example@good.example", "=?utf-8?q?x@bank.example?= <x@good.example>",
    'x@"good.example"', "x@good,example", "x@.good.example", "<x@good.example> <x@good.example>", '"a"x@good.example', 'a"b"@good.example',
    "Bank <=?utf-8?q?x=40bank.example=3E?=x@good.example>", "=?utf-8?q?x=40bank.example=3E?=x@good.example", "=?utf-8?q?a?=@good.example",
    "Bank <=??q?x=40bank.example=3E?=x@good.example>", "=??q?a?=@good.example", "=??b?PHhAYmFuay5leGFtcGxlPg==?= <x@good.example>",
    '"x@bank.example", Support <x@good.example>', '"x@bank.example"[list] <x@good.example>', '"x@bank.example"; <x@good.example>', 'Joe "x@bank.example" <x@good.example>',
    '"x@bank.example\n J" <x@good.example>', '"x@bank.example\r\n J" <x@good.example>', '"x@bank.example" (a) <x@good.example>',
    "=?utf-8?b?PHhAYmFuay5leGFtcGxlPg==?= <x@good.example>", "x@good.example (=?utf-8?q?=29_=3Cx=40bank.example=3E?=)",
    '"=?utf-8?q?=22_=3Cx=40bank.example=3E?=" <x@good.example>', '"=?utf-8?q?=22?= x@bank.example" <x@good.example>', "=?utf-8?q?x=40bank.example?=, Joe <x@good.example>",
    "=?utf-8?q?x=40bank.example?= <x@good.example>", "=?utf-8?q?x=40bank.example_f=C3=BCr?= Joe <x@good.example>",
    "=?utf-8?q?x=40good.example?= =?utf-8?q?=2Ebank.example=2C?= <x@good.example>", "=?utf-8?q?x=40bank?=\n =?utf-8?q??= =?utf-8?q?=2Eexample=2C?= <x@good.example>",
    "=?utf-8?q?x=40bank?=.example <x@good.example>", "=?utf-8?q?x=40good.example.bank.example=2C?= <x@good.example>",
    "=?utf-7?q?+ADw-x+AEA-bank.example+AD4-?= <x@good.example>", "=?cp037?q?=4C=7C?= <x@good.example>", "=?utf-16?b?AEA=?= <x@good.example>",
    "=?utf-8?b?PHhA?YmFuay5leGFtcGxl?= <x@good.example>", "=?utf-8?b?PHhAYmFuay5leGFtcGx?= <x@good.example>", "=?utf-8?b?PHg=QGJhbmsuZXhhbXBsZQ==?= <x@good.example>",
    "=?utf-8?q?a=?utf-8?b?eEBiYW5r?= <x@good.example>", "=?utf-8?q?x=40bank.example=?utf-8?b?YQ==?= <x@good.example>",
    "=?iso-2022-jp?q?x=40bank.example=3C?= <x@good.example>", "=?iso-2022-jp?q?=1B$B=1B(Jx=40bank.example=3C?= <x@good.example>",
    "=?iso-2022-kr?b?GyQpQzx4QGJhbmsuZXhhbXBsZT4=?= <x@good.example>", "=?iso-2022-jp?b?GyRaPHhAYmFuay5leGFtcGxlPg==?= <x@good.example>",
    "=?iso-2022-kr?q?=1B$)C=0Ea=0Fx=40bank.example?= <x@good.example>", "=?utf-8?q?a?= " * 201 + "<x@good.example>"]
WORDS = ["x", "@", "bank.example", "evil.example", "x@bank.example", "x@evil.example", "<", ">", ",", ";", ":", "(", ")", '"', "\\", " ", " ", "[", "]",
         ".", "foo", "=?utf-8?q?a?=", "=?utf-8?q?x=40bank.example?=", "=?utf-8?q?=3C?=", "=?utf-8?b?PHhAYmFuay5leGFtcGxlPg==?=", '"x@bank.example"', "\n ", "g", "\t", "%", "!", "=", "'", "\xc3\xa4"]
FIELDS = 60000


@pytest.fixture(scope="module")
def tell():
    archive, generated = build.library("unit", "gcc", FLAGS)
    program = os.path.join(build.MADE, "unit", "author_lines")
    build.run(["gcc", "-std=c11", *FLAGS.split(), "-iquote", build.TOP + "/src/lib", "-iquote", build.TOP + "/src/auth", "-iquote", generated,
               "-o", program, HERE + "/author_lines.c", build.TOP + "/src/auth/author.c", archive, "-lcrypt"])

    def run(bodies):
        done = subprocess.run([program], input="".join(body + "\0" for body in bodies).encode("latin-1"), capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        told = done.stdout.decode("latin-1").split("\n")[:-1]
        assert len(told) == len(bodies)
        return told
    return run


def test_told(tell):
    assert {body: domain for body, domain in zip(TOLD, tell(TOLD)) if domain.lower().rstrip(".") != "good.example"} == {}


def test_untold(tell):
    assert {body: domain for body, domain in zip(UNTOLD, tell(UNTOLD)) if domain != "-"} == {}


def test_how_many(tell):
    assert tell([",".join(["x@good.example"] * count) for count in (100, 101)]) == ["good.example", "-"]


def addresses(body):
    """All that Python's readers find, of old and of new."""
    found = [address for _, address in email.utils.getaddresses([body])]
    found += [email.utils.parseaddr(body)[1]]
    if hasattr(email.utils, "supports_strict_parsing"):
        found += [address for _, address in email.utils.getaddresses([body], strict=False)]
    message = email.message_from_bytes(("From: " + body + "\n\nx").encode("latin-1"), policy=email.policy.default)
    try:
        found += [str(address.addr_spec) for address in message["From"].addresses]
    except Exception:  # of Python itself, which then shows nothing
        pass
    return found


def fields():
    """Words in any order; and fields that are good, with a few words put in or taken out."""
    chance = random.Random(12)
    made = set()
    while len(made) < FIELDS:
        if chance.randrange(2):
            words = [chance.choice(WORDS) for _ in range(chance.randint(2, 9))]
        else:
            words = list(chance.choice(TOLD).replace("good", "evil"))
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(words))
                words[at:at + chance.randint(0, 1)] = [chance.choice(WORDS)]
        body = "".join(words)
        if "bank" in body:
            made.add(body)
    return sorted(made)


def test_as_others_read_it(tell):
    """No field of which a reader takes an address of bank.example, and we take another author."""
    bodies = fields()
    others = [(body, author) for body, author in zip(bodies, tell(bodies)) if author.lower().rstrip(".") not in ("-", "bank.example")]
    assert len(others) > 500
    assert [(body, author) for body, author in others
            if any(address.lower().endswith("@bank.example") for address in addresses(body))] == []
