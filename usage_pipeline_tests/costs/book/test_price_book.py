from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.price_book import PriceBook, Unpriced, price_book
from usage_pipeline.costs.book.prices import Tier, Window
from usage_pipeline.registry import TokenClass
from usage_pipeline.settings import Settings
from usage_pipeline_tests.costs.generic import price, write_prices

DAY = date(2026, 5, 1)


def book(tmp_path: Path, text: str = "") -> PriceBook:
    """The catalogue, behind a file with this text."""
    write_prices(tmp_path, text)
    return current_price_book(Settings.load(reference_dir=tmp_path))


def test_the_file_counts_before_the_catalogue(tmp_path: Path) -> None:
    text = price("ours", 'input: "7"', provider="openai", model="gpt-4o")
    found = book(tmp_path, text).resolve("openai", "gpt-4o", DAY)
    assert found.price is not None
    assert found.price.id == "ours"


def test_the_catalogue_counts_on_days_for_which_the_file_has_no_price(tmp_path: Path) -> None:
    text = price("ours", 'input: "7"', provider="openai", model="gpt-4o")
    found = book(tmp_path, text).resolve("openai", "gpt-4o", date(2025, 12, 31))
    assert found.price is not None
    assert found.price.id == "catalogue/openai/gpt-4o"


def test_a_price_of_the_catalogue_is_per_token_and_names_its_source(tmp_path: Path) -> None:
    found = book(tmp_path).resolve("openai", "gpt-4o-mini", DAY).price
    assert found is not None
    assert found.tiers[0].prices == {
        TokenClass.INPUT: Decimal("0.00000015"),
        TokenClass.CACHED_INPUT: Decimal("0.000000075"),
        TokenClass.OUTPUT: Decimal("0.0000006"),
        TokenClass.WEB_SEARCH: Decimal("0.01"),
    }
    assert found.source == "genai-prices 0.2.3"


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2025, 6, 9), "0.00001"), (date(2025, 6, 10), "0.000002"), (DAY, "0.000002")]
)
def test_a_price_of_the_catalogue_changes_on_its_day(tmp_path: Path, day: date, expected: str) -> None:
    found = book(tmp_path).resolve("openai", "o3", day).price
    assert found is not None
    assert found.tiers[0].prices[TokenClass.INPUT] == Decimal(expected)


def test_an_exact_alias_of_the_catalogue_is_its_model(tmp_path: Path) -> None:
    assert book(tmp_path).resolve("openai", "o3-2025-04-16", DAY).model == "o3"


@pytest.mark.parametrize(
    "name",
    [
        "claude-3-5-sonnet-v2",  # the catalogue's pattern: starts with claude-3-5-sonnet
        "gpt-4o-of-ours",
        "GPT-4o",
        "o3 ",
    ],
)
def test_names_that_only_a_pattern_would_match_are_unknown(tmp_path: Path, name: str) -> None:
    assert book(tmp_path).resolve(None, name, DAY).unpriced is Unpriced.UNKNOWN_MODEL


def test_a_name_without_a_provider_is_the_first_partys(tmp_path: Path) -> None:
    found = book(tmp_path).resolve(None, "gpt-4o", DAY)  # github-copilot has one too
    assert (found.provider, found.unpriced) == ("openai", None)


def test_a_name_of_resellers_only_has_no_provider(tmp_path: Path) -> None:
    found = book(tmp_path).resolve(None, "anthropic/claude-3.7-sonnet", DAY)
    assert found.unpriced is Unpriced.NO_PROVIDER


SONNET = "claude-sonnet-4-5"
"""In the catalogue a model of anthropic, who make it, and one of google, who sell it."""


def test_a_name_of_several_first_parties_is_the_one_that_makes_it(tmp_path: Path) -> None:
    found = book(tmp_path).resolve(None, SONNET, DAY)
    assert (found.provider, found.price and found.price.id) == ("anthropic", f"catalogue/anthropic/{SONNET}")


def test_a_record_that_names_another_seller_has_the_price_of_that_one(tmp_path: Path) -> None:
    found = book(tmp_path).resolve("google", SONNET, DAY)
    assert (found.provider, found.price and found.price.id) == ("google", f"catalogue/google/{SONNET}")


def test_in_the_catalogue_no_name_is_left_to_several_first_parties(tmp_path: Path) -> None:
    catalogue = book(tmp_path)
    names = {name for provider, name in catalogue.names if provider in catalogue.first_parties}
    several = {name for name in names if catalogue.resolve(None, name, DAY).unpriced is Unpriced.NO_PROVIDER}
    assert several == set()
    assert {catalogue.resolve(None, name, DAY).provider for name in catalogue.makers} == {"anthropic"}
    assert len(catalogue.makers) == 18


def test_prices_of_the_file_for_another_seller_leave_the_maker_its_name(tmp_path: Path) -> None:
    text = price("sold", 'input: "9"', provider="google", model="claude-opus-4-1")
    found = book(tmp_path, text).resolve(None, "claude-opus-4-1", DAY)
    assert found.provider == "anthropic"


def test_a_provider_that_the_catalogue_does_not_know_may_mean_its_own_model(tmp_path: Path) -> None:
    text = price("ours", 'input: "9"', provider="house", model=SONNET)
    assert book(tmp_path, text).resolve(None, SONNET, DAY).unpriced is Unpriced.NO_PROVIDER


def test_a_stored_book_from_before_makers_were_known_resolves_as_it_did(tmp_path: Path) -> None:
    before = replace(book(tmp_path), makers={})
    assert "makers" not in before.document
    read = price_book(before.document)
    assert (read.version, read.resolve(None, SONNET, DAY).unpriced) == (before.version, Unpriced.NO_PROVIDER)


def test_a_stored_book_keeps_the_makers(tmp_path: Path) -> None:
    read = price_book(book(tmp_path).document)
    assert read.resolve(None, SONNET, DAY).provider == "anthropic"


def test_a_name_of_two_first_parties_of_which_neither_is_known_to_make_it_has_no_provider(tmp_path: Path) -> None:
    text = price("one", 'input: "1"', provider="p") + price("two", 'input: "2"', provider="q")
    assert book(tmp_path, text).resolve(None, "m", DAY).unpriced is Unpriced.NO_PROVIDER
    found = book(tmp_path, text).resolve("q", "m", DAY).price
    assert found is not None
    assert found.id == "two"


def test_a_price_of_ones_own_for_a_shared_name_applies_to_records_without_a_provider(tmp_path: Path) -> None:
    text = price("ours", 'input: "7"', provider="anthropic", model="claude-sonnet-4-5")
    found = book(tmp_path, text).resolve(None, "claude-sonnet-4-5", DAY).price
    assert found is not None
    assert found.id == "ours"


def test_an_alias_gives_the_provider_too(tmp_path: Path) -> None:
    text = "- {id: n, provider: openrouter, model: anthropic/claude-3.7-sonnet, aliases: [sonnet]}\n"
    found = book(tmp_path, text).resolve(None, "sonnet", DAY)
    assert (found.provider, found.model) == ("openrouter", "anthropic/claude-3.7-sonnet")


def test_an_alias_of_another_provider_does_not_count(tmp_path: Path) -> None:
    text = "- {id: n, provider: openrouter, model: anthropic/claude-3.7-sonnet, aliases: [sonnet]}\n"
    assert book(tmp_path, text).resolve("openai", "sonnet", DAY).unpriced is Unpriced.UNKNOWN_MODEL


def test_a_record_without_a_model_has_no_price(tmp_path: Path) -> None:
    assert book(tmp_path).resolve("openai", None, DAY).unpriced is Unpriced.NO_MODEL


def test_before_its_first_day_a_price_is_not_in_force(tmp_path: Path) -> None:
    found = book(tmp_path, price("ours", 'input: "1"')).resolve("p", "m", date(2025, 12, 31))
    assert found.unpriced is Unpriced.NOT_IN_FORCE


def test_the_version_is_the_content(tmp_path: Path) -> None:
    one, other = price("ours", 'input: "1"'), price("ours", 'input: "2"')
    first = book(tmp_path, one).version
    assert book(tmp_path, "# a comment\n" + one).version == first
    assert book(tmp_path, other).version != first
    assert book(tmp_path, one).version == first


def test_a_book_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    written = book(tmp_path, price("ours", 'input: "0.041666666666666664"'))
    read = price_book(written.document)
    assert read == written
    assert read.version == written.version


WITH_WINDOW = (
    '{"aliases":[],"first_parties":["p"],"names":[],"prices":[{"end":null,"first":"2026-01-01","id":"one","model":"m",'
    '"provider":"p","source":"test","tiers":[[0,{"input":"1"}]],"windows":[[990,30,[[0,{"input":"0.5"}]]]]}]}'
)
"""A stored book from before windows had days, before rules and makers."""


def test_a_stored_book_with_a_window_of_every_day_keeps_its_version() -> None:
    read = price_book(WITH_WINDOW)
    assert read.document == WITH_WINDOW
    assert read.prices[0].windows == (Window(990, 30, (Tier(0, {TokenClass.INPUT: Decimal("0.5")}),)),)


def test_a_stored_window_keeps_its_days(tmp_path: Path) -> None:
    window = '{from: "01:00", to: "04:00", weekdays: [mon], from_day: 2026-05-01, prices: {input: "2"}}'
    written = book(tmp_path, price("ours", 'input: "1"', windows=f"[{window}]"))
    assert price_book(written.document) == written


@pytest.mark.parametrize(
    ("model", "day", "windows"),
    [
        ("deepseek-v4-flash", date(2026, 8, 16), 0),
        ("deepseek-v4-flash", date(2026, 9, 9), 0),
        ("deepseek-v4-flash", date(2026, 9, 10), 2),
        ("deepseek-v4-pro", date(2026, 8, 16), 0),
        ("deepseek-v4-pro", date(2026, 8, 17), 2),
        ("deepseek-flash", date(2026, 8, 16), 2),
    ],
)
def test_a_time_of_day_of_the_catalogue_belongs_to_the_price_that_it_follows(
    tmp_path: Path, model: str, day: date, windows: int
) -> None:
    found = book(tmp_path).resolve("deepseek", model, day).price
    assert found is not None
    assert len(found.windows) == windows


def test_every_price_of_the_catalogue_covers_the_day_once(tmp_path: Path) -> None:
    for entry in book(tmp_path).prices:
        small = [(band.from_minute, band.to_minute) for band in entry.bands(DAY) if band.above_tokens_in == -1]
        assert [start for start, _ in small] == [0, *(end for _, end in small[:-1])]
        assert small[-1][1] == 24 * 60
