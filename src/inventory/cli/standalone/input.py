"""Values passed to a command other than on its command line: they are never shown."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from inventory.domain import plain
from inventory.process import yaml_text
from inventory.standalone.catalogue import Provider, SecretField


def mapping_from(*, file: str | None, variable_name: str | None, option: str = "--from-file") -> dict[str, Any] | None:
    """Return the content of a JSON or YAML file, ``-`` for stdin, or of a variable with JSON; None if neither is given.

    Values of a YAML file are as written, see :func:`yaml_text.load_as_written`.

    Args:
        file: the file; ``-`` for stdin.
        variable_name: the variable.
        option: with which the file is named.

    Raises:
        click.UsageError: it cannot be read, or is not a mapping; names the source, never a value.
    """
    if not file and not variable_name:
        return None
    source = f"{option} {file}" if file else f"the environment variable {variable_name}"
    try:
        content: Any = yaml_text.load_as_written(_text(file)) if file else plain.read_json(variable(str(variable_name)))
    except OSError as exc:
        raise click.UsageError(f"{source}: {exc.strerror}") from None
    except yaml_text.RepeatedYamlKeyError as exc:
        raise click.UsageError(f"{source}: {yaml_text.place(exc)}{exc.problem}") from None
    except plain.RepeatedKeyError as exc:
        raise click.UsageError(f"{source}: {exc}") from None
    except (ValueError, RecursionError, yaml.YAMLError):
        # The parser's own message may quote the data.
        raise click.UsageError(f"{source}: is neither JSON nor YAML") from None
    if not isinstance(content, Mapping):
        raise click.UsageError(f"{source}: must contain a mapping")
    try:
        json.dumps(content)
    except TypeError:
        # Such as YAML's !!set.
        raise click.UsageError(f"{source}: contains a value that JSON does not have") from None
    return {str(key): value for key, value in content.items()}


def _text(path: str) -> str:
    return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")


def variable(name: str) -> str:
    """Return the variable's value. Raises ``click.UsageError``: it is not set."""
    value = os.environ.get(name)
    if value is None:
        raise click.UsageError(f"the environment variable {name} is not set")
    return value


def prompted(provider: Provider) -> dict[str, Any]:
    """Ask for each field of a provider's secrets, without echo for secret ones.

    Raises:
        click.UsageError: stdin is not a terminal, or the provider's secrets are unknown.
    """
    if not provider.fields:
        raise click.UsageError(f"the secrets of {provider.name} are unknown: pass the values with --from-file")
    if not sys.stdin.isatty():
        raise click.UsageError("stdin is not a terminal: pass the values with --from-file (- for stdin) or --from-env")
    return {name: _ask(name, field) for name, field in provider.fields.items()}


def _ask(name: str, field: SecretField) -> str:
    words = name + (f" ({field.about})" if field.about else "") + ("" if field.required else ", Enter for none")
    if not field.hidden:
        answer: str = click.prompt(words, default=field.default, show_default=bool(field.default), err=True)
        return answer
    while not (answer := click.prompt(words, default="", show_default=False, hide_input=True, err=True)):
        if not field.required:
            break
    return answer
