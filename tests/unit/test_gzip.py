"""base/gzip: what it makes is read by zlib, and gives back what went in."""

import ctypes
import gzip
import os
import random
import subprocess
import zlib

import pytest

from support import build


class Str(ctypes.Structure):
    _fields_ = [("s", ctypes.c_void_p), ("len", ctypes.c_size_t), ("cap", ctypes.c_size_t)]


class Span(ctypes.Structure):
    _fields_ = [("s", ctypes.c_char_p), ("len", ctypes.c_size_t)]


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    base, made = build.TOP + "/src/lib/base/", str(tmp_path_factory.mktemp("gzip") / "gzip.so")
    build.run(["gcc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-shared", "-fPIC", "-iquote", build.TOP + "/src/lib",
               "-o", made, *(base + name + ".c" for name in ("gzip", "str", "span", "ascii", "fmt", "must", "memory"))])
    library = ctypes.CDLL(made)
    library.gzip_add.argtypes = ctypes.POINTER(Str), Span

    def run(data):
        text = Str()
        library.gzip_add(ctypes.byref(text), Span(data, len(data)))
        packed = ctypes.string_at(text.s, text.len)
        library.str_free(ctypes.byref(text))
        assert len(packed) <= len(data) + len(data) // 8 + 32
        return packed
    return run


def unpacked(packed):
    """By zlib, which has to come to the end of all bytes."""
    reader = zlib.decompressobj(wbits=31)
    data = reader.decompress(packed)
    assert reader.eof and not reader.unused_data and not reader.unconsumed_tail
    return data


@pytest.mark.parametrize("data", [
    b"", b"a", b"ab", b"abc", b"aaaa", b"abcabc", b"\0" * 70000, bytes(range(256)) * 300, b"a" * 257, b"a" * 258, b"a" * 259,
    b"a" * 260, b"a" * 261, os.urandom(100000)], ids=range(14))
def test_one(pack, data):
    assert unpacked(pack(data)) == data == gzip.decompress(pack(data))


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 5, 256, 257, 258, 24576, 24577, 32766, 32767, 32768, 32769, 32770, 65536, 65539])
def test_distances(pack, distance):
    """A copy from each end of each range, and from beyond the window."""
    data = (b"0123456789" + random.Random(distance).randbytes(distance))[:distance]
    assert unpacked(pack(data + data)) == data + data


def test_all_lengths(pack):
    chance = random.Random(1)
    for length in range(1, 300):
        piece = chance.randbytes(length)
        data = piece + b"\xff" + chance.randbytes(9) + piece + b"\0"
        assert unpacked(pack(data)) == data


@pytest.mark.parametrize("seed", range(20))
def test_whatever(pack, seed):
    """Words of few letters, which repeat near and far."""
    chance = random.Random(seed)
    for _ in range(40):
        words = [chance.randbytes(chance.randrange(1, 40)) for _ in range(chance.randrange(1, 50))]
        words += [bytes(chance.choices(b"ab", k=chance.randrange(400))) for _ in range(3)]
        data = b"".join(chance.choices(words, k=chance.randrange(3000)))
        assert unpacked(pack(data)) == data


def test_it_is_shorter(pack):
    """As a table of rows that are nearly alike; other programs read it, too."""
    rows = b"".join(b"<row><source_ip>10.%d.%d.%d</source_ip><count>%d</count><disposition>none</disposition></row>\n" %
                    (n // 65536, n // 256 % 256, n % 256, n % 7) for n in range(100000))
    packed = pack(rows)
    assert unpacked(packed) == rows and len(packed) * 8 < len(rows)
    assert subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True).stdout == rows
