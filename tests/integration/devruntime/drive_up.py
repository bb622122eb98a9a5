"""Runs `run_up` as the CLI does, with stand-ins for the service's own processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from inventory import settings
from inventory.devruntime.up import UpOptions, run_up
from inventory.errors import SettingsError


def main() -> int:
    """Run with the options in the JSON of the first argument."""
    wanted = json.loads(sys.argv[1])
    options = UpOptions(
        data_dir=Path(wanted["data_dir"]),
        settings=settings.load(),
        mongo_port=0,
        redis_port=0,
        plugin_port=0,
        demo=(lambda endpoint: print(f"demo of {endpoint}", flush=True)) if wanted.get("demo") else None,
        command=[sys.executable, str(Path(__file__).with_name("fake_inventory.py"))],
    )
    try:
        return run_up(options)
    except SettingsError as error:
        print(error, file=sys.stderr, flush=True)
        return 2


sys.exit(main())
