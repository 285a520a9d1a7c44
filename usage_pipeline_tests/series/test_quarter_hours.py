"""The quarter hours of a day: half open, in UTC, and together what the cube says of the day."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from usage_pipeline.registry import NONE, RECORD_METRIC_NAMES
from usage_pipeline.series.tables import DAILY_USAGE, USAGE_QUARTER_HOURS
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run
from usage_pipeline_tests.support import Landing, prompt, rows

at = datetime.fromisoformat
TIMES = (
    "2026-05-01T00:00:00Z",
    "2026-05-01T00:14:59.999999Z",
    "2026-05-01T00:15:00Z",
    "2026-05-01T07:29:59.999999Z",
    "2026-05-01T07:30:00Z",
    "2026-05-01T07:44:59.999999Z",
    "2026-05-01T07:45:00Z",
    "2026-05-01T23:59:59.999999Z",
    "2026-05-02T00:00:00Z",
)


def quarter_hours(storage: Storage, *names: str) -> list[tuple[Any, ...]]:
    return rows(storage, USAGE_QUARTER_HOURS.spec, "quarter_hour", *names)


def test_a_quarter_hour_includes_its_start_and_not_its_end(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("generic", "2026-05-02", [line(time, "event", time) for time in TIMES])
    run()
    assert quarter_hours(storage, "records") == [
        (at("2026-05-01T00:00"), 2),
        (at("2026-05-01T00:15"), 1),
        (at("2026-05-01T07:15"), 1),
        (at("2026-05-01T07:30"), 2),
        (at("2026-05-01T07:45"), 1),
        (at("2026-05-01T23:45"), 1),
        (at("2026-05-02T00:00"), 1),
    ]


def test_a_quarter_hour_is_by_tenant_source_type_and_model(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [
        line("e1", "event", model="m1"),
        line("e2", "event", model="m1", agent="a1"),
        line("e3", "request"),
        line("e4", "event", tenant="zeta", model="m1"),
    ]
    landing.write("generic", "2026-05-01", lines)
    run()
    assert rows(storage, USAGE_QUARTER_HOURS.spec, "tenant_id", "source", "type", "model", "records") == [
        ("acme", "generic", "event", "m1", 2),
        ("acme", "generic", "request", NONE, 1),
        ("zeta", "generic", "event", "m1", 1),
    ]


def test_a_day_without_records_has_no_quarter_hours(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("generic", "2026-05-01", [])
    run()
    assert quarter_hours(storage) == []


@pytest.fixture(scope="module")
def varied(computed: Callable[..., Storage]) -> Storage:
    """Records at the edges of quarter hours, of every kind of metric."""
    fields: dict[str, Any] = {"api_calls": 3, "tool_calls": 2, "messages": 5, "count": 4}
    lines = [
        line(f"{kind} {model} {time}", kind, time, model=model, agent=time[-4:], **fields)
        for kind in ("request", "prompt", "message", "conversation", "event")
        for model in ("m1", "m2", None)
        for time in TIMES
    ]
    events = ("persona_create", "persona_delete", "persona_timeline_append", "persona_timeline_supersede")
    tokens = {"cachedTokensIn": 30, "reasoningTokensOut": 5}
    personas = [
        *(prompt(f"p{time}", time, userId=time, **tokens) for time in TIMES),
        *(prompt(f"f{time}", time, status="failed", tenantId="zeta") for time in TIMES),
        *(prompt(f"{event}{time}", time, event=event) for event in events for time in TIMES),
        *(prompt(f"u{time}", time, event="file_upload", fileSize=2048) for time in TIMES),
    ]
    return computed({("generic", "2026-05-02"): lines, ("persona", "2026-05-02"): personas})


GROUP = ("day", "tenant_id", "source", "type", "model")


def sums(storage: Storage, table: DailyTable, metric: str) -> dict[tuple[Any, ...], int]:
    """A metric by what both tables know."""
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for *group, value in rows(storage, table.spec, *GROUP, metric):
        found[tuple(group)] += value
    return dict(found)


@pytest.mark.parametrize("metric", RECORD_METRIC_NAMES)
def test_the_quarter_hours_of_a_day_are_its_cube(varied: Storage, metric: str) -> None:
    assert sums(varied, USAGE_QUARTER_HOURS, metric) == sums(varied, DAILY_USAGE, metric)


def test_the_comparison_is_of_every_metric_that_these_sources_bring(varied: Storage) -> None:
    totals = {metric: sum(sums(varied, DAILY_USAGE, metric).values()) for metric in RECORD_METRIC_NAMES}
    assert {metric for metric, total in totals.items() if total} >= {
        *("records", "requests", "prompts", "messages", "tokens_in", "tokens_cached", "tokens_out"),
        *("tokens_reasoning", "tokens_total", "personas_created", "personas_deleted", "timeline_appended"),
        *("timeline_superseded", "files", "bytes", "tool_calls", "errors"),
    }
