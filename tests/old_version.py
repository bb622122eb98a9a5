"""The code of an earlier commit, laid beside the checkout, so that its processes can be run."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARENT = "49c38fb"
"""The commit before there were migrations: databases of then are what the first of them have to do with."""


def has_commit(commit: str = PARENT) -> bool:
    """Tell whether the commit is there: a shallow clone, or an unpacked archive, lacks it."""
    command = ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unpack(folder: Path, commit: str = PARENT) -> Path:
    """Write the files of ``commit`` to ``folder``; return where its packages are, for PYTHONPATH."""
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / "src"
