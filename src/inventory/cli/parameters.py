"""Types of command line parameters."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Final

import click

from inventory.domain import plain

_FORM: Final = """'{"key": "value"}'"""
"""A JSON object as a shell takes it."""


class StructParameter(click.ParamType[Any]):
    """A JSON object on the command line, or ``@FILE`` that contains one."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the dict; an integer beyond 2^53, which a message cannot hold, is a text."""
        if isinstance(value, dict):
            return value
        try:
            text = click.open_file(value[1:]).read() if value.startswith("@") else value
            decoded = plain.read_json(text)
        except OSError as exc:
            self.fail(f"{value[1:]}: {exc.strerror}", param, ctx)
        except plain.RepeatedKeyError as exc:
            self.fail(str(exc), param, ctx)
        except ValueError as exc:
            self.fail(f"is not JSON: {exc}; an object is written as {_FORM}, or as @FILE", param, ctx)
        if not isinstance(decoded, dict):
            self.fail(f"must be a JSON object, such as {_FORM}", param, ctx)
        return decoded


STRUCT = StructParameter()


class ConditionParameter(click.ParamType[Any]):
    """A condition of a collector rule, such as ``tags.env=prod``."""

    name = "condition"
    _FORM = re.compile(r"([A-Za-z_][^=!~]*?)(!=|!~|=|~)(.+)", re.DOTALL)
    _OPERATORS = MappingProxyType({"=": "eq", "!=": "not", "~": "contain", "!~": "not_contain"})

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the condition in the API's form."""
        if isinstance(value, dict):
            return value
        found = self._FORM.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is none of KEY=VALUE, KEY!=VALUE, KEY~PART, KEY!~PART", param, ctx)
        key, sign, operand = found.groups()
        return {"key": key, "value": operand, "operator": self._OPERATORS[sign]}
