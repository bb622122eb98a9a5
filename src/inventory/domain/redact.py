"""Texts of plugins made fit for errors and logs: known secret values blotted out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from inventory.domain.numbers import whole

_SECRET_NAME: Final = re.compile("secret|passw|token|key|credential", re.IGNORECASE)

BLOT = "***"
MIN_LENGTH = 4
"""Shorter values are words like any other; blotting them out would hide the text, not a secret."""


class Redactor:
    """Blots known values out of texts. Never shows them: no repr, no equality."""

    def __init__(self, *values: Mapping[str, Any] | str) -> None:
        """Prepare.

        Args:
            values: trees of known values, such as a secret's data and the options, or single ones such as a token;
                of a multi-line value each line counts too.
        """
        forms = {form for tree in values for leaf in _leaves(tree) for form in _forms(leaf)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return ``text`` with every known value blotted out."""
        for form in self._forms:
            text = text.replace(form, BLOT)
        return text


def redact(text: str, *values: Mapping[str, Any] | str) -> str:
    """Return ``text`` with every value found in ``values`` blotted out; see :class:`Redactor`."""
    return Redactor(*values)(text)


def secret_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a plugin's options, however deep, whose names say that they are secret.

    Any other option is a word like any other, and blotting it out would only make a message unreadable.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        if _SECRET_NAME.search(str(name)):
            found[name] = value
        elif below := _secret_below(value):
            found[name] = below
    return found


def _secret_below(value: object) -> object:
    if isinstance(value, Mapping):
        return secret_options(value)
    if isinstance(value, list | tuple):
        return [below for part in value if (below := _secret_below(part))]
    return None


def _leaves(tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for member in tree.values():
            yield from _leaves(member)
    elif isinstance(tree, list | tuple):
        for element in tree:
            yield from _leaves(element)
    elif isinstance(tree, bool) or tree is None:
        return
    elif isinstance(tree, float):
        yield str(whole(tree))
    else:
        yield str(tree)


def _forms(leaf: str) -> Iterator[str]:
    """The value as it is, as Python or JSON quote it, and its lines."""
    quoted = (repr(leaf)[1:-1], json.dumps(leaf)[1:-1], json.dumps(leaf, ensure_ascii=False)[1:-1])
    for form in (leaf, leaf.strip(), *quoted, *leaf.splitlines()):
        if len(form) >= MIN_LENGTH:
            yield form
