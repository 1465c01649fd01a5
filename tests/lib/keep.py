"""keep.py COMMAND...: a server that does not outlive who started it, however that one ends.

Runs COMMAND and ends with it. When the other end of our stdin is closed, which a kernel does for a starter that was killed too, the whole
process group is killed: a server's workers with it, which PR_SET_PDEATHSIG would miss. Start it with start_new_session=True and
stdin=PIPE; to stop the server, send a SIGTERM to the group: we wait for the server's own end then.
"""
import os
import signal
import subprocess
import sys
import threading


def started_by():
    while os.read(0, 64):
        pass
    os.killpg(0, signal.SIGKILL)


def main():
    assert os.getpgrp() == os.getpid(), "keep.py: start_new_session=True is missing: the group would be the starter's"
    signal.signal(signal.SIGTERM, lambda *_: None)  # a handler, which the server does not inherit as it would SIG_IGN
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=started_by, daemon=True).start()
    code = server.wait()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
