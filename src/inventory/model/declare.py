"""Derives a mongoengine model from the TypedDict of its raw documents, so that each field is declared once.

A type stands for a field: ``str``, ``int``, ``float``, ``bool``, ``datetime``, ``bytes`` and ``ObjectId`` for
themselves, ``dict[str, Any]`` for a free-form Struct, another TypedDict for an embedded document, ``list[…]`` for
several. A field is required unless it is ``NotRequired``. ``Annotated[…, {…}]`` adds mongoengine's own options.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Annotated, Any, Final, NotRequired, TypeAlias, get_args, get_origin, get_type_hints, is_typeddict

from bson.objectid import ObjectId
from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from mongoengine.base import BaseField

from inventory.model.fields import StructField

Struct: TypeAlias = dict[str, Any]
DefaultStruct: TypeAlias = Annotated[Struct, {"default": dict}]
"""A Struct that is stored empty unless given."""
Id: TypeAlias = Annotated[str, {"max_length": 40}]
"""An id that the service creates."""
Text: TypeAlias = Annotated[str, {"max_length": 255}]
Count: TypeAlias = Annotated[int, {"default": 0}]

_PLAIN: Final[dict[type, type[BaseField]]] = {
    str: StringField,
    int: IntField,
    float: FloatField,
    bool: BooleanField,
    datetime: DateTimeField,
    bytes: BinaryField,
    ObjectId: ObjectIdField,
}


def index(*fields: str, where: dict[str, object] | None = None, **options: object) -> dict[str, object]:
    """Return the declaration of an index.

    Args:
        fields: in order; ``-field`` descends, ``id`` is ``_id``.
        where: its partialFilterExpression.
        options: of MongoDB, such as ``unique``.
    """
    return {"fields": list(fields), **({"partialFilterExpression": where} if where else {}), **options}


def unique(*fields: str, where: dict[str, object] | None = None, **options: object) -> dict[str, object]:
    """Return the declaration of a unique index; arguments as of ``index``."""
    return index(*fields, where=where, unique=True, **options)


def present(field: str) -> dict[str, object]:
    """Return the condition of a partial index for documents that have the field."""
    return {field: {"$exists": True}}


def model(stored: type, collection: str, *indexes: dict[str, object]) -> Any:
    """Return the mongoengine class ``X`` of the TypedDict ``StoredX``.

    Args:
        stored: what its raw documents contain; ``_id`` is left to mongoengine.
        collection: where they are.
        indexes: made by ``index`` and ``unique``.
    """
    meta = {"collection": collection, "auto_create_index": False, "strict": False, "indexes": list(indexes)}
    return _made(stored, Document, meta=meta)


@functools.cache
def embedded(stored: type) -> Any:
    """Return the mongoengine class of an embedded document, see ``model``."""
    return _made(stored, EmbeddedDocument)


def _made(stored: type, base: Any, **members: object) -> Any:
    hints = get_type_hints(stored, include_extras=True)
    fields = {name: _field(hint) for name, hint in hints.items() if name != "_id"}
    name = stored.__name__.removeprefix("Stored")
    return type(base)(name, (base,), {"__module__": stored.__module__, "__doc__": stored.__doc__, **fields, **members})


def _field(hint: Any) -> BaseField:
    if get_origin(hint) is NotRequired:
        return _typed(get_args(hint)[0], {})
    return _typed(hint, {"required": True})


def _typed(hint: Any, options: dict[str, Any]) -> BaseField:
    if get_origin(hint) is Annotated:
        hint, extra = get_args(hint)
        options = options | extra
    if get_origin(hint) is list:
        (item,) = get_args(hint)
        if is_typeddict(item):
            return EmbeddedDocumentListField(embedded(item), **options)
        return ListField(_typed(item, {}), **options)
    if is_typeddict(hint):
        return EmbeddedDocumentField(embedded(hint), **options)
    return _PLAIN.get(hint, StructField)(**options)
