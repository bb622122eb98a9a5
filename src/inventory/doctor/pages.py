"""The health pages of the other processes."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

from inventory.doctor.finding import fail, ok, warn
from inventory.domain.finding import Finding
from inventory.observe.page_owner import PageOwner, owner_of
from inventory.process.addresses import host_port, reachable
from inventory.settings import Settings
from inventory.settings.installation import gateway_mark, store_mark

_TIMEOUT_SECONDS: Final = 5.0
_MAX_BYTES: Final = 65_536
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Proxies in the environment are for external addresses, not for other processes of the service."""


def check_processes(settings: Settings) -> Iterator[Finding]:
    """Ask gateway, worker and scheduler on the configured host and ports whether they are ready.

    If another program or another installation answers there, that says nothing about this one.
    """
    host = reachable(settings.host)
    # With the settings of an `inventory up` that uses an external MongoDB, that MongoDB is unknown here.
    store = store_mark(settings) if settings.mongo_uri.get_secret_value() else ""
    for owner, port in (
        (PageOwner("gateway", gateway_mark(settings)), settings.gateway_port),
        (PageOwner("worker", store), settings.worker_health_port),
        (PageOwner("scheduler", store), settings.scheduler_health_port),
    ):
        yield _page(owner, f"http://{host_port(host, port)}/readyz")


def _page(wanted: PageOwner, url: str) -> Finding:
    name = wanted.process
    try:
        with _OPENER.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            body = answer.read(_MAX_BYTES)
        return _foreign(wanted, url, body) or ok(name, f"{url} says it is ready")
    except urllib.error.HTTPError as exc:
        with exc:
            body = exc.read(_MAX_BYTES)
        foreign = _foreign(wanted, url, body)
        return foreign or fail(name, f"{url} is not ready: {_reasons(body)}", "Fix what it names; its log has details.")
    except (OSError, http.client.HTTPException, ValueError):
        mend = f"Start it (inventory {name}), unless it runs on another machine or port."
        return warn(name, f"nothing answers at {url}", mend)


def _foreign(wanted: PageOwner, url: str, body: bytes) -> Finding | None:
    """Return the finding if the page does not belong to the requested process."""
    owner = owner_of(body)
    if owner is not None and owner in (wanted, wanted._replace(installation=wanted.installation or owner.installation)):
        return None
    mend = f"Give the {wanted.process} a port of its own, or run doctor with the settings of this installation."
    if owner is None:
        return warn(wanted.process, f"another program answers at {url}", mend)
    if owner.process != wanted.process:
        return warn(wanted.process, f"inventory's {owner.process} answers at {url}", mend)
    return warn(wanted.process, f"the {wanted.process} at {url} belongs to another installation", mend)


def _reasons(body: bytes) -> str:
    try:
        content = json.loads(body)
        broken = [f"{name} {result}" for name, result in content["checks"].items() if result != "ok"]
        return ", ".join(broken) or str(content["status"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return "its page gives no reason"
