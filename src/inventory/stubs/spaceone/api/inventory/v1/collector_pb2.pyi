from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PluginInfo(_message.Message):
    __slots__ = ("plugin_id", "version", "options", "secret_id", "secret_group_id", "provider", "service_account_id", "metadata", "upgrade_mode")
    class UpgradeMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[PluginInfo.UpgradeMode]
        MANUAL: _ClassVar[PluginInfo.UpgradeMode]
        AUTO: _ClassVar[PluginInfo.UpgradeMode]
    NONE: PluginInfo.UpgradeMode
    MANUAL: PluginInfo.UpgradeMode
    AUTO: PluginInfo.UpgradeMode
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_MODE_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    version: str
    options: _struct_pb2.Struct
    secret_id: str
    secret_group_id: str
    provider: str
    service_account_id: str
    metadata: _struct_pb2.Struct
    upgrade_mode: PluginInfo.UpgradeMode
    def __init__(self, plugin_id: _Optional[str] = ..., version: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret_id: _Optional[str] = ..., secret_group_id: _Optional[str] = ..., provider: _Optional[str] = ..., service_account_id: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., upgrade_mode: _Optional[_Union[PluginInfo.UpgradeMode, str]] = ...) -> None: ...

class CreateCollectorRequest(_message.Message):
    __slots__ = ("name", "plugin_info", "priority", "tags", "domain_id", "is_public", "project_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_INFO_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    IS_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    plugin_info: PluginInfo
    priority: int
    tags: _struct_pb2.Struct
    domain_id: str
    is_public: bool
    project_id: str
    def __init__(self, name: _Optional[str] = ..., plugin_info: _Optional[_Union[PluginInfo, _Mapping]] = ..., priority: _Optional[int] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ..., is_public: _Optional[bool] = ..., project_id: _Optional[str] = ...) -> None: ...

class UpdateCollectorRequest(_message.Message):
    __slots__ = ("collector_id", "name", "plugin_info", "priority", "tags", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_INFO_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    name: str
    plugin_info: PluginInfo
    priority: int
    tags: _struct_pb2.Struct
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., name: _Optional[str] = ..., plugin_info: _Optional[_Union[PluginInfo, _Mapping]] = ..., priority: _Optional[int] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class UpdatePluginRequest(_message.Message):
    __slots__ = ("collector_id", "version", "options", "domain_id", "upgrade_mode")
    class UpgradeMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[UpdatePluginRequest.UpgradeMode]
        MANUAL: _ClassVar[UpdatePluginRequest.UpgradeMode]
        AUTO: _ClassVar[UpdatePluginRequest.UpgradeMode]
    NONE: UpdatePluginRequest.UpgradeMode
    MANUAL: UpdatePluginRequest.UpgradeMode
    AUTO: UpdatePluginRequest.UpgradeMode
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_MODE_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    version: str
    options: _struct_pb2.Struct
    domain_id: str
    upgrade_mode: UpdatePluginRequest.UpgradeMode
    def __init__(self, collector_id: _Optional[str] = ..., version: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ..., upgrade_mode: _Optional[_Union[UpdatePluginRequest.UpgradeMode, str]] = ...) -> None: ...

class CollectorRequest(_message.Message):
    __slots__ = ("collector_id", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class GetCollectorRequest(_message.Message):
    __slots__ = ("collector_id", "domain_id", "only")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, collector_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class CollectorQuery(_message.Message):
    __slots__ = ("query", "collector_id", "name", "state", "priority", "plugin_id", "domain_id")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[CollectorQuery.State]
        ENABLED: _ClassVar[CollectorQuery.State]
        DISABLED: _ClassVar[CollectorQuery.State]
    NONE: CollectorQuery.State
    ENABLED: CollectorQuery.State
    DISABLED: CollectorQuery.State
    QUERY_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    collector_id: str
    name: str
    state: CollectorQuery.State
    priority: int
    plugin_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., collector_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[CollectorQuery.State, str]] = ..., priority: _Optional[int] = ..., plugin_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CollectRequest(_message.Message):
    __slots__ = ("collector_id", "filter", "secret_id", "collect_mode", "domain_id", "use_cache")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    USE_CACHE_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    filter: _struct_pb2.Struct
    secret_id: str
    collect_mode: str
    domain_id: str
    use_cache: bool
    def __init__(self, collector_id: _Optional[str] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret_id: _Optional[str] = ..., collect_mode: _Optional[str] = ..., domain_id: _Optional[str] = ..., use_cache: _Optional[bool] = ...) -> None: ...

class VerifyPluginRequest(_message.Message):
    __slots__ = ("collector_id", "secret_id", "domain_id")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    secret_id: str
    domain_id: str
    def __init__(self, collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CollectorInfo(_message.Message):
    __slots__ = ("collector_id", "name", "state", "plugin_info", "priority", "tags", "created_at", "last_collected_at", "domain_id", "provider", "capability", "is_public", "project_id")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[CollectorInfo.State]
        ENABLED: _ClassVar[CollectorInfo.State]
        DISABLED: _ClassVar[CollectorInfo.State]
    NONE: CollectorInfo.State
    ENABLED: CollectorInfo.State
    DISABLED: CollectorInfo.State
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_INFO_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_COLLECTED_AT_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    IS_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    name: str
    state: CollectorInfo.State
    plugin_info: PluginInfo
    priority: int
    tags: _struct_pb2.Struct
    created_at: str
    last_collected_at: str
    domain_id: str
    provider: str
    capability: _struct_pb2.Struct
    is_public: bool
    project_id: str
    def __init__(self, collector_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[CollectorInfo.State, str]] = ..., plugin_info: _Optional[_Union[PluginInfo, _Mapping]] = ..., priority: _Optional[int] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[str] = ..., last_collected_at: _Optional[str] = ..., domain_id: _Optional[str] = ..., provider: _Optional[str] = ..., capability: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., is_public: _Optional[bool] = ..., project_id: _Optional[str] = ...) -> None: ...

class CollectorsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CollectorInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[CollectorInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class CollectorStatQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class VerifyInfo(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: bool
    def __init__(self, status: _Optional[bool] = ...) -> None: ...

class ErrorInfo(_message.Message):
    __slots__ = ("error_code", "message", "additional")
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_FIELD_NUMBER: _ClassVar[int]
    error_code: str
    message: str
    additional: _struct_pb2.Struct
    def __init__(self, error_code: _Optional[str] = ..., message: _Optional[str] = ..., additional: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class JobInfo(_message.Message):
    __slots__ = ("job_id", "status", "filter", "total_tasks", "remained_tasks", "errors", "collector_info", "project_id", "domain_id", "created_at", "updated_at", "finished_at")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[JobInfo.Status]
        CREATED: _ClassVar[JobInfo.Status]
        CANCELED: _ClassVar[JobInfo.Status]
        IN_PROGRESS: _ClassVar[JobInfo.Status]
        SUCCESS: _ClassVar[JobInfo.Status]
        ERROR: _ClassVar[JobInfo.Status]
        TIMEOUT: _ClassVar[JobInfo.Status]
    NONE: JobInfo.Status
    CREATED: JobInfo.Status
    CANCELED: JobInfo.Status
    IN_PROGRESS: JobInfo.Status
    SUCCESS: JobInfo.Status
    ERROR: JobInfo.Status
    TIMEOUT: JobInfo.Status
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TASKS_FIELD_NUMBER: _ClassVar[int]
    REMAINED_TASKS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_INFO_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    status: JobInfo.Status
    filter: _struct_pb2.Struct
    total_tasks: int
    remained_tasks: int
    errors: _containers.RepeatedCompositeFieldContainer[ErrorInfo]
    collector_info: CollectorInfo
    project_id: str
    domain_id: str
    created_at: str
    updated_at: str
    finished_at: str
    def __init__(self, job_id: _Optional[str] = ..., status: _Optional[_Union[JobInfo.Status, str]] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., total_tasks: _Optional[int] = ..., remained_tasks: _Optional[int] = ..., errors: _Optional[_Iterable[_Union[ErrorInfo, _Mapping]]] = ..., collector_info: _Optional[_Union[CollectorInfo, _Mapping]] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ..., finished_at: _Optional[str] = ...) -> None: ...

class Scheduled(_message.Message):
    __slots__ = ("cron", "interval", "minutes", "hours")
    CRON_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MINUTES_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    cron: str
    interval: int
    minutes: _containers.RepeatedScalarFieldContainer[int]
    hours: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, cron: _Optional[str] = ..., interval: _Optional[int] = ..., minutes: _Optional[_Iterable[int]] = ..., hours: _Optional[_Iterable[int]] = ...) -> None: ...

class CreateScheduleRequest(_message.Message):
    __slots__ = ("domain_id", "collector_id", "name", "collect_mode", "schedule", "filter")
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    collector_id: str
    name: str
    collect_mode: str
    schedule: Scheduled
    filter: _struct_pb2.Struct
    def __init__(self, domain_id: _Optional[str] = ..., collector_id: _Optional[str] = ..., name: _Optional[str] = ..., collect_mode: _Optional[str] = ..., schedule: _Optional[_Union[Scheduled, _Mapping]] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class UpdateScheduleRequest(_message.Message):
    __slots__ = ("domain_id", "schedule_id", "collector_id", "name", "collect_mode", "schedule", "filter")
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    schedule_id: str
    collector_id: str
    name: str
    collect_mode: str
    schedule: Scheduled
    filter: _struct_pb2.Struct
    def __init__(self, domain_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., collector_id: _Optional[str] = ..., name: _Optional[str] = ..., collect_mode: _Optional[str] = ..., schedule: _Optional[_Union[Scheduled, _Mapping]] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ScheduleRequest(_message.Message):
    __slots__ = ("domain_id", "schedule_id", "collector_id")
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    schedule_id: str
    collector_id: str
    def __init__(self, domain_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., collector_id: _Optional[str] = ...) -> None: ...

class DeleteScheduleRequest(_message.Message):
    __slots__ = ("domain_id", "schedule_id", "collector_id")
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    schedule_id: str
    collector_id: str
    def __init__(self, domain_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., collector_id: _Optional[str] = ...) -> None: ...

class ScheduleQuery(_message.Message):
    __slots__ = ("query", "collector_id", "schedule_id", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    collector_id: str
    schedule_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., collector_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ScheduleInfo(_message.Message):
    __slots__ = ("domain_id", "schedule_id", "name", "collect_mode", "schedule", "created_at", "last_scheduled_at", "collector_info", "filter")
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECT_MODE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_INFO_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    schedule_id: str
    name: str
    collect_mode: str
    schedule: Scheduled
    created_at: str
    last_scheduled_at: str
    collector_info: CollectorInfo
    filter: _struct_pb2.Struct
    def __init__(self, domain_id: _Optional[str] = ..., schedule_id: _Optional[str] = ..., name: _Optional[str] = ..., collect_mode: _Optional[str] = ..., schedule: _Optional[_Union[Scheduled, _Mapping]] = ..., created_at: _Optional[str] = ..., last_scheduled_at: _Optional[str] = ..., collector_info: _Optional[_Union[CollectorInfo, _Mapping]] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SchedulesInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ScheduleInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[ScheduleInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...
