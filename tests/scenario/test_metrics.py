"""qmail-metrics: what lines of logs count as, and the figures of the moment."""

import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess

import pytest

from support import build, metrics as monitors, process, town as towns, unpacked
from support.metrics import number

SMTPD = 'pid=31 client="192.0.2.1" helo="h" '
DELIVERIES = "qmail_deliveries_total "
REFUSALS = "qmail_refusals_total "


@pytest.fixture(name="metrics")
def make_metrics(place, tmp_path):
    return monitors.Metrics(place, str(tmp_path))


def accepted(service, size, recipients):
    return {"qmail_accepted_messages_total " + service: 1, "qmail_accepted_bytes_total " + service: size,
            "qmail_accepted_recipients_total " + service: recipients}


@pytest.mark.parametrize("line, wanted", [
    ("new msg 5", {"qmail_messages_total": 1}),
    ("info msg 5: bytes 343 from <a@b> qp 6 uid 7", {"qmail_message_bytes_total": 343}),
    ("info msg 5: bytes 99999999999999999999 from <a@b> qp 6 uid 7", {}),
    ("end msg 5", {"qmail_ended_messages_total": 1}),
    ("bounce msg 5 qp 6", {"qmail_notices_total bounce": 1}),
    ("notice msg 5 qp 6", {"qmail_notices_total notice": 1}),
    ("triple bounce: discarding bounce/5", {"qmail_notices_total triple": 1}),
    ("warning: x", {"qmail_send_troubles_total warning": 1}),
    ("alert: x", {"qmail_send_troubles_total alert": 1}),
    ("starting delivery 8: msg 5 to local a@b", {}),
    ("delivery 8: success: did_1+0+0/", {DELIVERIES + "unknown success 2.x.x": 1}),
    ("delivery 8: report mangled, will defer", {DELIVERIES + "unknown mangled 4.x.x": 1}),
    ("tls 8: domain=d host=h address=1 policy=dane result=ok protocol=TLSv1.3 cipher=c",
     {"qmail_tls_out_sessions_total dane ok TLSv1.3": 1}),
    ("tls 8: domain=d host=h address=1 policy=d&d result=a@b protocol=SSLv9",
     {"qmail_tls_out_sessions_total other other other": 1}),
    ("tls 8: domain=d policy=may result=left-alone", {"qmail_tls_out_sessions_total may left-alone none": 1}),
    ("tls 8: domain=d and more", {}),
    ("smtpd accepted " + SMTPD + 'from="a@b" to="c@d" recipients=2 size=1204 qp=35', accepted("smtpd", 1204, 2)),
    ('qmtpd accepted pid=3 client="::1" from="a@b" to="c@d" recipients=1 size=7 qp=5', accepted("qmtpd", 7, 1)),
    ("smtpd closed " + SMTPD + "messages=1 end=quit", {"qmail_sessions_total smtpd quit": 1}),
    ("qmqpd closed " + SMTPD + "messages=1 end=too-long", {"qmail_sessions_total qmqpd too-long": 1}),
    ("smtpd closed " + SMTPD + "end=a@b", {"qmail_sessions_total smtpd other": 1}),
    ("smtpd refused " + SMTPD + 'reply="550 5.1.1 no"', {REFUSALS + "smtpd 5.1.1": 1}),
    ("smtpd refused " + SMTPD + 'reply="451 4.7.1 \\x22later\\x22"', {REFUSALS + "smtpd 4.7.1": 1}),
    ("smtpd refused " + SMTPD + 'reply="502 no"', {REFUSALS + "smtpd 5.x.x": 1}),
    ("smtpd refused " + SMTPD + 'reply="a"', {REFUSALS + "smtpd none": 1}),
    ("smtpd refused " + SMTPD.strip(), {REFUSALS + "smtpd none": 1}),
    ('qmtpd refused pid=3 client="::1" from="" address="a@b" reply="Dno (#5.1.1)"', {REFUSALS + "qmtpd 5.1.1": 1}),
    ('greetdelay refused pid=3 client="::1" reply="554 5.5.1 early"', {REFUSALS + "greetdelay 5.5.1": 1}),
    ('proxyin refused pid=3 client="::1" reason="x"', {REFUSALS + "proxyin none": 1}),
    ('dnsbl refused pid=3 client="::1" lists="a b" score=1', {REFUSALS + "dnsbl listed": 1}),
    ('dnsbl listed pid=3 client="::1" lists="a b" score=1', {}),
    ('greyd deferred pid=3 client="::1" from="" to="" seconds=1', {REFUSALS + "greyd grey": 1}),
    ('greyd limited pid=3 client="::1" from="" to="" by="client" seconds=1', {REFUSALS + "greyd client": 1}),
    ('greyd limited pid=3 client="::1" from="" to="" by="network" seconds=1', {REFUSALS + "greyd network": 1}),
    ('qmail-popup: refused client=192.0.2.1 code=1 user="bob"', {REFUSALS + "qmail-popup login": 1}),
    ('authd accepted pid=9 client="::1" user="ann" service="smtp"', {"qmail_logins_total smtp accepted": 1}),
    ('authd refused pid=9 client="::1" user="ann" service="pop3" reason="wrong name or password"',
     {"qmail_logins_total pop3 wrong": 1}),
    ('authd refused pid=9 client="::1" user="ann" service="pop3" reason="too many tries"',
     {"qmail_logins_total pop3 too-often": 1}),
    ('authd failed pid=9 client="::1" user="ann" service="a b" reason="x"', {"qmail_logins_total other failed": 1}),
    ('authd limited pid=9 client="" user="ann" service="" reason="x"', {"qmail_logins_total none limited": 1}),
    ('tlsd failed pid=9 client="::1" reason="x"', {"qmail_tls_in_failures_total": 1}),
    ('verifyd checked pid=9 client="::1" from="a" disposition="none" dkim="fail" spf="pass" result="pass"',
     {"qmail_dmarc_checks_total fail pass none": 1, "qmail_spf_checks_total pass": 1}),
    ("mtasts policy domain=h mode=enforce id=1 seconds=2", {"qmail_sts_lookups_total policy": 1}),
    ('mtasts failed domain=h type=sts-policy-invalid reason="x" kept=0',
     {"qmail_sts_lookups_total sts-policy-invalid": 1}),
    ("tcpserver: ok 31 0:127.0.0.1:25 :192.0.2.1::4711", {"qmail_connections_total log ok": 1}),
    ("tcpserver: deny 31 0:127.0.0.1:25 :192.0.2.1::4711", {"qmail_connections_total log deny": 1}),
    ("tcpserver: end 31 status 256", {}),
] + [(line, {}) for line in (
    "", "hello", "smtpd closed", 'smtpd refused reply="x', "smtpd closed pid=1 pid=1 end=quit",
    # What a stranger writes into a value stays one.
    'x y helo="smtpd accepted size=5 recipients=1"', 'x y helo="new msg 5"',
    'x y helo="\\x0anew msg 5\\x0a"', 'x y helo="a b=c" to="delivery 5: success: x"')])
def test_a_line(metrics, line, wanted):
    metrics.write("current", (1, line))
    assert metrics.counted() == wanted


REMOTE = "192.0.2.1_"


@pytest.mark.parametrize("result, report, code", [
    ("success", "did_1+0+0/", "2.x.x"),
    ("success", REMOTE + "accepted_message./Remote_host_said:_250_2.0.0_ok/", "2.0.0"),
    ("success", REMOTE + "accepted_message./Remote_host_said:_250_ok/", "2.x.x"),
    ("success", REMOTE + "accepted_message./Remote_host_said:_250_5.1.1_ok/", "2.x.x"),
    ("failure", "Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/", "5.1.1"),
    ("failure", REMOTE + "does_not_like_recipient./Remote_host_said:_550_5.7.26_no/Giving_up_on_192.0.2.1./", "5.7.26"),
    ("failure", REMOTE + "does_not_like_recipient./Remote_host_said:_550-5.7.1_no/550_5.7.1_no/", "5.7.1"),
    ("failure", REMOTE + "does_not_like_recipient./Remote_host_said:_550_no_(#2.0.0)/", "5.x.x"),
    ("failure", "it_has_been_in_the_queue_too_long._(#4.4.7)/", "4.4.7"),
    ("failure", "_(#5.9.1)/", "5.x.x"), ("failure", "_(#5.7.31)/", "5.x.x"), ("failure", "_(#5.1.999)/", "5.x.x"),
    ("deferral", "no_(#4.1.11)/", "4.x.x"), ("deferral", "no_(#5.1.1)/", "4.x.x"), ("deferral", "no_(#4.1.10)/", "4.1.10"),
    ("deferral", REMOTE + "failed./Remote_host_said:_451_5.99999999999999999999.1_no/", "4.x.x"),
    ("deferral", "did_not_work_a_moment_ago;_this_was_not_tried/", "4.x.x"),
    ("deferral", "", "4.x.x"), ("failure", '_(#5.1.1)"}_1/', "5.1.1")])
def test_codes(metrics, result, report, code):
    metrics.write("current", (1, "delivery 8: %s: %s" % (result, report)))
    assert metrics.counted() == {DELIVERIES + "unknown %s %s" % (result, code): 1}


def start(delivery, moment, channel):
    return "starting delivery %d: msg %d to %s a@b" % (delivery, number(moment), channel)


def test_channels_and_delays(metrics):
    """A delivery is matched with its begin in an earlier run; numbers come again after a restart."""
    metrics.write("current", (1, start(8, 0.5, "local")), (2, start(9, 1, "remote")))
    assert metrics.counted() == {}
    metrics.write("current", (3, "delivery 8: success: did_1+0+0/"), (3.5, "delivery 9: deferral: x"))
    assert metrics.counted()[DELIVERIES + "local success 2.x.x"] == 1
    metrics.write("current", (4, start(9, 1, "remote")), (400, "delivery 9: success: x"),
                  (401, start(9, 500, "local")), (402, "delivery 9: success: x"),
                  (403, "starting delivery 9: msg 77 to local a@b"), (404, "delivery 9: success: x"),
                  (405, "delivery 9: failure: x"))
    found = metrics.counted()
    assert {key: value for key, value in found.items() if key.startswith(DELIVERIES)} == {
        DELIVERIES + "local success 2.x.x": 3, DELIVERIES + "remote deferral 4.x.x": 1,
        DELIVERIES + "remote success 2.x.x": 1, DELIVERIES + "unknown failure 5.x.x": 1}
    # 2.5 seconds; one before its message came is 0; one whose number is no time has none.
    assert found["qmail_delivery_delay_seconds_sum local"] == 2.5
    assert found["qmail_delivery_delay_seconds_count local"] == 2
    assert [found["qmail_delivery_delay_seconds_bucket local " + bound] for bound in
            ("0.1", "1.0", "5.0", "604800.0", "+Inf")] == [1, 1, 2, 2, 2]
    assert found["qmail_delivery_delay_seconds_sum remote"] == 399
    assert "qmail_delivery_delay_seconds_bucket remote 300.0" not in found
    assert found["qmail_delivery_delay_seconds_bucket remote 900.0"] == 1


@pytest.mark.parametrize("end", ["status: exiting", "running", "exiting"])
def test_a_restart_ends_what_was_begun(metrics, end):
    metrics.write("current", (1, start(8, 0.5, "local")), (2, end), (3, "delivery 8: success: x"))
    assert metrics.counted() == {DELIVERIES + "unknown success 2.x.x": 1}


def test_deliveries_of_two_logs(metrics):
    """Each has numbers of its own."""
    metrics.write("one/current", (1, start(8, 0.5, "local")))
    metrics.write("two/current", (1, start(8, 0.5, "remote")))
    metrics.count()
    metrics.write("one/current", (2, "delivery 8: failure: x"))
    metrics.write("two/current", (2, "delivery 8: failure: x"), (3, "tcpserver: ok 31 0:::1:25 :::1::4711"))
    assert metrics.counted() == {DELIVERIES + "local failure 5.x.x": 1, DELIVERIES + "remote failure 5.x.x": 1,
                                 "qmail_connections_total two ok": 1}


def test_begins_without_ends(metrics):
    metrics.write("current", *[(1, start(i, 0.5, "local")) for i in range(1, 25001)])
    metrics.count()
    with open(metrics.state) as state:
        assert state.read().count("\nopen ") == 5000
    metrics.write("current", (2, "delivery 25000: success: x"), (2, "delivery 1: success: x"))
    assert metrics.counted()[DELIVERIES + "local success 2.x.x"] == 1


def test_hostile_lines(metrics, place):
    """Whatever stands in a log, labels have words of ours, and both forms can be read."""
    chance = random.Random(1)
    parts = ['"', "\\", "\\x0a", "=", " ", "a", "pid=1", 'x="', "\x00", "\x7f", "{", "}", ",", "smtpd refused ", "end=",
             "delivery 5: ", "failure: ", "starting delivery 5: msg 7 to local ", "tcpserver: ok ", "reply=", "550 5.",
             "(#5.", "1.", "7", ")", "tls 5: ", "policy=", "result=", "authd refused ", "service=", "\xe9", "verifyd checked "]
    metrics.write("a\"b}c\\\xe9/current", *[(1, "".join(chance.choices(parts, k=chance.randrange(14)))) for _ in range(20000)])
    text = metrics.run("--count", metrics.log)
    found = monitors.parse(text)
    assert sum(value for key, value in found.items() if "log_lines" in key) > 19000
    word = r"[a-zA-Z0-9._+-]+"
    name = r'a\\"b}c\\\\__'
    assert all(re.fullmatch(r"\w+( %s)?( %s)*" % (name, word), key) for key in found), found
    assert len(found) < 400
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(line.isascii() and line.isprintable() for line in lines)


# ---- the form

def check_text(place, text):
    program = unpacked.folder(place, "prometheus") + "/usr/bin/promtool"
    done = subprocess.run([program, "check", "metrics"], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=monitors.SAFETY)
    assert done.returncode == 0 and done.stdout == b"", done.stdout


def fill(metrics):
    metrics.write("current", (1, start(8, 0.5, "local")), (2, "delivery 8: success: x"),
                  (3, "smtpd accepted " + SMTPD + "recipients=2 size=7 qp=3"), (4, "delivery 1: failure: _(#5.1.1)/"),
                  (5, 'authd accepted pid=9 client="::1" user="ann" service="smtp"'))


def test_promtool_and_a_town(town, tmp_path):
    metrics = monitors.Metrics(town.place, str(tmp_path))
    fill(metrics)
    town.open()
    target = str(tmp_path / "qmail.prom")
    assert metrics.run("--file", target, "--count", metrics.log) == ""
    with open(target) as source:
        text = source.read()
    assert os.stat(target).st_mode & 0o7777 == 0o644
    assert "# TYPE qmail_deliveries_total counter\n" in text and "# EOF" not in text and "# UNIT" not in text
    found = monitors.parse(text)
    assert found["qmail_queue_up"] == 1 and found["qmail_processes qmail-send"] >= 1
    check_text(town.place, text)


def test_openmetrics(metrics):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    fill(metrics)
    text = metrics.run("--count", metrics.log)
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert text.endswith("# EOF\n") and families["qmail_deliveries"].type == "counter"
    assert families["qmail_message_bytes"].unit == "bytes"
    assert families["qmail_delivery_delay_seconds"].type == "histogram"
    samples = {sample.name + "".join(sample.labels.values()): sample.value
               for family in families.values() for sample in family.samples}
    assert samples == {key.replace(" ", ""): value for key, value in monitors.parse(text).items()}


def test_the_file_is_replaced_as_a_whole(metrics, tmp_path):
    target = tmp_path / "out.prom"
    target.write_text("old")
    metrics.run("--file", str(target), code=111, preexec_fn=lambda: (
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))))
    assert target.read_text() == "old" and sorted(os.listdir(tmp_path)) == ["log", "out.prom"]
    metrics.run("--file", str(target))
    assert monitors.parse(target.read_text())["qmail_queue_up"] == 0


# ---- the moment

def test_the_queue(town, tmp_path):
    metrics = monitors.Metrics(town.place, str(tmp_path))
    assert monitors.parse(metrics.run())["qmail_queue_up"] == 0 and metrics.told == ""
    town.rules("ann", "", "|exit 111")
    town.open()
    town.send("joe@there.example", "ann@here.example", "bob@here.example")
    town.daemon.wait("^delivery .: success")

    def figures():
        return monitors.parse(metrics.run())

    process.until(lambda: figures()["qmail_queue_messages waiting"] == 1, "its rest")
    found = figures()
    assert found["qmail_queue_up"] == 1 and found["qmail_queue_bytes waiting"] > 0
    assert found["qmail_queue_channel_messages waiting local"] == found["qmail_queue_channel_recipients waiting local"] == 1
    assert found["qmail_queue_channel_messages waiting remote"] == found["qmail_queue_messages held"] == 0
    assert len([key for key in found if key.startswith("qmail_queue")]) == 1 + 5 * 3 + 5 * 3 * 3


def test_who_may_not_ask(town):
    """Whoever may neither ask about the queue nor read the state of HOME."""
    town.open()
    program, home = town.place.program("qmail-metrics"), town.home("ann")
    told = town.run_as("ann", [program, "--state", home + "/none"]).stdout.decode().splitlines()
    assert "qmail-metrics: queue/control/door: Permission denied" in told
    found = monitors.parse("\n".join(line for line in told if not line.startswith("qmail-metrics:")))
    assert found["qmail_queue_up"] == 0 and not any("queue_messages" in key for key in found)
    assert found["qmail_processes qmail-send"] >= 1
    done = town.run_as("ann", [program], check=False)
    assert done.returncode == 111 and b"metrics/state: Permission denied" in done.stdout


def test_memory(town, tmp_path):
    """Of processes of the suite's users; a name is anybody's."""
    metrics = monitors.Metrics(town.place, str(tmp_path))
    town.open()
    before = monitors.parse(metrics.run())
    assert before["qmail_processes qmail-send"] >= 1
    assert before["qmail_resident_memory_bytes qmail-send"] >= 4096 * before["qmail_processes qmail-send"]
    fake = shutil.copy(shutil.which("sleep"), town.home("ann") + "/qmail-smtpd")
    os.chmod(fake, 0o755)
    uid = towns.PEOPLE["ann"]
    with subprocess.Popen([fake, "60"], cwd="/", **town.place.as_user("%d:%d" % (uid, uid))) as running:
        after = monitors.parse(metrics.run())
        running.kill()
    assert after.get("qmail_processes qmail-smtpd", 0) == 0
    with subprocess.Popen([fake, "60"], cwd="/", **town.place.as_user("qmails")) as running:
        after = monitors.parse(metrics.run())
        running.kill()
    assert after["qmail_processes qmail-smtpd"] == 1


@pytest.mark.parametrize("words", [
    ("x",), ("--file",), ("--file", "x"), ("--http", "--file", "/tmp/x"), ("--state",), ("--count", "log"),
    ("--count", "--http"), ("--file", "/a\nb"), ("--count", "/a\nb")])
def test_wrong_words(metrics, words):
    assert metrics.run(*words, code=100) == "" and metrics.told.startswith("usage: ")


def test_faults(metrics, tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(metrics.words(), stdout=full, stderr=subprocess.PIPE, cwd="/")
    assert done.returncode == 111 and b"cannot write" in done.stderr
    metrics.run("--count", str(tmp_path / "nowhere"), code=111)
    os.mkdir(tmp_path / "empty")
    metrics.run("--count", str(tmp_path / "empty"), code=111)
    assert "no log" in metrics.told
    assert not any("_total" in key for key in monitors.parse(metrics.run()))


def test_the_dashboard(metrics):
    """It asks for what there is, and by labels that it has."""
    fill(metrics)
    text = metrics.run("--count", metrics.log)
    told = set(re.findall(r"^# TYPE (\w+) gauge$", text, re.M)) | {
        name + "_total" for name in re.findall(r"^# TYPE (\w+) counter$", text, re.M)} | {
        name + "_bucket" for name in re.findall(r"^# TYPE (\w+) histogram$", text, re.M)}
    with open(os.path.join(build.TOP, "doc/grafana.json")) as source:
        dashboard = json.load(source)
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queue = {"qmail_queue_" + word for word in ("messages", "bytes", "oldest_seconds", "channel_messages",
                                                "channel_recipients", "channel_oldest_seconds")}
    assert {name for words in asked for name in re.findall(r"qmail_\w+", words)} == told | queue
    with open(os.path.join(build.TOP, "man/qmail-metrics.8")) as source:
        page = source.read()
    for name in told | queue:
        assert re.search(r"%s\b" % re.sub("_total$|_bucket$", "", name), page), name
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places) and len({panel["id"] for panel in dashboard["panels"]}) == len(places)
