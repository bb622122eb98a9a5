"""README as data: its code blocks, headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_GENERATED = re.compile(r"<!-- generated: \w+ -->.*?<!-- end -->|<!-- bench: .*?<!-- end of bench -->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block.

    Attributes:
        language: the first word behind the fence, such as ``sh``.
        mark: what follows it, such as ``run``; empty for a block that is only looked at.
        text: what stands in it.
        line: number of its first line in README.
    """

    language: str
    mark: str
    text: str
    line: int


def text() -> str:
    """Return README as it is."""
    return README.read_text(encoding="utf-8")


def blocks(readme: str) -> list[Block]:
    """Return the code blocks of ``readme`` in their order."""
    found = []
    for match in _BLOCK.finditer(readme):
        language, _, mark = match[1].partition(" ")
        found.append(Block(language, mark.strip(), match[2], readme.count("\n", 0, match.start(2)) + 1))
    return found


def prose(readme: str) -> str:
    """Return ``readme`` without its code blocks."""
    return _BLOCK.sub("", readme)


def anchors(readme: str) -> set[str]:
    """Return what links to headings of ``readme`` may name, made as GitHub makes them."""
    headings = _HEADING.findall(prose(readme))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(readme: str) -> list[str]:
    """Return the targets of the links in ``readme``."""
    return _LINK.findall(prose(readme))


def written(readme: str) -> str:
    """Return what people wrote of ``readme``: all but the generated parts."""
    return _GENERATED.sub("", readme)
