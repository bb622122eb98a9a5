"""Housekeeping: removes what has aged out of the inventory, per domain, every hour (contract, section 7)."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import InvalidOperation

from inventory.domain.deletion_guard import NO_GUARD, DeletionGuard
from inventory.domain.plain import Document
from inventory.errors import ConnectionFailureError
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.manager.transactions import ClaimLostError, Fence, Transactions
from inventory.model.connection import translated_errors
from inventory.observe.logs import get_logger
from inventory.service.resource.ageing import Ageing, Ages
from inventory.service.resource.last_seen import SuccessfulRuns

_MANUAL: Final = "manual"

_log = get_logger(__name__)


@dataclass(slots=True)
class HousekeepingCounts:
    """What one run removed in one domain."""

    deleted: int = 0
    types: int = 0
    regions: int = 0
    terminated: int = 0
    held: int = 0
    """Resources that would have been deleted, and are held because there are too many of them."""


class Housekeeping:
    """Ages out resources, types and regions, and permanently removes what was deleted long ago.

    Resources that are not seen because collecting fails do not age: one is removed only if its collector (and, for a
    resource, its secret) has had a successful task that began after it was last seen.
    """

    def __init__(
        self,
        *,
        database: Database[Document],
        ages: Ages | None = None,
        excluded_domains: Collection[str] = (),
        guard: DeletionGuard = NO_GUARD,
    ) -> None:
        self._database = database
        self._ages = ages or Ages()
        self._excluded = frozenset(excluded_domains)
        self._remover = ResourceRemover(database=database)
        self._ageing = Ageing(database=database, ages=self._ages, guard=guard)
        self._caches = FilterCacheStore(database=database)

    def run(
        self, now: datetime, fence: Fence | None = None, session: ClientSession | None = None
    ) -> dict[str, HousekeepingCounts]:
        """Do the housekeeping of all domains; may be repeated at any time.

        A domain that fails, for example because of a document that was broken by hand, is logged and left to the next
        run.

        Args:
            fence: the claim of the duty: if it is lost, nothing more is done; None for none.
            session: used for the writes; None: a new one.

        Returns:
            What was removed, by domain, without the domains that failed.

        Raises:
            ConnectionFailureError: MongoDB is unreachable.
        """
        done = {}
        with translated_errors():
            domains = self._domains()
            for domain_id in self._excluded:
                self._ageing.dissolve_holds(domain_id, now)
        transactions = Transactions(database=self._database, fence=fence)
        with transactions.session(session):
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
        aged = self._ageing.run(domain_id, now, transactions)
        counts = HousekeepingCounts(
            deleted=aged.deleted,
            held=aged.held,
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

    def _age_metadata(
        self, domain_id: str, now: datetime, collection: str, reference: str, transactions: Transactions
    ) -> int:
        """Remove types or regions that their collector no longer sends and that nothing refers to."""
        runs = SuccessfulRuns(self._database, domain_id)
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


def _place(exc: Exception) -> str:
    """Return where it was raised, outermost frame first, without the text at the end of a traceback."""
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(exc.__traceback__))
