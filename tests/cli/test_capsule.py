"""Recordings from anywhere: each that is not as it was written gets one clear line and exit code 1, and nothing of it is run or drawn as
it is. What stands in one is read here by a reader that shares no code with the program."""
import hashlib
import os
import pty
import random
import struct

import pytest

from conftest import PROGRAM
from misuse import harmless, one_line

MAGIC = b"SLCAP\0\0\2"


def records(data):
    """[(kind, body)]"""
    assert data[:8] == MAGIC
    at, out = 8, []
    while at < len(data):
        n = struct.unpack_from("<I", data, at)[0]
        inside = data[at + 4:at + 5 + n]
        assert hashlib.sha256(inside).digest()[:8] == data[at + 5 + n:at + 13 + n]
        out.append((inside[:1].decode(), inside[1:]))
        at += 13 + n
    return out


def capsule(recs):
    """The same back, with checksums that fit, and an end that counts what is there."""
    out = MAGIC
    for i, (kind, body) in enumerate(recs):
        if kind == "E" and len(body) == 16:
            body = struct.pack("<Q", i) + body[8:]
        inside = kind.encode() + body
        out += struct.pack("<I", len(body)) + inside + hashlib.sha256(inside).digest()[:8]
    return out


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return struct.pack("<I", len(s)) + s


@pytest.fixture
def tape(here):
    """A recording of two questions, and the questions' answers."""
    here("--record", "a.cap", "get", "partitions", code=0)
    (here.cwd / "w.cap").write_bytes((here.cwd / "a.cap").read_bytes())
    del here.env["SLUICE_WORKSPACE"]
    return here


def refused(sluice, data, words):
    (sluice.cwd / "x.cap").write_bytes(data)
    run = sluice("--replay", "x.cap", "get", "partitions", code=1, timeout=20)
    assert not run.text
    assert words in one_line(run) and "x.cap" in run.notes, run.notes


def test_what_is_in_it(tape):
    recs = records((tape.cwd / "a.cap").read_bytes())
    kinds = "".join(k for k, _ in recs)
    assert kinds[0] == "H" and kinds.endswith("WE") and set(kinds) >= set("HCVQSBXKWE")
    workspace = next(body for kind, body in recs if kind == "W")[4:].decode()
    assert "environment: test" in workspace and "name: landing" in workspace and "fresh_within: 93600000ms" in workspace
    for word in ("registry: {", "127.0.0.1", "echo", "jobs", "sluice.yaml"):  # no setting of a connection, no job, not its own place
        assert word not in workspace


def test_cut_anywhere(tape):
    data = (tape.cwd / "a.cap").read_bytes()
    for n in [0, 1, 7, 8, 9, 12, 13, len(data) // 3, len(data) // 2, len(data) - 30, len(data) - 1]:
        refused(tape, data[:n], "this is no")


def test_any_bit(tape):
    data = bytearray((tape.cwd / "a.cap").read_bytes())
    dice = random.Random(5)
    for _ in range(12):
        at = dice.randrange(8, len(data))
        data[at] ^= 1 << dice.randrange(8)
        refused(tape, bytes(data), "this is no whole capsule")
        data = bytearray((tape.cwd / "a.cap").read_bytes())


def test_other_files(tape):
    refused(tape, b"", "this is no capsule")
    refused(tape, b"environment: prod\n", "this is no capsule")
    refused(tape, b"SLCAP\0\0\1" + b"\0" * 40, "a capsule of version 1; this program reads version 2")
    refused(tape, b"SLCAP\0\0\x7f" + b"\0" * 40, "a capsule of version 127; this program reads version 2")
    refused(tape, MAGIC + b"\xff" * 64, "it stops in the middle of a record")
    os.truncate(tape.cwd / "x.cap", 200 << 20)
    assert "larger than" in one_line(tape("--replay", "x.cap", "get", "partitions", code=1))
    assert "nowhere.cap" in one_line(tape("--replay", "nowhere.cap", "get", "partitions", code=1))
    assert "no regular file" in one_line(tape("--replay", "/dev/zero", "get", "partitions", code=1))
    assert "-w" in one_line(tape("-w", ".", "--replay", "a.cap", "get", "partitions", code=2))


def swapped(recs, kind, make, which=0):
    """With the which-th record of a kind made anew."""
    out, seen = [], 0
    for k, body in recs:
        if k == kind:
            body = make(body) if seen == which else body
            seen += 1
        out.append((k, body))
    assert seen > which
    return capsule(out)


def test_counts_and_records_that_lie(tape):
    recs = records((tape.cwd / "a.cap").read_bytes())
    big = struct.pack("<I", 0xfffffff0)
    refused(tape, swapped(recs, "C", lambda b: big + b[4:]), "a connection that is none")
    refused(tape, swapped(recs, "V", lambda b: b[:-2] + b"\xff\xff"), "this is no whole capsule")
    refused(tape, swapped(recs, "K", lambda b: b[:-2] + b"\xff\xff"), "a state that is none")
    refused(tape, swapped(recs, "K", lambda b: text("nobody") + b[4 + struct.unpack_from("<I", b)[0]:]), "the state of nobody")
    refused(tape, swapped(recs, "Q", lambda b: b[:8] + text("nobody") + text("")), "a question to nobody")
    refused(tape, swapped(recs, "E", lambda b: b + b"\0"), "more or less in it")
    refused(tape, capsule([r for r in recs if r[0] != "E"]), "its end is missing")
    refused(tape, capsule(recs[1:]), "does not begin with its beginning")
    refused(tape, capsule(recs + [recs[-1]]), "something stands behind its end")
    refused(tape, capsule(recs[:1] + recs), "a beginning that is none")
    refused(tape, capsule(recs[:3] + [("?", b"")] + recs[3:]), "a record of an unknown kind")
    refused(tape, capsule(recs[:-1] + [recs[-2], recs[-1]]), "two workspaces")


@pytest.mark.parametrize("yaml, words", [
    ("connections: {x: {type: local}}\n", "a setting that no recording has"),
    ("connections: {local: {token: {command: [touch, pwned]}}}\n", "cannot be read"),
    ("connections: {local: {root: /}}\n", "cannot be read"),
    ("jobs: {a: {connection: local, steps: {s: {run: [touch, pwned]}}}}\n", "a setting that no recording has"),
    ("timezone: ../../../../etc/passwd\n", "cannot be read"),
    ("lake: {zones: [{name: a, uri: \"file:///a\", connection: nobody}]}\n", "cannot be read"),
    ("lake: [\n", "cannot be read"),
    ("[" * 5000, "cannot be read"),
    ("a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
     "cannot be read"),
])
def test_a_workspace_that_brings_more_than_views_need(tape, yaml, words):
    recs = records((tape.cwd / "a.cap").read_bytes())
    refused(tape, swapped(recs, "W", lambda _: text(yaml)), words)
    assert not (tape.cwd / "pwned").exists()


def test_rows_that_are_none_fail_alone(tape):
    recs = records((tape.cwd / "a.cap").read_bytes())
    for make in (lambda b: b[:8] + text(b"\xff" * 200), lambda b: b[:8] + text(b""), lambda b: b[:8] + big_count(b)):
        (tape.cwd / "x.cap").write_bytes(swapped(recs, "B", make))
        run = tape("--replay", "x.cap", "get", "partitions", code=None, timeout=20)
        assert run.returncode == 1, run.notes
        assert run.notes.count("\n") == 1 and not run.text, run.notes


def big_count(body):
    """The batch's own bytes with every 32-bit number below 2000 made huge."""
    inside = bytearray(body[12:])
    for at in range(0, min(len(inside) - 4, 64), 4):
        if struct.unpack_from("<I", inside, at)[0] < 2000:
            struct.pack_into("<I", inside, at, 0x7fffffff)
    return text(bytes(inside))


def test_names_with_escapes_are_drawn_harmlessly(tape):
    recs = records((tape.cwd / "a.cap").read_bytes())
    evil = "care\x1b]0;pwned\x07\x1b[2J\u202e\n"
    (tape.cwd / "x.cap").write_bytes(swapped(recs, "H", lambda b: b[:9] + text(evil)))
    run = tape("--replay", "x.cap", "get", "partitions", code=0)
    harmless(run.stdout)
    harmless(run.stderr)
    out = on_a_terminal(tape, "--replay", "x.cap")
    assert b"\x1b]0;" not in out and b"\x1b[2J\xe2" not in out and b"pwned" in out


def on_a_terminal(sluice, *args):
    """The console in a pty, left with q: all that it wrote."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(sluice.cwd)
        os.execve(PROGRAM, [PROGRAM, *args], sluice.env)
    out = b""
    try:
        while b"overview" not in out:
            out += os.read(fd, 65536)
        os.write(fd, b"q")
        while True:
            out += os.read(fd, 65536)
    except OSError:
        pass
    os.waitpid(pid, 0)
    os.close(fd)
    return out


# ---- writing ----

def test_where_it_cannot_be_written(here):
    assert "no regular file" in one_line(here("--record", ".", "get", "zones", code=2))
    assert "no regular file" in one_line(here("--record", "/dev/null", "get", "zones", code=2))
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")
    assert "cannot write in" in one_line(here("--record", "nowhere/x.cap", "get", "zones", code=1))


def asked(here, answer):
    """`get zones --record` with a person at the terminal, who says `answer`; what stood there, the exit code, whether there is a file."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(here.cwd)
        os.execve(PROGRAM, [PROGRAM, "--record", "p.cap", "get", "zones"], here.env)
    out = b""
    try:
        while b"(y or n)" not in out:
            out += os.read(fd, 65536)
        assert not (here.cwd / "p.cap").exists()  # nothing is written before the person has seen what
        os.write(fd, answer)
        while True:
            out += os.read(fd, 65536)
    except OSError:
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return out.decode(), code, (here.cwd / "p.cap").exists()


def test_the_person_sees_what_goes_in_and_decides(here):
    out, code, there = asked(here, b"n\n")
    assert "recorded: zones: 1 asked, 2 rows" in out and "2 zones with their addresses" in out
    assert "not written" in out and code == 0 and not there
    out, code, there = asked(here, b"what?\nyes\n")
    assert code == 0 and there and oct((here.cwd / "p.cap").stat().st_mode & 0o777) == "0o600"


def test_nobody_is_asked_in_a_script(here):
    run = here("--record", "s.cap", "get", "zones", code=0)
    assert "recorded: zones" in run.notes and (here.cwd / "s.cap").exists()


def test_a_recording_of_a_recording(tape):
    first = tape("--replay", "a.cap", "--record", "b.cap", "get", "partitions", "-o", "json").text
    again = tape("--replay", "b.cap", "get", "partitions", "-o", "json").text
    assert first == again and len(first) > 100


def test_the_audits_file_is_not_in_it(tape):
    for words in (("verify",), ("export",), ("list", "--records")):
        assert "not its file" in one_line(tape("--replay", "a.cap", "audit", *words, code=1))
