"""MLflow servers for tests of this folder, each of the environment that its version needs, and Sluice asked about them."""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as r:
            return r.read().decode()
    except urllib.error.HTTPError as e:
        return str(e.code)
    except OSError:
        return None


class Server:
    """`mlflow server` of the environment that runs the tests, or of another one (its python)."""

    def __init__(self, folder, *args, env=None, python=sys.executable):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "server.log", "wb")
        env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **(env or {})}
        self.process = subprocess.Popen([python, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
                                         "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", *args], cwd=folder, env=env,
                                        stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        for _ in range(400):
            if answer(self.url + "/health") == "OK":
                return
            assert self.process.poll() is None, Path(self.log.name).read_text(errors="replace")[-2000:]
            time.sleep(0.25)
        self.stop()
        pytest.fail("the MLflow server did not start within 100 s")

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 15)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.log.close()


class Sluice:
    def __init__(self, home):
        self.home = home
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(home)}
        os.chmod(home, 0o700)

    def run(self, uri, *args, settings="", code=0, env=None):
        (self.home / "sluice.yaml").write_text(f"connections:\n  reg:\n    type: mlflow\n    uri: \"{uri}\"\n{settings}")
        out = self.ask("get", *args, "-o", "json", code=code, env=env)
        return json.loads(out.stdout) if code == 0 else out.stderr.decode()

    def ask(self, *args, code=0, env=None):
        """Any command on what run() asked last."""
        out = subprocess.run([PROGRAM, "-w", str(self.home), *args, "--no-input"], capture_output=True, env={**self.env, **(env or {})},
                             timeout=120)
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout[:500]}\n{out.stderr.decode()}"
        return out


def settled(rows):
    """A running run's duration grows between two looks."""
    for row in rows:
        if row.get("state") == "running":
            row["duration_s"] = None
    return rows
