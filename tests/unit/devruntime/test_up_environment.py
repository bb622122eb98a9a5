"""What `up` hands to the processes it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import settings
from inventory.devruntime.up import as_environment


def test_settings_from_anywhere_reach_the_processes_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "batch_count: 7\nhousekeeping_excluded_domains: [domain-a, domain-b]\nmongo_uri: mongodb://u:p@h/\n"
    )
    monkeypatch.setenv("INVENTORY_CONFIG", str(file))
    monkeypatch.setenv("INVENTORY_LEASE_SECONDS", "12.5")
    parent = settings.load(allow_unauthenticated_remote=True, static_file=tmp_path / "p.yaml")

    environment = as_environment(parent, port="4444")

    monkeypatch.delenv("INVENTORY_CONFIG")
    for key, value in environment.items():
        if key.startswith("INVENTORY_") and key != "INVENTORY_CONFIG":
            monkeypatch.setenv(key, value)
    child = settings.load()
    assert child.port == 4444
    assert child.model_dump(exclude={"port"}) == parent.model_dump(exclude={"port"})
