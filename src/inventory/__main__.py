"""``python -m inventory``, and the command ``inventory`` itself."""

from __future__ import annotations

import os
import signal
import sys

STANDARD_STREAMS = 3


def _open_standard_streams() -> None:
    """Open ``/dev/null`` for each closed standard stream: otherwise the first socket would get its number, and lines
    written to standard error would go to its other end.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < STANDARD_STREAMS:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def main() -> None:
    """Run the command line; Ctrl-C while Python is still importing it ends the process silently."""
    _open_standard_streams()
    # grpc writes its own log lines to the descriptor from its threads, and a pipe that nobody reads would block them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from inventory.process import health_check

    if health_check.applies(sys.argv[1:], os.environ):
        sys.exit(health_check.main(sys.argv[1:]))
    # Python's own handler would show a traceback of whatever module was being imported.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from inventory.cli import main as run

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
