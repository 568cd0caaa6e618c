"""Sends messages over TLS, one a connection, as other mail servers do: nothing of
a session is used again."""

import multiprocessing
import pathlib
import socket
import ssl
import subprocess

WORKERS = 20
MESSAGE = b"Subject: a letter\r\n\r\n" + (b"x" * 78 + b"\r\n") * 50 + b".\r\n"


def certificate(folder, name):
    """The text of a key and a certificate."""
    key, out = pathlib.Path(folder) / "key", pathlib.Path(folder) / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", "/CN=" + name, "-keyout", key, "-out", out],
                   check=True, stderr=subprocess.DEVNULL)
    return key.read_text() + out.read_text()


def ask(sock, line, code):
    """Waits for the last line of the reply; whoever says something else ends all."""
    if line:
        sock.sendall(line)
    got = b""
    while not got.endswith(b"\n") or got[got.rfind(b"\n", 0, -1) + 1:][3:4] == b"-":
        more = sock.recv(4096)
        if not more:
            break
        got += more
    if not got.startswith(code):
        raise SystemExit("TLS: %r is answered by %r" % (line[:50], got))


def begin(port):
    """A session in which TLS has begun."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock = socket.create_connection(("127.0.0.1", port))
    ask(sock, b"", b"220")
    ask(sock, b"EHLO x.test\r\n", b"250")
    ask(sock, b"STARTTLS\r\n", b"220")
    return context.wrap_socket(sock)


def work(port, recipient, count):
    for _ in range(count):
        with begin(port) as sock:
            ask(sock, b"EHLO x.test\r\n", b"250")
            ask(sock, b"MAIL FROM:<from@x.test>\r\n", b"250")
            ask(sock, b"RCPT TO:<%s>\r\n" % recipient.encode(), b"250")
            ask(sock, b"DATA\r\n", b"354")
            ask(sock, MESSAGE, b"250")
            ask(sock, b"QUIT\r\n", b"221")


def send(port, recipient, count):
    shares = [count // WORKERS + (n < count % WORKERS) for n in range(WORKERS)]
    workers = [multiprocessing.Process(target=work, args=(port, recipient, share)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode != 0:
            raise SystemExit("TLS: not all could be sent")
