"""A real MLflow server on a store in a folder, and a relay before it that notes for how long it was waited for."""
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

KEEP = [sys.executable, str(Path(__file__).resolve().parent.parent / "lib" / "keep.py")]  # the server ends with us, however we end


class Relay:
    """Passes bytes on, each connection in threads of its own, and notes how long the server had for each request. A connection carries one
    request after the other; several connections may wait at the same time."""

    def __init__(self, port):
        self.to = port
        self.listen = socket.create_server(("127.0.0.1", 0))
        self.port = self.listen.getsockname()[1]
        self.lock = threading.Lock()
        self.asked = []           # [path, asked, first byte, last byte]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listen.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            mine = []             # of this connection
            threading.Thread(target=self.up, args=(client, server, mine), daemon=True).start()
            threading.Thread(target=self.down, args=(client, server, mine), daemon=True).start()

    def up(self, client, server, mine):
        while data := self.take(client):
            if m := re.match(rb"(GET|POST|PATCH|DELETE|PUT) (\S+)", data):
                one = [m[2].decode(), time.monotonic(), None, None]
                mine.append(one)
                with self.lock:
                    self.asked.append(one)
            server.sendall(data)
        self.shut(server)

    def down(self, client, server, mine):
        while data := self.take(server):
            now = time.monotonic()
            if mine:
                with self.lock:
                    one = mine[-1]
                    one[2], one[3] = one[2] or now, now
            try:
                client.sendall(data)
            except OSError:
                break
        self.shut(client)

    @staticmethod
    def take(s):
        try:
            return s.recv(1 << 18)
        except OSError:
            return b""

    @staticmethod
    def shut(s):
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def forget(self):
        with self.lock:
            self.asked = []

    def served(self, since=0.0, until=float("inf")):
        """Seconds in which a client could only wait for the server, or for its bytes: requests that wait side by side count once."""
        with self.lock:
            spans = sorted((max(asked, since), min(last, until)) for _, asked, _, last in self.asked if last)
        total, end = 0.0, since
        for a, b in spans:
            total += max(0.0, b - max(a, end))
            end = max(end, b)
        return total

    def count(self, since=0.0):
        with self.lock:
            return sum(1 for _, asked, _, _ in self.asked if asked >= since)

    def first(self, path):
        with self.lock:
            return next((first for p, _, first, _ in self.asked if path in p and first), None)


class Server:
    """`mlflow server` of the environment that runs this, on FOLDER/mlflow.db."""

    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(folder / "server.log", "wb")
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
                   "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        self.process = subprocess.Popen([*KEEP, *command], cwd=folder, stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT,
                                        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
                                        start_new_session=True)
        for _ in range(400):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as c:
                    c.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    if b"200" in c.recv(64):
                        return
            except OSError:
                pass
            time.sleep(0.25)
        sys.exit("the MLflow server did not start within 100 s")

    def stop(self):
        os.killpg(self.process.pid, 15)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.log.close()
