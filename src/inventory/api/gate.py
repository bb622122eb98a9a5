"""Builds the checks before every method from the settings."""

from __future__ import annotations

from typing import Protocol

from inventory.api.interceptors.api_keys import ApiKeyStates
from inventory.api.interceptors.authentication import Authenticator, NoAuthentication
from inventory.api.interceptors.authorization import IdentityAuthorization, NoAuthorization
from inventory.api.interceptors.jwt import JwtAuthenticator
from inventory.api.interceptors.keys import identity_keys, local_keys
from inventory.api.interceptors.system_callers import SystemCallers
from inventory.api.method_handler import Gate
from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.domain.rate_limit import RateLimit
from inventory.manager.counts import CountCache
from inventory.process.memory_budget import MemoryBudget
from inventory.settings import Settings


class GatePlatform(Protocol):
    """The part of the platform that the gate needs."""

    @property
    def identity(self) -> Identity: ...


class GateDependencies(Protocol):
    """The part of the container that the gate needs."""

    @property
    def clock(self) -> Clock: ...
    @property
    def counts(self) -> CountCache: ...
    @property
    def platform(self) -> GatePlatform: ...


def make_gate(settings: Settings, container: GateDependencies) -> Gate:
    """Return the checks before every method.

    Raises:
        SettingsError: the JWKS file cannot be used.
    """
    authorizer = (
        IdentityAuthorization(container.platform.identity)
        if settings.authorization == "identity"
        else NoAuthorization()
    )
    return Gate(
        authenticator=_authenticator(settings, container),
        authorizer=authorizer,
        rate_limit=RateLimit(settings.rate_limit_per_second, container.clock),
        after_write=container.counts.forget,
        system_callers=SystemCallers(container.clock),
        memory=MemoryBudget(settings.memory_budget_bytes),
        max_request_bytes=settings.max_request_bytes,
        change_seconds=settings.change_timeout_seconds,
        plugin_seconds=settings.plugin_install_timeout_seconds + settings.plugin_init_timeout_seconds,
    )


def _authenticator(settings: Settings, container: GateDependencies) -> Authenticator:
    if settings.authentication == "none":
        return NoAuthentication(settings.default_domain_id)
    keys = (
        local_keys(settings.jwks_file, container.clock)
        if settings.jwks_file is not None
        else identity_keys(container.platform.identity, container.clock)
    )
    api_keys = None  # a static platform has none, so tokens must expire
    if settings.platform == "grpc":
        api_keys = ApiKeyStates(
            container.platform.identity, container.clock, reuse_seconds=settings.api_key_reuse_seconds
        )
    return JwtAuthenticator(
        keys, clock=container.clock, leeway_seconds=settings.token_leeway_seconds, api_keys=api_keys
    )
