"""A milter by libmilter: says and does what it is told, which is read for each
connection, and writes down what it is shown.

    milterpeer.py SOCKET ORDERS LOG

ORDERS is JSON: what to answer by step ("rcpt": "reject"), the "changes" at the end,
each a method of Milter.Base and its arguments; "quiet": steps without an answer;
"unwanted": steps that are not wanted.
"""

import json
import os
import sys

import Milter

SOCKET, ORDERS, LOG = sys.argv[1:]
ANSWERS = {"continue": Milter.CONTINUE, "accept": Milter.ACCEPT, "reject": Milter.REJECT,
           "discard": Milter.DISCARD, "tempfail": Milter.TEMPFAIL, "skip": Milter.SKIP}
QUIET = {"connect": "CONN", "header": "HDR"}
UNWANTED = {"header": "HDRS"}
MACROS = ("j", "i", "{daemon_name}", "{client_addr}", "{client_name}", "{auth_authen}", "{auth_type}",
          "{mail_addr}", "{rcpt_addr}")


class Peer(Milter.Base):
    def __init__(self):
        self.seen = []
        with open(ORDERS, encoding="utf-8") as source:
            self.orders = json.load(source)

    def negotiate(self, opts):
        quiet = sum(getattr(Milter, "P_NR_" + QUIET.get(name, name.upper())) for name in self.orders.get("quiet", ()))
        unwanted = sum(getattr(Milter, "P_NO" + UNWANTED.get(name, name.upper())) for name in self.orders.get("unwanted", ()))
        skip = Milter.P_SKIP if "skip" in self.orders.values() else 0
        space = Milter.P_HDR_LEADSPC if self.orders.get("space") else 0
        opts[0] = Milter.ADDHDRS | Milter.CHGBODY | Milter.ADDRCPT | Milter.DELRCPT | Milter.CHGHDRS | \
            Milter.QUARANTINE | Milter.CHGFROM | Milter.ADDRCPT_PAR
        opts[1] = (quiet | unwanted | skip | space) & opts[1]
        opts[2] = opts[3] = 0
        return Milter.CONTINUE

    def step(self, name, *shown):
        self.seen.append([name, *shown])
        with open(LOG + ".new", "w", encoding="utf-8") as log:
            json.dump(self.seen, log)
        os.rename(LOG + ".new", LOG)
        if name in self.orders.get("quiet", ()):
            return Milter.NOREPLY
        answer = self.orders.get(name, "continue")
        if isinstance(answer, list):
            self.setreply(*answer)
            answer = "reject" if answer[0][0] == "5" else "tempfail"
        return ANSWERS[answer]

    def macros(self):
        return {name: self.getsymval(name) for name in MACROS if self.getsymval(name)}

    def connect(self, hostname, family, hostaddr):
        return self.step("connect", hostname, str(family), hostaddr, self.macros())

    def hello(self, hostname):
        return self.step("helo", hostname)

    def envfrom(self, *words):
        return self.step("mail", *words, self.macros())

    def envrcpt(self, *words):
        return self.step("rcpt", *words, self.macros())

    def data(self):
        return self.step("data")

    def header(self, name, value):
        return self.step("header", name, value)

    def eoh(self):
        return self.step("eoh")

    def body(self, chunk):
        return self.step("body", len(chunk), chunk.decode("latin-1")[:300])

    def eom(self):
        for method, *words in self.orders.get("changes", ()):
            if method == "replacebody":
                words = [word.encode() for word in words]
            getattr(self, method)(*words)
        return self.step("eom")

    def close(self):
        self.step("close")
        return Milter.CONTINUE


Milter.factory = Peer
Milter.set_exception_policy(Milter.TEMPFAIL)
Milter.set_flags(Milter.CHGBODY | Milter.CHGHDRS | Milter.ADDHDRS | Milter.ADDRCPT | Milter.DELRCPT |
                 Milter.QUARANTINE | Milter.CHGFROM | Milter.ADDRCPT_PAR)
Milter.runmilter("peer", SOCKET, 240)
