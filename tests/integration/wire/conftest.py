"""Fixtures: the whole service once per module, and a fresh domain in it per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from tests.fakes.plugin import FakePlugin
from tests.integration.wire.wire_kit import Home, Wire, make_home


@pytest.fixture(scope="module")
def wire(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The service with a worker, over a database of its own; no server runs yet."""
    made = Wire(mongo_uri, redis_url, tmp_path_factory.mktemp("wire")).start_worker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def channel(wire: Wire) -> grpc.Channel:
    """A channel to a server without authentication and without a default domain."""
    return wire.serve()


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    """A plugin that listens, without metadata."""
    with FakePlugin() as running:
        yield running


@pytest.fixture
def home(wire: Wire, channel: grpc.Channel, plugin: FakePlugin) -> Callable[..., Home]:
    """Makes fresh domains with the test's plugin and one secret; arguments as of ``make_home``."""

    def make(**arguments: Any) -> Home:
        return make_home(wire, channel, plugin.endpoint, **arguments)

    return make
