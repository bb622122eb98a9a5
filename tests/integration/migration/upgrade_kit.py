"""The database that an earlier commit wrote, see ``tests/data/upgrade``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import json_util
from pymongo import IndexModel
from pymongo.database import Database

from tests.data.upgrade.write import DUMP

Document = dict[str, Any]
SILENCE = timedelta(minutes=10)
_ENDPOINT = re.compile(r"grpc://127\.0\.0\.1:\d+")


def restore(database: Database[Document], *, endpoints: Mapping[str, str] | None = None) -> None:
    """Fill an empty database with what the dump holds, as if its processes had stopped some minutes ago.

    Leases have run out by then; later the jobs would be past their time before anybody could end them.

    Args:
        endpoints: where the plugins are now, by plugin_id.
    """
    parts = json_util.loads(DUMP.read_text(encoding="utf-8"), json_options=json_util.JSONOptions(tz_aware=True))
    where = _new_places(parts, endpoints or {})
    age = (
        datetime.now(UTC)
        - SILENCE
        - max(one["started_at"] for one in parts["slice"]["documents"] if one.get("started_at"))
    )
    for name, part in parts.items():
        for index in part["indexes"]:
            options = {key: value for key, value in index.items() if key not in ("v", "key", "background")}
            database[name].create_indexes([IndexModel(list(index["key"].items()), **options)])
        documents = [_later(_moved(document, where), age) for document in part["documents"]]
        if documents:
            database[name].insert_many(documents)


def _new_places(parts: Mapping[str, Any], endpoints: Mapping[str, str]) -> dict[str, str]:
    plugin_of = {one["collector_id"]: one["plugin_info"]["plugin_id"] for one in parts["collector"]["documents"]}
    slices = parts["slice"]["documents"]
    return {
        one["endpoint"]: endpoints[plugin_of[one["collector_id"]]]
        for one in slices
        if one.get("endpoint") and plugin_of[one["collector_id"]] in endpoints
    }


def _moved(document: Document, where: Mapping[str, str]) -> Document:
    return {
        key: where.get(value, value) if isinstance(value, str) and _ENDPOINT.fullmatch(value) else value
        for key, value in document.items()
    }


def _later(value: Any, age: timedelta) -> Any:
    """Return ``value`` with all times in it moved on by ``age``."""
    if isinstance(value, datetime):
        return value + age
    if isinstance(value, dict):
        return {key: _later(inner, age) for key, inner in value.items()}
    if isinstance(value, list):
        return [_later(inner, age) for inner in value]
    return value


def index_names(database: Database[Document]) -> dict[str, set[str]]:
    """Return the names of all indexes, by collection."""
    return {name: set(database[name].index_information()) - {"_id_"} for name in database.list_collection_names()}
