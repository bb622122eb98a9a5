from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2 as _collector_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListScheduleFactsRequest(_message.Message):
    __slots__ = ("collector_id", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ListAllScheduleFactsRequest(_message.Message):
    __slots__ = ("with_last_jobs", "domain_id")
    WITH_LAST_JOBS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    with_last_jobs: bool
    domain_id: str
    def __init__(self, with_last_jobs: _Optional[bool] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ExplainScheduleRequest(_message.Message):
    __slots__ = ("collector_id", "schedule_id", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    schedule_id: str
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class LastJob(_message.Message):
    __slots__ = ("job_id", "status", "fire_at", "created_at", "finished_at", "total_tasks", "remained_tasks")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FIRE_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TASKS_FIELD_NUMBER: _ClassVar[int]
    REMAINED_TASKS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    status: _collector_pb2.JobInfo.Status
    fire_at: str
    created_at: str
    finished_at: str
    total_tasks: int
    remained_tasks: int
    def __init__(self, job_id: _Optional[str] = ..., status: _Optional[_Union[_collector_pb2.JobInfo.Status, str]] = ..., fire_at: _Optional[str] = ..., created_at: _Optional[str] = ..., finished_at: _Optional[str] = ..., total_tasks: _Optional[int] = ..., remained_tasks: _Optional[int] = ...) -> None: ...

class ScheduleFacts(_message.Message):
    __slots__ = ("schedule_id", "name", "collector_id", "collect_mode", "schedule", "collector_enabled", "next_fire_at", "last_scheduled_at", "last_job", "problem")
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ENABLED_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIRE_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_JOB_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    schedule_id: str
    name: str
    collector_id: str
    collect_mode: str
    schedule: _collector_pb2.Scheduled
    collector_enabled: bool
    next_fire_at: str
    last_scheduled_at: str
    last_job: LastJob
    problem: str
    def __init__(self, schedule_id: _Optional[str] = ..., name: _Optional[str] = ..., collector_id: _Optional[str] = ..., collect_mode: _Optional[str] = ..., schedule: _Optional[_Union[_collector_pb2.Scheduled, _Mapping]] = ..., collector_enabled: _Optional[bool] = ..., next_fire_at: _Optional[str] = ..., last_scheduled_at: _Optional[str] = ..., last_job: _Optional[_Union[LastJob, _Mapping]] = ..., problem: _Optional[str] = ...) -> None: ...

class ScheduleFactsList(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ScheduleFacts]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[ScheduleFacts, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class SkippedTimes(_message.Message):
    __slots__ = ("first", "last", "reason", "count")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[SkippedTimes.Reason]
        DOWNTIME: _ClassVar[SkippedTimes.Reason]
        COALESCED: _ClassVar[SkippedTimes.Reason]
        DISABLED: _ClassVar[SkippedTimes.Reason]
    NONE: SkippedTimes.Reason
    DOWNTIME: SkippedTimes.Reason
    COALESCED: SkippedTimes.Reason
    DISABLED: SkippedTimes.Reason
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    first: str
    last: str
    reason: SkippedTimes.Reason
    count: int
    def __init__(self, first: _Optional[str] = ..., last: _Optional[str] = ..., reason: _Optional[_Union[SkippedTimes.Reason, str]] = ..., count: _Optional[int] = ...) -> None: ...

class ScheduleExplanation(_message.Message):
    __slots__ = ("facts", "next_times", "skipped")
    FACTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_TIMES_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    facts: ScheduleFacts
    next_times: _containers.RepeatedScalarFieldContainer[str]
    skipped: _containers.RepeatedCompositeFieldContainer[SkippedTimes]
    def __init__(self, facts: _Optional[_Union[ScheduleFacts, _Mapping]] = ..., next_times: _Optional[_Iterable[str]] = ..., skipped: _Optional[_Iterable[_Union[SkippedTimes, _Mapping]]] = ...) -> None: ...
