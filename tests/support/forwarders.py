"""Debian's dot-forward and fastforward, which know where qmail is: their folder
becomes one of the same length that leads to ours."""

import os

from . import unpacked

THEIRS, OURS = b"/var/lib/qmail", "/dev/qmailpeer"


def folder(place):
    """Their programs, with ours as the rest of qmail."""
    found = place.base + "/forwarders"
    if os.path.isdir(found):
        return found
    sources = [unpacked.folder(place, package) + "/usr" for package in
               ("dot-forward", "fastforward")]
    os.mkdir(found + ".new", 0o755)
    for source in sources:
        for part in ("bin", "sbin"):
            if os.path.isdir(os.path.join(source, part)):
                copy(os.path.join(source, part), found + ".new", place)
    os.rename(found + ".new", found)
    return found


def copy(source, target, place):
    assert len(THEIRS) == len(OURS)
    # /dev is our own.
    if not os.path.islink(OURS):
        os.symlink(place.prefix, OURS)
    for name in os.listdir(source):
        with open(os.path.join(source, name), "rb") as program:
            text = program.read()
        place.write(os.path.join(target, name.replace("qmail-newaliases", "newaliases")),
                    text.replace(THEIRS, OURS.encode()), mode=0o755)
