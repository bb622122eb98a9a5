"""Talks to a server as the generic SpaceONE client does, and prints what came of it as JSON.

A program of its own, because one process cannot load two sets of descriptors with the same file names. It knows
only the published stubs and what reflection tells it: every service that is listed, the stub module that its file
descriptor leads to, the first service of that module, and every request message in that module.

Arguments: the server's address, and a JSON object with domain_id, plugin_id and secret_id.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

TIMEOUT_SECONDS = 60
Json = dict[str, Any]
PACKAGES = {"grpc.health.v1": "grpc_health.v1"}
"""Packages whose Python module has another name than they have on the wire."""


@dataclass
class Service:
    """A service as the client bound it."""

    name: str
    stub: Any
    messages: ModuleType
    inputs: dict[str, str]
    called: list[str] = field(default_factory=list)


class Reflection:
    """Asks the server what it serves."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = reflection_pb2_grpc.ServerReflectionStub(channel)

    def services(self) -> list[str]:
        answer = self._ask(reflection_pb2.ServerReflectionRequest(list_services=""))
        return [service.name for service in answer.list_services_response.service]

    def file_of(self, symbol: str) -> FileDescriptorProto:
        """Return the first descriptor of the answer, which is all that the client looks at."""
        answer = self._ask(reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
        return FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])

    def _ask(self, request: Any) -> Any:
        (answer,) = self._stub.ServerReflectionInfo(iter([request]), timeout=TIMEOUT_SECONDS)
        return answer


def bind(channel: grpc.Channel, reflection: Reflection, name: str) -> Service:
    """Import the stubs that the descriptor leads to, and resolve every request message in them."""
    file = reflection.file_of(name)
    module = f"{PACKAGES.get(file.package, file.package)}.{file.name.rpartition('/')[2].removesuffix('.proto')}"
    declared = file.service[0]
    if f"{file.package}.{declared.name}" != name:
        raise LookupError(f"{name}: the first descriptor is {file.name} with {declared.name}")
    messages = import_module(f"{module}_pb2")
    stub = getattr(import_module(f"{module}_pb2_grpc"), f"{declared.name}Stub")(channel)
    inputs = {}
    for method in declared.method:
        getattr(stub, method.name)
        local = method.input_type.removeprefix(f".{file.package}.")
        if method.input_type != ".google.protobuf.Empty":
            getattr(messages, local)
        inputs[method.name] = local
    return Service(name, stub, messages, inputs)


class Caller:
    """Calls methods by short name, and remembers which."""

    def __init__(self, services: list[Service], domain_id: str) -> None:
        self._services = {service.name.rpartition(".")[2]: service for service in services}
        self._domain_id = domain_id

    def __call__(self, name: str, request: Json | None = None) -> Json:
        service_name, _, method = name.partition(".")
        service = self._services[service_name]
        message_name = service.inputs[method]
        kind = import_module("google.protobuf.empty_pb2").Empty if message_name.endswith("Empty") else None
        kind = kind or getattr(service.messages, message_name)
        message = ParseDict(request or {}, kind())
        if "domain_id" in kind.DESCRIPTOR.fields_by_name:
            message.domain_id = self._domain_id
        if name == "Health.Watch":
            stream = service.stub.Watch(message, timeout=TIMEOUT_SECONDS)
            answer = next(stream)
            stream.cancel()
        else:
            answer = getattr(service.stub, method)(message, timeout=TIMEOUT_SECONDS)
        service.called.append(method)
        return MessageToDict(answer, preserving_proto_field_name=True)


def count_by(key: str) -> Json:
    """Return a statistics query."""
    keys = [{"key": key, "name": "key"}]
    return {"aggregate": [{"group": {"keys": keys, "fields": [{"name": "count", "operator": "count"}]}}]}


def expect(condition: bool, what: object) -> None:
    if not condition:
        raise AssertionError(str(what))


def use_collector(call: Caller, given: Json) -> tuple[Json, Json]:
    """Use a collector and its schedules, and return it with a finished job."""
    info = {"plugin_id": given["plugin_id"], "version": "1.0", "provider": "aws", "upgrade_mode": "MANUAL"}
    collector = call("Collector.create", {"name": "published", "plugin_info": info})
    expect(collector["is_public"] is True and collector["priority"] == 10, collector)
    own = {"collector_id": collector["collector_id"]}
    expect(call("Collector.update", {**own, "name": "renamed"})["name"] == "renamed", "update")
    call("Collector.update_plugin", {**own, "version": "1.0"})
    expect(call("Collector.verify_plugin", {**own, "secret_id": given["secret_id"]}) == {}, "verify_plugin")
    expect(call("Collector.disable", own)["state"] == "DISABLED", "disable")
    expect(call("Collector.enable", own)["state"] == "ENABLED", "enable")
    expect(call("Collector.get", own)["name"] == "renamed", "get")
    listed = call("Collector.list", {"query": {"filter": [{"k": "name", "v": "renamed", "o": "eq"}]}})
    expect(listed["total_count"] == 1, listed)
    expect(call("Collector.stat", {"query": count_by("state")})["results"] == [{"key": "ENABLED", "count": 1}], "stat")
    schedule = call("Collector.add_schedule", {**own, "schedule": {"hours": [1, 2]}})
    both = {**own, "schedule_id": schedule["schedule_id"]}
    expect(
        call("Collector.update_schedule", {**both, "schedule": {"minutes": [5]}})["schedule"] == {"minutes": [5]}, ""
    )
    expect(call("Collector.get_schedule", both)["collector_info"]["name"] == "renamed", "get_schedule")
    expect(call("Collector.list_schedules", own)["total_count"] == 1, "list_schedules")
    call("Collector.delete_schedule", both)
    job = call("Collector.collect", own)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while job["status"] == "IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.05)
        job = call("Job.get", {"job_id": job["job_id"]})
    expect(job["status"] == "SUCCESS", job)
    return collector, job


def use_jobs(call: Caller, job: Json) -> None:
    """Read and delete a job with its task."""
    expect(call("Job.list", {"job_id": job["job_id"]})["results"][0]["status"] == "SUCCESS", "Job.list")
    expect(call("Job.stat", {"query": count_by("status")})["results"] == [{"key": "SUCCESS", "count": 1}], "Job.stat")
    task = call("JobTask.list", {"job_id": job["job_id"]})["results"][0]
    own = {"job_task_id": task["job_task_id"]}
    expect(call("JobTask.get", own)["created_count"] == 1, task)
    call("JobTask.stat", {"query": count_by("status")})
    call("JobTask.delete", own)
    call("Job.delete", {"job_id": job["job_id"]})


def use_rules(call: Caller, collector: Json) -> None:
    """Make, change, move and delete collector rules."""
    content = {
        "conditions_policy": "ALWAYS",
        "actions": {"match_project": {"source": "account", "target": "project_id"}},
    }
    rules = [
        call("CollectorRule.create", {**content, "name": name, "collector_id": collector["collector_id"]})
        for name in ("first", "second")
    ]
    own = {"collector_rule_id": rules[1]["collector_rule_id"]}
    expect(call("CollectorRule.update", {**own, "name": "other"})["name"] == "other", "update")
    expect(call("CollectorRule.change_order", {**own, "order": 1})["order"] == 1, "change_order")
    expect(call("CollectorRule.get", own)["order"] == 1, "get")
    expect(call("CollectorRule.list")["total_count"] == 2, "list")
    call("CollectorRule.stat", {"query": count_by("rule_type")})
    call("CollectorRule.delete", own)


def use_resources(call: Caller) -> None:
    """Make, change, read and delete one resource of each kind."""
    kinds: list[tuple[str, str, Json, Json]] = [
        ("CloudServiceType", "cloud_service_type_id", {"name": "T", "provider": "p", "group": "G"}, {"is_major": True}),
        ("Region", "region_id", {"name": "R", "region_code": "r", "provider": "p"}, {"name": "S"}),
    ]
    for service, id_field, created, changed in kinds:
        own = {id_field: call(f"{service}.create", created)[id_field]}
        expect(call(f"{service}.update", {**own, **changed}).items() >= changed.items(), service)
        call(f"{service}.get", own)
        expect(call(f"{service}.list", {"provider": "p"})["total_count"] == 1, service)
        call(f"{service}.stat", {"query": count_by("provider")})
        call(f"{service}.delete", own)
    content = {"cloud_service_type": "T", "cloud_service_group": "G", "provider": "p", "data": {"a": 1}}
    own = {"cloud_service_id": call("CloudService.create", content)["cloud_service_id"]}
    expect(call("CloudService.update", {**own, "data": {"b": 2}})["data"] == {"a": 1, "b": 2}, "CloudService.update")
    call("CloudService.get", own)
    expect(call("CloudService.list", {"provider": "p"})["total_count"] == 1, "CloudService.list")
    call("CloudService.stat", {"query": count_by("provider")})
    figures = {"group_by": ["provider"], "fields": {"number": {"operator": "count"}}}
    expect(len(call("CloudService.analyze", {"query": figures})["results"]) == 2, "analyze")
    expect(call("ChangeHistory.list", own)["total_count"] == 2, "ChangeHistory.list")
    call("ChangeHistory.stat", {**own, "query": count_by("action")})
    call("CloudService.delete", own)


def main() -> None:
    """Walk, call everything, print."""
    address, given = sys.argv[1], json.loads(sys.argv[2])
    with grpc.insecure_channel(address) as channel:
        reflection = Reflection(channel)
        services = [bind(channel, reflection, name) for name in reflection.services()]
        call = Caller(services, given["domain_id"])
        expect(call("Health.Check")["status"] == "SERVING", "health")
        expect(call("Health.Watch")["status"] == "SERVING", "health")
        expect(bool(call("ServerInfo.get_version")["version"]), "version")
        collector, job = use_collector(call, given)
        use_rules(call, collector)
        use_jobs(call, job)
        use_resources(call)
        call("Collector.delete", {"collector_id": collector["collector_id"]})
    report = {service.name: {name: name in service.called for name in service.inputs} for service in services}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
