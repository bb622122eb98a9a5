"""The TypedDicts of raw documents say what the models say."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import pytest
from bson.objectid import ObjectId
from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    EmbeddedDocumentField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)
from mongoengine.base import BaseField

from inventory.model import ALL_DOCUMENTS
from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

PLAIN = {
    StringField: str,
    IntField: int,
    FloatField: float,
    BooleanField: bool,
    DateTimeField: datetime,
    BinaryField: bytes,
    ObjectIdField: ObjectId,
    StructField: dict[str, Any],
}


def stored_type(model: Any) -> Any:
    return getattr(import_module(model.__module__), f"Stored{model.__name__}")


def type_of(field: BaseField) -> Any:
    if isinstance(field, EmbeddedDocumentField):
        return stored_type(field.document_type)
    if isinstance(field, ListField):
        return list[type_of(field.field)]  # type: ignore[misc]
    return next(found for kind, found in PLAIN.items() if isinstance(field, kind))


def declared(model: Any) -> dict[str, Any]:
    fields = {name: field for name, field in model._fields.items() if name != "id"}
    return {name: type_of(field) if field.required else NotRequired[type_of(field)] for name, field in fields.items()}


def with_embedded(models: list[Any]) -> list[Any]:
    fields = [field for model in models for field in model._fields.values()]
    # A list of embedded documents holds the field of one.
    each = [field if isinstance(field, EmbeddedDocumentField) else getattr(field, "field", None) for field in fields]
    return [*models, *{one.document_type for one in each if isinstance(one, EmbeddedDocumentField)}]


TYPED = with_embedded(list(ALL_DOCUMENTS))


@pytest.mark.parametrize("model", TYPED, ids=lambda model: model.__name__)
def test_a_stored_document_has_the_fields_of_its_model(model: Any) -> None:
    hints = get_type_hints(stored_type(model), include_extras=True)
    hints.pop("_id", None)

    assert hints == declared(model)


def test_the_comparison_notices_another_type_and_what_is_required() -> None:
    assert len(TYPED) >= 11 + 4
    assert get_origin(get_type_hints(StoredDocument, include_extras=True)["_id"]) is NotRequired
    hints = declared(TYPED[0])
    assert hints["created_at"] is datetime
    assert get_args(hints["last_collected_at"]) == (datetime,)
