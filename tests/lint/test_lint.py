#!/usr/bin/env python3
"""Each rule of tools/lint.py finds what it is for, and leaves alone what is right."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import lint  # noqa: E402

TOP = "/* x: a file. */\n"


def rules(name, text):
    one = lint.Lint()
    one.file(name, text)
    return [rule for _, _, rule, _ in one.problems]


def header(body):
    return f"{TOP}#ifndef SL_X_H\n#define SL_X_H\n{body}#endif\n"


class Rules(unittest.TestCase):
    def check(self, name, text, *want):
        self.assertEqual(rules(name, text), list(want), text)

    def test_banned_calls(self):
        for call in ("strcpy(a, b)", "sprintf(a, b)", "atoi(s)", "malloc(3)", "free(p)", "system(s)", "localtime(&t)", "strtok(a, b)"):
            self.check("src/ui/a.c", f"{TOP}void f(void)\n{{\n  {call};\n}}\n", "banned")

    def test_banned_only_as_calls(self):
        for right in ("sl_free(p)", "x->free(p)", "x.free(p)", "snprintf(a, n, b)", "uv_strtod(x)"):
            self.check("src/ui/a.c", f"{TOP}void f(void)\n{{\n  {right};\n}}\n")
        self.check("src/ui/a.c", f'{TOP}/* free(p) */ const char *s = "strcpy(a, b)";\n')

    def test_where_calls_are_allowed(self):
        self.check("src/base/mem.c", f"{TOP}void f(void)\n{{\n  free(p);\n}}\n")
        self.check("src/base/fmt.c", f"{TOP}void f(void)\n{{\n  strtol(p, q, 10);\n}}\n")
        self.check("src/model/a.c", f"{TOP}void f(void)\n{{\n  strtol(p, q, 10);\n}}\n", "banned")

    def test_excuse(self):
        text = TOP + "void f(void)\n{\n  free(p); /* lint-ok: banned: realpath's own memory */\n}\n"
        self.check("src/base/file.c", text)
        self.check("src/base/file.c", text.replace("banned", "tab"), "banned")

    def test_function_size(self):
        def body(lines):
            return TOP + "static int f(int a,\n             int b)\n{\n" + "  x();\n" * lines + "}\n"
        self.check("src/ui/a.c", body(98))
        self.check("src/ui/a.c", body(99), "function-size")

    def test_tables_are_no_functions(self):
        self.check("src/ui/a.c", TOP + "static const int t[] = {\n" + "  1,\n" * 200 + "};\n")
        self.check("src/ui/a.c", TOP + "struct x {\n" + "  int (*f)(int);\n" * 200 + "};\n")

    def test_file_size(self):
        self.check("src/ui/a.c", TOP + "int x;\n" * 799)
        self.check("src/ui/a.c", TOP + "int x;\n" * 800, "file-size")

    def test_layers(self):
        for name, include in (("views/a.c", "loop/loop.h"), ("backends/local/a.c", "ui/grid.h"), ("src/base/a.c", "model/ws.h"),
                              ("src/judge/a.c", "backends/x.def"), ("src/ui/a.c", "app/config.h"), ("views/a.c", "backend_local/l.h"),
                              ("backends/mlflow/a.c", "backend_local/l.h"), ("src/compute/a.c", "loop/loop.h")):
            self.check(name, f'{TOP}#include "{include}"\n', "layer")
        for name, include in (("views/a.c", "ui/view.h"), ("backends/local/a.c", "backend_local/l.h"), ("src/app/a.c", "views/views.def"),
                              ("tests/unit/a.c", "loop/loop.h"), ("src/model/a.c", "loop/loop.h"), ("src/ui/a.c", "ui/grid.h")):
            self.check(name, f'{TOP}#include "{include}"\n')

    def test_includes(self):
        self.check("src/ui/a.c", f'{TOP}#include "../base/buf.h"\n', "include-up")
        self.check("src/ui/a.c", f"{TOP}#include <curses.h>\n", "curses")
        self.check("src/ui/a.c", f"{TOP}#include <ncursesw/curses.h>\n", "curses")
        self.check("src/ui/term_curses.c", f"{TOP}#include <curses.h>\n")
        self.check("src/app/a.c", f'{TOP}#include "model/ws_int.h"\n', "internal")
        self.check("src/model/a.c", f'{TOP}#include "model/ws_int.h"\n')

    def test_guard(self):
        self.check("src/ui/a.h", header(""))
        self.check("src/ui/a.h", f"{TOP}#include <stddef.h>\n", "guard")
        self.check("src/ui/a.h", f"{TOP}#ifndef A\n#define B\n#endif\n", "guard")

    def test_guard_twice(self):
        both = lint.Lint()
        both.file("src/ui/a.h", header(""))
        both.file("src/ui/b.h", header(""))
        self.assertEqual([p[2] for p in both.problems], ["guard"])

    def test_slots(self):
        self.check("src/ui/a.h", header("struct sl_a_ops {\n  int (*f)(void);\n};\n"), "slot-comment")
        self.check("src/ui/a.h", header("struct sl_a_ops {\n  int (*f)(void); /* why */\n  /* of both */\n  int g;\n  int h;\n};\n"))

    def test_declarations(self):
        for bare in ("int sl_a_put(int a);\n", "int sl_a_put(int a,\n             int b);\n", "typedef void sl_a_fn(int a);\n",
                     "struct sl_a *sl_a_new(void);\n", "static inline int sl_a_x(void) { return 1; }\n",
                     "/* of the struct */\nstruct sl_a {\n  int b;\n};\nint sl_a_put(int a);\n", "/* another */\n\nint sl_a_put(int a);\n"):
            self.check("src/ui/a.h", header(bare), "declaration-comment")
            self.check("src/ui/a_int.h", header(bare))
            self.check("tests/a.h", header(bare))

    def test_declarations_with_a_comment(self):
        for right in ("int sl_a_put(int a); /* why */\n", "int sl_a_put(int a,\n             int b); /* why */\n",
                      "/* of all */\nint sl_a_put(int a);\nstruct sl_b *sl_b_new(void);\nstruct sl_c;\nvoid sl_b_free(int a);\n",
                      "/* why */\nstatic inline int sl_a_x(void)\n{\n  return f(1);\n}\n", "#define SL_A(x) sl_a_put(x)\n"):
            self.check("src/ui/a.h", header(right))

    def test_declarations_are_counted(self):
        one = lint.Lint()
        text = header("int sl_a_put(int a);\nint sl_a_get(int a,\n             int b);\n\n/* why */\nint sl_a_x(int a);\n")
        one.file("src/ui/a_int.h", text)
        self.assertEqual(one.uncommented, 2)

    def test_parsers(self):
        for more, want in (([], 1), (["tests/fuzz/csv_read.c"], 1), (["tests/fuzz/csv_read.c", "tests/fuzz/corpus/csv_read/a"], 0)):
            one = lint.Lint()
            one.parsers(["src/base/csv_read.c", "tests/unit/x_read.c"] + more)
            self.assertEqual([p[2] for p in one.problems], ["fuzz-target"] * want)

    def test_text(self):
        self.check("src/ui/a.c", TOP + "int a;\t/* x */\n", "tab")
        self.check("src/ui/a.c", TOP + "int a; \n", "space")
        self.check("src/ui/a.c", TOP + "int a;", "newline")
        self.check("src/ui/a.c", TOP + "/* " + "x" * 140 + " */\n", "line-length")
        self.check("src/ui/a.c", TOP + "/* \u202e */\n", "bidi")
        self.check("README.md", "\u2067\n", "bidi")
        self.check("src/ui/a.c", TOP + "/* TO" + "DO: x */\n", "left-over")
        self.check("src/ui/a.c", "int a;\n", "file-top")


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
