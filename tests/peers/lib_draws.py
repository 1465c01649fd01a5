"""Models of XGBoost and LightGBM drawn at random, with rows to score and what the library itself says of them.

Runs in the environment of the library's own version: `python lib_draws.py xgboost|lightgbm SEED FOLDER`. Each line of stdin is the number
of a draw; each is answered by a line of JSON: the files that were written, what was drawn (nouns, some of them read back out of the model),
and the line for tests/peers/score_tool.c. A noun comes from a deck: all its cards in some order, then again; so none is rare."""
import ctypes
import json
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
ROWS, CATS = 10000, 12
XGB_MULTI = ["multi:softmax", "multi:softprob"]
XGB_OBJECTIVES = ["reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror", "reg:linear",
                  "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "survival:cox",
                  "survival:aft", "rank:pairwise", "rank:ndcg", "rank:map", *XGB_MULTI]
LGB_OBJECTIVES = ["regression", "regression_sqrt", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
                  "binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg", "custom"]
TEXTS = ["red", "green", "blue", "dark red", "Gruen", "a,b", "x:y", "1", "", "tab", "NaN", "'", "zed"][:CATS]


class Deck:
    """Cards in some order, each as often as it stands there; draw k of a name is the same whenever it is asked."""

    def __init__(self, seed, k):
        self.seed, self.k = seed, k

    def __call__(self, name, cards):
        turn, at = divmod(self.k, len(cards))
        order = np.random.default_rng([self.seed, turn, *name.encode()]).permutation(len(cards))
        return cards[order[at]]


def labels(objective, y):
    kind = objective.split(":")[-1]
    if objective == "binary" or objective.startswith("binary:") or kind == "map":
        return (y > 0).astype(float)
    if kind == "logistic" or objective.startswith("cross"):
        return 1 / (1 + np.exp(-y))
    if objective.startswith("multi"):
        return np.clip(np.floor(y), -1, 1) + 1
    if objective.startswith("rank") or objective == "lambdarank":
        return np.clip(np.floor(y), 0, 3)
    if kind == "cox":
        return (np.abs(y) + 0.1) * np.where(np.arange(len(y)) % 3, 1, -1)
    if kind == "poisson":
        return np.floor(np.abs(y))
    if kind in ("gamma", "tweedie", "aft", "squaredlogerror"):
        return np.abs(y) + 0.1
    return y


def numbers(rng, n, f, missing):
    x = rng.normal(size=(n, f))
    if rng.random() < 0.5:
        x = np.round(x, int(rng.integers(1, 4)))
    if missing != "none":
        x[rng.random(x.shape) < rng.choice([0.05, 0.3])] = np.nan
    if missing == "zero" or rng.random() < 0.2:
        x[rng.random(x.shape) < 0.2] = 0
    return x


# ---- trees, as they lie in the file: rows that arrive at a split and lie on its threshold ----

class Tree:
    """cut: less than the threshold goes left (XGBoost), or also the threshold itself (LightGBM)."""

    def __init__(self, left, right, feature, threshold, sets, less):
        self.left, self.right, self.feature, self.threshold, self.sets, self.less = left, right, feature, threshold, sets, less

    def depth(self):
        deepest, stack = 0, [(0, 0)]
        while stack:
            i, d = stack.pop()
            deepest = max(deepest, d)
            if i >= 0 and self.left[i] >= -1e9 and self.inner(i):
                stack += [(self.left[i], d + 1), (self.right[i], d + 1)]
        return deepest

    def inner(self, i):
        return 0 <= i < len(self.left) and not (self.less and self.left[i] == -1)

    def rows(self, start, few):
        """A row for each split that values can reach: on its threshold."""
        out, stack = [], [(0, list(start), {}, {})]
        while stack and len(out) < few:
            i, row, bounds, allowed = stack.pop()
            if not self.inner(i):
                continue
            f, t = self.feature[i], self.threshold[i]
            if i in self.sets:
                there = allowed.get(f, frozenset(range(CATS + 2)))
                for child, members in ((self.right[i], there & self.sets[i]), (self.left[i], there - self.sets[i])):
                    if not self.less:
                        child = self.left[i] if child == self.right[i] else self.right[i]
                    if members:
                        to = row[:]
                        to[f] = float(min(members))
                        out.append(to)
                        stack.append((child, to, bounds, {**allowed, f: members}))
                continue
            low, high = bounds.get(f, (-np.inf, np.inf))
            if not (low <= t < high if self.less else low < t <= high) or np.isinf(t):
                continue
            on = row[:]
            on[f] = t
            out.append(on)
            off = row[:]
            if self.less:
                off[f] = row[f] if low <= row[f] < t else low if np.isfinite(low) else t - 1 - abs(t)
                if low < t:
                    stack.append((self.left[i], off, {**bounds, f: (low, t)}, allowed))
                stack.append((self.right[i], on, {**bounds, f: (t, high)}, allowed))
            else:
                off[f] = row[f] if t < row[f] <= high else high if np.isfinite(high) else t + 1 + abs(t)
                stack.append((self.left[i], on, {**bounds, f: (low, t)}, allowed))
                if high > t:
                    stack.append((self.right[i], off, {**bounds, f: (t, high)}, allowed))
        return out


def score_rows(rng, trees, f, missing, single, cat):
    """Random rows, rows on the threshold of every split, then every threshold by itself and its neighbours."""
    x = numbers(rng, ROWS, f, missing)
    if cat:
        x[:, 0] = rng.integers(0, CATS, ROWS)
        if missing != "none":
            x[rng.random(ROWS) < 0.1, 0] = np.nan
    plain = np.nan_to_num(x)
    on = [row for i, t in enumerate(trees) for row in t.rows(plain[i % ROWS], 12000)]
    if len(on) > 12000:
        on = [on[i] for i in rng.permutation(len(on))[:12000]]
    splits = len(on)
    known = [np.unique([t.threshold[i] for t in trees for i in range(len(t.left)) if t.inner(i) and i not in t.sets and t.feature[i] == j])
             for j in range(f)]
    most = max((len(u) for u in known), default=0)
    step = np.float32 if single else np.float64
    for toward in (0, -np.inf, np.inf):
        most = most if toward == 0 else min(most, 2000)  # every threshold, and the neighbours of many
        block = np.resize(plain, (most, f))
        for j, u in enumerate(known):
            u = u[np.isfinite(u)][:most]
            if len(u) and not (cat and j == 0):
                block[: len(u), j] = u if toward == 0 else np.nextafter(u.astype(step), step(toward))
        on.append(block)
    odd = plain[:200].copy()
    odd[:, int(rng.integers(1 if cat else 0, f))] = rng.choice([1e-36, -1e-36, 1e-35, 0.0, -0.0, 1e30, -1e30, 16777217.0], 200)
    if missing == "infinity":
        odd[:, -1] = rng.choice([np.inf, -np.inf], 200)
    rows = np.concatenate([x, np.array([r for r in on if isinstance(r, list)]).reshape(-1, f), *[b for b in on if not isinstance(b, list)],
                           odd])
    return rows.astype(np.float32 if single else np.float64), splits


def write_columns(folder, name, x, texts=None, single=True):
    """Column after column; texts: (column, codes, names)."""
    with open(folder / name, "wb") as out:
        for j in range(x.shape[1]):
            if texts is not None and j == 0:
                out.write(texts[0].astype(np.int32).tobytes())
            else:
                out.write(np.ascontiguousarray(x[:, j].astype(np.float32 if single else np.float64)).tobytes())
    if texts is not None:
        (folder / f"{name}.texts").write_text("\n".join(texts[1]) + "\n", encoding="utf-8")
    return "".join("s" if texts is not None and j == 0 else "f" if single else "d" for j in range(x.shape[1]))


def bytes_of(values):
    values = np.asarray(values)
    if values.dtype.kind in "iub":
        values = values.astype(np.int64)
    return np.ascontiguousarray(values).tobytes()


# ---- XGBoost ----

def as_cuda(predicted, margins):
    """What survival:aft gives in wheels named xgboost. Those named xgboost-cpu are compiled without nvcc, take exp of a double, and
    differ in the last bit now and then: checked here too."""
    assert (predicted == np.exp(margins.astype(np.float64)).astype(np.float32)).all()
    expf = ctypes.CDLL("libm.so.6").expf
    expf.restype, expf.argtypes = ctypes.c_float, [ctypes.c_float]
    return np.array([expf(v) for v in margins.ravel()], np.float32).reshape(margins.shape)



def xgb_trees(booster):
    inner = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    trees = []
    for t in inner.get("gbtree", inner).get("model", {}).get("trees", []):
        sets = {}
        for node, at, n in zip(t["categories_nodes"], t["categories_segments"], t["categories_sizes"]):
            sets[node] = frozenset(t["categories"][at: at + n])
        trees.append(Tree(t["left_children"], t["right_children"], t["split_indices"], t["split_conditions"], sets, True))
    return trees


class Xgb:
    def __init__(self, seed):
        import xgboost
        self.x, self.seed = xgboost, seed
        self.version = tuple(int(v) for v in xgboost.__version__.split(".")[:2])
        self.objectives = XGB_OBJECTIVES + ["reg:quantileerror"] * (self.version >= (2, 0))
        self.name = f"xgboost {self.version[0]}.{self.version[1]}"
        special = ["one"] * 2 + ["vector"] * 2 * (self.version >= (2, 0))
        self.round = [(o, "") for o in self.objectives] + [("", s) for s in special]

    def candidates(self):
        """The objectives that the library itself names."""
        try:
            self.x.train({"objective": "no:such"}, self.x.DMatrix(np.zeros((2, 1)), [0, 1]), 1)
        except self.x.core.XGBoostError as e:
            return sorted({line.split(":", 1)[1].strip() for line in str(e).splitlines() if line.startswith("Objective candidate")})
        return []

    def plan(self, k):
        deck, new = Deck(self.seed, k), self.version >= (3, 1)
        objective, multi = deck("objective", self.round)
        rng = np.random.default_rng([self.seed, k, 7])
        p = {"objective": objective or deck("multi", ["reg:squarederror", "binary:logistic", "reg:logistic"]), "multi": multi,
             "booster": deck("booster", ["gbtree"] * 4 + ["dart"] * 2 + ["gblinear"]),
             "depth": deck("depth", ["deep"] * 3 + ["shallow"] * 2),
             "cat": deck("cat", ["none", "onehot", "partition"] + ["encoder"] * new + ["none"]),
             "missing": deck("missing", ["nan", "none", "infinity", "zero"]),
             "parallel": deck("parallel", [1, 1, 1, 3]),
             "format": deck("format", ["json", "ubj", "pickle"] + ["binary"] * (not new)),
             "wrap": deck("wrap", [False, False, True]), "best": deck("best", [False, False, True]),
             "base": deck("base", ["own", "given", "tiny"]), "single": deck("single", [True, False]),
             "leaf": k % 3 == 0, "named": deck("named", [True, False]), "method": deck("method", ["hist", "exact", "approx", "hist"])}
        if multi == "vector":
            p.update(booster="gbtree", method="hist", cat="none", parallel=1, depth="deep" if k % 2 else "shallow",
                     format=p["format"].replace("binary", "ubj"))
        if p["booster"] == "gblinear":
            p.update(cat="none", parallel=1, best=False, missing=p["missing"].replace("infinity", "nan"), depth="linear")
        if p["cat"] != "none":
            p.update(method="hist" if p["method"] == "exact" else p["method"], format=p["format"].replace("binary", "json"))
        if p["cat"] == "encoder":
            p.update(missing="nan" if p["missing"] in ("infinity", "zero") else p["missing"], named=True)
        if self.version < (2, 0) and p["objective"] == "reg:absoluteerror" and p["booster"] == "gblinear":
            p["booster"], p["depth"] = "gbtree", "shallow"
        if p["objective"] in ("reg:absoluteerror", "reg:quantileerror") and self.version >= (2, 0):
            p["parallel"] = 1
        # in place only, which a DART booster rounds as its wrapper does; and a file tells nothing of a sentinel
        p["wrap"] = p["wrap"] or p["missing"] == "infinity" or (p["format"] == "pickle" and p["missing"] == "zero")
        if p["objective"].startswith("rank") and p["missing"] == "infinity" and p["booster"] == "dart":
            p["missing"] = "nan"
        # several labels and a sentinel in one pickle are refused: "several labels at once"
        if p["multi"] and p["objective"].startswith("binary") and p["missing"] == "zero" and p["format"] == "pickle":
            p["missing"] = "nan"
        return p, rng

    def params(self, p, rng):
        q = {"objective": p["objective"], "booster": p["booster"], "verbosity": 0, "nthread": 1, "seed": int(rng.integers(99))}
        if p["booster"] != "gblinear":
            q.update(max_depth=int(rng.integers(7, 9)) if p["depth"] == "deep" else int(rng.integers(1, 6)), tree_method=p["method"],
                     min_child_weight=0 if p["depth"] == "deep" else 1, eta=float(rng.choice([0.1, 0.3])))
            if p["parallel"] > 1:
                q.update(num_parallel_tree=p["parallel"], subsample=0.7, colsample_bytree=0.8)
            if p["cat"] != "none":
                q["max_cat_to_onehot"] = 100 if p["cat"] == "onehot" else 1 if p["cat"] == "partition" else int(rng.choice([1, 100]))
        if p["booster"] == "dart":
            q.update(rate_drop=0.2, normalize_type=str(rng.choice(["tree", "forest"])))
        if p["objective"].startswith("multi:"):
            q["num_class"] = 3
        if p["objective"] == "reg:quantileerror":
            q["quantile_alpha"] = np.array([0.2, 0.5, 0.8][: int(rng.integers(1, 4))])
        if p["objective"] == "survival:aft":
            q["aft_loss_distribution"] = str(rng.choice(["normal", "logistic", "extreme"]))
        if p["base"] != "own" and p["objective"] != "survival:cox":
            q["base_score"] = 0.3 if p["base"] == "given" else 1e-7
        if p["multi"] == "vector":
            q["multi_strategy"] = "multi_output_tree"
        return q

    def data(self, p, rng):
        f, n = int(rng.integers(3, 9)), 1200 if p["depth"] == "deep" else 600
        x = numbers(rng, n, f, p["missing"])
        if p["cat"] != "none":
            x[:, 0] = rng.integers(0, CATS, n)
        y = np.nansum(x[:, 1:], 1) + np.sin(np.nan_to_num(x[:, 0]) * 3) * 2 + rng.normal(size=n)
        y = labels(p["objective"], y)
        if p["multi"]:
            y = np.stack([y, labels(p["objective"], np.nan_to_num(x[:, 1]) * 2), labels(p["objective"], np.nan_to_num(x[:, 2]))], 1)
        return x, y

    def frame(self, p, rng, x, shuffled=False):
        """With text (or whole numbers) for the codes of the first column."""
        names = [f"f {j}" if p["named"] else f"f{j}" for j in range(x.shape[1])]
        frame = pd.DataFrame(x, columns=names)
        if p["cat"] == "encoder":
            values = [TEXTS[c] for c in range(CATS)] if p["texts"] else [3 * c + 5 for c in range(CATS)]
            order = list(rng.permutation(CATS)) if shuffled else list(range(CATS))
            codes = np.where(np.isnan(x[:, 0]), -1, np.nan_to_num(x[:, 0])).astype(int)
            back = np.argsort(order)
            frame[names[0]] = pd.Categorical.from_codes(np.where(codes < 0, -1, back[codes]), categories=[values[i] for i in order])
        return frame

    def matrix(self, p, rng, x, y=None, shuffled=False, **more):
        kw = {"missing": 0.0} if p["missing"] == "zero" else {}
        if p["cat"] == "encoder":
            return self.x.DMatrix(self.frame(p, rng, x, shuffled), y, enable_categorical=True, **kw, **more)
        types = ["c"] + ["q"] * (x.shape[1] - 1) if p["cat"] != "none" else None
        names = [f"f {j}" for j in range(x.shape[1])] if p["named"] else None
        return self.x.DMatrix(x, y, feature_types=types, feature_names=names, enable_categorical=types is not None, **kw, **more)

    def train(self, p, rng):
        x, y = self.data(p, rng)
        q = self.params(p, rng)
        cut = len(x) * 3 // 4 // 4 * 4 if p["best"] else len(x)
        parts = [self.matrix(p, rng, x[:cut], y[:cut])] + ([self.matrix(p, rng, x[cut:], y[cut:])] if p["best"] else [])
        for d, part in zip(parts, (y[:cut], y[cut:])):
            if p["objective"].startswith("rank"):
                d.set_group([len(part) // 4] * 3 + [len(part) - len(part) // 4 * 3])
            if p["objective"] == "survival:aft":
                d.set_float_info("label_lower_bound", part)
                d.set_float_info("label_upper_bound", part * 1.5)
        wide = 3 if p["objective"].startswith("multi:") or p["multi"] == "one" else len(q.get("quantile_alpha", [1]))
        rounds = int(rng.integers(2, 25)) if p["depth"] != "deep" else 108 // (p["parallel"] * wide) + 2
        kw = {"evals": [(parts[-1], "v")], "early_stopping_rounds": rounds if p["depth"] == "deep" else 3, "verbose_eval": False}
        return self.x.train(q, parts[0], rounds, **(kw if p["best"] else {})), x.shape[1], q

    def wrapper(self, p, file):
        kind = p["objective"].split(":")[0]
        cls = self.x.XGBClassifier if kind in ("binary", "multi") else self.x.XGBRanker if kind == "rank" else self.x.XGBRegressor
        w = cls(missing=0.0 if p["missing"] == "zero" else np.nan, n_jobs=1, objective=p["objective"], booster=p["booster"])
        w.load_model(file)
        if cls is self.x.XGBClassifier and not hasattr(w, "n_classes_"):  # before 2, only what a wrapper wrote has it
            w.n_classes_ = 3 if kind == "multi" else 2
        return w

    def expected(self, p, booster, w, x, rng):
        """(output, values)"""
        if w is not None:
            rows = self.frame(p, rng, x, True) if p["cat"] == "encoder" else x
            if p["cat"] not in ("none", "encoder") or (p["named"] and p["cat"] == "none"):
                rows = pd.DataFrame(x, columns=[f"f {j}" if p["named"] else f"f{j}" for j in range(x.shape[1])])
            if p["cat"] in ("onehot", "partition"):
                rows = x
                w.get_booster().feature_names = None
            got = w.predict(rows)
            got = got.astype(np.int64) if isinstance(w, self.x.XGBClassifier) else got  # several labels come as floats
            out = [("predict", got), ("raw", w.predict(rows, output_margin=True))]
            if isinstance(w, self.x.XGBClassifier) and p["objective"] in ("binary:logistic", "multi:softprob") and not p["multi"]:
                proba = w.predict_proba(rows)
                both = p["format"] == "pickle" and p["missing"] == "zero"  # with its sentinel it is read as a scikit-learn model
                out.append(("probability", proba[:, 1] if p["objective"].startswith("binary") and not both else proba))
            return out
        d = self.matrix(p, rng, x, None, True)
        out = [("predict", booster.predict(d)), ("raw", booster.predict(d, output_margin=True))]
        if p["booster"] != "gblinear" and p["leaf"]:
            out.append(("leaf", np.asarray(booster.predict(d, pred_leaf=True)).astype(np.int64).reshape(len(x), -1)))
        return out

    def save(self, p, booster, folder):
        file = folder / ("m.ubj" if p["format"] in ("ubj", "pickle") else "m.json")
        if p["format"] == "binary":
            file = folder / "m.bin"
            file.write_bytes(bytes(booster.save_raw("deprecated")))
        else:
            booster.save_model(file)
        w = self.wrapper(p, file) if p["wrap"] else None
        if p["format"] == "pickle":
            (folder / "m.pkl").write_bytes(pickle.dumps(w if w is not None else booster))
            file = folder / "m.pkl"
        return file, w

    def nouns(self, p, booster, trees, q):
        param = json.loads(bytes(booster.save_raw("json")))["learner"]["learner_model_param"]
        text = param["base_score"]
        form = "text" if "[" not in text else "list of one" if "," not in text else "vector"
        sets = [s for t in trees for s in t.sets.values()]
        got = [f"objective {p['objective']}", f"booster {p['booster']}", f"missing {p['missing']}", f"format {p['format']}",
               f"base_score {form}", "float32 rows" if p["single"] else "float64 rows",
               "names" if p["named"] and p["format"] != "binary" else "no names", "wrapper" if p["wrap"] else "native",
               f"base_score {'its own' if 'base_score' not in q else p['base']}"]
        if p["cat"] == "encoder" and sets:
            got.append("categorical encoder")
        elif p["cat"] != "none" and sets:
            got.append(f"categorical {p['cat']}")
        elif p["booster"] != "gblinear":
            got.append("categorical none")
        if p["parallel"] > 1:
            got.append("num_parallel_tree")
        if p["best"]:
            got.append("best_iteration, " + ("cut there" if p["wrap"] else "all trees"))
        if p["objective"].startswith("multi:"):
            got.append("multi-class")
        if p["multi"] or len(q.get("quantile_alpha", [1])) > 1:
            got.append("multi-output, " + ("a tree for all" if p["multi"] == "vector" else "a tree each"))
        return got

    def draw(self, k, folder):
        p, rng = self.plan(k)
        p["texts"] = bool(rng.random() < 0.6)
        booster, f, q = self.train(p, rng)
        trees = xgb_trees(booster)
        file, w = self.save(p, booster, folder)
        x, splits = score_rows(rng, trees, f, p["missing"], p["single"], p["cat"] != "none")
        if p["cat"] != "none":
            codes = x[:, 0]
            x[:, 0] = np.where(codes >= CATS, CATS - 1 if p["cat"] == "encoder" else codes, codes)
        shown = x
        want = self.expected(p, booster, w, x, rng)
        if p["objective"] == "survival:aft" and not self.x.build_info()["USE_CUDA"]:
            want[0] = ("predict", as_cuda(*(v for _, v in want[:2])))
        if p["missing"] == "zero" and not (p["format"] == "pickle" and w is not None):  # a file says nothing of it: the data does
            shown = np.where(x.astype(np.float32) == 0, np.nan, x)
        texts = None
        if p["cat"] == "encoder" and p["texts"]:
            texts = (np.where(np.isnan(x[:, 0]), -1, np.nan_to_num(x[:, 0])), TEXTS)
        elif p["cat"] == "encoder":
            shown = shown.copy()
            shown[:, 0] = shown[:, 0] * 3 + 5
        depths = [t.depth() for t in trees]
        kind = "booster" if w is None else "classifier" if isinstance(w, self.x.XGBClassifier) else "regressor"
        names = [f"f {j}" for j in range(f)] if p["named"] and p["format"] != "binary" else None  # that form has none
        return finish(folder, self.name, self.nouns(p, booster, trees, q), depths, splits, file, kind, shown, texts, p["single"], want,
                      names, q)


def finish(folder, name, nouns, depths, splits, file, kind, x, texts, single, want, names, params):
    types = write_columns(folder, "x", x, texts, single)
    if depths:
        nouns = nouns + ["depth 6 and more" if max(depths) >= 6 else "depth below 6"]
    words = [str(file), kind, str(len(x)), types, str(folder / "x")]
    for output, values in want:
        to = folder / f"want-{output}"
        to.write_bytes(bytes_of(values))
        words += [output, str(to)]
    return {"version": name, "nouns": nouns, "trees": len(depths), "deep": sum(d >= 6 for d in depths), "splits": splits, "rows": len(x),
            "words": words, "names": names, "params": {k: str(v) for k, v in params.items()},
            "dtypes": {o: np.asarray(v).dtype.str for o, v in want}}


# ---- LightGBM ----

def lgb_trees(text):
    """Trees, and which kinds of missing values they have."""
    trees, kinds = [], set()
    for part in text.split("\nTree=")[1:]:
        field = dict(line.split("=", 1) for line in part.split("\n") if "=" in line)
        if int(field["num_leaves"]) < 2:
            trees.append(Tree([], [], [], [], {}, False))
            continue
        left, right, feature = ([int(v) for v in field[n].split()] for n in ("left_child", "right_child", "split_feature"))
        threshold, types = [float(v) for v in field["threshold"].split()], [int(v) for v in field["decision_type"].split()]
        sets = {}
        if int(field["num_cat"]):
            bounds, words = ([int(v) for v in field[n].split()] for n in ("cat_boundaries", "cat_threshold"))
        for i, kind in enumerate(types):
            if kind & 1:
                mine = words[bounds[int(threshold[i])]: bounds[int(threshold[i]) + 1]]
                sets[i] = frozenset(c for c in range(32 * len(mine)) if mine[c // 32] >> (c % 32) & 1)
            else:
                kinds.add(("None", "Zero", "NaN")[kind >> 2 & 3])
        trees.append(Tree(left, right, feature, threshold, sets, False))
    return trees, kinds


class Lgb:
    def __init__(self, seed):
        import lightgbm
        self.l, self.seed = lightgbm, seed
        self.version = tuple(int(v) for v in lightgbm.__version__.split(".")[:2])
        self.name = f"lightgbm {self.version[0]}.{self.version[1]}"
        self.objectives = LGB_OBJECTIVES

    def candidates(self):
        return []

    def plan(self, k):
        deck = Deck(self.seed, k)
        rng = np.random.default_rng([self.seed, k, 8])
        p = {"objective": deck("objective", self.objectives), "booster": deck("booster", ["gbdt", "gbdt", "dart", "rf", "goss"]),
             "depth": deck("depth", ["deep", "shallow"]), "cat": deck("cat", ["none", "codes", "names", "none"]),
             "missing": deck("missing", ["NaN", "Zero", "None"]), "infinity": deck("infinity", [False, False, True]),
             "linear": deck("linear", [False, False, False, True]), "best": deck("best", [False, False, True]),
             "format": deck("format", ["text", "text", "pickle"]), "wrap": deck("wrap", [False, True]),
             "single": deck("single", [True, False]),
             "leaf": k % 3 == 0, "sigmoid": deck("sigmoid", [1, 0.7, 1.37])}
        p["linear"] = p["linear"] and p["objective"] != "regression_l1"  # which the library refuses
        if p["linear"]:
            p.update(booster="dart" if p["booster"] == "dart" else "gbdt", missing=p["missing"].replace("Zero", "NaN"))
        if p["booster"] in ("dart", "rf"):
            p["best"] = False
        if p["objective"] == "custom" or p["format"] != "pickle":
            p["wrap"] = False
        if p["objective"] == "custom" and p["booster"] == "rf":
            p["booster"] = "gbdt"
        if p["cat"] == "names":
            p["infinity"] = False
        return p, rng

    def params(self, p, rng):
        q = {"objective": p["objective"], "boosting": p["booster"], "verbosity": -1, "num_threads": 1, "seed": int(rng.integers(99)),
             "min_data_in_leaf": 2, "min_sum_hessian_in_leaf": 0.0, "learning_rate": float(rng.choice([0.05, 0.2])),
             "num_leaves": int(rng.integers(48, 100)) if p["depth"] == "deep" else int(rng.integers(2, 20)),
             "max_bin": int(rng.choice([63, 255, 1000]))}
        if p["booster"] == "goss" and self.version >= (4, 0):
            q.update(boosting="gbdt", data_sample_strategy="goss")
        if p["booster"] == "rf":
            q.update(bagging_freq=1, bagging_fraction=0.7)
        if p["objective"] == "regression_sqrt":
            q.update(objective="regression", reg_sqrt=True)
        if p["objective"] in ("binary", "multiclassova"):
            q["sigmoid"] = p["sigmoid"]
        if p["objective"].startswith("multi"):
            q["num_class"] = 3
        if p["linear"]:
            q.update(linear_tree=True, linear_lambda=0.01)
        if p["cat"] != "none":
            q.update(min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=int(rng.choice([1, 4, 20])))
        q.update({"NaN": {}, "Zero": {"zero_as_missing": True}, "None": {"use_missing": False}}[p["missing"]])
        return q

    def frame(self, p, x):
        frame = pd.DataFrame(x, columns=[f"f_{j}" for j in range(x.shape[1])])
        codes = np.where(np.isnan(x[:, 0]), -1, np.nan_to_num(x[:, 0])).astype(int)
        frame["f_0"] = pd.Categorical.from_codes(codes, categories=TEXTS)
        return frame

    def train(self, p, rng):
        f, n = int(rng.integers(3, 9)), 1200 if p["depth"] == "deep" else 600
        x = numbers(rng, n, f, "nan")
        if p["cat"] != "none":
            x[:, 0] = rng.integers(0, CATS, n)
        y = np.nansum(x[:, 1:], 1) + np.sin(np.nan_to_num(x[:, 0]) * 3) * 2 + rng.normal(size=n)
        q, y = self.params(p, rng), labels(p["objective"], y)
        data = self.frame(p, x) if p["cat"] == "names" else x
        cut = n * 3 // 4 if p["best"] else n
        halves = [data[:cut], data[cut:]]
        rank = p["objective"] in ("lambdarank", "rank_xendcg")
        groups = [[len(h) // 4] * 3 + [len(h) - len(h) // 4 * 3] for h in halves] if rank else [None, None]
        wide = q.get("num_class", 1)
        rounds = 102 // wide + 2 if p["depth"] == "deep" else int(rng.integers(1, 25))
        stop = self.l.early_stopping(rounds if p["depth"] == "deep" else 2, verbose=False)
        if p["wrap"]:
            return self.fit_wrapper(p, q, halves, (y[:cut], y[cut:]), groups, rounds, stop), f, q
        cat = [0] if p["cat"] == "codes" else "auto"
        train = self.l.Dataset(halves[0], y[:cut], group=groups[0], categorical_feature=cat,
                               feature_name="auto" if p["cat"] == "names" else [f"f_{j}" for j in range(f)])
        kw = {"valid_sets": [train.create_valid(halves[1], y[cut:], group=groups[1])], "callbacks": [stop]} if p["best"] else {}
        if p["objective"] == "custom":
            def grad(pred, d):
                return pred - d.get_label(), np.ones(len(pred))
            if self.version < (4, 0):
                q["objective"], kw["fobj"] = "none", grad
            else:
                q["objective"] = grad
            kw["feval" if p["best"] else "num_boost_round"] = ((lambda a, d: ("e", float(np.mean((a - d.get_label()) ** 2)), False))
                                                                if p["best"] else rounds)
        return self.l.train(q, train, **{"num_boost_round": rounds, **kw}), f, q

    def fit_wrapper(self, p, q, halves, y, groups, rounds, stop):
        rank = groups[0] is not None
        cls = self.l.LGBMRanker if rank else self.l.LGBMClassifier if p["objective"] in ("binary", "multiclass", "multiclassova") \
            else self.l.LGBMRegressor
        kw = {k: v for k, v in q.items() if k not in ("boosting", "seed", "num_threads", "num_class")}
        w = cls(boosting_type=q["boosting"], n_estimators=rounds, n_jobs=1, random_state=q["seed"], **kw)
        fit = {"group": groups[0]} if rank else {}
        if p["best"]:
            fit.update(eval_set=[(halves[1], y[1])], callbacks=[stop], **({"eval_group": [groups[1]]} if rank else {}))
        if p["cat"] == "codes":
            fit["categorical_feature"] = [0]
        return w.fit(halves[0], y[0], **fit)

    def expected(self, p, model, w, rows):
        if w is None:
            out = [("predict", model.predict(rows)), ("raw", model.predict(rows, raw_score=True))]
            if p["leaf"]:
                out.append(("leaf", np.asarray(model.predict(rows, pred_leaf=True)).astype(np.int64).reshape(len(rows), -1)))
            return out
        got = w.predict(rows)
        out = [("predict", got.astype(np.int64) if isinstance(w, self.l.LGBMClassifier) else got), ("raw", w.predict(rows, raw_score=True))]
        if isinstance(w, self.l.LGBMClassifier):
            proba = w.predict_proba(rows)
            out.append(("probability", proba[:, 1] if proba.shape[1] == 2 else proba))
        return out

    def nouns(self, p, text, trees, kinds):
        got = [f"objective {p['objective']}", f"booster {p['booster']}", f"text {text.split('version=')[1][:2]}",
               "format " + p["format"] + (" of a wrapper" if p["wrap"] else ""), "float32 rows" if p["single"] else "float64 rows"]
        got += [f"missing {k}" for k in sorted(kinds)] + ["infinities"] * p["infinity"] + ["linear trees"] * p["linear"]
        sets = any(t.sets for t in trees)
        got.append("categorical none" if not sets else "categorical bitsets" if p["cat"] == "codes" else "categorical bitsets by name")
        if p["objective"].startswith("multiclass"):
            got.append("multi-class")
        if p["best"]:
            got.append("best_iteration")
        return got

    def draw(self, k, folder):
        p, rng = self.plan(k)
        for again in range(5):
            try:
                model, f, q = self.train(p, rng)
                break
            except self.l.basic.LightGBMError as e:  # now and then it fails over its own sums: then with other data
                if again == 4 or "best_split_info" not in str(e):
                    raise
        w = model if p["wrap"] else None
        booster = w.booster_ if p["wrap"] else model
        text = booster.model_to_string()
        trees, kinds = lgb_trees(text)
        file = folder / "m.txt"
        if p["format"] == "pickle":
            file = folder / "m.pkl"
            file.write_bytes(pickle.dumps(model))
        else:
            booster.save_model(file)
        x, splits = score_rows(rng, trees, f, "infinity" if p["infinity"] else "nan", p["single"], p["cat"] != "none")
        if p["cat"] == "codes":
            x[:8, 0] = 2.7, -0.5, 1e12, np.nan, -3, 1e9, 31.99, 4e9
        elif p["cat"] == "names":
            x[:, 0] = np.where(x[:, 0] >= CATS, np.nan, x[:, 0])
        rows = self.frame(p, x) if p["cat"] == "names" else x
        want = self.expected(p, booster, w, rows)
        texts = (np.where(np.isnan(x[:, 0]), -1, np.nan_to_num(x[:, 0])), TEXTS) if p["cat"] == "names" else None
        kind = "booster" if w is None else "classifier" if isinstance(w, self.l.LGBMClassifier) else "regressor"
        return finish(folder, self.name, self.nouns(p, text, trees, kinds), [t.depth() for t in trees], splits, file, kind, x, texts,
                      p["single"], want, [f"f_{j}" for j in range(f)] if w is None or p["cat"] == "names" else None, q)


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # older LightGBMs talk
    library, seed, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    maker = (Xgb if library == "xgboost" else Lgb)(seed)
    module = maker.x if library == "xgboost" else maker.l
    said = {"version": module.__version__, "objectives": maker.objectives, "candidates": maker.candidates()}
    print(json.dumps(said), file=answers, flush=True)
    for line in sys.stdin:
        to = folder / f"{library}-{line.strip()}"
        to.mkdir(parents=True)
        try:
            out = maker.draw(int(line), to)
        except Exception as e:
            out = {"failed": f"{type(e).__name__}: {e}"[:1500], "plan": str(maker.plan(int(line))[0])}
        print(json.dumps(out), file=answers, flush=True)


if __name__ == "__main__":
    main()
