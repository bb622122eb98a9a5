"""The collector: a plugin instance that collects cloud resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NotRequired, TypedDict

from mongoengine import BooleanField, DateTimeField, Document, EmbeddedDocument, EmbeddedDocumentField, IntField
from mongoengine import StringField as Text

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

MAX_NAME = 255
MAX_PRIORITY = 99
DEFAULT_PRIORITY = 10


class PluginInfo(EmbeddedDocument):  # type: ignore[misc]
    """Which plugin a collector runs, and its options."""

    plugin_id = Text(required=True, max_length=255)
    version = Text(max_length=255)
    options = StructField(default=dict)
    metadata = StructField(default=dict)
    secret_id = Text(max_length=255)
    secret_group_id = Text(max_length=255)
    provider = Text(max_length=255)
    service_account_id = Text(max_length=255)
    upgrade_mode = Text(choices=("AUTO", "MANUAL"), default="AUTO")


class Collector(Document):  # type: ignore[misc]
    """Stored under the names of ``CollectorInfo``.

    ``enabled_at`` is when it was last enabled after being disabled: schedules do not catch up fire times of that
    period. It began at ``disabled_at``; the enabled period before it began at ``enabled_before``, if it
    followed a disabled period as well.
    """

    collector_id = Text(required=True, max_length=40)
    name = Text(required=True, max_length=MAX_NAME)
    state = Text(required=True, choices=("ENABLED", "DISABLED"), default="ENABLED")
    provider = Text(max_length=255)
    capability = StructField(default=dict)
    plugin_info = EmbeddedDocumentField(PluginInfo, required=True)
    priority = IntField(required=True, min_value=0, max_value=MAX_PRIORITY, default=DEFAULT_PRIORITY)
    tags = StructField(default=dict)
    is_public = BooleanField(required=True, default=True)
    project_id = Text(max_length=255)
    domain_id = Text(required=True, max_length=255)
    created_at = DateTimeField(required=True)
    last_collected_at = DateTimeField()
    enabled_at = DateTimeField()
    disabled_at = DateTimeField()
    enabled_before = DateTimeField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "collector",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["domain_id", "collector_id"], "unique": True},
            # Paged lists are sorted by _id last: without it in the index, MongoDB sorts the whole domain.
            {"fields": ["domain_id", "name", "id"]},
            {"fields": ["domain_id", "plugin_info.plugin_id"]},
            {"fields": ["domain_id", "provider", "state"]},
        ],
        "index_background": True,
        "strict": False,
    }


class StoredPluginInfo(TypedDict):
    """A raw document of :class:`PluginInfo`."""

    plugin_id: str
    version: NotRequired[str]
    options: NotRequired[dict[str, Any]]
    metadata: NotRequired[dict[str, Any]]
    secret_id: NotRequired[str]
    secret_group_id: NotRequired[str]
    provider: NotRequired[str]
    service_account_id: NotRequired[str]
    upgrade_mode: NotRequired[str]


class StoredCollector(StoredDocument):
    """A raw document of :class:`Collector`."""

    collector_id: str
    name: str
    state: str
    provider: NotRequired[str]
    capability: NotRequired[dict[str, Any]]
    plugin_info: StoredPluginInfo
    priority: int
    tags: NotRequired[dict[str, Any]]
    is_public: bool
    project_id: NotRequired[str]
    domain_id: str
    created_at: datetime
    last_collected_at: NotRequired[datetime]
    enabled_at: NotRequired[datetime]
    disabled_at: NotRequired[datetime]
    enabled_before: NotRequired[datetime]
