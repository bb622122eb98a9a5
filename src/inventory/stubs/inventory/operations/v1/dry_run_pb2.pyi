from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartDryRunRequest(_message.Message):
    __slots__ = ("collector_id", "secret_id", "filter", "collect_mode", "plugin_version", "endpoint", "domain_id", "options")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    secret_id: str
    filter: _struct_pb2.Struct
    collect_mode: str
    plugin_version: str
    endpoint: str
    domain_id: str
    options: _struct_pb2.Struct
    def __init__(self, collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., collect_mode: _Optional[str] = ..., plugin_version: _Optional[str] = ..., endpoint: _Optional[str] = ..., domain_id: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DryRunRequest(_message.Message):
    __slots__ = ("dry_run_id", "domain_id")
    DRY_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    dry_run_id: str
    domain_id: str
    def __init__(self, dry_run_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class DryRunChangeQuery(_message.Message):
    __slots__ = ("dry_run_id", "action", "page", "domain_id")
    DRY_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    dry_run_id: str
    action: DryRunChange.Action
    page: _query_pb2.Page
    domain_id: str
    def __init__(self, dry_run_id: _Optional[str] = ..., action: _Optional[_Union[DryRunChange.Action, str]] = ..., page: _Optional[_Union[_query_pb2.Page, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class DryRunCounts(_message.Message):
    __slots__ = ("created", "updated", "unchanged", "deleted", "held", "missed", "failed", "uncounted", "errors", "unseen", "held_already")
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    UNSEEN_FIELD_NUMBER: _ClassVar[int]
    HELD_ALREADY_FIELD_NUMBER: _ClassVar[int]
    created: int
    updated: int
    unchanged: int
    deleted: int
    held: int
    missed: int
    failed: int
    uncounted: int
    errors: int
    unseen: int
    held_already: int
    def __init__(self, created: _Optional[int] = ..., updated: _Optional[int] = ..., unchanged: _Optional[int] = ..., deleted: _Optional[int] = ..., held: _Optional[int] = ..., missed: _Optional[int] = ..., failed: _Optional[int] = ..., uncounted: _Optional[int] = ..., errors: _Optional[int] = ..., unseen: _Optional[int] = ..., held_already: _Optional[int] = ...) -> None: ...

class DryRunError(_message.Message):
    __slots__ = ("error_code", "message", "additional")
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_FIELD_NUMBER: _ClassVar[int]
    error_code: str
    message: str
    additional: _struct_pb2.Struct
    def __init__(self, error_code: _Optional[str] = ..., message: _Optional[str] = ..., additional: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DryRunTask(_message.Message):
    __slots__ = ("secret_id", "status", "created", "seen", "deleted", "held", "missed", "failed", "uncounted", "errors", "error_list", "unseen", "held_already")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    MISSED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    ERROR_LIST_FIELD_NUMBER: _ClassVar[int]
    UNSEEN_FIELD_NUMBER: _ClassVar[int]
    HELD_ALREADY_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    status: str
    created: int
    seen: int
    deleted: int
    held: int
    missed: int
    failed: int
    uncounted: int
    errors: int
    error_list: _containers.RepeatedCompositeFieldContainer[DryRunError]
    unseen: int
    held_already: int
    def __init__(self, secret_id: _Optional[str] = ..., status: _Optional[str] = ..., created: _Optional[int] = ..., seen: _Optional[int] = ..., deleted: _Optional[int] = ..., held: _Optional[int] = ..., missed: _Optional[int] = ..., failed: _Optional[int] = ..., uncounted: _Optional[int] = ..., errors: _Optional[int] = ..., error_list: _Optional[_Iterable[_Union[DryRunError, _Mapping]]] = ..., unseen: _Optional[int] = ..., held_already: _Optional[int] = ...) -> None: ...

class DryRunInfo(_message.Message):
    __slots__ = ("dry_run_id", "status", "collector_id", "secret_id", "filter", "collect_mode", "plugin_version", "endpoint", "counts", "tasks", "errors", "created_at", "started_at", "finished_at", "expires_at", "dropped_features", "options")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DryRunInfo.Status]
        PENDING: _ClassVar[DryRunInfo.Status]
        IN_PROGRESS: _ClassVar[DryRunInfo.Status]
        SUCCESS: _ClassVar[DryRunInfo.Status]
        FAILURE: _ClassVar[DryRunInfo.Status]
        CANCELED: _ClassVar[DryRunInfo.Status]
    NONE: DryRunInfo.Status
    PENDING: DryRunInfo.Status
    IN_PROGRESS: DryRunInfo.Status
    SUCCESS: DryRunInfo.Status
    FAILURE: DryRunInfo.Status
    CANCELED: DryRunInfo.Status
    DRY_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FEATURES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    dry_run_id: str
    status: DryRunInfo.Status
    collector_id: str
    secret_id: str
    filter: _struct_pb2.Struct
    collect_mode: str
    plugin_version: str
    endpoint: str
    counts: DryRunCounts
    tasks: _containers.RepeatedCompositeFieldContainer[DryRunTask]
    errors: _containers.RepeatedCompositeFieldContainer[DryRunError]
    created_at: str
    started_at: str
    finished_at: str
    expires_at: str
    dropped_features: _containers.RepeatedScalarFieldContainer[str]
    options: _struct_pb2.Struct
    def __init__(self, dry_run_id: _Optional[str] = ..., status: _Optional[_Union[DryRunInfo.Status, str]] = ..., collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., collect_mode: _Optional[str] = ..., plugin_version: _Optional[str] = ..., endpoint: _Optional[str] = ..., counts: _Optional[_Union[DryRunCounts, _Mapping]] = ..., tasks: _Optional[_Iterable[_Union[DryRunTask, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[DryRunError, _Mapping]]] = ..., created_at: _Optional[str] = ..., started_at: _Optional[str] = ..., finished_at: _Optional[str] = ..., expires_at: _Optional[str] = ..., dropped_features: _Optional[_Iterable[str]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DryRunChange(_message.Message):
    __slots__ = ("action", "cloud_service_id", "name", "provider", "cloud_service_group", "cloud_service_type", "region_code", "account", "project_id", "resource_id", "diff")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DryRunChange.Action]
        DELETE: _ClassVar[DryRunChange.Action]
        HOLD: _ClassVar[DryRunChange.Action]
        MISS: _ClassVar[DryRunChange.Action]
        UPDATE: _ClassVar[DryRunChange.Action]
        CREATE: _ClassVar[DryRunChange.Action]
        UNSEEN: _ClassVar[DryRunChange.Action]
    NONE: DryRunChange.Action
    DELETE: DryRunChange.Action
    HOLD: DryRunChange.Action
    MISS: DryRunChange.Action
    UPDATE: DryRunChange.Action
    CREATE: DryRunChange.Action
    UNSEEN: DryRunChange.Action
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    action: DryRunChange.Action
    cloud_service_id: str
    name: str
    provider: str
    cloud_service_group: str
    cloud_service_type: str
    region_code: str
    account: str
    project_id: str
    resource_id: str
    diff: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    def __init__(self, action: _Optional[_Union[DryRunChange.Action, str]] = ..., cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., cloud_service_type: _Optional[str] = ..., region_code: _Optional[str] = ..., account: _Optional[str] = ..., project_id: _Optional[str] = ..., resource_id: _Optional[str] = ..., diff: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ...) -> None: ...

class DryRunChangeList(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DryRunChange]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[DryRunChange, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...
