"""OpenAI's export: `organization/usage/completions` grouped by model, and `organization/costs` by line item.

Input includes cached and cache-write tokens, of all modalities. An amount is a number, or a text in newer answers.
"""

import re
from datetime import UTC, datetime

from usage_pipeline.costs.book.prices import CURRENCY
from usage_pipeline.reconcile.export import Entry, Format, Measure
from usage_pipeline.reconcile.fields import Part

_RESULTS = "organization.usage.completions.result"
_LINE_ITEM = re.compile(
    r"(?:[^|]+ \| )?(?P<model>\S+)(?: (?:text|audio|image|video))?, "
    r"(?:(?:[a-z ]+ )?(?:input|output)|cache writes)(?:, .+)?"
)
"""A line item of tokens, as in `priority | gpt-5.4-2026-03-05 text, cached input, long context`."""

_LAST_SECOND = 253_402_300_799  # of the year 9999


def _time(bucket: Part, name: str) -> datetime:
    value = bucket.fields.get(name)
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise bucket.wrong(name, "seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def _usage(result: Part) -> Entry:
    if result.has("object") and result.fields["object"] != _RESULTS:
        raise result.wrong("object", f"{_RESULTS}, the usage of models")
    tokens_in = result.tokens("input_tokens")
    cached = result.optional_tokens("input_cached_tokens")
    written = result.optional_tokens("input_cache_write_tokens")
    if cached + written > tokens_in:
        raise result.wrong("input_tokens", f"at least the {cached + written} cached and cache-write tokens of it")
    return Entry(
        result.text("model", "the name of a model; export with group_by=model"),
        {
            Measure.INPUT: tokens_in - cached - written,
            Measure.CACHED_INPUT: cached,
            Measure.CACHE_WRITE: written,
            Measure.OUTPUT: result.tokens("output_tokens"),
        },
    )


def _cost(result: Part) -> Entry:
    amount = result.part("amount")
    if amount.text("currency", CURRENCY).upper() != CURRENCY:
        raise amount.wrong("currency", f"{CURRENCY}, the currency of all costs")
    item = result.optional_text("line_item")
    tokens = _LINE_ITEM.fullmatch(item or "")
    return Entry(tokens["model"] if tokens else item, {Measure.AMOUNT: amount.decimal("value")})


FORMAT = Format(_time, "start_time", "end_time", _usage, _cost)
