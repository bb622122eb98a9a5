from google.api import annotations_pb2 as _annotations_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeletionQuery(_message.Message):
    __slots__ = ("states", "collector_id", "page", "domain_id")
    STATES_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedScalarFieldContainer[DeletionInfo.State]
    collector_id: str
    page: _query_pb2.Page
    domain_id: str
    def __init__(self, states: _Optional[_Iterable[_Union[DeletionInfo.State, str]]] = ..., collector_id: _Optional[str] = ..., page: _Optional[_Union[_query_pb2.Page, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class DeletionRequest(_message.Message):
    __slots__ = ("deletion_id", "domain_id")
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    domain_id: str
    def __init__(self, deletion_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class UndoRequest(_message.Message):
    __slots__ = ("job_id", "deletion_id", "domain_id")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    deletion_id: str
    domain_id: str
    def __init__(self, job_id: _Optional[str] = ..., deletion_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class DeletionCount(_message.Message):
    __slots__ = ("name", "count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    count: int
    def __init__(self, name: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class DeletionExample(_message.Message):
    __slots__ = ("cloud_service_id", "name", "provider", "cloud_service_group", "cloud_service_type", "region_code", "account", "resource_id")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    name: str
    provider: str
    cloud_service_group: str
    cloud_service_type: str
    region_code: str
    account: str
    resource_id: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., cloud_service_type: _Optional[str] = ..., region_code: _Optional[str] = ..., account: _Optional[str] = ..., resource_id: _Optional[str] = ...) -> None: ...

class DeletionInfo(_message.Message):
    __slots__ = ("deletion_id", "kind", "state", "reason", "collector_id", "secret_id", "job_id", "job_task_id", "alive", "held", "missing", "types", "regions", "examples", "confirmations", "confirmed_at", "decided_by", "decided_at", "deleted_count", "created_at", "restored_count")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NO_KIND: _ClassVar[DeletionInfo.Kind]
        COLLECT: _ClassVar[DeletionInfo.Kind]
        AGE: _ClassVar[DeletionInfo.Kind]
        HOUSEKEEPING: _ClassVar[DeletionInfo.Kind]
    NO_KIND: DeletionInfo.Kind
    COLLECT: DeletionInfo.Kind
    AGE: DeletionInfo.Kind
    HOUSEKEEPING: DeletionInfo.Kind
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DeletionInfo.State]
        HELD: _ClassVar[DeletionInfo.State]
        APPROVING: _ClassVar[DeletionInfo.State]
        APPROVED: _ClassVar[DeletionInfo.State]
        DISCARDING: _ClassVar[DeletionInfo.State]
        DISCARDED: _ClassVar[DeletionInfo.State]
        DISSOLVED: _ClassVar[DeletionInfo.State]
        DONE: _ClassVar[DeletionInfo.State]
        PREPARING: _ClassVar[DeletionInfo.State]
    NONE: DeletionInfo.State
    HELD: DeletionInfo.State
    APPROVING: DeletionInfo.State
    APPROVED: DeletionInfo.State
    DISCARDING: DeletionInfo.State
    DISCARDED: DeletionInfo.State
    DISSOLVED: DeletionInfo.State
    DONE: DeletionInfo.State
    PREPARING: DeletionInfo.State
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATIONS_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_AT_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    RESTORED_COUNT_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    kind: DeletionInfo.Kind
    state: DeletionInfo.State
    reason: str
    collector_id: str
    secret_id: str
    job_id: str
    job_task_id: str
    alive: int
    held: int
    missing: int
    types: _containers.RepeatedCompositeFieldContainer[DeletionCount]
    regions: _containers.RepeatedCompositeFieldContainer[DeletionCount]
    examples: _containers.RepeatedCompositeFieldContainer[DeletionExample]
    confirmations: int
    confirmed_at: str
    decided_by: str
    decided_at: str
    deleted_count: int
    created_at: str
    restored_count: int
    def __init__(self, deletion_id: _Optional[str] = ..., kind: _Optional[_Union[DeletionInfo.Kind, str]] = ..., state: _Optional[_Union[DeletionInfo.State, str]] = ..., reason: _Optional[str] = ..., collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., job_id: _Optional[str] = ..., job_task_id: _Optional[str] = ..., alive: _Optional[int] = ..., held: _Optional[int] = ..., missing: _Optional[int] = ..., types: _Optional[_Iterable[_Union[DeletionCount, _Mapping]]] = ..., regions: _Optional[_Iterable[_Union[DeletionCount, _Mapping]]] = ..., examples: _Optional[_Iterable[_Union[DeletionExample, _Mapping]]] = ..., confirmations: _Optional[int] = ..., confirmed_at: _Optional[str] = ..., decided_by: _Optional[str] = ..., decided_at: _Optional[str] = ..., deleted_count: _Optional[int] = ..., created_at: _Optional[str] = ..., restored_count: _Optional[int] = ...) -> None: ...

class DeletionList(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DeletionInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[DeletionInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class LivingResource(_message.Message):
    __slots__ = ("cloud_service_id", "living_id", "name", "resource_id")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LIVING_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    living_id: str
    name: str
    resource_id: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., living_id: _Optional[str] = ..., name: _Optional[str] = ..., resource_id: _Optional[str] = ...) -> None: ...

class UndoInfo(_message.Message):
    __slots__ = ("restored", "not_restored", "living", "complete", "approved")
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    NOT_RESTORED_FIELD_NUMBER: _ClassVar[int]
    LIVING_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    restored: int
    not_restored: int
    living: _containers.RepeatedCompositeFieldContainer[LivingResource]
    complete: bool
    approved: _containers.RepeatedCompositeFieldContainer[DeletionInfo]
    def __init__(self, restored: _Optional[int] = ..., not_restored: _Optional[int] = ..., living: _Optional[_Iterable[_Union[LivingResource, _Mapping]]] = ..., complete: _Optional[bool] = ..., approved: _Optional[_Iterable[_Union[DeletionInfo, _Mapping]]] = ...) -> None: ...
