from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.repository.v1 import repository_pb2 as _repository_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PublicRegistryType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE_REGISTRY_TYPE: _ClassVar[PublicRegistryType]
    DOCKER_HUB: _ClassVar[PublicRegistryType]
    AWS_PUBLIC_ECR: _ClassVar[PublicRegistryType]
    HARBOR: _ClassVar[PublicRegistryType]
NONE_REGISTRY_TYPE: PublicRegistryType
DOCKER_HUB: PublicRegistryType
AWS_PUBLIC_ECR: PublicRegistryType
HARBOR: PublicRegistryType

class RepositoryPluginRequest(_message.Message):
    __slots__ = ("plugin_id", "domain_id", "repository_id")
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_ID_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    domain_id: str
    repository_id: str
    def __init__(self, plugin_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., repository_id: _Optional[str] = ...) -> None: ...

class VersionsInfo(_message.Message):
    __slots__ = ("version", "total_count", "results")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    version: _containers.RepeatedScalarFieldContainer[str]
    total_count: int
    results: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[_Iterable[str]] = ..., total_count: _Optional[int] = ..., results: _Optional[_Iterable[str]] = ...) -> None: ...

class GetRepositoryPluginRequest(_message.Message):
    __slots__ = ("plugin_id", "domain_id", "repository_id", "only")
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    domain_id: str
    repository_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, plugin_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., repository_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class PluginInfo(_message.Message):
    __slots__ = ("plugin_id", "name", "image", "registry_url", "state", "service_type", "provider", "registry_type", "registry_config", "capability", "template", "labels", "tags", "repository_info", "project_id", "domain_id", "created_at", "updated_at")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[PluginInfo.State]
        ENABLED: _ClassVar[PluginInfo.State]
        DISABLED: _ClassVar[PluginInfo.State]
    NONE: PluginInfo.State
    ENABLED: PluginInfo.State
    DISABLED: PluginInfo.State
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_URL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_TYPE_FIELD_NUMBER: _ClassVar[int]
    REGISTRY_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_INFO_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    name: str
    image: str
    registry_url: str
    state: PluginInfo.State
    service_type: str
    provider: str
    registry_type: PublicRegistryType
    registry_config: _struct_pb2.Struct
    capability: _struct_pb2.Struct
    template: _struct_pb2.Struct
    labels: _struct_pb2.ListValue
    tags: _struct_pb2.Struct
    repository_info: _repository_pb2.RepositoryInfo
    project_id: str
    domain_id: str
    created_at: str
    updated_at: str
    def __init__(self, plugin_id: _Optional[str] = ..., name: _Optional[str] = ..., image: _Optional[str] = ..., registry_url: _Optional[str] = ..., state: _Optional[_Union[PluginInfo.State, str]] = ..., service_type: _Optional[str] = ..., provider: _Optional[str] = ..., registry_type: _Optional[_Union[PublicRegistryType, str]] = ..., registry_config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., capability: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., template: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., repository_info: _Optional[_Union[_repository_pb2.RepositoryInfo, _Mapping]] = ..., project_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ..., updated_at: _Optional[str] = ...) -> None: ...
