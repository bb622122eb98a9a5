from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.inventory.operations.v1 import freshness_pb2 as _freshness_pb2
from inventory.stubs.spaceone.api.inventory.v1 import change_history_pb2 as _change_history_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExplainResourceRequest(_message.Message):
    __slots__ = ("cloud_service_id", "domain_id")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    domain_id: str
    def __init__(self, cloud_service_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ExplainTypeRequest(_message.Message):
    __slots__ = ("cloud_service_type_id", "domain_id")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    domain_id: str
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class Sighting(_message.Message):
    __slots__ = ("collector_id", "collector_name", "secret_id", "last_seen_at", "job_task_id", "misses", "freshness", "freshness_reason")
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    JOB_TASK_ID_FIELD_NUMBER: _ClassVar[int]
    MISSES_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_REASON_FIELD_NUMBER: _ClassVar[int]
    collector_id: str
    collector_name: str
    secret_id: str
    last_seen_at: str
    job_task_id: str
    misses: int
    freshness: _freshness_pb2.FreshnessInfo.State
    freshness_reason: str
    def __init__(self, collector_id: _Optional[str] = ..., collector_name: _Optional[str] = ..., secret_id: _Optional[str] = ..., last_seen_at: _Optional[str] = ..., job_task_id: _Optional[str] = ..., misses: _Optional[int] = ..., freshness: _Optional[_Union[_freshness_pb2.FreshnessInfo.State, str]] = ..., freshness_reason: _Optional[str] = ...) -> None: ...

class MatchIdentity(_message.Message):
    __slots__ = ("rule", "values", "known", "remark")
    RULE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    REMARK_FIELD_NUMBER: _ClassVar[int]
    rule: _containers.RepeatedScalarFieldContainer[str]
    values: _struct_pb2.Struct
    known: bool
    remark: str
    def __init__(self, rule: _Optional[_Iterable[str]] = ..., values: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., known: _Optional[bool] = ..., remark: _Optional[str] = ...) -> None: ...

class ProjectSource(_message.Message):
    __slots__ = ("project_id", "source", "collector_rule_id", "collector_rule_name", "user_id", "secret_id")
    class Source(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[ProjectSource.Source]
        RULE: _ClassVar[ProjectSource.Source]
        SECRET: _ClassVar[ProjectSource.Source]
        USER: _ClassVar[ProjectSource.Source]
        OTHER: _ClassVar[ProjectSource.Source]
    NONE: ProjectSource.Source
    RULE: ProjectSource.Source
    SECRET: ProjectSource.Source
    USER: ProjectSource.Source
    OTHER: ProjectSource.Source
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_RULE_NAME_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    source: ProjectSource.Source
    collector_rule_id: str
    collector_rule_name: str
    user_id: str
    secret_id: str
    def __init__(self, project_id: _Optional[str] = ..., source: _Optional[_Union[ProjectSource.Source, str]] = ..., collector_rule_id: _Optional[str] = ..., collector_rule_name: _Optional[str] = ..., user_id: _Optional[str] = ..., secret_id: _Optional[str] = ...) -> None: ...

class Removal(_message.Message):
    __slots__ = ("by", "collector_id", "secret_id", "misses_left", "not_before", "reason")
    class By(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[Removal.By]
        GARBAGE_COLLECTION: _ClassVar[Removal.By]
        HOUSEKEEPING: _ClassVar[Removal.By]
        TERMINATION: _ClassVar[Removal.By]
    NONE: Removal.By
    GARBAGE_COLLECTION: Removal.By
    HOUSEKEEPING: Removal.By
    TERMINATION: Removal.By
    BY_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    MISSES_LEFT_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    by: Removal.By
    collector_id: str
    secret_id: str
    misses_left: int
    not_before: str
    reason: str
    def __init__(self, by: _Optional[_Union[Removal.By, str]] = ..., collector_id: _Optional[str] = ..., secret_id: _Optional[str] = ..., misses_left: _Optional[int] = ..., not_before: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Lookalike(_message.Message):
    __slots__ = ("cloud_service_id", "name", "provider", "cloud_service_group", "cloud_service_type", "account", "region_code", "project_id", "resource_id", "updated_at", "differs_in")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_GROUP_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    REGION_CODE_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    DIFFERS_IN_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    name: str
    provider: str
    cloud_service_group: str
    cloud_service_type: str
    account: str
    region_code: str
    project_id: str
    resource_id: str
    updated_at: str
    differs_in: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., provider: _Optional[str] = ..., cloud_service_group: _Optional[str] = ..., cloud_service_type: _Optional[str] = ..., account: _Optional[str] = ..., region_code: _Optional[str] = ..., project_id: _Optional[str] = ..., resource_id: _Optional[str] = ..., updated_at: _Optional[str] = ..., differs_in: _Optional[_Iterable[str]] = ...) -> None: ...

class ResourceExplanation(_message.Message):
    __slots__ = ("cloud_service_id", "name", "state", "sightings", "identity", "project", "last_change", "removals", "lookalikes", "lookalikes_incomplete")
    CLOUD_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIGHTINGS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    LAST_CHANGE_FIELD_NUMBER: _ClassVar[int]
    REMOVALS_FIELD_NUMBER: _ClassVar[int]
    LOOKALIKES_FIELD_NUMBER: _ClassVar[int]
    LOOKALIKES_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    cloud_service_id: str
    name: str
    state: str
    sightings: _containers.RepeatedCompositeFieldContainer[Sighting]
    identity: MatchIdentity
    project: ProjectSource
    last_change: _change_history_pb2.RecordInfo
    removals: _containers.RepeatedCompositeFieldContainer[Removal]
    lookalikes: _containers.RepeatedCompositeFieldContainer[Lookalike]
    lookalikes_incomplete: bool
    def __init__(self, cloud_service_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[str] = ..., sightings: _Optional[_Iterable[_Union[Sighting, _Mapping]]] = ..., identity: _Optional[_Union[MatchIdentity, _Mapping]] = ..., project: _Optional[_Union[ProjectSource, _Mapping]] = ..., last_change: _Optional[_Union[_change_history_pb2.RecordInfo, _Mapping]] = ..., removals: _Optional[_Iterable[_Union[Removal, _Mapping]]] = ..., lookalikes: _Optional[_Iterable[_Union[Lookalike, _Mapping]]] = ..., lookalikes_incomplete: _Optional[bool] = ...) -> None: ...

class DuplicatedResource(_message.Message):
    __slots__ = ("resource_id", "cloud_service_ids", "differs_in")
    RESOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    CLOUD_SERVICE_IDS_FIELD_NUMBER: _ClassVar[int]
    DIFFERS_IN_FIELD_NUMBER: _ClassVar[int]
    resource_id: str
    cloud_service_ids: _containers.RepeatedScalarFieldContainer[str]
    differs_in: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, resource_id: _Optional[str] = ..., cloud_service_ids: _Optional[_Iterable[str]] = ..., differs_in: _Optional[_Iterable[str]] = ...) -> None: ...

class KeyCount(_message.Message):
    __slots__ = ("key", "count")
    KEY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    key: str
    count: int
    def __init__(self, key: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class MatchRuleUse(_message.Message):
    __slots__ = ("rule", "resources")
    RULE_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    rule: _containers.RepeatedScalarFieldContainer[str]
    resources: int
    def __init__(self, rule: _Optional[_Iterable[str]] = ..., resources: _Optional[int] = ...) -> None: ...

class CollectorRuleUse(_message.Message):
    __slots__ = ("collector_rule_id", "name", "collector_id", "collector_name", "resources")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    name: str
    collector_id: str
    collector_name: str
    resources: int
    def __init__(self, collector_rule_id: _Optional[str] = ..., name: _Optional[str] = ..., collector_id: _Optional[str] = ..., collector_name: _Optional[str] = ..., resources: _Optional[int] = ...) -> None: ...

class TypeExplanation(_message.Message):
    __slots__ = ("cloud_service_type_id", "provider", "group", "name", "resources", "incomplete", "duplicated", "differences", "examples", "rules", "rule_unknown", "collector_rules", "sampled")
    CLOUD_SERVICE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    DUPLICATED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    RULE_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_RULES_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_FIELD_NUMBER: _ClassVar[int]
    cloud_service_type_id: str
    provider: str
    group: str
    name: str
    resources: int
    incomplete: bool
    duplicated: int
    differences: _containers.RepeatedCompositeFieldContainer[KeyCount]
    examples: _containers.RepeatedCompositeFieldContainer[DuplicatedResource]
    rules: _containers.RepeatedCompositeFieldContainer[MatchRuleUse]
    rule_unknown: int
    collector_rules: _containers.RepeatedCompositeFieldContainer[CollectorRuleUse]
    sampled: int
    def __init__(self, cloud_service_type_id: _Optional[str] = ..., provider: _Optional[str] = ..., group: _Optional[str] = ..., name: _Optional[str] = ..., resources: _Optional[int] = ..., incomplete: _Optional[bool] = ..., duplicated: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[KeyCount, _Mapping]]] = ..., examples: _Optional[_Iterable[_Union[DuplicatedResource, _Mapping]]] = ..., rules: _Optional[_Iterable[_Union[MatchRuleUse, _Mapping]]] = ..., rule_unknown: _Optional[int] = ..., collector_rules: _Optional[_Iterable[_Union[CollectorRuleUse, _Mapping]]] = ..., sampled: _Optional[int] = ...) -> None: ...
