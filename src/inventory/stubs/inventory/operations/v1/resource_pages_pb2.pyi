from google.api import annotations_pb2 as _annotations_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2 as _cloud_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResourcePageQuery(_message.Message):
    __slots__ = ("query", "after", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    after: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., after: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ResourcePage(_message.Message):
    __slots__ = ("results", "total_count", "has_more_than_counted", "next")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_THAN_COUNTED_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_cloud_service_pb2.CloudServiceInfo]
    total_count: int
    has_more_than_counted: bool
    next: str
    def __init__(self, results: _Optional[_Iterable[_Union[_cloud_service_pb2.CloudServiceInfo, _Mapping]]] = ..., total_count: _Optional[int] = ..., has_more_than_counted: _Optional[bool] = ..., next: _Optional[str] = ...) -> None: ...
