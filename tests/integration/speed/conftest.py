"""The API without the network, over a database whose commands are noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

from inventory.api.gate import make_gate
from inventory.api.handlers import handlers
from inventory.bootstrap import Container
from inventory.protobuf.api_files import all_files
from inventory.settings import Settings
from tests.fakes.plugin import FakePlugin

Json = dict[str, Any]
DOMAIN = "domain-1"
PLUGIN = "plugin-1"


class Recorder(CommandListener):
    """Notes the commands that are sent."""

    def __init__(self) -> None:
        self.commands: list[Mapping[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """``command collection`` of each."""
        return [" ".join(next((name, str(command[name])) for name in command)) for command in self.commands]

    def started(self, event: Any) -> None:
        """Note it."""
        self.commands.append(dict(event.command))

    def succeeded(self, event: object) -> None:
        """Nothing to note."""

    def failed(self, event: object) -> None:
        """Nothing to note."""


class _Context:
    """What grpcio gives a handler."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def time_remaining(self) -> float:
        return 30.0

    def peer(self) -> str:
        return "ipv4:127.0.0.1:50000"

    def set_trailing_metadata(self, metadata: object) -> None:
        """Only failures have some."""

    def abort(self, code: object, details: str) -> None:
        raise AssertionError(f"{code}: {details}")


class Api:
    """Calls methods by name, from request bytes to answer bytes."""

    def __init__(self, container: Container, recorder: Recorder) -> None:
        self.recorder = recorder
        self.container = container
        gate = make_gate(container.settings, container)
        self._methods: dict[str, tuple[Any, Any, Any]] = {}
        for service in (each for file in all_files() for each in file.services_by_name.values()):
            made = handlers(service, container, gate)
            for method in service.methods:
                types = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
                self._methods[f"{service.name}.{method.name}"] = (made[method.name].unary_unary, *types)

    def call(self, method: str, request: Json | None = None) -> Json:
        """Call ``Service.method`` in the domain; the recorder then knows what it sent."""
        handler, request_type, answer_type = self._methods[method]
        data = ParseDict({"domain_id": DOMAIN, **(request or {})}, request_type()).SerializeToString()
        self.recorder.commands.clear()
        answer = answer_type.FromString(handler(data, _Context()))
        return MessageToDict(answer, preserving_proto_field_name=True)


@pytest.fixture
def api(database: Database[Json], mongo_uri: str, redis_url: str, tmp_path: Path) -> Iterator[Api]:
    """The API with a plugin and one secret."""
    recorder = Recorder()
    static = tmp_path / "platform.yaml"
    with FakePlugin() as plugin, MongoClient[Json](mongo_uri, tz_aware=True, event_listeners=[recorder]) as client:
        entry = {"plugin_id": PLUGIN, "provider": "aws", "versions": {"1.0": plugin.endpoint}}
        secret = {"secret_id": "secret-1", "provider": "aws", "data": {"key": "of-no-use-to-anybody"}}
        static.write_text(yaml.safe_dump({"plugins": [entry], "secrets": [secret]}))
        static.chmod(0o600)
        settings = Settings(
            mongo_uri=mongo_uri,  # type: ignore[arg-type]
            redis_url=redis_url,  # type: ignore[arg-type]
            queue_namespace=database.name,
            static_file=static,
        )
        container = Container(settings)
        vars(container)["database"] = client[database.name]
        # A process measures its clock once, before the first call.
        container.clock.now()
        yield Api(container, recorder)
        container.queue.close()
        container.plugin_connector.close()


@pytest.fixture
def collector(api: Api) -> Callable[..., Json]:
    """Makes collectors of the plugin."""

    def make(name: str = "mine") -> Json:
        info = {"plugin_id": PLUGIN, "version": "1.0", "provider": "aws", "upgrade_mode": "MANUAL"}
        return api.call("Collector.create", {"name": name, "plugin_info": info})

    return make
