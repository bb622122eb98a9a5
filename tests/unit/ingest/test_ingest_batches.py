"""Reading ahead: contents are decoded on the reader's thread where the writer says that it will ask for them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inventory.connector.ports import ResourceMessage
from inventory.domain.clock import SystemClock
from inventory.ingest.context import IngestLimits
from inventory.ingest.reading.batches import BatchReader

PATIENCE_SECONDS = 10.0


@pytest.mark.parametrize("decodes", [False, True])
def test_contents_are_decoded_ahead_only_when_asked_for(decodes: bool) -> None:
    decoded: list[str] = []
    go_on = threading.Event()

    def content() -> dict[str, Any]:
        decoded.append(threading.current_thread().name)
        return {"a": 1}

    def stream() -> Any:
        yield ResourceMessage("inventory.Region", 4, "", {}, content, 10)
        assert go_on.wait(PATIENCE_SECONDS)
        yield ResourceMessage("inventory.Region", 4, "", {}, content, 10)

    with BatchReader(stream(), limits=IngestLimits(batch_count=1), clock=SystemClock()) as reader:
        assert len(reader.take(PATIENCE_SECONDS) or ()) == 1
        reader.decodes = decodes
        go_on.set()
        [message] = reader.take(PATIENCE_SECONDS) or ()
        assert decoded == (["ingest-reader"] if decodes else [])
        assert message.resource == {"a": 1}
        assert len(decoded) == 1
