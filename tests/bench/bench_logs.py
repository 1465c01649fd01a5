"""Logs: a gigabyte searched beside grep and lnav, its first screen, and a file that grows while it is followed."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, Memory, Screen, at_least, budget, demo, finish, machine, note, run, settings  # noqa: E402

GIB = 1 << 30
FOLLOW_S = 20
NEEDLE = "2026-11-20T07:00:00.000Z info worker-1: the needle in the haystack\n"


def lines(n):
    """Lines as services write them, one in a thousand an error."""
    return "".join(f"2026-11-20T06:{i // 60000 % 60:02d}:{i // 1000 % 60:02d}.{i % 1000:03d}Z {'error' if i % 997 == 0 else 'info'} "
                   f"worker-{i % 16}: request {i * 2654435761 % 4294967296:08x} took {i % 977} ms, {i * 37 % 65536} bytes\n"
                   for i in range(n)).encode("ascii")


def make(path):
    """A log of a gibibyte; the needle stands a thousand lines before its end."""
    piece = lines(500000)
    with open(path, "wb") as f:
        while f.tell() < GIB:
            f.write(piece)
        f.write(NEEDLE.encode("ascii") + lines(1000))
    return os.path.getsize(path)


def best(argv, env=None, times=3):
    """The fastest of a few runs (the file is in memory from the first on), with the most memory of any."""
    runs = [run(argv, env) for _ in range(times)]
    return min(r[0] for r in runs), max(r[1] for r in runs), runs[-1]


def search(workspace, env, log, size):
    gb = size / 1e9
    grep, _, (_, _, _, found, _) = best(["env", "LC_ALL=C", "grep", "-c", "needle", log])
    ask = [SLUICE, "-w", workspace, "get", "log", log, "--filter", "text ~ 'needle'", "-o", "ndjson"]
    took, memory, (_, _, code, out, err) = best(ask, env)
    if code or out.count(b"\n") != int(found) or b"needle" not in out:
        budget(f"search found {out.count(10)} lines, exit {code}: {err[:100]!r}", None, 0, "")
    others = f"grep {gb / grep:.2g} GB/s"
    if shutil.which("lnav"):
        lnav = run(["lnav", "-n", "-c", ":filter-in needle", log], env)
        others += f", lnav {gb / lnav[0]:.2g} GB/s with {lnav[1]:.0f} MiB"
        at_least("search 1 GB, as fast as lnav", lnav[0] / took, 1)
    at_least("search 1 GB, as fast as 1 GB/s", gb / took, 1, others)
    budget("search 1 GB, most memory", memory, 64, "MiB")
    note(f"search 1 GB: {grep / took:.2f}x grep")


def open_log(workspace, env, log):
    """Seconds from Enter to the first lines, and the memory of a console that has the log open."""
    t = Screen([SLUICE, "-w", workspace], env=env)
    t.until(lambda: "findings" in t.text())
    memory = Memory(t.pid)
    t.type(b":logs " + log.encode(), lambda: os.path.basename(log) in t.text(), 30)
    t.rest(0.3)
    took = t.type(b"\r", lambda: t.text().count("worker-") > 20, 30)
    t.rest(5)
    anonymous = memory.end().mib()
    t.close()
    return took, anonymous


def first_screen(workspace, env, log):
    """It opens at the first error or at the end, and goes on to read behind the picture."""
    opened = [open_log(workspace, env, log) for _ in range(3)]
    times = sorted(took * 1000 for took, _ in opened if took is not None)
    budget("console: first lines of a 1 GB log", times[1] if len(times) == 3 else None, 50, "ms",
           "of three: " + ", ".join(f"{t:.0f}" for t in times))
    budget("console: a 1 GB log open, anonymous", max(m for _, m in opened), 64, "MiB")


def grow(path, stop):
    """About 10 MB a second, in whole lines, until told to stop."""
    piece, rest = lines(10000), 0.0
    with open(path, "ab", buffering=0) as f:
        while not stop.is_set():
            t0 = time.monotonic()
            f.write(piece)
            rest = len(piece) / 10e6 - (time.monotonic() - t0)
            time.sleep(max(0.0, rest))


def follow(workspace, env, path):
    """Memory of a console and of a command that follow a growing file: what the second half adds to the first."""
    open(path, "w", encoding="ascii").close()
    stop = threading.Event()
    writer = threading.Thread(target=grow, args=(path, stop))
    writer.start()
    t = Screen([SLUICE, "-w", workspace], env=env)
    with subprocess.Popen([SLUICE, "-w", workspace, "get", "log", path, "--watch", "-o", "ndjson"], env={**os.environ, **env},
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        t.until(lambda: "findings" in t.text())
        t.type(b":logs " + path.encode() + b"\r", lambda: "worker-" in t.text(), 30)
        os.write(t.fd, b"F")
        t.rest(10)  # until the ring is full and the oldest lines go
        pair = {"console": t.pid, "command": p.pid}
        halves = []
        for _ in range(2):
            memories = {name: Memory(pid, ("RssAnon",)) for name, pid in pair.items()}
            t.rest(FOLLOW_S / 2)
            halves.append({name: m.end().mib() for name, m in memories.items()})
        p.terminate()
    stop.set()
    writer.join()
    written = os.path.getsize(path) / 1e6
    for name in pair:
        first, second = halves[0][name], halves[1][name]
        budget(f"{name}: following for {FOLLOW_S} s, growth", max(0, second - first), 1, "MiB",
               f"{first:.1f} MiB in the first half; {written:.0f} MB written")
        budget(f"{name}: following, most memory", max(first, second), 64, "MiB")
    t.close()


def main():
    machine()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        workspace, env = demo(work), settings(work)
        log = os.path.join(work, "big.log")
        size = make(log)
        search(workspace, env, log, size)
        first_screen(workspace, env, log)
        os.unlink(log)
        follow(workspace, env, os.path.join(work, "growing.log"))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
