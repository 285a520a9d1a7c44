"""What docs/costs.md says: its worked example, computed, and its tables, read against the code."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.cli.output import _cell as shown
from usage_pipeline.costs.book.prices import APART, INHERITED
from usage_pipeline.costs.tables import CLASSES
from usage_pipeline.events.record import RECORD_NAMES
from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.registry import PRICING_DIMENSIONS, UNSPLIT, TokenClass
from usage_pipeline.settings import Settings
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.costs.rating import book_of, rating
from usage_pipeline_tests.costs.reading import costs_of
from usage_pipeline_tests.support import Landing, land_and_compute
from usage_pipeline_tests.test_docs import blocks, document, section


def example(heading: str = "A worked example") -> str:
    return section(document("docs/costs.md"), heading)


def printed(text: str) -> list[list[str]]:
    """The rows of the printed table."""
    (table,) = blocks(text, "text")
    return [re.split(r"\s{2,}", line.strip()) for line in table.splitlines() if line.startswith(" 2026")]


def test_the_example_costs_what_is_printed_there(new_settings: Callable[..., Settings], open_on: OpenOn) -> None:
    settings = new_settings()
    settings.reference.mkdir(parents=True)
    (prices,) = blocks(example(), "yaml")
    (settings.reference / "prices.yaml").write_text(prices)
    (lines,) = blocks(example(), "jsonl")
    Landing(settings.landing).write("persona", "2026-02-21", lines.splitlines())
    query = CostQuery(date(2026, 2, 20), date(2026, 2, 21), ("day", "model", "class"))
    with open_on(settings) as storage:
        land_and_compute(storage, "costs")
        found = costs_of(storage, query)
    assert [
        list(
            map(
                shown,
                (
                    *cost.group,
                    *(cost.tokens, cost.unpriced_tokens, cost.coverage, cost.amount, cost.missing_days),
                ),
            )
        )
        for cost in found
    ] == printed(example())


def table_of(text: str, title: str) -> dict[str, list[str]]:
    """The cells of a table by the first of its row, whose heading begins with this."""
    lines = text[text.index(f"| {title} |") :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z0-9_]+)`", cell))


WITHOUT_OWN = {TokenClass.REQUEST: "free"}
DEMANDED = {
    TokenClass.INPUT: {"audio_in", "image_in"},
    TokenClass.CACHED_INPUT: {"audio_in", "image_in"},
    TokenClass.CACHE_WRITE: {"cache_write"},
    TokenClass.OUTPUT: {"audio_out", "image_out"},
}


def test_the_table_of_classes_says_what_is_priced() -> None:
    found = table_of(example("What is priced"), "Class")
    assert list(found) == [str(name) for name in CLASSES]
    for name, (_, without, counted) in found.items():
        inherited = INHERITED.get(TokenClass(name)) if name != UNSPLIT else None
        expected = f"`{inherited}`" if inherited else WITHOUT_OWN.get(name, "unpriced")  # type: ignore[call-overload]  # a text
        assert (name, without, names(counted)) == (name, expected, DEMANDED.get(name, set()))  # type: ignore[call-overload]  # a text


def test_the_table_of_parts_says_what_a_log_must_count() -> None:
    found = table_of(example("What is priced"), "Part")
    assert {part: names(cells[0]) for part, cells in found.items()} == {
        part: {str(name) for name in classes} for part, classes in APART.items()
    }
    assert {name for cells in found.values() for name in names(cells[1])} <= set(RECORD_NAMES)


@pytest.mark.parametrize("name", DEMANDED)
@pytest.mark.parametrize("part", APART)
def test_a_class_is_unpriced_exactly_if_a_part_that_it_demands_is_not_counted(
    tmp_path: Path, name: TokenClass, part: str
) -> None:
    text = 'input: "1", cached_input: "1", cache_write: "1", output: "1"'
    prices = ", ".join([text, *(f'{other}: "1"' for other in sorted(APART[part]))])
    record = {"tokens_in": 3, "tokens_cached": 1, "tokens_cache_write": 1, "tokens_out": 1}
    with rating(book_of(tmp_path, price("one", prices)), [record]) as rated:
        reasons = {str(row["class"]): row["unpriced"] for row in rated.rows()}
    assert reasons[name] == ("no_split" if part in DEMANDED[name] else "")


def test_the_table_of_columns_says_which_values_are_usual() -> None:
    found = table_of(example("What is priced"), "Column")
    assert {column: names(cells[0]) for column, cells in found.items()} == {
        dimension.name: set(dimension.usual) for dimension in PRICING_DIMENSIONS
    }


def test_the_example_of_conditions_is_a_file_of_prices(tmp_path: Path) -> None:
    (written,) = blocks(example("What is priced"), "yaml")
    book = book_of(tmp_path, written)
    batch_in_europe = frozenset({("service_tier", "batch"), ("region", "eu")})
    found = book.resolve(None, "house-chat", date(2026, 3, 1), batch_in_europe).price
    assert found is not None
    assert found.tiers[0].prices[TokenClass.INPUT] == Decimal("0.0000006")
