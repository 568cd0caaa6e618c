"""Services with a door, and who ends them."""

import os
import signal
import subprocess

import pytest

DOORS = {"qmail-greyd": "grey/door", "qmail-secretd": "secrets/door", "qmail-srsd": "srs/door", "qmail-dkimsignd": "dkim/door",
         "qmail-signd": "sign/door", "qmail-verifyd": "verify/door", "qmail-authd": "login/door", "qmail-mtasts": "sts/door"}


@pytest.mark.parametrize("program", DOORS)
def test_ended_as_soon_as_the_door_is_there(town, program):
    """It is heard from then on, and that is no crash."""
    place, door = town.place, town.place.path(DOORS[program])
    if not os.path.exists(place.program(program)):
        pytest.skip("built without OpenSSL")
    place.control(me="here.example\n")
    for _ in range(5):
        if os.path.exists(door):
            os.unlink(door)
        words = [place.program(program)] + (["/bin/false", "true"] if program == "qmail-authd" else [])
        daemon = subprocess.Popen(words, cwd="/", env={"PATH": "/usr/bin:/bin"})
        try:
            while not os.path.exists(door):
                assert daemon.poll() is None
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(60) == 0
        finally:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()
