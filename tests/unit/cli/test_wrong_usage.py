"""What a newcomer types wrongly ends with one sentence that names what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.cli.client import CallError
from inventory.cli.failures import report
from inventory.cli.hints import hint_for
from inventory.cli.options import ClientOptions
from inventory.errors import AuthenticateFailureError, NotFoundError


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["--endpoint", "127.0.0.1:1", *words])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["call", "Collector.nope"], "no method 'Collector.nope'; did you mean Collector."),
        (["call", "Region.xyzzyxyzzy"], "there are: Region.create, Region.delete"),
        (["call", "xyzzy"], "there are: ChangeHistory.…, CloudService.…"),
        (
            ["call", "Collector.list", '{"nope": 1}'],
            "no field 'nope' in CollectorQuery; its fields are query, collector_id",
        ),
        (
            ["call", "Collector.list", '{"query": {"nope": 1}}'],
            "no field 'nope' in Query; its fields are filter, filter_or, sort",
        ),
        (["call", "Collector.list", '{"name": [1]}'], "Collector.list: "),
        (["call", "Collector.list", "{bad"], """is not JSON: Expecting"""),
        (["call", "Collector.list", "{bad"], """an object is written as '{"key": "value"}', or as @FILE"""),
        (["call", "Collector.list", "[1]"], """must be a JSON object, such as '{"key": "value"}'"""),
        (["collect", "x", "--mode", "FOO"], "'--mode': 'FOO' is not one of 'ALL', 'CREATE', 'UPDATE'"),
        (["schedule", "add", "x", "--hours", "25"], "--hours: must be from 0 to 23"),
        (["schedule", "add", "x"], "give a time: --hours, --minutes, --interval or --cron"),
        (["plugin", "try", "127.0.0.1:1", "--secret", "/absent"], "--secret /absent: No such file"),
        (["resource", "list", "--limit", "-1"], "'--limit': -1 is not in the range"),
    ],
)
def test_wrong_usage_is_told_before_a_server_is_called(words: list[str], told: str) -> None:
    result = _run(*words)
    assert result.exit_code == 2, result.output
    last = [line for line in result.stderr.splitlines() if line][-1]
    assert last.startswith("Error: ")
    assert told in last


def test_a_secret_file_that_is_not_there_is_named_with_its_option(tmp_path: Path) -> None:
    platform = tmp_path / "platform.yaml"
    platform.write_text("plugins: []\n")
    for path, name in (("/absent.json", ["x"]), ("/absent.csv", [])):
        where = ("--provider", "p", "--from-file", path, "--platform-file", str(platform))
        result = _run("secret", "add", *name, *where)
        assert (result.exit_code, f"--from-file {path}: No such file" in result.stderr) == (2, True), result.output


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """A server that finds nothing and, in methods of jobs, asks for a token."""

    def refuse(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(
            grpc.StatusCode.INVALID_ARGUMENT, f"ERROR_NOT_FOUND: {NotFoundError(key='job_id', value='x').message}"
        )
        return b""

    def unknown(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(
            grpc.StatusCode.UNAUTHENTICATED, f"ERROR_AUTHENTICATE_FAILURE: {AuthenticateFailureError().message}"
        )
        return b""

    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        for service, answer in (("Job", refuse), ("Collector", unknown)):
            handlers = {name: grpc.unary_unary_rpc_method_handler(answer) for name in ("get", "list")}
            name = f"spaceone.api.inventory.v1.{service}"
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def test_an_id_that_nothing_has_is_told_with_where_to_look(refusing: str) -> None:
    result = CliRunner().invoke(cli, ["--endpoint", refusing, "job", "show", "x"])
    assert result.exit_code == 3
    assert result.stderr == (
        "error: ERROR_NOT_FOUND: Value not found. (job_id = x); `inventory job list` shows them all\n"
    )


def test_a_missing_token_is_told_with_how_to_give_one(refusing: str) -> None:
    without = CliRunner().invoke(cli, ["--endpoint", refusing, "collector", "list"], env={"INVENTORY_TOKEN": ""})
    with_one = CliRunner().invoke(cli, ["--endpoint", refusing, "--token", "old", "collector", "list"])
    assert (without.exit_code, with_one.exit_code) == (1, 1)
    assert without.stderr.endswith("Authentication failed. Set INVENTORY_TOKEN to a token.\n")
    assert with_one.stderr.endswith("Authentication failed. Get a new token.\n")


def test_an_entry_that_the_platform_file_lacks_is_told_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(NotFoundError(key="plugin_id", value="nope"), debug=False) == 3
    assert capsys.readouterr().err.endswith("(plugin_id = nope); `inventory plugin list` shows them all\n")


@pytest.mark.parametrize("message", ["ERROR_NOT_FOUND: Value not found. (dry_run_id = x)", "ERROR_UNKNOWN: Oh."])
def test_no_hint_is_given_where_none_is_known(message: str) -> None:
    assert hint_for(message, has_token=False) == ""


def test_every_list_that_a_hint_names_exists() -> None:
    from inventory.cli.hints import _LISTS

    for group in _LISTS.values():
        assert CliRunner().invoke(cli, [group, "list", "--help"]).exit_code == 0, group


class _HttpAnswered(grpc.RpcError):
    """What grpc reports where a server of HTTP/1.1, such as the gateway, listens."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "Failed parsing HTTP/2 (Trying to connect an http1.x server (HTTP status 404))"


def test_the_port_of_the_http_api_is_recognized() -> None:
    error = CallError(_HttpAnswered(), ClientOptions(endpoint="h:8080"))
    assert error.exit_code == 4
    assert error.message == "h:8080 answers, but not by gRPC: is it the port of the console and the HTTP API?"
