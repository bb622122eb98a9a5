"""Edits a YAML file that people write: everything else is preserved, including comments and spacing.

The file is a mapping of sections, each a list of mappings (entries). An edit changes lines of the text; the result is
parsed and compared with the intended content, so an edit that the file's form does not allow is refused, never wrong.
(A round trip through a YAML library would re-indent the file, and attach a section's heading comment to the entry
above.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from inventory.process import yaml_text
from inventory.standalone.yaml_comments import comments_of

Entry = dict[str, Any]
Content = dict[str, list[Entry]]

_WIDTH: Final = 1 << 20
"""Wider than any value, so that long ones are not folded."""
_STEP: Final = 2
_IGNORED: Final = re.compile(r"\s*(#.*)?$")


class EditError(ValueError):
    """The file has a form in which this edit is not possible; the text is the reason, without any value."""


def add_entries(text: str, section: str, entries: Sequence[Entry]) -> str:
    """Return ``text`` with ``entries`` at the end of ``section``, which is added if missing.

    Raises:
        EditError: the edit is not possible.
        yaml.YAMLError: the text is not YAML.
    """

    def meant(content: Content) -> None:
        content[section] = [*(content.get(section) or []), *map(dict, entries)]

    return _checked(text, meant, lambda document: document.add(section, entries))


def remove_entry(text: str, section: str, index: int) -> str:
    """Return ``text`` without the entry at ``index`` (from 0) of ``section``. Raises like :func:`add_entries`."""

    def meant(content: Content) -> None:
        del content[section][index]

    return _checked(
        text,
        meant,
        lambda document: document.remove(section, index),
        gone=lambda document: document.lines_of(section, index),
    )


def replace_entry(text: str, section: str, index: int, entry: Entry) -> str:
    """Return ``text`` with another entry at ``index``; only keys that differ are rewritten.

    Raises like :func:`add_entries`.
    """

    def meant(content: Content) -> None:
        content[section][index] = dict(entry)

    return _checked(text, meant, lambda document: document.replace(section, index, entry))


def _checked(
    text: str,
    meant: Callable[[Content], None],
    edit: Callable[[_Document], str],
    *,
    gone: Callable[[_Document], tuple[int, int]] = lambda _: (0, 0),
) -> str:
    """Return the edited text. ``gone`` says whose lines' comments may be missing: from the first to before the last."""
    document = _Document(text)
    first, last = gone(document)
    kept = Counter(comment.text for comment in document.comments if not first <= comment.line < last)
    wanted: Any = yaml_text.load_with_node(text)[1] or {}
    meant(wanted)
    made = edit(document)
    try:
        found = yaml_text.load_with_node(made)[1]
        lost = kept - Counter(comment.text for comment in comments_of(made))
    except yaml.YAMLError:
        found, lost = None, kept
    if found != wanted or lost:
        raise EditError("it is written in a form that no command can change without touching the rest")
    return made


@dataclass(frozen=True, slots=True)
class _Change:
    """The lines from ``first`` to before ``last`` are replaced."""

    first: int
    last: int
    lines: list[str]


class _Document:
    """The text as lines, and as nodes with line numbers."""

    def __init__(self, text: str) -> None:
        root, content = yaml_text.load_with_node(text)
        if root is not None and (not isinstance(root, yaml.MappingNode) or root.flow_style):
            raise EditError("its sections do not stand below one another, each as `name:` on a line of its own")
        self._root = root
        self._content: Any = content
        self.comments = comments_of(text)
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.splitlines(keepends=True)
        if self._lines and not self._lines[-1].endswith(("\n", "\r")):
            self._lines[-1] += self._break

    def add(self, section: str, entries: Sequence[Entry]) -> str:
        pair = self._find(section)
        if pair is None:
            column = self._root.start_mark.column if self._root is not None else 0
            head = f"{' ' * column}{section}:{self._break}"
            return self._insert(len(self._lines), [head, *self._rendered(entries, column + _STEP)])
        key, value = pair
        if isinstance(value, yaml.SequenceNode) and not value.flow_style:
            return self._insert(self._spans(value)[-1][1], self._rendered(entries, value.start_mark.column))
        if self._content[section]:
            raise EditError(f"{section} is not a list of entries, each below the other")
        # No entries yet: `[]`, `null` or no value at all.
        self._cut(value)
        return self._insert(key.end_mark.line + 1, self._rendered(entries, key.start_mark.column + _STEP))

    def remove(self, section: str, index: int) -> str:
        key, value = self._block(section)
        spans = self._spans(value)
        start, end = self.lines_of(section, index)
        if len(spans) == 1:
            line = self._lines[key.end_mark.line]
            at = key.end_mark.column + 1
            self._lines[key.end_mark.line] = f"{line[:at]} []{line[at:]}"
        return self._insert(start, [], until=end)

    def lines_of(self, section: str, index: int) -> tuple[int, int]:
        """Return the first line of an entry, or of the comment directly above it, and the line after its last."""
        value = self._block(section)[1]
        start, end = self._spans(value)[index]
        comment = f"{' ' * value.start_mark.column}#"
        while start and self._lines[start - 1].startswith(comment):
            start -= 1
        return start, end

    def replace(self, section: str, index: int, entry: Entry) -> str:
        _, value = self._block(section)
        node = value.value[index]
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise EditError(f"an entry of {section} is not written as a key a line")
        start, end = self._spans(value)[index]
        changes = list(self._changes(node, self._content[section][index], entry, end))
        if any(change.first == start and not change.lines for change in changes):
            raise EditError(f"the first key of an entry of {section} cannot be taken away")
        made = list(self._lines)
        for change in sorted(changes, key=lambda each: (each.first, each.last), reverse=True):
            made[change.first : change.last] = change.lines
        return "".join(made)

    def _changes(self, node: yaml.MappingNode, before: Entry, after: Entry, end: int) -> Iterator[_Change]:
        """Yield the changes that turn a block mapping, which ends before line ``end``, into ``after``.

        Of two at the same line, the one yielded later is placed above.
        """
        added = [name for name in after if name not in before]
        yield _Change(end, end, [row for name in added for row in self._key(name, after[name], node.start_mark.column)])
        for key, value in node.value:
            name = key.value
            if name not in before:
                raise EditError(f"the key {name} is not written as a text")
            if name in after and before[name] == after[name]:
                continue
            first, last = self._value_lines(key, value, end)
            if name not in after:
                yield _Change(first, last, self._kept(key, first, last))
            elif _is_block(value, yaml.MappingNode) and isinstance(after[name], Mapping) and after[name]:
                yield from self._changes(value, before[name], after[name], last)
            elif _is_block(value, yaml.SequenceNode) and _begins_with(after[name], before[name]):
                new = after[name][len(before[name]) :]
                column = value.start_mark.column
                yield _Change(last, last, [f"{' ' * column}- {_on_one_line(item)}{self._break}" for item in new])
            else:
                yield _Change(first, last, self._rewritten(key, value, after[name], first, last))

    def _rewritten(self, key: yaml.Node, value: yaml.Node, new: Any, first: int, last: int) -> list[str]:
        """Return the lines of a changed key: comments on its line stay there, others are put above."""
        line = self._lines[first]
        head = line[: key.end_mark.column + 1]
        if value.end_mark.line == first and last == first + 1:
            return [f"{head} {_on_one_line(new)}{line[value.end_mark.column :]}"]
        return [*self._kept(key, first, last), f"{head} {_on_one_line(new)}{self._break}"]

    def _kept(self, key: yaml.Node, first: int, last: int) -> list[str]:
        """Return the comments of the lines from ``first`` to before ``last``, each on a line."""
        indent = " " * key.start_mark.column
        return [f"{indent}{each.text}{self._break}" for each in self.comments if first <= each.line < last]

    def _value_lines(self, key: yaml.Node, value: yaml.Node, end: int) -> tuple[int, int]:
        """Return the lines of a key with its value, up to the entry's ``end``."""
        first = key.start_mark.line
        last = first + 1
        if getattr(value, "flow_style", False):
            # Its closing bracket may be at any column.
            last = value.end_mark.line + 1
        for number in range(last, end):
            line = self._lines[number]
            indent = len(line) - len(line.lstrip())
            inside = indent > key.start_mark.column or (
                isinstance(value, yaml.SequenceNode) and indent == key.start_mark.column and line.lstrip()[:1] == "-"
            )
            if line.strip() and not inside:
                break
            if not _IGNORED.match(line):
                last = number + 1
        return first, last

    def _find(self, section: str) -> tuple[yaml.Node, yaml.Node] | None:
        pairs = self._root.value if self._root is not None else []
        found = [(key, value) for key, value in pairs if key.value == section]
        if len(found) > 1:
            raise EditError(f"{section} is there twice")
        return found[0] if found else None

    def _block(self, section: str) -> tuple[yaml.Node, yaml.SequenceNode]:
        pair = self._find(section)
        if pair is None or not isinstance(pair[1], yaml.SequenceNode) or pair[1].flow_style:
            raise EditError(f"{section} is not a list of entries, each below the other")
        return pair[0], pair[1]

    def _spans(self, sequence: yaml.SequenceNode) -> list[tuple[int, int]]:
        """Return each entry's first line and the line after its last, without comments between entries."""
        column = sequence.start_mark.column
        starts: list[int] = []
        ends: list[int] = []
        for number in range(sequence.start_mark.line, len(self._lines)):
            line = self._lines[number]
            if _IGNORED.match(line):
                continue
            indent = len(line) - len(line.lstrip())
            if indent == column and re.match(r"-(\s|$)", line[indent:]):
                starts.append(number)
                ends.append(number + 1)
            elif indent > column:
                ends[-1] = number + 1
            else:
                break
        if len(starts) != len(sequence.value):
            raise EditError("the entries of a section cannot be distinguished by their indentation")
        return list(zip(starts, ends, strict=True))

    def _cut(self, value: yaml.Node) -> None:
        if value.start_mark.line != value.end_mark.line:
            raise EditError("an empty section takes several lines")
        line = self._lines[value.start_mark.line] if value.start_mark.line < len(self._lines) else ""
        start, end = value.start_mark.column, value.end_mark.column
        if start != end:
            self._lines[value.start_mark.line] = line[:start].rstrip() + line[end:]

    def _insert(self, at: int, lines: Sequence[str], *, until: int | None = None) -> str:
        return "".join([*self._lines[:at], *lines, *self._lines[at if until is None else until :]])

    def _rendered(self, entries: Sequence[Entry], column: int) -> list[str]:
        lines: list[str] = []
        for entry in entries:
            inner = [line for name, value in entry.items() for line in self._key(name, value, column + _STEP)]
            lines += [f"{' ' * column}- {inner[0].lstrip()}", *inner[1:]]
        return lines

    def _key(self, name: str, value: Any, column: int) -> list[str]:
        return [f"{' ' * column}{_on_one_line(name)}: {_on_one_line(value)}{self._break}"]


def _is_block(node: yaml.Node, kind: type[yaml.CollectionNode]) -> bool:
    return isinstance(node, kind) and not node.flow_style


def _begins_with(new: object, old: Sequence[object]) -> bool:
    return isinstance(new, list) and bool(old) and new[: len(old)] == list(old)


def _on_one_line(value: Any) -> str:
    if isinstance(value, dict | list):
        return _dump([value], flow=True).strip()[1:-1]
    return _dump({"x": value}, flow=False).removeprefix("x: ").strip()


def _dump(value: Any, *, flow: bool) -> str:
    written: str = yaml.safe_dump(value, default_flow_style=flow, width=_WIDTH, allow_unicode=True, sort_keys=False)
    return written
