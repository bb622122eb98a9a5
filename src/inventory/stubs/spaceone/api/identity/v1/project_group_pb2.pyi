from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProjectGroupInfo(_message.Message):
    __slots__ = ("project_group_id", "name", "tags", "parent_project_group_info", "domain_id", "created_by", "created_at")
    PROJECT_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PARENT_PROJECT_GROUP_INFO_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    project_group_id: str
    name: str
    tags: _struct_pb2.Struct
    parent_project_group_info: ProjectGroupInfo
    domain_id: str
    created_by: str
    created_at: str
    def __init__(self, project_group_id: _Optional[str] = ..., name: _Optional[str] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., parent_project_group_info: _Optional[_Union[ProjectGroupInfo, _Mapping]] = ..., domain_id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class ProjectGroupQuery(_message.Message):
    __slots__ = ("query", "project_group_id", "name", "parent_project_group_id", "author_within", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARENT_PROJECT_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_WITHIN_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    project_group_id: str
    name: str
    parent_project_group_id: str
    author_within: bool
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., project_group_id: _Optional[str] = ..., name: _Optional[str] = ..., parent_project_group_id: _Optional[str] = ..., author_within: _Optional[bool] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ProjectGroupsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ProjectGroupInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[ProjectGroupInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class ProjectGroupProjectQuery(_message.Message):
    __slots__ = ("query", "project_group_id", "recursive", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    project_group_id: str
    recursive: bool
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., project_group_id: _Optional[str] = ..., recursive: _Optional[bool] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ProjectGroupProjectsInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ProjectGroupProjectInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[ProjectGroupProjectInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class ProjectGroupProjectInfo(_message.Message):
    __slots__ = ("project_id", "name", "tags", "project_group_info", "domain_id", "created_by", "created_at")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_GROUP_INFO_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    name: str
    tags: _struct_pb2.Struct
    project_group_info: ProjectGroupInfo
    domain_id: str
    created_by: str
    created_at: str
    def __init__(self, project_id: _Optional[str] = ..., name: _Optional[str] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., project_group_info: _Optional[_Union[ProjectGroupInfo, _Mapping]] = ..., domain_id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...
