"""Decides whether a streamed CloudService is created or updated, and with which record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bson.objectid import ObjectId
from pymongo import InsertOne, UpdateOne

from inventory.connector.ports import ResourceMessage
from inventory.domain import ids
from inventory.domain.clock import day_of
from inventory.domain.plain import Document, Json
from inventory.errors import InvalidResourceError, NotFoundError
from inventory.ingest.context import IngestContext
from inventory.ingest.decision.change import Change
from inventory.ingest.decision.changeset import (
    CollectionEntry,
    change_cloud_service,
    merge_collection,
    new_cloud_service,
    references,
)
from inventory.ingest.decision.history import Author, clip_record, diff, excluded_keys, new_record
from inventory.ingest.decision.match import match_key
from inventory.ingest.decision.rules import Projects, RuleBook
from inventory.ingest.reading.items import Item
from inventory.ingest.reading.kinds import CLOUD_SERVICE
from inventory.ingest.reading.record import values_of
from inventory.manager.object_ids import new_object_ids
from inventory.manager.resource.records import Encodable
from inventory.manager.resource.store import BY_KEY, UNSTORABLE, Applied, Write, encoded
from inventory.model.documents.cloud_service import StoredCloudService
from inventory.model.documents.record import record_key

_STAMPS_KEPT: Final = 4
CLOCK_SET_BACK: Final = timedelta(minutes=5)
"""The maximum time by which another slice's observation may be ahead of a round: a later one was made before MongoDB's
clock was set back, and proves nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One round of writes.

    Attributes:
        now: the time.
        stamp: marks its updates.
        observed_at: when the plugin's messages had been read.
    """

    now: datetime
    stamp: bytes
    observed_at: datetime


@dataclass(slots=True, eq=False)
class Plan:
    """One planned write; ``applied`` is what is to be stored of an update once it is committed."""

    item: Item
    key: ObjectId
    write: Write
    cloud_service_id: str
    record: Encodable | None
    creates: bool
    applied: Applied | None = None


class Decider:
    """Plans the writes of one stream."""

    def __init__(self, *, context: IngestContext, rules: RuleBook, projects: Projects) -> None:
        self._context = context
        self._rules = rules
        self._projects = projects
        self._domain_id = context.domain_id
        self._author = Author(collector_id=context.collector_id, job_id=context.job_id)
        self._exclude = excluded_keys(context.plugin_metadata)
        self._keys = new_object_ids()
        self._service_ids, self._record_ids = ids.new_ids(ids.CLOUD_SERVICE), ids.new_ids(ids.RECORD)
        self.writer_id = context.slice_id or context.job_task_id or context.job_id
        circumstances = "\0".join(
            (
                context.collector_id,
                context.secret_id,
                context.service_account_id,
                context.provider,
                context.project_id,
            )
        )
        self._circumstances = hashlib.blake2b(circumstances.encode("utf-8", "replace") + rules.revision, digest_size=16)

    def fingerprint(self, message: ResourceMessage) -> bytes | None:
        """Return the hash of everything that determines how ``message`` is stored; None if that includes answers of
        identity."""
        if not message.fingerprint or self._rules.asks_identity:
            return None
        whole = self._circumstances.copy()
        whole.update(message.fingerprint)
        return whole.digest()

    def _values(self, message: ResourceMessage) -> Document:
        values = values_of(CLOUD_SERVICE, message.resource)
        self._assign_project(values, message.resource)
        return values

    def filled(self, resource: Json) -> Document:
        """Return the fields of a resource that match rules may name and the service fills in or converts.

        Raises:
            InventoryError: the resource cannot be read, its project is unknown, or identity does not answer.
        """
        values = values_of(CLOUD_SERVICE, resource)
        self._assign_project(values, resource)
        identifying = dict.fromkeys(("provider", "cloud_service_group", "cloud_service_type"), "")
        known = {**identifying, "domain_id": self._domain_id, **values}
        return {key: values.get(key) for key in CLOUD_SERVICE.filled_keys} | references(known)

    def _assign_project(self, values: Document, resource: Any) -> None:
        """Set the project from the rules, the resource or the secret, in this order."""
        sent = values.pop("project_id", "")
        if sent and not self._projects.exists(sent):
            raise NotFoundError(key="project_id", value=sent)
        project_id = self._rules.project_of(resource, self._projects) or sent or self._context.project_id
        if project_id:
            values["project_id"] = project_id

    def _entry(self, provider: str, observed_at: datetime) -> CollectionEntry:
        context = self._context
        return CollectionEntry(
            provider=context.provider or provider,
            service_account_id=context.service_account_id,
            secret_id=context.secret_id,
            collector_id=context.collector_id,
            last_collected_at=observed_at,
        )

    def create(self, item: Item, moment: Moment) -> Plan:
        """Return the creation of ``item``.

        Raises:
            InventoryError: a field is missing, or it cannot be stored.
        """
        now = moment.now
        values = self._values(item.message)
        cloud_service_id = next(self._service_ids)
        document = new_cloud_service(
            values,
            cloud_service_id=cloud_service_id,
            domain_id=self._domain_id,
            now=now,
            collection=self._entry(values.get("provider", ""), moment.observed_at),
        )
        document["_id"] = next(self._keys)
        if item.conditions:
            document["match_key"] = match_key(CLOUD_SERVICE, item.conditions[0])
        fingerprint = self.fingerprint(item.message)
        if fingerprint:
            document["fingerprint"] = fingerprint
        written = encoded(document)
        if written is None:
            raise InvalidResourceError(key="resource", reason=UNSTORABLE)
        record = self._record("CREATE", None, document, now)
        return Plan(item, document["_id"], InsertOne(written), cloud_service_id, record, creates=True)

    def update(self, item: Item, stored: StoredCloudService, moment: Moment) -> Plan:
        """Return the update of ``stored``, a whole document as it was read, with ``item``.

        Raises:
            InventoryError: it cannot be stored.
        """
        values = self._values(item.message)
        scope = values.get("provider") or stored["provider"]
        change = change_cloud_service(stored, values, scope=scope)
        update = self._mongo_update(change, stored, scope, moment)
        record = self._record("UPDATE", stored, change.after, moment.now) if change else None
        condition: Document = {
            "_id": stored["_id"],
            "domain_id": self._domain_id,
            "state": "ACTIVE",
            "revision": stored.get("revision"),
        }
        if self._context.parallel:
            condition["collection_info"] = {"$not": {"$elemMatch": self._newer(moment)}}
        revision = (condition["revision"] or 0) + 1 if change else condition["revision"]
        return Plan(
            item,
            stored["_id"],
            UpdateOne(condition, update, hint=BY_KEY),
            stored["cloud_service_id"],
            record,
            creates=False,
            applied=Applied(stored["_id"], self.fingerprint(item.message), revision),
        )

    def is_older(self, stored: StoredCloudService, moment: Moment) -> bool:
        """Return whether another slice of the task has seen the resource later than this one, and has written it
        already.

        Slices of other tasks of the same collector and secret never run at the same time, so their observations are
        never later.
        """
        if not self._context.parallel:
            return False
        mine = (self._context.collector_id, self._context.secret_id)
        return any(
            (info.get("collector_id"), info.get("secret_id")) == mine
            and moment.observed_at < info["last_collected_at"] <= moment.now + CLOCK_SET_BACK
            for info in stored.get("collection_info") or ()
        )

    def _newer(self, moment: Moment) -> Document:
        return {
            "collector_id": self._context.collector_id,
            "secret_id": self._context.secret_id,
            "last_collected_at": {"$gt": moment.observed_at, "$lte": moment.now + CLOCK_SET_BACK},
        }

    def _mongo_update(self, change: Change, stored: StoredCloudService, provider: str, moment: Moment) -> Document:
        """Return the MongoDB update. Raises ``InvalidResourceError`` if it cannot be stored."""
        collection = merge_collection(stored.get("collection_info") or [], self._entry(provider, moment.observed_at))
        sets = {**change.set, "updated_at": moment.now, "collection_info": collection}
        sets |= {"updated_day": day_of(moment.now), "fingerprint_outdated": True}
        unset = dict.fromkeys(change.unset, "")
        written = encoded(sets)
        if written is None:
            raise InvalidResourceError(key="resource", reason=UNSTORABLE)
        update: Document = {"$set": written, "$push": {"stamps": {"$each": [moment.stamp], "$slice": -_STAMPS_KEPT}}}
        if unset:
            update["$unset"] = unset
        if change:
            update["$inc"] = {"revision": 1}
        return update

    def _record(
        self, action: str, before: StoredCloudService | None, after: StoredCloudService, now: datetime
    ) -> Encodable | None:
        changes = diff(before, after, exclude=self._exclude)
        if not changes:
            return None
        cloud_service_id = after["cloud_service_id"]
        revision = 1 if before is None else (before.get("revision") or 0) + 1
        record = new_record(
            action,
            changes,
            cloud_service_id=cloud_service_id,
            domain_id=self._domain_id,
            author=self._author,
            now=now,
            revision=revision,
            record_id=next(self._record_ids),
        )
        record["_id"] = record_key(cloud_service_id, revision, self.writer_id)
        written = encoded(record)
        return clip_record(record) if written is None else written
