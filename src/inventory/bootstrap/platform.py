"""The platform services, built from the settings: from one file, or over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.grpc.identity import GrpcIdentity
from inventory.connector.grpc.plugin import GrpcPluginDirectory
from inventory.connector.grpc.repository import GrpcRepository
from inventory.connector.grpc.secret import GrpcSecretStore
from inventory.connector.ports import Identity, PluginDirectory, Repository, SecretStore
from inventory.connector.static.file import StaticFile
from inventory.connector.static.identity import StaticIdentity
from inventory.connector.static.plugins import StaticPluginDirectory, StaticRepository
from inventory.connector.static.secrets import StaticSecretStore
from inventory.errors import SettingsError
from inventory.process.tls import TlsFiles
from inventory.settings import Settings


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform services, each behind its port.

    Attributes:
        close: closes the connections to them; running calls end.
    """

    plugins: PluginDirectory
    repository: Repository
    secrets: SecretStore
    identity: Identity
    close: Callable[[], None] = lambda: None


def static_platform(settings: Settings) -> Platform:
    """Return the platform described by one YAML file."""
    if settings.static_file is None:
        raise SettingsError("static_file (INVENTORY_STATIC_FILE): is required if platform is static")
    TlsFiles.of(settings).credentials()  # errors are found at the start, not by the first call over TLS
    file = StaticFile(settings.static_file)
    return Platform(
        plugins=StaticPluginDirectory(file=file),
        repository=StaticRepository(file=file),
        secrets=StaticSecretStore(file=file),
        identity=StaticIdentity(file=file),
    )


def grpc_platform(settings: Settings) -> Platform:
    """Return the SpaceONE services at the configured endpoints."""
    names = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")
    if missing := [name for name in names if not getattr(settings, name)]:
        raise SettingsError(f"{', '.join(missing)}: required if platform is grpc")
    TlsFiles.of(settings).credentials()  # errors are found at the start, not by the first call over TLS
    channels = ChannelCache(max_message_bytes=settings.max_message_bytes, tls=TlsFiles.of(settings))
    timeout, install = settings.platform_timeout_seconds, settings.plugin_install_timeout_seconds
    return Platform(
        plugins=GrpcPluginDirectory(channels=channels, endpoint=settings.plugin_endpoint, timeout_seconds=install),
        repository=GrpcRepository(channels=channels, endpoint=settings.repository_endpoint, timeout_seconds=timeout),
        secrets=GrpcSecretStore(channels=channels, endpoint=settings.secret_endpoint, timeout_seconds=timeout),
        identity=GrpcIdentity(channels=channels, endpoint=settings.identity_endpoint, timeout_seconds=timeout),
        close=channels.close,
    )
