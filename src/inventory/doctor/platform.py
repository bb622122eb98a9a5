"""What collectors need: secrets, and plugins that answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pymongo

from inventory.doctor.finding import fail, ok, skip, warn
from inventory.doctor.surroundings import Surroundings
from inventory.domain.finding import Finding
from inventory.domain.principal import Principal, system_principal
from inventory.domain.redact import redact, secret_options
from inventory.errors import InventoryError
from inventory.model.connection import translated_errors
from inventory.process.addresses import bare, parse_endpoint
from inventory.service.collector.verify_plugin import PluginVerifier

COLLECTORS_TRIED: Final = 50
_CONNECT_SECONDS: Final = 3.0
_CALL_SECONDS: Final = 10.0
_SERVICES: Final = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")


def check_platform(container: Surroundings) -> Iterator[Finding]:
    """Check the source of plugins and secrets."""
    settings = container.settings
    if settings.platform == "static":
        yield from _static(container)
        return
    for name in _SERVICES:
        yield _service(name.removesuffix("_endpoint"), getattr(settings, name))


def _static(container: Surroundings) -> Iterator[Finding]:
    check, file = "secrets", container.settings.static_file
    if file is None:
        mend = "Set INVENTORY_STATIC_FILE, or INVENTORY_PLATFORM=grpc and its endpoints."
        yield fail(check, "no static file is configured", mend)
        return
    # If it cannot be read, raises SettingsError, which names file, line and reason.
    faults = container.static_faults(file)
    for secret_id, reason in faults.unreadable.items():
        yield warn(check, f"{secret_id}: {reason}", "Fix it, if this user and environment are those of the workers.")
    if faults.exposed:
        mend = f"chmod 600 {file}"
        yield warn(check, f"{file} contains secrets, and others may read it", mend)
    if not faults.unreadable and not faults.exposed:
        yield ok(check, f"{file}: plugins: {faults.plugins}, secrets: {faults.secrets}; all readable")


def _service(name: str, endpoint: str) -> Finding:
    check = f"{name} service"
    if not endpoint:
        return fail(check, "has no endpoint", f"Set INVENTORY_{name.upper()}_ENDPOINT to grpc://host:port.")
    address = parse_endpoint(endpoint)
    host, _, port = address.target.rpartition(":") if address else ("", "", "0")
    try:
        with socket.create_connection((bare(host), int(port)), timeout=_CONNECT_SECONDS):
            return ok(check, f"{endpoint} accepts connections")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "no answer"
        return fail(check, f"{endpoint}: {reason}", "Start it, or correct the endpoint in the settings.")


def check_plugins(container: Surroundings) -> Iterator[Finding]:
    """Ask the plugin of each enabled collector for its metadata, and whether it accepts a secret."""
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        wanted = {"state": "ENABLED"}
        total = container.database["collector"].count_documents(wanted)
        collectors = list(container.database["collector"].find(wanted).limit(COLLECTORS_TRIED))
    if not collectors:
        yield skip("plugins", "no collector is enabled")
    for collector in collectors:
        yield _plugin(container, collector)
    if total > len(collectors):
        yield skip("plugins", f"{total - len(collectors)} further collectors were not tested")


def _plugin(container: Surroundings, collector: Mapping[str, Any]) -> Finding:
    info = collector["plugin_info"]
    check = f"plugin {info['plugin_id']}"
    name = collector.get("name") or collector["collector_id"]
    token = container.settings.system_token.get_secret_value()
    principal = system_principal(collector["domain_id"], token=token, transaction_id="doctor")
    where = ""
    try:
        endpoint = container.plugins.endpoint(info, principal)
        where = f" at {endpoint.endpoint}"
        container.plugins.connect(endpoint, principal).init(info.get("options") or {})
    except InventoryError as exc:
        reason = redact(exc.message, secret_options(info.get("options") or {}))
        mend = f"Start it, or see its log; `inventory plugin try {where[4:] or 'ENDPOINT'}` shows what it answers."
        return fail(check, f"of {name!r}{where}: {reason}", mend)
    return _verified(container, collector, principal, check, f"of {name!r}{where}: answers")


def _verified(
    container: Surroundings, collector: Mapping[str, Any], principal: Principal, check: str, words: str
) -> Finding:
    verifier = PluginVerifier(plugins=container.plugins, secrets=container.secrets)
    try:
        if not container.secrets.list_of_plugin(collector["plugin_info"], principal):
            mend = "Give the collector a secret, or a provider that has some; otherwise its jobs have no tasks."
            return warn(check, f"{words}, but there is no secret to collect with", mend)
        verifier.verify(principal, collector)
    except InventoryError as exc:
        mend = f"`inventory collector verify {collector['collector_id']}` tests them on the server."
        return fail(check, f"{words}, but accepts none of the secrets: {exc.message}", mend)
    return ok(check, f"{words}, accepts a secret")
