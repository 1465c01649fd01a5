"""Safety: what may not be changed is not, nothing leads out of a zone, secrets stay where they are."""
import base64
import json
import random
import re
import subprocess
import time
from pathlib import Path

import pytest

import lab
from conftest import PROGRAM, ROOT
from misuse import ENDLESS, box_of, one_line, tree
from servers import Server

CANARY = "c4n4ry" + "%016x" % random.getrandbits(64)


def holds(data):
    return any(w in data for w in (CANARY.encode(), base64.b64encode(f"ana:{CANARY}".encode())))


def nightly(here, env=None):
    """nightly-1, which runs until it is stopped."""
    here("run", "nightly", "--detach", env=env)
    for _ in range(200):
        if here.json("describe", "executions", "nightly-1")[0]["state"] == "running":
            return
        time.sleep(0.05)
    raise AssertionError("it does not begin")


# ---- what may not be changed ----

def changes(here):
    return (["run", "ingest"], ["retry", "clean-1"], ["stop", "nightly-1"], ["cp", "lake:raw/README.txt", "lake:landing/"],
            ["rm", "lake:raw/README.txt"], ["sql", "select 1 as a", "--out", "lake:raw/o.csv"],
            ["act", "remove", [r["ref"] for r in here.json("ls", "lake:raw/") if r["name"] == "README.txt"][0]])


def executions(here):
    return [(r["id"], r["state"]) for r in here.json("get", "executions", "--sort", "id")]


@pytest.mark.parametrize("how", ["option", "variable", "workspace", "connection"])
def test_read_only(here, how):
    here("run", "clean", code=1)
    nightly(here)
    todo, text = changes(here), (here.cwd / "sluice.yaml").read_text()
    pre, env = [], {}
    if how == "option":
        pre = ["--read-only"]
    elif how == "variable":
        env = {"SLUICE_READONLY": "1"}
    else:
        add = "readonly: true\n" if how == "workspace" else ""
        more = "  local: {type: local, readonly: true}\n" if how == "connection" else ""
        (here.cwd / "sluice.yaml").write_text(add + text.replace("connections:\n", "connections:\n" + more))
        here("trust", "sluice.yaml")
    before, audit, was = tree(here.cwd / "lake"), here("audit", "export").text, executions(here)
    try:
        for args in todo:
            run = here(*pre, *args, env=env, code=2)
            assert "read-only" in one_line(run) or "readonly" in run.notes
        if how in ("option", "variable"):
            assert "read-only" in one_line(here(*pre, "connect", "./lake", "--type", "local", "--name", "files", env=env, code=2))
            assert "read-only" in one_line(here(*pre, "init", "mine", env=env, code=2))
            assert (here.cwd / "sluice.yaml").read_text() == text
        assert (tree(here.cwd / "lake"), here("audit", "export").text, executions(here)) == (before, audit, was)
    finally:
        (here.cwd / "sluice.yaml").write_text(text)
        here("trust", "sluice.yaml")
        here("stop", "nightly-1")


def test_protected(here):
    here("run", "clean", code=1)
    nightly(here)
    text = (here.cwd / "sluice.yaml").read_text()
    (here.cwd / "sluice.yaml").write_text(text.replace("environment: test", "environment: prod"))
    here("trust", "sluice.yaml")
    before, was = tree(here.cwd / "lake"), executions(here)
    for args in changes(here):
        assert "--confirm" in one_line(here(*args, code=2)), args
        here(*args, "--confirm", "nonsense", code=2)
    assert (tree(here.cwd / "lake"), executions(here)) == (before, was)
    here("stop", "nightly-1", "--confirm", "nightly-1")


def test_dry_run_changes_nothing(here):
    here("run", "clean", code=1)
    nightly(here)
    before, audit, was = tree(here.cwd / "lake"), here("audit", "export").text, executions(here)
    words = ("loading", "looking", "TERM", "copy", "unlink", "write", "unlink")
    for args, word in zip(changes(here), words):
        assert word in here(*args, "--dry-run").text, args
    assert (tree(here.cwd / "lake"), here("audit", "export").text, executions(here)) == (before, audit, was)
    here("stop", "nightly-1")


def test_untrusted_starts_no_command(here):
    here("run", "clean", code=1)
    ran = here.cwd / "ran"
    text, uri = (here.cwd / "sluice.yaml").read_text(), '"http://127.0.0.1:9"'
    (here.cwd / "sluice.yaml").write_text(text.replace(uri, f'{uri}, token: {{command: [touch, "{ran}"]}}'))
    for args in (["run", "ingest"], ["run", "ingest", "--detach"], ["retry", "clean-1"]):
        assert "sluice trust" in one_line(here(*args, code=2)), args
    here("get", "experiments", code=None)
    here("doctor", code=None)
    assert not ran.exists() and len(executions(here)) == 1
    here("trust", "sluice.yaml")
    here("get", "experiments", code=3)
    assert ran.exists()


# ---- ways out of a zone ----

def test_nothing_leads_out_of_a_zone(here):
    outside = here.cwd / "outside"
    outside.mkdir()
    (outside / "x.txt").write_text("secret\n")
    (here.cwd / "lake/raw/out").symlink_to(outside)
    (here.cwd / "lake/raw/link.txt").symlink_to(outside / "x.txt")
    (here.cwd / "lake/raw/near").symlink_to("../landing")
    before = tree(outside)
    for args in (["cp", "lake:raw/README.txt", "lake:raw/../../outside/y.txt"], ["rm", "lake:raw/../../outside/x.txt"],
                 ["ls", "lake:raw/../.."], ["cat", "lake:raw/../../outside/x.txt"],
                 ["sql", "select 1", "--out", "lake:raw/../../outside/y.csv"]):
        assert "leaves its zone" in one_line(here(*args, code=2)), args
    for args in (["cp", "lake:raw/README.txt", "lake:raw/out/y.txt"], ["rm", "lake:raw/out/x.txt"],
                 ["sql", "select 1", "--out", "lake:raw/out/y.csv"], ["cat", "lake:raw/out/x.txt"], ["cat", "lake:raw/link.txt"],
                 ["head", "lake:raw/out/x.txt"], ["ls", "lake:raw/out"], ["cp", "lake:raw/out/x.txt", "lake:landing/"],
                 ["cp", "lake:raw/link.txt", "lake:landing/"]):
        run = here(*args, code=1)
        assert "link" in one_line(run) and "secret" not in run.text, args
    assert re.search("not all of it: raw/(out|near)/: a link out of its zone", here("get", "zones", code=5).notes)
    assert "Permission" in one_line(here("sql", "select * from read_text('lake:raw/out/x.txt')", code=1))
    assert tree(outside) == before and not (here.cwd / "lake/landing/x.txt").exists()
    day = lab.day(0)
    assert here("cat", f"lake:raw/near/dt={day}/labs.csv").text == (here.cwd / f"lake/landing/dt={day}/labs.csv").read_text()
    here("rm", "lake:raw/link.txt")
    assert tree(outside) == before


def test_a_root_keeps_all_inside(here):
    text = (here.cwd / "sluice.yaml").read_text().replace("connections:\n", "connections:\n  local: {type: local, root: lake}\n")
    (here.cwd / "sluice.yaml").write_text(text)
    here("trust", "sluice.yaml")
    (here.cwd / "x.txt").write_text("x\n")
    for args in (["cp", "lake:raw/README.txt", "y.txt"], ["cp", "x.txt", "lake:raw/"], ["rm", "x.txt"], ["cat", "x.txt"], ["ls", "."],
                 ["sql", "select 1", "--out", "y.csv"]):
        assert "outside" in one_line(here(*args, code=1)), args
    assert (here.cwd / "x.txt").exists() and not (here.cwd / "y.txt").exists() and not (here.cwd / "y.csv").exists()


# ---- secrets ----

SECRETS = {
    "literal": f", token: {CANARY}",
    "password": f", username: ana, password: {CANARY}",
    "variable": ", token: {env: CANARY_TOKEN}",
    "file": ", token: {file: secret.txt}",
    "command": ", token: {command: [cat, secret.txt]}",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_nowhere(here, kind):
    trace, secret, env = here.cwd / "trace", here.cwd / "secret.txt", {}
    secret.write_text(CANARY)
    secret.chmod(0o600)
    text = (here.cwd / "sluice.yaml").read_text()
    with Server("repeat") as server:
        (here.cwd / "sluice.yaml").write_text(text.replace('"http://127.0.0.1:9"', f'"{server.uri}"{SECRETS[kind]}').replace(
            '"echo loading ${dt}"', '"env; cat /proc/$PPID/environ /proc/$PPID/cmdline; sleep 0.2"'))
        here("trust", "sluice.yaml")
        env["SLUICE_TRACE"] = ",".join(f"{a}:9" for a in ("loop", "http", "ssh", "pg", "box", "model", "ui", "job"))
        env["SLUICE_TRACE_FILE"] = str(trace)
        if kind == "variable":
            env["CANARY_TOKEN"] = CANARY
        for args in (["get", "experiments"], ["get", "experiments", "-o", "json"], ["get", "runs"], ["info"], ["config", "show"],
                     ["config", "validate"], ["doctor"], ["get", "connections", "-o", "json"], ["describe", "connections", "registry"],
                     ["get", "requests"],
                     ["cp", "lake:raw/README.txt", "lake:landing/"], ["run", "ingest"], ["logs", "ingest-1"],
                     ["sql", "select * from connections"], ["audit", "list", "-o", "json"], ["audit", "export"],
                     ["connect", server.uri, "--name", "again", "--dry-run"]):
            run = here(*args, env=env, code=None)
            assert not holds(run.stdout) and not holds(run.stderr), args
        assert any(holds((auth or "").encode()) for _, auth in server.seen)  # it was sent, and the server repeated it
    assert trace.stat().st_size > 100 and not holds(trace.read_bytes())
    for folder in (here.cwd.parent / "home", here.cwd / "lake"):
        for path in folder.rglob("*"):
            assert not path.is_file() or not holds(path.read_bytes()), path
    shown = here("config", "show", env=env).text
    assert "registry" in shown and ("token:" in shown or "password:" in shown)


def test_children_see_no_secret(here):
    secret = "CANARY_TOKEN=" + CANARY
    p = subprocess.Popen([PROGRAM, "sql", ENDLESS], env={**here.env, "CANARY_TOKEN": CANARY}, cwd=here.cwd, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    box = box_of(p.pid)
    try:
        environ = Path(f"/proc/{box}/environ").read_bytes()
        assert b"LANG" in environ and not holds(environ) and not holds(Path(f"/proc/{box}/cmdline").read_bytes())
    except PermissionError:
        pass  # it hides itself: only root may look
    finally:
        p.kill()
        p.communicate()
    nightly(here, {"CANARY_TOKEN": CANARY})
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words, environ = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
        except OSError:
            continue
        if str(here.cwd).encode() in environ or str(here.cwd).encode() in words:
            assert secret.encode() not in environ, words
    here("stop", "nightly-1")


def test_a_password_in_an_address_is_masked(here):
    text = (here.cwd / "sluice.yaml").read_text().replace("http://127.0.0.1:9", f"http://ana:{CANARY}@127.0.0.1:9")
    (here.cwd / "sluice.yaml").write_text(text)
    for args in (["config", "show"], ["config", "validate"], ["get", "experiments"], ["get", "connections"], ["info"]):
        run = here(*args, code=None)
        assert not holds(run.stdout) and not holds(run.stderr), args
        assert "holds a password" in run.notes


# ---- JSON ----

def test_every_resource_is_json_with_its_columns(here):
    """Design section 15's columns, in order, for all that this workspace can be asked."""
    here("run", "clean", code=1)
    source = (ROOT / "tools/done/resources.py").read_text()
    columns = eval(re.search(r"^COLUMNS = (\{.*?^\})", source, re.S | re.M).group(1))  # the table that ./run done reads too
    schema = here("--complete", "resource").text.split()
    for resource in set(schema) - set(columns):  # only what is answered for a SCOPE alone may lack its columns in tools/done/resources.py
        assert f"{resource} of what?" in one_line(here("get", resource, code=2))
    assert set(columns) <= set(schema)
    for resource, names in columns.items():
        run = here("get", resource, "-o", "json", code=None, env={"TERM": "xterm"})
        for row in json.loads(run.text):
            want, have = ["connection", *names.split()], list(row)
            assert have[:1] == ["connection"] and have[-1] == "ref" and [c for c in have if c in want] == want, resource
