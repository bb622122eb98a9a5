from google.api import annotations_pb2 as _annotations_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FreshnessQuery(_message.Message):
    __slots__ = ("collector_id", "secret_id", "project_id", "states", "page", "domain_id", "enabled_only")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_ONLY_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    secret_id: str
    project_id: str
    states: _containers.RepeatedScalarFieldContainer[FreshnessInfo.State]
    page: _query_pb2.Page
    domain_id: str
    enabled_only: bool
    def __init__(self, collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., project_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[FreshnessInfo.State, str]]] = ..., page: _Optional[_Union[_query_pb2.Page, _Mapping]] = ..., domain_id: _Optional[str] = ..., enabled_only: _Optional[bool] = ...) -> None: ...

class FreshnessRequest(_message.Message):
    __slots__ = ("collector_id", "secret_id", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    secret_id: str
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class FreshnessInfo(_message.Message):
    __slots__ = ("collector_id", "collector_name", "collector_enabled", "secret_id", "provider", "service_account_id", "project_id", "state", "reason", "last_success_at", "last_success_job_id", "last_attempt_at", "last_attempt_status", "last_attempt_job_id", "last_attempt_job_task_id", "consecutive_failures", "last_error", "resources", "stale_after_seconds")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[FreshnessInfo.State]
        FRESH: _ClassVar[FreshnessInfo.State]
        LATE: _ClassVar[FreshnessInfo.State]
        STALE: _ClassVar[FreshnessInfo.State]
        NEVER: _ClassVar[FreshnessInfo.State]
    NONE: FreshnessInfo.State
    FRESH: FreshnessInfo.State
    LATE: FreshnessInfo.State
    STALE: FreshnessInfo.State
    NEVER: FreshnessInfo.State
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ENABLED_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LAST_SUCCESS_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_SUCCESS_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_STATUS_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    CONSECUTIVE_FAILURES_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    STALE_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    collector_name: str
    collector_enabled: bool
    secret_id: str
    provider: str
    service_account_id: str
    project_id: str
    state: FreshnessInfo.State
    reason: str
    last_success_at: str
    last_success_job_id: str
    last_attempt_at: str
    last_attempt_status: str
    last_attempt_job_id: str
    last_attempt_job_task_id: str
    consecutive_failures: int
    last_error: FreshnessError
    resources: int
    stale_after_seconds: int
    def __init__(self, collector_id: _Optional[str] = ..., collector_name: _Optional[str] = ..., collector_enabled: _Optional[bool] = ..., secret_id: _Optional[str] = ..., provider: _Optional[str] = ..., service_account_id: _Optional[str] = ..., project_id: _Optional[str] = ..., state: _Optional[_Union[FreshnessInfo.State, str]] = ..., reason: _Optional[str] = ..., last_success_at: _Optional[str] = ..., last_success_job_id: _Optional[str] = ..., last_attempt_at: _Optional[str] = ..., last_attempt_status: _Optional[str] = ..., last_attempt_job_id: _Optional[str] = ..., last_attempt_job_task_id: _Optional[str] = ..., consecutive_failures: _Optional[int] = ..., last_error: _Optional[_Union[FreshnessError, _Mapping]] = ..., resources: _Optional[int] = ..., stale_after_seconds: _Optional[int] = ...) -> None: ...

class FreshnessError(_message.Message):
    __slots__ = ("error_code", "message")
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    error_code: str
    message: str
    def __init__(self, error_code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class FreshnessCounts(_message.Message):
    __slots__ = ("fresh", "late", "stale", "never")
    FRESH_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    NEVER_FIELD_NUMBER: _ClassVar[int]
    fresh: int
    late: int
    stale: int
    never: int
    def __init__(self, fresh: _Optional[int] = ..., late: _Optional[int] = ..., stale: _Optional[int] = ..., never: _Optional[int] = ...) -> None: ...

class FreshnessList(_message.Message):
    __slots__ = ("results", "total_count", "counts")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[FreshnessInfo]
    total_count: int
    counts: FreshnessCounts
    def __init__(self, results: _Optional[_Iterable[_Union[FreshnessInfo, _Mapping]]] = ..., total_count: _Optional[int] = ..., counts: _Optional[_Union[FreshnessCounts, _Mapping]] = ...) -> None: ...

class TypeFreshness(_message.Message):
    __slots__ = ("provider", "cloud_service_group", "cloud_service_type", "resources", "missing", "last_seen_at", "oldest_seen_at", "state", "reason")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    provider: str
    cloud_service_group: str
    cloud_service_type: str
    resources: int
    missing: int
    last_seen_at: str
    oldest_seen_at: str
    state: FreshnessInfo.State
    reason: str
    def __init__(self, provider: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., cloud_service_type: _Optional[str] = ..., resources: _Optional[int] = ..., missing: _Optional[int] = ..., last_seen_at: _Optional[str] = ..., oldest_seen_at: _Optional[str] = ..., state: _Optional[_Union[FreshnessInfo.State, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class SecretFreshness(_message.Message):
    __slots__ = ("freshness", "types", "types_incomplete")
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    TYPES_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    freshness: FreshnessInfo
    types: _containers.RepeatedCompositeFieldContainer[TypeFreshness]
    types_incomplete: bool
    def __init__(self, freshness: _Optional[_Union[FreshnessInfo, _Mapping]] = ..., types: _Optional[_Iterable[_Union[TypeFreshness, _Mapping]]] = ..., types_incomplete: _Optional[bool] = ...) -> None: ...
