"""First paint, memory, latency and bytes of the terminal, beside less, nnn, tig and lnav on the same pty in the same run."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, Screen, Terminal, budget, demo, finish, machine, percentile, settings  # noqa: E402


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
    out = {"less": measure(["less", text], page=b" "), "nnn": measure(["nnn", files], page=b"\x1b[6~")}
    out["lnav"] = measure(["lnav", text], page=b" ", settle=3, before=(b"g",))  # it opens at the end, where no key moves
    if top:
        os.chdir(top)
        out["tig"] = measure(["tig"], page=b" ")
    return {k: v for k, v in out.items() if v}


def first_picture(workspace, env, mute=False):
    """ms from exec to the overview's own words on the screen, the fastest of three: the program is in memory from the first on."""
    took = []
    for _ in range(3):
        t = Screen([SLUICE, "-w", workspace], env=env, mute=mute)
        took.append((t.until(lambda t=t: "overview" in t.text(), 5, t.started) or 5.0) * 1000)
        t.close()
    return min(took)


def refreshing(workspace, env, view):
    """ms of 200 cursor moves in a table, each until the picture shows the cursor moved, while r asks every source again and again."""
    t = Screen([SLUICE, "-w", workspace], env=env)
    t.until(lambda: "findings" in t.text())
    t.type(b":" + view + b"\r", lambda: (at := t.counter()) and at[1] > 2 and view.decode() in t.picture.display[1])
    t.rest(0.5)
    waits = []
    for i in range(200):
        if i % 4 == 0:
            os.write(t.fd, b"r")
        waits.append((t.step(b"j" if i % 2 == 0 else b"k", 1.0) or 1.0) * 1000)
    t.close()
    return waits


def main():
    machine()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    env = settings(work)
    try:
        workspace = demo(work)
        us = measure([SLUICE, "-w", workspace], env=env, settle=3, before=(b":table runs\r",))
        picture, mute = first_picture(workspace, env), first_picture(workspace, env, True)
        beside = peers(work)
        asking = refreshing(workspace, env, b"executions") + refreshing(workspace, env, b"objects")
    finally:
        shutil.rmtree(work, ignore_errors=True)

    def others(field, form="{:.0f}"):
        return ", ".join(f"{name} {form.format(v[field])}" for name, v in beside.items())

    budget("first paint", us["first"], 50, "ms", others("first"))
    budget("the overview's frame and words are there", picture, 50, "ms")
    budget("the same, on a terminal that never says its background", mute, 50, "ms")
    budget("anonymous memory at the first screens", us["anon"], 8, "MiB", others("anon", "{:.1f}"))
    budget("key to paint, worst of 20", us["wait"], 16, "ms", others("wait", "{:.1f}"))
    budget("key to paint, every source asked again, p99", percentile(asking, 99), 16, "ms",
           f"{len(asking)} keys, half within {percentile(asking, 50):.2g} ms, worst {max(asking):.3g} ms")
    budget("idle", us["idle"], 0, "B/s", others("idle"))
    budget("a cursor move, worst of 20", us["move"], 500, "B", others("move"))
    budget("a page", us["page"], 6144, "B", others("page"))
    finish()


if __name__ == "__main__":
    main()
