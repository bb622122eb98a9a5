"""A model has the fields that the TypedDict of its raw documents declares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, TypedDict

import pytest
from bson.objectid import ObjectId
from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from inventory.errors import InvalidParameterError
from inventory.model.declare import index, model, present, unique
from inventory.model.fields import StructField
from inventory.model.new_document import new_document
from inventory.model.stored import StoredDocument


class StoredWheel(TypedDict):
    """An embedded document."""

    size: int


class StoredCar(StoredDocument):
    """One field of each kind."""

    name: Annotated[str, {"max_length": 3}]
    doors: Annotated[int, {"default": 4}]
    price: float
    sold: bool
    built_at: datetime
    key: NotRequired[bytes]
    owner: NotRequired[ObjectId]
    data: NotRequired[dict[str, Any]]
    spare: NotRequired[StoredWheel]
    wheels: NotRequired[list[StoredWheel]]
    colors: NotRequired[list[Annotated[str, {"max_length": 5}]]]
    remarks: NotRequired[list[dict[str, Any]]]


Car = model(StoredCar, "car", unique("name", "-id"), index("key", where=present("key"), name="by_key"))
VALID: dict[str, Any] = {"name": "abc", "price": 1.5, "sold": False, "built_at": datetime(2026, 1, 5, tzinfo=UTC)}
KINDS = {
    "id": ObjectIdField,
    "name": StringField,
    "doors": IntField,
    "price": FloatField,
    "sold": BooleanField,
    "built_at": DateTimeField,
    "key": BinaryField,
    "owner": ObjectIdField,
    "data": StructField,
    "spare": EmbeddedDocumentField,
    "wheels": EmbeddedDocumentListField,
    "colors": ListField,
    "remarks": ListField,
}


def test_each_type_stands_for_its_field_and_what_is_not_optional_is_required() -> None:
    fields = Car._fields

    assert {name: type(field) for name, field in fields.items()} == KINDS
    assert [name for name, field in fields.items() if field.required] == ["name", "doors", "price", "sold", "built_at"]
    assert fields["spare"].document_type is fields["wheels"].field.document_type
    assert type(fields["remarks"].field) is StructField


def test_a_field_has_its_options() -> None:
    assert new_document(Car, **VALID) == {**VALID, "doors": 4, "wheels": [], "colors": [], "remarks": []}
    for wrong in ({"name": "abcd"}, {"colors": ["purple"]}, {"spare": {"size": "x"}}, {"price": None}):
        with pytest.raises(InvalidParameterError, match=next(iter(wrong))):
            new_document(Car, **{**VALID, **wrong})


def test_indexes_are_those_declared() -> None:
    assert Car._meta["collection"] == "car"
    assert Car._meta["index_specs"] == [
        {"fields": [("name", 1), ("_id", -1)], "unique": True},
        {"fields": [("key", 1)], "partialFilterExpression": {"key": {"$exists": True}}, "name": "by_key"},
    ]
