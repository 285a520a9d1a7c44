"""The keys of the cubes: the day, the tenant and the dimensions."""

from usage_pipeline.registry import DIMENSIONS
from usage_pipeline.storage.tables import DAY_AND_TENANT, Column, columns, dimension_columns

GRAIN: tuple[Column, ...] = (*DAY_AND_TENANT, *dimension_columns(DIMENSIONS))

QUARTER_HOUR_GRAIN: tuple[Column, ...] = (
    *columns(
        ("day", "DATE", "Event day, UTC."),
        ("quarter_hour", "TIMESTAMP", "Start of the 15 minutes, UTC."),
        ("tenant_id", "VARCHAR", "Tenant."),
    ),
    *dimension_columns(dimension for dimension in DIMENSIONS if dimension.within_day),
)
