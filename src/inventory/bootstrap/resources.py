"""The use cases of the inventory's resources and their history."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from inventory.bootstrap.services import Services
from inventory.manager.cursor_reader import CursorReader
from inventory.manager.deletion.twins import Twins
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.manager.resource.lookalikes import Lookalikes
from inventory.manager.resource.records import RecordStore
from inventory.manager.resource.types_and_regions import ResourceManager
from inventory.model.documents.cloud_service_type import StoredCloudServiceType
from inventory.model.documents.region import StoredRegion
from inventory.model.stored import T
from inventory.query.fields import ResourceSchema
from inventory.query.schemas import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, RECORD, REGION
from inventory.service.resource.change_history import ChangeHistoryService
from inventory.service.resource.cloud_service import CloudServiceService
from inventory.service.resource.cloud_service_type import CloudServiceTypeService
from inventory.service.resource.explain import ResourceExplainer
from inventory.service.resource.explain_type import TypeExplainer
from inventory.service.resource.region import RegionService
from inventory.service.resource.removal_outlook import RemovalLimits
from inventory.service.resource.scope import CloudServiceReferences


class Resources(Services):
    """CloudServices, their types, regions and records."""

    def _reader(self, schema: ResourceSchema) -> CursorReader:
        """Return a reader whose lists are presented without being decoded."""
        return self.reader(schema.collection, schema, raw=True)

    def _resources(self, schema: ResourceSchema, kind: type[T], *natural_keys: str) -> ResourceManager[T]:
        return ResourceManager(
            database=self.database,
            collection=schema.collection,
            kind=kind,
            id_field=schema.id_field,
            natural_keys=natural_keys,
        )

    @cached_property
    def cloud_services(self) -> CloudServiceManager:
        """Manages single cloud services."""
        return CloudServiceManager(database=self.database)

    @cached_property
    def cloud_service_service(self) -> CloudServiceService:
        """Use cases of cloud services."""
        identity = self.platform.identity
        return CloudServiceService(
            services=self.cloud_services,
            reader=self._reader(CLOUD_SERVICE),
            references=CloudServiceReferences(
                types=self._reader(CLOUD_SERVICE_TYPE), regions=self._reader(REGION), identity=identity
            ),
            identity=identity,
            clock=self.clock,
        )

    @cached_property
    def cloud_service_type_service(self) -> CloudServiceTypeService:
        """Use cases of cloud service types."""
        return CloudServiceTypeService(
            resources=self._resources(CLOUD_SERVICE_TYPE, StoredCloudServiceType, "name", "provider", "group"),
            reader=self._reader(CLOUD_SERVICE_TYPE),
            clock=self.clock,
        )

    @cached_property
    def region_service(self) -> RegionService:
        """Use cases of regions."""
        return RegionService(
            resources=self._resources(REGION, StoredRegion, "region_code", "provider"),
            reader=self._reader(REGION),
            clock=self.clock,
        )

    @cached_property
    def resource_explainer(self) -> ResourceExplainer:
        """Explains cloud services."""
        return ResourceExplainer(
            services=self.cloud_services,
            states=self.states,
            records=RecordStore(database=self.database),
            collectors=self.collectors,
            rules=self.rules,
            lookalikes=Lookalikes(database=self.database),
            twins=Twins(database=self.database),
            freshness=self.freshness_service,
            identity=self.platform.identity,
            limits=RemovalLimits(
                threshold=self.settings.disconnect_threshold,
                grace=timedelta(seconds=self.settings.disconnect_grace_seconds),
                ages=self.ages,
                excluded_domains=frozenset(self.settings.housekeeping_excluded_domains),
            ),
        )

    @cached_property
    def type_explainer(self) -> TypeExplainer:
        """Finds duplicate resources of a type."""
        return TypeExplainer(
            types=self.cloud_service_type_service,
            lookalikes=Lookalikes(database=self.database),
            collectors=self.collectors,
            rules=self.rules,
        )

    @cached_property
    def change_history_service(self) -> ChangeHistoryService:
        """Use cases of change history."""
        return ChangeHistoryService(services=self.cloud_services, reader=self._reader(RECORD), clock=self.clock)
