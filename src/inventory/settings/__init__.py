"""Settings: environment variables ``INVENTORY_*`` over one YAML file (``INVENTORY_CONFIG``), checked at start.

The names in ``fields`` in capitals, with the prefix, are the environment variables; in lower case they are the keys of
the YAML file. ``inventory config`` prints what is in force, secrets masked.
"""

from inventory.settings.fields import Settings
from inventory.settings.loading import load, nearest_variable, unknown_variables
from inventory.settings.variables import CLIENT_VARIABLES, PREFIX

__all__ = ["CLIENT_VARIABLES", "PREFIX", "Settings", "load", "nearest_variable", "unknown_variables"]
