"""The two services of the protocol, implemented by a :class:`Plugin`."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct

from inventory.domain.redact import Redactor, secret_options
from inventory.errors import InvalidParameterTypeError
from inventory.plugin.base import Plugin, Refused, Request
from inventory.plugin.resources import Error, Resource
from inventory.protobuf.struct import to_dict, to_struct
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc, job_pb2, job_pb2_grpc

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class CollectorServicer(collector_pb2_grpc.CollectorServicer):
    """``Collector``: init, verify, collect."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    def init(self, request: collector_pb2.InitRequest, context: grpc.ServicerContext) -> collector_pb2.PluginInfo:
        """Return the plugin's metadata."""
        asked = Request(options=to_dict(request.options))
        try:
            return collector_pb2.PluginInfo(metadata=_struct(self._plugin.init(asked), "what init returns"))
        except Exception as exc:  # noqa: BLE001 (a plugin's author may raise anything)
            _abort(context, exc, asked)

    def verify(self, request: collector_pb2.VerifyRequest, context: grpc.ServicerContext) -> Empty:
        """Return an empty answer if the secret works."""
        asked = Request(options=to_dict(request.options), secret_data=to_dict(request.secret_data))
        try:
            self._plugin.verify(asked)
        except Exception as exc:  # noqa: BLE001 (as above)
            _abort(context, exc, asked)
        return Empty()

    def collect(
        self, request: collector_pb2.CollectRequest, context: grpc.ServicerContext
    ) -> Iterator[collector_pb2.ResourceInfo]:
        """Stream what the plugin yields."""
        asked = Request(
            options=to_dict(request.options),
            secret_data=to_dict(request.secret_data),
            filter=to_dict(request.filter),
            task=to_dict(request.task_options) if request.HasField("task_options") else None,
        )
        count = 0
        try:
            for resource in _iterable(self._plugin.collect(asked), "collect"):
                yield to_message(resource)
                count += 1
        except Exception as exc:  # noqa: BLE001 (as above)
            _abort(context, exc, asked)
        _log.info("collected %d resources", count)


class JobServicer(job_pb2_grpc.JobServicer):
    """``Job``: get_tasks."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    def get_tasks(self, request: job_pb2.GetTaskRequest, context: grpc.ServicerContext) -> job_pb2.TasksInfo:
        """Return the plugin's slices."""
        asked = Request(options=to_dict(request.options), secret_data=to_dict(request.secret_data))
        try:
            slices = _iterable(self._plugin.tasks(asked), "tasks")
            tasks = [job_pb2.TaskInfo(task_options=_struct(each, "each of tasks")) for each in slices]
        except Exception as exc:  # noqa: BLE001 (as above)
            _abort(context, exc, asked)
        return job_pb2.TasksInfo(tasks=tasks)


def to_message(resource: Resource) -> collector_pb2.ResourceInfo:
    """Return the message for ``resource``, or, if it cannot be encoded, an error message that says so.

    Raises:
        TypeError: it is no resource.
    """
    if not isinstance(resource, Resource):
        kinds = "CloudService, CloudServiceType, Region or Error"
        raise TypeError(f"collect must yield objects of {kinds}, and yielded {_kind(resource)}")
    try:
        content = _struct(resource.resource, resource.resource_type)
    except InvalidParameterTypeError as exc:
        about = resource.resource
        reference = about.get("reference") or {}
        reported = Error(
            message=f"it cannot be sent: {exc.message}",
            provider=str(about.get("provider", "")),
            group=str(about.get("cloud_service_group", "")),
            type=str(about.get("cloud_service_type", "")),
            resource_id=str(reference.get("resource_id", "")),
        )
        return to_message(reported)
    failed = isinstance(resource, Error)
    return collector_pb2.ResourceInfo(
        state=collector_pb2.ResourceInfo.FAILURE if failed else collector_pb2.ResourceInfo.SUCCESS,
        message=resource.message if isinstance(resource, Error) else "",
        resource_type=resource.resource_type,
        match_rules=_struct(resource.match_rules, "match_rules"),
        resource=content,
    )


def _struct(content: Mapping[str, Any], name: str) -> Struct:
    if not isinstance(content, Mapping):
        raise TypeError(f"{name} must be a dict, and is {_kind(content)}")
    return to_struct(_plain(content), name=name)


def _iterable(values: Iterable[_T], method: str) -> Iterable[_T]:
    """Return ``values``. Raises ``TypeError``: the author forgot to yield."""
    if not isinstance(values, Iterable):
        raise TypeError(f"{method} must yield, or return a list, and returned {_kind(values)}")
    return values


def _kind(value: object) -> str:
    """Return what the value is, but not its content, which may be a secret."""
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else f"an object of {type(value).__name__}"


def _plain(value: Any) -> Any:
    """Return a JSON form of ``value``, which JSON lacks but libraries of clouds return: a date or a set."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    return value.isoformat() if isinstance(value, date) else value


def _abort(context: grpc.ServicerContext, exc: Exception, request: Request) -> NoReturn:
    """End the call with what went wrong, values of the secret blotted out."""
    blot = Redactor(request.secret_data, secret_options(request.options))
    text = blot(str(exc))
    if isinstance(exc, Refused):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
    # For the plugin's author; not exc_info, since a library's own words in the traceback may quote a secret.
    _log.error("%s", blot("".join(traceback.format_exception(exc)).rstrip()))
    context.abort(grpc.StatusCode.UNKNOWN, f"{type(exc).__name__}: {text}")
    raise AssertionError("abort has raised")
