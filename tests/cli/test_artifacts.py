"""sluice compare --artifact: files of runs side by side; and what hostile names do to a comparison that is exported."""
import csv
import hashlib
import io
import json
import re
import sqlite3
from xml.etree import ElementTree

HOSTILE = "a|b <svg onload=x> & \"q\" \x1b[31m\u202e,=1+1\n`c`"


def folder_of(demo, run):
    db = sqlite3.connect(demo.store)
    uri, = db.execute("SELECT artifact_location FROM logged_models m JOIN runs r ON r.run_uuid = m.source_run_id WHERE r.name = ?",
                      (run,)).fetchone()
    return uri.removeprefix("file://")


def test_text_comes_back_whole(demo):
    runs = ["xgb-3", "xgb-6", "lgb-7 fresh"]
    rows = json.loads(demo("compare", *runs, "--artifact", "model/MLmodel", "--all", "-o", "json").stdout)
    facts = {r["name"]: r for r in rows if r["kind"] == "file"}
    lines = [r for r in rows if r["kind"] == "line"]
    assert set(facts) == {"content", "bytes", "sha256"} and facts["content"]["verdict"] == "same"
    for run in runs:
        with open(folder_of(demo, run) + "/MLmodel", "rb") as f:
            data = f.read()
        assert facts["bytes"][run] == len(data) and facts["sha256"][run] == hashlib.sha256(data).hexdigest()
        assert [r[run] for r in lines if r[run] is not None] == data.decode().splitlines(), run
    for r in lines:
        same = r["xgb-3"] == r["xgb-6"] == r["lgb-7 fresh"] is not None
        lack = [run for run in runs if r[run] is None]
        assert r["verdict"] == ("same" if same else f"not in: {', '.join(lack)}" if lack else "differs"), r
    assert [r["name"] for r in lines if "+" not in r["name"]] == [str(i + 1) for i in range(sum(r["xgb-3"] is not None for r in lines))]
    short = json.loads(demo("compare", *runs, "--artifact", "model/MLmodel", "-o", "json").stdout)
    assert short == [r for r in rows if r["verdict"] != "same"]


def test_json_by_values(demo):
    rows = json.loads(demo("compare", "xgb-3", "xgb-6", "--artifact", "confusion.json", "--all", "-o", "json").stdout)
    values = {r["name"]: r for r in rows if r["kind"] == "json"}
    assert len(values) > 3 and any(r["verdict"] == "same" for r in values.values()) and "differs" in {r["verdict"] for r in values.values()}
    assert all(isinstance(r["xgb-3"], (int, str)) for r in values.values())


def test_lists_and_what_is_missing(demo):
    rows = {r["name"]: r for r in json.loads(demo("compare", "xgb-3", "xgb-6", "--artifact", ".", "-o", "json").stdout)}
    assert {"confusion.json", "model/MLmodel", "model/model.ubj", "model/model.json"} <= set(rows)
    assert rows["model/model.ubj"]["xgb-6"] is None and rows["model/model.ubj"]["verdict"] == "not in: xgb-6"
    assert rows["model/requirements.txt"]["verdict"] == "same size"
    below = json.loads(demo("compare", "xgb-3", "xgb-6", "--artifact", "model/", "-o", "json").stdout)
    assert {r["name"] for r in below} == {n for n in rows if n.startswith("model/")}
    one = json.loads(demo("compare", "xgb-3", "xgb-6", "--artifact", "model/model.ubj", "--all", "-o", "json").stdout)
    facts = {r["name"]: r for r in one}
    assert (facts["content"]["xgb-3"], facts["content"]["xgb-6"]) == ("binary", "missing") and facts["bytes"]["xgb-6"] is None
    assert not [r for r in one if r["kind"] != "file"]
    none = json.loads(demo("compare", "xgb-3", "xgb-6", "--artifact", "no/such", "--all", "-o", "json").stdout)
    assert {r["xgb-3"] for r in none if r["name"] == "content"} == {"missing"}
    assert "--artifact" in demo("compare", "xgb-3", "xgb-6", "--artifact", ".", "--report", "x.md", code=2).stderr
    for outside in ("../../../../etc/passwd", "model/../../x"):
        said = demo("compare", "xgb-3", "xgb-6", "--artifact", outside, "--all", code=None)
        assert "root:" not in said.stdout and (said.returncode or "missing" in said.stdout or "not read" in said.stdout)


def test_hostile_names_stay_where_they_are(demo_maker, tmp_path):
    demo = demo_maker()
    db = sqlite3.connect(demo.store)
    ids = [db.execute("SELECT run_uuid FROM runs WHERE name = ?", (n,)).fetchone()[0] for n in ("lgb-31", "xgb-6")]
    db.execute("UPDATE runs SET name = ? WHERE run_uuid = ?", (HOSTILE, ids[1]))
    db.execute("UPDATE latest_metrics SET key = ? WHERE run_uuid = ? AND key = 'val_auc'", ("m|<b>", ids[0]))
    db.execute("UPDATE latest_metrics SET value = 0, is_nan = 1 WHERE run_uuid = ? AND key = 'val_logloss'", (ids[1],))
    db.execute("UPDATE params SET value = '=HYPERLINK(\"http://x\")|\x1b[2J' WHERE run_uuid = ? AND key = 'model'", (ids[1],))
    db.commit()
    db.close()
    rows = {r["name"]: r for r in json.loads(demo("compare", *ids, "-o", "json").stdout)}
    assert rows["val_logloss"][HOSTILE] == "NaN" and rows["model"][HOSTILE].startswith("=HYPERLINK")
    table = list(csv.reader(io.StringIO(demo("compare", *ids, "-o", "csv").stdout)))
    assert len({len(r) for r in table}) == 1
    md, svg = tmp_path / "c.md", tmp_path / "c.svg"
    demo("compare", *ids, "--report", str(md))
    text = md.read_text()
    assert "<svg" not in text.replace("\\<svg", "") and "\x1b" not in text and "\u202e" not in text
    for part in text.split("\n## ")[1:]:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines() if line.startswith("|")}
        assert len(cells) == 1, part
    demo("compare", *ids, "--report", str(svg), "--metric", "val_logloss")
    tree = ElementTree.fromstring(svg.read_text())
    kinds = {e.tag.split("}")[1] for e in tree.iter()}
    assert kinds == {"svg", "rect", "text", "path"} and "\x1b" not in svg.read_text()
    assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on") or "href" in a]
    lines = [e for e in tree.iter() if e.tag.endswith("path") and e.get("d", "").count("L") > 5]
    assert len(lines) == 2 and all(0 <= float(x) <= 960 for e in lines for x in re.findall(r"[ML]([0-9.]+) ", e.get("d")))
    assert any("<svg onload=x>" in (e.text or "") for e in tree.iter())   # as text
