"""An update of one document while it is built: what to write, and the resulting document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.domain.equality import merged, same
from inventory.domain.plain import Document


@dataclass(slots=True)
class Change:
    """An update of one document: what to set, what to unset, and the resulting document.

    ``after`` has the type of the stored document; mypyc compiles no generic dataclass that could say so.
    """

    after: Any
    set: Document = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.set or self.unset)

    def put(self, key: str, value: Any) -> None:
        """Set the top-level field ``key`` to ``value``; an empty string or None removes it."""
        after = self.after
        if value is None or value == "":
            if key in after:
                del after[key]
                self.unset.append(key)
        elif not same(after.get(key), value):
            after[key] = value
            self.set[key] = value

    def put_scoped(self, key: str, scope: str, value: Any) -> None:
        """Set the part of ``scope`` in the free-form field ``key`` to ``value``; an empty one removes it."""
        after = self.after
        whole = after.get(key) or {}
        if value:
            if not same(whole.get(scope), value):
                after[key] = {**whole, scope: value}
                self.set[f"{key}.{scope}"] = value
        elif scope in whole:
            after[key] = {name: part for name, part in whole.items() if name != scope}
            self.unset.append(f"{key}.{scope}")

    def merge_data(self, stored: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        """Merge ``sent`` into ``data``, which is ``stored``, and write only the differences."""
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
    """Whether ``key`` can be part of a MongoDB path."""
    return key != "" and "." not in key and not key.startswith("$")
