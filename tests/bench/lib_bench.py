"""What the measurements share: a budget's line, a program in a pty with a clock at it. Shares no code with Sluice."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

failures = 0


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


def finish():
    sys.exit(1 if failures else 0)


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
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return None

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
