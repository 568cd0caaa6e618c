"""The table of ulabel.c, made anew from what Python knows of Unicode."""

import re
import unicodedata

import pytest

from support import build

FROM = "14.0.0"  # of Unicode
# RFC 5892 2.6, what has its rule in the code being no letter here: 2.6 F has the middle dot.
ALLOWED = {0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007, 0x375, 0x5F3, 0x5F4, 0x30FB, *range(0x660, 0x66A), *range(0x6F0, 0x6FA)}
REFUSED = {0xB7, 0x640, 0x7FA, 0x302E, 0x302F, *range(0x3031, 0x3036), 0x303B}
# Default_Ignorable_Code_Point, Noncharacter_Code_Point (2.3), blocks (2.4), old Hangul (2.9).
RANGES = [(0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
          (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
          (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFF), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0x10FFFF),
          (0x20D0, 0x20FF), (0x1D100, 0x1D1FF), (0x1D200, 0x1D24F), (0x1100, 0x11FF), (0xA960, 0xA97F), (0xD7B0, 0xD7FF)]
LETTERS = "Ll Lu Lo Nd Lm Mn Mc".split()
LAST = 0x10FFFF


def composing():
    """Marks that may become one character with that before them."""
    pairs = [unicodedata.decomposition(chr(at)).split() for at in range(0x80, LAST)]
    return {int(pair[1], 16) for pair in pairs if len(pair) == 2 and "<" not in pair[0]} & set(range(0x300, 0x370))


def judge(character, marks):
    """Whether a U-label may have it; None: nobody knows yet."""
    if character in ALLOWED:
        return True
    if character in REFUSED or character in marks or any(first <= character <= last for first, last in RANGES):
        return False
    text = chr(character)
    category = unicodedata.category(text)
    if category == "Cn":
        return None
    stable = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return category in LETTERS and stable == text


def length(judged, at, step):
    """The last of those from at on, each step, that are refused, none between that is not in their way."""
    last = at
    while at <= LAST and judged[at] is not True and (step == 1 or judged[at - 1] is not False or at == last):
        if judged[at] is False:
            last = at
        at += step
    return last


def table():
    marks, ranges, at = composing(), [], 0x80
    judged = [None] * 0x80 + [judge(character, marks) for character in range(0x80, LAST + 1)]
    while at <= LAST:
        if judged[at] is not False:
            at += 1
            continue
        last, step = max((length(judged, at, step), -step) for step in (1, 2))
        ranges.append((at, last, -step))
        at = last + 1
    return ranges


def test_table():
    if unicodedata.unidata_version != FROM:
        pytest.skip("Python has Unicode " + unicodedata.unidata_version)
    source = build.read("src/lib/base/ulabel.c")
    found = re.findall(r"\{ 0x([0-9a-f]+), 0x([0-9a-f]+), ([12]) \}", source)
    assert [(int(first, 16), int(last, 16), int(step)) for first, last, step in found] == table()
