"""Edits of a file that people write: what was meant, and nothing else, is changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.domain import plain
from inventory.process import yaml_text
from inventory.standalone import secrets
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugins import new_entry, upgraded
from inventory.standalone.yaml_comments import comments_of
from inventory.standalone.yaml_edit import EditError, add_entries, remove_entry, replace_entry

WRITTEN = """\
# All of ours.
plugins:
  - plugin_id: plugin-aws   # mine
    versions: {"1.14": grpc://127.0.0.1:50070, '1.15': "grpc+ssl://plugins.example.com:443"}
    latest: "1.15"                  # where collectors go

  # - plugin_id: tried-once
  #   endpoint: grpc://127.0.0.1:1
# Secrets of production
secrets:
- secret_id: a
  provider: aws
  data:
      on: yes
      number: 0123
      time: 1:30
      key: |
         abc
         # no comment
         def
  # behind a
- secret_id: b
  data: {}
# the end
"""


def _changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_an_entry_is_added_behind_the_last_one_and_nothing_else_changes() -> None:
    after = add_entries(WRITTEN, "plugins", [{"plugin_id": "new", "versions": ["1.0"], "endpoint": "grpc://h:1"}])

    assert _changed(WRITTEN, after) == [
        "+   - plugin_id: new",
        "+     versions: ['1.0']",
        "+     endpoint: grpc://h:1",
    ]
    assert after.index("plugin_id: new") < after.index("tried-once")


@pytest.mark.parametrize(
    ("section", "index", "gone"),
    [("plugins", 0, "plugin-aws"), ("secrets", 0, "secret_id: a"), ("secrets", 1, "secret_id: b")],
)
def test_an_entry_is_removed_and_the_comments_around_it_stay(section: str, index: int, gone: str) -> None:
    after = remove_entry(WRITTEN, section, index)

    assert gone not in after
    for comment in (
        "# All of ours.",
        "# - plugin_id: tried-once",
        "# Secrets of production",
        "# behind a",
        "# the end",
    ):
        assert comment in after


def test_a_changed_key_keeps_its_comment_and_its_neighbors() -> None:
    entry = yaml_text.load(WRITTEN)["plugins"][0] | {"latest": "1.16", "name": "AWS"}  # type: ignore[index]

    assert _changed(WRITTEN, replace_entry(WRITTEN, "plugins", 0, entry)) == [
        '-     latest: "1.15"                  # where collectors go',
        "+     latest: '1.16'                  # where collectors go",
        "+     name: AWS",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "plugins: []  # none yet\nsecrets:\n",
        "plugins: null\n",
        "plugins:\nsecrets: []\n",
        "plugins:\r\n- plugin_id: a\r\n  endpoint: b\r\n",
        "plugins:\n- plugin_id: a\n  endpoint: b",
    ],
)
def test_a_first_entry_finds_its_place_in_every_form_of_an_empty_section(text: str) -> None:
    for section in ("plugins", "secrets"):
        after = add_entries(text, section, [{"plugin_id": "new"}])
        assert yaml_text.load(after)[section][-1] == {"plugin_id": "new"}  # type: ignore[index]
        assert ("\r\n" in text) == ("\r\n" in after)


@pytest.mark.parametrize(
    "text",
    [
        '{"plugins": [{"plugin_id": "a"}]}',
        "plugins: [{plugin_id: a}]\n",
        "plugins: &all\n- {plugin_id: a}\nsecrets: *all\n",
    ],
)
def test_a_form_that_an_edit_would_break_is_refused(text: str) -> None:
    with pytest.raises(EditError):
        remove_entry(text, "plugins", 0)


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)


def test_the_comment_directly_above_an_entry_goes_with_it() -> None:
    text = (
        "plugins:\n  # all\n\n  # the first,\n  # of two\n  - plugin_id: a\n  # the second\n  - plugin_id: b\n# end\n"
    )
    assert remove_entry(text, "plugins", 0) == "plugins:\n  # all\n\n  # the second\n  - plugin_id: b\n# end\n"
    last = "plugins:\n  # all\n\n  # the first,\n  # of two\n  - plugin_id: a\n# end\n"
    assert remove_entry(text, "plugins", 1) == last
    assert remove_entry(last, "plugins", 0) == "plugins: []\n  # all\n\n# end\n"


# Larger integers are texts wherever a command reads them.
_INTEGERS = st.integers(-plain.LARGEST_EXACT, plain.LARGEST_EXACT)
_SCALARS = st.none() | st.booleans() | _INTEGERS | _WORDS | st.sampled_from(["yes", "1.0", "012", "# no", "a: b"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
_ENTRIES = st.dictionaries(st.sampled_from(["plugin_id", "name", "data", "tags"]), _VALUES, min_size=1)
_CONTENTS = st.dictionaries(st.sampled_from(["plugins", "secrets", "projects"]), st.lists(_ENTRIES, max_size=3))


@settings(max_examples=50)
@given(_CONTENTS, _ENTRIES, st.booleans(), st.sampled_from([0, 2]), st.data())
def test_whatever_the_file_holds_an_edit_does_what_was_meant_or_is_refused_and_no_comment_is_lost(
    content: dict[str, list[dict[str, Any]]], entry: dict[str, Any], wide: bool, indent: int, data: st.DataObject
) -> None:
    text = _written(content, wide=wide, indent=indent, draw=data.draw)
    section = data.draw(st.sampled_from(["plugins", "secrets"]))
    entries = content.get(section, [])

    added = add_entries(text, section, [entry])
    assert yaml_text.load(added) == {**content, section: [*entries, entry]}
    assert _numbers(added) == _numbers(text)

    if entries:
        index = data.draw(st.integers(0, len(entries) - 1))
        rest = [*entries[:index], *entries[index + 1 :]]
        removed = remove_entry(text, section, index)
        assert yaml_text.load(removed) == {**content, section: rest}
        # Only comments within the entry, and the one directly above it, go with it.
        assert {each.split(":")[1] for each in {*_numbers(text)} - {*_numbers(removed)}} <= {f"{section}{index}"}
        try:
            replaced = replace_entry(text, section, index, entry)
        except EditError:
            return
        others = [*entries[:index], entry, *entries[index + 1 :]]
        assert yaml_text.load(replaced) == {**content, section: others}
        assert _numbers(replaced) == _numbers(text)


def _written(
    content: dict[str, list[dict[str, Any]]],
    *,
    wide: bool,
    indent: int,
    draw: Callable[[st.SearchStrategy[bool]], bool],
) -> str:
    """Return the content in one of the usual styles, with numbered comments between lines and behind them."""
    lines: list[str] = []

    def write(line: str, above: str, entry: str) -> None:
        number = len(lines)
        if draw(st.booleans()):
            column = indent * draw(st.booleans())
            lines.append(f"{' ' * column}# above:{entry if column == indent else above}:{number}")
        lines.append(f"{line}  # behind:{entry}:{number}" if draw(st.booleans()) else line)

    for section, entries in content.items():
        write(f"{section}:" if entries else f"{section}: []", "none", "none")
        for index, entry in enumerate(entries):
            name, style = f"{section}{index}", None if wide else False
            dumped = yaml.safe_dump([entry], default_flow_style=style, allow_unicode=True, width=1 << 20)
            for number, line in enumerate(dumped.splitlines()):
                write(" " * indent + line, name if number else "none", name)
    return "\n".join([*lines, "# tail:none:0", ""])


def _numbers(text: str) -> list[str]:
    """Return the comments, wherever they stand."""
    return sorted(re.findall(r"# (?:above|behind|tail):\w+:\d+", text))


# The commands


BY_HAND = """\
# Of us all
plugins:
  - plugin_id: one     # id
    name: One          # name
{versions}
    latest: "1.0"      # latest
    # The image of ours
    run:               # run
      image: us/one:1.0  # image
      # not more
      memory: 1g       # memory
    endpoint: grpc://127.0.0.1:1  # endpoint
secrets:               # secrets
  - secret_id: a       # id of a
    provider: aws      # provider
    data:              # data
      key: value # key
      # changed in May
      hash: "a # b"
projects: []           # none
"""
VERSIONS = [
    '    versions: ["1.0"]  # versions',
    '    versions:  # versions\n      # the first\n      - "1.0"  # 1.0\n      # the last',
    '    versions:\n    - "1.0"  # versions',
    '    versions: [  # versions\n      "1.0",  # 1.0\n    ]  # end',
    '    versions:  # versions\n      "1.0": grpc://127.0.0.1:1  # 1.0',
    '    versions: {"1.0": grpc://127.0.0.1:1}  # versions',
]


@pytest.mark.parametrize("versions", VERSIONS)
def test_the_comments_of_a_hand_written_file_survive_every_command(tmp_path: Path, versions: str) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(BY_HAND.format(versions=versions))
    path.chmod(0o600)
    file = PlatformFile(path)
    comments = {comment.text for comment in comments_of(path.read_text())}
    assert len(comments) >= 17

    file.add("plugins", new_entry("two", "grpc://127.0.0.1:2"))
    file.replace("plugins", "one", lambda entry: upgraded(entry, "1.1"))
    secrets.add(file, [({"secret_id": "b", "provider": "aws"}, {"key": "b"})])
    secrets.replace(file, "a", {"key": "other"}, {"name": "A"})
    secrets.remove(file, "b")
    file.add("projects", {"project_id": "p"})
    file.remove("plugins", "two")

    assert {comment.text for comment in comments_of(path.read_text())} == comments
    entry = file.find("plugins", "one")
    assert (list(entry["versions"]), entry["latest"], entry["run"]["image"]) == (["1.0", "1.1"], "1.1", "us/one:1.1")
    # Lists and mappings that were written a line each still are.
    assert ("\n      - '1.1'" in path.read_text() or "\n    - '1.1'" in path.read_text()) == ("- " in versions)
    assert "      image: us/one:1.1  # image\n" in path.read_text()
