from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiagnosisRequest(_message.Message):
    __slots__ = ("plugins", "domain_id")
    PLUGINS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    plugins: bool
    domain_id: str
    def __init__(self, plugins: _Optional[bool] = ..., domain_id: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("check", "level", "message", "mend")
    class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[Finding.Level]
        OK: _ClassVar[Finding.Level]
        WARN: _ClassVar[Finding.Level]
        FAIL: _ClassVar[Finding.Level]
        SKIP: _ClassVar[Finding.Level]
    NONE: Finding.Level
    OK: Finding.Level
    WARN: Finding.Level
    FAIL: Finding.Level
    SKIP: Finding.Level
    CHECK_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MEND_FIELD_NUMBER: _ClassVar[int]
    check: str
    level: Finding.Level
    message: str
    mend: str
    def __init__(self, check: _Optional[str] = ..., level: _Optional[_Union[Finding.Level, str]] = ..., message: _Optional[str] = ..., mend: _Optional[str] = ...) -> None: ...

class DiagnosisInfo(_message.Message):
    __slots__ = ("healthy", "checked_at", "findings")
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    CHECKED_AT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    healthy: bool
    checked_at: str
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, healthy: _Optional[bool] = ..., checked_at: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...
