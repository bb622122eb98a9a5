"""The typed stages of a statistics query, and the keys that a stage may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from inventory.errors import InvalidParameterError
from inventory.query.ast import PageRange, Query, SortKey, Value
from inventory.query.fields import FREE_VALUE, Field, FieldKind, ForeignKey, KeyTarget, ResourceSchema, absent
from inventory.query.keys import encoded, is_special, split_key

MAX_NAME_BYTES = 255
"""Longest name that a client may give to a member of the answer."""


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A key of a group: a value, a date as a string, or a part of a date as a number.

    ``date_format`` is a MongoDB format; ``date_part`` is year, month or day; at most one of them is set.
    """

    name: str
    target: KeyTarget
    date_format: str = ""
    date_part: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether documents are grouped by the unmodified value."""
        return not self.date_format and not self.date_part


@dataclass(frozen=True, slots=True)
class GroupCondition:
    """Which documents of a group count; ``operator`` is eq, not, gt, gte, lt or lte."""

    target: KeyTarget
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class GroupField:
    """An accumulated member of a group: ``operator`` over ``target``, or over a document of ``members``."""

    name: str
    operator: str
    target: KeyTarget | None = None
    members: tuple[tuple[str, KeyTarget], ...] = ()
    conditions: tuple[GroupCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwind:
    """One row per element of the list at the target."""

    target: KeyTarget


@dataclass(frozen=True, slots=True)
class Group:
    """One row per combination of the keys."""

    keys: tuple[GroupKey, ...]
    fields: tuple[GroupField, ...]


@dataclass(frozen=True, slots=True)
class CountRows:
    """One row with the number of rows."""

    name: str


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows in order."""

    keys: tuple[SortKey, ...]
    targets: tuple[KeyTarget, ...]


@dataclass(frozen=True, slots=True)
class ProjectField:
    """A member of a projected row; ``operator`` is size, array_to_object, object_to_array or empty (a rename)."""

    name: str
    target: KeyTarget
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """Only these members; ``kept`` are the group keys that remain."""

    fields: tuple[ProjectField, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """The first rows only."""

    count: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Skips the first rows."""

    count: int


Stage: TypeAlias = Unwind | Group | CountRows | Sort | Project | Limit | Skip


def targets_of(stage: Stage) -> list[KeyTarget]:
    """Return all targets that a stage names."""
    match stage:
        case Unwind():
            return [stage.target]
        case Sort():
            return list(stage.targets)
        case Project():
            return [field.target for field in stage.fields]
        case Group():
            return group_targets(stage)
    return []


def group_targets(group: Group) -> list[KeyTarget]:
    """Return all targets that the keys, fields and conditions of a group name."""
    targets = [key.target for key in group.keys]
    for accumulated in group.fields:
        targets += [target for _, target in accumulated.members]
        targets += [condition.target for condition in accumulated.conditions]
        if accumulated.target is not None:
            targets.append(accumulated.target)
    return targets


@dataclass(frozen=True, slots=True)
class StatQuery(Query):
    """A ``spaceone.api.core.v1.StatisticsQuery``: either ``distinct`` or ``stages``."""

    stages: tuple[Stage, ...] = ()
    distinct: KeyTarget | None = None
    page: PageRange = field(default_factory=PageRange)

    def shows(self, field_name: str) -> bool:
        """Return whether the answer may depend on the resource's field, other than through the criteria.

        Rows that are still documents at the end show all their fields.
        """
        if self.distinct is not None:
            return self.distinct.field_name == field_name
        for stage in self.stages:
            if any(target.field_name == field_name for target in targets_of(stage)):
                return True
            if isinstance(stage, Group | CountRows | Project):
                return False
        return True


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What keys mean at a point of the pipeline: a resource's fields, or the members of an earlier stage's rows.

    Attributes:
        members: None while rows are documents; then the rows' members.
        keys: the members that are group keys.
    """

    schema: ResourceSchema
    members: Mapping[str, Field] | None = None
    keys: tuple[str, ...] = field(default=())

    def target(self, key: str) -> KeyTarget:
        """Return the meaning of ``key`` here; an unknown key is absent.

        Raises:
            InvalidParameterError: malformed, or a reference that cannot be joined.
        """
        if self.members is None:
            target = self.schema.readable(key)
            if target.reference is None:
                return target
            if target.reference.schema is None:
                raise InvalidParameterError(key=key, reason="this key can only be filtered by")
            path = f"{joined_name(target.reference)}.{target.path}"
            nested = f"{joined_name(target.reference)}.{target.nested_path}" if target.nested_path else ""
            return replace(target, path=path, nested_path=nested)
        segments = split_key(key)
        member = self.members.get(segments[0])
        if member is None or member.kind is FieldKind.ABSENT:
            return absent(key)
        plain = next((i for i, segment in enumerate(segments) if is_special(segment)), len(segments))
        path, names = ".".join(segments[:plain]), tuple(segments[plain:])
        return KeyTarget(key, path, member if len(segments) == 1 else FREE_VALUE, in_list=True, members=names)


def joined_name(reference: ForeignKey) -> str:
    """Return the member in which another resource is joined to a document; no field has such a name."""
    return f"_joined_{reference.name}"


def check_name(name: str, key: str) -> str:
    """Return the name of a member of the answer, chosen by the client.

    Raises:
        InvalidParameterError: empty, too long, ``_id``, starting with ``$``, or containing a dot or a NUL.
    """
    if not name:
        raise InvalidParameterError(key=key, reason="a name must not be empty")
    if name[0] == "$" or "." in name or "\0" in name or name == "_id":
        raise InvalidParameterError(key=key, reason="a name must not be _id, start with $ or contain a dot or NUL")
    if len(encoded(name, key)) > MAX_NAME_BYTES:
        raise InvalidParameterError(key=key, reason=f"a name has at most {MAX_NAME_BYTES} bytes")
    return name
