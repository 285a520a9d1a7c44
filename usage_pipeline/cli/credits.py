"""Commands for credits: `credits`, `grant`."""

import getpass
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from usage_pipeline.cli.options import (
    ID,
    INSTANT,
    By,
    DataDir,
    Format,
    OutputFormat,
    Tenant,
    expect_none,
    load_settings,
    needed,
    parse_id,
    parse_instant,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, say
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.billing.ledger.balance import Balance
    from usage_pipeline.billing.ledger.grant_file import GrantEntry

_GRANT_COLUMNS = (
    *("grant_id", "kind", "priority", "effective_at", "expires_at"),
    *("granted", "used", "gone", "left"),
)
_LEDGER_COLUMNS = ("id", "effective_at", "kind", "grant_id", "amount", "recorded_at")

Instant = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=parse_instant,
        metavar=INSTANT,
        help="An instant; a day means its first, UTC. Now without it.",
    ),
]


class Action(StrEnum):
    """What to do with grants."""

    ADD = "add"
    VOID = "void"
    IMPORT = "import"


class Kind(StrEnum):
    """The kind of a grant."""

    TOPUP = "topup"
    ADJUSTMENT = "adjustment"


def credits(  # noqa: A001 - the name of the command
    tenant: Tenant,
    at: Instant = None,
    *,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print the rows of the ledger instead.")] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the credits of a tenant at an instant, grant by grant, in the order in which they pay.

    The total that is left is that of the grants, less the overage: usage that no grant has paid for yet. A grant
    that begins at the instant is included, usage at it is not. `gone` is what expired, rolled over or was taken
    back.

    Example: `usage-pipeline credits --tenant acme --at 2026-03-01T00:00:00Z`
    """
    from usage_pipeline.billing.ledger.accounts import expect_account
    from usage_pipeline.billing.ledger.balance import read_balance
    from usage_pipeline.billing.ledger.ledger import read_ledger
    from usage_pipeline.billing.ledger.posting import whole_second
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    instant = at or whole_second(settings.clock.now)
    with open_storage(settings) as storage:
        expect_account(storage, tenant)
        if ledger:
            with storage.warehouse.connect() as connection:
                found = read_ledger(connection, tenant, instant)
            rows = [{"id": row_id, **vars(entry), "recorded_at": when} for row_id, entry, when in found]
            print_rows(rows, _LEDGER_COLUMNS, form, f"Ledger of {tenant}")
            return
        balance = read_balance(storage, tenant, instant)
    title = f"Credits of {tenant}, {instant:%Y-%m-%d %H:%M:%S} UTC"
    print_rows(list(_balance_rows(balance)), _GRANT_COLUMNS, form, title)


def _balance_rows(balance: "Balance") -> Iterator[dict[str, object]]:
    blank = dict.fromkeys(_GRANT_COLUMNS)
    yield from map(vars, balance.grants)
    sums = balance.totals
    yield {**blank, "kind": "overage", "used": sums.open_overage}
    total = {"granted": sums.given, "used": sums.used, "gone": sums.gone, "left": sums.left}
    yield {**blank, "kind": "total", **total}


def grant(  # noqa: PLR0913 - one parameter per option
    action: Annotated[Action, typer.Argument(help="Add a grant, void one, or import those of grants.yaml.")],
    grant_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The grant. `add` makes an id without it.")
    ] = None,
    *,
    tenant: Annotated[str | None, typer.Option(parser=parse_id, metavar=ID, help="The tenant.")] = None,
    amount: Annotated[str | None, typer.Option(help="Of `add`: the credits.")] = None,
    reason: Annotated[str | None, typer.Option(help="The reason, for `add` and `void`.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Of `add`: bought, as without it, or given.")] = None,
    at: Instant = None,
    expires_at: Annotated[
        datetime | None,
        typer.Option(parser=parse_instant, metavar=INSTANT, help="Of `add`: the first instant without it."),
    ] = None,
    priority: Annotated[int | None, typer.Option(help="Of `add`: lower numbers pay first; 50 without it.")] = None,
    lowers: Annotated[
        str | None, typer.Option(help="Of `add`: the grant that an amount below 0 takes from.")
    ] = None,
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """Add a grant of credits, void one, or import new entries of `grants.yaml`, and post to the ledger.

    Grants do not change: void one and add another. A void takes what is left from `--at` on. An amount below 0
    lowers another grant: `--kind adjustment --amount=-100 --lowers ID`.

    Example: `usage-pipeline grant add --tenant acme --amount 10000 --reason purchased`
    """
    from usage_pipeline.alerts.raising import settle_credits_and_limits
    from usage_pipeline.billing.ledger.grants import Voiding, add_grant, void_grant
    from usage_pipeline.billing.ledger.posting import whole_second
    from usage_pipeline.storage.opened import open_storage

    of_add = {"amount": amount, "kind": kind, "expires-at": expires_at, "priority": priority, "lowers": lowers}
    of_both = {"tenant": tenant, "reason": reason, "at": at, "by": by}
    not_of = {Action.ADD: {}, Action.VOID: of_add, Action.IMPORT: {**of_add, **of_both, "ID": grant_id}}
    expect_none(f"grant {action.value}", not_of[action])
    settings = load_settings(data_dir)
    author, instant = by or getpass.getuser(), at or whole_second(settings.clock.now)
    with open_storage(settings) as storage:
        match action:
            case Action.ADD:
                written = {
                    "id": grant_id or f"{(kind or Kind.TOPUP).value}-{uuid4().hex[:12]}",
                    "tenant": tenant,
                    "kind": (kind or Kind.TOPUP).value,
                    "amount": amount,
                    "effective_at": instant,
                    "expires_at": expires_at,
                    "priority": priority,
                    "lowers": lowers,
                    "reason": reason,
                }
                added = add_grant(storage, _entry(written), author)
                say(f"Added {added.id}.")
            case Action.VOID:
                act = (needed("--tenant", tenant), needed("ID", grant_id), instant, needed("--reason", reason))
                void_grant(storage, Voiding(*act, author))
                say(f"Voided {grant_id}.")
            case Action.IMPORT:
                pass  # posting does it
        say(f"Posted {count(settle_credits_and_limits(storage), 'row')} to the ledger.")


def _entry(written: Mapping[str, object]) -> "GrantEntry":
    """Return the grant of the options. Raises QueryError with what may stand in each."""
    from usage_pipeline.billing.ledger.grant_file import GrantEntry
    from usage_pipeline.errors import QueryError
    from usage_pipeline.yaml_file import parse_entry

    given = {name: value for name, value in written.items() if value is not None}
    return parse_entry(GrantEntry, given, "grant add", QueryError)
