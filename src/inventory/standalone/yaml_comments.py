"""Finds the comments of a YAML text; a ``#`` within a value does not begin one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

_COMMENT: Final = re.compile(r"#.*")
_BLOCK_STYLES: Final = ("|", ">")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment.

    Attributes:
        line: its line, from 0.
        text: from its ``#`` to the end of the line, without spaces at its end.
    """

    line: int
    text: str


def comments_of(text: str) -> list[Comment]:
    """Return the comments of ``text``, in their order. Raises ``yaml.YAMLError``: the text is not YAML."""
    found: list[Comment] = []
    end = line = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        start = token.start_mark
        if start.index > end:
            found += _between(text[end : start.index], line)
        if isinstance(token, yaml.ScalarToken) and token.style in _BLOCK_STYLES:
            # The rest of the indicator's line.
            found += _between(text[start.index : token.end_mark.index].split("\n", 1)[0], start.line)
        if token.end_mark.index >= end:
            end, line = token.end_mark.index, token.end_mark.line
    return [*found, *_between(text[end:], line)]


def _between(gap: str, first: int) -> Iterator[Comment]:
    """Yield the comments of a part of the text that contains only spaces and comments."""
    for number, written in enumerate(gap.splitlines(), first):
        if comment := _COMMENT.search(written):
            yield Comment(number, comment.group().rstrip())
