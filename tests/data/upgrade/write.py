"""Write ``49c38fb.json``: a database as the code of that commit left it, in the middle of its work.

Run it from the root of a clone: ``.venv/bin/python -m tests.data.upgrade.write``. It lays the commit's files beside
the checkout and runs itself again on them, so that server, worker, scheduler, and all that follows, are of then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bson import json_util

DUMP = Path(__file__).with_name("49c38fb.json")
_OLD = "UPGRADE_DATA_OLD"


def main() -> None:
    """Lay the old code beside this one, and run there."""
    if os.environ.get(_OLD):
        dump(Path(os.environ[_OLD]))
        return
    from tests.old_version import unpack

    with tempfile.TemporaryDirectory(prefix="inventory-upgrade-") as folder:
        root = Path(folder)
        source = unpack(root)
        # The old tree's own tests package is not ours: this file goes by its path.
        environment = os.environ | {"PYTHONPATH": f"{source}:{root}", _OLD: str(DUMP)}
        subprocess.run([sys.executable, str(Path(__file__).resolve())], env=environment, cwd=root, check=True)


def dump(path: Path) -> None:
    """Collect, be killed in the middle of it, and write what the database holds. Runs on the old code."""
    import inventory
    from inventory.devruntime.child import wait_until
    from tests.chaos.fleet import DATABASE, Fleet, Size
    from tests.chaos.traffic import Api

    assert Path(inventory.__file__).is_relative_to(Path.cwd()), inventory.__file__
    world = small_world()
    with tempfile.TemporaryDirectory(prefix="inventory-upgrade-logs-") as folder:
        fleet = Fleet(world, Size(workers=1, schedulers=1, settings={"SLICES_PER_COLLECTOR": 1}), Path(folder))
        try:
            fleet.start()
            api = Api(fleet.targets)
            ids = [api.create(spec) for spec in world.collectors]
            with fleet.client() as client:
                database = client[DATABASE]
                first = [api.collect(each) for each in ids]
                ended = {"job_id": {"$in": first}, "finished_at": {"$ne": None}}
                assert wait_until(lambda: database["job"].count_documents(ended) == len(ids), timeout_seconds=60)
                # Two collects of the sliced collector: one slice runs, the others wait for its place.
                api.collect(ids[1])
                api.collect(ids[0])
                running = {"status": "IN_PROGRESS"}
                waiting = {"waiting": True}
                assert wait_until(
                    lambda: all(database["slice"].find_one(each) for each in (running, waiting)), timeout_seconds=30
                )
                for service in fleet.services:
                    if service.kind != "plugin" and service.process:
                        for child in (*service.children(), service.process):
                            child.kill()
                text = json_util.dumps(content(database), json_options=json_util.CANONICAL_JSON_OPTIONS)
                path.write_text(text + "\n")
                print({name: len(part["documents"]) for name, part in content(database).items()})
        finally:
            fleet.stop()


def small_world() -> Any:
    """Return what was collected: few resources that come slowly, a small file and time to kill in the middle."""
    from tests.chaos.world import make_world

    made = make_world(9, collectors=3, interval=5)
    return replace(made, collectors=tuple(replace(one, resources=4, pause_ms=80) for one in made.collectors))


def content(database: Any) -> dict[str, Any]:
    """Return all documents and indexes, by collection."""
    return {
        name: {
            "indexes": [index for index in database[name].list_indexes() if index["name"] != "_id_"],
            "documents": list(database[name].find()),
        }
        for name in sorted(database.list_collection_names())
    }


if __name__ == "__main__":
    main()
