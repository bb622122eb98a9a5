"""Resources that are missing from the start, so many that their deletion is held: none is deleted, no hold is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo.database import Database

from tests.chaos.world import DOMAIN, SHARED, CollectorSpec

Document = dict[str, Any]

PREFIX: Final = "missing/"
"""How the ids of these resources begin."""
COLLECTORS: Final = 2
"""How many collectors miss some: a plain and a sliced one."""
MISSES: Final = 2
"""The next complete collect would delete them: the default threshold is 3."""


def plant(database: Database[Document], specs: Mapping[str, CollectorSpec]) -> dict[str, int]:
    """Let each secret of some collectors have as many missing resources as it has others; return how many each has.

    Args:
        database: of the run, with its indexes.
        specs: the collectors by id.

    Returns:
        The number by secret.
    """
    now = datetime.now(UTC)
    planted: dict[str, int] = {}
    chosen = [(each, spec) for each, spec in specs.items() if not spec.leaks][:COLLECTORS]
    for collector_id, spec in chosen:
        for account in range(spec.accounts):
            secret_id = f"secret-{spec.name}-{account}"
            planted[secret_id] = max(20, spec.streams * (spec.resources + SHARED))
            names = [f"{PREFIX}{secret_id}/{number}" for number in range(planted[secret_id])]
            found = [_documents(collector_id, secret_id, spec.provider, name, now) for name in names]
            for collection in found[0]:
                database[collection].insert_many([each[collection] for each in found])
    return planted


def _documents(collector_id: str, secret_id: str, provider: str, name: str, now: datetime) -> dict[str, Document]:
    """Return a resource, its record and its collection state, by collection."""
    cloud_service_id = f"cloud-svc-{name.replace('/', '-')}"
    own = {"domain_id": DOMAIN, "cloud_service_id": cloud_service_id}
    seen_at = now - timedelta(hours=2)
    info = {"provider": provider, "secret_id": secret_id, "collector_id": collector_id, "last_collected_at": seen_at}
    service = {
        "state": "ACTIVE",
        "name": name,
        "provider": provider,
        "cloud_service_group": "Compute",
        "cloud_service_type": "Server",
        "ref_cloud_service_type": f"{DOMAIN}.{provider}.Compute.Server",
        "reference": {"resource_id": name},
        "data": {},
        "collection_info": [info],
        "revision": 1,
        "created_at": seen_at,
        "updated_at": seen_at,
    }
    record = {"record_id": f"record-{name}", "action": "CREATE", "diff": [], "diff_count": 0, "revision": 1}
    state = {"collector_id": collector_id, "secret_id": secret_id, "job_task_id": "", "seen_at": seen_at}
    return {
        "cloud_service": {**own, **service},
        "record": {**own, **record, "updated_by": "COLLECTOR", "created_at": seen_at},
        "collection_state": {**own, **state, "disconnected_count": MISSES},
    }


def hold_violations(database: Database[Document], planted: Mapping[str, int]) -> Iterator[str]:
    """Each secret's missing resources live, and exactly one hold, that nobody has answered, holds all of them."""
    for secret_id, count in planted.items():
        names = {"reference.resource_id": {"$regex": f"^{PREFIX}{secret_id}/"}}
        living = database["cloud_service"].count_documents({**names, "state": "ACTIVE"})
        if living != count:
            yield f"{count - living} of {count} missing resources of {secret_id} are deleted, though they are held"
        holds = list(database["deletion"].find({"secret_id": secret_id}))
        if [(hold["state"], hold["held"]) for hold in holds] != [("HELD", count)]:
            yield f"{secret_id}: holds {[(hold['state'], hold['held']) for hold in holds]}, not one of {count}"
        held = database["collection_state"].count_documents(
            {"secret_id": secret_id, "hold_id": {"$in": [hold["deletion_id"] for hold in holds]}}
        )
        if held != count:
            yield f"{secret_id}: {held} of {count} missing resources are held"
