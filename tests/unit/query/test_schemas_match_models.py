"""What queries may name exists in the documents, in the collections that pipelines join."""

from __future__ import annotations

import pytest

from inventory.model import ALL_DOCUMENTS
from inventory.query import schemas
from inventory.query.fields import ResourceSchema

ALL = [value for value in vars(schemas).values() if isinstance(value, ResourceSchema)]


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_every_field_of_a_schema_is_stored(schema: ResourceSchema) -> None:
    (document,) = [found for found in ALL_DOCUMENTS if found._meta["collection"] == schema.collection]

    assert set(schema.fields) <= set(document._fields)
