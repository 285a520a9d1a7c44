"""Looks at several days at once; of one that cannot be looked at, says why: what it reads is gone or broken."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import duckdb

from usage_pipeline.errors import PartitionError
from usage_pipeline.validation.results import Evaluation

UNREADABLE = (PartitionError, duckdb.BinderException, duckdb.IOException, duckdb.InvalidInputException)
"""A column that is missing, and a file that is gone or damaged. Their texts name columns and files."""

Evaluate = Callable[[Sequence[date]], Mapping[date, Evaluation]]


def evaluated(look: Evaluate, days: Sequence[date]) -> dict[date, Evaluation]:
    """What was found on each of the days; a failed check where nothing could be.

    A day that cannot be looked at is looked at alone, so that it hides no other.
    """
    if not days:
        return {}
    try:
        return dict(look(days))
    except UNREADABLE as error:
        if len(days) > 1:
            return {day: found for one in days for day, found in evaluated(look, [one]).items()}
        return {days[0]: unreadable(error)}


def unreadable(error: Exception) -> Evaluation:
    """What a check finds on a day whose rows cannot be read."""
    reason = str(error) if isinstance(error, PartitionError) else str(error).splitlines()[0]
    return Evaluation(success=False, observed=f"nothing could be read: {reason}", expected="rows that can be read")
