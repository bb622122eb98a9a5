"""Resources that are missing from the start, so many that their deletion is held until a client answers the hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from pymongo.database import Database

from inventory.manager.deletion.holds import HoldManager
from inventory.manager.deletion.settle import HoldSettler
from inventory.model.documents.deletion import APPROVED, DISCARDED, DISSOLVED, HELD
from tests.chaos.world import DOMAIN, SHARED, CollectorSpec

Document = dict[str, Any]

PREFIX: Final = "missing/"
"""How the ids of these resources begin."""
MISSING: Final = {"$regex": f"^{PREFIX}"}
"""A condition that finds their ids."""
COLLECTORS: Final = 2
"""How many collectors miss some: a plain and a sliced one."""
GUARDED: Final = 20
"""Fewer are deleted without a hold: what is left of one whose approval was interrupted, should it be undone."""
UNGUARDED: Final = 0.5
"""More than such a part of a secret's missing resources are above the guard's default: 30 % of all that it has."""
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


def settle_holds(database: Database[Document]) -> None:
    """Do what the schedulers do every half a minute: complete what was interrupted, and close what is empty."""
    # Only what a collect no longer sees is held here, nothing for its age.
    settler = HoldSettler(database=database, holds=HoldManager(database=database), release_seen=lambda _: None)
    settler.settle(datetime.now(UTC))


def hold_violations(
    database: Database[Document], planted: Mapping[str, int], answered: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """None of the missing resources is lost, none is deleted while it is held, and the counts of the holds are right.

    Args:
        database: of the run, all settled.
        planted: the number of missing resources by secret.
        answered: the states of holds that were told to a client as decided, by id.
    """
    holds = {hold["deletion_id"]: hold for hold in database["deletion"].find({"secret_id": {"$in": list(planted)}})}
    found = list(database["cloud_service"].find({"reference.resource_id": MISSING}))
    by_secret: dict[str, list[Document]] = {secret_id: [] for secret_id in planted}
    for resource in found:
        by_secret[resource["reference"]["resource_id"].split("/")[1]].append(resource)
    for secret_id, resources in by_secret.items():
        names = {resource["reference"]["resource_id"] for resource in resources}
        if not len(names) == len(resources) == planted[secret_id]:
            yield f"{secret_id}: {len(resources)} missing resources of {len(names)} ids, not {planted[secret_id]}"
        at_once = Counter(resource["deleted_by"] for resource in resources if resource["state"] == "DELETED")
        for deleter, count in at_once.items():
            if deleter not in holds and count >= max(GUARDED, planted[secret_id] * UNGUARDED):
                yield f"{deleter} has deleted {count} of {planted[secret_id]} missing resources of {secret_id}"
        unheld = _missed_too_often(database, secret_id, resources)
        if unheld:
            yield f"{secret_id}: {unheld} resources are missing, and neither held nor deleted"
        still_held = [hold for hold in holds.values() if hold["secret_id"] == secret_id and hold["state"] == HELD]
        if len(still_held) > 1:
            yield f"{secret_id} has {len(still_held)} holds at once"
    deleted = Counter(resource["deleted_by"] for resource in found if resource["state"] == "DELETED")
    living = {resource["cloud_service_id"] for resource in found if resource["state"] == "ACTIVE"}
    restored = HoldManager(database=database).restored(DOMAIN, list(holds))
    for hold_id, hold in holds.items():
        yield from _hold_violations(database, hold, living)
        left = hold["deleted_count"] - restored.get(hold_id, 0)
        if deleted[hold_id] != left:
            counts = f"{hold['deleted_count']} and {restored.get(hold_id, 0)} are restored"
            yield f"{hold_id} has deleted {counts}, and {deleted[hold_id]} are deleted"
    for deleter in deleted.keys() - holds.keys():
        if not deleter.startswith("job_task-"):
            yield f"{deleter} has deleted {deleted[deleter]}"
    for hold_id, state in answered.items():
        if holds[hold_id]["state"] != state:
            yield f"{hold_id} was told to be {state}, and is {holds[hold_id]['state']}"


def _missed_too_often(database: Database[Document], secret_id: str, resources: Sequence[Document]) -> int:
    """Return how many of the resources live though complete collects have missed them, and are not held."""
    living = [resource["cloud_service_id"] for resource in resources if resource["state"] == "ACTIVE"]
    missed = {"secret_id": secret_id, "hold_id": None, "disconnected_count": {"$gt": MISSES}}
    return database["collection_state"].count_documents({**missed, "cloud_service_id": {"$in": living}})


def _hold_violations(database: Database[Document], hold: Document, living: Set[str]) -> Iterator[str]:
    """Each resource of a hold that waits lives, and no other hold has any."""
    states = database["collection_state"].find({"domain_id": DOMAIN, "hold_id": hold["deletion_id"]})
    marked = [state["cloud_service_id"] for state in states]
    if hold["state"] not in (HELD, APPROVED, DISCARDED, DISSOLVED):
        yield f"{hold['deletion_id']} is still {hold['state']}"
    elif hold["state"] != HELD and marked:
        yield f"{hold['deletion_id']} is {hold['state']} and holds {len(marked)} resources"
    elif hold["state"] == HELD and (len(marked) != hold["held"] or not living >= set(marked)):
        yield f"{hold['deletion_id']} holds {len(marked)} of {hold['held']}, {len(set(marked) - living)} deleted"
