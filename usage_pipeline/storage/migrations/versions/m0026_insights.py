"""Trends, anomalies, forecasts, outlooks of limits and recommendations as of a day."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

SCHEMA = "usage"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "usage_trends",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("last_day", sa.Date),
        sa.Column("value", sa.Numeric(38, 12)),
        sa.Column("week_average", sa.Numeric(38, 12)),
        sa.Column("four_weeks_average", sa.Numeric(38, 12)),
        sa.Column("day_percent", sa.Numeric(38, 4)),
        sa.Column("same_weekday_percent", sa.Numeric(38, 4)),
        sa.Column("week_percent", sa.Numeric(38, 4)),
        sa.Column("four_weeks_percent", sa.Numeric(38, 4)),
        sa.Column("month_percent", sa.Numeric(38, 4)),
        sa.Column("not_judged", sa.Text),
        sa.Column("no_forecast", sa.Text),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_usage_trends_tenant", "usage_trends", ["tenant_id", "as_of"], schema=SCHEMA)
    op.create_table(
        "usage_anomalies",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("worst_day", sa.Date, nullable=False),
        sa.Column("value", sa.Numeric(38, 12), nullable=False),
        sa.Column("expected", sa.Numeric(38, 12), nullable=False),
        sa.Column("low", sa.Numeric(38, 12), nullable=False),
        sa.Column("high", sa.Numeric(38, 12), nullable=False),
        sa.Column("score", sa.Numeric(38, 4), nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("explanation", sa.JSON(none_as_null=True)),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_usage_anomalies_tenant", "usage_anomalies", ["tenant_id", "as_of"], schema=SCHEMA)
    op.create_table(
        "usage_forecasts",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("value", sa.Numeric(38, 12), nullable=False),
        sa.Column("low_50", sa.Numeric(38, 12), nullable=False),
        sa.Column("high_50", sa.Numeric(38, 12), nullable=False),
        sa.Column("low_80", sa.Numeric(38, 12), nullable=False),
        sa.Column("high_80", sa.Numeric(38, 12), nullable=False),
        sa.Column("low_95", sa.Numeric(38, 12), nullable=False),
        sa.Column("high_95", sa.Numeric(38, 12), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("mase", sa.Numeric(38, 3)),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_usage_forecasts_day", "usage_forecasts", ["day", "as_of"], schema=SCHEMA)
    op.create_table(
        "forecast_accuracy",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("measure", sa.Text, primary_key=True),
        sa.Column("days_ahead", sa.Integer, primary_key=True),
        sa.Column("expected", sa.Numeric(38, 12), nullable=False),
        sa.Column("actual", sa.Numeric(38, 12), nullable=False),
        sa.Column("error", sa.Numeric(38, 12), nullable=False),
        sa.Column("within_50", sa.Boolean, nullable=False),
        sa.Column("within_80", sa.Boolean, nullable=False),
        sa.Column("within_95", sa.Boolean, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_forecast_accuracy_tenant", "forecast_accuracy", ["tenant_id", "as_of"], schema=SCHEMA)
    op.create_table(
        "limit_outlooks",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("limit_id", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("member_id", sa.Text, primary_key=True),
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("amount", sa.Numeric(38, 12), nullable=False),
        sa.Column("used", sa.Numeric(38, 12), nullable=False),
        sa.Column("expected", sa.Numeric(38, 12)),
        sa.Column("probability", sa.Numeric(3, 2)),
        sa.Column("day", sa.Date),
        sa.Column("earliest", sa.Date),
        sa.Column("latest", sa.Date),
        sa.Column("unknown", sa.Text),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_limit_outlooks_tenant", "limit_outlooks", ["tenant_id", "as_of"], schema=SCHEMA)
    op.create_table(
        "recommendations",
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("saving_usd", sa.Numeric(38, 12)),
        sa.Column("saving_credits", sa.Numeric(38, 12)),
        sa.Column("saving_per", sa.Text),
        sa.Column("sql", sa.Text, nullable=False),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_recommendations_tenant", "recommendations", ["tenant_id", "as_of"], schema=SCHEMA)


def downgrade() -> None:
    """Take them back."""
    for name in (
        *("recommendations", "limit_outlooks", "forecast_accuracy"),
        *("usage_forecasts", "usage_anomalies", "usage_trends"),
    ):
        op.drop_table(name, schema=SCHEMA)
