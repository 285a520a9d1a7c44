"""The tables of this folder: the cube of costs, costs by tenant, and drift from reported costs."""

from usage_pipeline.costs.rates import Rates
from usage_pipeline.records.tables import METERED_RECORDS
from usage_pipeline.registry import (
    DIMENSION_NAMES,
    NONE,
    NOT_TOKENS,
    PRICING_DIMENSION_NAMES,
    UNSPLIT,
    UNSPLIT_CLASSES,
    TokenClass,
)
from usage_pipeline.series.tables import DIMENSION_ROWS, GRAIN
from usage_pipeline.storage.daily import (
    DailyTable,
    Derived,
    Plot,
    ReferenceRows,
    SameDay,
    SqlFile,
    Versioned,
)
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Zone, columns, tenant_table

_RATED = (
    *METERED_RECORDS,
    Rates(),
    Derived("token_parts", SqlFile.beside(__file__, "token_parts")),
    Derived("rated_records", SqlFile.beside(__file__, "rated_records")),
)
"""The inputs of rated tables: `rated_records`, and its own inputs."""

CLASSES = (*TokenClass, UNSPLIT)
"""The classes of quantities."""

TOKEN_CLASSES = ReferenceRows(
    name="token_classes",
    columns=columns(
        ("class", "VARCHAR", "Class of a price."),
        ("is_token", "BIGINT", "1 if its quantity is in tokens."),
    ),
    rows=tuple((str(name), int(name not in NOT_TOKENS)) for name in CLASSES),
)

QUANTITIES = ReferenceRows(
    name="quantities",
    columns=columns(
        ("name", "VARCHAR", "Column of rated records."),
        ("class", "VARCHAR", "Its class of a price."),
        ("is_token", "BIGINT", "1 if it is in tokens."),
        ("is_unsplit", "BIGINT", "1 if the log does not split these tokens as their price does."),
    ),
    rows=(
        *((str(name), str(name), int(name not in NOT_TOKENS), 0) for name in TokenClass),
        *((name, str(of), 1, 1) for name, of in UNSPLIT_CLASSES.items()),
    ),
)
"""The quantities of a record that costs are computed of."""


def _coverage(unpriced: str) -> Plot:
    """The percentage of tokens that have a price; every dimension has the same."""
    is_token = " AND ".join(f"class <> '{name}'" for name in NOT_TOKENS)
    unpriced_tokens = f"sum(CASE WHEN {is_token} THEN {unpriced} ELSE 0 END)"
    tokens = f"sum(CASE WHEN {is_token} THEN quantity ELSE 0 END)"
    return Plot("coverage_percent", f"100.0 - 100.0 * {unpriced_tokens} / nullif({tokens}, 0)", is_sum=False)


DAILY_COSTS = DailyTable(
    spec=TableSpec(
        name="daily_costs",
        description=(
            "The cube of costs: quantity and amount by tenant, dimension, class and price, one row per "
            "combination that occurs. Each token is in one row. An amount without a price is null. It outlives "
            "the records."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *GRAIN,
            *columns(
                *((name, "VARCHAR", f"As logged, or {NONE}.") for name in PRICING_DIMENSION_NAMES),
                ("class", "VARCHAR", f"One of {', '.join(CLASSES)}."),
                ("price_id", "VARCHAR", f"The price that applied, or {NONE}."),
                ("above_tokens_in", "BIGINT", "Its tier: for prompts of more tokens than this.", "tokens"),
                ("price_window", "VARCHAR", "Its time of day, UTC; empty if it does not depend on that."),
                ("unpriced", "VARCHAR", "The reason why there is no price; empty with one."),
                ("quantity", "BIGINT", "Tokens, requests, searches or tool calls.", "tokens, requests or calls"),
                ("amount", "DECIMAL(38,12)", "Quantity by unit price, rounded per record; null without.", "USD"),
                ("price_book_version", "VARCHAR", "The price book that the day is rated with."),
            ),
        ),
        rules=(
            (
                "A price is the one in force on the event's day. The cost of a record and class is quantity times "
                "unit price, rounded half away from zero to 12 places; everything else is a sum of those."
            ),
            "Without a price the quantity is kept and the amount is null: never zero, never a guess.",
            (
                "A day keeps the price book that it was first rated with. Only the command `rerate`, or the "
                "run config `price_book: current`, moves it."
            ),
        ),
    ),
    sql=SqlFile.beside(__file__, "daily_costs"),
    inputs=(*_RATED, QUANTITIES),
    plots=(
        Plot("usd", "sum(amount)"),
        _coverage("CASE WHEN amount IS NULL THEN quantity ELSE 0 END"),
    ),
)


TENANT_COSTS = DailyTable(
    spec=tenant_table(
        "tenant_costs",
        (
            "Costs per tenant by the values of one dimension at a time and by class, one row per (tenant, "
            "dimension, value, class). The sum over the values of a dimension is the tenant's total."
        ),
        (
            "Months are sums of days, and the sum over the values of one dimension is the tenant's total.",
            "The amount covers the quantity with a price; `unpriced_quantity` is the rest.",
            "Each committed change is kept in `usage_versions`, with the price book and the cause.",
        ),
        keys=columns(
            ("dimension", "VARCHAR", f"One of {', '.join(DIMENSION_NAMES)}."),
            ("value", "VARCHAR", f"Its value, or {NONE}; the values beyond the 1,000 largest are (other)."),
            ("class", "VARCHAR", f"One of {', '.join(CLASSES)}."),
        ),
        values=columns(
            ("quantity", "BIGINT", "Tokens, requests, searches or tool calls.", "tokens, requests or calls"),
            ("unpriced_quantity", "BIGINT", "How many of them have no price.", "tokens, requests or calls"),
            ("amount", "DECIMAL(38,12)", "The cost of those with a price; null if none has one.", "USD"),
            ("price_book_version", "VARCHAR", "The price book that the day is rated with."),
        ),
        nullable=frozenset({"amount"}),
        index=("tenant_id", "day", "dimension"),
    ),
    sql=SqlFile.beside(__file__, "tenant_costs"),
    inputs=(SameDay(DAILY_COSTS.spec), DIMENSION_ROWS),
    plots=(
        Plot("usd", "sum(CASE WHEN dimension = 'model' THEN amount END)"),
        _coverage("unpriced_quantity"),
    ),
    versioned=Versioned(
        quantity="quantity",
        amount="amount",
        price_book_version="price_book_version",
        keys=(("model", "value"), ("class", "class")),
        where=(("dimension", "model"),),
    ),
)

COST_DRIFT = DailyTable(
    spec=tenant_table(
        "cost_drift",
        (
            "Costs that sources report, and the computed costs of the same records: one row per "
            "(tenant, model, currency), and one for each record that reports more than ten times its cost."
        ),
        (
            "Reported and computed costs are both kept; neither replaces the other.",
            "Only records with a price for all their usage, in the reported currency, are compared.",
        ),
        keys=columns(
            ("model", "VARCHAR", f"Model, or {NONE}."),
            ("currency", "VARCHAR", f"Currency of the reported cost, or {NONE}."),
            ("source", "VARCHAR", "The format of a single record; empty in the row of all other records."),
            ("record_id", "VARCHAR", "Id of the single record; empty in the row of all other records."),
        ),
        values=columns(
            ("records", "BIGINT", "Records that report a cost.", "records"),
            ("reported_cost", "DECIMAL(38,24)", "The cost that they report.", "currency"),
            ("compared_records", "BIGINT", "Those with a price for all their usage, in this currency.", "records"),
            ("compared_cost", "DECIMAL(38,24)", "The cost that those report; null without any.", "currency"),
            ("computed_cost", "DECIMAL(38,12)", "The cost of those by the price book.", "currency"),
            ("outliers", "BIGINT", "Those that report more than ten times their cost.", "records"),
        ),
        nullable=frozenset({"compared_cost", "computed_cost"}),
        index=(),
    ),
    sql=SqlFile.beside(__file__, "cost_drift"),
    inputs=_RATED,
    plots=(Plot("records", "sum(records)"), Plot("outliers", "sum(outliers)")),
)
