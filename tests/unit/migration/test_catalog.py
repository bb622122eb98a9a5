"""The list of migrations keeps its promises: numbered, never changed, and in step with what documents declare."""

from __future__ import annotations

import hashlib
import json

from inventory.migration.catalog import INDEXES_OF_TIMES, MIGRATIONS, SUPERSEDED_INDEXES
from inventory.model.indexes import declared_indexes
from inventory.version import package_version
from tests.data.upgrade.write import DUMP

LAST_INDEXES = (10, "071757514de7ffce")
"""The migration that last built indexes, and the digest of what was declared then."""
DROPPED = {
    name: {*SUPERSEDED_INDEXES.get(name, ()), *INDEXES_OF_TIMES.get(name, ())}
    for name in {*SUPERSEDED_INDEXES, *INDEXES_OF_TIMES}
}
"""The indexes that migrations drop, by collection."""


def test_numbers_have_no_gaps_and_names_tell_migrations_apart() -> None:
    assert [one.number for one in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert len({one.name for one in MIGRATIONS}) == len(MIGRATIONS)
    versions = [tuple(map(int, one.since.split("."))) for one in MIGRATIONS]
    assert versions == sorted(versions)
    assert versions[-1] <= tuple(map(int, package_version().split(".")))


def test_who_changes_an_index_adds_a_migration_that_builds_it() -> None:
    number, digest = LAST_INDEXES

    assert _declared_digest() == digest, (
        f"the declared indexes are no longer those of migration {number}, so databases that have run it lack the new "
        "ones: add a migration that calls build_indexes (of an unreleased version the last one does), and note its "
        f'number here with the digest "{_declared_digest()}"'
    )


def test_an_index_that_is_no_longer_declared_is_dropped() -> None:
    dump = json.loads(DUMP.read_text(encoding="utf-8"))
    for collection, models in declared_indexes().items():
        had = {index["name"] for index in dump.get(collection, {"indexes": []})["indexes"]}
        left = had - {model.document["name"] for model in models} - DROPPED.get(collection, set())
        assert not left, f"{collection}: no migration drops {sorted(left)}, which is declared no more"


def test_no_migration_drops_what_is_declared() -> None:
    declared = {name: {model.document["name"] for model in models} for name, models in declared_indexes().items()}
    for collection, names in DROPPED.items():
        assert not declared[collection] & names


def _declared_digest() -> str:
    content = {
        name: sorted(
            json.dumps({**model.document, "key": list(model.document["key"].items())}, sort_keys=True)
            for model in models
        )
        for name, models in declared_indexes().items()
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
