"""Reading YAML that people write: whatever is wrong with it is one kind of error, with its place where it is known."""

from __future__ import annotations

from typing import Any

import yaml


def load(text: str) -> object:
    """Return what the YAML document ``text`` holds; None for an empty one.

    Raises:
        yaml.YAMLError: as :func:`load_with_node` says.
    """
    return load_with_node(text)[1]


def load_with_node(text: str) -> tuple[yaml.Node | None, object]:
    """Return the YAML document ``text`` twice: as nodes, which know their lines, and as what they hold.

    Raises:
        yaml.YAMLError: it is none, nests too deep, or a value is not what its form or tag says, such as the date
            ``2024-13-45``. PyYAML's own words in it may quote the text.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    except RecursionError:
        raise yaml.error.MarkedYAMLError(problem="is nested too deep") from None
    finally:
        if loader is not None:
            loader.dispose()


def place(error: yaml.YAMLError) -> str:
    """Return where in the text the error is, to be followed by what it is; empty where that is not known."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct as usual, but let no error of Python's own out: PyYAML lets values through by their form alone."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            # Without the cause: its words quote the value.
            problem = "is no valid date, number or other value of its kind"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None
