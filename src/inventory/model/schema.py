"""A model's schema, compiled once, for documents that are created on hot paths.

Creating a mongoengine object, validating it and converting it back to a dict costs several times as much as storing the
dict. The compiled form accepts plain values that are certainly valid; everything else, including invalid values, is
left to mongoengine, so that schema and error messages are defined in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    FloatField,
    IntField,
    ListField,
    StringField,
)
from mongoengine.base import BaseDocument, BaseField

from inventory.model.fields import StructField

Maker = Callable[[dict[str, Any]], "dict[str, Any] | None"]
"""Values by field → the raw document; None if mongoengine must check them."""

_Accept: TypeAlias = Callable[[Any], bool]
_PLAIN: Final = {FloatField: float, BooleanField: bool, DateTimeField: datetime, BinaryField: bytes, StructField: dict}
"""Field classes that accept every value of exactly one type, and store it unchanged."""


_compiled: dict[object, Maker] = {}


def compiled(model: type[BaseDocument]) -> Maker:
    """Return the function that creates raw documents of ``model``; it ignores ``_id``."""
    made = _compiled.get(model)
    if made is None:
        made = _compiled[model] = _compile(model)
    return made


def _compile(model: type[BaseDocument]) -> Maker:
    fields = [_Compiled(name, model._fields[name]) for name in model._fields_ordered if name != "id"]
    known = frozenset(field.name for field in fields)
    refused = model.clean not in {Document.clean, EmbeddedDocument.clean} or any(
        field.stored_as != field.name for field in fields
    )

    def make(values: dict[str, Any]) -> dict[str, Any] | None:
        if refused or not known.issuperset(values):
            return None
        raw = {}
        for field in fields:
            value = values.get(field.name)
            if value is None:
                value = field.default()
                if value is None:
                    if field.required:
                        return None
                    continue
            if field.nested is not None:
                value = field.nested(value) if type(value) is dict else None
                if value is None:
                    return None
            elif not field.accept(value):
                return None
            raw[field.name] = value
        return raw

    return make


class _Compiled:
    """One field.

    Attributes:
        name, stored_as, required: as declared; names without mongoengine's own checks are not translated.
        default: creates the value of an absent field; None for none.
        nested: creates an embedded document, if the field is one.
        accept: whether mongoengine would accept the value and store it unchanged.
    """

    __slots__ = ("accept", "default", "name", "nested", "required", "stored_as")

    def __init__(self, name: str, field: BaseField) -> None:
        self.name = name
        self.stored_as = field.db_field
        self.required = bool(field.required)
        default = field.default
        self.default: Callable[[], Any] = default if callable(default) else lambda: default
        self.nested = compiled(field.document_type) if type(field) is EmbeddedDocumentField else None
        self.accept = _accept(field)


def _accept(field: BaseField) -> _Accept:
    if field.validation is not None or field.null:
        return _never
    kind = type(field)
    if kind is StringField:
        return _text(field)
    if field.choices is not None:
        return _never
    if kind is IntField:
        low = -(2**63) if field.min_value is None else field.min_value
        high = 2**63 - 1 if field.max_value is None else field.max_value
        return lambda value: type(value) is int and low <= value <= high
    if kind is ListField and field.field is not None and field.max_length is None:
        item = _accept(field.field)
        return lambda value: type(value) is list and all(item(each) for each in value)
    exact = _PLAIN.get(kind)
    return _never if exact is None else lambda value: type(value) is exact


def _text(field: StringField) -> _Accept:
    if field.regex is not None or field.min_length is not None:
        return _never
    if field.choices is not None:
        choices = frozenset(field.choices) if all(type(each) is str for each in field.choices) else frozenset()
        return lambda value: type(value) is str and value in choices
    longest = field.max_length
    if longest is None:
        return lambda value: type(value) is str
    return lambda value: type(value) is str and len(value) <= longest


def _never(_value: object) -> bool:
    return False
