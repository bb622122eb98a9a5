"""Known values are blotted out of texts."""

from __future__ import annotations

import json

import pytest

from inventory.domain.redact import Redactor, redact, secret_options

DATA = {
    "key_id": "AKIA1234",
    "nested": [{"pass": 'p"a\\ss'}],
    "pem": "-----BEGIN-----\nabcdefgh\n-----END-----",
    "number": 123456.0,
    "short": "ab",
    "flag": True,
}


@pytest.mark.parametrize(
    "said",
    [
        "denied for AKIA1234!",
        'wrong p"a\\ss',
        "in " + json.dumps(DATA),
        "in " + repr(DATA),
        "line abcdefgh",
        "account 123456",
    ],
)
def test_values_are_gone_in_every_form(said: str) -> None:
    text = redact(said, DATA)
    for value in ("AKIA1234", 'p"a', "abcdefgh", "123456"):
        assert value not in text


def test_other_words_stay() -> None:
    assert redact("ab True cd", DATA) == "ab True cd"


def test_single_values_count_and_a_redactor_shows_none() -> None:
    redactor = Redactor("token-1", {"a": "secret"})
    assert redactor("token-1 and secret") == "*** and ***"
    assert "secret" not in repr(redactor)


def test_only_options_whose_names_say_so_are_secret() -> None:
    options = {"mode": "broken", "api_key": "k-1234", "nested": [{"clientSecret": "s-1234", "x": "plain"}], "n": 1}
    redacted = Redactor(secret_options(options))
    assert redacted("broken k-1234 s-1234 plain") == "broken *** *** plain"
