"""The files of the API: the list that the gateway, the command line and the tests share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor

from inventory.stubs.inventory.operations.v1 import (
    deletion_pb2,
    diagnosis_pb2,
    dry_run_pb2,
    explain_pb2,
    freshness_pb2,
    job_operations_pb2,
    operations_pb2,
    resource_pages_pb2,
)
from inventory.stubs.spaceone.api.core.v1 import server_info_pb2
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_pb2,
    collector_rule_pb2,
    job_pb2,
    job_task_pb2,
    region_pb2,
)


def published_files() -> tuple[FileDescriptor, ...]:
    """Return the files of the published inventory API, in the order of the documentation."""
    return (
        collector_pb2.DESCRIPTOR,
        job_pb2.DESCRIPTOR,
        job_task_pb2.DESCRIPTOR,
        cloud_service_pb2.DESCRIPTOR,
        cloud_service_type_pb2.DESCRIPTOR,
        region_pb2.DESCRIPTOR,
        change_history_pb2.DESCRIPTOR,
        collector_rule_pb2.DESCRIPTOR,
    )


def operations_files() -> tuple[FileDescriptor, ...]:
    """Return the files of what this implementation adds to the published API."""
    return (
        operations_pb2.DESCRIPTOR,
        freshness_pb2.DESCRIPTOR,
        job_operations_pb2.DESCRIPTOR,
        explain_pb2.DESCRIPTOR,
        dry_run_pb2.DESCRIPTOR,
        resource_pages_pb2.DESCRIPTOR,
        deletion_pb2.DESCRIPTOR,
        diagnosis_pb2.DESCRIPTOR,
    )


def all_files() -> tuple[FileDescriptor, ...]:
    """Return the published files, and those of the server's additions."""
    return (*published_files(), *operations_files(), server_info_pb2.DESCRIPTOR)


def methods_of(files: Iterable[FileDescriptor]) -> dict[str, MethodDescriptor]:
    """Return every method of ``files`` by its short name, such as ``Collector.list``."""
    return {
        f"{service.name}.{method.name}": method
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
    }


@cache
def all_methods() -> dict[str, MethodDescriptor]:
    """Return every method that a server implements, by its short name."""
    return methods_of(all_files())
