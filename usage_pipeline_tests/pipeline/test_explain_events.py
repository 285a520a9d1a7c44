"""What is said of events of lines that hold several."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.cli.reading import hold_several
from usage_pipeline.errors import QueryError
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.records.queries import LandingRange, read_faults
from usage_pipeline.records.tables import CONFLICTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import FillOnce, OpenOn
from usage_pipeline_tests.support import Landing, land_and_compute, rows

TIME = "2026-05-01T08:00:00Z"
SPANS = """
description: Spans.
format: jsonl
each: $.spans[*]
identity: [$.id]
tenant: $line.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
fields: {tokens_in: $.in}
"""


def land_spans(storage: Storage) -> None:
    """Land and compute a line of three events, of which two repeat the id of the second."""
    events = [{"id": name, "at": TIME, "in": tokens} for name, tokens in [("a", 1), ("b", 2), ("b", 2), ("b", 3)]]
    Landing(storage.settings.landing).write("spans", "2026-05-01", ["", {"tenant": "acme", "spans": events}])
    land_and_compute(storage, "records")


@pytest.fixture
def spans(
    new_settings: Callable[..., Settings], open_on: OpenOn, fill_once: FillOnce, tmp_path: Path
) -> Iterator[Storage]:
    """A line of three events, of which two repeat the id of the second."""
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "spans.yaml").write_text(SPANS)
    with open_on(new_settings(formats_dir=tmp_path / "formats")) as storage:
        fill_once(storage, land_spans)
        yield storage


PLACE = "spans/2026-05-01/events.jsonl"


def test_an_event_that_lost_within_its_line_names_the_event_that_counts(spans: Storage) -> None:
    assert [(line.landing_event, line.verdict, line.decided_by) for line in explain(spans, "b")] == [
        (2, "counted", None),
        (3, "duplicate", f"{PLACE}:2:2"),
        (4, "conflict", f"{PLACE}:2:2"),
    ]
    assert rows(spans, CONFLICTS.spec, "landing_event", "counted_line", "counted_event") == [(4, 2, 2)]


def test_an_event_is_asked_for_by_its_place(spans: Storage) -> None:
    assert [line.landing_event for line in explain(spans, f"{PLACE}:2:3")] == [3]
    assert [line.landing_event for line in explain(spans, f"{PLACE}:2")] == [1, 2, 3, 4]
    with pytest.raises(QueryError):
        explain(spans, f"{PLACE}:2:9")


def test_lines_of_several_events_are_shown_with_the_numbers_of_these(spans: Storage) -> None:
    assert hold_several(spans, [{"landing_file": "persona/2026-05-01/a.jsonl"}, {"landing_file": PLACE}])
    assert not hold_several(spans, [{"landing_file": "persona/2026-05-01/a.jsonl"}])


def test_a_conflict_within_a_line_is_told_with_both_events(spans: Storage) -> None:
    (fault,) = read_faults(spans, LandingRange(date(2026, 5, 1), date(2026, 5, 1)), 10)
    assert (fault["landing_line"], fault["landing_event"], fault["expected"]) == (
        2,
        4,
        f"the content of the line that landed first, {PLACE}:2:2",
    )
