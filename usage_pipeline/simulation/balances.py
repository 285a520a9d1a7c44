"""Counts what is left of a tenant's credits, without code of the pipeline. All numbers are in 10^-12 credits.

Simulated tenants stay on their plan, their periods are calendar months, and they buy credits at midnights. So the
usage of a day is paid for as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal

from usage_pipeline.simulation.credits import PICO


@dataclass(frozen=True)
class Terms:
    """What a plan gives each month, and how much of what is left at its end is carried over."""

    monthly: int
    rollover_min: int
    rollover_max: int

    @classmethod
    def of(cls, *amounts: str) -> "Terms":
        """Return the terms with these credits."""
        return cls(*(int(Decimal(amount) * PICO) for amount in amounts))


@dataclass
class Balance:
    """What became of a tenant's credits so far."""

    granted: int = 0
    topped_up: int = 0
    rolled_out: int = 0
    rolled_in: int = 0
    expired: int = 0
    used: int = 0
    overage: int = 0
    """Usage that nothing has paid for yet."""
    plan_left: int = 0
    """What is left of the plan's credits."""
    topups_left: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the sums for JSON; the balance is what is left, less the overage."""
        sums = asdict(self)
        left = sums.pop("plan_left") + sums.pop("topups_left")
        return {**sums, "balance": left - self.overage}

    def begin_month(self, terms: Terms) -> None:
        """Give the plan's credits of a month."""
        self.granted += terms.monthly
        self.plan_left += self._after_repayment(terms.monthly)

    def end_month(self, terms: Terms) -> None:
        """Carry over what is left of the plan's credits, within bounds; the rest expires."""
        carried = min(self.plan_left, terms.rollover_max)
        rolled_in = max(carried, terms.rollover_min)
        self.rolled_out += carried
        self.expired += self.plan_left - carried
        self.rolled_in += rolled_in
        self.plan_left = self._after_repayment(rolled_in)

    def top_up(self, amount: int) -> None:
        """Add credits that do not expire."""
        self.topped_up += amount
        self.topups_left += self._after_repayment(amount)

    def use(self, amount: int) -> None:
        """Take credits of the plan, then those of top-ups. What they do not cover is overage."""
        by_plan = min(amount, self.plan_left)
        by_topups = min(amount - by_plan, self.topups_left)
        self.used += amount
        self.plan_left -= by_plan
        self.topups_left -= by_topups
        self.overage += amount - by_plan - by_topups

    def _after_repayment(self, amount: int) -> int:
        repaid = min(amount, self.overage)
        self.overage -= repaid
        return amount - repaid


def balance_after(terms: Terms, first: date, used: Sequence[int], topups: Mapping[int, int]) -> Balance:
    """Return the balance at the midnight after the last day.

    Usage is by day; top-ups are by the number of the day, from 0. The credits of the first month are all there on
    the first day, because nothing was used before.
    """
    balance = Balance()
    balance.begin_month(terms)
    for number, amount in enumerate((*used, 0)):
        if number and (first + timedelta(days=number)).day == 1:
            balance.end_month(terms)
            balance.begin_month(terms)
        balance.top_up(topups.get(number, 0))
        balance.use(amount)
    return balance
