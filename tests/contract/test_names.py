"""One name for one thing: a reader who knows a class or an alias from one module knows it in all."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.contract.test_rooms import MODULES, shown

PUBLISHED = {name: {"model/documents", "plugin"} for name in ("CloudService", "CloudServiceType", "Region")}
"""What a plugin's author writes is named like the stored document that it becomes; no module uses both."""


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield the public classes and type aliases of a module, not what it imports and no TypeVars."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            name = target.id if isinstance(target, ast.Name) and not _is_type_variable(node.value) else ""
        else:
            continue
        # Constants are in capitals, variables and functions begin with a small letter.
        if name[:1].isupper() and not name.isupper():
            yield name


def _is_type_variable(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") in {"TypeVar", "ParamSpec", "TypeVarTuple"}


def test_no_class_or_alias_shares_its_name_with_another() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for name in names_of(ast.parse(path.read_text())):
            places[name].append(shown(path))

    shared = {name: found for name, found in places.items() if len(found) > 1}
    expected = {
        name: [place for place in shared.get(name, []) if place.startswith(tuple(folders))]
        for name, folders in PUBLISHED.items()
    }

    assert shared == expected
    assert all(len(found) == 2 for found in expected.values())


def test_classes_and_aliases_are_told_from_constants_type_variables_and_imports() -> None:
    source = """
from a import Imported
class Class: ...
class _Private: ...
Alias = dict[str, int]
Declared: TypeAlias = "list[Class]"
T = TypeVar("T")
RequestT = TypeVar("RequestT")
LIMIT: Final = 1
value = 2
"""

    assert list(names_of(ast.parse(source))) == ["Class", "Alias", "Declared"]
