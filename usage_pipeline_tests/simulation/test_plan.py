"""Who uses how much when: the mean asked for, a heavy tail, rhythms, growth and the planted anomalies."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.simulation.plan import Plan
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.simulation.support import lines_of, small, truth_of

LONG = small(days=42, tenants=12, events_per_day=1000)


def test_events_are_the_mean_asked_for_before_the_anomalies() -> None:
    plan = Plan(LONG)
    usual = [number for number in range(12) if number not in {anomaly.tenant for anomaly in plan.planted}]
    asked = plan.expected[:, usual].sum()
    assert plan.expected.mean() == pytest.approx(1000)
    assert plan.events[:, usual].sum() == pytest.approx(asked, rel=0.001)


def test_the_largest_tenant_makes_half_of_the_events() -> None:
    by_tenant = Plan(LONG).events.sum(axis=(0, 2))
    assert 0.45 < by_tenant[0] / by_tenant.sum() < 0.65


def test_a_weekend_day_has_less_than_half_the_events_of_a_working_day() -> None:
    plan = Plan(LONG)
    events = plan.events[:, 0].sum(axis=1)
    weekend = [LONG.date(day).weekday() >= 5 for day in range(42)]
    resting, working = events[weekend], events[[not day for day in weekend]]
    assert resting.mean() / working.mean() < 0.5


def test_each_anomaly_multiplies_the_events_of_its_tenant_on_its_days() -> None:
    plan = Plan(LONG)
    totals = plan.events.sum(axis=2)
    for anomaly in plan.planted:
        days = slice(anomaly.first, anomaly.last + 1)
        found = totals[days, anomaly.tenant].sum() / plan.expected[days, anomaly.tenant].sum()
        assert found == pytest.approx(anomaly.factor, rel=0.05)


def test_the_truth_names_the_anomalies_with_tenant_and_days(tmp_path: Path) -> None:
    simulate(replace(LONG, events_per_day=2), tmp_path)
    found = [(entry["kind"], entry["tenant"], entry["first_day"]) for entry in truth_of(tmp_path)["planted"]]
    assert found == [
        ("spike", "tenant-02", "2026-05-14"),
        ("drop", "tenant-03", "2026-05-05"),
        ("viral_day", "tenant-04", "2026-05-20"),
        ("level_shift", "tenant-05", "2026-05-10"),
    ]


def test_prompts_have_the_bytes_asked_for_and_the_truth_stays_the_same(tmp_path: Path) -> None:
    for size in (0, 300):
        simulate(small(days=1, events_per_day=50, prompt_bytes=size), tmp_path / str(size))
    short, long = (truth_of(tmp_path / str(size)) for size in (0, 300))
    assert prompt_sizes(tmp_path / "300") == {300}
    assert long == {**short, "simulation": {**short["simulation"], "prompt_bytes": 300}}


def test_short_prompts_are_not_mentioned_in_the_truth(tmp_path: Path) -> None:
    simulate(small(days=1, events_per_day=5), tmp_path)
    assert "prompt_bytes" not in truth_of(tmp_path)["simulation"]


def prompt_sizes(out: Path) -> set[int]:
    lines = [line for path in (out / "landing" / "persona").rglob("*.jsonl") for line in lines_of(path)]
    prompts = [json.loads(line) for line in lines if b'"prompt":"' in line and len(line) < 1_000_000]
    return {len(record["prompt"].encode()) for record in prompts}


def test_too_few_tenants_are_refused() -> None:
    with pytest.raises(ValueError, match="tenants: expected at least 3, found 2"):
        small(tenants=2)


def test_days_before_the_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="first day 2022-12-30: expected 2023-01-01 or later"):
        small(last_day=date(2023, 1, 3))
