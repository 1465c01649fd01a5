"""First paint, memory, latency and bytes of the terminal, beside less, nnn, tig and lnav on the same pty in the same run."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import Terminal, budget, finish  # noqa: E402

SLUICE = os.environ["SLUICE"]


def measure(argv, down=b"j", page=b"\x06", env=None, settle=1.0, before=()):
    """Dict of what one program needs; None where the program is missing."""
    if not shutil.which(argv[0]):
        return None
    t = Terminal(argv, env=env)
    start = len(t.read(settle, 0.3))
    for keys in before:
        t.key(keys, 0.3)
    memory = t.status("RssAnon")
    idle = len(t.read(3.0))
    moves, waits = [], []
    for _ in range(20):
        dt, out = t.key(down)
        moves.append(len(out))
        waits.append(dt if dt is not None else 2.0)
    dt, out = t.key(page)
    result = {"first": (t.first or 9) * 1000, "start": start, "anon": (memory or 0) / 1024, "idle": idle / 3, "move": max(moves),
              "wait": sorted(waits)[-1] * 1000, "page": len(out)}
    t.close()
    return result


def peers(work):
    """The same keys on programs that people know."""
    text = os.path.join(work, "text")
    with open(text, "w", encoding="ascii") as f:
        f.writelines(f"2026-11-20T06:00:{i % 60:02d}.{i % 1000:03d} info line {i} of the log\n" for i in range(100000))
    files = os.path.join(work, "files")
    os.mkdir(files)
    for i in range(2000):
        open(os.path.join(files, f"file-{i:05d}"), "w", encoding="ascii").close()
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False).stdout.strip()
    out = {"less": measure(["less", text], page=b" "), "nnn": measure(["nnn", files], page=b"\x04")}
    out["lnav"] = measure(["lnav", text], page=b" ", settle=3)
    if top:
        os.chdir(top)
        out["tig"] = measure(["tig"], page=b" ")
    return {k: v for k, v in out.items() if v}


def main():
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    env = {f"XDG_{k}_HOME": os.path.join(work, k) for k in ("CONFIG", "DATA", "STATE", "CACHE")}
    try:
        demo = os.path.join(work, "demo")
        subprocess.run([SLUICE, "demo", "--dir", demo], env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True, timeout=120)
        us = measure([SLUICE, "-w", demo], env=env, settle=3, before=(b":table runs\r",))
        beside = peers(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)

    def others(field, form="{:.0f}"):
        return ", ".join(f"{name} {form.format(v[field])}" for name, v in beside.items())

    budget("first paint", us["first"], 50, "ms", others("first"))
    budget("anonymous memory at the first screens", us["anon"], 8, "MiB", others("anon", "{:.1f}"))
    budget("key to paint, worst of 20", us["wait"], 16, "ms", others("wait", "{:.1f}"))
    budget("idle", us["idle"], 0, "B/s", others("idle"))
    budget("a cursor move, worst of 20", us["move"], 500, "B", others("move"))
    budget("a page", us["page"], 6144, "B", others("page"))
    finish()


if __name__ == "__main__":
    main()
