"""``secret``: the secrets of the platform file. No command shows a value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from inventory.bootstrap.static_file import SecretEntry, secret_data
from inventory.cli.command_form import CommandGroup, sent, wants_json
from inventory.cli.standalone.acceptance import answers, plugins_of, require_acceptance
from inventory.cli.standalone.in_use import require_unused
from inventory.cli.standalone.input import mapping_from, prompted
from inventory.cli.standalone.location import platform_options
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.output import Column, print_json, print_rows, say
from inventory.domain.plain import Json
from inventory.domain.texts import counted
from inventory.errors import InventoryError
from inventory.standalone import secrets, usual_places
from inventory.standalone.accounts import accounts_of
from inventory.standalone.catalogue import Provider, provider_of
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.secret_values import complete, named_for
from inventory.standalone.yaml_edit import Entry

COLUMNS: tuple[Column, ...] = (
    ("secret", "secret_id"),
    ("name", "name"),
    ("provider", "provider"),
    ("schema", "schema"),
    ("project", "project_id"),
    ("groups", "groups"),
    ("data", "data"),
)
EXIT_REFUSED = 1

secret_argument = click.argument("secret_id", metavar="SECRET")


@click.group(cls=CommandGroup)
def secret() -> None:
    """Manage the secrets of the standalone platform file; no command ever shows a value."""


@secret.command(
    "add",
    example="inventory secret add production --provider aws --profile production --check\n"
    "inventory secret add --from-file accounts.csv --provider aws --group production --check\n"
    "inventory secret add azure-1 --provider azure --from-provider --project project-1",
)
@click.argument("secret_id", metavar="[SECRET]", required=False)
@click.option("--provider", help="its provider; absent: that of the secret with --replace")
@click.option("--name", help="name for people")
@click.option("--schema", help="the plugins' name for this form of secret; absent: the catalogue's")
@click.option("--project", "project_id", help="the project of resources collected with it")
@click.option("--group", "groups", multiple=True, help="a group that collectors can name; repeatable")
@click.option("--from-file", metavar="FILE", help="JSON or YAML with the values, or CSV; - for stdin")
@click.option("--from-env", metavar="NAME", help="the variable with the values as JSON")
@click.option("--from-provider", is_flag=True, help="use the files or variables of the provider's own tools")
@click.option("--profile", "--context", metavar="NAME", help="the same, for this AWS profile or kubeconfig context")
@click.option("--replace", is_flag=True, help="replace an existing secret's values, and what else is given")
@click.option("--check/--no-check", default=False, show_default=True, help="add it only if a plugin accepts it")
@platform_options
def add_secret(
    secret_id: str | None,
    provider: str | None,
    replace: bool,
    check: bool,
    file: PlatformFile,
    *,
    schema: str | None,
    from_file: str | None,
    from_env: str | None,
    from_provider: bool,
    profile: str | None,
    **about: Any,
) -> None:
    """Add the secret SECRET; without a source, it asks for the values, without echo.

    They are written under the names that the provider's plugins read, into a file beside the platform file that only
    its owner may read. A running service uses it from the next job on.

    A file *.csv holds a secret a line, and SECRET is left out: its first line names the columns, secret_id and those of
    the values; project, schema, name and groups may be there. Either all are added or none.
    """
    if from_file and from_file.lower().endswith(".csv"):
        if secret_id or replace or from_env or from_provider or profile or about.pop("name", None):
            raise click.UsageError("a CSV file goes without SECRET, --name, --replace and other sources")
        _add_accounts(file, from_file, provider, check=check, schema=schema, **about)
        return
    if not secret_id:
        raise click.UsageError("SECRET is missing")
    if replace:
        provider = provider or str(file.find("secrets", secret_id).get("provider") or "")
    if not provider:
        raise click.UsageError("--provider is missing")
    known = provider_of(provider)
    values = read_values(known, from_file, from_env, profile or "", usual=from_provider or profile is not None)
    if check:
        require_acceptance(file, provider, {secret_id: values})
    if replace:
        changes = sent(provider=provider, schema=schema, **about)
        secrets.replace(file, secret_id, values, _plain(changes))
    else:
        entry = {"secret_id": secret_id, "provider": provider, **sent(schema=schema or known.secret_schema, **about)}
        secrets.add(file, [(_plain(entry), values)])
    _name_unlisted(file, [about.get("project_id")])
    done = "has other values" if replace else f"added to {file.path}"
    words = f"{secret_id}: {done} ({', '.join(values)})"
    say({"secret_id": secret_id, "provider": provider, "fields": list(values)}, words)


def _add_accounts(
    file: PlatformFile,
    path: str,
    provider: str | None,
    *,
    check: bool,
    **about: Any,
) -> None:
    if not provider:
        raise click.UsageError("--provider is missing")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(
            f"--from-file {path}: {exc.strerror if isinstance(exc, OSError) else 'is not UTF-8'}"
        ) from None
    found = accounts_of(text, provider, provider_of(provider), of=path, **sent(**about))
    secrets.require_addable(file, ((f"{path}: line {each.line}: ", each.entry) for each in found))
    if check:
        asked = {f"line {each.line}: {each.entry['secret_id']}": each.values for each in found}
        require_acceptance(file, provider, asked)
    secrets.add(file, [(each.entry, each.values) for each in found])
    _name_unlisted(file, [each.entry.get("project_id") for each in found])
    added = [str(each.entry["secret_id"]) for each in found]
    say({"added": added}, f"{counted(len(added), 'secret')} added to {file.path}")


def _name_unlisted(file: PlatformFile, project_ids: Iterable[str | None]) -> None:
    """Name the projects of new secrets if the file does not say which exist: one may be mistyped."""
    named = sorted({each for each in project_ids if each})
    if named and file.content().projects is None:
        words = f"{file.path} lists no projects, so that any is accepted: check {', '.join(named)}"
        echo(one_line(f"{words}; `inventory project add` lists them"), err=True)


def read_values(
    provider: Provider, from_file: str | None, from_env: str | None, profile: str, *, usual: bool
) -> dict[str, Any]:
    """Return the values from the given source.

    Args:
        provider: whose secret it is.
        from_file, from_env, profile: the source.
        usual: whether the source is where the provider's own tools keep credentials.

    Raises:
        click.UsageError: there are several sources, or one cannot be read.
        SettingsError: required values are missing.
    """
    if sum((bool(from_file), bool(from_env), usual)) > 1:
        raise click.UsageError("--from-file, --from-env and --from-provider (--profile, --context) exclude each other")
    found = mapping_from(file=from_file, variable_name=from_env)
    if found is not None:
        return complete(provider, named_for(provider, found), of=from_file or f"the variable {from_env}")
    if not usual:
        return complete(provider, prompted(provider), of="what was typed")
    if not provider.place:
        raise click.UsageError(f"it is unknown where the tools of {provider.name} keep credentials")
    place = usual_places.Place(environ=os.environ, home=Path.home(), profile=profile)
    read = usual_places.read(provider.place, place)
    return complete(provider, named_for(provider, read), of=f"the credentials of {provider.name}")


@secret.command("list", example="inventory secret list")
@platform_options
def list_secrets(file: PlatformFile) -> None:
    """List the secrets, without their values."""
    rows = [_shown(entry) for entry in file.entries("secrets")]
    print_rows({"results": rows, "total_count": len(rows)}, COLUMNS)


@secret.command("show", example="inventory secret show secret-local")
@secret_argument
@platform_options
def show_secret(secret_id: str, file: PlatformFile) -> None:
    """Show a secret, but only the names of its values."""
    entry = _shown(file.find("secrets", secret_id))
    try:
        entry["fields"] = list(stored_values(file, secret_id))
    except InventoryError as exc:
        entry["unreadable"] = exc.message
    if wants_json():
        print_json(entry)
    else:
        for key, value in entry.items():
            echo(one_line(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}"))


@secret.command("check", example="inventory secret check secret-local")
@secret_argument
@click.option("--plugin", "plugin_id", help="ask this plugin; absent: all plugins of the secret's provider")
@platform_options
@click.pass_context
def check_secret(context: click.Context, secret_id: str, plugin_id: str | None, file: PlatformFile) -> None:
    """Ask the plugins whether they accept a secret; exit code 1 if one does not."""
    entry = _parsed(file, secret_id)
    data = secret_data(file.path, entry)
    found = answers(plugins_of(file, entry.provider, plugin_id), data)
    if wants_json():
        print_json({"secret_id": secret_id, "plugins": found})
    else:
        for answer in found:
            reason = f"refuses it: {answer['error']}" if "error" in answer else "accepts it"
            echo(one_line(f"{answer['plugin_id']} {reason}"))
    if any("error" in answer for answer in found):
        context.exit(EXIT_REFUSED)


@secret.command("remove", example="inventory secret remove production")
@secret_argument
@click.option("--force", is_flag=True, help="even if collectors name it")
@platform_options
@click.pass_context
def remove_secret(context: click.Context, secret_id: str, force: bool, file: PlatformFile) -> None:
    """Remove a secret from the platform file, and delete its values; refused while a collector of a running service
    names it. Collectors of its provider or its groups just go on without it.
    """
    file.find("secrets", secret_id)
    if not force:
        named = [{"k": "plugin_info.secret_id", "v": secret_id, "o": "eq"}]
        require_unused(context, file, secret_id, query={"filter": named})
    secrets.remove(file, secret_id)
    say({"secret_id": secret_id, "removed": True}, f"{secret_id}: removed from {file.path}")


def stored_values(file: PlatformFile, secret_id: str) -> Json:
    """Return the values of a secret. Raises ``NotFoundError``; ``CollectorSecretError``: they cannot be read."""
    return secret_data(file.path, _parsed(file, secret_id))


def _parsed(file: PlatformFile, secret_id: str) -> SecretEntry:
    domain_id = str(file.find("secrets", secret_id).get("domain_id") or "")
    return next(s for s in file.content().secrets if s.secret_id == secret_id and s.domain_id == domain_id)


def _shown(entry: Entry) -> Entry:
    place = next((f"{key} {entry[key]}" for key in ("data_file", "data_env") if entry.get(key)), "in the platform file")
    return {key: value for key, value in entry.items() if key not in ("data", "data_file", "data_env")} | {
        "data": place
    }


def _plain(entry: Mapping[str, Any]) -> Entry:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in entry.items()}


COMMANDS = (secret,)
