"""Commands that run processes of the service, and the one that prints the settings."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import click
from pydantic import SecretStr

from inventory import settings
from inventory.cli.command_form import Command, JsonCommand, wants_json
from inventory.cli.failures import EXIT_USAGE, note_process
from inventory.cli.terminal import echo
from inventory.cli.view.output import add_row, console, plain_table, print_json
from inventory.devruntime.running import DATA_DIR
from inventory.observe import log_stream, logs
from inventory.observe.metrics_folder import metrics_folder
from inventory.process.interpreter import importing
from inventory.settings.contradictions import contradictions

PORT = click.IntRange(0, 65535)


def _start(kind: str, **overrides: object) -> settings.Settings:
    loaded = settings.load(**{key: value for key, value in overrides.items() if value is not None})
    # People watch the output of `up`, and that of the processes it starts.
    form = "text" if kind == "up" and "log_format" not in loaded.model_fields_set else loaded.log_format
    logs.setup(level=loaded.log_level, form=form, process=kind)
    note_process()
    for name in settings.unknown_variables():
        # Its value may be a secret of the static file, so only the name is logged.
        logs.get_logger(__name__).warning("unknown_setting", name=name, suggestion=settings.nearest_variable(name))
    return loaded


@click.command(cls=Command, example="inventory up --data-dir .inventory --demo")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    default=DATA_DIR,
    show_default=True,
)
@click.option("--port", type=PORT, help="port of the gRPC server; 0: any free one")
@click.option("--mongo-port", type=PORT, help="port of the MongoDB it starts; 0: any free one")
@click.option("--redis-port", type=PORT, help="port of the Redis it starts; 0: any free one")
@click.option("--plugin-port", type=PORT, help="port of the local plugin; 0: any free one")
@click.option("--verbose", is_flag=True, help="show everything the processes log, not only warnings")
@click.option("--demo", is_flag=True, help="register the local collector, collect this machine once, show the result")
def up(
    data_dir: Path,
    port: int | None,
    mongo_port: int | None,
    redis_port: int | None,
    plugin_port: int | None,
    verbose: bool,
    demo: bool,
) -> None:
    """Run everything on this machine, including a MongoDB and a Redis."""
    with importing():
        from inventory.cli.commands.demo import Demonstration
        from inventory.devruntime.up import UpOptions, run_up

    loaded = _start("up", port=port)
    if not verbose and "log_level" not in loaded.model_fields_set:
        loaded = loaded.model_copy(update={"log_level": "warning"})
    out = console(log_stream.output())
    options = UpOptions(
        data_dir=data_dir,
        settings=loaded,
        mongo_port=mongo_port,
        redis_port=redis_port,
        plugin_port=plugin_port,
        console=out,
        demo=Demonstration(out, data_dir) if demo else None,
    )
    sys.exit(run_up(options))


@click.command(
    cls=Command,
    example="INVENTORY_MONGO_URI=mongodb://db1/?replicaSet=rs0 INVENTORY_REDIS_URL=redis://redis1/0 inventory server",
)
@click.option("--port", type=PORT, help="port to listen on")
def server(port: int | None) -> None:
    """Run the gRPC server."""
    loaded = _start("server", port=port)
    with metrics_folder() if loaded.server_processes > 1 else contextlib.nullcontext():
        with importing():
            from inventory.api.server import run

        sys.exit(run(loaded))


@click.command(cls=Command, example="INVENTORY_CONFIG=/etc/inventory.yaml inventory worker")
def worker() -> None:
    """Run a worker, which collects resources."""
    loaded = _start("worker")
    with metrics_folder():
        with importing():
            from inventory.worker import run

        sys.exit(run(loaded))


@click.command(cls=Command, example="INVENTORY_CONFIG=/etc/inventory.yaml inventory scheduler")
def scheduler() -> None:
    """Run the scheduler, which fires schedules, sweeps and does housekeeping."""
    with importing():
        from inventory.scheduler import run

    sys.exit(run(_start("scheduler")))


@click.command(cls=Command, example="inventory gateway --port 8080 --upstream 127.0.0.1:50051")
@click.option("--port", "gateway_port", type=PORT, help="HTTP port to listen on")
@click.option("--upstream", "gateway_upstream", help="host:port of the gRPC server")
def gateway(gateway_port: int | None, gateway_upstream: str | None) -> None:
    """Run the gateway: the API over HTTP and JSON, with its documentation at /docs."""
    with importing():
        from inventory.gateway import run

    sys.exit(run(_start("gateway", gateway_port=gateway_port, gateway_upstream=gateway_upstream)))


@click.command("plugin-local", cls=Command, example="inventory plugin-local --port 50060")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=50060, show_default=True)
def plugin_local(host: str, port: int) -> None:
    """Run the bundled plugin, which collects this machine."""
    with importing():
        from inventory.plugin_local import serve

    logs.setup(level="info", form="json", process="plugin-local")
    serve(host, port)


@click.command(cls=JsonCommand, example="INVENTORY_WORKER_THREADS=16 inventory config")
@click.pass_context
def config(context: click.Context) -> None:
    """Print the settings in force, secrets masked; exit with 2 if some contradict each other."""
    loaded = settings.load()
    for name in settings.unknown_variables():
        near = settings.nearest_variable(name)
        hint = f"; did you mean {near}?" if near else ""
        echo(f"note: {name} is set, but there is no such setting{hint}", err=True)
    values = {name: _shown(getattr(loaded, name)) for name in type(loaded).model_fields}
    if wants_json():
        print_json(values)
    else:
        table = plain_table("setting", "value", "meaning")
        for name, value in values.items():
            meaning = type(loaded).model_fields[name].description or ""
            add_row(table, f"INVENTORY_{name.upper()}", _typed(value), meaning)
        console().print(table)
    if found := list(contradictions(loaded)):
        for contradiction in found:
            echo(f"error: {contradiction}", err=True)
        context.exit(EXIT_USAGE)


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _typed(value: object) -> str:
    """Return a value in the form in which a variable holds it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


COMMANDS = (up, server, worker, scheduler, gateway, plugin_local, config)
