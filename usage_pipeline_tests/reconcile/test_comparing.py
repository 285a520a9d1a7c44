"""What a provider says beside what was metered, on 1 May 2026 unless a test says otherwise."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.reconcile.comparing import Question, Reconciliation, reconcile
from usage_pipeline.reconcile.export import Provider
from usage_pipeline.reconcile.reading import read_export
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import call
from usage_pipeline_tests.costs.reading import Run
from usage_pipeline_tests.reconcile.exports import (
    anthropic_bucket,
    anthropic_cost,
    anthropic_usage,
    openai_bucket,
    openai_cost,
    openai_usage,
    page,
    write,
)
from usage_pipeline_tests.support import Landing, land_and_compute

ALIAS = "- {id: a, provider: anthropic, model: claude-haiku-4-5, aliases: [house-haiku]}\n"
DAYS = [date(2026, 5, 1)]
Compare = Callable[..., Reconciliation]
Row = tuple[object, ...]


@pytest.fixture
def run(storage: Storage) -> Run:
    """Lands what is new, and computes the records and what they cost: the comparison reads nothing else."""
    return lambda: land_and_compute(storage, "records", "costs")


@pytest.fixture
def compare(storage: Storage, landing: Landing, run: Run, tmp_path: Path) -> Compare:
    """Lands these calls of 1 May and compares them with an export of these results of that day."""

    def compared(
        calls: Sequence[dict[str, Any]], provider: Provider, results: list[dict[str, Any]], **question: Any
    ) -> Reconciliation:
        landing.write("calls", "2026-05-01", calls)
        run()
        bucket = openai_bucket(results) if provider is Provider.OPENAI else anthropic_bucket(results)
        export = read_export(write(tmp_path, page(bucket)), provider)
        return reconcile(storage, provider, export, Question(DAYS, **question))

    return compared


def rows(found: Reconciliation) -> list[Row]:
    """Model, measure, ours, theirs, drift and status."""
    return [
        (row.model, str(row.measure), row.ours, row.theirs, row.drift, str(row.status))
        for row in found.comparisons
    ]


def drifted(percent: str) -> Decimal:
    return Decimal(percent)


NONE = drifted("0.000000")
HOUSE = call("a", model="gpt-4o", tokens_in=1000, tokens_cached=200, tokens_out=300, tokens_reasoning=100)


def test_cached_tokens_are_input_of_openai_and_reasoning_is_output(compare: Compare) -> None:
    theirs = openai_usage("gpt-4o-2024-08-06", input_tokens=1000, input_cached_tokens=200, output_tokens=300)
    found = compare([HOUSE], Provider.OPENAI, [theirs])
    assert rows(found) == [
        ("gpt-4o", "input", 800, 800, NONE, "matched"),
        ("gpt-4o", "cached_input", 200, 200, NONE, "matched"),
        ("gpt-4o", "output", 300, 300, NONE, "matched"),
    ]
    assert found.agrees


def test_cached_tokens_are_beside_input_of_anthropic(compare: Compare) -> None:
    written = {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 50}
    theirs = anthropic_usage(
        uncached_input_tokens=700, cache_read_input_tokens=200, cache_creation=written, output_tokens=300
    )
    ours = {"tokens_in": 1000, "tokens_cached": 200, "tokens_cache_write": 100, "tokens_out": 300}
    found = compare([call("a", model="claude-haiku-4-5", **ours)], Provider.ANTHROPIC, [theirs])
    assert [row[1:] for row in rows(found)] == [
        ("input", 700, 700, NONE, "matched"),
        ("cached_input", 200, 200, NONE, "matched"),
        ("cache_write", 100, 100, NONE, "matched"),
        ("output", 300, 300, NONE, "matched"),
    ]


def test_results_of_one_model_are_summed_whatever_they_are_grouped_by_besides(compare: Compare) -> None:
    theirs = [openai_usage("gpt-4o", project_id=project) for project in ("one", "two")]
    found = compare([call("a", model="gpt-4o", tokens_in=200, tokens_out=40)], Provider.OPENAI, theirs)
    assert [row[1:4] for row in rows(found)] == [("input", 200, 200), ("output", 40, 40)]


def test_what_one_side_does_not_know_of_a_model_is_null(compare: Compare) -> None:
    found = compare([call("a", model="gpt-4o", tokens_in=7)], Provider.OPENAI, [openai_usage("o3")])
    assert rows(found) == [
        ("gpt-4o", "input", 7, None, None, "ours_only"),
        ("o3", "input", None, 100, None, "theirs_only"),
        ("o3", "output", None, 20, None, "theirs_only"),
    ]
    assert not found.agrees


def test_a_class_that_one_side_lacks_of_a_model_that_both_know_is_zero_there(compare: Compare) -> None:
    ours = call("a", model="gpt-4o", tokens_in=100, tokens_cached=40)
    assert rows(compare([ours], Provider.OPENAI, [openai_usage()])) == [
        ("gpt-4o", "input", 60, 100, drifted("-40.000000"), "different"),
        ("gpt-4o", "cached_input", 40, 0, None, "different"),
        ("gpt-4o", "output", 0, 20, drifted("-100.000000"), "different"),
    ]


def test_tokens_without_a_split_are_a_measure_that_no_provider_has(compare: Compare) -> None:
    found = compare([call("a", model="gpt-4o", tokens_total=120)], Provider.OPENAI, [openai_usage()])
    assert ("gpt-4o", "unsplit", 120, 0, None, "different") in rows(found)


@pytest.mark.parametrize(("tolerance", "status"), [("0.33", "different"), ("0.34", "matched")])
def test_what_differs_by_no_more_than_the_tolerance_is_matched(
    compare: Compare, tolerance: str, status: str
) -> None:
    ours = call("a", model="gpt-4o", tokens_in=299)
    theirs = openai_usage(input_tokens=300, output_tokens=0)
    found = compare([ours], Provider.OPENAI, [theirs], tolerance=Decimal(tolerance))
    assert rows(found) == [("gpt-4o", "input", 299, 300, drifted("-0.333333"), status)]


def test_the_tolerance_is_exact_where_the_drift_is_rounded(compare: Compare) -> None:
    ours = call("a", model="gpt-4o", tokens_in=299)
    theirs = openai_usage(input_tokens=300, output_tokens=0)
    found = compare([ours], Provider.OPENAI, [theirs], tolerance=Decimal("0.333333"))
    assert rows(found) == [("gpt-4o", "input", 299, 300, drifted("-0.333333"), "different")]


def test_no_tolerance_makes_up_for_a_model_that_one_side_lacks(compare: Compare) -> None:
    found = compare([], Provider.OPENAI, [openai_usage(output_tokens=0)], tolerance=Decimal(1000))
    assert rows(found) == [("gpt-4o", "input", None, 100, None, "theirs_only")]


def test_models_of_other_providers_are_left_out(compare: Compare) -> None:
    calls = [
        call("a", model="gpt-4o", tokens_in=100, tokens_out=20),
        call("b", model="claude-haiku-4-5", tokens_in=5),
    ]
    found = compare(calls, Provider.OPENAI, [openai_usage()])
    assert {row[0] for row in rows(found)} == {"gpt-4o"}
    assert dict(found.ours.unknown) == {}


def test_a_model_of_one_provider_that_another_sells_is_the_sellers(compare: Compare) -> None:
    calls = [call("a", model="o1", provider="azure", tokens_in=100, tokens_out=20)]
    found = compare(calls, Provider.OPENAI, [])
    assert (rows(found), dict(found.ours.unknown)) == ([], {})


def test_a_class_without_a_price_is_of_the_provider_whose_price_rated_the_others(compare: Compare) -> None:
    calls = [call("a", model="o1", provider="azure", tokens_in=100, tokens_cache_write=40)]
    assert rows(compare(calls, Provider.OPENAI, [])) == []


def test_a_name_of_several_providers_without_one_is_of_the_provider_that_is_asked_for(compare: Compare) -> None:
    calls = [call("a", model="claude-haiku-4-5", tokens_in=100, tokens_out=20)]
    assert compare(calls, Provider.ANTHROPIC, [anthropic_usage()]).agrees


def test_an_alias_is_its_model(compare: Compare, prices: Callable[[str], object]) -> None:
    prices(ALIAS)
    calls = [call("a", model="house-haiku", tokens_in=100, tokens_out=20)]
    found = compare(calls, Provider.ANTHROPIC, [anthropic_usage()])
    assert [row[:4] for row in rows(found)] == [
        ("claude-haiku-4-5", "input", 100, 100),
        ("claude-haiku-4-5", "output", 20, 20),
    ]


def test_a_name_that_no_price_knows_is_matched_by_itself(compare: Compare) -> None:
    calls = [call("a", model="new-model", tokens_in=100, tokens_out=20)]
    found = compare(calls, Provider.OPENAI, [openai_usage("new-model")])
    assert [row[-1] for row in rows(found)] == ["matched", "matched"]


def test_tokens_of_models_that_may_be_anybodys_are_told(compare: Compare) -> None:
    calls = [call("a", model="mystery", tokens_in=10, tokens_out=5), call("b", model=None, tokens_in=3)]
    found = compare(calls, Provider.OPENAI, [])
    assert rows(found) == []
    assert dict(found.ours.unknown) == {"mystery": 15, "(none)": 3}


def test_one_tenant_is_compared_alone(compare: Compare) -> None:
    calls = [
        call(tenant, tenant=tenant, model="gpt-4o", tokens_in=100, tokens_out=20) for tenant in ("acme", "globex")
    ]
    assert compare(calls, Provider.OPENAI, [openai_usage()], tenant="globex").agrees


COSTLY = call("a", model="gpt-4o", tokens_in=1000, tokens_cached=200, tokens_out=300)
"""800 by 0.0000025, 200 by 0.00000125 and 300 by 0.00001: 0.00525 US dollars."""


def test_costs_are_compared_in_dollars_by_model(compare: Compare) -> None:
    items = [("0.002", "input"), ("0.00025", "cached input"), ("0.003", "output")]
    results = [openai_cost(value, f"gpt-4o-2024-08-06, {name}") for value, name in items]
    found = compare([COSTLY], Provider.OPENAI, [*results, openai_cost("0.01", "web search tool calls")])
    assert rows(found) == [
        ("gpt-4o", "amount", Decimal("0.00525"), Decimal("0.00525"), NONE, "matched"),
        ("web search tool calls", "amount", None, Decimal("0.01"), None, "theirs_only"),
    ]


def test_amounts_are_summed_exactly_however_many_digits_they_have(compare: Compare) -> None:
    tiny = "0.00000000000000000000000000000000000000000000001"
    found = compare(
        [COSTLY], Provider.OPENAI, [openai_cost(value, "gpt-4o, input") for value in ("0.00525", tiny)]
    )
    (row,) = found.comparisons
    assert (row.theirs, row.difference) == (Decimal(f"0.00525{tiny[7:]}"), Decimal(f"-{tiny}"))
    assert (row.drift, str(row.status)) == (Decimal("0E-6"), "different")


def test_our_fees_have_rows_of_their_own(compare: Compare, prices: Callable[[str], object]) -> None:
    prices(
        "- {id: a, provider: openai, model: gpt-4o, from: 2026-01-01, unit: token, source: test, "
        'prices: {input: "1", request: "2", tool_call: "3"}}\n'
    )
    ours = call("a", model="gpt-4o", tokens_in=10, tool_calls=4)
    found = compare([ours], Provider.OPENAI, [openai_cost(10, "gpt-4o, input")])
    assert rows(found) == [
        ("(request)", "amount", Decimal(2), None, None, "ours_only"),
        ("(tool_call)", "amount", Decimal(12), None, None, "ours_only"),
        ("gpt-4o", "amount", Decimal(10), Decimal(10), NONE, "matched"),
    ]


def test_costs_that_are_not_grouped_are_compared_by_day(compare: Compare) -> None:
    found = compare([COSTLY, call("b", model="o3", tokens_in=1000)], Provider.OPENAI, [openai_cost("0.0075")])
    assert rows(found) == [
        ("(all)", "amount", Decimal("0.00725"), Decimal("0.0075"), drifted("-3.333333"), "different")
    ]


def test_cents_of_anthropic_are_compared_as_dollars(compare: Compare) -> None:
    ours = call("a", model="claude-haiku-4-5", provider="anthropic", tokens_in=1000, tokens_out=200)
    results = [anthropic_cost(cents, "claude-haiku-4-5", cost_type="tokens") for cents in ("0.1", "0.1")]
    found = compare([ours], Provider.ANTHROPIC, results)
    assert rows(found) == [("claude-haiku-4-5", "amount", Decimal("0.002"), Decimal("0.002"), NONE, "matched")]


def test_an_amount_is_null_where_nothing_has_a_price(compare: Compare) -> None:
    found = compare(
        [call("a", model="new-model", tokens_in=5)], Provider.OPENAI, [openai_cost(1, "new-model, input")]
    )
    assert rows(found) == [("new-model", "amount", None, Decimal(1), None, "different")]
    assert found.ours.unpriced_tokens == 5


def test_a_missing_day_is_theirs_only_and_told(
    storage: Storage, landing: Landing, run: Run, tmp_path: Path
) -> None:
    for day in ("2026-05-01", "2026-05-03"):
        landing.write("calls", day, [call(day, f"{day}T08:00:00Z", model="gpt-4o", tokens_in=100, tokens_out=20)])
    run()
    buckets = [openai_bucket([openai_usage()], day=day) for day in (1, 2, 3)]
    export = read_export(write(tmp_path, page(*buckets)), Provider.OPENAI)
    found = reconcile(storage, Provider.OPENAI, export, Question(export.whole_days))
    assert {(row.day.day, str(row.status)) for row in found.comparisons} == {
        (1, "matched"),
        (2, "theirs_only"),
        (3, "matched"),
    }
    assert found.ours.missing_days == {date(2026, 5, 2)}
