"""Cases from bug reports: what their usage costs by the shipped prices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.cases import settings_of_case
from usage_pipeline_tests.costs.reading import Cost, costs_of
from usage_pipeline_tests.support import shared

New = Callable[..., Settings]


@contextmanager
def landed(settings: Settings) -> Iterator[Storage]:
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        yield storage


def amounts(storage: Storage, days: tuple[date, date], *group_by: str) -> list[tuple[object, ...]]:
    """The groups with their amounts, without missing days."""
    found = costs_of(storage, CostQuery(*days, group_by))
    return [(*cost.group, cost.amount) for cost in found if cost.tokens is not None]


def test_dated_names_of_claude_have_the_price_of_the_model(new_settings: New) -> None:
    day = date(2026, 9, 5)
    with landed(settings_of_case(new_settings, "dated-claude-name")) as storage:
        assert costs_of(storage, CostQuery(day, day, ("model",))) == [
            Cost(("claude-haiku-4-5",), 2200, 0, Decimal(100), Decimal("0.003"), 0),
            Cost(("claude-sonnet-4-5-20250929",), 1100, 0, Decimal(100), Decimal("0.0045"), 0),
        ]


def test_deepseek_has_peak_times_from_the_day_on_which_it_introduced_them(new_settings: New) -> None:
    days = date(2026, 8, 3), date(2026, 8, 29)
    with landed(settings_of_case(new_settings, "deepseek-windows")) as storage:
        assert amounts(storage, days, "day", "model") == [
            (date(2026, 8, 3), "deepseek-v4-flash", Decimal("0.14")),
            (date(2026, 8, 3), "deepseek-v4-pro", Decimal("0.435")),
            (date(2026, 8, 26), "deepseek-v4-flash", Decimal("0.44")),
            (date(2026, 8, 26), "deepseek-v4-pro", Decimal("1.32")),
            (date(2026, 8, 29), "deepseek-v4-pro", Decimal("0.66")),
        ]


def test_a_region_in_a_name_has_its_own_price_or_none(new_settings: New) -> None:
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
