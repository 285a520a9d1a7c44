"""The event catalogue: what a record of each type counts as, so that a metric means the same everywhere."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from usage_pipeline.errors import MappingError
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.tables import columns
from usage_pipeline.yaml_file import read_yaml

CATALOGUE_FILE = Path(__file__).with_name("catalogue.yaml")

One = Literal[0, 1]


class EventType(BaseModel):
    """What one record of a type counts as, beside being one record."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    unit: str = "event"
    requests: One = 0
    prompts: One = 0
    runs: One = 0
    files: One = 0
    checks: One = 0
    messages: int | Literal["count"] = 0
    messages_if_failed: int | None = None
    conversations: Literal[0, "count"] = 0
    tokens: Literal[0, "count"] = 0
    personas_created: One = 0
    personas_deleted: One = 0
    timeline_appended: One = 0
    timeline_superseded: One = 0
    errors: One = 1
    metered: bool = True

    @property
    def brings(self) -> frozenset[str]:
        """The meters that a record of this type moves by itself."""
        return frozenset(
            meter for meter in ("requests", "messages", "conversations", "tokens") if getattr(self, meter)
        )


@cache
def load_catalogue(file: Path = CATALOGUE_FILE) -> dict[str, EventType]:
    """The catalogue by type name or pattern. Raises MappingError naming file and entry."""
    entries = read_yaml(file, MappingError)
    catalogue = {}
    for name, entry in entries.items():
        try:
            catalogue[name] = EventType.model_validate(entry)
        except ValidationError as error:
            found = error.errors()[0]
            key = ".".join(map(str, [name, *found["loc"]]))
            raise MappingError(f"{file}: {key}: {found['msg']}") from None
        if "*" in name and catalogue[name] != EventType():
            raise MappingError(f"{file}: {name}: a pattern may not count anything; name each type that does")
    return catalogue


def find(type_name: str) -> EventType | None:
    """The entry of a type or of a mapping's pattern: its own, else that of a pattern that it matches."""
    catalogue = load_catalogue()
    patterns = (pattern for pattern in catalogue if fnmatchcase(type_name, pattern))
    entry = type_name if type_name in catalogue else next(patterns, None)
    return catalogue[entry] if entry is not None else None


_COLUMNS = columns(
    ("type", "VARCHAR", "Event type."),
    ("unit", "VARCHAR", "What its count counts."),
    ("requests", "BIGINT", "1 where it counts as a request."),
    ("prompts", "BIGINT", "1 where it is a prompt."),
    ("runs", "BIGINT", "1 where it is a run."),
    ("files", "BIGINT", "1 where it is a file."),
    ("checks", "BIGINT", "1 where it is a consistency check."),
    ("messages", "BIGINT", "Messages of one record; null where its count says so."),
    ("messages_if_failed", "BIGINT", "The same for a failed one."),
    ("counts_conversations", "BOOLEAN", "Whether its count is a number of conversations."),
    ("counts_tokens", "BOOLEAN", "Whether its count is a number of tokens."),
    ("personas_created", "BIGINT", "1 where it creates a persona."),
    ("personas_deleted", "BIGINT", "1 where it deletes a persona."),
    ("timeline_appended", "BIGINT", "1 where it appends a timeline entry."),
    ("timeline_superseded", "BIGINT", "1 where it supersedes one."),
    ("errors", "BIGINT", "1 where a failed one is an error."),
)


def _row(name: str, entry: EventType) -> tuple[object, ...]:
    messages = None if entry.messages == "count" else entry.messages
    failed = messages if entry.messages_if_failed is None else entry.messages_if_failed
    return (
        name,
        entry.unit,
        entry.requests,
        entry.prompts,
        entry.runs,
        entry.files,
        entry.checks,
        messages,
        failed,
        entry.conversations == "count",
        entry.tokens == "count",
        entry.personas_created,
        entry.personas_deleted,
        entry.timeline_appended,
        entry.timeline_superseded,
        entry.errors,
    )


@cache
def event_types() -> ReferenceRows:
    """The catalogue as the table `event_types` that SQL joins by type.

    Types admitted by a pattern have no row: a pattern may not count anything.
    """
    catalogue = load_catalogue()
    rows = tuple(_row(name, entry) for name, entry in sorted(catalogue.items()) if "*" not in name)
    return ReferenceRows(name="event_types", columns=_COLUMNS, rows=rows)


def unmetered(types: Collection[str]) -> list[str]:
    """Those of the types whose records carry no quantities, whatever their lines say."""
    return sorted(name for name in types if (entry := find(name)) is not None and not entry.metered)


def catalogue_digest() -> str:
    """Changes when any type counts as something else."""
    return fingerprint([*event_types().rows, *unmetered(load_catalogue())])
