"""Loads the settings in force; wrong, unknown and misspelt ones are reported by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Container

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as SourceError

from inventory.errors import SettingsError
from inventory.settings.fields import Settings
from inventory.settings.variables import CLIENT_VARIABLES, CONFIG_VARIABLE, PREFIX, variable


def load(**overrides: object) -> Settings:
    """Return the settings in force.

    Args:
        overrides: values from the command line, which override environment and file.

    Raises:
        SettingsError: names each invalid setting with the reason, but never its value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        lines = [_complaint(error, overrides) for error in exc.errors(include_input=False)]
        raise SettingsError("; ".join(lines)) from None
    except SourceError as exc:
        # Concerns a list or mapping in the environment; the message names the field but no value.
        name = next((each for each in Settings.model_fields if f'"{each}"' in str(exc)), "a setting")
        raise SettingsError(f"{name} ({variable(name)}): is not JSON") from None


def unknown_variables() -> list[str]:
    """Return the names of environment variables that look like settings but are not."""
    known = {variable(name) for name in Settings.model_fields} | CLIENT_VARIABLES
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def nearest_variable(name: str) -> str:
    """Return the known variable closest to ``name``, or the empty string."""
    known = [variable(each) for each in Settings.model_fields] + sorted(CLIENT_VARIABLES)
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), "")


def _complaint(error: ErrorDetails, overrides: Container[str]) -> str:
    if not error["loc"]:
        # Concerns settings that contradict one another; the message names them.
        return error["msg"]
    name = str(error["loc"][0])
    path = os.environ.get(CONFIG_VARIABLE, "")
    from_file = path and name not in overrides and variable(name) not in os.environ
    where = f"in {path}" if from_file else variable(name)
    reason = (
        "is not the name of a setting"
        if error["type"] == "extra_forbidden"
        else error["msg"].removeprefix("Value error, ")
    )
    return f"{'.'.join(str(part) for part in error['loc'])} ({where}): {reason}"
