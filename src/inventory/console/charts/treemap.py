"""A treemap: nearly square areas proportional to numbers.

After M. Bruls, K. Huizing and J. van Wijk, "Squarified Treemaps" (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """An area; ``index`` is that of its number."""

    index: int
    x: float
    y: float
    width: float
    height: float


def treemap(values: Sequence[float], width: float, height: float) -> list[Tile]:
    """Return a tile for each positive value; together they fill the rectangle.

    Args:
        values: the largest first.
        width, height: of the rectangle.
    """
    known = [(index, value) for index, value in enumerate(values) if value > 0]
    total = sum(value for _, value in known)
    if not total or width <= 0 or height <= 0:
        return []
    areas = [(index, value * width * height / total) for index, value in known]
    tiles: list[Tile] = []
    x = y = 0.0
    while areas:
        short = min(width - x, height - y)
        row = _best_row([area for _, area in areas], short)
        taken, areas = areas[:row], areas[row:]
        thickness = sum(area for _, area in taken) / short
        across = 0.0
        for index, area in taken:
            length = area / thickness
            if width - x >= height - y:
                tiles.append(Tile(index, x, y + across, thickness, length))
            else:
                tiles.append(Tile(index, x + across, y, length, thickness))
            across += length
        if width - x >= height - y:
            x += thickness
        else:
            y += thickness
        if width - x < 1e-6 or height - y < 1e-6:
            break
    return tiles


def _best_row(areas: Sequence[float], short: float) -> int:
    """Return how many of ``areas`` form the next row, so that its longest tile is as short as possible."""
    worst = _worst(areas[:1], short)
    for count in range(2, len(areas) + 1):
        longer = _worst(areas[:count], short)
        if longer > worst:
            return count - 1
        worst = longer
    return len(areas)


def _worst(row: Sequence[float], short: float) -> float:
    """Return the worst ratio of sides in a row along the side ``short``."""
    total = sum(row)
    return max(short**2 * max(row) / total**2, total**2 / (short**2 * min(row)))
