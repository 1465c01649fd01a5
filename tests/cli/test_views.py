"""Saved views: saved by a command, opened by name, changed by options, deleted; names that are none."""
import json


def rows(out):
    return json.loads(out.stdout)


def test_saved_view_is_the_command(demo):
    words = ("--filter", "metrics.val_auc > 0.99 and not name ~ 'seed'", "--sort", "-metrics.val_auc", "--columns", "name,metrics.val_auc")
    saved = rows(demo("get", "runs", "cancer", *words, "--save-view", "best", "-o", "json"))
    assert len(saved) > 3
    assert rows(demo("get", "runs", "--view", "best", "-o", "json")) == saved
    again = rows(demo("get", "runs", "--view", "best", "--sort", "name", "--limit", "2", "-o", "json"))
    assert [r["name"] for r in again] == sorted(r["name"] for r in saved)[:2]
    assert demo("view", "list").stdout.startswith("best: sluice get runs cancer --filter '")
    assert demo("--complete", "view", "runs").stdout == "best\n" and demo("--complete", "view", "models").stdout == ""
    demo("view", "delete", "runs", "best")
    assert "no saved view best" in demo("get", "runs", "--view", "best", code=1).stderr
    assert demo("view", "list").stdout == ""


def test_what_cannot_be_saved(demo):
    assert "letters, digits" in demo("get", "runs", "--save-view", "../../x", code=2).stderr
    demo("get", "runs", "--filter", "name = ", "--save-view", "x", code=2)
    demo("view", "delete", "runs", code=2)
    assert demo("view", "list").stdout == ""
