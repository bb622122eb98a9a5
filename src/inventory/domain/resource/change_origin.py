"""Who or what made a change of a resource, by its record (docs/contract.md, Change history)."""

from __future__ import annotations

from inventory.domain.plain import Json


def changed_by(record: Json) -> str:
    """Return who or what made the change; the record of an approved deletion names a user and a collector."""
    user_id, collector_id = record.get("user_id"), record.get("collector_id")
    if record.get("action") == "DELETE" and record.get("updated_by") == "COLLECTOR" and user_id:
        return f"{user_id}, who approved it{f' ({collector_id})' if collector_id else ''}"
    return str(user_id or collector_id or record.get("updated_by", ""))


def is_undo(record: Json) -> bool:
    """Return whether the change is that a deleted resource was restored."""
    changes = record.get("diff") or ()
    return record.get("action") == "UPDATE" and any(
        each.get("key") == "state" and each.get("before") == "DELETED" and each.get("after") == "ACTIVE"
        for each in changes
        if isinstance(each, dict)
    )
