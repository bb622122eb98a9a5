"""The static platform file that `up` keeps in its data folder: the bundled plugin and its secret."""

from __future__ import annotations

import re
from pathlib import Path

from inventory.devruntime.ports import LOOPBACK
from inventory.errors import SettingsError

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


def ensure_platform_file(path: Path, *, plugin_port: int | None = None) -> int:
    """Write the file if it is absent, or let its local plugin's endpoint follow ``plugin_port``.

    Args:
        path: where the file is.
        plugin_port: the TCP port wanted for the local plugin; absent: the file's, else the default.

    Returns:
        The port on which the local plugin must listen.

    Raises:
        SettingsError: the file cannot be read or written.
    """
    try:
        if not path.exists():
            port = plugin_port or DEFAULT_PLUGIN_PORT
            # Secrets are going to be added to it.
            path.touch(mode=0o600)
            path.write_text(TEMPLATE.format(port=port), encoding="utf-8")
            return port
        text = path.read_text(encoding="utf-8")
        found = _ENDPOINT.search(text)
        stored = int(found.group(1)) if found else DEFAULT_PLUGIN_PORT
        if plugin_port is None or plugin_port == stored:
            return stored
        path.write_text(_ENDPOINT.sub(f"grpc://{LOOPBACK}:{plugin_port}", text), encoding="utf-8")
    except OSError as exc:
        raise SettingsError(f"{path}: {exc.strerror}", field="static_file") from exc
    return plugin_port
