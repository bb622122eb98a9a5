"""Secrets are hidden in what is shown, and restored where they belong in what was edited."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.console.forms.field_error import FieldError
from inventory.console.forms.masking import MASK, masked
from inventory.console.forms.unmasking import unmasked

KEYS = st.sampled_from(["id", "name", "password", "api_key", "secret_access_key", "token", "size"])
VALUES = st.recursive(
    st.text(max_size=5) | st.integers(), lambda inner: st.dictionaries(KEYS, inner) | st.lists(inner, max_size=3)
)
A, B = {"id": "a", "password": "pa", "region": "r"}, {"id": "b", "password": "pb", "region": "r"}
A_SHOWN, B_SHOWN = A | {"password": MASK}, B | {"password": MASK}


@given(VALUES)
def test_what_was_left_masked_is_what_was_stored(value: Any) -> None:
    assert unmasked(masked(value), value, "X") == value


@given(
    st.dictionaries(st.sampled_from(["password", "x_token", "apiKey"]), st.text("0123456789", min_size=6), min_size=1)
)
def test_no_secret_is_shown(value: dict[str, str]) -> None:
    assert set(masked(value).values()) == {MASK}
    assert masked([{"deep": value}]) == [{"deep": dict.fromkeys(value, MASK)}]


@pytest.mark.parametrize(
    "key",
    [
        "pwd",
        "db_pwd",
        "Authorization",
        "connection_string",
        "connectionString",
        "dsn",
        "DSN",
        "db.pass",
        "x-api-key",
        "storageKey",
        "ssh_key",
        "kubeconfig",
        "session_cookie",
        "creds",
        "webhook_url",
        "auth",
        "registry_auth",
        "sas",
        "sas_url",
        "license_key",
        "licence_key",
        "tls_key",
        "passcode",
        "database_url",
        "db_uri",
        "github.pat",
        "pat",
    ],
)
def test_a_key_that_indicates_a_secret_hides_its_value(key: str) -> None:
    assert masked({key: "hunter2"}) == {key: MASK}


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "mongodb://u:hunter2@h",
        "https://ghp_123@github.com/x",
        "Bearer abcdefghijkl",
        "Server=tcp:h;Password=hunter2;",
        "https://h/x?sv=1&sig=abc",
        "DefaultEndpointsProtocol=https;AccountKey=abc==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.c2ln",
        "AKIAIOSFODNN7EXAMPLE",
        "the key is ASIAIOSFODNN7EXAMPLE.",
        f"ghp_{'a1' * 18}",
        f"xoxb-{'1' * 12}-abc",
        'curl -H "Authorization: Bearer abc" https://h',
        '{"user": "u", "password": "hunter2"}',
        '{"db":{"passcode":4711}}',
        r"{\"password\":\"hunter2\"}",
        "user: u\npassword: hunter2\n",
        "- license_key: 'abc'",
    ],
)
def test_a_value_that_contains_a_secret_is_hidden_wherever_it_is(text: str) -> None:
    assert masked({"x": [text, {"y": text}]}) == {"x": [MASK, {"y": MASK}]}


@pytest.mark.parametrize(
    "value",
    [
        {"author": "a", "auth_type": "basic", "pattern": "x", "path": "/p", "partition_key": "id", "rate_db": 1},
        "arn:aws:secretsmanager:eu-1:1:secret:x",
        "user: u\npassword:\ntoken: null\n",
        '{"password": "", "private": false, "level": 2}',
        "https://example.org/auth?x=1",
        "AKIA",
        "asiasoutheastcentral1",
    ],
)
def test_what_only_resembles_a_secret_is_shown(value: Any) -> None:
    assert masked({"x": value}) == {"x": value}


def test_the_value_of_a_pair_with_a_secret_name_is_hidden() -> None:
    assert masked([{"name": "X-Api-Key", "value": "abc"}]) == [{"name": "X-Api-Key", "value": MASK}]


@pytest.mark.parametrize(
    "value",
    [
        {"author": "me", "key": "Name", "compass": True, "use_token": False, "bypass_cache": 1, "password": ""},
        {"url": "https://example.com/a?b=c", "note": "a @ b", "cert": "-----BEGIN CERTIFICATE-----", "mode": "basic"},
    ],
)
def test_what_is_no_secret_is_shown(value: Any) -> None:
    assert masked(value) == value


@pytest.mark.parametrize(
    ("edited", "stored"),
    [
        ([B_SHOWN], [B]),
        ([B_SHOWN, A_SHOWN], [B, A]),
        ([{"id": "c", "password": "pc"}, A_SHOWN, B_SHOWN], [{"id": "c", "password": "pc"}, A, B]),
        ([B_SHOWN | {"region": "s"}], [B | {"region": "s"}]),
        ([A_SHOWN, B_SHOWN | {"password": "new"}], [A, B | {"password": "new"}]),
        ([B_SHOWN | {"region": "s"}, A_SHOWN | {"region": "t"}], [B | {"region": "s"}, A | {"region": "t"}]),
    ],
)
def test_an_item_keeps_its_own_secret_wherever_it_goes(edited: Any, stored: Any) -> None:
    assert unmasked({"accounts": edited}, {"accounts": [A, B]}, "X") == {"accounts": stored}


@pytest.mark.parametrize(
    ("edited", "before"),
    [
        ([A_SHOWN | {"id": "c"}, B_SHOWN], [A, B]),
        ([A_SHOWN, A_SHOWN | {"region": "s"}, A_SHOWN | {"region": "t"}], [A, B]),
        ([{"password": MASK}], [{"password": "1"}, {"password": "2"}]),
        ([{"pw": MASK}], [{"password": "1"}]),
        ([MASK + "x"], ["mongodb://u:p@h"]),
        ([MASK], ["mongodb://u:p@h", "mongodb://u:q@h"]),
    ],
)
def test_where_it_is_uncertain_whose_secret_is_meant_the_form_says_so(edited: Any, before: Any) -> None:
    with pytest.raises(FieldError, match=r"Options, accounts, [12]"):
        unmasked({"accounts": edited}, {"accounts": before}, "Options")


def test_a_true_that_replaces_a_one_beside_a_secret_is_stored() -> None:
    assert unmasked({"password": MASK, "x": True}, {"password": "p", "x": 1}, "X") == {"password": "p", "x": True}
