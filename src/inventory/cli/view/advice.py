"""What to do about each error that a job or a task of it may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "ERROR_COLLECTOR_COLLECTING": (
        "See what the plugin said above. If it cannot be reached, `inventory doctor` tells whether it listens; "
        "`inventory plugin try ENDPOINT` shows what it does by itself."
    ),
    "ERROR_COLLECTOR_SECRET": (
        "Mend the secret: it must exist, its variable be set for the worker, its file be readable by the worker only."
    ),
    "ERROR_WORKER_LOST": (
        "The worker died each time: look at its log and memory; smaller INVENTORY_BATCH_BYTES or fewer "
        "INVENTORY_WORKER_THREADS need less. Then collect again."
    ),
    "ERROR_DUPLICATE_JOB": (
        "Nothing to mend: another job collects the same secret. Wait for it, or cancel it by `inventory job delete`; "
        "if it comes again and again, the schedule fires faster than a collect takes."
    ),
    "ERROR_JOB_TIMEOUT": (
        "Find out what is slow: `inventory plugin try` shows how fast the plugin sends. Else allow more time: "
        "INVENTORY_JOB_TIMEOUT_SECONDS, INVENTORY_STREAM_IDLE_SECONDS."
    ),
    "ERROR_PLUGIN": (
        "The plugin says so itself: mostly the secret lacks permissions at the provider, or the provider limits the "
        "rate. What else it sent is stored."
    ),
    "ERROR_UNSUPPORTED_RESOURCE_TYPE": (
        "The plugin sends a type that has no place here: take a version of it that fits, or tell its maker."
    ),
    "ERROR_TOO_MANY_MATCH": (
        "Several stored resources answer one match rule: find the doubles with `inventory resource list --filter`, "
        "delete those too many; if it comes back, the plugin's match rules are too wide."
    ),
    "ERROR_MATCH_RULE": (
        "The plugin sent no match rule that applies, so the resource cannot be told from others: its maker must mend "
        "that. `inventory plugin try` shows each case."
    ),
    "ERROR_INVALID_RESOURCE": (
        "The plugin sent a value that cannot be stored; the key is named above. Its maker must mend that; "
        "`inventory plugin try` shows each case."
    ),
    "ERROR_COLLECT_INITIALIZE": (
        "The collect could not be planned: see the stage above. `inventory collector verify` tries the secrets, "
        "`inventory doctor` the services around."
    ),
    "ERROR_INIT_PLUGIN_FAILURE": (
        "A new version of the plugin does not start with the collector's options: change them by "
        "`inventory collector update-plugin`, or stay on a version with --upgrade-mode MANUAL."
    ),
    "ERROR_VERIFY_PLUGIN_FAILURE": "Try the secrets with `inventory collector verify`; mend the one that is refused.",
    "ERROR_COLLECTOR_STATE": "The collector is disabled: `inventory collector enable`.",
    "ERROR_UNSUPPORTED_FILTER_KEY": (
        "The filter names a key that the plugin does not know (any more): see filter_format in "
        "`inventory collector show`, and change the schedule's filter."
    ),
    "ERROR_GRPC_CONNECTION": (
        "A service around was away: `inventory doctor` tells which. Collect again when it is back; schedules do by "
        "themselves."
    ),
    "ERROR_REQUEST_TIMEOUT": (
        "Something answered too late: `inventory doctor` shows what is slow; INVENTORY_PLATFORM_TIMEOUT_SECONDS and "
        "INVENTORY_QUERY_TIMEOUT_SECONDS allow more."
    ),
    "ERROR_AUTHENTICATE_FAILURE": (
        "The platform refuses the workers' token: renew INVENTORY_SYSTEM_TOKEN. `inventory doctor` tries it."
    ),
    "ERROR_PERMISSION_DENIED": (
        "The workers' token (INVENTORY_SYSTEM_TOKEN) may not do this: its user needs a role of type SYSTEM. "
        "`inventory doctor` tries it."
    ),
    "ERROR_LIMIT_EXCEEDED": "A service around limits the rate: collect less at a time, or raise its limit.",
    "ERROR_NO_PLUGIN": (
        "The repository has no such plugin: register it there, or make a collector of one that it has."
    ),
    "ERROR_NOT_FOUND": (
        "What is named above does not exist (any more): a project, a plugin or a version of it. Make it, or change "
        "what names it: the resource, the rule (`inventory rule list`) or the collector."
    ),
    "ERROR_NOT_UNIQUE": "Several things answer a rule that means one: see `inventory rule list` of the collector.",
    "ERROR_REQUIRED_PARAMETER": (
        "The plugin leaves out what every resource of that kind must have; the key is named above. Its maker must "
        "mend that; `inventory plugin try` shows each case."
    ),
    "ERROR_INVALID_PARAMETER": (
        "A value is not allowed, and named above: the collector's options or endpoint, the filter, or a rule."
    ),
    "ERROR_INVALID_PARAMETER_TYPE": "A value has the wrong type, and is named above: the options or the filter.",
    "ERROR_UNKNOWN": "Unforeseen: the worker's log has the traceback under the job's id. Please report it.",
}
"""By error code; complete but for :data:`ELSEWHERE`."""

ELSEWHERE: Final = frozenset(
    {
        "ERROR_DB_QUERY",
        "ERROR_NOT_ALLOWED_TO_CHANGE_ORDER",
        "ERROR_NOT_ALLOWED_TO_DELETE_RULE",
        "ERROR_NOT_ALLOWED_TO_UPDATE_RULE",
        "ERROR_OPERATOR_BOOLEAN_TYPE",
        "ERROR_OPERATOR_DICT_VALUE_TYPE",
        "ERROR_OPERATOR_LIST_VALUE_TYPE",
        "ERROR_OPERATOR_VALUE_TYPE",
        "ERROR_RESOURCE_ALREADY_DELETED",
        "ERROR_SAVE_UNIQUE_VALUES",
        "ERROR_SETTINGS",
        "ERROR_UNSUPPORTED_SCHEDULE",
    }
)
"""Codes that answer a caller or end a process's start; no job ever holds them."""

_GENERIC: Final = "This version does not know the code: see the message above, and the worker's log."


_WRAPPING: Final = frozenset({"ERROR_COLLECTOR_SECRET", "ERROR_COLLECTOR_COLLECTING", "ERROR_COLLECT_INITIALIZE"})
"""Codes that say what failed; the reason in their message may begin with the code that says why."""
_REASONS: Final = frozenset(
    {
        "ERROR_AUTHENTICATE_FAILURE",
        "ERROR_PERMISSION_DENIED",
        "ERROR_GRPC_CONNECTION",
        "ERROR_REQUEST_TIMEOUT",
        "ERROR_LIMIT_EXCEEDED",
    }
)
"""Codes whose own advice is the right one, wherever they are the reason."""
_REASON: Final = re.compile(r"reason = (ERROR_[A-Z_]+)")


def advice_for(code: str, message: str = "") -> str:
    """Return what to do about an error.

    Args:
        code: its code.
        message: its words; where they begin the reason with a code, the advice is about that.
    """
    found = _REASON.search(message) if code in _WRAPPING else None
    if found is not None and found[1] in _REASONS:
        return ADVICE[found[1]]
    return ADVICE.get(code, _GENERIC)
