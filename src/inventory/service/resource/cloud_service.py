"""CloudServices as clients see and change them (contract, sections 3 and 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain import ids
from inventory.domain.plain import Document, Params
from inventory.domain.principal import Principal
from inventory.errors import (
    ConnectionFailureError,
    NotFoundError,
    PermissionDeniedError,
    RequiredParameterError,
    ResourceAlreadyDeletedError,
)
from inventory.ingest.decision.changeset import (
    CUSTOM_SCOPE,
    change_cloud_service,
    new_cloud_service,
    user_delete,
    user_update,
)
from inventory.ingest.decision.history import Author, clip_record, diff, new_record
from inventory.manager.cursor_reader import CursorReader
from inventory.manager.page import CursorPage
from inventory.manager.reader import Scope
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.manager.resource.store import encodable
from inventory.model.connection import MONGODB
from inventory.model.documents.cloud_service import ACTIVE, StoredCloudService
from inventory.model.documents.record import CREATE, DELETE, UPDATE, StoredRecord
from inventory.query.ast import PageRange, Query
from inventory.query.parser import RawQuery, parse_list
from inventory.query.references import ReferenceLookup
from inventory.query.statistics.analyze import parse_analyze
from inventory.service.reading import ResourceReads
from inventory.service.resource.scope import CloudServiceReferences, living_scope, project_scope

RecordedUpdate = tuple[Document, StoredRecord | None]
"""A MongoDB update and the record that documents it."""

MAX_PAGE: Final = 1_000
"""Maximum number of resources of a page that begins after a cursor."""
_PAGE: Final = 100
_ID: Final = "cloud_service_id"
_PROJECT: Final = "project_id"
_REGION: Final = "region_code"
_ATTEMPTS: Final = 64
"""How often a write is tried; a try fails only if another write of the same resource succeeded."""


@dataclass(kw_only=True, eq=False)
class CloudServiceService(ResourceReads):
    """Create, update, delete, get, list, stat and analyze. PROJECT callers are limited to their projects."""

    services: CloudServiceManager
    reader: CursorReader
    references: CloudServiceReferences
    identity: Identity

    def page(self, principal: Principal, query: RawQuery, after: str) -> CursorPage:
        """Return the resources that ``list`` would find, page by page.

        Args:
            query: as for ``list``; the limit of its page is the length of the page, at most ``MAX_PAGE``.
            after: ``next`` of the page before; empty for the first one.

        Raises:
            InvalidParameterError: ``after`` is no ``next`` of a list in this order; and others, like ``list``.
        """
        parsed = parse_list(self._schema_of(principal), query, now=self.clock.now())
        limit = min(parsed.page.limit or _PAGE, MAX_PAGE)
        return self.reader.page(
            replace(parsed, page=PageRange(limit=limit)),
            after=after,
            domain_id=principal.domain_id,
            scope=self._scope(principal, parsed),
            lookup=self._lookup(principal),
            remaining_seconds=principal.remaining_seconds(),
        )

    def create(self, principal: Principal, params: Params) -> StoredCloudService:
        """Add a resource; its tags and metadata belong to its own provider.

        Args:
            params: cloud_service_type, cloud_service_group, provider, data; name, account, instance_type,
                instance_size, ip_addresses, metadata, reference, tags, region_code, project_id.

        Raises:
            RequiredParameterError, InvalidParameterError: ``params`` is invalid.
            NotFoundError: the domain has no such project.
            PermissionDeniedError: the project is not one of the caller's.
        """
        document = new_cloud_service(
            params,
            cloud_service_id=ids.new_id(ids.CLOUD_SERVICE),
            domain_id=principal.domain_id,
            now=self.clock.now(),
        )
        if principal.projects is not None and _PROJECT not in document:
            raise RequiredParameterError(key=_PROJECT)
        self._check_project(principal, document.get(_PROJECT, ""))
        return self.services.insert(document, self._record(principal, CREATE, None, document))

    def update(self, principal: Principal, params: Params) -> StoredCloudService:
        """Change the fields that were sent; tags and metadata are kept separate from a provider's, as ``custom``.

        Args:
            params: cloud_service_id; the fields of ``create`` except type, group and provider; release_project and
                release_region clear the field.

        Raises:
            NotFoundError: no such resource, or project.
            ResourceAlreadyDeletedError: it is DELETED.
            PermissionDeniedError: the project is not one of the caller's.
            InvalidParameterError: ``params`` is invalid.
        """
        values = {key: value for key, value in params.items() if key in _CHANGEABLE}
        if params.get("release_region"):
            values[_REGION] = ""
        if params.get("release_project"):
            values[_PROJECT] = ""
        stored = self._living(principal, params.get(_ID, ""))
        self._check_project(principal, values.get(_PROJECT, ""))

        def decide(stored: StoredCloudService) -> RecordedUpdate:
            change = change_cloud_service(stored, values, scope=CUSTOM_SCOPE)
            record = self._record(principal, UPDATE, stored, change.after)
            return user_update(change, now=self.clock.now()), record

        return self._write(principal, stored, decide)

    def delete(self, principal: Principal, cloud_service_id: str) -> None:
        """Make it DELETED, with a record.

        Raises:
            NotFoundError: it does not exist.
            ResourceAlreadyDeletedError: it is DELETED.
        """
        deleted_by = f"user:{principal.user_id}"

        def decide(stored: StoredCloudService) -> RecordedUpdate:
            return user_delete(deleted_by, now=self.clock.now()), self._record(principal, DELETE, stored, stored)

        self._write(principal, self._living(principal, cloud_service_id), decide)

    def _write(
        self, principal: Principal, stored: StoredCloudService, decide: Callable[[StoredCloudService], RecordedUpdate]
    ) -> StoredCloudService:
        """Write the result of ``decide`` for the current document, and return the document afterwards."""
        for _ in range(_ATTEMPTS):
            after = self.services.write(stored, *decide(stored))
            if after is not None:
                return after
            stored = self._living(principal, stored[_ID])
        raise ConnectionFailureError(service=MONGODB, reason="others kept changing the resource at the same time")

    def analyze(self, principal: Principal, query: RawQuery) -> Document:
        """Return fields over groups of the resources that ``list`` would find; raises like it."""
        parsed = parse_analyze(self.reader.schema, query, now=self.clock.now())
        return self.reader.analyze(
            parsed,
            domain_id=principal.domain_id,
            scope=self._scope(principal, parsed),
            lookup=self._lookup(principal),
            remaining_seconds=principal.remaining_seconds(),
        )

    def _scope(self, principal: Principal, query: Query | None = None) -> Scope | None:
        """DELETED ones are returned by id, but listed only if the query asks for them."""
        return project_scope(principal) if query is None else living_scope(principal, query)

    def _lookup(self, principal: Principal) -> ReferenceLookup | None:
        return self.references.lookup(principal)

    def _living(self, principal: Principal, cloud_service_id: str) -> StoredCloudService:
        """Return the whole document of a resource that is not DELETED."""
        if not cloud_service_id:
            raise RequiredParameterError(key=_ID)
        stored = self.services.get(principal.domain_id, cloud_service_id, project_scope(principal))
        if stored["state"] != ACTIVE:
            raise ResourceAlreadyDeletedError(resource_type="CloudService", resource_id=cloud_service_id)
        return stored

    def _check_project(self, principal: Principal, project_id: str) -> None:
        """Check a project that was sent; empty for none."""
        if not project_id:
            return
        if principal.projects is not None and project_id not in principal.projects:
            raise PermissionDeniedError
        if not self.identity.project_exists(project_id, principal):
            raise NotFoundError(key=_PROJECT, value=project_id)

    def _record(
        self, principal: Principal, action: str, before: StoredCloudService | None, after: StoredCloudService
    ) -> StoredRecord | None:
        """Return the record of a write, or None if nothing that is recorded has changed."""
        changes = [] if action == DELETE else diff(before, after)
        if not changes and action != DELETE:
            return None
        record = new_record(
            action,
            changes,
            cloud_service_id=after[_ID],
            domain_id=principal.domain_id,
            author=Author(user_id=principal.user_id),
            now=self.clock.now(),
            revision=1 if before is None else (before.get("revision") or 0) + 1,
        )
        return record if encodable(record) else clip_record(record)


_CHANGEABLE: Final = frozenset(
    {
        "name",
        "account",
        "instance_type",
        "instance_size",
        "ip_addresses",
        "data",
        "metadata",
        "reference",
        "tags",
        _REGION,
        _PROJECT,
    }
)
"""The request fields that ``update`` accepts."""
