"""A recording of the demo opens with no workspace and no network, and shows the same pictures: every view, whole screens at 80x24.

Two things differ, and are looked at by themselves: the header says that this is a recording, and ages count from another moment (the
recording's clock stands at its end), so they are masked."""
import glob
import os
import re
import shutil
import subprocess

import pytest
from lib_tour import SLUICE, Folders, Tmux

# What is typed into the palette, what the picture must show before it counts, and keys that are pressed then: a picture after each.
VIEWS = {
    "overview": (None, ("finding", "job failed", "landing ✓ fresh", "1 failed", "champion=3"), ["j"]),
    "lake": ("lake", ("landing", "curated", "rows vs usual   rows vs usual   rows vs usual"), ["l", "j"]),
    "preview of a partition": ("preview lake:raw/@newest", ("mean_radius",), ["P"]),
    "preview of a file": ("preview {holdout}", ("mean_radius",), ["P", "X"]),
    "preview of json": ("preview {confusion}", ("confusion.json",), ["T"]),
    "preview of text": ("preview {yaml}", ("environment: demo",), ["G", "X"]),
    "preview of bytes": ("preview {ubj}", ("00000000",), ["G"]),
    "preview of an image": ("preview {image}", ("░",), ["X"]),
    "preview of an archive": ("preview {archive}", ("file",), ["Enter"]),
    "table: executions": ("executions", ("clean", "failed"), ["s", "d"]),
    "table: runs": ("runs", ("logit-all pickled",), []),
    "table: versions": ("versions", ("cancer", "pending"), []),
    "table: jobs": ("jobs", ("ingest", "features"), []),
    "table: partitions": ("partitions", ("landing", "missing"), []),
    "table: connections": ("connections", ("registry", "mlflow"), []),
    "table: audit": ("audit", ("audit",), []),
    "sql": ("sql select state, count(*) as n from executions group by 1 order by 1", ("failed", "ok"), []),
    "sql on files": ("sql select count(*) as n, avg(mean_area) as area from 'lake:raw/@newest'", ("area",), []),
    "execution": ("execution clean-2", ("✗ failed", "first error", "✓ fresh", "▲ missing", "FEEDS"), ["L"]),
    "logs": ("logs clean-2", ("log clean-2", "clean-2/validate"), ["W", "T"]),
}

# Whoever waits for an answer says so.
ON_ITS_WAY = ("go to", "asking", "loading", ": asked", "read so far")


def places(f):
    """Files of the demo by what they are."""
    def one(*pattern):
        return sorted(glob.glob(os.path.join(f.demo, *pattern)))[0]
    return {"holdout": one("lake", "holdout", "*.parquet"), "confusion": one("artifacts", "cancer", "*", "artifacts", "confusion.json"),
            "yaml": os.path.join(f.demo, "sluice.yaml"), "ubj": one("artifacts", "cancer", "models", "*", "artifacts", "model.ubj"),
            "image": one("lake", "images", "*", "*.png"), "archive": one("lake", "images", "*", "scans.tar.gz")}


def masked(picture, units=""):
    """Without the header, and without ages in whole units: "3s ago" and "4s" are the same, a duration of 0.65s is not. Rows of hex
    hold none."""
    def row_of(row):
        if re.match(r"\s*[0-9a-f]{8}  [0-9a-f]{2} ", row):
            return row
        return re.sub(r"\s+", " ", re.sub(rf"(?<![\d.])\d+({units}s|m|h\d*m?|d)\b", "AGE", row)).strip()
    return [row_of(row) for row in picture.splitlines()[1:]]


def pictures(argv, env, where, answer=None):
    """Every view's pictures, and each header; `answer` is said to the question at the end."""
    t = Tmux(argv, env)
    shown, headers = {}, {}
    try:
        t.wait("overview", "finding")
        for name, (line, texts, keys) in VIEWS.items():
            picture = t.go(line.format(**where), *texts) if line else ""
            picture = t.settled(*texts, absent=ON_ITS_WAY)
            headers[name] = picture.splitlines()[0]
            shown[name] = masked(picture, "ms|" if line == "connections" else "")  # a latency is the latest one
            if line and line.startswith("sql"):
                t.leave_editor()
            for i, key in enumerate(keys):
                t.keys(key)
                shown[f"{name}, then {' '.join(keys[:i + 1])}"] = masked(t.settled("sluice", absent=ON_ITS_WAY))
            t.do("send-keys", "Escape")
            for _ in range(8):
                if re.match(r" overview\b(?! ›)", t.settled("sluice").splitlines()[1]):
                    break
                t.keys("q")
            t.wait("overview", "finding")
        t.keys("q")
        if answer:
            t.wait("(y or n)")
            t.type(answer)
            t.keys("Enter")
        t.wait("LEFT 0")
    finally:
        t.close()
    return shown, headers


@pytest.fixture(scope="module")
def recorded():
    f = Folders()
    f.make_demo()
    the_same_person(f)
    capsule = os.path.join(f.dir, "capsule")
    shown, headers = pictures([SLUICE, "-w", f.demo, "--record", capsule, "--with-data"], f.env, places(f), "y")
    yield f, capsule, shown, headers
    f.remove()


def the_same_person(f):
    """What waits for whom depends on whose key is at hand: the person keeps theirs when the demo is gone."""
    key = shutil.copy(os.path.join(f.demo, "keys", "lead"), os.path.join(f.dir, "lead"))
    os.chmod(key, 0o600)
    os.makedirs(os.path.join(f.env["XDG_CONFIG_HOME"], "sluice"), exist_ok=True)
    with open(os.path.join(f.env["XDG_CONFIG_HOME"], "sluice", "config.yaml"), "w", encoding="ascii") as file:
        file.write(f"me: {{name: lead, key: {key}}}\n")


class Away:
    """The demo, its state and what was cached of it are elsewhere for a while: whatever is shown is in the recording."""

    def __init__(self, f):
        self.of = [f.demo, os.path.join(f.dir, "state"), os.path.join(f.dir, "cache")]

    def __enter__(self):
        for d in self.of:
            if os.path.exists(d):
                os.rename(d, d + ".away")

    def __exit__(self, *_):
        for d in self.of:
            if os.path.exists(d + ".away"):
                shutil.rmtree(d, ignore_errors=True)
                os.rename(d + ".away", d)


def test_it_replays_offline_with_equal_screens(recorded):
    f, capsule, shown, headers = recorded
    where = places(f)
    with Away(f):
        again, headers_again = pictures(["unshare", "-rn", SLUICE, "--replay", capsule] if offline() else [SLUICE, "--replay", capsule],
                                        f.env, where)
    differ = [name for name in shown if again[name] != shown[name]]
    assert not differ, "\n".join(["these differ: " + ", ".join(differ)] + shown[differ[0]] + ["---- replayed:"] + again[differ[0]])
    for name, header in headers.items():
        assert re.split(r"\s{2,}", header.strip())[:2] == ["sluice", "demo"], name
        assert "recording" in headers_again[name] and "  demo " in headers_again[name], name
        assert "recording" not in header, name


def offline():
    """A network namespace without an interface, where this machine lets us."""
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


def test_nothing_can_be_changed_in_it(recorded):
    f, capsule, _, _ = recorded
    p = f.run("--replay", capsule, "run", "clean", check=False)
    assert p.returncode != 0
    assert p.stderr.strip()


def test_what_was_not_asked_is_said(recorded):
    f, capsule, _, _ = recorded
    p = f.run("--replay", capsule, "get", "experiments", check=False)
    assert p.returncode == 1
    assert "not in this recording" in p.stderr


@pytest.mark.parametrize("words", [("get", "executions"), ("get", "runs", "cancer"), ("get", "versions"), ("get", "partitions"),
                                   ("logs", "clean-2")], ids=" ".join)
def test_a_command_replays_with_equal_rows(recorded, words):
    f, _, _, _ = recorded
    capsule = os.path.join(f.dir, "command")
    first = f.run("-w", f.demo, "--record", capsule, "--with-data", *words, "-o", "json").stdout
    os.rename(f.demo, f.demo + ".away")
    try:
        again = f.run("--replay", capsule, *words, "-o", "json").stdout
    finally:
        os.rename(f.demo + ".away", f.demo)
    assert again == first and len(first) > 40


def test_persons_are_hashed_unless_asked_for(recorded):
    f, _, _, _ = recorded
    capsule = os.path.join(f.dir, "persons")
    p = f.run("-w", f.demo, "--record", capsule, "get", "versions", "-o", "json")
    assert '"author":"ana"' in p.stdout and "hashed" in p.stderr, p.stderr
    assert '"author":"ana"' not in f.run("--replay", capsule, "get", "versions", "-o", "json").stdout
