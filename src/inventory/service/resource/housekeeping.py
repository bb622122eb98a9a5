"""Housekeeping: removes what has aged out of the inventory, per domain, every hour (contract, section 7)."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import InvalidOperation

from inventory.domain.batches import batched
from inventory.errors import ConnectionFailureError
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import ClaimLostError, Fence, Transactions
from inventory.model.connection import Document, translated_errors
from inventory.observe.logs import get_logger

_BATCH: Final = 500
_MANUAL: Final = "manual"
_DELETED_BY: Final = "housekeeping"

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ages:
    """Maximum ages.

    Attributes:
        resource_hours: time without update after which a CloudService is DELETED, a type or region removed, h.
        hours_by_type: the same for single types of CloudServices, by ``provider.group.type``, h.
        retention_days: how long DELETED resources are kept, days.
    """

    resource_hours: float = 48.0
    hours_by_type: Mapping[str, float] = field(default_factory=dict)
    retention_days: float = 90.0


@dataclass(slots=True)
class HousekeepingCounts:
    """What one run removed in one domain."""

    deleted: int = 0
    types: int = 0
    regions: int = 0
    terminated: int = 0


class Housekeeping:
    """Ages out resources, types and regions, and permanently removes what was deleted long ago.

    Resources that are not seen because collecting fails do not age: one is removed only if its collector (and, for a
    resource, its secret) has had a successful task that began after it was last seen.
    """

    def __init__(
        self, *, database: Database[Document], ages: Ages | None = None, excluded_domains: Collection[str] = ()
    ) -> None:
        self._database = database
        self._ages = ages or Ages()
        self._excluded = frozenset(excluded_domains)
        self._remover = ResourceRemover(database=database)
        self._states = StateStore(database=database)
        self._caches = FilterCacheStore(database=database)

    def run(self, now: datetime, fence: Fence | None = None) -> dict[str, HousekeepingCounts]:
        """Do the housekeeping of all domains; may be repeated at any time.

        A domain that fails, for example because of a document that was broken by hand, is logged and left to the next
        run.

        Args:
            now: the current time.
            fence: the claim of the duty: if it is lost, nothing more is done; None for none.

        Returns:
            What was removed, by domain, without the domains that failed.

        Raises:
            ConnectionFailureError: MongoDB is unreachable.
        """
        done = {}
        with translated_errors():
            domains = self._domains()
        transactions = Transactions(database=self._database, fence=fence)
        for domain_id in domains:
            try:
                counts = self._tried(domain_id, now, transactions)
            except ClaimLostError:
                _log.warning("housekeeping_lost")
                break
            if counts is not None:
                done[domain_id] = counts
        return done

    def _tried(self, domain_id: str, now: datetime, transactions: Transactions) -> HousekeepingCounts | None:
        """Do the housekeeping of one domain and return what was removed; None if it failed.

        The failure is not raised: the duty would count as not done, and the work of all domains would be repeated every
        few seconds for a fault that only an administrator can fix. Until the next regular run, nothing is missed.
        """
        try:
            with translated_errors():
                counts = self._keep(domain_id, now, transactions)
        except (ClaimLostError, ConnectionFailureError, InvalidOperation):
            # MongoDB is unreachable, or this process has closed its connections: either affects all domains.
            raise
        except Exception as exc:  # noqa: BLE001 (whatever is wrong with this domain, it is not with the others)
            # The error's text may quote a document.
            _log.error("housekeeping_failed", domain_id=domain_id, error=type(exc).__name__, place=_place(exc))
            return None
        if counts != HousekeepingCounts():
            _log.info("housekeeping_done", domain_id=domain_id, **asdict(counts))
        return counts

    def _keep(self, domain_id: str, now: datetime, transactions: Transactions) -> HousekeepingCounts:
        retained = now - timedelta(days=self._ages.retention_days)
        counts = HousekeepingCounts(
            deleted=self._age_resources(domain_id, now, transactions),
            types=self._age_metadata(domain_id, now, "cloud_service_type", "ref_cloud_service_type", transactions),
            regions=self._age_metadata(domain_id, now, "region", "ref_region", transactions),
            terminated=self._remover.terminate(domain_id, deleted_before=retained, transactions=transactions),
        )
        self._caches.remove_expired(domain_id, now)
        return counts

    def _domains(self) -> list[str]:
        found: set[str] = set()
        for collection in ("cloud_service", "cloud_service_type", "region", "filter_cache"):
            # A value that is not a string was broken by hand, and belongs to no domain.
            found.update(each for each in self._database[collection].distinct("domain_id") if isinstance(each, str))
        return sorted(found - self._excluded)

    def _age_resources(self, domain_id: str, now: datetime, transactions: Transactions) -> int:
        """Delete collected resources that were not updated within the time for their type."""
        runs = _SuccessfulRuns(self._database, domain_id)
        deleted = 0
        for query, cutoff in self._old(domain_id, now):
            fields = {"cloud_service_id": 1, "collection_info": 1, "updated_at": 1}
            for batch in batched(self._database["cloud_service"].find(query, fields), _BATCH):
                deleted += transactions.run(partial(self._delete, batch, runs, domain_id, now, cutoff))
        return deleted

    def _delete(
        self,
        batch: list[Document],
        runs: _SuccessfulRuns,
        domain_id: str,
        now: datetime,
        cutoff: datetime,
        session: ClientSession,
    ) -> int:
        """Delete, in a transaction, those of some old resources that nobody will see again; return how many."""
        states = self._states.last_seen(domain_id, [entry["cloud_service_id"] for entry in batch], session)
        seen = {entry["cloud_service_id"]: _last_seen(entry, states, runs.exists) for entry in batch}
        doomed = {key: last.collector_id for key, last in seen.items() if last.at < cutoff and runs.outlived(last)}
        if not doomed:
            return 0
        gone = self._remover.delete(
            list(doomed),
            domain_id=domain_id,
            now=now,
            deleted_by=_DELETED_BY,
            collector_ids=doomed,
            session=session,
            unless_updated_since=cutoff,
        )
        self._states.forget(domain_id, gone, session)
        return len(gone)

    def _old(self, domain_id: str, now: datetime) -> Iterator[tuple[Document, datetime]]:
        """Yield the queries for old resources: one per type with its own age, and one for all others."""
        collected = {"domain_id": domain_id, "state": "ACTIVE", "collection_info.0": {"$exists": True}}
        own = {f"{domain_id}.{key}": hours for key, hours in self._ages.hours_by_type.items()}
        for reference, hours in own.items():
            cutoff = now - timedelta(hours=hours)
            yield {**collected, "ref_cloud_service_type": reference, "updated_at": {"$lt": cutoff}}, cutoff
        cutoff = now - timedelta(hours=self._ages.resource_hours)
        others: Document = {**collected, "updated_at": {"$lt": cutoff}}
        if own:
            others["ref_cloud_service_type"] = {"$nin": list(own)}
        yield others, cutoff

    def _age_metadata(
        self, domain_id: str, now: datetime, collection: str, reference: str, transactions: Transactions
    ) -> int:
        """Remove types or regions that their collector no longer sends and that nothing refers to."""
        runs = _SuccessfulRuns(self._database, domain_id)
        cutoff = now - timedelta(hours=self._ages.resource_hours)
        query = {
            "domain_id": domain_id,
            "updated_at": {"$lt": cutoff},
            "seen_at": {"$not": {"$gte": cutoff}},
            "updated_by": {"$nin": [_MANUAL, None, ""]},
        }
        removed = 0
        fields = {"updated_by": 1, "updated_at": 1, "seen_at": 1, reference: 1}
        for entry in self._database[collection].find(query, fields):
            last = runs.last_of(entry["updated_by"])
            unseen = {"updated_at": entry["updated_at"], "seen_at": entry.get("seen_at")}
            seen_at = max(moment for moment in unseen.values() if moment is not None)
            lives = runs.exists(entry["updated_by"])
            if lives and (last is None or last <= seen_at):
                continue
            condition = {"_id": entry["_id"], "domain_id": domain_id, **unseen}
            users = {"domain_id": domain_id, reference: entry.get(reference), "state": "ACTIVE"}
            removed += transactions.run(partial(self._remove_unused, collection, condition, users))
        return removed

    def _remove_unused(self, collection: str, condition: Document, users: Document, session: ClientSession) -> int:
        """Remove, in a transaction, the type or region of ``condition`` unless a resource refers to it."""
        if self._database["cloud_service"].find_one(users, {"_id": 1}, session=session) is not None:
            return 0
        return self._database[collection].delete_one(condition, session=session).deleted_count


class _SuccessfulRuns:
    """When the last successful task of a collector (and secret) began; each is looked up once."""

    def __init__(self, database: Database[Document], domain_id: str) -> None:
        self._tasks = database["job_task"]
        self._domain_id = domain_id
        self._known: dict[tuple[str, str | None], datetime | None] = {}
        self._collectors: frozenset[str] | None = None

    def last_of(self, collector_id: str, secret_id: str | None = None) -> datetime | None:
        """Return when the newest successful task began; None if there was none."""
        pair = (collector_id, secret_id)
        if pair not in self._known:
            query: Document = {
                "domain_id": self._domain_id,
                "collector_id": collector_id,
                "status": "SUCCESS",
                # A filtered collect proves nothing about resources it did not request.
                "filter": {"$in": [None, {}]},
            }
            if secret_id is not None:
                query["secret_id"] = secret_id
            found = self._tasks.find(query, {"started_at": 1}).sort("started_at", -1).limit(1)
            self._known[pair] = next((task.get("started_at") for task in found), None)
        return self._known[pair]

    def exists(self, collector_id: str) -> bool:
        """Return whether the domain has the collector; an empty id counts as existing."""
        if self._collectors is None:
            found = self._tasks.database["collector"].distinct("collector_id", {"domain_id": self._domain_id})
            self._collectors = frozenset(found)
        return not collector_id or collector_id in self._collectors

    def outlived(self, last: _LastSeen) -> bool:
        """Return whether the last observer has succeeded without the resource since, or was deleted."""
        if not self.exists(last.collector_id):
            return True
        began = self.last_of(last.collector_id, last.secret_id)
        return began is not None and began > last.at


@dataclass(frozen=True, slots=True)
class _LastSeen:
    """Who last saw a resource, and when."""

    collector_id: str
    secret_id: str
    at: datetime


def _last_seen(entry: Document, states: Mapping[str, Document], exists: Callable[[str], bool]) -> _LastSeen:
    """Return who last saw a CloudService, by its ``collection_info`` and its newest collection state.

    A deleted collector is named only if there is no existing one, which may see the resource again.

    Args:
        entry: the CloudService.
        states: the newest collection states, by cloud_service_id.
        exists: whether there is a collector with this id.
    """
    updated_at = entry["updated_at"]
    seen = [
        _LastSeen(info.get("collector_id", ""), info.get("secret_id", ""), info.get("last_collected_at") or updated_at)
        for info in entry["collection_info"]
    ]
    state = states.get(entry["cloud_service_id"])
    if state is not None:
        seen.append(_LastSeen(state.get("collector_id", ""), state.get("secret_id", ""), state["seen_at"]))
    last = max([each for each in seen if exists(each.collector_id)] or seen, key=lambda each: each.at)
    return replace(last, at=max(updated_at, *(each.at for each in seen)))


def _place(exc: Exception) -> str:
    """Return where it was raised, outermost frame first, without the text at the end of a traceback."""
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(exc.__traceback__))
