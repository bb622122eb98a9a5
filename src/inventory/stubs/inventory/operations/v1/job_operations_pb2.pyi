from google.api import annotations_pb2 as _annotations_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2 as _collector_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RetryRequest(_message.Message):
    __slots__ = ("job_id", "domain_id")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    domain_id: str
    def __init__(self, job_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class JobFactsRequest(_message.Message):
    __slots__ = ("job_id", "domain_id", "job_task_id")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    domain_id: str
    job_task_id: str
    def __init__(self, job_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., job_task_id: _Optional[str] = ...) -> None: ...

class JobFacts(_message.Message):
    __slots__ = ("job", "retry_of", "retried_by", "failed_tasks", "not_retryable", "warnings", "holds", "restored", "approved")
    JOB_FIELD_NUMBER: _ClassVar[int]
    RETRY_OF_FIELD_NUMBER: _ClassVar[int]
    RETRIED_BY_FIELD_NUMBER: _ClassVar[int]
    FAILED_TASKS_FIELD_NUMBER: _ClassVar[int]
    NOT_RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    job: _collector_pb2.JobInfo
    retry_of: str
    retried_by: str
    failed_tasks: int
    not_retryable: str
    warnings: _containers.RepeatedCompositeFieldContainer[JobWarning]
    holds: _containers.RepeatedCompositeFieldContainer[JobHold]
    restored: int
    approved: _containers.RepeatedCompositeFieldContainer[JobHold]
    def __init__(self, job: _Optional[_Union[_collector_pb2.JobInfo, _Mapping]] = ..., retry_of: _Optional[str] = ..., retried_by: _Optional[str] = ..., failed_tasks: _Optional[int] = ..., not_retryable: _Optional[str] = ..., warnings: _Optional[_Iterable[_Union[JobWarning, _Mapping]]] = ..., holds: _Optional[_Iterable[_Union[JobHold, _Mapping]]] = ..., restored: _Optional[int] = ..., approved: _Optional[_Iterable[_Union[JobHold, _Mapping]]] = ...) -> None: ...

class SliceQuery(_message.Message):
    __slots__ = ("job_task_id", "page", "domain_id")
    JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    job_task_id: str
    page: _query_pb2.Page
    domain_id: str
    def __init__(self, job_task_id: _Optional[str] = ..., page: _Optional[_Union[_query_pb2.Page, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class SliceInfo(_message.Message):
    __slots__ = ("slice_id", "number", "status", "attempts", "waits_for", "created_count", "updated_count", "failure_count", "error_count", "planned_others", "started_at", "finished_at")
    SLICE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    CREATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    PLANNED_OTHERS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    slice_id: str
    number: int
    status: str
    attempts: int
    waits_for: str
    created_count: int
    updated_count: int
    failure_count: int
    error_count: int
    planned_others: bool
    started_at: str
    finished_at: str
    def __init__(self, slice_id: _Optional[str] = ..., number: _Optional[int] = ..., status: _Optional[str] = ..., attempts: _Optional[int] = ..., waits_for: _Optional[str] = ..., created_count: _Optional[int] = ..., updated_count: _Optional[int] = ..., failure_count: _Optional[int] = ..., error_count: _Optional[int] = ..., planned_others: _Optional[bool] = ..., started_at: _Optional[str] = ..., finished_at: _Optional[str] = ...) -> None: ...

class SliceList(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SliceInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[SliceInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class JobHold(_message.Message):
    __slots__ = ("deletion_id", "secret_id", "missing", "deleted_count", "restored_count", "decided_by")
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESTORED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    secret_id: str
    missing: int
    deleted_count: int
    restored_count: int
    decided_by: str
    def __init__(self, deletion_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., missing: _Optional[int] = ..., deleted_count: _Optional[int] = ..., restored_count: _Optional[int] = ..., decided_by: _Optional[str] = ...) -> None: ...

class JobWarning(_message.Message):
    __slots__ = ("code", "count", "tasks", "example", "of_tasks")
    CODE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_FIELD_NUMBER: _ClassVar[int]
    OF_TASKS_FIELD_NUMBER: _ClassVar[int]
    code: str
    count: int
    tasks: int
    example: str
    of_tasks: _containers.RepeatedCompositeFieldContainer[TaskWarning]
    def __init__(self, code: _Optional[str] = ..., count: _Optional[int] = ..., tasks: _Optional[int] = ..., example: _Optional[str] = ..., of_tasks: _Optional[_Iterable[_Union[TaskWarning, _Mapping]]] = ...) -> None: ...

class TaskWarning(_message.Message):
    __slots__ = ("job_task_id", "secret_id", "count", "example")
    JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_FIELD_NUMBER: _ClassVar[int]
    job_task_id: str
    secret_id: str
    count: int
    example: str
    def __init__(self, job_task_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., count: _Optional[int] = ..., example: _Optional[str] = ...) -> None: ...
