"""The inner loops of the tree engine and of pictures, each at every level that this processor has: printed, without a budget of their own.
tests/unit/compute_kern.c and tests/unit/compute_image.c compare their answers."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from lib_bench import SLUICE, finish, machine, note  # noqa: E402


def main():
    machine()
    program = os.path.join(os.path.dirname(os.path.realpath(SLUICE)), "tests", "bench", "bench_kern")
    for line in subprocess.run([program], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines():
        note(line)
    finish()


if __name__ == "__main__":
    main()
