"""The error tree of the service.

Every failure that a caller, an operator or a job can see is one of these classes. Each builds its own
message from named arguments; error texts are not formatted anywhere else. ``api/status.py`` maps the branches to
gRPC status codes, and ``gateway`` maps those to HTTP.

::

    InventoryError
    ├── BadRequestError                  the caller can correct it        → INVALID_ARGUMENT
    │   ├── RequiredParameterError
    │   ├── InvalidParameterError
    │   ├── InvalidParameterTypeError
    │   ├── NotFoundError                (INVALID_ARGUMENT, as SpaceONE clients expect)
    │   ├── NotUniqueError
    │   ├── SaveUniqueValuesError
    │   ├── QueryError
    │   │   ├── OperatorListValueTypeError
    │   │   ├── OperatorValueTypeError
    │   │   ├── OperatorBooleanTypeError
    │   │   └── OperatorDictValueTypeError
    │   ├── UnsupportedScheduleError
    │   ├── UnsupportedFilterKeyError
    │   ├── CollectorStateError
    │   ├── JobNotRetryableError
    │   ├── ResourceAlreadyDeletedError
    │   └── RuleNotAllowedError          MANAGED rules refuse update, change_order and delete
    ├── AuthenticateFailureError                                          → UNAUTHENTICATED
    ├── PermissionDeniedError                                             → PERMISSION_DENIED
    ├── LimitExceededError                                                → RESOURCE_EXHAUSTED
    ├── ConnectionFailureError           a platform service or MongoDB    → UNAVAILABLE
    ├── RequestTimeoutError                                               → DEADLINE_EXCEEDED
    ├── CollectInitializeError                                            → INTERNAL
    │   └── SecretServiceError           the secret service was reached, but refuses or fails
    ├── PluginError
    │   ├── VerifyPluginFailureError                                      → INTERNAL
    │   ├── InitPluginFailureError                                        → INTERNAL
    │   └── PluginUnavailableError       may be temporary: retried within a slice's attempts
    ├── TaskError                        stored in JobTask.errors, never sent as a status
    │   ├── CollectorSecretError
    │   ├── CollectorCollectingError
    │   ├── WorkerLostError
    │   ├── DuplicateJobError
    │   ├── ResourceError                one resource of a stream
    │   │   ├── PluginReportedError
    │   │   ├── UnsupportedResourceTypeError
    │   │   ├── TooManyMatchError
    │   │   ├── MatchRuleError
    │   │   └── InvalidResourceError
    │   └── JobTimeoutError
    ├── SettingsError                    invalid settings or files at start; ends the process with exit code 2
    └── UnknownError                                                      → INTERNAL

Source of codes and texts: the behaviour contract, section 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

FoundT = TypeVar("FoundT")

MAX_MESSAGE_BYTES = 2048
"""Maximum length of a message, sent or stored (contract, section 1)."""


def clip(text: str, limit: int = MAX_MESSAGE_BYTES) -> str:
    """Return ``text`` cut to at most ``limit`` bytes of UTF-8; a cut is marked with an ellipsis."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode("utf-8", "replace")
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"


def own_words(exc: Exception, limit: int = 300) -> str:
    """Return the message of another server on one line: its text, or the kind of error if there is none."""
    return clip(" ".join(str(exc).split()), limit) or type(exc).__name__


def mongodb_error_name(exc: BaseException) -> str:
    """Return MongoDB's name of an error, such as ``Unauthorized``; of an error that is not the server's, its class.

    The server's text is left out: it may quote documents, users or databases.
    """
    details = getattr(exc, "details", None) or {}
    code = getattr(exc, "code", None)
    return str(details.get("codeName") or (f"code {code}" if code is not None else type(exc).__name__))


class InventoryError(Exception):
    """Base of all expected failures.

    Attributes:
        code: the ``ERROR_*`` code that clients match on.
        message: the text without the code, at most 2 KB, free of secrets and internals.
        field: the request field (dotted) that caused the failure, or the empty string.
    """

    code: ClassVar[str] = "ERROR_UNKNOWN"

    def __init__(self, message: str, *, field: str = "") -> None:
        self.message = clip(message)
        self.field = field
        super().__init__(f"{self.code}: {self.message}")


class BadRequestError(InventoryError):
    """The caller's request cannot be carried out; nothing was changed."""

    code = "ERROR_INVALID_PARAMETER"


class RequiredParameterError(BadRequestError):
    """A required field is absent."""

    code = "ERROR_REQUIRED_PARAMETER"

    def __init__(self, *, key: str) -> None:
        super().__init__(f"Required parameter. (key = {key})", field=key)


class InvalidParameterError(BadRequestError):
    """A field has a value that is not allowed."""

    code = "ERROR_INVALID_PARAMETER"

    def __init__(self, *, key: str, reason: str) -> None:
        super().__init__(f"Parameter is invalid. (key = {clip(key, 256)}, reason = {reason})", field=key)


class InvalidParameterTypeError(BadRequestError):
    """A field has a value of the wrong type."""

    code = "ERROR_INVALID_PARAMETER_TYPE"

    def __init__(self, *, key: str, expected: str) -> None:
        super().__init__(f"Parameter type is invalid. (key = {clip(key, 256)}, type = {expected})", field=key)


class NotFoundError(BadRequestError):
    """The caller's domain has no such object; also the answer for objects of another domain."""

    code = "ERROR_NOT_FOUND"

    def __init__(self, *, key: str, value: str) -> None:
        super().__init__(f"Value not found. ({key} = {clip(value, 256)})", field=key)


def existing(found: FoundT | None, *, key: str, value: str) -> FoundT:
    """Return ``found``. Raises ``NotFoundError`` if there is none."""
    if found is None:
        raise NotFoundError(key=key, value=value)
    return found


class NoPluginError(NotFoundError):
    """The repository has no such plugin; its own code for that."""

    code = "ERROR_NO_PLUGIN"


class NotUniqueError(BadRequestError):
    """Several objects match where exactly one was expected."""

    code = "ERROR_NOT_UNIQUE"

    def __init__(self, *, key: str, value: str) -> None:
        super().__init__(f"Value is not unique. ({key} = {clip(value, 256)})", field=key)


class SaveUniqueValuesError(BadRequestError):
    """A document with the same unique values exists."""

    code = "ERROR_SAVE_UNIQUE_VALUES"

    def __init__(self, *, keys: Iterable[str]) -> None:
        names = list(keys)
        super().__init__(f"Duplicate value. (keys = {', '.join(names)})", field=names[0] if names else "")


class QueryError(BadRequestError):
    """A query that cannot be run."""

    code = "ERROR_DB_QUERY"

    def __init__(self, *, reason: str, key: str = "query") -> None:
        super().__init__(f"Failed to query. (reason = {reason})", field=key)


class OperatorListValueTypeError(QueryError):
    """An operator that takes a list received something else."""

    code = "ERROR_OPERATOR_LIST_VALUE_TYPE"

    def __init__(self, *, key: str, operator: str) -> None:
        super().__init__(reason=f"the value of operator {operator} must be a list, key = {clip(key, 256)}", key=key)


class OperatorValueTypeError(QueryError):
    """An operator that takes a single value received a list or a value of the wrong type."""

    code = "ERROR_OPERATOR_VALUE_TYPE"

    def __init__(self, *, key: str, operator: str, expected: str = "a single value") -> None:
        super().__init__(reason=f"the value of operator {operator} must be {expected}, key = {clip(key, 256)}", key=key)


class OperatorBooleanTypeError(QueryError):
    """``exists`` received something that is not a bool."""

    code = "ERROR_OPERATOR_BOOLEAN_TYPE"

    def __init__(self, *, key: str, operator: str) -> None:
        super().__init__(reason=f"the value of operator {operator} must be a bool, key = {clip(key, 256)}", key=key)


class OperatorDictValueTypeError(QueryError):
    """``match`` received something that is not a dict."""

    code = "ERROR_OPERATOR_DICT_VALUE_TYPE"

    def __init__(self, *, key: str, operator: str) -> None:
        super().__init__(reason=f"the value of operator {operator} must be a dict, key = {clip(key, 256)}", key=key)


class UnsupportedScheduleError(BadRequestError):
    """The plugin's metadata does not allow this kind of schedule."""

    code = "ERROR_UNSUPPORTED_SCHEDULE"

    def __init__(self, *, kind: str, supported: Iterable[str]) -> None:
        super().__init__(
            f"Schedule is not supported by the plugin. (schedule = {kind}, supported = {', '.join(supported)})",
            field=f"schedule.{kind}",
        )


class UnsupportedFilterKeyError(BadRequestError):
    """A collect filter names a key that the plugin's filter_format lacks."""

    code = "ERROR_UNSUPPORTED_FILTER_KEY"

    def __init__(self, *, key: str) -> None:
        super().__init__(f"Filter key is not supported by the plugin. (key = {clip(key, 256)})", field=f"filter.{key}")


class CollectorStateError(BadRequestError):
    """The collector's state forbids the action."""

    code = "ERROR_COLLECTOR_STATE"

    def __init__(self, *, collector_id: str, state: str) -> None:
        super().__init__(f"Collector state is {state}. (collector_id = {collector_id})", field="collector_id")


class JobNotRetryableError(BadRequestError):
    """A job of which nothing can be retried."""

    code = "ERROR_JOB_NOT_RETRYABLE"

    def __init__(self, *, job_id: str, reason: str) -> None:
        super().__init__(f"Job cannot be retried. (job_id = {job_id}, reason = {reason})", field="job_id")


class ResourceAlreadyDeletedError(BadRequestError):
    """A cloud service that is DELETED cannot be updated or deleted."""

    code = "ERROR_RESOURCE_ALREADY_DELETED"

    def __init__(self, *, resource_type: str, resource_id: str) -> None:
        super().__init__(f"{resource_type} is already deleted. (resource_id = {resource_id})")


class RuleNotAllowedError(BadRequestError):
    """A MANAGED collector rule cannot be changed by clients."""

    def __init__(self, *, collector_rule_id: str) -> None:
        super().__init__(
            f"A MANAGED rule belongs to the plugin. (collector_rule_id = {collector_rule_id})",
            field="collector_rule_id",
        )


class NotAllowedToUpdateRuleError(RuleNotAllowedError):
    """``CollectorRule.update`` of a MANAGED rule."""

    code = "ERROR_NOT_ALLOWED_TO_UPDATE_RULE"


class NotAllowedToChangeOrderError(RuleNotAllowedError):
    """``CollectorRule.change_order`` of a MANAGED rule."""

    code = "ERROR_NOT_ALLOWED_TO_CHANGE_ORDER"


class NotAllowedToDeleteRuleError(RuleNotAllowedError):
    """``CollectorRule.delete`` of a MANAGED rule."""

    code = "ERROR_NOT_ALLOWED_TO_DELETE_RULE"


class AuthenticateFailureError(InventoryError):
    """The token is missing, invalid or expired. The error never says which."""

    code = "ERROR_AUTHENTICATE_FAILURE"

    def __init__(self) -> None:
        super().__init__("Authentication failed.")


class PermissionDeniedError(InventoryError):
    """The caller is known, but not permitted to do this."""

    code = "ERROR_PERMISSION_DENIED"

    def __init__(self) -> None:
        super().__init__("Permission denied.")


class LimitExceededError(InventoryError):
    """A limit that protects the service was reached; retrying later helps."""

    code = "ERROR_LIMIT_EXCEEDED"

    def __init__(self, *, limit: str, hint: str = "") -> None:
        hint_part = f", hint = {hint}" if hint else ""
        super().__init__(f"Limit exceeded. (limit = {limit}{hint_part})")


class ConnectionFailureError(InventoryError):
    """A platform service, the queue or MongoDB cannot be reached."""

    code = "ERROR_GRPC_CONNECTION"

    def __init__(self, *, service: str, reason: str = "cannot be reached") -> None:
        self.service = service
        super().__init__(f"Connection failed. (service = {service}, reason = {reason})")


class RequestTimeoutError(InventoryError):
    """The time of the request or the query ran out."""

    code = "ERROR_REQUEST_TIMEOUT"

    def __init__(self, *, reason: str = "the request took too long") -> None:
        super().__init__(f"Request timeout. (reason = {reason})")


class PluginInstallingError(RequestTimeoutError):
    """The plugin service has not returned a plugin's endpoint yet: the plugin is being installed. Retrying later helps.

    Attributes:
        when_known: calls its argument, from any thread, once there is an answer; immediately if there is one.
    """

    def __init__(self, *, plugin_id: str, when_known: Callable[[Callable[[], None]], None]) -> None:
        self.when_known = when_known
        super().__init__(reason=f"the plugin {plugin_id} is being installed")


class CollectInitializeError(InventoryError):
    """A job could not be planned; the job is stored as ERROR with this code."""

    code = "ERROR_COLLECT_INITIALIZE"

    def __init__(self, *, stage: str, reason: str) -> None:
        super().__init__(f"Collect could not be initialized. (stage = {stage}, reason = {reason})")


class SecretServiceError(CollectInitializeError):
    """The secret service was reached, but did not do what was requested (contract §6).

    Attributes:
        reason: its answer: status, code and message, without addresses and requested values.
        passing: whether it failed, which may be temporary, rather than refused.
    """

    def __init__(self, *, reason: str, passing: bool) -> None:
        self.reason = clip(reason, 512)
        self.passing = passing
        super().__init__(stage="secrets", reason=self.reason)


class PluginError(InventoryError):
    """A plugin did not do what was requested.

    ``reason`` is the plugin's message, which must already be free of secret values.
    """

    code = "ERROR_PLUGIN"

    def __init__(self, *, reason: str) -> None:
        self.reason = clip(reason, 1024)
        super().__init__(f"Plugin failed. (reason = {self.reason})")


class VerifyPluginFailureError(PluginError):
    """On create or verify, the plugin is unreachable, refuses or fails."""

    code = "ERROR_VERIFY_PLUGIN_FAILURE"


class InitPluginFailureError(PluginError):
    """``init`` failed on update_plugin or on an upgrade."""

    code = "ERROR_INIT_PLUGIN_FAILURE"


class PluginUnavailableError(PluginError):
    """The plugin is unreachable or failed with UNAVAILABLE: worth another attempt."""

    code = "ERROR_COLLECTOR_COLLECTING"


class PluginLateError(PluginError):
    """The plugin did not answer within a deadline of ours: worth another attempt, since it did not say anything."""

    code = "ERROR_COLLECTOR_COLLECTING"


class TaskError(InventoryError):
    """A failure inside a job task; stored in its errors."""


class CollectorSecretError(TaskError):
    """The secret's data cannot be read."""

    code = "ERROR_COLLECTOR_SECRET"

    def __init__(self, *, secret_id: str, reason: str) -> None:
        super().__init__(f"Secret data cannot be read. (secret_id = {secret_id}, reason = {reason})")


class CollectorCollectingError(TaskError):
    """The plugin is unreachable, or failed while it was collecting."""

    code = "ERROR_COLLECTOR_COLLECTING"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Collecting failed. (reason = {reason})")


class WorkerLostError(TaskError):
    """Every attempt at a slice ended with a lost worker."""

    code = "ERROR_WORKER_LOST"

    def __init__(self, *, attempts: int) -> None:
        super().__init__(f"The worker was lost. (attempts = {attempts})")


class DuplicateJobError(TaskError):
    """Another task is already collecting for the same collector and secret."""

    code = "ERROR_DUPLICATE_JOB"

    def __init__(self, *, collector_id: str, secret_id: str, job_task_id: str) -> None:
        super().__init__(
            "The same collection is already running. "
            f"(collector_id = {collector_id}, secret_id = {secret_id}, job_task_id = {job_task_id})"
        )


class JobTimeoutError(TaskError):
    """A job, or a silent stream, exceeded its time limit."""

    code = "ERROR_JOB_TIMEOUT"

    def __init__(self, *, limit_seconds: float) -> None:
        super().__init__(f"Time ran out. (limit = {limit_seconds:g} s)")


class ResourceError(TaskError):
    """One resource of a stream could not be processed; the others are not affected."""


class PluginReportedError(ResourceError):
    """The plugin itself reported an error (ErrorResource or state FAILURE)."""

    code = "ERROR_PLUGIN"

    def __init__(self, *, message: str) -> None:
        super().__init__(message or "The plugin reported an error without a message.")


class UnsupportedResourceTypeError(ResourceError):
    """A resource type outside ``inventory.*``."""

    code = "ERROR_UNSUPPORTED_RESOURCE_TYPE"

    def __init__(self, *, resource_type: str) -> None:
        super().__init__(f"Resource type is not supported. (resource_type = {clip(resource_type, 256)})")


class TooManyMatchError(ResourceError):
    """More than one stored resource matches a rule."""

    code = "ERROR_TOO_MANY_MATCH"

    def __init__(self, *, keys: Iterable[str], count: int) -> None:
        super().__init__(f"More than one resource matches. (keys = {', '.join(keys)}, count = {count})")


class MatchRuleError(ResourceError):
    """No match rule was sent, or none of them applies."""

    code = "ERROR_MATCH_RULE"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"No match rule can be applied. (reason = {reason})")


class InvalidResourceError(ResourceError):
    """A resource that cannot be stored as it was sent."""

    code = "ERROR_INVALID_RESOURCE"

    def __init__(self, *, key: str, reason: str) -> None:
        super().__init__(f"Resource is invalid. (key = {clip(key, 256)}, reason = {reason})", field=key)


class SettingsError(InventoryError):
    """Settings, or a file they name, are invalid; says which key, and where."""

    code = "ERROR_SETTINGS"


class UnknownError(InventoryError):
    """An unexpected failure; the log has the traceback under the same transaction_id."""

    code = "ERROR_UNKNOWN"

    def __init__(self, *, transaction_id: str = "") -> None:
        super().__init__(f"Unexpected error. (transaction_id = {transaction_id})")
