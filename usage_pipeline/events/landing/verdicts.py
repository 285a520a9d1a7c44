"""The verdicts on the lines of a landing file, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from usage_pipeline.events.landing.lines import LineCounts
from usage_pipeline.storage.landed_files import LandedDay


@dataclass(frozen=True)
class Verdicts:
    """The lines of a file by verdict: `counts.validated = accepted + sum of rejects`."""

    content_digest: str
    counts: LineCounts
    accepted: int
    voids: int
    rejects: Mapping[str, int]
    event_days: list[LandedDay]

    @property
    def rejected(self) -> int:
        """How many lines were not accepted."""
        return sum(self.rejects.values())


NO_VERDICTS = Verdicts("", LineCounts(), 0, 0, {}, [])
"""Those on a file that cannot be read: no line was validated, and no digest is known."""
