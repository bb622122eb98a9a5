"""Translates a client's collect filter for the plugin, by its ``metadata.filter_format`` (contract, section 6).

Pure: :func:`checked_filter` returns what the client asked for, field by field; the planner of the job looks up the
fields of stored resources; :func:`filters_by_secret` combines the results. The rule throughout is that a filter never
widens: a condition that finds nothing collects nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.errors import InvalidParameterTypeError, UnsupportedFilterKeyError

CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """The values at ``resource_key`` of the resources found are sent under ``change_key``."""

    resource_key: str
    change_key: str


@dataclass(frozen=True, slots=True)
class FilterFormat:
    """One key by which a plugin lets clients filter.

    Attributes:
        key: the client's key, and the compared key of the stored resources. The ``search_key`` of the metadata tells
            consoles how to suggest values, and is not used here.
        is_list: whether the plugin takes a list for it.
        resource_type: ``CUSTOM``, or the type of the stored resources in which the key is looked up.
        change_rules: what is sent of the resources found.
    """

    key: str
    is_list: bool
    resource_type: str
    change_rules: tuple[ChangeRule, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterLookup:
    """A field of the client's filter to be answered by stored resources: ``values`` at ``format.key``."""

    format: FilterFormat
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CheckedFilter:
    """A validated client's filter.

    Attributes:
        given: whether the client sent a filter.
        custom: what is passed on unchanged.
        lookups: what must first be looked up in stored resources.
        impossible: whether it can find nothing, for example because of an empty list.
    """

    given: bool = False
    custom: Mapping[str, Any] | None = None
    lookups: tuple[FilterLookup, ...] = ()
    impossible: bool = False


Found = Mapping[str, Mapping[str, Sequence[Any]]]
"""The result of a lookup: per secret and change_key, the distinct values."""


def parse_formats(metadata: Mapping[str, Any]) -> dict[str, FilterFormat] | None:
    """Return the plugin's filter formats by key, or None if it has no ``filter_format``.

    Entries without a key are skipped, since plugins differ.
    """
    listed = metadata.get("filter_format")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return None
    formats = (_format(entry) for entry in listed if isinstance(entry, Mapping) and _text(entry, "key"))
    return {parsed.key: parsed for parsed in formats}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _format(entry: Mapping[str, Any]) -> FilterFormat:
    key = _text(entry, "key")
    listed = entry.get("change_rules")
    rules = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()
    return FilterFormat(
        key=key,
        is_list=_text(entry, "type") == "list",
        resource_type=_text(entry, "resource_type") or CUSTOM,
        change_rules=tuple(
            ChangeRule(_text(rule, "resource_key"), _text(rule, "change_key"))
            for rule in rules
            if isinstance(rule, Mapping)
        ),
    )


def checked_filter(filter: Mapping[str, Any], metadata: Mapping[str, Any]) -> CheckedFilter:
    """Check a client's filter against the plugin's metadata.

    Without a ``filter_format``, a filter is ignored: it counts as ``given``, but nothing of it is sent.

    Raises:
        UnsupportedFilterKeyError: a key that the filter_format does not have.
        InvalidParameterTypeError: a value that the format does not accept.
    """
    if not filter:
        return CheckedFilter()
    formats = parse_formats(metadata)
    if formats is None:
        return CheckedFilter(given=True)
    custom: dict[str, Any] = {}
    lookups: list[FilterLookup] = []
    impossible = False
    for key, value in filter.items():
        found = formats.get(key)
        if found is None:
            raise UnsupportedFilterKeyError(key=key)
        _check_value(found, value)
        impossible = impossible or value == []
        if found.resource_type == CUSTOM:
            custom[key] = [value] if found.is_list and not isinstance(value, list) else value
        else:
            lookups.append(FilterLookup(found, tuple(value) if isinstance(value, list) else (value,)))
    return CheckedFilter(given=True, custom=custom, lookups=tuple(lookups), impossible=impossible)


def _check_value(format: FilterFormat, value: object) -> None:
    expected = "list" if format.is_list else "str"
    looked_up = format.resource_type != CUSTOM
    elements = value if isinstance(value, list) else [value]
    if (
        value is None
        or (isinstance(value, list) and not format.is_list and not looked_up)
        or (looked_up and any(element is None or isinstance(element, dict | list) for element in elements))
    ):
        raise InvalidParameterTypeError(key=f"filter.{format.key}", expected=expected)


def filters_by_secret(
    checked: CheckedFilter, found: Sequence[Found], secret_ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return the plugin's filter for each secret that has something to collect; the others are left out.

    Conditions are ANDed: a secret must be in the result of every lookup, and if two lookups concern the same
    change_key, only their common values remain.

    Args:
        checked: the client's filter.
        found: the results of ``checked.lookups``, in the same order.
        secret_ids: the collector's secrets, in order.
    """
    if checked.impossible:
        return {}
    result: dict[str, dict[str, Any]] = {}
    for secret_id in secret_ids:
        narrowed = _narrowed([answer.get(secret_id, {}) for answer in found])
        if narrowed is not None:
            result[secret_id] = dict(checked.custom or {}) | narrowed
    return result


def _narrowed(answers: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, list[Any]] | None:
    """Return what is sent for all ``answers``, or None if one of them found nothing or they exclude each other."""
    merged: dict[str, list[Any]] = {}
    for answer in answers:
        parts = {key: list(values) for key, values in answer.items() if values}
        if not parts:
            return None
        for key, values in parts.items():
            merged[key] = [value for value in merged[key] if value in values] if key in merged else values
            if not merged[key]:
                return None
    return merged


def with_cache(filter: Mapping[str, Any], cache: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``filter`` merged with the plugin's cached filter; the client's values take precedence."""
    return {key: value for key, value in cache.items() if value} | dict(filter)
