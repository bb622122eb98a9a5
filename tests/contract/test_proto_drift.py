"""The generated stubs in the tree are what `make proto` would write."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUBS = ROOT / "src" / "inventory" / "stubs"
V1 = Path("spaceone") / "api" / "inventory" / "v1"


def check(stubs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), "--check", "--stubs", str(stubs)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_committed_stubs_are_up_to_date() -> None:
    result = check(STUBS)

    assert result.returncode == 0, result.stderr


def test_each_drifted_file_is_named(tmp_path: Path) -> None:
    stubs = tmp_path / "stubs"
    shutil.copytree(STUBS, stubs, ignore=shutil.ignore_patterns("__pycache__"))
    with (stubs / V1 / "job_pb2.py").open("a") as file:
        file.write("# edited by hand\n")
    (stubs / V1 / "region_pb2.pyi").unlink()
    (stubs / V1 / "note_pb2.py").touch()

    result = check(stubs)

    assert result.returncode == 1
    named = {tuple(line.split()) for line in result.stderr.splitlines()[1:]}
    assert named == {
        ("outdated:", f"{V1.as_posix()}/job_pb2.py"),
        ("missing:", f"{V1.as_posix()}/region_pb2.pyi"),
        ("leftover:", f"{V1.as_posix()}/note_pb2.py"),
    }
