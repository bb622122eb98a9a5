from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from inventory.stubs.spaceone.api.identity.v1 import project_pb2 as _project_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServiceAccountQuery(_message.Message):
    __slots__ = ("query", "service_account_id", "name", "service_account_type", "provider", "trusted_service_account_id", "project_id", "scope", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    service_account_id: str
    name: str
    service_account_type: str
    provider: str
    trusted_service_account_id: str
    project_id: str
    scope: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., service_account_id: _Optional[str] = ..., name: _Optional[str] = ..., service_account_type: _Optional[str] = ..., provider: _Optional[str] = ..., trusted_service_account_id: _Optional[str] = ..., project_id: _Optional[str] = ..., scope: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ServiceAccountsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ServiceAccountInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[ServiceAccountInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class ServiceAccountInfo(_message.Message):
    __slots__ = ("service_account_id", "name", "service_account_type", "data", "provider", "trusted_service_account_id", "project_info", "scope", "domain_id", "tags", "created_at")
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_INFO_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    service_account_id: str
    name: str
    service_account_type: str
    data: _struct_pb2.Struct
    provider: str
    trusted_service_account_id: str
    project_info: _project_pb2.ProjectInfo
    scope: str
    domain_id: str
    tags: _struct_pb2.Struct
    created_at: str
    def __init__(self, service_account_id: _Optional[str] = ..., name: _Optional[str] = ..., service_account_type: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., provider: _Optional[str] = ..., trusted_service_account_id: _Optional[str] = ..., project_info: _Optional[_Union[_project_pb2.ProjectInfo, _Mapping]] = ..., scope: _Optional[str] = ..., domain_id: _Optional[str] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[str] = ...) -> None: ...
