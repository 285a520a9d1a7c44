"""Pruning for months: killed day after day nothing is half-deleted or lost, and what is kept stops growing."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from usage_pipeline.clock import days_between
from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.housekeeping import database_size, size
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.schema import landing_event_days
from usage_pipeline_tests.end_to_end.killing import run_for
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.retention.killing import kept_digests
from usage_pipeline_tests.support import Landing, at, prompt, rows

pytestmark = pytest.mark.acceptance

PLANS = "default: short\nshort: {retention_days: 90}\nlong: {retention_days: null, content_retention_days: 30}\n"
TENANTS = "globex: {plans: [{from: 2020-01-01, plan: long}]}\n"
RECORDS, TEXTS = 90, 30
"""Days that the default plan keeps."""

DAYS_PRUNED = 200
FIRST = date(2026, 1, 1)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def prune(storage: Storage) -> pruning.Outcome:
    return pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test")


def lines_of(day: date) -> list[dict[str, Any]]:
    """Two records of a tenant that is pruned, a retry of the day before, and one of a tenant that keeps all."""
    before = day - timedelta(days=1)
    return [
        prompt(f"a{day}", f"{day}T23:59:00Z", prompt="x"),
        prompt(f"b{day}", f"{day}T12:00:00Z", prompt="x"),
        prompt(f"a{before}", f"{day}T00:01:00Z", prompt="x"),
        prompt(f"g{day}", f"{day}T12:00:00Z", prompt="x", tenantId="globex"),
    ]


def test_a_prune_that_is_killed_every_day_is_completed_by_the_next(
    new_deployment: Callable[[], Deployment], capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = new_deployment()
    deployment.settings.reference.mkdir(parents=True)
    (deployment.settings.reference / "plans.yaml").write_text(PLANS)
    (deployment.settings.reference / "tenants.yaml").write_text(TENANTS)
    landing, last = Landing(deployment.settings.landing), FIRST + timedelta(days=DAYS_PRUNED)
    for day in days_between(FIRST, last):
        landing.write("persona", str(day), lines_of(day))
    chance, left_at, seconds = random.Random(21), Counter[str](), None  # noqa: S311 - any moment will do
    with open_storage(deployment.settings) as opened:
        storage = at(opened, noon(last))
        refresh(storage, PlainRunner(storage))
        before = kept_digests(storage)
        for pruned in days_between(FIRST, last - timedelta(days=1)):
            today = at(opened, noon(pruned + timedelta(days=RECORDS + 1)))
            known = pruned_rows(storage)
            most = None if seconds is None else chance.uniform(0, seconds)
            killed, lived = run_for(most, prune_once, today.settings)
            left_at[stage(today, known)] += killed
            seconds = seconds if killed else lived
            assert prune(today).problems == []
            first = {"acme": pruned + timedelta(days=1), "globex": FIRST}
            found = rows(storage, USAGE_RECORDS.spec, "tenant_id", "record_id")
            assert found == sorted(expected(first, last)), f"after the prune of {pruned}"
            assert (kept_digests(storage), find_stale(storage)) == (before, {})
    with capsys.disabled():
        sys.stdout.write(f"\n{left_at.total()} of {DAYS_PRUNED} prunes were killed, {dict(left_at)}\n")
    assert left_at["begun"] > DAYS_PRUNED / 10


def prune_once(settings: Settings) -> None:
    with open_storage(settings) as storage:
        prune(storage)


def pruned_rows(storage: Storage) -> int:
    """How many landed rows count as pruned."""
    with storage.warehouse.connect() as connection:
        return int(connection.execute(select(func.sum(landing_event_days.c.pruned_rows))).scalar_one())


def stage(storage: Storage, known: int) -> str:
    """How far a prune has come since so many rows were pruned."""
    if pruned_rows(storage) == known:
        return "not begun"
    return "begun" if find_stale(storage) or pruning.plan(storage).entries else "done"


def expected(first: dict[str, date], last: date) -> Iterator[tuple[str, str]]:
    """The records from the first day of each tenant on."""
    yield from (("acme", f"{name}{day}") for day in days_between(first["acme"], last) for name in "ab")
    yield from (("globex", f"g{day}") for day in days_between(first["globex"], last))
    if first["acme"] == FIRST:
        yield "acme", f"a{FIRST - timedelta(days=1)}"


DAYS = 125
LEVEL_FROM = RECORDS + 2
"""The day from which on as much is pruned as lands."""
MOST_KB_A_DAY = 400


def alike(day: date) -> list[dict[str, Any]]:
    """300 lines of three tenants with ten members each: as many and as long on every day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        prompt(
            f"{day}-{number}",
            f"{midnight + timedelta(seconds=number * 250):%Y-%m-%dT%H:%M:%SZ}",
            tenantId=f"tenant-{number % 3}",
            userId=f"user-{number % 10}",
            modelName=f"model-{number % 5}",
            latencyMs=100 + number,
            prompt=f"a question of {number} " * 20,
        )
        for number in range(300)
    ]


def test_what_is_kept_stops_growing_when_the_first_records_are_pruned(
    new_deployment: Callable[[], Deployment], capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = new_deployment()
    deployment.settings.reference.mkdir(parents=True)
    (deployment.settings.reference / "plans.yaml").write_text(
        f"default: only\nonly: {{retention_days: {RECORDS}, content_retention_days: {TEXTS}}}\n"
    )
    landing, sizes = Landing(deployment.settings.landing), list[dict[str, int]]()
    with open_storage(deployment.settings) as opened:
        for day in days_between(FIRST, FIRST + timedelta(days=DAYS - 1)):
            landing.write("persona", str(day), alike(day))
            storage = at(opened, noon(day + timedelta(days=1)))
            refresh(storage, PlainRunner(storage))
            assert prune(storage).problems == []
            folders = {name: size(deployment.settings.data_dir / name) for name in ("landing", "lake")}
            sizes.append({**folders, "database": database_size(storage.warehouse)})
    level = {name: [found[name] for found in sizes[LEVEL_FROM:]] for name in ("landing", "lake")}
    grown = [(sizes[last]["database"] - sizes[first]["database"]) / (last - first) for first, last in HALVES]
    with capsys.disabled():
        for name, found in level.items():
            sys.stdout.write(f"\n{name}: {min(found):,} to {max(found):,} bytes")
        sys.stdout.write(f"\ndatabase: {grown[0] / 1000:.0f}, then {grown[1] / 1000:.0f} KB a day\n")
    assert {name: max(found) <= 1.05 * min(found) for name, found in level.items()} == dict.fromkeys(level, True)
    assert max(grown) < MOST_KB_A_DAY * 1000


HALVES = ((30, 77), (77, DAYS - 1))
"""Two spans of days of the same length, to see that growth is linear."""
