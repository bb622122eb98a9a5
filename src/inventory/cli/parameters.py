"""Types of command line parameters."""

from __future__ import annotations

import json
from typing import Any

import click


class StructParameter(click.ParamType[Any]):
    """A JSON object on the command line, or ``@FILE`` that holds one."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the dict."""
        if isinstance(value, dict):
            return value
        try:
            text = click.open_file(value[1:]).read() if value.startswith("@") else value
            decoded = json.loads(text)
        except OSError as exc:
            self.fail(f"{value[1:]}: {exc.strerror}", param, ctx)
        except ValueError as exc:
            self.fail(f"is not JSON: {exc}", param, ctx)
        if not isinstance(decoded, dict):
            self.fail("must be a JSON object", param, ctx)
        return decoded


STRUCT = StructParameter()
