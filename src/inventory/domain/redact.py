"""Redacts known secret values in plugins' texts, so that errors and logs may contain them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from inventory.domain.numbers import whole

_SECRET_NAME: Final = re.compile("secret|passw|token|key|credential", re.IGNORECASE)

BLOT = "***"
MIN_LENGTH = 4
"""Shorter values are common words; redacting them would hide the text, not a secret."""


class Redactor:
    """Redacts known values in texts. It never shows them: it has no repr and no equality."""

    def __init__(self, *values: Mapping[str, Any] | str) -> None:
        """Prepare.

        Args:
            values: trees of known values, such as a secret's data and the options, or single values such as a token;
                of a multi-line value, each line is redacted as well.
        """
        forms = {form for tree in values for leaf in _leaves(tree) for form in _forms(leaf)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return ``text`` with every known value redacted."""
        for form in self._forms:
            text = text.replace(form, BLOT)
        return text


def redact(text: str, *values: Mapping[str, Any] | str) -> str:
    """Return ``text`` with every value in ``values`` redacted; see :class:`Redactor`."""
    return Redactor(*values)(text)


def secret_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plugin options, at any depth, whose names indicate a secret.

    Values of other options are common words, and redacting them would only make a message unreadable.
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
    """The value itself, its forms when quoted by Python, JSON or in a URL, and its lines."""
    quoted = (repr(leaf)[1:-1], json.dumps(leaf)[1:-1], json.dumps(leaf, ensure_ascii=False)[1:-1])
    in_urls = (quote(leaf, safe="", errors="replace"), quote_plus(leaf, errors="replace"))
    for form in (leaf, leaf.strip(), *quoted, *in_urls, *leaf.splitlines()):
        if len(form) >= MIN_LENGTH:
            yield form
