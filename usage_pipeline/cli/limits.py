"""Commands for limits: `limits`, `check`."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.credits import Instant
from usage_pipeline.cli.options import (
    ID,
    DataDir,
    Format,
    OutputFormat,
    Tenant,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, warn
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.limits.decisions import Decision
    from usage_pipeline.storage.opened import Storage

_SHOWN = (
    *("limit_id", "tenant_id", "scope", "metric", "period", "last_day"),
    *("used", "amount", "share", "projected", "first_day_over"),
)
_REFUSED, _UNKNOWN_TENANT = 3, 4


def limits(
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", parser=parse_id, metavar=ID, help="One tenant; all without it."),
    ] = None,
    at: Instant = None,
    *,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print how limits stand: what was used of each in its present period.

    The share is in percent, and `projected` is the use at the end of the period if it goes on as so far. With
    `--at`, the days that had begun before that instant count, by the limits of that day and the numbers of now.
    JSON and CSV have all columns of the table `limit_status`.

    Example: `usage-pipeline limits --tenant acme`
    """
    from usage_pipeline.billing.ledger.accounts import expect_account
    from usage_pipeline.limits.read_status import read_status
    from usage_pipeline.limits.tables import LIMIT_STATUS
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        if tenant is not None:
            expect_account(storage, tenant)
        found = read_status(storage, at, tenant)
    rows = [shortened({**status.row, "scope": " ".join(filter(None, status.values))}) for status in found]
    title = f"Limits, {at or settings.clock.now:%Y-%m-%d %H:%M:%S} UTC"
    columns = _SHOWN if form is OutputFormat.TABLE else LIMIT_STATUS.column_names
    print_rows(rows, columns, form, title)
    incomplete = sum(status.incomplete for status in found)
    if incomplete:
        warn(f"Usage without a price or a rate is not in {count(incomplete, 'limit')} on cost or credits")
    missing = sum(bool(status.missing_days) for status in found)
    if missing:
        warn(
            f"Days without logs, or not computed yet, are not in {count(missing, 'limit')}: what was used then is "
            "not known"
        )


def _credits(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise typer.BadParameter(f"expected credits, a number of 0 or more, found {text!r}")
    return found


def check(  # noqa: PLR0913 - one parameter per option
    tenant: Tenant,
    type_name: Annotated[str, typer.Option("--type", help="The event type, such as persona_prompt.")],
    *,
    member: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="The member who asks, if there is one.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="The project, if it is of one.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="The model, if it needs one.")
    ] = None,
    credit: Annotated[
        Decimal, typer.Option("--credits", parser=_credits, metavar="CREDITS", help="What it will cost.")
    ] = "0",  # type: ignore[assignment]  # typer parses it
    tokens: Annotated[int, typer.Option(min=0, help="The tokens that it will use, input and output.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Decide whether a request is allowed now, and print what a gateway answers, as JSON.

    A type that is a prompt needs credits first, unless the plan allows overage. Then no limit whose action is
    `block` may be over with the request. Exit codes: 0 allowed, 3 refused, 4 unknown tenant. The instant and the
    reason of the decision go to standard error.

    Example: `usage-pipeline check --tenant acme --member ann --type persona_prompt --credits 1200`
    """
    from usage_pipeline.limits.check import check as check_request
    from usage_pipeline.limits.decisions import Answer, Request
    from usage_pipeline.storage.opened import open_storage

    request = Request(type_name, tenant, member, project, model, credit, tokens)
    with open_storage(reading_settings(data_dir)) as storage:
        _expect_tenant(storage, tenant)
        decision, instant = check_request(storage, request)
    typer.echo(f"As of {instant:%Y-%m-%dT%H:%M:%SZ}{_reason(decision)}", err=True)
    typer.echo(decision.body)
    if decision.answer is not Answer.ALLOWED:
        raise typer.Exit(_REFUSED)


def _expect_tenant(storage: "Storage", tenant: str) -> None:
    from usage_pipeline.billing.ledger.accounts import expect_account
    from usage_pipeline.errors import QueryError

    try:
        expect_account(storage, tenant)
    except QueryError as error:
        warn(str(error))
        raise typer.Exit(_UNKNOWN_TENANT) from None


def _reason(decision: "Decision") -> str:
    if decision.limit is None:
        return ""
    row = shortened(decision.limit.row)
    return (
        f": the limit {row['limit_id']} allows {row['amount']:f} {row['metric']} from {row['first_day']} to "
        f"{row['last_day']}, of which {row['used']:f} are used"
    )


def shortened(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row with decimals without zeros at their end."""
    from usage_pipeline.limits.decisions import plain

    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in row.items()}
