"""What is installed, and what instcheck finds."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import threading

import pytest

from support import build, kernel, place as places


def run_check(place, *more):
    return subprocess.run([place.installer[0], "check", *more], cwd=place.stage,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def check(place, *more):
    """Exit code, and the problems; warnings go to descriptor 2."""
    done = run_check(place, *more)
    return done.returncode, done.stdout


@pytest.fixture
def tampered(root_place):
    """Changes something, and puts all right again at the end."""
    root_place.reset()
    yield root_place
    build.run(root_place.installer, cwd=root_place.stage)
    assert check(root_place) == (0, "all right\n")


@pytest.mark.parametrize("name, change, says", [
    ("bin/qmail-queue", lambda path: os.chmod(path, 0o755), "mode is 0755, should be 6555"),
    ("queue", lambda path: os.chmod(path, 0o755), "mode is 0755, should be 0750"),
    ("queue/mess/7", lambda path: os.chown(path, 0, -1), "owner is 0, should be "),
    ("queue/mess/7", lambda path: os.chmod(path, 0o751), "mode is 0751, should be 0750"),
    ("queue/mess", lambda path: os.chmod(path, 0o751), "mode is 0751, should be 0750"),
    ("queue/todo/0", lambda path: os.chown(path, -1, 0), "group is 0, should be "),
    ("queue/lock/trigger", os.unlink, "No such file"),
    ("users/ids", lambda path: os.chmod(path, 0o666), "mode is 0666, should be 0644"),
    ("man/man8/qmail-send.8", os.unlink, "No such file"),
    ("queue/bounce/22", os.rmdir, "No such file"),
])
def test_instcheck_finds(tampered, name, change, says):
    change(tampered.path(name))
    code, told = check(tampered)
    assert code == 111
    assert told.startswith("%s: %s" % (tampered.path(name), says)), told
    assert told.endswith("\n1 problems\n") and told.count("\n") == 2


@pytest.mark.parametrize("name", ["queue/lock", "queue/lock/sendmutex", "queue/lock/trigger",
                                  "queue/bounce", "queue/mess/7", "run/lock"])
def test_no_link_of_a_role_is_followed(tampered, name):
    """Their owners could have root make files, and give them away, anywhere."""
    elsewhere = tampered.base + "/elsewhere"
    shutil.rmtree(elsewhere, ignore_errors=True)
    os.mkdir(elsewhere, 0o755)
    path, kept = tampered.path(name), tampered.base + "/kept"
    os.rename(path, kept)
    try:
        os.symlink(elsewhere if os.path.isdir(kept) else elsewhere + "/made", path)
        done = subprocess.run(tampered.installer, cwd=tampered.stage, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        assert done.returncode != 0 and path in done.stdout
        assert os.listdir(elsewhere) == []
        status = os.stat(elsewhere)
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o755)
    finally:
        os.unlink(path)
        os.rename(kept, path)


@pytest.mark.parametrize("name", ["queue/lock/sendmutex", "queue/lock/tcpto", "queue/lock/trigger",
                                  "run/lock"])
def test_no_other_name_is_given_away(tampered, name):
    """Where the kernel lets their owners name a file of root's there."""
    path, kept, roots = tampered.path(name), tampered.base + "/kept", tampered.base + "/roots"
    tampered.write(roots, "secret", mode=0o600)
    os.rename(path, kept)
    try:
        os.link(roots, path)
        done = subprocess.run(tampered.installer, cwd=tampered.stage, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        assert done.returncode != 0 and path in done.stdout
        status = os.stat(roots)
        assert (status.st_uid, stat.S_IMODE(status.st_mode), status.st_size) == (0, 0o600, 6)
    finally:
        os.unlink(path)
        os.unlink(roots)
        os.rename(kept, path)


def test_no_pipe_is_waited_for(tampered):
    path, kept = tampered.path("run/lock"), tampered.base + "/kept"
    os.rename(path, kept)
    try:
        os.mkfifo(path)
        done = subprocess.run(tampered.installer, cwd=tampered.stage, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)
        assert done.returncode != 0 and path in done.stdout
    finally:
        os.unlink(path)
        os.rename(kept, path)


def test_links_of_root_are_followed(tampered):
    """An administrator may keep the queue on another disk."""
    path, kept = tampered.path("queue"), tampered.path("queue") + ".kept"
    os.rename(path, kept)
    try:
        os.symlink(kept, path)
        build.run(tampered.installer, cwd=tampered.stage)
    finally:
        os.unlink(path)
        os.rename(kept, path)


def test_instcheck_warns_of_a_queue_in_memory(root_place):
    queue = root_place.path("queue")
    with open("/proc/self/mountinfo") as mounts:
        kinds = {line.split()[4]: line.split(" - ")[1].split()[0] for line in mounts}
    where = max((point for point in kinds if (queue + "/").startswith(point.rstrip("/") + "/")), key=len)
    warned = "in memory" in run_check(root_place).stderr
    assert warned == (kinds[where] == "tmpfs"), "%s on %s" % (queue, kinds[where])


def test_instcheck_compares_users_ids(tampered):
    """Programs believe its numbers."""
    with open(tampered.path("users/ids")) as source:
        text = source.read()
    tampered.write(tampered.path("users/ids"), re.sub("(?m)^user qmailr [0-9]+$", "user qmailr 1",
                                                      text), mode=0o644)
    code, told = check(tampered)
    assert code == 111 and "users/ids: does not agree with the accounts" in told


def test_instcheck_warns_of_anothers_alias(root_place):
    root_place.accounts({"alias": [*root_place.ids("alias"), "/var/other/alias"]})
    try:
        done = run_check(root_place)
    finally:
        root_place.accounts({})
    assert done.returncode == 0 and done.stdout == "all right\n"
    assert "warning: the home of the user alias is /var/other/alias: " in done.stderr


def test_instcheck_tells_kinds_apart(tampered):
    path = tampered.path("queue/lock/trigger")
    os.unlink(path)
    open(path, "w").close()
    code, told = check(tampered)
    os.unlink(path)
    assert code == 111 and "is not of the right type" in told


STRANGER = (": is of another suite's queue, or of another split; build/bin/qmail-qfix --repair "
            "takes the mail over; see INSTALL, 8\n")


@pytest.mark.parametrize("name", ["todo/530", "intd/530", "bounce/524", "mess/23/46", "mess/3/47"])
def test_a_queue_of_another_suite_is_refused(tampered, name):
    path = tampered.path("queue/" + name)
    folder = tampered.path("queue/" + name.split("/")[0])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").close()
    os.chmod(tampered.path("bin"), 0o700)
    installed = subprocess.run(tampered.installer, cwd=tampered.stage, capture_output=True, text=True)
    untouched = stat.S_IMODE(os.stat(tampered.path("bin")).st_mode) == 0o700
    code, told = check(tampered)
    os.unlink(path)
    if name.count("/") > 1:
        os.rmdir(os.path.dirname(path))
    says = folder + STRANGER
    assert (installed.returncode, installed.stdout) == (111, says + "nothing was changed\n")
    assert untouched and code == 111 and told.startswith(says)


def test_a_shut_queue_is_refused(tampered):
    """qmail-qfix has shut it; to set its owner would open it, half mended."""
    queue = tampered.path("queue")
    os.chown(queue, 0, 0)
    os.chmod(queue, 0o700)
    installed = subprocess.run(tampered.installer, cwd=tampered.stage, capture_output=True, text=True)
    code, told = check(tampered)
    status = os.stat(queue)
    os.chown(queue, *tampered.ids("qmailq"))
    os.chmod(queue, 0o750)
    says = queue + ": is shut: qmail-qfix did not come to its end; run it again\n"
    assert (installed.returncode, installed.stdout) == (111, says + "nothing was changed\n")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o700)
    assert code == 111 and told.startswith(says)


def test_installing_again_keeps_what_people_wrote(tampered):
    tampered.control(me="here.example\n")
    tampered.write(tampered.path("alias/.qmail-root"), "./Mailbox\n")
    number = 1795000000000000
    mess = tampered.queue_put("mess", number, "hello\n")
    build.run(tampered.installer, cwd=tampered.stage)
    for path, text in ((tampered.path("control/me"), "here.example\n"),
                       (tampered.path("alias/.qmail-root"), "./Mailbox\n"),
                       (mess, "hello\n")):
        with open(path) as source:
            assert source.read() == text


def test_folders_of_doors_become_roots(tampered):
    """They were the services' own once, and of other groups; what these keep stays theirs."""
    folders = {"tls": "qmailt", "tlsc": "qmailt", "sts": "qmailh", "secrets": "qmailk", "srs": "qmailk",
               "verify": "qmailf"}
    for name, user in folders.items():
        os.chown(tampered.path(name), tampered.ids(user)[0], -1)
    os.chown(tampered.path("dkim"), 0, tampered.ids("qmailf")[1])
    known = tampered.path("sts/cache/a.example")
    tampered.write(known, "1 1\n", "qmailh", 0o600)
    build.run(tampered.installer, cwd=tampered.stage)
    assert [os.stat(tampered.path(name)).st_uid for name in folders] == [0] * 6
    assert os.stat(tampered.path("dkim")).st_gid == tampered.ids("qmailr")[1]
    for path in known, os.path.dirname(known):
        assert os.stat(path).st_uid == tampered.ids("qmailh")[0]
    with open(known) as source:
        assert source.read() == "1 1\n"


@pytest.fixture
def sources(tampered, needs):
    """What services.sh and quickstart.sh read, for this installation."""
    needs("tcprules", "svscan")
    tampered.control(me="here.example\n")
    folder = tampered.base + "/sources"
    shutil.copytree(os.path.join(build.TOP, "src/install"), folder + "/src/install")
    shutil.copy(os.path.join(build.TOP, "conf-users"), folder)
    tampered.write(folder + "/conf-qmail", tampered.prefix + "\n")
    yield folder
    shutil.rmtree(folder)
    for name in ("service", "log", "systemd"):
        shutil.rmtree(tampered.path(name), ignore_errors=True)


def test_stop_ends_a_svscan_begun_by_hand(tampered, sources):
    """It would start the services again."""
    subprocess.run(["sh", "src/install/services.sh"], cwd=sources, check=True)
    service = tampered.path("service")
    stop = ["sh", "src/install/quickstart.sh", "stop"]
    svscan = subprocess.Popen(["svscan", service], stderr=subprocess.DEVNULL)
    try:
        names = os.listdir(service)
        assert {"qmail-send", "qmail-smtpd", "qmail-pop3d"} < set(names)
        for name in names:
            while subprocess.run(["svok", "%s/%s/log" % (service, name)]).returncode:
                assert svscan.poll() is None
        subprocess.run(stop, cwd=sources, check=True)
        assert svscan.wait(20) == -signal.SIGTERM
        for name in names:
            for path in (service + "/" + name, service + "/" + name + "/log"):
                assert subprocess.run(["svok", path]).returncode, path
    finally:
        svscan.kill()
        svscan.wait()
        subprocess.run(stop, cwd=sources, check=True)


@pytest.fixture
def run_stop(sources):
    """run_stop(PATIENCE="0"): the process of `make stop`."""
    def begin(**settings):
        return subprocess.Popen(["sh", "src/install/quickstart.sh", "stop"], cwd=sources, text=True,
                                env=dict(os.environ, **settings), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    return begin


@pytest.fixture
def stubborn(tampered, sources, run_stop):
    """A svscan with qmail-srsd, and qmail-secretd, which does not end when it is told to, but
    when this file is there."""
    service, file = tampered.path("service"), sources + "/end"
    subprocess.run(["sh", "src/install/services.sh", "qmail-srsd", "qmail-secretd"], cwd=sources,
                   check=True)
    tampered.write(service + "/qmail-srsd/run", "#!/bin/sh\nexec cat /dev/zero >/dev/null\n", mode=0o755)
    tampered.write(service + "/qmail-secretd/run", "#!/bin/sh\ntrap 'touch told' TERM\n"
                   "until [ -e %s ]; do sleep 0.1; done\n" % file, mode=0o755)
    svscan = subprocess.Popen(["svscan", service], stderr=subprocess.DEVNULL)
    for name in ("qmail-srsd", "qmail-secretd"):
        for path in (service + "/" + name, service + "/" + name + "/log"):
            while subprocess.run(["svok", path]).returncode:
                assert svscan.poll() is None
    while b"qmail-secretd: up" not in subprocess.run(["svstat", service + "/qmail-secretd"],
                                                     capture_output=True).stdout:
        assert svscan.poll() is None
    yield file
    svscan.kill()
    svscan.wait()
    release(file)
    assert run_stop().wait() == 0


def runs(path):
    return subprocess.run(["svok", path]).returncode == 0


def release(path):
    open(path, "w").close()


def test_stop_says_what_does_not_end_and_ends_the_rest(tampered, stubborn, run_stop):
    """And the next one goes on where it was."""
    tampered.control(me="here.example\n", stoptime="0\n")
    service = tampered.path("service")
    stop = run_stop(PATIENCE="5")
    said = stop.communicate()[1]
    assert stop.returncode == 1 and said.startswith(
        "quickstart: after 5 seconds there still run, in %s: qmail-secretd. " % service)
    assert [runs(service + name) for name in ("/qmail-srsd", "/qmail-srsd/log")] == [False, False]
    # Its log stays as long as it may say something.
    assert runs(service + "/qmail-secretd") and runs(service + "/qmail-secretd/log")
    release(stubborn)
    assert run_stop().wait() == 0
    assert not runs(service + "/qmail-secretd") and not runs(service + "/qmail-secretd/log")


@pytest.mark.parametrize("stoptime", ["600", "0600 seconds"])
def test_stop_waits_as_long_as_deliveries_may(tampered, stubborn, run_stop, stoptime):
    tampered.control(me="here.example\n", stoptime=stoptime + "\n")
    stop = run_stop(PATIENCE="0")
    while not os.path.exists(tampered.path("service/qmail-secretd/told")):
        assert stop.poll() is None, stop.communicate()
    release(stubborn)
    assert stop.communicate() == ("stopped; mail that waits stays in %s\n" % tampered.path("queue"), "")
    assert stop.returncode == 0


def test_a_start_ends_a_log_that_was_left_over(tampered, sources):
    """The service starts with a new svscan, and its pipe, of which an old log knows nothing."""
    subprocess.run(["sh", "src/install/services.sh", "qmail-send"], cwd=sources, check=True)
    log = tampered.path("service/qmail-send/log")
    with subprocess.Popen(["supervise", log], cwd=tampered.path("service")) as left:
        while not runs(log):
            assert left.poll() is None
        # All packages are there, and there is nothing to make: it gets no further.
        os.mkdir(sources + "/bin")
        tampered.write(sources + "/bin/dpkg-query", "#!/bin/sh\necho install ok installed\n", mode=0o755)
        done = subprocess.run(["sh", "src/install/quickstart.sh"], cwd=sources, capture_output=True,
                              text=True, env=dict(os.environ, PORT="2525",
                                                  PATH=sources + "/bin:" + os.environ["PATH"]))
        assert done.returncode and "No rule to make target" in done.stderr
        assert not runs(log)
        assert left.wait() == 0


def test_services_written_again_keep_what_people_changed(tampered, sources):
    """And what nobody changed is as of now."""
    script = tampered.path("service/qmail-send/run")
    template = sources + "/src/install/service/qmail-send"

    def write_services():
        return subprocess.run(["sh", "src/install/services.sh"], cwd=sources, check=True,
                              capture_output=True, text=True).stdout

    def append(path, line):
        with open(path, "a") as file:
            file.write(line)

    def ends(path, line):
        with open(path) as file:
            return file.read().endswith(line)
    assert write_services() == ""
    append(template, "# newer\n")
    assert write_services() == "" and ends(script, "# newer\n")
    append(script, "# ours\n")
    append(template, "# newest\n")
    for _ in range(2):
        assert write_services().startswith(script + " was changed: kept;")
        assert ends(script, "# ours\n") and ends(script + ".made", "# newest\n")
    assert os.stat(script).st_mode & 0o777 == 0o755
    os.unlink(script)
    assert write_services() == "" and ends(script, "# newest\n")


@pytest.mark.parametrize("name, target, stays", [
    ("bin/qmail-queue", "qmail-qmqpc", True),
    ("bin/qmail-queue", "qmail-inject", False),
    ("bin/qmail-send", "qmail-qmqpc", False)])
def test_a_host_without_a_queue_keeps_its_link(tampered, name, target, stays):
    path = tampered.path(name)
    os.unlink(path)
    os.symlink(target, path)
    code, said = check(tampered)
    assert (code == 0) == stays
    build.run(tampered.installer, cwd=tampered.stage)
    assert os.path.islink(path) == stays


def test_destdir(root_place):
    """It and the folders above HOME are for all to go through, whatever the umask."""
    place, dest = root_place, root_place.base + "/package"
    subprocess.run(["sh", "-c", 'umask 077; exec "$@"', "sh", *place.installer, dest],
                   cwd=place.stage, check=True)
    try:
        assert check(place, dest) == (0, "all right\n")
        wanted, got = ({os.path.relpath(os.path.join(folder, name), top)
                        for folder, folders, files in os.walk(top)
                        for name in folders + files if "/queue/" not in folder + "/"}
                       for top in (place.prefix, dest + place.prefix))
        assert got <= wanted and "bin/qmail-queue" in got
        for parent in (dest, os.path.dirname(dest + place.prefix)):
            assert stat.S_IMODE(os.stat(parent).st_mode) == 0o755
        info = os.stat(dest + place.path("bin/qmail-queue"))
        assert stat.S_IMODE(info.st_mode) == 0o6555
        assert info.st_uid == place.ids("qmailq")[0]
    finally:
        shutil.rmtree(dest)


def test_every_page_is_installed(root_place):
    installed = {name for _, _, files in os.walk(root_place.path("man")) for name in files}
    assert installed == set(os.listdir(os.path.join(build.TOP, "man")))


def test_every_program_is_installed(root_place):
    made = set(os.listdir(os.path.join(root_place.stage, "build/bin"))) - {"qmail-install"}
    assert set(os.listdir(root_place.path("bin"))) == made


def test_showctl_names_what_is_misspelt(tampered):
    tampered.control(me="here.example\n", smtpaddress="0 25\n", rpcthosts="here.example\n")
    shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
    assert "\nsmtpaddress - read where the services are started\n" in shown
    assert "\nrpcthosts - UNKNOWN: no program of this suite reads this file\n" in shown


def test_showctl_tells_what_of_a_number_counts(tampered):
    tampered.control(me="here.example\n", queuelifetime="1week\n", stoptime="long\n",
                     databytes="0 none\n", concurrencylocal="7\n")
    shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
    for name, says in (("queuelifetime", "1week - COUNTS AS 1"), ("databytes", "0 none - COUNTS AS 0"),
                       ("stoptime", "long - NO NUMBER, so the default: 60"),
                       ("concurrencylocal", "7"), ("concurrencyremote", "20 (default)")):
        line, = (line for line in shown.splitlines() if line.startswith(name + " - "))
        assert line.endswith(": " + says)


def test_showctl_names_policies_that_say_nothing(tampered):
    tampered.control(me="here.example\n", authpolicy="enforced\n", tlspolicy=(
        "a.example:none\nb.example:verify mx.b.example\nc.example:\n"
        "d.example encrypt\ne.example :encrypt\nf.example:encrypted\n"))
    shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
    assert ": enforced - NO SUCH POLICY: mail from outside waits\n" in shown
    assert "\ndnssec - whose word on DNSSEC counts: loopback (default)\n" in shown
    assert ("\ta.example:none\n\tb.example:verify mx.b.example\n\tc.example:\n"
            "\td.example encrypt - FOR NO DOMAIN: all mail to other hosts waits\n"
            "\te.example :encrypt - FOR NO DOMAIN: all mail to other hosts waits\n"
            "\tf.example:encrypted - NO SUCH POLICY: mail for the domain waits\n") in shown
    for word in ("report", "enforce"):
        tampered.control(me="here.example\n", authpolicy=word + "\n")
        shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
        assert ": %s\n" % word in shown
    tampered.control(me="here.example\n", authpolicy="")
    assert ":  - NO SUCH POLICY: mail from outside waits\n" in showctl(tampered)


def showctl(place):
    return subprocess.run([place.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout


def test_showctl_names_filters_that_are_none(tampered):
    tampered.control(me="here.example\n", queuefilters="outside, relay: /bin/cat\nlogin /bin/cat\nlocal,all: /bin/cat\n"
                     "local:\n: /bin/cat\n")
    assert ("\toutside, relay: /bin/cat\n" + "".join("\t%s - NO FILTER: all messages are kept out\n" % line for line in (
        "login /bin/cat", "local,all: /bin/cat", "local:", ": /bin/cat"))) in showctl(tampered)


def test_showctl_names_keys_that_are_not_kept(tampered):
    """Those of qmailk, who has to read them, and nobody else."""
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    qmailk = tampered.ids("qmailk")[0]
    tampered.control(me="here.example\n", srs_secrets="sesame88\n", smtpauth="a:b:c\n")
    os.makedirs(tampered.path("control/dkim/a.example"))
    tampered.write(tampered.path("control/dkim/a.example/e.txt"), "v=DKIM1\n")
    for name, owner, mode in (("e", qmailk, 0o400), ("open", qmailk, 0o444), ("root", 0, 0o400), ("none", qmailk, 0)):
        path = tampered.path("control/dkim/a.example/%s.pem" % name)
        tampered.write(path, "key\n", mode=mode)
        os.chown(path, owner, 0)
    os.chmod(tampered.path("control/srs_secrets"), 0o600)
    os.chmod(tampered.path("control/smtpauth"), 0o644)
    shown = showctl(tampered)
    unread = " - NOT READABLE by qmailk: mail that needs it waits\n"
    keys = sorted(line for line in shown.splitlines(True) if line.startswith("\ta.example"))
    assert keys == ["\ta.example/e.pem\n", "\ta.example/none.pem" + unread,
                    "\ta.example/open.pem - OTHERS than its owner may read it\n", "\ta.example/root.pem" + unread]
    assert "only its owner may read it: on" + unread in shown  # srs_secrets
    assert ": on - OTHERS than its owner may read it\n" in shown
    assert "control/srs_secrets: qmailk cannot read it\n" in check(tampered)[1]
    os.chown(tampered.path("control/srs_secrets"), qmailk, 0)
    assert "only its owner may read it: on\n" in showctl(tampered)
    code, said = check(tampered)
    assert code != 0
    for name, why in (("dkim/a.example/none.pem", "qmailk cannot read it"), ("dkim/a.example/root.pem", "qmailk cannot read it"),
                      ("dkim/a.example/open.pem", "others than its owner may read it"),
                      ("smtpauth", "others than its owner may read it")):
        assert "control/%s: %s\n" % (name, why) in said
    assert "srs_secrets" not in said and "/e.pem" not in said
    tampered.reset()


def test_showctl_names_what_programs_cannot_read(tampered):
    if os.getuid() != 0:
        pytest.skip("only root can read what others cannot")
    tampered.control(me="here.example\n", locals="here.example\n", databytes="5\n")
    for name, mode in (("locals", 0o600), ("databytes", 0o640), ("me", 0o644)):
        os.chmod(tampered.path("control/" + name), mode)
    shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
    closed = [line.split(" - ")[0] for line in shown.splitlines() if "NOT READABLE by all" in line]
    assert closed == ["databytes", "locals"]
    assert "refuse to work - 5\n" in shown


def test_showctl_names_secrets_that_others_may_read(tampered):
    if os.getuid() != 0:
        pytest.skip("only root can read what others cannot")
    tampered.control(me="here.example\n", **{"smtpauth": "a:b:c\n", "servercert.pem": "key\n", "tlsca": "ca\n"})
    for name, mode in (("smtpauth", 0o644), ("servercert.pem", 0o600), ("tlsca", 0o600)):
        os.chmod(tampered.path("control/" + name), mode)
    shown = subprocess.run([tampered.program("qmail-showctl")], capture_output=True, text=True, check=True).stdout
    says = {line.split(" - ")[0]: line.split(": ", 1)[1] for line in shown.splitlines() if " - " in line}
    assert says["smtpauth"] == "on - OTHERS than its owner may read it"
    assert says["servercert.pem"] == "on"
    os.unlink(tampered.path("control/smtpauth"))
    assert says["tlsca"] == "NOT READABLE by all: programs that need it refuse to work - on"


def in_process(deed):
    """What deed returns (text), done in a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.write(writer, deed().encode())
        except BaseException as problem:
            os.write(writer, repr(problem).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as source:
        told = source.read()
    os.waitpid(pid, 0)
    return told


def test_the_machines_accounts_are_left_alone(root_place):
    """Somebody outside renames new files over passwd and group while the suite
    runs: it goes on with its own, and writes not a byte into these."""
    machine, base = root_place.base + "/machine", root_place.base + "/inner"
    subprocess.run(["cp", "-a", "/etc", machine], check=True)
    os.mkdir(base)

    def rename_new_ones(name):
        with open("%s/%s.new" % (machine, name), "w") as out:
            out.write(name + " of the machine\n")
        os.rename("%s/%s.new" % (machine, name), "%s/%s" % (machine, name))

    (ready_out, ready_in), (renamed_out, renamed_in) = os.pipe(), os.pipe()

    def live_on_that_machine():
        kernel.unshare(kernel.NEW_MOUNTS)
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.bind(machine, "/etc")
        inner = places.Place()
        inner.base = base
        inner.make_base()
        inner.cover_etc()
        os.write(ready_in, b".")
        os.read(renamed_out, 1)
        inner.accounts({"zoe": [7009, 7009, "/home/zoe"]})
        inner.resolver("nameserver 127.0.0.9\n")
        with open("/etc/passwd") as passwd, open("/etc/resolv.conf") as resolver:
            return "%s %s" % ("zoe:x:7009:" in passwd.read(), "127.0.0.9" in resolver.read())

    def rename_meanwhile():
        os.read(ready_out, 1)
        for name in ("passwd", "group"):
            rename_new_ones(name)
        os.write(renamed_in, b".")

    outside = threading.Thread(target=rename_meanwhile)
    outside.start()
    told = in_process(live_on_that_machine)
    if told != "True True":
        os.write(ready_in, b".")
    outside.join()
    for fd in (ready_out, ready_in, renamed_out, renamed_in):
        os.close(fd)
    assert told == "True True"
    for name in ("passwd", "group"):
        with open("%s/%s" % (machine, name)) as source:
            assert source.read() == name + " of the machine\n"
    with open(machine + "/resolv.conf") as source:
        assert "127.0.0.9" not in source.read()
    shutil.rmtree(machine)
    os.rmdir(base)


def test_nothing_is_written_when_the_cover_is_gone(root_place):
    def uncover():
        kernel.unshare(kernel.NEW_MOUNTS)
        kernel.unmount("/etc")
        with pytest.raises(AssertionError, match="not ours"):
            root_place.accounts({})
        return "refused"
    assert in_process(uncover) == "refused"


def test_accounts_are_made_by_the_systems_tools():
    """No script of ours writes to the files of accounts."""
    for name in build.source_files(".sh"):
        assert not re.search(r"/etc/(passwd|group|shadow|gshadow)", build.read(name)), name


def test_deb_dummy(needs):
    """A package that conflicts with other mail servers, and has the links."""
    needs("dpkg-deb")
    build.run(["make", "-s", "deb-dummy"], cwd=build.TOP)
    package = os.path.join(build.TOP, "build/angarium-dummy.deb")
    told = subprocess.run(["dpkg-deb", "-I", package], capture_output=True, text=True).stdout
    assert "\n Provides: mail-transport-agent\n" in told
    assert "\n Conflicts: mail-transport-agent\n" in told
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True).stdout
    with open(os.path.join(build.TOP, "conf-qmail")) as conf:
        target = " -> %s/bin/sendmail" % conf.readline().strip()
    for link in "sbin/sendmail", "lib/sendmail", "bin/mailq", "bin/newaliases":
        assert "root/root" in listed and "./usr/%s%s\n" % (link, target) in listed


def test_without_openssl_there_is_no_service_that_needs_it(tampered, sources):
    """It would be started again and again."""
    daemon, pem = tampered.path("bin/qmail-tlsd"), tampered.path("control/servercert.pem")
    if os.path.exists(daemon):
        os.unlink(daemon)
    result = subprocess.run(["sh", "src/install/tlscert.sh"], cwd=sources, capture_output=True, text=True)
    assert result.returncode == 111 and "built without OpenSSL" in result.stderr
    assert not os.path.exists(pem)
    tampered.write(pem, "a key\n", mode=0o600)
    result = subprocess.run(["sh", "src/install/services.sh"], cwd=sources, check=True, capture_output=True, text=True)
    assert "built without OpenSSL" in result.stderr
    assert not {"qmail-tlsd", "qmail-submission", "qmail-submissions"} & set(os.listdir(tampered.path("service")))
