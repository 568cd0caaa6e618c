"""Keys and certificates, qmail-tlsd, and clients that speak TLS."""

import hashlib
import os
import smtplib
import socket
import ssl
import struct
import subprocess

from . import build, process
from .town import wait_port

ADDRESS = "127.0.0.1"
# In a record of each of its bytes; text for peers.Servers.
HELLO_REQUEST = "\x16\x03\x03\0\1\0" * 4


def certificate(folder, name, kind="ec", days=30):
    """The text of a new key with its certificate, self-signed; ",DNS:" stands between
    names."""
    key, out = "%s/%s.key" % (folder, kind), "%s/%s.crt" % (folder, kind)
    new = ["-newkey", "rsa:2048"] if kind == "rsa" else \
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "req", "-x509", *new, "-nodes", "-days", str(days),
                    "-subj", "/CN=" + name.split(",")[0], "-addext", "subjectAltName=DNS:" + name,
                    "-keyout", key, "-out", out], check=True, stderr=subprocess.DEVNULL)
    text = ""
    for path in (key, out):
        with open(path) as source:
            text += source.read()
        os.unlink(path)
    return text


class Authority:
    """A new one; it signs certificates for whoever it is asked for."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.count = folder, 0
        self.key, self.certificate = folder + "/authority.key", folder + "/authority.crt"
        self.openssl("req", "-x509", *self.new_key(self.key), "-days", "30",
                     "-subj", "/CN=An Authority", "-out", self.certificate)
        with open(self.certificate) as source:
            self.text = source.read()

    @staticmethod
    def new_key(path, new=None):
        return [*(new or ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), "-nodes", "-keyout", path]

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)

    def sign(self, name, common=None, days=30, new=None):
        """A file with a key and a certificate for the name; empty: for none; or for
        an address, as "IP:192.0.2.1".  days may be in the past; new says which key."""
        self.count += 1
        base = "%s/%d" % (self.folder, self.count)
        with open(base + ".ext", "w") as out:
            kind = "" if name.startswith("IP:") else "DNS:"
            out.write("subjectAltName=%s%s\n" % (kind, name) if name else "basicConstraints=CA:FALSE\n")
        self.openssl("req", "-new", *self.new_key(base + ".key", new),
                     "-subj", "/CN=" + (common or "host"), "-out", base + ".csr")
        self.openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate,
                     "-CAkey", self.key, "-set_serial", str(self.count + 1), "-days", str(days),
                     "-extfile", base + ".ext", "-out", base + ".crt")
        with open(base + ".pem", "w") as both:
            for part in (".key", ".crt"):
                with open(base + part) as source:
                    both.write(source.read())
        return base + ".pem"


def server_context(path):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


def digest(path, of_key=False):
    """The SHA-256 of the certificate in a file, or of its public key."""
    words = ["openssl", "x509", "-in", path, "-outform", "DER"]
    if of_key:
        text = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True,
                              stdout=subprocess.PIPE).stdout
        words = ["openssl", "pkey", "-pubin", "-outform", "DER"]
    der = subprocess.run(words, input=text if of_key else None, check=True,
                         stdout=subprocess.PIPE).stdout
    return hashlib.sha256(der).hexdigest()


def start_client(place, begin, authorities=None, program=None, **environment):
    """qmail-tlsc, ready; it believes the authorities, or nobody."""
    place.write(place.path("control/tlsca"), authorities or "")
    daemon = begin([program or place.program("qmail-tlsc")], cwd="/",
                   env={"PATH": "/usr/bin:/bin", **environment})
    door = place.path("tlsc/door")

    def is_open():
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            return daemon.has_ended or one.connect_ex(door) == 0
    process.until(is_open, "qmail-tlsc")
    return daemon


def put(place, text, name="servercert.pem"):
    """As an administrator does it: nobody sees half a file."""
    path = place.path("control/" + name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    place.write(path + ".new", text, mode=0o600)
    os.rename(path + ".new", path)


def start(town, text=None, program=None, **environment):
    """qmail-tlsd, ready."""
    put(town.place, text or certificate(town.place.base, "mx.here.example"))
    words = [program] if isinstance(program, str) else program
    daemon = town.begin(words or [town.place.program("qmail-tlsd")], cwd="/",
                        env={"PATH": "/usr/bin:/bin", **environment})
    town.until(lambda: daemon.has_ended or town.is_door_open("tls/door"), "qmail-tlsd")
    return daemon


def serve(town, port, *words, offer="", user="qmaild", address=ADDRESS, **environment):
    """A service by tcpserver, as the pages have it."""
    uid, gid = town.place.ids(user) if user else (0, 0)
    environment["PATH"] = town.place.path("bin") + ":/usr/sbin:/usr/bin:/bin"
    if offer is not None:
        environment["UCSPITLS"] = offer
    daemon = town.begin(["tcpserver", "-RHl0", *(["-u", str(uid), "-g", str(gid)] if user else []),
                         address, str(port), *words], env=environment)
    wait_port(address, port)
    return daemon


def context(newest=None, oldest=None, ciphers=None):
    """A client's, which believes every certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if oldest:
        made.minimum_version = oldest
    if newest:
        made.maximum_version = newest
    if ciphers:
        made.set_ciphers(ciphers)
    return made


class Smtp(smtplib.SMTP):
    def __init__(self, port=25, address=ADDRESS, **more):
        super().__init__(address, port, "client.example", timeout=30, **more)

    def begin(self, **more):
        code, words = self.starttls(context=context(**more))
        assert code == 220, words
        return self


def sessions(town, name):
    """The processes that serve connections."""
    found = []
    for pid in process.ours():
        try:
            words = os.readlink("/proc/%s/exe" % pid)
            if words != town.place.program(name) and not (
                    words.startswith(build.MADE) and os.path.basename(words) == name):
                continue
            link = os.readlink("/proc/%s/fd/0" % pid)
            if link.startswith("socket:"):
                found.append(pid)
        except OSError:
            pass
    return found


def reset(sock):
    """The client has gone, and its system says so at once."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def shown_name(connection):
    """The name in the certificate that the server has shown."""
    der = connection.getpeercert(True)
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject",
                           "-nameopt", "multiline"], input=der, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split("commonName")[1].split("=")[1].strip()
