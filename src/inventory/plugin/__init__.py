"""Write a collector plugin in Python: a class, and one line that serves it.

>>> class Lamps(Plugin):
...     def collect(self, request):
...         yield CloudService(provider="home", group="House", type="Lamp", resource_id="1", name="desk")
>>> main(Lamps())  # doctest: +SKIP

The server supports health checks, reflection, TLS, and a stop that lets running collects end.
"""

from inventory.plugin.base import Plugin, Refused, Request
from inventory.plugin.resources import CloudService, CloudServiceType, Error, Region, Resource
from inventory.plugin.server import Tls, build_server, main, serve

__all__ = [
    "CloudService",
    "CloudServiceType",
    "Error",
    "Plugin",
    "Refused",
    "Region",
    "Request",
    "Resource",
    "Tls",
    "build_server",
    "main",
    "serve",
]
