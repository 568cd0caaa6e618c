"""MTA-STS: web servers with policies, an authority for them, and questions to
qmail-mtasts."""

import socket
import threading

DOOR = "sts/door"
MODES = ("none", "testing", "enforce")


def policy(mode="enforce", hosts=("mx.there.example",), age=604800):
    return "version: STSv1\r\nmode: %s\r\n%smax_age: %d\r\n" % (
        mode, "".join("mx: %s\r\n" % host for host in hosts), age)


def reply(body, status="200 OK", kind="text/plain", more=""):
    """What a server says that is asked for it."""
    return "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
        status, kind, len(body), more, body)


class Server:
    """Says self.reply, text or a function of the connection, to all who come."""

    def __init__(self, context, said, address="127.0.0.1", port=443):
        self.context, self.reply, self.requests = context, said, []
        self.sock = socket.create_server((address, port))
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[sock], daemon=True).start()

    def serve(self, sock):
        try:
            with self.context.wrap_socket(sock, server_side=True) as session:
                request = b""
                while b"\r\n\r\n" not in request:
                    got = session.recv(4096)
                    if not got:
                        return
                    request += got
                self.requests.append(request.decode("latin-1"))
                if callable(self.reply):
                    self.reply(session)
                else:
                    session.sendall(self.reply.encode("latin-1"))
                    session.unwrap()
        except OSError:
            pass

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join(5)


def connect(place):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(60)
    sock.connect(place.path(DOOR))
    return sock


def hear(sock):
    """[(letter, value)] of an answer."""
    with sock:
        pieces = sock.recv(65536).decode("latin-1").split("\0")
    assert pieces.pop() == ""
    return [(piece[0], piece[1:]) for piece in pieces]


def ask(place, domain):
    """Its mode, and the rest."""
    sock = connect(place)
    sock.send(b"D" + domain.encode() + b"\0")
    (letter, mode), *rest = hear(sock)
    assert letter == "P"
    return mode, rest
