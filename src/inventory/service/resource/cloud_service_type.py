"""CloudServiceTypes as clients see and change them (contract, section 7)."""

from __future__ import annotations

from typing import Final

from inventory.domain import ids
from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.errors import InvalidParameterTypeError
from inventory.ingest.decision.changeset import MANUAL, change_cloud_service_type, new_cloud_service_type
from inventory.model.documents.cloud_service_type import StoredCloudServiceType
from inventory.service.resource.types_and_regions import ResourceService

_ID: Final = "cloud_service_type_id"


class CloudServiceTypeService(ResourceService[StoredCloudServiceType]):
    """Create, update, delete, get, list and stat."""

    def create(self, principal: Principal, params: Params) -> StoredCloudServiceType:
        """Add a type.

        Args:
            params: name, provider, group; service_code, is_primary, is_major, resource_type, metadata, labels, tags.

        Raises:
            RequiredParameterError, InvalidParameterTypeError, InvalidParameterError: ``params`` is invalid.
            SaveUniqueValuesError: the domain has one with this provider, group and name.
        """
        _check_labels(params)
        document = new_cloud_service_type(
            params,
            cloud_service_type_id=ids.new_id(ids.CLOUD_SERVICE_TYPE),
            domain_id=principal.domain_id,
            now=self.clock.now(),
        )
        return self.resources.insert(document)

    def update(self, principal: Principal, params: Params) -> StoredCloudServiceType:
        """Replace the fields of ``create`` that were sent, except name, provider and group.

        From then on it belongs to the user, and no longer ages out when collectors stop seeing it.

        Raises:
            NotFoundError: it does not exist.
            InvalidParameterTypeError, InvalidParameterError: ``params`` is invalid.
        """
        _check_labels(params)
        stored = self._stored(principal, params)
        change = change_cloud_service_type(stored, params)
        sets = {**change.set, "updated_at": self.clock.now(), "updated_by": MANUAL}
        return self.resources.update(principal.domain_id, stored[_ID], sets, change.unset)


def _check_labels(params: Params) -> None:
    if not all(isinstance(label, str) for label in params.get("labels") or ()):
        raise InvalidParameterTypeError(key="labels", expected="list of strings")
