"""`sluice gate`: rows, exit codes, whose version it is."""
import json


def rows(run):
    return {r["gate"]: r for r in json.loads(run.stdout)}


def test_a_worse_version_fails(demo):
    got = rows(demo("gate", "cancer/5", "-o", "json", code=4))
    assert {g: r["state"] for g, r in got.items() if g in ("metrics.val_auc >= 0.98", "no-worse")} == {
        "metrics.val_auc >= 0.98": "pass", "no-worse": "fail"}
    worse = got["no-worse"]
    assert float(worse["value"]) < float(worse["threshold"].removeprefix(">= "))
    assert worse["why"].startswith("metrics.val_auc is 0.98") and ", not >= 0.99" in worse["why"]
    assert "logged by ana" in worse["evidence"] and "logged by omar" in worse["evidence"]
    assert list(got["no-worse"]) == ["connection", "gate", "state", "value", "threshold", "evidence", "why", "ref"]


def test_it_is_judged_against_the_alias_that_is_named(demo):
    assert rows(demo("gate", "cancer/5", "--to", "fallback", "-o", "json", code=None))["no-worse"]["state"] == "pass"
    got = rows(demo("gate", "cancer/5", "--to", "nobody", "-o", "json", code=None))
    assert got["no-worse"]["why"].startswith("there is no champion yet")


def test_ways_to_name_it(demo):
    one = demo("gate", "cancer/5", "-o", "json", code=4).stdout
    assert demo("gate", "-c", "registry", "cancer/5", "-o", "json", code=4).stdout == one
    assert demo("gate", "registry:versions/cancer%2F5", "-o", "json", code=4).stdout == one
    assert demo("get", "gates", "cancer/5", "-o", "json").stdout == one
    ref = rows(demo("gate", "cancer/5", "-o", "json", code=4))["no-worse"]["ref"]
    assert json.loads(demo("describe", ref, "-o", "json").stdout)[0]["state"] == "fail"


def test_what_cannot_be_judged(demo):
    run = demo("gate", "wine/1", code=2)
    assert 'models: {wine: {gates: ["metrics.auc >= 0.9"]}}' in run.stderr and "sluice.yaml" in run.stderr
    assert "there is no version 99 of cancer" in demo("gate", "cancer/99", code=1).stderr
    assert "cancer is no version" in demo("gate", "cancer", code=2).stderr
    assert "no connection nix" in demo("gate", "-c", "nix", "cancer/5", code=2).stderr
