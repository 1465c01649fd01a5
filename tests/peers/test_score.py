"""XGBoost and LightGBM themselves: `sluice score` must give the bits that their own predict() gives, for models drawn at random."""
import json
import os
import pickle
import random
import subprocess
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from lib_draws import as_cuda
from sluice_pytest import peer

lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SLUICE", str(ROOT / "build" / "sluice"))
SEED = int(os.environ.get("SLUICE_SEED", "20261121"))
LEVEL = {k: os.environ[k] for k in ("SLUICE_CPU",) if k in os.environ}  # of the processor's, where one is asked for
ROWS = 2600  # more than a vector of the engine
pytestmark = [pytest.mark.peer("xgboost"), pytest.mark.peer("lightgbm")]
XGB = ["reg:squarederror", "reg:logistic", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "reg:gamma",
       "reg:tweedie", "multi:softmax", "multi:softprob", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror",
       "reg:quantileerror", "rank:pairwise", "survival:aft", "survival:cox"]
LGB = ["regression", "regression_sqrt", "binary", "multiclass", "multiclassova", "poisson", "gamma", "tweedie", "cross_entropy",
       "cross_entropy_lambda", "huber", "quantile", "mape", "regression_l1", "lambdarank"]


@pytest.fixture(scope="module", autouse=True)
def peers():
    peer("xgboost", xgb.__version__, "real")
    peer("lightgbm", lgb.__version__, "real")


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(folder), **LEVEL}
        os.chmod(folder, 0o700)

    def run(self, *args, code=0, env=()):
        out = subprocess.run([PROGRAM, *map(str, args), "--no-input"], capture_output=True, env={**self.env, **dict(env)}, cwd=self.folder,
                             timeout=120)
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout[:300]}\n{out.stderr.decode()}"
        return out

    def data(self, frame, name="data.parquet"):
        duckdb.sql(f"copy (select * from frame) to '{self.folder / name}'")
        return name

    def score(self, model, data, *args, cpu=""):
        """The outputs as one array, and what was said about them."""
        said = json.loads(self.run("score", "--model", model, "--data", data, "--out", "out.parquet", "--replace", "-o", "json",
                                   *args, env={"SLUICE_CPU": cpu} if cpu else {}).stdout)
        out = duckdb.sql(f"from '{self.folder / 'out.parquet'}'").fetchnumpy()
        assert (out["row"] == np.arange(len(out["row"]))).all()
        columns = ["prediction"] if "prediction" in out else [f"p{i}" for i in range(sum(k[0] == "p" and k[1:].isdigit() for k in out))]
        return np.stack([np.asarray(out[c]) for c in columns], 1), said[0]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def same(got, want, what):
    want = np.asarray(want).reshape(got.shape[0], -1)
    if got.dtype == np.int64:
        want = want.astype(np.int64)
    assert got.dtype == want.dtype and got.shape == want.shape, (what, got.dtype, want.dtype, got.shape, want.shape)
    off = int((np.ascontiguousarray(got).view(np.uint8) != np.ascontiguousarray(want).view(np.uint8)).sum())
    assert not off, f"{what}: {off} bytes differ: {got[got != want][:3]} is not {want[got != want][:3]}"


def draw(rng, n, f):
    x = rng.normal(size=(n, f))
    x[rng.random(x.shape) < rng.choice([0, 0.1, 0.4])] = np.nan
    if rng.random() < 0.3:
        x[rng.random(x.shape) < 0.3] = 0
    return x


def fit_labels(objective, y):
    if objective in ("reg:logistic", "binary"):
        return (y > 0).astype(float)
    if objective.startswith("binary:"):
        return (y > 0).astype(float)
    if objective.startswith("multi"):
        return np.clip(np.floor(y), 0, 2)
    if objective.startswith("rank") or objective == "lambdarank":
        return np.clip(np.floor(y), 0, 3)
    if objective.startswith("cross"):
        return 1 / (1 + np.exp(-y))
    if objective == "count:poisson":
        return np.floor(np.abs(y))
    if objective.split(":")[-1] in ("gamma", "tweedie", "aft", "squaredlogerror", "poisson", "cox"):
        return np.abs(y) + 0.1
    return y


def on_thresholds(x, pairs):
    for row, (feature, value) in enumerate(pairs[: len(x) // 2]):
        x[row, feature] = value


def xgb_model(rng, objective):
    f, n = int(rng.integers(2, 9)), 400
    x, booster = draw(rng, n, f), str(rng.choice(["gbtree", "gbtree", "dart", "gblinear"]))
    p = {"objective": objective, "booster": booster, "verbosity": 0, "nthread": 2, "seed": int(rng.integers(99))}
    y, types = np.nansum(x, 1), None
    if booster != "gblinear":
        p["max_depth"] = int(rng.integers(1, 7))
        if rng.random() < 0.4:
            x[:, 0] = rng.integers(0, int(rng.integers(2, 40)), n)
            x[rng.random(n) < 0.1, 0] = np.nan
            p["max_cat_to_onehot"], types = int(rng.choice([1, 10, 100])), ["c"] + ["q"] * (f - 1)
            y = y + np.nan_to_num(np.sin(x[:, 0] * 3)) * 3
        if rng.random() < 0.3:
            p.update(num_parallel_tree=2, subsample=0.7)
    if booster == "dart":
        p["rate_drop"] = 0.3
    if objective.startswith("multi"):
        p["num_class"] = 3
    elif rng.random() < 0.3:
        p["base_score"] = 0.3
    if objective == "reg:quantileerror":
        p["quantile_alpha"] = np.array([0.2, 0.5, 0.8][: int(rng.integers(1, 4))])
    y = fit_labels(objective, y)
    d = xgb.DMatrix(x, y, feature_types=types, enable_categorical=types is not None)
    if objective.startswith("rank"):
        d.set_group([n // 4] * 4)
    if objective == "survival:aft":
        d.set_float_info("label_lower_bound", y)
        d.set_float_info("label_upper_bound", y * 1.5)
    return xgb.train(p, d, num_boost_round=int(rng.integers(1, 30))), f, types, p


def thresholds(model, booster):
    if booster == "gblinear":
        return []
    found = []
    inner = json.loads(model.save_raw("json"))["learner"]["gradient_booster"]
    for tree in inner.get("gbtree", inner)["model"]["trees"]:
        found += [(f, c) for f, c, left in zip(tree["split_indices"], tree["split_conditions"], tree["left_children"]) if left >= 0]
    return found


@pytest.mark.parametrize("objective", XGB)
def test_xgboost_to_the_bit(bench, objective):
    rng = np.random.default_rng([SEED, XGB.index(objective)])
    for k in range(2):
        model, f, types, p = xgb_model(rng, objective)
        x = draw(rng, ROWS, f).astype(np.float32)
        on_thresholds(x, thresholds(model, p["booster"]))
        if types:
            x[:, 0] = rng.integers(-1, 60, ROWS)
            x[x[:, 0] < 0, 0] = np.nan
        data = bench.data(pd.DataFrame(x, columns=[f"f{i}" for i in range(f)]))
        d = xgb.DMatrix(x, feature_types=types, enable_categorical=types is not None)
        name = f"m{k}.{'ubj' if k % 2 else 'json'}"
        model.save_model(bench.folder / name)
        drawn = {**p, "model": name, "trees": model.num_boosted_rounds(), "seed": SEED}
        print("drew", drawn)
        want, raw = model.predict(d), model.predict(d, output_margin=True)
        same(bench.score(name, data)[0], as_cuda(want, raw) if objective == "survival:aft" else want, drawn)
        same(bench.score(name, data, "--output", "raw", "--threads", "1")[0], raw, drawn)
        if p["booster"] != "gblinear":
            same(bench.score(name, data, "--output", "leaf")[0], model.predict(d, pred_leaf=True), drawn)


def lgb_model(rng, objective):
    f, n = int(rng.integers(2, 9)), 500
    x, boosting = draw(rng, n, f), str(rng.choice(["gbdt", "gbdt", "dart", "rf"]))
    p = {"objective": objective, "boosting": boosting, "num_leaves": int(rng.integers(2, 40)), "verbosity": -1, "min_data_in_leaf": 3,
         "num_threads": 2, "seed": int(rng.integers(99))}
    y, cat = np.nansum(x, 1), []
    if objective == "regression_sqrt":
        p.update(objective="regression", reg_sqrt=True)
    if boosting == "rf":
        p.update(bagging_freq=1, bagging_fraction=0.7)
    if objective == "binary":
        p["sigmoid"] = float(rng.choice([1, 0.7, 1.37]))
    if objective.startswith("multi"):
        p["num_class"] = 3
    p.update([{}, {"zero_as_missing": True}, {"use_missing": False}][int(rng.integers(3))])
    if objective == "regression" and boosting == "gbdt":
        p["linear_tree"] = bool(rng.random() < 0.7)
    if rng.random() < 0.4 and not p.get("linear_tree"):
        x[:, 0], cat = rng.integers(0, int(rng.integers(3, 80)), n), [0]
        p.update(min_data_per_group=5, cat_smooth=1)
        y = y + 3 * np.sin(x[:, 0])
    d = lgb.Dataset(x, fit_labels(objective, y), categorical_feature=cat, group=[n // 4] * 4 if objective == "lambdarank" else None,
                    feature_name=[f"f{i}" for i in range(f)])
    return lgb.train(p, d, num_boost_round=int(rng.integers(1, 25))), f, cat, p


@pytest.mark.parametrize("objective", LGB)
def test_lightgbm_to_the_bit(bench, objective):
    rng = np.random.default_rng([SEED, 100 + LGB.index(objective)])
    for k in range(2):
        model, f, cat, p = lgb_model(rng, objective)
        x, text = draw(rng, ROWS, f), model.model_to_string()
        splits = [line.partition("=")[2].split() for line in text.split("\n") if line.startswith(("split_feature=", "threshold="))]
        on_thresholds(x, [(int(a), float(b)) for i in range(0, len(splits), 2) for a, b in zip(splits[i], splits[i + 1])])
        x[-1, 0], x[-2, 1], x[-3, 1], x[-4, 1] = np.inf, -np.inf, 1e-36, -1e-30
        if cat:
            x[:, 0] = rng.integers(-2, 120, ROWS)
            x[:4, 0] = 2.7, -0.5, 1e12, np.nan
        data = bench.data(pd.DataFrame(x, columns=[f"f{i}" for i in range(f)]))
        model.save_model(bench.folder / f"m{k}.txt")
        drawn = {**p, "trees": model.num_trees(), "categorical": cat, "seed": SEED}
        print("drew", drawn)
        same(bench.score(f"m{k}.txt", data)[0], model.predict(x), drawn)
        same(bench.score(f"m{k}.txt", data, "--output", "raw", "--threads", "1")[0], model.predict(x, raw_score=True), drawn)
        same(bench.score(f"m{k}.txt", data, "--output", "leaf")[0], model.predict(x, pred_leaf=True), drawn)


def categories(n):
    rng = np.random.default_rng(3)
    return pd.DataFrame({"colour": pd.Categorical(rng.choice(["red", "green", "blue", "dark red"], n)), "v": rng.normal(size=n),
                         "size": pd.Categorical(rng.choice([3, 5, 90], n))}), rng


def test_categories_by_their_names(bench):
    frame, rng = categories(500)
    y = frame.colour.cat.codes * 2.0 + frame.v + frame["size"].cat.codes
    plain = frame.assign(colour=frame.colour.astype(str).astype(object), size=frame["size"].astype(int))[["size", "colour", "v"]]
    data = bench.data(plain)
    model = lgb.train({"verbosity": -1, "min_data_per_group": 2, "cat_smooth": 1}, lgb.Dataset(frame, y), 10)
    model.save_model(bench.folder / "m.txt")
    same(bench.score("m.txt", data)[0], model.predict(frame), "LightGBM, columns in another order")
    booster = xgb.train({"verbosity": 0}, xgb.DMatrix(frame, y, enable_categorical=True), 10)
    booster.save_model(bench.folder / "m.ubj")
    same(bench.score("m.ubj", data)[0], booster.predict(xgb.DMatrix(frame, enable_categorical=True)), "XGBoost, columns in another order")
    odd = bench.data(plain.assign(colour="violet"), "odd.parquet")
    assert b'not seen the category "violet"' in bench.run("score", "--model", "m.ubj", "--data", odd, code=1).stderr


def test_what_mlflow_logs(bench):
    mlflow = pytest.importorskip("mlflow")
    rng = np.random.default_rng(5)
    x = pd.DataFrame(rng.normal(size=(800, 4)), columns=list("abcd"))
    for name, y in (("two", (x.a + x.b > 0).astype(int)), ("three", np.clip(np.floor(x.a + x.b), -1, 1).astype(int) + 1)):
        model = xgb.XGBClassifier(n_estimators=60, max_depth=3, early_stopping_rounds=3)
        model.fit(x[:400], y[:400], eval_set=[(x[400:600], y[400:600])], verbose=False)
        folder = bench.folder / name
        mlflow.xgboost.save_model(model, str(folder), signature=mlflow.models.infer_signature(x, y))
        data = bench.data(x.assign(label=y)[["label", "d", "c", "b", "a"]])
        got, said = bench.score(folder, data, "--label", "label")
        same(got, model.predict(x), f"{name} classes, best iteration {model.best_iteration}")
        want = float((model.predict(x) == y).mean())
        assert abs(said["quality"]["accuracy"] - want) < 1e-12 and said["rows"] == 800
        p = model.predict_proba(x)
        same(bench.score(folder, data, "--label", "label", "--output", "probability")[0], p[:, 1] if name == "two" else p, name)
        wrong = bench.data(x.assign(label=y, a="text"), "wrong.parquet")
        said = bench.run("score", "--model", folder, "--data", wrong, "--label", "label", code=2).stderr
        assert b"column a is text; the model's signature says double" in said
        few = bench.data(x[["a", "b", "c"]], "few.parquet")
        assert b"the data has no column d" in bench.run("score", "--model", folder, "--data", few, code=1).stderr


def test_quality_as_scikit_learn_has_it(bench):
    from sklearn import metrics
    rng = np.random.default_rng(11)
    x = np.round(rng.normal(size=(3000, 3)), 1)
    frame = pd.DataFrame(x, columns=list("abc")).assign(y=np.clip(np.floor(x.sum(1) + rng.normal(size=3000)), -1, 1).astype(int) + 1)
    model = lgb.train({"objective": "multiclass", "num_class": 3, "verbosity": -1}, lgb.Dataset(frame[list("abc")], frame.y), 5)
    model.save_model(bench.folder / "m.txt")
    bench.data(frame)
    rows = json.loads(bench.run("sql", "from quality('m.txt', 'data.parquet', label => 'y')", "-o", "json").stdout)
    got = {(r["metric"], r["class"], r["slice"]): r["value"] for r in rows}
    p = model.predict(frame[list("abc")])
    assert abs(got["accuracy", None, None] - metrics.accuracy_score(frame.y, p.argmax(1))) < 1e-12
    assert abs(got["auc", None, None] - metrics.roc_auc_score(frame.y, p, multi_class="ovr")) < 1e-12
    assert abs(got["log_loss", None, None] - metrics.log_loss(frame.y, p)) < 1e-12
    parts = metrics.precision_recall_fscore_support(frame.y, p.argmax(1), zero_division=0)
    for k in range(3):
        for name, values in zip(("precision", "recall", "f1"), parts):
            assert abs(got[name, str(k), None] - values[k]) < 1e-12
    table = metrics.confusion_matrix(frame.y, p.argmax(1))
    assert all(got["confusion", str(i), f"predicted {j}"] == table[i, j] for i in range(3) for j in range(3))


def test_two_classes_with_an_output_each(bench):
    from sklearn import metrics
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(600, 3)), columns=list("abc"))
    y = (x.a + rng.normal(size=600) > 0).astype(int)
    bench.data(x.assign(y=y))
    one = xgb.train({"objective": "multi:softprob", "num_class": 2, "verbosity": 0}, xgb.DMatrix(x, y), 5)
    two = lgb.train({"objective": "multiclass", "num_class": 2, "verbosity": -1}, lgb.Dataset(x, y), 5)
    one.save_model(bench.folder / "m.json")
    two.save_model(bench.folder / "m.txt")
    for name, p in (("m.json", one.predict(xgb.DMatrix(x))), ("m.txt", two.predict(x))):
        rows = json.loads(bench.run("sql", f"from quality('{name}', 'data.parquet', label => 'y')", "-o", "json").stdout)
        got = {r["metric"]: r["value"] for r in rows if r["class"] is None}
        assert abs(got["accuracy"] - metrics.accuracy_score(y, p.argmax(1))) < 1e-12, name
        assert abs(got["auc"] - metrics.roc_auc_score(y, p[:, 1])) < 1e-12, name
        assert abs(got["log_loss"] - metrics.log_loss(y, p.astype(float))) < 1e-6, name


def test_several_labels_at_once(bench):
    """As many as overflowed what was there for classes: each output says yes or no by itself."""
    mlflow = pytest.importorskip("mlflow")
    rng = np.random.default_rng(4)
    x = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    y = (rng.normal(size=(300, 300)) + x.values[:, :1] > 0).astype(int)
    model = xgb.XGBClassifier(n_estimators=2, max_depth=2).fit(x, y)
    mlflow.xgboost.save_model(model, str(bench.folder / "many"))
    data = bench.data(x.assign(label=y[:, 0]))
    same(bench.score("many", data)[0], model.predict(x), "labels")
    same(bench.score("many", data, "--output", "probability")[0], model.predict_proba(x), "probabilities")
    said = bench.run("sql", "from quality('many', 'data.parquet', label => 'label')", code=1).stderr
    assert b"quality of a model of several numbers is not worked out" in said


def test_broken_and_hostile_files(bench):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(200, 3))
    data = bench.data(pd.DataFrame(x, columns=list("abc")))
    model = xgb.train({"verbosity": 0, "max_depth": 3}, xgb.DMatrix(x, x.sum(1), feature_names=list("abc")), 3)
    text = lgb.train({"verbosity": -1, "num_leaves": 7}, lgb.Dataset(x, x.sum(1), feature_name=list("abc")), 3).model_to_string().encode()
    whole = {"json": bytes(model.save_raw("json")), "ubj": bytes(model.save_raw("ubj")), "txt": text[: text.index(b"end of trees")]}
    shuffle = random.Random(SEED)
    for kind, raw in whole.items():
        for cut in sorted(shuffle.randrange(12, len(raw) - 1) for _ in range(6)):
            (bench.folder / f"cut.{kind}").write_bytes(raw[:cut])
            out = bench.run("score", "--model", f"cut.{kind}", "--data", data, code=1)
            assert b"not re-scored: cut." in out.stderr and out.stderr.count(b"\n") == 1, (kind, cut, out.stderr)
    for name, raw, words in (("m.pkl", pickle.dumps(Path("x")), b"m.pkl: byte "), ("empty", b"", b"an empty file"),
                             ("zip", b"PK\x03\x04" + b"x" * 99, b"zip cannot be unpacked"), ("old", b"binf" + b"\0" * 99,
                                 b"the file ends in the middle")):
        (bench.folder / name).write_bytes(raw)
        assert b"not re-scored: " in (said := bench.run("score", "--model", name, "--data", data, code=1).stderr) and words in said, said


def test_leaves_with_an_output_for_each_target(bench):
    rng = np.random.default_rng(9)
    x = draw(rng, 900, 4).astype(np.float32)
    y = np.nan_to_num(np.stack([x[:, 0] + x[:, 1], x[:, 1] * 2, x[:, 2]], 1))
    data = bench.data(pd.DataFrame(x, columns=list("abcd")))
    for strategy in ("multi_output_tree", "one_output_per_tree"):
        model = xgb.train({"multi_strategy": strategy, "max_depth": 5, "tree_method": "hist", "verbosity": 0}, xgb.DMatrix(x, y), 12)
        for name in ("m.json", "m.ubj"):
            model.save_model(bench.folder / name)
            d = xgb.DMatrix(x)
            same(bench.score(name, data)[0], model.predict(d), (strategy, name))
            same(bench.score(name, data, "--output", "leaf")[0], model.predict(d, pred_leaf=True), (strategy, name))


@pytest.mark.parametrize("version", ["xgboost17", "xgboost21"])
def test_files_of_older_versions(bench, version):
    """The binary form of XGBoost 1.7 and 2.1, and 2.1's trees with an output for each target: with what they predicted themselves."""
    folder = Path(__file__).parent / "data" / version
    said = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
    x = np.array([[np.nan if v is None else float.fromhex(v) for v in row] for row in said["x"]], np.float32)
    data = bench.data(pd.DataFrame(x, columns=list("abcd")))
    for name, want in said["models"].items():
        predict, raw = (np.array([float.fromhex(v) for v in want[k]], np.float32) for k in ("predict", "raw"))
        model = next(folder.glob(f"{name}.*"))
        same(bench.score(model, data)[0], predict, (name, said["version"]))
        same(bench.score(model, data, "--output", "raw")[0], raw, (name, said["version"]))


def test_every_level_of_the_processor(bench):
    """Trees of many leaves, so that they are cut, and of few; a block and a rest of few rows."""
    rng = np.random.default_rng(8)
    x = draw(rng, 3000, 6)
    y = np.nan_to_num(np.sin(x[:, 0] * 5) * x[:, 1] + x[:, 2])
    data = bench.data(pd.DataFrame(x[:1030], columns=list("abcdef")))
    model = lgb.train({"verbosity": -1, "num_leaves": 400, "min_data_in_leaf": 1, "max_bin": 1000}, lgb.Dataset(x, y), 15)
    booster = xgb.train({"verbosity": 0, "max_depth": 11, "tree_method": "exact"}, xgb.DMatrix(x, y), 15)
    model.save_model(bench.folder / "m.txt")
    booster.save_model(bench.folder / "m.ubj")
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    levels = ["c"] + ["avx2"] * (" avx2" in flags) + ["avx512"] * (" avx512_vbmi2" in flags and " gfni" in flags)
    for cpu in levels:
        same(bench.score("m.txt", data, cpu=cpu)[0], model.predict(x[:1030]), cpu)
        same(bench.score("m.ubj", data, cpu=cpu)[0], booster.predict(xgb.DMatrix(x[:1030])), cpu)
    said = bench.run("score", "--model", "m.txt", "--data", data, code=2, env={"SLUICE_CPU": "sse9"}).stderr
    assert b"SLUICE_CPU sse9: c, avx2 or avx512" in said


def test_time_beside_the_libraries(bench):
    """No budget yet: the figures are printed, in the same run and with the same threads."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20000, 28)).astype(np.float32)
    x[rng.random(x.shape) < 0.02] = np.nan
    y = np.nan_to_num(x[:, 0] * x[:, 1] + x[:, 2]) > 0
    data = bench.data(pd.DataFrame(x, columns=[f"f{i}" for i in range(28)]))
    p = {"verbosity": 0, "max_depth": 6, "objective": "binary:logistic", "nthread": 2}
    booster = xgb.train(p, xgb.DMatrix(x[:8000], y[:8000]), 100)
    booster.save_model(bench.folder / "m.ubj")
    model = lgb.train({"verbosity": -1, "objective": "binary", "num_leaves": 31, "num_threads": 2}, lgb.Dataset(x[:8000], y[:8000]), 100)
    model.save_model(bench.folder / "m.txt")
    for name, predict in (("m.ubj", lambda: booster.predict(xgb.DMatrix(x))), ("m.txt", lambda: model.predict(x, num_threads=2))):
        start = time.monotonic()
        want = predict()
        library = time.monotonic() - start
        got, said = bench.score(name, data, "--threads", "2")
        same(got, want, name)
        print(f"{name}: 20,000 rows x 28, 100 trees: the library {library:.3f} s, "
              f"ours {said['kernel_s']:.3f} s (kernel), {said['total_s']:.3f} s")
