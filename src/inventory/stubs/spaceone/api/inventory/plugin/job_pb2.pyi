from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TaskFilter(_message.Message):
    __slots__ = ("providers", "cloud_service_groups", "cloud_service_types", "region_codes", "resources")
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUPS_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPES_FIELD_NUMBER: _ClassVar[int]
    REGION_CODES_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    providers: _containers.RepeatedScalarFieldContainer[str]
    cloud_service_groups: _containers.RepeatedScalarFieldContainer[str]
    cloud_service_types: _containers.RepeatedScalarFieldContainer[str]
    region_codes: _containers.RepeatedScalarFieldContainer[str]
    resources: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, providers: _Optional[_Iterable[str]] = ..., cloud_service_groups: _Optional[_Iterable[str]] = ..., cloud_service_types: _Optional[_Iterable[str]] = ..., region_codes: _Optional[_Iterable[str]] = ..., resources: _Optional[_Iterable[str]] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("secret_data", "options", "task_filter")
    SECRET_DATA_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TASK_FILTER_FIELD_NUMBER: _ClassVar[int]
    secret_data: _struct_pb2.Struct
    options: _struct_pb2.Struct
    task_filter: TaskFilter
    def __init__(self, secret_data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., task_filter: _Optional[_Union[TaskFilter, _Mapping]] = ...) -> None: ...

class TaskInfo(_message.Message):
    __slots__ = ("task_options",)
    TASK_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    task_options: _struct_pb2.Struct
    def __init__(self, task_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class TasksInfo(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[TaskInfo]
    def __init__(self, tasks: _Optional[_Iterable[_Union[TaskInfo, _Mapping]]] = ...) -> None: ...
