from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from inventory.stubs.spaceone.api.core.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConditionsPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE: _ClassVar[ConditionsPolicy]
    ALL: _ClassVar[ConditionsPolicy]
    ANY: _ClassVar[ConditionsPolicy]
    ALWAYS: _ClassVar[ConditionsPolicy]
NONE: ConditionsPolicy
ALL: ConditionsPolicy
ANY: ConditionsPolicy
ALWAYS: ConditionsPolicy

class CollectorRuleCondition(_message.Message):
    __slots__ = ("key", "value", "operator")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    operator: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., operator: _Optional[str] = ...) -> None: ...

class MatchRule(_message.Message):
    __slots__ = ("source", "target")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    source: str
    target: str
    def __init__(self, source: _Optional[str] = ..., target: _Optional[str] = ...) -> None: ...

class CollectorRuleActions(_message.Message):
    __slots__ = ("change_project", "match_project", "match_service_account", "add_additional_info")
    CHANGE_PROJECT_FIELD_NUMBER: _ClassVar[int]
    MATCH_PROJECT_FIELD_NUMBER: _ClassVar[int]
    MATCH_SERVICE_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ADD_ADDITIONAL_INFO_FIELD_NUMBER: _ClassVar[int]
    change_project: str
    match_project: MatchRule
    match_service_account: MatchRule
    add_additional_info: _struct_pb2.Struct
    def __init__(self, change_project: _Optional[str] = ..., match_project: _Optional[_Union[MatchRule, _Mapping]] = ..., match_service_account: _Optional[_Union[MatchRule, _Mapping]] = ..., add_additional_info: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CollectorRuleOptions(_message.Message):
    __slots__ = ("stop_processing",)
    STOP_PROCESSING_FIELD_NUMBER: _ClassVar[int]
    stop_processing: bool
    def __init__(self, stop_processing: _Optional[bool] = ...) -> None: ...

class CreateCollectorRuleRequest(_message.Message):
    __slots__ = ("name", "conditions", "conditions_policy", "actions", "options", "tags", "collector_id", "domain_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_POLICY_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    conditions: _containers.RepeatedCompositeFieldContainer[CollectorRuleCondition]
    conditions_policy: ConditionsPolicy
    actions: CollectorRuleActions
    options: CollectorRuleOptions
    tags: _struct_pb2.Struct
    collector_id: str
    domain_id: str
    def __init__(self, name: _Optional[str] = ..., conditions: _Optional[_Iterable[_Union[CollectorRuleCondition, _Mapping]]] = ..., conditions_policy: _Optional[_Union[ConditionsPolicy, str]] = ..., actions: _Optional[_Union[CollectorRuleActions, _Mapping]] = ..., options: _Optional[_Union[CollectorRuleOptions, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., collector_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class UpdateCollectorRuleRequest(_message.Message):
    __slots__ = ("collector_rule_id", "name", "conditions", "conditions_policy", "actions", "options", "tags", "domain_id")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_POLICY_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    name: str
    conditions: _containers.RepeatedCompositeFieldContainer[CollectorRuleCondition]
    conditions_policy: ConditionsPolicy
    actions: CollectorRuleActions
    options: CollectorRuleOptions
    tags: _struct_pb2.Struct
    domain_id: str
    def __init__(self, collector_rule_id: _Optional[str] = ..., name: _Optional[str] = ..., conditions: _Optional[_Iterable[_Union[CollectorRuleCondition, _Mapping]]] = ..., conditions_policy: _Optional[_Union[ConditionsPolicy, str]] = ..., actions: _Optional[_Union[CollectorRuleActions, _Mapping]] = ..., options: _Optional[_Union[CollectorRuleOptions, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...

class ChangeCollectorRuleOrderRequest(_message.Message):
    __slots__ = ("collector_rule_id", "order", "domain_id")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    order: int
    domain_id: str
    def __init__(self, collector_rule_id: _Optional[str] = ..., order: _Optional[int] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CollectorRuleRequest(_message.Message):
    __slots__ = ("collector_rule_id", "domain_id")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    domain_id: str
    def __init__(self, collector_rule_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class GetCollectorRuleRequest(_message.Message):
    __slots__ = ("collector_rule_id", "domain_id", "only")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    domain_id: str
    only: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, collector_rule_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., only: _Optional[_Iterable[str]] = ...) -> None: ...

class CollectorRuleQuery(_message.Message):
    __slots__ = ("query", "collector_rule_id", "name", "data_source_id", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.Query
    collector_rule_id: str
    name: str
    data_source_id: str
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.Query, _Mapping]] = ..., collector_rule_id: _Optional[str] = ..., name: _Optional[str] = ..., data_source_id: _Optional[str] = ..., domain_id: _Optional[str] = ...) -> None: ...

class CollectorRuleInfo(_message.Message):
    __slots__ = ("collector_rule_id", "name", "order", "conditions", "conditions_policy", "actions", "options", "tags", "rule_type", "collector_id", "domain_id", "created_at")
    COLLECTOR_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_POLICY_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RULE_TYPE_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    collector_rule_id: str
    name: str
    order: int
    conditions: _containers.RepeatedCompositeFieldContainer[CollectorRuleCondition]
    conditions_policy: ConditionsPolicy
    actions: CollectorRuleActions
    options: CollectorRuleOptions
    tags: _struct_pb2.Struct
    rule_type: str
    collector_id: str
    domain_id: str
    created_at: str
    def __init__(self, collector_rule_id: _Optional[str] = ..., name: _Optional[str] = ..., order: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[CollectorRuleCondition, _Mapping]]] = ..., conditions_policy: _Optional[_Union[ConditionsPolicy, str]] = ..., actions: _Optional[_Union[CollectorRuleActions, _Mapping]] = ..., options: _Optional[_Union[CollectorRuleOptions, _Mapping]] = ..., tags: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., rule_type: _Optional[str] = ..., collector_id: _Optional[str] = ..., domain_id: _Optional[str] = ..., created_at: _Optional[str] = ...) -> None: ...

class CollectorRulesInfo(_message.Message):
    __slots__ = ("results", "total_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CollectorRuleInfo]
    total_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[CollectorRuleInfo, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class CollectorRuleStatQuery(_message.Message):
    __slots__ = ("query", "domain_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_ID_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.StatisticsQuery
    domain_id: str
    def __init__(self, query: _Optional[_Union[_query_pb2.StatisticsQuery, _Mapping]] = ..., domain_id: _Optional[str] = ...) -> None: ...
