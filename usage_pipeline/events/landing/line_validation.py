"""Validates every line of a group of files once, and stores events, texts and rejected lines.

All lines are staged with their verdicts first, so that no line is validated twice or differently for two tables.
One SELECT reads the files: each line has the number of its file, by which it joins the facts of the file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.carrying import carry_over
from usage_pipeline.events.landing.extract import extracted_select
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.objects import events_select, store, store_empty
from usage_pipeline.events.landing.reading_ahead import Group, OpenFile, in_groups
from usage_pipeline.events.landing.repeats import supersede
from usage_pipeline.events.landing.rules import Retention, landing_sql
from usage_pipeline.events.landing.staging import (
    refuse_erased,
    register_files,
    register_rules,
    register_validated,
    stage,
)
from usage_pipeline.events.landing.verdicts import Tally, Verdicts, event_days, tallies
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

Outcome = tuple[FileLanding, Verdicts | UnreadableFileError]


def validate(storage: Storage, retention: Retention, group: Group) -> list[Outcome]:
    """Validate the group's files and store their objects; a file that cannot be read whole fails alone."""
    failed: list[Outcome] = list(group.failed)
    if not group.files:
        return failed
    try:
        verdicts = LineValidation(storage, retention, group.files).store()
    except (UnreadableFileError, DuckDBError) as error:
        if len(group.files) > 1:
            alone = (single for file in group.files for single in in_groups([file.landing]))
            return failed + [outcome for single in alone for outcome in validate(storage, retention, single)]
        if not isinstance(error, UnreadableFileError):
            raise
        return [*failed, (group.files[0].landing, error)]
    return [*failed, *((file.landing, found) for file, found in zip(group.files, verdicts, strict=True))]


@dataclass(frozen=True)
class LineValidation:
    """Validates files that one SELECT can read, by the retention of their landing days."""

    storage: Storage
    retention: Retention
    files: Sequence[OpenFile]

    def store(self) -> list[Verdicts]:
        """Validate all lines and write the objects. Returns verdicts in the order of the files.

        Raises UnreadableFileError if one of the files cannot be read whole; then nothing is written.
        """
        with self.staged() as duck:
            counted = tallies(duck, self._format, self._numbered)
            self._expect_all(counted)
            self._store_objects(duck, counted)
            counts = {
                number: carry_over(duck, self.storage.lake, file, counted[number])
                for number, file in self._numbered.items()
            }
            found = event_days(duck, self._targets(LANDED_EVENTS, self._numbered).values())
        return [
            Verdicts(file.reader.digest, counts[number], counted[number], found.get(file.landing.file.path, []))
            for number, file in self._numbered.items()
        ]

    @contextmanager
    def staged(self) -> Iterator[DuckDBPyConnection]:
        """Validate all lines into the view `validated` of a session. Raises UnreadableFileError."""
        with session(self.storage.engine) as duck:
            register_rules(duck, self._format, self.retention.rows)
            register_files(duck, self._numbered.items())
            stage(duck, self.files, self._validated_select(), self._format)
            refuse_erased(duck, self.storage.settings, self.retention.erased)
            supersede(duck, self._format)
            register_validated(duck, self._format, [self._identity_digest(file) for file in self.files])
            yield duck

    @property
    def _format(self) -> SourceFormat:
        return self.files[0].landing.source_format

    @cached_property
    def _numbered(self) -> dict[int, OpenFile]:
        return dict(enumerate(self.files, start=1))

    def _validated_select(self) -> str:
        key = self.storage.settings.digest_key.get_secret_value()
        extracted = extracted_select(self._format, self.files[0].fields, key)
        return f"WITH extracted AS (\n{extracted}\n)\nFROM (\n{landing_sql('validated_lines')}\n)"

    def _expect_all(self, counted: Mapping[int, Tally]) -> None:
        for number, file in self._numbered.items():
            validated, tally = file.reader.counts.validated, counted[number]
            if validated + tally.further_events != tally.events + tally.skipped:
                raise UnreadableFileError(
                    f"{validated:,} lines were read, but {tally.accepted:,} accepted, "
                    f"{tally.superseded:,} superseded, {tally.rejected:,} rejected and {tally.skipped:,} skipped. "
                    "This is a fault of the pipeline: please report it"
                )

    def _store_objects(self, duck: DuckDBPyConnection, counted: Mapping[int, Tally]) -> None:
        lake, events = self.storage.lake, events_select(self._format)
        accepted = {number for number, tally in counted.items() if tally.accepted}
        texts = {number for number, tally in counted.items() if tally.texts}
        rejected = {number for number, tally in counted.items() if tally.rejects}
        store(duck, lake, LANDED_EVENTS, events, self._targets(LANDED_EVENTS, accepted))
        store_empty(duck, lake, events, self._targets(LANDED_EVENTS, counted.keys() - accepted))
        store(duck, lake, CONTENT, landing_sql("content"), self._targets(CONTENT, texts))
        store(duck, lake, REJECTED_LINES, landing_sql("rejected_lines"), self._targets(REJECTED_LINES, rejected))

    def _targets(self, spec: TableSpec, numbers: Iterable[int]) -> dict[int, Path]:
        return {number: self._target(spec, self._numbered[number]) for number in sorted(numbers)}

    @staticmethod
    def _identity_digest(file: OpenFile) -> str:
        return file.landing.identity_digest(file.reader.digest)

    def _target(self, spec: TableSpec, file: OpenFile) -> Path:
        name = file.landing.object_name(file.reader.digest)
        return self.storage.lake.object(spec, file.landing.file.landing_day, name)
