#!/usr/bin/env python3
"""mutate.py [N] [SEED] [PATH...]: are the tests awake? Changes one covered line at a time, N times, and sees whether a test notices.

A change is one of: a comparison turned or shifted, && and || swapped, a call dropped, a constant off by one. It is made in
a copy of the tree (build/mutate/tree), never here. A change that does not compile does not count; the copy is
built with ASan, which notices what a dropped free leaves behind. The tests named after
the changed file's folder are built and run first, since they most often notice. PATH (src/model, src/model/audit) keeps to
files whose names begin so. Exit 1 when fewer than 80 of 100 are noticed; the same
SEED gives the same changes.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import lint  # noqa: E402

WORK = ROOT / "build" / "mutate"
TREE, BUILD = WORK / "tree", WORK / "build"
NOT_THESE = "bench|lint|peers|torture"
LEAST = 0.8
JOBS = os.environ.get("SLUICE_JOBS") or str(os.cpu_count())
TURNED = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&"}
OPERATOR = re.compile(r"(?<=\s)(==|!=|<=|>=|<|>|&&|\|\|)(?=\s)")
CALL = re.compile(r"^(\s*)((?:\(void\)\s*)?\w+\([^{}]*\));\s*$")
NUMBER = re.compile(r"(?<![\w.\"])(\d+)(?![\w.\"])")


def changes(line, code):
    """Each (what, new line) for a line whose text is `line` and whose code, comments and strings blanked, is `code`."""
    for m in OPERATOR.finditer(code):
        new = TURNED[m.group(1)]
        yield f"{m.group(1)} became {new}", line[:m.start()] + new + line[m.end():]
    m = CALL.match(code)
    if m and not m.group(2).startswith(("return", "if", "while", "for", "switch", "assert", "sl_assert", "va_")):
        yield f"dropped {line.strip()}", m.group(1) + ";"
    for m in NUMBER.finditer(code):
        new = str(int(m.group(1)) + 1)
        yield f"{m.group(1)} became {new}", line[:m.start()] + new + line[m.end():]


def candidates(paths):
    """Every change on every covered line: (file, line number, what, new line)."""
    covered = json.loads((WORK / "lines.json").read_text())
    found = []
    for name, numbers in sorted(covered.items()):
        if paths and not name.startswith(tuple(paths)):
            continue
        text = (ROOT / name).read_text()
        # Blanking keeps the columns; a directive (a macro's body) becomes empty and is left alone.
        lines, code = text.split("\n"), lint.without_directives(lint.blank(text)).split("\n")
        for n in numbers:
            if n <= len(lines) and len(code[n - 1]) == len(lines[n - 1]):
                found += [(name, n, what, new) for what, new in changes(lines[n - 1], code[n - 1])]
    return found


def run(*argv, **kw):
    return subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, **kw)


def must(what, *argv, **kw):
    start = time.monotonic()
    done = run(*argv, **kw)
    if done.returncode:
        print((done.stdout + done.stderr)[-4000:], file=sys.stderr)
        sys.exit(f"mutate: {what} failed")
    print(f"{time.monotonic() - start:6.1f} s  {what}", flush=True)


def prepare():
    """The covered lines of this tree, and a copy of it whose tests pass."""
    must("build cov", ROOT / "tools" / "build.sh", "cov", cwd=ROOT)
    for counters in (ROOT / "build" / "cov").rglob("*.gcda"):
        counters.unlink()
    must("tests over cov", "ctest", "--test-dir", ROOT / "build" / "cov", "-j", JOBS, "-LE", NOT_THESE, "--no-tests=error")
    WORK.mkdir(parents=True, exist_ok=True)
    must("covered lines", sys.executable, ROOT / "tools" / "coverage.py", ROOT / "build" / "cov", "--lines", WORK / "lines.json")
    copy()
    must("configure the copy", "cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DSLUICE_SANITIZE=address",
         f"-DSLUICE_DEPS_DIR={os.environ.get('SLUICE_DEPS') or deps_dir()}")
    must("build the copy", "ninja", "-C", BUILD, "-j", JOBS)
    if not tests_pass([]):
        sys.exit("mutate: the tests fail before anything was changed")


def deps_dir():
    return run("bash", "-c", '. tools/lib.sh; echo "$deps"', cwd=ROOT).stdout.strip()


def copy():
    shutil.rmtree(TREE, ignore_errors=True)
    for name in lint.known_files():
        target = TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


def tests_pass(options):
    # A change may make a loop endless: a test that hangs has noticed.
    return run("ctest", "--test-dir", BUILD, "-j", JOBS, "-LE", NOT_THESE, "--stop-on-failure", "--timeout", "30", *options).returncode == 0


def noticed(name):
    """True: a test failed. False: all passed. None: it did not compile."""
    near = f"unit_{(lint.folder_of(name) or 'app').removesuffix('s')}"
    units = (TREE / "tests" / "unit").glob(near.removeprefix("unit_") + "_*.c")
    targets = [p.stem for p in units if not p.stem.endswith(("_oom", "_faults"))]
    if run("ninja", "-C", BUILD, "-j", JOBS, *(f"unit_{t}" for t in targets)).returncode:
        return None
    if targets and not tests_pass(["-R", f"^{near}_"]):
        return True
    if run("ninja", "-C", BUILD, "-j", JOBS).returncode:
        return None
    return not tests_pass(["-E", f"^{near}_"])


def main(argv):
    wanted = int(argv[0]) if argv else 100
    seed = int(argv[1]) if len(argv) > 1 else random.SystemRandom().randrange(1 << 32)
    prepare()
    pool = candidates(argv[2:])
    random.Random(seed).shuffle(pool)
    print(f"seed {seed}: {wanted} of {len(pool)} possible changes", flush=True)
    killed = tried = broken = 0
    for name, n, what, new in pool:
        if tried == wanted:
            break
        path = TREE / name
        before = path.read_text()
        lines = before.split("\n")
        lines[n - 1] = new
        path.write_text("\n".join(lines))
        try:
            fate = noticed(name)
        finally:
            path.write_text(before)
        if fate is None:
            broken += 1
            continue
        tried += 1
        killed += fate
        if not fate:
            print(f"survived  {name}:{n}: {what}", flush=True)
    print(f"{killed} of {tried} changes were noticed ({broken} did not compile); seed {seed}")
    return 0 if tried and killed >= LEAST * tried else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
