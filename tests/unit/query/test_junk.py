"""Whatever a query is made of, it is translated or refused as a bad request: nothing else ever escapes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.errors import BadRequestError
from inventory.query.mongo import to_mongo
from inventory.query.parser import parse_list
from inventory.query.references import resolve_references
from inventory.query.schemas import CLOUD_SERVICE, JOB
from inventory.query.statistics.aggregate import parse_stat
from inventory.query.statistics.analyze import parse_analyze
from inventory.query.statistics.analyze_plan import to_analyze_plan
from inventory.query.statistics.stat_plan import to_stat_plan

NOW = datetime(2026, 1, 7, 13, tzinfo=UTC)
DEEP = os.environ.get("INVENTORY_TEST_PROFILE") == "deep"

words = st.sampled_from(
    ["name", "tags", "tags.", "tags.a.b", "data.x", "created_at", "eq", "in", "match", "regex", "timediff_lt", "exists",
     "group", "unwind", "sort", "keys", "fields", "count", "push", "ref_region.name", "project_group_id", "$where", "."]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=5)
members = words | st.sampled_from(
    ["key", "k", "value", "v", "operator", "o", "name", "n", "desc", "start", "limit", "path", "conditions", "skip",
     "project", "date_format", "exclude_keys"]
)  # fmt: skip
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4), max_leaves=12
)
queries = st.dictionaries(
    st.sampled_from(
        ["filter", "filter_or", "keyword", "sort", "page", "only", "minimal", "count_only", "aggregate", "distinct",
         "fields", "group_by", "field_group", "select"]
    ),
    junk | st.lists(st.dictionaries(members, junk, max_size=4), max_size=3),
)  # fmt: skip


def _list(query: dict[str, Any]) -> object:
    return to_mongo(resolve_references(parse_list(JOB, query, now=NOW), lambda _: []))


def _stat(query: dict[str, Any]) -> object:
    return to_stat_plan(resolve_references(parse_stat(CLOUD_SERVICE, query, now=NOW), lambda _: []))


def _analyze(query: dict[str, Any]) -> object:
    return to_analyze_plan(resolve_references(parse_analyze(CLOUD_SERVICE, query, now=NOW), lambda _: []))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("translate", [_list, _stat, _analyze])
@settings(
    max_examples=2000 if DEEP else 40,
    deadline=None,
    derandomize=not DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(query=queries)
def test_junk_is_translated_or_refused(translate: Callable[[dict[str, Any]], object], query: dict[str, Any]) -> None:
    with contextlib.suppress(BadRequestError):
        translate(query)
