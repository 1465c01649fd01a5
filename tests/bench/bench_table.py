"""Tables: a million rows sorted, ten million scrolled; by the table alone (bench_table.c), then by keys in the console."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, Memory, Screen, budget, demo, finish, machine, note, percentile, run, settings  # noqa: E402

ROWS = "select i as id, (i * 7919) % 1000003 as v, hash(i) as h, 'row ' || i as name from range({}) t(i)"
FRAME = 16  # ms: what a key may take


def peer_sort(work, column):
    """GNU sort on a million lines of text, one thread, all in memory: seconds."""
    path = os.path.join(work, "lines")
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as f:
            f.writelines(f"{i * 2654435761 % 4294967296} part-{i * 7919 % 1000003:08d}\n" for i in range(1000000))
    key = ["-n", "-k1,1"] if column == "bytes" else ["-k2,2"]
    return run(["env", "LC_ALL=C", "sort", "--parallel=1", "-S", "1G", *key, "-o", "/dev/null", path])[0]


def by_itself(work):
    """bench_table.c's figures; those with a budget there are lines here."""
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_table")
    if not os.path.exists(program):
        budget("the table by itself: bench_table is not built", None, 0, "")
        return
    p = subprocess.run([program], capture_output=True, text=True, check=False, timeout=600)
    head = ""
    for line in p.stdout.splitlines():
        m = re.match(r"(.{58}) +([0-9.]+) (\S+) *(?:budget ([0-9.e+]+))?", line)
        if not m:
            head = line.strip()
            continue
        what = m[1].strip()
        head, what = (head, f"{head}: {what}") if line.startswith("  ") else (what, what)
        if not m[4]:
            note(f"{what}: {float(m[2]):.4g} {m[3]}")
            continue
        name = re.fullmatch(r"sort 1M rows by (bytes|name)", what)
        budget(what, float(m[2]), float(m[4]), m[3], f"sort {peer_sort(work, name[1]):.2g} s" if name else "")
    if p.returncode not in (0, 1) or not p.stdout:
        budget(f"the table by itself ended with {p.returncode}", None, 0, "")


def ask(t, rows):
    """Types a statement of so many rows into the palette; seconds until all of them are there."""
    took = t.type(b":sql " + ROWS.format(rows).encode() + b"\r", lambda: f"now · {rows} rows" in t.text(), 120)
    os.write(t.fd, b"\x1b")
    t.rest(0.3)  # a key right behind it would be Alt and that key
    return took


def key_waits(t, keys, times):
    """ms of so many steps; after one that never came, which counts as a second, no more are tried."""
    waits = []
    while len(waits) < times and (not waits or waits[-1] < 1000):
        waits.append((t.step(keys, 1.0) or 1.0) * 1000)
    return waits


def sorted_now(t):
    """The rows on the screen stand by their second column, and close together: nothing else has so few between them."""
    cells = [line.split() for line in t.picture.display[5:35]]
    v = [int(c[1]) for c in cells if len(c) > 1 and c[1].isdigit()]
    return len(v) > 20 and v == sorted(v) and v[-1] - v[0] < 100


def console_sort(workspace, env):
    t = Screen([SLUICE, "-w", workspace], env=env)
    t.until(lambda: "findings" in t.text())
    loaded = ask(t, 1000000)
    budget("console: a million rows of a statement are there", loaded, 2.0, "s")
    t.type(b"l", lambda: False, 0.2)  # the second column, in whose order nothing stands yet
    waits, done, t0 = [], None, time.monotonic()
    os.write(t.fd, b"s")
    while done is None and time.monotonic() < t0 + 10:  # keys go on until the sorted rows stand there
        waits += key_waits(t, b"j", 1) + key_waits(t, b"k", 1)
        done = time.monotonic() - t0 if sorted_now(t) else None
    budget("console: s until a million rows stand sorted", done, 0.5, "s")
    budget("console: a key while it sorts, worst", max(waits), FRAME, "ms",
           f"{len(waits)} keys, half within {percentile(waits, 50):.2g} ms")
    t.close()


def console_ten(workspace, env):
    t = Screen([SLUICE, "-w", workspace], env=env)
    memory = Memory(t.pid)
    t.until(lambda: "findings" in t.text())
    note(f"console: ten million rows of a statement are there after {ask(t, 10000000) or float('nan'):.3g} s")
    loading = memory.mib()
    waits = key_waits(t, b"G", 1) + key_waits(t, b"\x15", 200) + key_waits(t, b"g", 1) + key_waits(t, b"\x06", 200)
    for key in (b"G", b"g") * 5:
        waits += key_waits(t, key, 1)
    memory.end()
    budget("console: 10M rows loaded and scrolled, anonymous", memory.mib(), 64, "MiB", f"{loading:.1f} MiB of it while loading")
    budget(f"console: a page of 10M rows, p99 of {len(waits)}", percentile(waits, 99), FRAME, "ms",
           f"half within {percentile(waits, 50):.2g} ms, worst {max(waits):.3g} ms")
    t.close()


def main():
    machine()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        workspace, env = demo(work), settings(work)
        console_sort(workspace, env)
        console_ten(workspace, env)
        by_itself(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
