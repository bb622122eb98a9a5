"""Indexes: builds those declared by the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from inventory.domain.plain import Document
from inventory.observe.logs import get_logger

_OPTIONS_CONFLICT: Final = 85
_SPECIFICATION_CONFLICT: Final = 86
"""Server codes: another index has these keys, or this name."""
_NO_SUCH_INDEX: Final = 27
_NO_SUCH_COLLECTION: Final = 26
_COMPARED: Final = ("key", "unique", "partialFilterExpression")

_log = get_logger(__name__)


def declared_indexes() -> dict[str, list[IndexModel]]:
    """Return the declared indexes, by collection."""
    from inventory.model import ALL_DOCUMENTS

    return {document._get_collection_name(): list(_models(document)) for document in ALL_DOCUMENTS}


def _models(document: Any) -> Iterator[IndexModel]:
    for declared in document._meta["index_specs"]:
        options = {name: value for name, value in declared.items() if name not in ("fields", "cls")}
        yield IndexModel(declared["fields"], **options)


def build_indexes(database: Database[Document]) -> None:
    """Build every declared index that is missing; existing ones are left unchanged.

    An index of the same name with other keys, or of the same keys with other options, is dropped and rebuilt: a unique
    one that changes under its name protects nothing until it is built, so give a changed one a new name.

    Raises:
        PyMongoError: MongoDB is unreachable, or stored documents violate a unique key.
    """
    for name, models in declared_indexes().items():
        collection = database[name]
        try:
            # One command for all: the documents are read once, and existing indexes cost nothing.
            collection.create_indexes(models)
        except OperationFailure as exc:
            if exc.code not in (_OPTIONS_CONFLICT, _SPECIFICATION_CONFLICT):
                raise
            _replace_changed(collection, models)


def _replace_changed(collection: Collection[Document], models: Sequence[IndexModel]) -> None:
    for model in models:
        wanted = model.document
        for existing in list(collection.list_indexes()):
            clashes = existing["name"] == wanted["name"] or _comparable(existing)["key"] == _comparable(wanted)["key"]
            # Indexes with the same keys can coexist only with different filters.
            differs = _comparable(existing) != _comparable(wanted) or existing["name"] != wanted["name"]
            if clashes and differs and not _may_coexist(existing, wanted):
                _log.warning("index_replaced", collection=collection.name, index=existing["name"])
                collection.drop_index(existing["name"])
        collection.create_indexes([model])


def _may_coexist(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    same_filter = one.get("partialFilterExpression") == other.get("partialFilterExpression")
    return one["name"] != other["name"] and not same_filter


def _comparable(index: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: index[name] for name in _COMPARED if index.get(name)}
    found["key"] = [(name, float(direction)) for name, direction in dict(index["key"]).items()]
    return found


def drop_indexes(database: Database[Document], names: Mapping[str, Sequence[str]]) -> None:
    """Drop indexes that no query uses any more; missing ones are skipped.

    Args:
        names: by collection.
    """
    declared = declared_indexes()
    for collection, gone in names.items():
        # MongoDB locks a collection to drop an index, also one that does not exist.
        existing = {index["name"] for index in database[collection].list_indexes()}
        kept = {model.document["name"] for model in declared.get(collection, ())}
        for name in gone:
            if name in kept:
                raise ValueError(f"{collection}.{name} is declared")
            if name not in existing:
                continue
            try:
                database[collection].drop_index(name)
            except OperationFailure as exc:
                if exc.code not in (_NO_SUCH_INDEX, _NO_SUCH_COLLECTION):
                    raise
            else:
                _log.info("index_dropped", collection=collection, index=name)
