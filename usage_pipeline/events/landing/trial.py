"""Tries a format on a sample: the verdict on each line, and what each field became, without landing anything.

The sample is validated like a file that lands today, in a directory of its own that is removed. Old lines are as
good a sample as new ones, so none is rejected for its age; how many would be is told apart.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from usage_pipeline.errors import QueryError, UnreadableFileError
from usage_pipeline.events.format_files import Formats
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.line_validation import validate
from usage_pipeline.events.landing.lines import LineReader
from usage_pipeline.events.landing.origins import origins, text_origins
from usage_pipeline.events.landing.reading_ahead import in_groups
from usage_pipeline.events.landing.rules import load_rules, retention_of
from usage_pipeline.events.landing.scan import COMPRESSIONS, UNFINISHED, scan_days
from usage_pipeline.events.landing.set_aside import SetAside, read_set_aside
from usage_pipeline.events.landing.unread import unread_around, unread_of_events
from usage_pipeline.events.landing.verdicts import Verdicts, lost_events
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES, TEXTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import named_rows, parquet_scan, session
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.tenants.reference import load_tenants

_LONG_AGO = 100_000
"""Days of retention, so that no line is too old."""
_FOLDER = "sample"
_PLACE = frozenset({"landing_file", "landing_line", "landing_event", "landed_at", "landing_day", "payload_digest"})
RECORD, DUPLICATE, CONFLICT = "record", "duplicate", "conflict"

Row = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """What a format makes of a sample. Rows are in the order of the lines."""

    source_format: SourceFormat
    verdicts: Verdicts
    records: Sequence[Row]
    rejects: Sequence[Row]
    set_aside: Sequence[SetAside]
    texts: Counter[str]
    """By column of `content`, the lines that have such a text."""
    around: Counter[str]
    """By field of what the events lie in that no column takes, the lines that have it."""
    first_kept: Mapping[str, date | None]
    """By tenant, the first day that is kept of what lands today."""

    @property
    def warning(self) -> str | None:
        """What is to be said of the sample as a whole."""
        return lost_events(self.source_format, self.verdicts.tally)

    def columns(self) -> Iterator[Row]:
        """Yield each column that is mapped or filled: its field, how many records have it, and the first value."""
        fields, texts = dict(origins(self.source_format)), text_origins(self.source_format)
        for name in self._filled_or_mapped(fields):
            values = [record[name] for record in self.records if record[name] is not None]
            example = values[0] if values else None
            yield {"column": name, "field": fields.get(name), "records": len(values), "example": example}
        for name, lines in self.texts.items():
            yield {"column": f"text: {name}", "field": texts[name], "records": lines, "example": None}

    def unmapped(self) -> Iterator[Row]:
        """Yield the fields that no column takes, with the number of records that have them."""
        metas = (json.loads(record["meta"]) for record in self.records if record["meta"])
        for name, lines in unread_of_events(self.source_format, metas).most_common():
            yield {"field": name, "records": lines}

    def unmapped_around(self) -> Iterator[Row]:
        """Yield the same of what the events lie in; lists first, because they may hold usage."""
        for name, lines in sorted(
            self.around.items(), key=lambda found: (not found[0].endswith("[*]"), -found[1])
        ):
            yield {"field": name, "lines": lines}

    @cached_property
    def outcomes(self) -> list[tuple[str, Row | None]]:
        """Whether each accepted line is a record, or else a duplicate or conflict, and of which line."""
        counted = dict[tuple[object, ...], Row]()
        found = list[tuple[str, Row | None]]()
        for record in self.records:
            identity = (record["tenant_id"], record["record_id"], record["event_day"])
            first = counted.setdefault(identity, record)
            is_same = record["payload_digest"] == first["payload_digest"]
            found.append((RECORD, None) if first is record else (DUPLICATE if is_same else CONFLICT, first))
        return found

    @property
    def too_old(self) -> list[Row]:
        """The records that `run` would reject for their age, if the sample landed today."""
        kept = ((record, self.first_kept[record["tenant_id"]]) for record in self.records)
        return [record for record, first in kept if first is not None and record["event_day"] < first]

    def _filled_or_mapped(self, fields: dict[str, str]) -> Iterator[str]:
        for column in LANDED_EVENTS.column_names:
            is_filled = any(record[column] is not None for record in self.records)
            if column not in _PLACE | {"meta"} and (is_filled or column in fields):
                yield column


def try_format(storage: Storage, source_format: SourceFormat, sample: Path, tenant: str | None = None) -> Trial:
    """Validate a sample of a format, whatever its name. Raises QueryError if it cannot be read whole.

    Without a tenant, that of the folder is `sample` if lines name none.
    """
    trial = _try_apart(storage, source_format, sample, tenant)
    if tenant is None and "missing_tenant_id" in trial.verdicts.tally.rejects:
        in_folder = _try_apart(storage, source_format, sample, _FOLDER)
        return max(in_folder, trial, key=lambda one: one.verdicts.tally.accepted)
    return trial


def _try_apart(storage: Storage, source_format: SourceFormat, sample: Path, tenant: str | None) -> Trial:
    with TemporaryDirectory() as folder:
        settings = storage.settings.model_copy(
            update={"data_dir": Path(folder), "reference_dir": None, "default_retention_days": _LONG_AGO}
        )
        apart = replace(storage, settings=settings, lake=Lake(settings.data_dir))
        landing = _landing(apart, source_format, sample, tenant)
        try:
            trial = _tried(apart, source_format, landing)
        except UnreadableFileError as error:
            raise QueryError(f"{sample.name}: {error}") from None
    today, tenants = storage.settings.clock.today, load_tenants(storage.settings)
    names = {record["tenant_id"] for record in trial.records}
    return replace(trial, first_kept={name: tenants.retention_start(name, today) for name in names})


def _tried(storage: Storage, source_format: SourceFormat, landing: FileLanding) -> Trial:
    retention = retention_of([landing.rules])
    ((_, found),) = (outcome for group in in_groups([landing]) for outcome in validate(storage, retention, group))
    if isinstance(found, UnreadableFileError):
        raise found
    texts = _rows(storage, CONTENT)
    filled = Counter(column.name for row in texts for column in TEXTS if row[column.name] is not None)
    around = unread_around(source_format, _lines(landing)) if source_format.each else Counter[str]()
    records, rejects = _rows(storage, LANDED_EVENTS), _rows(storage, REJECTED_LINES)
    counted = found.tally.skipped or found.tally.superseded
    set_aside = read_set_aside(storage, landing).lines if counted else []
    return Trial(source_format, found, records, rejects, set_aside, filled, around, {})


def _lines(landing: FileLanding) -> Iterator[Any]:
    """Yield the lines that can be read."""
    for batch in LineReader(landing.source_path, landing.file).batches():
        for text in batch["raw"].to_pylist():
            with suppress(ValueError, RecursionError):
                yield json.loads(text)


def _landing(storage: Storage, source_format: SourceFormat, sample: Path, tenant: str | None) -> FileLanding:
    settings = storage.settings
    day = settings.clock.today
    if tenant is not None and (tenant in {"", ".", ".."} or "/" in tenant):
        raise QueryError(f"--tenant {tenant!r}: expected the name of a folder.")
    place = settings.landing.joinpath(source_format.name, str(day), *([tenant] if tenant else []))
    place.mkdir(parents=True)
    shutil.copy(sample, place / _name(sample, source_format))
    scan = scan_days(settings, Formats({source_format.name: source_format}), [day])
    for entry in scan.misplaced:
        raise QueryError(f"{sample}: {entry.problem}")
    return FileLanding(storage, load_rules(settings, [day])[day], source_format, scan.files[0], "trial", None)


def _name(sample: Path, source_format: SourceFormat) -> str:
    """Return the name that a sample lands by: its own may be hidden, unfinished, or of another format."""
    name = sample.name
    while name.endswith(UNFINISHED):
        name = name.rpartition(".")[0]
    compression = next((ending for ending in COMPRESSIONS if name.endswith(ending)), "")
    return f"sample.{source_format.format}{compression}"


def _rows(storage: Storage, spec: TableSpec) -> list[Row]:
    paths = sorted((storage.lake.data_dir / spec.zone / spec.name).rglob("*.parquet"))
    if not paths:
        return []
    with session(storage.engine) as duck:
        return named_rows(duck.execute(f"FROM {parquet_scan(paths)} ORDER BY landing_line, landing_event"))
