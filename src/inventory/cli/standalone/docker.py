"""Docker as the plugin commands use it: is it there, and does it have the image?"""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

import click

from inventory.cli.terminal import echo, one_line
from inventory.devruntime import child
from inventory.standalone.launch import plugin_environment

INSPECT_SECONDS: Final = 15.0
"""How long Docker may take to say whether it has an image, s."""
PULL_SECONDS: Final = 600.0
"""How long a pull may take, s."""
STOP_SECONDS: Final = 2.0
STDERR: Final = 2

_INSTEAD: Final = "Without Docker, run the plugin from its source: --folder FOLDER --command 'COMMAND --port {port}'"


def require_docker(name: str, source: str) -> None:
    """Return if Docker is on the PATH. Raises ``click.ClickException`` that says what else can be done."""
    if shutil.which("docker") is not None:
        return
    command = f"inventory plugin run {name} --folder FOLDER --command 'COMMAND --port {{port}}'"
    raise click.ClickException(
        "docker is not on the PATH. Install it (https://docs.docker.com/engine/install), or run the plugin from its "
        f"source, {source or 'a folder of yours'}: {command}"
    )


def require_image(image: str, pull_seconds: float = PULL_SECONDS) -> None:
    """Return once Docker has the image, which is pulled if it is missing; Docker's progress is printed to stderr.

    Args:
        image: a checked reference.
        pull_seconds: how long the pull may take.

    Raises:
        click.ClickException: Docker does not answer, or it cannot be pulled, for which Docker has printed the reason.
    """
    inspected = _exit_code(("docker", "image", "inspect", image), INSPECT_SECONDS, subprocess.DEVNULL)
    if inspected == 0:
        return
    if inspected is None:
        words = f"docker does not answer within {INSPECT_SECONDS:g} s: does its daemon run (docker info)? {_INSTEAD}"
        raise click.ClickException(words)
    # Progress goes to stderr: stdout is for what a script reads.
    echo(one_line(f"docker pull {image}"), err=True)
    pulled = _exit_code(("docker", "pull", image), pull_seconds, STDERR)
    if pulled is None:
        raise click.ClickException(f"docker pull {image} has not ended within {pull_seconds:g} s (--pull-wait)")
    if pulled != 0:
        raise click.ClickException(
            f"docker pull {image} failed with exit code {pulled}: does Docker run, and is there this image? {_INSTEAD}"
        )


def _exit_code(argv: tuple[str, ...], seconds: float, stdout: int) -> int | None:
    """Run a command and return its exit code; None: it did not end in time, and was stopped."""
    process = child.spawn(argv, env=plugin_environment(), stdout=stdout)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        child.stop(process, grace_seconds=STOP_SECONDS)
