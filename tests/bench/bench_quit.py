"""`sluice get objects -o ndjson | head -1` over 300,000 files: ends at once, quietly, with what it costs `find` beside it."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, budget, demo, finish, machine, percentile, settings  # noqa: E402

FILES = 300000


def head(argv, env=None):
    """Seconds, exit codes of both, bytes of standard error and lines that came, of `argv | head -1`."""
    with tempfile.TemporaryFile() as err:
        t0 = time.monotonic()
        with subprocess.Popen(argv, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err) as p:
            with subprocess.Popen(["head", "-n", "1"], stdin=p.stdout, stdout=subprocess.PIPE) as h:
                p.stdout.close()
                out = h.communicate(timeout=60)[0]
                code = p.wait(timeout=60)
                took = time.monotonic() - t0
        return took, (code, h.returncode), err.seek(0, os.SEEK_END), out.count(b"\n")


def main():
    machine()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    try:
        files = os.path.join(work, "files")
        os.mkdir(files)
        for i in range(FILES):
            os.close(os.open(f"{files}/part-{i:06d}", os.O_CREAT | os.O_WRONLY, 0o600))
        workspace, env = demo(work), settings(work)
        ours = [head([SLUICE, "-w", workspace, "get", "objects", files, "-o", "ndjson"], env) for _ in range(5)]
        find = [head(["find", files, "-type", "f"]) for _ in range(5)]
        budget("get objects | head -1, worst of 5", max(x[0] for x in ours), 0.3, "s", f"find {percentile([x[0] for x in find], 50):.2g} s")
        budget("  exit codes that are not 0", sum(any(x[1]) for x in ours), 0, "")
        budget("  bytes on standard error", max(x[2] for x in ours), 0, "B")
        budget("  lines that did not come", sum(x[3] != 1 for x in ours), 0, "")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()
