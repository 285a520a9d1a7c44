"""Short ways to write down an account, and to ask for balances."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.burn_down import FOR_EVER, Account, Grant, Usage, burn_down
from usage_pipeline.billing.ledger.entries import Entry, EntryKind, totals


def at(text: str) -> datetime:
    """An instant of 2026: `01-31` or `01-31 09:30`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def grant(  # noqa: PLR0913 - the parts of a grant
    grant_id: str,
    amount: object = 100,
    start: str = "01-01",
    end: str | None = None,
    *,
    priority: int = 0,
    kind: EntryKind = EntryKind.TOPUP,
) -> Grant:
    """A grant that begins with the year and never ends, unless it is said otherwise."""
    return Grant(grant_id, kind, Decimal(str(amount)), at(start), FOR_EVER if end is None else at(end), priority)


def used(instant: str, amount: object) -> Usage:
    """Usage at an instant."""
    return at(instant), Decimal(str(amount))


def entries_of(account: Account, usage: Iterable[Usage] = (), until: str = "12-31") -> list[Entry]:
    """The entries, of which both identities hold."""
    usage = list(usage)
    burned = burn_down(account, usage, at(until))
    sums = totals(burned.entries)
    assert sums.balance == sum(burned.left.values())
    assert sums.open_overage == burned.overage
    assert sums.used == sum((amount for instant, amount in usage if instant < at(until)), Decimal(0))
    return list(burned.entries)


def balances(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """What entries leave of each grant; overage is below zero, under an empty id."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        found[entry.grant_id] += entry.amount
    return dict(found)


def left(account: Account, usage: Iterable[Usage] = (), until: str = "12-31") -> Mapping[str, Decimal]:
    """What is left of each grant; overage is below zero, under an empty id."""
    return balances(entries_of(account, usage, until))
