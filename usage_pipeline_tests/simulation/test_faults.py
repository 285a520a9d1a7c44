"""What goes wrong in simulated logs: how much of it, and that each broken line has the reason that is said."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.settings import Settings
from usage_pipeline.simulation.broken import breaks, good_record
from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.reference import write_reference
from usage_pipeline.simulation.settings import SOURCES
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.simulation.support import content_digest, lines_of, small, truth_of
from usage_pipeline_tests.support import rows

DAY = date(2026, 5, 30)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    simulate(small(days=2, events_per_day=50), tmp_path / "one")
    simulate(small(days=2, events_per_day=50), tmp_path / "two")
    assert content_digest(tmp_path / "one") == content_digest(tmp_path / "two")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    simulate(small(1, days=2, events_per_day=50), tmp_path / "one")
    simulate(small(2, days=2, events_per_day=50), tmp_path / "two")
    assert content_digest(tmp_path / "one" / "landing") != content_digest(tmp_path / "two" / "landing")


@pytest.mark.parametrize("source", SOURCES)
def test_every_broken_line_is_rejected_with_its_reason(
    source: str, settings: Settings, storage: Storage, run: Callable[[], RefreshSummary]
) -> None:
    plan = Plan(small())
    write_reference(plan, settings.data_dir)
    expected = []
    for number, (reason, break_) in enumerate(breaks(source).items()):
        tenant = plan.tenants[{"tenant_mismatch": 0, "before_calendar": 2}.get(reason, 1)].name
        in_folder = source == "usage_statistics" or reason == "tenant_mismatch"
        place = f"{source}/2026-05-30{f'/{tenant}' if in_folder else ''}/{number}.jsonl"
        path = settings.landing / place
        path.parent.mkdir(parents=True, exist_ok=True)
        line = break_(good_record(source, "broken", tenant, DAY))
        path.write_bytes(line.encode("utf-8", "surrogateescape") + b"\n")
        expected.append((place, reason))
    run()
    assert rows(storage, REJECTED_LINES, "landing_file", "reason") == sorted(expected)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A small simulation."""
    simulate(small(), tmp_path)
    return tmp_path


def test_one_percent_of_the_events_of_each_source_is_delivered_again(written: Path) -> None:
    totals = truth_of(written)["totals"]
    assert 0 <= totals["records"] * 0.01 - totals["duplicates"] < len(SOURCES)


def test_two_percent_of_the_events_before_the_last_day_are_delayed(written: Path) -> None:
    plan, totals = Plan(small()), truth_of(written)["totals"]
    assert 0 <= plan.events[:-1].sum() * 0.02 - totals["delayed"] < len(SOURCES)


def test_broken_lines_are_one_in_a_thousand_and_one_that_is_too_long(written: Path) -> None:
    truth = truth_of(written)
    rejects = sum(count for reason, count in truth["rejects"].items() if reason != "line_too_long")
    assert 0 <= truth["totals"]["records"] * 0.001 - rejects < len(SOURCES)
    assert truth["rejects"]["line_too_long"] == 1


def test_files_hold_as_many_lines_as_the_truth_says(written: Path) -> None:
    truth = truth_of(written)["files"]
    found = {
        str(path.relative_to(written / "landing")): len(lines_of(path))
        for path in (written / "landing").rglob("*")
        if path.is_file()
    }
    assert found == {path: file["lines"] for path, file in truth.items()}
