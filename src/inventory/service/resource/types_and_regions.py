"""The use cases that CloudServiceTypes and Regions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError
from inventory.manager.resource.types_and_regions import ResourceManager
from inventory.model.stored import T
from inventory.service.reading import ResourceReads


@dataclass(kw_only=True, eq=False)
class ResourceService(ResourceReads, Generic[T]):
    """The use cases that CloudServiceTypes and Regions share."""

    resources: ResourceManager[T]

    def delete(self, principal: Principal, resource_id: str) -> None:
        """Remove it; cloud services that refer to it are kept. Raises ``NotFoundError``."""
        self.resources.delete(principal.domain_id, resource_id)

    def _stored(self, principal: Principal, params: Params) -> T:
        """Return the complete document that the request names."""
        id_field = self.schema.id_field
        if not params.get(id_field):
            raise RequiredParameterError(key=id_field)
        return self.resources.get(principal.domain_id, params[id_field])
