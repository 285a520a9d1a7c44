"""Commands for rated days and billing periods: `rerate`, `cost-diff`, `close`, `statement`."""

import getpass
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    By,
    DataDir,
    FirstDay,
    Format,
    From,
    LastDay,
    OneTenant,
    OutputFormat,
    Tenant,
    To,
    day_range,
    parse_month,
    reading_settings,
)
from usage_pipeline.cli.output import Row, console, print_rows, say
from usage_pipeline.clock import days_between
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.billing.period_credits import PlanTerms
    from usage_pipeline.billing.statements import Statement


class Part(StrEnum):
    """A part of a statement."""

    COSTS = "costs"
    CREDITS = "credits"
    PLANS = "plans"


_STATEMENT_COLUMNS = (
    *("kind", "day", "model", "token_class"),
    *("quantity", "unpriced_quantity", "coverage", "unpriced_fees", "missing_days", "amount"),
)

Period = Annotated[
    date,
    typer.Option(
        "--period", parser=parse_month, metavar="YYYY-MM", help="The month in which the billing period begins."
    ),
]


def rerate(first: FirstDay, last: LastDay, data_dir: DataDir = None) -> None:
    """Rate days again by today's prices and credit rates, compute them, and post to the ledger of credits.

    Only this command changes the prices and rates of rated days.

    Each changed day has a new version; `usage-pipeline cost-diff` shows what changed.

    Example: `usage-pipeline rerate --from 2026-02-01 --to 2026-02-28`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.cli.session import open_session, settle
    from usage_pipeline.costs.book.current import rerate as decide_again
    from usage_pipeline.credits.rate_store import rerate_credits

    with open_session(settings, "rerate") as session:
        days = days_between(start, end)
        moved, in_credits = decide_again(session.storage, days), rerate_credits(session.storage, days)
        console.print(f"{count(len(moved), 'day')} had another price book.")
        console.print(f"{count(len(in_credits), 'day')} had other credit rates.")
        settle(session)


def cost_diff(
    tenant: OneTenant = None,
    first: From = None,
    last: To = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the changes of costs of rated days, and their causes.

    A row is a change of a model and token class of a tenant on a day. The cause is another price (`rerate`) or
    the landing files in the row (`late`, `withdraw`, `void`, `restate`).

    Example: `usage-pipeline cost-diff --tenant acme --from 2026-02-01`
    """
    settings = reading_settings(data_dir)
    start, end = day_range(first, last)

    from usage_pipeline.costs.changes import ChangeQuery, CostChange, read_changes
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        found = read_changes(storage, ChangeQuery(start, end, tenant))
    rows = [
        {**vars(change), "difference": change.difference, "files": ", ".join(change.files)} for change in found
    ]
    hidden = {"id", "files"}
    columns = [name for name in CostChange.__dataclass_fields__ if name not in hidden]
    print_rows(rows, [*columns, "difference", "files"], form, "Changes of costs")


def close(  # noqa: PLR0913 - one parameter per option
    tenant: Tenant,
    period: Period,
    reason: Annotated[str | None, typer.Option(help="The reason, for --force.")] = None,
    by: By = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Close the period even if something blocks it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Close a billing period of a tenant, which freezes its costs. All its days must be final and computed.

    The plan decides whether later changes restate the period or become an adjustment in the next open one.

    Example: `usage-pipeline close --tenant acme --period 2026-02`
    """
    if force and not reason:
        raise typer.BadParameter("--force needs a --reason")
    from usage_pipeline.billing.closing import Closing
    from usage_pipeline.billing.closing import close as close_period
    from usage_pipeline.billing.statements import read_statement
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        closing = Closing(by or getpass.getuser(), reason, forced=force)
        closed = close_period(storage, tenant, period, closing)
        statement = read_statement(storage, tenant, period)
    total = "without a price" if statement.total is None else f"at {statement.total:f} USD"
    say(f"Closed {closed.first_day} to {closed.last_day} of {closed.tenant_id} {total}{_gaps(statement)}.")


def statement(
    tenant: Tenant,
    period: Period,
    part: Annotated[
        Part | None, typer.Option(help="Only this part. Without it a table has all parts, JSON and CSV the costs.")
    ] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the statement of a billing period: its costs, its credits by grant, and the plans of its days.

    Costs are usage, adjustments of closed periods, and the total. It has no amount if nothing has a price.
    `coverage` is the percentage of tokens with a price, rounded down; `unpriced_fees` are requests, searches and
    tool calls without one; `missing_days` are in no sum.

    Credits are those of each grant, of the overage, which is below zero, and of all. `adjusted` is what became
    known of earlier periods after their statement was closed.

    Example: `usage-pipeline statement --tenant acme --period 2026-02`

    Example: `usage-pipeline statement --tenant acme --period 2026-02 --part credits --format csv`
    """
    from usage_pipeline.billing.ledger.accounts import expect_account
    from usage_pipeline.billing.statements import read_statement
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        expect_account(storage, tenant)
        found = read_statement(storage, tenant, period)
    state = f"closed {found.closed.closed_at:%Y-%m-%d}" if found.closed else "open"
    title = f"{tenant}, {found.period.first} to {found.period.last}, {state}"
    parts = [part] if part else list(Part) if form is OutputFormat.TABLE else [Part.COSTS]
    if Part.COSTS in parts:
        print_rows(list(_statement_rows(found)), _STATEMENT_COLUMNS, form, title)
    if Part.CREDITS in parts and (part or found.credits.lines):
        lines = [{**vars(line), "closing": line.closing} for line in (*found.credits.lines, found.credits.total)]
        print_rows(lines, _credit_columns(lines, form), form, f"Credits of {title}")
    if Part.PLANS in parts and form is OutputFormat.TABLE:
        say(*map(_in_words, found.credits.plans))
    elif Part.PLANS in parts:
        print_rows([vars(terms) for terms in found.credits.plans], _PLAN_COLUMNS, form)


_PLAN_COLUMNS = ("plan", "plan_from", "plan_to", "monthly_credits", "price", "currency", "overage")
_OVERAGE = {"allow": "is allowed", "deny": "is not allowed: `check` refuses prompts that need more"}


def _credit_columns(lines: Sequence[Row], form: OutputFormat) -> list[str]:
    """The columns; a table leaves out what did not happen to any grant."""
    from usage_pipeline.billing.period_credits import AMOUNTS

    columns = [name for name in AMOUNTS if form is not OutputFormat.TABLE or any(line[name] for line in lines)]
    return list(dict.fromkeys(("kind", "grant_id", "opening", *columns, "closing")))


def _in_words(terms: "PlanTerms") -> str:
    price = "without a price" if terms.price is None else f"{_money(terms.price)} {terms.currency} a period"
    return (
        f"Plan {terms.plan}, {terms.plan_from} to {terms.plan_to}: {price}; usage beyond its "
        f"{terms.monthly_credits.normalize():,f} credits {_OVERAGE[terms.overage]}."
    )


def _money(amount: Decimal) -> str:
    """Return an amount with two decimals, or with all that it has if these are more."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount.normalize():,f}"


def _statement_rows(found: "Statement") -> Iterator[dict[str, object]]:
    blank = dict.fromkeys(_STATEMENT_COLUMNS)
    for line in found.lines:
        yield {**blank, **vars(line), "coverage": line.coverage}
    yield {
        **blank,
        "kind": "total",
        "quantity": found.tokens,
        "unpriced_quantity": found.unpriced_tokens,
        "coverage": found.coverage,
        "unpriced_fees": found.unpriced_fees,
        "missing_days": len(found.missing),
        "amount": found.total,
    }


def _gaps(statement: "Statement") -> str:
    """Return what the total leaves out, for the end of a sentence."""
    missing = f"{len(statement.missing)} of {count(len(statement.period.days), 'day')} missing"
    unpriced = f"coverage {statement.coverage} %"
    fees = f"{statement.unpriced_fees:,} requests, searches and tool calls without a price"
    gaps = [
        *([unpriced] if statement.unpriced_tokens else []),
        *([fees] if statement.unpriced_fees else []),
        *([missing] if statement.missing else []),
    ]
    return f" ({', '.join(gaps)})" if gaps else ""
