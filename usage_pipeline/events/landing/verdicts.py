"""What judging a landing file comes to, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from usage_pipeline.events.landing.lines import LineCounts
from usage_pipeline.storage.landed_files import LandedDay


@dataclass(frozen=True)
class Verdicts:
    """What the lines of a file came to: `counts.judged = accepted + sum of rejects`."""

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
"""Those on a file that cannot be read: no line was judged, and no digest is known."""
