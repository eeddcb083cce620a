"""Where the command `fp8mac` begins: nothing that takes time comes before an interrupt is heard."""

import signal
import sys

from fp8mac.cli import INTERRUPTED

__all__ = ["main"]


def main() -> None:
    """Run the command line; a request to end stops what it has started, as Ctrl-C does."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from fp8mac.cli.app import app

        app()
    except KeyboardInterrupt:  # outside a command
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(INTERRUPTED, file=sys.stderr)
        sys.exit(2)
