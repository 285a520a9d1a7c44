"""Cases from bug reports: what their usage costs by the shipped prices."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cases import persona_with, settings_of_case, with_fields
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.costs.reading import Cost, costs_of
from usage_pipeline_tests.support import land_and_compute, shared

New = Callable[..., Settings]


Landed = Callable[[Settings], AbstractContextManager[Storage]]


@pytest.fixture
def landed(open_on: OpenOn) -> Landed:
    """Opens the storage of a case, landed and computed."""

    @contextmanager
    def land(settings: Settings) -> Iterator[Storage]:
        with open_on(settings) as storage:
            land_and_compute(storage, "costs")
            yield storage

    return land


def amounts(storage: Storage, days: tuple[date, date], *group_by: str) -> list[tuple[object, ...]]:
    """The groups with their amounts, without missing days."""
    found = costs_of(storage, CostQuery(*days, group_by))
    return [(*cost.group, cost.amount) for cost in found if cost.tokens is not None]


def case_with_fields(new_settings: New, name: str, folder: Path, **fields: str) -> Settings:
    """The settings of a case, whose format also maps these fields."""
    formats = shutil.copytree(shared("cases", name, "mappings"), folder / "formats")
    for file in formats.iterdir():
        file.write_text(with_fields(file.read_text(), **fields))
    return settings_of_case(new_settings, name, formats_dir=formats)


def by_class(storage: Storage, day: date) -> dict[str, Decimal | None]:
    return {str(name): amount for name, amount in amounts(storage, (day, day), "class")}  # type: ignore[misc]  # an amount


ONE_HOUR = {"tokens_cache_write_1h": "$.usage.cache_creation.ephemeral_1h_input_tokens"}
DAY = date(2026, 8, 25)


def test_dated_names_of_claude_have_the_price_of_the_model(new_settings: New, landed: Landed) -> None:
    day = date(2026, 9, 5)
    with landed(settings_of_case(new_settings, "dated-claude-name")) as storage:
        assert costs_of(storage, CostQuery(day, day, ("model",))) == [
            Cost(("claude-haiku-4-5",), 2200, 0, Decimal(100), Decimal("0.003"), 0),
            Cost(("claude-sonnet-4-5-20250929",), 1100, 0, Decimal(100), Decimal("0.0045"), 0),
        ]


def test_deepseek_has_peak_times_from_the_day_on_which_it_introduced_them(
    new_settings: New, landed: Landed
) -> None:
    days = date(2026, 8, 3), date(2026, 8, 29)
    with landed(settings_of_case(new_settings, "deepseek-windows")) as storage:
        assert amounts(storage, days, "day", "model") == [
            (date(2026, 8, 3), "deepseek-v4-flash", Decimal("0.14")),
            (date(2026, 8, 3), "deepseek-v4-pro", Decimal("0.435")),
            (date(2026, 8, 26), "deepseek-v4-flash", Decimal("0.44")),
            (date(2026, 8, 26), "deepseek-v4-pro", Decimal("1.32")),
            (date(2026, 8, 29), "deepseek-v4-pro", Decimal("0.66")),
        ]


def test_a_region_in_a_name_has_its_own_price_or_none(new_settings: New, landed: Landed) -> None:
    """A million tokens of Claude Opus 5 in the United States cost 5.5 dollars, not the 5 of the model."""
    day, case = date(2026, 8, 27), "tier-in-name"
    for extra, amount in (
        ("", None),
        (shared("cases", case, "reference", "prices.extra.yaml").read_text(), "5.5"),
    ):
        settings = settings_of_case(new_settings, case, formats_dir=shared("cases", case, "mappings"))
        with (settings.reference / "prices.yaml").open("a") as prices:
            prices.write(extra)
        with landed(settings) as storage:
            found = dict(amounts(storage, (day, day), "model"))
        assert found == {"(none)": None, "claude-opus-5:us": Decimal(amount) if amount else None}


def test_audio_that_the_log_does_not_count_has_no_price(new_settings: New, landed: Landed) -> None:
    """Two requests of 1,500 tokens each, of models whose audio costs more than their text."""
    with landed(settings_of_case(new_settings, "audio-tokens")) as storage:
        assert costs_of(storage, CostQuery(DAY, DAY, ("model",), (("tenant", "t-audio"),))) == [
            Cost(("gpt-4o-audio-preview",), 1500, 1500, Decimal(0), None, 0),
            Cost(("gpt-audio",), 1500, 1500, Decimal(0), None, 0),
        ]


def test_audio_that_the_log_counts_costs_what_audio_costs(
    new_settings: New, landed: Landed, tmp_path: Path
) -> None:
    """The same requests in a log that says that all of their tokens are audio: 0.064 and 0.08."""
    formats = persona_with(tmp_path / "formats", tokens_in_audio="$.tokensIn", tokens_out_audio="$.tokensOut")
    settings = settings_of_case(new_settings, "audio-tokens", formats_dir=formats)
    with landed(settings) as storage:
        assert amounts(storage, (DAY, DAY), "model", "class") == [
            ("gpt-4o-audio-preview", "input_audio", Decimal("0.04")),
            ("gpt-4o-audio-preview", "output_audio", Decimal("0.04")),
            ("gpt-audio", "input_audio", Decimal("0.032")),
            ("gpt-audio", "output_audio", Decimal("0.032")),
        ]


def test_cache_writes_of_an_hour_cost_twice_the_input(new_settings: New, landed: Landed, tmp_path: Path) -> None:
    with landed(case_with_fields(new_settings, "cache-write-1h", tmp_path, **ONE_HOUR)) as storage:
        assert by_class(storage, DAY) == {"cache_write_1h": Decimal("3.44139")}


def test_cache_writes_of_an_unknown_length_have_no_price(
    new_settings: New, landed: Landed, tmp_path: Path
) -> None:
    with landed(case_with_fields(new_settings, "cache-write-1h", tmp_path)) as storage:
        assert by_class(storage, DAY) == {"cache_write": None}


def test_above_the_threshold_the_whole_request_has_the_higher_price(
    new_settings: New, landed: Landed, tmp_path: Path
) -> None:
    """100 x 6 + 150,000 x 0.6 + 60,000 x 7.5 + 1,000 x 22.5 dollars per million."""
    with landed(case_with_fields(new_settings, "long-context", tmp_path, **ONE_HOUR)) as storage:
        assert amounts(storage, (DAY, DAY)) == [(Decimal("0.5631"),)]


def test_searches_cost_ten_dollars_per_thousand(new_settings: New, landed: Landed, tmp_path: Path) -> None:
    """1,000 x 5 + 100 x 25 dollars per million, and three searches."""
    searches = "$.usage.server_tool_use.web_search_requests"
    settings = case_with_fields(new_settings, "web-search-fee", tmp_path, web_searches=searches)
    with landed(settings) as storage:
        assert by_class(storage, DAY) == {
            "input": Decimal("0.005"),
            "output": Decimal("0.0025"),
            "web_search": Decimal("0.03"),
            "tool_call": None,
        }


def test_tool_calls_without_a_price_are_shown_as_unpriced(
    new_settings: New, landed: Landed, tmp_path: Path
) -> None:
    with landed(case_with_fields(new_settings, "web-search-fee", tmp_path)) as storage:
        (row,) = read(storage, CostQuery(DAY, DAY)).rows
    assert (row["coverage"], row["fees"], row["unpriced_tool_calls"], row["fee_coverage"]) == (100, 3, 3, 0)
    assert row["amount"] == Decimal("0.0075")


def test_requests_of_one_region_cost_a_tenth_more(new_settings: New, landed: Landed, tmp_path: Path) -> None:
    """A million tokens: 5.5 dollars in the United States, and 5 of a model without regions."""
    formats = shutil.copytree(shared("cases", "tier-in-name", "mappings"), tmp_path / "formats")
    written = (formats / "claude_geo.yaml").read_text()
    plain = written.replace(
        "model: {join: [$.model, $.usage.inference_geo]}", "model: $.model\n  region: $.usage.inference_geo"
    )
    (formats / "claude_geo.yaml").write_text(plain)
    day = date(2026, 8, 27)
    with landed(settings_of_case(new_settings, "tier-in-name", formats_dir=formats)) as storage:
        assert amounts(storage, (day, day), "model", "region") == [
            ("claude-opus-4-5", "(none)", Decimal(5)),
            ("claude-opus-5", "us", Decimal("5.5")),
        ]


def test_reasoning_beside_the_output_costs_what_output_costs(
    new_settings: New, landed: Landed, tmp_path: Path
) -> None:
    formats = shutil.copytree(shared("cases", "reasoning-beside-output", "mappings"), tmp_path / "formats")
    for file in formats.iterdir():
        file.write_text(f"{file.read_text()}output_includes_reasoning: false\n")
    settings = settings_of_case(new_settings, "reasoning-beside-output", formats_dir=formats)
    with landed(settings) as storage:
        assert amounts(storage, (DAY, DAY), "tenant") == [
            ("t-gemini", Decimal("0.08585625")),
            ("t-gemini2", Decimal("0.00197")),
            ("t-xai", Decimal("0.0232856")),
        ]
