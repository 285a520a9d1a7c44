"""Two sources that bring the same metric for one tenant and day may report the same usage."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import FORMAT, line, write_format
from usage_pipeline_tests.series.reading import MAY, Run, day
from usage_pipeline_tests.support import Landing, prompt

CALLBACK = """
description: Results, told a second time.
format: jsonl
identity: [$.id]
tenant: $.tenant
type: {constant: event}
times:
  occurred_at: {field: $.time, format: iso}
meters: []
"""


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    folder = write_format(tmp_path / "formats")
    (folder / "second.yaml").write_text(f"{FORMAT}  tokens_total: $.tokens\n")
    (folder / "third.yaml").write_text(f"{FORMAT}  tokens_total: $.tokens\n")
    (folder / "callback.yaml").write_text(CALLBACK)
    return new_settings(formats_dir=folder)


def test_two_sources_with_tokens_of_one_tenant_and_day_are_found(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("second", "2026-05-01", [line("e1", "event", tokens=50)])
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T09:00:00Z")])
    run_to_breakdowns()
    assert double_metered(storage, *MAY) == [
        DoubleMetering(day("2026-05-01"), "acme", "tokens_total", ("persona", "second"), alike=False)
    ]


@pytest.mark.parametrize(
    ("fields", "alike"),
    [
        ({"tokens": 1000, "messages": 40}, True),
        ({"tokens": 950, "messages": 38}, True),
        ({"tokens": 949, "messages": 40}, False),
        ({"tokens": 1000, "messages": 37}, False),
        ({"tokens": 1000}, False),
        ({"tokens": 1000, "messages": 40, "tool_calls": 1}, True),
    ],
)
def test_sources_are_alike_if_they_differ_by_at_most_a_twentieth_on_two_metrics_and_on_none_by_more(
    storage: Storage, landing: Landing, run_to_breakdowns: Run, fields: dict[str, int], *, alike: bool
) -> None:
    landing.write("second", "2026-05-01", [line("e1", "event", tokens=1000, messages=40, tool_calls=2)])
    landing.write("third", "2026-05-01", [line("e1", "event", **fields)])
    run_to_breakdowns()
    assert {case.alike for case in double_metered(storage, *MAY)} == {alike}


def test_each_metric_that_both_bring_is_named(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    for source in ("generic", "second"):
        fields = {"messages": 2, "tool_calls": 1, "conversation_id": "c1"}
        landing.write(source, "2026-05-01", [line("e1", "event", **fields)])
    run_to_breakdowns()
    assert [(case.metric, case.sources) for case in double_metered(storage, *MAY)] == [
        ("conversations", ("generic", "second")),
        ("messages", ("generic", "second")),
        ("tool_calls", ("generic", "second")),
    ]


def test_other_metrics_days_and_tenants_are_no_double_metering(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("generic", "2026-05-03", [line("e1", "request", "2026-05-01T08:00:00Z")])
    second = [
        line("e1", "message", "2026-05-01T08:00:00Z"),
        line("e2", "request", "2026-05-02T08:00:00Z"),
        {**line("e3", "request", "2026-05-01T08:00:00Z"), "tenant": "zeta"},
    ]
    landing.write("second", "2026-05-03", second)
    run_to_breakdowns()
    assert double_metered(storage, *MAY) == []


def test_days_outside_the_range_are_not_looked_at(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    for source in ("generic", "second"):
        landing.write(source, "2026-05-01", [line("e1", "request")])
    run_to_breakdowns()
    assert double_metered(storage, day("2026-05-02"), day("2026-05-31")) == []


def test_a_source_without_meters_never_appears(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z", conversationId="c1")])
    landing.write("callback", "2026-05-01", [line("e1", "done", tokens=120)])
    run_to_breakdowns()
    assert double_metered(storage, *MAY) == []
