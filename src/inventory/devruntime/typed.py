"""Commands for a second terminal, as `up` shows them: each can be typed in the folder in which `up` was started."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from inventory.devruntime.running import DATA_DIR, DEFAULT_ENDPOINT


def typed(program: Path) -> str:
    """Return what to type for a program: its name if it is found on the PATH, else the shortest path from here."""
    found = shutil.which(program.name)
    if found and Path(found).absolute() == program.absolute():
        return program.name
    path = program.absolute()
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def typed_inventory(endpoint: str, data_dir: Path) -> str:
    """Return what to type before a client command that is to call the server of this `up`.

    Args:
        endpoint: of its gRPC server.
        data_dir: its data folder: a command in the folder in which ``.inventory`` lies finds the server by itself.
    """
    script = Path(sys.executable).with_name("inventory")
    command = typed(script) if script.exists() else f"{typed(Path(sys.executable))} -m inventory"
    by_itself = endpoint == DEFAULT_ENDPOINT or data_dir.resolve() == DATA_DIR.resolve()
    return command if by_itself else f"{command} --endpoint {endpoint}"


def typed_grpcurl(endpoint: str, method: str) -> tuple[str, ...]:
    """Return a call by grpcurl; none if there is no grpcurl, or TLS, which needs files that only the user knows."""
    return (f"grpcurl -plaintext {endpoint} {method}",) if shutil.which("grpcurl") and "://" not in endpoint else ()
