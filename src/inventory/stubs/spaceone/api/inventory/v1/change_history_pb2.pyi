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

class ChangeHistoryQuery(_message.Message):
    __slots__ = ("query", "cloud_service_id", "action", "user_id", "collector_id", "job_id", "updated_by", "domain_id")
    class RecordAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[ChangeHistoryQuery.RecordAction]
        CREATE: _ClassVar[ChangeHistoryQuery.RecordAction]
        UPDATE: _ClassVar[ChangeHistoryQuery.RecordAction]
        DELETE: _ClassVar[ChangeHistoryQuery.RecordAction]
    NONE: ChangeHistoryQuery.RecordAction
    CREATE: ChangeHistoryQuery.RecordAction
    UPDATE: ChangeHistoryQuery.RecordAction
    DELETE: ChangeHistoryQuery.RecordAction
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    cloud_service_id: str
    action: ChangeHistoryQuery.RecordAction
    user_id: str
    collector_id: str
    job_id: str
    updated_by: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., cloud_service_id: _Optional[str] = ..., action: _Optional[_Union[ChangeHistoryQuery.RecordAction, str]] = ..., user_id: _Optional[str] = ..., collector_id: _Optional[str] = ..., job_id: _Optional[str] = ..., updated_by: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class RecordInfo(_message.Message):
    __slots__ = ("record_id", "cloud_service_id", "action", "diff", "diff_count", "user_id", "collector_id", "job_id", "updated_by", "domain_id", "created_at")
    class RecordAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[RecordInfo.RecordAction]
        CREATE: _ClassVar[RecordInfo.RecordAction]
        UPDATE: _ClassVar[RecordInfo.RecordAction]
        DELETE: _ClassVar[RecordInfo.RecordAction]
    NONE: RecordInfo.RecordAction
    CREATE: RecordInfo.RecordAction
    UPDATE: RecordInfo.RecordAction
    DELETE: RecordInfo.RecordAction
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    DIFF_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    record_id: str
    cloud_service_id: str
    action: RecordInfo.RecordAction
    diff: _struct_pb2.ListValue
    diff_count: int
    user_id: str
    collector_id: str
    job_id: str
    updated_by: str
    domain_id: str
    created_at: str
    def __init__(self, record_id: _Optional[str] = ..., cloud_service_id: _Optional[str] = ..., action: _Optional[_Union[RecordInfo.RecordAction, str]] = ..., diff: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., diff_count: _Optional[int] = ..., user_id: _Optional[str] = ..., collector_id: _Optional[str] = ..., job_id: _Optional[str] = ..., updated_by: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class ChangeHistoryInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[RecordInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[RecordInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class ChangeHistoryStatQuery(_message.Message):
    __slots__ = ("query", "domain_id", "cloud_service_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    cloud_service_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ..., cloud_service_id: _Optional[str] = ...) -> None: ...
