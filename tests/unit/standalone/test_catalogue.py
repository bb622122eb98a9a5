"""The catalogue of public plugins, and which image of them is run."""

from __future__ import annotations

import re

import click
import pytest

from inventory.cli.standalone.plugin_run import _image, find_known
from inventory.errors import SettingsError
from inventory.standalone.catalogue import catalogue
from inventory.standalone.plugins import upgraded


def test_the_catalogue_names_the_public_plugins_with_all_that_one_must_know() -> None:
    found = catalogue()
    providers = {each.provider for each in found.plugins.values()}
    assert providers >= {"aws", "google_cloud", "azure", "kubernetes", "openstack", "oracle_cloud", "jira", "github"}
    assert providers <= found.providers.keys()
    for plugin in found.plugins.values():
        assert re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+", plugin.source)
        assert plugin.source.endswith(plugin.plugin_id)
        assert plugin.needs
        # What was only read, or never pulled, is said so.
        assert re.search(r"collected by this service|not run", plugin.checked)
        assert not plugin.image or "not pulled" in plugin.checked or not plugin.version
    for provider in found.providers.values():
        assert any(field.required for field in provider.fields.values())
        assert any(field.hidden for field in provider.fields.values() if field.required)


def test_a_plugin_is_found_by_its_short_name_and_by_its_id() -> None:
    assert find_known("aws-ec2") is find_known("plugin-aws-ec2-inven-collector") is not None
    assert find_known("nothing") is None


@pytest.mark.parametrize(
    ("name", "image", "version", "wanted"),
    [
        ("aws-ec2", None, None, ("spaceone/plugin-aws-ec2-inven-collector:1.13", "1.13")),
        ("aws-ec2", None, "2", ("spaceone/plugin-aws-ec2-inven-collector:2", "2")),
        ("mine", "host:5000/mine", "3", ("host:5000/mine:3", "3")),
        ("mine", "host:5000/mine:4", None, ("host:5000/mine:4", "4")),
    ],
)
def test_an_image_has_the_version_as_its_tag(
    name: str, image: str | None, version: str | None, wanted: tuple[str, str]
) -> None:
    assert _image(name, find_known(name), image, version) == wanted


@pytest.mark.parametrize(
    ("name", "image", "said"),
    [("kubernetes", None, "give --version"), ("github", None, "docker build -t github"), ("mine", None, "--command")],
)
def test_what_is_not_known_of_an_image_is_asked_for(name: str, image: str | None, said: str) -> None:
    with pytest.raises(click.UsageError, match=said):
        _image(name, find_known(name), image, None)


def test_an_upgrade_of_a_container_is_another_image_and_that_of_a_command_is_refused() -> None:
    entry = {"plugin_id": "p", "endpoint": "grpc://127.0.0.1:1", "versions": ["1"], "run": {"image": "h:5/p:1"}}
    assert upgraded(entry, "2")["run"] == {"image": "h:5/p:2"}
    for other in ("h:5/p", "h:5/p@sha256:abc", "h:5/p:1@sha256:abc"):
        assert upgraded({**entry, "run": {"image": other}}, "2")["run"] == {"image": "h:5/p:2"}
    with pytest.raises(SettingsError, match="run by a command"):
        upgraded({**entry, "run": {"command": ["x"]}}, "2")
