"""Text from elsewhere → text that a terminal only shows. All that the client commands print goes through here.

Names, tags and messages are what plugins, clouds and users wrote. Nothing in them is read as markup, as an escape
sequence or as a change of the writing direction, and what the terminal's encoding lacks does not end the command.
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
"""What terminals obey, or what hides text, instead of being shown."""
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")


def harmless(text: str) -> str:
    """Return ``text`` without what would steer a terminal; it is left out, as tables count it as nothing wide."""
    return text if text.isprintable() else _STEERING.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` harmless and without line ends, so that it cannot pass for a line of ours."""
    return harmless(" ".join(text.splitlines()) if "\n" in text or "\r" in text else text)


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return ``value`` as JSON in which nothing steers a terminal: such characters are escaped, not left out.

    NaN and the infinities, which JSON does not know, become null.
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
    """Print plain text: what came from elsewhere in it is only shown."""
    stream = sys.stderr if err else sys.stdout
    click.echo(encodable(harmless(text), _encoding(stream)), err=err)


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    # json's own escapes leave DEL as it is.
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def _encoding(stream: Any) -> str:
    return str(getattr(stream, "encoding", None) or "utf-8")


def encodable(text: str, encoding: str) -> str:
    """Return ``text`` with question marks, as wide as what they stand for, for what ``encoding`` lacks."""
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
