"""Driving the console as a person would: in tmux, by keys, waiting for what is to be seen. No sleep decides a test: a step waits until
the screen shows what it must, and fails with the picture when it never does."""
import os
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

    def make_demo(self, *more):
        return self.run("demo", "--dir", self.demo, *more)


class Tmux:
    """The console in a tmux of its own."""

    def __init__(self, argv, env, width=80, height=24, term="xterm-256color"):
        self.socket = os.path.join(tempfile.mkdtemp(prefix="sluice-tmux-"), "s")
        words = " ".join("'" + a.replace("'", "'\\''") + "'" for a in argv)
        sets = " ".join(f"{k}='{v}'" for k, v in {**env, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}.items())
        # set +m: no job control of this shell's own; the console's Ctrl-Z is tested through an interactive one
        self.do("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
            f"TERM={term} {sets} {words}; echo LEFT $?; exec sh -i")

    def do(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, timeout=20, check=False).stdout

    def screen(self):
        return self.do("capture-pane", "-p")

    def keys(self, *keys):
        self.do("send-keys", *keys)

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

    def go(self, line, *texts):
        """Through the palette, as a person: `:`, a name, Enter."""
        self.keys(":")
        self.wait("go to")
        self.type(line)
        self.keys("Enter")
        return self.wait(*texts, absent=("go to",))

    def resize(self, width, height):
        self.do("resize-window", "-x", str(width), "-y", str(height))

    def close(self):
        self.do("kill-server")
