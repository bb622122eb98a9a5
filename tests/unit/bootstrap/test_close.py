"""Closing what a process opened: its connections to the platform too."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.bootstrap.managers import Managers
from inventory.connector.ports import SecretSelector
from inventory.domain.principal import Principal
from inventory.settings import Settings
from tests.fakes.platform import FakePlatform

ENDPOINTS = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")


def test_the_channels_to_the_platform_are_closed() -> None:
    secrets: dict[str, Any] = {"secrets": [{"secret_id": "secret-1", "provider": "aws", "data": {}}]}
    with FakePlatform(secrets) as platform:
        values: dict[str, Any] = dict.fromkeys(ENDPOINTS, platform.endpoint)
        managers = Managers(Settings(platform="grpc", **values))
        store = managers.platform.secrets
        principal = Principal(domain_id="domain-1")
        assert [each.secret_id for each in store.list_secrets(SecretSelector(provider="aws"), principal)] == [
            "secret-1"
        ]

        managers.close()

        with pytest.raises(ValueError, match="closed channel"):
            store.list_secrets(SecretSelector(provider="aws"), principal)


def test_closing_opens_nothing() -> None:
    """Without its file, a static platform cannot even be made."""
    Managers(Settings(platform="static")).close()


def test_a_static_platform_closes_too(tmp_path: Any) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("plugins: []\n")
    managers = Managers(Settings(platform="static", static_file=file))
    assert managers.platform.secrets

    managers.close()
