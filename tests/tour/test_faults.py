"""A silent name server, a server that accepts and never answers, and a killed box, all at once: keys are answered within 16 ms, and each
pane says what is wrong."""
import os
import signal
import socket
import sys
import threading
import time

import pytest
from lib_tour import SLUICE, Folders, wait_boxes

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))
from lib_bench import Terminal  # noqa: E402

pyte = pytest.importorskip("pyte")


class Silent:
    """A UDP port that hears names and says nothing; a TCP port that accepts and says nothing."""

    def __init__(self):
        self.dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dns.bind(("127.0.0.1", 0))
        self.tcp = socket.socket()
        self.tcp.bind(("127.0.0.1", 0))
        self.tcp.listen(16)
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.kept.append(self.tcp.accept()[0])
            except OSError:
                return


class Screen:
    """What the bytes come to."""

    def __init__(self, cols, rows):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)

    def text(self):
        return "\n".join(self.screen.display)


@pytest.fixture
def broken():
    f = Folders()
    f.make_demo()
    silent = Silent()
    path = os.path.join(f.demo, "sluice.yaml")
    with open(path, encoding="utf-8") as y:
        text = y.read()
    text = text.replace("connections:\n", "connections:\n"
                        "  unnamed:  {type: mlflow, uri: \"http://mlflow.example.test:5000\", timeout: 2s}\n"
                        f"  hanging:  {{type: mlflow, uri: \"http://127.0.0.1:{silent.tcp.getsockname()[1]}\", timeout: 2s}}\n", 1)
    with open(path, "w", encoding="utf-8") as y:
        y.write(text)
    f.run("trust", path)
    f.env["SLUICE_TEST_NS"] = str(silent.dns.getsockname()[1])
    yield f
    f.remove()


def kept_waiting(*pids):
    """Milliseconds for which the first threads of these processes stood ready while the processors ran others; 0 where nobody counts."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[1])
        except (OSError, ValueError, IndexError):
            pass
    return total / 1e6


class Console:
    """The console on a pty, with a clock at its keys."""

    def __init__(self, folders):
        self.terminal, self.screen = Terminal([SLUICE, "-w", folders.demo], rows=24, cols=80, env=folders.env), Screen(80, 24)
        self.pid = self.terminal.pid

    def until(self, seen, what, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.screen.stream.feed(self.terminal.read(0.1, 0.05))
            if seen(self.screen.text()):
                return self.screen.text()
        raise AssertionError(f"the screen never showed {what}:\n{self.screen.text()}")

    def wait(self, *texts, seconds=15):
        return self.until(lambda text: all(t in text for t in texts), texts, seconds)

    def wait_rows(self, *rows, seconds=15):
        """Each of these has a row with all its words."""
        return self.until(lambda text: all(any(all(w in r for w in words) for r in text.splitlines()) for words in rows), rows, seconds)

    def leave_editor(self):
        """Esc by itself: what is typed with it would be another key. The cursor shows that it was left."""
        self.key(b"\x1b")
        self.until(lambda _: self.screen.screen.cursor.hidden, "that the editor was left")

    def key(self, keys, quiet=0.02):
        """Milliseconds to the first byte that came for it; None: it changed nothing."""
        waited, out = self.terminal.key(keys, quiet)
        self.screen.stream.feed(out)
        return waited and waited * 1000

    def measure(self, keys):
        """Of each key, once what came before it is read: (milliseconds, of which the machine was busy with others)."""
        waits = []
        for key in keys:
            self.screen.stream.feed(self.terminal.read(0.05, 0.03))
            before = kept_waiting(self.pid, os.getpid())
            if (waited := self.key(key, quiet=0)) is not None:
                waits.append((waited, min(waited, kept_waiting(self.pid, os.getpid()) - before)))
        return waits


def test_keys_stay_fast_and_panes_say_what_is_wrong(broken):
    c = Console(broken)
    try:
        c.wait("overview", "finding")
        c.key(b":sql select count(*) from range(200000000000) a, range(1000) b\r")
        c.wait("overview › sql", "compute: asked")
        boxes = wait_boxes(c.pid)
        c.leave_editor()
        c.key(b":runs\r")
        c.wait("runs", "registry")  # two of its three sources say nothing
        for pid in boxes:
            os.kill(pid, signal.SIGKILL)
        waits = c.measure([b"j", b"k"] * 100)
        raw, own = sorted(w for w, _ in waits), sorted(w - busy for w, busy in waits)
        figures = ", ".join(f"{what} {t[-1]:.1f} ms, p99 {t[len(t) * 99 // 100 - 1]:.1f} ms, median {t[len(t) // 2]:.1f} ms"
                            for what, t in (("worst", raw), ("less what the machine gave to others: worst", own)))
        print(f"{len(waits)} keys: {figures}")
        assert len(waits) >= 180, "keys moved nothing: the list is empty"
        assert own[-1] < 16, f"{figures}; slowest {own[-5:]}"
        c.wait("2 sources failed")
        c.key(b":connections\r")
        print(c.wait_rows(("unnamed", "failed"), ("hanging", "failed"), ("registry", "ok")))
        c.key(b"q")
        c.key(b"q")
        c.wait("the box died: killed", "r asks again")
        c.key(b":sql select 6*7 as answer\r")
        c.wait("answer", "42")
    finally:
        c.terminal.close()
