"""Reads YAML that people write: every problem is one kind of error, with its position if known."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from inventory.domain import plain


def load(text: str) -> object:
    """Return the content of the YAML document ``text``; None for an empty one.

    Raises:
        yaml.YAMLError: it is not YAML, is nested too deeply, has a key twice in a mapping
            (:class:`RepeatedYamlKeyError`), or a value does not match its form or tag, such as the date
            ``2024-13-45``. PyYAML's own message may quote the text.
    """
    return _load(_Loader, text)[1]


def load_with_node(text: str) -> tuple[yaml.Node | None, object]:
    """Return the YAML document ``text`` twice: as nodes, which have line numbers, and as values as they are written.

    Raises:
        yaml.YAMLError: see :func:`load_as_written`.
    """
    return _load(_AsWritten, text)


def _load(kind: type[_Loader], text: str) -> tuple[yaml.Node | None, object]:
    loader: _Loader | None = None
    try:
        loader = kind(text)
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except RecursionError:
        raise yaml.error.MarkedYAMLError(problem="is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def load_as_written(text: str) -> object:
    """Return the content of the JSON or YAML document ``text``, where no value loses what was written.

    In YAML, ``012``, ``no``, ``1.10`` and ``2024-01-01`` are texts: a number or boolean is only what would be written
    the same way again, such as ``12`` or ``true``. In both, so is an integer beyond 2^53 (9007199254740992).

    Raises:
        yaml.YAMLError: see :func:`load`.
    """
    try:
        content: object = plain.read_json(text)
    except plain.RepeatedKeyError as exc:
        try:
            return _load(_AsWritten, text)[1]
        except RepeatedYamlKeyError:
            raise
        except yaml.YAMLError:
            # Such as JSON that is indented by tabs: the line is unknown.
            raise RepeatedYamlKeyError(problem=str(exc)) from None
    except (ValueError, RecursionError):
        return _load(_AsWritten, text)[1]
    return content


def place(error: yaml.YAMLError) -> str:
    """Return the position of the error in the text, to be followed by its description; empty if unknown."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class RepeatedYamlKeyError(yaml.error.MarkedYAMLError):
    """A mapping has the same key twice, of which YAML parsers drop one."""


class _Loader(yaml.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose as usual, but refuse a key that is there twice; what ``<<`` merges may be overridden."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise RepeatedYamlKeyError(problem="this key is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct as usual, but turn other Python errors into YAML errors: PyYAML checks only the form of values."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            # Without the cause, whose message quotes the value.
            problem = "is not a valid date, number or other value of its kind"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None


_ALWAYS_TEXT: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


class _AsWritten(_Loader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct as usual, but return the text of a scalar whose value would be written in another way."""
        if isinstance(node, yaml.ScalarNode) and node.tag in _ALWAYS_TEXT:
            return node.value
        value = super().construct_object(node, deep=deep)
        if not isinstance(node, yaml.ScalarNode) or value is None or isinstance(value, str):
            return value
        same = isinstance(value, bool | int | float) and json.dumps(value) == node.value
        return (plain.read_whole(node.value) if type(value) is int else value) if same else node.value
