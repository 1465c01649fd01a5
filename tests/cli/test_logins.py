"""Who we are to a registry: each place where a secret may stand, with the right one and with a wrong one. A wrong one costs exit code 3
and one line that says where to go; the secret itself is never said."""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
from conftest import PROGRAM
from misuse import one_line
from servers import Server

RIGHT, PASSWORD = "right-token-123", "right pass-word"


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o700)


def place(here, kind, secret):
    """Settings of the connection, and the environment."""
    home = here.cwd.parent / "home"
    basic = PASSWORD if secret == RIGHT else secret
    if kind == "literal":
        return f", token: '{secret}'", {}
    if kind == "password":
        return f", username: ana, password: '{basic}'", {}
    if kind == "env":
        return ", token: {env: MY_TOKEN}", {"MY_TOKEN": secret}
    if kind == "file":
        (here.cwd / "tok").write_text(secret + "\n")
        (here.cwd / "tok").chmod(0o600)
        return ", token: {file: tok}", {}
    if kind == "command":
        script(here.cwd / "tok.sh", f"echo '{secret}'\n")
        return f", token: {{command: ['{here.cwd}/tok.sh']}}", {}
    if kind == "mlflow token":
        return "", {"MLFLOW_TRACKING_TOKEN": secret}
    if kind == "mlflow password":
        return "", {"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_PASSWORD": basic}
    name, text = {"credentials": (".mlflow/credentials", f"[mlflow]\nmlflow_tracking_username = ana\nmlflow_tracking_password = {basic}\n"),
                  "netrc": (".netrc", f"machine 127.0.0.1 login ana password \"{basic}\"\n")}[kind]
    (home / name).parent.mkdir(exist_ok=True)
    (home / name).write_text(text)
    (home / name).chmod(0o600)
    return "", {}


def ask(here, server, settings, env, code, *args):
    (here.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}', timeout: 5s{settings}}}}}\n")
    here("trust", "sluice.yaml")
    return here("-w", ".", *(args or ("get", "experiments")), "--no-input", env=env, code=code, timeout=30)


WHERE = {"literal": "the workspace file", "password": "the workspace file", "env": "the variable MY_TOKEN", "file": "/tok: mend",
         "command": "tok.sh", "mlflow token": "MLFLOW_TRACKING_TOKEN", "mlflow password": "MLFLOW_TRACKING_PASSWORD",
         "credentials": "~/.mlflow/credentials", "netrc": "~/.netrc"}

@pytest.mark.parametrize("kind", WHERE)
def test_right_and_wrong(sluice, kind):
    with Server("secure") as server:
        settings, env = place(sluice, kind, "wrong-one-456")
        run = ask(sluice, server, settings, env, 3)
        said = [line for line in run.notes.splitlines() if "stands here in plain text" not in line]
        assert len(said) == 1 and said[0].startswith("sluice: ") and WHERE[kind] in said[0] and "mend it there" in said[0], run.notes
        assert "refused the " + ("token" if "Bearer" in str(server.seen) else "password of ana") in said[0]
        assert "wrong-one" not in run.notes and "wrong-one" not in run.text
        settings, env = place(sluice, kind, RIGHT)
        assert "one" in ask(sluice, server, settings, env, 0).text


MISSING = {
    "nothing": ("", {}, "wants a login; run: sluice login reg, or set token, or username and password"),
    "no env": (", token: {env: NO_SUCH}", {}, "the environment has no NO_SUCH (jobs get none of yours); set it, or run: sluice login reg"),
    "no file": (", token: {file: nosuch}", {}, "nosuch"),
    "open file": (", token: {file: open}", {}, "chmod 600"),
    "empty file": (", token: {file: empty}", {}, "is empty"),
    "command fails": (", token: {command: ['/bin/false']}", {}, "its command ended with code 1"),
    "command says nothing": (", token: {command: ['/bin/true']}", {}, "its command's output is empty"),
    "no command": (", token: {command: ['/no/such/program']}", {}, "/no/such/program"),
    "ask": (", token: ask", {}, "sluice login reg"),
    "user alone": (", username: ana", {}, "sluice login reg"),
    "half of it": ("", {"MLFLOW_TRACKING_USERNAME": "ana"}, "wants a login"),
}


@pytest.mark.parametrize("what", MISSING)
def test_none_to_be_had(sluice, what):
    settings, env, words = MISSING[what]
    (sluice.cwd / "open").write_text("a-secret-token\n")
    (sluice.cwd / "open").chmod(0o644)
    (sluice.cwd / "empty").write_text("\n")
    (sluice.cwd / "empty").chmod(0o600)
    with Server("secure") as server:
        assert words in one_line(ask(sluice, server, settings, env, 3))


@pytest.mark.parametrize("name", [".netrc", ".mlflow/credentials"])
def test_what_others_may_read_is_not_used(sluice, name):
    with Server("secure") as server:
        place(sluice, "netrc" if "netrc" in name else "credentials", RIGHT)
        (sluice.cwd.parent / "home" / name).chmod(0o644)
        said = one_line(ask(sluice, server, "", {}, 3))
        assert "wants a login" in said and name in said and "chmod 600" in said


def test_a_command_that_nobody_trusts(sluice):
    with Server("secure") as server:
        settings, env = place(sluice, "command", RIGHT)
        (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}'{settings}}}}}\n")
        assert "sluice trust" in one_line(sluice("-w", ".", "get", "experiments", code=3))
        assert not server.seen


def typed(here, answer, *args):
    """On a terminal, with an answer to whatever is asked: what was said, and the exit code."""
    pid, fd = pty.fork()
    if not pid:
        os.chdir(here.cwd)
        os.execve(PROGRAM, [PROGRAM, *args], here.env)
    said, sent, until = b"", False, time.monotonic() + 20
    while time.monotonic() < until:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                said += os.read(fd, 4096)
            except OSError:
                break
        if not sent and said.rstrip().endswith(b":"):
            os.write(fd, answer.encode() + b"\n")
            sent = True
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return said.decode().replace("\r", ""), os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("settings, right, what", [("", RIGHT, "token"), (", username: ana", PASSWORD, "password")])
def test_login_tries_what_was_typed(sluice, settings, right, what):
    with Server("secure") as server:
        (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}', timeout: 5s{settings}}}}}\n")
        said, code = typed(sluice, "wrong-one-456", "-w", ".", "login", "reg")
        assert code == 3 and what in said and "the server refused the " + what in said and "wrong-one" not in said, said
        assert "login reg" in one_line(sluice("-w", ".", "get", "experiments", code=3))  # and was not kept
        said, code = typed(sluice, right, "-w", ".", "login", "reg")
        assert code == 0 and "reg: it answers; kept for this login session" in said and right not in said, said
        assert "one" in sluice("-w", ".", "get", "experiments").text
        sluice("-w", ".", "login", "reg", "--forget")
        assert "login reg" in one_line(sluice("-w", ".", "get", "experiments", code=3))
    said, code = typed(sluice, right, "-w", ".", "login", "reg")
    assert code == 0 and "kept, but nobody could say whether it is right" in said, said


def test_what_login_kept_serves_where_the_variable_is_missing(sluice):
    """As in a job, which gets none of the person's variables."""
    with Server("secure") as server:
        (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}', token: {{env: T}}}}}}\n"
                                                "jobs: {look: {steps: {s: {run: [sluice, -w, ., get, experiments]}}}}\n")
        sluice("trust", "sluice.yaml")
        sluice.env["T"] = RIGHT
        run = sluice("-w", ".", "run", "look", code=1)
        assert "the environment has no T (jobs get none of yours)" in run.text + run.notes
        said, code = typed(sluice, RIGHT, "-w", ".", "login", "reg")
        assert code == 0, said
        sluice("-w", ".", "run", "look")


def test_connect_to_a_server_with_logins(sluice):
    with Server("secure") as server:
        (sluice.cwd / "sluice.yaml").write_text("environment: test\n")
        said = sluice("-w", ".", "connect", server.uri, "--name", "reg", code=3).notes
        line = f'reg: {{type: mlflow, uri: "{server.uri}", username: NAME, password: ask}}'
        assert "wants a login" in said and line in said.replace("'", '"'), said
        assert (sluice.cwd / "sluice.yaml").read_text() == "environment: test\n"
        run = sluice("-w", ".", "connect", server.uri, "--name", "reg", env={"MLFLOW_TRACKING_TOKEN": RIGHT})
        assert "it answers, and serves:" in run.text


def test_login_where_nothing_is_to_be_asked(sluice):
    with Server("secure") as server:
        assert "has no secret to ask for" in one_line(ask(sluice, server, ", token: {file: tok}", {}, 2, "login", "reg"))
        assert "--no-input forbids" in one_line(ask(sluice, server, "", {}, 3, "login", "reg"))


def test_a_token_that_expires_while_it_lists(sluice):
    """Each page wants the next token: every row comes, the command is asked anew, and nobody is."""
    with Server("expiring") as server:
        server.where = sluice.cwd / "now"
        server.where.write_text(server.token + "\n")
        settings = f", token: {{command: [cat, '{server.where}']}}"
        ask(sluice, server, settings, {}, 0)
        assert server.served == 4
        server.served, server.token = 0, "token-number-1"
        server.where.write_text("token-number-1\n")
        rows = json.loads(ask(sluice, server, settings, {}, 0, "get", "experiments", "-o", "json").text)
        assert sorted(r["id"] for r in rows) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("how", ["slow", "page_then_silence", "new_tokens"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_nobody_waits_for_it(sluice, how, signum):
    """Interrupted while the server says nothing, or never comes to an end."""
    with Server(how) as server:
        (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}', timeout: 60s}}}}\n")
        run = subprocess.Popen([PROGRAM, "-w", ".", "get", "experiments"], env=sluice.env, cwd=sluice.cwd, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.monotonic() + 10
        while len(server.seen) < (1 if how == "slow" else 4) and time.monotonic() < until:
            time.sleep(0.02)
        assert run.poll() is None
        time.sleep(0.2)
        began = time.monotonic()
        run.send_signal(signum)
        said = run.communicate(timeout=10)[1]
        took = time.monotonic() - began
        print(f"{how}: {took * 1000:.0f} ms")
        assert run.returncode in (130, -signum, 128 + signum) and took < (5 if os.environ.get("SLUICE_SLOW") else 0.5), said


# What runs a program from a small process: a child's highest RSS counts what its parent had when it was made.
SMALL = """import os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(pid, 0)
open(sys.argv[1], "w").write(str(used.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))"""


def test_values_of_ten_megabytes(sluice):
    """300 MB of one page: shown cut, told, and never in memory all at once."""
    with Server("huge") as server:
        (sluice.cwd / "sluice.yaml").write_text(f"connections: {{reg: {{type: mlflow, uri: '{server.uri}', timeout: 60s}}}}\n")
        with open(sluice.cwd / "out", "wb") as out, open(sluice.cwd / "err", "wb") as err:
            run = subprocess.run([sys.executable, "-S", "-c", SMALL, "rss", PROGRAM, "-w", ".", "get", "runs", "-o", "json"],
                                 env=sluice.env, cwd=sluice.cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        said = (sluice.cwd / "err").read_text()
        assert run.returncode == 5 and said.count("\n") == 1 and "30 values are too long to be shown whole" in said, said
        rows = json.loads((sluice.cwd / "out").read_text())
        assert len(rows) == 30 and all(r["tags.big"].endswith("ä... (cut: 10485760 bytes)") for r in rows)
        used = int((sluice.cwd / "rss").read_text())
        print(f"{used >> 10} MiB at most")
        assert b"__asan_init" in open(PROGRAM, "rb").read() or used < 160 << 10
