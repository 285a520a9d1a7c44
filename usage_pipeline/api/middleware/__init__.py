"""What every request passes through, from the outside in.

What does not belong here: who asks and what they may read (`access.py`), and rules of single routes.
"""

from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from usage_pipeline.api.measures import Measures
from usage_pipeline.api.middleware.answer_headers import AnswerHeaders
from usage_pipeline.api.middleware.failures import Failures
from usage_pipeline.api.middleware.heads import Heads
from usage_pipeline.api.middleware.observing import Observing
from usage_pipeline.api.middleware.request_ids import RequestIds
from usage_pipeline.api.middleware.request_limits import RequestLimits
from usage_pipeline.api.middleware.time_limit import TimeLimit
from usage_pipeline.settings import Settings

_COMPRESSED = (
    "application/pdf",
    "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
"""Files of reports that gain nothing."""

_GZIP_FROM, _GZIP_LEVEL = 1000, 5


def middleware(settings: Settings, measures: Measures) -> list[Middleware]:
    """Return it in this order, so that all problems have an id, a line in the log, and the headers."""
    return [
        Middleware(RequestIds),
        Middleware(Observing, measures, log=settings.api_access_log),
        Middleware(AnswerHeaders),
        Middleware(Failures),
        Middleware(RequestLimits, settings.api_timeout_seconds),
        Middleware(TimeLimit, settings.api_timeout_seconds),
        Middleware(Heads),
        Middleware(
            GZipMiddleware,
            minimum_size=_GZIP_FROM,
            compresslevel=_GZIP_LEVEL,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *_COMPRESSED),
        ),
    ]
