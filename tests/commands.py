"""Counting what is sent to MongoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

from inventory.model.connection import CODEC


class Commands(CommandListener):
    """Notes what is sent.

    Attributes:
        sent: how often, by ``(command, collection)``.
        updates: the update commands themselves.
    """

    def __init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        self.updates: list[dict[str, Any]] = []

    def started(self, event: Any) -> None:
        if event.command_name != "endSessions":
            self.sent[event.command_name, str(event.command.get(event.command_name))] += 1
        if event.command_name == "update":
            self.updates.append(dict(event.command))

    def succeeded(self, event: object) -> None:
        """Nothing to note."""

    def failed(self, event: object) -> None:
        """Nothing to note."""


@contextmanager
def counted(database: Database[dict[str, Any]], uri: str) -> Iterator[tuple[Database[dict[str, Any]], Commands]]:
    """Give ``database`` over a connection of its own, and what is sent there from now on."""
    commands = Commands()
    with MongoClient[dict[str, Any]](uri, tz_aware=True, event_listeners=[commands]) as client:
        client[database.name].command("ping")
        commands.sent.clear()
        yield client.get_database(database.name, codec_options=CODEC), commands
