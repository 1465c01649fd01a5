"""Runs that go on while somebody looks: what a real server's client logs is on the screen at the next refresh, without a key; a run
that was deleted is struck out and then gone; and where nothing has changed, a refresh sends the terminal nothing."""
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lib_mlflow import PROGRAM, Sluice
from sluice_pytest import peer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
os.environ.setdefault("SLUICE", PROGRAM)
POLL = 10


@pytest.fixture(scope="module")
def world(world_of):
    return world_of("3.17")


@pytest.fixture(scope="module")
def runs(world):
    c = world.client
    peer("mlflow", c("mlflow.__version__"), "real")
    exp = c("c.create_experiment('live')")
    began = int(time.time() - 3 * 3600) * 1000   # so long ago that no age changes while the test looks
    new = "c.create_run(exp, run_name=name, start_time=began).info.run_id"
    made = [c(new, exp=exp, name=n, began=began) for n in ("learns", "fails", "goes")]
    for r in made:
        c("c.log_metric(r, 'val_auc', 0.5, step=0)", r=r)
    return made


def requests(world):
    """How often the server was asked for runs."""
    return Path(world.server.log.name).read_text(errors="replace").count("runs/search")


@pytest.mark.peer("mlflow")
def test_console_follows_a_run(world, runs, tmp_path):
    from lib_bench import Screen, settings
    learns, fails, goes = runs
    (tmp_path / "sluice.yaml").write_text(f"connections:\n  reg: {{type: mlflow, uri: '{world.server.url}'}}\n")
    t = Screen([PROGRAM, "-w", str(tmp_path)], env={**settings(str(tmp_path)), "XDG_RUNTIME_DIR": str(tmp_path)}, rows=24, cols=100)
    try:
        t.until(lambda: "overview" in t.text())
        assert t.type(b":runs live\r", lambda: (n := t.counter()) and n[1] == 3, 40) is not None, t.text()
        line = lambda name: next((x for x in t.picture.display if f" {name} " in x), "")  # noqa: E731
        assert t.until(lambda: "0.5" in line("learns") and "running" in line("learns")) is not None, t.text()
        c = world.client
        c("c.log_metric(r, 'val_auc', 0.875, step=1)", r=learns)
        c("c.set_terminated(r, 'FINISHED', began + 3600000)", r=learns)
        c("c.set_terminated(r, 'FAILED', began + 3600000)", r=fails)
        c("c.delete_run(r)", r=goes)
        fresh = lambda: "0.875" in line("learns") and "ok" in line("learns") and "failed" in line("fails")  # noqa: E731
        assert t.until(fresh, POLL + 15) is not None, t.text()
        assert t.until(lambda: (n := t.counter()) and n[1] == 2 and not line("goes"), POLL + 15) is not None, t.text()
        t.rest(1.0)
        asked = requests(world)
        sent = t.read(POLL + 3.0)
        assert requests(world) > asked or not asked, "nobody asked again"
        assert not sent, f"a refresh that brought nothing new: {sent}"
    finally:
        t.close()


@pytest.mark.peer("mlflow")
def test_watch_prints_a_run_again_when_its_metric_changes(world, tmp_path):
    c = world.client
    run = c("c.create_run(c.create_experiment('watched'), run_name='w').info.run_id")
    sluice = Sluice(tmp_path)
    sluice.run(world.server.url, "experiments")
    words = ["get", "runs", "watched", "--watch", "-o", "ndjson", "--columns", "name,metrics.*"]
    with subprocess.Popen([PROGRAM, "-w", str(tmp_path), *words], env=sluice.env, stdout=subprocess.PIPE, text=True) as p:
        try:
            assert p.stdout.readline().strip() == '{"name":"w"}'
            c("c.log_metric(r, 'loss', 0.25)", r=run)
            began = time.monotonic()
            assert p.stdout.readline().strip() == '{"name":"w","metrics.loss":0.25}'
            assert time.monotonic() - began < POLL + 6
        finally:
            p.terminate()
