"""What is read of a call's metadata."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.api.interceptors.context import read_context

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Call:
    """A call that brings these metadata."""

    def __init__(self, *metadata: tuple[str, Any]) -> None:
        self._metadata = metadata

    def invocation_metadata(self) -> tuple[tuple[str, Any], ...]:
        return self._metadata

    def time_remaining(self) -> None:
        return None

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


def test_a_later_version_of_traceparent_gives_the_transaction_id() -> None:
    read = read_context(Call(("traceparent", f"01-{TRACE}-00f067aa0ba902b7-01-more")))  # type: ignore[arg-type]

    assert (read.transaction_id, read.traceparent) == (TRACE, SENT)


@pytest.mark.parametrize("other", [SENT, "", "of a proxy"])
def test_of_several_traceparents_none_counts(other: str) -> None:
    read = read_context(Call(("traceparent", SENT), ("traceparent", other)))  # type: ignore[arg-type]

    assert read.traceparent == ""
    assert read.transaction_id.startswith("tnx-")
