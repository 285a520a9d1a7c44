"""Places in the history of runs, from which the next page goes on: what runs end meanwhile moves none."""

from typing import NamedTuple

from usage_pipeline.storage.engine import literal

MOMENT = "epoch_us(coalesce(ended_at, started_at))"
ORDER = f"day DESC, {MOMENT} DESC, tenant_id, source, run_id"
"""The order of the history: the newest first."""


class Place(NamedTuple):
    """The place of a run in the history; no two runs have the same."""

    day: str
    """The day that it is on."""
    moment: int
    """When it ended, or else started, in µs since 1970."""
    tenant_id: str
    source: str
    run_id: str

    @property
    def behind(self) -> str:
        """The condition of the runs behind it."""
        rest = ", ".join(map(literal, (self.tenant_id, self.source, self.run_id)))
        later = (
            f"{MOMENT} < {self.moment} OR ({MOMENT} = {self.moment} AND (tenant_id, source, run_id) > ({rest}))"
        )
        return f"day < DATE '{self.day}' OR (day = DATE '{self.day}' AND ({later}))"
