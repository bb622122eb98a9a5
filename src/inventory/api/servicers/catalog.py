"""What the server serves, made of what the container holds."""

from __future__ import annotations

from typing import Protocol

from inventory.api.app import Service
from inventory.api.endpoint import Gate
from inventory.api.interceptors.authentication import Authenticator, NoAuthentication
from inventory.api.interceptors.authorization import IdentityAuthorization, NoAuthorization
from inventory.api.interceptors.jwt import JwtAuthenticator
from inventory.api.interceptors.keys import identity_keys, local_keys
from inventory.api.servicers.collector import Collectors, CollectorServicer, Collects, Schedules
from inventory.api.servicers.job import JobServicer
from inventory.api.servicers.job_task import JobTaskServicer
from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.domain.rate_limit import RateLimit
from inventory.manager.counts import Counts
from inventory.service.job.manage import JobService, JobTaskService
from inventory.settings import Settings
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, job_pb2, job_task_pb2


class Platform(Protocol):
    """What the API needs of the platform."""

    @property
    def identity(self) -> Identity: ...


class Services(Protocol):
    """What the API needs of the container."""

    @property
    def clock(self) -> Clock: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def platform(self) -> Platform: ...

    @property
    def collector_service(self) -> Collectors: ...

    @property
    def collect(self) -> Collects: ...

    @property
    def schedule_service(self) -> Schedules: ...

    @property
    def job_service(self) -> JobService: ...

    @property
    def job_task_service(self) -> JobTaskService: ...


def inventory_services(services: Services) -> list[Service]:
    """Return the services of the inventory API, each with what answers for it."""
    collector = CollectorServicer(
        collectors=services.collector_service,
        collects=services.collect,
        schedules=services.schedule_service,
    )
    return [
        (collector_pb2.DESCRIPTOR.services_by_name["Collector"], collector),
        (job_pb2.DESCRIPTOR.services_by_name["Job"], JobServicer(services.job_service)),
        (job_task_pb2.DESCRIPTOR.services_by_name["JobTask"], JobTaskServicer(services.job_task_service)),
    ]


def make_gate(settings: Settings, services: Services) -> Gate:
    """Return what stands before every method, as the settings say.

    Raises:
        SettingsError: the JWKS file cannot be used.
    """
    authorizer = (
        IdentityAuthorization(services.platform.identity) if settings.authorization == "identity" else NoAuthorization()
    )
    return Gate(
        authenticator=_authenticator(settings, services),
        authorizer=authorizer,
        rate_limit=RateLimit(settings.rate_limit_per_second, services.clock),
        after_write=services.counts.forget,
    )


def _authenticator(settings: Settings, services: Services) -> Authenticator:
    if settings.authentication == "none":
        return NoAuthentication(settings.default_domain_id)
    keys = (
        local_keys(settings.jwks_file, services.clock)
        if settings.jwks_file is not None
        else identity_keys(services.platform.identity, services.clock)
    )
    return JwtAuthenticator(keys, clock=services.clock, leeway_seconds=settings.token_leeway_seconds)
