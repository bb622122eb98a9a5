"""Which match rule a stored resource was created by: found by the hash of the rule's values that it keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from inventory.domain.plain import Json
from inventory.ingest.decision.match import Rule, conditions_of_stored, match_key
from inventory.ingest.reading.kinds import CLOUD_SERVICE

USUAL: Final[Rule] = tuple(
    sorted(("reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account"))
)
"""The keys of the rule that most plugins send."""
NAMING: Final = frozenset({"reference.resource_id", "reference.external_link", "name"})
"""Keys that tell resources of one account from each other."""

_SELDOM: Final = frozenset({CLOUD_SERVICE.id_field, "ref_cloud_service_type", "ref_region", "reference.external_link"})
"""Keys that rules hardly ever name; each one doubles what has to be tried."""
_TEXTS: Final = tuple(sorted(CLOUD_SERVICE.text_keys - _SELDOM))


def text_rules() -> Iterator[Rule]:
    """Yield the 511 rules that the text keys which rules name can make, the usual one first."""
    yield USUAL
    for size in range(len(_TEXTS), 0, -1):
        for rule in combinations(_TEXTS, size):
            if rule != USUAL:
                yield rule


def creating_rule(document: Json, rules: Iterable[Rule]) -> Rule | None:
    """Return the first of the rules by which the resource was created with the values that it has now; None if by none.

    Whoever changes a resource by the API drops the hash: then it is not known any more.

    Args:
        document: a CloudService as it is stored.
        rules: each sorted; one that has no value in the resource is skipped.
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
