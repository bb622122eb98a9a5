"""The bundled collector plugin: collects the machine it runs on.

It is a real plugin, and the example of how to write a larger one with ``inventory.plugin``: it knows nothing of this
service but the protocol. ``areas`` look at the machine, ``resources`` makes what is sent of what they found, and
``collect`` narrows it by the filter.
"""

from inventory.plugin_local.server import LocalPlugin, serve

__all__ = ["LocalPlugin", "serve"]
