"""What a lease puts into queries and updates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inventory.model import ALL_DOCUMENTS
from inventory.model.documents.dry_run import DryRun
from inventory.model.documents.duty import Duty
from inventory.model.documents.job import Job
from inventory.model.documents.job_task import JobTask, Slice
from inventory.model.lease import GARBAGE_LEASE, LEASE, PLAN_LEASE, Lease

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_a_claim_names_its_owner_and_its_end_and_is_free_for_others_from_that_moment_on() -> None:
    lease = Lease("by", "until")
    claimed = lease.claimed("me", NOW, timedelta(seconds=30))

    assert claimed == {"by": "me", "until": NOW + timedelta(seconds=30)}
    assert lease.renewed(NOW, timedelta(seconds=5)) == {"until": NOW + timedelta(seconds=5)}
    assert lease.free(claimed["until"]) == {"$or": [{"until": None}, {"until": {"$lte": claimed["until"]}}]}
    assert lease.valid(claimed["until"]) == {"until": {"$gt": claimed["until"]}}, "not valid in the moment it expires"
    assert lease.dropped() == {"by": "", "until": ""}


def test_the_fields_of_each_lease_are_fields_of_the_document_that_it_is_about() -> None:
    assert {Job, JobTask, Slice, Duty, DryRun} <= set(ALL_DOCUMENTS)
    for lease, model in ((PLAN_LEASE, Job), (GARBAGE_LEASE, JobTask), (LEASE, Slice), (LEASE, Duty), (LEASE, DryRun)):
        assert {lease.owner, lease.until} <= set(model._fields)
