"""Judges every line of one file once, and stores what became of them: events, texts, rejected lines.

The verdicts on all lines are staged first, so that no line is read or judged twice, and none can be judged
differently for two tables.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events import mapping as mappings
from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.landing import extract, lines
from usage_pipeline.events.landing.csv_fields import CsvFields
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.json_fields import JsonFields
from usage_pipeline.events.landing.rules import LandingRules, landing_sql
from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.events.landing.staging import register_judged, stage
from usage_pipeline.events.mapping_parts import Format
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, RECORD, REJECTED_LINES
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import Digest, hash_sum
from usage_pipeline.storage.engine import PARQUET, literal, parquet_scan, session
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.landed_files import LandedDay
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec, columns

_BOUNDED_ROW_GROUPS = "ROW_GROUP_SIZE 30720, ROW_GROUP_SIZE_BYTES '64MB'"
"""Row groups are built in memory, one per thread, and a line may have 16 MiB of text."""


@dataclass(frozen=True)
class Verdicts:
    """What the lines of a file came to: `counts.judged = accepted + sum of rejects`."""

    content_digest: str
    counts: lines.LineCounts
    accepted: int
    voids: int
    rejects: Mapping[str, int]
    event_days: list[LandedDay]

    @property
    def rejected(self) -> int:
        """How many lines were not accepted."""
        return sum(self.rejects.values())


NO_VERDICTS = Verdicts("", lines.LineCounts(), 0, 0, {}, [])
"""Those on a file that cannot be read: no line was judged, and no digest is known."""


@dataclass(frozen=True)
class Judgement:
    """Judges one file."""

    storage: Storage
    rules: LandingRules
    mapping: mappings.Mapping
    file: LandingFile

    @property
    def _path(self) -> Path:
        return self.storage.settings.landing / self.file.path

    def store(self, object_name: Callable[[str], str]) -> Verdicts:
        """Judge all lines and write the objects, whose name follows from the content's digest.

        Raises UnreadableFileError when the file cannot be read whole; then nothing is written.
        """
        reader = lines.LineReader(self._path, self.file)
        with session(self.storage.engine) as duck:
            self._prepare(duck)
            stage(duck, reader, self._judged_select(), self.mapping)
            register_judged(duck, self.mapping, reader.digest)
            rejects = _counts(duck, "reason IS NOT NULL", by="reason")
            accepted = _counts(duck, "reason IS NULL", by="type = 'void'")
            _expect_all(reader.counts.judged, sum(accepted.values()), sum(rejects.values()))
            name = object_name(reader.digest)
            self._store_objects(duck, name)
            event_days = list(self._event_days(duck, name))
        voids = accepted.get(True, 0)
        return Verdicts(reader.digest, reader.counts, sum(accepted.values()), voids, rejects, event_days)

    def _prepare(self, duck: DuckDBPyConnection) -> None:
        for statement in landing_sql("macros").split(";\n"):
            duck.execute(statement)
        register_reference(event_types(), duck)
        register_reference(self.rules.retention, duck)
        fields = tuple((f.column, f.field, f.expected) for f in extract.mapped_fields(self.mapping))
        names = columns(("column_name", "VARCHAR", ""), ("field", "VARCHAR", ""), ("expected", "VARCHAR", ""))
        register_reference(ReferenceRows("mapped_fields", names, fields), duck)
        duck.execute(
            "CREATE TEMP TABLE landing AS SELECT $source AS source, $file AS landing_file, "
            "CAST($day AS DATE) AS landing_day, CAST($tenant AS VARCHAR) AS tenant_folder, "
            "CAST($landed_at AS TIMESTAMP) AS landed_at, CAST($latest AS TIMESTAMP) AS latest_time, "
            "CAST($first_day AS DATE) AS first_day, $cached AS input_includes_cached",
            {
                "source": self.file.source,
                "file": self.file.path,
                "day": self.file.landing_day,
                "tenant": self.file.tenant,
                "landed_at": self.rules.landed_at,
                "latest": self.rules.latest_time,
                "first_day": self.storage.settings.first_day,
                "cached": self.mapping.input_includes_cached,
            },
        )

    def _judged_select(self) -> str:
        """The SELECT of every line with its verdict."""
        key = self.storage.settings.digest_key.get_secret_value()
        extracted = extract.extracted_select(self.mapping, self._fields(), key)
        return f"WITH extracted AS (\n{extracted}\n)\nFROM (\n{landing_sql('judged')}\n)"

    def _fields(self) -> Fields:
        if self.mapping.format is Format.JSONL:
            return JsonFields(self.mapping)
        return CsvFields(self.mapping, lines.read_header(self._path, self.file.compression))

    def _store_objects(self, duck: DuckDBPyConnection, name: str) -> None:
        record = ", ".join(f'"{column.name}"' for column in RECORD)
        payload = ", ".join(f'"{column}"' for column in extract.payload_columns(self.mapping))
        selects: dict[TableSpec, str] = {
            LANDED_EVENTS: landing_sql("landed_events").format(columns=record, payload=payload),
            CONTENT: landing_sql("content"),
            REJECTED_LINES: landing_sql("rejected_lines"),
        }
        for spec, select in selects.items():
            target = self.storage.lake.object(spec, self.file.landing_day, name)
            if spec is LANDED_EVENTS or duck.execute(f"SELECT 1 FROM ({select}) LIMIT 1").fetchone():
                self.storage.lake.replace(target, partial(_copy, duck, select))

    def _event_days(self, duck: DuckDBPyConnection, name: str) -> Iterator[LandedDay]:
        target = self.storage.lake.object(LANDED_EVENTS, self.file.landing_day, name)
        rows = duck.execute(
            f"SELECT event_day, count(*), {hash_sum(LANDED_EVENTS.digested)} "
            f"FROM {parquet_scan([target])} GROUP BY event_day ORDER BY event_day"
        ).fetchall()
        for day, count, total in rows:
            yield LandedDay(self.file.path, day, count, str(Digest(count, total)))


def _expect_all(judged: int, accepted: int, rejected: int) -> None:
    if judged != accepted + rejected:
        raise UnreadableFileError(
            f"{judged:,} lines were read, but {accepted:,} accepted and {rejected:,} rejected. "
            "This is a fault of the pipeline: please report it"
        )


def _copy(duck: DuckDBPyConnection, select: str, path: Path) -> None:
    duck.execute(f"COPY ({select}) TO {literal(str(path))} ({PARQUET}, {_BOUNDED_ROW_GROUPS})")


def _counts(duck: DuckDBPyConnection, where: str, by: str) -> dict[Any, int]:
    return dict(duck.execute(f"SELECT {by}, count(*) FROM judged WHERE {where} GROUP BY 1").fetchall())
