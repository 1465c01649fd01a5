"""What the measurements share: a budget's line, a program in a pty with a clock at it. Shares no code with Sluice."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

failures = 0
SLUICE = os.environ.get("SLUICE", "")


def budget(what, value, limit, unit, beside=""):
    """One line of the table. A budget missed by more than a quarter is MISSED; by less, `near`, and the note says why."""
    global failures
    if value is None:
        state = "absent"
        failures += 1
    elif value <= limit:
        state = "ok"
    elif value <= limit * 1.25:
        state = "near"
    else:
        state = "MISSED"
        failures += 1
    shown = "-" if value is None else f"{value:.4g}"
    print(f"{state:7} {what:44} {shown:>9} {unit:6} budget {limit:g}{'   beside ' + beside if beside else ''}", flush=True)


def at_least(what, ratio, limit, beside=""):
    """A ratio that must be reached."""
    global failures
    state = "ok" if ratio >= limit else "near" if ratio >= limit / 1.25 else "MISSED"
    failures += state == "MISSED"
    print(f"{state:7} {what:44} {ratio:>8.2f}x {'':6} budget {limit:g}x{'   beside ' + beside if beside else ''}", flush=True)


def note(text):
    """A figure without a budget, or what one needs to know to read the others."""
    print(f"        {text}", flush=True)


def machine():
    """What the figures were measured on: cores, model, and how busy it was already."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown processor")
    note(f"{len(os.sched_getaffinity(0))} cores, {model}; load {os.getloadavg()[0]:.1f} when it began")


def finish():
    sys.exit(1 if failures else 0)


def settings(work):
    """Environment of a person of their own, so that nothing of this machine's shows."""
    return {f"XDG_{k}_HOME": os.path.join(work, "xdg-" + k.lower()) for k in ("CONFIG", "DATA", "STATE", "CACHE")}


def demo(work):
    """The demo in a folder below work: a workspace to measure in."""
    where = os.path.join(work, "demo")
    subprocess.run([SLUICE, "demo", "--dir", where], env={**os.environ, **settings(work)}, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=180)
    return where


def status_of(pid, field):
    """kB of a line of /proc/PID/status; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return next((int(line.split()[1]) for line in f if line.startswith(field + ":")), None)
    except OSError:
        return None


class Memory:
    """The most that a process had, looked at every few milliseconds; `VmHWM` is the kernel's own maximum."""

    def __init__(self, pid, fields=("RssAnon", "VmHWM"), every=0.005):
        self.pid, self.most, self.stop = pid, dict.fromkeys(fields, 0), threading.Event()
        self.every = every
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.stop.wait(self.every):
            for field, most in self.most.items():
                self.most[field] = max(most, status_of(self.pid, field) or 0)

    def mib(self, field="RssAnon"):
        return self.most[field] / 1024

    def end(self):
        self.stop.set()
        self.thread.join()
        return self


def run(argv, env=None, limit=600):
    """(seconds, most memory in MiB, exit code, stdout, stderr) of a command."""
    t0 = time.monotonic()
    with subprocess.Popen(argv, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        memory = Memory(p.pid, ("VmHWM",))
        out, err = p.communicate(timeout=limit)
        took = time.monotonic() - t0
    return took, memory.end().mib("VmHWM"), p.returncode, out, err


def percentile(values, p):
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * p / 100))]


class Terminal:
    """A program in a pty: what it writes, when, and how much."""

    def __init__(self, argv, rows=40, cols=120, env=None, term="xterm-256color"):
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": term, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LINES": str(rows), "COLUMNS": str(cols)})
            os.environ.update(env or {})
            try:
                os.execvp(argv[0], argv)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.first = None
        self.bytes = 0

    def read(self, seconds, quiet=None):
        """Reads for so long, or until nothing came for `quiet` seconds; the bytes."""
        out, end = b"", time.monotonic() + seconds
        last = time.monotonic()
        while (now := time.monotonic()) < end:
            wait = end - now if quiet is None else min(end - now, max(0.0, last + quiet - now))
            if not select.select([self.fd], [], [], wait)[0]:
                if quiet is not None and time.monotonic() - last >= quiet:
                    break
                continue
            try:
                piece = os.read(self.fd, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            last = time.monotonic()
            if self.first is None:
                self.first = last - self.started
            out += piece
        self.bytes += len(out)
        return out

    def key(self, keys, quiet=0.08, limit=2.0):
        """Types; (seconds to the first byte, bytes until it is quiet)."""
        t0 = time.monotonic()
        os.write(self.fd, keys)
        if not select.select([self.fd], [], [], limit)[0]:
            return None, b""
        dt = time.monotonic() - t0
        return dt, self.read(limit, quiet)

    def status(self, field):
        return status_of(self.pid, field)

    def close(self):
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.read(0.5, 0.2)
        for _ in range(50):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
            time.sleep(0.02)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


class Screen(Terminal):
    """A terminal whose picture is known, so that a key counts as answered only when the picture shows the answer. Asked for its background
    and what it is, it answers as xterm does, unless it is mute."""

    def __init__(self, argv, rows=40, cols=120, env=None, mute=False):
        self.mute = mute
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "screen"))
        import terminal  # here: the others do without pyte
        self.picture = terminal.Screen(cols, rows)
        self.stream = terminal.Stream(self.picture)
        super().__init__(argv, rows, cols, env)

    def text(self):
        return "\n".join(self.picture.display)

    def counter(self):
        """Where the cursor stands and of how many rows: `12 of 1000`, at the right of the second line."""
        m = re.search(r"(\d+) of (\d+)\s*$", self.picture.display[1])
        return (int(m[1]), int(m[2])) if m else None

    def take(self):
        """Feeds the picture what has come; the moment at which it came, None at the end."""
        at = time.monotonic()
        try:
            piece = os.read(self.fd, 1 << 16)
        except OSError:
            return None
        if self.first is None:
            self.first = at - self.started
        self.bytes += len(piece)
        if b"\033]11;?" in piece and not self.mute:
            os.write(self.fd, b"\033]11;rgb:0000/0000/0000\007\033[?62;22c")
        self.stream.feed(piece)
        return at

    def until(self, seen, limit=10.0, t0=None):
        """Seconds from t0 until seen() held; None when it never did. The clock is read before the picture is worked out. A terminal hands
        a frame over in pieces, so that what was sought may be there before the rest of the frame is: the rest is taken, too, untimed."""
        t0 = t0 or time.monotonic()
        if seen():
            return 0.0
        while (left := t0 + limit - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0] or (at := self.take()) is None:
                break
            if seen():
                for _ in range(8):
                    if not select.select([self.fd], [], [], 0.02)[0] or self.take() is None:
                        break
                return at - t0
        return None

    def type(self, keys, seen, limit=10.0):
        """Types, and waits until seen() holds."""
        t0 = time.monotonic()
        os.write(self.fd, keys)
        return self.until(seen, limit, t0)

    def rest(self, seconds):
        """Takes what comes for so long."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, seconds)

    def step(self, keys, limit=5.0):
        """A key that must move the cursor: seconds until the picture shows it moved."""
        before = self.counter()
        return self.type(keys, lambda: (now := self.counter()) and before and now[0] != before[0], limit)
