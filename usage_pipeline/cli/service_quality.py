"""Commands that read the quality of the service: `performance`, `quality`, `stocks`."""

from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DataDir,
    Format,
    From,
    OneTenant,
    OutputFormat,
    To,
    reading_settings,
    recent_range,
    words,
)
from usage_pipeline.cli.output import print_rows
from usage_pipeline.metrics.words import PERFORMANCE_GROUPS

if TYPE_CHECKING:
    from usage_pipeline.metrics.queries import Query
    from usage_pipeline.settings import Settings


def performance(  # noqa: PLR0913, PLR0917 - one parameter per option
    tenant: OneTenant = None,
    group_by: Annotated[
        str, typer.Option(help=f"One of {' | '.join(','.join(group) for group in PERFORMANCE_GROUPS)}.")
    ] = "day",
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print requests, errors, latencies and average sizes of requests. The default is the last 90 days.

    A latency is the upper bound of a bucket that is 5 % wide; over 24 hours it is 9223372036854775807. A missing
    day has no values.

    Example: `usage-pipeline performance --tenant acme --group-by day,model --from 2026-02-01`
    """
    from usage_pipeline.metrics.queries import PerformanceQuery, of_tenant

    settings = reading_settings(data_dir)
    start, end = recent_range(settings, first, last)
    query = PerformanceQuery(start, end, words(group_by), of_tenant(tenant))
    _print(settings, query, form, f"Performance, {start} to {end}")


def quality(
    tenant: OneTenant = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the share of consistency checks without an issue, and each issue type per 1,000 prompts.

    The default is the last 90 days. The row `(all)` is all checks.

    Example: `usage-pipeline quality --tenant acme --from 2026-02-01`
    """
    from usage_pipeline.metrics.queries import QualityQuery, of_tenant

    settings = reading_settings(data_dir)
    start, end = recent_range(settings, first, last)
    _print(settings, QualityQuery(start, end, where=of_tenant(tenant)), form, f"Quality, {start} to {end}")


def stocks(
    tenant: OneTenant = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print created and deleted personas, appended and superseded timeline entries, and their stocks by day.

    The default is the last 90 days. Stocks count from the first day of the calendar. A missing day has no values,
    and the stock goes on after it.

    Example: `usage-pipeline stocks --tenant acme --from 2026-02-01`
    """
    from usage_pipeline.metrics.queries import StockQuery, of_tenant

    settings = reading_settings(data_dir)
    start, end = recent_range(settings, first, last)
    _print(settings, StockQuery(start, end, of_tenant(tenant)), form, "Personas and timelines")


def _print(settings: "Settings", query: "Query", form: OutputFormat, title: str) -> None:
    from usage_pipeline.cli.reading import tell_of_missing_days, warn_unknown_tenant
    from usage_pipeline.metrics.read import read
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        for _, tenant in query.where:
            warn_unknown_tenant(storage, tenant)
        answer = read(storage, query)
        tell_of_missing_days(storage, answer)
    print_rows(answer.rows, query.columns, form, title)
