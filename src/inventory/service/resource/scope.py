"""Which CloudServices a caller may see, and how conditions on related resources are resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain.principal import Principal
from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.reader import Reader, Scope
from inventory.model.documents.cloud_service import ACTIVE, DELETED
from inventory.query.ast import Condition, Operator, Query, ReferenceCondition
from inventory.query.references import ReferenceLookup

_PROJECT_GROUP: Final = "project_group"


def project_scope(principal: Principal) -> Scope | None:
    """Return the filter that restricts a PROJECT caller to its projects; None for unrestricted callers."""
    return None if principal.projects is None else {"project_id": {"$in": sorted(principal.projects)}}


def living_scope(principal: Principal, query: Query) -> Scope | None:
    """Return ``project_scope``, without DELETED resources unless the query asks for them (contract, section 7)."""
    own = project_scope(principal)
    if query.asks_for("state", DELETED):
        return own
    return {"state": ACTIVE, **(own or {})}


class CloudServiceReferences:
    """Resolves conditions on a CloudService's type, region and project group."""

    def __init__(self, *, types: Reader, regions: Reader, identity: Identity) -> None:
        self._readers = {"cloud_service_type": types, "region": regions}
        self._identity = identity

    def lookup(self, principal: Principal) -> ReferenceLookup:
        """Return the lookup for ``principal``: by keys of types and regions, or by projects."""

        def answer(reference: ReferenceCondition) -> Iterable[str]:
            if reference.reference.name == _PROJECT_GROUP:
                return self._projects(reference.condition, principal)
            return self._readers[reference.reference.name].keys(
                reference.condition,
                domain_id=principal.domain_id,
                field=reference.reference.foreign_field,
                remaining_seconds=principal.remaining_seconds(),
            )

        return answer

    def _projects(self, condition: Condition, principal: Principal) -> list[str]:
        """Return the projects of the groups that the condition selects; a group that does not exist has none."""
        found: dict[str, None] = {}
        for group in self._groups(condition, principal):
            with suppress(NotFoundError):
                found.update(dict.fromkeys(self._identity.projects_of_group(group, principal)))
        return list(found)

    def _groups(self, condition: Condition, principal: Principal) -> list[str]:
        if condition.operator in _NAMING:
            return [group for group in _texts(condition) if group]
        selects = _SELECTING.get(condition.operator)
        if selects is None:
            known = ", ".join((*_NAMING, *_SELECTING))
            raise InvalidParameterError(key=condition.target.key, reason=f"only the operators {known} are supported")
        texts = _texts(condition)
        parents = self._identity.project_groups(principal)
        return outermost({group for group in parents if selects(group, texts)}, parents)


def outermost(groups: Set[str], parents: Mapping[str, str]) -> list[str]:
    """Return the ``groups`` that are not inside another of them: their projects include those of all others.

    Args:
        groups: ids of project groups.
        parents: every group with its parent group, empty for none.
    """
    return sorted(group for group in groups if groups.isdisjoint(_ancestors(group, parents)))


def _ancestors(group: str, parents: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    above = parents.get(group, "")
    while above and above not in found and above != group:
        found.add(above)
        above = parents.get(above, "")
    return found


def _texts(condition: Condition) -> list[str]:
    value = condition.value
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]


def _contains(group: str, texts: list[str]) -> bool:
    return any(text.casefold() in group.casefold() for text in texts)


_NAMING: Final = (Operator.EQ, Operator.IN)
"""Operators whose value names the groups."""
_SELECTING: Final[Mapping[Operator, Callable[[str, list[str]], bool]]] = {
    Operator.NOT: lambda group, texts: group not in texts,
    Operator.NOT_IN: lambda group, texts: group not in texts,
    Operator.CONTAIN: _contains,
    Operator.NOT_CONTAIN: lambda group, texts: not _contains(group, texts),
    Operator.CONTAIN_IN: _contains,
    Operator.NOT_CONTAIN_IN: lambda group, texts: not _contains(group, texts),
}
"""Operators that select some of the domain's groups."""
