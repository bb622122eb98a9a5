"""The compiled schema makes what mongoengine makes, and leaves to it what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mongoengine import BooleanField, DateTimeField, EmbeddedDocumentField, FloatField, IntField, ListField, StringField

from inventory.model import ALL_DOCUMENTS
from inventory.model.documents.collector import Collector
from inventory.model.documents.job import Job
from inventory.model.documents.job_task import JobTask, Slice
from inventory.model.documents.schedule import Schedule
from inventory.model.fields import StructField
from inventory.model.new_document import made_by_mongoengine, new_document
from inventory.model.schema import compiled

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_ODD = st.sampled_from([None, "", "x", "x" * 300, 0, -1, 7, 2**70, True, 1.5, [], ["a"], [1], {}, {"$a.b": {"c": [1]}}])


def _values(field: Any) -> st.SearchStrategy[Any]:
    """Mostly right values of a field, and wrong ones."""
    right: st.SearchStrategy[Any] = st.none()
    if isinstance(field, StringField):
        right = st.sampled_from(list(field.choices or ["name", "", "é"]))
    elif isinstance(field, IntField):
        right = st.integers(0, 99)
    elif isinstance(field, FloatField):
        right = st.floats(-1, 1)
    elif isinstance(field, BooleanField):
        right = st.booleans()
    elif isinstance(field, DateTimeField):
        right = st.just(NOW)
    elif isinstance(field, StructField):
        right = st.sampled_from([{}, {"a": {"b": [1, {"c": None}]}, "$d.e": 1}])
    elif isinstance(field, EmbeddedDocumentField):
        right = _documents(field.document_type)
    elif isinstance(field, ListField):
        right = st.lists(_values(field.field), max_size=2)
    return st.one_of(right, right, right, right, right, right, right, _ODD)


def _documents(model: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: _values(field) for name, field in model._fields.items() if name != "id"}
    )


def _outcome(make: Any, model: Any, values: dict[str, Any]) -> object:
    try:
        return make(model, values)
    except Exception as exc:  # mongoengine itself stumbles over some mistakes
        return type(exc), str(exc)


@pytest.mark.parametrize("model", ALL_DOCUMENTS, ids=lambda model: model.__name__)
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_what_is_made_is_what_mongoengine_makes(model: Any, data: st.DataObject) -> None:
    values = data.draw(_documents(model))

    made = _outcome(lambda model, values: new_document(model, **values), model, values)

    assert made == _outcome(made_by_mongoengine, model, values)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Collector, {"collector_id": "c", "name": "n", "plugin_info": {"plugin_id": "p", "options": {"a": 1}}}),
        (Schedule, {"schedule_id": "s", "collector_id": "c", "schedule": {"hours": [1]}, "anchor_at": NOW}),
        (Job, {"job_id": "j", "status": "CREATED", "collector_id": "c", "updated_at": NOW}),
        (JobTask, {"job_task_id": "t", "job_id": "j", "collector_id": "c", "secret_id": "s", "status": "PENDING"}),
        (
            Slice,
            {"slice_id": "l", "number": 0, "job_task_id": "t", "job_id": "j", "collector_id": "c", "secret_id": "s"},
        ),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_documents_of_the_hot_paths_need_no_mongoengine_object(model: Any, values: dict[str, Any]) -> None:
    extra = {name: NOW for name in ("created_at", "enqueued_at", "not_before", "next_fire_at") if name in model._fields}
    values = {"domain_id": "d", **extra, **values}
    if "status" in model._fields:
        values.setdefault("status", "PENDING")

    made = compiled(model)(values)

    assert made is not None
    assert made == made_by_mongoengine(model, values)


def test_defaults_are_not_shared() -> None:
    first, second = (new_document(Collector, name="n", **_COLLECTOR) for _ in range(2))

    first["tags"]["a"] = 1

    assert second["tags"] == {}


def test_an_unknown_field_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="Collector has no such field"):
        new_document(Collector, nme="n", **_COLLECTOR)


_COLLECTOR: dict[str, Any] = {
    "collector_id": "c",
    "domain_id": "d",
    "created_at": NOW,
    "plugin_info": {"plugin_id": "p"},
}
