"""The command for recommendations: `recommendations`."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    DAY,
    ID,
    DataDir,
    Format,
    OutputFormat,
    parse_day,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, say
from usage_pipeline.insights.recommendations.recommendation import UNUSED_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usage_pipeline.insights.recommendations.recommendation import Recommendation

_SHOWN = ("tenant_id", "title", "text", "saving_usd", "saving_credits", "saving_per")
_ALL = (
    *("tenant_id", "kind", "as_of", "title", "text", "saving_usd", "saving_credits", "saving_per"),
    *("rows", "evidence", "sql"),
)
_PLACES = 2


def recommendations(  # noqa: PLR0913 - one parameter per option
    tenants: Annotated[
        list[str] | None, typer.Argument(parser=parse_id, metavar=f"[{ID}]...", help="Tenants; all without one.")
    ] = None,
    as_of: Annotated[
        date | None,
        typer.Option("--as-of", parser=parse_day, metavar=DAY, help="The last day that counts, or yesterday."),
    ] = None,
    *,
    unused_days: Annotated[
        int,
        typer.Option(min=1, max=365, help="Days without use after which a feature or a member is unused."),
    ] = UNUSED_DAYS,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SELECT behind each one, for DuckDB.")] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print what tenants could do to use or pay less, of each tenant first what saves most.

    The numbers are those of now, whatever was known on the day. Savings are by its prices, rates and plans, in US
    dollars and credits, for the time in `saving_per`. A cheaper model is a what-if by the price book, and says
    nothing of the quality of its answers. The SELECT of `--sql` runs in the data directory; JSON and CSV have it,
    and the rows that it yields as evidence.

    Example: `usage-pipeline recommendations acme --as-of 2026-05-31`

    Example: `usage-pipeline recommendations acme --sql`
    """
    from usage_pipeline.billing.ledger.accounts import expect_account
    from usage_pipeline.cli.reading import warn_before_data
    from usage_pipeline.insights.recommendations.finding import find_recommendations
    from usage_pipeline.insights.recommendations.kinds import kinds
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    last = as_of or settings.clock.today - timedelta(days=1)
    with open_storage(settings) as storage:
        for tenant in tenants or ():
            expect_account(storage, tenant)
        warn_before_data(storage, last)
        found = find_recommendations(storage, last, tenants or None, kinds(unused_days))
    if sql and form is OutputFormat.TABLE:
        _print_sql(found)
    else:
        rows = [_shown(one) if form is OutputFormat.TABLE else vars(one) for one in found]
        print_rows(rows, _SHOWN if form is OutputFormat.TABLE else _ALL, form, f"Recommendations, {last}")


def _shown(one: "Recommendation") -> dict[str, object]:
    savings = {name: None if saving is None else round(saving, _PLACES) for name, saving in one.savings.items()}
    return {**vars(one), **savings}


def _print_sql(found: "Sequence[Recommendation]") -> None:
    for one in found:
        say(f"-- {one.tenant_id}: {one.title}. {one.text}", *one.sql.rstrip().splitlines(), ";", "")
