"""Fields described by a plugin's view definition (``metadata.view``), and how their values are displayed.

The definitions are data: for an unknown type or invalid options, the plain value is displayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

from inventory.console import text
from inventory.console.resource.tree import position

MAX_FIELDS: Final = 60
_MAX_ITEMS: Final = 50
_UNITS: Final = {
    "BYTES": 0,
    "KB": 1,
    "MB": 2,
    "GB": 3,
    "TB": 4,
    "PB": 5,
    "KIB": 1,
    "MIB": 2,
    "GIB": 3,
    "TIB": 4,
    "PIB": 5,
}


@dataclass(frozen=True, slots=True)
class ViewField:
    """A column of a table, or a line of an item.

    Attributes:
        key: dotted path into the resource.
        name: its heading.
        type: how its value is displayed.
        options: of the type.
    """

    key: str
    name: str
    type: str = "text"
    options: Mapping[str, Any] = field(default_factory=dict)

    def shown(self, row: Any) -> Markup:
        """Return the value of a row, as the field displays it."""
        return shown_value(value_at(row, self.key), self.type, self.options)


def fields_of(options: Any) -> tuple[ViewField, ...]:
    """Return the fields that the options of a layout list; invalid entries are skipped."""
    listed = options.get("fields") if isinstance(options, Mapping) else None
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    found = (_field_of(each) for each in listed[:MAX_FIELDS])
    return tuple(each for each in found if each is not None)


def _field_of(content: Any) -> ViewField | None:
    if not isinstance(content, Mapping) or not isinstance(content.get("key"), str):
        return None
    options = content.get("options")
    return ViewField(
        content["key"],
        str(content.get("name") or content["key"]),
        str(content.get("type") or "text"),
        options if isinstance(options, Mapping) else {},
    )


def value_at(row: Any, path: str) -> Any:
    """Return the value at a dotted path, or None. A number is a position in a list; for a list whose members have the
    name, all their values are returned."""
    value = row
    for name in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal():
            at = position(name)
            value = value[at] if at is not None and at < len(value) else None
        elif isinstance(value, list):
            value = [each.get(name) for each in value if isinstance(each, Mapping)]
        else:
            return None
    return value


def shown_value(value: Any, kind: str, options: Mapping[str, Any]) -> Markup:
    """Return a value as displayed by a type of field; a missing value as a dash."""
    if value is None or value in ("", [], {}):
        default = options.get("default")
        return Markup('<span class="none">–</span>') if default in (None, "") else text.shown(default)
    if isinstance(value, list) and kind not in ("dict", "list"):
        return _list(value, {"item": {"type": kind, "options": options}})
    return _TYPES.get(kind, _plain)(value, options)


def _plain(value: Any, options: Mapping[str, Any]) -> Markup:
    if isinstance(value, bool):
        return Markup("yes") if value else Markup("no")
    if isinstance(value, Mapping | list):
        return text.shown(json.dumps(value, ensure_ascii=False), 200)
    prefix, suffix = (options.get(name) if isinstance(options.get(name), str) else "" for name in ("prefix", "postfix"))
    shown = text.shown(f"{prefix}{value}{suffix}")
    link = text.safe_link(_filled(options.get("link"), value))
    return Markup('<a href="{}" rel="noreferrer noopener external">{}</a>').format(link, shown) if link else shown


def _filled(link: Any, value: Any) -> str:
    return link.replace("{{value}}", str(value)) if isinstance(link, str) else ""


def _badge(value: Any, _options: Mapping[str, Any]) -> Markup:
    return Markup('<span class="badge">{}</span>').format(text.shown(value, 120))


def _list(value: Any, options: Mapping[str, Any]) -> Markup:
    items = value if isinstance(value, list) else [value]
    sub_key = options.get("sub_key")
    if isinstance(sub_key, str) and sub_key:
        items = [value_at(each, sub_key) for each in items]
    item = options.get("item")
    kind, given = (
        (str(item.get("type") or "text"), item.get("options")) if isinstance(item, Mapping) else ("badge", None)
    )
    item_options: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    shown = [_TYPES.get(kind, _plain)(each, item_options) for each in items[:_MAX_ITEMS]]
    more = Markup(' <span class="muted">and {} more</span>').format(len(items) - _MAX_ITEMS)
    joint = Markup(" ") if kind == "badge" else Markup(", ")
    return joint.join(shown) + (more if len(items) > _MAX_ITEMS else Markup(""))


def _datetime(value: Any, options: Mapping[str, Any]) -> Markup:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = value / 1000 if options.get("source_format") == "milliseconds" or abs(value) > 1e11 else value
            return text.clock_tag(datetime.fromtimestamp(seconds, UTC).isoformat())
        except (ValueError, OverflowError, OSError):
            return text.shown(value)
    return text.clock_tag(value)


def _size(value: Any, options: Mapping[str, Any]) -> Markup:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text.shown(value)
    power = _UNITS.get(str(options.get("source_unit", "BYTES")).upper(), 0)
    return Markup('<span class="nowrap" title="{}">{}</span>').format(value, text.size(value * 1024**power))


def _enum(value: Any, options: Mapping[str, Any]) -> Markup:
    known = options.get(text.written(value), options.get(str(value)))
    name = known.get("name") if isinstance(known, Mapping) else None
    return _badge(name if isinstance(name, str) and name else value, {})


def _dict(value: Any, _options: Mapping[str, Any]) -> Markup:
    if not isinstance(value, Mapping):
        return _plain(value, {})
    pairs = [
        Markup('<span class="badge">{}: {}</span>').format(text.shown(k, 60), text.shown(v, 100))
        for k, v in value.items()
    ]
    return Markup(" ").join(pairs[:_MAX_ITEMS])


_TYPES: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Markup]]] = {
    "text": _plain,
    "badge": _badge,
    "list": _list,
    "datetime": _datetime,
    "size": _size,
    "enum": _enum,
    "state": _enum,
    "dict": _dict,
}
"""The known types of fields; any other is displayed as text."""
