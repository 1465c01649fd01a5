#!/usr/bin/env python3
"""tools/doc_check.py finds names that do not exist, and leaves alone what is right."""
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import doc_check  # noqa: E402

FILES = {
    "src/ui/pane.c": "int sl_pane_ask(void); enum { SL_Q_LIST };",
    "src/model/ws.h": "struct sl_ws; int ws_ans_run(void); getenv(\"SLUICE_TRACE\");",
    "src/app/options.def": "COMMAND(get, ...)\n",
    "backends/local/local.c": "",
    "tests/unit/ui_pane.c": "",
    "run": "case x in\n  bench)  shift ;;\n  fuzz)   shift ;;\nesac\n",
}


def problems(text, name="docs/A.md"):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, content in {**FILES, name: text}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        return [(n, what) for _, n, what in doc_check.check(root, [*FILES, name])]


class Names(unittest.TestCase):
    def right(self, text):
        self.assertEqual(problems(text), [], text)

    def wrong(self, text, *lines):
        self.assertEqual([n for n, _ in problems(text)], list(lines) or [1], text)

    def test_files(self):
        for name in ("src/ui/pane.c", "ui/pane.c", "pane.c", "backends/local/", "tests/unit/ui_*.c", "backends/PROVIDER/local.c",
                     "src/model", "backend_local/local.c"):
            self.right(f"see `{name}`\n")
        for name in ("src/ui/pain.c", "ui/pain.c", "pain.c", "backends/mlflow/", "tests/unit/model_*.c", "src/modal/ws.h"):
            self.wrong(f"see `{name}`\n")

    def test_what_is_no_file_of_ours(self):
        self.right("`metrics.auc`, `state.json`, `STATE/audit`, `lake:raw/dt=2026-11-20`, `~/.config/sluice`, `/tmp/x.c`, `--filter E`\n")

    def test_names(self):
        self.right("`sl_pane_ask()`, `sl_pane_ask`, `struct sl_ws`, `SL_Q_*`, `sl_pane_NAME`, `ws_ans_run()`, `SLUICE_TRACE=http:2`\n")
        for name in ("sl_pane_asks()", "struct sl_wz", "SL_X_*", "ws_ans_walk", "pane_gone()", "SLUICE_TRASE=1"):
            self.wrong(f"`{name}`\n")

    def test_commands(self):
        self.right("`./run bench`, `./run fuzz 60 json`, `sluice get runs`, `sluice -w D get runs`, `sluice`\n")
        self.wrong("`./run bensh`\n")
        self.wrong("`sluice git`\n")

    def test_code_blocks_are_examples(self):
        self.right("text\n\n    `sl_not_there()`\n\n```\n`sl_not_there()`\n```\n")
        self.wrong("- a list\n    `sl_not_there()`\n", 2)

    def test_links(self):
        self.right("[x](../run) [y](https://example.org/a) [z](#here)\n")
        self.wrong("[x](gone.md)\n")

    def test_table_of_layers(self):
        real = doc_check.ROOT / "tools"
        self.assertTrue(real.is_dir())
        import lint
        rows = "".join(f"| `{k}` | {' '.join(sorted(v)) or 'nothing'} |\n" for k, v in lint.LAYERS.items())
        head = "# Who may include whom\n"
        self.assertEqual(problems(head + rows, "docs/ARCHITECTURE.md"), [])
        self.assertEqual(len(problems(head + rows.replace("| `loop` | base |", "| `loop` | base table |"), "docs/ARCHITECTURE.md")), 1)
        self.assertEqual(len(problems(head + rows.replace("| `ui` |", "| ui |"), "docs/ARCHITECTURE.md")), 1)


if __name__ == "__main__":
    unittest.main()
