"""Validates every line of some files once, and stores what became of them: events, texts, rejected lines.

The verdicts on all lines are staged first, so that no line is read or validated twice, and none can be validated
differently for two tables. The files are those that one SELECT can read: each line carries the number of its file,
and joins by it what is known of the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.counting import Tally, event_days, tallies
from usage_pipeline.events.landing.extract import extracted_select
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.known import register_files, register_rules
from usage_pipeline.events.landing.objects import events_select, store, store_empty
from usage_pipeline.events.landing.reading_ahead import Group, OpenFile
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.landing.staging import register_validated, stage
from usage_pipeline.events.landing.verdicts import Verdicts
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.landed_files import LandedDay
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec

Outcome = tuple[FileLanding, Verdicts | UnreadableFileError]


def validate(storage: Storage, retention: ReferenceRows, group: Group) -> list[Outcome]:
    """Validate the group's files and store their objects; a file that cannot be read whole fails alone."""
    failed: list[Outcome] = list(group.failed)
    if not group.files:
        return failed
    try:
        verdicts = LineValidation(storage, retention, group.files).store()
    except (UnreadableFileError, DuckDBError) as error:
        if len(group.files) > 1:
            return failed + [_alone(storage, retention, file.landing) for file in group.files]
        if not isinstance(error, UnreadableFileError):
            raise
        return [*failed, (group.files[0].landing, error)]
    return [*failed, *((file.landing, found) for file, found in zip(group.files, verdicts, strict=True))]


def _alone(storage: Storage, retention: ReferenceRows, landing: FileLanding) -> Outcome:
    try:
        (verdicts,) = LineValidation(storage, retention, [OpenFile(landing)]).store()
    except UnreadableFileError as error:
        return landing, error
    return landing, verdicts


@dataclass(frozen=True)
class LineValidation:
    """Validates files that one SELECT can read, by the retention of their landing days."""

    storage: Storage
    retention: ReferenceRows
    files: Sequence[OpenFile]

    def store(self) -> list[Verdicts]:
        """Validate all lines and write the objects; the verdicts are in the order of the files.

        Raises UnreadableFileError when one of the files cannot be read whole; then nothing is written.
        """
        with session(self.storage.engine) as duck:
            register_rules(duck, self._format, self.retention)
            register_files(duck, ((number, file.landing) for number, file in self._numbered.items()))
            stage(duck, self.files, self._validated_select(), self._format)
            register_validated(duck, self._format, [file.reader.digest for file in self.files])
            counted = tallies(duck, self._numbered)
            self._expect_all(counted)
            self._store_objects(duck, counted)
            found = event_days(duck, self._targets(LANDED_EVENTS, self._numbered).values())
        return [
            _verdicts(file, counted[number], found.get(file.landing.file.path, []))
            for number, file in self._numbered.items()
        ]

    @property
    def _format(self) -> SourceFormat:
        return self.files[0].landing.source_format

    @cached_property
    def _numbered(self) -> dict[int, OpenFile]:
        return dict(enumerate(self.files, start=1))

    def _validated_select(self) -> str:
        """The SELECT of every line with its verdict."""
        key = self.storage.settings.digest_key.get_secret_value()
        extracted = extracted_select(self._format, self.files[0].fields, key)
        return f"WITH extracted AS (\n{extracted}\n)\nFROM (\n{landing_sql('validated_lines')}\n)"

    def _expect_all(self, counted: Mapping[int, Tally]) -> None:
        for number, file in self._numbered.items():
            validated, tally = file.reader.counts.validated, counted[number]
            rejected = sum(tally.rejects.values())
            if validated != tally.accepted + rejected:
                raise UnreadableFileError(
                    f"{validated:,} lines were read, but {tally.accepted:,} accepted and {rejected:,} rejected. "
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

    def _target(self, spec: TableSpec, file: OpenFile) -> Path:
        landing = file.landing
        name = landing.object_name(file.reader.digest)
        return self.storage.lake.object(spec, landing.file.landing_day, name)


def _verdicts(file: OpenFile, tally: Tally, days: list[LandedDay]) -> Verdicts:
    return Verdicts(file.reader.digest, file.reader.counts, tally.accepted, tally.voids, tally.rejects, days)
