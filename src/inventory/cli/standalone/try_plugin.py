"""``plugin try``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from inventory.cli.command_form import JsonCommand, wants_json
from inventory.cli.parameters import STRUCT
from inventory.cli.standalone.asking import connected_plugin, whole
from inventory.cli.standalone.input import mapping_from, variable
from inventory.cli.view.output import add_row, as_text, console, plain_table, print_json, styled
from inventory.domain.texts import counted
from inventory.plugin_check.fault import CountedFault, Severity

if TYPE_CHECKING:
    from inventory.plugin_check.trial import Report, Step

EXIT_VIOLATIONS: Final = 1
_SHOWN_REPORTED: Final = 5


@click.command(
    "try",
    cls=JsonCommand,
    example="inventory plugin try grpc://127.0.0.1:50060\ninventory plugin try host:50051 --secret secret.yaml",
)
@click.argument("endpoint")
@click.option("--secret", "secret_file", metavar="FILE", help="the secret's data, JSON or YAML; - for stdin")
@click.option("--secret-data-env", metavar="NAME", help="the variable with the secret's data as JSON")
@click.option("--options", type=STRUCT, default="{}", help="JSON or @FILE")
@click.option("--filter", "filter_", type=STRUCT, default="{}", help="the plugin's own filter, JSON or @FILE")
@click.option("--access-token-env", metavar="NAME", help="the variable with the plugin's access token")
@click.option("--limit", type=click.IntRange(0), default=1000, show_default=True, help="maximum messages; 0: all")
@click.option("--idle", type=click.FloatRange(1), default=120.0, show_default=True, help="maximum silence, seconds")
@click.option("--samples/--no-samples", default=True, show_default=True, help="show one resource of each type")
@click.pass_context
def try_plugin(
    context: click.Context,
    endpoint: str,
    secret_file: str | None,
    secret_data_env: str | None,
    options: Any,
    filter_: Any,
    access_token_env: str | None,
    limit: int,
    idle: float,
    samples: bool,
) -> None:
    """Call init, verify, get_tasks and collect of the plugin at ENDPOINT, and show what it sends.

    ENDPOINT is grpc://host:port, grpc+ssl://host:port or host:port. Nothing is stored. Each violation of the protocol
    is reported as ingest would meet it; if there is any, the exit code is 1. The secret's values are never shown.
    """
    from inventory.plugin_check.trial import Trial, TrialOptions

    if secret_file and secret_data_env:
        raise click.UsageError("--secret and --secret-data-env exclude each other")
    secret_data = mapping_from(file=secret_file, variable_name=secret_data_env, option="--secret") or {}
    token = variable(access_token_env) if access_token_env else ""
    quiet = wants_json()
    with connected_plugin(endpoint, token) as connection:
        wanted = TrialOptions(options=options, secret_data=secret_data, filter=filter_, limit=limit, idle_seconds=idle)
        report = Trial(connection, wanted, on_step=_say_nothing if quiet else _print_step).run()
    if quiet:
        print_json(_as_json(whole(endpoint), report))
    else:
        _print(console(), report, samples=samples)
    if report.faults.of(Severity.VIOLATION):
        context.exit(EXIT_VIOLATIONS)


def _say_nothing(_step: Step) -> None:
    """Print nothing; scripts read the report at the end."""


def _print_step(step: Step) -> None:
    mark = ("ok  ", "green") if step.good else ("fail", "bold red")
    words = as_text(f"  {step.name:<9}  {step.words} ")
    console().print(styled(mark, words, (f"({step.seconds:.2f} s)", "dim")), soft_wrap=True)


def _print(out: Console, report: Report, *, samples: bool) -> None:
    stream = report.stream
    if stream.shares:
        table = plain_table("type", "state", "messages", "bytes each", "largest")
        for (name, state), share in sorted(stream.shares.items()):
            each = f"{share.bytes / share.count:.0f}"
            add_row(table, name, state, str(share.count), each, str(share.largest))
        out.print()
        out.print(table)
    if samples and stream.samples:
        out.print(styled(("\nSamples", "bold")))
        for name, sample in stream.samples.items():
            _say(out, f"  {name}: {sample}")
    if stream.reported:
        heading = ("\nErrors that the plugin reports itself", "bold")
        out.print(styled(heading, f" ({stream.reported.total()})"))
        for message, count in stream.reported.most_common(_SHOWN_REPORTED):
            _say(out, f"  {count} × {message}")
    for title, severity in (("Violations", Severity.VIOLATION), ("Remarks", Severity.REMARK)):
        found = report.faults.of(severity)
        if found:
            out.print(styled((f"\n{title}", "bold")))
        for fault in found:
            _print_fault(out, fault)
    counts = ((len(report.faults.of(each)), each.value) for each in Severity)
    out.print(styled("\n" + ", ".join(counted(count, name) for count, name in counts)))


def _print_fault(out: Console, found: CountedFault) -> None:
    fault = found.fault
    times = f" ({found.count} times)" if found.count > 1 else ""
    style = "red" if fault.severity is Severity.VIOLATION else "yellow"
    words = as_text(f" in {fault.stage}{times}: {fault.message}")
    out.print(styled("  ", (fault.code, style), words), soft_wrap=True)
    if found.examples:
        _say(out, f"    {'; '.join(found.examples)}")


def _say(out: Console, line: str) -> None:
    out.print(as_text(line), soft_wrap=True)


def _as_json(address: str, report: Report) -> dict[str, Any]:
    stream = report.stream
    return {
        "endpoint": address,
        "steps": [
            {"name": each.name, "ok": each.good, "seconds": round(each.seconds, 3), "words": each.words}
            for each in report.steps
        ],
        "metadata": dict(report.metadata),
        "messages": [
            {"resource_type": name, "state": state, "count": e.count, "bytes": e.bytes, "largest": e.largest}
            for (name, state), e in sorted(stream.shares.items())
        ],
        "first_seconds": stream.first_seconds,
        "longest_silence": stream.longest_silence,
        "seconds": stream.seconds,
        "cut": report.cut,
        "reported": dict(stream.reported),
        "samples": stream.samples,
        **{
            f"{severity.value}s": [
                {
                    "stage": each.fault.stage,
                    "code": each.fault.code,
                    "message": each.fault.message,
                    "count": each.count,
                    "examples": each.examples,
                }
                for each in report.faults.of(severity)
            ]
            for severity in Severity
        },
    }
