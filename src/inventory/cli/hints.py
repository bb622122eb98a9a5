"""What to do about an error of the API, in words that continue its line."""

from __future__ import annotations

import re
from typing import Final

from google.protobuf import descriptor_pool

_NOT_FOUND: Final = re.compile(r"ERROR_NOT_FOUND\b.*\((\w+) = ")
_LISTS: Final = {
    "collector_id": "collector",
    "collector_rule_id": "rule",
    "job_id": "job",
    "job_task_id": "task",
    "schedule_id": "schedule",
    "cloud_service_id": "resource",
    "cloud_service_type_id": "type",
    "region_id": "region",
    "deletion_id": "deletion",
    "plugin_id": "plugin",
    "secret_id": "secret",
}
"""The group of commands whose ``list`` shows what has this id."""
_NO_FIELD: Final = re.compile(r'Message type "([\w.]+)" has no field named "(.*?)"')


def listing_hint(group: str) -> str:
    """Return where the objects of a group of commands are listed."""
    return f"; `inventory {group} list` shows them all"


def hint_for(message: str, *, has_token: bool) -> str:
    """Return what to do about an error; empty if its message is all that is known.

    Args:
        message: of the error, with its code.
        has_token: whether a token was sent.
    """
    if (found := _NOT_FOUND.match(message)) and found[1] in _LISTS:
        return listing_hint(_LISTS[found[1]])
    if message.startswith("ERROR_AUTHENTICATE_FAILURE"):
        return " Get a new token." if has_token else " Set INVENTORY_TOKEN to a token."
    return ""


def field_error(message: str) -> str:
    """Return protobuf's error about a request in one line, with the fields that there are."""
    found = _NO_FIELD.search(message)
    if found is None:
        return " ".join(message.split())
    kind = descriptor_pool.Default().FindMessageTypeByName(found[1])
    return f"there is no field {found[2]!r} in {kind.name}; its fields are {', '.join(kind.fields_by_name)}"
