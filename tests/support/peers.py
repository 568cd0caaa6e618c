"""The other side of the network: scripted SMTP servers and a DNS server."""

import re
import socket
import struct
import threading
import time

# Reachable addresses that belong to no interface, so that they are not "us";
# see the fixture routed_six.
ROUTED = "2001:db8:25::/48"
SIX = "2001:db8:25::25"
ACTION = re.compile(r"<(wait [0-9.]+|read|close|rst|hang|tls)>")
POLITE = {
    "greet": "220 server.example ESMTP\r\n", "EHLO": "502 no\r\n",
    "HELO": "250 server.example\r\n", "MAIL": "250 ok\r\n", "RCPT": "250 ok\r\n",
    "DATA": "354 go ahead\r\n", "DOT": "250 ok\r\n", "QUIT": "221 bye\r\n",
    "RSET": "250 ok\r\n", "NOOP": "250 ok\r\n",
}


class Over(Exception):
    """Nothing more will come on this connection."""


class Connection:
    """One client of a scripted SMTP server, and all that it sent."""

    def __init__(self, sock, where, script):
        self.sock, self.where = sock, where
        self.script = {**POLITE, **script}
        self.turns = {}
        self.sent = self.unread = b""
        self.was_early = False
        self.protocol = self.server_name = self.problem = None  # of TLS
        self.refused_hello = b""
        self.messages_ended = 0

    def serve(self):
        try:
            self.reply("greet")
            while True:
                self.command(self.read_until(b"\r\n"))
        except Over:
            pass
        self.sock.close()

    def read(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Over
        self.sent += data
        self.unread += data

    def read_until(self, mark):
        while mark not in self.unread:
            self.read()
        found, _, self.unread = self.unread.partition(mark)
        return found

    def command(self, line):
        if self.unread:
            self.was_early = True
        verb = line[:4].upper().decode("latin-1")
        if verb == "EHLO" and self.script["EHLO"][0] == "5":
            self.refused_hello = line + b"\r\n"
        answer = self.reply(verb)
        if verb == "DATA" and ACTION.sub("", answer)[:1] in ("1", "2", "3"):
            self.unread = b"\r\n" + self.unread
            self.read_until(b"\r\n.\r\n")
            self.messages_ended += 1
            self.reply("DOT")

    def reply(self, verb):
        answer = self.script.get(verb, "502 no\r\n")
        if isinstance(answer, list):
            turn = self.turns[verb] = self.turns.get(verb, -1) + 1
            answer = answer[min(turn, len(answer) - 1)]
        for n, part in enumerate(ACTION.split(answer)):
            if n % 2:
                self.act(part)
            else:
                self.say(part)
        return answer

    def say(self, words):
        try:
            self.sock.sendall(words.encode("latin-1"))
        except OSError:
            pass  # what the client has said still counts

    def act(self, action):
        if action.startswith("wait"):
            time.sleep(float(action.split()[1]))
            return
        if action == "tls":
            self.begin_tls()
            return
        if action == "read":
            self.read()
            return
        if action == "rst":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        while action == "hang":
            self.read()
        raise Over

    def begin_tls(self):
        """By script["context"]; what the client has said too early is for the handshake."""
        context = self.script["context"]
        context.sni_callback = self.hear_name
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
            self.protocol = self.sock.version()
        except OSError as problem:
            self.problem = str(problem)
            raise Over

    def hear_name(self, sock, name, context):
        self.server_name = name

    def record(self):
        """[where, bytes, "early" if it spoke before its turn]"""
        sent = self.sent.replace(self.refused_hello, b"", 1) if self.refused_hello else self.sent
        return [self.where, sent] + (["early"] if self.was_early else [])


class Servers:
    """Listens on each "address:port"; with: .connections, in order."""

    def __init__(self, table):
        self.table = table
        self.connections, self.sockets, self.threads = [], [], []

    def __enter__(self):
        for where, scripts in self.table.items():
            address, port = where.rsplit(":", 1)
            silent = scripts == "blackhole"
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, int(port)))
            listener.listen(0 if silent else 50)
            self.sockets.append(listener)
            if silent:
                self.fill(address, int(port))
            else:
                self.begin(self.accept, listener, where, scripts)
        return self

    def fill(self, address, port):
        """Takes all places of a server that accepts nobody."""
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((address, port))
            self.sockets.append(filler)
        time.sleep(0.1)

    def begin(self, function, *words):
        thread = threading.Thread(target=function, args=words, daemon=True)
        thread.start()
        self.threads.append(thread)

    def accept(self, listener, where, scripts):
        turn = 0
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(sock, where, scripts[min(turn, len(scripts) - 1)])
            turn += 1
            self.connections.append(connection)
            connection.serve()

    def __exit__(self, *problem):
        for sock in self.sockets:
            hang_up(sock)
        for thread in self.threads:
            thread.join(5)


class SixServers(Servers):
    """One scripted server, by IPv6."""

    def __init__(self, address):
        super().__init__({})
        self.address = address

    def __enter__(self):
        listener = socket.create_server(("::", 25), family=socket.AF_INET6)
        self.sockets.append(listener)
        self.begin(self.accept, listener, self.address, [{}])
        return self


def hang_up(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


# ---- DNS

TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 52: "TLSA"}
NUMBERS = {name: number for number, name in TYPES.items()}
FAILURES = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
UDP_MAX = 512
TRUNCATED, ANSWER = 0x0200, 0x8180
VERIFIED = 0x0020  # in a question: tell me
LAME = 0x8100  # an answer of a server without authority, which asks no other


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode("latin-1")
                    for label in name.split(".") if label) + b"\0"


def text_parts(value):
    """The strings of a TXT: a text, or each of a list, in as many as it needs."""
    texts = [text.encode("latin-1") for text in ([value] if isinstance(value, str) else value)]
    return [text[at:at + 255] for text in texts for at in range(0, max(len(text), 1), 255)]


def wire_data(kind, value):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        preference, host = value.split()
        return struct.pack(">H", int(preference)) + wire_name(host)
    if kind == "TLSA":
        *numbers, data = value.split()
        return bytes(map(int, numbers)) + bytes.fromhex(data)
    if kind == "TXT":
        return b"".join(bytes([len(part)]) + part for part in text_parts(value))
    return wire_name(value)


def wire_record(name, kind, value):
    data = wire_data(kind, value)
    return wire_name(name) + struct.pack(">HHIH", NUMBERS[kind], 1, 60, len(data)) + data


class Silence(Exception):
    """This question is not answered."""


class Dns:
    """Answers on 127.0.0.1 from {name: {type: [values]}}; a CNAME is one value, a
    TXT a text or a list of its strings.

    Instead of values: a failure code, DROP (no answer), RAW:hex (one record,
    as it is), SHORT (a record is promised and missing); "UDP": "TC" cuts off
    each answer by UDP.  A name may be a failure code as a whole.  What is not
    listed does not exist.  With is_secure, answers are verified by DNSSEC, but
    for those with names that have "AD": False.  asked has each (name, type).
    """

    def __init__(self, zone, port=53, flags=ANSWER, is_secure=False):
        self.flags, self.is_secure = flags, is_secure
        self.zone = {name.lower(): entry for name, entry in zone.items()}
        self.port = port
        self.asked = []

    def __enter__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (self.udp, self.tcp):
            sock.bind(("127.0.0.1", self.port))
        self.tcp.listen(20)
        self.threads = [threading.Thread(target=serve, daemon=True)
                        for serve in (self.serve_udp, self.serve_tcp)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        self.udp.close()
        self.tcp.close()

    def serve_udp(self):
        while True:
            try:
                query, asker = self.udp.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            try:
                self.udp.sendto(self.answer(query, UDP_MAX), asker)
            except Silence:
                pass

    def serve_tcp(self):
        while True:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            with sock:
                try:
                    self.serve_stream(sock)
                except (OSError, Silence):
                    pass

    def serve_stream(self, sock):
        while True:
            head = sock.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return
            size, = struct.unpack(">H", head)
            answer = self.answer(sock.recv(size, socket.MSG_WAITALL), 65535)
            sock.sendall(struct.pack(">H", len(answer)) + answer)

    def answer(self, query, limit):
        name, question, kind = parse_question(query)
        self.asked.append((name, kind))
        code, records, is_cut = self.find(name, kind)
        is_cut = is_cut and limit == UDP_MAX
        fitting = []
        for record in [] if is_cut else records:
            if 12 + len(question) + sum(map(len, fitting)) + len(record) > limit:
                is_cut = True
                break
            fitting.append(record)
        flags = self.flags | code | (TRUNCATED if is_cut else 0)
        if self.is_secure and struct.unpack(">H", query[2:4])[0] & VERIFIED and \
                not self.is_insecure(name):
            flags |= VERIFIED
        return (query[:2] + struct.pack(">HHHHH", flags, 1, len(fitting), 0, 0) +
                question + b"".join(fitting))

    def is_insecure(self, name):
        """Whether it is, or an alias leads to one that is."""
        entry = self.zone.get(name, {})
        if isinstance(entry, str) or not entry.get("AD", True):
            return not isinstance(entry, str)
        return "CNAME" in entry and self.is_insecure(entry["CNAME"].strip(".").lower())

    def find(self, name, kind):
        """Code, records, and whether UDP cuts; aliases followed as caches do."""
        records, is_cut, seen = [], False, set()
        while name not in seen:
            seen.add(name)
            entry = self.zone.get(name, "NXDOMAIN")
            if isinstance(entry, str):
                entry = {kind: entry}
            is_cut = is_cut or entry.get("UDP") == "TC"
            values = entry.get(kind, []) if kind != "CNAME" else []
            if isinstance(values, str):
                return (*special(values, records), is_cut)
            records += [wire_record(name, kind, value) for value in values]
            target = None if values or kind == "CNAME" else entry.get("CNAME")
            if not target:
                break
            records.append(wire_record(name, "CNAME", target))
            name = target.strip(".").lower()
        return 0, records, is_cut


def special(word, records):
    if word == "DROP":
        raise Silence
    if word.startswith("RAW:"):
        return 0, records + [bytes.fromhex(word[4:])]
    if word == "SHORT":
        return 0, records + [b""]
    return FAILURES[word], records


def parse_question(query):
    """The name in lower case, the question section, the kind asked for."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    kind, = struct.unpack(">H", query[at + 1:at + 3])
    return ".".join(labels).lower(), query[12:at + 5], TYPES.get(kind, "?")
