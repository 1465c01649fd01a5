"""What `sluice act` writes, on MLflow's SQLite store and through a real server on it: exactly what MLflow's own client would have written,
and nothing else. Judged actions need rules; here are those that need none."""
import json
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from sluice_pytest import peer

import test_mlflow as base
from lib_mlflow import as_admin, as_reader

RUN = "227c84325e8548deb6a28c1faa86b608"
LATER = {"last_updated_time"}


def dump(path):
    """Every row of every table."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        names = [r[0] for r in db.execute("select name from sqlite_schema where type = 'table' order by name")]
        out = {}
        for name in names:
            cols = [c[1] for c in db.execute(f'pragma table_info("{name}")')]
            rows = db.execute(f'select * from "{name}"').fetchall()
            out[name] = sorted(repr([(c, "later" if c in LATER else v) for c, v in zip(cols, row)]) for row in rows)
        return out


def times(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return (dict(db.execute("select name, last_updated_time from registered_models").fetchall()),
                {(n, v): t for n, v, t in db.execute("select name, version, last_updated_time from model_versions")})


class Act(base.Sluice):
    def act(self, uri, *args, settings="", code=0, env=None):
        (self.home / "sluice.yaml").write_text(f"connections:\n  reg:\n    type: mlflow\n    uri: \"{uri}\"\n{settings}")
        out = subprocess.run([base.PROGRAM, "-w", str(self.home), "act", *args, "--no-input"], capture_output=True,
                             env={**self.env, **(env or {})}, timeout=120)
        assert out.returncode == code, f"{args}: exit {out.returncode}\n{out.stdout.decode()}\n{out.stderr.decode()}"
        return out.stdout.decode() + out.stderr.decode()

    def audit(self, *args):
        out = subprocess.run([base.PROGRAM, "-w", str(self.home), "audit", *args], capture_output=True, env=self.env, timeout=60)
        assert out.returncode == 0, out.stderr.decode()
        return out.stdout.decode()


def client(uri):
    from mlflow import MlflowClient
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@pytest.fixture
def sluice(tmp_path):
    (tmp_path / "home").mkdir()
    return Act(tmp_path / "home")


def stores(tmp_path):
    """Two copies: one for Sluice, one for MLflow's client."""
    out = []
    for name in ("ours", "theirs"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(base.ROOT / "demo" / "mlflow.db", folder / "mlflow.db")
        out.append(folder)
    return out


LONG = "x" * 5000
ACTIONS = [
    (["tag", "reg:models/cancer", "-p", "key=team", "-p", "value=red"], lambda c: c.set_registered_model_tag("cancer", "team", "red")),
    (["tag", "reg:models/cancer", "-p", "key=a/b c.d", "-p", "value=größe\n'\"; --"],
     lambda c: c.set_registered_model_tag("cancer", "a/b c.d", "größe\n'\"; --")),
    (["untag", "reg:models/cancer", "-p", "key=team"], lambda c: c.delete_registered_model_tag("cancer", "team")),
    (["untag", "reg:models/cancer", "-p", "key=nosuch"], lambda c: c.delete_registered_model_tag("cancer", "nosuch")),
    (["note", "reg:models/cancer", "-p", "text=for the ward"], lambda c: c.update_registered_model("cancer", "for the ward")),
    (["note", "reg:versions/cancer%2F3", "-p", "text=" + LONG], lambda c: c.update_model_version("cancer", "3", LONG)),
    (["tag", f"reg:runs/{RUN}", "-p", "key=team", "-p", "value=red"], lambda c: c.set_tag(RUN, "team", "red")),
    (["tag", f"reg:runs/{RUN}", "-p", "key=empty", "-p", "value="], lambda c: c.set_tag(RUN, "empty", "")),
    (["untag", f"reg:runs/{RUN}", "-p", "key=team"], lambda c: c.delete_tag(RUN, "team")),
    (["note", f"reg:runs/{RUN}", "-p", "text=odd names"], lambda c: c.set_tag(RUN, "mlflow.note.content", "odd names")),
]


def compare(before, ours, theirs, start):
    a, b = dump(ours), dump(theirs)
    for table in a:
        assert a[table] == b[table], table
    (am, av), (bm, bv), (zm, zv) = times(ours), times(theirs), before
    changed = {k for k in zm if am[k] != zm[k]}, {k for k in zv if av[k] != zv[k]}
    assert changed == ({k for k in zm if bm[k] != zm[k]}, {k for k in zv if bv[k] != zv[k]})
    for k in changed[0]:
        assert start - 1000 <= am[k] <= time.time() * 1000 + 1000


@pytest.mark.peer("mlflow")
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_the_store_holds_what_the_client_would_have_written(sluice, tmp_path, journal):
    import mlflow
    peer("mlflow", mlflow.__version__, "real")
    ours, theirs = stores(tmp_path)
    for folder in (ours, theirs):
        db = sqlite3.connect(folder / "mlflow.db")
        db.execute(f"pragma journal_mode={journal}")
        db.close()
    uri = f"sqlite:///{theirs}/mlflow.db"
    c = client(uri)
    before, start = times(ours / "mlflow.db"), time.time() * 1000
    for args, theirs_fn in ACTIONS:
        sluice.act(f"sqlite:///{ours}/mlflow.db", *args)
        theirs_fn(c)
        compare(before, ours / "mlflow.db", theirs / "mlflow.db", start)
    c = client(f"sqlite:///{ours}/mlflow.db")  # and their client reads ours
    assert c.get_model_version("cancer", "3").description == LONG
    assert c.get_run(RUN).data.tags["mlflow.note.content"] == "odd names"
    assert c.get_registered_model("cancer").tags["a/b c.d"] == "größe\n'\"; --"
    assert "whole: 20 records, 10 actions" in sluice.audit("verify")


@pytest.mark.peer("mlflow")
def test_the_server_holds_what_the_client_would_have_written(sluice, tmp_path):
    ours, theirs = stores(tmp_path)
    server = base.Server(ours)
    peer("mlflow", base.answer(server.url + "/version"), "real")
    try:
        c = client(f"sqlite:///{theirs}/mlflow.db")
        before, start = times(ours / "mlflow.db"), time.time() * 1000
        for args, theirs_fn in ACTIONS:
            calls = sluice.act(server.url, *args, "--dry-run")
            assert calls.split(" ")[0] in ("POST", "PATCH", "DELETE")
            sluice.act(server.url, *args)
            theirs_fn(c)
            compare(before, ours / "mlflow.db", theirs / "mlflow.db", start)
        over = client(server.url)  # their client on the same server sees it, and we see what it writes
        assert over.get_registered_model("cancer").description == "for the ward"
        over.set_tag(RUN, "theirs", "1")
        assert sluice.run(server.url, "runs", "--filter", f"id = '{RUN}'")[0]["tags.theirs"] == "1"
        assert "nosuch" in sluice.act(server.url, "untag", f"reg:runs/{RUN}", "-p", "key=nosuch", code=1)
        over.delete_run(RUN)
        assert "deleted" in sluice.act(server.url, "note", f"reg:runs/{RUN}", "-p", "text=x", code=1)
        assert "deleted" in sluice.act(f"sqlite:///{ours}/mlflow.db", "note", f"reg:runs/{RUN}", "-p", "text=x", code=1)
        alias = ["alias", "reg:models/cancer", "-p", "alias=champion", "-p", "version=1"]
        sluice.act(server.url, *alias)  # no policy governs this model: an alias may be moved by hand
        assert over.get_registered_model("cancer").aliases["champion"] == "1"
    finally:
        server.stop()
    assert "whole" in sluice.audit("verify")


@pytest.mark.peer("mlflow")
def test_a_user_who_may_only_read_is_told_so(sluice, secured_of):
    server = secured_of("3.17")
    was = dump(server.folder / "mlflow.db")
    for args in (["tag", "reg:models/cancer", "-p", "key=team", "-p", "value=red"], ["note", f"reg:runs/{RUN}", "-p", "text=x"]):
        said = sluice.act(server.url, *args, code=1, env=as_reader())
        assert "mlflow:reader may not do this" in said and "needs the permission EDIT" in said, said
    assert json.loads(sluice.audit("list", "-o", "json")) == []  # told before: nothing was tried
    assert dump(server.folder / "mlflow.db") == was
    sluice.act(server.url, "tag", "reg:models/cancer", "-p", "key=team", "-p", "value=red", env=as_admin())
    assert dump(server.folder / "mlflow.db") != was
    assert "sluice login reg" in sluice.act(server.url, "tag", "reg:models/cancer", "-p", "key=team", "-p", "value=blue", code=3)
    assert "whole" in sluice.audit("verify")


@pytest.mark.peer("mlflow")
def test_a_store_that_must_not_be_written_is_not(sluice, tmp_path):
    ours, _ = stores(tmp_path)
    path = ours / "mlflow.db"
    args = ["tag", "reg:models/cancer", "-p", "key=team", "-p", "value=red"]
    with sqlite3.connect(path) as db:
        head = db.execute("select version_num from alembic_version").fetchone()[0]
        db.execute("update alembic_version set version_num = 'ffffffffffff'")
    was = dump(path)
    assert "newer MLflow than we know" in sluice.act(f"sqlite:///{path}", *args, code=1)
    with sqlite3.connect(path) as db:
        db.execute("update alembic_version set version_num = ?", (head,))
        db.execute("create trigger mine after insert on registered_model_tags begin delete from registered_models; end")
    assert "triggers that MLflow did not make" in sluice.act(f"sqlite:///{path}", *args, code=1)
    with sqlite3.connect(path) as db:
        db.execute("drop trigger mine")
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("begin immediate")
    assert "nothing was written" in sluice.act(f"sqlite:///{path}", *args, settings="    timeout: 1s\n", code=1)
    lock.execute("rollback")
    lock.close()
    was["alembic_version"] = dump(path)["alembic_version"]
    assert dump(path) == was
    sluice.act(f"sqlite:///{path}", *args)
    assert "whole" in sluice.audit("verify")
