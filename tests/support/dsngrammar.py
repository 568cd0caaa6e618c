"""RFC 3464, RFC 3461 and RFC 6522 as a grammar: check(text) fails where a
message is no delivery status notification, and returns its groups of fields:
that of the message and one for each recipient, lists of (name, value)."""

import re
from email.utils import parsedate_to_datetime

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
DOMAIN = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.?)+|\[(?:IPv6:)?[0-9A-Fa-f:.]+\]"
MAILBOX = re.compile(r"(?:%s(?:\.%s)*|%s)@(?:%s)" % (ATOM, ATOM, QUOTED, DOMAIN))
TYPE = r"[A-Za-z0-9-]+"  # an atom, as those of IANA are
STATUS = re.compile(r"[245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})")
ACTIONS = {"failed": "45", "delayed": "4", "delivered": "2", "relayed": "2", "expanded": "2"}
DATE = re.compile(r"(?:[A-Z][a-z][a-z], )?[0-9]{1,2} [A-Z][a-z][a-z] [0-9]{4} "
                  r"[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}")


def typed(value, *types):
    found = re.fullmatch(r"(%s); ?(.*)" % TYPE, value)
    assert found, value
    assert not types or found[1].lower() in types, value
    return found[1].lower(), found[2]


def is_mta(value):
    _, name = typed(value, "dns")
    assert re.fullmatch(DOMAIN, name), value


def is_recipient(value):
    kind, address = typed(value, "rfc822", "utf-8")
    if kind == "rfc822":
        assert MAILBOX.fullmatch(address), value


def is_original(value):
    typed(value)
    assert re.fullmatch(r"[\x20-\x7e]*", value), value


def is_date(value):
    assert DATE.fullmatch(value) and parsedate_to_datetime(value), value


def is_status(value):
    assert STATUS.fullmatch(value), value


def is_action(value):
    assert value in ACTIONS, value


def is_diagnosis(value):
    kind, words = typed(value)
    assert kind in ("smtp", "x-qmail")
    assert kind != "smtp" or re.match(r"[2-5][0-9][0-9](?:[ -]|$)", words), value


def is_envelope_id(value):
    assert re.fullmatch(r"[\x20-\x7e]+", value), value


# name: (check, whether it must be there), in the order of the RFC
MESSAGE = {"Original-Envelope-Id": (is_envelope_id, False), "Reporting-MTA": (is_mta, True),
           "Arrival-Date": (is_date, False)}
RECIPIENT = {"Original-Recipient": (is_original, False), "Final-Recipient": (is_recipient, True),
             "Action": (is_action, True), "Status": (is_status, True), "Remote-MTA": (is_mta, False),
             "Diagnostic-Code": (is_diagnosis, False), "Last-Attempt-Date": (is_date, False),
             "Will-Retry-Until": (is_date, False)}


def group(block, known, ordered):
    """The fields of a group; no name twice, none that is not known."""
    fields = []
    for line in block.split("\n"):
        found = re.fullmatch(r"([A-Za-z-]+): (\S.*)", line)
        assert found and len(line) <= 998 and line == line.rstrip(), line
        fields.append((found[1], found[2]))
    names = [name for name, _ in fields]
    assert len(set(names)) == len(names) and set(names) <= set(known), names
    assert not ordered or names == [name for name in known if name in names], names
    for name, (check, must) in known.items():
        assert not must or name in names, name
    for name, value in fields:
        known[name][0](value)
    return fields


def parts_of(text):
    """The header of the whole, and (header, body) of each part; by hand, so that
    nothing is forgiven."""
    head, _, body = text.partition("\n\n")
    head = head.replace("\n\t", " ")
    found = re.search(r'^Content-Type: multipart/report; report-type=delivery-status; '
                      r'boundary="([A-Za-z0-9\'()+_,./:=?-]{1,70})"$', head, re.M)
    assert found, head
    assert re.search("^MIME-Version: 1.0$", head, re.M)
    mark = "\n--" + found[1]
    pieces = ("\n" + body).split(mark)
    assert pieces[-1] == "--\n", "the end"
    parts = []
    for piece in pieces[1:-1]:
        assert piece[0] == "\n"
        part_head, _, part_body = piece[1:].partition("\n\n")
        parts.append((part_head, part_body))
    return head, parts


def check(text):
    head, parts = parts_of(text)
    for name in "Date", "From", "To", "Subject", "Message-ID":
        assert len(re.findall("^%s: " % name, head, re.M)) == 1, name
    assert text.startswith("Return-Path: <>\n") or text.startswith("Return-Path: <#@[]>\n")
    assert 2 <= len(parts) <= 3
    assert parts[0][0].startswith("Content-Type: text/plain; charset=utf-8\n")
    encoding = "8bit" if "global" in parts[1][0] else "7bit"
    assert re.fullmatch("Content-Type: message/(global-)?delivery-status\n"
                        "Content-Transfer-Encoding: %s" % encoding, parts[1][0]), parts[1][0]
    for part_head, body in parts:
        assert "encoding: 8bit" in part_head.lower() or body.isascii()
    blocks = parts[1][1].rstrip("\n").split("\n\n")
    assert "" not in blocks and len(blocks) >= 2
    # A field of the message may stand anywhere in its group.
    groups = [group(blocks[0], MESSAGE, False)]
    for block in blocks[1:]:
        fields = dict(group(block, RECIPIENT, True))
        assert fields["Status"][0] in ACTIONS[fields["Action"]], fields
        assert ("Will-Retry-Until" in fields) <= (fields["Action"] == "delayed")
        assert "utf-8" not in fields["Final-Recipient"] or "global" in parts[1][0]
        groups.append(list(fields.items()))
    return groups
