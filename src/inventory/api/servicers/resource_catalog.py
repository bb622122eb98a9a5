"""The services of the inventory's resources, made of what the container holds."""

from __future__ import annotations

from typing import Protocol

from inventory.api.app import Service
from inventory.api.servicers.change_history import ChangeHistoryServicer
from inventory.api.servicers.cloud_service import CloudServiceServicer
from inventory.api.servicers.cloud_service_type import CloudServiceTypeServicer
from inventory.api.servicers.collector_rule import CollectorRuleServicer
from inventory.api.servicers.region import RegionServicer
from inventory.service.collector.rules import CollectorRuleService
from inventory.service.resource.change_history import ChangeHistoryService
from inventory.service.resource.cloud_service import CloudServiceService
from inventory.service.resource.cloud_service_type import CloudServiceTypeService
from inventory.service.resource.region import RegionService
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_rule_pb2,
    region_pb2,
)


class ResourceServices(Protocol):
    """What these services need of the container."""

    @property
    def cloud_service_service(self) -> CloudServiceService: ...

    @property
    def cloud_service_type_service(self) -> CloudServiceTypeService: ...

    @property
    def region_service(self) -> RegionService: ...

    @property
    def change_history_service(self) -> ChangeHistoryService: ...

    @property
    def collector_rule_service(self) -> CollectorRuleService: ...


def resource_services(services: ResourceServices) -> list[Service]:
    """Return the services of resources, change history and collector rules, each with what answers for it."""
    return [
        (
            cloud_service_pb2.DESCRIPTOR.services_by_name["CloudService"],
            CloudServiceServicer(services.cloud_service_service),
        ),
        (
            cloud_service_type_pb2.DESCRIPTOR.services_by_name["CloudServiceType"],
            CloudServiceTypeServicer(services.cloud_service_type_service),
        ),
        (region_pb2.DESCRIPTOR.services_by_name["Region"], RegionServicer(services.region_service)),
        (
            change_history_pb2.DESCRIPTOR.services_by_name["ChangeHistory"],
            ChangeHistoryServicer(services.change_history_service),
        ),
        (
            collector_rule_pb2.DESCRIPTOR.services_by_name["CollectorRule"],
            CollectorRuleServicer(services.collector_rule_service),
        ),
    ]
