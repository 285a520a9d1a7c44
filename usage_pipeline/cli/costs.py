"""Commands that read costs: `costs`, `prices`, `cost-drift`."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DAY,
    AsOf,
    DataDir,
    Format,
    From,
    OneTenant,
    OutputFormat,
    To,
    condition,
    day_range,
    expect_none,
    parse_day,
    reading_settings,
    version,
    words,
)
from usage_pipeline.cli.output import print_rows, warn
from usage_pipeline.metrics.words import COST_GROUPS, COST_METRICS, PUBLISHED_COST_METRICS, UNPRICED_FEES

if TYPE_CHECKING:
    from usage_pipeline.metrics.answers import Answer

_PRICE_COLUMNS = [
    *("price_id", "token_class", "unit_price", "above_tokens_in", "window", "first", "end", "why", "source")
]
_RULE_COLUMNS = ("rule", "spelling", "stands_for")


def costs(  # noqa: PLR0913, PLR0917 - one parameter per option
    group_by: Annotated[str, typer.Option(help=f"Comma-separated: {', '.join(COST_GROUPS)}.")] = "tenant",
    where: Annotated[list[str] | None, typer.Option(help="dimension=value; may be repeated.")] = None,
    tenant: OneTenant = None,
    as_of: AsOf = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print costs in US dollars by day, tenant, dimension, class or price. The default is all known days.

    An amount is the cost of what has a price; it is null if nothing has one. `coverage` is the percentage of
    tokens with a price, rounded down; `fee_coverage` is that of the requests, searches and tool calls that have a
    price or may have one. A table shows it only if some have none. `missing_days` counts the days that are in no
    sum. `unpriced` is the reason why something has no price.

    `--as-of` prints the tokens and amounts that were published by then, by day, tenant, model and class.

    Example: `usage-pipeline costs --group-by day,model --tenant acme --from 2026-02-01 --to 2026-02-28`

    Example: `usage-pipeline costs --group-by tenant,model --from 2026-02-01 --to 2026-02-28 --as-of 2026-03-05`
    """
    from usage_pipeline.metrics.queries import CostQuery, of_tenant

    settings = reading_settings(data_dir)
    conditions = (*map(condition, where or []), *of_tenant(tenant))
    today, published = settings.clock.today, version(as_of)
    metrics = COST_METRICS if published is None else PUBLISHED_COST_METRICS
    query = CostQuery(today, today, words(group_by), conditions, metrics, published)
    # After the query is checked, because a wrong query needs no database.
    from usage_pipeline.cli.reading import known_days, tell_of_missing_days, warn_of_unknown_values
    from usage_pipeline.metrics.answers import coverage
    from usage_pipeline.metrics.read import read
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        start, end = known_days(storage, first, last)
        answer = read(storage, replace(query, first=start, last=end))
        warn_of_unknown_values(storage, answer)
        tell_of_missing_days(storage, answer)
    columns = _shown(answer) if form is OutputFormat.TABLE else query.columns
    print_rows(answer.rows, columns, form, f"Costs in USD, {start} to {end}")
    for name, (whole, *parts) in query.coverages.items():
        total, *unpriced = (sum(row[part] or 0 for row in answer.rows) for part in (whole, *parts))
        if any(unpriced):
            warn(
                f"{sum(unpriced):,} of {total:,} {whole} have no price and are in no amount; {name} is "
                f"{coverage(total, sum(unpriced))} %. See why with --group-by model,class,unpriced."
            )


def _shown(answer: "Answer") -> list[str]:
    """The columns without those of fees, if all fees have a price."""
    columns = answer.query.columns
    if any(row[name] for name in UNPRICED_FEES if name in columns for row in answer.rows):
        return list(columns)
    return [name for name in columns if name not in {"fees", *UNPRICED_FEES, "fee_coverage"}]


def prices(  # noqa: PLR0913, PLR0917 - one parameter per option
    model: Annotated[
        str | None, typer.Option("--model", help="The model, as logged; the rules of names without it.")
    ] = None,
    on: Annotated[
        date | None, typer.Option(parser=parse_day, metavar=DAY, help="The day, by default today.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="The provider, as logged.")] = None,
    service_tier: Annotated[str | None, typer.Option(help="The service tier, as logged.")] = None,
    region: Annotated[str | None, typer.Option(help="The region, as logged.")] = None,
    speed: Annotated[str | None, typer.Option(help="The speed, as logged.")] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the price of a model on a day and the reason for it, or the reason why it has none.

    A rated day keeps the price book that it was rated with. Prices are in US dollars per token, request, search or
    tool call. Without a model, print the rules by which names of models are read.

    Example: `usage-pipeline prices --model o3 --on 2025-06-09`

    Example: `usage-pipeline prices --model claude-opus-5 --region us --service-tier batch`
    """
    from usage_pipeline.costs.book.current import current_price_book, rated_book
    from usage_pipeline.costs.explain import AppliedPrice, explain_naming, explain_price
    from usage_pipeline.costs.rates import UsedModel
    from usage_pipeline.storage.opened import open_storage

    if model is None:
        of_model = {"provider": provider, "service-tier": service_tier, "region": region, "speed": speed}
        expect_none("prices without --model", of_model)
    settings = reading_settings(data_dir)
    day, current = on or settings.clock.today, current_price_book(settings)
    with open_storage(settings) as storage:
        rated = rated_book(storage, day)
    if model is None:
        print_rows(explain_naming(rated or current), _RULE_COLUMNS, form, "Rules of names")
        return
    used = UsedModel(provider, model, (service_tier, region, speed))
    found = explain_price(rated or current, used, day, current=current if rated else None)
    columns = list(AppliedPrice.__dataclass_fields__)
    if form is OutputFormat.TABLE:
        columns = _PRICE_COLUMNS
    print_rows([vars(price) for price in found], columns, form, f"Prices of {model} on {day}")


def cost_drift(  # noqa: PLR0913, PLR0917 - one parameter per option
    tenant: OneTenant = None,
    model: Annotated[str | None, typer.Option(help="One model, as logged.")] = None,
    first: From = None,
    last: To = None,
    limit: Annotated[int, typer.Option(min=1, help="Print at most this many rows.")] = 100,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print costs that sources report and the computed costs of the same records, largest difference first.

    A row is a model on a day, or a record that reports more than ten times its cost. `difference` covers the
    records that can be compared: those in US dollars whose tokens all have a price.

    Example: `usage-pipeline cost-drift --tenant acme --from 2026-02-01`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.costs.drift import Drift, DriftQuery, read_drift
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        found = read_drift(storage, DriftQuery(start, end, tenant, model))
    if len(found) > limit:
        warn(f"There are {len(found):,} rows, {limit:,} are shown; raise --limit, or narrow the days.")
    rows = [{**vars(drift), "difference": drift.difference} for drift in found[:limit]]
    print_rows(rows, [*Drift.__dataclass_fields__, "difference"], form, "Reported and computed costs")
