"""Ctrl-C ends a whole run of the benchmarks, and keeps what was measured until then."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

import tests.bench.__main__ as bench
from tests.bench.results import Row


def test_it_goes_on_with_no_further_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def interrupted(*_: object) -> Iterator[Row]:
        begun.append("rpc")
        yield Row("rpc", "get", {"rate": 1.0})
        raise KeyboardInterrupt

    def further(*_: object) -> Iterator[Row]:
        begun.append("flat")
        yield Row("flat", "get", {"rate": 1.0})

    path = tmp_path / "result.json"
    monkeypatch.setattr(bench, "CASES", {"rpc": interrupted, "flat": further})
    monkeypatch.setattr(bench, "Bed", lambda: nullcontext(SimpleNamespace(in_memory=True)))
    monkeypatch.setattr(bench, "new_path", lambda: path)
    monkeypatch.setattr(sys, "argv", ["bench"])

    assert bench.main() == bench.INTERRUPTED

    assert begun == ["rpc"]
    assert [row["case"] for row in json.loads(path.read_text())["rows"]] == ["get"]
