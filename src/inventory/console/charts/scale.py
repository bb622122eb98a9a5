"""The upper end of a chart's scale."""

from __future__ import annotations

import math


def nice_top(most: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that is at least ``most``."""
    if most <= 1:
        return 1
    power = 10 ** math.floor(math.log10(most))
    return next(int(step * power) for step in (1, 2, 5, 10) if step * power >= most)
