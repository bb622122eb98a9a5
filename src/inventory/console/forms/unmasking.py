"""Restores the secrets of a value that was edited in its masked form."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from inventory.console.forms.field_error import FieldError
from inventory.console.forms.masking import MASK, masked

_IDENTITIES: Final = (
    re.compile(r"id$", re.IGNORECASE),
    re.compile(r"name|user|login|account|host|mail|url|uri|endpoint|address|server|tenant|^key$", re.IGNORECASE),
)
"""Keys that say which item of a list is meant, the surest first."""


def unmasked(value: Any, stored: Any, title: str, secrets: Collection[str] = ()) -> Any:
    """Return an edited value with its masked parts restored from the stored value.

    An item of a list gets the secrets of the stored item that it was, never those of another at its position.

    Args:
        value: what was entered.
        stored: the value whose masked form was shown.
        title: of the field, for errors.
        secrets: as in :func:`masked`.

    Raises:
        FieldError: what a masked part stands for is not certain: it was changed, moved or copied.
    """
    if not _has_mask(value):
        return value
    if _form(value) == _form(masked(stored, secrets)):
        return stored
    if isinstance(value, Mapping):
        known = stored if isinstance(stored, Mapping) else {}
        shown = masked(known, secrets)
        return {
            key: known[key]
            if key in known and _form(inner) == _form(shown[key])
            else unmasked(inner, None if shown.get(key) == MASK else known.get(key), f"{title}, {key}")
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return _items(value, stored if isinstance(stored, list) else [], title)
    raise FieldError(
        f"{title}: {MASK} stands for a stored secret, but it is not certain which one: enter the secret itself."
    )


def _has_mask(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_mask, value.values()))
    return any(map(_has_mask, value)) if isinstance(value, list) else isinstance(value, str) and MASK in value


def _form(value: Any) -> str:
    """Return a value as text: unlike Python's values, ``1`` and ``true`` differ."""
    return json.dumps(value, sort_keys=True)


def _items(items: list[Any], stored: list[Any], title: str) -> list[Any]:
    found = _unchanged(items, stored)
    left = [at for at, item in enumerate(items) if _has_mask(item) and at not in found]
    free = [at for at in range(len(stored)) if at not in found.values()]
    origins = {at: _origin(at, items, stored, free, alone=len(left) == 1) for at in left}
    taken = [at for at in origins.values() if at is not None]
    return [
        stored[found[at]]
        if at in found
        else unmasked(item, stored[origin], f"{title}, {at + 1}")
        if (origin := origins.get(at)) is not None and taken.count(origin) == 1
        else unmasked(item, None, f"{title}, {at + 1}")
        for at, item in enumerate(items)
    ]


def _unchanged(items: list[Any], stored: list[Any]) -> dict[int, int]:
    """Return the position in ``stored`` of each item with a secret that was left as it was shown."""
    shown, given = defaultdict(list), defaultdict(list)
    for at, each in enumerate(stored):
        shown[_form(masked(each))].append(at)
    for at, item in enumerate(items):
        if _has_mask(item):
            given[_form(item)].append(at)
    found: dict[int, int] = {}
    for form, positions in given.items():
        known = shown.get(form, [])
        if len(known) == len(positions):
            found |= dict(zip(positions, known, strict=True))
        elif known and len({_form(stored[at]) for at in known}) == 1:
            found |= dict.fromkeys(positions, known[0])
    return found


def _origin(at: int, items: list[Any], stored: list[Any], free: Sequence[int], *, alone: bool) -> int | None:
    """Return the position in ``stored`` of what a changed item was before; None if that is uncertain."""
    item = items[at]
    for identity in _IDENTITIES if isinstance(item, Mapping) else ():
        names = {key: value for key, value in item.items() if identity.search(key) and not _has_mask(value)}
        comparable = [each for each in free if isinstance(stored[each], Mapping) and names.keys() & stored[each].keys()]
        if comparable:
            same = [each for each in comparable if _agrees(names, stored[each])]
            return same[0] if len(same) == 1 else None
    return at if alone and at in free and len(items) == len(stored) else None


def _agrees(names: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(_form(value) == _form(stored[key]) for key, value in names.items() if key in stored)
