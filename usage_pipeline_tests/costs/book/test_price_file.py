from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.costs.book.price_file import Alias, PriceFile, read_price_file
from usage_pipeline.costs.book.prices import Price, Tier, Window
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.registry import TokenClass
from usage_pipeline_tests.costs.generic import write_prices

ENTRY = """
- id: a/one
  provider: a
  model: one
  from: 2026-01-01
  prices: {input: "1"}
  source: test
"""

OF_NO_DAY = '{from: "01:00", to: "04:00", from_day: 2026-02-01, to_day: 2026-02-01, prices: {}}'


def test_a_price_per_million_tokens_is_exact_per_token(tmp_path: Path) -> None:
    file = write_prices(tmp_path, ENTRY.replace('"1"', '"0.041666666666666664"'))
    (price,) = read_price_file(file).prices
    assert price == Price(
        id="a/one",
        provider="a",
        model="one",
        first=date(2026, 1, 1),
        end=None,
        tiers=(Tier(0, {TokenClass.INPUT: Decimal("0.000000041666666666666664")}),),
        source="test",
    )


@pytest.mark.parametrize(("unit", "expected"), [("thousand_tokens", "0.003"), ("token", "3")])
def test_a_price_may_stand_for_another_number_of_tokens(tmp_path: Path, unit: str, expected: str) -> None:
    file = write_prices(tmp_path, ENTRY.replace('"1"', '"3"') + f"  unit: {unit}\n")
    (price,) = read_price_file(file).prices
    assert price.tiers[0].prices == {TokenClass.INPUT: Decimal(expected)}


def test_requests_and_tool_calls_are_priced_by_the_one(tmp_path: Path) -> None:
    file = write_prices(tmp_path, ENTRY.replace('input: "1"', 'request: "0.01", tool_call: "0.002"'))
    (price,) = read_price_file(file).prices
    assert price.tiers[0].prices == {TokenClass.REQUEST: Decimal("0.01"), TokenClass.TOOL_CALL: Decimal("0.002")}


def test_in_its_window_an_off_peak_price_takes_the_place_of_that_of_its_class(tmp_path: Path) -> None:
    off_peak = '  off_peak: {from: "16:30", to: "00:30", prices: {input: "0.5"}}\n'
    file = write_prices(tmp_path, ENTRY.replace('"1"', '"1", output: "2"') + off_peak + "  unit: token\n")
    (price,) = read_price_file(file).prices
    inside = Tier(0, {TokenClass.INPUT: Decimal("0.5"), TokenClass.OUTPUT: Decimal(2)})
    assert price.windows == (Window(16 * 60 + 30, 30, (inside,)),)


def test_windows_have_weekdays_and_days_of_their_own(tmp_path: Path) -> None:
    windows = """  unit: token
  windows:
    - {from: "01:00", to: "04:00", to_day: 2026-08-23, prices: {input: "2"}}
    - {from: "06:00", to: "10:00", from_day: 2026-08-23, weekdays: [fri, mon], prices: {input: "3"}}
"""
    (price,) = read_price_file(write_prices(tmp_path, ENTRY + windows)).prices
    assert price.windows == (
        Window(60, 240, (Tier(0, {TokenClass.INPUT: Decimal(2)}),), end=date(2026, 8, 23)),
        Window(360, 600, (Tier(0, {TokenClass.INPUT: Decimal(3)}),), (0, 4), first=date(2026, 8, 23)),
    )


def test_aliases_without_prices_name_a_model_of_the_catalogue(tmp_path: Path) -> None:
    file = write_prices(tmp_path, "- {id: names, provider: openai, model: gpt-4o, aliases: [our-gpt]}\n")
    assert read_price_file(file) == PriceFile((), (Alias("our-gpt", "openai", "gpt-4o"),))


def test_without_a_file_there_are_no_prices(tmp_path: Path) -> None:
    assert read_price_file(tmp_path / "prices.yaml") == PriceFile()


@pytest.mark.parametrize(
    ("was", "now", "named"),
    [
        ('"1"', "1", "a/one: prices.input: expected a decimal number in quotes"),
        ('"1"', "0.1", "a/one: prices.input: expected a decimal number in quotes"),
        ('"1"', "true", "a/one: prices.input: expected a decimal number in quotes"),
        ('"1"', '"-1"', "a/one: prices.input: expected 0 or more, found '-1'."),
        ('"1"', '"NaN"', "a/one: prices.input: expected a finite number"),
        ('"1"', '"Infinity"', "a/one: prices.input: expected a finite number"),
        (
            '"1"',
            '"one"',
            "a/one: prices.input: expected a decimal number in quotes, such as \"99.50\", found 'one'.",
        ),
        ('"1"', '"0.0000000000000000001"', "a/one: a price per unit has at most 24 decimals"),
        ("input", "inputs", "a/one: prices.inputs: expected 'input', 'cached_input'"),
        ("source: test", "", "a/one: a price needs `from`, its first day, and its `source`."),
        ("from: 2026-01-01", "to: 2026-01-01", "a/one: a price needs `from`"),
        ("source: test", "source: test\n  to: 2026-01-01", "a/one: `to` is not after `from`"),
        ("source: test", "source: test\n  currency: EUR", "a/one: currency: expected USD"),
        ("source: test", "source: test\n  price: 1", "a/one: price: there is no such key; did you mean 'prices'?"),
        (
            "source: test",
            "source: test\n  unit: gram",
            "a/one: unit: expected 'million_tokens', 'thousand_tokens' or 'token', found 'gram'.",
        ),
        ("id: a/one\n  ", "", "entry 1: id: it is missing."),
        ('prices: {input: "1"}', "", "a/one: expected prices or tiers, or aliases"),
        ('prices: {input: "1"}', "tiers: [{above_tokens_in: 5, prices: {}}]", "tiers in ascending order"),
        (
            "source: test",
            'source: test\n  off_peak: {from: "16:30", to: "16:30", prices: {}}',
            "a/one: off_peak: from and to are the same time",
        ),
        (
            "source: test",
            'source: test\n  off_peak: {from: "24:30", to: "16:30", prices: {}}',
            'a/one: off_peak.from: expected a time of day in quotes, from "00:00" to "23:59"',
        ),
        (
            "source: test",
            'source: test\n  windows: [{from: "01:00", to: "04:00", weekdays: [monday], prices: {}}]',
            "a/one: windows.0.weekdays.0: expected 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun', found",
        ),
        (
            "source: test",
            'source: test\n  windows: [{from: "01:00", to: "04:00", from_day: soon, prices: {}}]',
            "a/one: windows.0.from_day: expected a day, YYYY-MM-DD, found 'soon'.",
        ),
        (
            "source: test",
            'source: test\n  windows: [{from: "1:00", to: "04:00", prices: {}}]',
            'a/one: windows.0.from: expected a time of day in quotes, from "00:00" to "23:59".',
        ),
        (
            "source: test",
            f"source: test\n  windows: [{OF_NO_DAY}]",
            "a/one: windows.0: to_day is not after from_day",
        ),
        (
            "source: test",
            'source: test\n  off_peak: &w {from: "01:00", to: "04:00", prices: {}}\n  windows: [*w]',
            "a/one: expected off_peak, which is one window, or windows, not both.",
        ),
    ],
)
def test_a_bad_entry_is_an_error_that_names_file_and_entry(tmp_path: Path, was: str, now: str, named: str) -> None:
    file = write_prices(tmp_path, ENTRY.replace(was, now))
    with pytest.raises(ReferenceFileError) as raised:
        read_price_file(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert named in str(raised.value)


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (
            ENTRY.replace("a/one", "a/two"),
            "a/two: from: on 2026-01-01 the price a/one of the same model is in force",
        ),
        (ENTRY.replace("from: 2026-01-01", "from: 2026-02-01").replace("a/one", "b"), "b: from: on 2026-02-01"),
        (ENTRY.replace("model: one", "model: two"), "a/one: id: two entries have it"),
    ],
)
def test_two_prices_of_one_model_on_one_day_are_an_error(tmp_path: Path, second: str, named: str) -> None:
    file = write_prices(tmp_path, ENTRY + second)
    with pytest.raises(ReferenceFileError, match=named):
        read_price_file(file)


def test_one_name_for_two_models_is_an_error(tmp_path: Path) -> None:
    entries = [f"- {{id: {name}, provider: a, model: {name}, aliases: [both]}}\n" for name in ("one", "two")]
    with pytest.raises(ReferenceFileError, match="two: aliases: 'both' is already an alias of one of a"):
        read_price_file(write_prices(tmp_path, "".join(entries)))


def test_an_alias_that_is_the_model_of_another_entry_is_an_error(tmp_path: Path) -> None:
    text = ENTRY + "- {id: names, provider: b, model: two, aliases: [one]}\n"
    expected = "names: aliases: 'one' is the model of the entry a/one; remove the alias, or rename that model"
    with pytest.raises(ReferenceFileError, match=expected):
        read_price_file(write_prices(tmp_path, text))


def test_every_wrong_key_of_an_entry_is_told_at_once(tmp_path: Path) -> None:
    file = write_prices(
        tmp_path, ENTRY.replace("id: a/one", "id: a/one\n  modle: one").replace("  model: one\n", "")
    )
    with pytest.raises(ReferenceFileError) as raised:
        read_price_file(file)
    assert str(raised.value).splitlines() == [
        f"{file}: a/one: model: it is missing.",
        f"{file}: a/one: modle: there is no such key; did you mean 'model'?",
    ]


def test_a_file_that_is_no_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError, match="expected a list of entries"):
        read_price_file(write_prices(tmp_path, "one: {}\n"))
