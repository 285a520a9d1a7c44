"""All routes below `/v1`, in the order in which the description has them."""

from usage_pipeline.api.routes import costs, days, me, series, summary, usage

ROUTERS = tuple(module.router for module in (me, summary, series, usage, costs, days))
