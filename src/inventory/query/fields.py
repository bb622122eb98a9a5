"""The fields that a resource's queries may name: kinds, aliases and references; and keys → MongoDB paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from inventory.domain.keys import escape_key
from inventory.errors import InvalidParameterError
from inventory.query.keys import check_text, is_special, split_key


class FieldKind(StrEnum):
    """The kind of a field's content."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "bool"
    DATETIME = "date-time"
    ENUM = "enum"
    FREE = "free-form value"
    TAGS = "tags by provider"
    TAG_MAP = "tags of a provider"
    DOCUMENT = "sub-document"
    ABSENT = "no field"


SortOrder: TypeAlias = Sequence[tuple[str, int]]
"""(path, 1 or -1) in turn."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    Attributes:
        kind: the kind of its content, or of each element if ``many``.
        many: whether it is a list.
        values: the names of an ENUM.
        members: the fields of a DOCUMENT.
    """

    kind: FieldKind
    many: bool = False
    values: frozenset[str] = frozenset()
    members: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class ForeignKey:
    """A prefix of keys that refer to another resource.

    Attributes:
        name: identifies the reference for the resolver (``collector``, ``cloud_service_type``, ``region``,
            ``project_group``).
        local_field: the own field that contains the key of the other resource.
        foreign_field: the other resource's field with that key.
        schema: the other resource, or None if only the key is used (``project_group_id``).
        own: members of the other resource that an own field contains as well.
    """

    name: str
    local_field: str
    foreign_field: str
    schema: ResourceSchema | None = None
    own: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class ResourceSchema:
    """Everything the query language knows about one resource.

    Attributes:
        name: its name in messages.
        collection: the MongoDB collection, for lookups of references in pipelines.
        fields: stored fields by name.
        aliases: other names of stored paths (client's key → stored key).
        references: by the first segment of a key.
        forbidden: keys of the published API that this service does not support.
        keyword: paths searched by ``keyword``.
        minimal: API fields of the minimal form.
        default_sort: (path, 1 or -1), used if the client gives no order.
        ordered_by: stored paths that tell the order of another more exactly, by that other; they are put before it.
        wire_sources: API fields that are not stored as such → the stored paths they are derived from.
        partial: whether documents contain more than this schema may show: a join then takes only its fields.
    """

    name: str
    collection: str
    id_field: str
    fields: Mapping[str, Field]
    keyword: tuple[str, ...]
    minimal: tuple[str, ...]
    default_sort: tuple[tuple[str, int], ...]
    ordered_by: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    references: Mapping[str, ForeignKey] = field(default_factory=lambda: MappingProxyType({}))
    forbidden: frozenset[str] = frozenset()
    wire_sources: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    partial: bool = False

    def leaves(self) -> list[str]:
        """Return the paths of all fields that have no members."""
        return _leaves(self.fields, "")

    def target(self, key: str) -> KeyTarget:
        """Return the meaning of ``key`` in a condition.

        Raises:
            InvalidParameterError: the key is malformed, unknown or not supported.
        """
        target = _target(self, key)
        if target.is_absent:
            raise InvalidParameterError(key=key, reason=f"this is not a key of {self.name}")
        return target

    def readable(self, key: str) -> KeyTarget:
        """Return the meaning of ``key`` outside conditions, where a field that the resource lacks is just absent.

        Raises:
            InvalidParameterError: the key is malformed or not supported.
        """
        return _target(self, key)


@dataclass(frozen=True, slots=True)
class KeyTarget:
    """The meaning of a client's key.

    Attributes:
        key: as written by the client.
        path: the MongoDB path; within the other resource if ``reference`` is set.
        in_list: whether the path leads into or through a list.
        reference: set if the key refers to another resource.
        members: the names below ``path`` that only an expression can read (``members.py``); usually empty.
        nested_path: the same key as a plain path, for documents without ``members``.
    """

    key: str
    path: str
    field: Field
    in_list: bool = False
    reference: ForeignKey | None = None
    members: tuple[str, ...] = ()
    nested_path: str = ""

    @property
    def field_name(self) -> str:
        """The resource's own field with which the path begins."""
        return self.path.partition(".")[0]

    @property
    def is_absent(self) -> bool:
        """Whether the resource has no such field; ``path`` is then empty."""
        return self.field.kind is FieldKind.ABSENT


FREE_VALUE = Field(FieldKind.FREE)
_ABSENT = Field(FieldKind.ABSENT)
_STRING = Field(FieldKind.STRING)


def absent(key: str) -> KeyTarget:
    """Return the target of a well-formed key without a field."""
    return KeyTarget(key=key, path="", field=_ABSENT)


def _leaves(fields: Mapping[str, Field], prefix: str) -> list[str]:
    paths: list[str] = []
    for name, each in fields.items():
        paths += _leaves(each.members, f"{prefix}{name}.") if each.members else [f"{prefix}{name}"]
    return paths


@lru_cache(maxsize=4096)
def _target(schema: ResourceSchema, key: str) -> KeyTarget:
    """Resolve ``key``; cached, since clients use the same few keys (bounded, since clients choose the keys)."""
    check_text(key)
    if key.startswith("tags.") and "tags" in schema.fields and schema.fields["tags"].kind is FieldKind.TAGS:
        return _tags_target(key)
    segments = split_key(key)
    segments[:1] = schema.aliases.get(segments[0], segments[0]).split(".")
    head = segments[0]
    if head in schema.forbidden:
        raise InvalidParameterError(key=key, reason="this key is not supported")
    reference = schema.references.get(head)
    if reference is not None and (reference.schema is None) == (len(segments) == 1):
        return _reference_target(schema, reference, key)
    return _walk(schema, key, segments)


def _tags_target(key: str) -> KeyTarget:
    """``tags.PROVIDER.KEY``: everything after the provider is one key, including dots and dollars."""
    segments = split_key(key)
    path = "tags." + escape_key(segments[1])
    if len(segments) == 2:
        return KeyTarget(key=key, path=path, field=Field(FieldKind.TAG_MAP))
    return KeyTarget(key=key, path=f"{path}.{escape_key('.'.join(segments[2:]))}", field=FREE_VALUE)


def _reference_target(schema: ResourceSchema, reference: ForeignKey, key: str) -> KeyTarget:
    if reference.schema is None:
        return KeyTarget(key=key, path=key, field=_STRING, reference=reference)
    rest = key.partition(".")[2]
    if rest in reference.own:
        return _walk(schema, key, [reference.own[rest]])
    inner = reference.schema.readable(rest)
    if inner.reference is not None:
        raise InvalidParameterError(key=key, reason="a key reaches into one other resource at most")
    if inner.is_absent:
        return absent(key)
    return KeyTarget(
        key=key,
        path=inner.path,
        field=inner.field,
        in_list=inner.in_list,
        reference=reference,
        members=inner.members,
        nested_path=inner.nested_path,
    )


def _walk(schema: ResourceSchema, key: str, segments: list[str]) -> KeyTarget:
    found = schema.fields.get(segments[0])
    in_list = False
    for segment in segments[1:]:
        if found is None or found.kind is FieldKind.FREE:
            break
        in_list = in_list or found.many
        found = found.members.get(segment)
    if found is None:
        return absent(key)
    if found.kind is FieldKind.FREE and len(segments) > 1:
        found = FREE_VALUE
    if segments[0] == "tags" and len(segments) > 2 and "\\" not in key:
        nested = "" if any(map(is_special, segments)) else ".".join(segments)
        return KeyTarget(key, "tags", found, members=(".".join(segments[1:]),), nested_path=nested)
    plain = next((i for i, segment in enumerate(segments) if is_special(segment)), len(segments))
    path, members = ".".join(segments[:plain]), tuple(segments[plain:])
    return KeyTarget(key=key, path=path, field=found, in_list=in_list or found.many, members=members)
