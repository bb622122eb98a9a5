"""The schema of the static platform file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from inventory.settings.address_types import Endpoint

_IMAGE: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9_+.-]*:[0-9a-fA-F]{32,})?"
)
"""The reference of an image, as Docker defines it (distribution/reference): none begins like an option."""
_MEMORY: Final = re.compile(r"[1-9][0-9]*[bkmgBKMG]?")

EntryId = Annotated[str, Field(min_length=1, max_length=255)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)

    domain_id: str = Field("", description="the only domain it is for; empty: every domain")

    def serves(self, domain_id: str) -> bool:
        """Return whether the domain has this entry."""
        return not self.domain_id or self.domain_id == domain_id


class RunEntry(BaseModel):
    """How `inventory up` runs a plugin beside it: from a container's image, or by a command. Others ignore it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    image: str | None = Field(None, min_length=1, description="run by Docker, bound to 127.0.0.1")
    container_port: int = Field(50051, ge=1, le=65535, description="where it listens inside its container")
    memory: str = Field("1g", description="limit of the container's memory")
    command: list[str] | None = Field(None, min_length=1, description="{port} stands for the port, as does $PORT")
    folder: Path | None = Field(None, description="where the command runs, relative to the static file")

    @field_validator("image")
    @classmethod
    def _check_image(cls, image: str | None) -> str | None:
        if image is not None and not _IMAGE.fullmatch(image):
            raise ValueError("is not the reference of an image: NAME:TAG or NAME@sha256:DIGEST, in lower case")
        return image

    @field_validator("memory")
    @classmethod
    def _check_memory(cls, memory: str) -> str:
        if not _MEMORY.fullmatch(memory):
            raise ValueError("must be a whole number of bytes, or one with k, m or g, such as 512m")
        return memory

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.image is None) == (self.command is None):
            raise ValueError("needs exactly one of image and command")
        return self


class PluginEntry(_Entry):
    """A plugin: ``endpoint`` for any version, or ``versions`` with one endpoint per version."""

    plugin_id: EntryId
    name: str = ""
    provider: str = ""
    capability: dict[str, Any] = {}
    endpoint: Endpoint | None = None
    versions: dict[str, Endpoint] | list[str] = Field([], description="version → endpoint, or names only")
    latest: str = Field("", description="the version that AUTO upgrades to")
    access_token: str = Field("", repr=False)
    run: RunEntry | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.run is not None and not re.fullmatch(r"grpc://127\.0\.0\.1:\d+", self.endpoint or ""):
            raise ValueError("what `inventory up` runs needs an endpoint grpc://127.0.0.1:PORT")
        if self.endpoint is None and not (isinstance(self.versions, dict) and self.versions):
            raise ValueError("needs an endpoint, or versions with an endpoint each")
        if self.latest and self.versions and self.latest not in self.versions:
            raise ValueError(f"latest {self.latest!r} is not among its versions")
        return self


class SecretEntry(_Entry):
    """A secret with its data, or the source of its data."""

    secret_id: EntryId
    name: str = ""
    provider: str = ""
    secret_schema: str = Field("", alias="schema")
    project_id: str = ""
    service_account_id: str = ""
    groups: list[EntryId] = []
    data: dict[str, Any] | None = Field(None, repr=False)
    data_env: str | None = Field(None, min_length=1, description="environment variable that contains JSON")
    data_file: Path | None = Field(None, description="JSON or YAML file, relative to the static file")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(source is not None for source in (self.data, self.data_env, self.data_file)) != 1:
            raise ValueError("needs exactly one of data, data_env and data_file")
        return self


class ProjectEntry(_Entry):
    """A project."""

    project_id: EntryId
    name: str = ""
    project_group_id: str = ""
    tags: dict[str, Any] = {}


class ProjectGroupEntry(_Entry):
    """A project group; ``parent`` is the id of its parent group, or empty."""

    project_group_id: EntryId
    name: str = ""
    parent: str = ""


class ServiceAccountEntry(_Entry):
    """A service account."""

    service_account_id: EntryId
    project_id: str = ""
    service_account_type: Literal["GENERAL", "TRUSTED"] = "GENERAL"
    name: str = ""
    provider: str = ""
    data: dict[str, Any] = Field({}, repr=False)
    tags: dict[str, Any] = {}


class PlatformContent(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    domains: list[EntryId] = []
    plugins: list[PluginEntry] = []
    secrets: list[SecretEntry] = []
    projects: list[ProjectEntry] | None = Field(None, description="absent: every project_id exists")
    project_groups: list[ProjectGroupEntry] = []
    service_accounts: list[ServiceAccountEntry] = []

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        for section, id_name, entries in self._sections():
            seen: set[tuple[str, str]] = set()
            for entry in entries:
                key = (getattr(entry, id_name), entry.domain_id)
                if key in seen:
                    raise ValueError(f"{section} has {id_name} {key[0]!r} twice")
                seen.add(key)
        return self

    @model_validator(mode="after")
    def _check_ports(self) -> Self:
        """Two processes on one port: the secrets of one provider would reach the plugin of another."""
        owners: dict[str | None, str] = {}
        for plugin in self.plugins:
            if (
                plugin.run is not None
                and (owner := owners.setdefault(plugin.endpoint, plugin.plugin_id)) != plugin.plugin_id
            ):
                raise ValueError(f"plugins {owner!r} and {plugin.plugin_id!r} are both run at {plugin.endpoint}")
        return self

    def _sections(self) -> Iterator[tuple[str, str, list[Any]]]:
        yield "plugins", "plugin_id", self.plugins
        yield "secrets", "secret_id", self.secrets
        yield "projects", "project_id", self.projects or []
        yield "project_groups", "project_group_id", self.project_groups
        yield "service_accounts", "service_account_id", self.service_accounts
