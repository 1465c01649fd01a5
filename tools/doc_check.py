#!/usr/bin/env python3
"""doc_check.py: what the documents name must exist. Called by lint.py for README.md, docs/*.md and docs/internals/*.md.

Looked at, in text between single backticks (code blocks are examples and are not judged) and in links:

- files and folders: `src/ui/pane.c`, `base/buf.h` (as it is included), `pane.c` (anywhere in the tree), `tests/unit/ui_*.c`;
- names of C: `sl_ws_query()`, `struct sl_req`, `SL_Q_*`, `ws_ans_run`; a trailing _ or * stands for all that begin so;
- commands: `./run bench`, `sluice get ...`, `SLUICE_TRACE`, and relative links;
- the table of layers in docs/ARCHITECTURE.md, which must say what tools/lint.py enforces.

NAME, LAYER, PRESET and the like stand for any word, as in `src/model/res/NAME.c`; then only the folder must be there. Names of the
design's sketch that the code left behind are written without backticks.
"""
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (".c", ".h", ".def", ".py", ".sh", ".cmake", ".txt")
NAMED = (".c", ".h", ".def", ".py", ".sh", ".cmake", ".md")      # bare names that are files of ours
ANY_WORD = re.compile(r"(?<![A-Z])(?:NAME|LAYER|KIND|PRESET|PROVIDER|VIEW|FOLDER|ISSUE)(?![A-Z])")
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"(?<![\w/.:@$~-])((?:[\w.*-]+/)+[\w.*-]*|[\w*-]+(?:\.[\w*-]+)+)(?![\w/])")
IDENT = re.compile(r"(?<![\w.-])((?:struct |enum )?[A-Za-z]\w*_\w*)(\*?)(\(\))?")
OURS = re.compile(r"^(?:sl|SL|ws|WS|SLUICE)_")


class Tree:
    """What there is to name: files, words of the sources, commands."""

    def __init__(self, root, names):
        self.names = set(names)
        self.folders = {str(p) for n in names for p in Path(n).parents if str(p) != "."}
        self.tops = {n.split("/")[0] for n in names if "/" in n}
        self.bases = {Path(n).name for n in names}
        self.words = set()
        for name in names:
            data = name.startswith(("docs/", "demo/lake/", "demo/artifacts/")) or name.endswith("doc_check.py")
            if Path(name).suffix in SOURCES and not data:
                text = (root / name).read_text(encoding="utf-8", errors="replace")
                self.words |= set(re.findall(r"[A-Za-z]\w*_\w*", text))
        self.sorted_words = sorted(self.words)
        self.commands = self.find(root, "src/app/options.def", r"^COMMAND\((\w+)")
        self.runs = self.find(root, "run", r"^  ([\w|-]+)\)")

    def find(self, root, name, pattern):
        if name not in self.names:
            return set()
        text = (root / name).read_text(encoding="utf-8")
        return {w.replace("_", "-") for m in re.findall(pattern, text, re.M) for w in m.split("|")}

    def has_file(self, path):
        path = path.rstrip("/")
        before = re.sub(r"^backend_", "backends/", ANY_WORD.split(path)[0])
        if before != path and before.rpartition("/")[0] in self.folders:
            return True  # where the first of its kind will stand
        path = ANY_WORD.sub("*", path)
        if "/" not in path:
            return self.match(path, self.bases | self.folders)
        for at in (path, "src/" + path, re.sub(r"^backend_", "backends/", path)):
            if self.match(at, self.names) or self.match(at, self.folders):
                return True
        return False

    @staticmethod
    def match(pattern, names):
        return pattern in names if "*" not in pattern else any(fnmatch.fnmatchcase(n, pattern) for n in names)

    def is_file(self, path):
        """Whether a word means a file of ours at all: STATE/audit, and/or, metrics.auc are none."""
        top = path.split("/")[0]
        if "/" in path:
            return top in self.tops or top.startswith("backend_") or ("src/" + top) in self.folders
        return Path(path).suffix in NAMED

    def has_word(self, word, prefix):
        word = ANY_WORD.split(word)[0]
        if not prefix and not word.endswith("_"):
            return word in self.words
        return any(w.startswith(word) for w in self.sorted_words)


def text_lines(text):
    """(number, line) outside code blocks: fenced ones, and those indented by four after an empty line."""
    fenced = block = False
    empty = True
    for n, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            block = line.startswith("    ") and (block or empty)
            if not block:
                yield n, line
        empty = not line.strip() or block


def check_span(tree, span):
    """What is wrong with one span, in words."""
    for path in FILE.findall(span):
        if tree.is_file(path) and not tree.has_file(path):
            yield f"{path}: no such file"
    rest = FILE.sub(lambda m: " " if tree.is_file(m.group(1)) else m.group(0), span)
    for word, star, call in IDENT.findall(rest):
        word = word.split()[-1]
        if (OURS.match(word) or call) and not tree.has_word(word, bool(star)):
            yield f"{word}{star}{call}: no such name in the sources"
    for command in re.findall(r"\./run ([a-z]\w*)", span):
        if command not in tree.runs:
            yield f"./run {command}: no such command"
    for command in re.findall(r"(?:^|\$ )sluice (?:-\w \S+ )*([a-z][\w-]*)", span):
        if tree.commands and command not in tree.commands:
            yield f"sluice {command}: no such command"


def check_links(root, name, line):
    for target in LINK.findall(line):
        if not re.match(r"[a-z]+:", target) and not (root / name).parent.joinpath(target).exists():
            yield f"{target}: a link to nothing"


def words(names):
    return " ".join(sorted(names)) or "nothing"


def check_layers(lines):
    """Rows `| \\`ui\\` | base table model | ... |` below the heading about who may include whom, against lint's table."""
    import lint  # here: lint.py calls us
    said, inside, first = {}, False, 0
    for n, line in lines:
        if line.startswith("#"):
            inside = "who may include whom" in line.lower()
            first = first or (n if inside else 0)
        row = re.match(r"\|\s*`(\w+)`\s*\|([^|]*)\|", line) if inside else None
        if row:
            said[row.group(1)] = set(re.findall(r"\w+", row.group(2))) - {"nothing", "everything"}
    if not first:
        return
    for layer, may in lint.LAYERS.items():
        if layer not in said:
            yield first, f"the table of layers leaves out {layer}"
        elif said[layer] != may:
            yield first, f"the table says that {layer} may include {words(said[layer])}; it is {words(may)}"


def documents(names):
    return sorted(n for n in names if n == "README.md" or re.match(r"docs/(internals/)?[\w-]+\.md$", n))


def check(root, names):
    """(file, line, what) for everything that is wrong."""
    found = documents(names)
    if not found:
        return
    tree = Tree(root, names)
    for name in found:
        lines = list(text_lines((root / name).read_text(encoding="utf-8")))
        for n, line in lines:
            for span in SPAN.findall(line):
                for what in check_span(tree, span):
                    yield name, n, what
            for what in check_links(root, name, SPAN.sub("", line)):
                yield name, n, what
        if name == "docs/ARCHITECTURE.md":
            for n, what in check_layers(lines):
                yield name, n, what


def main():
    sys.path.insert(0, str(ROOT / "tools"))
    import lint
    bad = list(check(ROOT, lint.known_files()))
    for name, line, what in bad:
        print(f"{name}:{line}: doc: {what}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
