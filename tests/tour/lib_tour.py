"""Driving the console as a person would: in tmux, by keys, waiting for what is to be seen. No sleep decides a test: a step waits until
the screen shows what it must, and fails with the picture when it never does."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

SLUICE = os.environ.get("SLUICE", os.path.join(os.path.dirname(__file__), "..", "..", "build", "sluice"))


class Folders:
    """Private XDG folders, and a demo in one of them."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sluice-tour-")
        self.env = {f"XDG_{k}_HOME": os.path.join(self.dir, k.lower()) for k in ("CONFIG", "DATA", "STATE", "CACHE")}
        self.env["XDG_RUNTIME_DIR"] = os.path.join(self.dir, "run")
        os.makedirs(self.env["XDG_RUNTIME_DIR"], mode=0o700)
        self.demo = os.path.join(self.dir, "demo")

    def run(self, *args, check=True, stdin=subprocess.DEVNULL, timeout=120):
        """One command of the program; the finished process with its texts."""
        p = subprocess.run([SLUICE, *args], env={**os.environ, **self.env}, stdin=stdin, capture_output=True, text=True, timeout=timeout,
            check=False)
        if check and p.returncode != 0:
            raise AssertionError(f"sluice {' '.join(args)}: exit {p.returncode}\n{p.stdout}\n{p.stderr}")
        return p

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def rows(self, *args):
        """What `sluice -w DEMO ARGS -o json` prints."""
        return json.loads(self.run("-w", self.demo, *args, "-o", "json").stdout)

    def make_demo(self, *more):
        return self.run("demo", "--dir", self.demo, *more)


def boxes_of(parent):
    """Process ids of the boxes that descend from `parent`, and of no other program on this machine."""
    children, words = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                children.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(pid))
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words[int(pid)] = f.read().split(b"\0")
        except OSError:
            continue
    found, todo = [], [parent]
    while todo:
        todo += (mine := children.get(todo.pop(), []))
        found += [pid for pid in mine if b"--box" in words.get(pid, [])[1:2]]
    return found


def wait_boxes(parent, seconds=10):
    end = time.monotonic() + seconds
    while not (found := boxes_of(parent)) and time.monotonic() < end:
        time.sleep(0.05)
    assert found, "no box was started"
    return found


class Tmux:
    """The console in a tmux of its own, started from an interactive shell as a person would: so Ctrl-Z has someone to go to."""

    def __init__(self, argv, env, width=80, height=24, term="xterm-256color"):
        self.folder = tempfile.mkdtemp(prefix="sluice-tmux-")
        self.socket = os.path.join(self.folder, "s")
        rc = os.path.join(self.folder, "rc")
        sets = {**env, "TERM": term, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        with open(rc, "w", encoding="utf-8") as f:
            f.write("".join(f"export {k}={shlex.quote(v)}\n" for k, v in sets.items()))
            f.write("PS1='$ '\nPROMPT_COMMAND='echo LEFT $?'\nunset HISTFILE\n")
        self.do("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), f"exec bash --noprofile --rcfile {rc} -i")
        self.wait("LEFT 0", "$")
        self.type(shlex.join(argv))
        self.keys("Enter")

    def do(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, timeout=20, check=False).stdout

    def screen(self):
        return self.do("capture-pane", "-p")

    def keys(self, *keys):
        self.do("send-keys", *keys)

    def press(self, key, *texts, absent=(), seconds=15):
        """A key for what is on the screen: a confirmation is deaf to it for half a second (by design), and a second one would mean more."""
        time.sleep(0.6)
        self.keys(key)
        return self.wait(*texts, absent=absent, seconds=seconds)

    def type(self, text):
        self.do("send-keys", "-l", text)

    def wait(self, *texts, absent=(), seconds=15):
        """The picture once it shows every text and none of `absent`."""
        end, picture = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            picture = self.screen()
            if all(t in picture for t in texts) and not any(t in picture for t in absent):
                return picture
            time.sleep(0.03)
        raise AssertionError(f"the screen never showed {texts}{' without ' + str(absent) if absent else ''}:\n{picture}")

    def wait_row(self, *texts, seconds=20):
        """The picture once one of its rows holds every text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            picture = self.screen()
            if any(all(t in row for t in texts) for row in picture.splitlines()):
                return picture
            time.sleep(0.03)
        raise AssertionError(f"no row ever showed {texts}:\n{picture}")

    def settled(self, *texts, absent=(), seconds=15):
        """The picture once it shows every text and has then stood still, but for ages, for half a second."""
        end, last, since = time.monotonic() + seconds, None, 0
        while time.monotonic() < end:
            picture = self.wait(*texts, absent=absent, seconds=max(0.1, end - time.monotonic()))
            if (stripped := re.sub(r"\d+", "", picture)) != last:
                last, since = stripped, time.monotonic()
            elif time.monotonic() - since > 0.5:
                return picture
            time.sleep(0.05)
        raise AssertionError(f"the screen never stood still:\n{picture}")

    def go(self, line, *texts):
        """Through the palette, as a person: `:`, a name, Enter."""
        self.keys(":")
        self.wait("go to")
        self.type(line)
        self.keys("Enter")
        return self.wait(*texts, absent=("go to",))

    def leave_editor(self, seconds=10):
        """An editor takes a colon as text; Esc leaves it, which shows by the cursor that is hidden."""
        self.keys("Escape")
        end = time.monotonic() + seconds
        while self.do("display-message", "-p", "#{cursor_flag}").strip() != "0":
            assert time.monotonic() < end, "Esc did not leave the editor:\n" + self.screen()
            time.sleep(0.03)

    def resize(self, width, height):
        self.do("resize-window", "-x", str(width), "-y", str(height))

    def pid(self):
        """Of the shell in the pane: the console is its child."""
        return int(self.do("list-panes", "-F", "#{pane_pid}").split()[0])

    def close(self):
        self.do("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)
