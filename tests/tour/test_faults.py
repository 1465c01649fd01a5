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
    with open(os.path.join(f.demo, "sluice.yaml"), encoding="utf-8") as y:
        text = y.read()
    text = text.replace("connections:\n", "connections:\n"
                        "  unnamed:  {type: mlflow, uri: \"http://mlflow.example.test:5000\", timeout: 2s}\n"
                        f"  hanging:  {{type: mlflow, uri: \"http://127.0.0.1:{silent.tcp.getsockname()[1]}\", timeout: 2s}}\n", 1)
    with open(os.path.join(f.demo, "sluice.yaml"), "w", encoding="utf-8") as y:
        y.write(text)
    f.run("trust", os.path.join(f.demo, "sluice.yaml"))
    f.env["SLUICE_TEST_NS"] = str(silent.dns.getsockname()[1])
    return f


def test_keys_stay_fast_and_panes_say_what_is_wrong(broken):
    t, s = Terminal([SLUICE, "-w", broken.demo], rows=24, cols=80, env=broken.env), Screen(80, 24)
    try:
        s.stream.feed(t.read(2, 0.5))
        for line in (b":sql select count(*) from range(200000000000) a, range(1000) b\r", b"\x1b", b":runs\r"):
            s.stream.feed(t.key(line, 0.3)[1])
        for pid in wait_boxes(t.pid):
            os.kill(pid, signal.SIGKILL)
        waits = []
        for _ in range(50):
            dt, out = t.key(b"j" if len(waits) % 2 else b"k", 0.02)
            s.stream.feed(out)
            if dt is not None:
                waits.append(dt * 1000)
            time.sleep(0.03)
        s.stream.feed(t.key(b":connections\r", 0.5)[1])
        s.stream.feed(t.read(4, 2.0))
        picture = s.text()
        waits.sort()
        assert len(waits) > 30, "most keys moved nothing: the list is empty"
        assert waits[-1] < 16, f"slowest keys: {waits[-5:]} ms"
        assert "unnamed" in picture and "hanging" in picture, picture
        assert picture.count("failed") >= 2, picture
        s.stream.feed(t.key(b"qq", 0.3)[1])
        s.stream.feed(t.read(1, 0.3))
        s.stream.feed(t.key(b":sql\r", 0.3)[1])
    finally:
        t.close()
