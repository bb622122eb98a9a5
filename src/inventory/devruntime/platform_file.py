"""The static platform file that `up` keeps in its data folder: the bundled plugin and its secret."""

from __future__ import annotations

import re
from pathlib import Path

from inventory.bootstrap.static_file import read_text
from inventory.devruntime.ports import LOOPBACK
from inventory.errors import SettingsError
from inventory.standalone.platform_file import PlatformFile

FILE_NAME = "platform.yaml"
PLUGIN_ID = "plugin-local"
SECRET_ID = "secret-local"  # noqa: S105 (an id, no secret)
PROVIDER = "local"
DEFAULT_PLUGIN_PORT = 50060

_ENDPOINT = re.compile(rf"grpc://{re.escape(LOOPBACK)}:(\d+)(?=\s*# {PLUGIN_ID}\b)")

TEMPLATE = f"""\
# Plugins and secrets of `inventory up`. Add your own; this file is written only where it is absent.
# The mark behind the endpoint of {PLUGIN_ID} lets `up` follow when its port changes.
plugins:
  - plugin_id: {PLUGIN_ID}
    name: This machine
    provider: {PROVIDER}
    endpoint: grpc://{LOOPBACK}:{{port}}  # {PLUGIN_ID}
    capability: {{{{}}}}
    versions: ["1.0"]
    latest: "1.0"
secrets:
  - secret_id: {SECRET_ID}
    name: This machine
    provider: {PROVIDER}
    data: {{{{}}}}
"""


def platform_file(configured: Path | None, data_dir: Path) -> Path:
    """Return the path of the platform file: the configured one, which must exist, else that of the data folder."""
    if configured is not None and not configured.exists():
        raise SettingsError(
            f"static_file (INVENTORY_STATIC_FILE): {configured} does not exist. Write it, or unset the setting: "
            f"then `inventory up` writes one with the local plugin, {data_dir / FILE_NAME}.",
            field="static_file",
        )
    return configured or data_dir / FILE_NAME


def local_plugin_port(path: Path) -> int:
    """Return the port of the local plugin in the file, else the default.

    Raises:
        SettingsError: the file cannot be read.
    """
    found = _ENDPOINT.search(read_text(path)) if path.exists() else None
    return int(found.group(1)) if found else DEFAULT_PLUGIN_PORT


def ensure_platform_file(path: Path, *, plugin_port: int | None = None) -> int:
    """Write the file if it is missing; otherwise update the endpoint of its local plugin to ``plugin_port``.

    Args:
        path: of the file.
        plugin_port: the TCP port for the local plugin; absent: that in the file, else the default.

    Returns:
        The port on which the local plugin must listen.

    Raises:
        SettingsError: the file cannot be read or written, or it is invalid and the port would change.
    """
    file = PlatformFile(path)
    port = plugin_port or DEFAULT_PLUGIN_PORT
    if not path.exists() and file.create(TEMPLATE.format(port=port)):
        return port
    stored = local_plugin_port(path)
    if plugin_port is None or plugin_port == stored:
        return stored
    file.rewrite(lambda text: _ENDPOINT.sub(f"grpc://{LOOPBACK}:{plugin_port}", text))
    return plugin_port
