"""Reads JSON that plugins send as text, so that it equals the same content sent as a Struct (contract §7)."""

from __future__ import annotations

import json
from typing import Any, Final

from inventory.domain.numbers import written_integer, written_number
from inventory.domain.texts import fit, fitted

_ESCAPE: Final = "\\u"


def read_json(written: str) -> Any:
    """Return the content of ``written``, with numbers and texts as in a Struct.

    NaN and the infinities are null; a number too large for a double becomes the nearest double; NULs and lone
    surrogates are replaced. Control characters inside texts are accepted.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    content = _DECODER.decode(fit(written).lstrip("\ufeff"))
    # Only an escape can produce text that UTF-8 cannot represent.
    return fitted(content) if _ESCAPE in written else content


_DECODER: Final = json.JSONDecoder(
    parse_int=written_integer, parse_float=written_number, parse_constant=lambda _name: None, strict=False
)
