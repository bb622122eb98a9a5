"""Parses conditions that people type, such as ``region_code=us-east-1 data.size>0 "free words"``.

The command line's ``--filter`` and the console's search field use the same language.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

ConditionJson = dict[str, Any]

OPERATORS: Final = {
    "=": "eq",
    "!=": "not",
    "~": "contain",
    "!~": "not_contain",
    ">=": "gte",
    "<=": "lte",
    ">": "gt",
    "<": "lt",
}
"""The operators of the API by their signs."""

_CONDITION: Final = re.compile(r"([A-Za-z_$][^=!~<>]*?)(!=|!~|>=|<=|=|~|>|<)(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?")
_ORDERED: Final = frozenset({"gt", "gte", "lt", "lte"})
_TOKEN: Final = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|\Z))+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed line of conditions and words.

    Attributes:
        conditions: in the form of the API; all must hold.
        keyword: the words, at least one of which must occur.
    """

    conditions: tuple[ConditionJson, ...]
    keyword: str


def parse_condition(text: str) -> ConditionJson | None:
    """Return the condition written in ``text``, such as ``state=ENABLED``; None if it is not a condition."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        return None
    key, sign, operand = found.groups()
    operator = OPERATORS[sign]
    if operator in _ORDERED and key.endswith("_at"):
        # Times have their own operators, and may be relative to now.
        operator = f"{'timediff' if operand.startswith('now') else 'datetime'}_{operator}"
    elif operator in _ORDERED and _NUMBER.fullmatch(operand):
        # MongoDB compares a number only with numbers.
        return {"k": key, "v": json.loads(operand), "o": operator}
    return {"k": key, "v": operand, "o": operator}


def parse_search(text: str) -> Search:
    """Parse a line of conditions and words separated by spaces; in quotes, spaces and signs are plain text."""
    conditions, words = [], []
    for token in _TOKEN.findall(text):
        # A sign in quotes is part of the text to search for.
        condition = None if token.startswith('"') else parse_condition(token)
        if condition is None:
            words.append(_unquoted(token))
        else:
            if isinstance(condition["v"], str):
                condition["v"] = _unquoted(condition["v"])
            conditions.append(condition)
    return Search(tuple(conditions), " ".join(filter(None, words)))


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), text)
