"""What both need to check SPF, DKIM and DMARC: a resolver that knows the answers, a
signed message, and for Postfix the programs that Debian has for it."""

import base64
import os
import pathlib
import subprocess
import textwrap
import time

import dkim

AUTHOR = "author.example"  # test. is empty by law of libunbound
KEY = "key"  # the selector
OPENDKIM_PORT, OPENDMARC_PORT = 8891, 8893
LETTER_SIZE = 4096


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


class World:
    def __init__(self, stage, etc):
        """Begins the resolver, in front of whom all names are known."""
        self.folder = pathlib.Path(stage) / "checks"
        self.folder.mkdir()
        os.chmod(self.folder, 0o755)
        etc.write("resolv.conf", "nameserver 127.0.0.1\n")
        private = self.folder / "private"
        run("openssl", "genrsa", "-out", str(private), "2048")
        public = base64.b64encode(run("openssl", "rsa", "-in", str(private), "-pubout", "-outform", "DER")).decode()
        records = {AUTHOR: "v=spf1 ip4:127.0.0.1 -all", "_dmarc." + AUTHOR: "v=DMARC1; p=reject",
                   KEY + "._domainkey." + AUTHOR: "v=DKIM1; k=rsa; p=" + public}
        lines = ["server:", 'directory: ""', 'chroot: ""', 'username: ""', 'pidfile: ""', "do-daemonize: no",
                 "interface: 127.0.0.1", "module-config: iterator", 'local-zone: "%s." static' % AUTHOR]
        for name, text in records.items():
            parts = " ".join('"%s"' % part for part in textwrap.wrap(text, 250, drop_whitespace=False))
            lines.append("local-data: '%s. TXT %s'" % (name, parts))
        config = self.folder / "unbound.conf"
        config.write_text("\n".join(lines) + "\n")
        self.processes = [subprocess.Popen(["unbound", "-d", "-c", str(config)], stderr=subprocess.DEVNULL)]
        self.letter = self.folder / "letter"
        self.letter.write_bytes(self.sign(private.read_bytes()))

    @staticmethod
    def sign(key):
        head = b"From: Joe <joe@%s>\r\nSubject: a letter\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n" \
            b"Message-ID: <1@%s>\r\n" % (AUTHOR.encode(), AUTHOR.encode())
        lines = (LETTER_SIZE - 900) // 80
        text = head + b"\r\n" + (b"x" * 78 + b"\r\n") * lines
        field = dkim.sign(text, KEY.encode(), AUTHOR.encode(), key, include_headers=[b"from", b"subject", b"date"])
        return (field + text).replace(b"\r\n", b"\n")

    def begin_milters(self):
        """opendkim and opendmarc, each as its own file has it: nobody is one of us."""
        nobody = self.folder / "nobody"
        nobody.write_text("192.0.2.1\n")
        for program, port, lines in (
                ("opendkim", OPENDKIM_PORT, ["Mode v", "InternalHosts " + str(nobody), "Nameservers 127.0.0.1"]),
                ("opendmarc", OPENDMARC_PORT, ["IgnoreHosts " + str(nobody), "RejectFailures true",
                                               "AuthservID bench.test", "TrustedAuthservIDs bench.test"])):
            config = self.folder / (program + ".conf")
            config.write_text("\n".join([*lines, "Socket inet:%d@127.0.0.1" % port, ""]))
            words = ["-f", "-x"] if program == "opendkim" else ["-f", "-c"]
            self.processes.append(subprocess.Popen([program, *words, str(config)], stderr=subprocess.DEVNULL))
        policy = self.folder / "policyd-spf.conf"
        policy.write_text("debugLevel = 0\nskip_addresses = 192.0.2.1\nHELO_reject = False\nMail_From_reject = Fail\n"
                          "Header_Type = AR\nAuthserv_Id = bench.test\n")
        return policy

    def stop(self):
        for process in self.processes:
            process.terminate()
        time.sleep(0.5)


def look_checked(maildir):
    """That a message there has passed all three."""
    for path in (pathlib.Path(maildir) / "new").iterdir():
        text = path.read_text("latin-1").lower()
        if not all(word in text for word in ("spf=pass", "dkim=pass", "dmarc=pass")):
            raise SystemExit("it is not checked:\n" + text[:2000])
        return
    raise SystemExit("nothing has arrived")
