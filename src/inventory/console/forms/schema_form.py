"""A form for a plugin's options, from its ``options_schema``, and for its filter, from its ``filter_format``.

The supported subset of JSON Schema is what plugins use: an object whose properties are strings, numbers, booleans, one
of several values, or some of several values; anything else is entered as JSON. What is left as it was shown is kept as
it is stored, whatever its type: the schema may be newer than the options. An option that is not stored stays so, unless
it is required: the plugin has its own default.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from inventory.console.forms.field_error import FieldError
from inventory.console.forms.json_text import read_json, read_number
from inventory.console.forms.masking import is_secret, is_secret_text, masked
from inventory.console.forms.unmasking import unmasked

MAX_FIELDS: Final = 100
PREFIX: Final = "option."
_CLEAR: Final = "clear."
_NUMBERS: Final = frozenset({"number", "integer"})
_MAX_CHOICES: Final = 500


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
        secret: whether the key or the schema says that the value is a secret.
    """

    key: str
    title: str
    kind: str
    hint: str = ""
    choices: tuple[Any, ...] = ()
    default: Any = None
    required: bool = False
    value: Any = None
    secret: bool = False

    @property
    def name(self) -> str:
        """The name of its input."""
        return PREFIX + self.key

    @property
    def clear_name(self) -> str:
        """The name of the box that removes a secret, whose empty input keeps it; empty if it cannot be removed."""
        return _CLEAR + self.key if self.is_kept and not self.required else ""

    @property
    def is_kept(self) -> bool:
        """Whether it is a secret that is set: it is not shown, and kept if nothing is entered."""
        hidden = self.secret or (self.kind == "text" and is_secret_text(self.value))
        return hidden and self.kind in ("text", "json", "number") and self.value not in (None, "")

    @property
    def shown(self) -> str:
        """What its input contains, as a browser sends it if nothing is changed; several choices separated by commas."""
        value = self.default if self.value is None else self.value
        if self.is_kept or value is None:
            return ""
        match self.kind:
            case "bool":
                return "true" if value in (True, "true") else ""
            case "one":
                return "".join(self._sent([value])[:1])
            case "several":
                return ",".join(self._sent(value if isinstance(value, list) else [value]))
            case "json":
                return json.dumps(masked(value), ensure_ascii=False, indent=2)
        return str(value)

    def _sent(self, values: list[Any]) -> list[str]:
        wanted = [label(each) for each in values]
        return [sent for sent, text in self.labels if text in wanted]

    @property
    def labels(self) -> list[tuple[str, str]]:
        """What a browser sends for each choice, without commas if there can be several, and its text."""
        texts = map(label, self.choices)
        return [(quote(text, errors="replace") if self.kind == "several" else text, text) for text in texts]

    def chosen(self, text: str) -> list[Any]:
        """Return the choices that a browser sent."""
        sent = set(text.split(",")) if self.kind == "several" else {text}
        return [each for each, (name, _) in zip(self.choices, self.labels, strict=True) if _plain(name) in sent]

    def is_unchanged(self, text: str) -> bool:
        """Return whether a browser sent what was shown."""
        return text == _plain(self.shown)


def label(value: Any) -> str:
    """Return a choice as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text without what browsers change: the kind of line ends, and blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


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


def secret_keys(schema: Any) -> Collection[str]:
    """Return the options that an ``options_schema`` marks as secrets."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return {key for key, about in properties.items() if _is_secret(about)} if isinstance(properties, Mapping) else ()


def _is_secret(about: Any) -> bool:
    return isinstance(about, Mapping) and (about.get("format") == "password" or about.get("writeOnly") is True)


def _field(key: str, content: Any, value: Any, *, required: bool) -> FormField:
    about = content if isinstance(content, Mapping) else {}
    title, hint = str(about.get("title") or key), str(about.get("description") or "")
    items, secret = about.get("items"), is_secret(key) or _is_secret(about)
    kind, choices = "json", _choices(about.get("enum"))
    if choices:
        kind, choices = "one", _with(choices, [value], secret=secret)
    elif about.get("type") == "array" and isinstance(items, Mapping) and _choices(items.get("enum")):
        current = value if isinstance(value, list) else [value]
        kind, choices = "several", _with(_choices(items.get("enum")), current, secret=secret)
    elif about.get("type") in _NUMBERS:
        kind = "number"
    elif about.get("type") == "boolean":
        kind = "bool"
    elif about.get("type") == "string":
        kind = "text"
    return FormField(key, title, kind, hint, choices, about.get("default"), required, value, secret)


def _choices(values: Any) -> tuple[Any, ...]:
    return tuple(values[:_MAX_CHOICES]) if isinstance(values, list) else ()


def _with(choices: tuple[Any, ...], values: list[Any], *, secret: bool) -> tuple[Any, ...]:
    """Return the choices with the current values that the schema does not name, so that they can be seen and kept."""
    known = set(map(label, choices))
    return choices if secret else (*choices, *(v for v in values if v is not None and label(v) not in known))


def read_options(fields: Sequence[FormField], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the options entered in a form; empty fields are left out.

    Raises:
        FieldError: a value is invalid.
    """
    found: dict[str, Any] = {}
    for field in fields:
        value = _read(field, form.get(field.name), clear=bool(form.get(field.clear_name)))
        if value is not None:
            found[field.key] = value
        elif field.required and field.default is None:
            raise FieldError(f"{field.title}: is required")
    return found


def _read(field: FormField, given: str | None, *, clear: bool) -> Any:
    if given is None:
        return field.value
    text = _plain(given)
    if clear and not text:
        return None
    if field.is_unchanged(text):
        if field.value is not None or not field.required:
            return field.value
        if field.default is not None:
            return field.default
    if field.kind == "bool":
        return text == "true"
    if not text:
        # Nothing ticked any more is an empty list: without one, the default would be used.
        return [] if field.kind == "several" and field.shown and not field.required else None
    if field.kind in ("one", "several"):
        chosen = field.chosen(text)
        if not chosen:
            raise FieldError(f"{field.title}: must be one of {', '.join(map(label, field.choices))}")
        return chosen if field.kind == "several" else chosen[0]
    if field.kind == "number":
        return read_number(text, field.title)
    return unmasked(read_json(text, field.title), field.value, field.title) if field.kind == "json" else text


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
