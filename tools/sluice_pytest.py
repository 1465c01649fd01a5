"""A pytest plugin (pytest -p sluice_pytest): says for each peer which program answered, and how its tests went.

A peer is a program that nobody here wrote. Its tests carry @pytest.mark.peer("mlflow"); whoever starts it calls
`peer("mlflow", "3.17.0", "real")` with the version that the running program states and what it is: real, emulator
(somebody else's stand-in) or fake (our own). A peer that was never started is "absent", and absent fails.
Rows go to SLUICE_RESULTS/peers-PID.tsv; tools/summary.py prints them.
"""
import os
from pathlib import Path

KINDS = ("real", "emulator", "fake")
_started = {}
_counts = {}


def peer(name, version, kind):
    """Notes that peer `name` runs, in which version."""
    if kind not in KINDS:
        raise ValueError(f"a peer is one of {', '.join(KINDS)}, not {kind!r}")
    _started[name] = (str(version), kind)


def pytest_configure(config):
    config.addinivalue_line("markers", "peer(name): the test needs this program; its row is in the table of the peers")


def pytest_collection_modifyitems(items):
    for item in items:
        item.user_properties += [("peer", m.args[0]) for m in item.iter_markers("peer")]


def pytest_runtest_logreport(report):
    for key, name in report.user_properties:
        if key != "peer":
            continue
        row = _counts.setdefault(name, {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
        row["seconds"] += report.duration
        if report.when == "call" or report.outcome != "passed":
            row[report.outcome] += 1


def pytest_sessionfinish():
    folder = os.environ.get("SLUICE_RESULTS")
    if not folder or not _counts:
        return
    with open(Path(folder) / f"peers-{os.getpid()}.tsv", "w", encoding="utf-8") as f:
        for name, row in sorted(_counts.items()):
            version, kind = _started.get(name, ("-", "absent"))
            print("peer", name, version, kind, row["passed"], row["failed"], row["skipped"], f"{row['seconds']:.1f}", sep="\t", file=f)
