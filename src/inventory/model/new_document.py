"""Creates raw documents from validated values; all new documents are created here."""

from __future__ import annotations

from typing import Any

from mongoengine import Document as Model
from mongoengine.errors import FieldDoesNotExist, ValidationError

from inventory.errors import InvalidParameterError
from inventory.model.schema import compiled


def new_document(model: type[Model], **values: Any) -> Any:
    """Return the raw document of ``model`` with ``values``, defaults filled in and validated.

    It is a dict of the model's TypedDict, such as ``StoredJob`` of ``Job``.

    Raises:
        InvalidParameterError: names the first invalid field.
    """
    made = compiled(model)(values)
    if made is not None:
        return made
    return made_by_mongoengine(model, values)


def made_by_mongoengine(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """Return the same by means of a mongoengine object; raises like ``new_document``."""
    try:
        instance = model(**values)
        instance.validate()
    except ValidationError as exc:
        key, reason = next(iter(exc.to_dict().items()), ("", "is invalid"))
        while isinstance(reason, dict):
            inner, reason = next(iter(reason.items()))
            key = f"{key}.{inner}"
        raise InvalidParameterError(key=str(key), reason=str(reason)) from None
    except FieldDoesNotExist as exc:
        raise TypeError(f"{model.__name__} has no such field") from exc
    raw: dict[str, Any] = instance.to_mongo().to_dict()
    raw.pop("_id", None)
    return raw
