"""The documentation as data: its pages with their code blocks, headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_GENERATED = re.compile(r"<!-- generated: \w+ -->.*?<!-- end -->|<!-- bench: .*?<!-- end of bench -->", re.DOTALL)

WALK = (
    "README.md",
    "docs/guide/first-steps.md",
    "docs/guide/write-a-plugin.md",
    "docs/guide/trust.md",
)
"""The pages whose blocks are typed one after the other by a test, in the order in which a newcomer reads them."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block.

    Attributes:
        page: the path of its page, from the root of the repository.
        language: the first word behind the fence, such as ``sh``.
        mark: what follows it, such as ``run``; empty for a block that is only looked at.
        text: what stands in it.
        line: number of its first line in the page.
    """

    page: str
    language: str
    mark: str
    text: str
    line: int


def names() -> list[str]:
    """Return the paths of all pages, from the root of the repository."""
    found = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in found]


def text(page: str) -> str:
    """Return a page as it is."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """Return the code blocks of a page in their order."""
    content = text(page)
    found = []
    for match in _BLOCK.finditer(content):
        language, _, mark = match[1].partition(" ")
        line = content.count("\n", 0, match.start(2)) + 1
        found.append(Block(page, language, mark.strip(), match[2], line))
    return found


def prose(content: str) -> str:
    """Return the text of a page without its code blocks."""
    return _BLOCK.sub("", content)


def anchors(content: str) -> set[str]:
    """Return what links to headings of a page may name, made as GitHub makes them."""
    headings = _HEADING.findall(prose(content))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(content: str) -> list[str]:
    """Return the targets of the links of a page."""
    return _LINK.findall(prose(content))


def written(content: str) -> str:
    """Return what people wrote of a page: all but the generated parts."""
    return _GENERATED.sub("", content)
