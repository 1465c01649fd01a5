"""More rows than fit, a pipe in the place of data, a result larger than the box may write: an answer, or one line that says what to do."""
import json
import os
import subprocess

import pytest
from conftest import PROGRAM

ROWS = 8 * 1024 * 1024 + 100_000
DATA = f"sql:select ((i * 7919) % 1000003) / 1000003.0 as p, ((i * 104729) % 1000003) / 1000003.0 as q, ((i * 31) % 100 < 37)::int as y " \
       f"from range({ROWS}) t(i)"


def held(pid):
    """The most anonymous memory of any process below, in MiB."""
    most = 0
    for t in os.listdir(f"/proc/{pid}/task"):
        for child in open(f"/proc/{pid}/task/{t}/children").read().split():
            most = max([most] + [int(x.split()[1]) >> 10 for x in open(f"/proc/{child}/status") if x.startswith("RssAnon")])
    return most


def watched(sluice, *args):
    p, most = subprocess.Popen([PROGRAM, *args], cwd=sluice.cwd, env=sluice.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL), 0
    while p.poll() is None:
        try:
            most = max(most, held(p.pid))
            p.wait(0.02)
        except (subprocess.TimeoutExpired, OSError):
            pass
    out, err = p.communicate()
    return p.returncode, out.decode(), err.decode(), most


@pytest.mark.parametrize("what", ["against", "statement"])
def test_more_rows_than_a_comparison_holds(sluice, what):
    judge = ["score", "--model", "predicted:probability=p", "--data", DATA, "--label", "y", "--against", "predicted:probability=q"]
    statement = ["sql", f"from quality('predicted:probability=p', '{DATA}', label => 'y')"]
    code, out, err, most = watched(sluice, *(judge if what == "against" else statement))
    assert code == 1 and out == "" and err.count("\n") == 1 and most < 512, (code, out, err, most)
    assert "using sample 1000000 rows" in err and "score --partial" in err and str(8 << 20) in err


def test_what_the_line_says_to_do(sluice):
    sample = DATA.replace("sql:", "sql:from (") + ") using sample 100000 rows (reservoir, 7)"
    sluice("score", "--model", "predicted:probability=p", "--data", sample, "--label", "y", "--slice", "y", timeout=200)
    code, out, err, most = watched(sluice, "score", "--partial", "--model", "predicted:probability=p", "--data", DATA, "--label", "y",
                                   "--output", "w.partial", "-o", "json")
    assert code == 0 and most < 256 and json.loads(out)[0]["rows"] == ROWS, (err, most)
    rows = {r["metric"]: r for r in sluice.json("score", "--merge", "w.partial") if not r["class"]}
    assert rows["accuracy"]["n"] == ROWS and 0 < rows["auc"]["high"] - rows["auc"]["low"] < 0.001


def test_many_classes(sluice):
    """The other limit: of probabilities."""
    names = ", ".join(f"(i * {k + 3} % 101) / 101.0 as p_{k}" for k in range(40))
    data = f"sql:select {names}, i % 40 as y from range(450000) t(i)"
    run = sluice("sql", f"from quality('predicted:probability/40=p', '{data}', label => 'y')", code=1)
    assert run.text == "" and "score --partial" in run.notes


def captured(folder, events, again, other):
    """An endpoint's events and their truths; of every hundred events `again` have the id of one before. Sums of what counts."""
    first = {}
    (folder / "cap").mkdir()
    (folder / "gt").mkdir()
    with open(folder / "cap/a.jsonl", "w") as c, open(folder / "gt/a.jsonl", "w") as t:
        for k in range(events):
            i = k // 2 if k % 100 < again else k
            c.write(f'{{"captureData":{{"endpointInput":{{"data":"{k},1.5,{k % 7}","encoding":"CSV"}},'
                    f'"endpointOutput":{{"data":"0.{k % 1000:03}","encoding":"CSV"}}}},'
                    f'"eventMetadata":{{"eventId":"{i:036x}","customAttributes":"{other}"}}}}\n')
            t.write(f'{{"groundTruthData":{{"data":"{k % 2}","encoding":"CSV"}},"eventMetadata":{{"eventId":"{i:036x}"}}}}\n')
            first.setdefault(i, k)
    return {"n": len(first), "k": sum(first.values()), "t": sum(k % 2 for k in first.values())}


def captured_and_joined(sluice, events, again, other, most):
    want = captured(sluice.cwd, events, again, other)
    (sluice.cwd / "two.yaml").write_text("box: {threads: 2}\n")
    code, out, err, box = watched(sluice, "--config", "two.yaml", "sql", "select count(*) as n, sum(_c0) as k, sum(truth) as t from "
                                  "'capture:cap truth=gt'", "-o", "json")
    assert code == 0 and json.loads(out) == [want], err
    assert "came before" in err and box < most, box


def test_captured_events_of_which_ids_repeat(sluice):
    """Lines are never kept: with all of them it is 330 MiB and more."""
    captured_and_joined(sluice, 100_000, 10, "x" * 600, 300)


@pytest.mark.parametrize("events,again", [(1_000_000, 10), (3_000_000, 50)] if os.environ.get("SLUICE_PEERS") == "all" else [(250_000, 50)])
def test_captured_events_of_any_number(sluice, events, again):
    """The engine's readers hold up to what they are given, and no address that was given back counts against the box."""
    captured_and_joined(sluice, events, again, "", 512)


@pytest.mark.timeout(60)
def test_a_named_pipe(sluice):
    os.mkfifo(sluice.cwd / "p.csv")
    for args in (("score", "--model", "predicted:number", "--data", "p.csv"), ("profile", "p.csv"), ("sql", "from 'p.csv'"),
                 ("sql", "from read_csv('p.csv')"), ("drift", "--baseline", "p.csv", "--current", "p.csv"),
                 ("drift", "--partial", "--current", "p.csv", "--output", "w.sketch"),
                 ("score", "--partial", "--model", "predicted:number", "--data", "p.csv", "--output", "w.partial")):
        run = sluice(*args, code=None, timeout=20)
        assert run.returncode in (1, 2) and run.text == "" and run.notes.count("\n") == 1, (args, run.notes)
        assert "p.csv is a named pipe" in run.notes and "write it into a file first" in run.notes
    run = sluice("score", "--model", "p.csv", "--data", "none.csv", code=None, timeout=20)
    assert run.returncode and "no regular file" in run.notes


def test_a_result_larger_than_box_tmp(sluice):
    home = sluice.cwd.parent / "home" / ".config" / "sluice"
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("box:\n  tmp: 16MiB\n")
    score = ("score", "--model", "predicted:number=p", "--data", "sql:select random() as p from range(3000000)", "--out")
    for name in ("o.parquet", "o.csv"):
        run = sluice(*score, name, code=1)
        assert run.text == "" and run.notes.count("\n") == 1 and "set box.tmp in config.yaml" in run.notes, run.notes
        assert not (sluice.cwd / name).exists()
    (home / "config.yaml").write_text("box:\n  tmp: 1GiB\n")
    sluice(*score, "o.parquet")
