#!/usr/bin/env python3
"""no_way_to_call.py BUILD: the interpreter of pickles has nothing that could call what a file names.

What its object files ask the linker for is the whole of what they can reach: their own functions, memory, texts and numbers. Nothing that
loads code, starts a program, opens a file or a socket is among it; what is new must be looked at, and added here.
"""
import re
import subprocess
import sys
from pathlib import Path

FILES = ["pickle.c", "pickle_read.c", "pickle_make.c", "npy.c", "npy_read.c", "skops_read.c"]
OWN = re.compile(r"^(pk_|npy_|sl_pickle_read$|sl_skops_read$)")
BASE = re.compile(r"^sl_(arena_|buf_|str_|str$|err_|map_|json_pull_|grow$|free$|assert_failed$)")
LIBC = {"memcpy", "memcmp", "memchr", "memset", "memmove", "strlen", "strcmp", "strncmp", "strchr", "strrchr", "snprintf", "vsnprintf",
    "ldexp",
        "floor"}
TOOLS = re.compile(r"^(__stack_chk_fail|__(v?snprintf|memcpy|memset|memmove)_chk|"
                   r"__(asan|ubsan|tsan|sanitizer|gcov|llvm|sancov|start|stop|interceptor)_?\w*"
                   r"|_GLOBAL_OFFSET_TABLE_|__gcov_\w+)$")


def main(build):
    bad = 0
    for name in FILES:
        found = sorted(Path(build).glob(f"src/CMakeFiles/sl_compute.dir/compute/{name}.o"))
        if not found:
            print(f"{name}: no object file below {build}")
            return 1
        symbols = subprocess.run(["nm", "-u", "--format=posix", str(found[0])], capture_output=True, text=True, check=True).stdout
        for line in symbols.splitlines():
            s = line.split()[0]
            if not (OWN.match(s) or BASE.match(s) or s in LIBC or TOOLS.match(s)):
                print(f"{name}: reaches {s}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
