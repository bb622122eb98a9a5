"""A database of its own, since indexes are what is tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

NAME = "test_migration"


@pytest.fixture
def bare(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """A database without anything in it."""
    mongo_client.drop_database(NAME)
    yield mongo_client[NAME]
    mongo_client.drop_database(NAME)
