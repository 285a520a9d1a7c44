"""The total of a statement: what it leaves out stands beside it."""

from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.closing import Closing, close
from usage_pipeline.billing.statements import Statement, StatementLine, read_statement
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import Prices, Run
from usage_pipeline_tests.support import Landing

MARCH = BillingPeriod(date(2026, 3, 1), date(2026, 3, 31))
PRICED = StatementLine("usage", date(2026, 3, 1), "m", "input", 9, 0, Decimal(9))
UNPRICED = StatementLine("usage", date(2026, 3, 1), "n", "input", 2, 2, None)
FEE = StatementLine("usage", date(2026, 3, 1), "m", "request", 4, 0, Decimal(1))
UNPRICED_FEE = StatementLine("usage", date(2026, 3, 1), "m", "web_search", 3, 3, None)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings by which nothing closes by itself."""
    return settings.model_copy(update={"automatic_closing": False})


@pytest.mark.parametrize(
    ("lines", "missing", "expected"),
    [
        ((), 0, (Decimal(0), None, 0)),
        ((), 30, (Decimal(0), None, 0)),
        ((), 31, (None, None, 0)),
        ((UNPRICED,), 0, (None, Decimal(0), 0)),
        ((UNPRICED_FEE,), 0, (None, None, 3)),
        ((PRICED, UNPRICED, FEE), 0, (Decimal(10), Decimal("81.81"), 0)),
        ((PRICED, UNPRICED_FEE), 0, (Decimal(9), Decimal(100), 3)),
        ((PRICED,), 30, (Decimal(9), Decimal(100), 0)),
    ],
    ids=[
        *("no usage", "a day without usage", "all missing", "no price", "a fee without a price", "some priced"),
        *("tokens priced, a fee not", "a day of usage"),
    ],
)
def test_a_total_is_null_where_nothing_is_known_or_priced(
    lines: tuple[StatementLine, ...], missing: int, expected: tuple[Decimal | None, Decimal | None, int]
) -> None:
    statement = Statement(MARCH, None, lines, tuple(MARCH.days[:missing]))
    assert (statement.total, statement.coverage, statement.unpriced_fees) == expected


def test_a_statement_counts_tokens_without_a_price_and_names_missing_days(
    storage: Storage, landing: Landing, run: Run, prices: Prices
) -> None:
    prices(price("one", 'input: "1"'))
    landing.write("calls", "2026-05-30", [call("a", "2026-05-30T08:00:00Z", tokens_in=10, tokens_cached=4)])
    run()
    found = read_statement(storage, "acme", date(2026, 5, 1))
    assert [(line.token_class, line.quantity, line.unpriced_quantity, line.amount) for line in found.lines] == [
        ("cached_input", 4, 4, None),
        ("input", 6, 0, Decimal(6)),
    ]
    assert (found.total, found.tokens, found.unpriced_tokens, found.coverage) == (6, 10, 4, Decimal(60))
    assert found.missing == (date(2026, 5, 31),)


def test_an_adjustment_without_a_price_is_null(
    storage: Storage, landing: Landing, run: Run, prices: Prices
) -> None:
    prices(price("one", 'input: "1"'))
    (storage.settings.reference / "plans.yaml").write_text(
        "adjusting: {retention_days: null, late_usage: next_period}\ndefault: adjusting\n"
    )
    landing.write("calls", "2026-04-30", [call("a", "2026-03-10T08:00:00Z", tokens_in=10)])
    run()
    close(storage, "acme", date(2026, 3, 1), Closing("ann", "test", forced=True))
    landing.write("calls", "2026-05-02", [call("b", "2026-03-10T09:00:00Z", tokens_in=7, model="unheard-of")])
    run()
    found = read_statement(storage, "acme", date(2026, 4, 1))
    assert [(line.kind, line.quantity, line.unpriced_quantity, line.amount) for line in found.lines] == [
        ("adjustment", 7, 7, None)
    ]
    assert (found.total, found.coverage) == (None, Decimal(0))
