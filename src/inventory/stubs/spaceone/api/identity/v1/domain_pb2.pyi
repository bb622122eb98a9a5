from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import handler_pb2 as _handler_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DomainQuery(_message.Message):
    __slots__ = ("query", "domain_id", "name", "state")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DomainQuery.State]
        ENABLED: _ClassVar[DomainQuery.State]
        DISABLED: _ClassVar[DomainQuery.State]
    NONE: DomainQuery.State
    ENABLED: DomainQuery.State
    DISABLED: DomainQuery.State
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    domain_id: str
    name: str
    state: DomainQuery.State
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., domain_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[DomainQuery.State, str]] = ...) -> None: ...

class DomainsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DomainInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[DomainInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class DomainInfo(_message.Message):
    __slots__ = ("domain_id", "name", "state", "plugin_info", "config", "tags", "created_at", "deleted_at")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[DomainInfo.State]
        ENABLED: _ClassVar[DomainInfo.State]
        DISABLED: _ClassVar[DomainInfo.State]
    NONE: DomainInfo.State
    ENABLED: DomainInfo.State
    DISABLED: DomainInfo.State
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLUGIN_INFO_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DELETED_AT_FIELD_NUMBER: _ClassVar[int]
    domain_id: str
    name: str
    state: DomainInfo.State
    plugin_info: PluginInfo
    config: _struct_pb2.Struct
    tags: _struct_pb2.Struct
    created_at: str
    deleted_at: str
    def __init__(self, domain_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[DomainInfo.State, str]] = ..., plugin_info: _Optional[_Union[PluginInfo, _Mapping]] = ..., config: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., created_at: _Optional[str] = ..., deleted_at: _Optional[str] = ...) -> None: ...

class PluginInfo(_message.Message):
    __slots__ = ("plugin_id", "version", "secret_id", "options", "secret_data", "schema", "metadata", "upgrade_mode")
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
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SECRET_DATA_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_MODE_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    version: str
    secret_id: str
    options: _struct_pb2.Struct
    secret_data: _struct_pb2.Struct
    schema: str
    metadata: _struct_pb2.Struct
    upgrade_mode: PluginInfo.UpgradeMode
    def __init__(self, plugin_id: _Optional[str] = ..., version: _Optional[str] = ..., secret_id: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret_data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., schema: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., upgrade_mode: _Optional[_Union[PluginInfo.UpgradeMode, str]] = ...) -> None: ...
