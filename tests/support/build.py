"""Building: everything below build/test of the source tree."""

import fcntl
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MADE = os.path.join(TOP, "build", "test")
WARNINGS = ("-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes "
            "-Wmissing-prototypes -Wold-style-definition -Wvla "
            "-Wwrite-strings -Werror").split()
LAYERS = ("base", "sys", "mail", "config", "net", "queue")


def run(words, **more):
    """A command that must succeed; its output."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, **more)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "%s\nexit %d\n%s" % (
        " ".join(map(str, words)), done.returncode, text[-8000:])
    return text


def make(folder, *words, top=TOP):
    """make all into folder, an absolute path or one below top; one at a time."""
    os.makedirs(MADE, exist_ok=True)
    with open(os.path.join(MADE, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return run(["make", "-s", "-j2", "-C", top, "B=" + folder, *words])


def make_hasty(prefix):
    """The folder of a build, ended by /, in which programs with OpenSSL live as fast as HASTY says: hasty.h."""
    folder = os.path.join(MADE, "hasty-tls")
    quick = "gcc -std=c11 -O1 -include %s/tests/support/hasty.h" % TOP
    make(folder, "PREFIX=" + prefix, "ACC_CC=" + quick, "TLS_CC=" + quick)
    return folder + "/bin/"


def library_sources():
    return sorted(os.path.join(TOP, "src/lib", layer, name)
                  for layer in LAYERS
                  for name in os.listdir(os.path.join(TOP, "src/lib", layer))
                  if name.endswith(".c"))


def source_files(*endings):
    """All files below src with one of these endings, relative to the top."""
    found = []
    for folder, _, names in os.walk(os.path.join(TOP, "src")):
        found += [os.path.relpath(os.path.join(folder, name), TOP)
                  for name in names if name.endswith(endings)]
    return sorted(found)


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as source:
        return source.read()


def library(name, compiler, flags):
    """The whole library as an archive, compiled so, for unit tests and fuzzing.

    One make runs the compilers, so that only what changed is compiled again.
    """
    folder = os.path.join(MADE, name)
    os.makedirs(folder, exist_ok=True)
    make(os.path.join(folder, "made"), os.path.join(folder, "made/hot/lib.a"),
         "HOT_CC=%s -std=c11 %s" % (compiler, flags),
         "HOT_LD=%s" % compiler)
    return os.path.join(folder, "made/hot/lib.a"), os.path.join(folder, "made/gen")
