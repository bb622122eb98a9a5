"""A database server that `up` and the tests run themselves: one child process on loopback."""

from __future__ import annotations

import abc
import subprocess
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from inventory.devruntime import child, ports
from inventory.errors import SettingsError

START_TIMEOUT_SECONDS = 60.0
STOP_GRACE_SECONDS = 20.0


class EmbeddedServer(abc.ABC):
    """One server, whose data is kept in ``data_dir`` between runs.

    Use it as a context manager, or with ``start`` and ``stop``; or let a supervisor run ``argv`` and poll
    ``is_ready``.

    Args:
        data_dir: folder of the database files, created if missing.
        port: TCP port on 127.0.0.1; it may differ from that of the last run.
        log_path: file for the server's own log, appended to.
        program: the program to run; found (see :mod:`binaries`) if absent.
    """

    name: ClassVar[str]
    """Its name in messages: MongoDB or Redis."""
    program_name: ClassVar[str]
    port_option: ClassVar[str]
    """The option of `up` that sets its port."""

    def __init__(self, data_dir: Path, port: int, log_path: Path, *, program: Path | None = None) -> None:
        self.data_dir = Path(data_dir)
        self.port = port
        self.log_path = Path(log_path)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def is_ready(self) -> bool:
        """Return whether clients can read and write."""

    @abc.abstractmethod
    def _command(self) -> list[str]:
        """Return the command line. Raises ``SettingsError``: there is no usable program."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs under ``start``."""
        return None if self._process is None else self._process.pid

    def argv(self) -> list[str]:
        """Create the folders and return the command line.

        Raises:
            SettingsError: no usable program, or the folders cannot be created.
        """
        command = self._command()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsError(f"Cannot create {exc.filename}: {exc.strerror}", field="data_dir") from exc
        return command

    def start(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Start the server and return once it is ready.

        Raises:
            SettingsError: the port is taken, or the server ended or was not ready in time (with the end of its log).
        """
        argv = self.argv()
        ports.require_free(self.port, purpose=f"the embedded {self.name}", setting=self.port_option)
        self._process = child.spawn(argv)
        if not child.wait_until(self.is_ready, timeout_seconds=timeout_seconds, process=self._process):
            code = self._process.poll()
            self.stop()
            raise SettingsError(
                f"{self.program_name} {'is not ready in time' if code is None else f'ended with exit code {code}'}; "
                f"its log ({self.log_path}) says:\n" + "\n".join(self.explain()),
                field="data_dir",
            )

    def stop(self, *, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop the server cleanly, by force after ``grace_seconds``; does nothing if it is not running."""
        if self._process is not None:
            child.stop(self._process, grace_seconds=grace_seconds)
            self._process = None

    def explain(self) -> list[str]:
        """Return the end of its log, which says why it ended or does not answer."""
        return child.tail(self.log_path)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
