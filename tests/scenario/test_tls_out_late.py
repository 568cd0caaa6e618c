"""TLS with other servers: answers that come late, failures that show late, what is too much."""

import subprocess


from support import tls
# pylint: disable=unused-import
from scenario.test_tls_out import (
    OFFER, RELAY, begin, control, dane, deliver, files, offering, spawner, tlsc, troubles)


# ---- TLSA records

def test_dane_with_more_than_can_be_told(dane, tmp_path):
    """Whole certificates: the shortest are told; nothing breaks by a stranger's zone."""
    path = str(tmp_path / "own.pem")
    with open(path, "w") as out:
        out.write(tls.certificate(str(tmp_path), "mx.example"))
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    others = ["3 0 0 " + bytes([n]).hex() * 1400 for n in range(40)]
    end, text, (session,), _ = dane(others + ["3 0 0 " + der.hex()], path)
    # What is no certificate is passed over by qmail-tlsc.
    assert (end, session["policy"], session["result"]) == ("Kw", "dane", "ok"), text
