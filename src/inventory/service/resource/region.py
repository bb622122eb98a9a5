"""Regions as clients see and change them (contract, section 7)."""

from __future__ import annotations

from typing import Final

from inventory.domain import ids
from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.ingest.decision.changeset import MANUAL, change_region, new_region
from inventory.model.documents.region import StoredRegion
from inventory.service.resource.types_and_regions import ResourceService

_ID: Final = "region_id"


class RegionService(ResourceService[StoredRegion]):
    """Create, update, delete, get, list and stat."""

    def create(self, principal: Principal, params: Params) -> StoredRegion:
        """Add a region.

        Args:
            params: name, region_code, provider; tags.

        Raises:
            RequiredParameterError, InvalidParameterError: ``params`` is invalid.
            SaveUniqueValuesError: the domain has one with this provider and region_code.
        """
        document = new_region(
            params, region_id=ids.new_id(ids.REGION), domain_id=principal.domain_id, now=self.clock.now()
        )
        return self.resources.insert(document)

    def update(self, principal: Principal, params: Params) -> StoredRegion:
        """Replace the name or tags that were sent; code and provider are kept.

        From then on it belongs to the user, and no longer ages out when collectors stop seeing it.

        Raises:
            NotFoundError: it does not exist.
            InvalidParameterError: ``params`` is invalid.
        """
        stored = self._stored(principal, params)
        change = change_region(stored, params)
        sets = {**change.set, "updated_at": self.clock.now(), "updated_by": MANUAL}
        return self.resources.update(principal.domain_id, stored[_ID], sets, change.unset)
