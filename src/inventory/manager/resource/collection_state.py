"""The collection states: when each collector and secret last saw each resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.manager.metrics import bulk_write
from inventory.manager.object_ids import new_object_ids
from inventory.model.documents.collection_state import StoredCollectionState
from inventory.model.stored import collection_of


class StateStore:
    """The ``collection_state`` collection; an object serves one thread at a time."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = collection_of(database, "collection_state", StoredCollectionState)
        self._keys = new_object_ids()

    def seen(
        self,
        cloud_service_ids: Sequence[str],
        *,
        domain_id: str,
        collector_id: str,
        secret_id: str,
        job_task_id: str,
        now: datetime,
        session: ClientSession,
        fresh: Sequence[str] = (),
    ) -> None:
        """Record, in a transaction, that a task saw the resources.

        Args:
            cloud_service_ids: existing resources.
            collector_id: the collector that saw them.
            secret_id: the secret with which it saw them.
            job_task_id: the task in which it saw them.
            fresh: resources just created, which cannot have a state yet.
        """
        pair = {"domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        seen = {"job_task_id": job_task_id, "seen_at": now, "disconnected_count": 0}
        if cloud_service_ids:
            query = {**pair, "cloud_service_id": {"$in": list(cloud_service_ids)}}
            result = self._collection.update_many(
                query, {"$set": seen, "$unset": {"deleted": "", "hold_id": ""}}, session=session
            )
            if result.matched_count < len(cloud_service_ids):
                found = self._collection.find(query, {"cloud_service_id": 1}, session=session)
                known = {state["cloud_service_id"] for state in found}
                self._upsert([key for key in cloud_service_ids if key not in known], pair, seen, session)
        if fresh:
            states: list[StoredCollectionState] = [
                {
                    "_id": next(self._keys),
                    "domain_id": domain_id,
                    "collector_id": collector_id,
                    "secret_id": secret_id,
                    "cloud_service_id": key,
                    "job_task_id": job_task_id,
                    "seen_at": now,
                    "disconnected_count": 0,
                }
                for key in fresh
            ]
            with bulk_write("collection_state", len(states)):
                self._collection.insert_many(states, session=session)

    def _upsert(self, cloud_service_ids: Sequence[str], pair: Document, seen: Document, session: ClientSession) -> None:
        """Record resources for which no state was found: another slice of the task may record them at the same time."""
        writes = [
            UpdateOne({**pair, "cloud_service_id": key}, {"$set": seen}, upsert=True) for key in cloud_service_ids
        ]
        if writes:
            with bulk_write("collection_state", len(writes)):
                self._collection.bulk_write(writes, session=session)

    def last_seen(
        self, domain_id: str, cloud_service_ids: Sequence[str], session: ClientSession | None = None
    ) -> dict[str, StoredCollectionState]:
        """Return by resource the state of the last sighting, in any collect mode; nothing for resources never seen."""
        query = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
        found: dict[str, StoredCollectionState] = {}
        for state in self._collection.find(query, session=session):
            key = state["cloud_service_id"]
            if key not in found or found[key]["seen_at"] < state["seen_at"]:
                found[key] = state
        return found

    def of_resource(self, domain_id: str, cloud_service_id: str) -> list[StoredCollectionState]:
        """Return the states of all collectors and secrets that have seen the resource."""
        found = self._collection.find({"domain_id": domain_id, "cloud_service_id": cloud_service_id})
        return list(found.sort([("collector_id", 1), ("secret_id", 1)]))

    def held_among(
        self, domain_id: str, cloud_service_ids: Sequence[str], session: ClientSession | None = None
    ) -> set[str]:
        """Return those of the resources that a hold keeps from being deleted."""
        held = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}, "hold_id": {"$gt": ""}}
        found = self._collection.find(held, {"cloud_service_id": 1}, session=session)
        return {state["cloud_service_id"] for state in found}

    def of(
        self, domain_id: str, cloud_service_ids: Sequence[str], session: ClientSession
    ) -> list[StoredCollectionState]:
        """Return all states of these resources."""
        query = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
        return list(self._collection.find(query, session=session))

    def held(self, domain_id: str) -> Iterator[str]:
        """Yield the resources of a domain that holds of kind COLLECT keep from being deleted, each once."""
        match = {"domain_id": domain_id, "hold_id": {"$gt": ""}}
        group = {"_id": "$cloud_service_id"}
        yield from (row["_id"] for row in self._collection.aggregate([{"$match": match}, {"$group": group}]))

    def delete_of_collector(self, domain_id: str, collector_id: str) -> None:
        """Remove all states of a collector but those that a hold keeps: without them nobody would know what is held."""
        self._collection.delete_many({"domain_id": domain_id, "collector_id": collector_id, "hold_id": None})

    def forget(self, domain_id: str, cloud_service_ids: Sequence[str], session: ClientSession | None = None) -> None:
        """Remove all states of these resources."""
        if cloud_service_ids:
            query = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
            self._collection.delete_many(query, session=session)
