"""The tables of this folder: what was found as of a day, by the numbers that were known when the day was over."""

from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.storage.tables import Column, Erasure, TableSpec, columns

LEVELS = (50, 80, 95)
"""Percent of the cases that a range is to hold; as `estimates` has them, which is slow to import."""
MEASURE = ("measure", "VARCHAR", "What the series is of, such as `tokens_total` or `cost`.")
_TENANT = ("tenant_id", "VARCHAR", "Tenant; empty for all together.")
_AS_OF = ("as_of", "DATE", "The last day that counts, UTC.")
_HINDSIGHT = ("hindsight", "BOOLEAN", "Whether numbers may be in it that came to be known later.")
_OF_MEASURE = "that of the measure"

_KNOWN_THEN = (
    "The rows of a day are replaced together. They are made on the day after; a backfill makes them from what was "
    "published by the end of that, which is kept of tokens, conversations, messages, cost, credits. All else is "
    "labelled `hindsight`, and so is what was published later only."
)
_REMOVED = "Rows are removed after `USAGE_INSIGHT_DAYS`, whenever a day is made."
_RULES = (_KNOWN_THEN, _REMOVED)


def _amount(name: str, description: str) -> tuple[str, str, str, str]:
    return (name, "DECIMAL(38,12)", description, _OF_MEASURE)


def _percent(name: str, description: str) -> tuple[str, str, str, str]:
    return (name, "DECIMAL(38,4)", description, "percent")


def _ranges() -> tuple[Column, ...]:
    return columns(
        *(
            _amount(f"{end}_{level}", f"The {end} end of the range that is to hold {level} % of the cases.")
            for level in LEVELS
            for end in ("low", "high")
        )
    )


USAGE_TRENDS = TableSpec(
    name="usage_trends",
    description="How each series went, as of each day: one row per tenant and measure.",
    columns=columns(
        _AS_OF,
        _TENANT,
        MEASURE,
        ("last_day", "DATE", "The last day with a number, which is compared."),
        _amount("value", "The number of that day."),
        _amount("week_average", "A day of the last 7, on average."),
        _amount("four_weeks_average", "A day of the last 28, on average."),
        _percent("day_percent", "The last day more than the day before."),
        _percent("same_weekday_percent", "The last day more than that of the week before."),
        _percent("week_percent", "The last 7 days more than the 7 before, on average."),
        _percent("four_weeks_percent", "The last 28 days more than the 28 before, on average."),
        _percent("month_percent", "The last 30 days more than the 30 before, on average."),
        ("not_judged", "VARCHAR", "Why no day was judged to be an anomaly or none; null if one was."),
        ("no_forecast", "VARCHAR", "Why there is no forecast; null if there is one."),
        _HINDSIGHT,
    ),
    rules=(*_RULES, "Averages are over the days with a number. A percentage of nothing is null."),
    key=("as_of", "tenant_id", "measure"),
    nullable=frozenset(
        {
            *("last_day", "value", "week_average", "four_weeks_average", "day_percent", "same_weekday_percent"),
            *("week_percent", "four_weeks_percent", "month_percent", "not_judged", "no_forecast"),
        }
    ),
    indexes=(("ix_usage_trends_tenant", ("tenant_id", "as_of")),),
    erasure=Erasure.REMOVED,
)

USAGE_ANOMALIES = TableSpec(
    name="usage_anomalies",
    description=(
        "Neighbouring days on which a series was too high or too low, of the 7 days up to each day: one row per "
        "tenant, measure and anomaly."
    ),
    columns=columns(
        _AS_OF,
        _TENANT,
        MEASURE,
        ("kind", "VARCHAR", "`spike` or `drop` of a day or two, `rise` or `fall` of days that are odd together."),
        ("first_day", "DATE", "Its first day, UTC."),
        ("last_day", "DATE", "Its last day so far."),
        ("worst_day", "DATE", "The day that the numbers are of."),
        _amount("value", "The number of that day."),
        _amount("expected", "What was expected of it."),
        _amount("low", "The low end of what holds 95 % of usual days."),
        _amount("high", "The high end."),
        ("score", "DECIMAL(38,4)", "How far it is from what was expected.", "standard deviations of usual days"),
        ("severity", "VARCHAR", "`low`, `medium` or `high`."),
        (
            "explanation",
            "JSON",
            (
                "The values of dimensions but members that explain most of it, and of a ratio their `weight` in "
                "the denominator, while it goes on; null without any."
            ),
        ),
        _HINDSIGHT,
    ),
    rules=(
        *_RULES,
        "A day is judged by the days before it, a holiday as between a usual day and a Sunday.",
        (
            "Days after it have the same anomaly again while they judge its days. It counts once, as of the "
            "newest day less than a week after its `last_day`."
        ),
    ),
    key=("as_of", "tenant_id", "measure", "kind", "first_day"),
    nullable=frozenset({"explanation"}),
    indexes=(("ix_usage_anomalies_tenant", ("tenant_id", "as_of")),),
    erasure=Erasure.REMOVED,
)

USAGE_FORECASTS = TableSpec(
    name="usage_forecasts",
    description="What was expected of the 30 days after each day: one row per tenant, measure and day ahead.",
    columns=(
        *columns(
            _AS_OF,
            _TENANT,
            MEASURE,
            ("day", "DATE", "The day that is forecast, UTC."),
            _amount("value", "More and less are equally likely."),
        ),
        *_ranges(),
        *columns(
            ("method", "VARCHAR", "The method, such as `mean` or `ETS`."),
            (
                "mase",
                "DECIMAL(38,3)",
                "How much it erred in tests but on odd days, in errors of seasonal naive; null if unknown.",
            ),
            _HINDSIGHT,
        ),
    ),
    rules=(
        *_RULES,
        "Amounts are estimates: nothing is billed by them. `usage_trends` says why there is none.",
    ),
    key=("as_of", "tenant_id", "measure", "day"),
    nullable=frozenset({"mase"}),
    indexes=(("ix_usage_forecasts_day", ("day", "as_of")),),
    erasure=Erasure.REMOVED,
)

RECOMMENDATIONS = TableSpec(
    name="recommendations",
    description="What tenants could do to use or pay less, as of each day: one row per tenant and kind.",
    columns=columns(
        _AS_OF,
        ("tenant_id", "VARCHAR", "Tenant."),
        ("kind", "VARCHAR", "What is recommended, such as `cheaper_models`."),
        ("title", "VARCHAR", "The same in words."),
        ("text", "VARCHAR", "What was found, with its numbers."),
        ("rows", "BIGINT", "Rows that the SELECT yields."),
        ("evidence", "JSON", "The first of them; none where they name members."),
        ("saving_usd", "DECIMAL(38,12)", "What would have been paid less; null if not known.", "USD"),
        ("saving_credits", "DECIMAL(38,12)", "The same in credits.", "credits"),
        ("saving_per", "VARCHAR", "The time that savings are for, such as `28 days`; null without any."),
        ("sql", "VARCHAR", "The SELECT for DuckDB, which runs in the data directory."),
        _HINDSIGHT,
    ),
    rules=(
        _KNOWN_THEN,
        _REMOVED,
        "A kind that says that something did not happen is left out where a day is missing.",
        "A cheaper model is a what-if by the price book, and says nothing of the quality of its answers.",
    ),
    key=("as_of", "tenant_id", "kind"),
    nullable=frozenset({"saving_usd", "saving_credits", "saving_per"}),
    indexes=(("ix_recommendations_tenant", ("tenant_id", "as_of")),),
    erasure=Erasure.REMOVED,
)

FORECAST_ACCURACY = TableSpec(
    name="forecast_accuracy",
    description="How forecasts of each day came true: one row per tenant, measure and days that it was ahead.",
    columns=columns(
        ("as_of", "DATE", "The day that was forecast, UTC."),
        _TENANT,
        MEASURE,
        ("days_ahead", "INTEGER", "How many days before it the forecast was made: 1, 7, 14 or 30.", "days"),
        _amount("expected", "What was expected."),
        _amount("actual", "What came, as it was known when the day was over."),
        _amount("error", "What came less what was expected."),
        *((f"within_{level}", "BOOLEAN", f"Whether it is within the range of {level} %.") for level in LEVELS),
        ("method", "VARCHAR", "The method of the forecast."),
        ("hindsight", "BOOLEAN", "Whether the forecast, or what came, is labelled so."),
    ),
    rules=(*_RULES, "A day of which nothing is known, or that nothing was forecast of, has no row."),
    key=("as_of", "tenant_id", "measure", "days_ahead"),
    indexes=(("ix_forecast_accuracy_tenant", ("tenant_id", "as_of")),),
    erasure=Erasure.REMOVED,
)

LIMIT_OUTLOOKS = TableSpec(
    name="limit_outlooks",
    description=(
        "Whether and when limits are passed, as was expected as of each day: one row per limit, tenant and value "
        "of its scope."
    ),
    columns=columns(
        _AS_OF,
        ("limit_id", "VARCHAR", "Id of the limit."),
        ("tenant_id", "VARCHAR", "Tenant."),
        *((name, "VARCHAR", f"The {name} whose usage counts; empty without a restriction.") for name in SCOPED),
        ("metric", "VARCHAR", "What is limited."),
        ("period", "VARCHAR", "`day`, `week`, `month`, `billing` or `rolling N days`."),
        ("last_day", "DATE", "The last day that was looked at: that of the period, or 30 days on."),
        ("amount", "DECIMAL(38,12)", "What may be used in the period.", "that of the metric"),
        ("used", "DECIMAL(38,12)", "What was used in it so far.", "that of the metric"),
        (
            "expected",
            "DECIMAL(38,12)",
            "The use at the end of it; null of limits by day and of days that roll.",
            "that of the metric",
        ),
        ("probability", "DECIMAL(3,2)", "From 0 to 1, that it is passed by the last day; null if not known."),
        ("day", "DATE", "The day by which it is as likely passed as not; null if that is not to be expected."),
        ("earliest", "DATE", "The day by which it is passed in a tenth of the cases."),
        ("latest", "DATE", "The day by which it is passed in nine tenths."),
        ("unknown", "VARCHAR", "Why it is not known; null if it is."),
        _HINDSIGHT,
    ),
    rules=(
        *_RULES,
        "A limit that is over has the probability 1, and the day since which it is: null if that is not known.",
        "Alerts on projected limits are raised by it.",
    ),
    key=("as_of", "limit_id", "tenant_id", *SCOPED),
    nullable=frozenset({"expected", "probability", "day", "earliest", "latest", "unknown"}),
    indexes=(("ix_limit_outlooks_tenant", ("tenant_id", "as_of")),),
    erasure=Erasure.REMOVED,
)

INSIGHT_TABLES = (
    *(USAGE_TRENDS, USAGE_ANOMALIES, USAGE_FORECASTS, FORECAST_ACCURACY),
    *(LIMIT_OUTLOOKS, RECOMMENDATIONS),
)
"""In the order in which they are made."""
