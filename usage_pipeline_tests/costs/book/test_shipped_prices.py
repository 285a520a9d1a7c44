"""The shipped price book against costs that a real log reports: each line of it rated, without the pipeline."""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import zstandard

from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.price_book import PriceBook, Unpriced
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.registry import TokenClass
from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import shared
from usage_pipeline_tests.test_docs import ROOT

REFERENCE = ROOT / "data" / "reference"
HAIKU = "claude-3-5-haiku-20241022"
NEAR = Decimal("1E-9")


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return current_price_book(Settings.load(reference_dir=REFERENCE))


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """By model: how many lines report which list price, computed independently."""
    found = json.loads(shared("data", "aider_analytics", "truth_cost.json").read_text())
    return {model: entry for model, entry in found.items() if not model.startswith("_")}


@pytest.fixture(scope="module")
def sent() -> dict[str, list[dict[str, Any]]]:
    """The lines with a model and a cost, by model, with exact numbers."""
    path = shared("data", "aider_analytics", "events.jsonl.zst")
    found: dict[str, list[dict[str, Any]]] = {}
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            entry = json.loads(line, parse_float=Decimal)
            if entry["event"] == "message_send":
                found.setdefault(str(entry["properties"].get("main_model")), []).append(entry)
    return found


def at(entry: dict[str, Any]) -> date:
    return datetime.fromtimestamp(int(entry["time"]), UTC).date()


def list_cost(entry: dict[str, Any], prices: dict[str, Any]) -> Decimal:
    usage = entry["properties"]
    million = Decimal(1_000_000)
    tokens_in, tokens_out = usage["prompt_tokens"], usage["completion_tokens"]
    rates = [Decimal(str(prices[f"{name}_usd_per_mtok"])) for name in ("input", "output")]
    return (tokens_in * rates[0] + tokens_out * rates[1]) / million


def computed(book: PriceBook, model: str, entry: dict[str, Any]) -> Decimal:
    price = book.resolve(None, model, at(entry)).price
    assert price is not None, (model, at(entry))
    usage = entry["properties"]
    band = next(
        band
        for band in price.bands(at(entry))
        if band.above_tokens_in < usage["prompt_tokens"] <= band.up_to_tokens_in
    )
    return (
        usage["prompt_tokens"] * band.prices[TokenClass.INPUT]
        + usage["completion_tokens"] * band.prices[TokenClass.OUTPUT]
    )


def explained(truth: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines that the truth explains by a list price."""
    for entry in lines:
        cost = Decimal(entry["properties"].get("cost") or 0)
        if any(abs(list_cost(entry, prices) - cost) < NEAR for prices in truth["explained_by_list_price"]):
            yield entry


MODELS = (
    "claude-3-5-sonnet-20241022",
    "anthropic/claude-3-7-sonnet-20250219",
    "openrouter/anthropic/claude-3.7-sonnet",
    "anthropic/claude-sonnet-4-20250514",
    "o3",
    "o1-preview",
    "o3-mini",
    "gpt-4o-mini",
    "gpt-4o",
    "gemini/gemini-2.5-pro-preview-03-25",
    "gemini/gemini-2.5-pro-preview-05-06",
    "gemini/gemini-2.5-pro",
    "openai/gpt-5.2",
    "fireworks_ai/accounts/fireworks/models/deepseek-v3",
    "deepseek/deepseek-coder",
)


def test_the_truth_is_of_these_models(truth: dict[str, Any]) -> None:
    assert set(truth) == {*MODELS, HAIKU}


@pytest.mark.parametrize("model", MODELS)
def test_lines_at_list_price_cost_what_they_report(
    book: PriceBook, truth: dict[str, Any], sent: dict[str, list[dict[str, Any]]], model: str
) -> None:
    lines = list(explained(truth[model], sent[model]))
    assert len(lines) >= sum(prices["rows"] for prices in truth[model]["explained_by_list_price"])
    differing = [
        entry for entry in lines if abs(computed(book, model, entry) - entry["properties"]["cost"]) >= NEAR
    ]
    assert differing == []


def test_haiku_is_priced_at_the_dates_of_its_provider(
    book: PriceBook, sent: dict[str, list[dict[str, Any]]]
) -> None:
    old = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 5}
    at_old_price = [
        entry
        for entry in sent[HAIKU]
        if abs(list_cost(entry, old) - Decimal(entry["properties"].get("cost") or 0)) < NEAR
    ]
    drifting = [
        entry for entry in at_old_price if abs(computed(book, HAIKU, entry) - entry["properties"]["cost"]) >= NEAR
    ]
    assert (len(at_old_price), len(drifting)) == (63, 41)
    assert min(map(at, drifting)) == date(2024, 12, 4)


def test_every_price_of_the_file_names_the_page_that_says_so() -> None:
    written = read_price_file(REFERENCE / "prices.yaml").prices
    without = [price.id for price in written if not re.fullmatch(r"https://[^\s/]+\.[^\s/]+(/\S*)?", price.source)]
    assert len(written) >= 14
    assert without == []


def unit_prices(book: PriceBook, model: str, day: date, tokens_in: int, minute: int = 0) -> dict[str, Decimal]:
    """Prices per million tokens of a prompt of that size at that minute of the day."""
    price = book.resolve(None, model, day).price
    assert price is not None
    (band,) = [
        band
        for band in price.bands(day)
        if band.above_tokens_in < tokens_in <= band.up_to_tokens_in and band.from_minute <= minute < band.to_minute
    ]
    return {str(name): value * 1_000_000 for name, value in band.prices.items()}


@pytest.mark.parametrize(
    ("day", "tokens_in", "prices"),
    [
        (date(2025, 8, 11), 200_001, ("3", "0.3", "3.75", "6", "15")),
        (date(2025, 8, 12), 200_000, ("3", "0.3", "3.75", "6", "15")),
        (date(2025, 8, 12), 200_001, ("6", "0.6", "7.5", "12", "22.5")),
    ],
)
def test_sonnet_4_costs_more_above_200000_tokens_since_it_takes_such_prompts(
    book: PriceBook, day: date, tokens_in: int, prices: tuple[str, ...]
) -> None:
    found = unit_prices(book, "claude-sonnet-4-20250514", day, tokens_in)
    assert found == dict(
        zip(
            ("input", "cached_input", "cache_write", "cache_write_1h", "output"), map(Decimal, prices), strict=True
        )
    )


def test_deepseek_v3_has_no_price_at_fireworks_before_it_was_published(book: PriceBook) -> None:
    name = "fireworks_ai/accounts/fireworks/models/deepseek-v3"
    assert book.resolve(None, name, date(2025, 1, 4)).unpriced is Unpriced.NOT_IN_FORCE
    assert unit_prices(book, name, date(2025, 1, 5), 1) == {"input": Decimal("0.9"), "output": Decimal("0.9")}


@pytest.mark.parametrize(("minute", "expected"), [(15 * 60 + 59, "0.28"), (16 * 60, "1.1")])
def test_the_discount_of_deepseek_ends_in_the_afternoon_of_its_last_day(
    book: PriceBook, minute: int, expected: str
) -> None:
    found = unit_prices(book, "deepseek/deepseek-coder", date(2025, 2, 8), 1, minute)
    assert found["output"] == Decimal(expected)


@pytest.mark.parametrize(
    ("model", "time", "prices"),
    [
        ("deepseek-v4-flash", "2026-08-03T02:00", ("0.14", "0.0028", "0.28")),
        ("deepseek-v4-flash", "2026-08-16T15:59", ("0.14", "0.0028", "0.28")),
        ("deepseek-v4-flash", "2026-08-16T16:00", ("0.22", "0.007", "0.66")),
        ("deepseek-v4-flash", "2026-08-17T00:59", ("0.22", "0.007", "0.66")),
        ("deepseek-v4-flash", "2026-08-17T01:00", ("0.44", "0.014", "1.32")),
        ("deepseek-v4-flash", "2026-08-22T09:59", ("0.44", "0.014", "1.32")),  # a Saturday
        ("deepseek-v4-flash", "2026-08-23T09:59", ("0.22", "0.007", "0.66")),  # a Sunday
        ("deepseek-v4-flash", "2026-08-24T04:00", ("0.22", "0.007", "0.66")),
        ("deepseek-v4-flash", "2026-08-24T06:00", ("0.44", "0.014", "1.32")),
        ("deepseek-v4-flash", "2026-09-10T00:59", ("0.22", "0.007", "0.66")),
        ("deepseek-v4-flash", "2026-09-10T03:59", ("0.44", "0.014", "1.32")),
        ("deepseek-v4-flash", "2026-09-10T04:00", ("0.15", "0.003", "0.6")),
        ("deepseek-v4-flash", "2026-09-10T06:00", ("0.3", "0.006", "1.2")),
        ("deepseek-v4-flash", "2026-09-12T06:00", ("0.15", "0.003", "0.6")),  # a Saturday
        ("deepseek-flash", "2026-09-25T06:00", ("0.15", "0.003", "0.6")),  # Mid-Autumn Festival
        ("deepseek-flash", "2026-09-28T06:00", ("0.3", "0.006", "1.2")),
        ("deepseek-flash", "2026-10-07T06:00", ("0.15", "0.003", "0.6")),  # the last of the National Days
        ("deepseek-flash", "2026-10-08T06:00", ("0.3", "0.006", "1.2")),
        ("deepseek-v4-pro", "2026-08-03T02:00", ("0.435", "0.003625", "0.87")),
        ("deepseek-v4-pro", "2026-08-16T16:00", ("0.66", "0.022", "1.98")),
        ("deepseek-v4-pro", "2026-08-22T02:00", ("1.32", "0.044", "3.96")),
        ("deepseek-v4-pro", "2026-08-29T02:00", ("0.66", "0.022", "1.98")),
        ("deepseek-v4-pro", "2026-11-30T02:00", ("1.32", "0.044", "3.96")),
    ],
)
def test_deepseek_is_priced_by_day_weekday_and_time(
    book: PriceBook, model: str, time: str, prices: tuple[str, ...]
) -> None:
    moment = datetime.fromisoformat(time)
    found = unit_prices(book, model, moment.date(), 1, moment.hour * 60 + moment.minute)
    assert found == dict(zip(("input", "cached_input", "output"), map(Decimal, prices), strict=True))


def test_opus_3_is_known_by_its_dated_name(book: PriceBook) -> None:
    assert book.resolve(None, "claude-3-opus-20240229", date(2025, 1, 1)).model == "claude-3-opus-latest"
