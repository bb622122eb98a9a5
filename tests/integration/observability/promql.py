"""As much of PromQL as our dashboard and alerts use: which metrics, labels and values an expression names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*") |
        (?P<range>\[[^\]]*\]) |
        (?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?) |
        (?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*) |
        (?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},])
    )""",
    re.VERBOSE,
)
_GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_OPERATORS = {"and", "or", "unless", "bool", "offset"}
_FUNCTIONS = {
    "absent", "group", "histogram_quantile", "increase", "label_values", "last_over_time", "max", "max_over_time",
    "min", "rate", "sum", "time",
}  # fmt: skip
_CLOSES = {"(": ")", "{": "}"}


@dataclass
class Selector:
    """A metric as an expression names it."""

    metric: str
    matchers: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Named:
    """What an expression names: its selectors, and the labels it groups by."""

    selectors: list[Selector] = field(default_factory=list)
    grouped_by: set[str] = field(default_factory=set)


def parse(expression: str) -> Named:
    """Return what ``expression`` names.

    Raises:
        ValueError: it is none, or uses what is not known here.
    """
    tokens = _tokens(expression)
    _check_brackets(tokens, expression)
    found = Named()
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        place += 1
        if kind != "name" or text in _OPERATORS:
            continue
        if text in _GROUPING:
            end = tokens.index(("sign", ")"), place)
            found.grouped_by.update(name for kind, name in tokens[place:end] if kind == "name")
            place = end + 1
        elif following == "(" or (text in _FUNCTIONS and following in _GROUPING):
            if text not in _FUNCTIONS:
                raise ValueError(f"{text}: no function known here, in {expression}")
        else:
            selector = Selector(text)
            if following == "{":
                end = tokens.index(("sign", "}"), place)
                selector.matchers = _matchers([text for _, text in tokens[place + 1 : end]], expression)
                place = end + 1
            found.selectors.append(selector)
    if not found.selectors:
        raise ValueError(f"names no metric: {expression}")
    return found


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, place, text = [], 0, expression.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"cannot be read from {text[place : place + 20]!r} on: {expression}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return tokens


def _check_brackets(tokens: list[tuple[str, str]], expression: str) -> None:
    open_ones: list[str] = []
    for kind, text in tokens:
        if kind == "sign" and text in _CLOSES:
            open_ones.append(_CLOSES[text])
        elif kind == "sign" and text in _CLOSES.values() and (not open_ones or open_ones.pop() != text):
            raise ValueError(f"brackets do not fit: {expression}")
    if open_ones:
        raise ValueError(f"brackets do not fit: {expression}")


def _matchers(texts: list[str], expression: str) -> list[tuple[str, str, str]]:
    members = [texts[place : place + 3] for place in range(0, len(texts), 4)]
    if any(len(member) != 3 for member in members) or any(text != "," for text in texts[3::4]):
        raise ValueError(f"label matchers do not fit: {expression}")
    return [(name, sign, value[1:-1]) for name, sign, value in members]
