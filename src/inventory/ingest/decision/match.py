"""Match rules: find the stored resource for a streamed one (contract, section 7). Pure: values in, lookups out."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from inventory.domain.keys import escape_key
from inventory.domain.plain import Json
from inventory.errors import (
    AuthenticateFailureError,
    ConnectionFailureError,
    InvalidResourceError,
    InventoryError,
    MatchRuleError,
    PermissionDeniedError,
    RequestTimeoutError,
)
from inventory.ingest.decision.match_values import comparable, has_no_value, value_at
from inventory.ingest.reading.kinds import ResourceKind
from inventory.ingest.reading.record import free_form, is_text, tags_of, text

MatchRule = tuple[str, ...]
Fill = Callable[[Json], Json]

PLATFORM_ERRORS: Final = (
    AuthenticateFailureError,
    ConnectionFailureError,
    PermissionDeniedError,
    RequestTimeoutError,
)
"""Failures of identity that are not the resource's fault, so the slice fails and is retried."""
_IMPLIED_KEYS: Final = frozenset({"domain_id", "state"})
_PROVIDER: Final = "provider"
_MAX_SEGMENTS: Final = 50
_MAX_CHARACTERS: Final = 64 * 1024
_MAX_INTEGER: Final = 2**63


@dataclass(frozen=True, slots=True)
class MatchCondition:
    """One rule applied to one resource.

    Attributes:
        paths: the stored paths of the keys, sorted.
        values: the required values, comparable and hashable (see :func:`comparable`).
        wanted: the same in the form that MongoDB compares; None for "no value".
    """

    paths: tuple[str, ...]
    values: tuple[Any, ...]
    wanted: tuple[Any, ...]


_NEVER: Final = MatchCondition((), (), ())
"""For a rule that no stored resource can meet."""


def _nothing(_resource: Json) -> Json:
    return {}


def parse_rules(match_rules: Json, kind: ResourceKind) -> tuple[MatchRule | MatchRuleError, ...]:
    """Return the rules in numeric order; in place of an invalid one, the error it leads to.

    Raises:
        MatchRuleError: no rules were sent.
    """
    if not match_rules:
        raise MatchRuleError(reason="none sent")
    numbered = [(_position(number), _parsed(number, keys, kind)) for number, keys in match_rules.items()]
    return tuple(rule for _, rule in sorted(numbered, key=itemgetter(0)))


def _position(number: object) -> float:
    try:
        position = float(str(number))
    except ValueError:
        return math.inf
    return math.inf if math.isnan(position) else position


def _parsed(number: object, keys: Any, kind: ResourceKind) -> MatchRule | MatchRuleError:
    if not math.isfinite(_position(number)):
        return MatchRuleError(reason="rules are numbered")
    if isinstance(keys, str):
        keys = [keys]
    if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
        return MatchRuleError(reason="a rule is a list of keys")
    if any(key.partition(".")[0] in kind.owned_keys for key in keys):
        return MatchRuleError(reason="a key says who collected the resource, not which it is")
    return tuple(sorted({key for key in keys if key not in _IMPLIED_KEYS}))


def is_stored(key: str, kind: ResourceKind) -> bool:
    """Return whether the match key ``key`` refers to something stored that a query can use."""
    if key in kind.text_keys:
        return True
    root, *rest = key.split(".")
    broken = "\0" in key or len(rest) > _MAX_SEGMENTS or any(not part or part.startswith("$") for part in rest)
    return root in kind.free_keys and not broken and is_text(key)


def conditions_of(
    rules: Iterable[MatchRule | MatchRuleError], resource: Json, kind: ResourceKind, fill: Fill = _nothing
) -> tuple[list[MatchCondition], InventoryError | None]:
    """Return the conditions of the rules that apply, up to the first invalid one, and that one's error.

    A rule applies if at least one of its keys has a value. A key that is not stored narrows nothing if the resource has
    no value there; if it has one, the rule never matches (contract §7). The error counts only if none of the conditions
    before it matches.

    Args:
        rules: as returned by :func:`parse_rules`.
        resource: the resource as it was sent.
        kind: its kind.
        fill: returns the values of ``kind.filled_keys`` as they will be stored; called only if a rule names one.

    Raises:
        MatchRuleError: no rule applies.
        InvalidResourceError: the provider's value has the wrong type.
        InventoryError: ``fill`` failed because of the platform, not the resource (:data:`PLATFORM_ERRORS`).
    """
    provider = _checked(_PROVIDER, text(_PROVIDER, resource.get(_PROVIDER)))
    found: list[MatchCondition] = []
    missed = False
    for rule in rules:
        try:
            condition = _applied(rule, resource, kind, provider, fill)
        except PLATFORM_ERRORS:
            raise
        except InventoryError as exc:
            return found, exc
        if condition is _NEVER:
            missed = True
        elif condition:
            found.append(condition)
    if not found and not missed:
        raise MatchRuleError(reason="no key of any rule has a value")
    return found, None


def _applied(
    rule: MatchRule | MatchRuleError, resource: Json, kind: ResourceKind, provider: str, fill: Fill
) -> MatchCondition | None:
    """Return the condition of one rule; None if it has no value, :data:`_NEVER` if nothing can meet it."""
    if isinstance(rule, MatchRuleError):
        raise rule
    if kind.plain_keys.issuperset(rule):
        return _text_condition(rule, resource, kind, provider)
    if not kind.filled_keys.isdisjoint(rule):
        resource = {**resource, **fill(resource)}
    pairs = []
    for key in rule:
        if is_stored(key, kind):
            pairs.append((stored_path(key, kind, provider), _checked(key, _sent(key, resource, kind))))
        elif not has_no_value(_sent(key, resource, kind)):
            if key.partition(".")[0] in kind.free_keys:
                raise MatchRuleError(reason="a key cannot be looked up")
            return _NEVER
    return _condition(rule, pairs, kind, provider)


def _text_condition(rule: MatchRule, resource: Json, kind: ResourceKind, provider: str) -> MatchCondition | None:
    """Return what :func:`_condition` returns, for a rule of text keys only, like almost all rules."""
    values = tuple([_checked_text(key, resource) or None for key in rule])
    if not any(values):
        return None
    indexed = kind.indexed in rule and values[rule.index(kind.indexed)]
    if not indexed and _PROVIDER not in rule and provider:
        rule, values = (*rule, _PROVIDER), (*values, provider)
    return MatchCondition(rule, values, values)


def _checked_text(key: str, resource: Json) -> str:
    root, _, rest = key.partition(".")
    value = resource.get(root)
    if rest:
        value = value.get(rest) if isinstance(value, Mapping) else None
    if type(value) is not str:
        value = text(key, value)
    if not value.isascii() or len(value) > _MAX_CHARACTERS:
        _checked(key, value)
    return value


def conditions_of_stored(rules: Iterable[MatchRule], document: Json, kind: ResourceKind) -> list[MatchCondition]:
    """Return what :func:`conditions_of` returns for a resource whose values are all stored already."""
    provider = document.get(_PROVIDER) or ""
    paths = ((rule, [stored_path(key, kind, provider) for key in rule]) for rule in rules)
    conditions = (
        _condition(rule, [(path, value_at(document, path)) for path in own], kind, provider) for rule, own in paths
    )
    return [condition for condition in conditions if condition]


def _condition(
    rule: MatchRule, pairs: list[tuple[str, Any]], kind: ResourceKind, provider: str
) -> MatchCondition | None:
    if all(has_no_value(value) for _, value in pairs):
        return None
    indexed = any(path == kind.indexed and not has_no_value(value) for path, value in pairs)
    if not indexed and _PROVIDER not in rule and provider:
        # Whatever the rule, its lookup is bounded by an index.
        pairs = [*pairs, (_PROVIDER, provider)]
    return MatchCondition(
        paths=tuple(path for path, _ in pairs),
        values=tuple(comparable(value) for _, value in pairs),
        wanted=tuple(None if has_no_value(value) else value for _, value in pairs),
    )


def stored_path(key: str, kind: ResourceKind, provider: str) -> str:
    """Return the stored path of the match key ``key``; tags and metadata of a CloudService are per provider."""
    root, _, rest = key.partition(".")
    if not kind.stateful or not rest or root not in {"tags", "metadata"}:
        return key
    return f"{root}.{escape_key(provider)}.{escape_key(rest) if root == 'tags' else rest}"


def _sent(key: str, resource: Json, kind: ResourceKind) -> Any:
    root, _, rest = key.partition(".")
    if key in kind.text_keys:
        return _checked_text(key, resource)
    if root == "tags" and rest:
        return tags_of(resource.get("tags") or {}).get(rest)
    if root in {"data", "metadata"} and root in kind.free_keys:
        content = free_form(resource, root) or {}
        return content.get("") if key.endswith(".") and not rest else value_at(content, rest)
    return resource.get(key) if key in resource or not key else value_at(resource, key)


def _checked(key: str, value: Any) -> Any:
    """Return ``value`` if a query can contain it.

    Raises:
        InvalidResourceError: it is a dict, too long, too large a number, or not UTF-8.
    """
    if isinstance(value, list | tuple):
        return [_checked(key, part) for part in value]
    fits = (
        len(value) <= _MAX_CHARACTERS and is_text(value)
        if isinstance(value, str)
        else value == value and (not isinstance(value, int) or -_MAX_INTEGER <= value < _MAX_INTEGER)  # not NaN
    )
    if not fits or (isinstance(value, Mapping) and value):
        raise InvalidResourceError(key=key, reason="has a value that cannot be looked up")
    return value


def match_key(kind: ResourceKind, condition: MatchCondition) -> bytes:
    """Return the hash that two creations with the same rule and values share."""
    pairs = sorted(zip(condition.paths, (repr(value) for value in condition.values), strict=True))
    return hashlib.blake2b(json.dumps([kind.resource_type, *pairs]).encode("utf-8", "replace"), digest_size=16).digest()
