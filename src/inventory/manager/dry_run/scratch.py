"""Scratch collections: a dry run reads copies in them, and writes only to them.

A dry run is a normal collect over a database in which each collection has a different name. Before the collect looks
something up, MongoDB itself copies it to the scratch collections; documents that the dry run has changed are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from inventory.domain.plain import Document
from inventory.manager.resource.store import ResourceStore, index_for
from inventory.model.connection import DUPLICATE_KEY
from inventory.model.indexes import declared_indexes

PREFIX: Final = "dry_run."
_NOT_COLLECTED: Final = frozenset({"schedule", "duty", "due_batch", "dry_run", "dry_run_change"})
"""Collections that no collect uses."""
_STATE_KEY: Final = ("domain_id", "collector_id", "secret_id", "cloud_service_id")
_BATCH: Final = 500


class ScratchDatabase(Database[Document]):
    """The collections of one dry run; their names are those of the originals, with a prefix."""

    def __init__(self, database: Database[Document], dry_run_id: str) -> None:
        self._prefix = f"{PREFIX}{dry_run_id}."
        super().__init__(database.client, database.name, codec_options=database.codec_options)

    def __getitem__(self, name: str) -> Collection[Document]:
        return super().__getitem__(self._prefix + name)


class Scratch:
    """Creates, fills and removes the scratch collections of one dry run.

    Args:
        database: contains the inventory and the scratch collections.
        dry_run_id: part of their names.
    """

    def __init__(self, database: Database[Document], dry_run_id: str) -> None:
        self._real = database
        self._prefix = f"{PREFIX}{dry_run_id}."
        self.database = ScratchDatabase(database, dry_run_id)

    def create(self) -> None:
        """Create the collections, empty, with their indexes; leftovers of an earlier attempt are removed first."""
        self.drop()
        for name, models in declared_indexes().items():
            if name not in _NOT_COLLECTED:
                self.database[name].create_indexes(models)

    def drop(self) -> None:
        """Remove the collections."""
        _drop(self._real, _names(self._real, self._prefix))

    def copy(self, name: str, query: Mapping[str, Any], *, key: Sequence[str] = ("_id",), hint: Any = None) -> None:
        """Copy what ``query`` finds in the collection ``name``, except documents that exist already.

        Args:
            name: the collection's name.
            query: what to copy.
            key: the fields that identify a document; they have a unique index.
            hint: the index to use.
        """
        into = {"into": self.database[name].name, "on": list(key), "whenMatched": "keepExisting"}
        options: Document = {} if hint is None else {"hint": dict(hint)}
        try:
            self._real[name].aggregate([{"$match": query}, {"$merge": into}], **options).close()
        except OperationFailure as exc:
            if exc.code != DUPLICATE_KEY:
                raise
            self._copy_singly(name, query)

    def _copy_singly(self, name: str, query: Mapping[str, Any]) -> None:
        """Copy documents without a conflicting unique key: the dry run has created a document that uses the key."""
        target = self.database[name]
        for document in self._real[name].find(query):
            if target.find_one({"_id": document["_id"]}, {"_id": 1}) is not None:
                continue
            document.pop("match_key", None)
            try:
                target.insert_one(document)
            except DuplicateKeyError:
                continue

    def copy_for_garbage(self, task: Mapping[str, Any]) -> None:
        """Copy what the garbage collection of ``task`` reads: states of its secret, and resources it has not seen."""
        pair = {name: task[name] for name in ("domain_id", "collector_id", "secret_id")}
        self.copy("collection_state", pair, key=_STATE_KEY)
        unseen = {**pair, "job_task_id": {"$ne": task["job_task_id"]}}
        batch: list[str] = []
        for state in self.database["collection_state"].find(unseen, {"cloud_service_id": 1}, batch_size=_BATCH):
            batch.append(state["cloud_service_id"])
            if len(batch) == _BATCH:
                self._copy_with_states(task["domain_id"], batch)
                batch = []
        self._copy_with_states(task["domain_id"], batch)

    def _copy_with_states(self, domain_id: str, cloud_service_ids: Iterable[str]) -> None:
        mine = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
        self.copy("cloud_service", mine)
        self.copy("collection_state", mine, key=_STATE_KEY)


class ScratchStore(ResourceStore):
    """Resources of a dry run, copied before they are looked up."""

    def __init__(self, scratch: Scratch, *, collection: str, id_field: str, stateful: bool) -> None:
        super().__init__(database=scratch.database, collection=collection, id_field=id_field, stateful=stateful)
        self._scratch = scratch
        self._name = collection

    def find(self, domain_id: str, query: Mapping[str, Any], *, fields: Iterable[str] | None = None) -> list[Document]:
        """See the base class."""
        if "_id" not in query:
            # A caller that queries by _id has found it before.
            hint = index_for(query) if self._base else None
            self._scratch.copy(self._name, {"domain_id": domain_id, **self._base, **query}, hint=hint)
        return super().find(domain_id, query, fields=fields)

    def holders(self, domain_id: str, match_keys: Sequence[bytes]) -> list[Document]:
        """See the base class."""
        self._scratch.copy(self._name, {"domain_id": domain_id, "match_key": {"$in": list(match_keys)}})
        return super().holders(domain_id, match_keys)


def drop_left_over(database: Database[Document], running: Callable[[set[str]], set[str]]) -> int:
    """Remove scratch collections left by killed processes, and return the number of their dry runs.

    Args:
        running: returns those of some dry runs that are running.
    """
    names = _names(database, PREFIX)
    found = {name: name.removeprefix(PREFIX).partition(".")[0] for name in names}
    dead = set(found.values()) - running(set(found.values())) if found else set()
    _drop(database, [name for name, dry_run_id in found.items() if dry_run_id in dead])
    return len(dead)


def _names(database: Database[Document], prefix: str) -> list[str]:
    pattern = "^" + prefix.replace(".", r"\.")
    return list(database.list_collection_names(filter={"name": {"$regex": pattern}}))


def _drop(database: Database[Document], names: Iterable[str]) -> None:
    for name in names:
        database.drop_collection(name)
