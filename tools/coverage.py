#!/usr/bin/env python3
"""coverage.py BUILD [--least PERCENT] [--lines FILE]: line coverage of src/, backends/ and views/ by gcov's own counters.

Prints a row a folder and a file's worst ones; exit 1 below PERCENT. A line counts as run when any object ran it. A source
that no test program even links counts with all its lines as never run, since its object has a .gcno but no .gcda.
--lines writes {file: [lines that ran]} as JSON, for mutate.py.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ("src/", "backends/", "views/")


def gcov(notes):
    """gcov's JSON for some .gcno files; it finds the counters beside them, or counts zero."""
    run = subprocess.run(["gcov", "--json-format", "--stdout", *map(str, notes)], cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def collect(build):
    """{file below ROOT: {line: runs}}"""
    files = {}
    notes = sorted(p for p in build.rglob("*.gcno") if "/tests/" not in str(p.relative_to(build)))
    for i in range(0, len(notes), 50):
        for unit in gcov(notes[i:i + 50]):
            for source in unit["files"]:
                path = Path(unit["current_working_directory"], source["file"]).resolve()
                if not path.is_relative_to(ROOT) or not str(path.relative_to(ROOT)).startswith(OURS):
                    continue
                lines = files.setdefault(str(path.relative_to(ROOT)), {})
                for row in source["lines"]:
                    lines[row["line_number"]] = max(lines.get(row["line_number"], 0), row["count"])
    return files


def folder(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("src", "backends") and len(parts) > 2 else parts[0]


def percent(lines):
    return 100.0 * sum(n > 0 for n in lines) / len(lines) if lines else 100.0


def main():
    args = argparse.ArgumentParser()
    args.add_argument("build", type=Path)
    args.add_argument("--least", type=float, default=0)
    args.add_argument("--lines", type=Path)
    opt = args.parse_args()
    files = collect(opt.build.resolve())
    if not files:
        print(f"coverage: {opt.build} has no counters; build it with the preset cov, then run its tests")
        return 1
    if opt.lines:
        opt.lines.write_text(json.dumps({f: sorted(n for n, c in lines.items() if c) for f, lines in files.items()}))
    by_folder = {}
    for name, lines in files.items():
        by_folder.setdefault(folder(name), []).extend(lines.values())
    for name, lines in sorted(by_folder.items()):
        print(f"{percent(lines):6.1f} %  {sum(n > 0 for n in lines):6d} of {len(lines):6d}  {name}")
    for name, lines in sorted(files.items(), key=lambda f: percent(f[1].values()))[:10]:
        print(f"{percent(lines.values()):6.1f} %  lowest: {name}")
    total = percent([n for lines in files.values() for n in lines.values()])
    print(f"{total:.1f} % of the lines ran")
    return 0 if total >= opt.least else 1


if __name__ == "__main__":
    sys.exit(main())
