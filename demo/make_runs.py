"""The story of the experiments and the registry: who tried what, when, and what became of it.

Not simulated: data, models, metrics and their histories. Simulated: when a run started and how long it took, who ran
it, the commit.
"""
import datetime
import time
import uuid

from make_models import cancer_data, digits_data, fit_lgb, fit_xgb, wine_data
from make_store import Clock, Store, hide

ROUNDS = 40


def xgb_p(depth, rate=0.1, seed=0, rounds=ROUNDS):
    return {"max_depth": depth, "learning_rate": rate, "rounds": rounds, "row_sample": 0.9, "seed": seed}


def lgb_p(leaves, seed=0, least=5):
    return {"num_leaves": leaves, "learning_rate": 0.1, "min_data_in_leaf": least, "rounds": ROUNDS, "row_sample": 0.9,
            "seed": seed}


def repeats(store, name, user, kind, data, params, at, commit, keep=None):
    """Five runs that differ in nothing but the seed; the first one's model is kept. Returns (run, model id)."""
    offset, hour = at
    first = None
    for seed in range(5):
        run, model, _ = store.train("cancer", name if seed == 0 else f"{name} seed {seed}", user, kind, data,
                                    {**params, "seed": seed}, (offset, hour, 7 * seed + 3), commit,
                                    keep=keep if seed == 0 else None)
        first = first or (run, model)
    return first


def cancer_runs(store, root, plan):
    """Returns the models that become versions: {version: (run, model id)}."""
    one, old, mid, new = (cancer_data(root, plan, *d) for d in ((-19,), (-16,), (-10,), (-7, -6, -5)))
    mean = one.pick([c for c in one.columns if c.startswith("mean_")])
    made = {1: repeats(store, "logit", "omar", "logistic", mean, {"C": 1.0, "row_sample": 0.9}, (-18, 9), "a1", "skops"),
            2: repeats(store, "xgb-3", "ana", "xgboost", old, xgb_p(3), (-15, 10), "a1", "ubj"),
            3: repeats(store, "xgb-6", "omar", "xgboost", mid, xgb_p(6), (-9, 13), "b2", "json"),
            4: repeats(store, "lgb-7 fresh", "ana", "lightgbm", new, lgb_p(7), (-2, 9), "c3", "lgb")}
    repeats(store, "lgb-7", "ana", "lightgbm", mid, lgb_p(7), (-6, 10), "c3")
    repeats(store, "lgb-31", "ana", "lightgbm", mid, lgb_p(31), (-6, 14), "c3")
    sweep(store, mid)
    made[5] = store.train("cancer", "xgb-1 quick", "ana", "xgboost", new, xgb_p(1, 0.3, rounds=5), (-1, 9), "d4",
                          keep="ubj", tags={"mlflow.note.content": "Five stumps: fits the handheld."})[:2]
    made[6] = store.train("cancer", "logit-all pickled", "ana", "logistic", new, {"C": 0.5, "row_sample": 1.0, "seed": 0},
                          (-1, 13), "d4", keep="pickle",
                          tags={"mlflow.note.content": "Best AUC so far, from the notebook."})[:2]
    return made


def sweep(store, data):
    plan = store.plan
    Clock.set(plan, -8, 9)
    parent = store.start("cancer", "depth sweep", "omar", "b2", tags={"mlflow.note.content": "Depth against rate."})
    best = 0
    for i, (depth, rate) in enumerate((d, r) for d in (1, 2, 4) for r in (0.05, 0.2)):
        _, _, m = store.train("cancer", f"depth {depth}, rate {rate}", "omar", "xgboost", data,
                              xgb_p(depth, rate, rounds=30), (-8, 9, 2 + 3 * i), "b2", parent)
        best = max(best, m["val_auc"])
    Clock.now += 5
    store.log(parent, {"children": 6}, {"best.val_auc": best})
    store.end(parent)


def odd_runs(store, root, plan):
    data = cancer_data(root, plan, -10)
    # Ended early: the process was killed for memory, as its note says.
    Clock.set(plan, -5, 15)
    run = store.start("cancer", "lgb-255", "omar", "c3", tags={
        "mlflow.note.content": "Killed by the kernel after 17 rounds: out of memory."})
    _, _, history = fit_lgb(data, {**lgb_p(255, least=1), "rounds": 17})
    store.log(run, {"model": "lightgbm", "features": len(data.columns), **lgb_p(255, least=1)}, None, history)
    store.end(run, "FAILED")
    Clock.set(plan, -6, 22, 40)
    run = store.start("cancer", "xgb-8", "omar", "c3")
    _, _, history = fit_xgb(data, xgb_p(8, rounds=9))
    store.log(run, {"model": "xgboost", "features": len(data.columns), **xgb_p(8)}, None, history)
    store.train("cancer", "sgd-lr50", "omar", "sgd", data,
                {"learning_rate": 50, "rounds": 20, "row_sample": 1.0, "seed": 0}, (-13, 17), "a1",
                tags={"mlflow.note.content": "Inputs were not scaled."})
    Clock.set(plan, -12, 12)
    run = store.start("cancer", "odd-names", "lead", "b2", tags={
        "title": "\x1b]0;owned\x07\x1b[31mred\x1b[0m and \x1b[2J gone", "bidi": "safe \u202egnp.exe\u202c",
        "lines": "one\ntwo\r\nthree\ttab", "größe/日本": "ключ", "emoji": "👩\u200d🔬 e\u0301", "long": "x" * 4000})
    store.log(run, {"learning rate": "0.1", "model.depth.max": 6, "Größe": "groß", "empty": ""},
              {"val.auc.site-1": 0.91, "val.auc.site 2": 0.87, "präzision/日本": 0.5, "tiny": 5e-324, "huge": 1e308,
               "minus zero": -0.0, "infinite": float("inf")})
    store.end(run)
    for i, name in enumerate(("oops", "oops again")):
        run, _, _ = store.train("cancer", name, "ana", "xgboost", data, xgb_p(2, rounds=2), (-14, 18, 4 * i), "a1")
        Clock.now += 60
        store.client.delete_run(run)


def digits_runs(store):
    data, made = digits_data(), {}
    for i, c in enumerate((0.01, 0.1, 1.0, 10.0)):
        run, model, _ = store.train("digits", f"logit C={c}", "omar", "logistic", data,
                                    {"C": c, "row_sample": 1.0, "seed": 0}, (-17, 14, 5 * i), "a1",
                                    keep="onnx" if c == 0.1 else None)
        made[1] = (run, model) if model else made.get(1)
    for seed in range(4):
        run, model, _ = store.train("digits", f"mlp-32 seed {seed}", "ana", "mlp", data,
                                    {"hidden": 32, "alpha": 1e-4, "epochs": 40, "row_sample": 0.9, "seed": seed},
                                    (-11, 11, 6 * seed), "b2", keep="onnx" if seed == 0 else None)
        made[2] = (run, model) if model else made.get(2)
    return made


def wine_runs(store, root, plan):
    data, made = wine_data(root, plan), {}
    for seed in range(4):
        run, model, _ = store.train("wine", f"xgb-2 seed {seed}", "ana", "xgboost", data, xgb_p(2, 0.2, seed, 20),
                                    (-8, 15, 4 * seed), "b2", keep="ubj" if seed == 0 else None)
        made[1] = (run, model) if model else made.get(1)
    for i, c in enumerate((0.01, 0.1, 1.0, 10.0)):
        store.train("wine", f"logit C={c}", "omar", "logistic", data, {"C": c, "row_sample": 1.0, "seed": 0},
                    (-8, 16, 4 * i), "b2")
    return made


def approval(decision, by, plan, offset, hour, comment):
    at = datetime.datetime.combine(plan.LAST_DAY + datetime.timedelta(days=offset), datetime.time(hour, 12))
    return {"approval.decision": decision, "approval.by": by, "approval.to": "champion", "approval.comment": comment,
            "approval.at": at.isoformat(timespec="milliseconds") + "Z"}


def register(store, model, version, made, at, note, tags=None, alias=None):
    """Registered by the run's owner; decided, where it was, an hour later."""
    Clock.set(store.plan, *at)
    run, model_id = made
    store.client.create_model_version(model, f"models:/{model_id}", run, description=note, model_id=model_id)
    Clock.now += 3600
    for k, v in (tags or {}).items():
        store.client.set_model_version_tag(model, str(version), k, v)
    if alias:
        store.client.set_registered_model_alias(model, alias, str(version))


def registry(store, cancer, digits, wine):
    plan = store.plan
    Clock.set(plan, -18, 11)
    for name, note in (("cancer", "Malignant or benign, from the lab's 30 measurements."),
                       ("digits", "Reads the handwritten digits of a scanned form."),
                       ("wine", "Which of three cultivars a bottle is.")):
        store.client.create_registered_model(name, {"team": "lab"}, note)

    def ok(offset, hour, comment):
        return approval("approved", "lead", plan, offset, hour, comment)

    def ask(by, offset, hour, comment):
        return approval("requested", by, plan, offset, hour, comment)
    register(store, "cancer", 1, cancer[1], (-18, 11), "Ten means, logistic.", ok(-18, 12, "a start"), "champion")
    register(store, "cancer", 2, cancer[2], (-14, 13), "All measurements, depth 3.", ok(-14, 14, "AUC up, checked"), "champion")
    register(store, "cancer", 3, cancer[3], (-9, 16), "Deeper trees.", None, None)
    register(store, "cancer", 4, cancer[4], (-2, 10), "LightGBM, 7 leaves, three newer days.",
             ask("ana", -2, 11, "three newer days: better than xgb-6 on the same holdout"))
    register(store, "cancer", 5, cancer[5], (-1, 10), "Five stumps.", ask("ana", -1, 11, "small enough for the handheld"))
    register(store, "cancer", 6, cancer[6], (-1, 14), "Logistic on everything, pickled.",
             ask("ana", -1, 15, "best AUC so far"))
    Clock.set(plan, -1, 21, 48)
    store.client.set_registered_model_alias("cancer", "champion", "3")      # by nobody who wrote down why
    store.client.set_registered_model_alias("cancer", "fallback", "1")
    register(store, "digits", 1, digits[1], (-16, 9), "Logistic, as ONNX.", ok(-16, 10, "fine for the pilot"), "champion")
    register(store, "digits", 2, digits[2], (-10, 9), "32 hidden units, as ONNX.", ok(-10, 10, "fewer mistakes"), "champion")
    register(store, "wine", 1, wine[1], (-7, 10), "Depth 2, three classes.", ok(-7, 11, "good enough"), "champion")


def scratch(store):
    Clock.set(store.plan, -19, 16)
    store.experiment("scratch", "thrown away")
    run = store.start("scratch", "hello", "omar")
    store.log(run, {"x": 1}, {"y": 2.0})
    store.end(run)
    Clock.now += 300
    store.client.delete_experiment(store.experiments["scratch"])


def write(root, plan):
    real = time.time, uuid.uuid4
    store = Store(root, plan)
    try:
        for name, note in (("cancer", "The lab's malignant/benign classifier."), ("digits", "Digits on scanned forms."),
                           ("wine", "Cultivar of a bottle.")):
            store.experiment(name, note)
        scratch(store)
        cancer = cancer_runs(store, root, plan)
        odd_runs(store, root, plan)
        registry(store, cancer, digits_runs(store), wine_runs(store, root, plan))
    finally:
        time.time, uuid.uuid4 = real
    hide(root)
