"""A resource's data as a tree of limited size, however large the data is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_NODES: Final = 1_500
"""Maximum number of nodes of one tree; anything beyond is a link to a separate tree."""
MAX_TEXT: Final = 2_000
"""Maximum number of characters of a text in the tree."""
_MAX_MEMBERS: Final = 200
"""Maximum number of members of one node."""
_POSITION_DIGITS: Final = 10
_OPEN_DEPTH: Final = 1
_OPEN_SIZE: Final = 12


@dataclass(slots=True)
class TreeNode:
    """A value in the tree.

    Attributes:
        name: its key or position.
        path: its path in queries; empty if no query can address it.
        value: for a leaf.
        children: for an object or list.
        kind: ``object``, ``list``, ``text``, ``number``, ``bool`` or ``null``.
        size: total number of members.
        left: number of members that are not in the tree.
        first: for the root, the position of its first member in the tree.
        is_open: whether its members are initially shown.
    """

    name: str
    path: str
    kind: str
    value: Any = None
    children: list[TreeNode] = field(default_factory=list)
    size: int = 0
    left: int = 0
    first: int = 0
    is_open: bool = False


def tree(name: str, value: Any, path: str, *, most: int = MAX_NODES, first: int = 0) -> TreeNode:
    """Return ``value`` as a tree of at most ``most`` nodes, breadth first, so that no branch hides the others.

    Args:
        name: name of the root.
        path: path of the root.
        most: maximum number of nodes.
        first: the position of the first member to take: of a list's items, or of an object's members in order of keys.
    """
    root = _node(name, path, value)
    root.is_open, root.first = True, first
    level = [(root, value)]
    left, depth = most - 1, 0
    while level:
        below: list[tuple[TreeNode, Any]] = []
        share = max(left // len(level), 1)
        for node, content in level:
            members = _members(node.path, content)[node.first :]
            taken = members[: min(share, left, _MAX_MEMBERS)]
            left -= len(taken)
            node.left = len(members) - len(taken)
            for key, inner_path, inner in taken:
                child = _node(key, inner_path, inner)
                child.is_open = depth < _OPEN_DEPTH and child.size <= _OPEN_SIZE
                node.children.append(child)
                if child.size:
                    below.append((child, inner))
        level, depth = below, depth + 1
    return root


def _members(path: str, content: Any) -> list[tuple[str, str, Any]]:
    if isinstance(content, Mapping):
        return [(str(key), joined(path, str(key)), value) for key, value in sorted(content.items())]
    if isinstance(content, list):
        return [(str(number), f"{path}.{number}", value) for number, value in enumerate(content)]
    return []


def joined(path: str, key: str) -> str:
    """Return the path of a member; dots in its key are escaped, as queries require."""
    return f"{path}.{key.replace(chr(92), chr(92) * 2).replace('.', chr(92) + '.')}"


def split(path: str) -> list[str]:
    """Return the keys of a path, unescaped."""
    keys, at, escaped = [""], 0, False
    for character in path:
        if escaped:
            keys[at] += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ".":
            keys.append("")
            at += 1
        else:
            keys[at] += character
    return keys


def position(key: str) -> int | None:
    """Return the position in a list that a key of a path names; None if it cannot be one."""
    return int(key) if key.isdecimal() and len(key) < _POSITION_DIGITS else None


def subtree(value: Any, path: str) -> Any:
    """Return the value at an escaped path of a resource's ``data``, which is ``value``.

    Raises:
        KeyError: there is none.
    """
    root, *keys = split(path)
    if root != "data":
        raise KeyError(path)
    for key in keys:
        at = position(key)
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and at is not None and at < len(value):
            value = value[at]
        else:
            raise KeyError(path)
    return value


def _node(name: str, path: str, value: Any) -> TreeNode:
    if isinstance(value, Mapping):
        return TreeNode(name, path, "object", size=len(value))
    if isinstance(value, list):
        return TreeNode(name, path, "list", size=len(value))
    if value is None:
        return TreeNode(name, path, "null", "null")
    if isinstance(value, bool):
        return TreeNode(name, path, "bool", "true" if value else "false")
    return TreeNode(name, path, "text" if isinstance(value, str) else "number", value)
