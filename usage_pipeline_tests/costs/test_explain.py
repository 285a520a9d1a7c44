"""The reason of a price, or why there is none: what to do about it depends on whether the day is rated."""

from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.costs.explain import explain_price
from usage_pipeline.costs.rates import UsedModel
from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.costs.rating import book_of

DAY = date(2026, 5, 1)
OLD, NEW = price("old", 'input: "1"'), price("new", 'input: "2"')
ALIAS = "- {id: a, provider: p, model: m, aliases: [ours]}\n"
LATER = OLD.replace("2026-01-01", "2026-06-01")
UNKNOWN = "no exact id, alias or rule has this name"
ADD = "add a price or an alias to prices.yaml"
RERATE = "rate the day again with `usage-pipeline rerate`"


@pytest.mark.parametrize(
    ("book", "today", "model", "why"),
    [
        (OLD, None, "m", "m is a model of p"),
        (OLD + ALIAS, None, "ours", "ours is an alias of m of p"),
        (OLD, OLD, "m", "m is a model of p"),
        (OLD, NEW, "m", f"m is a model of p; today's price book has another price: {RERATE}"),
        (OLD, None, "n", f"{UNKNOWN}; {ADD}"),
        (OLD, OLD, "n", f"{UNKNOWN}; {ADD}, then {RERATE}"),
        (OLD, OLD + ALIAS, "ours", f"{UNKNOWN}; today's price book has old: {RERATE}"),
        (LATER, None, "m", "the model has prices, none of them for this day; add a price to prices.yaml"),
    ],
    ids=[
        *("priced", "alias", "rated with today's price", "rated with another price"),
        *("unknown", "rated and unknown", "rated before the alias", "not in force"),
    ],
)
def test_the_reason_says_how_today_differs_and_what_to_do(
    tmp_path: Path, book: str, today: str | None, model: str, why: str
) -> None:
    current = book_of(tmp_path, today) if today is not None else None
    found = explain_price(book_of(tmp_path, book), UsedModel(None, model), DAY, current=current)
    assert {row.why for row in found} == {why}
