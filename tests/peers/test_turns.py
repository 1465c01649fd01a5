"""Taking turns over a server, which compares nothing: leases in a folder and in the registry, holders that are killed, a server that dies
between our write and our read, and an alias that is moved while the question stands on the screen."""
import os
import pty
import re
import select
import subprocess
import threading
import time

import pytest
from lib_between import Between
from lib_mlflow import peer_name, python_of
from lib_place import Place

RACERS = 20
SEED = """
from mlflow.entities import Metric
c.create_registered_model(model)
now = 1
for i in range(4):
    r = c.create_run("0", run_name=f"{model}-{i}", tags={"mlflow.user": "ana"}).info.run_id
    c.log_batch(r, metrics=[Metric("val_auc", 0.9 + i / 100, now, 0)])
    c.set_terminated(r)
    c.create_model_version(model, f"s3://models/{i}", run_id=r)
c.set_registered_model_alias(model, "champion", "1")
"""
pytestmark = pytest.mark.peer(peer_name("3.17"))


@pytest.fixture
def place_of(world_of, tmp_path):
    """model, lease -> a Place behind a line of our own, where ana has asked for version 2"""
    assert python_of("3.17"), "MLflow 3.17 is not installed: ./run deps peers"
    world = world_of("3.17")
    lines = []

    def make(model, lease=None, **more):
        world.client.run(SEED, model=model)
        between = Between(world.server.url)
        lines.append(between)
        (tmp_path / "home").mkdir()
        p = Place("3.17", between.url, world.client, tmp_path / "home", model, lease=lease, **more)
        p.between = between
        p.say("request", f"{model}/2", "--comment", "better", "--confirm", model, who="ana")
        return p

    yield make
    for between in lines:
        between.stop()


@pytest.fixture
def leases(tmp_path):
    folder = tmp_path / "leases"
    folder.mkdir()
    return folder


def approve(p, version=2, was=1, comment="yes"):
    return p.command("approve", f"{p.model}/{version}", "--expect", f"champion={was}", "--comment", comment)


def race(p, n):
    began = time.monotonic()
    runs = [subprocess.Popen(approve(p, comment=f"racer {i}"), env=p.env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for i in range(n)]
    ends = [(q.communicate(timeout=300)[1], q.returncode) for q in runs]
    won = [i for i, (_, code) in enumerate(ends) if not code]
    said = {}
    for words, code in ends:
        known = ("at the same time", "decides about this model now", "the registry took", "others take the lease", "look again")
        word = next((w for w in known if w in words), words) if code else "won"
        said[word] = said.get(word, 0) + 1
        assert code in (0, 1), (code, words)
    print(f"{n} racers, {time.monotonic() - began:.1f} s: {said}")
    return won, ends


def test_one_of_twenty_with_a_folder(place_of, leases):
    p = place_of("raced", f"dir:{leases}")
    won, ends = race(p, RACERS)
    assert len(won) == 1, ends
    for i, (words, _) in enumerate(ends):
        assert i in won or re.search("decides about this model now .* holds the lease until 2|somebody moved it|look again", words), words
    word, signed = p.decision(2)
    assert (word, signed["statement"]["comment"]) == ("approved", f"racer {won[0]}") and p.champion() == 2
    assert p.client.tags(p.model, 2)["approval.comment"] == f"racer {won[0]}"
    mine = [o for a, o in p.outcomes() if a == "approve"]
    assert mine.count("ok") == 1 and set(mine) <= {"ok", "refused"}
    kept = [f for f in os.listdir(leases) if not f.startswith(".")]
    assert kept == os.listdir(leases) and len(kept) <= 5  # no litter
    p.say("rollback", p.model, "--alias", "champion", "--expect", "champion=2", "--comment", "a drill")  # it was given back


def test_in_the_registry(place_of):
    """A tag cannot be more than advisory; but nobody who was told yes is overtaken unseen, and it does not stay behind."""
    p = place_of("tagged", "registry")
    assert "race guard: registry tag, advisory" in p.say("approve", f"{p.model}/2", "--dry-run")
    won, ends = race(p, 6)
    assert len(won) <= 1, ends
    for i, (words, _) in enumerate(ends):
        assert i in won or re.search("decides about this model now|somebody|look again|the registry took", words), words
    tags = p.client("dict(c.get_registered_model(model).tags)", model=p.model)
    assert p.champion() == (2 if won else 1)
    assert ("approval.lease" in tags) <= any("the registry took" in words for words, _ in ends), tags
    # what is no lease of ours holds nobody up; who took it over says so
    p.client.run("c.set_registered_model_tag(model, 'approval.lease', '\\x1b[2J{}')", model=p.model)
    p.say("reject", f"{p.model}/3", "--comment", "no")
    assert "overwrote a tag approval.lease" in [r for r in p.rows("audit", "list") if r["action"] == "versions.reject"][-1]["detail"]
    assert "approval.lease" not in p.client("dict(c.get_registered_model(model).tags)", model=p.model)


def killed_at(p, method, part):
    """An approval that dies while this call of its is on the way; the call itself may be done."""
    at, go_on = threading.Event(), threading.Event()

    def stuck(forward):
        at.set()
        go_on.wait(60)
        forward()

    p.between.rules = [(method, part, stuck)]
    run = subprocess.Popen(approve(p), env=p.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert at.wait(60)
        run.kill()
        run.wait()
    finally:
        go_on.set()
    while "approved" not in p.client.tags(p.model, 2).get("approval.decision", "") or p.client.alias(p.model, "champion") != 2:
        time.sleep(0.05)  # the call comes through all the same


def test_a_holder_is_killed(place_of, leases):
    p = place_of("killed", f"dir:{leases}")
    killed_at(p, "POST", "registered-models/alias")
    said = p.say("reject", f"{p.model}/3", "--comment", "no", code=1)
    assert re.search(r"lead decides about this model now \(process \d+ on .*until 20", said), said
    assert ("approve", "reconciled") in p.outcomes()  # it was done: what came next has asked
    file, = [leases / f for f in os.listdir(leases) if f.endswith(".2")]  # .1 was the request's
    os.utime(file, (time.time() - 400,) * 2)
    p.say("reject", f"{p.model}/3", "--comment", "no")
    assert "took over the lease" in p.rows("audit", "list")[0]["detail"]


def test_the_server_is_gone_between_our_write_and_our_read(place_of, leases):
    p = place_of("died", f"dir:{leases}")

    def dies(forward):
        forward()
        p.between.cut = True

    p.between.rules = [("POST", "registered-models/alias", dies)]
    try:
        out = subprocess.run(approve(p), env=p.env, capture_output=True, text=True, timeout=120)
        assert out.returncode == 1 and "outcome unknown" in out.stderr, out.stderr
        assert p.outcomes()[0] == ("approve", "unknown")
        assert "the lease stays until it runs out" in p.rows("audit", "list")[0]["detail"]
    finally:
        p.between.cut = False
    assert p.champion() == 2  # any command that reaches the server asks
    assert p.outcomes()[0] == ("approve", "reconciled")
    assert len(p.between.calls("POST", "registered-models/alias")) == 1


def test_an_edit_while_the_question_stands(place_of):
    """In a protected environment the plan is shown and the model's name is asked for: meanwhile somebody moves the alias."""
    p = place_of("edited", more="environment: prod\n")
    p.between.seen.clear()
    command = [a for a in p.command("approve", f"{p.model}/2", "--comment", "yes") if a != "--no-input"]
    pid, fd = pty.fork()
    if not pid:
        os.execve(command[0], command, p.env)
    seen = b""

    def until(what):
        nonlocal seen
        end = time.monotonic() + 60
        while what not in seen and time.monotonic() < end:
            if select.select([fd], [], [], 1)[0]:
                try:
                    seen += os.read(fd, 65536)
                except OSError:
                    break
        assert what in seen, seen.decode(errors="replace")

    until(b"to go on")
    assert b"champion of edited -> 2 (now 1)" in seen and b"race guard: none: two approvers may both win" in seen
    p.client.run("c.set_registered_model_alias(model, 'champion', '3')", model=p.model)
    os.write(fd, b"edited\n")
    until(b"look again")
    assert b"changed meanwhile" in seen or b"champion is 3 now (was 1)" in seen
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    os.close(fd)
    assert not p.between.calls("POST", "set-tag") and not p.between.calls("POST", "alias") and p.champion() == 3


def test_a_folder_that_cannot_be_used(place_of, leases):
    p = place_of("unwritable", f"dir:{leases}")
    for f in leases.iterdir():
        f.unlink()
    leases.rmdir()
    for extra in ([], ["--dry-run"]):
        out = subprocess.run([*approve(p), *extra], env=p.env, capture_output=True, text=True, timeout=120)
        assert out.returncode == 2 and "make it, on storage that all approvers see" in out.stderr, out.stderr
    assert p.outcomes() == [("request", "ok")]
