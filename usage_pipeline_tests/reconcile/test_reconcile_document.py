"""The example of reconciling in docs/costs.md, computed."""

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

from usage_pipeline.cli.output import _cell as shown
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.reconcile.comparing import Question, reconcile
from usage_pipeline.reconcile.export import Provider
from usage_pipeline.reconcile.reading import read_export
from usage_pipeline.settings import Settings
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.costs.test_costs_document import example, printed
from usage_pipeline_tests.reconcile.exports import write
from usage_pipeline_tests.support import Landing
from usage_pipeline_tests.test_docs import blocks

SECTION = example("Reconciling with the provider")


def test_the_example_compares_as_is_printed_there(
    new_settings: Callable[..., Settings], open_on: OpenOn, tmp_path: Path
) -> None:
    settings = new_settings()
    (lines,), (usage,) = blocks(SECTION, "jsonl"), blocks(SECTION, "json")
    Landing(settings.landing).write("persona", "2026-02-20", lines.splitlines())
    export = read_export(write(tmp_path, usage), Provider.OPENAI)
    with open_on(settings) as storage:
        refresh(storage, PlainRunner(storage))
        found = reconcile(storage, Provider.OPENAI, export, Question(export.whole_days))
    assert [list(map(shown, astuple(row))) for row in found.comparisons] == printed(SECTION)
