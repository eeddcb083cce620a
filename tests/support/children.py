"""Child processes and threads of tests: they get time, whatever else the machine does."""

import subprocess
import sys
import time
from collections.abc import Callable

PATIENCE = 600
"""Seconds after which something that should have happened never will."""

_START = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
INTERRUPTIBLE = [sys.executable, "-c", _START]
"""Begin of a command that Ctrl-C ends, also where the tests themselves were started without it, as
shells start what runs in the background."""


def wait_until(happened: Callable[[], object], child: subprocess.Popen[str] | None = None) -> None:
    """Wait for something that a thread or a child process does while it is alive."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert child is None or child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
