"""What the pages about resources are made of: trees, views, differences."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.console.resource.differences import MAX_TEXT, sides
from inventory.console.resource.layouts import layouts_of, table_fields
from inventory.console.resource.tree import TreeNode, joined, split, subtree, tree
from inventory.console.resource.view_field import fields_of, shown_value, value_at

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)


def nodes(node: TreeNode) -> list[TreeNode]:
    return [node, *(each for child in node.children for each in nodes(child))]


# Trees


@given(JSON, st.integers(1, 20))
def test_a_tree_is_bounded_and_tells_what_it_leaves_out(value: Any, most: int) -> None:
    found = nodes(tree("data", {"x": value}, "data", most=most))

    assert len(found) <= most + 1
    for node in found:
        if node.kind in ("object", "list"):
            assert len(node.children) + node.left in (node.size, 0)


@given(JSON)
def test_each_path_of_a_tree_leads_to_its_value(value: Any) -> None:
    for node in nodes(tree("data", {"x": value}, "data")):
        assert split(node.path)[0] == "data"
        there = subtree({"x": value}, node.path)
        assert node.size == (len(there) if isinstance(there, dict | list) else 0)


def test_no_branch_hides_the_others() -> None:
    root = tree("data", {"long": list(range(5000)), "short": 1}, "data", most=50)

    assert [child.name for child in root.children] == ["long", "short"]
    assert root.children[0].left > 4900


@given(st.lists(st.text(max_size=6), max_size=4))
def test_paths_keep_their_keys(keys: list[str]) -> None:
    path = "data"
    for key in keys:
        path = joined(path, key)

    assert split(path) == ["data", *keys]


@pytest.mark.parametrize("path", ["nope", "nope.x", "", "data.x.9", "data.x." + "9" * 5000, "data.x.²"])
def test_a_path_that_the_data_does_not_contain_leads_nowhere(path: str) -> None:
    with pytest.raises(KeyError):
        subtree({"x": [1]}, path)


def test_a_position_with_thousands_of_digits_is_none() -> None:
    assert value_at({"data": {"x": [1]}}, "data.x." + "9" * 5000) is None


# Views


@given(JSON, st.sampled_from(["text", "badge", "list", "datetime", "size", "enum", "dict", "state", "image", ""]), JSON)
def test_any_value_can_be_shown_by_any_field_and_never_as_markup(value: Any, kind: str, options: Any) -> None:
    shown = str(shown_value(value, kind, options if isinstance(options, dict) else {}))

    for tag in ("<script", "<img", "javascript:"):
        assert tag not in shown


@pytest.mark.parametrize(
    ("value", "kind", "options", "text"),
    [
        (5 * 1024, "size", {"source_unit": "BYTES"}, "5.0 KiB"),
        (2, "size", {"source_unit": "GB"}, "2.0 GiB"),
        ("2026-01-05T12:00:00Z", "datetime", {}, "2026-01-05 12:00:00"),
        ("0001-01-01T00:00:00+14:00", "datetime", {}, "0001-01-01T00:00:00+14:00"),
        ("9999-12-31T23:59:59-14:00", "list", {"item": {"type": "datetime"}}, "9999-12-31T23:59:59-14:00"),
        (1767614400, "datetime", {}, "2026-01-05 12:00:00"),
        (1767614400000, "datetime", {"source_format": "milliseconds"}, "2026-01-05 12:00:00"),
        (["a", "b"], "list", {}, "badge"),
        ([{"n": "a"}], "list", {"sub_key": "n"}, "a"),
        ("RUN", "enum", {"RUN": {"name": "Running"}}, "Running"),
        ({"a": True}, "enum", {}, "{&#34;a&#34;: true}"),
        ([{"a": None}], "state", {}, "{&#34;a&#34;: null}"),
        (True, "enum", {"true": {"name": "On"}}, "On"),
        ({"a": [True]}, "dict", {}, "[true]"),
        (-1e308, "size", {}, "-8.88e+292 PiB"),
        (True, "text", {}, "yes"),
        (None, "text", {}, "–"),
        ("10", "text", {"postfix": " %"}, "10 %"),
        ("x", "text", {"link": "javascript:{{value}}"}, "<bdi>x</bdi>"),
    ],
)
def test_a_field_shows_its_value_as_its_type_says(value: Any, kind: str, options: Any, text: str) -> None:
    assert text in str(shown_value(value, kind, options))


def test_a_type_that_is_not_known_shows_the_plain_value() -> None:
    assert str(shown_value("x", "hologram", {})) == "<bdi>x</bdi>"


@given(JSON)
def test_no_view_definition_breaks_a_page(content: Any) -> None:
    resource = {"provider": "p", "metadata": {"p": {"view": {"sub_data": {"layouts": [content]}}}}, "data": {"x": [1]}}

    layouts_of(resource, {"view": content})
    layouts_of(resource, content if isinstance(content, dict) else {})
    fields_of(content)
    table_fields(content)


def test_layouts_show_items_tables_and_raw_data() -> None:
    fields = [{"key": "name", "name": "Name"}]
    layouts = [
        {"name": "Facts", "type": "item", "options": {"fields": fields}},
        {"name": "Disks", "type": "table", "options": {"root_path": "data.disks", "fields": fields}},
        {
            "type": "list",
            "options": {"layouts": [{"name": "Raw", "type": "raw", "options": {"root_path": "data.raw"}}]},
        },
        {"name": "Unknown", "type": "topology", "options": {}},
    ]
    resource = {
        "provider": "p",
        "name": "thing",
        "metadata": {"p": {"view": {"sub_data": {"layouts": layouts}}}},
        "data": {"disks": [{"name": "sda"}, {"name": "sdb"}], "raw": {"a": 1}},
    }

    facts, disks, raw = layouts_of(resource, {})

    assert [(label, str(value)) for label, value in facts.lines] == [("Name", "<bdi>thing</bdi>")]
    assert (disks.columns, len(disks.rows)) == (("Name",), 2)
    assert json.loads(raw.raw) == {"a": 1}


def test_without_layouts_the_types_table_tells_what_matters() -> None:
    table = {
        "view": {"table": {"layout": {"options": {"fields": [{"key": "data.size", "name": "Size", "type": "size"}]}}}}
    }

    (item,) = layouts_of({"provider": "p", "data": {"size": 1024}}, table)

    assert item.lines[0][0] == "Size"
    assert "1.0 KiB" in item.lines[0][1]


def test_values_are_found_in_lists_by_position_and_by_name() -> None:
    row = {"data": {"disks": [{"name": "a"}, {"name": "b"}]}}

    assert value_at(row, "data.disks.1.name") == "b"
    assert value_at(row, "data.disks.name") == ["a", "b"]
    assert value_at(row, "data.disks.7.name") is None
    assert value_at(row, "data.none.name") is None


# Differences


@given(st.none() | st.text(max_size=200), st.none() | st.text(max_size=200))
def test_each_side_is_shown_whole(before: str | None, after: str | None) -> None:
    for text, side in zip((before, after), sides(before, after), strict=True):
        if text is None or text[:1] not in ("[", "{"):
            joined_pieces = "".join(piece for piece, _ in side.pieces)
            assert joined_pieces == (text or "") or "lines alike" in joined_pieces


def test_only_what_differs_is_marked() -> None:
    before, after = sides("size 10 GB", "size 20 GB")

    assert [piece for piece, differs in before.pieces if differs] == ["10"]
    assert [piece for piece, differs in after.pieces if differs] == ["20"]


def test_within_long_json_the_changed_line_is_marked_and_what_is_alike_is_cut() -> None:
    content = {f"key{number:03}": number for number in range(100)}
    before, after = sides(json.dumps(content), json.dumps(content | {"key050": "new"}))

    assert [piece.strip() for piece, differs in after.pieces if differs] == ['"key050": "new",']
    assert any("lines alike" in piece for piece, _ in before.pieces)


def test_huge_values_are_compared_in_no_time() -> None:
    def seconds() -> float:
        began = time.process_time()
        sides("a b " * 500_000, "b a " * 500_000)
        return time.process_time() - began

    assert any(seconds() < 1 for _ in range(3))
    before, after = sides("a b " * 500_000, "b a " * 500_000)
    assert before.cut
    assert len(after.pieces[0][0]) == MAX_TEXT
