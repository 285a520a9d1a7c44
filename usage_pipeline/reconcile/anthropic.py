"""Anthropic's export: `usage_report/messages` grouped by model, and `cost_report` by description.

Input includes neither cache reads nor cache writes. An amount is a text, in cents.
"""

from datetime import UTC, datetime

from usage_pipeline.costs.book.prices import CURRENCY
from usage_pipeline.reconcile.export import Entry, Format, Measure
from usage_pipeline.reconcile.fields import EXACT, Part

_TOKENS = "tokens"

_CACHE_WRITES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def _time(bucket: Part, name: str) -> datetime:
    expected = "a time with a zone, such as 2026-02-20T00:00:00Z"
    try:
        time = datetime.fromisoformat(bucket.text(name, expected))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bucket.wrong(name, expected)


def _usage(result: Part) -> Entry:
    written = result.part("cache_creation") if result.has("cache_creation") else None
    return Entry(
        result.text("model", "the name of a model; export with group_by[]=model"),
        {
            Measure.INPUT: result.tokens("uncached_input_tokens"),
            Measure.CACHED_INPUT: result.optional_tokens("cache_read_input_tokens"),
            Measure.CACHE_WRITE: sum(map(written.optional_tokens, _CACHE_WRITES)) if written else 0,
            Measure.OUTPUT: result.tokens("output_tokens"),
        },
    )


def _cost(result: Part) -> Entry:
    if result.text("currency", CURRENCY).upper() != CURRENCY:
        raise result.wrong("currency", f"{CURRENCY}, the currency of all costs")
    # Searches and other fees have a row of their own, also where they name a model.
    is_fee = (result.optional_text("cost_type") or _TOKENS) != _TOKENS
    model, description = (result.optional_text(name) for name in ("model", "description"))
    name = description or model if is_fee else model or description
    return Entry(name, {Measure.AMOUNT: EXACT.scaleb(result.decimal("amount"), -2)})


FORMAT = Format(_time, "starting_at", "ending_at", _usage, _cost)
