"""The truth against a plain count of the written lines: what it sums must be what the files hold."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.simulation.support import lines_of, small, truth_of


def events(out: Path, source: str) -> Iterator[dict[str, Any]]:
    """The good lines of a source in the order in which they land, the broken ones left out."""
    root = out / "landing" / source
    for path in sorted((p for p in root.rglob("*") if p.is_file()), key=lambda p: p.relative_to(root).parts):
        for line in lines_of(path):
            # Only broken lines have a space after a colon, and the one that is too long.
            if line and b'": ' not in line and b"evt_long" not in line:
                yield {**json.loads(line), "tenant": path.parent.name}


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 days, so that conversations come back within, at and after the end of the look-back."""
    out = tmp_path_factory.mktemp("long")
    simulate(small(days=200, tenants=3, events_per_day=200), out)
    return out


def begun(days_of_conversations: dict[tuple[str, int | str], set[date]]) -> Counter[tuple[str, str]]:
    """Conversations by day and tenant of each begin: a first day, or one after 90 days without a record."""
    starts: Counter[tuple[str, str]] = Counter()
    for (tenant, _), days in days_of_conversations.items():
        last = date.min
        for day in sorted(days):
            starts[str(day), tenant] += day - last > timedelta(days=90)
            last = day
    return starts


def test_conversations_begin_where_a_plain_count_finds_them(long: Path) -> None:
    seen: dict[tuple[str, int | str], set[date]] = {}
    unidentified: Counter[tuple[str, str]] = Counter()
    for event in events(long, "persona"):
        if "conversationId" in event:
            day = date.fromisoformat(event["timestamp"][:10])
            seen.setdefault((event["tenantId"], "p" + event["conversationId"]), set()).add(day)
    counted: set[str] = set()
    for event in events(long, "usage_statistics"):
        day = datetime.fromtimestamp(event["createdAt"] / 1000, UTC).date()
        if "conversationId" in event:
            seen.setdefault((event["tenant"], "u" + event["conversationId"]), set()).add(day)
        elif event["type"] == "conversation" and event["id"] not in counted:
            unidentified[str(day), event["tenant"]] += event["count"]
        counted.add(event["id"])
    expected = {
        (day, tenant): sums["conversations"]
        for day, tenants in truth_of(long)["days"].items()
        for tenant, sums in tenants.items()
        if sums["conversations"]
    }
    found = begun(seen) + unidentified
    assert found == expected
    assert sum(begun(seen).values()) > len(seen)  # some began twice


def test_conversations_go_on_over_midnight(long: Path) -> None:
    days: dict[str, set[str]] = {}
    for event in events(long, "persona"):
        if "conversationId" in event:
            days.setdefault(event["conversationId"], set()).add(event["timestamp"][:10])
    neighbours = [
        found
        for found in days.values()
        if any(str(date.fromisoformat(day) + timedelta(days=1)) in found for day in found)
    ]
    assert len(neighbours) > 50


def test_a_run_that_started_has_its_end_under_the_same_id(long: Path) -> None:
    started: set[str] = set()
    ended: set[str] = set()
    for event in events(long, "agent_runs"):
        (ended if event.get("endedAt") else started).add(event["runId"])
    assert started
    assert started <= ended
