"""One streamed resource while it is processed, and the stored resource that it matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from inventory.connector.ports import ResourceMessage
from inventory.domain.plain import Document
from inventory.errors import InventoryError, MatchRuleError, TooManyMatchError
from inventory.ingest.decision.match import (
    PLATFORM_ERRORS,
    Fill,
    MatchCondition,
    MatchRule,
    conditions_of,
    conditions_of_stored,
    is_stored,
    parse_rules,
)
from inventory.ingest.decision.match_lookups import lookups
from inventory.ingest.decision.match_values import stored_values
from inventory.ingest.reading.kinds import ResourceKind
from inventory.manager.resource.store import ResourceStore

Fail = Callable[[ResourceMessage, InventoryError], None]
Rules = tuple[MatchRule | MatchRuleError, ...]

CONTENDED: Final = "others kept changing it at the same time"
"""Why a resource fails that was looked up again too often."""
_PARSED_KEPT: Final = 64
"""Number of different match rules cached per stream; a plugin has a handful."""


@dataclass(slots=True, eq=False)
class Item:
    """A resource with its conditions, and the stored resource that it matches.

    Attributes:
        conditions: one per match rule that applies and can be met, in order.
        error: of the first invalid match rule; it counts if no condition matches.
        hit: what was read of the stored resource; None if there is none.
        recognized: whether the conditions are those of a stored resource with the message's fingerprint.
        differs: whether no stored resource has the message's fingerprint, so that the matching one has changed.
        collided: whether creating it collided with one just created by another writer.
        attempts: how often another writer was faster.
    """

    message: ResourceMessage
    conditions: list[MatchCondition]
    error: InventoryError | None = None
    hit: Document | None = None
    recognized: bool = False
    differs: bool = False
    collided: bool = False
    attempts: int = 0


class ItemReader:
    """Turns messages into items; repeated match rules are parsed once."""

    def __init__(self, kind: ResourceKind, *, store: ResourceStore, domain_id: str, fail: Fail, fill: Fill) -> None:
        self._kind = kind
        self._fill = fill
        self._store = store
        self._domain_id = domain_id
        self._fail = fail
        self._parsed: dict[str, Rules] = {}
        self._last: tuple[object, Rules] = (None, ())

    def read(self, messages: Sequence[ResourceMessage], fingerprints: Sequence[bytes | None] = ()) -> list[Item]:
        """Return the items of the messages with valid match rules; the others fail.

        Args:
            messages: the batch.
            fingerprints: of the messages, in the same order; a message with a stored one is not decoded.
        """
        ruled = []
        for position, message in enumerate(messages):
            fingerprint = fingerprints[position] if fingerprints else None
            try:
                ruled.append((message, self._rules(message), fingerprint))
            except InventoryError as exc:
                self._fail(message, exc)
        stored = self._recognize({fingerprint for _, _, fingerprint in ruled if fingerprint}, ruled)
        items = []
        for message, rules, fingerprint in ruled:
            known = stored.get(fingerprint) if stored and fingerprint else None
            if item := self._item(message, rules, known):
                item.differs = stored is not None and fingerprint is not None and not item.recognized
                items.append(item)
        return items

    def reread(self, item: Item) -> bool:
        """Take the conditions from the message itself; False if that fails."""
        fresh = self._item(item.message, self._rules(item.message), None)
        if fresh:
            item.conditions, item.error, item.recognized = fresh.conditions, fresh.error, False
        return fresh is not None

    def _item(self, message: ResourceMessage, rules: Rules, stored: Document | None) -> Item | None:
        if stored is not None and (conditions := conditions_of_stored(_readable(rules), stored, self._kind)):
            return Item(message, conditions, recognized=True)
        try:
            conditions, error = conditions_of(rules, message.resource, self._kind, self._fill)
            return Item(message, conditions, error)
        except PLATFORM_ERRORS:
            raise
        except InventoryError as exc:
            self._fail(message, exc)
            return None

    def _recognize(self, fingerprints: set[bytes], ruled: list[Any]) -> dict[bytes, Document] | None:
        """Return, by fingerprint, the stored resources last written from an identical message; None: unknown."""
        if not fingerprints:
            return None
        distinct = {rules for _, rules, _ in ruled}
        if any(len(_readable(rules)) < len(rules) for rules in distinct):
            return None
        keys = {key for rules in distinct for rule in _readable(rules) for key in rule}
        if any(key.partition(".")[0] in {"tags", "metadata"} or not is_stored(key, self._kind) for key in keys):
            return None
        query = {"fingerprint": {"$in": list(fingerprints)}}
        found: dict[bytes, Document] = {}
        fields = ["fingerprint", "fingerprint_outdated", "provider", *keys]
        for document in self._store.find(self._domain_id, query, fields=fields):
            if not document.get("fingerprint_outdated"):
                found[document["fingerprint"]] = document
        return found

    def _rules(self, message: ResourceMessage) -> Rules:
        # A stream's messages share equal parts, and most have the same rules as the previous one.
        if message.match_rules is self._last[0]:
            return self._last[1]
        written = repr(message.match_rules)
        rules = self._parsed.get(written)
        if rules is None:
            rules = parse_rules(message.match_rules, self._kind)
            if len(self._parsed) < _PARSED_KEPT:
                self._parsed[written] = rules
        self._last = message.match_rules, rules
        return rules


def _readable(rules: Rules) -> list[MatchRule]:
    return [rule for rule in rules if not isinstance(rule, MatchRuleError)]


def rounds(items: list[Item]) -> Iterator[list[Item]]:
    """Yield ``items`` in rounds, none of which contains the same resource twice, in the original order.

    What one message creates, a later one of the same batch must find. With the same rules, the same resource has the
    same conditions. With different rules it may not, but then the common parts of all rules are equal.
    """
    common = _common_paths(items)
    pending = items
    while pending:
        taken: set[Any] = set()
        rules_of: dict[Any, Any] = {}
        mixed: set[Any] = set()
        now: list[Item] = []
        later: list[Item] = []
        for item in pending:
            paths = tuple(condition.paths for condition in item.conditions)
            marks = [(condition.paths, condition.values) for condition in item.conditions]
            group = _values_at(item.conditions[0], common) if item.conditions else ()
            if rules_of.setdefault(group, paths) != paths:
                mixed.add(group)
            waits = group in mixed or any(mark in taken for mark in marks)
            (later if waits else now).append(item)
            taken.update(marks)
        yield now
        pending = later


def _common_paths(items: list[Item]) -> frozenset[str]:
    """Return the paths that every condition of every item has."""
    asked = {condition.paths for item in items for condition in item.conditions}
    return frozenset.intersection(*map(frozenset, asked)) if asked else frozenset()


def _values_at(condition: MatchCondition, paths: frozenset[str]) -> tuple[Any, ...]:
    pairs = zip(condition.paths, condition.values, strict=True)
    return tuple(value for path, value in sorted(pairs, key=itemgetter(0)) if path in paths)


def resolve(
    items: list[Item], *, store: ResourceStore, domain_id: str, fields: Iterable[str] | None, fail: Fail
) -> list[Item]:
    """Find the stored resource of each item, rule by rule, and return the items that did not fail.

    Args:
        items: their ``hit`` is set.
        store: where to look.
        fields: what to read of a hit, besides its id and the match keys; None for the whole document.
        fail: called for items that match more than one resource, or none before an invalid rule.
    """
    fine: list[Item] = []
    pending = items
    rule = 0
    while pending:
        for item in [item for item in pending if rule >= len(item.conditions)]:
            if item.error:
                fail(item.message, item.error)
            else:
                fine.append(item)
        pending = [item for item in pending if rule < len(item.conditions)]
        found = _find([item.conditions[rule] for item in pending], store, domain_id, fields)
        rest: list[Item] = []
        for item in pending:
            condition = item.conditions[rule]
            hits = found.get((condition.paths, condition.values), [])
            if len(hits) > 1:
                fail(item.message, TooManyMatchError(keys=condition.paths, count=len(hits)))
            elif hits:
                item.hit = hits[0]
                fine.append(item)
            else:
                item.hit = None
                rest.append(item)
        pending = rest
        rule += 1
    return fine


def _find(
    conditions: list[MatchCondition], store: ResourceStore, domain_id: str, fields: Iterable[str] | None
) -> dict[tuple[Any, ...], list[Document]]:
    """Return the stored resources, by the paths and values that ask for them."""
    asked = {(condition.paths, condition.values) for condition in conditions}
    found: dict[tuple[Any, ...], list[Document]] = {}
    for lookup in lookups(conditions):
        wanted = None if fields is None else [*fields, *lookup.paths]
        for document in store.find(domain_id, lookup.filter, fields=wanted):
            question = (lookup.paths, stored_values(document, lookup.paths))
            if question in asked:
                found.setdefault(question, []).append(document)
    return found
