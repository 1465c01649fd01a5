# A3: in tmux at 80x24 every view opens from the palette, shows the demo's story, survives resize, suspend, kill -9 of the box.
. "$(dirname "$0")/lib.sh"
need_demo || { missed "there is no demo workspace: $(tail -n 1 "$DONE_WORK/demo.out" 2>/dev/null)"; exit; }
command -v tmux >/dev/null || { not_run "tmux is not installed"; exit; }
pytest_item "views in tmux at 80x24" tests/tour/test_tmux.py
