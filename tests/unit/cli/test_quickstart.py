"""The commands that quickstart shows."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from inventory.cli import cli
from inventory.cli.standalone.plugin_run import find_known
from inventory.cli.standalone.quickstart import Wanted, require_same_collector

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


def test_a_secret_of_another_profile_or_provider_ends_it_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = tmp_path / "platform.yaml"
    data = "{aws_access_key_id: AKIASHOP, aws_secret_access_key: hush-shop}"
    old = "{secret_id: old, provider: azure, data: {}}"
    platform.write_text(f"secrets:\n- {{secret_id: shop, provider: aws, data: {data}}}\n- {old}\n")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[shop]\naws_access_key_id = AKIASHOP\naws_secret_access_key = hush-shop\n"
        "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = hush-base\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))

    def quickstart(name: str, *options: str) -> str:
        where = ("--platform-file", str(platform), "--dry-run")
        done = CliRunner().invoke(cli, ["quickstart", "aws", "--name", name, *options, *where])
        assert done.exit_code == (1 if "Error" in done.output else 0)
        assert "hush" not in done.output
        return " ".join(done.output.split())

    said = quickstart("shop", "--profile", "base")
    assert "the secret shop is there already, with other values than --profile base: choose another --name" in said
    assert "or replace them by `inventory secret add shop --profile base --replace`" in said
    assert "$ inventory collect" not in said
    assert "of the provider azure: choose another --name" in quickstart("old")
    for options in ((), ("--profile", "shop")):
        assert "$ inventory collect shop --watch" in quickstart("shop", *options)


@pytest.mark.parametrize(
    ("info", "same"),
    [
        ({"plugin_id": "plugin-aws-ec2-inven-collector", "secret_id": "shop"}, True),
        ({"plugin_id": "plugin-aws-ec2-inven-collector", "provider": "aws"}, True),
        ({"plugin_id": "plugin-aws-ec2-inven-collector", "secret_id": "base"}, False),
        ({"plugin_id": "plugin-other", "secret_id": "shop"}, False),
    ],
)
def test_a_collector_of_another_account_or_plugin_ends_it(info: dict[str, str], same: bool) -> None:
    known = find_known("aws-ec2")
    assert known is not None
    wanted = Wanted(plugin="aws-ec2", known=known, run=(), secret=(), name="shop", hour=2)
    with nullcontext() if same else pytest.raises(click.ClickException, match="with another plugin or secret"):
        require_same_collector([{"name": "shop", "plugin_info": info}], wanted)
