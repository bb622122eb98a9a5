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

class CloudServiceReference(_message.Message):
    __slots__ = ("resource_id", "external_link")
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_LINK_FIELD_NUMBER: _ClassVar[int]
    resource_id: str
    external_link: str
    def __init__(self, resource_id: _Optional[str] = ..., external_link: _Optional[str] = ...) -> None: ...

class CollectionInfo(_message.Message):
    __slots__ = ("provider", "service_account_id", "secret_id", "collector_id", "last_collected_at")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_COLLECTED_AT_FIELD_NUMBER: _ClassVar[int]
    provider: str
    service_account_id: str
    secret_id: str
    collector_id: str
    last_collected_at: str
    def __init__(self, provider: _Optional[str] = ..., service_account_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., collector_id: _Optional[str] = ..., last_collected_at: _Optional[str] = ...) -> None: ...

class CreateServiceRequest(_message.Message):
    __slots__ = ("cloud_service_type", "provider", "cloud_service_group", "name", "account", "instance_type", "instance_size", "ip_addresses", "data", "metadata", "reference", "tags", "region_code", "project_id", "domain_id")
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_SIZE_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type: str
    provider: str
    cloud_service_group: str
    name: str
    account: str
    instance_type: str
    instance_size: float
    ip_addresses: _containers.RepeatedScalarFieldContainer[str]
    data: _struct_pb2.Struct
    metadata: _struct_pb2.Struct
    reference: CloudServiceReference
    tags: _struct_pb2.Struct
    region_code: str
    project_id: str
    domain_id: str
    def __init__(self, cloud_service_type: _Optional[str] = ..., provider: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., name: _Optional[str] = ..., account: _Optional[str] = ..., instance_type: _Optional[str] = ..., instance_size: _Optional[float] = ..., ip_addresses: _Optional[_Iterable[str]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., reference: _Optional[_Union[CloudServiceReference, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., region_code: _Optional[str] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class UpdateCloudServiceRequest(_message.Message):
    __slots__ = ("cloud_service_id", "name", "account", "instance_type", "instance_size", "ip_addresses", "data", "metadata", "reference", "tags", "region_code", "project_id", "domain_id", "release_project", "release_region")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_SIZE_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_PROJECT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REGION_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    name: str
    account: str
    instance_type: str
    instance_size: float
    ip_addresses: _containers.RepeatedScalarFieldContainer[str]
    data: _struct_pb2.Struct
    metadata: _struct_pb2.Struct
    reference: CloudServiceReference
    tags: _struct_pb2.Struct
    region_code: str
    project_id: str
    domain_id: str
    release_project: bool
    release_region: bool
    def __init__(self, cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., account: _Optional[str] = ..., instance_type: _Optional[str] = ..., instance_size: _Optional[float] = ..., ip_addresses: _Optional[_Iterable[str]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., reference: _Optional[_Union[CloudServiceReference, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., region_code: _Optional[str] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., release_project: _Optional[bool] = ..., release_region: _Optional[bool] = ...) -> None: ...

class PinCloudServiceDataRequest(_message.Message):
    __slots__ = ("cloud_service_id", "keys", "domain_id")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    domain_id: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CloudServiceRequest(_message.Message):
    __slots__ = ("cloud_service_id", "domain_id")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    domain_id: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class GetCloudServiceRequest(_message.Message):
    __slots__ = ("cloud_service_id", "domain_id", "only")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cloud_service_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class CloudServiceQuery(_message.Message):
    __slots__ = ("query", "cloud_service_id", "name", "state", "account", "instance_type", "cloud_service_type", "cloud_service_group", "provider", "region_code", "ip_address", "resource_group_id", "project_id", "project_group_id", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    cloud_service_id: str
    name: str
    state: str
    account: str
    instance_type: str
    cloud_service_type: str
    cloud_service_group: str
    provider: str
    region_code: str
    ip_address: str
    resource_group_id: str
    project_id: str
    project_group_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[str] = ..., account: _Optional[str] = ..., instance_type: _Optional[str] = ..., cloud_service_type: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., provider: _Optional[str] = ..., region_code: _Optional[str] = ..., ip_address: _Optional[str] = ..., resource_group_id: _Optional[str] = ..., project_id: _Optional[str] = ..., project_group_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CloudServiceInfo(_message.Message):
    __slots__ = ("cloud_service_id", "name", "state", "account", "instance_type", "instance_size", "cloud_service_type", "cloud_service_group", "provider", "data", "metadata", "reference", "tags", "tag_keys", "collection_info", "ip_addresses", "region_code", "project_id", "domain_id", "created_at", "updated_at", "deleted_at")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    TAG_KEYS_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_INFO_FIELD_NUMBER: _ClassVar[int]
    IP_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    name: str
    state: str
    account: str
    instance_type: str
    instance_size: float
    cloud_service_type: str
    cloud_service_group: str
    provider: str
    data: _struct_pb2.Struct
    metadata: _struct_pb2.Struct
    reference: CloudServiceReference
    tags: _struct_pb2.Struct
    tag_keys: _struct_pb2.Struct
    collection_info: _containers.RepeatedCompositeFieldContainer[CollectionInfo]
    ip_addresses: _containers.RepeatedScalarFieldContainer[str]
    region_code: str
    project_id: str
    domain_id: str
    created_at: str
    updated_at: str
    deleted_at: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[str] = ..., account: _Optional[str] = ..., instance_type: _Optional[str] = ..., instance_size: _Optional[float] = ..., cloud_service_type: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., provider: _Optional[str] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., reference: _Optional[_Union[CloudServiceReference, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tag_keys: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., collection_info: _Optional[_Iterable[_Union[CollectionInfo, _Mapping]]] = ..., ip_addresses: _Optional[_Iterable[str]] = ..., region_code: _Optional[str] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ..., deleted_at: _Optional[str] = ...) -> None: ...

class CloudServicesInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CloudServiceInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[CloudServiceInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class CloudServiceAnalyzeQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.AnalyzeQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.AnalyzeQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CloudServiceStatQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...
