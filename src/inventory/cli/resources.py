"""Commands for what was collected: ``resource …``, and ``call`` for everything else the API can do."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import connected, methods
from inventory.cli.output import Column, json_option, print_json, print_rows
from inventory.cli.parameters import STRUCT

KINDS: dict[str, tuple[str, tuple[Column, ...]]] = {
    "cloud-service": (
        "CloudService",
        (
            ("cloud service", "cloud_service_id"),
            ("name", "name"),
            ("group", "cloud_service_group"),
            ("type", "cloud_service_type"),
            ("provider", "provider"),
            ("region", "region_code"),
            ("updated at", "updated_at"),
        ),
    ),
    "cloud-service-type": (
        "CloudServiceType",
        (
            ("type", "cloud_service_type_id"),
            ("name", "name"),
            ("group", "group"),
            ("provider", "provider"),
            ("updated at", "updated_at"),
        ),
    ),
    "region": (
        "Region",
        (("region", "region_id"), ("name", "name"), ("code", "region_code"), ("provider", "provider")),
    ),
}


@click.group()
def resource() -> None:
    """Show what was collected."""


@resource.command("list")
@click.option("--kind", type=click.Choice(list(KINDS)), default="cloud-service", show_default=True)
@click.option("--type", "type_", default="", help="only cloud services of this type, or types of this name")
@click.option("--provider", default="")
@click.option("--keyword", default="")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@click.pass_context
def list_resources(
    context: click.Context,
    kind: str,
    type_: str,
    provider: str,
    keyword: str,
    limit: int,
    as_json: bool,  # noqa: ARG001
) -> None:
    """List cloud services, their types or regions."""
    service, columns = KINDS[kind]
    request: dict[str, Any] = {"query": {"keyword": keyword, "page": {"start": 1, "limit": limit}}}
    if type_:
        request["cloud_service_type" if kind == "cloud-service" else "name"] = type_
    if provider:
        request["provider"] = provider
    with connected(context) as client:
        print_rows(context, client.call(f"{service}.list", **request), columns)


@resource.command("get")
@click.argument("resource_id")
@click.pass_context
def get_resource(context: click.Context, resource_id: str) -> None:
    """Show one resource whole, as JSON."""
    if resource_id.startswith("cloud-svc-type-"):
        kind, key = "CloudServiceType", "cloud_service_type_id"
    elif resource_id.startswith("region-"):
        kind, key = "Region", "region_id"
    else:
        kind, key = "CloudService", "cloud_service_id"
    with connected(context) as client:
        print_json(client.call(f"{kind}.get", **{key: resource_id}))


@click.command()
@click.argument("method")
@click.argument("request", type=STRUCT, default="{}")
@click.pass_context
def call(context: click.Context, method: str, request: Any) -> None:
    """Call any METHOD of the API, such as Collector.stat, with REQUEST as JSON (or @FILE)."""
    if method not in methods():
        raise click.UsageError(f"no method {method!r}; there are: {', '.join(sorted(methods()))}")
    with connected(context) as client:
        print_json(client.call(method, **request))


COMMANDS = (resource, call)
