"""Keys of tags are stored escaped, and come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.keys import escape_key, unescape_key
from inventory.errors import InvalidParameterError
from inventory.query.keys import split_key


@given(st.text())
def test_escaping_is_reversible_and_leaves_no_path_characters(key: str) -> None:
    escaped = escape_key(key)

    assert unescape_key(escaped) == key
    assert not set(escaped) & set(".$\0")


@given(st.text(alphabet="%.$\0250E4a"))
def test_escapes_in_the_key_itself_survive(key: str) -> None:
    assert unescape_key(escape_key(key)) == key


def test_usual_keys_stay_readable() -> None:
    assert escape_key("kubernetes.io/name") == "kubernetes%2Eio/name"
    assert escape_key("aws:cloudformation:stack-id") == "aws:cloudformation:stack-id"


@pytest.mark.parametrize(
    ("key", "segments"),
    [
        ("a.b", ["a", "b"]),
        (r"a.b\.c", ["a", "b.c"]),
        (r"a\.b\.c.d", ["a.b.c", "d"]),
        (r"a\\.b", ["a\\", "b"]),
        (r"a\\\.b", [r"a\.b"]),
        (r"a\b.c", [r"a\b", "c"]),
        ("a\\", ["a\\"]),
        (r"a.\.", ["a", "."]),
        ("a.$b", ["a", "$b"]),
    ],
)
def test_a_backslash_makes_a_dot_part_of_a_name(key: str, segments: list[str]) -> None:
    assert split_key(key) == segments


@given(
    st.lists(st.text(alphabet="ab.\\$/", min_size=1), min_size=1, max_size=4).filter(lambda names: names[0][0] != "$")
)
def test_any_names_can_be_said(names: list[str]) -> None:
    key = ".".join(name.replace("\\", "\\\\").replace(".", "\\.") for name in names)

    assert split_key(key) == names


@pytest.mark.parametrize("key", [r"a..b\.c", r"a\.b.", r".a\.b", r"\.a..", "$a", r"$a\.b"])
def test_malformed_keys_with_backslashes_are_refused(key: str) -> None:
    with pytest.raises(InvalidParameterError):
        split_key(key)
