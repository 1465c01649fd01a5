"""Where readers of XGBoost's and LightGBM's models go wrong, one by one: a test each, of a model and rows for which the mistake shows, and
that it would show is asserted."""
import json
import os
import pickle
import subprocess

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor
from sluice_pytest import peer
from test_score import Bench, same

lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")
pytestmark = [pytest.mark.peer("xgboost"), pytest.mark.peer("lightgbm")]


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("xgboost", xgb.__version__, "real")
    peer("lightgbm", lgb.__version__, "real")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def xgb_of(x, y, rounds=5, **p):
    frame = x if isinstance(x, pd.DataFrame) else pd.DataFrame(x, columns=list("abcdefgh")[: x.shape[1]])
    return xgb.train({"verbosity": 0, "nthread": 1, "max_depth": 4, **p}, xgb.DMatrix(frame, y, enable_categorical=True), rounds)


def lgb_of(x, y, rounds=5, cat="auto", **p):
    frame = x if isinstance(x, pd.DataFrame) else pd.DataFrame(x, columns=list("abcdefgh")[: x.shape[1]])
    p = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 2, **p}
    return lgb.train(p, lgb.Dataset(frame, y, categorical_feature=cat), rounds)


def numbers(seed, n=400, f=3):
    x = np.random.default_rng(seed).normal(size=(n, f))
    return x, x[:, 0] * x[:, 1] + x[:, 2]


def named(x):
    return pd.DataFrame(x, columns=list("abcdefgh")[: x.shape[1]])


def score(bench, model, frame, *args):
    name = "m.txt" if isinstance(model, lgb.Booster) else "m.json"
    model.save_model(bench.folder / name)
    return bench.score(name, bench.data(frame), *args)[0]


def xgb_splits(model):
    """feature, threshold"""
    trees = json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
    return [(f, c) for t in trees for f, c, l in zip(t["split_indices"], t["split_conditions"], t["left_children"]) if l >= 0]


def lgb_splits(model):
    text = model.model_to_string().split("\n")
    lines = [line.partition("=")[2].split() for line in text if line.startswith(("split_feature=", "threshold="))]
    return [(int(f), float(t)) for i in range(0, len(lines), 2) for f, t in zip(lines[i], lines[i + 1])]


def on_splits(x, splits, nudge=lambda t: t):
    rows = np.repeat(np.nan_to_num(x[:1]), len(splits), 0)
    for i, (f, t) in enumerate(splits):
        rows[i] = np.nan_to_num(x[i % len(x)])
        rows[i, f] = nudge(t)
    return rows


def test_a_double_becomes_a_float_before_xgboost_compares(bench):
    x, y = numbers(1)
    model = xgb_of(x, y, 20)
    rows = on_splits(x, xgb_splits(model), lambda t: np.nextafter(t, -np.inf))  # below as a double, on it as a float
    want = model.predict(xgb.DMatrix(named(rows)))
    below = on_splits(x, xgb_splits(model), lambda t: np.nextafter(np.float32(t), np.float32(-np.inf)))
    assert (want != model.predict(xgb.DMatrix(named(below)))).any()
    same(score(bench, model, named(rows)), want, "float32")


def test_a_double_stays_a_double_in_lightgbm(bench):
    x, y = numbers(2)
    model = lgb_of(x, y, 20)
    rows = on_splits(x, lgb_splits(model), lambda t: np.nextafter(t, np.inf))
    want = model.predict(named(rows))
    assert (want != model.predict(named(on_splits(x, lgb_splits(model))))).any()
    same(score(bench, model, named(rows)), want, "float64")


def test_scikit_learns_trees_compare_floats_its_histograms_doubles(bench):
    x, y = numbers(15, 600)
    tree = DecisionTreeRegressor(max_depth=7, random_state=0).fit(x, y)
    t = tree.tree_
    inner = [(f, v) for f, v in zip(t.feature, t.threshold) if f >= 0]
    rows = np.concatenate([on_splits(x, inner), on_splits(x, inner, lambda v: np.nextafter(v, np.inf))])
    as_doubles = np.zeros(len(rows))
    for r, row in enumerate(rows):
        at = 0
        while t.children_left[at] >= 0:
            at = t.children_left[at] if row[t.feature[at]] <= t.threshold[at] else t.children_right[at]
        as_doubles[r] = t.value[at, 0, 0]
    want = tree.predict(rows)
    assert (want != as_doubles).any()
    (bench.folder / "t.pkl").write_bytes(pickle.dumps(tree))
    same(bench.score("t.pkl", bench.data(pd.DataFrame(rows, columns=list("abc"))))[0], want, "a tree")
    hist = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(x, y)
    inner = [(int(n["feature_idx"]), float(n["num_threshold"])) for p in hist._predictors for n in p[0].nodes if not n["is_leaf"]]
    rows = np.concatenate([on_splits(x, inner), on_splits(x, inner, lambda v: np.nextafter(v, np.inf))])
    want = hist.predict(rows)
    assert (want != hist.predict(rows.astype(np.float32).astype(np.float64))).any()
    (bench.folder / "h.pkl").write_bytes(pickle.dumps(hist))
    same(bench.score("h.pkl", bench.data(pd.DataFrame(rows, columns=list("abc"))))[0], want, "histograms")


def test_less_than_in_xgboost_at_most_in_lightgbm(bench):
    x, y = numbers(3)
    for model, splits, predict in ((xgb_of(x, y), xgb_splits, lambda m, r: m.predict(xgb.DMatrix(r))),
                                   (lgb_of(x, y), lgb_splits, lambda m, r: m.predict(r))):
        rows = named(on_splits(x, splits(model)))
        same(score(bench, model, rows), predict(model, rows), splits.__name__)


def test_not_a_number_zero_and_absent_are_three_things(bench):
    x, y = numbers(4, 600)
    x[:200, 0], x[200:400, 0], y[:200], y[200:400] = np.nan, 0, 5, -5
    rows = pd.DataFrame({"a": pd.array([None, 0.0, np.nan, 1.0] * 50, "Float64"), "b": x[:200, 1], "c": x[:200, 2]})
    plain = rows.astype(float)
    for more in ({}, {"zero_as_missing": True}, {"use_missing": False}):
        model = lgb_of(x, y, **more)
        same(score(bench, model, rows), model.predict(plain), more)
    model = xgb_of(x, y)
    want = model.predict(xgb.DMatrix(plain))
    assert want[0] != want[1] and (want[0::4] == model.predict(xgb.DMatrix(plain.assign(a=np.nan)))[0::4]).all()
    same(score(bench, model, rows), want, "absent is missing, not 0")


@pytest.mark.parametrize("text", ["5E-1", "[5E-1]", "(5E-1)", "4.98935E-1", "[4.98935E-1]"])
def test_base_score_in_each_of_its_forms(bench, text):
    x, y = numbers(5)
    model = xgb_of(x, y > 0, 3, objective="binary:logistic", base_score=0.5)
    whole = json.loads(bytes(model.save_raw("json")))
    whole["learner"]["learner_model_param"]["base_score"] = text
    (bench.folder / "m.json").write_text(json.dumps(whole))
    if text[0] == "(":  # the library writes it so when it prints parameters
        whole["learner"]["learner_model_param"]["base_score"] = f"[{text[1:-1]}]"
    other = xgb.Booster(model_file=bytearray(json.dumps(whole).encode()))
    same(bench.score("m.json", bench.data(named(x)))[0], other.predict(xgb.DMatrix(named(x))), text)


def test_the_logit_of_the_base_score_is_taken_in_float32(bench):
    x, y = numbers(6)
    for p in (0.498935, 0.3, 0.71, 0.0123):
        model = xgb_of(x, y > 0, 1, objective="binary:logistic", base_score=p)
        same(score(bench, model, named(x), "--output", "raw"), model.predict(xgb.DMatrix(named(x)), output_margin=True), p)


def test_sums_begin_at_the_base_in_float32_and_at_zero_in_float64(bench):
    x, y = numbers(7)
    model, rows = xgb_of(x, y * 1e-4 + 1000, 60, base_score=999.5), xgb.DMatrix(named(x))
    leaves = [t["split_conditions"] for t in json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]]
    at = model.predict(rows, pred_leaf=True).astype(int)
    values = np.array([[leaves[t][at[r, t]] for t in range(60)] for r in range(len(x))], np.float32)
    late = values.sum(1, dtype=np.float32) + np.float32(999.5)
    want = model.predict(rows)
    assert (late != want).any()
    same(score(bench, model, named(x)), want, "float32 from the base")
    model = lgb_of(x, y + 1e9, 60)
    same(score(bench, model, named(x)), model.predict(named(x)), "float64 from zero")


def test_best_iteration_cuts_a_wrapper_not_a_booster(bench):
    x, y = numbers(8, 600)
    noisy = y + np.random.default_rng(1).normal(size=600) * 3
    w = xgb.XGBRegressor(n_estimators=80, early_stopping_rounds=10, n_jobs=1)
    w.fit(named(x[:400]), noisy[:400], eval_set=[(named(x[400:]), noisy[400:])], verbose=False)
    data, rows = bench.data(named(x)), xgb.DMatrix(named(x))
    (bench.folder / "w.pkl").write_bytes(pickle.dumps(w))
    w.save_model(bench.folder / "b.json")
    whole = w.get_booster().predict(rows)
    assert w.best_iteration < w.get_booster().num_boosted_rounds() - 1 and (whole != w.predict(named(x))).any()
    same(bench.score("w.pkl", data)[0], w.predict(named(x)), "wrapper")
    same(bench.score("b.json", data)[0], whole, "booster")
    g = lgb.LGBMRegressor(n_estimators=80, n_jobs=1, verbosity=-1)
    g.fit(named(x[:400]), noisy[:400], eval_X=named(x[400:]), eval_y=noisy[400:], callbacks=[lgb.early_stopping(10, verbose=False)])
    g.booster_.best_iteration = g.booster_.best_iteration // 2  # what came after it, the library has cut away already
    (bench.folder / "g.pkl").write_bytes(pickle.dumps(g))
    g.booster_.save_model(bench.folder / "g.txt")
    assert (g.booster_.predict(named(x), num_iteration=99) != g.predict(named(x))).any()
    for name in ("g.pkl", "g.txt"):
        same(bench.score(name, data)[0], g.predict(named(x)), name)


def test_classes_by_the_names_that_the_labels_had(bench):
    x, y = numbers(9)
    words = np.array(["no", "maybe", "yes"])[np.digitize(y, [-0.5, 0.5])]
    g = lgb.LGBMClassifier(n_estimators=5, n_jobs=1, verbosity=-1).fit(named(x), words)
    assert list(g.classes_) == ["maybe", "no", "yes"]  # sorted, not as they came
    (bench.folder / "g.pkl").write_bytes(pickle.dumps(g))
    frame = named(x).assign(label=words)
    bench.run("score", "--model", "g.pkl", "--data", bench.data(frame), "--label", "label", "--out", "out.parquet", "--replace")
    got = duckdb.sql(f"from '{bench.folder / 'out.parquet'}'").df()
    assert list(got["prediction"].astype(str)) == list(g.predict(named(x)))


def test_columns_by_name_not_by_place(bench):
    x, y = numbers(10)
    for model, predict in ((xgb_of(x, y), lambda r: xgb.DMatrix(r)), (lgb_of(x, y), lambda r: r)):
        want = model.predict(predict(named(x)))
        same(score(bench, model, named(x)[["c", "a", "b"]].assign(z=1.0)), want, "c, a, b, z")


def test_categories_by_the_dictionary_of_training(bench):
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"a": pd.Categorical(rng.choice(["x", "y", "z"], 400), ["z", "x", "y"]), "b": rng.normal(size=400)})
    y = frame.a.cat.codes * 3.0 + frame.b
    rows = frame.assign(a=frame.a.astype(str).astype(object)).sort_values("b")  # first come in another order than the codes have
    for model, predict in ((xgb_of(frame, y), lambda r: xgb.DMatrix(r, enable_categorical=True)), (lgb_of(frame, y), lambda r: r)):
        same(score(bench, model, rows), model.predict(predict(frame.sort_values("b"))), "by name")


def test_categories_that_are_not_ascii(bench):
    """XGBoost 3.1 and 3.2 count characters where they write bytes, so names after such a one are cut elsewhere, and the end is lost. What
    can still be told is right; what cannot is refused, never another category."""
    rng = np.random.default_rng(12)
    for values, told in ((["rot", "grün", "x:y", "blau"], {"rot"}), (["é", "12", "1", "2"], {"é", "12", "1"}),
                         (["abc", "d"], {"abc", "d"})):
        frame = pd.DataFrame({"a": pd.Categorical(rng.choice(values, 300), values), "b": rng.normal(size=300)})
        model = xgb_of(frame, frame.a.cat.codes * 3.0 + frame.b)
        want = model.predict(xgb.DMatrix(frame, enable_categorical=True))
        for value in values:
            here = (frame.a == value).to_numpy()
            rows = frame[here].assign(a=value)
            if value in told:
                same(score(bench, model, rows), want[here], value)
            else:
                said = bench.run("score", "--model", "m.json", "--data", bench.data(rows), code=1).stderr
                assert b"has not seen the category" in said, said


def test_a_threshold_that_is_infinite(bench):
    x, y = numbers(13, 800)
    x[:400, 0], y[:400] = np.nan, 9
    model = lgb_of(x, y, 10, num_leaves=31)
    assert "inf" in model.model_to_string().split("end of trees")[0].replace("feature_infos", "")
    rows = np.concatenate([x, [[np.inf, 0, 0], [-np.inf, 0, 0], [1e300, 0, 0]]])
    same(score(bench, model, named(rows)), model.predict(named(rows)), "inf")


def test_a_locale_with_a_comma(bench):
    folder = bench.folder / "locales"
    folder.mkdir()
    subprocess.run(["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / "de_DE.ISO-8859-1")], check=False, capture_output=True)
    env = {"LC_ALL": "de_DE.ISO-8859-1", "LOCPATH": str(folder)}
    said = subprocess.run(["locale", "decimal_point"], capture_output=True, env={**os.environ, **env}).stdout
    assert said == b",\n", "localedef makes no German locale: install the package locales"
    bench.env |= env
    x, y = numbers(14)
    frame = named(np.round(x, 3))
    frame.to_csv(bench.folder / "x.csv", index=False)
    frame = pd.read_csv(bench.folder / "x.csv")
    for model, predict, name in ((xgb_of(x, y), xgb.DMatrix, "m.json"), (lgb_of(x, y), lambda r: r, "m.txt")):
        model.save_model(bench.folder / name)
        same(bench.score(name, "x.csv")[0], model.predict(predict(frame)), name)


def test_whole_numbers_too_large_for_a_float(bench):
    rng = np.random.default_rng(15)
    frame = pd.DataFrame({"a": 16777216 + rng.integers(0, 9, 400), "b": rng.normal(size=400)})
    y = (frame.a % 2) * 1.0
    booster, model = xgb_of(frame, y), lgb_of(frame, y)
    assert len(set(frame.a.astype(np.float32))) < len(set(frame.a))
    same(score(bench, booster, frame), booster.predict(xgb.DMatrix(frame)), "rounded by XGBoost")
    same(score(bench, model, frame), model.predict(frame), "exact in LightGBM")


def test_decimals_of_a_database(bench):
    """numeric of PostgreSQL: the double next to it, also of negative ones and of more digits than a double has."""
    rng = np.random.default_rng(16)
    digits = [int(v) * 10 ** 12 + int(w) for v, w in zip(rng.integers(-10 ** 9, 10 ** 9, 500), rng.integers(0, 10 ** 12, 500))]
    text = [("-" if v < 0 else "") + f"{abs(v):021d}"[:-18] + "." + f"{abs(v):021d}"[-18:] for v in digits]
    x = np.round(rng.normal(size=(500, 2)) * 100, 4)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": [float(t) for t in text]})
    model, given = lgb_of(frame, frame.a + frame.b * frame.c, 30), frame.assign(t=text)
    assert (frame.c != [float(int(v)) / 1e18 for v in digits]).any()
    duckdb.sql(f"copy (select a::decimal(12, 4) as a, b::decimal(30, 4) as b, t::decimal(38, 18) as c from given) to "
               f"'{bench.folder / 'd.parquet'}'")
    model.save_model(bench.folder / "m.txt")
    same(bench.score("m.txt", "d.parquet")[0], model.predict(frame), "decimals are the nearest doubles")


def test_booleans_are_zero_and_one(bench):
    rng = np.random.default_rng(17)
    frame = pd.DataFrame({"a": rng.random(400) < 0.5, "b": rng.normal(size=400)})
    y = frame.a * 2.0 + frame.b
    for model, predict in ((xgb_of(frame, y), xgb.DMatrix), (lgb_of(frame, y), lambda r: r)):
        same(score(bench, model, frame), model.predict(predict(frame)), "booleans")


def test_a_time_is_no_number(bench):
    x, y = numbers(18)
    frame = named(x).assign(b=pd.Timestamp("2026-11-21") + pd.to_timedelta(np.arange(400), "h"))
    for name, model in (("m.json", xgb_of(x, y)), ("m.txt", lgb_of(x, y))):
        model.save_model(bench.folder / name)
        said = bench.run("score", "--model", name, "--data", bench.data(frame), code=2).stderr
        assert b"column b is a time, and the model takes a number" in said, said


def test_weights_of_darts_trees(bench):
    x, y = numbers(19)
    model = xgb_of(x, y, 20, booster="dart", rate_drop=0.5)
    weights = json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]["weight_drop"]
    assert len(set(weights)) > 1
    same(score(bench, model, named(x)), model.predict(xgb.DMatrix(named(x))), weights)


def test_a_random_forest_is_a_mean(bench):
    x, y = numbers(20)
    for more in ({}, {"objective": "multiclass", "num_class": 3}):
        model = lgb_of(x, np.digitize(y, [-0.5, 0.5]) if more else y, 12, boosting="rf", bagging_freq=1, bagging_fraction=0.6, **more)
        assert "average_output" in model.model_to_string()
        same(score(bench, model, named(x)), model.predict(named(x)), more)


@pytest.mark.parametrize("sentinel", [0.0, -999.0, 0.1])
def test_what_stands_for_missing(bench, sentinel):
    """The wrapper knows, the model's own file does not. XGBoost compares floats: 0.1 is the float nearest to it."""
    x, y = numbers(21, 600)
    x[::3, 0], y[::3] = sentinel, 7
    for kind in (np.float64, np.float32):
        rows = named(x).astype(kind)
        w = xgb.XGBRegressor(n_estimators=5, missing=sentinel, n_jobs=1).fit(rows, y)
        (bench.folder / "w.pkl").write_bytes(pickle.dumps(w))
        want = w.predict(rows)
        assert (want != w.get_booster().predict(xgb.DMatrix(rows)))[::3].any()
        got = bench.score("w.pkl", bench.data(rows))[0]
        assert (got.ravel().astype(np.float32) == want).all(), (sentinel, kind)
