"""The rules of the burn-down again, instant by instant and with no heap: it looks at every grant each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.burn_down import FOR_EVER, Account, Grant, Usage
from usage_pipeline.billing.ledger.entries import NOTHING, EntryKind

ROLLING = (EntryKind.ALLOCATION, EntryKind.ROLLOVER_IN)


@dataclass
class Oracle:
    """What is left of each grant at an instant, and the overage."""

    account: Account
    left: dict[str, Decimal] = field(default_factory=dict)
    overage: Decimal = NOTHING

    def __post_init__(self) -> None:
        self.grants = {grant.id: grant for grant in self.account.grants}

    def balances(self, usage: Sequence[Usage], until: datetime) -> dict[str, Decimal]:
        """What is left when everything before an instant has happened."""
        used = [(at, amount) for at, amount in usage if at < until]
        for now in sorted({*self.account.boundaries, *(at for at, _ in used)}):
            if now <= until:
                self.happen(now)
                for amount in (amount for at, amount in used if at == now):
                    self.use(amount)
        return {**self.left, "": -self.overage}

    def happen(self, now: datetime) -> None:
        """Let grants end, roll over, become void, begin and be lowered."""
        carried = self.end(now)
        for reset in (reset for reset in self.account.resets if reset.at == now):
            amount = max(reset.minimum, min(reset.maximum, carried))
            self.grants[reset.grant_id] = Grant(
                reset.grant_id, EntryKind.ROLLOVER_IN, amount, now, reset.ends_at, reset.priority
            )
        for name in (name for name, at in self.account.voids.items() if at == now and name in self.left):
            self.left[name] = NOTHING
        for grant in sorted(self.grants.values(), key=lambda each: each.order):
            if grant.starts_at == now:
                self.begin(grant)
        for lowering in self.account.lowerings:
            if lowering.at == now and lowering.grant_id in self.left:
                self.left[lowering.grant_id] = max(NOTHING, self.left[lowering.grant_id] - lowering.amount)

    def end(self, now: datetime) -> Decimal:
        """Let grants end; what of them may roll over."""
        ended = [grant for grant in self.grants.values() if grant.ends_at == now and grant.id in self.left]
        carried = sum((self.left[grant.id] for grant in ended if grant.kind in ROLLING), NOTHING)
        self.left |= dict.fromkeys((grant.id for grant in ended), NOTHING)
        return carried

    def begin(self, grant: Grant) -> None:
        """Let a grant repay the overage, unless it ends or is void before it could pay."""
        useless = min(grant.ends_at, self.account.voids.get(grant.id, FOR_EVER)) <= grant.starts_at
        repaid = NOTHING if useless else min(self.overage, grant.amount)
        self.left[grant.id] = NOTHING if useless else grant.amount - repaid
        self.overage -= repaid

    def use(self, amount: Decimal) -> None:
        """Take credits from the grants in their order."""
        for grant in sorted(self.grants.values(), key=lambda each: each.order):
            paid = min(amount, self.left.get(grant.id, NOTHING))
            self.left[grant.id] = self.left.get(grant.id, NOTHING) - paid
            amount -= paid
        self.overage += amount
