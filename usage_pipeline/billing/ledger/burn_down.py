"""The burn-down: which grant pays for which usage. A function of grants and usage, and of nothing else.

At one instant, grants end first, then the unused rest rolls over, then voids act, then grants begin and repay the
overage, then lowerings act. Usage at the instant comes after all of these: a grant is half open, so it pays for
usage at its first instant and not for usage at its end.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from usage_pipeline.billing.ledger.entries import NO_GRANT, NOTHING, Entry, EntryKind, exact

FOR_EVER = datetime.max.replace(tzinfo=UTC)
_DAY = timedelta(days=1)

_ROLLING = (EntryKind.ALLOCATION, EntryKind.ROLLOVER_IN)
"""The grants whose unused rest rolls over at a reset."""


@dataclass(frozen=True)
class Grant:
    """Credits from an instant until another, both UTC and in whole seconds."""

    id: str
    kind: EntryKind
    amount: Decimal
    starts_at: datetime
    ends_at: datetime = FOR_EVER
    """The first instant at which it is gone."""
    priority: int = 0

    @property
    def order(self) -> tuple[int, datetime, datetime, str]:
        """The order in which grants pay: lowest priority, then earliest end, then earliest start."""
        return self.priority, self.ends_at, self.starts_at, self.id


@dataclass(frozen=True)
class Reset:
    """The end of a period: the rest of its allocation and rollover becomes a new grant, within bounds."""

    at: datetime
    minimum: Decimal
    maximum: Decimal
    ends_at: datetime
    """The end of the new grant."""
    priority: int = 0

    @property
    def grant_id(self) -> str:
        """The id of the new grant."""
        return f"rollover/{self.at:%Y-%m-%d}"


@dataclass(frozen=True)
class Lowering:
    """Takes credits from a grant at an instant, at most what is left of it."""

    id: str
    grant_id: str
    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Account:
    """All that grants credits to a tenant and takes them back. Ids of grants are unique."""

    grants: Sequence[Grant] = ()
    resets: Sequence[Reset] = ()
    voids: Mapping[str, datetime] = field(default_factory=dict)
    """The instant from which a grant is void, by its id."""
    lowerings: Sequence[Lowering] = ()

    @property
    def boundaries(self) -> set[datetime]:
        """The instants between which usage may be added up: none of them divides a sum."""
        found = {instant for grant in self.grants for instant in (grant.starts_at, grant.ends_at)}
        found |= {instant for reset in self.resets for instant in (reset.at, reset.ends_at)}
        return found | {*self.voids.values(), *(lowering.at for lowering in self.lowerings)}


Usage = tuple[datetime, Decimal]
"""Credits used at an instant, or from this boundary until the next."""


@dataclass(frozen=True)
class Burned:
    """What happened until an instant, in order, and what is left: of each grant, and of the overage."""

    entries: Sequence[Entry]
    left: Mapping[str, Decimal]
    overage: Decimal


def burn_down(account: Account, usage: Iterable[Usage], until: datetime) -> Burned:
    """Return everything before an instant; what begins or ends at the instant is included.

    The usage is in the order of time.
    """
    with exact():
        burning = _Burning(account)
        for at, credit in usage:
            if at >= until:
                break
            burning.go_on(at)
            burning.use(at, credit)
        burning.go_on(until)
    return Burned(burning.entries, burning.left, burning.overage)


@dataclass(frozen=True)
class Ahead:
    """What is left at an instant, and how far that reaches."""

    left: Decimal
    """Of all grants, less the overage."""
    uncovered: Sequence[int | None]
    """By course, the place of the first day that grants do not pay in full; None if they pay all."""


def burn_ahead(
    account: Account, usage: Iterable[Usage], begin: datetime, courses: Iterable[Iterable[Decimal]]
) -> Ahead:
    """Return how far credits reach from a midnight on, on each course that usage may take.

    A course has the credits of each day from the midnight on, used at the first instant of the day. The usage
    before the midnight is in the order of time.
    """
    with exact():
        burning = _Burning(account)
        for at, credit in usage:
            if at < begin:
                burning.go_on(at)
                burning.use(at, credit)
        burning.go_on(begin)
        burning.entries = []  # nobody reads them, and each course would copy them
        left = sum(burning.left.values(), NOTHING) - burning.overage
        return Ahead(left, [burning.copy().first_uncovered(begin, course) for course in courses])


class _Phase(IntEnum):
    """What happens at one instant, in this order."""

    END = 0
    RESET = 1
    VOID = 2
    START = 3
    LOWER = 4


class _Burning:
    """The state of a burn-down at an instant."""

    def __init__(self, account: Account) -> None:
        self.entries: list[Entry] = []
        self.left: dict[str, Decimal] = {}
        self.overage = NOTHING
        self._voids = account.voids
        self._grants: dict[str, Grant] = {}
        self._paying: list[tuple[tuple[int, datetime, datetime, str], str]] = []
        """A heap of the grants that have begun, the next to pay first; those with nothing left go when met."""
        self._unused: list[Grant] = []
        self._resets = {reset.at: reset for reset in account.resets}
        self._lowerings = {lowering.id: lowering for lowering in account.lowerings}
        self._coming: list[tuple[datetime, _Phase, tuple[object, ...], str]] = []
        """A heap of what happens to which grant, in the order of time."""
        for grant in account.grants:
            self._expect(grant)
        for reset in account.resets:
            self._plan(reset.at, _Phase.RESET, reset.grant_id)
        for grant_id, at in account.voids.items():
            self._plan(at, _Phase.VOID, grant_id)
        for lowering in account.lowerings:
            self._plan(lowering.at, _Phase.LOWER, lowering.id)

    def copy(self) -> "_Burning":
        """Return the same state, to go on from in another way."""
        found = copy(self)
        vars(found).update(
            {name: copy(part) for name, part in vars(self).items() if isinstance(part, list | dict)}
        )
        return found

    def first_uncovered(self, begin: datetime, course: Iterable[Decimal]) -> int | None:
        """Use the credits of each day; return the first day that grants do not pay in full, None without one."""
        for number, credit in enumerate(course):
            at = begin + number * _DAY
            self.go_on(at)
            before = self.overage
            self.use(at, credit)
            if self.overage > before:
                return number
        return None

    def go_on(self, until: datetime) -> None:
        """Let everything happen that begins or ends by an instant, itself included."""
        while self._coming and self._coming[0][0] <= until:
            at, phase, _, subject = heapq.heappop(self._coming)
            match phase:
                case _Phase.END:
                    self._end(at, subject)
                case _Phase.RESET:
                    self._roll_over(self._resets[at])
                case _Phase.VOID:
                    self._take(EntryKind.VOID, subject, at)
                case _Phase.START:
                    self._start(at, self._grants[subject])
                case _Phase.LOWER:
                    lowering = self._lowerings[subject]
                    self._take(EntryKind.LOWERING, lowering.grant_id, at, lowering.amount)

    def use(self, at: datetime, amount: Decimal) -> None:
        """Take credits from the grants in their order; what they do not cover is overage."""
        while amount and (grant_id := self._next_to_pay()) is not None:
            amount -= self._take(EntryKind.CONSUMPTION, grant_id, at, amount)
        if amount:
            self.overage += amount
            self._record(EntryKind.OVERAGE, NO_GRANT, at, -amount)

    def _expect(self, grant: Grant) -> None:
        self._grants[grant.id] = grant
        self._plan(grant.starts_at, _Phase.START, grant.id, grant.order)

    def _plan(self, at: datetime, phase: _Phase, subject: str, order: tuple[object, ...] = ()) -> None:
        heapq.heappush(self._coming, (at, phase, order, subject))

    def _record(self, kind: EntryKind, grant_id: str, at: datetime, amount: Decimal) -> None:
        if amount:
            self.entries.append(Entry(kind, grant_id, at, amount))

    def _take(self, kind: EntryKind, grant_id: str, at: datetime, most: Decimal | None = None) -> Decimal:
        """Take from a grant what is left of it, or at most so much; return what was taken."""
        left = self.left.get(grant_id, NOTHING)
        taken = left if most is None else min(left, most)
        self.left[grant_id] = left - taken
        self._record(kind, grant_id, at, -taken)
        return taken

    def _next_to_pay(self) -> str | None:
        while self._paying and not self.left[self._paying[0][1]]:
            heapq.heappop(self._paying)
        return self._paying[0][1] if self._paying else None

    def _start(self, at: datetime, grant: Grant) -> None:
        self.left[grant.id] = grant.amount
        self._record(grant.kind, grant.id, at, grant.amount)
        if grant.ends_at <= at:
            self._take(EntryKind.EXPIRY, grant.id, at)
        elif self._voids.get(grant.id, FOR_EVER) <= at:
            self._take(EntryKind.VOID, grant.id, at)
        else:
            self._plan(grant.ends_at, _Phase.END, grant.id, grant.order)
            self._repay(at, grant.id)
            heapq.heappush(self._paying, (grant.order, grant.id))

    def _repay(self, at: datetime, grant_id: str) -> None:
        repaid = self._take(EntryKind.REPAYMENT, grant_id, at, self.overage)
        self.overage -= repaid
        self._record(EntryKind.REPAYMENT, NO_GRANT, at, repaid)

    def _end(self, at: datetime, grant_id: str) -> None:
        grant = self._grants[grant_id]
        if at in self._resets and grant.kind in _ROLLING:
            self._unused.append(grant)
        else:
            self._take(EntryKind.EXPIRY, grant_id, at)

    def _roll_over(self, reset: Reset) -> None:
        carried = NOTHING
        for grant in self._unused:
            carried += self._take(EntryKind.ROLLOVER_OUT, grant.id, reset.at, reset.maximum - carried)
            self._take(EntryKind.EXPIRY, grant.id, reset.at)
        self._unused = []
        amount = max(carried, reset.minimum)
        self._expect(Grant(reset.grant_id, EntryKind.ROLLOVER_IN, amount, reset.at, reset.ends_at, reset.priority))
