"""The static platform file: what is wrong in it is told with file, line, key and reason; changes come through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import structlog.testing

from inventory.connector.ports import SecretSelector
from inventory.connector.static.file import SETTLE_SECONDS, StaticFile
from inventory.connector.static.identity import StaticIdentity
from inventory.connector.static.plugins import StaticPluginDirectory
from inventory.connector.static.secrets import StaticSecretStore
from inventory.domain.principal import PROJECT, Principal
from inventory.errors import CollectorSecretError, NotFoundError, SettingsError

PRINCIPAL = Principal(domain_id="domain-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform.yaml"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    # Two writes within the file system's tick look alike: move the time on by hand.
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000 + len(text)))
    return path


def store(path: Path, text: str) -> StaticSecretStore:
    return StaticSecretStore(file=StaticFile(write(path, text)))


class TestComplaints:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("plugins: [\n  - :", ["line 2"]),
            ("- a\n- b", ["top"]),
            ("plugins:\n  - plugin_id: p\n", ["line 2", "plugins[0]", "endpoint"]),
            (
                "plugins:\n  - plugin_id: p\n    endpoint: http://x\n",
                ["line 3", "plugins[0].endpoint", "grpc+ssl://host:port"],
            ),
            ("plugins:\n  - name: n\n    endpoint: grpc://h:1\n", ["line 2", "plugins[0].plugin_id", "required"]),
            ("secrets:\n  - secret_id: s\n    daat: {}\n", ["line 3", "secrets[0].daat", "not permitted"]),
            ("secrets:\n  - secret_id: s\n", ["line 2", "exactly one of data"]),
            ("secrets:\n  - {secret_id: s, data: {}}\n  - {secret_id: s, data: {}}\n", ["secret_id 's' twice"]),
            ("plugins:\n  - {plugin_id: p, endpoint: 'grpc://h:1', versions: ['1'], latest: '2'}\n", ["latest '2'"]),
            ("plugin: []\n", ["line 1", "plugin"]),
            ("plugins: []\nsecrets: []\nplugins: []\n", ["line 3, column 1", "key is there twice"]),
            ("plugins: []\nprojects: !!int x\n", ["line 2, column 11", "not a valid date"]),
            ("plugins: " + "[" * 5000, ["nested too deep"]),
        ],
    )
    def test_each_names_file_line_key_and_reason(self, path: Path, text: str, words: list[str]) -> None:
        with pytest.raises(SettingsError) as raised:
            StaticFile(write(path, text))
        for word in [str(path), *words]:
            assert word in raised.value.message

    def test_an_absent_file_is_told(self, path: Path) -> None:
        with pytest.raises(SettingsError, match=r"platform\.yaml: cannot be read: No such file"):
            StaticFile(path)

    def test_bytes_that_are_no_utf8_are_told(self, path: Path) -> None:
        path.write_bytes(b"plugins: \xff\xfe")
        with pytest.raises(SettingsError, match="UTF-8"):
            StaticFile(path)

    @pytest.mark.parametrize(
        "text",
        [
            "secrets:\n  - secret_id: s\n    data: planted-secret\n",
            "secrets:\n  - secret_id: s\n    data: {a: planted-secret}\n    groups: planted-secret\n",
            "secrets:\n  - secret_id: s\n    data: {password: planted-secret\n",
            "secrets:\n  - secret_id: s\n    data: {password: *planted-secret}\n",
            "secrets:\n  - secret_id: s\n    data: {password: !planted-secret}\n",
            "secrets:\n  - secret_id: s\n    data: {password: %planted-secret}\n",
            "secrets:\n  - secret_id: s\n    data: {password: !!int planted-secret}\n",
            "secrets:\n  - secret_id: s\n    data: {password: !!bool planted-secret}\n",
        ],
    )
    def test_none_shows_a_value(self, path: Path, text: str) -> None:
        with pytest.raises(SettingsError) as raised:
            StaticFile(write(path, text))
        assert "planted-secret" not in str(raised.value)

    def test_an_empty_file_is_an_empty_platform(self, path: Path) -> None:
        assert StaticFile(write(path, "")).content.plugins == []


class TestReload:
    def test_a_change_is_seen_at_the_next_use(self, path: Path) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: one, provider: p, data: {}}\n")
        write(path, "secrets:\n  - {secret_id: two, provider: p, data: {}}\n")
        assert [s.secret_id for s in secrets.list_secrets(SecretSelector(provider="p"), PRINCIPAL)] == ["two"]

    @pytest.mark.parametrize(
        "broken",
        [
            "secrets: [",
            "secrets:\n  - {secret_id: two}\n",
            "secrets:\n  - {secret_id: two, data: {until: !!int x}}\n",
            "secrets: " + "[" * 5000,
        ],
    )
    def test_a_broken_change_is_logged_once_and_keeps_the_last_good(self, path: Path, broken: str) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: one, provider: p, data: {}}\n")
        write(path, broken)
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                found = secrets.list_secrets(SecretSelector(provider="p"), PRINCIPAL)
                assert [secret.secret_id for secret in found] == ["one"]
        assert [log["event"] for log in logs] == ["static_file_kept_last_good"]
        write(path, "secrets:\n  - {secret_id: mended, provider: p, data: {}}\n")
        assert secrets.get_data("mended", PRINCIPAL) == {}

    def test_a_file_that_is_being_written_is_left_alone(self, path: Path) -> None:
        """Half of it would often be a valid file, with half of the secrets."""
        path.write_text("secrets:\n  - {secret_id: one, data: {}}\n  - {secret_id: two, data: {}}\n")
        written = path.stat().st_mtime
        now = [written + 60]
        file = StaticFile(path, now=lambda: now[0])
        with path.open("w") as writer:
            for part in ("", "secrets:\n  - {secret_id: one, data: {}}\n", "  - {secret_id: three, data: {}}\n"):
                writer.write(part)
                writer.flush()
                now[0] = path.stat().st_mtime + 0.1
                assert [secret.secret_id for secret in file.content.secrets] == ["one", "two"]

        now[0] += SETTLE_SECONDS

        assert [secret.secret_id for secret in file.content.secrets] == ["one", "three"]

    def test_a_file_that_is_replaced_is_read_at_once(self, path: Path) -> None:
        path.write_text("secrets:\n  - {secret_id: one, data: {}}\n")
        file = StaticFile(path)
        staged = path.with_suffix(".new")
        staged.write_text("secrets:\n  - {secret_id: two, data: {}}\n")
        staged.replace(path)  # while the first one is there, it cannot have the first one's inode

        assert [secret.secret_id for secret in file.content.secrets] == ["two"]

    def test_a_time_that_lies_ahead_is_no_reason_to_wait(self, path: Path) -> None:
        file = StaticFile(write(path, ""))
        write(path, "secrets:\n  - {secret_id: two, data: {}}\n")
        ahead = path.stat().st_mtime + 86_400
        os.utime(path, (ahead, ahead))

        assert [secret.secret_id for secret in file.content.secrets] == ["two"]

    def test_a_file_that_vanishes_keeps_the_last_good_and_may_come_back(self, path: Path) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: one, data: {}}\n")
        path.unlink()
        assert secrets.get_data("one", PRINCIPAL) == {}
        write(path, "secrets:\n  - {secret_id: two, data: {}}\n")
        with pytest.raises(NotFoundError):
            secrets.get_data("one", PRINCIPAL)


class TestSecretData:
    def test_inline_data_and_ids_are_as_written(self, path: Path) -> None:
        text = "secrets: [{secret_id: 012, project_id: 1.10, data: {id: 116503598123456789012, on: no, port: 80}}]\n"
        made = store(path, text)
        assert made.get_data("012", PRINCIPAL) == {"id": "116503598123456789012", "on": "no", "port": 80}
        (found,) = made.list_secrets(SecretSelector(secret_id="012"), PRINCIPAL)
        assert found.project_id == "1.10"

    def test_a_repeated_key_in_a_file_or_variable_is_said(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (path.parent / "s.yaml").write_text("a: very-secret\na: b\n")
        (path.parent / "s.yaml").chmod(0o600)
        monkeypatch.setenv("S_DATA", '{"a": 1, "a": 2}')
        for source, words in (("data_file: s.yaml", "line 2, column 1: this key"), ("data_env: S_DATA", "a key")):
            with pytest.raises(CollectorSecretError, match=f"{words} is there twice"):
                store(path, f"secrets: [{{secret_id: s, {source}}}]\n").get_data("s", PRINCIPAL)

    def test_from_the_environment(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: s, data_env: TEST_SECRET}\n")
        monkeypatch.setenv("TEST_SECRET", '{"key": "value", "n": 1}')
        assert secrets.get_data("s", PRINCIPAL) == {"key": "value", "n": 1}

    @pytest.mark.parametrize(
        ("value", "reason"),
        [(None, "is not set"), ("{planted-secret", "is not JSON"), ('["planted-secret"]', "mapping")],
    )
    def test_a_wrong_environment_variable_is_told_without_its_value(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, reason: str
    ) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: s, data_env: TEST_SECRET}\n")
        monkeypatch.delenv("TEST_SECRET", raising=False)
        if value is not None:
            monkeypatch.setenv("TEST_SECRET", value)
        with pytest.raises(CollectorSecretError, match=reason) as raised:
            secrets.get_data("s", PRINCIPAL)
        assert "TEST_SECRET" in raised.value.message
        assert "planted-secret" not in str(raised.value)

    @pytest.mark.parametrize("text", ['{"key": "value"}', "key: value\n"])
    def test_from_a_file_beside_the_static_file(self, path: Path, text: str) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: s, data_file: secret.data}\n")
        file = path.with_name("secret.data")
        file.write_text(text)
        file.chmod(0o600)
        assert secrets.get_data("s", PRINCIPAL) == {"key": "value"}

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
    def test_a_file_that_others_may_read_is_refused(self, path: Path, mode: int) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: s, data_file: secret.data}\n")
        file = path.with_name("secret.data")
        file.write_text("{}")
        file.chmod(mode)
        with pytest.raises(CollectorSecretError, match="others may read it"):
            secrets.get_data("s", PRINCIPAL)

    @pytest.mark.parametrize(
        ("mode", "group", "allowed"),
        [(0o440, True, True), (0o440, False, False), (0o460, True, False), (0o444, True, False)],
    )
    def test_a_mounted_secret_is_read_by_the_group(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: bool, allowed: bool
    ) -> None:
        """Kubernetes lets root own it, and the pod's group read it."""
        secrets = store(path, "secrets:\n  - {secret_id: s, data_file: secret.data}\n")
        file = path.with_name("secret.data")
        file.write_text("{}")
        file.chmod(mode)
        found = file.stat()
        monkeypatch.setattr("os.geteuid", lambda: found.st_uid + 10001)
        monkeypatch.setattr("os.getegid", lambda: found.st_gid if group else found.st_gid + 10001)
        monkeypatch.setattr("os.getgroups", list)
        if allowed:
            assert secrets.get_data("s", PRINCIPAL) == {}
            return
        with pytest.raises(CollectorSecretError, match="others may read it"):
            secrets.get_data("s", PRINCIPAL)

    def test_a_missing_or_wrong_file_is_told_without_its_content(self, path: Path) -> None:
        secrets = store(path, "secrets:\n  - {secret_id: s, data_file: secret.data}\n")
        file = path.with_name("secret.data")
        with pytest.raises(CollectorSecretError, match=r"secret\.data: No such file"):
            secrets.get_data("s", PRINCIPAL)
        file.touch(0o600)
        for content in (
            b"{a: [planted-secret",
            b"planted-secret",
            b"\xffplanted-secret",
            b"a: !!int planted-secret",
            b"planted-secret: " + b"[" * 5000,
        ):
            file.write_bytes(content)
            with pytest.raises(CollectorSecretError, match="data_file") as raised:
                secrets.get_data("s", PRINCIPAL)
            assert "planted-secret" not in str(raised.value)


def test_a_static_file_with_secrets_that_others_may_read_is_warned_about(path: Path) -> None:
    write(path, "secrets:\n  - {secret_id: s, data: {k: v}}\n")
    path.chmod(0o644)
    with structlog.testing.capture_logs() as logs:
        StaticFile(path)
    assert logs[0]["event"] == "static_file_with_secrets_is_readable_by_others"


def test_secrets_of_a_group_and_a_single_one_are_united(path: Path) -> None:
    secrets = store(
        path,
        "secrets:\n"
        "  - {secret_id: one, groups: [g1], data: {}}\n"
        "  - {secret_id: two, groups: [g1, g2], data: {}}\n"
        "  - {secret_id: three, data: {}}\n",
    )

    def ids(selector: SecretSelector) -> list[str]:
        return [secret.secret_id for secret in secrets.list_secrets(selector, PRINCIPAL)]

    assert ids(SecretSelector(secret_group_id="g1")) == ["one", "two"]
    assert ids(SecretSelector(secret_group_id="g2", secret_id="three")) == ["three", "two"]
    assert ids(SecretSelector(secret_group_id="unknown")) == []


def test_a_domains_own_entry_wins_over_one_for_all(path: Path) -> None:
    secrets = store(
        path,
        "secrets:\n"
        "  - {secret_id: s, domain_id: domain-1, data: {of: domain-1}}\n"
        "  - {secret_id: s, data: {of: all}}\n",
    )
    assert secrets.get_data("s", PRINCIPAL) == {"of": "domain-1"}
    assert secrets.get_data("s", Principal(domain_id="domain-2")) == {"of": "all"}


def test_versions_may_be_names_only(path: Path) -> None:
    write(path, 'plugins:\n  - {plugin_id: p, endpoint: "grpc://h:1", versions: ["1.0", "1.1"]}\n')
    directory = StaticPluginDirectory(file=StaticFile(path))
    found = directory.get_endpoint("p", "", upgrade_mode="AUTO", principal=PRINCIPAL)
    assert (found.endpoint, found.updated_version) == ("grpc://h:1", "1.1")
    assert directory.get_endpoint("p", "1.0", upgrade_mode="AUTO", principal=PRINCIPAL).updated_version == ""
    with pytest.raises(NotFoundError, match=r"version = 2\.0"):
        directory.get_endpoint("p", "2.0", upgrade_mode="MANUAL", principal=PRINCIPAL)


def test_without_a_section_of_projects_every_project_exists(path: Path) -> None:
    assert StaticIdentity(file=StaticFile(write(path, ""))).project_exists("project-x", PRINCIPAL)
    empty = StaticIdentity(file=StaticFile(write(path, "projects: []\n")))
    assert not empty.project_exists("project-x", PRINCIPAL)


def test_a_static_platform_grants_what_the_token_says(path: Path) -> None:
    identity = StaticIdentity(file=StaticFile(write(path, "")))
    caller = Principal(domain_id="d", role_type=PROJECT, projects=frozenset({"project-1"}))
    access = identity.authorize(
        resource="Job", verb="list", scope="PROJECT", project_id="", require_project_id=False, principal=caller
    )
    assert access.role_type == PROJECT
    assert access.projects == {"project-1"}


def test_groups_that_are_each_others_parent_do_no_harm(path: Path) -> None:
    write(
        path,
        "project_groups:\n  - {project_group_id: a, parent: b}\n  - {project_group_id: b, parent: a}\n"
        "projects:\n  - {project_id: p, project_group_id: b}\n",
    )
    assert list(StaticIdentity(file=StaticFile(path)).projects_of_group("a", PRINCIPAL)) == ["p"]
