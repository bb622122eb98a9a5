"""Presenters: lists, remembered documents, derived fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bson import encode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from inventory.api.present import Memory, Presenter, sole_project
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2

DOCUMENT: dict[str, Any] = {
    "job_id": "job-1",
    "status": "SUCCESS",
    "created_at": datetime(2026, 1, 5, 12, tzinfo=UTC),
    "projects": ["project-a"],
}


def raw(document: dict[str, Any]) -> RawBSONDocument:
    return RawBSONDocument(encode(document), CodecOptions(document_class=RawBSONDocument))


def test_a_raw_document_is_presented_as_its_dict_the_first_time_and_the_second() -> None:
    presenter = Presenter(collector_pb2.JobInfo.DESCRIPTOR, derive=sole_project)

    expected = presenter.one(DOCUMENT)

    assert presenter.one(raw(DOCUMENT)) == expected
    assert presenter.one(raw(DOCUMENT)) == expected
    assert collector_pb2.JobInfo.FromString(expected).created_at == "2026-01-05T12:00:00.000Z"


def test_a_changed_document_is_presented_anew() -> None:
    presenter = Presenter(collector_pb2.JobInfo.DESCRIPTOR)
    presenter.one(raw(DOCUMENT))

    changed = collector_pb2.JobInfo.FromString(presenter.one(raw({**DOCUMENT, "status": "ERROR"})))

    assert changed.status == collector_pb2.JobInfo.Status.ERROR


def test_a_job_shows_its_sole_project_and_none_of_several() -> None:
    presenter = Presenter(collector_pb2.JobInfo.DESCRIPTOR, derive=sole_project)

    def shown(*projects: str) -> str:
        return collector_pb2.JobInfo.FromString(presenter.one({**DOCUMENT, "projects": list(projects)})).project_id

    assert shown("project-a") == "project-a"
    assert shown("project-a", "project-b") == ""
    assert shown() == ""


def test_memory_stays_within_its_size() -> None:
    memory = Memory(limit_bytes=100)

    for number in range(50):
        memory.put(b"%02d" % number, b"x" * 8)

    assert memory.get(b"00") is None
    assert memory.get(b"49") == b"x" * 8
    assert sum(memory.get(b"%02d" % number) is not None for number in range(50)) == 10
