"""Secrets from the static file, with data inline, in an environment variable or in a separate file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import yaml

from inventory.connector.ports import SecretInformation, SecretSelector
from inventory.connector.static.file import StaticFile, read_private
from inventory.connector.static.schema import SecretEntry
from inventory.domain import plain
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.errors import CollectorSecretError, NotFoundError
from inventory.process import yaml_text


class StaticSecretStore:
    """See :class:`~inventory.connector.ports.SecretStore`. It supports groups."""

    def __init__(self, *, file: StaticFile) -> None:
        self._file = file

    def list_secrets(self, selector: SecretSelector, principal: Principal) -> Sequence[SecretInformation]:
        """See the port."""
        entries = self._entries(principal)
        found = [entries[name] for name in sorted(entries) if _is_selected(entries[name], selector)]
        return [_information(entry) for entry in found]

    def get_data(self, secret_id: str, principal: Principal) -> Json:
        """See the port.

        Raises:
            CollectorSecretError: the variable or file with the data is missing, unreadable or invalid, or others may
                read the file.
        """
        # Without building the dict of all: each of a thousand tasks asks for one of a thousand secrets.
        found = [
            entry
            for entry in self._file.content.secrets
            if entry.secret_id == secret_id and entry.serves(principal.domain_id)
        ]
        if not found:
            raise NotFoundError(key="secret_id", value=secret_id)
        entry = max(found, key=_rank)
        if entry.data_env is not None:
            return _from_environment(entry, entry.data_env)
        if entry.data_file is not None:
            return self._from_file(entry)
        return entry.data or {}

    def _entries(self, principal: Principal) -> dict[str, SecretEntry]:
        """Return the domain's secrets by id; the domain's own entry takes precedence over one for all domains."""
        found = [entry for entry in self._file.content.secrets if entry.serves(principal.domain_id)]
        return {entry.secret_id: entry for entry in sorted(found, key=_rank)}

    def _from_file(self, entry: SecretEntry) -> Json:
        path = self._file.path.parent / str(entry.data_file)
        try:
            return _mapping(entry, yaml_text.load_as_written(read_private(path)), f"data_file {path}")
        except OSError as exc:
            raise _error(entry, f"data_file {path}: {exc.strerror}") from exc
        except yaml_text.RepeatedYamlKeyError as exc:
            raise _error(entry, f"data_file {path}: {yaml_text.place(exc)}{exc.problem}") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            # The parser's own message may quote the data.
            raise _error(entry, f"data_file {path}: is neither JSON nor YAML") from None


def _rank(entry: SecretEntry) -> str:
    """Order the entries for a domain: the last one counts, which is its own if there is one."""
    return entry.domain_id


def _is_selected(entry: SecretEntry, selector: SecretSelector) -> bool:
    if selector.secret_id or selector.secret_group_id:
        return entry.secret_id == selector.secret_id or selector.secret_group_id in entry.groups
    return bool(selector.provider) and entry.provider == selector.provider


def _information(entry: SecretEntry) -> SecretInformation:
    return SecretInformation(
        secret_id=entry.secret_id,
        provider=entry.provider,
        service_account_id=entry.service_account_id,
        project_id=entry.project_id,
        schema=entry.secret_schema,
    )


def _from_environment(entry: SecretEntry, name: str) -> Json:
    text = os.environ.get(name)
    if text is None:
        raise _error(entry, f"environment variable {name} is not set")
    try:
        return _mapping(entry, plain.read_json(text), f"environment variable {name}")
    except plain.RepeatedKeyError as exc:
        raise _error(entry, f"environment variable {name}: {exc}") from None
    except (ValueError, RecursionError):
        raise _error(entry, f"environment variable {name}: is not JSON") from None


def _mapping(entry: SecretEntry, value: object, source: str) -> Json:
    if not isinstance(value, Mapping):
        raise _error(entry, f"{source}: must contain a mapping")
    return {str(key): item for key, item in value.items()}


def _error(entry: SecretEntry, reason: str) -> CollectorSecretError:
    return CollectorSecretError(secret_id=entry.secret_id, reason=reason)
