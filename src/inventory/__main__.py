"""``python -m inventory``, and the command ``inventory`` itself."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line; Ctrl-C while Python still imports it ends the process without a word."""
    # Python's own handler would show a traceback of whatever module was just being read.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from inventory.cli import main as run

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
