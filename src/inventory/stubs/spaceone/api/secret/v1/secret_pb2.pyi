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

class SecretType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE: _ClassVar[SecretType]
    CREDENTIALS: _ClassVar[SecretType]
NONE: SecretType
CREDENTIALS: SecretType

class SecretRequest(_message.Message):
    __slots__ = ("secret_id", "domain_id")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    domain_id: str
    def __init__(self, secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class SecretDataInfo(_message.Message):
    __slots__ = ("data", "encrypted", "encrypt_options")
    DATA_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_FIELD_NUMBER: _ClassVar[int]
    ENCRYPT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    data: _struct_pb2.Struct
    encrypted: bool
    encrypt_options: _struct_pb2.Struct
    def __init__(self, data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., encrypted: _Optional[bool] = ..., encrypt_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetSecretRequest(_message.Message):
    __slots__ = ("secret_id", "domain_id", "only")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class SecretInfo(_message.Message):
    __slots__ = ("secret_id", "name", "secret_type", "tags", "schema", "provider", "service_account_id", "project_id", "trusted_secret_id", "domain_id", "created_at")
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SECRET_TYPE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    secret_id: str
    name: str
    secret_type: SecretType
    tags: _struct_pb2.Struct
    schema: str
    provider: str
    service_account_id: str
    project_id: str
    trusted_secret_id: str
    domain_id: str
    created_at: str
    def __init__(self, secret_id: _Optional[str] = ..., name: _Optional[str] = ..., secret_type: _Optional[_Union[SecretType, str]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., schema: _Optional[str] = ..., provider: _Optional[str] = ..., service_account_id: _Optional[str] = ..., project_id: _Optional[str] = ..., trusted_secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class SecretQuery(_message.Message):
    __slots__ = ("query", "secret_id", "name", "secret_type", "schema", "provider", "service_account_id", "trusted_secret_id", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SECRET_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    secret_id: str
    name: str
    secret_type: SecretType
    schema: str
    provider: str
    service_account_id: str
    trusted_secret_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., secret_id: _Optional[str] = ..., name: _Optional[str] = ..., secret_type: _Optional[_Union[SecretType, str]] = ..., schema: _Optional[str] = ..., provider: _Optional[str] = ..., service_account_id: _Optional[str] = ..., trusted_secret_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class SecretsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[SecretInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[SecretInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...
