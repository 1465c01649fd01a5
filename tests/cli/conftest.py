"""What the tests of the command line share: the program, and a home of its own for each test."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import lab

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))


def notes(stderr):
    """Without gcov's own words, which come where a test keeps it from writing its counters."""
    return re.sub(r"^(libgcov )?profiling( error)?:.*\n", "", stderr.decode("utf-8", "surrogateescape"), flags=re.M)


class Sluice:
    """Runs the program in a folder, with a home where nothing is."""

    def __init__(self, home, cwd):
        self.cwd = cwd
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm-256color",
                    "XDG_RUNTIME_DIR": str(home / "run"), "TMPDIR": str(home / "tmp"),
                    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1"}
        (home / "run").mkdir(mode=0o700)
        (home / "tmp").mkdir()

    def __call__(self, *args, code=0, env=None, stdin=subprocess.DEVNULL, timeout=120, cwd=None):
        run = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, env={**self.env, **(env or {})}, cwd=cwd or self.cwd,
                             stdin=stdin, timeout=timeout)
        run.text = run.stdout.decode("utf-8", "surrogateescape")
        run.notes = notes(run.stderr)
        if code is not None:
            assert run.returncode == code, f"sluice {' '.join(map(str, args))}: exit {run.returncode}, not {code}\n{run.text}{run.notes}"
        return run

    def json(self, *args, **kwargs):
        return json.loads(self(*args, "-o", "json", **kwargs).text)


@pytest.fixture
def sluice(tmp_path):
    home, cwd = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    cwd.mkdir()
    return Sluice(home, cwd)


@pytest.fixture
def here(sluice):
    """The small workspace of lab.py, trusted, and chosen without -w."""
    lab.make(sluice.cwd)
    sluice("trust", "sluice.yaml")
    sluice.env["SLUICE_WORKSPACE"] = str(sluice.cwd)
    return sluice


# The demo's workspace in a folder, and a way to ask it.
def make_demo(top):
    env = {**os.environ, "HOME": str(top), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(top / "run")}
    env = {k: v for k, v in env.items() if not k.startswith(("SLUICE", "SSH_")) or k in ("SLUICE_LIB",)}
    (top / "run").mkdir(mode=0o700)
    subprocess.run([PROGRAM, "demo", "--dir", str(top / "demo")], env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def ask(*args, code=0):
        run = subprocess.run([PROGRAM, "-w", str(top / "demo"), *args], env=env, cwd=top, capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=60)
        assert code is None or run.returncode == code, (args, run.returncode, run.stderr)
        return run
    ask.store = top / "demo" / "mlflow.db"
    return ask


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """One for all, which nobody changes."""
    return make_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_maker(tmp_path_factory):
    """One of one's own."""
    return lambda: make_demo(tmp_path_factory.mktemp("demo"))
