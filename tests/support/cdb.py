"""Makes constant databases."""

import struct


def number(key):
    found = 5381
    for byte in key:
        found = (found * 33 & 0xffffffff) ^ byte
    return found


def make(pairs):
    """The bytes of a database with these (key, value)s."""
    body, tables = b"", [[] for _ in range(256)]
    for key, value in pairs:
        found = number(key)
        tables[found & 255].append((found, 2048 + len(body)))
        body += struct.pack("<II", len(key), len(value)) + key + value
    head, tail = b"", b""
    for table in tables:
        head += struct.pack("<II", 2048 + len(body) + len(tail), 2 * len(table))
        slots = [(0, 0)] * (2 * len(table))
        for found, at in table:
            slot = (found >> 8) % len(slots)
            while slots[slot][1]:
                slot = (slot + 1) % len(slots)
            slots[slot] = (found, at)
        tail += b"".join(struct.pack("<II", *slot) for slot in slots)
    return head + body + tail


def users(**accounts):
    """users/cdb with name=(uid, gid, home)."""
    return make([(b"", b"-")] + [
        (b"!%s\0" % name.encode(),
         b"%s\0%d\0%d\0%s\0\0\0" % (name.encode(), uid, gid, home.encode()))
        for name, (uid, gid, home) in accounts.items()])
