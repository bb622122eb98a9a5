"""What doctor says about a platform file is what the service says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.bootstrap.static_faults import static_file_faults


@pytest.mark.parametrize(
    ("mode", "owned", "exposed"),
    [(0o600, True, False), (0o440, True, True), (0o440, False, False), (0o444, False, True), (0o460, False, True)],
)
def test_a_file_that_is_mounted_for_the_group_is_not_exposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, owned: bool, exposed: bool
) -> None:
    """Kubernetes lets root own it, and the pod's group read it."""
    file = tmp_path / "platform.yaml"
    file.write_text("secrets:\n  - {secret_id: secret-1, data: {a: b}}\n")
    file.chmod(mode)
    found = file.stat()
    monkeypatch.setattr("os.geteuid", lambda: found.st_uid if owned else found.st_uid + 10001)
    monkeypatch.setattr("os.getegid", lambda: found.st_gid)

    assert static_file_faults(file).exposed is exposed
