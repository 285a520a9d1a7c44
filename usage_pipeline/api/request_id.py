"""The id of the request that is being answered: in the answer, in its problem, and in each line of the log."""

import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-ID"

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Empty outside of requests."""

_SANE = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""What does not break a line of a log. A key does not match, as it has underscores."""


def choose_request_id(asked: str | None) -> str:
    """Return the id that the client asks for, or a new one if it asks for none that is usable."""
    return asked if asked and _SANE.fullmatch(asked) else uuid4().hex
