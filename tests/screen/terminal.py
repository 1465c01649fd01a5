"""A program under a terminal: bytes on a pty, read by pyte. Knows nothing of the program but the bytes."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pyte

PATIENCE = 30

NAMED = {
    "Enter": b"\r", "Esc": b"\x1b", "Tab": b"\t", "Space": b" ", "Up": b"\x1bOA", "Down": b"\x1bOB", "Right": b"\x1bOC", "Left": b"\x1bOD",
    "Home": b"\x1bOH", "End": b"\x1bOF", "PgUp": b"\x1b[5~", "PgDn": b"\x1b[6~", "Ins": b"\x1b[2~", "Del": b"\x1b[3~",
    "Backspace": b"\x7f", "BackTab": b"\x1b[Z", "F1": b"\x1bOP", "F2": b"\x1bOQ", "F3": b"\x1bOR", "F4": b"\x1bOS", "F5": b"\x1b[15~",
}
# What xterm-256color's entry and the program's modes amount to: SGR, cursor, erase, insert and delete, scroll region, repeat, modes.
ALLOWED = re.compile(
    rb"\x1b\[[0-9;:]*[mHABCDGdJKLMPXSTbrhl@`]"
    rb"|\x1b\[\?(?:1|7|12|25|1000|1002|1006|1034|1049|2004|2026)(?:;\d+)*[hl]"
    rb"|\x1b\[22;0;0t|\x1b\[23;0;0t|\x1b\[!p|\x1b\[>4;?m|\x1b\[[c6]n?|\x1b\[\?2026\$p"
    rb"|\x1b\]11;\?(?:\x07|\x1b\\)|\x1b\]104(?:\x07|\x1b\\)"
    rb"|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)|\x1b[()][B0]|\x1b[=>78M]|\x0f|\x0e")


class Screen(pyte.Screen):
    """pyte's screen, with REP (repeat the last character) and SU and SD (scroll the region), which xterm-256color has and curses uses."""
    last = " "

    def draw(self, data):
        self.last = data[-1:] or self.last
        super().draw(data)

    def repeat(self, count=1):
        super().draw(self.last * (count or 1))

    def scroll(self, step, edge, count):
        line, self.cursor.y = self.cursor.y, edge
        for _ in range(count or 1):
            step()
        self.cursor.y = line

    def scroll_up(self, count=1):
        self.scroll(self.index, (self.margins or pyte.screens.Margins(0, self.lines - 1)).bottom, count)

    def scroll_down(self, count=1):
        self.scroll(self.reverse_index, (self.margins or pyte.screens.Margins(0, self.lines - 1)).top, count)


class Stream(pyte.ByteStream):
    csi = dict(pyte.ByteStream.csi, b="repeat", S="scroll_up", T="scroll_down")
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


def words(text):
    """The words of a script's line: (bytes of text, quoted?)."""
    for m in re.finditer(r'"((?:\\.|[^"\\])*)"|(\S+)', text):
        if m.group(2) is not None:
            yield m.group(2), False
        else:
            yield re.sub(r"\\(x([0-9a-fA-F]{2})|.)", unescape, m.group(1)), True


def unescape(m):
    if m.group(2):
        return bytes([int(m.group(2), 16)]).decode("latin-1")
    return {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1))


def key_bytes(name):
    if name in NAMED:
        return NAMED[name]
    if name.startswith("Ctrl-"):
        return bytes([ord(name[5].upper()) & 31])
    if name.startswith("Alt-"):
        return b"\x1b" + key_bytes(name[4:])
    return name.encode()


class Pty:
    """A program under a terminal of so many cells. With `pipes` it is told two descriptors by `--terminal` and asks for what it wants."""

    def __init__(self, argv, width, height, pipes=False, **more):
        self.screen = Screen(width, height)
        self.stream = Stream(self.screen)
        self.raw = bytearray()
        self.master, slave = os.openpty()
        self.size(width, height)
        self.tty = os.ttyname(slave)
        asked_r, asked_w = os.pipe()
        said_r, said_w = os.pipe()
        env = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", TZ="UTC", PATH=os.environ["PATH"])
        for name in ("NO_COLOR", "COLORTERM", "COLORFGBG", "TMUX", "LINES", "COLUMNS", "SSH_AUTH_SOCK"):
            env.pop(name, None)
        env.update(more)

        def child():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        if pipes:
            argv = [argv[0], "--terminal", f"{asked_w},{said_r}", *argv[1:]]
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=env, preexec_fn=child,
                                        pass_fds=(asked_w, said_r))
        for fd in (slave, asked_w, said_r):
            os.close(fd)
        self.asked, self.said = asked_r, said_w
        self.pending = bytearray()

    def size(self, width, height):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def pump(self, wait):
        """Takes what the program wrote; True when there was something."""
        ready, _, _ = select.select([self.master, self.asked], [], [], wait)
        if self.master in ready:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # it has ended
                return False
            self.raw += data
            self.stream.feed(data)
        if self.asked in ready:
            asked = os.read(self.asked, 65536)
            self.pending += asked
            return bool(asked)
        return bool(ready)

    def drain(self):
        while True:
            ready, _, _ = select.select([self.master], [], [], 0.02)
            if not ready or not self.pump(0):
                return

    def message(self):
        """The next thing that the program asks for, or None when it has ended."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            head, sep, rest = bytes(self.pending).partition(b"\n")
            if sep:
                word, size = head.decode().split()
                if len(rest) >= int(size):
                    self.pending = bytearray(rest[int(size):])
                    return word, rest[:int(size)].decode(errors="surrogateescape")
            if not self.pump(0.05) and self.process.poll() is not None:
                return None
        self.process.send_signal(signal.SIGKILL)
        raise AssertionError("the program asks for nothing and does not end; its last bytes: " + repr(bytes(self.raw[-500:])))

    def type(self, text, paste=False):
        for word, quoted in words(text):
            if paste:
                os.write(self.master, b"\x1b[200~" + word.encode() + b"\x1b[201~")
                continue
            for key in [w.encode() for w in word] if quoted else [key_bytes(word)]:
                os.write(self.master, key)
                if key == b"\x1b":
                    self.taken()
                    time.sleep(0.08)  # a lone Esc is known by what does not follow

    def taken(self, seconds=5):
        """Until the program has read what was typed, however long others keep the processor."""
        until, fd = time.monotonic() + seconds, os.open(self.tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        while struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0] and time.monotonic() < until:
            time.sleep(0.001)
        os.close(fd)

    def wait_until(self, good, what, seconds=10):
        """Until a picture is good and stays so while nothing more comes; that picture."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pump(0.05)
            if good(self.picture()):
                self.drain()
                if good(self.picture()):
                    return self.picture()
        raise AssertionError(f"{what}; the screen is\n" + "\n".join(self.picture()))

    def wait_for(self, text, seconds=10):
        """Until the screen shows the text; the picture then."""
        return self.wait_until(lambda rows: any(text in row for row in rows), f"`{text}` does not come", seconds)

    def wait_gone(self, text, seconds=10):
        """Until the screen shows the text no more; the picture then."""
        return self.wait_until(lambda rows: not any(text in row for row in rows), f"`{text}` stays", seconds)

    def end(self, seconds=10):
        """Until the program has ended; its exit code."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self.pump(0.05)
        self.drain()
        if self.process.poll() is None:
            self.process.kill()
            raise AssertionError("it does not end; the screen is\n" + "\n".join(self.picture()))
        return self.process.returncode

    def picture(self):
        rows = [composed(row.rstrip()) for row in self.screen.display]
        while len(rows) > 1 and not rows[-1]:
            rows.pop()
        return rows

    def answer(self, good):
        os.write(self.said, b"+" if good else b"-")

    def close(self):
        for fd in (self.master, self.asked, self.said):
            os.close(fd)
        self.process.stderr.close()


def composed(row):
    """pyte composes marks with their base, as terminals may."""
    return unicodedata.normalize("NFC", row)


def foreign(raw):
    """Control bytes that belong to no allowed sequence."""
    rest = ALLOWED.sub(b"", bytes(raw))
    return re.findall(rb"[\x00-\x07\x0b-\x1f\x7f][^\x00-\x1f]{0,12}", rest.replace(b"\r", b""))
