"""The console on which the client commands print tables; text from elsewhere is displayed only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from inventory.cli.terminal import encodable, harmless


class TerminalConsole(Console):
    """A console that interprets no markup in strings, and displays text that cannot control the terminal."""

    def __init__(self, **options: Any) -> None:
        # Collected text is displayed unchanged: no emoji for :name:, no colors for numbers.
        super().__init__(**{"emoji": False, "markup": False, "highlight": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the segments; rich's own control codes are kept."""
        encoding = self.encoding
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(encodable(harmless(segment.text), encoding), segment.style)
