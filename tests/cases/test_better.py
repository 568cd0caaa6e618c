"""Cases in which the recorded behaviour was a fault, and what is right.

Each function judges one case; "better" in better.json says what it asks for.
Where several answers are as good, any of them will do.
"""

import hashlib
import os
import re

import pytest

from support import dialogue, known, peers, replay, scene

JUDGES = {}


def better(*numbers):
    def note(judge):
        JUDGES.update((number, judge) for number in numbers)
        return judge
    return note


@pytest.mark.parametrize("case", known.load("better"), ids=lambda case: case["id"])
def test_better(case, pytestconfig, place):
    reason = pytestconfig.place.missing(scene.needs_root(case))
    if reason:
        pytest.skip(reason)
    JUDGES[case["id"]](place, case)


# ---- qmail-smtpd

def speak(place, case, steps):
    """Has the conversation, which must go so; what was queued."""
    findings = dialogue.Findings()
    with scene.Scene(place, case) as here:
        dialogue.talk(here, steps, findings)
        got = dialogue.queued(here, findings)
    assert not findings, "\n".join(findings)
    return got


def until(case, words, code):
    """The steps up to a command that begins so, which gets this code."""
    steps = []
    for step in case["steps"]:
        steps.append(step)
        if step.get("send", "").startswith(words):
            return steps + [{"expect_code": code}]
    raise ValueError(words)


def all_fine(case):
    """The steps with each refusal turned into consent."""
    return [{"expect_code": "250"} if step.get("expect_code", "2")[0] in "45" else step
            for step in case["steps"]]


@better("smtpd-0006")
def no_greeting_without_name(place, case):
    speak(place, case, [{"expect_code": "421"}, {"wait_close": True}])


REFUSALS = {
    "smtpd-0058": ("MAIL a@", "501 5.5.4"), "smtpd-0059": ("MAIL\r", "501 5.5.4"),
    "smtpd-0062": ("RCPT\r", "501 5.5.4"), "smtpd-0063": ("RCPT TO:<>", "501 5.1.3"),
    "smtpd-0065": ("MAIL FROM:<a@sender.example SIZE", "501 5.5.4"),
    "smtpd-0087": ("MAIL FROM:<a@sender.example> FOO", "555"),
}


@better(*REFUSALS)
def command_is_refused(place, case):
    assert not speak(place, case, until(case, *REFUSALS[case["id"]]))


@better("smtpd-0095")
def second_sender_replaces_the_first(place, case):
    message, = speak(place, case, all_fine(case))
    assert message["envelope"] == "Fsecond@sender.example\0Ttwo@local.example\0\0"


@better("smtpd-0158", "smtpd-0168", "smtpd-0169")
def message_is_taken(place, case):
    assert len(speak(place, case, all_fine(case))) == 1


@better("smtpd-0114")
def carriage_return_is_no_part_of_a_name(place, case):
    speak(place, case, all_fine(case))


@better("smtpd-0216")
def received_with_esmtp(place, case):
    message, = speak(place, case, case["steps"])
    assert " with ESMTP" in message["received"]


# ---- POP3

def fetch(place, case, change):
    """Has the conversation as it is with its replies changed."""
    findings = dialogue.Findings()
    with scene.Scene(place, case) as here:
        dialogue.talk(here, change(case["steps"]), findings)
    assert not findings, "\n".join(findings)


@better("pop3-0030")
def nothing_behind_a_password_is_lost(place, case):
    fetch(place, case, lambda steps: [{**step, "args": "1"} if "args" in step else step
                                      for step in steps])


@better("pop3-0033")
def capabilities_before_the_login(place, case):
    lines = "USER TOP UIDL RESP-CODES AUTH-RESP-CODE PIPELINING".split()
    body = "".join(line + "\r\n" for line in [*lines, "IMPLEMENTATION Angarium"])
    fetch(place, case, lambda steps: [{"expect_pop": "+OK", "body": body}
                                      if step.get("expect_pop") == "-ERR" else step
                                      for step in steps])


@better("pop3-0051", "pop3-0052")
def unique_id_is_one(place, case):
    name, = (os.path.basename(path) for path in case["files"] if not path.endswith("/"))
    digest = hashlib.md5(name.encode("latin-1")).hexdigest()
    fetch(place, case, lambda steps: [{**step, "args": "1 " + digest} if "args" in step else step
                                      for step in steps])


@better("pop3-0059", "pop3-0069", "pop3-0075")
def what_is_no_number_is_refused(place, case):
    def change(steps):
        at = next(n for n, step in enumerate(steps) if step.get("send", "QUIT")[:4] != "QUIT")
        return steps[:at + 1] + [{"expect_pop": "-ERR"}] + steps[at + 2:]
    fetch(place, case, change)


@better("pop3-0082")
def deleted_messages_do_not_count(place, case):
    fetch(place, case, lambda steps: [{**step, "args": "2 38"} if step.get("args") == "3 38"
                                      else step for step in steps])


@better("pop3-0105")
def folder_is_no_message(place, case):
    fetch(place, case, lambda steps: [{**step, "body": "1 2.m\r\n"} if "body" in step else step
                                      for step in steps])


# ---- qmail-remote

def send(place, case):
    """(reports, connections, bytes sent on all of them)"""
    findings = dialogue.Findings()
    with scene.Scene(place, case) as here, \
            peers.Servers(case["servers"]) as servers, peers.Dns(case.get("dns", {})):
        output, code = dialogue.run_client(here, findings)
        servers.__exit__()
    assert not findings and code == 0
    said = b"".join(connection.sent for connection in servers.connections)
    return dialogue.reports(output), servers.connections, said


@better("remote-0033", "remote-0034", "remote-0035")
def address_is_no_command(place, case):
    reports, _, said = send(place, case)
    assert reports[-1][0] == "D"
    assert not re.search(rb"^(NOOP|RSET|MAIL FROM:<evil)", said, re.M)


@better("remote-0068", "remote-0107")
def nonsense_is_temporary(place, case):
    reports, _, _ = send(place, case)
    assert reports[-1][0] == "Z"


@better("remote-0099")
def no_message_unless_asked_for(place, case):
    reports, _, said = send(place, case)
    assert reports[-1][0] in "ZD" and b"hello" not in said


@better("remote-0125", "remote-0126")
def lone_return_ends_a_line_or_is_refused(place, case):
    reports, _, said = send(place, case)
    assert not re.search(rb"\r(?!\n)", said)
    assert not re.search(rb"^\.two", said, re.M)
    assert reports[-1] in ("K", "D 5.6.0", "D 5.6.1", "D 5.6.2", "D 5.6.3")


@better("remote-0155")
def port_has_to_be_a_number(place, case):
    reports, connections, _ = send(place, case)
    assert reports[-1] == "Z 4.3.0" or [c.where for c in connections] == ["127.0.0.3:25"]


# ---- programs of the caller

class Result:
    def __init__(self, place, case):
        outcome = replay.play(place, case)
        self.code, self.files = outcome["exit"], outcome["files"]
        self.output, self.modes = outcome["stdout"], outcome["modes"]
        self.sender, self.recipients, self.header = None, [], ""
        if outcome["queue"]:
            submission, = outcome["queue"]
            self.sender, *self.recipients = submission["envelope"].split("\0")[:-2]
            self.recipients = sorted(word[1:] for word in self.recipients)
            self.sender = self.sender[1:]
            self.header = submission["message"].partition("\n\n")[0] + "\n"

    def field(self, name):
        """The fields of this name, without it; unfolded."""
        unfolded = re.sub(r"\n[ \t]+", " ", self.header)
        return re.findall(r"^%s: *(.*)$" % name, unfolded, re.M | re.I)

    def has_refused(self, code):
        return self.code == code and self.sender is None


# Refused with the code, or (where a list is given) sent to just these.
RECIPIENTS = {
    "inject-0070": (100, ["fred@b.dom.example"]),
    "inject-0098": (None, ["fred@b.example,bob@c.example"]),
    "inject-0186": (100, []),
    "inject-0191": (100, ["a@b.example", "c@d.example"]),
    "inject-0193": (100, ["fred@b.example"]),
    "inject-0204": (100, ["a@b.example", "c@d.example", "x@b.example"]),
    "inject-0217": (100, []), "inject-0220": (100, None),
    "inject-0221": (100, None), "inject-0223": (100, None),
    "inject-0224": (100, None), "inject-0234": (100, []),
    "inject-0237": (100, ["@b.example"]),
    "inject-0289": (100, None), "inject-0291": (100, None),
    "inject-0309": (111, None), "inject-0314": (111, None),
    "sendmail-0068": (None, ["x@b.example"]),
    "sendmail-0070": (None, ["x@b.example"]),
    "sendmail-0074": (None, ["x@b.example"]),
    "local-0075": (111, []), "local-0076": (111, []),
    "local-0082": (111, None), "local-0084": (111, None),
    "local-0341": (111, None),
}


@better(*RECIPIENTS)
def nobody_else_gets_it(place, case):
    code, recipients = RECIPIENTS[case["id"]]
    result = Result(place, case)
    if not result.has_refused(code):
        assert result.code == 0
        assert result.recipients == recipients


FIELDS = {
    "inject-0159": ("To", "<djb@a.example>, <fred@b.example>"),
    "inject-0166": ("To", '"fred@work" <fred@b.example>'),
    "inject-0174": ("To", "fred@b.example (a (b (c) d) e)"),
    "inject-0216": ("To", '"fred,bob"@b.example'),
    "inject-0345": ("From", "u@[10.0.0.1]"),
    "sendmail-0027": ("From", '"Jane D" <jane@b.example>'),
}


@better(*FIELDS)
def field_says_what_was_meant(place, case):
    name, value = FIELDS[case["id"]]
    result = Result(place, case)
    assert result.code == 0 and result.field(name) == [value]


@better("inject-0308")
def message_id_has_no_blank(place, case):
    result = Result(place, case)
    if not result.has_refused(111):
        number, = result.field("Message-ID")
        assert re.fullmatch(r"<[^\s<>]+>", number)


@better("inject-0359")
def name_stays_in_its_field(place, case):
    result = Result(place, case)
    assert result.recipients == ["a@b.example"]
    assert len(result.field("From")) == 1 and not result.field("Bcc")


@better("inject-0438")
def followup_without_empty_address(place, case):
    value, = Result(place, case).field("Mail-Followup-To")
    assert [word.strip() for word in value.split(",")] == ["list@a.example"]


@better("sendmail-0019", "sendmail-0077")
def sender_is_an_address(place, case):
    assert Result(place, case).sender == "jane@b.example"


@better("sendmail-0087")
def file_is_found_from_the_callers_folder(place, case):
    value, = Result(place, case).field("Mail-Followup-To")
    assert "to@a.example" in value


@better("local-0080", "local-0081")
def no_carriage_returns(place, case):
    result = Result(place, case)
    assert result.code in (0, 111)
    assert not any("\r" in name for name in [*result.files, *result.recipients])


# ---- forwarding

REFUSED = {
    "dotforward-0037": 111, "dotforward-0038": 111, "dotforward-0043": 111,
    "dotforward-0072": 100, "dotforward-0076": 100, "dotforward-0083": 111,
    "fastforward-0054": 100, "fastforward-0055": 100, "fastforward-0106": 111,
    "fastforward-0120": 111, "fastforward-0155": 111, "fastforward-0164": 111,
    "fastforward-0177": 111, "fastforward-0202": 100, "fastforward-0232": 111,
}


@better(*REFUSED)
def nothing_is_sent_or_made(place, case):
    result = Result(place, case)
    assert result.has_refused(REFUSED[case["id"]])
    assert not result.files and not result.output


@better("fastforward-0110")
def list_in_a_list_is_the_one_that_is_made_of_it(place, case):
    names = Result(place, case).files["l.bin"][0].split("\0")[:-1]
    assert names == ["/etc/list.bin", "./rel.bin", "/etc/list2.bin", "/quoted name.bin"]


@better("fastforward-0150")
def owner_in_capitals_is_one(place, case):
    made, = Result(place, case).files["/etc/aliases.cdb"]
    assert re.search(r"^\+6,\d+:\?list@->owner-list@mx\.a\.example$", made, re.M | re.I)


# ---- users/assign

@better("tools-0254")
def dot_has_a_line_of_its_own(place, case):
    result = Result(place, case)
    assert result.code == 0 and result.output.endswith("\n=x:joe:1:2:/h:::\n.\n")


@better("tools-0262")
def beginning_that_ends_in_a_capital_is_found(place, case):
    made, = Result(place, case).files["{PREFIX}/users/cdb"]
    assert "\n+0,1:->b\n" in made


@better("tools-0004")
def address_that_is_none_is_refused(place, case):
    assert Result(place, case).has_refused(100)


# ---- maildir2mbox

@better("tools-0152")
def last_line_gets_its_end(place, case):
    result = Result(place, case)
    assert result.code == 0 and result.files["M/new/a"] == []
    assert result.files["mbox"][0].endswith("\n\nbody\nend\n\n")


@better("tools-0160")
def mbox_is_private(place, case):
    assert Result(place, case).modes["mbox"] == "0600"


@better("tools-0161")
def names_are_meant_from_the_callers_folder(place, case):
    result = Result(place, case)
    assert result.code == 0 and "mbox" in result.files and "M/mbox" not in result.files
