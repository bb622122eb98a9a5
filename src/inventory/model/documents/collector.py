"""The collector: a plugin instance that collects cloud resources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

from inventory.model.declare import DefaultStruct, Id, Text, index, model, unique
from inventory.model.stored import StoredDocument

MAX_NAME = 255
MAX_PRIORITY = 99
DEFAULT_PRIORITY = 10


class StoredPluginInfo(TypedDict):
    """Which plugin a collector runs, and its options."""

    plugin_id: Text
    version: NotRequired[Text]
    options: NotRequired[DefaultStruct]
    metadata: NotRequired[DefaultStruct]
    secret_id: NotRequired[Text]
    secret_group_id: NotRequired[Text]
    provider: NotRequired[Text]
    service_account_id: NotRequired[Text]
    upgrade_mode: NotRequired[Annotated[str, {"choices": ("AUTO", "MANUAL"), "default": "AUTO"}]]


class StoredCollector(StoredDocument):
    """Stored under the names of ``CollectorInfo``.

    ``enabled_at`` is when it was last enabled after being disabled: schedules do not catch up fire times of that
    period. It began at ``disabled_at``; the enabled period before it began at ``enabled_before``, if it
    followed a disabled period as well.
    """

    collector_id: Id
    name: Annotated[str, {"max_length": MAX_NAME}]
    state: Annotated[str, {"choices": ("ENABLED", "DISABLED"), "default": "ENABLED"}]
    provider: NotRequired[Text]
    capability: NotRequired[DefaultStruct]
    plugin_info: StoredPluginInfo
    priority: Annotated[int, {"min_value": 0, "max_value": MAX_PRIORITY, "default": DEFAULT_PRIORITY}]
    tags: NotRequired[DefaultStruct]
    is_public: Annotated[bool, {"default": True}]
    project_id: NotRequired[Text]
    domain_id: Text
    created_at: datetime
    last_collected_at: NotRequired[datetime]
    enabled_at: NotRequired[datetime]
    disabled_at: NotRequired[datetime]
    enabled_before: NotRequired[datetime]


Collector = model(
    StoredCollector,
    "collector",
    unique("domain_id", "collector_id"),
    # Paged lists are sorted by _id last: without it in the index, MongoDB sorts the whole domain.
    index("domain_id", "name", "id"),
    index("domain_id", "plugin_info.plugin_id"),
    index("domain_id", "provider", "state"),
)
