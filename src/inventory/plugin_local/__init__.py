"""The bundled collector plugin: collects the machine it runs on.

It is a real plugin, and the example of how to write one: a gRPC server of ``spaceone.api.inventory.plugin.Collector``
that knows nothing of this service but the protocol. ``areas`` look at the machine, ``resources`` turns what they
found into what the protocol wants, ``server`` speaks gRPC.
"""

from inventory.plugin_local.server import build_server, serve

__all__ = ["build_server", "serve"]
