"""Lands the files of some landing days together, under the locks of those days."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.committing import LandingResult, commit_days
from usage_pipeline.events.landing.file_landing import FileLanding, Landed
from usage_pipeline.events.landing.line_validation import Outcome, validate
from usage_pipeline.events.landing.reading_ahead import in_groups
from usage_pipeline.events.landing.recording import record
from usage_pipeline.events.landing.rules import LandingRules, retention_of
from usage_pipeline.events.landing.scan import scan_days
from usage_pipeline.events.landing.verdicts import Verdicts
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.audit import AuditEntry
from usage_pipeline.storage.bound_settings import bind_settings
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage

Decisions = Mapping[tuple[str, str], AuditEntry]
"""What people decided last, by path and content digest."""


@dataclass(frozen=True)
class Batch:
    """Landing days that are landed together."""

    storage: Storage
    formats: Mapping[str, SourceFormat]
    rules: Mapping[date, LandingRules]
    run: str

    def land(self) -> dict[date, LandingResult]:
        """Land every file of these days, which have files.

        Each group of files commits by itself. After a kill the days stay `writing`, and the next run finds the
        files there. Raises LockTimeoutError when another process lands one of the days.
        """
        settings = self.storage.settings
        locks = partition_locks(
            self.storage.warehouse, LANDED_EVENTS.name, self.rules, settings.lock_timeout_seconds
        )
        with locks as connection:
            bind_settings(connection, settings)
            state.mark_writing(connection, LANDED_EVENTS.name, self.rules, self.run)
            connection.commit()
            self._land_files(connection)
            versions = {day: rules.digest for day, rules in self.rules.items()}
            results = commit_days(self.storage, connection, versions)
            connection.commit()
        return results

    def _land_files(self, connection: Connection) -> None:
        seen: list[LandedFile] = []
        retention = retention_of(self.rules.values())
        for group in in_groups(_unseen(self._landings(connection), seen)):
            self._record(connection, validate(self.storage, retention, group))
            connection.commit()
        landed_files.record_files(connection, seen)

    def _landings(self, connection: Connection) -> list[FileLanding]:
        """The files of the days, those of a format together."""
        known = {file.path: file for file in landed_files.files(connection, self.rules)}
        files = sorted(
            scan_days(self.storage.settings, self.formats, self.rules).files, key=lambda file: file.source
        )
        return [
            FileLanding(
                storage=self.storage,
                rules=self.rules[file.landing_day],
                source_format=self.formats[file.source],
                file=file,
                run=self.run,
                known=known.get(file.path),
            )
            for file in files
        ]

    def _record(self, connection: Connection, outcomes: Collection[Outcome]) -> None:
        decisions = audit.decisions(connection, [landing.file.path for landing, _ in outcomes])
        landed = [(landing.known, _landed(landing, found, decisions)) for landing, found in outcomes]
        record(connection, landed, self.storage.settings.clock.now)


def _unseen(landings: Iterable[FileLanding], seen: list[LandedFile]) -> Iterator[FileLanding]:
    """Those that are not there already; the rows of the others are added to `seen`."""
    for landing in landings:
        again = landing.seen_again()
        if again is None:
            yield landing
        else:
            seen.append(again)


def _landed(landing: FileLanding, found: Verdicts | UnreadableFileError, decisions: Decisions) -> Landed:
    if isinstance(found, UnreadableFileError):
        return landing.failed(found)
    return landing.landed(found, decisions.get((landing.file.path, found.content_digest)))
