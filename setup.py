"""Compiles the modules on the way of every resource with mypyc; all else about the package is in pyproject.toml.

A wheel is compiled where a C compiler and Python's headers are found, and pure Python elsewhere. An editable install
and a source distribution are never compiled. ``INVENTORY_COMPILE=0`` forbids it; with ``INVENTORY_COMPILE=1`` a build
that cannot compile fails. ``make test-compiled`` runs the tests against the compiled modules.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

COMPILED = (
    "domain/equality",
    "domain/numbers",
    "domain/texts",
    "protobuf/encoder",
    "protobuf/struct",
    "protobuf/struct_reader",
    "connector/grpc/decode",
    "ingest/cloud_services",
    "ingest/decision/change",
    "ingest/decision/changeset",
    "ingest/decision/decide",
    "ingest/decision/history",
    "ingest/decision/match",
    "ingest/reading/items",
    "ingest/reading/record",
)
BUILDS = {"bdist_wheel", "build", "build_ext"}


def extensions() -> list[Extension]:
    """Return what is to be compiled by this run of setuptools.

    Raises:
        SystemExit: ``INVENTORY_COMPILE=1`` and there is no compiler.
    """
    wanted = os.environ.get("INVENTORY_COMPILE", "")
    if wanted == "0" or not BUILDS & set(sys.argv):
        return []
    if missing := _missing():
        if wanted == "1":
            raise SystemExit(f"INVENTORY_COMPILE=1, but {missing} is missing")
        return []
    from mypyc.build import mypycify

    # Types of other packages may be missing where the build is isolated; `make check` has checked them.
    options = ["--config-file=", "--ignore-missing-imports", "--disable-error-code=import-untyped"]
    return list(mypycify([*options, *(f"src/inventory/{module}.py" for module in COMPILED)], group_name="inventory"))


def _missing() -> str:
    """Return which of the things that compiling takes is not here, or nothing."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"the C compiler {compiler}"
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    return "" if header.is_file() else str(header)


setup(ext_modules=extensions())
