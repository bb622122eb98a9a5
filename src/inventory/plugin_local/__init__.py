"""The bundled collector plugin: collects the machine it runs on.

It is a real plugin, and the example of a larger one built with ``inventory.plugin``: it knows nothing of this service
except the protocol. ``areas`` inspect the machine, ``resources`` builds the messages, and ``collect`` applies the
filter.
"""

from inventory.plugin_local.server import LocalPlugin, serve

__all__ = ["LocalPlugin", "serve"]
