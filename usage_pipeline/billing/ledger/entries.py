"""The entries of the ledger, and the two identities that hold for those of every tenant at any instant.

- used = covered + repaid overage + open overage
- granted + topped up + rolled in + raised
  = covered + repaid overage + balance + expired + rolled out + voided + lowered
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

NOTHING = Decimal(0)
NO_GRANT = ""
"""The grant of overage: usage that no grant covers."""


class EntryKind(StrEnum):
    """What an entry does to the balance of its grant, or to the overage."""

    ALLOCATION = "allocation"
    TOPUP = "topup"
    ADJUSTMENT = "adjustment"
    ROLLOVER_IN = "rollover_in"
    CONSUMPTION = "consumption"
    OVERAGE = "overage"
    REPAYMENT = "repayment"
    """Of overage by a grant: two entries, one takes from the grant and one from the overage."""
    LOWERING = "lowering"
    EXPIRY = "expiry"
    ROLLOVER_OUT = "rollover_out"
    VOID = "void"


GRANTING = (EntryKind.ALLOCATION, EntryKind.TOPUP, EntryKind.ADJUSTMENT, EntryKind.ROLLOVER_IN)


@dataclass(frozen=True)
class Entry:
    """What happened to a grant, or to the overage, at an instant or from it to the next entry of usage."""

    kind: EntryKind
    grant_id: str
    effective_at: datetime
    amount: Decimal
    """What it adds to the balance, in credits; overage is below zero."""


@dataclass(frozen=True)
class Totals:
    """The sums of some entries, each zero or more, in credits."""

    granted: Decimal
    topped_up: Decimal
    rolled_in: Decimal
    raised: Decimal
    covered: Decimal
    repaid: Decimal
    """Overage that grants repaid."""
    open_overage: Decimal
    expired: Decimal
    rolled_out: Decimal
    voided: Decimal
    lowered: Decimal
    balance: Decimal
    """What is left of all grants, without the overage."""

    @property
    def used(self) -> Decimal:
        """The credits of all usage; the first identity."""
        return self.covered + self.repaid + self.open_overage

    @property
    def is_balanced(self) -> bool:
        """Whether the second identity holds."""
        given = self.granted + self.topped_up + self.rolled_in + self.raised
        gone = self.expired + self.rolled_out + self.voided + self.lowered
        return given == self.covered + self.repaid + self.balance + gone


def totals(entries: Iterable[Entry]) -> Totals:
    """Sum the entries of a tenant."""
    of_kind: defaultdict[tuple[EntryKind, bool], Decimal] = defaultdict(Decimal)
    balance = NOTHING
    for entry in entries:
        of_overage = entry.grant_id == NO_GRANT
        of_kind[entry.kind, of_overage] += entry.amount
        balance += NOTHING if of_overage else entry.amount
    repaid = of_kind[EntryKind.REPAYMENT, True]
    return Totals(
        granted=of_kind[EntryKind.ALLOCATION, False],
        topped_up=of_kind[EntryKind.TOPUP, False],
        rolled_in=of_kind[EntryKind.ROLLOVER_IN, False],
        raised=of_kind[EntryKind.ADJUSTMENT, False],
        covered=-of_kind[EntryKind.CONSUMPTION, False],
        repaid=repaid,
        open_overage=-of_kind[EntryKind.OVERAGE, True] - repaid,
        expired=-of_kind[EntryKind.EXPIRY, False],
        rolled_out=-of_kind[EntryKind.ROLLOVER_OUT, False],
        voided=-of_kind[EntryKind.VOID, False],
        lowered=-of_kind[EntryKind.LOWERING, False],
        balance=balance,
    )


def balances(entries: Iterable[Entry]) -> Mapping[str, Decimal]:
    """Return what is left of each grant, and the overage as a balance below zero under NO_GRANT."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        found[entry.grant_id] += entry.amount
    return dict(found)
