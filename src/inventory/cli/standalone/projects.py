"""``project``: the projects of the platform file."""

from __future__ import annotations

import click

from inventory.cli.command_form import CommandGroup, sent
from inventory.cli.standalone.location import platform_options
from inventory.cli.view.output import Column, print_rows, say
from inventory.errors import SettingsError
from inventory.standalone.platform_file import PlatformFile

COLUMNS: tuple[Column, ...] = (
    ("project", "project_id"),
    ("name", "name"),
    ("group", "project_group_id"),
    ("secrets", "secrets"),
)


@click.group(cls=CommandGroup)
def project() -> None:
    """Manage the projects of the standalone platform file."""


@project.command("add", example='inventory project add project-1 --name "Web shop"')
@click.argument("project_id", metavar="PROJECT")
@click.option("--name", help="name for people")
@click.option("--group", "project_group_id", help="its project group")
@platform_options
def add_project(project_id: str, name: str | None, project_group_id: str | None, file: PlatformFile) -> None:
    """Add a project. While none is listed, every project_id exists; as soon as there is one, only listed ones do. The
    first time, the projects of secrets and service accounts are therefore added as well.
    """
    content = file.content()
    if project_group_id and all(group.project_group_id != project_group_id for group in content.project_groups):
        raise SettingsError(f"project_group_id {project_group_id!r} is not in {file.path}", field="project_group_id")
    named = {entry.project_id for entry in content.secrets} | {e.project_id for e in content.service_accounts}
    also = [] if content.projects is not None else sorted(named - {"", project_id})
    entry = {"project_id": project_id, **sent(name=name, project_group_id=project_group_id)}
    file.add("projects", entry, *({"project_id": each} for each in also))
    words = f"{project_id}: added to {file.path}" + (f", with {', '.join(also)}, which secrets name" if also else "")
    say({**entry, "also": also}, words)


@project.command("list", example="inventory project list")
@platform_options
def list_projects(file: PlatformFile) -> None:
    """List the projects, with the number of secrets of each."""
    secrets = [str(secret.get("project_id") or "") for secret in file.entries("secrets")]
    rows = [{**entry, "secrets": secrets.count(str(entry["project_id"]))} for entry in file.entries("projects")]
    print_rows({"results": rows, "total_count": len(rows)}, COLUMNS)


COMMANDS = (project,)
