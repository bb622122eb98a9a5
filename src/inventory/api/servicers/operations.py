"""``inventory.operations.v1.Operations``: decode, call, present. Ours, so reflection does not list it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from inventory.api.app import Service
from inventory.api.endpoint import Request
from inventory.api.present import Presenter
from inventory.domain.principal import Principal
from inventory.service.schedule.facts import ScheduleFactsService
from inventory.stubs.inventory.operations.v1 import operations_pb2

FACTS: Final = Presenter(operations_pb2.ScheduleFacts.DESCRIPTOR)
"""Presents what a schedule did and will do."""
EXPLANATION: Final = Presenter(operations_pb2.ScheduleExplanation.DESCRIPTOR)
"""Presents why it does."""


class OperationServices(Protocol):
    """What this service needs of the container."""

    @property
    def schedule_facts_service(self) -> ScheduleFactsService: ...


class OperationsServicer:
    """Facts for those who operate the service."""

    def __init__(self, facts: ScheduleFactsService) -> None:
        self._facts = facts

    def list_schedule_facts(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Operations.list_schedule_facts``."""
        found = self._facts.of_collector(principal, request["collector_id"])
        return FACTS.many([_presentable(each.document()) for each in found], len(found))

    def explain_schedule(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Operations.explain_schedule``."""
        found = self._facts.explain(principal, request["collector_id"], request["schedule_id"])
        document = found.document()
        return EXPLANATION.one({**document, "facts": _presentable(found.facts.document())})


def operation_services(services: OperationServices) -> list[Service]:
    """Return our own services, each with what answers for it; they must not be listed by reflection."""
    servicer = OperationsServicer(services.schedule_facts_service)
    return [(operations_pb2.DESCRIPTOR.services_by_name["Operations"], servicer)]


def _presentable(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without a last job where there is none: on the wire an empty one would look like one."""
    return {key: value for key, value in facts.items() if key != "last_job" or value}
