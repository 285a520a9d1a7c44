"""All routes below `/v1`, in the order in which the description has them."""

from usage_pipeline.api.routes import (
    alerts,
    costs,
    days,
    forecast,
    insights,
    limits,
    me,
    quality,
    records,
    reports,
    resources,
    runs,
    series,
    summary,
    usage,
)
from usage_pipeline.api.routes import credits as credits_

_MODULES = (
    *(me, summary, series, usage, resources, records),
    *(costs, credits_, limits, forecast, insights, runs, alerts, reports, days, quality),
)
ROUTERS = tuple(module.router for module in _MODULES)
