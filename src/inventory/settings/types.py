"""Types of settings: numbers with their units and bounds, ports, names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

_YEARS = 100
"""The longest duration, in years: keeps every computed date within the calendar."""

_WAIT_DAYS = 10
"""The longest wait that is passed to a library, in days: MongoDB's driver accepts at most 10^9 ms; gRPC's options and
waiting for a process at most 2^31 ms."""

# Infinity is not a number either, but its error message should name the bound.
Seconds = Annotated[float, Field(gt=0, le=_YEARS * 365 * 86_400, allow_inf_nan=True)]
SecondsOrZero = Annotated[float, Field(ge=0, le=_YEARS * 365 * 86_400, allow_inf_nan=True)]
WaitSeconds = Annotated[float, Field(gt=0, le=_WAIT_DAYS * 86_400, allow_inf_nan=True)]
Hours = Annotated[float, Field(gt=0, le=_YEARS * 365 * 24, allow_inf_nan=True)]
Days = Annotated[float, Field(gt=0, le=_YEARS * 365, allow_inf_nan=True)]
Percent = Annotated[float, Field(ge=0, le=100)]
Port = Annotated[int, Field(ge=0, le=65535)]
PositiveInt = Annotated[int, Field(ge=1)]
DatabaseName = Annotated[str, Field(min_length=1, max_length=63, pattern=r'^[^/\\. "$*<>:|?\x00]+$')]

MIB = 1024 * 1024
