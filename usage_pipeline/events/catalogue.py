"""The event catalogue: the metrics of a record by its type."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from usage_pipeline.errors import FormatError
from usage_pipeline.registry import BY_TYPE_NAMES
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.tables import columns
from usage_pipeline.yaml_file import read_yaml

CATALOGUE_FILE = Path(__file__).with_name("catalogue.yaml")

One = Literal[0, 1]


class EventType(BaseModel):
    """The metrics of a record of a type, in addition to being one record."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    unit: str = "event"
    counts: Mapping[str, One] = {}
    """The metrics that count the record as one. In the file each is a key of its own."""
    checks: One = 0
    messages: int | Literal["count"] = 0
    messages_if_failed: int | None = None
    conversations: Literal[0, "count"] = 0
    tokens: Literal[0, "count"] = 0
    errors: One = 1
    metered: bool = True

    @model_validator(mode="before")
    @classmethod
    def _metrics_are_counts(cls, entry: object) -> object:
        if not isinstance(entry, Mapping):
            return entry
        counts = {name: entry[name] for name in BY_TYPE_NAMES if name in entry}
        return {**{name: value for name, value in entry.items() if name not in counts}, "counts": counts}

    @property
    def brings(self) -> frozenset[str]:
        """The meters that a record of this type changes without any field of its line."""
        own = [name for name in ("messages", "conversations", "tokens") if getattr(self, name)]
        return frozenset([*own, "requests"] if self.counts.get("requests") else own)


@cache
def load_catalogue(file: Path = CATALOGUE_FILE) -> dict[str, EventType]:
    """Read the catalogue, by type name or pattern. Raises FormatError naming file and entry."""
    entries = read_yaml(file, FormatError)
    catalogue = {}
    for name, entry in entries.items():
        try:
            catalogue[name] = EventType.model_validate(entry)
        except ValidationError as error:
            found = error.errors()[0]
            key = ".".join([name, *(str(part) for part in found["loc"] if part != "counts")])
            raise FormatError(f"{file}: {key}: {found['msg']}") from None
        if "*" in name and catalogue[name] != EventType():
            raise FormatError(f"{file}: {name}: a pattern may not count anything; name each type that does")
    return catalogue


def find(type_name: str) -> EventType | None:
    """Return the entry of a type or pattern: its own, else that of a pattern that it matches."""
    catalogue = load_catalogue()
    if type_name in catalogue:
        return catalogue[type_name]
    return next((entry for pattern, entry in catalogue.items() if fnmatchcase(type_name, pattern)), None)


_COLUMNS = columns(
    ("type", "VARCHAR", "Event type."),
    ("unit", "VARCHAR", "Unit of its count."),
    *((name, "BIGINT", f"1 if a record counts as one of the {name}.") for name in BY_TYPE_NAMES),
    ("checks", "BIGINT", "1 if it is a consistency check."),
    ("messages", "BIGINT", "Messages of one record; null if they are its count."),
    ("messages_if_failed", "BIGINT", "The same for a failed one."),
    ("counts_conversations", "BOOLEAN", "True if its count is a number of conversations."),
    ("counts_tokens", "BOOLEAN", "True if its count is a number of tokens."),
    ("errors", "BIGINT", "1 if a failed one is an error."),
)


def _row(name: str, entry: EventType) -> tuple[object, ...]:
    messages = None if entry.messages == "count" else entry.messages
    failed = messages if entry.messages_if_failed is None else entry.messages_if_failed
    counts = (entry.counts.get(metric, 0) for metric in BY_TYPE_NAMES)
    of_count = (entry.conversations == "count", entry.tokens == "count")
    return (name, entry.unit, *counts, entry.checks, messages, failed, *of_count, entry.errors)


@cache
def event_types() -> ReferenceRows:
    """Return the catalogue as the table `event_types`, one row per type.

    Patterns have no row, because they may not count anything.
    """
    catalogue = load_catalogue()
    rows = tuple(_row(name, entry) for name, entry in sorted(catalogue.items()) if "*" not in name)
    return ReferenceRows(name="event_types", columns=_COLUMNS, rows=rows)


def unmetered(types: Collection[str]) -> list[str]:
    """Return the types whose records have no quantities, whatever their lines contain."""
    return sorted(name for name in types if (entry := find(name)) is not None and not entry.metered)


def catalogue_digest() -> str:
    """Return a digest that changes when any type counts differently."""
    return fingerprint([*event_types().rows, *unmetered(load_catalogue())])
