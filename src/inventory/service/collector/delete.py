"""Deletes a collector with everything that belongs to it (contract, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.manager.collector.manager import DISABLED, CollectorManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.job.manager import JobManager
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.connection import translated_errors
from inventory.observe.logs import get_logger

log = get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class CollectorRemover:
    """Removes a collector; its jobs are kept."""

    collectors: CollectorManager
    schedules: ScheduleManager
    rules: CollectorRuleManager
    jobs: JobManager
    states: StateStore
    caches: FilterCacheStore

    def delete(self, domain_id: str, collector_id: str) -> None:
        """Remove the collector, its schedules, collection state, filter caches and rules; cancel its unfinished jobs.

        The collector is disabled first, so that nothing new begins, and its own document is removed last, so that an
        interrupted deletion can be repeated.

        Raises:
            NotFoundError: there is no such collector.
        """
        self.collectors.update_fields(domain_id, collector_id, {"state": DISABLED})
        self.schedules.delete_of_collector(domain_id, collector_id)
        self.jobs.cancel_jobs_of_collector(domain_id, collector_id)
        with translated_errors(key="collector_id"):
            self.states.delete_of_collector(domain_id, collector_id)
            self.caches.delete_of_collector(domain_id, collector_id)
        self.rules.delete_of_collector(domain_id, collector_id)
        self.collectors.delete(domain_id, collector_id)
        # A collect that read the collector before it was disabled may have created its job since.
        self.jobs.cancel_jobs_of_collector(domain_id, collector_id)
        log.info("collector_deleted", collector_id=collector_id)
