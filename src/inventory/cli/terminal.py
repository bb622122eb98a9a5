"""Makes text from elsewhere safe to print. Everything that the client commands print goes through here.

Names, tags and messages come from plugins, clouds and users. Nothing in them is interpreted as markup, as an escape
sequence or as a change of writing direction, and characters missing in the terminal's encoding do not end the command.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Final

import click

from inventory.domain.numbers import all_finite

_STEERING: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 less tab and newline, DEL, C1 (ECMA-48)
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls (Unicode UAX #9)
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # halves of surrogate pairs
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # interlinear annotation and tags: never visible
    "]"
)
"""Characters that terminals obey instead of displaying, or that hide text."""
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")


def harmless(text: str) -> str:
    """Return ``text`` without characters that control a terminal; they are removed, since tables give them no width."""
    return text if text.isprintable() else _STEERING.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` harmless and without line breaks, so that it cannot imitate a line of our output."""
    return harmless(" ".join(text.splitlines()) if "\n" in text or "\r" in text else text)


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return ``value`` as JSON that cannot control a terminal: such characters are escaped, not removed.

    NaN and the infinities, which JSON does not have, become null.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(all_finite(value), indent=indent, ensure_ascii=False)
    text = text if text.isascii() and "\x7f" not in text else _STEERING.sub(_escaped, text)
    encoding = _encoding(sys.stdout)
    return (
        text
        if _has(encoding, text)
        else _BEYOND_ASCII.sub(lambda found: found.group() if _has(encoding, found.group()) else _escaped(found), text)
    )


def echo(text: str, *, err: bool = False) -> None:
    """Print plain text; text from elsewhere in it is displayed only."""
    stream = sys.stderr if err else sys.stdout
    click.echo(encodable(harmless(text), _encoding(stream)), err=err)


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    # json does not escape DEL.
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def _encoding(stream: Any) -> str:
    return str(getattr(stream, "encoding", None) or "utf-8")


def encodable(text: str, encoding: str) -> str:
    """Return ``text`` with characters that ``encoding`` lacks replaced by question marks of the same width."""
    if text.isascii() or _has(encoding, text):
        return text
    from rich.cells import cell_len

    return _BEYOND_ASCII.sub(
        lambda found: found.group() if _has(encoding, found.group()) else "?" * cell_len(found.group()), text
    )


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
