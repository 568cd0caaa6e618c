#!/usr/bin/python3
"""How long reports on a log take, beside the same in awk, in one run.

    logs.py [FOLDER OF PROGRAMS [MEGABYTES]]

The log is made up: deliveries that go on at the same time, addresses of which few get
most of the mail, replies of servers with a number that is never the same.  A report in
awk counts the same and sorts with sort(1), in the C locale; its rows are compared with
ours.  Of each command the processor time is told, the least of some rounds, and for
ours the memory at most.
"""
import heapq
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
LOOK = .003  # seconds
MEGABYTES = 200
HOSTS, PEOPLE, RUNNING = 3000, 200000, 40

# What awk does for a report; its rows are those of ours without the z, sorted.
MATCHUP = r"""

$2 == "new" { delete birth[$4 + 0]; next }
$2 == "info" { n = $4 + 0; birth[n] = $1; bytes[n] = $6; from[n] = tolower($8); qp[n] = $10; uid[n] = $12
    k[n] = z[n] = d[n] = 0; next }
$2 == "starting" { n = $4 + 0; start[n] = $1; of[n] = $6; to[n] = tolower($8 "." $9); next }
$2 == "delivery" { n = $3 + 0; if (!(n in start)) next
    m = of[n]; r = $4 == "success:" ? "k" : $4 == "failure:" ? "d" : "z"
    if (r == "k") k[m]++; else if (r == "d") d[m]++; else z[m]++
    print "d", r, birth[m], start[n], $1, bytes[m], from[m], to[n], qp[m], uid[m], $5
    delete start[n]; delete of[n]; delete to[n]; next }
$2 == "end" { n = $4; if (!(n in birth)) next
    print "m", birth[n], $1, bytes[n], k[n], d[n], z[n], from[n], qp[n], uid[n]
    delete birth[n]; delete bytes[n]; delete from[n]; delete qp[n]; delete uid[n]
    delete k[n]; delete z[n]; delete d[n]; next }
$2 == "status:" { next }
{ print "?", $0 }"""
OVERALL = r"""
$1 == "m" { n++; r += $5 + $6; t += $5 + $6 + $7; b += $4; s += $4 * $5; q += $3 - $2 }
$1 == "d" { x += $5 - $4; c[$2]++; if ($2 == "k") y += $5 - $3 }
{ if ($1 == "d") { a = $3; e = $5 } else { a = $2; e = $3 }
  if (NR == 1 || a < first) first = a; if (NR == 1 || e > last) last = e }
END { printf "%d %d %d %.0f %.0f %.6g %d %d %d %.6f %.6f %.6g\n", n, r, t, b, s, q / n, c["k"], c["d"], c["z"],
  y, x, x / (last - first) }"""
RECIPIENTS = r"""
$1 == "d" { t[%s]++; x[%s] += $5 - $4; if ($2 == "k") b[%s] += $6; if ($2 != "z") m[%s]++ }
END { for (i in t) printf "%%.0f %%d %%d %%.2f %%s\n", b[i], m[i], t[i], x[i], i }"""
REASONS = r"""
$1 == "d" && $2 == "%s" { t[$11]++; x[$11] += $5 - $4 }
END { for (i in t) printf "%%d %%.2f %%s\n", t[i], x[i], i }"""
SENDERS = r"""
$1 == "d" { i = %s; x[i] += $5 - $4 }
$1 == "m" { i = %s; x[i] += 0; m[i]++; b[i] += $4; s[i] += $4 * $5; w[i] += $4 * ($5 + $6)
  r[i] += $5 + $6; t[i] += $5 + $6 + $7 }
END { for (i in x) printf "%%d %%.0f %%.0f %%.0f %%d %%d %%.6f %%s\n", m[i], b[i], s[i], w[i], r[i], t[i], x[i], i }"""
AGES = r"""$1 == "d" && $2 == "k" { printf "%.9f\n", $5 - $3 }"""
DISTRIBUTION = r"""{ a[NR] = $1 }
END { for (i = 1; i <= NR; i++) { t += a[i]; p = int(i * 100 / NR)
  if (p >= 10 && p != o) { o = p; printf "%.2f %.2f %d\n", a[i], t / i, p } } }"""
SENDMAIL = r"""
$1 == "d" { printf "%s qp %s: to=%s, uid=%s, ddelay=%.6f, xdelay=%.6f, stat=%s (%s)\n", $5, $9, $8, $10, $5 - $3,
  $5 - $4, $2 == "k" ? "Sent" : $2 == "d" ? "Failed" : "Deferred", $11 }
$1 == "m" { printf "%s qp %s: from=%s, uid=%s, size=%s, nrcpts=%d, deferrals=%s, qtime=%.6f\n", $3, $9, $8, $10, $4,
  $5 + $6, $7, $3 - $2 }"""
HOST = 'substr($8, index($8, "@") + 1)'

REPORTS = (  # name, awk, what comes behind it
    ("zoverall", OVERALL, ""),
    ("zddist", AGES, "| sort -n | AWK '%s'" % DISTRIBUTION),
    ("zsuccesses", REASONS % "k", "| sort -k2"),
    ("zfailures", REASONS % "d", "| sort -k2"),
    ("zrecipients", RECIPIENTS % (("$8",) * 4), "| sort -k4"),
    ("zrhosts", RECIPIENTS % ((HOST,) * 4), "| sort -k4"),
    ("zsenders", SENDERS % ('$10 "/" $7', '$10 "/" $8'), "| sort -n -k7"),
    ("zsuids", SENDERS % ("$10", "$10"), "| sort -n -k7"),
    ("zsendmail", SENDMAIL, ""),
)


def address(chance):
    """Few have most of the mail."""
    person = int(PEOPLE * chance.random() ** 4)
    return "user%d@host%d.example" % (person, person % HOSTS)


def end_of(chance, number):
    luck = chance.random()
    if luck < .9:
        return "success: 192.0.2.%d_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_%010X/" \
            % (number % 250, number * 7919)
    if luck < .97:
        return "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection_with_192.0.2.%d._(#4.4.1)/" \
            % (number % 250)
    return "failure: 192.0.2.%d_does_not_like_recipient./Remote_host_said:_550_5.1.1_No_such_user/" % (number % 250)


def write_log(path, megabytes):
    """Stamps are decimal, for awk cannot calculate with others."""
    chance = random.Random(1)
    moment, number, size, going = 1000000000.0, 0, 0, []
    with open(path, "w", encoding="ascii") as out:
        def say(when, line):
            text = "%.6f %s\n" % (when, line)
            out.write(text)
            return len(text)
        while size < megabytes << 20:
            number += 1
            message = 1795338307000000 + number * 977
            moment += chance.random() / 10
            while len(going) >= RUNNING:
                moment, ended, other, more = heapq.heappop(going)
                size += say(moment, "delivery %d: %s" % (ended, more))
                size += say(moment + .0001, "status: local 0/10 remote %d/%d" % (len(going), RUNNING))
                size += say(moment + .0002, "end msg %d" % other) if not more.startswith("def") else 0
            size += say(moment, "new msg %d" % message)
            size += say(moment + .0001, "info msg %d: bytes %d from <%s> qp %d uid %d" % (
                message, chance.randrange(100000), address(chance), chance.randrange(32768), 1000 + number % 50))
            size += say(moment + .0002, "starting delivery %d: msg %d to remote %s" % (
                number, message, address(chance)))
            size += say(moment + .0003, "status: local 0/10 remote %d/%d" % (len(going) + 1, RUNNING))
            heapq.heappush(going, (moment + .05 + chance.expovariate(1), number, message, end_of(chance, number)))


def resident(pid):
    """kB of memory at most, so far; 0: it has ended."""
    with open("/proc/%d/status" % pid) as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)


def used(command, source, made):
    """Seconds of processor time, children included, and kB of memory at most, as far as a
    look every few milliseconds tells: what wait4 tells is of the one who forked, too."""
    best, most = None, 0
    for _ in range(ROUNDS):
        with open(source, "rb") as text, open(made, "wb") as out:
            child = subprocess.Popen(command, stdin=text, stdout=out, env={**os.environ, "LC_ALL": "C"})
            pid = 0
            while pid == 0:
                most = max(most, resident(child.pid))
                time.sleep(LOOK)
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit("%s: exit %d" % (command[0], child.returncode))
        seconds = usage.ru_utime + usage.ru_stime
        best = seconds if best is None else min(best, seconds)
    return best, most


def table(path):
    """Rows of words, without what stands above a table of ours."""
    lines = path.read_text("latin-1").rpartition("\n\n")[2].splitlines()
    return [line.split() for line in lines]


def measure(programs, folder, megabytes=MEGABYTES):
    folder = pathlib.Path(folder)
    awks = [name for name in ("mawk", "gawk") if shutil.which(name)]
    log, told, ours, theirs = (folder / name for name in ("log", "told", "ours", "theirs"))
    write_log(log, megabytes)
    print("\n%-12s %10s %8s   %s" % ("%d MB of log" % megabytes, "seconds", "kB",
                                     "  ".join("%-18s" % name for name in awks)))
    for name, script, behind in (("matchup", MATCHUP, ""), *REPORTS):
        source = log if name == "matchup" else told
        shell = ["sh", "-c", 'exec "$0" 5>/dev/null', str(pathlib.Path(programs) / name)]
        seconds, memory = used(shell, source, ours)
        others = []
        for awk in awks:
            pipe = "%s '%s' %s" % (awk, script, behind.replace("AWK", awk))
            other, _ = used(["sh", "-c", pipe], source, theirs)
            others.append("%8.2f (%5.1f)    " % (other, other / seconds))
        print("%-12s %10.2f %8d   %s" % (name, seconds, memory, "  ".join(others)))
        if name == "matchup":
            shutil.move(str(ours), str(told))
        elif name not in ("zoverall", "zsendmail") and len(table(ours)) - 1 != len(table(theirs)):
            raise SystemExit("%s: %d rows, in awk %d" % (name, len(table(ours)) - 1, len(table(theirs))))


def main():
    programs = sys.argv[1] if len(sys.argv) > 1 else "build/bin"
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else MEGABYTES
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        measure(programs, folder, megabytes)


if __name__ == "__main__":
    main()
