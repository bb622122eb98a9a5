from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InitRequest(_message.Message):
    __slots__ = ("options",)
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    options: _struct_pb2.Struct
    def __init__(self, options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("options", "secret_data")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SECRET_DATA_FIELD_NUMBER: _ClassVar[int]
    options: _struct_pb2.Struct
    secret_data: _struct_pb2.Struct
    def __init__(self, options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret_data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CollectRequest(_message.Message):
    __slots__ = ("options", "secret_data", "filter", "task_options")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SECRET_DATA_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    TASK_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    options: _struct_pb2.Struct
    secret_data: _struct_pb2.Struct
    filter: _struct_pb2.Struct
    task_options: _struct_pb2.Struct
    def __init__(self, options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., secret_data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., filter: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., task_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ResourceInfo(_message.Message):
    __slots__ = ("state", "message", "resource_type", "match_rules", "resource", "options")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[ResourceInfo.State]
        CREATED: _ClassVar[ResourceInfo.State]
        PENDING: _ClassVar[ResourceInfo.State]
        INPROGRESS: _ClassVar[ResourceInfo.State]
        SUCCESS: _ClassVar[ResourceInfo.State]
        FAILURE: _ClassVar[ResourceInfo.State]
        TIMEOUT: _ClassVar[ResourceInfo.State]
        IDLE: _ClassVar[ResourceInfo.State]
    NONE: ResourceInfo.State
    CREATED: ResourceInfo.State
    PENDING: ResourceInfo.State
    INPROGRESS: ResourceInfo.State
    SUCCESS: ResourceInfo.State
    FAILURE: ResourceInfo.State
    TIMEOUT: ResourceInfo.State
    IDLE: ResourceInfo.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    MATCH_RULES_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    state: ResourceInfo.State
    message: str
    resource_type: str
    match_rules: _struct_pb2.Struct
    resource: _struct_pb2.Struct
    options: _struct_pb2.Struct
    def __init__(self, state: _Optional[_Union[ResourceInfo.State, str]] = ..., message: _Optional[str] = ..., resource_type: _Optional[str] = ..., match_rules: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., resource: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CollectorVerifyInfo(_message.Message):
    __slots__ = ("options",)
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    options: _struct_pb2.Struct
    def __init__(self, options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class PluginInfo(_message.Message):
    __slots__ = ("metadata",)
    METADATA_FIELD_NUMBER: _ClassVar[int]
    metadata: _struct_pb2.Struct
    def __init__(self, metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
