"""Groups: --group-by in every format, with filter, order, limit and columns; figures are those of the rows; saved views keep it."""
import csv
import io
import json
import statistics


def rows(out):
    return json.loads(out.stdout)


def test_figures_are_those_of_the_rows(demo):
    runs = rows(demo("get", "runs", "cancer", "-o", "json"))
    groups = rows(demo("get", "runs", "cancer", "--group-by", "params.max_depth", "-o", "json"))
    assert sum(g["n"] for g in groups) == len(runs) and [g.get("params.max_depth") for g in groups] == ["1", "2", "3", "4", "6", "8", None]
    for g in groups:
        mine = [r for r in runs if r.get("params.max_depth") == g.get("params.max_depth")]
        for name in ("val_auc", "val_logloss"):
            values = [r[f"metrics.{name}"] for r in mine if isinstance(r.get(f"metrics.{name}"), (int, float))]
            assert g["n"] == len(mine) and g.get(f"metrics.{name}.n", 0) == len(values)
            if len(values) > 1:
                assert abs(g[f"metrics.{name}.mean"] - statistics.mean(values)) < 1e-12
                assert abs(g[f"metrics.{name}.sd"] - statistics.stdev(values)) < 1e-12
                assert (g[f"metrics.{name}.min"], g[f"metrics.{name}.max"]) == (min(values), max(values))
        again = rows(demo("get", "runs", "cancer", "--filter", g["where"], "-o", "json"))
        assert sorted(r["id"] for r in again) == sorted(r["id"] for r in mine)


def test_filter_is_of_rows_order_and_limit_of_groups(demo):
    good = "state = ok and params.max_depth is not null"
    out = demo("get", "runs", "cancer", "--group-by", "params.max_depth", "--filter", good, "--sort", "-metrics.val_auc.mean",
               "--limit", "2", "--columns", "params.max_depth,n,metrics.val_auc", "-o", "csv")
    table = list(csv.reader(io.StringIO(out.stdout)))
    assert table[0] == ["params.max_depth", "n", "metrics.val_auc.mean", "metrics.val_auc.sd", "metrics.val_auc.min", "metrics.val_auc.max",
                        "metrics.val_auc.n"]
    assert [r[0] for r in table[1:]] == ["3", "6"] and float(table[1][2]) > float(table[2][2])


def test_what_was_left_out_is_said(demo):
    out = demo("get", "runs", "--group-by", "experiment", "--columns", "experiment,metrics.*")
    assert "runs in 3 groups; sd is of n - 1" in out.stderr and "NaN or infinite" in out.stderr
    groups = rows(demo("get", "runs", "--group-by", "experiment", "-o", "json"))
    odd = [g for g in groups if any(k.endswith((".nan", ".infinite")) for k in g)]
    assert odd and all(v > 0 for g in odd for k, v in g.items() if k.endswith((".nan", ".infinite", ".missing")))


def test_saved_with_its_grouping(demo):
    words = ("--group-by", "params.max_depth", "--columns", "n,metrics.val_auc.mean", "--sort", "-n")
    first = rows(demo("get", "runs", "cancer", *words, "--save-view", "deep", "-o", "json"))
    assert rows(demo("get", "runs", "--view", "deep", "-o", "json")) == first and list(first[0]) == ["n", "metrics.val_auc.mean"]
    assert "--group-by params.max_depth" in demo("view", "list").stdout
    demo("view", "delete", "runs", "deep")


def test_wrong_names(demo):
    for by, word in (("stat", "did you mean 'state'"), ("params", "params.KEY"), ("ref", "one row's"), ("", None)):
        err = demo("get", "runs", "--group-by", by, code=2 if word else 0).stderr
        assert not word or word in err
    assert "only numbers" in demo("get", "runs", "--group-by", "state", "--columns", "name", code=2).stderr
    assert "no column" in demo("get", "runs", "--group-by", "state", "--sort", "name", code=2).stderr


def test_any_table(demo):
    jobs = rows(demo("get", "executions", "--group-by", "job,state", "--columns", "job,state,n,duration_s.max", "-o", "json"))
    assert {"job", "state", "n", "duration_s.max"} == set(jobs[0])
    keys = rows(demo("get", "keys", "--group-by", "view", "-o", "json"))
    assert sum(k["n"] for k in keys) == len(rows(demo("get", "keys", "-o", "json")))
