from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2 as _collector_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobRequest(_message.Message):
    __slots__ = ("job_id", "domain_id")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    domain_id: str
    def __init__(self, job_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id", "domain_id", "only")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class JobsQuery(_message.Message):
    __slots__ = ("query", "job_id", "status", "collector_id", "project_id", "domain_id")
    class JobStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        JOB_STATE_NONE: _ClassVar[JobsQuery.JobStatus]
        CREATED: _ClassVar[JobsQuery.JobStatus]
        CANCELED: _ClassVar[JobsQuery.JobStatus]
        IN_PROGRESS: _ClassVar[JobsQuery.JobStatus]
        SUCCESS: _ClassVar[JobsQuery.JobStatus]
        ERROR: _ClassVar[JobsQuery.JobStatus]
        TIMEOUT: _ClassVar[JobsQuery.JobStatus]
    JOB_STATE_NONE: JobsQuery.JobStatus
    CREATED: JobsQuery.JobStatus
    CANCELED: JobsQuery.JobStatus
    IN_PROGRESS: JobsQuery.JobStatus
    SUCCESS: JobsQuery.JobStatus
    ERROR: JobsQuery.JobStatus
    TIMEOUT: JobsQuery.JobStatus
    QUERY_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    job_id: str
    status: JobsQuery.JobStatus
    collector_id: str
    project_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., job_id: _Optional[str] = ..., status: _Optional[_Union[JobsQuery.JobStatus, str]] = ..., collector_id: _Optional[str] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class JobsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_collector_pb2.JobInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[_collector_pb2.JobInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class JobStatQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...
