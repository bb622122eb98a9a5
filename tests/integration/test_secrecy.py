"""The search for secrets finds them: a search that finds nothing must mean something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from prometheus_client import REGISTRY, Counter
from pymongo import MongoClient

from inventory.devruntime.databases.mongod import EmbeddedMongod
from tests import secrecy
from tests.ports import free_port


def a_token() -> str:
    return str(jwt.encode({"alg": "RS256"}, {"did": "domain-1", "aud": "user-1"}, RSAKey.generate_key(2048)))


@pytest.mark.parametrize("secret", [f"{secrecy.PLANTED}-value", a_token()])
def test_a_secret_is_found_in_any_text(secret: str) -> None:
    assert len(secrecy.secrets_in(f"a line with {secret} in it")) == 1
    assert secrecy.secrets_in("a line with *** in it") == []


def test_a_secret_is_found_in_logs_and_in_what_redis_wrote(tmp_path: Path) -> None:
    block = secrecy._BLOCK_BYTES
    for name in ("worker.log", "appendonly.aof", "platform.yaml"):
        # Across the border of two blocks, where a search by blocks would miss it.
        (tmp_path / name).write_bytes(b"x" * (block - 5) + f"{secrecy.PLANTED}-value".encode())
    try:
        found = {place.partition(":")[0] for place in secrecy.secrets_in_files(tmp_path)}
    finally:
        for path in tmp_path.iterdir():
            path.unlink()  # or the search of this very run finds them, too

    assert found == {str(tmp_path / "worker.log"), str(tmp_path / "appendonly.aof")}


def test_a_secret_is_found_in_a_label_of_a_metric() -> None:
    counter = Counter("planted", "A metric of this test.", ["label"])
    try:
        counter.labels(f"{secrecy.PLANTED}-value").inc()
        assert len(list(secrecy.secrets_in_metrics())) > 0
    finally:
        REGISTRY.unregister(counter)
    assert list(secrecy.secrets_in_metrics()) == []


def test_a_secret_is_found_that_was_written_and_deleted_again(tmp_path: Path) -> None:
    with (
        EmbeddedMongod(tmp_path / "data", free_port(), tmp_path / "mongod.txt") as server,
        MongoClient[dict[str, Any]](server.uri) as client,
    ):
        secrecy.keep_oplog(client)
        client["some"]["thing"].insert_one({"_id": 1, "name": "fine"})
        assert list(secrecy.secrets_in_oplog(client)) == []

        client["some"]["thing"].update_one({"_id": 1}, {"$set": {"deep.name": f"{secrecy.PLANTED}-value"}})
        client.drop_database("some")

        assert "MongoDB some.thing" in "".join(secrecy.secrets_in_oplog(client))
