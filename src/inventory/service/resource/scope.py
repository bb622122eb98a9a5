"""Which CloudServices a caller may see, and what conditions that reach beyond them mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain.principal import Principal
from inventory.errors import InvalidParameterError
from inventory.manager.reader import Reader, Scope
from inventory.model.documents.cloud_service import ACTIVE, DELETED
from inventory.query.ast import Condition, Operator, Query, ReferenceCondition
from inventory.query.references import Lookup

_PROJECT_GROUP: Final = "project_group"


def project_scope(principal: Principal) -> Scope | None:
    """Return the filter that limits a PROJECT caller to its projects; None where nothing limits the caller."""
    return None if principal.projects is None else {"project_id": {"$in": sorted(principal.projects)}}


def living_scope(principal: Principal, query: Query) -> Scope | None:
    """Return ``project_scope``, and without the deleted unless the query asks for that state (contract, section 7)."""
    own = project_scope(principal)
    if query.asks_for("state", DELETED):
        return own
    return {"state": ACTIVE, **(own or {})}


class CloudServiceReferences:
    """Answers conditions on a CloudService's type, region and project group."""

    def __init__(self, *, types: Reader, regions: Reader, identity: Identity) -> None:
        self._readers = {"cloud_service_type": types, "region": regions}
        self._identity = identity

    def lookup(self, principal: Principal) -> Lookup:
        """Return what answers a reference for ``principal``: by the keys of types and regions, by projects."""

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
        if condition.operator is Operator.EQ:
            groups = [condition.value]
        elif condition.operator is Operator.IN and isinstance(condition.value, list):
            groups = condition.value
        else:
            raise InvalidParameterError(key=condition.target.key, reason="only the operators eq and in are supported")
        found: dict[str, None] = {}
        for group in groups:
            if group:
                found.update(dict.fromkeys(self._identity.projects_of_group(str(group), principal)))
        return list(found)
