"""What a resource's queries may name: its fields, their kinds, aliases and references; and keys → MongoDB paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from inventory.domain.keys import escape_key
from inventory.errors import InvalidParameterError
from inventory.query.keys import check_text, is_special, split_key


class FieldKind(StrEnum):
    """What a field holds."""

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


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    Attributes:
        kind: what it holds, or what each element holds where ``many``.
        many: whether it is a list.
        values: the names of an ENUM.
        members: the fields of a DOCUMENT.
    """

    kind: FieldKind
    many: bool = False
    values: frozenset[str] = frozenset()
    members: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Reference:
    """A prefix that reaches into another resource.

    Attributes:
        name: what the caller resolves by (``collector``, ``cloud_service_type``, ``region``, ``project_group``).
        local_field: the own field that holds the key of the other resource.
        foreign_field: the other resource's field with that key.
        schema: the other resource, or None where the key is the whole question (``project_group_id``).
        own: members of the other resource that are answered by an own field.
    """

    name: str
    local_field: str
    foreign_field: str
    schema: ResourceSchema | None = None
    own: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class ResourceSchema:
    """All that the query language knows of one resource.

    Attributes:
        name: for messages, as clients call it.
        collection: the MongoDB collection, for lookups of references in pipelines.
        id_field: its own id.
        fields: stored fields by name.
        aliases: other names of stored paths (client's key → stored key).
        references: by first segment of a key.
        forbidden: keys of the published API that this service has no answer for.
        keyword: paths searched by ``keyword``.
        minimal: wire fields of the minimal form.
        default_sort: (path, 1 or -1), used where the client names no order.
        wire_sources: wire fields that are not stored as such → the stored paths they are made of.
        partial: whether documents hold more than may be seen through this schema: then a join takes its fields only.
    """

    name: str
    collection: str
    id_field: str
    fields: Mapping[str, Field]
    keyword: tuple[str, ...]
    minimal: tuple[str, ...]
    default_sort: tuple[tuple[str, int], ...]
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    references: Mapping[str, Reference] = field(default_factory=lambda: MappingProxyType({}))
    forbidden: frozenset[str] = frozenset()
    wire_sources: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    partial: bool = False

    def leaves(self) -> list[str]:
        """Return the paths of all fields that have no members of their own."""
        return _leaves(self.fields, "")

    def target(self, key: str) -> KeyTarget:
        """Return what ``key`` means in a condition.

        Raises:
            InvalidParameterError: the key is malformed, unknown or without an answer in this service.
        """
        target = _target(self, key)
        if target.is_absent:
            raise InvalidParameterError(key=key, reason=f"this is not a key of {self.name}")
        return target

    def readable(self, key: str) -> KeyTarget:
        """Return what ``key`` means everywhere else, where a field that the resource lacks is merely absent.

        Raises:
            InvalidParameterError: the key is malformed or without an answer in this service.
        """
        return _target(self, key)


@dataclass(frozen=True, slots=True)
class KeyTarget:
    """What a client's key means.

    Attributes:
        key: as the client wrote it.
        path: the MongoDB path; inside the other resource where ``reference`` is set.
        field: the kind of what lies there.
        in_list: whether the path leads into or through a list.
        reference: set where the key reaches into another resource.
        members: the names below ``path`` that only an expression reads (``members.py``); empty where ``path`` is all.
        nested_path: where the same key leads if it is read as a path, for documents without ``members``.
    """

    key: str
    path: str
    field: Field
    in_list: bool = False
    reference: Reference | None = None
    members: tuple[str, ...] = ()
    nested_path: str = ""

    @property
    def field_name(self) -> str:
        """The resource's own field that the path begins with."""
        return self.path.partition(".")[0]

    @property
    def is_absent(self) -> bool:
        """Whether the resource has no such field; then ``path`` is empty."""
        return self.field.kind is FieldKind.ABSENT


FREE_VALUE = Field(FieldKind.FREE)
_ABSENT = Field(FieldKind.ABSENT)
_STRING = Field(FieldKind.STRING)


def absent(key: str) -> KeyTarget:
    """Return the target of a well-formed key that leads nowhere."""
    return KeyTarget(key=key, path="", field=_ABSENT)


def _leaves(fields: Mapping[str, Field], prefix: str) -> list[str]:
    paths: list[str] = []
    for name, each in fields.items():
        paths += _leaves(each.members, f"{prefix}{name}.") if each.members else [f"{prefix}{name}"]
    return paths


@lru_cache(maxsize=4096)
def _target(schema: ResourceSchema, key: str) -> KeyTarget:
    """Resolve ``key``; cached, since clients ask with the same few keys (bounded: keys are the client's)."""
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
    """``tags.PROVIDER.KEY``: all behind the provider is one key, dots and dollars included."""
    segments = split_key(key)
    path = "tags." + escape_key(segments[1])
    if len(segments) == 2:
        return KeyTarget(key=key, path=path, field=Field(FieldKind.TAG_MAP))
    return KeyTarget(key=key, path=f"{path}.{escape_key('.'.join(segments[2:]))}", field=FREE_VALUE)


def _reference_target(schema: ResourceSchema, reference: Reference, key: str) -> KeyTarget:
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
