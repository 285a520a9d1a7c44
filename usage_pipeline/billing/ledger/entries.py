"""The entries of the ledger, and the two identities that hold for those of every tenant at any instant.

- used = covered + repaid overage + open overage
- granted + topped up + rolled in + raised
  = covered + repaid overage + balance + expired + rolled out + voided + lowered
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext
from enum import StrEnum

NOTHING = Decimal(0)
_DIGITS = 60
NO_GRANT = ""
"""The grant of overage: usage that no grant covers."""


def exact() -> AbstractContextManager[Context]:
    """Within it no sum of credits is rounded: usually Decimal keeps 28 digits, and the ledger has 38."""
    return localcontext(prec=_DIGITS)


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

    @property
    def used(self) -> Decimal:
        """The credits of all usage, by the first identity."""
        with exact():
            return self.covered + self.repaid + self.open_overage

    @property
    def given(self) -> Decimal:
        """What all grants began with."""
        with exact():
            return self.granted + self.topped_up + self.rolled_in + self.raised

    @property
    def gone(self) -> Decimal:
        """What grants lost without paying for usage."""
        with exact():
            return self.expired + self.rolled_out + self.voided + self.lowered

    @property
    def balance(self) -> Decimal:
        """What is left of all grants, without the overage, by the second identity."""
        with exact():
            return self.given - self.covered - self.repaid - self.gone

    @property
    def left(self) -> Decimal:
        """The balance less the open overage."""
        with exact():
            return self.balance - self.open_overage


def totals(entries: Iterable[Entry]) -> Totals:
    """Sum the entries of a tenant."""
    with exact():
        of_kind: defaultdict[tuple[EntryKind, bool], Decimal] = defaultdict(Decimal)
        for entry in entries:
            of_kind[entry.kind, entry.grant_id == NO_GRANT] += entry.amount
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
        )
