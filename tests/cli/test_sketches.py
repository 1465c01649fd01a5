"""Sketches of data sets: written, joined in any order to the same bytes, compared; what they say agrees with what the values say."""
import csv
import json
import random
import re

import pytest


def write(path, **columns):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*columns.values()))


def draw(seed, n, shift=0.0):
    r = random.Random(seed)
    x = [round(r.gauss(shift, 1), 9) for _ in range(n)]
    return {"x": x, "cost": [round(50 * 2.0 ** v, 6) for v in x], "few": [r.randrange(5) * 0.5 for _ in range(n)],
            "visits": [r.randrange(8) for _ in range(n)], "ward": [r.choice("abcd") for _ in range(n)],
            "seen": [r.random() < 0.4 + shift / 9 for _ in range(n)], "id": [f"p{r.random()}" for _ in range(n)],
            "holes": [r.choice(["", "1.5", "2.25", "-3"]) for _ in range(n)]}


@pytest.fixture
def here(sluice):
    write(sluice.cwd / "old.csv", **draw(1, 4000))
    write(sluice.cwd / "new.csv", **draw(2, 3000, 0.4))
    return sluice


def rows(here, baseline, current, *args):
    run = here("drift", "--baseline", baseline, "--current", current, "-o", "json", *args, code=None)
    assert run.returncode in (0, 4), run.notes
    return {(r["feature"], r["test"], r["definition"]): r for r in json.loads(run.text)}, run


def same(a, b):
    keys = [k for k in a if k not in ("connection", "ref", "q_value", "p_bonferroni")]  # those know the other rows
    return {k: (a[k], b[k]) for k in keys if a[k] != b[k]}


def test_says_what_the_values_say(here):
    here("drift", "--partial", "--current", "old.csv", "--output", "old.sketch")
    here("drift", "--partial", "--current", "sql:from 'new.csv'", "--output", "new.sketch")
    tests = ("--tests", "auto,ks,wasserstein,wasserstein@scipy,chi2,linf,linf_robust")
    want, by_values = rows(here, "old.csv", "new.csv", *tests)
    got, by_sketches = rows(here, "old.sketch", "new.csv", *tests)
    assert list(got) == list(want) and by_sketches.returncode == by_values.returncode == 0
    bounded = 0
    for key, row in got.items():
        bounds = re.fullmatch(r"between (\S+) and (\S+), from sketches", row["note"] or "")
        if not bounds:
            assert not same(row, want[key]), key
            continue
        bounded += 1
        low, high = map(float, bounds.groups())
        assert low * (1 - 1e-6) <= want[key]["statistic"] <= high * (1 + 1e-6) and low <= row["statistic"] <= high * (1 + 1e-6)
        assert row["drifted"] in (None, want[key]["drifted"]) and row["threshold"] == want[key]["threshold"]
        assert not [k for k in ("n_baseline", "n_current", "missing_baseline", "missing_current") if row[k] != want[key][k]]
    assert bounded == 10
    assert got["x", "wasserstein", "evidently"]["drifted"] is True
    again, _ = rows(here, "old.sketch", "new.sketch", *tests)
    assert not any(same(again[k], got[k]) for k in got)


def test_parts_in_any_order(here):
    lines = (here.cwd / "old.csv").read_text().splitlines(keepends=True)
    body = lines[1:]
    random.Random(5).shuffle(body)
    for k in range(4):
        (here.cwd / f"part{k}.csv").write_text(lines[0] + "".join(body[k::4]))
        here("drift", "--partial", "--current", f"part{k}.csv", "--output", f"part{k}.sketch")
    here("drift", "--partial", "--current", "old.csv", "--output", "old.sketch")
    names = [f"part{k}.sketch" for k in range(4)]
    for order in (names, names[::-1], [names[2], names[0], names[3], names[1]]):
        here("drift", "--merge", *order, "--output", "joined.sketch")
        assert (here.cwd / "joined.sketch").read_bytes() == (here.cwd / "old.sketch").read_bytes()
    here("drift", "--baseline", "part*.sketch", "--current", "old.csv", code=0)


def test_wrong(here):
    for args, words in ((("--partial", "--output", "w.sketch"), "--partial needs --current"),
                        (("--partial", "--current", "old.csv"), "--output W.sketch"),
                        (("--merge", "--output", "w.sketch"), "--merge needs the files"),
                        (("--merge", "old.csv", "--output", "w.sketch"), "end in .sketch"),
                        (("--partial", "--merge", "--output", "w.sketch"), "one of"),
                        (("--baseline", "old.csv", "--partial", "--current", "new.csv", "--output", "w.sketch"), "one of")):
        assert words in here("drift", *args, code=2).notes
    (here.cwd / "bad.sketch").write_bytes(b"SLSKETCH\1\2\3")
    assert "bad.sketch: no file of sketches: byte" in here("drift", "--baseline", "bad.sketch", "--current", "new.csv", code=1).notes
    here("drift", "--baseline", "none.sketch", "--current", "new.csv", code=1)
    here("drift", "--partial", "--current", "old.csv", "--output", "old.sketch")
    (here.cwd / "two.csv").write_text("a,b\n1,2\n")
    here("drift", "--partial", "--current", "two.csv", "--output", "two.sketch")
    run = here("drift", "--merge", "old.sketch", "two.sketch", "--output", "w.sketch", code=2)
    assert "two.sketch" in run.notes and "parts of one data set have the same" in run.notes
    assert not (here.cwd / "w.sketch").exists()
    (here.cwd / "empty.csv").write_text("a,b\n")
    assert "no rows" in here("drift", "--partial", "--current", "empty.csv", "--output", "w.sketch", code=1).notes
