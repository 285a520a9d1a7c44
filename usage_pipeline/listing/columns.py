"""What lists show of a record: the names, and what they mean."""

from collections.abc import Mapping

from usage_pipeline.events.record import FACTS
from usage_pipeline.storage.tables import Column, columns

RELATED: Mapping[str, str] = {
    "conversationId": "conversation_id",
    "messageId": "message_id",
    "taskId": "task_id",
    "contactId": "contact_id",
    "blueprintId": "blueprint_id",
    "botId": "bot_id",
    "datasetId": "dataset_id",
    "skillsetId": "skillset_id",
    "abilityId": "ability_id",
}
"""What a record can belong to, by its name in lists, and the column of records that has its id."""

_FACTS = {column.name: column for column in FACTS}
_TENANT = "tenantId"
_SINCE = "ms since 1970"
_META = (
    "The fields of the log that no column of records takes, and `model`. Those within a field `meta` of the log "
    "stand beside the others. The log's own name of the type is there if it is another."
)

LIST_COLUMNS: tuple[Column, ...] = (
    *columns(
        ("id", "VARCHAR", "Id of the record; where lines have none, digest of the file and line."),
        (_TENANT, "VARCHAR", "Tenant; only in lists of all."),
        ("type", "VARCHAR", "Event type, as in the event catalogue."),
        ("count", "BIGINT", "Number of things that the record counts."),
        ("createdAt", "BIGINT", "When it happened.", _SINCE),
        ("updatedAt", "BIGINT", "When the source last changed it; when it happened if it does not say.", _SINCE),
    ),
    *(Column(name, "VARCHAR", _FACTS[column].description) for name, column in RELATED.items()),
    Column("meta", "JSON", _META),
)


COLUMNS_OF_ONE = tuple(column for column in LIST_COLUMNS if column.name != _TENANT)


def columns_of(tenant_id: str | None) -> tuple[Column, ...]:
    """Return what a list shows: whose a record is only where that is not asked."""
    return LIST_COLUMNS if tenant_id is None else COLUMNS_OF_ONE
