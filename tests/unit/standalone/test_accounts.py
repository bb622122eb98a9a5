"""Many secrets from one CSV file."""

from __future__ import annotations

import pytest

from inventory.errors import SettingsError
from inventory.standalone.accounts import accounts_of
from inventory.standalone.catalogue import provider_of

VALUE = "very-secret-value-of-a-line"
HEAD = "secret_id,project_id,groups,Access key ID,aws_secret_access_key,role_arn\n"
AWS = provider_of("aws")


def test_a_line_is_a_secret_with_its_groups_and_the_plugins_names() -> None:
    text = f"\ufeff{HEAD}shop,p-1,a; b,AKIA1,{VALUE},\n\nbank,,,AKIA2,{VALUE},arn:aws:iam::1:role/r\n"
    first, second = accounts_of(text, "aws", AWS, groups=("all",), project_id="p-0", of="x.csv")

    assert first.entry == {
        "secret_id": "shop",
        "provider": "aws",
        "schema": "aws_access_key",
        "project_id": "p-1",
        "groups": ["a", "b", "all"],
    }
    assert first.values == {"aws_access_key_id": "AKIA1", "aws_secret_access_key": VALUE}
    assert (second.line, second.entry["project_id"], second.values["role_arn"]) == (4, "p-0", "arn:aws:iam::1:role/r")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 must name the columns"),
        (f"key\n{VALUE}\n", "line 1 must name the columns"),
        ("secret_id,key,key\n", "names a column twice"),
        (HEAD, "names no account"),
        (f"{HEAD}shop,,,AKIA,{VALUE},,{VALUE}\n", "line 2 has more cells"),
        (f"{HEAD},,,AKIA,{VALUE},\n", "line 2: secret_id is empty"),
        (f"{HEAD}a,,,AKIA,{VALUE},\nb,,,,{VALUE},\n", "line 3: missing: aws_access_key_id"),
        (f'{HEAD}"a{VALUE}"x,,,\n', "is not CSV"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_without_values(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        accounts_of(text, "aws", AWS, of="x.csv")
    assert VALUE not in str(caught.value)
