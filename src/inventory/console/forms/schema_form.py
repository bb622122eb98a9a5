"""A form for a plugin's options, from its ``options_schema``, and for its filter, from its ``filter_format``.

The supported subset of JSON Schema is what plugins use: an object whose properties are strings, numbers, booleans, one
of several values, or some of several values; anything else is entered as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inventory.console.forms.masking import is_secret

MAX_FIELDS: Final = 100
PREFIX: Final = "option."
_NUMBERS: Final = frozenset({"number", "integer"})


class FieldError(ValueError):
    """The value entered into a field is invalid; says which and why."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form.

    Attributes:
        key: the option's key.
        title: its heading.
        kind: ``text``, ``number``, ``bool``, ``one`` of the choices, ``several`` of them, or ``json``.
        hint: a line of explanation.
        choices: the values to choose from.
        default: the value used if nothing is entered; None for none.
        required: whether a value must be entered.
        value: the current value; None for none.
    """

    key: str
    title: str
    kind: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    required: bool = False
    value: Any = None

    @property
    def name(self) -> str:
        """The name of its input."""
        return PREFIX + self.key

    @property
    def is_kept(self) -> bool:
        """Whether it is a secret that is set: it is not shown, and kept if nothing is entered."""
        return self.value not in (None, "") and self.kind in ("text", "json", "number") and is_secret(self.key)

    @property
    def shown(self) -> Any:
        """The content of its input: as text, except for choices and booleans."""
        value = self.default if self.value is None else self.value
        if self.is_kept:
            return ""
        if self.kind in ("bool", "several", "one"):
            return value
        if self.kind == "json":
            return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
        return "" if value is None else str(value)


def option_fields(schema: Any, options: Mapping[str, Any]) -> tuple[FormField, ...]:
    """Return the fields of an ``options_schema``, with the current options; none for an invalid schema."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return ()
    order = schema.get("order")
    first = [key for key in order if isinstance(key, str) and key in properties] if isinstance(order, list) else []
    required = schema.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    keys = list(dict.fromkeys([*first, *properties]))[:MAX_FIELDS]
    return tuple(_field(key, properties[key], options.get(key), required=key in needed) for key in keys)


def _field(key: str, content: Any, value: Any, *, required: bool) -> FormField:
    about = content if isinstance(content, Mapping) else {}
    title, hint = str(about.get("title") or key), str(about.get("description") or "")
    items = about.get("items")
    kind, choices = "json", _choices(about.get("enum"))
    if choices:
        kind = "one"
    elif about.get("type") == "array" and isinstance(items, Mapping) and _choices(items.get("enum")):
        kind, choices = "several", _choices(items.get("enum"))
    elif about.get("type") in _NUMBERS:
        kind = "number"
    elif about.get("type") == "boolean":
        kind = "bool"
    elif about.get("type") == "string":
        kind = "text"
    return FormField(key, title, kind, hint, choices, about.get("default"), required, value)


def _choices(values: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in values[:500]) if isinstance(values, list) else ()


def read_options(fields: Sequence[FormField], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the options entered in a form; empty fields are left out.

    Raises:
        FieldError: a value is invalid.
    """
    found: dict[str, Any] = {}
    for field in fields:
        value = _read(field, form.get(field.name, "").strip())
        if value is None and field.is_kept:
            value = field.value
        if value is not None:
            found[field.key] = value
        elif field.required and field.default is None:
            raise FieldError(f"{field.title}: is required")
    return found


def _read(field: FormField, text: str) -> Any:
    if field.kind == "bool":
        return text == "true"
    if not text:
        return None
    if field.kind == "several":
        chosen = [each for each in text.split(",") if each in field.choices]
        return chosen or None
    if field.kind == "one" and text not in field.choices:
        raise FieldError(f"{field.title}: must be one of {', '.join(field.choices)}")
    if field.kind == "number":
        try:
            return json.loads(text) if text.lstrip("-")[:1].isdigit() else float(text)
        except ValueError:
            raise FieldError(f"{field.title}: {text[:40]!r} is not a number") from None
    return read_json(text, field.title) if field.kind == "json" else text


def read_json(text: str, title: str) -> Any:
    """Return the value of a JSON field.

    Raises:
        FieldError: it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as exc:
        where = f"line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else "a number"
        raise FieldError(f"{title}: is not JSON ({where})") from None


def read_object(text: str, title: str) -> dict[str, Any]:
    """Return the JSON object in a field; an empty field is an empty object.

    Raises:
        FieldError: it is not a JSON object.
    """
    value = read_json(text, title) if text.strip() else {}
    if not isinstance(value, dict):
        raise FieldError(f"{title}: must be a JSON object, such as {{}}")
    return value


def _refuse(_name: str) -> Any:
    raise ValueError


def filter_fields(filter_format: Any) -> tuple[FormField, ...]:
    """Return the fields of a ``filter_format``; none if it is invalid."""
    listed = filter_format if isinstance(filter_format, list) else []
    return tuple(
        FormField(
            str(each["key"]),
            str(each.get("name") or each["key"]),
            "text",
            hint="one or several, separated by commas" if each.get("type") == "list" else "",
            default=None,
        )
        for each in listed[:MAX_FIELDS]
        if isinstance(each, Mapping) and isinstance(each.get("key"), str)
    )


def read_filter(fields: Sequence[FormField], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the filter entered in a form: a list for several values, a string for one."""
    found: dict[str, Any] = {}
    for field in fields:
        values = [each.strip() for each in form.get(field.name, "").split(",") if each.strip()]
        if values:
            found[field.key] = values if field.hint else ",".join(values)
    return found
