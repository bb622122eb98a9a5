"""The commands that quickstart shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.cli import cli

EVERY = "--endpoint h:1 --ca ca.pem --domain d --timeout 5.0 --json --debug"


def test_each_step_has_the_options_that_quickstart_was_given_but_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = tmp_path / "platform.yaml"
    platform.write_text("plugins: []\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("INVENTORY_TOKEN", "hush-from-the-environment")
    where = ("--platform-file", str(platform))

    typed = [*EVERY.split(), "--token", "hush-typed", "quickstart", "kubernetes", *where, "--dry-run"]
    shown = CliRunner().invoke(cli, typed)
    plain = CliRunner().invoke(cli, ["quickstart", "kubernetes", *where, "--dry-run"])

    assert (shown.exit_code, plain.exit_code) == (0, 0), shown.output
    steps = [line for line in shown.stderr.splitlines() if line.startswith("$ ")]
    assert len(steps) == 5
    assert all(line.startswith(f"$ inventory {EVERY} ") for line in steps)
    # A version must be named where none is known.
    assert f"plugin run kubernetes --version VERSION --platform-file {platform}" in steps[0]
    assert f"Look at it: inventory {EVERY} resource stat" in shown.stderr
    # A second quickstart does not collect the accounts of the first.
    assert steps[2].endswith("--name kubernetes --plugin plugin-kubernetes-inven-collector --secret kubernetes")
    assert "set INVENTORY_TOKEN" in shown.stderr
    assert "hush" not in shown.output + plain.output
    # What is in the environment need not be typed.
    assert f"$ inventory plugin run kubernetes --version VERSION --platform-file {platform}" in plain.stdout
