"""The worked example of docs/costs.md, computed."""

import re
from collections.abc import Callable
from datetime import date

from usage_pipeline.cli.output import _cell as shown
from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.costs.reading import costs_of
from usage_pipeline_tests.support import Landing
from usage_pipeline_tests.test_docs import blocks, document, section


def example(heading: str = "A worked example") -> str:
    return section(document("docs/costs.md"), heading)


def printed(text: str) -> list[list[str]]:
    """The rows of the printed table."""
    (table,) = blocks(text, "text")
    return [re.split(r"\s{2,}", line.strip()) for line in table.splitlines() if line.startswith(" 2026")]


def test_the_example_costs_what_is_printed_there(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings()
    settings.reference.mkdir(parents=True)
    (prices,) = blocks(example(), "yaml")
    (settings.reference / "prices.yaml").write_text(prices)
    (lines,) = blocks(example(), "jsonl")
    Landing(settings.landing).write("persona", "2026-02-21", lines.splitlines())
    query = CostQuery(date(2026, 2, 20), date(2026, 2, 21), ("day", "model", "class"))
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
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
