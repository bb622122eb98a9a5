"""Prints explanations of resources and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from inventory.cli.view.output import Column, as_text, console, status, styled, table_of
from inventory.domain.plain import Json
from inventory.domain.resource.change_origin import changed_by, is_undo
from inventory.domain.texts import counted


def _collector(sighting: Json) -> str:
    """Return the name of a collector; callers bound to projects do not receive those of others."""
    if not sighting.get("collector_id"):
        return "another project's"
    return str(sighting.get("collector_name") or f"{sighting['collector_id']} (deleted)")


SIGHTINGS: Final[tuple[Column, ...]] = (
    ("collector", _collector),
    ("secret", "secret_id"),
    ("last seen", "last_seen_at"),
    ("missed since", lambda row: str(row.get("misses", 0))),
    ("its view", lambda row: row.get("freshness", "")),
    ("", "freshness_reason"),
)
REMOVALS: Final[tuple[Column, ...]] = (
    ("by", lambda row: row.get("by", "").lower().replace("_", " ")),
    ("not before", "not_before"),
    ("secret", "secret_id"),
    ("if", "reason"),
)
DELETED: Final[tuple[Column, ...]] = (("kept until", "not_before"), ("how", "reason"))
"""Columns of a deleted resource, for which only the end of its retention is left."""
LOOKALIKES: Final[tuple[Column, ...]] = (
    ("resource", "cloud_service_id"),
    ("name", "name"),
    ("account", "account"),
    ("region", "region_code"),
    ("updated at", "updated_at"),
    ("differs in", "differs_in"),
)
_SOURCES: Final[Mapping[str, str]] = {
    "RULE": "set by the collector rule",
    "SECRET": "the project of the secret that last saw it",
    "USER": "set by a user",
    "OTHER": "set by its plugin, or by earlier rules or an earlier secret",
}


def print_resource(found: Json) -> None:
    """Print the answer of ``Explanations.explain_resource``."""
    out = console()
    title = as_text(f" {found.get('name', '')} ")
    out.print(styled((found.get("cloud_service_id", ""), "bold"), title, status(str(found.get("state", "")))))
    out.print(styled("project:     ", as_text(_project(found.get("project", {})))))
    out.print(styled("last change: ", as_text(_change(found.get("last_change", {})))))
    out.print(styled(("\nSeen by", "bold")))
    _table(found.get("sightings", ()), SIGHTINGS, nothing="no collector; it was created by the API")
    identity = found.get("identity", {})
    out.print(styled(("\nRecognized by", "bold"), as_text(_remark(identity))))
    for key in identity.get("rule", ()):
        out.print(as_text(f"  {key} = {identity.get('values', {}).get(key, '(no value)')}"))
    if found.get("state") == "DELETED":
        out.print(styled(("\nDeleted", "bold")))
        _table(found.get("removals", ()), DELETED, nothing="it is not known by what")
    else:
        out.print(styled(("\nWould be deleted by", "bold")))
        _table(found.get("removals", ()), REMOVALS, nothing="nothing but a user")
    out.print(styled(("\nLooks like the same thing", "bold")))
    _table(found.get("lookalikes", ()), LOOKALIKES, nothing="no other")
    if found.get("lookalikes_incomplete"):
        out.print(as_text("  and more"))


def print_type(found: Json) -> None:
    """Print the answer of ``Explanations.explain_type``."""
    out = console()
    name = ".".join(found.get(part, "") for part in ("provider", "group", "name"))
    looked_at = found.get("resources", 0)
    more = " looked at, there are more" if found.get("incomplete") else ""
    out.print(
        styled(
            (found.get("cloud_service_type_id", ""), "bold"),
            as_text(f" {name}: {counted(looked_at, 'resource')}{more}"),
        )
    )
    out.print(styled(("\nThere more than once", "bold"), f": {counted(found.get('duplicated', 0), 'resource id')}"))
    for each in found.get("differences", ()):
        out.print(as_text(f"  {counted(each.get('count', 0), 'differs', 'differ')} in {each.get('key', '')}"))
    for each in found.get("examples", ()):
        ids = ", ".join(each.get("cloud_service_ids", ()))
        out.print(as_text(f"  {each.get('resource_id', '')}: {ids}"))
    out.print(styled(("\nCreated by the match rules", "bold")))
    for each in found.get("rules", ()):
        out.print(as_text(f"  {each.get('resources', 0)}: {', '.join(each.get('rule', ()))}"))
    if unknown := found.get("rule_unknown"):
        out.print(as_text(f"  {unknown}: not known: a rule of other keys, the API, or changed by a user since"))
    if rules := found.get("collector_rules"):
        out.print(
            styled(("\nCollector rules", "bold"), f" apply to these of {counted(found.get('sampled', 0), 'resource')}")
        )
        for each in rules:
            named = each.get("name") or each.get("collector_rule_id", "")
            out.print(as_text(f"  {each.get('resources', 0) or 'never'}: {named} of {each.get('collector_name', '')}"))


def _table(rows: Iterable[Json], columns: tuple[Column, ...], *, nothing: str) -> None:
    listed = list(rows)
    console().print(table_of(listed, columns) if listed else as_text(f"  {nothing}"))


def _project(project: Json) -> str:
    if not project.get("project_id"):
        return "none"
    source = str(project.get("source", ""))
    named = project.get("collector_rule_name") or project.get("collector_rule_id")
    who = named or project.get("user_id") or project.get("secret_id") or ""
    return f"{project['project_id']}, {_SOURCES.get(source, source)} {who}".rstrip()


def _change(record: Json) -> str:
    if not record:
        return "none is recorded"
    job = f" in {record['job_id']}" if record.get("job_id") else ""
    undo = " (undo of its deletion)" if is_undo(record) else ""
    return f"{record.get('created_at', '')} {record.get('action', '')}{undo} by {changed_by(record)}{job}"


def _remark(identity: Json) -> str:
    if identity.get("known"):
        return " the match rule that created it"
    return f" the usual keys: {identity.get('remark', '')}"
