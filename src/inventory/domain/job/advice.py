"""What to do about each error that a job or its tasks may contain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "ERROR_COLLECTOR_COLLECTING": (
        "See the plugin's message above. If it is unreachable, `inventory doctor` shows whether it listens; "
        "`inventory plugin try ENDPOINT` tests it on its own."
    ),
    "ERROR_COLLECTOR_SECRET": (
        "Fix the secret: it must exist; its variable must be set, or its file readable, for the worker only."
    ),
    "ERROR_WORKER_LOST": (
        "The worker died each time: check its log and memory. A smaller INVENTORY_BATCH_BYTES or fewer "
        "INVENTORY_WORKER_THREADS use less memory. Then collect again."
    ),
    "ERROR_DUPLICATE_JOB": (
        "Nothing to fix: another job is collecting the same secret. Wait for it, or cancel it with `inventory job "
        "delete`. If it happens repeatedly, the schedule fires faster than a collect takes."
    ),
    "ERROR_JOB_TIMEOUT": (
        "Find out what is slow: `inventory plugin try` shows how fast the plugin sends. Otherwise allow more time with "
        "INVENTORY_JOB_TIMEOUT_SECONDS or INVENTORY_STREAM_IDLE_SECONDS."
    ),
    "ERROR_PLUGIN": (
        "The plugin reported this itself: usually the secret lacks permissions at the provider, or the provider limits "
        "the rate. Everything else it sent is stored."
    ),
    "ERROR_UNSUPPORTED_RESOURCE_TYPE": (
        "The plugin sends a resource type that is not supported: use a compatible version, or report it to its author."
    ),
    "ERROR_TOO_MANY_MATCH": (
        "Several stored resources match one match rule: find the duplicates with `inventory resource list --filter` "
        "and delete the surplus ones. If it happens again, the plugin's match rules are too broad."
    ),
    "ERROR_MATCH_RULE": (
        "The plugin sent no match rule that applies, so the resource cannot be identified: its author must fix this. "
        "`inventory plugin try` shows each case."
    ),
    "ERROR_INVALID_RESOURCE": (
        "The plugin sent a value that cannot be stored; the key is named above. Its author must fix this; "
        "`inventory plugin try` shows each case."
    ),
    "ERROR_COLLECT_INITIALIZE": (
        "The collect could not be planned: see the stage above. `inventory collector verify` tests the secrets, "
        "`inventory doctor` the other services."
    ),
    "ERROR_INIT_PLUGIN_FAILURE": (
        "A new version of the plugin rejects the collector's options: change them with `inventory collector "
        "update-plugin`, or pin the version with --upgrade-mode MANUAL."
    ),
    "ERROR_VERIFY_PLUGIN_FAILURE": "Test the secrets with `inventory collector verify`, and fix the one it rejects.",
    "ERROR_JOB_NOT_RETRYABLE": "The reason says why it cannot be retried; `inventory collect` collects everything.",
    "ERROR_COLLECTOR_STATE": "The collector is disabled: enable it with `inventory collector enable`.",
    "ERROR_UNSUPPORTED_FILTER_KEY": (
        "The filter names a key that the plugin does not (or no longer) support: see filter_format in "
        "`inventory collector show`, and change the schedule's filter."
    ),
    "ERROR_GRPC_CONNECTION": (
        "Another service was unreachable: `inventory doctor` shows which. Collect again once it is back; schedules do "
        "so by themselves."
    ),
    "ERROR_REQUEST_TIMEOUT": (
        "Something answered too late: `inventory doctor` shows what is slow. INVENTORY_PLATFORM_TIMEOUT_SECONDS and "
        "INVENTORY_QUERY_TIMEOUT_SECONDS allow more time."
    ),
    "ERROR_AUTHENTICATE_FAILURE": (
        "The platform refuses the workers' token: renew INVENTORY_SYSTEM_TOKEN. `inventory doctor` tests it."
    ),
    "ERROR_PERMISSION_DENIED": (
        "The workers' token (INVENTORY_SYSTEM_TOKEN) is not permitted to do this: its user needs a role of type "
        "SYSTEM. `inventory doctor` tests it."
    ),
    "ERROR_LIMIT_EXCEEDED": "Another service limits the rate: collect less concurrently, or raise its limit.",
    "ERROR_NO_PLUGIN": (
        "The repository has no such plugin: register it there, or create a collector with an existing one."
    ),
    "ERROR_NOT_FOUND": (
        "What is named above does not exist (or no longer): a project, a plugin or a version of it. Create it, or "
        "change what refers to it: the resource, the rule (`inventory rule list`) or the collector."
    ),
    "ERROR_NOT_UNIQUE": "Several objects match a rule that expects one: see `inventory rule list` of the collector.",
    "ERROR_REQUIRED_PARAMETER": (
        "The plugin omits a field that every resource of this kind needs; the key is named above. Its author must fix "
        "this; `inventory plugin try` shows each case."
    ),
    "ERROR_INVALID_PARAMETER": (
        "A value is not allowed: the collector's options or endpoint, the filter, or a rule. It is named above."
    ),
    "ERROR_INVALID_PARAMETER_TYPE": "A value in the options or the filter has the wrong type. It is named above.",
    "ERROR_UNKNOWN": "Unexpected error: the worker's log has the traceback under the job's id. Please report it.",
}
"""By error code; complete except for :data:`ELSEWHERE`."""

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
"""Codes that are only sent to callers or end a process at its start; jobs never contain them."""

_GENERIC: Final = "This version does not know the error code: see the message above, and the worker's log."


_WRAPPING: Final = frozenset({"ERROR_COLLECTOR_SECRET", "ERROR_COLLECTOR_COLLECTING", "ERROR_COLLECT_INITIALIZE"})
"""Codes that say what failed; the reason in their message may begin with a code that says why."""
_REASONS: Final = frozenset(
    {
        "ERROR_AUTHENTICATE_FAILURE",
        "ERROR_PERMISSION_DENIED",
        "ERROR_GRPC_CONNECTION",
        "ERROR_REQUEST_TIMEOUT",
        "ERROR_LIMIT_EXCEEDED",
    }
)
"""Codes whose own advice applies if they appear as the reason."""
_REASON: Final = re.compile(r"reason = (ERROR_[A-Z_]+)")


def advice_for(code: str, message: str = "") -> str:
    """Return what to do about an error.

    Args:
        message: its message; if the reason in it begins with a code, the advice is about that code.
    """
    found = _REASON.search(message) if code in _WRAPPING else None
    if found is not None and found[1] in _REASONS:
        return ADVICE[found[1]]
    return ADVICE.get(code, _GENERIC)
