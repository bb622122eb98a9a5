"""The one document of an answer to ``find`` is taken out of its bytes, whatever order MongoDB gives its members."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from inventory.manager.raw_documents import _first_document

FOUND = {"collector_id": "collector-1", "tags": {"a": ["b"]}}


@pytest.mark.parametrize(
    "answer",
    [
        {"cursor": {"firstBatch": [FOUND], "id": 0, "ns": "i.c"}, "ok": 1.0},
        {"cursor": {"id": 0, "ns": "i.c", "firstBatch": [FOUND]}, "ok": 1.0},
        {"ok": 1.0, "cursor": {"firstBatch": [FOUND], "id": 0}},
    ],
)
def test_the_document_is_found(answer: dict[str, Any]) -> None:
    found = _first_document(bson.encode(answer))

    assert found is not None
    assert (dict(found), found.raw) == (FOUND, bson.encode(FOUND))


@pytest.mark.parametrize(
    "answer",
    [{"cursor": {"firstBatch": [], "id": 0, "ns": "i.c"}, "ok": 1.0}, {"ok": 1.0, "cursor": {"firstBatch": []}}],
)
def test_none_is_found(answer: dict[str, Any]) -> None:
    assert _first_document(bson.encode(answer)) is None
