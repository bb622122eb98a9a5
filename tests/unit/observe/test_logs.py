"""The line of every call is written past structlog, and nobody can tell."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from inventory.observe import logs


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What others have configured is restored."""
    before = structlog.get_config()
    monkeypatch.setattr(logs, "_line", None)
    yield
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


def test_the_line_is_what_structlog_would_write(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup(level="info", form="json", process="server")
    logs.bind(transaction_id="tnx-1", domain_id="domain-1")
    values = {"method": "/a.B/c", "ms": 1.25, "peer": "ipv4:127.0.0.1:5", "status": "OK", "é": '\n"ü'}

    logs.get_logger(__name__).info("call", **values)
    logs.frequent(__name__, "call", **values)

    slow, quick = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert slow.pop("timestamp")[:16] == quick.pop("timestamp")[:16]
    assert quick == slow


@pytest.mark.parametrize(
    ("level", "form", "lines"), [("warning", "json", 0), ("info", "text", 1), ("debug", "json", 1)]
)
def test_level_and_form_hold(capsys: pytest.CaptureFixture[str], level: str, form: str, lines: int) -> None:
    logs.setup(level=level, form=form, process="server")

    logs.frequent(__name__, "call", method="/a.B/c")

    written = capsys.readouterr().err
    assert len(written.splitlines()) == lines
    assert "/a.B/c" in written or not lines
