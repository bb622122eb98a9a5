"""Starting a server inside a test's own process."""

from __future__ import annotations

from inventory.api.app import Server


def start_checked(server: Server) -> None:
    """Start ``server`` and return once its health is known: the start alone waits only a second for the first check."""
    server.start()
    assert server.health._checked.wait(60), "the first health check has not ended"
