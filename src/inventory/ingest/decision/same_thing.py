"""Recognizing that a living resource is the same thing as a deleted one, whatever rules created both. Pure."""

from __future__ import annotations

from typing import Final

from inventory.domain.plain import Json
from inventory.domain.reference_key import TYPE_FIELDS
from inventory.ingest.decision.match import MatchCondition, MatchRule, conditions_of_stored
from inventory.ingest.decision.match_values import value_at
from inventory.ingest.decision.recognize import USUAL, creating_rule, text_rules
from inventory.ingest.reading.kinds import CLOUD_SERVICE

_RESOURCE_ID: Final = "reference.resource_id"
_SEARCHES: Final = 10
"""The number of resources for which all rules are tried; for the others, only rules already found are."""


class SameThing:
    """Compares resources; remembers the match rules that it has found, for one undo."""

    def __init__(self) -> None:
        self._rules: list[MatchRule] = [USUAL]
        self._searches = _SEARCHES

    def __call__(self, deleted: Json, living: Json) -> bool:
        """Return whether a collect, or a person, would take the two for one resource.

        They are the same with the same match key, if the match rule of one applies to the other, or with the same
        resource_id; if one of them has no resource_id and one has no match key, by name, region and account. Otherwise
        an account that only one of them has distinguishes nothing.

        Args:
            deleted: with its ``former_match_key``.
            living: with its ``match_key``.
        """
        keys = _key(deleted, "former_match_key"), _key(living, "match_key")
        if keys[0] is not None and keys[0] == keys[1]:
            return True
        if any((deleted.get(name) or "") != (living.get(name) or "") for name in TYPE_FIELDS):
            return False
        if self._rule_applies(deleted, keys[0], living) or self._rule_applies(living, keys[1], deleted):
            return True
        accounts = {deleted.get("account") or "", living.get("account") or ""}
        ids = [value_at(deleted, _RESOURCE_ID) or "", value_at(living, _RESOURCE_ID) or ""]
        if all(ids):
            return ids[0] == ids[1] and len(accounts - {""}) <= 1
        return None in keys and len(accounts) == 1 and _named(deleted) == _named(living) != ("", "")

    def names_by_rule(self, deleted: Json) -> bool:
        """Return whether resources with another resource_id may be the same thing as this one."""
        rule = self._rule(deleted, _key(deleted, "former_match_key"))
        return not value_at(deleted, _RESOURCE_ID) or (rule is not None and _RESOURCE_ID not in rule)

    def _rule_applies(self, document: Json, key: bytes | None, other: Json) -> bool:
        rule = self._rule(document, key)
        return rule is not None and _condition(rule, document) == _condition(rule, other)

    def _rule(self, document: Json, key: bytes | None) -> MatchRule | None:
        """Return the rule that created the resource with this match key; None if it is unknown."""
        if key is None:
            return None
        created = {**document, "match_key": key}
        found = creating_rule(created, self._rules)
        if found is None and self._searches:
            self._searches -= 1
            found = creating_rule(created, text_rules())
            if found is not None:
                self._rules.append(found)
        return found


def _key(document: Json, name: str) -> bytes | None:
    return bytes(document[name]) if document.get(name) else None


def _condition(rule: MatchRule, document: Json) -> MatchCondition | None:
    return next(iter(conditions_of_stored([rule], document, CLOUD_SERVICE)), None)


def _named(document: Json) -> tuple[str, str]:
    name = document.get("name") or ""
    return (name, document.get("region_code") or "") if name else ("", "")
