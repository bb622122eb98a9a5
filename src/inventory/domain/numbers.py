"""Which numbers are integers, and how numbers are converted that JSON, MongoDB or a double cannot hold (contract §7).

On the wire every number is a double. The only rule for integers is defined here: a double with an integral value below
:data:`EXACT` in magnitude. All other numbers are doubles, including those that were written as integers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, Final

EXACT: Final = 2.0**53
"""Below this magnitude, doubles represent every integer; from here on, an integral double stays a double."""
_LARGEST: Final = sys.float_info.max
_EXACT_DIGITS: Final = 15
"""Integers of this many digits are always below :data:`EXACT`."""


def whole(number: float) -> int | float:
    """Return an integral double below :data:`EXACT` in magnitude as int, any other unchanged."""
    return int(number) if -EXACT < number < EXACT and number.is_integer() else number


def finite(number: float) -> int | float | None:
    """Return ``number`` by the rule of :func:`whole`; None for NaN and the infinities, which JSON does not have."""
    if -EXACT < number < EXACT:
        return int(number) if number.is_integer() else number
    return number if math.isfinite(number) else None


def all_finite(value: Any) -> Any:
    """Return ``value`` with null for each nested float that is not finite (contract §7)."""
    if isinstance(value, Mapping):
        return {key: all_finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [all_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def nearest(number: float) -> int | float:
    """Return ``number`` by the rule of :func:`whole`; an infinity, the result of an overflow, as the largest double."""
    return whole(math.copysign(_LARGEST, number) if math.isinf(number) else number)


def written_integer(digits: str) -> int | float:
    """Return the integer with the decimal ``digits``, by the same rule: from :data:`EXACT` on, the nearest double.

    Args:
        digits: any number of digits, with an optional sign.
    """
    return int(digits) if len(digits) <= _EXACT_DIGITS else nearest(float(digits))


def written_number(text: str) -> int | float:
    """Return the number with the decimal form ``text``, including a fraction or an exponent, by the same rule."""
    return nearest(float(text))
