from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateCloudServiceTypeRequest(_message.Message):
    __slots__ = ("name", "provider", "group", "service_code", "is_primary", "is_major", "resource_type", "metadata", "labels", "tags", "domain_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CODE_FIELD_NUMBER: _ClassVar[int]
    IS_PRIMARY_FIELD_NUMBER: _ClassVar[int]
    IS_MAJOR_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    provider: str
    group: str
    service_code: str
    is_primary: bool
    is_major: bool
    resource_type: str
    metadata: _struct_pb2.Struct
    labels: _struct_pb2.ListValue
    tags: _struct_pb2.Struct
    domain_id: str
    def __init__(self, name: _Optional[str] = ..., provider: _Optional[str] = ..., group: _Optional[str] = ..., service_code: _Optional[str] = ..., is_primary: _Optional[bool] = ..., is_major: _Optional[bool] = ..., resource_type: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class UpdateCloudServiceTypeRequest(_message.Message):
    __slots__ = ("cloud_service_type_id", "service_code", "is_primary", "is_major", "resource_type", "metadata", "labels", "tags", "domain_id")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CODE_FIELD_NUMBER: _ClassVar[int]
    IS_PRIMARY_FIELD_NUMBER: _ClassVar[int]
    IS_MAJOR_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    service_code: str
    is_primary: bool
    is_major: bool
    resource_type: str
    metadata: _struct_pb2.Struct
    labels: _struct_pb2.ListValue
    tags: _struct_pb2.Struct
    domain_id: str
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., service_code: _Optional[str] = ..., is_primary: _Optional[bool] = ..., is_major: _Optional[bool] = ..., resource_type: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CloudServiceTypeRequest(_message.Message):
    __slots__ = ("cloud_service_type_id", "domain_id")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    domain_id: str
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class GetCloudServiceTypeRequest(_message.Message):
    __slots__ = ("cloud_service_type_id", "domain_id", "only")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class CloudServiceTypeQuery(_message.Message):
    __slots__ = ("query", "cloud_service_type_id", "name", "provider", "group", "cloud_service_type_key", "service_code", "is_primary", "is_major", "resource_type", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CODE_FIELD_NUMBER: _ClassVar[int]
    IS_PRIMARY_FIELD_NUMBER: _ClassVar[int]
    IS_MAJOR_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    cloud_service_type_id: str
    name: str
    provider: str
    group: str
    cloud_service_type_key: str
    service_code: str
    is_primary: bool
    is_major: bool
    resource_type: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., cloud_service_type_id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., group: _Optional[str] = ..., cloud_service_type_key: _Optional[str] = ..., service_code: _Optional[str] = ..., is_primary: _Optional[bool] = ..., is_major: _Optional[bool] = ..., resource_type: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CloudServiceTypeInfo(_message.Message):
    __slots__ = ("cloud_service_type_id", "name", "provider", "group", "cloud_service_type_key", "service_code", "is_primary", "is_major", "resource_type", "metadata", "tags", "labels", "domain_id", "created_at", "updated_at")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_KEY_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CODE_FIELD_NUMBER: _ClassVar[int]
    IS_PRIMARY_FIELD_NUMBER: _ClassVar[int]
    IS_MAJOR_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    name: str
    provider: str
    group: str
    cloud_service_type_key: str
    service_code: str
    is_primary: bool
    is_major: bool
    resource_type: str
    metadata: _struct_pb2.Struct
    tags: _struct_pb2.Struct
    labels: _struct_pb2.ListValue
    domain_id: str
    created_at: str
    updated_at: str
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., group: _Optional[str] = ..., cloud_service_type_key: _Optional[str] = ..., service_code: _Optional[str] = ..., is_primary: _Optional[bool] = ..., is_major: _Optional[bool] = ..., resource_type: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ...) -> None: ...

class CloudServiceTypesInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CloudServiceTypeInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[CloudServiceTypeInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class CloudServiceTypeStatQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...
