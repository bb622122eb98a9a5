"""Projects, service accounts and domains from the static file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.connector.ports import Access
from inventory.connector.static.file import StaticFile
from inventory.connector.static.schema import PlatformContent, ProjectEntry
from inventory.domain.principal import Principal
from inventory.errors import NotFoundError


class StaticIdentity:
    """See :class:`~inventory.connector.ports.Identity`. It restricts nobody and has no keys."""

    def __init__(self, *, file: StaticFile) -> None:
        self._file = file

    def project_exists(self, project_id: str, principal: Principal) -> bool:
        """See the port. Without a section ``projects``, every project exists."""
        content = self._file.content
        if content.projects is None:
            return True
        return any(project.project_id == project_id for project in _projects(content, principal))

    def projects_of_group(self, project_group_id: str, principal: Principal) -> Sequence[str]:
        """See the port."""
        content = self._file.content
        groups = [group for group in content.project_groups if group.serves(principal.domain_id)]
        if all(group.project_group_id != project_group_id for group in groups):
            raise NotFoundError(key="project_group_id", value=project_group_id)
        below = {project_group_id}
        grown = True
        while grown:
            children = {group.project_group_id for group in groups if group.parent in below}
            grown = not children <= below
            below |= children
        return sorted(p.project_id for p in _projects(content, principal) if p.project_group_id in below)

    def project_groups(self, principal: Principal) -> Mapping[str, str]:
        """See the port."""
        groups = self._file.content.project_groups
        return {group.project_group_id: group.parent for group in groups if group.serves(principal.domain_id)}

    def find_project(self, field: str, value: str, principal: Principal) -> str:
        """See the port."""
        projects = _projects(self._file.content, principal)
        found = {p.project_id for p in projects if _has(p.model_dump(), field, value)}
        return found.pop() if len(found) == 1 else ""

    def find_service_account_project(self, field: str, value: str, principal: Principal) -> str:
        """See the port."""
        found = [
            account.project_id
            for account in self._file.content.service_accounts
            if account.serves(principal.domain_id)
            and account.service_account_type == "GENERAL"
            and _has(account.model_dump(), field, value)
        ]
        return found[0] if len(found) == 1 else ""

    def get_public_key(self, domain_id: str) -> str:
        """Raise ``NotFoundError``: a static platform's keys are in the setting ``jwks_file``."""
        raise NotFoundError(key="domain_id", value=domain_id)

    def is_api_key_enabled(self, api_key_id: str, domain_id: str) -> bool:  # noqa: ARG002
        """Raise ``NotFoundError``: the file has no API keys."""
        raise NotFoundError(key="api_key_id", value=api_key_id)

    def authorize(
        self,
        *,
        resource: str,  # noqa: ARG002
        verb: str,  # noqa: ARG002
        scope: str,  # noqa: ARG002
        project_id: str,  # noqa: ARG002
        require_project_id: bool,  # noqa: ARG002
        principal: Principal,
    ) -> Access:
        """Return what the token says: the file has no roles."""
        return Access(role_type=principal.role_type, projects=principal.projects)

    def list_domains(self, principal: Principal) -> Sequence[str]:  # noqa: ARG002
        """See the port. Domains that appear only in entries count as well."""
        content = self._file.content
        sections = (
            content.plugins,
            content.secrets,
            content.projects or [],
            content.project_groups,
            content.service_accounts,
        )
        named = {entry.domain_id for section in sections for entry in section if entry.domain_id}
        return sorted(named | set(content.domains))


def _projects(content: PlatformContent, principal: Principal) -> list[ProjectEntry]:
    return [project for project in content.projects or [] if project.serves(principal.domain_id)]


def _has(document: Mapping[str, Any], field: str, value: str) -> bool:
    """Return whether the dotted ``field`` of ``document`` equals ``value``; numbers compare as text."""
    found: Any = document
    for part in field.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return isinstance(found, str | int | float) and not isinstance(found, bool) and str(found) == value
