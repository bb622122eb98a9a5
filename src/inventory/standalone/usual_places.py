"""Reads credentials from the files and variables of the providers' own tools, in the form that plugins need.

Each reader takes the environment and the home folder, and returns values by the names of the catalogue. Its errors name
files, profiles and variables, never a value.

Sources: the configuration files of the AWS CLI, the Google Cloud SDK, kubectl and the OCI CLI; the variables of the
Azure SDK's EnvironmentCredential and of the OpenStack client.
"""

from __future__ import annotations

import base64
import configparser
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from inventory.domain.plain import Json, MutableJson
from inventory.errors import SettingsError
from inventory.process import yaml_text

_AZURE: Final = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID")
_OPENSTACK: Final = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_ID")
_OPENSTACK_MORE: Final = ("OS_USER_DOMAIN_NAME", "OS_REGION_NAME", "OS_INTERFACE", "OS_IDENTITY_API_VERSION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The environment to search.

    Attributes:
        environ: the environment.
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
    source = found.get("source_profile")
    keys = profiles.get(source, {}) if source else found
    if not keys.get("aws_access_key_id"):
        other = next((name for name in ("sso_session", "sso_start_url", "credential_process") if keys.get(name)), "")
        why = f" ({other} gives keys that end soon; plugins need an access key that lasts)" if other else ""
        raise _none(f"the profile {source or profile!r} has no aws_access_key_id{why}")
    values = {name: keys[name] for name in ("aws_access_key_id", "aws_secret_access_key") if keys.get(name)}
    values |= {name: found[name] for name in ("role_arn", "external_id") if found.get(name)}
    return _long_lived(values, keys.get("aws_session_token"), f"the profile {source or profile!r}")


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
    first = place.environ.get("KUBECONFIG", "").split(":")[0]
    path = Path(first).expanduser() if first else place.home / ".kube" / "config"
    content = _mapping(path)
    name = place.profile or str(content.get("current-context") or "")
    context = _named(content, "contexts", "context", name, path)
    cluster = _named(content, "clusters", "cluster", str(context.get("cluster")), path)
    user = _named(content, "users", "user", str(context.get("user")), path)
    authority = cluster.get("certificate-authority-data")
    if not authority and cluster.get("certificate-authority"):
        raw = _bytes(path.parent / str(cluster["certificate-authority"]))
        authority = base64.b64encode(raw).decode("ascii")
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _bytes(path.parent / str(user["tokenFile"])).decode("utf-8", "replace").strip()
    if not token:
        raise _none(
            f"{path}: the user of the context {name!r} has no token, which the plugin needs; make one for a service "
            "account: kubectl create token NAME --duration 8760h"
        )
    values = {"cluster_name": str(context.get("cluster")), "server": str(cluster.get("server") or ""), "token": token}
    return values | {"certificate_authority_data": str(authority or "")}


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
        content = json.loads(text) if json_only else yaml_text.load_as_written(text)
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


def _named(content: Mapping[str, Any], section: str, key: str, name: str, path: Path) -> Mapping[str, Any]:
    for each in content.get(section) or []:
        if isinstance(each, Mapping) and each.get("name") == name:
            found = each.get(key)
            return found if isinstance(found, Mapping) else {}
    raise _none(f"{path} has no {key} {name!r}")
