"""qmail-metrics --http: one request, one answer."""

import os
import re
import shutil
import socket
import subprocess

import pytest

from support import metrics as monitors, process, town as towns

FINE = "HTTP/1.1 200 OK"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
LIMIT = 8192


@pytest.fixture(name="metrics")
def make_metrics(place, tmp_path):
    return monitors.Metrics(place, str(tmp_path))


def ask(metrics, request, *words, is_over=False):
    """(first line, {field: value}, page)."""
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen(metrics.words("--http", *words), stdin=theirs, stdout=theirs,
                                stderr=subprocess.PIPE, cwd="/") as running:
        theirs.close()
        ours.settimeout(monitors.SAFETY)
        ours.sendall(request)
        if is_over:
            ours.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while True:
                piece = ours.recv(65536)
                if not piece:
                    break
                answer += piece
        except ConnectionResetError:
            pass
        told = running.stderr.read()
        code = running.wait(monitors.SAFETY)
    assert not process.crash(code, told) and code == 0, told
    if not answer:
        return None, {}, ""
    head, _, page = answer.decode().partition("\r\n\r\n")
    first, *fields = head.split("\r\n")
    return first, dict(field.split(": ", 1) for field in fields), page


def get(target="/metrics", *fields, method="GET"):
    return "\r\n".join(["%s %s HTTP/1.1" % (method, target), "Host: x", *fields, "", ""]).encode()


@pytest.mark.parametrize("fields, wanted", [
    ((), PLAIN), (("Accept: */*",), PLAIN), (("Accept: text/plain",), PLAIN),
    (("Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",), OPEN),
    (("aCCEPT:text/plain,Application/OpenMetrics-Text",), OPEN),
    (("X-Accept: application/openmetrics-text",), PLAIN)])
def test_forms(metrics, fields, wanted):
    first, told, page = ask(metrics, get("/metrics", *fields))
    assert first == FINE and told["Content-Type"] == wanted and told["Connection"] == "close"
    assert int(told["Content-Length"]) == len(page) and page.endswith("# EOF\n") == (wanted == OPEN)
    assert monitors.parse(page)["qmail_queue_up"] == 0


@pytest.mark.parametrize("request_bytes, wanted", [
    (get("/metrics?a=b"), FINE), (get().replace(b"\r\n", b"\n"), FINE), (b"GET /metrics HTTP/1.0\r\n\r\n", FINE),
    (get("/"), "HTTP/1.1 404 Not Found"), (get("/metrics/"), "HTTP/1.1 404 Not Found"),
    (get("/metricsx"), "HTTP/1.1 404 Not Found"), (get("http://x/metrics"), "HTTP/1.1 404 Not Found"),
    (get(method="POST"), "HTTP/1.1 405 Method Not Allowed"), (get(method="get"), "HTTP/1.1 405 Method Not Allowed"),
    (get(method=""), "HTTP/1.1 405 Method Not Allowed"),
    (b"GET /metrics\r\n\r\n", "HTTP/1.1 400 Bad Request"), (b"GET  HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
    (b"GET /metrics HTTP/1.1 x\r\n\r\n", "HTTP/1.1 400 Bad Request"), (b"\r\n\r\n", "HTTP/1.1 400 Bad Request"),
    (b"GET /metrics HTTP/2\r\n\r\n", "HTTP/1.1 400 Bad Request"), (b"\x00\xff\x1b\r\n\r\n", "HTTP/1.1 400 Bad Request"),
    (get("/metrics", "X: " + "x" * (LIMIT - 60)), FINE),
    (get("/metrics", "X: " + "x" * LIMIT), "HTTP/1.1 431 Request Header Fields Too Large"),
    (get("/metrics", *["X: y"] * (LIMIT // 6)), "HTTP/1.1 431 Request Header Fields Too Large"),
    (b"x" * (3 * LIMIT), "HTTP/1.1 431 Request Header Fields Too Large")])
def test_requests(metrics, request_bytes, wanted):
    first, told, page = ask(metrics, request_bytes)
    assert first == wanted and int(told["Content-Length"]) == len(page)
    assert bool(page) == (wanted == FINE)
    assert ("Allow" in told) == ("405" in wanted)


@pytest.mark.parametrize("request_bytes", [b"", b"GET", b"GET /metrics HTTP/1.1\r\n", get()[:-2]])
def test_who_leaves_gets_no_answer(metrics, request_bytes):
    assert ask(metrics, request_bytes, is_over=True)[0] is None


def test_head(metrics):
    metrics.write("current", (1, "new msg 5"))
    first, told, page = ask(metrics, get(method="HEAD"), "--count", metrics.log)
    assert first == FINE and page == "" and told["Content-Type"] == PLAIN
    assert not os.path.exists(metrics.state)


def test_counting(metrics):
    metrics.write("current", (1, "new msg 5"))
    assert "qmail_messages_total" not in ask(metrics, get())[2]
    assert not os.path.exists(metrics.state)
    assert "qmail_messages_total 1\n" in ask(metrics, get(), "--count", metrics.log)[2]
    metrics.write("current", (2, "new msg 6"))
    assert ask(metrics, get("/x"), "--count", metrics.log)[2] == ""
    assert "qmail_messages_total 1\n" in ask(metrics, get())[2]
    assert "qmail_messages_total 2\n" in ask(metrics, get(), "--count", metrics.log)[2]


def test_who_does_not_read(metrics):
    """He may leave in the middle; nobody is told."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen(metrics.words("--http"), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                          cwd="/") as running:
        theirs.close()
        ours.sendall(get())
        ours.close()
        assert running.wait(monitors.SAFETY) == 0 and running.stderr.read() == b""


def test_behind_tcpserver(town, tmp_path):
    """As the page has it: a user of group qmail, who may ask about the queue, and read what root has counted."""
    for word in ("tcpserver", "curl"):
        if not shutil.which(word):
            pytest.skip("needs " + word)
    town.open()
    place = town.place
    log = monitors.Metrics(place, str(tmp_path))
    log.write("current", (1, "new msg 5"))
    subprocess.run([log.program, "--file", str(tmp_path / "x"), "--count", log.log], check=True, cwd="/")
    town.begin(["tcpserver", "-HRl0", "-u", str(towns.PEOPLE["ann"]), "-g", str(place.ids("qmailr")[1]),
                "127.0.0.1", "9154", log.program, "--http"])
    towns.wait_port("127.0.0.1", 9154)
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "http://127.0.0.1:9154/metrics"], stdout=subprocess.PIPE,
                          timeout=monitors.SAFETY, check=True)
    found = monitors.parse(done.stdout.decode())
    assert found["qmail_queue_up"] == 1 and found["qmail_queue_messages new"] >= 0 and found["qmail_messages_total"] == 1
    assert re.search(r"^# TYPE qmail_messages_total counter$", done.stdout.decode(), re.M)
