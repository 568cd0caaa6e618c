"""The few system calls that Python 3.11 does not offer."""

import ctypes
import fcntl
import os
import socket
import struct

NEW_MOUNTS, NEW_NETWORK = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MS_MOVE = 0x1000, 0x4000, 0x40000, 0x2000
MS_REMOUNT = 0x20
LAZILY = 2
SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, options=None):
    words = [None if word is None else os.fsencode(word)
             for word in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags),
                       options and options.encode()), "mount " + target)


def bind(source, target):
    mount(source, target, flags=MS_BIND | MS_REC)


def unmount(target):
    _check(_libc.umount2(os.fsencode(target), LAZILY), "umount " + target)


def adopt_orphans():
    """Children of children become ours when their parents end."""
    _check(_libc.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def loopback_up():
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags, = struct.unpack_from(
            "h", fcntl.ioctl(any_socket, get_flags, request), 16)
        fcntl.ioctl(any_socket, set_flags,
                    struct.pack("16sh14x", b"lo", flags | up))
