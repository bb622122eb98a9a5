"""Reads credentials from the files and variables of the providers' own tools, in the form that plugins need.

Each reader takes the environment and the home folder, and returns values by the names of the catalogue. Its errors name
files, profiles and variables, never a value.

Sources: the configuration files of the AWS CLI, the Google Cloud SDK, kubectl and the OCI CLI; the variables of the
Azure SDK's EnvironmentCredential and of the OpenStack client.
"""

from __future__ import annotations

import base64
import configparser
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from inventory.domain import plain
from inventory.domain.plain import Json, MutableJson
from inventory.errors import SettingsError
from inventory.process import yaml_text

_AZURE: Final = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID")
_OPENSTACK: Final = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_ID")
_OPENSTACK_MORE: Final = ("OS_USER_DOMAIN_NAME", "OS_REGION_NAME", "OS_INTERFACE", "OS_IDENTITY_API_VERSION")
_AWS_OTHERS: Final = (
    *("sso_session", "sso_start_url", "login_session", "credential_process"),
    *("web_identity_token_file", "credential_source"),
)
_SHORT_LIVED: Final = "which gives keys that end soon; plugins need an access key that lasts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The environment to search.

    Attributes:
        home: the home folder.
        profile: the profile or context; empty: the default one.
    """

    environ: Mapping[str, str]
    home: Path
    profile: str = ""

    def file(self, variable: str, default: str) -> Path:
        """Return the file that ``variable`` names, or the one at ``default`` in the home folder."""
        named = self.environ.get(variable)
        return Path(named).expanduser() if named else self.home / default


def read(kind: str, place: Place) -> Json:
    """Return the credentials of one kind of tools, such as ``aws``.

    Raises:
        SettingsError: there are none that a plugin can use; the error says where it searched.
    """
    return {
        "aws": _aws,
        "google": _google,
        "azure": lambda where: _variables(where, _AZURE),
        "kubernetes": _kubernetes,
        "openstack": lambda where: _variables(where, _OPENSTACK, _OPENSTACK_MORE),
        "oracle": _oracle,
    }[kind](place)


def _aws(place: Place) -> Json:
    profile = place.profile or place.environ.get("AWS_PROFILE") or "default"
    credentials = place.file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")
    config = place.file("AWS_CONFIG_FILE", ".aws/config")
    if not place.profile and "AWS_ACCESS_KEY_ID" in place.environ:
        values = _variables(place, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        return _long_lived(values, place.environ.get("AWS_SESSION_TOKEN"), "the environment")
    profiles = {**_ini(config, "profile "), **_ini(credentials)}
    for name, more in _ini(config, "profile ").items():
        profiles[name] = {**more, **profiles.get(name, {})}
    found = profiles.get(profile)
    if found is None:
        raise _none(f"{credentials} and {config} have no profile {profile!r}")
    where, keys = _aws_keys(place, profiles, profile)
    values = {name: keys[name] for name in ("aws_access_key_id", "aws_secret_access_key") if keys.get(name)}
    values |= {name: found[name] for name in ("role_arn", "external_id") if found.get(name)}
    return _long_lived(values, keys.get("aws_session_token"), where)


def _aws_keys(place: Place, profiles: Mapping[str, dict[str, str]], profile: str) -> tuple[str, Mapping[str, str]]:
    """Return the section with the access key that a profile uses, and its name for errors.

    An access key of the source profile precedes its role (botocore's AssumeRoleProvider). A role that is assumed with
    another one is refused: plugins assume only one.
    """
    found = profiles[profile]
    source, origin = found.get("source_profile"), found.get("credential_source")
    if origin and found.get("role_arn") and not source:
        if origin != "Environment":
            raise _none(f"the profile {profile!r} has credential_source {origin}, {_SHORT_LIVED}")
        read = _variables(place, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SESSION_TOKEN",))
        return "the environment", {name.lower(): str(value) for name, value in read.items()}
    name = source or profile
    if name not in profiles:
        raise _none(f"the profile {profile!r} has source_profile {name!r}, which does not exist")
    keys = profiles[name]
    if keys.get("aws_access_key_id"):
        return f"the profile {name!r}", keys
    if name != profile and keys.get("role_arn"):
        raise _none(
            f"the profile {profile!r} assumes its role with the role of {name!r}, but plugins assume only one: let "
            "its role trust the user of an access key, and name a source_profile that has this key"
        )
    other = next((key for key in _AWS_OTHERS if keys.get(key)), "")
    raise _none(f"the profile {name!r} has no aws_access_key_id" + (f", only {other}, {_SHORT_LIVED}" if other else ""))


def _long_lived(values: Json, session_token: str | None, where: str) -> Json:
    if session_token:
        raise _none(f"{where} has a session token: such keys end soon, and the plugins take no token")
    return values


def _google(place: Place) -> Json:
    path = place.file("GOOGLE_APPLICATION_CREDENTIALS", ".config/gcloud/application_default_credentials.json")
    content = _mapping(path, json_only=True)
    if content.get("type") != "service_account":
        raise _none(
            f"{path} holds no key of a service account; make one: "
            "gcloud iam service-accounts keys create key.json --iam-account NAME@PROJECT.iam.gserviceaccount.com"
        )
    return content


def _kubernetes(place: Place) -> Json:
    files = _kubeconfigs(place)
    name = place.profile or next((str(each) for _, file in files if (each := file.get("current-context"))), "")
    _, context = _named(files, "contexts", "context", name)
    place_of_ca, cluster = _named(files, "clusters", "cluster", str(context.get("cluster")))
    place_of_user, user = _named(files, "users", "user", str(context.get("user")))
    authority = cluster.get("certificate-authority-data")
    if not authority and cluster.get("certificate-authority"):
        raw = _bytes(place_of_ca.parent / str(cluster["certificate-authority"]))
        authority = base64.b64encode(raw).decode("ascii")
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _bytes(place_of_user.parent / str(user["tokenFile"])).decode("utf-8", "replace").strip()
    if not token:
        raise _none(
            f"{place_of_user}: the user of the context {name!r} has no token, which the plugin needs; make one for a "
            "service account: kubectl create token NAME --duration 8760h"
        )
    values = {"cluster_name": str(context.get("cluster")), "server": str(cluster.get("server") or ""), "token": token}
    return values | {"certificate_authority_data": str(authority or "")}


def _kubeconfigs(place: Place) -> list[tuple[Path, Mapping[str, Any]]]:
    """Return the kubeconfig files; as for kubectl, the first that has an entry counts, and missing files are none."""
    named = [Path(each).expanduser() for each in place.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    paths = named or [place.home / ".kube" / "config"]
    if len(paths) > 1:
        paths = [path for path in paths if path.exists()] or paths
    return [(path, _mapping(path)) for path in paths]


def _oracle(place: Place) -> Json:
    path = place.file("OCI_CONFIG_FILE", ".oci/config")
    profile = place.profile or "DEFAULT"
    found = _ini(path).get(profile)
    if found is None:
        raise _none(f"{path} has no profile {profile!r}")
    values: MutableJson = {
        name: found[name] for name in ("user", "fingerprint", "tenancy", "region") if found.get(name)
    }
    if found.get("key_file"):
        values["key_content"] = _bytes(Path(found["key_file"]).expanduser()).decode("utf-8", "replace")
    return values


def _variables(place: Place, names: tuple[str, ...], more: tuple[str, ...] = ()) -> Json:
    missing = [name for name in names if not place.environ.get(name)]
    if missing:
        raise _none(f"not set in the environment: {', '.join(missing)}")
    return {name: place.environ[name] for name in (*names, *more) if place.environ.get(name)}


def _none(reason: str) -> SettingsError:
    """Return the error that says where credentials were searched, and why they are not usable."""
    return SettingsError(reason, field="secret")


def _ini(path: Path, prefix: str = "") -> dict[str, dict[str, str]]:
    """Return the sections of an INI file, none if it is missing; ``prefix`` is removed from their names."""
    parser = configparser.ConfigParser(interpolation=None, default_section="\0", strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise _none(f"{path}: {exc.strerror}") from exc
    except (configparser.Error, UnicodeDecodeError):
        # The parser's own message contains the line.
        raise _none(f"{path}: is not of the form that the tool writes") from None
    return {name.removeprefix(prefix): dict(parser[name]) for name in parser.sections()}


def _mapping(path: Path, *, json_only: bool = False) -> dict[str, Any]:
    try:
        text = _bytes(path).decode("utf-8")
        content = plain.read_json(text) if json_only else yaml_text.load_as_written(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        raise _none(f"{path}: is not of the form that the tool writes") from None
    if not isinstance(content, dict):
        raise _none(f"{path}: is not of the form that the tool writes")
    return content


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise _none(f"{path}: {exc.strerror}") from exc


def _named(
    files: Sequence[tuple[Path, Mapping[str, Any]]], section: str, key: str, name: str
) -> tuple[Path, Mapping[str, Any]]:
    """Return the first entry with this name, and its file, to which its paths are relative."""
    for path, content in files:
        for each in content.get(section) or []:
            if isinstance(each, Mapping) and each.get("name") == name:
                found = each.get(key)
                return path, found if isinstance(found, Mapping) else {}
    paths = " and ".join(str(path) for path, _ in files)
    raise _none(f"{paths} {'have' if len(files) > 1 else 'has'} no {key} {name!r}")
