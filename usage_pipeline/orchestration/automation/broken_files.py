"""What a sensor or schedule says when a file that people edit is broken."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import dagster as dg

from usage_pipeline.errors import FormatError, ReferenceFileError
from usage_pipeline.orchestration.inputs import without_tenants

Given = ParamSpec("Given")
Requested = TypeVar("Requested")


def waits_for_files(evaluate: Callable[Given, Requested]) -> Callable[Given, Requested | dg.SkipReason]:
    """Let a look that needs a broken file say which, in place of a traceback, and look again the next time.

    The check `is_valid` of the file fails meanwhile.
    """

    @wraps(evaluate)
    def look(*args: Given.args, **kwargs: Given.kwargs) -> Requested | dg.SkipReason:
        try:
            return evaluate(*args, **kwargs)
        except (FormatError, ReferenceFileError) as problem:
            return dg.SkipReason(without_tenants(str(problem)))

    return look
