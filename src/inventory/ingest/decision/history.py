"""Change history: the differences that a write makes, and its record (contract, section 7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from inventory.domain import ids
from inventory.domain.equality import same
from inventory.domain.keys import unescape_key
from inventory.domain.numbers import whole
from inventory.domain.plain import Document

if TYPE_CHECKING:
    from inventory.model.documents.cloud_service import StoredCloudService
    from inventory.model.documents.record import StoredRecord

KEYS: Final = (
    "name",
    "ip_addresses",
    "account",
    "instance_type",
    "instance_size",
    "reference",
    "region_code",
    "project_id",
    "data",
    "tags",
)
MAX_DEPTH: Final = 3
ADDED: Final = "ADDED"
CHANGED: Final = "CHANGED"
_CLIPPED_CHARACTERS: Final = 1024
_CLIPPED_RECORD_CHARACTERS: Final = 3 * 1024 * 1024
"""At most four bytes each, so that the clipped record fits into a document."""
_ENTRY_CHARACTERS: Final = 64


def _json_writer() -> Callable[[Any], str]:
    """Return a function that writes dicts and lists as JSON with sorted keys."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode
    # JSONEncoder creates this object again for each value, which for a property's few values takes twice as long as
    # writing them. Without detection of cycles: streamed content cannot contain itself.
    chunks = make(None, str, json.encoder.encode_basestring, None, ": ", ", ", True, False, True)
    return lambda value: "".join(chunks(value, 0))


_write: Final = _json_writer()


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a write: a collector (with its job), or a user."""

    collector_id: str = ""
    job_id: str = ""
    user_id: str = ""

    @property
    def updated_by(self) -> str:
        """``COLLECTOR`` or ``USER``."""
        return "COLLECTOR" if self.collector_id else "USER"


def diff(
    before: StoredCloudService | None, after: StoredCloudService, *, exclude: Collection[str] = ()
) -> list[Document]:
    """Return the differences between two states of a CloudService.

    Args:
        before: the document as it was; None for a new one.
        after: the document as it is.
        exclude: keys to leave out, with everything below them (the plugin's ``metadata.change_history.exclude``).

    Returns:
        ``{key, before, after, type}`` per changed key to depth 3; a removed key has ``after`` None.
    """
    found: list[Document] = []
    if not before:
        members = {key: after.get(key) for key in KEYS}
        members["tags"] = plain_tags(members["tags"])
        _add(found, "", members, 1)
        return _less(found, exclude)
    for key in KEYS:
        if key == "tags":
            old, new = plain_tags(before.get(key)), plain_tags(after.get(key))
        else:
            old, new = before.get(key), after.get(key)
        if old is not new:
            found.extend(_walk(key, old, new, 1))
    return _less(found, exclude)


def _less(found: list[Document], exclude: Collection[str]) -> list[Document]:
    if not exclude:
        return found
    return [entry for entry in found if not _excluded(entry["key"], exclude)]


def _add(found: list[Document], prefix: str, members: Mapping[str, Any], depth: int) -> None:
    """Like :func:`_walk`, for members that did not exist before: every new resource is handled here."""
    for name, value in members.items():
        if value is None:
            continue
        key = prefix + name
        if type(value) is not str:
            if depth < MAX_DEPTH and isinstance(value, dict):
                _add(found, f"{key}.", value, depth + 1)
                continue
            value = _text(value)
        found.append({"key": key, "before": None, "after": value, "type": ADDED})


def plain_tags(tags: Any) -> Any:
    """Return stored tags with the original keys and provider names."""
    if not tags:
        return None
    return {
        unescape_key(provider): (
            {unescape_key(key): value for key, value in part.items()} if isinstance(part, dict) else part
        )
        for provider, part in tags.items()
    }


def _walk(key: str, old: Any, new: Any, depth: int) -> Iterator[Document]:
    old_is_dict, new_is_dict = isinstance(old, dict), isinstance(new, dict)
    if depth < MAX_DEPTH and (new_is_dict or old_is_dict) and (new_is_dict or new is None):
        if old is not None and not old_is_dict:
            yield _entry(key, old, None)
        old_part: Mapping[str, Any] = old if old_is_dict else {}
        new_part: Mapping[str, Any] = new if new_is_dict else {}
        for name, value in new_part.items():
            other = old_part.get(name)
            if other is not value:
                yield from _walk(f"{key}.{name}", other, value, depth + 1)
        for name, value in old_part.items():
            if name not in new_part:
                yield from _walk(f"{key}.{name}", value, None, depth + 1)
    elif not same(old, new):
        yield _entry(key, old, new)


def _entry(key: str, old: Any, new: Any) -> Document:
    return {"key": key, "before": _text(old), "after": _text(new), "type": ADDED if old is None else CHANGED}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return _write(value)
    return str(whole(value) if isinstance(value, float) else value)


def _excluded(key: str, exclude: Collection[str]) -> bool:
    return any(key == entry or key.startswith(f"{entry}.") for entry in exclude)


def new_record(
    action: str,
    changes: list[Document],
    *,
    cloud_service_id: str,
    domain_id: str,
    author: Author,
    now: datetime,
    revision: int,
    record_id: str = "",
) -> StoredRecord:
    """Return the record of a write.

    Args:
        action: ``CREATE``, ``UPDATE`` or ``DELETE``; a DELETE has no differences.
        changes: the result of :func:`diff`.
        author: who made the write.
        now: when.
        revision: the resource's revision after the write.
        record_id: its id; a new one if none is given.
    """
    record: StoredRecord = {
        "record_id": record_id or ids.new_id(ids.RECORD),
        "domain_id": domain_id,
        "cloud_service_id": cloud_service_id,
        "action": action,
        "diff": changes,
        "diff_count": len(changes),
        "revision": revision,
        "updated_by": author.updated_by,
        "created_at": now,
    }
    if author.collector_id:
        record["collector_id"] = author.collector_id
        if author.job_id:
            record["job_id"] = author.job_id
    elif author.user_id:
        record["user_id"] = author.user_id
    return record


def clip_record(record: StoredRecord) -> StoredRecord:
    """Return the record with shortened values, and finally entries, if it is too large to be stored."""
    kept: list[Document] = []
    characters = 0
    for entry in record["diff"]:
        shorter = {**entry, "before": _clip(entry["before"]), "after": _clip(entry["after"])}
        characters += _ENTRY_CHARACTERS + sum(len(shorter[part] or "") for part in ("key", "before", "after"))
        if characters > _CLIPPED_RECORD_CHARACTERS:
            break
        kept.append(shorter)
    return {**record, "diff": kept}


def _clip(text: str | None) -> str | None:
    return text if text is None or len(text) <= _CLIPPED_CHARACTERS else text[:_CLIPPED_CHARACTERS] + "…"


def excluded_keys(plugin_metadata: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys that a plugin's metadata excludes from the history."""
    section = plugin_metadata.get("change_history")
    keys = section.get("exclude") if isinstance(section, Mapping) else None
    return frozenset(key for key in keys if isinstance(key, str) and key) if isinstance(keys, list) else frozenset()
