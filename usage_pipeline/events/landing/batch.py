"""Lands the files of several landing days under their locks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.errors import UnreadableFileError, UnsettledFileError
from usage_pipeline.events.format_files import Formats
from usage_pipeline.events.landing.committing import LandingResult, commit_days
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.line_validation import Outcome, validate
from usage_pipeline.events.landing.reading_ahead import in_groups
from usage_pipeline.events.landing.recording import Landed, record
from usage_pipeline.events.landing.rules import LandingRules, retention_of
from usage_pipeline.events.landing.scan import KnownFiles, scan_days
from usage_pipeline.events.landing.verdicts import Verdicts
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import audit, landed_files, state
from usage_pipeline.storage.audit import AuditEntry
from usage_pipeline.storage.bound_settings import bind_settings
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import erased_first_kept, first_kept_days

Decisions = Mapping[tuple[str, str], AuditEntry]
"""The last decision about each file, by path and content digest."""


@dataclass(frozen=True)
class Batch:
    """Landing days that are landed together. `rules` has the days, each with the rules of now."""

    storage: Storage
    formats: Formats
    rules: Mapping[date, LandingRules]
    run: str
    known_files: KnownFiles

    def land(self) -> dict[date, LandingResult]:
        """Land every file of the days; each has files.

        Each group of files commits by itself. After a kill the days stay `writing`, and the next run skips the
        landed files. Raises LockTimeoutError if another process lands one of the days.
        """
        settings = self.storage.settings
        locks = partition_locks(
            self.storage.warehouse, LANDED_EVENTS.name, self.rules, settings.lock_timeout_seconds
        )
        with locks as connection:
            bind_settings(connection, settings)
            state.mark_writing(connection, LANDED_EVENTS.name, self.rules, self.run)
            connection.commit()
            of_earlier_rules = self._land_files(connection)
            versions = {day: of_earlier_rules.get(day, rules.digest) for day, rules in self.rules.items()}
            results = commit_days(self.storage, connection, versions)
            connection.commit()
        return results

    def _land_files(self, connection: Connection) -> dict[date, str]:
        """Land the files. Returns the versions of days that keep files of earlier rules: they stay outdated."""
        before = state.partitions(connection, LANDED_EVENTS.name, min(self.rules), max(self.rules))
        found = [(landing, landing.seen_again(self.known_files)) for landing in self._landings(connection)]
        retention = retention_of(self.rules.values(), first_kept_days(connection), erased_first_kept(connection))
        for group in in_groups(landing for landing, again in found if again is None):
            self._record(connection, validate(self.storage, retention, group))
            connection.commit()
        landed_files.record_files(connection, [again for _, again in found if again is not None])
        kept = {landing.file.landing_day for landing, again in found if again and landing.is_of_earlier_rules}
        return {day: version for day in kept if (version := before[day].code_version) is not None}

    def _landings(self, connection: Connection) -> list[FileLanding]:
        """Return the files of the days, ordered by format."""
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
        outcomes = [(landing, found) for landing, found in outcomes if not _keeps_its_row(landing, found)]
        decisions = audit.decisions(connection, [landing.file.path for landing, _ in outcomes])
        landed = [(landing.known, _landed(landing, found, decisions)) for landing, found in outcomes]
        record(connection, landed, self.storage.settings.clock.now)


def _keeps_its_row(landing: FileLanding, found: Verdicts | UnreadableFileError) -> bool:
    """Return True for a file that landed before and changed or vanished while it was read.

    The next run reads it again, or notes that it is gone, which withdraws nothing.
    """
    return isinstance(found, UnsettledFileError) and landing.known is not None


def _landed(landing: FileLanding, found: Verdicts | UnreadableFileError, decisions: Decisions) -> Landed:
    if isinstance(found, UnreadableFileError):
        return landing.failed(found)
    return landing.landed(found, decisions.get((landing.file.path, found.content_digest)))
