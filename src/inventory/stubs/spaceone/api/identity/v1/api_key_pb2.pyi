from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetAPIKeyRequest(_message.Message):
    __slots__ = ("api_key_id", "domain_id", "only")
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    api_key_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, api_key_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class APIKeyInfo(_message.Message):
    __slots__ = ("api_key_id", "api_key", "state", "user_id", "domain_id", "last_accessed_at", "created_at")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE_STATE: _ClassVar[APIKeyInfo.State]
        ENABLED: _ClassVar[APIKeyInfo.State]
        DISABLED: _ClassVar[APIKeyInfo.State]
    NONE_STATE: APIKeyInfo.State
    ENABLED: APIKeyInfo.State
    DISABLED: APIKeyInfo.State
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_ACCESSED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    api_key_id: str
    api_key: str
    state: APIKeyInfo.State
    user_id: str
    domain_id: str
    last_accessed_at: str
    created_at: str
    def __init__(self, api_key_id: _Optional[str] = ..., api_key: _Optional[str] = ..., state: _Optional[_Union[APIKeyInfo.State, str]] = ..., user_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., last_accessed_at: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...
