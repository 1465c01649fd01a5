"""--engine pushdown: the engine is asked for counts and sums, no row comes back, and what is said is what local says."""
import csv
import json
import math
import os
import random
import re
import subprocess
import time

import pytest

import conftest
from misuse import box_of

PROFILES = ["evidently", "nannyml", "monitor", "deequ", None]
TESTS = ("auto,ks,psi,js,kl,hellinger,wasserstein,wasserstein@scipy,chi2,z,tvd,g,fisher,anderson,cvm,mannw,t,welch,energy,es,"
         "linf,linf_robust,js@nannyml,hellinger@nannyml,ks@nannyml,linf@deequ")
NAME = '"a ""b\' `c\n; --"'
VALUES = "needs the values, which stay in the engine"
# What of more than 1,024 different numbers cannot be told without them.
UNTOLD = {("anderson", None), ("cvm", None), ("mannw", None), ("es", None), ("ks", "nannyml"), ("wasserstein", "nannyml")}


def write(path, columns):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*columns.values()))


def draw(seed, n, shift=0.0, most=10 ** 6):
    r = random.Random(seed)
    x = [r.gauss(shift, 1) for _ in range(n)]
    odd = ["nan", "inf", "-inf", "-0.0", "0.0", "5e-324", "-2.2e-308", "1.5", ""]
    wards = "abcd" + ("e" if shift else "f")  # one comes, one goes
    return {"x": x, "cost": [50 * 2.0 ** v for v in x], "far": [1e15 + round(v * 1000) for v in x],
            "few": [r.randrange(5) * 0.5 for _ in x], "visits": [r.randrange(8) for _ in x], "number": [r.randrange(most) for _ in x],
            "ward": [r.choice(wards) for _ in x],
            "seen": [r.random() < 0.4 + shift / 9 for _ in x], "id": [f"p{r.random()}" for _ in x],
            "holes": [r.choice(["", "1.5", "2.25", "-3"]) for _ in x], "none": [""] * n, "one": [4.25] * n,
            "odd": [v if i else "1.0" for i, v in enumerate(r.choice(odd) for _ in x)],
            "wild": [r.choice([repr(v), repr(v), repr(v), "inf", "-inf", ""]) for v in x],
            "tiny": [v * 1e-310 for v in x], "day": [f"2026-{1 + r.randrange(12):02}-{1 + r.randrange(28):02}" for _ in x],
            'q"u\'o; --': [round(v, 2) for v in x], "gone" if not shift else "come": list(range(n)),
            "type": [r.randrange(3) if shift else r.choice("uvw") for _ in x]}


@pytest.fixture
def here(sluice):
    write(sluice.cwd / "old.csv", draw(1, 2600))
    write(sluice.cwd / "new.csv", draw(2, 2100, 0.2))
    return sluice


@pytest.fixture
def parquet(here):
    """The same, which no statement parses anew."""
    for name in ("old", "new"):
        here("sql", f"from '{name}.csv'", "--out", name + ".parquet")
    return here


def drift(sluice, baseline, current, *args):
    run = sluice("drift", "--baseline", baseline, "--current", current, "-o", "json", *args, code=None, timeout=250)
    assert run.returncode in (0, 4), run.notes
    return {(r["feature"], r["test"], r["definition"]): r for r in json.loads(run.text)}, run


def number(v):
    return float(v) if v in ("NaN", "Infinity", "-Infinity") else v


def same(a, b):
    a, b = number(a), number(b)
    if not isinstance(a, float) or not isinstance(b, float):
        return a == b
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-12 * max(1, abs(a))


def untold(key):
    return any(key[1] == test and tool in (None, key[2]) for test, tool in UNTOLD)


def agree(sluice, baseline, current, *args):
    want, local = drift(sluice, baseline, current, *args)
    got, pushed = drift(sluice, baseline, current, "--engine", "pushdown", *args)
    assert list(got) == list(want)
    others = 0
    for key, row in got.items():
        if row["note"] == VALUES:
            assert untold(key) and row["statistic"] is row["drifted"] is None, key
            others += 1
            continue
        left_out = {"connection", "ref"} | ({"q_value", "p_bonferroni"} if any(r["note"] == VALUES for r in got.values()) else set())
        differ = {k: (v, row[k]) for k, v in want[key].items() if k not in left_out and not same(v, row[k])}
        assert not differ, (key, differ)
    if not others:
        assert (pushed.returncode, pushed.notes) == (local.returncode, local.notes)
    return got, others


@pytest.mark.parametrize("profile", PROFILES)
def test_says_what_local_says(parquet, profile):
    named = ("--profile", profile) if profile else ()
    end = "parquet" if profile else "csv"
    got, others = agree(parquet, "old." + end, "new." + end, *named)
    assert others == 0
    assert {"ward", 'q"u\'o; --', "come", "gone", "none", "day"} <= {k[0] for k in got}
    assert "e" in str([r["new_categories"] for k, r in got.items() if k[0] == "ward"])
    assert any(r["drifted"] for r in got.values()) and any(r["drifted"] is False for r in got.values())


def test_every_test(parquet):
    here = parquet
    got, others = agree(here, "old.parquet", "new.parquet", "--tests", TESTS)
    assert others > 10 and {k[1] for k, r in got.items() if r["note"] == VALUES} == {t for t, tool in UNTOLD if t != "wasserstein"}
    assert got["x", "psi", "evidently"]["statistic"] > 0 and got["x", "js", "nannyml"]["threshold"] > 0
    # Few rows: all tests have all values.
    write(here.cwd / "little.csv", draw(3, 12))
    write(here.cwd / "less.csv", draw(4, 9, 0.3))
    assert agree(here, "little.csv", "less.csv", "--tests", TESTS, "--profile", "nannyml")[1] == 0


@pytest.mark.parametrize("profile", PROFILES if os.environ.get("SLUICE_ALL") else ["nannyml", None])
def test_types_of_parquet(here, profile):
    for name, rows, salt in (("old", 3000, 1), ("new", 2500, 7)):
        columns = [f"(hash(i + {salt}) % 100000)::float / 7 as f32", "(i % 9)::tinyint as small",
                   f"(hash(i * {salt}) % 4000)::bigint as big",
                   f"((hash(i + {salt}) % 5000) / 100)::decimal(9, 2) as dec", "i % 3 = 0 as yes",
                   "['a', 'b', 'c'][1 + i % 3]::enum('a', 'b', 'c') as e", "timestamp '2026-01-01' + interval (i) minute as at",
                   "{'k': i} as s", "null::double as nothing", "i * 1e300 as huge", "case when i % 4 = 0 then null else i end as whole",
                   "'v' || (i % 1500) as many", f"i % 11 as {NAME}"]
        here("sql", f"select {', '.join(columns)} from range({rows}) t(i)", "--out", name + ".parquet")
    assert agree(here, "old.parquet", "new.parquet", *(("--profile", profile) if profile else ()))[1] == 0


def test_deequ_has_different_ones_alone(here):
    """Up to 2,050 numbers; one side of fewer different ones than rows, of more than come back."""
    for name, n, mod in (("a", 2000, 1500), ("b", 1900, 100000)):
        here("sql", f"select hash(i % {mod}) / 1e19 as x, i from range({n}) t(i)", "--out", name + ".parquet")
    got, others = agree(here, "a.parquet", "b.parquet", "--profile", "deequ", "--tests", "linf,linf_robust")
    assert others == 0 and got["x", "linf", "deequ"]["statistic"] > 0


@pytest.mark.parametrize("beyond", (0, 1))
def test_at_the_limits(here, beyond):
    """Whole numbers of ten different values are categories, of eleven numbers; Deequ's sketch holds 2,050 values."""
    for name, salt in (("a", 1), ("b", 2)):
        here("sql", f"select hash((i + {salt}) % 1500) / 1e19 as x, i % {10 + beyond} as few from range({2050 + beyond}) t(i)", "--out",
             name + ".parquet")
    got, _ = agree(here, "a.parquet", "b.parquet")
    assert {r["kind"] for k, r in got.items() if k[0] == "few"} == {"numeric" if beyond else "categorical"}
    agree(here, "a.parquet", "b.parquet", "--profile", "deequ", "--tests", "linf,linf_robust")


def test_one_row_and_none(here):
    here("sql", "select 1.5 as x, 'a' as w, true as b, 3 as i", "--out", "one.parquet")
    here("sql", "select x, w, b, i from 'one.parquet' where x > 2", "--out", "empty.parquet")
    for name in ("evidently", "nannyml"):
        agree(here, "one.parquet", "one.parquet", "--profile", name)
    for pair, words in ((("one.parquet", "empty.parquet"), "current: no rows"), (("empty.parquet", "one.parquet"), "baseline: no rows")):
        for engine in ("local", "pushdown"):
            run = here("drift", "--baseline", pair[0], "--current", pair[1], "--engine", engine, code=1)
            assert words in run.notes
    want, got = profile(here, "empty.parquet"), profile(here, "empty.parquet", "--engine", "pushdown")
    assert [(r["nulls"], r["distinct"], r["min"], r["histogram"]) for r in want.values()] == [(0, 0, None, None)] * 4
    assert [{**r, "ref": 0} for r in want.values()] == [{**r, "ref": 0} for r in got.values()]


def test_rows_stay_where_they_are(here, tmp_path):
    """What every statement brought back, and no more statements than columns explain."""
    here("sql", "select hash(i) / 1e19 as x, 'w' || (i % 40000) as w, i % 5 as few from range(100000) t(i)", "--out", "wide.parquet")
    trace = tmp_path / "trace"
    run = here("drift", "--baseline", "wide.parquet", "--current", "wide.parquet", "--engine", "pushdown", "--tests", "auto,psi,js@nannyml",
               env={"SLUICE_TRACE": "model:1", "SLUICE_TRACE_FILE": str(trace)}, code=None)
    assert run.returncode == 0, run.notes
    came = re.findall(r"pushed down: (.*), column (.*): (\d+) rows came back", trace.read_text())
    assert 8 < len(came) < 30
    most = {}
    for side, column, n in came:
        most[column] = max(most.get(column, 0), int(n))
    assert most == {"-": 3, "x": 20, "few": 5, "w": 40000} or most == {"-": 3, "x": 10, "few": 5, "w": 40000}, most


def test_too_many_values_are_said(here):
    for name, salt in (("a", 1), ("b", 2)):
        here("sql", f"select 'w' || ((i + {salt}) % 70000) as w from range(150000) t(i)", "--out", name + ".parquet")
    got, _ = drift(here, "a.parquet", "b.parquet", "--engine", "pushdown")
    assert [r["note"] for r in got.values()] == ["more than 65535 values: too many to ask for"]


def profile(sluice, data, *args):
    keys = "name,type,nulls,distinct,min,max,mean,q25,q50,q75,histogram"
    return {r["name"]: r for r in json.loads(sluice("profile", data, "-o", "json", "--columns", keys, *args).text)}


def test_profile(parquet):
    here = parquet
    for data in ("old.parquet", "new.parquet"):
        want, got = profile(here, data), profile(here, data, "--engine", "pushdown")
        assert list(got) == list(want) and len(got) == 19
        for name, row in want.items():
            differ = {k: (v, got[name][k]) for k, v in row.items() if k not in ("ref", "connection") and not same(v, got[name][k])}
            assert not differ, (data, name, differ)
    assert got["x"]["distinct"] == 2100 and sum(map(int, got["x"]["histogram"])) == 2100
    assert got["odd"]["max"] and got["none"]["nulls"] == 2100


def test_profile_of_the_newest_partition(here):
    (here.cwd / "sluice.yaml").write_text(
        'connections:\n  local: {type: local}\nlake:\n  zones:\n    - {name: raw, uri: "raw/", layout: "dt=%Y-%m-%d"}\n')
    for day, name in (("20", "old"), ("21", "new")):
        (here.cwd / f"raw/dt=2026-11-{day}").mkdir(parents=True)
        (here.cwd / f"raw/dt=2026-11-{day}/a.csv").write_bytes((here.cwd / f"{name}.csv").read_bytes())
    want, got = profile(here, "new.csv", "--engine", "pushdown"), profile(here, "lake:raw/@newest/a.csv", "--engine", "pushdown", "-w", ".")
    assert want and {k: v for k, v in got.items() if k != "dt"} == want
    assert profile(here, "lake:raw/@newest/a.csv", "--engine", "local", "-w", ".")["x"]["max"] == want["x"]["max"]


def test_profile_of_many_rows(here):
    """Beyond 200,000 local estimates quartiles and different values; bounds, nulls, means and histograms are exact in both."""
    here("sql", "select hash(i) / 1e19 as x, i % 700 as k, if(i % 9 = 0, null, sqrt(i)) as r, 'w' || i % 50 as w from range(300000) t(i)",
         "--out", "many.parquet")
    want, got = profile(here, "many.parquet"), profile(here, "many.parquet", "--engine", "pushdown")
    for name, row in want.items():
        for key, v in row.items():
            if key in ("q25", "q50", "q75") and v is not None:
                assert abs(v - got[name][key]) <= 0.001 * abs(v) + 1e-3
            elif key == "distinct":
                assert abs(v - got[name][key]) <= 0.05 * v
            else:
                assert same(v, got[name][key]), (name, key)
    assert got["r"]["distinct"] == 266666 and got["x"]["q50"] == json.loads(
        here("sql", "select quantile_cont(hash(i) / 1e19, 0.5) as q from range(300000) t(i)", "-o", "json").text)[0]["q"]


def test_resources_and_sql(sluice):
    names = ("x", "ward", "visits")
    for name, seed, shift in (("old", 1, 0), ("new", 2, 0.8)):
        write(sluice.cwd / (name + ".csv"), {k: v for k, v in draw(seed, 300, shift).items() if k in names})
    a = json.loads(sluice("get", "drift", "old.csv new.csv engine=pushdown", "-o", "json").text)
    b = json.loads(sluice("drift", "--baseline", "old.csv", "--current", "new.csv", "--engine", "pushdown", "-o", "json", code=4).text)
    assert len(a) == len(b) >= 3 and all(x["feature"] == y["feature"] and same(x["statistic"], y["statistic"]) for x, y in zip(a, b))
    assert json.loads(sluice("describe", "drift", a[0]["ref"], "-o", "json").text)
    c = json.loads(sluice("get", "columns", "engine=pushdown old.csv", "-o", "json").text)
    assert [r["name"] for r in c] == list(names)[:1] + ["visits", "ward"]
    assert json.loads(sluice("describe", "columns", c[1]["ref"], "-o", "json").text)
    said = sluice("sql", "select count(*) as n from drift('old.csv new.csv engine=pushdown') where drifted", "-o", "json")
    assert json.loads(said.text)[0]["n"] == sum(r["drifted"] is True for r in a) > 0
    sluice("drift", "--baseline", "old.csv", "--current", "new.csv", "--engine", "local", code=4)


def test_what_is_refused(here):
    here("drift", "--partial", "--current", "old.csv", "--output", "old.sketch")
    for args, words in (
        (("drift", "--baseline", "old.csv", "--current", "new.csv", "--engine", "pushdwn"), "local pushdown"),
        (("get", "drift", "old.csv new.csv engine=pushdwn"), "did you mean pushdown?"),
        (("get", "columns", "engine=locl old.csv"), "did you mean local?"),
        (("profile", "old.csv", "--engine", "there"), "local pushdown"),
        (("drift", "--baseline", "old.sketch", "--current", "new.csv", "--engine", "pushdown"), "old.sketch has its figures already"),
        (("drift", "--baseline", "statistics.json", "--current", "new.csv", "--engine", "pushdown"), "has its figures already"),
        (("profile", "statistics.json", "--engine", "pushdown"), "has its figures already"),
        (("drift", "--model", "m.json", "--baseline", "old.csv", "--current", "new.csv", "--engine", "pushdown"), "models are scored here"),
        (("drift", "--by", "partition", "--baseline", "old.csv", "--current", ".", "--engine", "pushdown"), "over time"),
        (("profile", "old.csv", "--engine", "pushdown", "--out", "statistics.json"), "leave"),
        (("drift", "--partial", "--current", "old.csv", "--output", "a.sketch", "--engine", "pushdown"), "sketches are made of the values"),
        (("score", "--model", "m.json", "--data", "old.csv", "--engine", "pushdown"), "engine"),
    ):
        assert words in here(*args, code=2).notes, args


def test_errors_say_where(here):
    bad = "sql:select x, cast(ward as integer) as w from 'old.csv'"
    for pair, side in ((("old.csv", bad), "current"), ((bad, "new.csv"), "baseline")):
        run = here("drift", "--baseline", pair[0], "--current", pair[1], "--engine", "pushdown", code=1)
        assert f"{side}: " in run.notes and "convert" in run.notes, run.notes
    run = here("profile", "sql:select cast(ward as integer) as w from 'old.csv'", "--engine", "pushdown", code=1)
    assert "column w: " in run.notes
    here("drift", "--baseline", "sql:drop table x", "--current", "new.csv", "--engine", "pushdown", code=None)


def test_can_be_stopped(here):
    slow = "sql:select hash(i) / 1e19 as x, hash(i + 1) / 1e19 as y from range(1000000000000) t(i)"
    run = subprocess.Popen([conftest.PROGRAM, "drift", "--baseline", slow, "--current", slow, "--engine", "pushdown"], cwd=here.cwd,
                           env=here.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    box_of(run.pid)
    began = time.monotonic()
    run.send_signal(2)
    run.communicate(timeout=20)
    assert run.returncode == 130 and time.monotonic() - began < 10


@pytest.mark.parametrize("seed", range(12 if os.environ.get("SLUICE_ALL") else 1))
def test_drawn(here, seed):
    r = random.Random(seed)
    n, m = r.choice([(1, 40), (900, 1100), (1001, 999), (5000, 3000), (10001, 200), (30, 20000)])
    write(here.cwd / "a.csv", draw(seed, n, most=r.choice([5, 300, 10 ** 7])))
    write(here.cwd / "b.csv", draw(seed + 99, m, r.choice([0.05, 0.3, 2]), most=r.choice([7, 2000, 10 ** 7])))
    for name in PROFILES:
        agree(here, "a.csv", "b.csv", *(("--profile", name) if name else ()))
        agree(here, "a.csv", "b.csv", "--tests", TESTS, *(("--profile", name) if name else ()))
