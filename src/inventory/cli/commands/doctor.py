"""``doctor``: checks that everything works, and says how to fix what does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inventory import settings as settings_module
from inventory.cli.client import open_channel
from inventory.cli.command_form import JsonCommand, wants_json
from inventory.cli.options import ClientOptions
from inventory.cli.standalone.location import data_dir_option
from inventory.cli.terminal import echo
from inventory.cli.view.output import as_text, console, print_json, styled
from inventory.devruntime.running import DEFAULT_ENDPOINT, RunningUp, running_up
from inventory.domain.finding import Finding, Level
from inventory.errors import SettingsError
from inventory.observe import logs
from inventory.process.addresses import host_port, reachable
from inventory.settings import Settings

EXIT_FAILED: Final = 1
_HEALTH_SECONDS: Final = 5.0
_STYLE: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red", Level.SKIP: "dim"}


@click.command(
    cls=JsonCommand, example="inventory doctor\nINVENTORY_CONFIG=/etc/inventory.yaml inventory doctor --json"
)
@data_dir_option
@click.option(
    "--plugins/--no-plugins", default=True, show_default=True, help="check the plugins, and test their secrets"
)
@click.pass_context
def doctor(context: click.Context, data_dir: Path, plugins: bool) -> None:
    """Check everything the service needs, and say how to fix what is wrong.

    Checks what the settings name, or else an `inventory up` that runs on --data-dir. Nothing is changed. Exit code 1 if
    a check failed; warnings alone are no failure.
    """
    # What checked parts log is reported as findings.
    logs.setup(level="error", form="text", process="doctor")
    found: list[Finding] = []
    for finding in _findings(context, data_dir, plugins=plugins):
        found.append(finding)
        if not wants_json():
            _print(finding)
    counts = {level: sum(each.level is level for each in found) for level in Level}
    healthy = not counts[Level.FAIL]
    if wants_json():
        checks = [{"check": e.check, "level": e.level.value, "message": e.message, "mend": e.mend} for e in found]
        print_json({"healthy": healthy, "checks": checks})
    else:
        echo(", ".join(f"{count} {level.value}" for level, count in counts.items() if count))
    if not healthy:
        context.exit(EXIT_FAILED)


def _findings(context: click.Context, data_dir: Path, *, plugins: bool) -> Iterator[Finding]:
    options = context.find_object(ClientOptions) or ClientOptions(endpoint=DEFAULT_ENDPOINT)
    try:
        loaded = settings_module.load()
        up = running_up(data_dir)
        settings = _settings(loaded, up)
    except SettingsError as exc:
        yield Finding("settings", Level.FAIL, exc.message, "Correct it; `inventory config` lists all settings.")
        return
    source = context.find_root().get_parameter_source("endpoint")
    if source is click.core.ParameterSource.DEFAULT:
        endpoint = host_port(reachable(settings.host), settings.port)
        if up is not None and "port" not in loaded.model_fields_set:
            endpoint = up.endpoint
        options = dataclasses.replace(options, endpoint=endpoint)
    yield server_finding(options)
    # Everything that a process of the service imports: no other command should wait for it.
    from inventory.bootstrap.doctor import run_checks

    yield from run_checks(settings, plugins=plugins)


def _settings(loaded: Settings, up: RunningUp | None) -> Settings:
    """Return the settings in force; what they do not name is as in the running ``up``."""
    running = {} if up is None else up.settings
    return settings_module.load(
        **{name: value for name, value in running.items() if name not in loaded.model_fields_set}
    )


def server_finding(options: ClientOptions) -> Finding:
    """Return whether the gRPC server reports that it is serving."""
    channel = open_channel(options)
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
    except grpc.RpcError as exc:
        mend = "Start it (inventory server, or inventory up), or name it: --endpoint, INVENTORY_ENDPOINT."
        return Finding("server", Level.FAIL, f"{options.endpoint} does not answer: {exc.code().name}", mend)
    finally:
        channel.close()
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        mend = "It cannot reach MongoDB, or is stopping: see its log."
        return Finding("server", Level.FAIL, f"{options.endpoint} answers, but is not serving", mend)
    return Finding("server", Level.OK, f"{options.endpoint} serves")


def _print(finding: Finding) -> None:
    out = console()
    level = (f"{finding.level.value:<4}", _STYLE[finding.level])
    out.print(styled(level, as_text(f"  {finding.check}: {finding.message}")), soft_wrap=True)
    if finding.mend:
        out.print(as_text(f"      → {finding.mend}"), soft_wrap=True)


COMMANDS = (doctor,)
