"""An update of one document, as it comes together: what to write, and the document as it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.domain.equality import merged, same

Document = dict[str, Any]


@dataclass(slots=True)
class Change:
    """An update of one document: what to set, what to unset, and the document as it will be."""

    after: Document
    set: Document = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.set or self.unset)

    def put(self, key: str, value: Any) -> None:
        """Let the top-level field ``key`` become ``value``; an empty string or None removes it."""
        if value is None or value == "":
            if key in self.after:
                del self.after[key]
                self.unset.append(key)
        elif not same(self.after.get(key), value):
            self.after[key] = value
            self.set[key] = value

    def merge_data(self, stored: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        """Let ``data``, which is ``stored``, take the members of ``sent``, and write no more of it than differs."""
        after = merged(stored, sent)
        changed = [key for key in sent if key not in stored or after[key] is not stored[key]]
        if not changed:
            return
        self.after["data"] = after
        if stored and all(_is_segment(key) for key in changed):
            self.set.update((f"data.{key}", after[key]) for key in changed)
        else:
            self.set["data"] = after


def _is_segment(key: str) -> bool:
    """Whether ``key`` can stand in a path of MongoDB's."""
    return key != "" and "." not in key and not key.startswith("$")
