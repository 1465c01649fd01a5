"""Bad input: each gets one clear line that says what to do, the right exit code, and nothing is lost."""
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

import lab
from conftest import PROGRAM, notes
from misuse import ENDLESS, EVIL, box_of, harmless, one_line, tree
from servers import Server

SANITIZED = b"__asan_init" in Path(PROGRAM).read_bytes()


# ---- the workspace's file ----

BOMB = "".join(f"{c}: &{c} [{','.join(['*' + p if p else 'x'] * 9)}]\n" for p, c in zip(["", *"abcdef"], "abcdefg"))
FILES = {
    "unknown_key": ("lake:\n  zoness: []\n", r"sluice\.yaml:2:3: .*zoness.*did you mean `zones`\?"),
    "unknown_type": ("connections: {a: {type: locall}}\n", r":1:25: .*locall.*did you mean `local`"),
    "unknown_setting": ("connections: {a: {type: local, rot: x}}\n", r":1:32: .*rot.*did you mean `root`"),
    "list_for_text": ("lake: {zones: [{name: a, uri: [x]}]}\n", r":1:31: `uri` must be a text"),
    "text_for_bool": ("readonly: maybe\n", r":1:11: `readonly` must be true or false"),
    "text_for_list": ("jobs: {a: {steps: {s: {run: rm -rf}}}}\n", r":1:29: `run` must be a list"),
    "list_for_map": ("[1, 2]\n", r":1:1: the workspace must be a map"),
    "no_duration": ("lake: {zones: [{name: a, uri: x, fresh_within: soon}]}\n", r"fresh_within"),
    "two_zones": ("lake:\n  zones:\n    - {name: a, uri: x}\n    - {name: a, uri: y}\n", r":4:14: there is a zone `a` already, in line 3"),
    "two_keys": ("environment: a\nenvironment: b\n", r":2:1: .*twice"),
    "circle": ("jobs: {j: {steps: {x: {run: [a], after: [y]}, y: {run: [b], after: [x]}}}}\n", r"wait for each other"),
    "bomb": (BOMB, r"more than \d+ values once aliases are written out"),
    "deep": ("[" * 100000, r"nested deeper than \d+"),
    "huge": ("# " + "x" * 3000000 + "\n", r"larger than \d+ bytes"),
    "escapes": ('environment: "\\e[31mx"\n', r":1:14: .*control character"),
    "bidi": ('environment: "x\\u202ey"\n', r":1:14: "),
    "no_utf8": (b"environment: \xff\xfe\n", r":1:14: invalid UTF-8"),
    "unclosed": ("lake: {zones: [\n", r"sluice\.yaml:\d+:\d+: "),
    "no_secret": ("connections: {r: {type: mlflow, uri: 'http://127.0.0.1:9', token: {evn: X}}}\n", r"evn"),
}


@pytest.mark.parametrize("name", FILES)
def test_mistakes_in_the_workspace(sluice, name):
    text, words = FILES[name]
    (sluice.cwd / "sluice.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for args in (["config", "validate"], ["get", "zones"], ["doctor"] if name == "unknown_key" else ["info"]):
        run = sluice("-w", ".", *args, code=None, timeout=20)
        if args == ["doctor"]:
            assert run.returncode == 4 and "sluice.yaml:2:3" in run.text
        else:
            assert run.returncode == 2 and re.search(words, one_line(run))
    assert (sluice.cwd / "sluice.yaml").read_bytes() == (text if isinstance(text, bytes) else text.encode())


def test_the_workspace_is_no_file(sluice):
    path = sluice.cwd / "sluice.yaml"
    assert "sluice init" in one_line(sluice("-w", ".", "get", "zones", code=2))
    assert "no workspace, file or folder" in one_line(sluice("-w", "nosuch.yaml", "get", "zones", code=2))
    path.mkdir()
    assert "is a folder" in one_line(sluice("-w", ".", "get", "zones", code=2))
    path.rmdir()
    os.mkfifo(path)
    assert "no regular file" in one_line(sluice("-w", ".", "get", "zones", code=2, timeout=5))
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "no regular file" in one_line(sluice("-w", ".", "get", "zones", code=2, timeout=5))


# ---- files of data ----

def parquet(here, path):
    here("sql", "select range as a, range * 2 as b from range(5000)", "--out", str(path))
    return path.read_bytes()


def damaged(here, name):
    """A file in the current folder, its name, and what must be said."""
    path = here.cwd / name
    good = parquet(here, here.cwd / "good.parquet") if name.endswith(".parquet") else b""
    text = {
        "noise.parquet": os.urandom(3000), "frame.parquet": b"PAR1" + os.urandom(3000) + b"PAR1", "empty.parquet": b"",
        "cut.parquet": good[:len(good) // 2], "footer.parquet": good[:-400] + bytes(b ^ 0xff for b in good[-400:-8]) + good[-8:],
        "short.csv": b"a,b\n1,2\n3,4,5,6\n7,8\n",
        "word.csv": b"a,b\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(30000)) + b"oops,1\n",
        "bytes.csv": b"a,b\n\x00\xff\x1b[31m,1\n", "half.json": b'{"a": [1,2\n',
    }[name]
    path.write_bytes(text)
    return {"short.csv": "short.csv line 3", "word.csv": "word.csv line 30002", "bytes.csv": "bytes.csv line 2",
            "half.json": "half.json"}.get(name, "get it again")


@pytest.mark.parametrize("name", ["noise.parquet", "frame.parquet", "empty.parquet", "cut.parquet", "footer.parquet", "short.csv",
                                  "word.csv", "bytes.csv", "half.json"])
def test_damaged_files(here, name):
    words = damaged(here, name)
    for args in (["sql", f"select count(distinct columns(*)) from '{name}'"], ["profile", name]):
        run = here(*args, code=1)
        assert words in one_line(run) and name in one_line(run) and run.text == ""
    before = (here.cwd / name).read_bytes()
    here("sql", f"select * from '{name}'", "--out", "lake:raw/whole.csv", code=1)
    assert not (here.cwd / "lake/raw/whole.csv").exists() and (here.cwd / name).read_bytes() == before


def test_missing_files(here):
    for args in (["cat", "no.csv"], ["head", "no.csv"], ["schema", "no.csv"], ["profile", "no.csv"], ["ls", "no"], ["get", "objects", "no"],
                 ["sql", "select * from 'no.csv'"], ["cp", "no.csv", "lake:raw/"], ["rm", "no.csv"]):
        run = here(*args, code=1)
        assert "no" in one_line(run) and run.text == "", args


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, to become somebody else")
def test_what_may_not_be_read(here, tmp_path):
    """As nobody: a folder, a file, a store and the workspace itself."""
    home = tmp_path / "nobody"
    (home / "run").mkdir(parents=True)
    for path in (home, home / "run"):
        os.chown(path, 65534, 65534)
        path.chmod(0o700)
    shutil.copy(PROGRAM, tmp_path / "sluice")
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            path.chmod(path.stat().st_mode | stat.S_IXOTH)
    folders = json.loads(here("info", "-o", "json").text)[0]["engines"].split(":")
    lib = tmp_path / "lib"  # the engines may lie where only root can look
    lib.mkdir(mode=0o755)
    shutil.copy(next(Path(f) / "libduckdb.so" for f in folders if (Path(f) / "libduckdb.so").exists()), lib)
    env = {**here.env, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "TMPDIR": str(home), "SLUICE_LIB": str(lib)}

    def nobody(*args, code):
        run = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", str(tmp_path / "sluice"), *args],
                             capture_output=True, env=env, cwd=here.cwd, stdin=subprocess.DEVNULL, timeout=30)
        run.text, run.notes = run.stdout.decode(), notes(run.stderr)
        assert run.returncode == code, (args, run.returncode, run.notes)
        return run
    if "LeakSanitizer" in subprocess.run([str(tmp_path / "sluice"), "--version"], capture_output=True, text=True, env=env).stderr:
        pytest.skip("the sanitizer cannot look at a process of somebody else")
    raw = here.cwd / "lake/raw"
    raw.chmod(0)
    (here.cwd / "lake/landing" / f"dt={lab.day(0)}" / "labs.csv").chmod(0)
    for args, code in ((["ls", "lake:raw/"], 1), (["ls", "lake/raw"], 1), (["get", "partitions"], 5), (["freshness"], 5)):
        assert "Permission denied" in one_line(nobody(*args, code=code)), args
    states = {z["name"]: z["state"] for z in json.loads(nobody("get", "zones", "-o", "json", code=5).text)}
    assert states["raw"] == "unknown" and states["landing"] == "fresh"
    file = f"lake:landing/dt={lab.day(0)}/labs.csv"
    for args in (["cat", file], ["head", file], ["cp", file, "lake:landing/x.csv"]):
        assert "ermission denied" in one_line(nobody(*args, code=1)), args
    (here.cwd / "sluice.yaml").chmod(0)
    assert "chmod u+r" in one_line(nobody("get", "zones", code=2))
    raw.chmod(0o755)


# ---- MLflow's store ----

def store(path):
    """The tables that Sluice asks a store for, of no MLflow at all but named alike."""
    db = sqlite3.connect(path)
    db.execute("create table alembic_version (version_num)")
    db.execute("insert into alembic_version values ('ffffffffffff')")
    db.execute("create table runs (run_uuid, title)")
    db.execute("create table experiments (experiment_id, name)")
    db.commit()
    db.close()


STORES = {
    "missing": (lambda p: None, 1, "No such file"),
    "noise": (lambda p: p.write_bytes(os.urandom(8192)), 1, "no SQLite database"),
    "empty": (lambda p: p.write_bytes(b""), 1, "no SQLite database"),
    "folder": (lambda p: p.mkdir(), 1, "must name MLflow's SQLite store"),
    "foreign": (lambda p: sqlite3.connect(p).executescript("create table a (b); insert into a values (1)"), 1, "no MLflow store"),
    "newer": (store, 1, "if a newer MLflow made it"),
}


@pytest.mark.parametrize("name", STORES)
def test_stores_that_are_none(sluice, name):
    make, code, words = STORES[name]
    path = sluice.cwd / "store.db"
    make(path)
    (sluice.cwd / "sluice.yaml").write_text("connections: {reg: {type: mlflow, uri: 'sqlite:///store.db', timeout: 3s}}\n")
    before = path.read_bytes() if path.is_file() else None
    for resource in ("runs", "experiments", "models", "versions"):
        run = sluice("-w", ".", "get", resource, code=code)
        assert words in one_line(run) and run.text == "", resource
    assert before is None or path.read_bytes() == before
    assert sluice("-w", ".", "get", "runs", "-o", "json", code=code).text == "[]\n"


def test_locked_store(sluice):
    path = sluice.cwd / "store.db"
    store(path)
    (sluice.cwd / "sluice.yaml").write_text("connections: {reg: {type: mlflow, uri: 'sqlite:///store.db'}}\n")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("begin exclusive")
    run = sluice("-w", ".", "get", "runs", code=3, timeout=20)
    assert "locked by another program; try again" in one_line(run)
    db.close()


# ---- MLflow's server ----

SERVERS = {
    "html": (1, "is a proxy or a login page in between"),
    "redirect": (1, "give that address if you trust it"),
    "slow": (3, "longer `timeout`"),
    "old": (1, "Sluice needs 2.0 or newer"),
    "login": (3, "sluice login reg"),
    "refuse": (1, "ask for the right"),
    "busy": (3, "wait, then try again"),
    "half": (3, ""),
    "endless": (1, "larger than"),
    "same_token": (5, "repeats a page token"),
    "token_circle": (5, "repeats a page token"),
}


def registry(sluice, uri, more=""):
    (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{uri}', timeout: 1s{more}}}}}\n")


@pytest.mark.parametrize("how", SERVERS)
def test_servers(sluice, how):
    code, words = SERVERS[how]
    with Server(how) as server:
        registry(sluice, server.uri)
        begin = time.monotonic()
        run = sluice("-w", ".", "get", "experiments", "-o", "json", code=code, timeout=30)
        assert time.monotonic() - begin < 15
        assert words in one_line(run)
        rows = json.loads(run.text)
        assert bool(rows) == (code == 5)
        if code == 5:
            sluice("-w", ".", "get", "experiments", "--partial-ok")


def test_nobody_there(sluice):
    registry(sluice, "http://127.0.0.1:9")
    assert "is the server running?" in one_line(sluice("-w", ".", "get", "runs", code=3))
    assert "is the server running?" in one_line(sluice("-w", ".", "get", "runs", code=3, env={"http_proxy": "http://127.0.0.1:9"}))
    registry(sluice, "http://no.such.host.invalid")
    assert "no such host" in one_line(sluice("-w", ".", "get", "runs", code=3))


def test_names_that_a_server_sends(sluice):
    name = "a\x1b[31m\u202eb\nc"
    with Server("fine", names=(name,)) as server:
        registry(sluice, server.uri)
        assert sluice.json("-w", ".", "get", "experiments")[0]["name"] == name
        harmless(sluice("-w", ".", "get", "experiments").stdout)
        harmless(sluice("-w", ".", "describe", "experiments", "0").stdout)


# ---- the box ----

@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSEGV])
def test_box_that_dies(here, signum):
    p = subprocess.Popen([PROGRAM, "sql", ENDLESS], env=here.env, cwd=here.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    os.kill(box_of(p.pid), signum)
    out, notes = p.communicate(timeout=10)
    assert (p.returncode, out) == (1, b"")
    assert notes.startswith(b"sluice: compute: the box died") and notes.count(b"\n") == 1
    here("sql", "select 1")


@pytest.mark.skipif(SANITIZED, reason="the sanitizer is no box's signal handler")
def test_box_that_hangs_is_left(here):
    p = subprocess.Popen([PROGRAM, "sql", ENDLESS], env=here.env, cwd=here.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    box = box_of(p.pid)
    os.kill(box, signal.SIGSTOP)
    begin = time.monotonic()
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=5)
    assert p.returncode == 130 and time.monotonic() - begin < 3
    assert not Path(f"/proc/{box}").exists() or "Z" in Path(f"/proc/{box}/stat").read_text().rsplit(")", 1)[1]


def test_box_that_is_hungry(here):
    run = here("sql", "select list(range) from range(500000000)", code=1, timeout=60)
    assert "limited by box.memory and box.tmp" in one_line(run)
    (here.cwd / "mine.yaml").write_text("box: {memory: 150MB, tmp: 2MB, threads: 1}\n")
    run = here("--config", "mine.yaml", "sql", "select count(*) from (select range, random() as r from range(20000000) order by r)", code=1)
    assert "limited by box.memory and box.tmp" in one_line(run)


# ---- a full disk ----

def limited(here, size, *args):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    run = subprocess.run([PROGRAM, *args], capture_output=True, env=here.env, cwd=here.cwd, stdin=subprocess.DEVNULL, timeout=30,
                         preexec_fn=limit)
    run.text, run.notes = run.stdout.decode(), notes(run.stderr)
    return run


@pytest.mark.parametrize("size", [0, 100])
def test_no_audit_no_action(here, size):
    before = tree(here.cwd / "lake")
    for args in (["cp", "lake:raw/README.txt", "lake:landing/"], ["rm", "lake:raw/README.txt"], ["run", "ingest"],
                 ["cp", "lake:raw/README.txt", f"lake:raw/dt={lab.day(0)}/labs.csv", "--replace"]):
        run = limited(here, size, *args)
        assert run.returncode == 1 and "nothing was done" in one_line(run), args
        assert "audit" in run.notes
    assert tree(here.cwd / "lake") == before
    assert here.json("get", "executions") == [] and here.json("audit", "list") == []
    here("audit", "verify")
    here("cp", "lake:raw/README.txt", "lake:landing/")


def test_output_that_does_not_fit(here):
    with open(here.cwd / "out", "wb") as out:
        run = subprocess.run([PROGRAM, "sql", "select range from range(100000)", "-o", "csv"], stdout=out,
                             stderr=subprocess.PIPE, env=here.env, cwd=here.cwd, stdin=subprocess.DEVNULL, timeout=30,
                             preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
                                                 signal.signal(signal.SIGXFSZ, signal.SIG_DFL)))
    assert run.returncode == 1 and b"cannot write to standard output" in run.stderr


# ---- names ----

@pytest.fixture
def evil(sluice):
    day = sluice.cwd / "lake/raw" / f"dt={lab.day(0)}"
    day.mkdir(parents=True)
    (Path(os.fsdecode(os.fsencode(day) + b"/" + EVIL + b".csv"))).write_bytes(b"a,b\n1,2\n")
    folder = os.fsencode(sluice.cwd / "lake/raw") + b"/dt=" + EVIL
    os.mkdir(folder)
    (Path(os.fsdecode(folder)) / "x.csv").write_bytes(b"a\n1\n")
    (day / "cells.csv").write_text('"na\x1b[31mme",v\n"x\x1b]52;c;AAAA\x07\u202e",1\n')
    (day / "text.txt").write_bytes(b"\x1b]0;owned\x07line\xff\r\n\xe2\x80\xae bidi\n")
    (sluice.cwd / "sluice.yaml").write_text("""\
lake: {zones: [{name: raw, uri: lake/raw, layout: "dt=%Y-%m-%d"}, {name: any, uri: lake/raw}]}
jobs:
  noisy: {params: {p: x}, steps: {s: {run: [printf, '\\033[31mred\\377\\n\\342\\200\\256bidi\\r\\n${p}\\n']}}}
  bad: {steps: {s: {run: [sh, -c, "printf '\\\\033]0;x\\\\007err\\\\n' >&2; exit 3"]}}}
""")
    sluice("trust", "sluice.yaml")
    sluice.env["SLUICE_WORKSPACE"] = str(sluice.cwd)
    sluice.day = f"lake:raw/dt={lab.day(0)}"
    return sluice


def on_a_terminal(here, *args):
    line = " ".join("'" + os.fsdecode(a).replace("'", "'\\''") + "'" for a in (PROGRAM, *args))
    run = subprocess.run(["script", "-qec", line, "/dev/null"], capture_output=True, env=here.env, cwd=here.cwd, timeout=60,
                         stdin=subprocess.DEVNULL)
    return run.stdout.replace(b"\r\n", b"\n")


def test_names_are_drawn_harmlessly(evil):
    evil("run", "noisy", "-p", "p=q\u202e")
    evil("run", "bad", code=1)
    assert "control character" in one_line(evil("run", "noisy", "-p", "p=\x1b[31m", code=2))
    cells = f"{evil.day}/cells.csv"
    for args in (["ls", evil.day], ["get", "objects", "lake:raw/"], ["get", "partitions"], ["get", "zones"], ["get", "jobs"],
                 ["get", "executions"], ["get", "steps", "bad-1"], ["get", "findings"],
                 ["describe", "executions", "noisy-1"], ["describe", "executions", "bad-1"],
                 ["head", cells], ["schema", cells], ["profile", cells], ["sql", f"select * from '{cells}'"], ["audit", "list"],
                 ["get", "objects", "no\x1b[31m\u202e"], ["cat", "no\x1b[31m"], ["sql", "select * from nosuch\x1b[31m\u202e"],
                 ["head", os.fsencode(evil.day) + b"/" + EVIL + b".csv"],
                 ["cp", f"{evil.day}/text.txt", f"{evil.day}/n\x1b[31m\n.txt", "--dry-run"]):
        run = subprocess.run([PROGRAM, *args], capture_output=True, env=evil.env, cwd=evil.cwd, stdin=subprocess.DEVNULL, timeout=60)
        harmless(run.stdout)
        harmless(run.stderr)
    for args in (["ls", evil.day], ["ls", evil.day, "-o", "csv"], ["logs", "noisy-1"], ["logs", "bad-1"], ["cat", f"{evil.day}/text.txt"],
                 ["head", f"{evil.day}/text.txt"], ["describe", "executions", "noisy-1"]):
        harmless(on_a_terminal(evil, *args).replace(b"\t", b""))


def test_names_come_out_unchanged(evil):
    want = (EVIL + b".csv").decode("utf-8", "surrogateescape")
    rows = {r["name"]: r for r in evil.json("ls", evil.day)}
    assert want in rows
    ref, uri = rows[want]["ref"], rows[want]["uri"]
    assert evil.json("describe", ref)[0]["name"] == want
    assert evil("cat", uri).text == "a,b\n1,2\n"
    evil("run", "noisy")
    assert [r["text"] for r in evil.json("logs", "noisy-1")][:2] == ["\x1b[31mred\udcff", "\u202ebidi"]
    assert evil.json("head", f"{evil.day}/cells.csv")[0] == {"na\x1b[31mme": "x\x1b]52;c;AAAA\x07\u202e", "v": 1, "dt": lab.day(0)}
    evil("cp", uri, "lake:any/copy.csv")
    assert (evil.cwd / "lake/raw/copy.csv").read_text() == "a,b\n1,2\n"
    shown = evil("rm", uri, "--dry-run").text
    assert "$'" in shown and "\\xff" in shown
    evil("act", "remove", ref)
    assert want not in {r["name"] for r in evil.json("ls", evil.day)}
    evil("audit", "verify")
