"""`sluice drift`: rows, verdict, exit codes, and data that is not what one hopes for. Figures are compared in tests/peers/test_drift.py."""
import csv
import json
import random

import pytest


def write(path, **columns):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*columns.values()))
    return path.name


def drift(sluice, baseline, current, *args, code=0):
    rows = sluice.json("drift", "--baseline", baseline, "--current", current, *args, code=code)
    return {(r["feature"], r["test"]): r for r in rows}


@pytest.fixture
def days(sluice):
    draw = random.Random(1)
    x = [draw.gauss(5, 1) for _ in range(400)]
    y = [draw.gauss(5, 1) for _ in range(400)]
    write(sluice.cwd / "old.csv", x=x, y=y, c=["ab"[i % 2] for i in range(400)])
    write(sluice.cwd / "same.csv", x=[v for v in reversed(x)], y=y, c=["ba"[i % 2] for i in range(400)])
    write(sluice.cwd / "new.csv", x=[v * 1.4 for v in x], y=y, c=["abb"[i % 3] for i in range(400)])
    return sluice


def test_alike_is_no_drift(days):
    rows = drift(days, "old.csv", "same.csv")
    assert {k: r["drifted"] for k, r in rows.items()} == {("x", "ks"): False, ("y", "ks"): False, ("c", "z"): False}
    assert rows["x", "ks"]["statistic"] == 0 and rows["x", "ks"]["p_value"] == 1 and rows["x", "ks"]["definition"] == "scipy"


def test_verdict_and_exit_code(days):
    run = days("drift", "--baseline", "old.csv", "--current", "new.csv", code=4)
    assert "drift: 2 of 3 features drifted (x, c), share 0.667 >= 0.5, by Evidently's rule" in run.notes
    days("drift", "--baseline", "old.csv", "--current", "new.csv", "--fail-share", "0.7", code=0)
    days("drift", "--baseline", "old.csv", "--current", "new.csv", "--profile", "monitor", code=4)
    days("drift", "--baseline", "old.csv", "--current", "same.csv", "--profile", "monitor", code=0)


def test_profiles_choose_tests(days):
    rows = drift(days, "old.csv", "new.csv", "--profile", "evidently", code=4)
    assert set(rows) == {("x", "ks"), ("y", "ks"), ("c", "z")} and {r["definition"] for r in rows.values()} == {"evidently"}
    rows = drift(days, "old.csv", "new.csv", "--profile", "monitor", code=4)
    assert set(rows) == {("x", "linf_robust"), ("y", "linf_robust"), ("c", "linf_robust")}
    assert {r["definition"] for r in rows.values()} == {"monitor"}


def test_long_names_of_categories_end_at_a_character(sluice):
    for n in range(196, 202):
        name = "a" * n + "\u00e9\U0001f41d"
        write(sluice.cwd / "old.csv", c=[name, "b"] * 60)
        write(sluice.cwd / "new.csv", c=[name] * 100 + ["b"] * 20)
        for engine in ((), ("--engine", "pushdown")):
            shown = drift(sluice, "old.csv", "new.csv", *engine, code=4)["c", "z"]["categories"]
            whole = [name[:k] for k in range(len(name), 0, -1) if len(name[:k].encode()) <= 200]
            assert shown == [whole[0], "b"], (n, engine)


def test_second_opinion_in_words(sluice):
    """Without a profile Evidently's rule is followed; what it or Model Monitor would report has Model Monitor's figure too."""
    draw = random.Random(2)
    base = [draw.gauss(0, 1) for _ in range(300)]
    write(sluice.cwd / "a.csv", x=base, y=base, z=base)
    write(sluice.cwd / "b.csv", x=[v + 0.3 for v in base], y=[v + 0.3 for v in base], z=base)
    write(sluice.cwd / "c.csv", x=[v + 3 for v in base], y=base, z=base)
    rows = drift(sluice, "a.csv", "b.csv", code=4)
    assert {k: (r["drifted"], r["chosen"]) for k, r in rows.items()} == {
        ("x", "ks"): (True, True), ("x", "linf_robust"): (False, False), ("y", "ks"): (True, True), ("y", "linf_robust"): (False, False),
        ("z", "ks"): (False, True)}
    said = sluice("drift", "--baseline", "a.csv", "--current", "b.csv", code=4).notes
    assert "; Evidently would say drift, Model Monitor would not: no feature is 0.1 beyond chance (they differ over x, y)" in said
    said = sluice("drift", "--baseline", "a.csv", "--current", "c.csv").notes
    assert "Model Monitor would say drift, Evidently would not" in said and "they differ over" not in said
    assert "Model Monitor" not in sluice("drift", "--baseline", "a.csv", "--current", "a.csv").notes
    assert "Model Monitor" not in sluice("drift", "--baseline", "a.csv", "--current", "b.csv", "--profile", "evidently", code=4).notes


def test_nannyml_s_limits_come_from_the_baseline(days):
    """Its limit for each feature is what the baseline's own tenths come to; with fewer than ten rows there is none."""
    rows = drift(days, "old.csv", "new.csv", "--profile", "nannyml", code=4)
    assert set(rows) == {("x", "js"), ("y", "js"), ("c", "js")} and {r["definition"] for r in rows.values()} == {"nannyml"}
    assert rows["x", "js"]["drifted"] and not rows["y", "js"]["drifted"]
    assert all(r["drifted"] == (r["statistic"] > r["threshold"]) for r in rows.values())
    write(days.cwd / "nine.csv", x=[1.5 * i for i in range(9)])
    few = drift(days, "nine.csv", "nine.csv", "--profile", "nannyml", "--tests", "js,ks")
    assert {r["threshold"] for r in few.values()} == {None} and {r["drifted"] for r in few.values()} == {None}
    assert {r["note"] for r in few.values()} == {"a baseline of fewer than ten rows has no limit"}


def test_deequ_s_distances(days):
    rows = drift(days, "old.csv", "new.csv", "--profile", "deequ", "--tests", "auto,linf,chi2", code=4)
    assert {(t, r["definition"]) for (_, t), r in rows.items()} == {("linf_robust", "deequ"), ("linf", "deequ"), ("chi2", "deequ")}
    assert rows["x", "linf"]["statistic"] - rows["x", "linf_robust"]["statistic"] == pytest.approx(1.8 * (2 / 400) ** 0.5)
    assert ("x", "chi2") not in rows and rows["c", "chi2"]["p_value"] < 1e-9
    assert "by Deequ's rule" in days("drift", "--baseline", "old.csv", "--current", "new.csv", "--profile", "deequ", code=4).notes
    said = days("drift", "--baseline", "old.csv", "--current", "new.csv", "--profile", "x", code=2).notes
    assert "evidently nannyml monitor deequ" in said


def test_tests_by_name(days):
    rows = drift(days, "old.csv", "new.csv", "--tests", "psi, jensenshannon,chi2@scipy", code=4)
    assert set(rows) == {("x", "psi"), ("x", "js"), ("y", "psi"), ("y", "js"), ("c", "psi"), ("c", "js"), ("c", "chi2")}
    assert rows["c", "chi2"]["definition"] == "scipy" and rows["x", "psi"]["p_value"] is None
    assert "no test nope" in days("drift", "--baseline", "old.csv", "--current", "new.csv", "--tests", "nope", code=2).notes


def test_more_tests_by_name(days):
    """Evidently's own names too; what has no limit of its own is not judged, and beside each statistic stands what chance makes of it."""
    names = {"anderson": "anderson", "cramer_von_mises": "cvm", "mann_whitney": "mannw", "t_test": "t", "welch": "welch", "ed": "energy",
             "epps_singleton": "es"}
    rows = drift(days, "old.csv", "new.csv", "--tests", ",".join(names), code=4)
    assert set(rows) == {(f, t) for f in "xy" for t in names.values()}
    assert {t for (_, t), r in rows.items() if r["drifted"] is None} == {"energy"}
    assert all(r["drifted"] == (f == "x") for (f, t), r in rows.items() if t != "energy")
    assert all(r["chance"] is not None and r["definition"] == "scipy" for r in rows.values())
    rows = drift(days, "old.csv", "new.csv", "--tests", "g_test,fisher_exact,fisher@evidently", code=4)
    assert set(rows) == {("c", "g"), ("c", "fisher")} and rows["c", "fisher"]["definition"] == "evidently"
    assert 0 < rows["c", "fisher"]["p_value"] < rows["c", "g"]["p_value"] * 2 < 1e-4


def test_columns_that_came_went_or_changed(sluice):
    write(sluice.cwd / "a.csv", same=[1.5, 2.5, 3.5], gone=[1, 2, 3], kind=[1, 2, 3])
    write(sluice.cwd / "b.csv", same=[1.5, 2.5, 3.5], new=[1, 2, 3], kind=["1", "N/A", "x"])
    rows = drift(sluice, "a.csv", "b.csv", code=4)
    assert {f: r["note"] for (f, t), r in rows.items() if t == "schema"} == {
        "gone": "gone", "new": "new", "kind": "retyped: text, was number"}
    assert all(r["drifted"] for (_, t), r in rows.items() if t == "schema")


def test_missing_and_infinite_are_counted_apart(sluice):
    write(sluice.cwd / "a.csv", x=[1, 2, 3, 4, 5, 6, "", "inf"])
    write(sluice.cwd / "b.csv", x=[1, 2, 3, 4, 5, 6, "nan", "-inf"])
    row = next(iter(drift(sluice, "sql:select x::double as x from 'a.csv'", "sql:select x::double as x from 'b.csv'").values()))
    assert [row[k + s] for k in ("n", "missing", "infinite") for s in ("_baseline", "_current")] == [6, 6, 1, 1, 1, 1]
    assert row["statistic"] == 0


def test_nothing_to_compare(sluice):
    write(sluice.cwd / "a.csv", x=[1.5, 2.5], y=["a", "b"])
    (sluice.cwd / "empty.csv").write_text("x,y\n")
    (sluice.cwd / "nulls.csv").write_text("x,y\n,\n,\n")
    write(sluice.cwd / "one.csv", x=[1.5], y=["a"])
    assert "current: no rows" in sluice("drift", "--baseline", "a.csv", "--current", "empty.csv", code=1).notes
    assert "baseline: no rows" in sluice("drift", "--baseline", "empty.csv", "--current", "a.csv", code=1).notes
    rows = drift(sluice, "a.csv", "nulls.csv")
    assert {r["drifted"] for r in rows.values()} == {None} and {r["note"] for r in rows.values()} == {"no value in the current data"}
    assert "nothing could be judged" in sluice("drift", "--baseline", "a.csv", "--current", "nulls.csv").notes
    assert drift(sluice, "one.csv", "one.csv")["x", "z"]["p_value"] == 1


def test_hostile(sluice):
    write(sluice.cwd / "a.csv", x=[1.5, 2.5])
    (sluice.cwd / "bad.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 9)
    (sluice.cwd / "odd.csv").write_bytes(b'"x\x1b[31m\n""q"\n1.5\n2.5\n')
    assert "damaged" in sluice("drift", "--baseline", "a.csv", "--current", "bad.parquet", code=1).notes
    assert "nothere" in sluice("drift", "--baseline", "a.csv", "--current", "nothere.csv", code=1).notes
    sluice("drift", "--baseline", "a.csv", "--current", "sql:select 1; select 2", code=2)
    assert "\x1b" not in sluice("drift", "--baseline", "odd.csv", "--current", "odd.csv").text


def test_the_day_in_a_folder_name_is_no_feature(sluice):
    for day in ("dt=2026-11-20", "dt=2026-11-21"):
        (sluice.cwd / day).mkdir()
        write(sluice.cwd / day / "part.csv", x=[1.5, 2.5, 3.5])
    assert set(drift(sluice, "dt=2026-11-20/part.csv", "dt=2026-11-21/")) == {("x", "chi2")}
    sluice("drift", "--baseline", "dt=*/part.csv", "--current", "dt=2026-11-21", code=0)


def test_resource_by_scope_and_ref(days):
    rows = days.json("get", "drift", "old.csv new.csv tests=ks")
    assert [r["feature"] for r in rows] == ["x", "y"]
    one = days.json("describe", rows[0]["ref"])
    assert one[0]["statistic"] == rows[0]["statistic"]
    assert "two data sets" in days("get", "drift", "old.csv", code=2).notes


def adjusted(p):
    """Benjamini and Hochberg's, by hand."""
    ranked = sorted(range(len(p)), key=lambda i: p[i])
    q, least = [0.0] * len(p), 1.0
    for rank in range(len(p), 0, -1):
        least = min(least, p[ranked[rank - 1]] * len(p) / rank)
        q[ranked[rank - 1]] = least
    return q


def test_p_values_among_many(demo):
    """What a p-value is worth among so many features: over the chosen tests, and over each that was named."""
    data = ["--baseline", "lake:holdout/cancer.parquet", "--current", "lake:curated/@newest"]
    auto = json.loads(demo("drift", *data, "--tests", "auto,chi2", "-o", "json", code=None).stdout)
    chosen = [r for r in auto if r["chosen"] and r["p_value"] is not None]
    assert len(chosen) > 20
    for row, q in zip(chosen, adjusted([r["p_value"] for r in chosen])):
        assert row["q_value"] == pytest.approx(q, rel=1e-12) and row["q_value"] >= row["p_value"], row
        assert row["p_bonferroni"] == pytest.approx(min(1, row["p_value"] * len(chosen)), rel=1e-12), row
    assert all(r["q_value"] is None for r in auto if r["p_value"] is None)
    named = [r for r in json.loads(demo("drift", *data, "--tests", "ks,psi", "-o", "json", code=None).stdout) if r["test"] == "ks"]
    assert [r["q_value"] for r in named] == pytest.approx(adjusted([r["p_value"] for r in named]), rel=1e-12)


def test_categories_that_came_and_went(sluice):
    """Which, the most frequent first, and what share of the values; names bounded; of whole numbers too; also from sketches."""
    long = "x" * 100
    write(sluice.cwd / "a.csv", c=["n", "s", "s", "w"] * 25, k=[1, 2, 3, 4] * 25, same=["u", "v"] * 50)
    write(sluice.cwd / "b.csv", c=["n", "s", "e", "e", long] * 20, k=[1, 2, 7, 2, 2] * 20, same=["v", "u"] * 50)
    rows = drift(sluice, "a.csv", "b.csv", code=4)
    first = {f: r for (f, _), r in reversed(rows.items())}
    assert first["c"]["new_categories"] == ["e", "x" * 60] and first["c"]["vanished_categories"] == ["w"]
    assert first["c"]["new_share"] == 0.6 and first["c"]["vanished_share"] == 0.25
    assert first["k"]["new_categories"] == ["7"] and first["k"]["vanished_categories"] == ["3", "4"]
    assert first["k"]["new_share"] == 0.2 and first["k"]["vanished_share"] == 0.5
    assert first["same"]["new_share"] == 0 and first["same"]["new_categories"] is None
    assert "new categories in c, k" in sluice("drift", "--baseline", "a.csv", "--current", "b.csv", code=4).notes
    sluice("drift", "--partial", "--current", "a.csv", "--output", "a.sketch")
    kept = {f: r for (f, _), r in reversed(drift(sluice, "a.sketch", "b.csv", code=4).items())}
    for f in first:
        assert [kept[f][k] for k in ("new_categories", "vanished_categories", "new_share", "vanished_share")] == [
            first[f][k] for k in ("new_categories", "vanished_categories", "new_share", "vanished_share")]


def test_many_categories_are_named_in_part(sluice):
    write(sluice.cwd / "a.csv", c=[f"v{i % 40}" for i in range(4000)])
    write(sluice.cwd / "b.csv", c=[f"v{20 + i % 40}" if i % 50 else "v59" for i in range(4000)])
    row = next(iter(drift(sluice, "a.csv", "b.csv", code=4).values()))
    assert row["new_categories"][:2] == ["v59", "v41"] and len(row["new_categories"]) == 8 and len(row["vanished_categories"]) == 8
    assert row["vanished_share"] == 0.5


INFINITE = [("a,b\ninf,x\n1.5,y\n2.5,z\n", "a"), ("a,b\n-inf,x\ninf,y\n", "a"), ("\ufeffa,b\r\n,x\r\nInfinity,y\r\n3,z\r\n", "a"),
            ('"x,y";b\n"inf";x\n1;y\n', "x,y"), ("b\ta \nx\tinf\ny\t2\n", "a")]


@pytest.mark.parametrize("text,name", INFINITE)
def test_a_csv_column_that_begins_with_an_infinity(sluice, text, name):
    """The engine alone takes `inf` for a date, and a column of it and of numbers for text."""
    (sluice.cwd / "i.csv").write_text(text, newline="")
    types = {r["name"]: r["type"] for r in sluice.json("schema", "i.csv")}
    assert types == {name: "DOUBLE", "b": "VARCHAR"}
    rows = [r for r in sluice.json("drift", "--baseline", "i.csv", "--current", "i.csv", "--tests", "psi") if r["feature"] == name]
    assert [r["kind"] for r in rows] == ["numeric"] and rows[0]["infinite_baseline"] == rows[0]["infinite_current"] >= 1


@pytest.mark.parametrize("text,types", [("inf,1\n2,3\n", None), ("a,A\ninf,inf\n1,2\n", None), ("a,b\ninf,1\nlater,2\n", "VARCHAR"),
                                        ("a,b\n2026-11-22,1\ninf,2\n", "DATE"), ("'it''s',b\ninf,1\n2,2\n", None)])
def test_infinities_that_are_left_to_the_engine(sluice, text, types):
    """No header, a name that two columns have, text, dates, another quote."""
    (sluice.cwd / "i.csv").write_text(text)
    got = [r["type"] for r in sluice.json("schema", "i.csv")]
    assert len(got) == 2 and (types is None or got[0] == types)


def test_a_statement_over_what_fails_says_it_once(sluice):
    (sluice.cwd / "one.csv").write_text("a\n1\n")
    said = sluice("sql", "from drift('one.csv')", code=2).notes
    assert said.count("\n") == 1 and "two data sets are compared" in said
