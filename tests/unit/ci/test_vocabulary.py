"""Names and sentences use the words of ``docs/design/glossary.md``, not private words for the same things.

``BANNED`` lists words that were once used here and mean nothing to others, each with its replacement. Words that also
have a common meaning ("place", "holder") are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
BANNED: Final = {
    "rings?|rung|ringing": "enqueue, enqueued",
    "bells?": "message",
    "heirs?": "next waiters",
    "wish(?:es|ed)?": "options, requested",
    "told": "reported, called with, distinguished",
    "in hand": "claimed, current",
    "anew": "again",
    "passed over": "skipped, ignored",
    "(?:becomes?|became) of": "result, outcome, what happens to",
}
KEPT: Final = ("rung_at", "types_told", "PASSED_OVER")
"""Stored fields, which processes of other versions read, and a code that scripts read."""
_BANNED: Final = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)
_LINE_END: Final = re.compile(r"\n[ \t]*(?:# ?|\|)?")
_BOUNDARY: Final = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])")


def private_words(text: str) -> Iterator[str]:
    """Yield the banned words in a text; the parts of a name count as words, and sentences may span lines."""
    for name in KEPT:
        text = text.replace(name, "")
    for found in _BANNED.finditer(_BOUNDARY.sub(" ", _LINE_END.sub(" ", text))):
        yield found.group()


def found_in(paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted(paths)
        for word in private_words(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def _ring(slices): ...", ["ring"]),
        ("class CollectWish: ...", ["Wish"]),
        ("# What the sweep has in\n    # hand is told.", ["in hand", "told"]),
        ("string, during, stringing = rung_at = types_told", []),
    ],
)
def test_a_private_word_is_found_in_names_and_sentences(text: str, words: list[str]) -> None:
    assert list(private_words(text)) == words


def test_the_code_has_no_private_words() -> None:
    code = (ROOT / "src/inventory").rglob("*.py")
    assert found_in(path for path in code if not {"stubs"} & set(path.parts)) == []


def test_the_pages_have_no_private_words() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    assert found_in(iter([*pages, *(ROOT / "src/inventory").rglob("*.html")])) == []
