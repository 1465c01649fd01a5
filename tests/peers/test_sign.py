"""OpenSSH's own programs beside src/judge: what we sign, `ssh-keygen -Y verify` takes; what it signs, we take; nothing else passes."""
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from lib_mlflow import KEEP
from sluice_pytest import peer

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("SLUICE", str(ROOT / "build" / "sluice")))
TOOL = os.environ.get("SIGN_TOOL", str(PROGRAM.resolve().parent / "tests" / "peers" / "sign_tool"))
NS = "sluice-approval"
KINDS = {"ed25519": [], "ecdsa-256": ["-b", "256"], "ecdsa-384": ["-b", "384"], "ecdsa-521": ["-b", "521"], "rsa-2048": ["-b", "2048"],
         "rsa-3072": ["-b", "3072"]}
MESSAGE = b'{"a":1}\nwith a second line \xc3\xa9\n'

pytestmark = pytest.mark.peer("openssh")


def run(*args, stdin=b"", env=None, code=0):
    done = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, env={**os.environ, **(env or {})}, timeout=60)
    if code is not None:
        assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module", autouse=True)
def openssh():
    assert shutil.which("ssh-keygen"), "ssh-keygen is missing: apt-get install openssh-client"
    peer("openssh", run("ssh", "-V").stderr.decode().split(",")[0], "real")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name, args in KINDS.items():
        run("ssh-keygen", "-q", "-t", name.split("-")[0], *args, "-N", "", "-C", name, "-f", folder / name)
    return folder


@pytest.fixture(scope="module")
def agent(keys, tmp_path_factory):
    """A real agent that holds all of them."""
    path = tmp_path_factory.mktemp("agent") / "s"
    with subprocess.Popen([*KEEP, "ssh-agent", "-D", "-a", str(path)], stdin=subprocess.PIPE, start_new_session=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(1500):
                if path.exists():
                    break
                threading.Event().wait(0.02)
            env = {"SSH_AUTH_SOCK": str(path)}
            for name in KINDS:
                run("ssh-add", "-q", keys / name, env=env)
            yield env
        finally:
            os.killpg(process.pid, 15)


def fingerprint(pub):
    return run("ssh-keygen", "-lf", pub).stdout.decode().split()[1]


def keygen_verifies(tmp_path, pub, signature, message):
    (tmp_path / "allowed").write_text(f'lead namespaces="{NS}" {pub.read_text()}')
    (tmp_path / "sig").write_bytes(signature)
    return run("ssh-keygen", "-Y", "verify", "-f", tmp_path / "allowed", "-I", "lead", "-n", NS, "-s", tmp_path / "sig", stdin=message,
               code=None)


@pytest.mark.parametrize("kind", KINDS)
def test_ours_verify_with_ssh_keygen(tmp_path, keys, kind):
    ours = run(TOOL, "sign", keys / kind, stdin=MESSAGE).stdout
    assert keygen_verifies(tmp_path, keys / f"{kind}.pub", ours, MESSAGE).returncode == 0
    assert keygen_verifies(tmp_path, keys / f"{kind}.pub", ours, MESSAGE + b"x").returncode != 0
    other = "rsa-2048" if kind != "rsa-2048" else "ed25519"
    assert keygen_verifies(tmp_path, keys / f"{other}.pub", ours, MESSAGE).returncode != 0


@pytest.mark.parametrize("kind", KINDS)
def test_ours_by_the_agent_verify_with_ssh_keygen(tmp_path, keys, agent, kind):
    ours = run(TOOL, "agent-sign", keys / f"{kind}.pub", stdin=MESSAGE, env=agent).stdout
    assert keygen_verifies(tmp_path, keys / f"{kind}.pub", ours, MESSAGE).returncode == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digest", ["sha512", "sha256"])
def test_theirs_verify_with_us(tmp_path, keys, kind, digest):
    theirs = run("ssh-keygen", "-Y", "sign", "-O", f"hashalg={digest}", "-n", NS, "-f", keys / kind, stdin=MESSAGE).stdout
    (tmp_path / "sig").write_bytes(theirs)
    assert run(TOOL, "verify", tmp_path / "sig", stdin=MESSAGE).stdout.decode().strip() == fingerprint(keys / f"{kind}.pub")
    refused = run(TOOL, "verify", tmp_path / "sig", stdin=MESSAGE[:-1], code=1)
    assert refused.stderr == b"EDENIED: the signature does not fit what was signed\n"


def test_the_same_bytes(keys):
    """Ed25519 and RSA sign the same message alike: then the whole armoured text is ssh-keygen's, byte by byte."""
    for kind in ("ed25519", "rsa-3072"):
        theirs = run("ssh-keygen", "-Y", "sign", "-n", NS, "-f", keys / kind, stdin=MESSAGE).stdout
        assert run(TOOL, "sign", keys / kind, stdin=MESSAGE).stdout == theirs


def test_another_namespace_says_nothing(tmp_path, keys):
    theirs = run("ssh-keygen", "-Y", "sign", "-n", "file", "-f", keys / "ed25519", stdin=MESSAGE).stdout
    (tmp_path / "sig").write_bytes(theirs)
    refused = run(TOOL, "verify", tmp_path / "sig", stdin=MESSAGE, code=1)
    assert refused.stderr == b"EDENIED: a signature that was made for another purpose than sluice-approval\n"


def test_the_agents_keys(keys, agent):
    listed = run(TOOL, "agent-list", env=agent).stdout.decode().split()
    assert listed == [fingerprint(keys / f"{k}.pub") for k in KINDS]


def test_an_agent_without_the_key_refuses(keys, agent, tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other")
    refused = run(TOOL, "agent-sign", tmp_path / "other.pub", stdin=MESSAGE, env=agent, code=1)
    assert refused.stderr == b"EDENIED: the SSH agent refused to sign; see ssh-add -l\n"


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
@pytest.mark.parametrize("kind", ["ecdsa-256", "ecdsa-521", "rsa-2048"])
def test_keys_in_older_forms(tmp_path, keys, form, kind):
    shutil.copy(keys / kind, tmp_path / "k")
    run("ssh-keygen", "-q", "-p", "-m", form, "-N", "", "-f", tmp_path / "k")
    assert b"OPENSSH" not in (tmp_path / "k").read_bytes()
    public = run(TOOL, "public", tmp_path / "k").stdout.decode().split()
    assert public == (keys / f"{kind}.pub").read_text().split()[:2]
    ours = run(TOOL, "sign", tmp_path / "k", stdin=MESSAGE).stdout
    assert keygen_verifies(tmp_path, keys / f"{kind}.pub", ours, MESSAGE).returncode == 0


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
def test_an_encrypted_key_is_the_agents_business(tmp_path, form):
    path = tmp_path / "k"
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", form, "-N", "secret words", "-f", path)
    refused = run(TOOL, "public", path, code=1)
    assert refused.stderr.decode() == f"EAUTH: {path} is encrypted; add it to the agent: ssh-add {path}\n"


def test_a_key_that_others_may_read_is_refused(tmp_path, keys):
    shutil.copy(keys / "ed25519", tmp_path / "k")
    (tmp_path / "k").chmod(0o644)
    assert run(TOOL, "public", tmp_path / "k", code=1).stderr.startswith(b"EDENIED: ")


def workspace(tmp_path, pub):
    (tmp_path / "w.yaml").write_text(f'people:\n  lead: {{keys: ["{pub.read_text().strip()}"]}}\n')
    return tmp_path / "w.yaml"


@pytest.mark.parametrize("kind", ["ed25519", "rsa-2048", "ecdsa-384"])
def test_a_statement_by_hand(tmp_path, keys, kind):
    """Take the tag apart, verify with ssh-keygen alone."""
    tag = run(TOOL, "statement", keys / kind).stdout
    signature = json.loads(tag)["signature"].encode()
    statement = tag[len(b'{"statement":'):tag.index(b',"signature":')]
    assert json.dumps(json.loads(statement), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == statement
    assert keygen_verifies(tmp_path, keys / f"{kind}.pub", signature, statement).returncode == 0
    verdict = run(TOOL, "judge", workspace(tmp_path, keys / f"{kind}.pub"), stdin=tag).stdout.decode()
    assert verdict == f"0 signed by lead ({fingerprint(keys / f'{kind}.pub')})\n"


def test_the_lines_of_the_documentation(tmp_path, keys):
    text = (ROOT / "docs" / "internals" / "approvals.md").read_text()
    lines = text.split("```sh\n")[1].split("```")[0]
    tag = run(TOOL, "statement", keys / "ed25519").stdout
    shutil.copy(keys / "ed25519.pub", tmp_path / "lead.pub")
    (tmp_path / "tag.json").write_bytes(tag)
    said = subprocess.run(["sh", "-e"], input=lines, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith('Good "sluice-approval" signature for lead with ED25519 key SHA256:')
    (tmp_path / "tag.json").write_bytes(tag.replace(b'"champion"', b'"something"'))
    said = subprocess.run(["sh", "-e"], input=lines, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert said.returncode != 0 and "Good" not in said.stdout


def test_a_statement_that_ssh_keygen_signed(tmp_path, keys):
    tag = run(TOOL, "statement", keys / "ed25519").stdout
    statement = tag[len(b'{"statement":'):tag.index(b',"signature":')].replace(b'"approved"', b'"rejected"')
    theirs = run("ssh-keygen", "-Y", "sign", "-n", NS, "-f", keys / "ed25519", stdin=statement).stdout.decode()
    made = b'{"statement":' + statement + b',"signature":' + json.dumps(theirs).encode() + b"}"
    assert run(TOOL, "judge", workspace(tmp_path, keys / "ed25519.pub"), stdin=made).stdout.startswith(b"0 signed by lead")
    old = b'{"statement":' + statement + tag[tag.index(b',"signature":'):]
    verdict = run(TOOL, "judge", workspace(tmp_path, keys / "ed25519.pub"), stdin=old).stdout
    assert verdict == b"3 the signature does not fit what was signed\n"


# ---- what answers at SSH_AUTH_SOCK need not be an agent ----

def hostile(tmp_path, answer):
    """Serves one connection: reads the question, sends answer (bytes), closes unless it is None (then it says nothing)."""
    path = tmp_path / "sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)
    done = threading.Event()

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            if answer is None:
                done.wait(30)
            else:
                try:
                    connection.sendall(answer)
                except OSError:
                    pass
        server.close()
    threading.Thread(target=serve, daemon=True).start()
    return {"SSH_AUTH_SOCK": str(path)}, done


def frame(body):
    return struct.pack(">I", len(body)) + body


@pytest.mark.parametrize("answer, says", [
    (b"", "the SSH agent hung up; see ssh-add -l"),
    (b"\0\0\0", "the SSH agent hung up; see ssh-add -l"),
    (b"\xff\xff\xff\xff" + b"x" * 100, "what answers at SSH_AUTH_SOCK is no SSH agent"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers at SSH_AUTH_SOCK is no SSH agent"),
    (b"\0\0\0\0", "what answers at SSH_AUTH_SOCK is no SSH agent"),
    (frame(b"\x05"), "the SSH agent does not say which keys it has; see ssh-add -l"),
    (frame(b"\x0c"), "the SSH agent does not say which keys it has; see ssh-add -l"),
    (frame(b"\x0c\xff\xff\xff\xff"), "the SSH agent does not say which keys it has; see ssh-add -l"),
    (frame(b"\x0c\0\0\0\x02\0\0\0\1x\0\0\0\0"), "the SSH agent's list of keys is cut; see ssh-add -l"),
])
def test_a_hostile_agent(tmp_path, answer, says):
    env, _ = hostile(tmp_path, answer)
    assert run(TOOL, "agent-list", env=env, code=1).stderr.decode() == f"EPROTO: {says}\n"


def test_an_agent_that_says_nothing(tmp_path):
    env, done = hostile(tmp_path, None)
    try:
        refused = run(TOOL, "agent-list", env=env, code=1).stderr.decode()
        assert refused == "ETIMEOUT: the SSH agent did not answer in time; see ssh-add -l\n"
    finally:
        done.set()


def test_an_agent_that_signs_something_else(tmp_path, keys):
    env, _ = hostile(tmp_path, frame(b"\x0e" + frame(frame(b"ssh-ed25519") + frame(b"\1" * 64))))
    refused = run(TOOL, "agent-sign", keys / "ed25519.pub", stdin=MESSAGE, env=env, code=1)
    assert refused.stderr.decode() == "EDENIED: the SSH agent's signature: the signature does not fit what was signed\n"


def test_no_agent(tmp_path):
    assert run(TOOL, "agent-list", env={"SSH_AUTH_SOCK": ""}, code=1).stderr.startswith(b"ENOENT: no SSH agent (SSH_AUTH_SOCK is not set)")
    gone = run(TOOL, "agent-list", env={"SSH_AUTH_SOCK": str(tmp_path / "none")}, code=1).stderr.decode()
    assert gone.startswith(f"ENOENT: no SSH agent at {tmp_path}/none; start one: ")
