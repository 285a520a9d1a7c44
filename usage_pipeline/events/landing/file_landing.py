"""Decides about one file: landed, quarantined, withdrawn or failed.

The name of a file's objects is a digest of everything that determines their rows (file, content, format, rules),
so a file that was landed under the same rules is recognized. One that landed under other rules is kept as it is,
unless it is asked for: a new file of its day must not change what its lines counted as.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.recording import Landed
from usage_pipeline.events.landing.rules import EXPECTED_REJECTS, QUARANTINE_FROM_LINES, LandingRules
from usage_pipeline.events.landing.scan import KnownFiles, LandingFile
from usage_pipeline.events.landing.verdicts import NO_VERDICTS, Verdicts, lost_events
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class FileLanding:
    """Decides about one file; `known` is the present row of its path in the state."""

    storage: Storage
    rules: LandingRules
    source_format: SourceFormat
    file: LandingFile
    run: str
    known: LandedFile | None

    @property
    def source_path(self) -> Path:
        """The path of the file."""
        return self.storage.settings.landing / self.file.path

    def seen_again(self, known_files: KnownFiles) -> LandedFile | None:
        """Return the file's row if the lake has the same content, and it is not to be validated again.

        A file that has lost records or lines is not: the lines of these would have to be rejected, or are blank.
        """
        known = self.known
        if known is None or known.object_name is None:
            return None
        try:
            digest = lines.content_digest(self.source_path, self.file.compression)
        except UnreadableFileError:
            return None
        is_same = digest in known.contents
        if known_files is KnownFiles.AGAIN and not known.is_reduced:
            is_same = known.object_name == self.object_name(digest)
        if not is_same or not self._is_whole_in_lake(known):
            return None
        return replace(known, size=self.file.size, mtime_ns=self.file.mtime_ns, vanished_at=None, pruned_at=None)

    def erased_former(self, content_digest: str) -> LandedFile | None:
        """Return the present row if something of the file was erased and this content is a new one."""
        known = self.known
        if known is None or known.object_name is None or known.erased_at is None:
            return None
        is_same = content_digest in known.contents
        return None if is_same or not self._is_whole_in_lake(known) else known

    @property
    def is_of_earlier_rules(self) -> bool:
        """Return True if the file landed by other formats or rules than today's."""
        known = self.known
        if known is None or known.content_digest is None:
            return False
        return known.object_name != self.object_name(known.content_digest)

    def failed(self, error: UnreadableFileError) -> Landed:
        """Return the outcome for a file that cannot be read whole."""
        return Landed(self._row(FileState.FAILED, NO_VERDICTS, str(error)), [], 0)

    def landed(self, verdicts: Verdicts, decided: AuditEntry | None) -> Landed:
        """Return the outcome by the verdicts on the lines and the last decision about the content."""
        file_state, error = FileState.LANDED, None
        if decided is not None and decided.action is Action.WITHDRAWN:
            file_state, error = FileState.WITHDRAWN, withdrawn_note(decided.by, decided.reason)
        elif decided is None and (fault := self._quarantine_reason(verdicts)):
            file_state, error = FileState.QUARANTINED, fault
        return Landed(self._row(file_state, verdicts, error), verdicts.event_days, verdicts.tally.voids)

    def object_name(self, content_digest: str) -> str:
        """Return the name of the file's objects."""
        of_file = (self.file.source, self.file.landing_day, self.file.path, content_digest)
        return fingerprint([*of_file, self.source_format.digest, self.rules.digest])

    def identity_digest(self, content_digest: str) -> str:
        """Return the digest that ids of positions use: that of the content before any erasure."""
        known = self.known
        if known is None or content_digest not in known.contents:
            return content_digest
        return known.identity_digest or content_digest

    def _is_whole_in_lake(self, known: LandedFile) -> bool:
        path = self.storage.lake.object(LANDED_EVENTS, known.landing_day, known.object_name)
        try:
            rows = int(parquet.read_metadata(path).num_rows)
        except (OSError, pa.ArrowInvalid):
            rows = 0  # gone, or damaged: it is written again
        return known.accepted_left <= rows <= known.accepted

    def _quarantine_reason(self, verdicts: Verdicts) -> str | None:
        """Return the reason to quarantine the file, if it lacks events or too many lines were rejected."""
        if lost := lost_events(self.source_format, verdicts.tally):
            return f"{lost}. Correct the format, or release the file if it has no usage"
        events = verdicts.tally.events
        if events < QUARANTINE_FROM_LINES:
            return None
        rejects = verdicts.tally.rejects.items()
        share = Decimal(sum(count for reason, count in rejects if reason not in EXPECTED_REJECTS)) / events
        threshold = self.storage.settings.reject_share_threshold
        if share <= threshold:
            return None
        return f"{share:.1%} of its lines were rejected for other reasons than age, more than {threshold:.1%}"

    def _row(self, file_state: FileState, verdicts: Verdicts, error: str | None) -> LandedFile:
        digest = verdicts.content_digest or None
        former = self.erased_former(digest) if digest else None
        return LandedFile(
            path=self.file.path,
            source=self.file.source,
            landing_day=self.file.landing_day,
            size=self.file.size,
            mtime_ns=self.file.mtime_ns,
            content_digest=digest,
            identity_digest=self.identity_digest(digest) if digest else None,
            object_name=self.object_name(digest) if digest else None,
            format_digest=self.source_format.digest,
            state=file_state,
            error=error,
            **vars(verdicts.counts),
            skipped=verdicts.tally.skipped,
            superseded=verdicts.tally.superseded,
            uncompared=verdicts.tally.uncompared,
            accepted=verdicts.tally.accepted,
            rejected=verdicts.tally.rejected,
            further_events=verdicts.tally.further_events,
            totals_compared=verdicts.tally.totals_compared,
            totals_apart=verdicts.tally.totals_apart,
            tokens_apart=verdicts.tally.tokens_apart,
            unique_within_days=self.source_format.unique_within_days,
            landed_at=self._landed_at(digest),
            erased_at=former.erased_at if former else None,
            run=self.run,
        )

    def _landed_at(self, digest: str | None) -> datetime:
        """Return the time since when this content counts; landing it again by other rules does not change it."""
        known = self.known
        if known is not None and known.state is FileState.LANDED and known.content_digest == digest:
            return known.landed_at
        return self.storage.settings.clock.now


def withdrawn_note(by: str, reason: str) -> str:
    """Return the note that `files` shows for a withdrawn file."""
    return f"withdrawn by {by}: {reason}"
