"""The full hour as rows (see :mod:`tests.bench.schedules`)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import schedules
from tests.bench.bed import Bed
from tests.bench.results import Row, Scale


def measure(bed: Bed, scale: Scale) -> Iterator[Row]:
    """Yield a row for one scheduler and for three."""
    found = schedules.measure(bed.mongod.uri, bed.redis.url, schedules=scale.schedules, due=scale.due)
    for count in (1, 3):
        figures = found[f"schedulers_{count}"]
        yield Row(
            "scheduler",
            f"{scale.due:,} of {scale.schedules:,} due, {count} scheduler{'s' if count > 1 else ''}",
            {**figures, "rate": figures["jobs"] / figures["seconds_until_all_exist"]},
            floor={"rate": figures["jobs"] / found["floor_seconds"]},
            ratios={"rate": found["floor_seconds"] / figures["seconds_until_all_exist"]},
        )
