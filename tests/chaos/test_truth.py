"""The checks of content and history find each way in which the two come apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos.truth import Truth, history_violations, last_versions, numbered

Document = dict[str, Any]
ENDED_AT = datetime(2026, 1, 5, tzinfo=UTC)
MEMBER = "sent by c00/account-0/0"


def record(revision: int, before: int | None, after: int) -> Document:
    texts = {"before": before if before is None else str(before), "after": str(after)}
    return {"revision": revision, "diff": [{"key": f"data.{MEMBER}", **texts}]}


def faults(version: int, *records: Document, revision: int | None = None) -> list[str]:
    stored = {"revision": revision or len(records), "data": {MEMBER: version}}
    return list(history_violations(stored, list(records)))


def test_a_chain_of_newer_and_newer_content_is_right() -> None:
    assert faults(3, record(1, None, 1), record(2, 1, 2), record(3, 2, 3)) == []


def test_older_content_over_newer_is_found() -> None:
    assert faults(2, record(1, None, 2), record(2, 2, 3), record(3, 3, 2)) == [f"data.{MEMBER} became 2 again after 3"]


def test_a_lost_record_is_found() -> None:
    assert any("is of revision 3" in each for each in faults(3, record(1, None, 1), record(3, 2, 3), revision=3))
    assert "its history does not lead to its content" in faults(3, record(1, None, 1), record(2, 1, 2), revision=3)


def test_a_record_of_what_never_happened_and_one_too_many_are_found() -> None:
    assert any("is of revision 1" in each for each in faults(1, record(1, None, 1), record(2, 1, 2), revision=1))
    assert any(
        "and record 2 says 1" in each for each in faults(2, record(1, None, 1), record(2, 1, 2), record(2, 1, 2))
    )


def test_a_deletion_and_its_undo_lead_to_the_state() -> None:
    def states(state: str, *records: Document) -> list[str]:
        stored = {"revision": len(records), "data": {}, "state": state}
        return list(history_violations(stored, [{"revision": at, **each} for at, each in enumerate(records, 1)]))

    created, deleted = {"action": "CREATE", "diff": []}, {"action": "DELETE", "diff": []}
    undone = {"action": "UPDATE", "diff": [{"key": "state", "before": "DELETED", "after": "ACTIVE"}]}
    assert states("ACTIVE", created) == []
    assert states("DELETED", created, deleted) == []
    assert states("ACTIVE", created, deleted, undone) == []
    assert states("DELETED", created, deleted, undone) == ["it is DELETED, and its history says ACTIVE"]
    assert states("ACTIVE", created, undone) == ["state was None, and record 2 says DELETED"]


def test_records_of_0_1_stand_for_the_revisions_that_no_other_has_and_must_be_as_many() -> None:
    def old(second: int, before: int | None, after: int) -> Document:
        made = record(0, before, after)
        del made["revision"]
        return made | {"created_at": ENDED_AT - timedelta(seconds=second), "_id": second}

    made = [old(3, 2, 3), record(2, 1, 2), old(9, None, 1)]
    assert faults(3, *numbered(made, until=ENDED_AT)) == []

    lost = [record(2, 1, 2), old(9, None, 1)]
    assert any("is of revision 3" in each for each in faults(2, *numbered(lost, until=ENDED_AT), revision=3))
    doubled = [old(3, 1, 2), old(4, 1, 2), old(9, None, 1)]
    assert any("is of revision 2" in each for each in faults(2, *numbered(doubled, until=ENDED_AT), revision=2))
    late = [record(1, None, 1), old(-1, 1, 2)]
    assert any("is of revision 2" in each for each in faults(2, *numbered(late, until=ENDED_AT), revision=2))


def test_streams_are_numbered_across_restarts_of_the_plugin_also_where_it_was_killed_while_it_wrote(
    tmp_path: Path,
) -> None:
    path = tmp_path / "truth.jsonl"
    assert [Truth(path).begin("one"), Truth(path).begin("one"), Truth(path).begin("other")] == [1, 2, 1]
    with path.open("a", encoding="utf-8") as file:
        file.write('["one", 3')

    assert last_versions(path) == {"one": 2, "other": 1}
