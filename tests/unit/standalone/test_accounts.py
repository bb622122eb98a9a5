"""Many secrets from one CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.cli import cli
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
        ("secret_id;project;key\nshop;p-1;very-secret\n", "line 1 has semicolons between the columns; export it with"),
        ("secret_id\tkey\n", "line 1 has tabs between the columns"),
        ("secret_id,key,key\n", "names a column twice"),
        (HEAD, "names no account"),
        (f"{HEAD}shop,,,AKIA,{VALUE},,{VALUE}\n", "line 2 has more cells"),
        (f"{HEAD},,,AKIA,{VALUE},\n", "line 2: secret_id is empty"),
        (f"{HEAD}a,,,AKIA,{VALUE},\nb,,,,{VALUE},\n", "line 3: missing: aws_access_key_id"),
        (f'{HEAD}"a{VALUE}"x,,,\n', "line 2 is not CSV: ',' expected"),
        (f'{HEAD}"a\nb",,,AKIA,{VALUE},\nb,,,AKIA,"{VALUE}\nc,,\n', "line 4 is not CSV: unexpected end"),
        (f"{HEAD}a,,,AKIA,{VALUE},\nb,,,AKIA,{VALUE},\na,,,A,{VALUE},\n", "line 4: secret_id 'a' is that of line 2"),
        ("secret_id,project,project_id\n", "line 1 names project and project_id, which are the same"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_without_values(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        accounts_of(text, "aws", AWS, of="x.csv")
    assert VALUE not in str(caught.value)


def test_a_project_id_that_belongs_to_the_credentials_is_their_value_and_project_is_that_of_the_resources() -> None:
    head = "secret_id,project,project_id,private_key_id,private_key,client_email\n"
    text = f'{head}shop,project-1,cloud-shop,1,"{VALUE}\nend",a@b\n'
    (shop,) = accounts_of(text, "google_cloud", provider_of("google_cloud"), of="x.csv")

    assert (shop.entry["project_id"], shop.values["project_id"]) == ("project-1", "cloud-shop")
    assert shop.values["private_key"] == f"{VALUE}\nend"
    stack = "secret_id,project_id,auth_url,username,password\nshop,cloud-shop,http://x,me,x\n"
    (shop,) = accounts_of(stack, "openstack", provider_of("openstack"), project_id="project-2", of="x.csv")
    assert (shop.entry["project_id"], shop.values["project_id"]) == ("project-2", "cloud-shop")


def test_projects_of_a_file_that_lists_none_are_accepted_and_named(tmp_path: Path) -> None:
    platform, accounts = tmp_path / "platform.yaml", tmp_path / "a.csv"
    platform.write_text("plugins: []\n")
    accounts.write_text(f"{HEAD}first,nope,,AKIA,{VALUE},\nsecond,,,AKIA,{VALUE},\n")
    add = ["secret", "add", "--from-file", str(accounts), "--provider", "aws", "--platform-file", str(platform)]
    done = CliRunner().invoke(cli, add)
    assert (done.exit_code, done.stdout) == (0, f"2 secrets added to {platform}\n")
    said = "lists no projects, so that any is accepted: check nope; `inventory project add` lists them"
    assert said in " ".join(done.stderr.split())
    # As soon as there is a list, it counts.
    platform.write_text("projects: [{project_id: p-1}]\n")
    (tmp_path / "secrets" / "first.json").unlink()
    assert "line 2: project_id 'nope' is not one of the projects" in str(CliRunner().invoke(cli, add).exception)


def test_what_the_platform_file_refuses_is_told_by_line_before_a_plugin_is_asked(tmp_path: Path) -> None:
    platform = tmp_path / "platform.yaml"
    platform.write_text(
        "plugins: []\nprojects: [{project_id: p-1}]\nsecrets: [{secret_id: here, provider: aws, data: {a: b}}]\n"
    )
    accounts = tmp_path / "A.CSV"
    for line, said in (
        ("here,p-1", "line 3: secret_id 'here' exists already"),
        ("a,p-2", "line 3: project_id 'p-2' is not one of the projects"),
        ("a/b,p-1", "line 3: secret_id 'a/b'"),
    ):
        accounts.write_text(f"{HEAD}first,p-1,,AKIA,{VALUE},\n{line},,AKIA,{VALUE},\n")
        add = ["secret", "add", "--from-file", str(accounts), "--provider", "aws", "--check"]
        done = CliRunner().invoke(cli, [*add, "--platform-file", str(platform)])
        assert said in str(done.exception)
    assert not (tmp_path / "secrets").exists()
