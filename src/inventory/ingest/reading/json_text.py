"""JSON that plugins send as text, read so that it equals the same content sent as a Struct (contract §7)."""

from __future__ import annotations

import json
from typing import Any, Final

from inventory.domain.numbers import written_integer, written_number
from inventory.domain.texts import fit, fitted

_ESCAPE: Final = "\\u"


def read_json(written: str) -> Any:
    """Return what ``written`` says, with numbers and texts as they come out of a Struct.

    NaN and the infinities are null; a number beyond what a double holds is the nearest double; NUL and half
    surrogates are replaced. Control characters inside texts are accepted.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it nests too deeply to be read.
    """
    content = _DECODER.decode(fit(written).lstrip("\ufeff"))
    # Only an escape can bring in what a text of UTF-8 cannot hold.
    return fitted(content) if _ESCAPE in written else content


_DECODER: Final = json.JSONDecoder(
    parse_int=written_integer, parse_float=written_number, parse_constant=lambda _name: None, strict=False
)
