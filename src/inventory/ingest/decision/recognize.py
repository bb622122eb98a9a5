"""Finding the match rule that created a stored resource, by the hash of its values that the resource keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from inventory.domain.plain import Json
from inventory.ingest.decision.match import MatchRule, conditions_of_stored, match_key
from inventory.ingest.reading.kinds import CLOUD_SERVICE

USUAL: Final[MatchRule] = tuple(
    sorted(("reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account"))
)
"""The keys of the match rule that most plugins send."""
NAMING: Final = frozenset({"reference.resource_id", "reference.external_link", "name"})
"""Keys that distinguish resources of one account."""

_SELDOM: Final = frozenset({CLOUD_SERVICE.id_field, "ref_cloud_service_type", "ref_region", "reference.external_link"})
"""Keys that rules rarely name; each one doubles the number of rules to try."""
_TEXTS: Final = tuple(sorted(CLOUD_SERVICE.text_keys - _SELDOM))


def text_rules() -> Iterator[MatchRule]:
    """Yield the 511 rules that can be made of the text keys that rules name, the usual one first."""
    yield USUAL
    for size in range(len(_TEXTS), 0, -1):
        for rule in combinations(_TEXTS, size):
            if rule != USUAL:
                yield rule


def creating_rule(document: Json, rules: Iterable[MatchRule]) -> MatchRule | None:
    """Return the first of the rules that created the resource with its current values; None if none did.

    A change of the resource by the API removes the hash: then the rule is unknown.

    Args:
        document: a stored CloudService.
        rules: each sorted; a rule without any value in the resource is ignored.
    """
    stored = document.get("match_key")
    if stored is None:
        return None
    wanted = bytes(stored)
    for rule in rules:
        for condition in conditions_of_stored([rule], document, CLOUD_SERVICE):
            if match_key(CLOUD_SERVICE, condition) == wanted:
                return condition.paths
    return None
