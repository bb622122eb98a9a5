"""The plugins as a process of their own: ``python -m tests.chaos.plugin_process PLAIN_PORT SLICED_PORT TRUTH``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from inventory.process.stop_flag import StopFlag
from tests.chaos.truth import Truth, member_of, source_of
from tests.chaos.world import shared_ids, stream_ids
from tests.fakes.plugin import Call, FakePlugin
from tests.fakes.resources import Message, cloud_service, cloud_service_type, error_resource, region

REMEMBERED_CALLS = 200
GARBAGE = {"supported_features": ["garbage_collection"]}
FILLER = "x" * 1024


class Streams:
    """Sends what the world has for a collector, secret and slice.

    Args:
        truth: numbers the streams. The shared resources and every second other one change with each of them.
    """

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def __call__(self, call: Call) -> Iterator[Message]:
        """Return a stream."""
        options, account = call.options, call.secret_data["account"]
        number = int((call.task_options or {}).get("number", 0))
        pause = float(options["pause_ms"]) / 1000
        source = source_of(options, account, number)
        changing = {member_of(source): self._truth.begin(source)}
        yield cloud_service_type()
        yield region()
        own = stream_ids(options, account, number)
        still = set(own[1::2])
        for resource_id in [*shared_ids(), *own]:
            time.sleep(pause)
            data = {"id": resource_id, "filler": FILLER}
            yield cloud_service(resource_id, data=data if resource_id in still else data | changing)
        if options["leaks"]:
            yield error_resource(f"denied for {call.secret_data['key']}")


def tasks(call: Call) -> Sequence[Mapping[str, Any]]:
    """Answer the slices of the collector."""
    return [{"number": number} for number in range(int(call.options["slices"]))]


class ForgetfulPlugin(FakePlugin):
    """Remembers its last calls only: it lives long."""

    def _record(self, *arguments: Any) -> Call:
        call = super()._record(*arguments)
        with self.changed:
            del self.calls[:-REMEMBERED_CALLS]
        return call


def main() -> None:
    """Serve both plugins until SIGTERM."""
    stop = StopFlag()
    stop.set_by_signals()
    plain, sliced = (int(port) for port in sys.argv[1:3])
    stream = Streams(Truth(Path(sys.argv[3])))
    with (
        ForgetfulPlugin(port=plain, metadata=GARBAGE, resources=stream, threads=64),
        ForgetfulPlugin(port=sliced, metadata=GARBAGE, resources=stream, tasks=tasks, threads=64),
    ):
        stop.wait()


if __name__ == "__main__":
    main()
