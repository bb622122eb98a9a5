"""The health pages of the other processes."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

from inventory.doctor.finding import Finding, fail, ok, warn
from inventory.process.addresses import host_port, reachable
from inventory.settings import Settings

_TIMEOUT_SECONDS: Final = 5.0
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Proxies of the environment are for the outer world, not for neighbours."""


def check_processes(settings: Settings) -> Iterator[Finding]:
    """Ask gateway, worker and scheduler on the configured host and ports whether they are ready."""
    host = reachable(settings.host)
    ports = {
        "gateway": settings.gateway_port,
        "worker": settings.worker_health_port,
        "scheduler": settings.scheduler_health_port,
    }
    for name, port in ports.items():
        yield _page(name, f"http://{host_port(host, port)}/readyz")


def _page(name: str, url: str) -> Finding:
    try:
        with _OPENER.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            answer.read()
        return ok(name, f"{url} says it is ready")
    except urllib.error.HTTPError as exc:
        return fail(name, f"{url} is not ready: {_reasons(exc)}", "Mend what it names; its log has more.")
    except (OSError, http.client.HTTPException, ValueError):
        mend = f"Start it (inventory {name}), unless it runs on another machine or port."
        return warn(name, f"nothing answers at {url}", mend)


def _reasons(error: urllib.error.HTTPError) -> str:
    try:
        content = json.loads(error.read())
        broken = [f"{name} {result}" for name, result in content.get("checks", {}).items() if result != "ok"]
        return ", ".join(broken) or str(content.get("status", error.code))
    except (OSError, ValueError, AttributeError):
        return f"HTTP {error.code}"
