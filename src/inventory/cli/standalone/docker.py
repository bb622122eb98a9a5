"""Docker as the plugin commands use it: is it there, and does it have the image?"""

from __future__ import annotations

import shutil
import subprocess

import click

from inventory.cli.terminal import echo, one_line


def require_docker(name: str, source: str) -> None:
    """Return if Docker is on the PATH. Raises ``click.ClickException`` that says what else can be done."""
    if shutil.which("docker") is not None:
        return
    command = f"inventory plugin run {name} --folder FOLDER --command 'COMMAND --port {{port}}'"
    raise click.ClickException(
        "docker is not on the PATH. Install it (https://docs.docker.com/engine/install), or run the plugin from its "
        f"source, {source or 'a folder of yours'}: {command}"
    )


def require_image(image: str) -> None:
    """Return once Docker has the image, which is pulled where it has not; the progress is shown.

    Raises:
        click.ClickException: it cannot be pulled; Docker has said why.
    """
    inspected = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    if inspected.returncode == 0:
        return
    # Progress goes to stderr: stdout is for what a script reads.
    echo(one_line(f"docker pull {image}"), err=True)
    pulled = subprocess.run(["docker", "pull", "--quiet", image], stdout=subprocess.DEVNULL, check=False)
    if pulled.returncode != 0:
        raise click.ClickException(
            f"docker pull {image} failed with exit code {pulled.returncode}: does Docker run, and is there this image? "
            "Without Docker, run the plugin from its source: --folder FOLDER --command 'COMMAND --port {port}'"
        )
