#!/usr/bin/env python3
"""tools/summary.py counts cases as they were, and never makes a failure disappear."""
import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import summary  # noqa: E402

CMOCKA = """[==========] Running 4 test(s).
[ RUN      ] a
[       OK ] a
[  FAILED  ] b
[==========] 4 test(s) run.
[  PASSED  ] 2 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] c

 1 SKIPPED TEST(S)
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] b

 1 FAILED TEST(S)
"""


def numbers(count):
    return count and (count.passed, count.failed, count.skipped)


def summarise(files):
    """(exit code, last line) for a folder of results with these files."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        code = summary.main(folder)
    return code, out.getvalue().strip().split("\n")[-1]


def ctest(status, output, extra=""):
    return (f'<testsuite><testcase name="unit_x" status="{status}" time="0.5">{extra}'
            f"<system-out>{output}</system-out></testcase></testsuite>")


class Counting(unittest.TestCase):
    def setUp(self):
        self.required, summary.required_peers = summary.required_peers, lambda: self.peers
        self.peers = []

    def tearDown(self):
        summary.required_peers = self.required

    def test_outputs(self):
        self.assertEqual(numbers(summary.count_output(CMOCKA)), (2, 1, 1))
        self.assertEqual(numbers(summary.count_output(CMOCKA + CMOCKA)), (4, 2, 2))
        self.assertEqual(numbers(summary.count_output("x\n7 passed, 2 failed\n")), (7, 2, 0))
        self.assertEqual(numbers(summary.count_output("=== 1 failed, 3 passed, 2 errors in 0.10s ===\n")), (3, 3, 0))
        self.assertIsNone(summary.count_output("hello\n"))

    def test_passed(self):
        self.assertEqual(summarise({"ctest-release.xml": ctest("run", "3 passed, 0 failed")}), (0, "3 passed, 0 failed"))
        self.assertEqual(summarise({"ctest-release.xml": ctest("run", "")}), (0, "1 passed, 0 failed"))

    def test_died(self):
        self.assertEqual(summarise({"ctest-release.xml": ctest("fail", "3 passed, 0 failed")}), (1, "3 passed, 1 failed"))
        self.assertEqual(summarise({"ctest-release.xml": ctest("fail", CMOCKA)}), (1, "2 passed, 2 failed"))
        self.assertEqual(summarise({"ctest-release.xml": ctest("notrun", "")}), (1, "0 passed, 1 failed"))

    def test_nothing(self):
        self.assertEqual(summarise({}), (1, "0 passed, 0 failed"))

    def test_pytest(self):
        text = ('<testsuite><testcase classname="a" name="b" time="1"/><testcase classname="a" name="c"><failure message="x"/></testcase>'
                '<testcase classname="a" name="d"><error/></testcase><testcase classname="a" name="e"><skipped/></testcase></testsuite>')
        self.assertEqual(summarise({"pytest-peers.xml": text}), (1, "1 passed, 3 failed"))

    def test_peers(self):
        good = ctest("run", "")
        there = "peer\tmlflow\t3.17.0\treal\t4\t0\t0\t2.0\n"
        self.peers = ["mlflow"]
        self.assertEqual(summarise({"ctest-release.xml": good, "p.tsv": there}), (0, "1 passed, 0 failed"))
        self.assertEqual(summarise({"ctest-release.xml": good}), (1, "1 passed, 1 failed"))
        self.assertEqual(summarise({"ctest-release.xml": good, "p.tsv": there.replace("real", "absent")}), (1, "1 passed, 1 failed"))

    def test_steps(self):
        self.assertEqual(summarise({"ctest-release.xml": ctest("run", ""), "steps.tsv": "case\tbuild dev\t0\t1\t0\t0\n"}),
                         (1, "1 passed, 1 failed"))


if __name__ == "__main__":
    os.environ.pop("SLUICE_PEERS", None)
    result = unittest.main(exit=False, verbosity=1).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
