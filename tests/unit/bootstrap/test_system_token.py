"""The system token at the start of workers and schedulers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inventory import scheduler, worker
from inventory.errors import SettingsError
from inventory.settings import Settings


@pytest.mark.parametrize("run", [worker.run, scheduler.run])
@pytest.mark.parametrize("token", ["", "a.b.c\n", "a b", "\u00e9"])
def test_workers_and_schedulers_refuse_a_token_that_cannot_be_sent(run: Callable[[Settings], int], token: str) -> None:
    settings = Settings(platform="grpc", system_token=token)  # type: ignore[arg-type]

    with pytest.raises(SettingsError, match="INVENTORY_SYSTEM_TOKEN") as raised:
        run(settings)
    assert not token or token not in raised.value.message
