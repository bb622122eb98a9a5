"""The published SpaceONE stubs, in a process of their own, reach every method through reflection."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from inventory.api.app import Server
from inventory.api.methods import POLICIES
from inventory.api.policy import OPERATIONS

PROGRAM = Path(__file__).with_name("published_client.py")


def test_the_generic_client_reaches_every_method(whole_server: Server) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), whole_server.address],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=PROGRAM.parent,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    walked = json.loads(done.stdout)
    answers = {
        f"/{service}/{method}": answer for service, methods in walked.items() for method, answer in methods.items()
    }
    assert set(answers) == {name for name in POLICIES if not name.startswith(f"/{OPERATIONS}")}
    for method, answer in answers.items():
        policy = POLICIES[method]
        expected = "INVALID_ARGUMENT ERROR_REQUIRED_PARAMETER" if policy.required else "OK"
        assert answer == expected, method
