"""Whether a request is allowed: a pure function of how limits stand, and of the credits that are left.

The answers are those of the persona platform: 402 where credits are missing, 403 where a limit would be over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from usage_pipeline.billing.ledger.entries import exact
from usage_pipeline.errors import QueryError
from usage_pipeline.events.catalogue import EventType, find, load_catalogue
from usage_pipeline.limits.limit_file import EACH, Limit, Scope
from usage_pipeline.limits.limited import CREDITS
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.registry import CONVERSATIONS, MESSAGES, TOKENS_TOTAL
from usage_pipeline.words import did_you_mean

NOTHING = Decimal(0)
BLOCK = "block"

_NO_CREDITS = (
    '{{"error":"Insufficient credits","requiredCredits":{required:f},"availableCredits":{available:f},'
    '"action":"upgrade_or_topup","billingPath":"/dashboard/billing"}}'
)
_OVER_LIMIT = '{"error":"Usage limit exceeded"}'
_ALLOWED = '{"allowed":true}'


@dataclass(frozen=True)
class Request:
    """An operation that is about to begin: its type, for whom it is, and what it will use if that is known."""

    type: str
    tenant_id: str
    member_id: str | None = None
    project: str | None = None
    model: str | None = None
    credits: Decimal = NOTHING
    tokens: int = 0

    def __post_init__(self) -> None:
        """Raise QueryError for a type that the catalogue does not have."""
        if find(self.type) is None:
            known = load_catalogue()
            meant = did_you_mean(self.type, known) or f"expected one of {', '.join(known)}"
            raise QueryError(f"There is no event type {self.type!r}; {meant}")

    @property
    def needs_credits(self) -> bool:
        """Whether it is like a prompt: credits are checked first."""
        return bool(self._type.counts.get("prompts"))

    @property
    def asks(self) -> Mapping[str, Decimal]:
        """What it will use of each metric: what a record of its type counts; 0 of metrics that are not here."""
        found, counts = self._type, {"records": 1}
        if found.metered:
            counts |= found.counts
            counts[MESSAGES.name] = 1 if found.messages == "count" else found.messages
            counts[CONVERSATIONS.name] = 1 if found.conversations else 0
        counted = {name: Decimal(number) for name, number in counts.items()}
        return {**counted, TOKENS_TOTAL.name: Decimal(self.tokens), CREDITS: self.credits}

    @property
    def _type(self) -> EventType:
        found = find(self.type)
        assert found is not None  # noqa: S101 - looked up before
        return found

    def scope_of(self, limit: Limit) -> Scope | None:
        """Return the values of a limit's scope that the request has; None if the limit is about others."""
        written = limit.scope.values
        own = {name: getattr(self, name) for name in written}
        is_about = all(value and written[name] in {EACH, value} for name, value in own.items())
        return Scope(**own) if is_about else None


class Answer(IntEnum):
    """What a gateway answers."""

    ALLOWED = 200
    NO_CREDITS = 402
    OVER_LIMIT = 403


@dataclass(frozen=True)
class Decision:
    """An answer, its body as JSON, and the limit that would be over."""

    answer: Answer
    body: str
    limit: LimitStatus | None = None


def decide(request: Request, limits: Iterable[LimitStatus], available: Decimal | None) -> Decision:
    """Decide about a request; `limits` are those that apply to it, and only those that block refuse.

    `available` are the credits that are left, or None where the plan allows to use more. Credits come first.
    """
    if request.needs_credits and available is not None and request.credits > available:
        body = _NO_CREDITS.format(required=plain(request.credits), available=plain(available))
        return Decision(Answer.NO_CREDITS, body)
    asks = request.asks
    with exact():
        for limit in limits:
            if limit.limit.action == BLOCK and asks.get(limit.limit.metric, NOTHING) > limit.remaining:
                return Decision(Answer.OVER_LIMIT, _OVER_LIMIT, limit)
    return Decision(Answer.ALLOWED, _ALLOWED)


def plain(number: Decimal) -> Decimal:
    """Return the same number without zeros at its end."""
    with exact():
        return number.normalize()
