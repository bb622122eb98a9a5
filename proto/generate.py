"""Generates `src/inventory/stubs` from the .proto files beside this script.

Usage: `python proto/generate.py` writes the stubs, `python proto/generate.py --check` writes nothing and exits with 1,
naming the files, if what is in the tree differs from what would be written.

The generated modules live in the package `inventory.stubs`, so that they can be installed beside the published SpaceONE
stubs, whose package is `spaceone`. Only the Python imports are rewritten: the file names inside the descriptors stay
`spaceone/api/...`, because clients find the published modules through them (contract, section "Discovery by clients").
What lies below `inventory/` is our own and in no published package.
The `google.api` annotations are not generated but imported from googleapis-common-protos.
"""

import argparse
import re
import sys
import tempfile
from importlib import resources, util
from pathlib import Path

from grpc_tools import protoc

PROTO_ROOT = Path(__file__).resolve().parent
STUBS_ROOT = PROTO_ROOT.parent / "src" / "inventory" / "stubs"
STUBS_PACKAGE = "inventory.stubs"

_OWN_IMPORT = re.compile(r"^(from|import) (spaceone|inventory)\.", re.MULTILINE)
_ROOT_INIT = '"""Generated from `proto/` by `make proto`. Do not edit."""\n'


def main() -> int:
    """Generate or, with --check, compare; returns the exit code."""
    parser = argparse.ArgumentParser(description="Generate src/inventory/stubs from proto/.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the stubs are out of date")
    parser.add_argument("--stubs", type=Path, default=STUBS_ROOT, help="the folder to write or check")
    arguments = parser.parse_args()
    expected = generate()
    if arguments.check:
        return _report_drift(expected, read_tree(arguments.stubs))
    write_tree(arguments.stubs, expected)
    print(f"{len(expected)} files in {arguments.stubs}")
    return 0


def generate() -> dict[str, str]:
    """The content of every generated file, by its path relative to the stubs folder."""
    with tempfile.TemporaryDirectory() as folder:
        _run_protoc(Path(folder))
        files = {path: _rewrite_imports(text) for path, text in read_tree(Path(folder)).items()}
    packages = {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}
    return {"__init__.py": _ROOT_INIT} | {f"{package}/__init__.py": "" for package in packages} | files


def drift(expected: dict[str, str], actual: dict[str, str]) -> list[str]:
    """One line for each file that is missing, outdated or left over; empty if there is none."""
    found = []
    for path in sorted(expected.keys() | actual.keys()):
        if path not in actual:
            found.append(f"missing:  {path}")
        elif path not in expected:
            found.append(f"leftover: {path}")
        elif expected[path] != actual[path]:
            found.append(f"outdated: {path}")
    return found


def read_tree(root: Path) -> dict[str, str]:
    """The text of every source file under a folder, by its relative path."""
    found = (path for path in root.rglob("*") if path.suffix in {".py", ".pyi"})
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def write_tree(root: Path, files: dict[str, str]) -> None:
    """Make a folder hold exactly these source files."""
    for path in read_tree(root).keys() - files.keys():
        (root / path).unlink()
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _run_protoc(output: Path) -> None:
    sources = sorted(path.relative_to(PROTO_ROOT).as_posix() for path in PROTO_ROOT.rglob("*.proto"))
    arguments = [
        "protoc",
        f"--proto_path={PROTO_ROOT}",
        f"--proto_path={_common_protos()}",
        f"--proto_path={resources.files('grpc_tools') / '_proto'}",
        f"--python_out={output}",
        f"--pyi_out={output}",
        f"--grpc_python_out={output}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed, see above")


def _common_protos() -> Path:
    """The folder in which googleapis-common-protos is installed; its files lie at google/api/*.proto."""
    spec = util.find_spec("google.api.annotations_pb2")
    if spec is None or spec.origin is None:
        raise SystemExit("googleapis-common-protos is not installed")
    return Path(spec.origin).parents[2]


def _rewrite_imports(text: str) -> str:
    return _OWN_IMPORT.sub(rf"\1 {STUBS_PACKAGE}.\2.", text)


def _report_drift(expected: dict[str, str], actual: dict[str, str]) -> int:
    found = drift(expected, actual)
    if not found:
        print("stubs are up to date")
        return 0
    print("stubs differ from proto/, run `make proto`:", *found, sep="\n  ", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
