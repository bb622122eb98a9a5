"""The use cases that CloudServiceTypes and Regions share."""

from __future__ import annotations

from typing import Generic

from inventory.domain.clock import Clock
from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError
from inventory.manager.reader import Reader
from inventory.manager.resource.types_and_regions import ResourceManager
from inventory.model.stored import T
from inventory.service.reading import ResourceReads


class ResourceService(ResourceReads, Generic[T]):
    """The use cases that CloudServiceTypes and Regions share."""

    def __init__(self, *, resources: ResourceManager[T], reader: Reader, clock: Clock) -> None:
        super().__init__(reader=reader, clock=clock)
        self._resources = resources

    def delete(self, principal: Principal, resource_id: str) -> None:
        """Remove it; cloud services that refer to it are kept. Raises ``NotFoundError``."""
        self._resources.delete(principal.domain_id, resource_id)

    def _stored(self, principal: Principal, params: Params) -> T:
        """Return the complete document that the request names."""
        id_field = self.schema.id_field
        if not params.get(id_field):
            raise RequiredParameterError(key=id_field)
        return self._resources.get(principal.domain_id, params[id_field])
