"""MLflow servers for tests of this folder, each of the environment that its version needs, and Sluice asked about them."""
import base64
import json
import os
import random
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
KEEP = [sys.executable, str(ROOT / "tests" / "lib" / "keep.py")]  # before a server's command: it ends with us, however we end


_given = set()


def free_port():
    """Below those that the kernel gives to connections: nobody takes it by chance before its server does."""
    least = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while least > 12000:
        port = random.SystemRandom().randrange(10000, least)
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
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
        self.folder = folder
        self.command = [python, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--host", "127.0.0.1",
                        "--port", str(self.port), "--workers", "1", *args]
        self.env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **(env or {})}
        self.start()

    def start(self):
        """Also again, after kill()."""
        self.log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen([*KEEP, *self.command], cwd=self.folder, env=self.env, stdin=subprocess.PIPE, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        for _ in range(400):
            if answer(self.url + "/health") == "OK":
                return
            assert self.process.poll() is None, Path(self.log.name).read_text(errors="replace")[-2000:]
            time.sleep(0.25)
        self.stop()
        pytest.fail("the MLflow server did not start within 100 s")

    def kill(self):
        os.killpg(self.process.pid, 9)
        self.process.wait()
        self.log.close()

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


ADMIN, READER = "a long pass-word 1", "another long pass 2"
DIALECTS = {"2.9": "mlflow29", "2.22": "mlflow222", "3.4": "mlflow34", "3.17": "test"}


def python_of(version):
    """Of an environment that has this MLflow; None: not here, or not wanted without --all."""
    if version == "3.17":
        return sys.executable
    if not os.environ.get("SLUICE_ALL") and os.environ.get("SLUICE_PEERS") != "all" and os.environ.get("SLUICE_SCENARIO") != version:
        return None
    path = Path(os.environ.get("SLUICE_DEPS", ROOT / ".deps")) / f"venv-{DIALECTS[version]}" / "bin" / "python"
    return str(path) if path.exists() else None


def peer_name(version):
    return "mlflow" if version == "3.17" else f"mlflow-{version}"


def secured(folder, version="3.17", default="READ"):
    """A server that wants a login: admin, and reader, who may only read."""
    ini = folder / "auth.ini"
    ini.write_text(f"[mlflow]\ndefault_permission = {default}\ndatabase_uri = sqlite:///{folder}/auth.db\nadmin_username = admin\n"
                   f"admin_password = {ADMIN}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n")
    server = Server(folder, "--app-name", "basic-auth", python=python_of(version),
                    env={"MLFLOW_AUTH_CONFIG_PATH": str(ini), "MLFLOW_FLASK_SERVER_SECRET_KEY": "x" * 32})
    try:
        admin_posts(server, "users/create", {"username": "reader", "password": READER})
    except BaseException:
        server.stop()
        raise
    return server


def admin_posts(server, path, body):
    login = base64.b64encode(f"admin:{ADMIN}".encode()).decode()
    req = urllib.request.Request(f"{server.url}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
                                 {"Content-Type": "application/json", "Authorization": f"Basic {login}"})
    with urllib.request.urlopen(req, timeout=60) as r:
        return r.read()


def as_admin():
    return {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": ADMIN}


def as_reader():
    return {"MLFLOW_TRACKING_USERNAME": "reader", "MLFLOW_TRACKING_PASSWORD": READER}


def settled(rows):
    """A running run's duration grows between two looks."""
    for row in rows:
        if row.get("state") == "running":
            row["duration_s"] = None
    return rows
