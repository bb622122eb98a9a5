from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PluginEndpointRequest(_message.Message):
    __slots__ = ("plugin_id", "version", "labels", "domain_id", "upgrade_mode")
    class UpgradeMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MANUAL: _ClassVar[PluginEndpointRequest.UpgradeMode]
        AUTO: _ClassVar[PluginEndpointRequest.UpgradeMode]
    MANUAL: PluginEndpointRequest.UpgradeMode
    AUTO: PluginEndpointRequest.UpgradeMode
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    UPGRADE_MODE_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    version: str
    labels: _struct_pb2.Struct
    domain_id: str
    upgrade_mode: PluginEndpointRequest.UpgradeMode
    def __init__(self, plugin_id: _Optional[str] = ..., version: _Optional[str] = ..., labels: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ..., upgrade_mode: _Optional[_Union[PluginEndpointRequest.UpgradeMode, str]] = ...) -> None: ...

class PluginEndpoint(_message.Message):
    __slots__ = ("endpoint", "access_token", "updated_version")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    UPDATED_VERSION_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    access_token: str
    updated_version: str
    def __init__(self, endpoint: _Optional[str] = ..., access_token: _Optional[str] = ..., updated_version: _Optional[str] = ...) -> None: ...
