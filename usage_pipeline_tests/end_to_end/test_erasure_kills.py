"""Tenant after tenant is erased by a process that is killed: the next completes it, and nothing is lost."""

import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention.erasure import erasures
from usage_pipeline.retention.erasure.erasing import Tables, erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.end_to_end.killing import run_for
from usage_pipeline_tests.end_to_end.planted import database_texts, parquet_texts
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.retention.erased import sums
from usage_pipeline_tests.support import Landing, at, prompt, rows

pytestmark = pytest.mark.acceptance

LAST = 201
"""The tenant that stays; those before it are erased, all but the first by a process that is killed."""
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHARED, OWN = "2026-05-01", "2026-05-02"


def tenant(number: int) -> str:
    return f"tenant-{number:03}"


def deliver(landing: Landing) -> None:
    """A file that all tenants share, and one of each, in gzip."""
    tenants = [tenant(number) for number in range(LAST + 1)]
    landing.write("persona", SHARED, [line(name, SHARED) for name in tenants])
    for name in tenants:
        landing.write("persona", OWN, [line(name, OWN), "{"], tenant=name, name="own.jsonl.gz")


def line(name: str, day: str) -> dict[str, object]:
    return prompt(f"r-{day}", f"{day}T08:00:00Z", tenantId=name, prompt=f"words of {name}")


def erase_once(settings: Settings, name: str) -> None:
    with open_storage(settings) as storage:
        erase(storage, Tables(TABLES, DAILY_TABLES), Subject(name), by="me", reason="a request")


def done(storage: Storage) -> int:
    """How many erasures are done."""
    with storage.warehouse.connect() as connection:
        return len(erasures.done(connection))


def stage(storage: Storage, known: int) -> str:
    """How far an erasure has come since so many were done."""
    with storage.warehouse.connect() as connection:
        if erasures.unfinished(connection):
            return "begun"
    return "done" if done(storage) > known else "not begun"


def test_an_erasure_that_is_killed_is_completed_by_the_next(
    new_deployment: Callable[[], Deployment], capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = new_deployment()
    deliver(Landing(deployment.settings.landing))
    chance, left_at = random.Random(21), Counter[str]()  # noqa: S311 - any moment will do
    with open_storage(deployment.settings) as opened:
        storage = at(opened, NOON)
        refresh(storage, PlainRunner(storage))
        before = sums(storage)
        _, seconds = run_for(None, erase_once, storage.settings, tenant(0))
        for number in range(1, LAST):
            known = done(storage)
            killed, lived = run_for(chance.uniform(0, seconds), erase_once, storage.settings, tenant(number))
            left_at[stage(storage, known)] += killed
            seconds = seconds if killed else lived
            if number % 2:
                refresh(storage, PlainRunner(storage))
            erase(storage, Tables(TABLES, DAILY_TABLES), Subject(tenant(number)), by="me", reason="a request")
            left = {tenant(later) for later in range(number + 1, LAST + 1)}
            assert {name for (name,) in rows(storage, USAGE_RECORDS.spec, "tenant_id")} == left
            assert (sums(storage), find_stale(storage)) == (before, {}), f"after the erasure of {number}"
        assert holding(deployment) == {tenant(LAST)}
    with capsys.disabled():
        sys.stdout.write(f"\n{left_at.total()} of {LAST - 1} erasures were killed, {dict(left_at)}\n")
    assert left_at["begun"] > LAST / 4


def holding(deployment: Deployment) -> set[str]:
    """The tenants whose names stand anywhere."""
    url = deployment.settings.database_url
    assert url is not None
    texts = [*parquet_texts(deployment.settings.data_dir), *database_texts(url.get_secret_value())]
    return {name for _, text in texts for name in re.findall(r"tenant-\d{3}", text)}
