"""What many tests say: write this log, and what does the pipeline make of it?"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import zstandard

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, event_days
from usage_pipeline.pipeline.tables import DAILY_TABLES, GROUPS
from usage_pipeline.records.tables import EXCLUDED_EVENTS
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_files import LINE_OUTCOMES, FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition
from usage_pipeline.storage.tables import TableSpec

SHARED = Path(__file__).parents[2] / "shared"


def shared(*parts: str) -> Path:
    """A file of the shared real logs; the test is skipped where they are not at hand."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the real logs beside the checkout: {'/'.join(parts)}")
    return path


@dataclass(frozen=True)
class Landing:
    """Writes landing files as a platform would."""

    root: Path

    def write(self, source: str, day: str, lines: Iterable[Mapping[str, Any] | str], **place: str) -> Path:
        """Write lines (formats as JSON) to `source/day[/tenant]/name`; the name decides the compression."""
        tenant, name = place.get("tenant"), place.get("name", "events.jsonl")
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        content = "".join(f"{text}\n" for text in texts).encode()
        return self.write_bytes(source, day, content, tenant=tenant, name=name)

    def write_bytes(
        self, source: str, day: str, content: bytes, *, tenant: str | None = None, name: str = "events.jsonl"
    ) -> Path:
        """Write these bytes, compressed as the name says."""
        path = self.root.joinpath(source, day, *([tenant] if tenant else []), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            content = gzip.compress(content)
        elif name.endswith(".zst"):
            content = zstandard.compress(content)
        path.write_bytes(content)
        return path


def prompt(record_id: str, time: str, **fields: Any) -> dict[str, Any]:
    """A succeeded persona prompt of tenant acme: 100 tokens in, 20 out, unless `fields` say otherwise."""
    return {
        "id": record_id,
        "event": "persona_prompt",
        "timestamp": time,
        "tenantId": "acme",
        "tokensIn": 100,
        "tokensOut": 20,
        "status": "succeeded",
        **fields,
    }


def write_persona(folder: Path, name: str, within: int, more: str = "") -> None:
    """Write a format like `persona` whose ids are unique within so many days, with more keys."""
    folder.mkdir(exist_ok=True)
    text = (SOURCES / "persona.yaml").read_text(encoding="utf-8")
    text = text.replace("unique_within_days: 1", f"unique_within_days: {within}")
    (folder / f"{name}.yaml").write_text(f"{text}{more}", encoding="utf-8")


def rows(storage: Storage, spec: TableSpec, *names: str) -> list[tuple[Any, ...]]:
    """These columns of all rows that a table of lake or rollups holds, in order."""
    folders = (storage.settings.data_dir / spec.zone / spec.name).glob("[!.]*")  # hidden ones are unfinished
    paths = sorted(path for folder in folders for path in folder.glob("*.parquet"))
    if not paths:
        return []
    selected = ", ".join(f'"{name}"' for name in names)
    with session(storage.engine) as duck:
        return duck.execute(f"SELECT {selected} FROM {parquet_scan(paths)} ORDER BY ALL").fetchall()


def landed_file(path: str, landing_day: date, **known: Any) -> LandedFile:
    """What the state says of a file that landed; it has no lines unless some are given."""
    nothing = dict.fromkeys(("content_digest", "identity_digest", "object_name", "error"))
    none_of = dict.fromkeys(("size", "mtime_ns", "lines", *LINE_OUTCOMES), 0)
    words = {"source": "persona", "format_digest": "", "run": "test"}
    place = {"path": path, "landing_day": landing_day, "landed_at": datetime(2026, 6, 1, tzinfo=UTC)}
    return LandedFile(**{"state": FileState.LANDED, **nothing, **none_of, **words, **place, **known})


def tables_in_memory(storage: Storage) -> set[str]:
    """The tables of kept rows. An engine is shared, so those of tests before are among them."""
    with session(storage.engine) as duck:
        found = duck.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'kept'").fetchall()
    return {name for (name,) in found}


def land_and_compute(storage: Storage, *names: str) -> RefreshSummary:
    """Land what is new, and compute what is stale of these groups and tables and of what they read.

    The others are not under test.
    """
    landed = find_landing_work(storage).days
    PlainRunner(storage).land(landed)
    for table in with_upstream(names):
        with storage.warehouse.connect() as connection:
            stale = stale_days(storage, connection, [table], event_days(storage, connection))[table.name]
        for days in batches(storage, stale):
            compute_days(storage, table, days, "test").raise_failures()
    return RefreshSummary(landed=list(landed))


@cache
def with_upstream(names: tuple[str, ...]) -> list[DailyTable]:
    """The tables of these groups, these tables, and what they read, in the order of the flow."""
    wanted = {table.name for name in names for table in GROUPS.get(name, ())}.union(names)
    for table in reversed(DAILY_TABLES):
        if table.name in wanted:
            wanted.update(table.upstream)
    return [table for table in DAILY_TABLES if table.name in wanted]


def compute_day(storage: Storage, table: DailyTable, day: date, run: str = "test") -> Partition:
    """Compute one day of a table; raises what it fails with."""
    computed = compute_days(storage, table, [day], run)
    computed.raise_failures()
    return computed.partitions[day]


def digests(storage: Storage) -> dict[tuple[str, date], str | None]:
    """The output digest of every committed partition of every event-day table that has rows."""
    with storage.warehouse.connect() as connection:
        return {
            (table.name, day): partition.output_digest
            for table in DAILY_TABLES
            for day, partition in state.partitions(connection, table.name).items()
            if partition.committed
        }


def counted_digests(storage: Storage) -> dict[tuple[str, date], str | None]:
    """The digests of all that counts: without `excluded_events`, which tells of every line that was delivered."""
    return {key: digest for key, digest in digests(storage).items() if key[0] != EXCLUDED_EVENTS.name}


def files(storage: Storage) -> dict[str, landed_files.LandedFile]:
    """The landing files by name of the file."""
    with storage.warehouse.connect() as connection:
        return {Path(file.path).name: file for file in landed_files.files(connection)}


def write_counted(landing: Landing, day: date, count: int = 3) -> None:
    """Write a file of a source whose ids are of one day each, so that no day nearby reads its lines."""
    time = datetime.combine(day, datetime.min.time(), UTC).timestamp()
    line = {"id": "u1", "type": "token", "count": count, "createdAt": int(time * 1000), "meta": {}}
    landing.write("usage_statistics", str(day), [line], tenant="acme", name="counted.jsonl")


def lose_counted(storage: Storage) -> None:
    """Remove the landed rows of that file from the lake."""
    file = files(storage)["counted.jsonl"]
    storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()


def reject_reasons(storage: Storage) -> list[tuple[int, str]]:
    """Line and reason of every rejected line."""
    return rows(storage, REJECTED_LINES, "landing_line", "reason")


def at(storage: Storage, now: datetime) -> Storage:
    """The same storage at another time."""
    return replace(storage, settings=storage.settings.model_copy(update={"now": now}))


def logged(storage: Storage, path: str | None = None) -> list[audit.AuditEntry]:
    """The audit log, or what it says of one file."""
    with storage.warehouse.connect() as connection:
        return audit.entries(connection, path)
