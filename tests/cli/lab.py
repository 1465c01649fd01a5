"""A small workspace of files only: two zones, jobs that end well, badly, and not at all. What the examples of the help speak of."""
import datetime
import json
import os
import shutil
import zipfile
from pathlib import Path

PICTURES = Path(__file__).resolve().parents[1] / "peers" / "data" / "pictures"
YAML = """\
environment: test
connections:
  registry: {type: mlflow, uri: "http://127.0.0.1:9", timeout: 2s}
lake:
  zones:
    - {name: landing, uri: "lake/landing/", layout: "dt=%Y-%m-%d", fresh_within: 26h}
    - {name: raw, uri: "lake/raw/", layout: "dt=%Y-%m-%d", fresh_within: 26h, min_rows: 2}
jobs:
  ingest:
    params: {dt: "@today"}
    reads: landing
    writes: raw
    steps:
      load: {run: [sh, -c, "echo loading ${dt}"]}
  clean:
    reads: raw
    steps:
      look: {run: [sh, -c, "echo looking; echo 'row 3: N/A is no number' >&2; exit 3"]}
      never: {run: [echo, never], after: [look]}
  nightly:
    steps:
      wait: {run: [sleep, "100"]}
"""


# XGBoost, by hand: 1 below an area of 1, else 2
MODEL = """\
{"learner": {"attributes": {}, "feature_names": ["area"], "feature_types": ["float"], "gradient_booster": {"model": {
  "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"}, "tree_info": [0], "trees": [{"id": 0, "default_left": [0, 0, 0],
  "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_conditions": [1, 1, 2], "split_indices": [0, 0, 0],
  "tree_param": {"num_nodes": "3"}}]}, "name": "gbtree"}, "learner_model_param": {"base_score": "0", "num_class": "0", "num_feature": "1"},
  "objective": {"name": "reg:squarederror"}}, "version": [3, 2, 0]}
"""


def day(back):
    return (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=back)).isoformat()


def captured(folder):
    """Two events of an endpoint, and what was true of them."""
    def event(k, **more):
        return json.dumps({**more, "eventMetadata": {"eventId": f"e{k}"}, "eventVersion": "0"}) + "\n"

    def csv(data):
        return {"observedContentType": "text/csv", "data": data, "encoding": "CSV"}
    for name in ("c", "t"):
        (folder / name).mkdir()
    (folder / "c" / "capture.jsonl").write_text(
        "".join(event(k, captureData={"endpointInput": csv(f"{k}.5"), "endpointOutput": csv(f"{k}")}) for k in (0, 1)), encoding="utf-8")
    (folder / "t" / "truth.jsonl").write_text("".join(event(k, groundTruthData={"data": str(k), "encoding": "CSV"}) for k in (0, 1)),
                                              encoding="utf-8")


def make(folder):
    """Yesterday's partition is there in landing, missing in raw."""
    for zone, days in (("landing", (0, 1, 2)), ("raw", (0, 2))):
        for back in days:
            path = folder / "lake" / zone / f"dt={day(back)}"
            path.mkdir(parents=True)
            (path / "labs.csv").write_text(f"patient,area\n1,{back}.5\n2,{back}.25\n", encoding="utf-8")
    (folder / "lake" / "raw" / "README.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "model.zip", "w") as z:
        z.writestr("MLmodel", "flavors: {}\n")
    (folder / "model.json").write_text(MODEL, encoding="utf-8")
    shutil.copytree(PICTURES / "photos", folder / "photos")
    shutil.copy(PICTURES / "preset" / "model.onnx", folder)
    captured(folder)
    hostile = os.fsencode(folder / "lake" / "raw") + b"/bad\xff\x1b[31m\nname"
    os.close(os.open(hostile, os.O_CREAT | os.O_WRONLY))
    (folder / "sluice.yaml").write_text(YAML, encoding="utf-8")
