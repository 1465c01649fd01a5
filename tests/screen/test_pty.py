"""Every screen script again, through a real terminal: the program writes to a pty, pyte reads the bytes, the pictures must be the same.

The program side (pty.c) asks for keys and says when a picture should stand; this side knows nothing of grids, only bytes. On the way each
sequence that the program sends is checked against the short list of what a screen program may send, so nothing that outside text smuggles
in can hide in a picture that looks right.
"""
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from terminal import Pty, composed, foreign

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
SCRIPTS = sorted(HERE.rglob("*.screen"))


def program():
    for where in [os.environ.get("SLUICE_BUILD", ""), "build/release", "build/dev"]:
        path = TOP / where / "tests/screen/screen_run"
        if where and path.exists():
            return path
    return None


def cases():
    exe = program()
    for script in SCRIPTS:
        if exe is None:
            yield pytest.param(script, "all", id=str(script.relative_to(HERE)))
            continue
        for case in subprocess.run([exe, "--cases", script], capture_output=True, text=True, check=True).stdout.splitlines():
            yield pytest.param(script, case, id=f"{script.relative_to(HERE)}-{case}")


def first_size(script, case):
    before = script.read_text().split("\nopen ")[0]  # later ones are steps of their own
    m = re.search(r"(\d+)x(\d+)$", case) or re.search(r"^size (\d+)x(\d+)", before, re.M)
    return (int(m.group(1)), int(m.group(2))) if m else (80, 24)


@pytest.mark.parametrize("script,case", list(cases()))
def test_same_picture(script, case):
    exe = program()
    assert exe, "build it first: ./run build"
    pty = Pty([exe, "--case", case, script], *first_size(script, case), pipes=True)
    compared = 0
    while (asked := pty.message()) is not None:
        word, text = asked
        if word in ("keys", "paste"):
            pty.type(text, paste=word == "paste")
        elif word == "size":
            width, height = map(int, text.split("x"))
            pty.drain()
            pty.size(width, height)
            pty.screen.resize(height, width)
            pty.answer(True)
        else:
            pty.drain()
            want = [composed(row) for row in text.split("\n")[:-1]]
            until = time.monotonic() + 5
            while pty.picture() != want and time.monotonic() < until:  # it has been sent, and may still be on its way
                pty.pump(0.05)
            pty.answer(pty.picture() == want)
            assert pty.picture() == want
            compared += 1
    pty.drain()
    said = pty.process.stderr.read().decode(errors="replace")
    assert pty.process.wait() == 0, pty.raw[-2000:].decode(errors="replace") + said
    assert compared or "expect roles" in script.read_text()
    assert not foreign(pty.raw), foreign(pty.raw)[:5]
    assert pty.raw.rstrip().endswith(b"l") or b"\x1b[?1049l" in pty.raw, "the terminal was not given back"
    pty.close()
