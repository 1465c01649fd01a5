"""Decisions are told to a webhook that behaves as Slack documents, well and badly: the decision stands whatever it does, and its address,
which is a secret, is nowhere."""
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest
from conftest import PROGRAM

SECRET = "/services/T00CANARY/B00CANARY/cAnArYcAnArYcAnArY"
OK = (200, {"Content-Type": "text/html"}, b"ok")


class Hook:
    """Answers (status, headers, body) one after the other, the last for ever; a number: so many seconds of silence."""

    def __init__(self):
        self.answers, self.seen = [OK], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, self.headers["Content-Type"], json.loads(body)))
                said = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if isinstance(said, (int, float)):
                    outer.stop.wait(said)
                    self.close_connection = True
                    return
                status, headers, text = said
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v.replace("{host}", self.headers["Host"]))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.stop = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{SECRET}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def text(self):
        path, kind, body = self.seen[-1]
        assert path == SECRET and kind == "application/json" and list(body) == ["text"]
        return body["text"]


SAID = {"request": "cancer/6 .*", "reject": "cancer/5 is rejected by lead$", "approve": "cancer/6 is approved by lead.*",
        "rollback": "champion of cancer is 3 now, it was 6$"}


class Demo:
    def __init__(self, top):
        self.top, self.folder = top, top / "demo"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE", "SSH_", "XDG_")) or k == "SLUICE_LIB"}
        self.env |= {"HOME": str(top), "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": str(top / "run")}
        (top / "run").mkdir(mode=0o700)
        subprocess.run([PROGRAM, "demo", "--dir", str(self.folder)], env=self.env, check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)
        self.plain = (self.folder / "sluice.yaml").read_text()
        self.notify("{env: HOOK}")

    def notify(self, source):
        (self.folder / "sluice.yaml").write_text(self.plain.replace("    promote: {alias: champion}\n  digits:",
                                                                   f"    notify: {source}\n    promote: {{alias: champion}}\n  digits:"))

    def __call__(self, *args, hook=None, code=0, as_="lead"):
        env = self.env | ({"HOOK": hook} if hook is not None else {})
        env |= {"SLUICE_TRACE": "loop:9,http:9,model:9,job:9", "SLUICE_TRACE_FILE": str(self.top / "trace")}
        run = subprocess.run([PROGRAM, "-w", str(self.folder), "--as", as_, *args], env=env, capture_output=True, text=True, timeout=60,
                             stdin=subprocess.DEVNULL)
        assert run.returncode == code, (args, run.returncode, run.stderr)
        if args[0] in SAID and not code and "--dry-run" not in args:  # what now is so, beside what there is to say of the webhook
            run.stderr, n = re.subn("(?m)^sluice: " + SAID[args[0]] + "\n", "", run.stderr)
            assert n == 1, run.stderr
        return run

    def told(self):
        """The latest record about a message, and how the decision before it ended."""
        rows = json.loads(self("audit", "list", "-o", "json").stdout)
        assert rows[0]["action"] == "notify" and rows[0]["target"].startswith("registry:versions/cancer"), rows[:2]
        return rows[0]["outcome"], rows[0]["detail"], rows[1]["outcome"]

    def nowhere(self, *texts):
        files = [f for f in self.top.rglob("*") if f.is_file() and f.suffix != ".db" and self.top / "demo" / "lake" not in f.parents]
        assert any(f.name == "audit" for f in files) and any(f.name == "trace" for f in files)
        for text in [*texts, *(f.read_bytes().decode("latin-1") for f in files)]:
            assert "CANARY" not in text and "cAnArY" not in text


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return Demo(tmp_path_factory.mktemp("notify"))


@pytest.fixture
def hook():
    h = Hook()
    yield h
    h.stop.set()
    h.server.shutdown()
    h.server.server_close()


def test_each_decision_is_told(demo, hook):
    demo("request", "cancer/6", "--comment", "small & quick, <b>new</b>", hook=hook.url, as_="ana")
    assert hook.text() == "`ana` asks for `cancer/6` to become `champion`. `small &amp; quick, &lt;b&gt;new&lt;/b&gt;`"
    assert demo.told() == ("ok", "the webhook was told; 1 attempt", "ok")
    demo("reject", "cancer/5", "--comment", "a\nb `c` <!channel> <https://evil.example|here> \u202eover", hook=hook.url)
    assert hook.text() == ("`lead` rejected `cancer/5` for `champion`. `a^Jb 'c' &lt;!channel&gt; &lt;https://evil.example|here&gt; "
                           "&lt;U+202E&gt;over`")
    demo("approve", "cancer/6", "--break-glass", "--comment", "the ward is waiting", hook=hook.url)
    assert hook.text() == ("*BREAK-GLASS, over the gates:* `lead` approved `cancer/6`: `champion` names 6 now, was `3`. "
                           "`the ward is waiting`")
    out = demo("rollback", "cancer", "--alias", "champion", hook=hook.url)
    assert hook.text() == "`lead` rolled back to `cancer/3`: `champion` names 3 now, was `6`" and not out.stderr
    n = len(hook.seen)
    demo("approve", "cancer/4", "--dry-run", hook=hook.url, code=4)
    demo("approve", "cancer/5", "--comment", "no", hook=hook.url, code=4)  # what was refused is nobody's news
    demo("approve", "cancer/4", "--expect", "champion=2", hook=hook.url, code=1)
    assert len(hook.seen) == n
    demo.nowhere(out.stdout, out.stderr, demo("config", "show", hook=hook.url).stdout, demo("audit", "export", hook=hook.url).stdout)
    assert "whole" in demo("audit", "verify").stdout


BAD = {
    "invalid_payload": ((400, {"Content-Type": "text/html"}, b"invalid_payload"), "invalid_payload"),
    "no_service": ((404, {}, b"no_service"), "no_service"),
    "later": ((429, {"Retry-After": "30"}, b"rate_limited"), "429"),
    "failing": ((500, {}, b"rollup_error"), "rollup_error"),
    "a page": ((200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Log in</title>"), "an HTML page"),
    "moved": ((302, {"Location": "https://{host}" + SECRET}, b""), "answered 302, moved elsewhere"),
    "repeats it": ((403, {}, b"no such hook: https://x" + SECRET.encode()), "no such hook: https://x***"),
}


@pytest.mark.parametrize("kind", BAD)
def test_it_does_not_take_the_message(demo, hook, kind):
    answer, words = BAD[kind]
    hook.answers = [answer]
    run = demo("reject", "cancer/5", "--comment", kind, hook=hook.url)
    assert run.stderr.startswith("sluice: warning: the decision stands, but nobody was told: ") and run.stderr.count("\n") == 1
    assert words in run.stderr, run.stderr
    outcome, detail, before = demo.told()
    assert (outcome, before) == ("failed", "ok") and words in detail
    assert len(hook.seen) == (3 if kind == "failing" else 1)
    demo.nowhere(run.stdout, run.stderr)


def test_it_asks_us_to_wait(demo, hook):
    hook.answers = [(429, {"Retry-After": "1"}, b"rate_limited"), OK]
    began = time.monotonic()
    assert not demo("reject", "cancer/5", "--comment", "again", hook=hook.url).stderr
    assert time.monotonic() - began > 1 and demo.told()[:2] == ("ok", "the webhook was told; 2 attempts")


def test_it_is_slow_and_nothing_waits_for_it_but_the_end(demo, hook):
    """The decision is written down long before the webhook has had its time."""
    hook.answers = [60]
    run = subprocess.Popen([PROGRAM, "-w", str(demo.folder), "--as", "lead", "reject", "cancer/5", "--comment", "slow"],
                           env=demo.env | {"HOOK": hook.url}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 20
    while not hook.seen and time.monotonic() < end:
        time.sleep(0.02)
    began = time.monotonic()
    row = json.loads(demo("audit", "list", "-o", "json").stdout)[0]
    assert (row["action"], row["outcome"]) == ("versions.reject", "ok") and run.poll() is None
    _, words = run.communicate(timeout=30)
    assert run.returncode == 0 and b"nobody was told" in words and time.monotonic() - began < 12
    assert demo.told()[0] == "failed"


def test_nobody_is_there(demo):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    for url, words in ((f"http://127.0.0.1:{port}{SECRET}", "cannot connect"),
                       (f"http://hooks.example.org{SECRET}", "must be an https address"),
                       (f"cAnArY {SECRET}", "no address of a webhook"), (None, "the environment has no HOOK")):
        run = demo("reject", "cancer/5", "--comment", "nobody", hook=url)
        assert words in run.stderr and run.stderr.count("\n") == 1, run.stderr
        assert demo.told()[0] == "failed" and words in demo.told()[1]
        demo.nowhere(run.stdout, run.stderr)


def test_where_the_address_comes_from(demo, hook, tmp_path):
    secret = tmp_path / "hook"
    secret.write_text(hook.url + "\n")
    secret.chmod(0o600)
    demo.notify(f"{{file: {secret}}}")
    assert not demo("reject", "cancer/5", "--comment", "by file").stderr
    demo.notify(f"{{command: [cat, {secret}]}}")
    assert "is not trusted" in demo("reject", "cancer/5", "--comment", "by command").stderr
    demo("trust", str(demo.folder / "sluice.yaml"))
    assert not demo("reject", "cancer/5", "--comment", "by command").stderr
    demo.notify("ask")
    assert "cannot be asked for" in demo("reject", "cancer/5", "--comment", "nobody is asked").stderr
    assert len(hook.seen) == 2
    demo.notify("{env: HOOK}")
