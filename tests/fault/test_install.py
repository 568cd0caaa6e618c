"""The installation itself: it comes up as its table says, and checks itself."""

from support import build


def test_instcheck(fresh):
    build.run([fresh.installer[0], "check"], cwd=fresh.stage)


def test_start_and_stop(fresh, start):
    fresh.control(me="here.example\n")
    daemon = start("./Mailbox")
    daemon.wait("^status: local 0/10 remote 0/20")
    daemon.stop()
