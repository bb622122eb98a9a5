"""Public collector plugins and the secrets they use, from ``catalogue.yaml`` in this package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inventory.process import yaml_text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretField(_Part):
    """One value of a secret."""

    required: bool = False
    hidden: bool = Field(True, description="typed without echo")
    about: str = ""
    default: str = ""
    aliases: list[str] = Field([], description="its names in files written by other programs")


class Provider(_Part):
    """The common facts of one provider's plugins."""

    name: str
    secret_schema: str = Field("", alias="schema")
    fields: dict[str, SecretField] = {}
    place: Literal["aws", "google", "azure", "kubernetes", "openstack", "oracle", ""] = Field(
        "", description="where the provider's own tools keep credentials"
    )


class CataloguePlugin(_Part):
    """A public plugin."""

    name: str
    plugin_id: str
    provider: str
    image: str = ""
    version: str = ""
    port: int = Field(50051, description="the port it listens on in its container")
    source: str
    needs: str = Field("", description="the minimum privileges, by name of policy or role")
    options: dict[str, Any] = {}
    checked: str = Field(description="how the facts were checked, and what could not be tried")


class Catalogue(_Part):
    """The whole file."""

    providers: dict[str, Provider]
    plugins: dict[str, CataloguePlugin]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue."""
    text = resources.files("inventory.standalone").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    return Catalogue.model_validate(yaml_text.load(text))


def provider_of(name: str) -> Provider:
    """Return the facts about a provider; only its name if it is not in the catalogue."""
    return catalogue().providers.get(name) or Provider(name=name)
