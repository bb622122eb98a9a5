"""Types of settings: numbers with their units and bounds, ports, names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

_YEARS = 100
"""How long any duration may be: no date from now on, or back, leaves the calendar."""

_WAIT_DAYS = 10
"""How long a wait may be that is handed to a library: MongoDB's driver takes no milliseconds beyond 10 to the 9th,
gRPC's options and a wait for a process none beyond 2 to the 31st."""

# Infinity is no number either, but its complaint is to name the bound.
Seconds = Annotated[float, Field(gt=0, le=_YEARS * 365 * 86_400, allow_inf_nan=True)]
SecondsOrZero = Annotated[float, Field(ge=0, le=_YEARS * 365 * 86_400, allow_inf_nan=True)]
WaitSeconds = Annotated[float, Field(gt=0, le=_WAIT_DAYS * 86_400, allow_inf_nan=True)]
Hours = Annotated[float, Field(gt=0, le=_YEARS * 365 * 24, allow_inf_nan=True)]
Days = Annotated[float, Field(gt=0, le=_YEARS * 365, allow_inf_nan=True)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
DatabaseName = Annotated[str, Field(min_length=1, max_length=63, pattern=r'^[^/\\. "$*<>:|?\x00]+$')]

MIB = 1024 * 1024
