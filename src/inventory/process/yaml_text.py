"""Reads YAML that people write: every problem is one kind of error, with its position if known."""

from __future__ import annotations

from typing import Any

import yaml


def load(text: str) -> object:
    """Return the content of the YAML document ``text``; None for an empty one.

    Raises:
        yaml.YAMLError: see :func:`load_with_node`.
    """
    return load_with_node(text)[1]


def load_with_node(text: str) -> tuple[yaml.Node | None, object]:
    """Return the YAML document ``text`` twice: as nodes, which have line numbers, and as values.

    Raises:
        yaml.YAMLError: it is not YAML, is nested too deeply, or a value does not match its form or tag, such as the
            date ``2024-13-45``. PyYAML's own message may quote the text.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except RecursionError:
        raise yaml.error.MarkedYAMLError(problem="is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def place(error: yaml.YAMLError) -> str:
    """Return the position of the error in the text, to be followed by its description; empty if unknown."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct as usual, but turn other Python errors into YAML errors: PyYAML checks only the form of values."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            # Without the cause, whose message quotes the value.
            problem = "is not a valid date, number or other value of its kind"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None
