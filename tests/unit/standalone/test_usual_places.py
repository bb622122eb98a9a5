"""Credentials where the providers' own tools keep them, under the names that plugins read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inventory.errors import SettingsError
from inventory.standalone.catalogue import provider_of
from inventory.standalone.secret_values import complete, named_for
from inventory.standalone.usual_places import Place, read

VALUE = "very-secret-value"


def _read(provider: str, home: Path, profile: str = "", **environ: str) -> dict[str, Any]:
    known = provider_of(provider)
    found = read(known.place, Place(environ=environ, home=home, profile=profile))
    return complete(known, named_for(known, found), of=provider)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


AWS_CREDENTIALS = f"""\
[default]
aws_access_key_id = AKIA1
aws_secret_access_key = {VALUE}%1
[short]
aws_access_key_id = ASIA1
aws_secret_access_key = {VALUE}
aws_session_token = {VALUE}
"""
AWS_CONFIG = f"""\
[profile production]
role_arn = arn:aws:iam::1:role/reader
external_id = ext
source_profile = default
[profile keys-and-role]
aws_access_key_id = AKIA3
aws_secret_access_key = {VALUE}
role_arn = arn:aws:iam::1:role/unused
source_profile = default
[profile second]
role_arn = arn:aws:iam::2:role/reader
source_profile = keys-and-role
[profile chain]
role_arn = arn:aws:iam::3:role/reader
source_profile = production
[profile dangling]
role_arn = arn:aws:iam::3:role/reader
source_profile = gone
[profile machine]
role_arn = arn:aws:iam::3:role/reader
credential_source = Ec2InstanceMetadata
[profile environment]
role_arn = arn:aws:iam::3:role/reader
credential_source = Environment
[profile signed-on]
sso_session = company
"""


def test_an_aws_profile_is_read_with_the_role_that_it_assumes(tmp_path: Path) -> None:
    _write(tmp_path / ".aws/credentials", AWS_CREDENTIALS)
    _write(tmp_path / ".aws/config", AWS_CONFIG)

    keys = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": f"{VALUE}%1"}
    assert _read("aws", tmp_path) == keys
    assert _read("aws", tmp_path, AWS_PROFILE="production") == _read("aws", tmp_path, "production")
    assert _read("aws", tmp_path, "production") == keys | {
        "role_arn": "arn:aws:iam::1:role/reader",
        "external_id": "ext",
    }


def test_a_role_is_assumed_with_the_key_that_the_aws_cli_would_use(tmp_path: Path) -> None:
    _write(tmp_path / ".aws/credentials", AWS_CREDENTIALS)
    _write(tmp_path / ".aws/config", AWS_CONFIG)

    # A key precedes the role of the same source profile.
    second = _read("aws", tmp_path, "second")
    assert (second["aws_access_key_id"], second["role_arn"]) == ("AKIA3", "arn:aws:iam::2:role/reader")
    keys = {"AWS_ACCESS_KEY_ID": "AKIA4", "AWS_SECRET_ACCESS_KEY": VALUE}
    from_environment = _read("aws", tmp_path, "environment", **keys)
    assert (from_environment["aws_access_key_id"], from_environment["role_arn"]) == (
        "AKIA4",
        "arn:aws:iam::3:role/reader",
    )
    with pytest.raises(SettingsError, match="the environment has a session token"):
        _read("aws", tmp_path, "environment", AWS_SESSION_TOKEN=VALUE, **keys)


def test_aws_keys_of_the_environment_win_over_the_default_profile_but_not_over_a_named_one(tmp_path: Path) -> None:
    _write(tmp_path / ".aws/credentials", AWS_CREDENTIALS)
    environ = {"AWS_ACCESS_KEY_ID": "AKIA2", "AWS_SECRET_ACCESS_KEY": VALUE}

    assert _read("aws", tmp_path, **environ)["aws_access_key_id"] == "AKIA2"
    assert _read("aws", tmp_path, "default", **environ)["aws_access_key_id"] == "AKIA1"


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ("short", "has a session token"),
        ("signed-on", "only sso_session, which gives keys that end soon"),
        ("nobody", "have no profile 'nobody'"),
        ("chain", "assumes its role with the role of 'production', but plugins assume only one"),
        ("dangling", "source_profile 'gone', which does not exist"),
        ("machine", "credential_source Ec2InstanceMetadata, which gives keys that end soon"),
        ("environment", "not set in the environment: AWS_ACCESS_KEY_ID"),
    ],
)
def test_an_aws_profile_that_no_plugin_can_use_is_told(tmp_path: Path, profile: str, reason: str) -> None:
    _write(tmp_path / ".aws/credentials", AWS_CREDENTIALS)
    _write(tmp_path / ".aws/config", AWS_CONFIG)

    with pytest.raises(SettingsError, match=reason) as caught:
        _read("aws", tmp_path, profile)
    assert VALUE not in str(caught.value)


GOOGLE_KEY = {
    "type": "service_account",
    "project_id": "p",
    "private_key_id": "1",
    "private_key": VALUE,
    "client_email": "a@b",
    "token_uri": "https://oauth2.googleapis.com/token",
    "universe_domain": "googleapis.com",
}


def test_a_google_key_file_is_taken_as_it_is(tmp_path: Path) -> None:
    key = _write(tmp_path / "key.json", json.dumps(GOOGLE_KEY))
    assert _read("google_cloud", tmp_path, GOOGLE_APPLICATION_CREDENTIALS=str(key)) == GOOGLE_KEY


def test_what_gcloud_login_left_is_no_key_and_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    content = {"type": "authorized_user", "refresh_token": VALUE}
    _write(tmp_path / ".config/gcloud/application_default_credentials.json", json.dumps(content))

    with pytest.raises(SettingsError, match="keys create") as caught:
        _read("google_cloud", tmp_path)
    assert VALUE not in str(caught.value)


AZURE = {
    "AZURE_TENANT_ID": "t",
    "AZURE_CLIENT_ID": "c",
    "AZURE_CLIENT_SECRET": VALUE,
    "AZURE_SUBSCRIPTION_ID": "s",
}


def test_azures_variables_get_the_plugins_names(tmp_path: Path) -> None:
    wanted = {"tenant_id": "t", "client_id": "c", "client_secret": VALUE, "subscription_id": "s"}
    assert _read("azure", tmp_path, **AZURE) == wanted


def test_a_variable_that_is_missing_is_named(tmp_path: Path) -> None:
    without = {name: value for name, value in AZURE.items() if name != "AZURE_SUBSCRIPTION_ID"}
    with pytest.raises(SettingsError, match="not set in the environment: AZURE_SUBSCRIPTION_ID"):
        _read("azure", tmp_path, **without)


KUBECONFIG = f"""\
current-context: prod
contexts:
- {{name: prod, context: {{cluster: main, user: robot}}}}
- {{name: mine, context: {{cluster: main, user: me}}}}
clusters:
- {{name: main, cluster: {{server: "https://k8s:6443", certificate-authority: ca.pem}}}}
users:
- {{name: robot, user: {{token: {VALUE}}}}}
- {{name: me, user: {{exec: {{command: aws}}}}}}
"""


def test_a_kubeconfig_context_is_read_with_its_ca(tmp_path: Path) -> None:
    _write(tmp_path / ".kube/config", KUBECONFIG)
    _write(tmp_path / ".kube/ca.pem", "PEM")

    wanted = {"cluster_name": "main", "server": "https://k8s:6443", "token": VALUE}
    wanted["certificate_authority_data"] = "UEVN"
    assert _read("kubernetes", tmp_path) == wanted
    assert _read("kubernetes", tmp_path, "prod", KUBECONFIG=str(tmp_path / ".kube/config")) == wanted


def test_of_several_kubeconfigs_the_first_with_an_entry_counts_and_paths_are_relative_to_their_file(
    tmp_path: Path,
) -> None:
    first = _write(tmp_path / "one/config", "contexts: [{name: two, context: {cluster: main, user: digits}}]\n")
    second = _write(tmp_path / "two/config", f"{KUBECONFIG}- {{name: digits, user: {{token: 012}}}}\n")
    _write(tmp_path / "two/ca.pem", "PEM")
    several = f"{first}:{tmp_path}/missing:{second}"

    found = _read("kubernetes", tmp_path, "two", KUBECONFIG=several)
    assert (found["token"], found["certificate_authority_data"]) == ("012", "UEVN")
    assert _read("kubernetes", tmp_path, KUBECONFIG=several)["token"] == VALUE
    with pytest.raises(SettingsError, match=f"{first} and {second} have no context 'three'"):
        _read("kubernetes", tmp_path, "three", KUBECONFIG=several)
    with pytest.raises(SettingsError, match="missing: No such file"):
        _read("kubernetes", tmp_path, KUBECONFIG=f"{tmp_path}/missing:{tmp_path}/missing2")


def test_a_context_without_a_token_is_told_with_how_to_make_one(tmp_path: Path) -> None:
    _write(tmp_path / ".kube/config", KUBECONFIG)
    _write(tmp_path / ".kube/ca.pem", "PEM")
    with pytest.raises(SettingsError, match="kubectl create token"):
        _read("kubernetes", tmp_path, "mine")


def test_openstack_and_oracle_have_places_too(tmp_path: Path) -> None:
    names = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_ID")
    found = _read("openstack", tmp_path, **dict.fromkeys(names, "x"))
    assert (found["password"], found["user_domain_name"]) == ("x", "Default")
    key = _write(tmp_path / "key.pem", VALUE)
    config = f"[DEFAULT]\nuser=u\nfingerprint=f\ntenancy=t\nregion=r\nkey_file={key}\n"
    _write(tmp_path / ".oci/config", config)
    assert _read("oracle_cloud", tmp_path)["key_content"] == VALUE


@pytest.mark.parametrize("text", ["", "no ini", "[default\n", "\udcff", "[default]\naws_secret_access_key\n"])
def test_a_broken_file_is_told_without_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".aws/credentials"
    path.parent.mkdir()
    path.write_bytes((text + VALUE).encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        _read("aws", tmp_path)
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "written"),
    [
        ("aws", {"AccessKey": {"AccessKeyId": "A", "SecretAccessKey": VALUE, "UserName": "u"}}),
        ("aws", {"Access key ID": "A", "Secret access key": VALUE}),
        ("azure", {"appId": "c", "password": VALUE, "tenant": "t", "subscription_id": "s"}),
    ],
)
def test_what_the_clouds_own_commands_print_is_understood(provider: str, written: dict[str, Any]) -> None:
    known = provider_of(provider)
    values = complete(known, named_for(known, written), of="file")
    assert {name for name, field in known.fields.items() if field.required} <= values.keys()


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match="missing: aws_secret_access_key"):
        complete(provider_of("aws"), {"aws_access_key_id": "A"}, of="file")
