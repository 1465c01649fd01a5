#!/usr/bin/env python3
"""summary.py DIR: print what the tests said: suites, failures, peers, and the closing line "N passed, N failed".

DIR holds, in any number:
  ctest-NAME.xml   ctest's JUnit file (and ctest-NAME.json, its list of tests, for the labels). A program counts as the
                   cases it says it ran (cmocka's totals, pytest's, or a last line "N passed, N failed"), and as one case
                   when it says nothing; one that dies counts one failure more.
  pytest-NAME.xml  pytest's JUnit file.
  *.tsv            case SUITE PASSED FAILED SKIPPED SECONDS
                   peer NAME VERSION KIND PASSED FAILED SKIPPED SECONDS   (counted in pytest's file already)
tests/peers/required.txt names the peers that must have answered; one that did not is "absent", a failure. A skipped
test is a failure too: whoever has no way to run it must say so by not having it.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
CMOCKA = {word: re.compile(rf"^\[ +{word} +\] (\d+) test\(s\)", re.M) for word in ("PASSED", "FAILED", "SKIPPED")}
PYTEST = re.compile(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s", re.M)


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.seconds += other.seconds


def count_output(text):
    """The cases that a test program says it ran; None when it does not say."""
    totals = {word: [int(n) for n in pattern.findall(text)] for word, pattern in CMOCKA.items()}
    if any(totals.values()):
        return Count(*(sum(totals[w]) for w in ("PASSED", "FAILED", "SKIPPED")))
    ours = OURS.findall(text)
    if ours:
        return Count(int(ours[-1][0]), int(ours[-1][1]), int(ours[-1][2] or 0))
    said = PYTEST.findall(text)
    if said:
        words = dict(reversed(part.split(" ")[:2]) for part in said[-1].split(", "))
        number = {w: int(n) for w, n in words.items()}
        return Count(number.get("passed", 0), number.get("failed", 0) + number.get("errors", 0) + number.get("error", 0),
                     number.get("skipped", 0))
    return None


def labels(path):
    """{test: first label} out of what `ctest --show-only=json-v1` printed; its JUnit file has no labels in CMake 3.25."""
    if not path.exists():
        return {}
    rows = {}
    for test in json.loads(path.read_text())["tests"]:
        found = [p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"]
        rows[test["name"]] = found[0][0] if found and found[0] else "other"
    return rows


def ctest_file(path):
    """(suite, test, Count, output) of each program that ctest ran."""
    flavour = path.stem.removeprefix("ctest-")
    label = labels(path.with_suffix(".json"))
    for case in ET.parse(path).getroot().iter("testcase"):
        text = case.findtext("system-out") or ""
        status = case.get("status")
        count = count_output(text) or (Count(passed=1) if status == "run" else Count())
        if status in ("notrun", "disabled") or case.find("skipped") is not None:
            count = Count(skipped=1)
        elif status != "run" and not count.failed:
            count.failed += 1
        count.seconds = float(case.get("time") or 0)
        yield f"{label.get(case.get('name'), 'other')} ({flavour})", case.get("name"), count, text


def pytest_file(path):
    for case in ET.parse(path).getroot().iter("testcase"):
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        count = Count(bad is None and skipped is None, bad is not None, skipped is not None, float(case.get("time") or 0))
        text = "" if bad is None else (bad.text or bad.get("message") or "")
        yield path.stem.removeprefix("pytest-"), f"{case.get('classname')}.{case.get('name')}", count, text


def read(folder):
    """(suites: {name: Count}, failures: [(suite, test, output)], peers: [[name, version, kind, tests, seconds]])"""
    suites, failures, peers = {}, [], []
    cases = []
    for path in sorted(folder.glob("*.xml")):
        cases += ctest_file(path) if path.name.startswith("ctest-") else pytest_file(path)
    for path in sorted(folder.glob("*.tsv")):
        for row in (line.split("\t") for line in path.read_text().splitlines()):
            if row[0] == "case":
                cases.append((row[1], row[1], Count(*map(int, row[2:5]), float(row[5])), ""))
            elif row[0] == "peer":
                peers.append([row[1], row[2], row[3], sum(map(int, row[4:6])), float(row[7])])
    for suite, test, count, text in cases:
        suites.setdefault(suite, Count()).add(count)
        if count.failed or count.skipped:
            failures.append((suite, test, "skipped" if not count.failed else text))
    return suites, failures, peers


def required_peers():
    """Names in tests/peers/required.txt: `mlflow`, or `mlflow-2.9 all` for one that only --all asks for."""
    path = ROOT / "tests" / "peers" / "required.txt"
    rows = [line.split("#")[0].split() for line in path.read_text().splitlines()] if path.exists() else []
    everything = os.environ.get("SLUICE_PEERS") == "all"
    return [row[0] for row in rows if row and (everything or row[1:] != ["all"])]


def print_table(rows, left):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
        print("  ".join(cells).rstrip())
    print()


def main(folder):
    suites, failures, peers = read(Path(folder))
    peers += [[name, "-", "absent", 0, 0.0] for name in required_peers() if all(p[0] != name for p in peers)]
    for name, _, kind, _, _ in peers:
        if kind == "absent":
            failures.append(("peers", name, "this peer was not there"))
            suites.setdefault("peers", Count()).failed += 1
    for suite, test, text in failures:
        print(f"\nfailed: {suite}: {test}")
        for line in text.strip().splitlines()[-30:]:
            print("    | " + line)
    print()
    if suites:
        print_table([["suite", "passed", "failed", "skipped", "seconds"]] +
                    [[n, str(c.passed), str(c.failed), str(c.skipped), f"{c.seconds:.1f}"] for n, c in sorted(suites.items())], 1)
    if peers:
        print_table([["peer", "version", "real/emulator/fake/absent", "tests", "seconds"]] +
                    [[n, v, k, str(t), f"{s:.1f}"] for n, v, k, t, s in sorted(peers)], 3)
    passed = sum(c.passed for c in suites.values())
    failed = sum(c.failed + c.skipped for c in suites.values())
    tries = Path(folder) / "second_tries.txt"
    if tries.exists():
        print(tries.read_text())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
