#!/usr/bin/env python3
"""lint.py [FILE...]: what the compiler does not check. Prints FILE:LINE: rule: what; exit 1 when there is anything.

The rules are those of docs/HACKING.md. A line may be excused by a comment `lint-ok: RULE: why` on it; excuses are
counted, and the fewer the better. Without arguments: every file that git knows.
"""
import re
import subprocess
import sys
from pathlib import Path

import doc_check

ROOT = Path(__file__).resolve().parent.parent

# Who may include whom, beside itself (docs/ARCHITECTURE.md). tests/lint/wrong_include.py proves that the build agrees.
LOWER = {"base", "loop", "compute", "table"}
LAYERS = {
    "base": set(),
    "loop": {"base"},
    "compute": {"base"},
    "table": {"base"},
    "proto": {"base", "loop", "table"},
    "model": {"base", "loop", "table"},
    "box": LOWER,
    "judge": LOWER | {"proto", "model", "box"},
    "backends": LOWER | {"proto", "model", "box"},
    "ui": {"base", "table", "model"},
    "views": {"base", "table", "model", "judge", "ui"},
}
PROJECT_FOLDERS = set(LAYERS) | {"app"}

# call -> (where it is allowed, what to use)
ANYWHERE_NOT = ()
BANNED = {
    **dict.fromkeys(("strcpy", "strcat", "stpcpy", "strncpy", "strncat"), (ANYWHERE_NOT, "sl_buf, or memcpy with a known length")),
    **dict.fromkeys(("sprintf", "vsprintf"), (ANYWHERE_NOT, "snprintf or sl_buf")),
    **dict.fromkeys(("strtok", "strtok_r", "gets"), (ANYWHERE_NOT, "sl_str")),
    **dict.fromkeys(("atoi", "atol", "atoll", "atof"), (ANYWHERE_NOT, "the parsers of base/str.h")),
    **dict.fromkeys(("strtol", "strtoul", "strtoll", "strtoull", "strtoimax", "strtoumax", "strtof", "strtod", "strtold"),
                    (("src/base/", "tests/fuzz/"), "the parsers of base/str.h")),
    **dict.fromkeys(("alloca", "strdupa"), (ANYWHERE_NOT, "sl_alloc or an arena")),
    **dict.fromkeys(("localtime", "gmtime", "ctime", "asctime", "mktime"), (ANYWHERE_NOT, "base/time.h")),
    **dict.fromkeys(("system", "popen"), (ANYWHERE_NOT, "the child processes of src/loop")),
    **dict.fromkeys(("malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup", "asprintf", "vasprintf",
                     "aligned_alloc", "posix_memalign", "memalign"), (("src/base/mem", "tests/"), "base/mem.h")),
    "exit": (("src/app/", "src/box/", "tests/"), "an error that is returned"),
    "signal": (("tests/",), "sigaction, or the signals of src/loop"),
    "scanf": (ANYWHERE_NOT, "a parser"),
    "tmpnam": (ANYWHERE_NOT, "mkstemp"),
    "mktemp": (ANYWHERE_NOT, "mkstemp"),
    "rand": (ANYWHERE_NOT, "getrandom, or a seeded generator"),
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(BANNED, key=len, reverse=True)) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CURSES = re.compile(r"^(ncursesw?/)?(n?curses|panel|term|menu|form)\.h$")
CURSES_FILE = "src/ui/term_curses.c"
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
EXCUSE = re.compile(r"lint-ok:\s*(\w[\w-]*)\s*:\s*\S")
C_FILES = (".c", ".h")
CODE = (".c", ".h", ".def", ".py", ".sh", ".cmake", ".txt")
UNCOVERED = re.compile(r"\}|struct \w+\s*\{|#ifndef")
# A function or a function type; what it takes may go on in further lines.
DECLARED = re.compile(r"[a-z][\w \*]*\(")
MAX_LINE, MAX_FILE, MAX_FUNCTION, SOFT_FUNCTION = 140, 800, 100, 60


def folder_of(name):
    """The layer that a file belongs to: 'ui', 'backends', 'views', 'app', or None (tests, tools)."""
    parts = name.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[0] in ("backends", "views") and len(parts) > 1:
        return parts[0]
    return None


def blank(text):
    """The code alone: comments, strings and characters become spaces; newlines stay, so that lines keep their numbers."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def cover(m):
        keep = "\"\"" if m.group(0)[0] == '"' else ""
        return keep + re.sub(r"[^\n]", " ", m.group(0))[len(keep):]
    return token.sub(cover, text)


def without_directives(code):
    """Preprocessor lines become empty, continuations included: macros may hold any braces."""
    out, inside = [], False
    for line in code.split("\n"):
        directive = inside or line.lstrip().startswith("#")
        inside = directive and line.rstrip().endswith("\\")
        out.append("" if directive else line)
    return "\n".join(out)


def functions(code):
    """(name, first line, lines) of each function body."""
    depth, start, name, head = 0, 0, "", 0
    line = 1
    for i, ch in enumerate(code):
        if ch == "\n":
            line += 1
        elif ch == "{":
            if depth == 0:
                before = code[head:i].rstrip()
                found = re.search(r"(\w+)\s*\([^{}]*\)\s*(?:\w+\s+)*\w*$", before, re.S)
                name = found.group(1) if found and before.endswith((")", "_")) else ""
                start = line
            depth += 1
        elif ch == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                if name:
                    yield name, start, line - start + 1
                head = i + 1
        elif ch == ";" and depth == 0:
            head = i + 1


class Lint:
    def __init__(self):
        self.problems = []
        self.files = self.functions = self.long_functions = self.uncommented = self.excuses = 0
        self.guards = {}

    def say(self, name, line, rule, what, text=""):
        found = EXCUSE.search(text)
        if found and found.group(1) == rule:
            self.excuses += 1
            return
        self.problems.append((name, line, rule, what))

    def file(self, name, text):
        if name.startswith(("demo/artifacts/", "demo/lake/")):
            return  # data, written by other programs
        self.files += 1
        suffix = Path(name).suffix
        lines = text.split("\n")
        for n, line in enumerate(lines, 1):
            self.line(name, n, line, suffix)
        if text and not text.endswith("\n"):
            self.say(name, len(lines), "newline", "no newline at the end of the file")
        if suffix not in C_FILES:
            return
        if len(lines) - 1 > MAX_FILE:
            self.say(name, 1, "file-size", f"{len(lines) - 1} lines; {MAX_FILE} is the limit")
        code = blank(text)
        self.calls(name, code, lines)
        self.includes(name, lines)
        self.bodies(name, without_directives(code))
        if not lines[0].startswith("/*"):
            self.say(name, 1, "file-top", "the file does not open with a comment that says what it is")
        if suffix == ".h":
            self.guard(name, lines)
            self.declarations(name, lines, without_directives(code).split("\n"))

    def line(self, name, n, line, suffix):
        if BIDI.search(line):
            self.say(name, n, "bidi", "a character that changes the direction of text; write it as an escape")
        if suffix not in CODE:
            return
        if "\t" in line:
            self.say(name, n, "tab", "a tab; indent with spaces", line)
        if line != line.rstrip():
            self.say(name, n, "space", "white space at the end of the line")
        if len(line) > MAX_LINE and suffix not in (".txt", ".cmake", ".def"):
            self.say(name, n, "line-length", f"{len(line)} columns; {MAX_LINE} is the limit", line)
        if LEFT_OVER.search(line):
            self.say(name, n, "left-over", f"{LEFT_OVER.search(line).group(1)}: do it, or open an issue", line)

    def calls(self, name, code, lines):
        for n, line in enumerate(code.split("\n"), 1):
            for m in CALL.finditer(line):
                allowed, instead = BANNED[m.group(1)]
                if not name.startswith(tuple(allowed)):
                    self.say(name, n, "banned", f"{m.group(1)}(): use {instead}", lines[n - 1])

    def includes(self, name, lines):
        layer = folder_of(name)
        for n, line in enumerate(lines, 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            path, first = m.group(2), m.group(2).split("/")[0]
            if "../" in path:
                self.say(name, n, "include-up", f'"{path}": include by folder, as "base/buf.h"', line)
            if CURSES.match(path) and name != CURSES_FILE:
                self.say(name, n, "curses", f"only {CURSES_FILE} includes curses", line)
            if m.group(1) == '"':
                self.layer(name, n, line, layer, first)
            if path.endswith("_int.h") and not self.same_folder(name, first):
                self.say(name, n, "internal", f'"{path}" belongs to its own folder', line)

    @staticmethod
    def same_folder(name, first):
        return folder_of(name) == first or first.startswith("backend_") and name.startswith(f"backends/{first[8:]}/")

    def layer(self, name, n, line, layer, first):
        if layer is None or layer == "app":
            return
        if first.startswith("backend_"):
            if not name.startswith(f"backends/{first[8:]}/"):
                self.say(name, n, "layer", f"{layer} may not see a backend ({first})", line)
        elif first in PROJECT_FOLDERS and first != layer and first not in LAYERS.get(layer, set()):
            self.say(name, n, "layer", f"{layer} may not include {first}/", line)

    def bodies(self, name, code):
        for function, start, count in functions(code):
            self.functions += 1
            self.long_functions += count > SOFT_FUNCTION
            if count > MAX_FUNCTION:
                self.say(name, start, "function-size", f"{function}() has {count} lines; {MAX_FUNCTION} is the limit")

    def guard(self, name, lines):
        rows = [(n, l.split()) for n, l in enumerate(lines, 1) if l.startswith("#")]
        words = [w for _, w in rows[:2]]
        if len(words) < 2 or words[0][0] != "#ifndef" or words[1][:2] != ["#define", words[0][1]]:
            self.say(name, rows[0][0] if rows else 1, "guard", "a header begins with #ifndef GUARD, #define GUARD")
            return
        other = self.guards.setdefault(words[0][1], name)
        if other != name:
            self.say(name, rows[0][0], "guard", f"{words[0][1]} is also the guard of {other}")

    def declarations(self, name, lines, code):
        """A slot of a struct *_ops and a function or function type that a header declares say what they are; those of private headers
        (*_int.h) and of tests are only counted."""
        private = name.endswith("_int.h") or name.startswith("tests/")
        ops = group = beside = head = False
        for n, line in enumerate(code, 1):
            raw = lines[n - 1]
            comment = "/*" in raw or "*/" in raw or "//" in raw
            # A comment on a line of its own covers what follows up to an empty line, a brace, a struct or the guard.
            group = (group or comment and not line.strip()) and bool(raw.strip()) and not UNCOVERED.match(line or raw)
            beside = beside or comment and bool(line.strip())
            end = line.strip().endswith((";", "{", "}"))
            if re.match(r"struct \w+_ops\s*\{", line):
                ops = True
            elif line.startswith("}"):
                ops = False
            elif ops and line.strip().endswith(";") and not (group or beside):
                self.say(name, n, "slot-comment", f"a slot without a comment: {line.strip()}", raw)
            elif not ops and DECLARED.match(line):
                head = n
            if head and end:
                if not (group or beside):
                    self.no_comment(name, head, lines[head - 1], private)
                head = False
            beside = beside and not end

    def no_comment(self, name, n, raw, private):
        if private:
            self.uncommented += 1
        else:
            self.say(name, n, "declaration-comment", f"without a comment (what, units, ownership, errors): {raw.strip()}", raw)

    def parsers(self, names):
        """Each parser (*_read.c) has a fuzz target of its name, and that one a corpus."""
        for name in names:
            if folder_of(name) and name.endswith("_read.c"):
                stem = Path(name).stem
                if f"tests/fuzz/{stem}.c" not in names:
                    self.say(name, 1, "fuzz-target", f"a parser without a fuzz target: tests/fuzz/{stem}.c")
                elif not any(n.startswith(f"tests/fuzz/corpus/{stem}/") for n in names):
                    self.say(name, 1, "fuzz-target", f"a fuzz target without a corpus: tests/fuzz/corpus/{stem}/")

    def report(self):
        for name, line, rule, what in sorted(self.problems):
            print(f"{name}:{line}: {rule}: {what}")
        print(f"lint: {self.files} files, {len(self.problems)} problems; {self.functions} functions, "
              f"{self.long_functions} over {SOFT_FUNCTION} lines; {self.uncommented} declarations of private headers "
              f"without a comment; {self.excuses} excused")
        return 1 if self.problems else 0


def known_files():
    """What git knows, or (a copy without git) what lies in the folders of the source."""
    try:
        out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                             capture_output=True, check=True).stdout
        names = out.decode(errors="surrogateescape").split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if not {".git", "build", ".deps"} & set(p.parts)]
    return [n for n in names if n and (ROOT / n).is_file()]


def is_source(name):
    """Data (corpora, fixtures, recorded answers) is not judged as source."""
    if re.search(r"(^|/)(corpus|data|fixtures)/", name) and not name.startswith("src/"):
        return False
    return Path(name).suffix in CODE + (".md", ".yaml") or name in ("run", ".ci/run")


def main(argv):
    lint = Lint()
    names = argv or known_files()
    if not argv:
        lint.parsers(names)
        for name, line, what in doc_check.check(ROOT, names):
            lint.say(name, line, "doc", what)
    for name in names:
        if is_source(name):
            lint.file(name, (ROOT / name).read_text(encoding="utf-8", errors="surrogateescape"))
    return lint.report()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
