"""What a check says that cannot look, because what it reads is gone or broken."""

from collections.abc import Callable

import duckdb

from usage_pipeline.errors import PartitionError
from usage_pipeline.validation.results import Found

_BROKEN = (duckdb.BinderException, duckdb.IOException, duckdb.InvalidInputException)
"""A column that is missing, and a file that is gone or damaged. Their texts name columns and files."""


def looked(look: Callable[[], Found]) -> Found:
    """What was found; a failed check where nothing could be."""
    try:
        return look()
    except PartitionError as error:
        return _nothing(str(error))
    except _BROKEN as error:
        return _nothing(str(error).splitlines()[0])


def _nothing(reason: str) -> Found:
    return Found(success=False, observed=f"nothing could be read: {reason}", expected="rows that can be read")
