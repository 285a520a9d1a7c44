"""Exports of providers as they are read: one convention of tokens, exact amounts, and clear errors."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import ProviderFileError
from usage_pipeline.reconcile.export import Export, Measure, Provider
from usage_pipeline.reconcile.reading import read_export
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

OPENAI, ANTHROPIC = Provider.OPENAI, Provider.ANTHROPIC
TOKENS = {Measure.INPUT: 700, Measure.CACHED_INPUT: 200, Measure.CACHE_WRITE: 100, Measure.OUTPUT: 20}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def values(export: Export) -> list[tuple[str, dict[Measure, Any]]]:
    """Model and values of each entry."""
    return [(model, dict(entry.values)) for _, model, entry in export.entries()]


def amounts(export: Export) -> list[tuple[str, Decimal]]:
    return [(model, found[Measure.AMOUNT]) for model, found in values(export)]


def test_openai_counts_cached_and_cache_write_tokens_as_input(folder: Path) -> None:
    result = openai_usage(input_tokens=1000, input_cached_tokens=200, input_cache_write_tokens=100)
    assert values(read_export(write(folder, page(openai_bucket([result]))), OPENAI)) == [("gpt-4o", TOKENS)]


def test_anthropic_counts_them_beside_input_and_cache_writes_by_their_duration(folder: Path) -> None:
    written = {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}
    result = anthropic_usage(uncached_input_tokens=700, cache_read_input_tokens=200, cache_creation=written)
    file = write(folder, page(anthropic_bucket([result])))
    assert values(read_export(file, ANTHROPIC)) == [("claude-haiku-4-5", TOKENS)]


def test_amounts_of_openai_are_dollars_with_every_digit_that_is_written(folder: Path) -> None:
    text = (
        '{"data": [{"start_time": 1777593600, "end_time": 1777680000, "results": ['
        '{"amount": {"value": 0.100000000000000005551115, "currency": "usd"}, "line_item": "gpt-4o, input"},'
        '{"amount": {"value": 2, "currency": "usd"}, "line_item": "gpt-4o, output"},'
        '{"amount": {"value": "0.0700", "currency": "usd"}, "line_item": "o3, input"}]}]}'
    )
    assert amounts(read_export(write(folder, text), OPENAI)) == [
        ("gpt-4o", Decimal("0.100000000000000005551115")),
        ("gpt-4o", Decimal(2)),
        ("o3", Decimal("0.07")),
    ]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0E-6176", "0"),
        ("-0E+20", "0"),
        ("0.000004500000000000000000000000000000000", "0.0000045"),
        ("4.5E-6", "0.0000045"),
        ("0.00000000000000000000000000000000000000000000001", "1E-47"),
        ("12345678901234.000000000000000000000000001", "12345678901234.000000000000000000000000001"),
    ],
)
def test_an_amount_has_any_number_of_decimals_and_any_exponent(folder: Path, written: str, amount: str) -> None:
    export = read_export(write(folder, page(openai_bucket([openai_cost(written, "gpt-4o, input")]))), OPENAI)
    assert amounts(export) == [("gpt-4o", Decimal(amount))]


@pytest.mark.parametrize(
    ("line_item", "model"),
    [
        ("gpt-5.3-codex, cached input", "gpt-5.3-codex"),
        ("gpt-5.3-codex, cache writes", "gpt-5.3-codex"),
        ("priority | gpt-5.4-2026-03-05, input", "gpt-5.4-2026-03-05"),
        ("priority | gpt-5.6-sol, output, long context", "gpt-5.6-sol"),
        ("gpt-realtime-1.5 audio, output", "gpt-realtime-1.5"),
        ("gpt-image-2.5-sunburst text, cached input", "gpt-image-2.5-sunburst"),
        ("ft:gpt-4o-2024-08-06:acme::abc, output", "ft:gpt-4o-2024-08-06:acme::abc"),
        ("web search tool calls", "web search tool calls"),
        ("assistants api | file search", "assistants api | file search"),
    ],
)
def test_a_line_item_of_tokens_is_its_models_and_any_other_a_row_of_its_own(
    folder: Path, line_item: str, model: str
) -> None:
    export = read_export(write(folder, page(openai_bucket([openai_cost(1, line_item)]))), OPENAI)
    assert amounts(export) == [(model, Decimal(1))]


def test_a_fee_of_anthropic_is_a_row_of_its_own_also_where_it_names_a_model(folder: Path) -> None:
    results = [
        anthropic_cost("1", "claude-opus-5", cost_type="tokens", description="Claude Opus 5 Usage - Input Tokens"),
        anthropic_cost("2", "claude-opus-5", cost_type="web_search", description="Web Search Usage"),
    ]
    export = read_export(write(folder, page(anthropic_bucket(results))), ANTHROPIC)
    assert amounts(export) == [("claude-opus-5", Decimal("0.01")), ("Web Search Usage", Decimal("0.02"))]


def test_amounts_of_anthropic_are_cents_as_text(folder: Path) -> None:
    results = [
        anthropic_cost("123.45", "claude-haiku-4-5"),
        anthropic_cost("12345678901234.123456789012345678", "claude-haiku-4-5"),
        anthropic_cost("1000", description="Web Search Usage"),
    ]
    export = read_export(write(folder, page(anthropic_bucket(results))), ANTHROPIC)
    assert amounts(export) == [
        ("claude-haiku-4-5", Decimal("1.2345")),
        ("claude-haiku-4-5", Decimal("123456789012.34123456789012345678")),
        ("Web Search Usage", Decimal(10)),
    ]


def test_costs_that_name_no_model_at_all_are_of_all_models(folder: Path) -> None:
    export = read_export(write(folder, page(openai_bucket([openai_cost(1.5)]))), OPENAI)
    assert amounts(export) == [("(all)", Decimal("1.5"))]


def test_costs_without_a_line_item_among_others_are_of_none(folder: Path) -> None:
    results = [openai_cost(1.5), openai_cost(2, "gpt-4o, input")]
    export = read_export(write(folder, page(openai_bucket(results))), OPENAI)
    assert amounts(export) == [("(none)", Decimal("1.5")), ("gpt-4o", Decimal(2))]


def test_a_file_may_be_a_list_of_pages_and_the_last_one_says_whether_there_are_more(folder: Path) -> None:
    pages = [page(openai_bucket([], day=2), has_more=True), page(openai_bucket([], day=1))]
    export = read_export(write(folder, pages), OPENAI)
    assert (export.whole_days, export.has_more) == ([date(2026, 5, 1), date(2026, 5, 2)], False)


def test_a_day_is_whole_if_its_buckets_reach_from_midnight_to_midnight(folder: Path) -> None:
    buckets = [
        *(openai_bucket([], hours=hours) for hours in ((0, 12), (12, 24))),
        openai_bucket([], day=2, hours=(0, 23)),
    ]
    export = read_export(write(folder, page(*buckets)), OPENAI)
    assert (export.whole_days, export.partial_days) == ([date(2026, 5, 1)], [date(2026, 5, 2)])


IN_BUCKET = "bucket 2026-05-01T00:00:00Z: "


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (
            openai_usage(input_tokens="12"),
            'results[0].input_tokens: expected a whole number of tokens, found "12".',
        ),
        (
            openai_usage(output_tokens=True),
            "results[0].output_tokens: expected a whole number of tokens, found true.",
        ),
        (
            openai_usage(output_tokens=-1),
            "results[0].output_tokens: expected a whole number of tokens, found -1.",
        ),
        (
            openai_usage(input_cached_tokens=90, input_cache_write_tokens=11),
            "results[0].input_tokens: expected at least the 101 cached and cache-write tokens of it, found 100.",
        ),
        (
            openai_usage(None),
            "results[0].model: expected the name of a model; export with group_by=model, found null.",
        ),
        (
            openai_usage(object="organization.usage.images.result"),
            (
                "results[0].object: expected organization.usage.completions.result, the usage of models, "
                'found "organization.usage.images.result".'
            ),
        ),
        (
            openai_cost("a lot"),
            'results[0].amount.value: expected a decimal number, found "a lot".',
        ),
        (
            openai_cost(1, currency="eur"),
            'results[0].amount.currency: expected USD, the currency of all costs, found "eur".',
        ),
        (
            openai_cost("1E+14"),
            'results[0].amount.value: expected at most 14 digits before the decimals, found "1E+14".',
        ),
        (
            {"amount": 3},
            "results[0].amount: expected an object, found 3.",
        ),
    ],
)
def test_a_broken_result_is_named_by_bucket_and_field(folder: Path, result: object, problem: str) -> None:
    file = write(folder, {"data": [openai_bucket([result])]})  # type: ignore[list-item]  # broken on purpose
    with pytest.raises(ProviderFileError) as raised:
        read_export(file, OPENAI)
    assert str(raised.value) == f"{file}: {IN_BUCKET}{problem}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        ('{"data": [NaN]}', "not valid JSON: NaN is no number."),
        ('{"data": [1e99999999999999999999]}', "not valid JSON: 1e99999999999999999999 is no number."),
        ("[]", "expected a page as the provider's API answers, or a list of pages."),
        ({"object": "page"}, "data: expected a list, found no such field."),
        ({"data": [7]}, "data: expected a list of objects, found [7]."),
        ({"data": [{"start_time": 1}]}, "data[0].results: expected a list, found no such field."),
        (
            {"data": [{"start_time": 10**18, "results": []}]},
            "data[0].start_time: expected seconds since 1970, found 1000000000000000000.",
        ),
        (
            [{"data": []}, {"data": [{"results": 1}]}],
            "page[1].data[0].results: expected a list, found 1.",
        ),
        (
            page(openai_bucket([], hours=(0, 25))),
            (
                "bucket 2026-05-01T00:00:00Z: it ends 2026-05-02T01:00:00Z; expected buckets of a day (UTC) "
                "or less, such as 1d."
            ),
        ),
        (
            page(openai_bucket([]), openai_bucket([], hours=(6, 7))),
            (
                "bucket 2026-05-01T06:00:00Z: it overlaps the one that begins 2026-05-01T00:00:00Z; is a page "
                "in the file twice?"
            ),
        ),
        (
            page(openai_bucket([openai_cost(1), openai_usage()])),
            (
                "data[0].results[1].amount: expected one, as other results have it; usage and costs need a file "
                "each, found no such field."
            ),
        ),
    ],
)
def test_a_broken_file_is_named_by_field(folder: Path, content: object, problem: str) -> None:
    file = write(folder, content)
    with pytest.raises(ProviderFileError) as raised:
        read_export(file, OPENAI)
    assert str(raised.value) == f"{file}: {problem}"


@pytest.mark.parametrize("time", ["2026-05-01T00:00:00", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_time_of_anthropic_needs_a_zone(folder: Path, time: str) -> None:
    file = write(folder, page({**anthropic_bucket([]), "starting_at": time}))
    with pytest.raises(ProviderFileError) as raised:
        read_export(file, ANTHROPIC)
    expected = "a time with a zone, such as 2026-02-20T00:00:00Z"
    assert str(raised.value) == f'{file}: data[0].starting_at: expected {expected}, found "{time}".'


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ProviderFileError, match=r"none\.json: cannot be read: No such file or directory\."):
        read_export(folder / "none.json", OPENAI)
