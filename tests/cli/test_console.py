"""The console's life on a real pty: it opens, follows its file, suspends, and gives the terminal back however it ends."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
import pytest

from conftest import PROGRAM

LEAVE = b"\x1b[?1049l"


class Screen:
    """The program on a pty, read by pyte."""

    def __init__(self, sluice, *args, size=(24, 80), env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.screen = pyte.Screen(size[1], size[0])
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.began = time.monotonic()
        self.p = subprocess.Popen([PROGRAM, *map(str, args)], stdin=slave, stdout=slave, stderr=slave, env={**sluice.env, **(env or {})},
                                  cwd=sluice.cwd, start_new_session=True)

    def read(self, seconds=0.05):
        """What came, if something did: True."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        data = os.read(self.master, 65536)
        self.bytes += data
        self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(self.screen.display)

    def wait(self, words, seconds=10):
        end = time.monotonic() + seconds
        while words not in self.text():
            assert time.monotonic() < end, f"never saw {words!r}:\n{self.text()}"
            self.read()

    def keys(self, keys):
        os.write(self.master, keys.encode())

    def ended(self, seconds=10):
        end = time.monotonic() + seconds
        while self.p.poll() is None and time.monotonic() < end:
            self.read()
        while self.read(0.1):  # a terminal hands out a few KB at a time
            pass
        assert self.p.poll() is not None, "it does not end"
        return self.p.returncode

    def close(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def console(sluice):
    (sluice.cwd / "sluice.yaml").write_text("environment: test\n")
    opened = []

    def start(*args, **kwargs):
        opened.append(Screen(sluice, *(args or ("-w", ".")), **kwargs))
        return opened[-1]
    yield start
    for s in opened:
        s.close()


def test_opens_and_quits(console):
    s = console()
    s.wait("overview")
    assert time.monotonic() - s.began < 5
    s.keys("q")
    assert s.ended() == 0
    assert LEAVE in s.bytes and termios.tcgetattr(s.slave) == s.before


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back(console, signum):
    s = console()
    s.wait("overview")
    begin = time.monotonic()
    s.p.send_signal(signum)
    assert s.ended() == 130 and time.monotonic() - begin < 2
    assert LEAVE in s.bytes and termios.tcgetattr(s.slave) == s.before


SANITIZED = b"__asan_init" in open(PROGRAM, "rb").read()


@pytest.mark.skipif(SANITIZED, reason="the sanitizer's handler takes the signal")
def test_a_crash_gives_the_terminal_back_and_says_where(console):
    s = console()
    s.wait("overview")
    s.p.send_signal(signal.SIGSEGV)
    assert s.ended() == -signal.SIGSEGV
    assert LEAVE in s.bytes
    said = s.bytes[s.bytes.index(LEAVE):]
    assert b"crashed by signal 11" in said and b"build " in said and b" 0x" in said


def test_suspends_and_comes_back(console):
    s = console()
    s.wait("overview")
    s.keys("\x1a")
    end = time.monotonic() + 10
    while open(f"/proc/{s.p.pid}/stat").read().rsplit(")", 1)[1].split()[0] != "T":
        assert time.monotonic() < end, "it does not stop"
        s.read(0.02)
    while s.read(0.1):
        pass
    assert LEAVE in s.bytes and termios.tcgetattr(s.slave) == s.before
    s.screen.reset()
    s.p.send_signal(signal.SIGCONT)
    s.wait("overview")


def test_follows_the_size(console):
    s = console()
    s.wait("overview")
    fcntl.ioctl(s.master, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    s.screen.resize(10, 40)
    s.p.send_signal(signal.SIGWINCH)
    s.wait("overview")
    s.keys("q")
    assert s.ended() == 0


def test_follows_the_file(console, sluice):
    s = console()
    s.wait(" test ")
    (sluice.cwd / "sluice.yaml").write_text("environment: staging\n")
    s.wait("staging")
    (sluice.cwd / "sluice.yaml").write_text("environment: staging\nconections: {}\n")
    s.wait("sluice.yaml:2:1")
    s.keys("q")
    assert s.ended() == 0


def test_switches_the_workspace(console, sluice):
    sluice("init", "one")
    sluice("init", "two")
    s = console("-w", "one")
    s.wait(" one ")
    s.keys(":two")
    s.wait("two")
    s.keys("\r")
    s.wait(" two ")
    s.keys("q")
    assert s.ended() == 0


def test_quitting_says_what_goes_on(console, sluice):
    (sluice.cwd / "sluice.yaml").write_text("jobs: {slow: {steps: {wait: {run: [sleep, '60']}}}}\n")
    sluice("trust", "sluice.yaml")
    sluice("-w", ".", "run", "slow", "--detach")
    s = console("-w", ".")
    s.wait("overview")
    s.keys("q")
    assert s.ended() == 0
    assert b"1 execution goes on" in s.bytes[s.bytes.index(LEAVE):]
    sluice("-w", ".", "stop", "slow-1")


def test_export_writes_whole_or_not_at_all(console, sluice):
    s = console(size=(24, 120))
    s.wait("overview")
    s.keys(":keys\r")
    s.wait("palette")
    s.keys("e")
    s.wait(".csv")
    s.keys("\x15keys.csv\r")
    s.wait("rows written to")
    count = int(re.search(r"(\d+) rows written to", s.text())[1])
    text = (sluice.cwd / "keys.csv").read_text()
    assert count > 50 and text.count("\n") == count + 1 and text.startswith("connection,view,key,command,help,ref\n")
    before = sorted(os.listdir(sluice.cwd))
    s.keys("e")
    s.wait(".csv")
    s.keys("\x15nowhere/keys.csv\r")
    s.wait("was not written")
    assert sorted(os.listdir(sluice.cwd)) == before, "something of it was left behind"
    s.keys("q")
    s.keys("q")
    assert s.ended() == 0


def test_first_run(console, sluice):
    (sluice.cwd / "sluice.yaml").unlink()
    s = console("--as", "ana")
    assert s.ended() == 0
    assert "sluice demo" in s.text() and "sluice init" in s.text() and "man sluice" in s.text()


def test_unknown_and_dumb_terminals(console):
    # ncurses keeps what it began for a terminal that it does not know
    s = console("-w", ".", env={"TERM": "no-such-terminal", "ASAN_OPTIONS": "detect_leaks=0"})
    s.wait("overview")
    s.keys("q")
    assert s.ended() == 0
    s = console("-w", ".", env={"TERM": "dumb"})
    assert s.ended() != 0
    assert b"TERM=dumb" in s.bytes


def test_no_colour_and_ascii(console):
    s = console("-w", ".", env={"NO_COLOR": "1", "LC_ALL": "C"})
    s.wait("overview")
    s.keys("?")
    s.wait("help")
    assert not re.search(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m", s.bytes)
    assert all(b < 0x80 for b in s.bytes)


def test_needs_a_terminal(sluice):
    (sluice.cwd / "sluice.yaml").write_text("environment: test\n")
    assert "needs a terminal" in sluice("-w", ".", code=2).notes


@pytest.mark.parametrize("size, words", [((5, 20), "20x5 is too small"), ((5, 20), "needs 30x6"), ((1, 1), "…"), ((0, 0), "overview"),
                                         ((3000, 3000), "overview")])
def test_sizes(console, size, words):
    s = console("-w", ".", size=size)
    if size in ((0, 0), (3000, 3000)):
        s.screen.resize(*((24, 80) if size == (0, 0) else (500, 1000)))  # what it makes of them
    s.wait(words)
    s.keys("q")
    assert s.ended() == 0
    assert LEAVE in s.bytes and termios.tcgetattr(s.slave) == s.before


@pytest.mark.parametrize("term", ["", "vt100", "linux", "screen"])
def test_terminals(console, term):
    s = console("-w", ".", env={"TERM": term, "ASAN_OPTIONS": "detect_leaks=0"})
    s.wait("overview")
    s.keys("q")
    assert s.ended() == 0
    assert termios.tcgetattr(s.slave) == s.before


def test_closed_stdin(console, sluice):
    master, slave = pty.openpty()
    run = subprocess.run(["bash", "-c", f"exec '{PROGRAM}' -w . <&-"], stdout=slave, stderr=subprocess.PIPE, env=sluice.env, cwd=sluice.cwd,
                         timeout=10)
    os.close(master)
    os.close(slave)
    assert run.returncode == 2 and b"needs a terminal" in run.stderr
