"""Validates collector rules (contract, section 7, "Collector rules")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.errors import (
    InvalidParameterError,
    InvalidParameterTypeError,
    InventoryError,
    RequiredParameterError,
    clip,
)

ALWAYS: Final = "ALWAYS"
POLICIES: Final = ("ALL", "ANY", ALWAYS)
OPERATORS: Final = ("eq", "contain", "not", "not_contain")
KEYS: Final = ("provider", "region_code", "product", "account", "usage_type", "resource_group", "resource")
PREFIXES: Final = ("tags.", "additional_info.")

_CHANGE_PROJECT: Final = "change_project"
_ADDITIONAL_INFO: Final = "add_additional_info"
_MATCHES: Final = {"match_project": "project_id", "match_service_account": "service_account_id"}
"""The actions that look something up, and the field they compare if the rule names none."""

_NAME_BYTES: Final = 128

Rule = dict[str, Any]


def checked_rule(raw: Mapping[str, Any]) -> Rule:
    """Return conditions_policy, conditions, actions, options, and name and tags if given, in stored form.

    Conditions of an ALWAYS rule are dropped, since they have no effect. Whether a project exists is not checked here.

    Raises:
        RequiredParameterError, InvalidParameterError, InvalidParameterTypeError: what is invalid, and where.
    """
    policy = raw.get("conditions_policy")
    if not policy or policy == "NONE":
        raise RequiredParameterError(key="conditions_policy")
    if policy not in POLICIES:
        raise InvalidParameterError(key="conditions_policy", reason=f"must be one of {', '.join(POLICIES)}")
    rule: Rule = {
        "conditions_policy": policy,
        "conditions": [] if policy == ALWAYS else _checked_conditions(raw.get("conditions")),
        "actions": _checked_actions(raw.get("actions")),
        "options": _checked_options(raw.get("options")),
        "tags": dict(_mapping(raw.get("tags") or {}, "tags")),
    }
    name = raw.get("name")
    if name:
        rule["name"] = _string(name, "name")
    return rule


def managed_rules(metadata: Mapping[str, Any]) -> tuple[list[Rule], list[str]]:
    """Return the valid rules of a plugin's ``metadata.collector_rules``, in order, and the faults of the others.

    Each fault names its rule by number (from 1), and by name if it has one.
    """
    listed = metadata.get("collector_rules")
    rules: list[Rule] = []
    faults: list[str] = []
    if listed is not None and not isinstance(listed, list | tuple):
        return [], ["metadata.collector_rules must be a list"]
    for number, raw in enumerate(listed or (), start=1):
        try:
            rules.append(checked_rule(_mapping(raw, "collector_rules")))
        except InventoryError as fault:
            name = raw.get("name") if isinstance(raw, Mapping) else None
            named = f" {name!r}" if isinstance(name, str) and name else ""
            faults.append(f"metadata.collector_rules, rule {number}{clip(named, _NAME_BYTES)}: {fault.message}")
    return rules, faults


def _mapping(value: object, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidParameterTypeError(key=key, expected="dict")
    return value


def _string(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise InvalidParameterTypeError(key=key, expected="str")
    if not value:
        raise RequiredParameterError(key=key)
    return value


def _checked_conditions(raw: object) -> list[dict[str, str]]:
    if not raw:
        raise RequiredParameterError(key="conditions")
    if not isinstance(raw, list):
        raise InvalidParameterTypeError(key="conditions", expected="list")
    return [_checked_condition(_mapping(entry, "conditions")) for entry in raw]


def _checked_condition(raw: Mapping[str, Any]) -> dict[str, str]:
    condition = {name: _string(raw.get(name) or "", f"conditions.{name}") for name in ("key", "value", "operator")}
    key = condition["key"]
    if key not in KEYS and not any(key.startswith(prefix) and len(key) > len(prefix) for prefix in PREFIXES):
        allowed = ", ".join((*KEYS, *(f"{prefix}*" for prefix in PREFIXES)))
        raise InvalidParameterError(key="conditions.key", reason=f"must be one of {allowed}")
    if condition["operator"] not in OPERATORS:
        raise InvalidParameterError(key="conditions.operator", reason=f"must be one of {', '.join(OPERATORS)}")
    return condition


def _checked_actions(raw: object) -> dict[str, Any]:
    if not raw:
        raise RequiredParameterError(key="actions")
    sent = {name: value for name, value in _mapping(raw, "actions").items() if value}
    actions: dict[str, Any] = {}
    for name, value in sent.items():
        key = f"actions.{name}"
        if name == _CHANGE_PROJECT:
            actions[name] = _string(value, key)
        elif name in _MATCHES:
            actions[name] = _checked_match(_mapping(value, key), key, default_target=_MATCHES[name])
        elif name == _ADDITIONAL_INFO:
            actions[name] = dict(_mapping(value, key))
        else:
            raise InvalidParameterError(key="actions", reason="there is no such action")
    if not actions:
        raise RequiredParameterError(key="actions")
    return actions


def _checked_match(raw: Mapping[str, Any], key: str, *, default_target: str) -> dict[str, str]:
    source = _string(raw.get("source") or "", f"{key}.source")
    return {"source": source, "target": _string(raw.get("target") or default_target, f"{key}.target")}


def _checked_options(raw: object) -> dict[str, Any]:
    stop = _mapping(raw or {}, "options").get("stop_processing", False)
    if not isinstance(stop, bool):
        raise InvalidParameterTypeError(key="options.stop_processing", expected="bool")
    return {"stop_processing": stop} if stop else {}
