"""Places in the history of runs, from which the next page goes on: what runs end meanwhile moves none."""

import json
from base64 import b64decode, urlsafe_b64encode
from typing import NamedTuple

from usage_pipeline.clock import is_day
from usage_pipeline.errors import QueryError
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
    def cursor(self) -> str:
        """The place as a text that is safe in URLs."""
        return urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @property
    def behind(self) -> str:
        """The condition of the runs behind it."""
        rest = ", ".join(map(literal, (self.tenant_id, self.source, self.run_id)))
        later = (
            f"{MOMENT} < {self.moment} OR ({MOMENT} = {self.moment} AND (tenant_id, source, run_id) > ({rest}))"
        )
        return f"day < DATE '{self.day}' OR (day = DATE '{self.day}' AND ({later}))"


def place_at(cursor: str) -> Place:
    """Return the place of a cursor. Raises QueryError for what is none."""
    try:
        found = json.loads(b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except ValueError:
        found = None
    match found:
        case [str(day), int(moment), str(), str(), str()] if is_day(day) and abs(moment) < 1 << 62:
            return Place(*found)
    raise QueryError(f"{cursor!r} is no cursor. Give the one of the page before, or none for the first page.")
