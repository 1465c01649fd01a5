"""The command line's own words: help, version, mistakes, formats, pipes."""
import csv
import io
import json
import re
import subprocess

import pytest

from conftest import PROGRAM, ROOT


def commands(sluice):
    text = sluice("--help").text
    part = text[text.index("commands:"):text.index("everywhere")]
    return re.findall(r"^  (\w+)", part, re.M)


def test_help_names_every_command(sluice):
    names = commands(sluice)
    assert {"get", "info", "doctor", "config", "trust"} <= set(names)
    for name in names:
        text = sluice(name, "--help").text
        assert text.startswith(f"usage: sluice {name}")
        assert "examples:" in text
        assert sluice("--help", name).text == text


def test_version(sluice):
    assert re.fullmatch(r"sluice \d+\.\d+\.\d+ \(build [0-9a-f]{16,}\)\n", sluice("--version").text)


@pytest.mark.parametrize("args, words", [
    (["gett", "runs"], "did you mean get?"),
    (["get", "rnus"], "did you mean runs?"),
    (["get"], "get needs RESOURCE"),
    (["get", "runs", "x", "y"], "'y' is too much"),
    (["get", "checks", "--fliter", "x"], "did you mean --filter?"),
    (["get", "checks", "--limit", "many"], "whole number"),
    (["get", "checks", "-o", "xml"], "table json ndjson csv"),
    (["get", "checks", "--filter", "nmae = 1"], "did you mean 'name'?"),
    (["get", "checks", "--filter", "name ="], "column"),
    (["get", "checks", "--sort", "-nmae"], "did you mean 'name'?"),
    (["get", "checks", "--columns", "nmae"], "did you mean 'name'?"),
    (["get", "checks", "--watch", "-o", "json"], "ndjson"),
    (["-w", "nosuch", "info"], "no workspace"),
    (["config", "shw"], "show"),
    (["info", "--filter", "x"], "info takes no --filter"),
    (["get", "runs", "-c"], "needs a value"),
])
def test_mistakes_are_told_and_cost_two(sluice, args, words):
    run = sluice(*args, code=2)
    assert words in run.notes
    assert run.notes.startswith("sluice: ") and run.notes.count("\n") == 1
    assert run.text == "" or run.text == "[]\n"


def test_formats_agree(sluice):
    rows = sluice.json("get", "checks")
    assert list(rows[0]) == ["connection", "name", "state", "value", "advice", "ref"]
    lines = [json.loads(line) for line in sluice("get", "checks", "-o", "ndjson").text.splitlines()]
    table = list(csv.DictReader(io.StringIO(sluice("get", "checks", "-o", "csv").text)))
    assert [r["name"] for r in rows] == [r["name"] for r in lines] == [r["name"] for r in table]
    assert all(r["ref"].startswith("sluice:checks/") for r in rows)
    head = sluice("get", "checks").text.splitlines()[0].split()
    assert head == ["CONNECTION", "NAME", "STATE", "VALUE", "ADVICE", "REF"]


def test_filter_sort_columns_limit(sluice):
    names = [r["name"] for r in sluice.json("get", "checks", "--sort", "-name")]
    assert names == sorted(names, reverse=True)
    few = sluice.json("get", "checks", "--sort", "name", "--limit", "2", "--columns", "state,name")
    assert [list(r) for r in few] == [["state", "name"]] * 2
    assert [r["name"] for r in few] == sorted(names)[:2]
    assert [r["name"] for r in sluice.json("get", "checks", "--filter", "name = 'curl'")] == ["curl"]
    assert sluice.json("get", "checks", "--filter", "name = 'none such'") == []


def test_doctor_says_that_names_are_asked_of_a_test(sluice):
    assert "127.0.0.1:5353, no other" in sluice("doctor", env={"SLUICE_TEST_NS": "5353"}, code=None).text
    for wrong in ("192.0.2.1:53", "192.0.2.1", "99999", "", None):
        env = {"SLUICE_TEST_NS": wrong} if wrong is not None else {}
        assert "name server" not in sluice("doctor", env=env, code=None).text


def test_doctor_breaches_when_a_check_fails(sluice):
    assert "SLUICE_LIB" in sluice("doctor", env={"SLUICE_LIB": "not/absolute"}, code=4).text
    sluice("doctor", code=0)


def test_info_names_the_audit(sluice):
    row, = sluice.json("info")
    assert row["audit"].endswith("/audit") and row["workspace"] is None


def test_config(sluice):
    schema = json.loads(sluice("config", "schema").text)
    assert schema["type"] == "object" and "connections" in schema["properties"]
    sluice("config", "validate", code=2)
    good = sluice.cwd / "sluice.yaml"
    good.write_text("environment: test\n")
    assert "0 zones, 0 jobs" in sluice("config", "validate", good).text
    assert "environment: test" in sluice("-w", ".", "config", "show").text
    good.write_text("environment: test\nconections: {}\n")
    run = sluice("-w", ".", "config", "validate", code=2)
    assert re.search(r"sluice\.yaml:2:1: .*connections", run.notes)


def test_trust_is_of_a_digest(sluice):
    file = sluice.cwd / "sluice.yaml"
    file.write_text("environment: test\n")
    assert sluice.json("-w", ".", "info")[0]["trusted"] is False
    sluice("trust", "sluice.yaml")
    assert sluice.json("-w", ".", "info")[0]["trusted"] is True
    file.write_text("environment: other\n")
    assert sluice.json("-w", ".", "info")[0]["trusted"] is False
    sluice("trust", "nosuch.yaml", code=2)


def test_a_reader_that_leaves(sluice):
    run = subprocess.run(["bash", "-c", f"set -o pipefail; '{PROGRAM}' --generate man | head -c 10 >/dev/null"], env=sluice.env,
                         capture_output=True, timeout=20)
    assert (run.returncode, run.stderr) == (0, b"")


def test_closed_descriptors(sluice):
    run = subprocess.run(["bash", "-c", f"'{PROGRAM}' info >&-"], env=sluice.env, cwd=sluice.cwd, capture_output=True, timeout=20)
    assert run.returncode == 1 and b"cannot write to standard output" in run.stderr
    run = subprocess.run(["bash", "-c", f"'{PROGRAM}' info <&-"], env=sluice.env, cwd=sluice.cwd, capture_output=True, timeout=20)
    assert run.returncode == 0
    full = subprocess.run(["bash", "-c", f"'{PROGRAM}' info >/dev/full"], env=sluice.env, cwd=sluice.cwd, capture_output=True, timeout=20)
    assert full.returncode == 1 and b"No space left" in full.stderr


def test_hostile_words_are_harmless(sluice):
    run = sluice("get", "\x1b[31mruns\u202e", code=2)
    assert b"\x1b" not in run.stderr and "\u202e" not in run.notes


def test_committed_pages_are_the_tables(sluice):
    run = subprocess.run([str(ROOT / "tools" / "generate.sh"), PROGRAM, "--check"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def complete(words):
    script = (f"PATH={PROGRAM.rsplit('/', 1)[0]}:$PATH; source {ROOT}/completions/sluice.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); "
              "_sluice; printf '%s\\n' \"${COMPREPLY[@]}\"")
    run = subprocess.run(["bash", "-c", script, "-", *words], capture_output=True, text=True, timeout=20)
    return run.stdout.split()


def test_bash_completes():
    assert complete(["sluice", "doc"]) == ["doctor"]
    assert complete(["sluice", "get", "x", "--fil"]) == ["--filter"]
    assert complete(["sluice", "-o", "nd"]) == ["ndjson"]
    assert complete(["sluice", "config", "val"]) == ["validate"]


def test_describe(sluice):
    text = sluice("describe", "checks", "curl").text
    assert text.startswith("connection  sluice\nname        curl\n")
    row, = sluice.json("describe", "sluice:checks/curl")
    assert row["name"] == "curl" and list(row)[-1] == "ref"
    assert "no row of checks" in sluice("describe", "checks", "nosuch", code=1).notes
    assert "did you mean checks?" in sluice("describe", "chekcs", "x", code=2).notes
    assert "RESOURCE" in sluice("describe", "noref", code=2).notes


def test_init_writes_what_it_finds_once(sluice):
    path = sluice("init", "scratch").text.strip()
    assert path.endswith("/sluice/workspaces/scratch.yaml") and path.startswith(str(sluice.cwd.parent / "home"))
    sluice("config", "validate", path)
    assert sluice.json("info")[0]["workspace"] == "scratch"  # the only one there is
    assert "exists already" in sluice("init", "scratch", code=1).notes
    assert "no name" in sluice("init", "../x", code=2).notes
    sluice("init", "second")
    run = sluice("get", "jobs", code=2)
    assert "scratch" in run.notes and "second" in run.notes
    assert sluice("--complete", "workspace").text.split() == ["scratch", "second"]
    sluice("doctor")  # needs none


def test_audit_of_nothing(sluice):
    (sluice.cwd / "sluice.yaml").write_text("environment: test\n")
    assert sluice("-w", ".", "audit", "verify").text.startswith("whole: 0 records")
    assert sluice("-w", ".", "audit", "list", "-o", "json").text == "[]\n"
    assert sluice("-w", ".", "audit", "export").text == ""
    assert "verify" in sluice("-w", ".", "audit", "verfy", code=2).notes


def test_live_completion(sluice):
    assert "executions" in sluice("--complete", "resource").text.split()
    assert "curl" in sluice("--complete", "id", "checks").text.split()
    assert sluice("--complete", "nonsense").text == ""
