"""The kinds of messages that a plugin streams, and what they mean (contract, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from inventory.connector.ports import ResourceMessage
from inventory.domain import ids

FAILURE_STATE: Final = 5
SKIP_STATE: Final = 8


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource that is stored.

    Attributes:
        resource_type: its name in the protocol.
        text_keys: text fields that a match rule may name.
        free_keys: free-form fields below which a match rule may name anything.
        filled_keys: match keys whose value the service fills in or converts, compared as they will be stored.
        owned_keys: fields that say who collected the resource and when; match rules cannot name them.
        indexed: the match key with which a lookup is cheap.
        natural_keys: fields that are unique in the domain, besides the id; empty if there are none.
        stateful: whether it has a state (ACTIVE, DELETED), a history and collection state.
    """

    resource_type: str
    collection: str
    id_field: str
    id_prefix: str
    text_keys: frozenset[str]
    free_keys: frozenset[str]
    indexed: str
    filled_keys: frozenset[str]
    owned_keys: frozenset[str]
    natural_keys: tuple[str, ...] = ()
    stateful: bool = False
    plain_keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Return the text keys that are compared as sent, like those of almost all rules."""
        object.__setattr__(self, "plain_keys", self.text_keys - self.filled_keys)


CLOUD_SERVICE: Final = ResourceKind(
    resource_type="inventory.CloudService",
    collection="cloud_service",
    id_field="cloud_service_id",
    id_prefix=ids.CLOUD_SERVICE,
    text_keys=frozenset(
        {
            "cloud_service_id",
            "name",
            "account",
            "instance_type",
            "cloud_service_type",
            "cloud_service_group",
            "provider",
            "region_code",
            "project_id",
            "ref_cloud_service_type",
            "ref_region",
            "reference.resource_id",
            "reference.external_link",
        }
    ),
    free_keys=frozenset({"data", "tags", "metadata", "instance_size", "ip_addresses"}),
    indexed="reference.resource_id",
    filled_keys=frozenset({"project_id", "ref_cloud_service_type", "ref_region", "instance_size", "ip_addresses"}),
    owned_keys=frozenset({"collection_info", "tag_keys", "created_at", "updated_at"}),
    stateful=True,
)
CLOUD_SERVICE_TYPE: Final = ResourceKind(
    resource_type="inventory.CloudServiceType",
    collection="cloud_service_type",
    id_field="cloud_service_type_id",
    id_prefix=ids.CLOUD_SERVICE_TYPE,
    text_keys=frozenset(
        {
            "cloud_service_type_id",
            "name",
            "provider",
            "group",
            "service_code",
            "resource_type",
            "cloud_service_type_key",
            "ref_cloud_service_type",
        }
    ),
    free_keys=frozenset({"tags", "metadata", "is_primary", "is_major", "labels"}),
    indexed="provider",
    filled_keys=frozenset(
        {"resource_type", "is_primary", "is_major", "labels", "cloud_service_type_key", "ref_cloud_service_type"}
    ),
    owned_keys=frozenset({"updated_by", "created_at", "updated_at"}),
    natural_keys=("provider", "group", "name"),
)
REGION: Final = ResourceKind(
    resource_type="inventory.Region",
    collection="region",
    id_field="region_id",
    id_prefix=ids.REGION,
    text_keys=frozenset({"region_id", "name", "provider", "region_code", "region_key", "ref_region"}),
    free_keys=frozenset({"tags"}),
    indexed="provider",
    filled_keys=frozenset({"name", "region_key", "ref_region"}),
    owned_keys=frozenset({"updated_by", "created_at", "updated_at"}),
    natural_keys=("provider", "region_code"),
)
KINDS: Final = {kind.resource_type: kind for kind in (CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION)}

ERROR_TYPES: Final = frozenset({"inventory.ErrorResource"})
_CACHE_TYPES: Final = frozenset({"inventory.FilterCache", "FILTER_CACHE", "inventory.FILTER_CACHE"})
_SILENT_TYPES: Final = frozenset({"inventory.Namespace", "inventory.Metric"})


class Disposition(Enum):
    """How a message is handled."""

    STORE = auto()
    REPORT = auto()
    """An error reported by the plugin itself."""
    CACHE = auto()
    SKIP = auto()
    UNKNOWN = auto()
    """In our own namespace, but unknown: ignored, and reported once."""
    UNSUPPORTED = auto()
    """Outside ``inventory.*``: an error of the task."""


def classify(message: ResourceMessage) -> Disposition:
    """Return how ``message`` is handled, by its type and state."""
    resource_type = message.resource_type
    if resource_type in KINDS:
        if message.state == FAILURE_STATE:
            return Disposition.REPORT
        return Disposition.SKIP if message.state == SKIP_STATE else Disposition.STORE
    if resource_type in ERROR_TYPES:
        return Disposition.REPORT
    if resource_type in _CACHE_TYPES:
        return Disposition.CACHE
    if resource_type in _SILENT_TYPES:
        return Disposition.SKIP
    return Disposition.UNKNOWN if resource_type.startswith("inventory.") else Disposition.UNSUPPORTED
