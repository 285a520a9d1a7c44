"""The command `reconcile`: a provider's usage or cost export compared with the metered usage."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    ID,
    DataDir,
    Format,
    From,
    OutputFormat,
    To,
    day_range,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, warn
from usage_pipeline.errors import QueryError
from usage_pipeline.reconcile.export import Export, Provider
from usage_pipeline.words import count, listed

if TYPE_CHECKING:
    from usage_pipeline.reconcile.ours import Ours

DIFFERS = 3
"""Exit code if the two sides differ."""


def _percent(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"{text!r} is not a percentage of 0 or more, such as 0.5")
    return number


def reconcile(  # noqa: PLR0913, PLR0917 - one parameter per option
    provider: Annotated[Provider, typer.Option("--provider", help="Whose export the file is.")],
    file: Annotated[Path, typer.Option("--file", help="The export in JSON: one page, or a list of pages.")],
    tolerance: Annotated[
        Decimal, typer.Option(parser=_percent, metavar="PERCENT", help="Differences up to this are matched.")
    ] = "0",  # type: ignore[assignment]  # typer parses it
    tenant: Annotated[
        str | None,
        typer.Option(
            parser=parse_id,
            metavar=ID,
            help="Compare with one tenant, if the file is of that tenant alone.",
        ),
    ] = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Compare a provider's usage or costs with ours, by day and model. The default is all whole days of the file.

    Tokens are compared by class, costs in US dollars. `difference` is ours less theirs, `drift` the same in
    percent of theirs. Exit code 0: all rows are `matched`; 3: some are `different`, `ours_only` or `theirs_only`.

    Example: `usage-pipeline reconcile --provider openai --file usage.json --tolerance 0.5`
    """
    from usage_pipeline.cli.reading import warn_unknown_tenant
    from usage_pipeline.reconcile.comparing import Comparison, Question, reconcile
    from usage_pipeline.reconcile.reading import read_export
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    export = read_export(file, provider)
    days = _days(export, file, first, last)
    with open_storage(settings) as storage:
        warn_unknown_tenant(storage, tenant)
        found = reconcile(storage, provider, export, Question(days, tenant, tolerance))
    title = f"{'Costs in USD' if export.of_costs else 'Tokens'} of {provider}, {days[0]} to {days[-1]}"
    print_rows([vars(row) for row in found.comparisons], list(Comparison.__dataclass_fields__), form, title)
    _warn_of_theirs(export)
    _warn_of_ours(found.ours)
    if not found.agrees:
        raise typer.Exit(DIFFERS)


def _days(export: Export, file: Path, first: date | None, last: date | None) -> list[date]:
    """Return the whole days of the export within the range. Raises QueryError if there is none."""
    start, end = day_range(first, last)
    days = [day for day in export.whole_days if start <= day <= end]
    if not days:
        raise QueryError(f"{file}: it has no day from midnight to midnight UTC that is asked for.")
    return days


def _warn_of_theirs(export: Export) -> None:
    if export.partial_days:
        warn(f"The file has only parts of {listed(export.partial_days)}; not compared.")
    if export.has_more:
        warn("The provider has more pages (has_more), so the file is not complete.")


def _warn_of_ours(ours: "Ours") -> None:
    if ours.missing_days:
        warn(f"Missing here, so all rows of these days are theirs_only: {listed(sorted(ours.missing_days))}.")
    if ours.unpriced_tokens:
        warn(f"{count(ours.unpriced_tokens, 'token')} of ours have no price and are in no amount.")
    if ours.unknown:
        tokens = sum(ours.unknown.values())
        warn(
            f"{count(tokens, 'token')} of ours are of models without a known provider, and are not compared: "
            f"{listed(sorted(ours.unknown))}. Add aliases with a provider to prices.yaml."
        )
