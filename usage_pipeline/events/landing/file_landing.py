"""What becomes of one file: landed as immutable objects, set apart, or failed by name.

The objects' name is a digest of all that decides their rows (file, content, format, rules), so a file that
is landed again under the same rules is found to be there already.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.rules import EXPECTED_REJECTS, QUARANTINE_FROM_LINES, LandingRules
from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.events.landing.verdicts import NO_VERDICTS, Verdicts
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.landed_files import FileState, LandedDay, LandedFile
from usage_pipeline.storage.opened import Storage


@dataclass(frozen=True)
class Landed:
    """What became of a file: its row of the state, the days that it holds, and how many voids it brought."""

    file: LandedFile
    event_days: list[LandedDay]
    voids: int


@dataclass(frozen=True)
class FileLanding:
    """Decides about one file; `known` is what the state says of its path so far."""

    storage: Storage
    rules: LandingRules
    source_format: SourceFormat
    file: LandingFile
    run: str
    known: LandedFile | None

    @property
    def source_path(self) -> Path:
        """Where the file lies."""
        return self.storage.settings.landing / self.file.path

    def seen_again(self) -> LandedFile | None:
        """The file's row, if the same content lies in the lake, validated in the same way; None otherwise."""
        known = self.known
        if known is None or known.object_name is None:
            return None
        try:
            digest = lines.content_digest(self.source_path, self.file.compression)
        except UnreadableFileError:
            return None
        if known.object_name != self.object_name(digest) or not self._is_whole_in_lake(known):
            return None
        return replace(known, size=self.file.size, mtime_ns=self.file.mtime_ns, vanished_at=None)

    def failed(self, error: UnreadableFileError) -> Landed:
        """What becomes of the file, as it cannot be read whole."""
        return Landed(self._row(FileState.FAILED, NO_VERDICTS, error=str(error)), [], 0)

    def landed(self, verdicts: Verdicts, decided: AuditEntry | None) -> Landed:
        """What becomes of the file by the verdicts on its lines, and by what people decided about its content."""
        file_state, error = FileState.LANDED, None
        if decided is not None and decided.action is Action.WITHDRAWN:
            file_state, error = FileState.WITHDRAWN, withdrawn_note(decided.by, decided.reason)
        elif decided is None and (fault := self._quarantine_reason(verdicts)):
            file_state, error = FileState.QUARANTINED, fault
        return Landed(self._row(file_state, verdicts, error=error), verdicts.event_days, verdicts.voids)

    def object_name(self, content_digest: str) -> str:
        """The name of the file's objects, by all that decides their rows."""
        return fingerprint(
            [
                self.file.source,
                self.file.landing_day,
                self.file.path,
                content_digest,
                self.source_format.digest,
                self.rules.digest,
            ]
        )

    def _is_whole_in_lake(self, known: LandedFile) -> bool:
        path = self.storage.lake.object(LANDED_EVENTS, known.landing_day, known.object_name)
        try:
            return int(parquet.read_metadata(path).num_rows) == known.accepted
        except (OSError, pa.ArrowInvalid):
            return False  # gone, or damaged: it is written again

    def _quarantine_reason(self, verdicts: Verdicts) -> str | None:
        """Why nothing of the file may count, if so: too many of its lines speak against it."""
        validated = verdicts.counts.validated
        if validated < QUARANTINE_FROM_LINES:
            return None
        speaking = sum(count for reason, count in verdicts.rejects.items() if reason not in EXPECTED_REJECTS)
        share = Decimal(speaking) / validated
        threshold = self.storage.settings.reject_share_threshold
        if share <= threshold:
            return None
        return f"{share:.1%} of its lines were rejected for other reasons than age, more than {threshold:.1%}"

    def _row(
        self,
        file_state: FileState,
        verdicts: Verdicts,
        *,
        error: str | None,
    ) -> LandedFile:
        digest = verdicts.content_digest or None
        return LandedFile(
            path=self.file.path,
            source=self.file.source,
            landing_day=self.file.landing_day,
            size=self.file.size,
            mtime_ns=self.file.mtime_ns,
            content_digest=digest,
            identity_digest=digest,
            object_name=self.object_name(digest) if digest else None,
            format_digest=self.source_format.digest,
            state=file_state,
            error=error,
            **vars(verdicts.counts),
            accepted=verdicts.accepted,
            rejected=verdicts.rejected,
            landed_at=self._landed_at(digest),
            run=self.run,
        )

    def _landed_at(self, digest: str | None) -> datetime:
        """When this content began to count: other rules that read it again are no new arrival."""
        known = self.known
        if known is not None and known.state is FileState.LANDED and known.content_digest == digest:
            return known.landed_at
        return self.storage.settings.clock.now


def withdrawn_note(by: str, reason: str) -> str:
    """What `files` says of a withdrawn file."""
    return f"withdrawn by {by}: {reason}"
