"""A summary of what would be deleted: numbers by type and region, and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from inventory.domain.plain import Document
from inventory.domain.reference_key import TYPE_FIELDS, type_name
from inventory.manager.deletion.twins import resource_id_of

EXAMPLES: Final = 20
"""The number of resources listed in a hold."""
_NAMES_KEPT: Final = 100
"""The number of types and regions that are counted by name in a hold; the others are only in the total."""
_SHOWN: Final = ("name", *TYPE_FIELDS, "region_code", "account")
FIELDS: Final = ("cloud_service_id", "reference.resource_id", *_SHOWN)
"""The fields of a resource that :meth:`Summary.add` reads."""


@dataclass(slots=True)
class Summary:
    """A summary of what would be deleted: numbers by type and region, and examples."""

    total: int = 0
    types: Counter[str] = field(default_factory=Counter)
    regions: Counter[str] = field(default_factory=Counter)
    examples: list[Document] = field(default_factory=list)

    def add(self, resources: Sequence[Mapping[str, Any]]) -> None:
        """Count resources; each contains :data:`FIELDS`."""
        for each in resources:
            self.total += 1
            self.types[type_name(each)] += 1
            self.regions[each.get("region_code") or ""] += 1
            if len(self.examples) < EXAMPLES:
                shown = {name: each[name] for name in _SHOWN if each.get(name)}
                example = {"cloud_service_id": each["cloud_service_id"], "resource_id": resource_id_of(each), **shown}
                self.examples.append(example)

    def fields(self) -> Document:
        """Return the stored form."""
        return {
            "types": _counted(self.types),
            "regions": _counted(self.regions),
            "examples": self.examples,
        }


def _counted(names: Counter[str]) -> list[Document]:
    return [{"name": name, "count": count} for name, count in names.most_common(_NAMES_KEPT)]
