"""What the tests of bad input and of safety share: hostile names, what a terminal may not get, folders before and after."""
import time
import unicodedata
from pathlib import Path

EVIL = b"e\x1b[31m\xe2\x80\xaev\xffi\nl\x9b\t\x07"
ENDLESS = "select count(*) from range(3000000000) a, range(1000) b where a.range * b.range % 7 = 3"
TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067"


def harmless(data):
    text = data.decode("utf-8")
    bad = [c for c in text if c != "\n" and (unicodedata.category(c) == "Cc" or c in TURNS)]
    assert not bad, f"{bad} in {text!r}"


def one_line(run):
    """What was said: one line of ours, in which nothing is obeyed by a terminal."""
    assert run.notes.startswith("sluice: ") and run.notes.count("\n") == 1, run.notes
    harmless(run.stderr)
    return run.notes


def tree(folder):
    return {str(p): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def busy(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11])


def box_of(pid, seconds=30):
    """The box at work for the program `pid`: it has computed for 0.3 s."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                for child in task.read_text().split():
                    if b"--box" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") and busy(child) > 30:
                        return int(child)
            except OSError:  # a thread that has ended meanwhile
                continue
        time.sleep(0.05)
    raise AssertionError("no box")
