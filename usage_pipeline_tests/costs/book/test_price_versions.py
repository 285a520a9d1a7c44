"""A day keeps the prices that it was rated with, until it is rated again on purpose."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.current import current_price_book, rerate
from usage_pipeline.costs.changes import ChangeQuery, CostChange, read_changes
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days, refresh
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW, Prepare
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import FIRST, LAST, Prices, Run, amounts, compute, costs
from usage_pipeline_tests.support import Landing, digests, land_and_compute

DAY = date(2026, 5, 1)
OLD, NEW = price("old", 'input: "1"'), price("new", 'input: "3"')


@pytest.fixture
def rated(storage: Storage, landing: Landing, run: Run, prices: Prices, prepare: Prepare) -> Storage:
    """A day with ten tokens, rated at 1; since then the price has become 3."""
    prices(OLD)
    landing.write("calls", "2026-05-01", [call("a", tokens_in=10)])
    prepare("rated", run)
    prices(NEW)
    return storage


def changes(storage: Storage) -> list[CostChange]:
    return read_changes(storage, ChangeQuery(FIRST, LAST))


def test_a_new_price_makes_nothing_stale(rated: Storage) -> None:
    assert find_stale(rated) == {}


def test_a_recomputed_day_keeps_its_prices(rated: Storage) -> None:
    recompute_days(rated, PlainRunner(rated), [DAY], RefreshSummary())
    assert amounts(rated) == {None: Decimal(10)}


def test_a_late_event_in_a_rated_day_has_the_old_price(rated: Storage, landing: Landing) -> None:
    landing.write("calls", "2026-05-03", [call("b", tokens_in=5), call("c", "2026-05-02T08:00:00Z", tokens_in=1)])
    a_day_later = rated.settings.model_copy(update={"now": NOW + timedelta(days=1)})
    later = replace(rated, settings=a_day_later)
    refresh(later, PlainRunner(later))
    assert amounts(rated, "day") == {
        date(2026, 5, 1): Decimal(15),
        date(2026, 5, 2): Decimal(3),
        date(2026, 5, 3): Decimal(0),
        **dict.fromkeys((date(2026, 5, day) for day in range(4, 32)), None),
    }
    (change,) = changes(rated)
    assert (change.day, change.cause, change.quantity_before, change.quantity) == (DAY, "late", 10, 15)
    assert (change.amount_before, change.amount) == (Decimal(10), Decimal(15))
    assert change.files == ("calls/2026-05-03/events.jsonl",)


def test_a_model_that_comes_late_is_priced_by_the_book_of_the_day(
    rated: Storage, landing: Landing, prices: Prices
) -> None:
    prices(NEW + price("later", 'input: "7"', model="n"))
    landing.write("calls", "2026-05-03", [call("b", tokens_in=5, model="n")])
    land_and_compute(rated, "costs")
    assert amounts(rated, "model") == {"m": Decimal(10), "n": None}


def test_a_rerating_moves_the_day_to_the_prices_of_now(rated: Storage) -> None:
    assert rerate(rated, [DAY, date(2026, 5, 2)]) == [DAY]
    compute(rated)
    assert amounts(rated) == {None: Decimal(30)}


def test_a_rerating_is_a_version_that_says_by_which_price(rated: Storage) -> None:
    rerate(rated, [DAY])
    compute(rated)
    (change,) = changes(rated)
    assert (change.tenant_id, change.model, change.token_class, change.version) == ("acme", "m", "input", 2)
    assert (change.cause, change.price_before, change.price) == ("rerate", "old", "new")
    assert (change.amount_before, change.amount, change.difference) == (Decimal(10), Decimal(30), Decimal(20))


def test_a_day_that_another_process_has_pinned_keeps_its_prices(rated: Storage) -> None:
    with rated.warehouse.begin() as connection:
        before = book_store.pinned(connection, [DAY])
        book_store.pin(connection, [DAY], current_price_book(rated.settings), NOW)
        assert book_store.pinned(connection, [DAY]) == before
    compute(rated)
    assert amounts(rated) == {None: Decimal(10)}


def test_a_rerating_names_the_price_of_a_model_whose_maker_has_become_known(
    storage: Storage, landing: Landing
) -> None:
    book = replace(current_price_book(storage.settings), makers={})
    with storage.warehouse.begin() as connection:
        book_store.pin(connection, [DAY], book, NOW)
    landing.write("calls", "2026-05-01", [call("a", tokens_in=1_000_000, model="claude-sonnet-4-5")])
    land_and_compute(storage, "costs")
    assert amounts(storage) == {None: None}
    rerate(storage, [DAY])
    compute(storage)
    (change,) = changes(storage)
    assert (change.cause, change.price_before, change.price) == (
        "rerate",
        None,
        "catalogue/anthropic/claude-sonnet-4-5",
    )
    assert (change.amount_before, change.amount) == (None, amounts(storage)[None])


def test_a_rerating_and_its_reverse_give_the_first_digests(rated: Storage, prices: Prices) -> None:
    first = digests(rated)
    rerate(rated, [DAY])
    compute(rated)
    assert digests(rated) != first
    prices(OLD)
    rerate(rated, [DAY])
    compute(rated)
    assert digests(rated) == first


def test_a_rerating_without_a_new_price_changes_nothing(rated: Storage, prices: Prices) -> None:
    prices(OLD)
    assert rerate(rated, [DAY]) == []
    assert find_stale(rated) == {}


def test_rows_that_cost_the_same_are_no_change(rated: Storage, prices: Prices) -> None:
    prices(price("renamed", 'input: "1"'))
    rerate(rated, [DAY])
    compute(rated)
    assert changes(rated) == []


def test_an_unknown_model_lowers_the_coverage_of_every_total(rated: Storage, landing: Landing) -> None:
    landing.write("calls", "2026-05-02", [call("b", tokens_in=20, model="unheard-of")])
    land_and_compute(rated, "costs")
    (total,) = costs(rated)
    assert (total.tokens, total.unpriced_tokens, total.amount) == (30, 20, Decimal(10))
    assert total.coverage == Decimal("33.33")
    by_model = {cost.group[0]: (cost.amount, cost.coverage) for cost in costs(rated, "model")}
    assert by_model == {"m": (Decimal(10), Decimal(100)), "unheard-of": (None, Decimal(0))}


def test_sources_that_leave_cached_input_out_are_charged_the_same(
    storage: Storage, landing: Landing, prices: Prices
) -> None:
    prices(price("one", 'input: "1", cached_input: "0.1"'))
    landing.write("calls", "2026-05-01", [call("a", tokens_in=100, tokens_cached=40)])
    landing.write("calls_without_cached", "2026-05-01", [call("a", tokens_in=60, tokens_cached=40)])
    land_and_compute(storage, "costs")
    assert amounts(storage, "source") == {"calls": Decimal(64), "calls_without_cached": Decimal(64)}
