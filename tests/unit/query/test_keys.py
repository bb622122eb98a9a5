"""Keys of tags are stored escaped, and come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.keys import escape_key, unescape_key


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
