"""Templates, the functions that they call, and static files."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from inventory.console import text
from inventory.console.resource.selection import FIRST_PAGE
from inventory.domain.resource.change_origin import is_undo

_HOURS: Final = 24
_FIRST: Final = ("overview", "base.", "macros.", "part.")
"""How the names of the templates of the overview begin."""

ASSETS: Final = {"console.css": "text/css", "console.js": "text/javascript"}
"""Files that pages load, and their media types."""


@cache
def environment() -> Environment:
    """Return the template environment; all output is escaped, and an undefined name is an error."""
    made = Environment(
        loader=PackageLoader("inventory.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "t": text.shown,
        "bare": text.bare,
        "coded": text.coded,
        "number": text.number,
        "counted": text.counted,
        "undo": is_undo,
        "size": text.size,
        "ago": _ago,
        "clock": text.clock_tag,
        "took": _took,
        "span": text.span,
        "link": text.safe_link,
        "pretty": pretty,
        "fires": fire_times,
        "conditions": conditions_of,
        "words": words,
    }
    made.globals |= {"asset": asset_path, "first_page": FIRST_PAGE}
    return made


def compile_first_page(templates: Environment) -> None:
    """Compile what the overview consists of, so that the first visitor does not wait for it (about 0.1 s)."""
    for name in templates.list_templates(filter_func=lambda name: name.startswith(_FIRST)):
        templates.get_template(name)


@pass_context
def _ago(context: Context, value: Any) -> Markup:
    now: datetime = context["now"]
    return text.time_tag(value, now)


@pass_context
def _took(context: Context, row: Any) -> str:
    now: datetime = context["now"]
    return text.duration(row, now)


def fire_times(row: Any) -> str:
    """Return a short description of when a schedule fires."""
    schedule = row.get("schedule", {})
    if cron := schedule.get("cron"):
        return f"cron {text.bare(cron, 60)}"
    if interval := schedule.get("interval"):
        return f"every {text.span(interval)}"
    hours, minutes = schedule.get("hours", []), schedule.get("minutes", [])
    at_hours = "every hour" if len(hours) in (0, _HOURS) else f"at {', '.join(map(str, hours))} h"
    return f"{at_hours}, minute {', '.join(map(str, minutes)) or '0'} (UTC)"


def conditions_of(rule: Any) -> str:
    """Return a rule's conditions in one line."""
    joint = " and " if rule.get("conditions_policy") == "ALL" else " or "
    tests = (f"{each.get('key')} {each.get('operator')} {each.get('value')}" for each in rule.get("conditions", []))
    return joint.join(tests) or "always"


def words(value: str) -> str:
    """Return the readable name of a state or field: ``IN_PROGRESS`` as ``in progress``."""
    return value.replace("_", " ").lower()


def pretty(value: Any) -> str:
    """Return formatted JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


@cache
def asset(name: str) -> bytes:
    """Return a file that pages load."""
    return (resources.files("inventory.console") / "static" / name).read_bytes()


@cache
def packed_asset(name: str) -> bytes:
    """Return a file that pages load, compressed by gzip."""
    return gzip.compress(asset(name), mtime=0)


@cache
def asset_path(name: str) -> str:
    """Return the path of a static file; it changes with the content, so browsers may cache it."""
    digest = hashlib.sha256(asset(name)).hexdigest()[:12]
    return f"/console/{digest}/{name}"
