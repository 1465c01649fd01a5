"""The program itself on a terminal: it starts, is quiet, takes whatever is typed, and gives the terminal back, whatever ends it."""
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from terminal import Pty, foreign

TOP = Path(__file__).resolve().parent.parent.parent
BUILDS = [Path(os.environ.get("SLUICE_BUILD", "/nonexistent")), TOP / "build/release"]
SLUICE = next((b / "sluice" for b in BUILDS if (b / "sluice").exists()), None)

# reliability.md 2.5, number 14: what a terminal, or somebody at it, may send.
INPUT = [b"\x1b[200~rm -rf\n\x1b[201~", b"\x1b[200~a\x1b[200~b\x1b[201~c\x1b[201~", b"\x1b[200~no end ", b"\x1b[201~",
         b"\x1b[M\xff\xff\xff", b"\x1b[<0;1000000000;1000000000M", b"\x1b[97;5u", b"\x1b[I\x1b[O" * 500, b"\x1b]11;rgb:ffff/ffff/ffff\x07",
         b"\x1b[?1;2c", b"\x1bP1$r0m\x1b\\", b"\xff\xfe\xc0\xaf", b"\x1b[" + b"1;" * 5000 + b"H", b"\x1b" * 200, b"\x00" * 64, b"\xe2\x82"]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws/sluice.yaml").write_text("environment: test\nconnections: {}\n")
    home = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")}
    (tmp_path / "home").mkdir(mode=0o700)
    return str(tmp_path / "ws"), home


def start(place, width=80, height=24, **more):
    assert SLUICE, "build it first: ./run build"
    folder, home = place
    pty = Pty([str(SLUICE), "-w", folder], width, height, **{**home, **more})
    pty.wait_for("read-only", 15)
    return pty


def given_back(pty):
    raw = bytes(pty.raw)
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?2004h", b"\x1b[?2004l"), (b"\x1b[?25l", b"\x1b[?25h")):
        assert on not in raw or raw.rfind(off) > raw.rfind(on), f"{off} was not sent"


def test_opens_and_quits(place):
    pty = start(place)
    pty.wait_until(lambda rows: "sluice" in rows[0] and "overview" in rows[1], "no overview")
    pty.type("q")
    assert pty.end() == 0
    given_back(pty)
    assert not foreign(pty.raw)


def background(pty, color):
    os.write(pty.master, b"\x1b]11;" + color + b"\x07")


def quiet(pty, seconds=0.5):
    """What is sent until nothing has come for a while."""
    before = len(pty.raw)
    while True:
        at = len(pty.raw)
        pty.pump(seconds)
        if len(pty.raw) == at:
            return bytes(pty.raw[before:])


def answered(pty, seconds=10):
    """What is sent once something is, until nothing more comes."""
    before, until = len(pty.raw), time.monotonic() + seconds
    while len(pty.raw) == before and time.monotonic() < until:
        pty.pump(0.05)
    quiet(pty)
    return bytes(pty.raw[before:])


def leave_help(pty):
    """Esc alone: what is typed with it would be another key."""
    pty.type("Esc")
    pty.wait_gone("everywhere")
    pty.type("q")


@pytest.mark.parametrize("color, drawn_anew", [(b"rgb:0000/0000/0000", False), (b"rgb:1e/1e/2e", False), (b"rgb:ffff/ffff/ffff", True),
                                               (b"rgb:f/f/e", True), (b"rgba:fafa/fafa/fafa/ffff", True), (b"rgb:", False),
                                               (b"rgb:xx/yy/zz", False), (b"?", False)])
def test_the_first_picture_waits_for_no_answer(place, color, drawn_anew):
    """The terminal says its background only when the picture stands: a program that waited for it would have given up, and not hear it.
    What was guessed right is not drawn again."""
    pty = start(place)
    pty.wait_until(lambda _: b"\x1b]11;?\x07" in bytes(pty.raw), "it does not ask")
    quiet(pty, 0.2)  # an answer counts for two seconds
    was = pty.picture()
    background(pty, color)
    sent = answered(pty) if drawn_anew else quiet(pty)
    assert bool(sent) == drawn_anew, sent
    assert pty.picture() == was
    background(pty, b"rgb:0000/0000/0000")  # a second one was not asked for
    if drawn_anew:
        assert not quiet(pty)
    pty.type("q")
    assert pty.end() == 0
    given_back(pty)


def test_an_answer_in_pieces_is_no_key(place):
    for _ in range(10):
        pty = start(place)
        quiet(pty, 0.2)
        pauses, last = [], time.monotonic()
        for piece in (b"\x1b]11;rgb:ff", b"ff/ffff/f", b"fff\x07"):
            os.write(pty.master, piece)
            pauses.append(time.monotonic() - last)
            last = time.monotonic()
            pty.taken()
        if max(pauses) < 0.03:
            break
        pty.process.terminate()  # the machine had no time for us: the program waits 0.05 s for the next piece
        pty.end()
    assert answered(pty)
    assert "overview" in pty.picture()[1]
    pty.type("q")
    assert pty.end() == 0


def test_idle_sends_nothing(place):
    pty = start(place)
    quiet(pty, 1)
    before = len(pty.raw)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        pty.pump(0.2)
    assert len(pty.raw) == before, bytes(pty.raw[before:])
    pty.type("q")
    pty.end()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_give_the_terminal_back(place, sig):
    pty = start(place)
    pty.process.send_signal(sig)
    pty.end()
    given_back(pty)


def test_window_changes(place):
    pty = start(place)
    for width, height in ((40, 10), (200, 60), (20, 4), (80, 24)):
        pty.drain()
        pty.screen.resize(height, width)
        pty.screen.reset()  # nothing of the last picture counts
        pty.size(width, height)
        if width >= 30:
            pty.wait_until(lambda rows, h=height: "help" in rows[-1] and "palette" in rows[-1] and len(rows) == h, f"no {height} rows")
        else:
            pty.wait_for("too small")
    pty.type("q")
    assert pty.end() == 0


def test_suspend_and_resume(place):
    pty = start(place)
    pty.type("Ctrl-Z")
    until = time.monotonic() + 5
    while time.monotonic() < until and stat_of(pty.process.pid) != "T":
        pty.pump(0.05)
    assert stat_of(pty.process.pid) == "T"
    pty.drain()
    given_back(pty)
    before = len(pty.raw)
    pty.process.send_signal(signal.SIGCONT)
    until = time.monotonic() + 5
    while time.monotonic() < until and len(pty.raw) == before:
        pty.pump(0.05)
    pty.wait_for("read-only")
    pty.type("q")
    assert pty.end() == 0


def stat_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize("number", range(len(INPUT)))
def test_odd_input_does_no_harm(place, number):
    pty = start(place)
    os.write(pty.master, INPUT[number])
    pty.drain()
    time.sleep(0.3)
    os.write(pty.master, b"\x1b[201~")  # what was begun ends
    pty.drain()
    time.sleep(0.2)
    for _ in range(4):
        pty.type("Esc")
    pty.drain()
    assert pty.process.poll() is None, "it ended"
    assert not foreign(pty.raw)
    pty.type("Ctrl-C")
    time.sleep(0.1)
    pty.type("Ctrl-C")
    pty.end()
    given_back(pty)


def test_random_input_does_no_harm(place):
    seed = int(os.environ.get("SLUICE_SEED", "1"))
    rng = random.Random(seed)
    pty = start(place)
    for _ in range(60):
        # not q nor Ctrl-C, -Z, -\: they end or stop it, as they should
        os.write(pty.master, bytes(b for b in rng.randbytes(48) if b not in b"q\x03\x1a\x1c\x13\x11"))
        pty.drain()
    assert pty.process.poll() is None, f"it ended; seed {seed}"
    assert not foreign(pty.raw)
    pty.process.send_signal(signal.SIGTERM)
    pty.end()
    given_back(pty)


@pytest.mark.parametrize("term", ["linux", "vt100", "screen-256color", "tmux-256color", "xterm", "no-such-terminal"])
def test_other_terminals(place, term):
    if term != "no-such-terminal" and subprocess.run(["infocmp", term], capture_output=True).returncode:
        pytest.skip(f"no terminfo entry for {term}")
    pty = start(place, TERM=term)
    pty.wait_until(lambda rows: "overview" in rows[1], "no overview")
    pty.type("?")
    pty.wait_for("everywhere")
    leave_help(pty)
    assert pty.end() == 0


def test_dumb_terminal_is_told(place):
    folder, home = place
    pty = Pty([str(SLUICE), "-w", folder], 80, 24, TERM="dumb", **home)
    assert pty.end() == 2
    said = pty.process.stderr.read() + bytes(pty.raw)
    assert b"TERM=dumb" in said and b"\x1b" not in said


def test_no_color(place):
    pty = start(place, NO_COLOR="1")
    pty.type("?")
    pty.wait_for("everywhere")
    assert not re.search(rb"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)(?:;\d+)*m", bytes(pty.raw))
    leave_help(pty)
    assert pty.end() == 0


def test_ascii_where_the_locale_has_no_more(place):
    pty = start(place, LC_ALL="C", LANG="C")
    pty.type("?")
    pty.wait_for("everywhere")
    assert bytes(pty.raw).isascii()
    leave_help(pty)
    assert pty.end() == 0


@pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")
def test_in_tmux(place, tmp_path):
    folder, home = place
    command = f"{SLUICE} -w {folder}; echo gone $?; read x"
    pty = Pty(["tmux", "-S", str(tmp_path / "t"), "-f", "/dev/null", "new-session", command], 80, 24, **home)
    pty.wait_for("read-only", 15)
    pty.type("?")
    pty.wait_for("everywhere")
    leave_help(pty)  # tmux holds an Esc back for half a second
    pty.wait_for("gone 0")
    pty.type("Enter")
    pty.end()
