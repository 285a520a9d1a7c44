"""One file on its way into the lake: landed as immutable objects, set apart, or failed by name.

The objects' name is a digest of all that decides their rows (file, content, mapping, rules), so a file that
is landed again under the same rules is found to be there already.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from sqlalchemy import Connection

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events import mapping as mappings
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.judging import Judgement, Verdicts
from usage_pipeline.events.landing.rules import EXPECTED_REJECTS, QUARANTINE_FROM_LINES, LandingRules
from usage_pipeline.events.landing.scan import LandingFile
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import state
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import FileState, LandedDay, LandedFile

_NO_VERDICTS = Verdicts(lines.LineCounts(), 0, 0, {}, [])


@dataclass(frozen=True)
class Landed:
    """What became of a file: its row of the state, the days that it holds, and how many voids it brought."""

    file: LandedFile
    event_days: list[LandedDay]
    voids: int


@dataclass(frozen=True)
class FileLanding:
    """Lands one file; `known` is what the state says of its path so far."""

    storage: Storage
    rules: LandingRules
    mapping: mappings.Mapping
    file: LandingFile
    run: str
    known: LandedFile | None

    @property
    def source_path(self) -> Path:
        """Where the file lies."""
        return self.storage.settings.landing / self.file.path

    def land(self, connection: Connection) -> Landed | None:
        """Land the file; None where it is there already. A file that cannot be read whole has failed."""
        try:
            digest = lines.content_digest(self.source_path, self.file.compression)
            name = self._object_name(digest)
            if self.known is not None and self.known.object_name == name and self._is_whole_in_lake(self.known):
                state.record_file(connection, self._seen_again(self.known))
                return None
            judgement = Judgement(self.storage, self.rules, self.mapping, self.file, digest)
            verdicts = judgement.store(name)
        except UnreadableFileError as error:
            return Landed(self._row(FileState.FAILED, _NO_VERDICTS, error=str(error)), [], 0)
        return self._judged(verdicts, digest, name)

    def _judged(self, verdicts: Verdicts, digest: str, name: str) -> Landed:
        fault = self._quarantine_reason(verdicts)
        decided = self._decided(digest)
        if decided is not None and decided.state is FileState.WITHDRAWN:
            file_state, fault = FileState.WITHDRAWN, decided.error
        elif fault and not (decided is not None and decided.released):
            file_state = FileState.QUARANTINED
        else:
            file_state, fault = FileState.LANDED, None
        row = self._row(file_state, verdicts, error=fault, digest=digest, object_name=name)
        return Landed(row, verdicts.event_days, verdicts.voids)

    def _decided(self, digest: str) -> LandedFile | None:
        """What is known of the file, if people decided on this very content of it."""
        return self.known if self.known is not None and self.known.content_digest == digest else None

    def _seen_again(self, known: LandedFile) -> LandedFile:
        again = {"size": self.file.size, "mtime_ns": self.file.mtime_ns, "vanished_at": None}
        return LandedFile(**{**vars(known), **again})

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

    def _quarantine_reason(self, verdicts: Verdicts) -> str | None:
        """Why nothing of the file may count, if so: too many of its lines speak against it."""
        judged = verdicts.counts.judged
        if judged < QUARANTINE_FROM_LINES:
            return None
        speaking = sum(count for reason, count in verdicts.rejects.items() if reason not in EXPECTED_REJECTS)
        share = Decimal(speaking) / judged
        threshold = self.storage.settings.reject_share_threshold
        return f"{share:.1%} of its lines were rejected, more than {threshold:.1%}" if share > threshold else None

    def _row(
        self,
        file_state: FileState,
        verdicts: Verdicts,
        *,
        error: str | None,
        digest: str | None = None,
        object_name: str | None = None,
    ) -> LandedFile:
        decided = self._decided(digest) if digest is not None else None
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
            **vars(verdicts.counts),
            accepted=verdicts.accepted,
            rejected=verdicts.rejected,
            landed_at=self.storage.settings.clock(),
            run=self.run,
            released=decided is not None and decided.released,
        )
