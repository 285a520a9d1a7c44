"""Commands that read the quality of the service: `performance`, `quality`, `stocks`."""

from typing import Annotated

import typer

from usage_pipeline.cli.options import (
    DataDir,
    Format,
    From,
    OneTenant,
    OutputFormat,
    To,
    load_settings,
    recent_range,
    words,
)
from usage_pipeline.cli.output import print_rows
from usage_pipeline.metrics.queries import PERFORMANCE_GROUPS, PerformanceQuery


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
    settings = load_settings(data_dir)
    start, end = recent_range(settings, first, last)
    query = PerformanceQuery(start, end, tenant, words(group_by))

    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.metrics.performance import read_performance
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        found = read_performance(storage, query)
    measures = ["requests", "errors", "error_percent", "p50_ms", "p95_ms", "p99_ms"]
    columns = [*query.group_by, *measures, "tokens_per_request", "bytes_per_request"]
    print_rows([vars(entry) for entry in found], columns, form, f"Performance, {start} to {end}")


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
    settings = load_settings(data_dir)
    start, end = recent_range(settings, first, last)

    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.metrics.quality import read_quality
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        found = read_quality(storage, tenant, start, end)
    columns = ["issue_type", "checks", "clean_percent", "issues", "issues_per_1000_prompts"]
    print_rows([vars(entry) for entry in found], columns, form, f"Quality, {start} to {end}")


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
    settings = load_settings(data_dir)
    start, end = recent_range(settings, first, last)

    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.metrics.stocks import read_stocks
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        found = read_stocks(storage, tenant, start, end)
    personas = ["personas_created", "personas_deleted", "personas"]
    entries = ["timeline_appended", "timeline_superseded", "timeline_entries"]
    print_rows([vars(entry) for entry in found], ["day", *personas, *entries], form, "Personas and timelines")
