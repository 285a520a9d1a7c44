"""All routes below `/v1`, in the order in which the description has them."""

from usage_pipeline.api.routes import (
    alerts,
    costs,
    days,
    limits,
    me,
    quality,
    reports,
    resources,
    series,
    summary,
    usage,
)
from usage_pipeline.api.routes import credits as credits_

ROUTERS = tuple(
    module.router
    for module in (me, summary, series, usage, resources, costs, credits_, limits, alerts, reports, days, quality)
)
