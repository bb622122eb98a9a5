"""The service once for all tests of this folder, and gateways before it: open, with tokens, and with bound callers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from inventory.devruntime.child import wait_until
from inventory.gateway.process import build_server, listen
from inventory.settings import Settings
from tests.fakes.plugin import FakePlugin
from tests.integration.console.page import Browser
from tests.integration.console.world import DOMAIN, World, plugin_stream
from tests.integration.wire.wire_kit import Wire

Open = Callable[..., Browser]


@dataclass(frozen=True)
class Gateways:
    """Starts gateways that are stopped with the session."""

    stack: ExitStack

    def start(self, upstream: str, **values: Any) -> str:
        """Start one before the server at ``upstream`` and return its origin."""
        return self.stack.enter_context(_gateway(upstream, **values))


@contextmanager
def _gateway(upstream: str, **values: Any) -> Iterator[str]:
    settings = Settings(gateway_upstream=upstream, drain_seconds=5, **values)
    server, listener = build_server(settings), listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert wait_until(lambda: server.started, timeout_seconds=20)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def gateways() -> Iterator[Gateways]:
    """Starts gateways."""
    with ExitStack() as stack:
        yield Gateways(stack)


@pytest.fixture(scope="session")
def world(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service with a worker, and a domain with one of everything."""
    folder: Path = tmp_path_factory.mktemp("console")
    with FakePlugin(resources=plugin_stream) as plugin:
        wire = Wire(mongo_uri, redis_url, folder).start_worker()
        try:
            yield World(wire, plugin)
        finally:
            wire.close()


@pytest.fixture(scope="session")
def open_origin(world: World, gateways: Gateways) -> str:
    """A gateway without authentication, before a server whose default domain is the world's."""
    world.wire.serve(default_domain_id=DOMAIN)
    return gateways.start(world.wire.address_of_newest, default_domain_id=DOMAIN)


@pytest.fixture(scope="session")
def token_origin(world: World, gateways: Gateways) -> str:
    """A gateway before a server that asks for tokens."""
    world.wire.serve(authentication="jwt")
    return gateways.start(world.wire.address_of_newest, authentication="jwt", jwks_file=world.wire.settings.jwks_file)


def _wait(request: httpx.Request) -> None:
    """Ask for whole pages, however busy the machine is."""
    request.url = request.url.copy_merge_params({"wait": "1"})


@pytest.fixture
def browse() -> Iterator[Open]:
    """Opens clients that keep cookies as a browser does, and wait for what takes long."""
    with ExitStack() as stack:
        yield lambda origin: stack.enter_context(
            Browser(httpx.Client(base_url=origin, timeout=30, trust_env=False, event_hooks={"request": [_wait]}))
        )


@pytest.fixture
def page(browse: Open, open_origin: str) -> Browser:
    """A browser before the open gateway."""
    return browse(open_origin)
