"""`inventory doctor`: all checks with objects of their own, so that it runs without any process of the service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from inventory.bootstrap.container import Container
from inventory.doctor.run import checks
from inventory.domain.finding import Finding
from inventory.settings import Settings

_TIMEOUT_SECONDS: Final = 10.0
_BOUNDED: Final = ("plugin_init_timeout_seconds", "platform_timeout_seconds", "plugin_install_timeout_seconds")


def run_checks(settings: Settings, *, plugins: bool = True) -> Iterator[Finding]:
    """Yield the findings as they are made; if one check fails, the others still run.

    Args:
        settings: the settings of the deployment; time limits above ten seconds are shortened.
        plugins: whether to check the collectors' plugins as well.
    """
    bounded = {name: min(getattr(settings, name), _TIMEOUT_SECONDS) for name in _BOUNDED}
    with contextlib.closing(Container(settings.model_copy(update=bounded))) as container:
        yield from checks(container, plugins=plugins)
