"""The image is built by the steps of `make`, of files that reach it, and starts what the code has."""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.devruntime.platform_file import DEFAULT_PLUGIN_PORT
from inventory.settings import Settings
from tests.ports import free_port
from tests.unit.deploy.deploy_kit import ROOT, check_command

COMMENT = "#"
BUILT = "/opt/inventory"


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(COMMENT)]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined)]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        elif not found:
            continue
        found[-1].append((name, rest))
    return found


def reaches_the_build(path: Path) -> bool:
    """Tell whether .dockerignore lets a file through: the last pattern that fits decides."""
    through = True
    for pattern in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not pattern or pattern.startswith(COMMENT):
            continue
        wanted = pattern.removeprefix("!").removeprefix("**/")
        parts = [path, *path.parents][:-1]
        anywhere = "**/" in pattern
        if any(fnmatch.fnmatch(part.name if anywhere else str(part), wanted) for part in parts):
            through = pattern.startswith("!")
    return through


def sources() -> list[str]:
    """Return what the first stage copies from the checkout."""
    copied = [rest.split()[:-1] for name, rest in stages()[0] if name == "COPY"]
    return [source.removeprefix("./") for each in copied for source in each]


def test_the_build_steps_are_those_of_make() -> None:
    command = ["make", "--dry-run", "--no-print-directory", "install-runtime", f"PREFIX={BUILT}", "PYTHON=python"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    compiler, *steps = [rest for name, rest in stages()[0] if name == "RUN"]
    assert "gcc" in compiler
    assert steps == told.splitlines()


def test_a_changed_line_of_the_code_leaves_the_layer_of_the_dependencies_as_it_is() -> None:
    steps = stages()[0]
    (installed,) = [place for place, (_, rest) in enumerate(steps) if "--requirement requirements-runtime.lock" in rest]

    before = [rest for name, rest in steps[:installed] if name == "COPY"]
    assert before == ["requirements-runtime.lock ./"]
    assert "--require-hashes" in steps[installed][1]
    assert "--no-build-isolation" in steps[-2][1], "what builds the package is locked as well"


def test_the_base_is_named_once() -> None:
    (name, default), *_ = instructions()

    assert name == "ARG"
    assert default.startswith("BASE_IMAGE=python:3.")
    assert [rest.split()[0] for name, rest in instructions() if name == "FROM"] == ["${BASE_IMAGE}"] * 2


def test_what_is_copied_exists_and_reaches_the_build_and_nothing_else_does() -> None:
    assert sources() == ["requirements-runtime.lock", "pyproject.toml", "setup.py", "README.md", "src"]
    for source in sources():
        assert (ROOT / source).exists()
        assert reaches_the_build(Path(source))
    assert reaches_the_build(Path("src/inventory/cli/__init__.py"))
    others = (
        "requirements.lock",
        "tests/conftest.py",
        ".git/config",
        ".venv/bin/python",
        ".inventory/platform.yaml",
        ".env",
    )
    assert not any(reaches_the_build(Path(each)) for each in others)
    assert not reaches_the_build(Path("src/inventory/__pycache__/settings.cpython-311.pyc"))


def test_the_image_runs_as_nobody_special_and_writes_nowhere_but_to_a_volume() -> None:
    final = dict(stages()[-1])

    assert final["USER"] == "10001:10001"
    assert json.loads(final["VOLUME"]) == ["/tmp"]
    assert "PYTHONDONTWRITEBYTECODE=1" in final["ENV"]
    assert "HOME=/tmp" in final["ENV"]


def test_every_default_port_is_exposed() -> None:
    """A container publishes none of them by that; it tells what is to be published."""
    defaults = {name: field.default for name, field in Settings.model_fields.items() if name.endswith("port")}

    exposed = {int(port) for port in dict(stages()[-1])["EXPOSE"].split()}
    assert exposed == {*defaults.values(), DEFAULT_PLUGIN_PORT}


def test_what_the_image_starts_and_asks_are_commands() -> None:
    final = dict(stages()[-1])

    assert json.loads(final["ENTRYPOINT"]) == ["inventory"]
    check_command(json.loads(final["CMD"]))
    program, *asked = json.loads(final["HEALTHCHECK"].partition("CMD ")[2])
    assert (program, check_command(asked)) == ("inventory", "health")


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_the_steps_make_an_installation_that_works(tmp_path: Path) -> None:
    """Needs a package index, as the build does."""
    context = tmp_path / "build"
    context.mkdir()
    for source in sources():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / source, context / source)
    prefix = tmp_path / "runtime"
    for name, step in stages()[0]:
        if name == "RUN" and step.startswith("python"):
            words = shlex.split(step.replace(BUILT, str(prefix)))
            subprocess.run([sys.executable, *words[1:]], cwd=context, check=True)

    environment = {name: value for name, value in os.environ.items() if not name.startswith(("INVENTORY_", "PYTHON"))}
    kinds = ("api.server", "worker", "scheduler", "gateway", "plugin_local", "cli")
    imports = f"import opentelemetry.sdk, {', '.join(f'inventory.{kind}' for kind in kinds)}"
    subprocess.run([prefix / "bin/python", "-c", imports], env=environment, cwd=tmp_path, check=True)
    environment["INVENTORY_WORKER_HEALTH_PORT"] = str(free_port())
    for command, code in ((["--version"], 0), (["health", "worker"], 1)):
        run = subprocess.run([prefix / "bin/inventory", *command], env=environment, cwd=tmp_path, check=False)
        assert run.returncode == code
    version = subprocess.check_output([prefix / "bin/inventory", "--version"], env=environment, text=True)
    assert version.endswith("(compiled)\n"), "this test needs a C compiler"
    assert not [name for name in ("pytest", "mypy", "mypyc") if list((prefix / "lib").rglob(name))]
    assert not list((prefix / "lib").rglob("pytest")), "the image holds what only tests need"
