from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RepositoryInfo(_message.Message):
    __slots__ = ("repository_id", "name", "repository_type", "endpoint", "version", "secret_id", "created_at")
    REPOSITORY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_TYPE_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    repository_id: str
    name: str
    repository_type: str
    endpoint: str
    version: str
    secret_id: str
    created_at: str
    def __init__(self, repository_id: _Optional[str] = ..., name: _Optional[str] = ..., repository_type: _Optional[str] = ..., endpoint: _Optional[str] = ..., version: _Optional[str] = ..., secret_id: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...
