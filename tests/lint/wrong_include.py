#!/usr/bin/env python3
"""wrong_include.py BUILD: a folder can include exactly the folders that it may.

For each folder, the compiler's own flags (BUILD/compile_commands.json) and each header of the project: what
tools/lint.py's table allows must compile, what it does not allow must not, and for the one reason that the header is
not found. So the floor plan is enforced by the build, not only by lint.
"""
import json
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import lint  # noqa: E402


def owner(path):
    """The name that a file's folder is included by: src/ui/a.c -> ui, backends/local/a.c -> backend_local."""
    parts = Path(path).relative_to(ROOT).parts
    if parts[0] == "src":
        return parts[1]
    return "backend_" + parts[1] if parts[0] == "backends" and len(parts) > 2 else parts[0]


def flags_by_folder(build):
    """{folder: (directory, flags)} from the first source of each folder."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if not path.is_relative_to(ROOT / "src") and not path.is_relative_to(ROOT / "backends") and not path.is_relative_to(ROOT / "views"):
            continue
        words = shlex.split(entry["command"])
        keep = [w for w in words if re.match(r"-(I|D|std|f)", w)]
        for i, w in enumerate(words):
            if w in ("-isystem", "-I"):
                keep += [w, words[i + 1]]
        found.setdefault(owner(path), (entry["directory"], keep))
    return found


def headers():
    """{folder: its public headers, as they are included}"""
    found = {}
    for top in ("src", "backends", "views"):
        for path in sorted((ROOT / top).rglob("*.h")):
            if not path.name.endswith("_int.h") and owner(path) != "app":
                folder = owner(path)
                base = ROOT / ("src/" + folder if top == "src" else "backends/" + folder[8:] if top == "backends" else "views")
                found.setdefault(folder, []).append(f"{folder}/{path.relative_to(base)}")
    return found


def allowed(folder, other):
    if folder == other or folder == "app":
        return True
    table = lint.LAYERS["backends" if folder.startswith("backend_") else folder]
    return other in table


def compiles(where, flags, header):
    run = subprocess.run(["gcc", *flags, "-fsyntax-only", "-x", "c", "-"], cwd=where, input=f'#include "{header}"\n', text=True,
                         capture_output=True)
    return run.returncode == 0, run.stderr


def judge(folder, where, flags, other, header):
    """None when it is as it should be, else what is wrong."""
    ok, text = compiles(where, flags, header)
    if allowed(folder, other):
        return None if ok else f"{folder} may include {header}, but it does not compile:\n{text}"
    if ok:
        return f"{folder} must not be able to include {header}, but it compiles"
    if not re.search(rf"{re.escape(header)}: No such file", text):
        return f"{folder} must not find {header}; it failed for another reason:\n{text}"
    return None


def main(build):
    cases = []
    flags = flags_by_folder(Path(build))
    for folder, (where, words) in sorted(flags.items()):
        for other, names in headers().items():
            # A forbidden folder is out of reach whichever header one tries; an allowed one must compile whole.
            cases += [(folder, where, words, other, h) for h in (names if folder == other else names[:1])]
    with ThreadPoolExecutor(2) as pool:
        wrong = [w for w in pool.map(lambda c: judge(*c), cases) if w]
    print("\n".join(wrong))
    forbidden = sum(not allowed(c[0], c[3]) for c in cases)
    print(f"{len(flags)} folders, {forbidden} forbidden includes, {len(cases) - forbidden} allowed ones")
    if not forbidden:
        print("no forbidden include was tried: the test proves nothing")
        wrong.append("")
    print(f"{len(cases) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
