"""One file on its way into the lake: judged line by line, stored as one immutable object, or failed by name.

The object's name is a digest of all that decides its rows (file, content, mapping, rules), so a file that
is landed again under the same rules is found to be there already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from duckdb import DataError, DuckDBPyConnection
from pyarrow import parquet
from sqlalchemy import Connection

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events import mapping as mappings
from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.landing import extract, lines
from usage_pipeline.events.landing.fields import CsvFields, Fields, JsonFields
from usage_pipeline.events.landing.rules import EXPECTED_REJECTS, QUARANTINE_FROM_LINES, LandingRules, landing_sql
from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.events.record import LANDED_EVENTS, RECORD, REJECTED_LINES
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import Digest, hash_sum
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import FileState, LandedDay, LandedFile
from usage_pipeline.storage.tables import columns


@dataclass(frozen=True)
class FileLanding:
    """Lands one file."""

    storage: Storage
    rules: LandingRules
    mapping: mappings.Mapping
    file: LandingFile
    run: str

    @property
    def source_path(self) -> Path:
        """Where the file lies."""
        return self.storage.settings.landing / self.file.path

    def land(self, known: LandedFile | None, connection: Connection) -> tuple[LandedFile, list[LandedDay]]:
        """Land the file, or find that it is there; a file that cannot be read whole has failed."""
        try:
            digest = lines.content_digest(self.source_path, self.file.compression)
            name = self._object_name(digest)
            if known is not None and known.object_name == name and self._is_whole_in_lake(known):
                again = {"size": self.file.size, "mtime_ns": self.file.mtime_ns}
                return LandedFile(**{**vars(known), **again}), state.event_days_of(connection, [known.path])
            return self._write(digest, name)
        except UnreadableFileError as error:
            return self._row(FileState.FAILED, lines.LineCounts(), error=str(error)), []

    def _object_name(self, content_digest: str) -> str:
        return fingerprint(
            [
                self.file.source,
                self.file.landing_day,
                self.file.path,
                content_digest,
                self.mapping.digest,
                self.rules.digest,
            ]
        )

    def _is_whole_in_lake(self, known: LandedFile) -> bool:
        path = self.storage.lake.object(LANDED_EVENTS, known.landing_day, known.object_name)
        try:
            return int(parquet.read_metadata(path).num_rows) == known.accepted
        except (OSError, pa.ArrowInvalid):
            return False  # gone, or damaged: it is written again

    def _write(self, digest: str, name: str) -> tuple[LandedFile, list[LandedDay]]:
        lake, day = self.storage.lake, self.file.landing_day
        with session(self.storage.engine) as duck:
            self._prepare(duck, digest)
            reader = self._reader(digest)
            target = lake.object(LANDED_EVENTS, day, name)
            lake.replace(target, lambda path: _copy(duck, reader, self._accepted_select(), path))
            event_days = list(self._event_days(duck, target))
            accepted = sum(share.rows for share in event_days)
            judged = reader.counts.judged
            rejects = (
                self._write_rejects(duck, digest, lake.object(REJECTED_LINES, day, name))
                if judged > accepted
                else {}
            )
        rejected = sum(rejects.values())
        if judged != accepted + rejected:
            raise UnreadableFileError(
                f"{judged:,} lines were read, but {accepted:,} accepted and {rejected:,} rejected. "
                "This is a fault of the pipeline: please report it"
            )
        error = self._quarantine_reason(rejects, judged)
        row = self._row(
            FileState.QUARANTINED if error else FileState.LANDED,
            reader.counts,
            error=error,
            accepted=accepted,
            rejected=rejected,
            digest=digest,
            object_name=name,
        )
        return row, event_days

    def _quarantine_reason(self, rejects: Mapping[str, int], judged: int) -> str | None:
        """Why nothing of the file may count, if so: too many of its lines speak against it."""
        if judged < QUARANTINE_FROM_LINES:
            return None
        share = Decimal(sum(count for reason, count in rejects.items() if reason not in EXPECTED_REJECTS)) / judged
        threshold = self.storage.settings.reject_share_threshold
        return f"{share:.1%} of its lines were rejected, more than {threshold:.1%}" if share > threshold else None

    def _prepare(self, duck: DuckDBPyConnection, digest: str) -> None:
        settings = self.storage.settings
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
            "CAST($first_day AS DATE) AS first_day, $digest AS identity_digest, $cached AS input_includes_cached",
            {
                "source": self.file.source,
                "file": self.file.path,
                "day": self.file.landing_day,
                "tenant": self.file.tenant,
                "landed_at": self.rules.landed_at,
                "latest": self.rules.latest_time,
                "first_day": settings.first_day,
                "digest": digest,
                "cached": self.mapping.input_includes_cached,
            },
        )

    def _reader(self, digest: str) -> lines.LineReader:
        return lines.LineReader(self.source_path, self.file, digest)

    def _accepted_select(self) -> str:
        names = ", ".join(f'"{column.name}"' for column in RECORD)
        payload = ", ".join(f'"{name}"' for name in extract.payload_columns(self.mapping))
        return self._views() + landing_sql("landed_events").format(columns=names, payload=payload)

    def _views(self) -> str:
        key = self.storage.settings.digest_key.get_secret_value()
        extracted = extract.extracted_select(self.mapping, self._fields(), key)
        return f"WITH extracted AS ({extracted}),\njudged AS ({landing_sql('judged')})\n"

    def _fields(self) -> Fields:
        if self.mapping.format is mappings.Format.JSONL:
            return JsonFields(self.mapping)
        return CsvFields(self.mapping, lines.read_header(self.source_path, self.file.compression))

    def _event_days(self, duck: DuckDBPyConnection, target: Path) -> Iterator[LandedDay]:
        rows = duck.execute(
            f"SELECT event_day, count(*), {hash_sum(LANDED_EVENTS.digested)} "
            f"FROM {parquet_scan([target])} GROUP BY event_day ORDER BY event_day"
        ).fetchall()
        for day, count, total in rows:
            yield LandedDay(self.file.path, day, count, str(Digest(count, total)))

    def _write_rejects(self, duck: DuckDBPyConnection, digest: str, target: Path) -> Mapping[str, int]:
        """Read the file again for the lines that were not accepted; returns how many there are by reason."""
        select = self._views() + landing_sql("rejected_lines")
        reader = self._reader(digest)
        self.storage.lake.replace(target, lambda path: _copy(duck, reader, select, path))
        counts = duck.execute(f"SELECT reason, count(*) FROM {parquet_scan([target])} GROUP BY reason").fetchall()
        return dict(counts)

    def _row(  # noqa: PLR0913 - one argument per fact
        self,
        file_state: FileState,
        counts: lines.LineCounts,
        *,
        error: str | None = None,
        accepted: int = 0,
        rejected: int = 0,
        digest: str | None = None,
        object_name: str | None = None,
    ) -> LandedFile:
        return LandedFile(
            path=self.file.path,
            source=self.file.source,
            landing_day=self.file.landing_day,
            size=self.file.size,
            mtime_ns=self.file.mtime_ns,
            content_digest=digest,
            identity_digest=digest,
            object_name=object_name,
            mapping_digest=self.mapping.digest,
            state=file_state,
            error=error,
            **vars(counts),
            accepted=accepted,
            rejected=rejected,
            landed_at=self.storage.settings.clock(),
            run=self.run,
        )


def _copy(duck: DuckDBPyConnection, reader: lines.LineReader, select: str, path: Path) -> None:
    """Stream the file's lines through the SELECT into a Parquet file."""
    duck.register("lines", pa.RecordBatchReader.from_batches(lines.SCHEMA, reader.batches()))
    try:
        duck.execute(f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    except DataError as error:
        if reader.error is not None:
            raise reader.error from None
        # The text of DuckDB's error holds the line: it must not reach logs or state.
        raise UnreadableFileError(
            f"DuckDB cannot read it ({type(error).__name__}). This is a fault of the pipeline: please report it"
        ) from None
    finally:
        duck.unregister("lines")
