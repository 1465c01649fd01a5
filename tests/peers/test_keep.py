"""Servers of tests do not outlive a test program that was killed: keep.py ends them and their workers, processes of their own."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lib_mlflow import KEEP

SERVER = "import os, time; os.fork(); os.write(1, b'%d\\n' % os.getpid()); time.sleep(600)"  # with a worker
STARTER = """
import os, subprocess, sys, time
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=sys.stdout, start_new_session=True)
os.write(1, b'%d\\n' % p.pid)  # in one piece: three write here
time.sleep(600)
"""


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def gone(pids, within):
    end = time.monotonic() + within
    while any(map(lives, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(lives, pids))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_dies_with_its_starter(how):
    with subprocess.Popen([sys.executable, "-c", STARTER, *KEEP, sys.executable, "-c", SERVER], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as starter:
        pids = []
        try:
            pids = [int(starter.stdout.readline()) for _ in range(3)]
            assert len(set(pids)) == 3 and all(map(lives, pids)), pids
            starter.send_signal(how)
            assert gone(pids, 10), [p for p in pids if lives(p)]
        finally:
            for pid in filter(lives, pids):
                os.kill(pid, signal.SIGKILL)
            starter.kill()


def test_it_ends_with_its_server_and_waits_for_it():
    with subprocess.Popen([*KEEP, sys.executable, "-c", "raise SystemExit(7)"], start_new_session=True, stdin=subprocess.PIPE) as p:
        assert p.wait(20) == 7
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit(9))); print(1, flush=True); time.sleep(600)"
    with subprocess.Popen([*KEEP, sys.executable, "-c", slow], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        os.killpg(p.pid, signal.SIGTERM)
        assert p.wait(20) == 9
