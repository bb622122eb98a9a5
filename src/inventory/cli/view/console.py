"""The console on which the client commands print tables: what others wrote is only shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from inventory.cli.terminal import encodable, harmless


class TerminalConsole(Console):
    """A console that reads no markup in strings, and shows text without letting it steer the terminal."""

    def __init__(self, **options: Any) -> None:
        # What was collected is shown as it is: no :name: in it becomes a picture, no number a color.
        super().__init__(**{"emoji": False, "markup": False, "highlight": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the segments; what rich itself tells the terminal stays as it is."""
        encoding = self.encoding
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(encodable(harmless(segment.text), encoding), segment.style)
