"""What can be asked of costs: the words of a question, and which questions are refused. It reads nothing."""

from dataclasses import dataclass
from datetime import date

from usage_pipeline.series import questions as series
from usage_pipeline.series.questions import UsageQuery, check_dimensions

GROUPS = {**series.GROUPS, "class": "class", "price": "price_id", "unpriced": "unpriced"}
"""What costs can be grouped and filtered by, and the cube's column behind each word."""


@dataclass(frozen=True)
class CostQuery:
    """Costs of a range of days, both ends included, grouped and filtered by the words of `GROUPS`."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse words that are no dimension, or that stand twice."""
        check_dimensions(self.group_by, self.where, GROUPS)

    @property
    def range(self) -> UsageQuery:
        """The days of it."""
        return UsageQuery(self.first, self.last, where=tuple(pair for pair in self.where if pair[0] == "day"))
