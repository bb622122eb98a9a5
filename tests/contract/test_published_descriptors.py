"""Our descriptors against those of the published package `spaceone-api`: clients built on it must fit."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from tests.contract.descriptor_facts import differences, facts_of

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.relative_to(ROOT / "proto").as_posix() for path in (ROOT / "proto" / "spaceone").rglob("*.proto"))
"""The files of the contract; those beside `spaceone/` are our own."""
COLLECTOR = "spaceone/api/inventory/v1/collector.proto"
PLUGIN_COLLECTOR = "spaceone/api/inventory/plugin/collector.proto"
QUERY = "spaceone/api/core/v1/query.proto"
PLATFORM = r"spaceone/api/(identity|repository|secret|plugin)/v1/\w+\.proto"

ALLOWED = {
    r"\S+: options: ours '', published 'go_package: .*'": "we generate no Go code; not on the wire",
    r"\S+ > import \S+: only published": "we import only what a file uses; not on the wire",
    COLLECTOR + r" > message CreateCollectorRequest > field (is_public|priority): "
    r"(oneof: ours '_\1', published ''|proto3_optional: ours 'True', published 'False')": (
        "is_public=false and priority=0 can be said (behaviour contract, presence)"
    ),
    COLLECTOR + r" > message CreateCollectorRequest > oneof _(is_public|priority): only ours": (
        "the synthetic oneofs of the optional fields"
    ),
    COLLECTOR + r" > message UpdateCollectorRequest > field priority: "
    r"(oneof: ours '_priority', published ''|proto3_optional: ours 'True', published 'False')": (
        "priority=0 can be said (behaviour contract, presence)"
    ),
    COLLECTOR + r" > message UpdateCollectorRequest > oneof _priority: only ours": (
        "the synthetic oneof of the optional field"
    ),
    PLUGIN_COLLECTOR + r" > message CollectRequest > field task_options: only ours": (
        "slices, published since 1.12.54; older plugins skip the unknown field"
    ),
    r"spaceone/api/inventory/plugin/job\.proto: only ours": (
        "slices, published since 1.12.54; older plugins answer UNIMPLEMENTED"
    ),
    r"spaceone/api/core/v1/handler\.proto > message EventRequest: only published": "we send no events",
    r"spaceone/api/repository/v1/repository\.proto > service Repository: only published": (
        "we call none of its methods; RepositoryInfo is a part of PluginInfo"
    ),
    PLATFORM + r" > (service \w+ > method|message|enum) \w+: only published": (
        "of the platform services only the methods that we call, and their messages"
    ),
}
"""Every difference that may be, as a pattern for its whole line, with the reason."""


@pytest.fixture(scope="module")
def published() -> list[FileDescriptorProto]:
    command = [sys.executable, str(Path(__file__).with_name("dump_published.py")), *NAMES]
    result = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return list(FileDescriptorSet.FromString(result.stdout).file)


@pytest.fixture(scope="module")
def ours() -> list[FileDescriptorProto]:
    files = FileDescriptorSet()
    for name in NAMES:
        module = import_module("inventory.stubs." + name.removesuffix(".proto").replace("/", ".") + "_pb2")
        module.DESCRIPTOR.CopyToProto(files.file.add())
    return list(files.file)


def unexpected(ours: list[FileDescriptorProto], published: list[FileDescriptorProto]) -> list[str]:
    found = differences(facts_of(ours), facts_of(published))
    return [line for line in found if not any(re.fullmatch(pattern, line) for pattern in ALLOWED)]


def test_the_reference_is_the_release_that_the_contract_names() -> None:
    assert metadata.version("spaceone-api") == "1.12.10"


def test_file_names_are_those_of_the_contract(ours: list[FileDescriptorProto]) -> None:
    assert [file.name for file in ours] == NAMES


def test_nothing_differs_but_what_is_allowed(
    ours: list[FileDescriptorProto], published: list[FileDescriptorProto]
) -> None:
    lines = unexpected(ours, published)

    assert not lines, "\n".join(["differs from spaceone-api:", *lines])


def test_every_allowance_is_needed(ours: list[FileDescriptorProto], published: list[FileDescriptorProto]) -> None:
    found = differences(facts_of(ours), facts_of(published))

    assert [pattern for pattern in ALLOWED if not any(re.fullmatch(pattern, line) for line in found)] == []


def field(file: FileDescriptorProto, message: str, name: str) -> FieldDescriptorProto:
    return next(f for m in file.message_type if m.name == message for f in m.field if f.name == name)


def renumber(file: FileDescriptorProto) -> None:
    field(file, "CollectorInfo", "provider").number = 99


def retype(file: FileDescriptorProto) -> None:
    field(file, "JobInfo", "total_tasks").type = FieldDescriptorProto.TYPE_INT64


def repeat(file: FileDescriptorProto) -> None:
    field(file, "CollectRequest", "secret_id").label = FieldDescriptorProto.LABEL_REPEATED


def refer_elsewhere(file: FileDescriptorProto) -> None:
    field(file, "ScheduleInfo", "schedule").type_name = ".spaceone.api.inventory.v1.ErrorInfo"


def rename_field(file: FileDescriptorProto) -> None:
    field(file, "CollectorInfo", "name").name = "title"


def move_to_other_oneof(file: FileDescriptorProto) -> None:
    field(file, "Filter", "k").oneof_index = 1


def make_optional(file: FileDescriptorProto) -> None:
    field(file, "CollectRequest", "use_cache").proto3_optional = True


def renumber_enum_value(file: FileDescriptorProto) -> None:
    next(m for m in file.message_type if m.name == "JobInfo").enum_type[0].value[1].number = 9


def drop_method(file: FileDescriptorProto) -> None:
    del file.service[0].method[0]


def change_response(file: FileDescriptorProto) -> None:
    file.service[0].method[0].output_type = ".google.protobuf.Empty"


def stop_streaming(file: FileDescriptorProto) -> None:
    next(m for m in file.service[0].method if m.name == "collect").server_streaming = False


def change_http_path(file: FileDescriptorProto) -> None:
    file.service[0].method[0].options.Extensions[annotations_pb2.http].post = "/inventory/v1/elsewhere"


def change_package(file: FileDescriptorProto) -> None:
    file.package = "spaceone.api.inventory.v2"


def drop_message(file: FileDescriptorProto) -> None:
    del file.message_type[0]


MUTATIONS: list[tuple[Callable[[FileDescriptorProto], None], str, str]] = [
    (renumber, COLLECTOR, "CollectorInfo > field provider: number: ours '99', published '11'"),
    (retype, COLLECTOR, "JobInfo > field total_tasks: type: ours 'TYPE_INT64', published 'TYPE_INT32'"),
    (repeat, COLLECTOR, "CollectRequest > field secret_id: label: ours 'LABEL_REPEATED'"),
    (refer_elsewhere, COLLECTOR, "ScheduleInfo > field schedule: type_name: ours '.spaceone.api.inventory.v1.Error"),
    (rename_field, COLLECTOR, "CollectorInfo > field title: only ours"),
    (rename_field, COLLECTOR, "CollectorInfo > field name: only published"),
    (move_to_other_oneof, QUERY, "Filter > field k: oneof: ours 'value_alias', published 'key_alias'"),
    (make_optional, COLLECTOR, "CollectRequest > field use_cache: proto3_optional: ours 'True'"),
    (renumber_enum_value, COLLECTOR, "JobInfo > enum Status > value CREATED: number: ours '9', published '1'"),
    (drop_method, COLLECTOR, "service Collector > method create: only published"),
    (change_response, COLLECTOR, "method create: response: ours '.google.protobuf.Empty'"),
    (stop_streaming, PLUGIN_COLLECTOR, "method collect: server_streaming: ours 'False', published 'True'"),
    (change_http_path, COLLECTOR, "method create: options: ours '[google.api.http] { post: \"/inventory/v1/elsewhere"),
    (change_package, COLLECTOR, "package: ours 'spaceone.api.inventory.v2'"),
    (drop_message, COLLECTOR, "message PluginInfo: only published"),
]


@pytest.mark.parametrize(("mutate", "name", "expected"), MUTATIONS)
def test_a_difference_is_named(
    ours: list[FileDescriptorProto],
    published: list[FileDescriptorProto],
    mutate: Callable[[FileDescriptorProto], None],
    name: str,
    expected: str,
) -> None:
    changed = [FileDescriptorProto.FromString(file.SerializeToString()) for file in ours]
    mutate(next(file for file in changed if file.name == name))

    lines = unexpected(changed, published)

    assert any(line.startswith(name) and expected in line for line in lines), lines
