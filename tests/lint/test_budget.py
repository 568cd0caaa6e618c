"""What each finished program may do at most, read from its symbols.

Each program is linked once more with everything left out that it never
reaches; what it then still asks of the C library is what it can do.
"""

import glob
import os
import re
import shutil
import subprocess

import pytest

from support import build

# Calls that give power.  ids_become is ours: it sets all ids at once.
POWERS = re.compile(
    r"exec\w+|fexecve|posix_spawnp?|v?fork|clone|syscall|socket|socketpair|connect|bind|"
    r"listen|accept4?|set(re|res|e|fs)?[ug]id|setgroups|initgroups|[lf]?chown(at)?|"
    r"(get|set|end)(pw|gr(?!oups))\w*|chroot|mount|ptrace|system|popen|dlopen|"
    r"getaddrinfo|gethostby\w+|ids_become")
SPAWN = "execvpe ids_become syscall vfork"

# The budget: exactly these.  More is a decision that belongs in this table.
BUDGET = {
    "822date": "",
    "822field": "",
    "822header": "",
    "822print": "",
    "822received": "",
    "iftocc": "",
    "new-inject": SPAWN + " connect socket",
    "ofmipd": SPAWN + " connect socket",
    "ofmipname": "",
    "bouncesaying": SPAWN,
    "condredirect": SPAWN + " connect socket",
    "dot-forward": SPAWN + " connect socket",
    "except": SPAWN,
    "fastforward": SPAWN + " connect socket",
    "forward": SPAWN + " connect socket",
    "preline": SPAWN,
    "predate": SPAWN,
    "qbiff": "",
    "qreceipt": SPAWN + " connect socket",
    "checkpassword": "execvp getpwnam ids_become syscall",
    "greetdelay": "execvp",
    "offertls": "connect execvp fork socket socketpair",
    "maildir2mbox": "",
    "maildirdeliver": "syscall",
    "maildirmake": "",
    "maildirserial": SPAWN + " connect socket",
    "maildirwatch": "",
    "proxyin": "execvp",
    "qmail-authd": SPAWN + " accept4 bind listen socket",
    "qmail-clean": "",
    "qmail-authfilter": SPAWN + " connect execv socket",
    "qmail-filters": SPAWN + " connect socket",
    "qmail-milter": "connect socket",
    "qmail-dnsbl": "connect execvp fork socket",
    "qmail-dkimverify": "connect socket",
    "qmail-dkimkey": "execv fchown syscall",
    "qmail-dnsrecords": "connect socket",
    "qmail-dkimsignd": "accept4 bind fork ids_become listen socket syscall",
    "qmail-signd": "accept4 bind connect fork ids_become listen socket syscall",
    "qmail-verifyd": "accept4 bind connect fork ids_become listen socket syscall",
    "qmail-getpw": "getpwnam",
    "newaliases": "",
    "newinclude": "",
    "printforward": "",
    "printmaillist": "",
    "pop-note": "execvp fchown",
    "pop-relay": "execvp",
    "qmail-inject": SPAWN + " connect socket",
    "qmail-install": "fchown getpwnam",
    "qmail-local": SPAWN + " connect socket",
    "qmail-lspawn": "execvpe fork ids_become socketpair syscall",
    "qmail-mtasts": "accept4 bind connect fork ids_become listen socket syscall",
    "qmail-newmrh": "",
    "qmail-newpop": "",
    "qmail-newu": "",
    "qmail-pop3d": "syscall",
    "qmail-popup": SPAWN + " connect fork socket socketpair",
    "qmail-pw2u": "",
    "qmail-qfix": "fchown",
    "qmail-qread": "",
    "qmail-qctl": "connect socket",
    "qmail-qctld": SPAWN + " accept4 bind connect fork listen socket socketpair",
    "qmail-qmqpc": "connect socket",
    "qmail-qmqpd": SPAWN + " connect socket",
    "qmail-qmtpd": SPAWN + " connect socket",
    "qmail-queue": "",
    "qmail-queued": "accept4 bind fork listen socket",
    "qmail-greyd": "accept4 bind fork ids_become listen socket syscall",
    "qmail-rcptd": "accept4 bind execvpe fork ids_become listen socket socketpair syscall",
    "qmail-remote": "bind connect socket socketpair",
    "qmail-rspawn": SPAWN,
    "qmail-send": SPAWN + " connect fork socket socketpair",
    "qmail-showctl": "",
    "qmail-smtpd": SPAWN + " connect socket socketpair",
    "qmail-start": SPAWN + " execv socketpair",
    "qmail-tcpok": "fchown",
    "qmail-tcpto": "",
    "qmail-dmarccheck": "connect socket",
    "qmail-spfcheck": "connect socket",
    "qmail-srs": "connect socket",
    "qmail-srsd": "accept4 bind fork ids_become listen socket syscall",
    "srsforward": SPAWN + " connect socket",
    "srsreverse": SPAWN + " connect socket",
    "qmail-dmarcreport": "connect execvpe ids_become socket syscall vfork",
    "qmail-tlsrpt": "connect execvpe ids_become socket syscall vfork",
    "qmail-secretd": "accept4 bind connect fork ids_become listen socket socketpair syscall",
    "qmail-tlsd": "accept4 bind fork ids_become listen socket socketpair syscall",
    "qmail-tlsc": "accept4 bind fork ids_become listen socket socketpair syscall",
    "qmail-todo": "",
    "sendmail": "execv getpwuid",
    "serialqmtp": "",
    "serialsmtp": "",
    "setforward": "",
    "setlock": "execvp",
    "matchup": "",
    "qmail-log2json": "",
    "qmail-trace": "",
    "qmail-metrics": "connect socket",
    "qmail-report": "",
    "columnt": "",
    "xsender": "",
    "zoverall": "",
    "setmaillist": "",
    "splogger": "connect socket",
    "tcp-env": "connect execvp socket",
}

# Writable objects: in every program, and besides in each.
EVERYWHERE = {"bug_exit_code": "hook of base/must", "memory_hook": "hook of base/must"}
AREA = {name: "memory of base/area" for name in ("area", "area_last", "area_used")}
FILTER = {"program": "its name, for messages"}
TOOL = {"tool": "its name, and the file that it makes"}
READER = {**FILTER, "is_used": "whether the message was read"}
WRITABLE = {
    "dot-forward": READER,
    "fastforward": READER,
    "srsforward": READER,
    "srsreverse": READER,
    "newaliases": {**TOOL, "making": "the state of main"},
    "newinclude": TOOL,
    "printforward": {**TOOL, "reading": "the state of main", "in_buffer": "buffer of main",
                     "out_buffer": "buffer of main"},
    "printmaillist": TOOL,
    "setforward": {**TOOL, "making": "the state of main"},
    "setmaillist": TOOL,
    "bouncesaying": READER,
    "condredirect": READER,
    "except": READER,
    "forward": READER,
    "preline": {**READER, "lines": "which are wanted"},
    "qreceipt": READER,
    "822date": {"buffer": "buffer for a header"},
    "822field": {"buffer": "buffer for a header"},
    "822header": {"buffer": "buffer for a header"},
    "822print": {"in_buffer": "buffer of main", "out_buffer": "buffer of main"},
    "maildirdeliver": {"buffer": "buffer for a block", "out_buffer": "buffer for a block",
                       "unlink_path": "for the signal handler"},
    "maildir2mbox": {"moving": "the state of main"},
    "predate": FILTER,
    "matchup": {"in_buffer": "buffer of main", "out_buffer": "buffer of main",
                "rest_buffer": "buffer for what has not ended"},
    "qmail-trace": {"out_buffer": "buffer of main"},
    "qmail-metrics": {"datagram": "buffer for answers"},
    "qmail-log2json": {"in_buffer": "buffer of main", "out_buffer": "buffer of main"},
    "columnt": {"in_buffer": "buffer of main", "out_buffer": "buffer of main"},
    "xsender": {"in_buffer": "buffer of main", "out_buffer": "buffer of main"},
    "zoverall": {"in_buffer": "buffer of main", "out_buffer": "buffer of main"},
    "822received": {"buffer": "buffer for a header"},
    "iftocc": {"buffer": "buffer for a header"},
    "new-inject": {"buffer": "buffer of main", "target": "the state of main"},
    "ofmipd": {"in_buffer": "buffer of main", "out_buffer": "buffer of main",
               "session": "the state of main", "passage": "the state of a message"},
    "qmail-authd": {"clients": "the state of main", "is_hung_up": "signal flag",
                    "is_stopped": "signal flag"},
    "qmail-clean": {"datagram": "buffer of main"},
    "qmail-authfilter": {"buffer": "buffer for the message"},
    "qmail-filters": {"running": "for the signal handler", "signal_came": "signal flag",
                      "inject": "the message that is passed on", "block": "buffer for it"},
    "qmail-milter": {"filter": "the state of main", "buffer": "buffers for the message",
                     "begin": "when it began, for a name"},
    "qmail-dkimverify": {"buffer": "buffer for the message"},
    "qmail-verifyd": {"is_stopped": "signal flag", "block": "buffer for the message", "record": "buffer for a question"},
    "qmail-signd": {"is_stopped": "signal flag", "block": "buffer for the message", "record": "buffer for a question",
                    "body": "the canonical form of one"},
    "qmail-dkimkey": {"owner": "whom files belong to"},
    "qmail-getpw": {"request": "buffer of main"},
    "qmail-inject": {"inject": "the state of main"},
    "qmail-local": {"now": "for the signal handler"},
    "qmail-lspawn": {"child_has_ended": "signal flag", "must_stop": "signal flag"},
    "qmail-newu": {"making": "the state of main"},
    "qmail-pw2u": {"pw2u": "the state of main"},
    "qmail-qfix": {"gate": "the state of main", "qfix": "the state of main"},
    "qmail-qctl": {"datagram": "buffers of requests"},
    "qmail-qctld": {"datagram": "buffers of requests", "server": "the state of main"},
    "qmail-qread": {"buffer": "buffer of main"},
    "qmail-queue": {"common": "read once", "entry": "for the signal handler",
                    "mark": "what the linker keeps"},
    "qmail-queued": {"common": "read once", "entry": "for the signal handler",
                     "guest": "for the signal handler", "ids": "read once", "is_ours": "what was seen",
                     "seen": "what was seen", "server": "the state of main"},
    "qmail-rcptd": {"has_child_ended": "signal flag"},
    "qmail-rspawn": {"child_has_ended": "signal flag", "must_stop": "signal flag"},
    "qmail-qmqpd": {"session": "the state of main"},
    "qmail-remote": {"delivery": "the state of main"},
    "qmail-qmtpd": {"session": "the state of main"},
    "qmail-smtpd": {"session": "the state of main"},
    "qmail-send": {"got_alarm": "signal flag", "got_hangup": "signal flag",
                   "got_term": "signal flag", "is_over": "signal flag",
                   "may_kill": "what the handler of a signal may do",
                   "record": "buffers of two links",
                   "send": "the state of main"},
    "maildirserial": {"buffer": "buffer for a bounce"},
    "serialqmtp": {"buffer": "buffer for a file", "client": "the state of main"},
    "serialsmtp": {"buffer": "buffer for a file", "client": "the state of main"},
    "qmail-dmarcreport": {"in_buffer": "buffer for the log"},
    "qmail-tlsrpt": {"in_buffer": "buffer for the log"},
    "qmail-secretd": {"is_stopped": "signal flag", "dialogue": "the state of a dialogue", "record": "buffer for a record"},
    "qmail-tlsc": {"is_hung_up": "signal flag", "is_stopped": "signal flag",
                   "tunnel": "the state of a connection"},
    "qmail-tlsd": {"is_hung_up": "signal flag", "is_stopped": "signal flag",
                   "tunnel": "the state of a connection"},
    "qmail-mtasts": {"is_hung_up": "signal flag", "is_stopped": "signal flag"},
    "qmail-greyd": {"is_stopped": "signal flag"},
    "qmail-dkimsignd": {"is_stopped": "signal flag"},
    "qmail-srsd": {"is_stopped": "signal flag"},
    "qmail-todo": {"datagram": "buffer of main", "todo": "the state of main"},
}
SPLIT = "-fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
KEEP_REACHED = "ld -r --gc-sections -e main"


def listed(variable):
    """The names in a list at the top of the Makefile."""
    found = re.search(r"^%s *:= *((?:.*\\\n)*.*)" % variable, build.read("Makefile"), re.M)
    return [os.path.basename(word) for word in found.group(1).replace("\\\n", " ").split()]


HOT, ACCOUNTS, SMALL = listed("HOT"), listed("ACCOUNTS"), listed("SMALL")
TLS = listed("TLS") if os.path.exists("/usr/include/openssl/ssl.h") else []


@pytest.fixture(scope="module")
def reached():
    """A folder of programs, relinked with what they reach."""
    folder = os.path.join(build.MADE, "reached")
    build.make(folder, "HOT_CC=musl-gcc -std=c11 -O1 " + SPLIT,
               "ACC_CC=gcc -std=c11 -O1 " + SPLIT,
               "TLS_CC=gcc -std=c11 -O1 " + SPLIT,
               *(kind + "_LD=" + KEEP_REACHED for kind in ("HOT", "ACC", "TLS")),
               "checkpassword_LIBS=", "qmail-dkimverify_LIBS=",
               "qmail-verifyd_LIBS=", "qmail-signd_LIBS=", "TLS_LIBS=")
    return folder + "/bin/"


def symbols(path):
    """[(name, type letter)] of an object."""
    lines = build.run(["nm", path]).splitlines()
    return [(line.split()[-1], line.split()[-2]) for line in lines]


def calls(path):
    """What the program asks of the C library, and its own functions.

    Names that only left-out parts asked for are in the symbol table still,
    but nothing refers to them.
    """
    referred = {line.split()[4] for line in build.run(["readelf", "-rW", path]).splitlines()
                if len(line.split()) > 4}
    return {name for name, letter in symbols(path)
            if (letter == "U" and name in referred) or letter in "tT"}


@pytest.mark.parametrize("name", HOT + ACCOUNTS + TLS)
def test_call_budget(name, reached):
    found = sorted(word for word in calls(reached + name) if POWERS.fullmatch(word))
    assert name in BUDGET, "%s has no budget; it asks for: %s" % (name, " ".join(found))
    assert found == sorted(BUDGET[name].split())


@pytest.mark.parametrize("name", HOT + ACCOUNTS + TLS)
def test_writable_state(name, reached):
    found = {re.sub(r"\.\d+$", "", word) for word, letter in symbols(reached + name)
             if letter in "bBdDC"}
    allowed = {**EVERYWHERE, **(AREA if name in SMALL else {}), **WRITABLE.get(name, {})}
    assert found <= allowed.keys()
    assert WRITABLE.get(name, {}).keys() <= found, "listed, but not there"


@pytest.mark.parametrize("name", HOT)
def test_static(name):
    """A dynamic program starts ten times slower, or not at all without its
    libraries."""
    folder = os.path.join(build.MADE, "strict")
    build.make(folder, "CI=1")
    if not shutil.which("musl-gcc"):
        pytest.skip("needs musl-gcc")
    heads = build.run(["readelf", "-lW", "%s/bin/%s" % (folder, name)])
    assert "LOAD" in heads
    assert "INTERP" not in heads and "DYNAMIC" not in heads


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_other_compilers(compiler):
    """Not a warning, also with the C library of the system."""
    build.make(os.path.join(build.MADE, compiler), "CI=1",
               *("%s=%s -std=c11 -O2" % (kind, compiler) for kind in ("HOT_CC", "ACC_CC", "TLS_CC")),
               *("%s=%s" % (kind, compiler) for kind in ("HOT_LD", "ACC_LD", "TLS_LD")))


def test_same_bytes_again(tmp_path):
    """Two builds in different folders give the same programs."""
    made = []
    for folder in (tmp_path / "a", tmp_path / "another" / "folder"):
        os.makedirs(folder)
        for name in ["Makefile", "src"] + [os.path.basename(name) for name in
                                           glob.glob(build.TOP + "/conf-*")]:
            subprocess.run(["cp", "-a", os.path.join(build.TOP, name), folder], check=True)
        build.make("build", top=str(folder))
        programs = {}
        for name in sorted(os.listdir(folder / "build/bin")):
            programs[name] = (folder / "build/bin" / name).read_bytes()
        made.append(programs)
        shutil.rmtree(folder)
    assert len(made[0]) > 15
    assert [name for name in made[0] if made[0][name] != made[1].get(name)] == []
