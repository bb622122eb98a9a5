"""What a stream's resources lack without failing is counted, whatever the batches are, and however little changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inventory.domain.collector.collect_mode import CollectMode
from inventory.ingest import review
from inventory.ingest.pipeline import IngestLimits
from inventory.ingest.review import LARGE_BYTES, Review
from tests.integration.ingest.ingest_tools import CONTEXT, ingest
from tests.streams.build import message, region, service, service_type


@pytest.fixture
def warned(database, clock, monkeypatch):
    """Runs a stream in batches of two; returns its warnings: by code the count and the example.

    An earlier stream has sent the type and the region that a service names, unless ``known`` is false.
    """
    reviews: list[dict[str, review.Warned]] = []
    close = Review.close
    monkeypatch.setattr(Review, "close", lambda self, stored: reviews.append(close(self, stored)) or reviews[-1])

    def run(stream: list[Any], *, known: bool = True, **changes: Any) -> dict[str, tuple[int, str]]:
        if known and not reviews:
            ingest(database, clock, [service_type(), region()], limits=IngestLimits(), full_collect=False)
        result = ingest(database, clock, stream, limits=IngestLimits(batch_count=2), **changes)
        assert result.counts.failure == 0
        return {code: (each.count, each.example) for code, each in reviews[-1].items()}

    return run


def test_a_resource_is_sent_twice_in_batches_far_apart(warned):
    stream = [service_type(metadata={"view": {}}), region(), *(service(number) for number in range(5)), service(1)]
    changed = [*stream, service(3, name="another name")]

    assert warned(stream) == {"DOUBLE": (1, "server 1")}
    # The second time, nothing changes: it is still known.
    assert warned(stream) == {"DOUBLE": (1, "server 1")}
    assert warned(changed) == {"DOUBLE": (2, "server 1")}
    assert warned(stream, collect_mode=CollectMode.CREATE) == {"DOUBLE": (1, "server 1")}
    assert warned(stream[:-1]) == {}


def test_what_is_too_late_to_be_compared_is_counted(warned, monkeypatch):
    monkeypatch.setattr(review, "COMPARED", 3)
    found = warned([*(service(number) for number in range(5)), service(1), service(4)])
    assert (found["UNCOMPARED"], found["DOUBLE"]) == ((3, "server 3"), (1, "server 1"))


def test_a_region_that_no_resource_of_a_whole_collect_names_is_unused(warned):
    stream = [region(), region("eu-1"), region("eu-2"), *(service(number) for number in range(3))]

    assert warned(stream) == {"UNUSED_REGION": (2, "aws/eu-1")}
    # Unchanged resources are not decoded; their region is what is stored.
    assert warned(stream) == {"UNUSED_REGION": (2, "aws/eu-1")}
    # A filter, or another slice, may have left out the resources of a region.
    assert warned(stream, full_collect=False) == warned(stream, parallel=True) == {}


def test_types_and_regions_that_no_stream_has_sent_are_counted_each_once(warned):
    stream = [service(1), service(2), service(3, cloud_service_type="Volume"), service(4, region_code="eu-1")]

    assert warned(stream, known=False) == {
        "NO_CLOUDSERVICETYPE": (2, "aws.EC2.Instance"),
        "NO_REGION": (2, "aws/ap-northeast-2"),
    }
    # Unchanged resources are not decoded; their type and region are what is stored.
    assert warned([*stream, region("eu-1")]) == {
        "NO_CLOUDSERVICETYPE": (2, "aws.EC2.Instance"),
        "NO_REGION": (1, "aws/ap-northeast-2"),
    }
    # What another slice of the task sends may come later.
    assert warned(stream, parallel=True) == {}
    # What an earlier stream has sent is known.
    assert warned([service_type("Volume"), service_type(), region(), region("eu-1")], full_collect=False) == {}
    assert warned(stream) == {}


def test_a_message_that_other_receivers_would_refuse_is_counted(warned):
    large = service(1)
    large.size = LARGE_BYTES + 1
    assert warned([service(0), large]) == {"LARGE_MESSAGE": (1, "server 1")}


def test_hostile_regions_do_not_fail_a_stream(warned):
    odd: list[Any] = [None, 1, [], {"a": 1}]
    stream = [service(number, region_code=value) for number, value in enumerate(odd[:1])]
    assert warned(stream) == {}
    for value in odd:
        looked = Review.of(replace(CONTEXT))
        looked.regions([message("inventory.Region", {"region_code": value, "provider": value})])
        looked.types([service_type(name=value, provider=value)])
        assert looked.close(lambda _kind, keys: keys) == {}
