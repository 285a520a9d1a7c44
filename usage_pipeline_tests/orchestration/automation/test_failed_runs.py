"""The sensor `failed_runs` tells once of a job whose runs fail, and again when it has recovered."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest
from sqlalchemy import select

from usage_pipeline.alerts.history import alerts
from usage_pipeline.delivery.outbox import outbox
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.automation.conftest import Automation

LIMITS = dg.RunRequest(job_name="refresh_limits")
DELIVERY = dg.RunRequest(job_name="deliver_alerts")


@pytest.fixture
def watched(automation: Automation) -> Automation:
    """An automation whose channel `ops` is told of failed runs, and whose sensor has begun."""
    automation.storage.settings.reference.mkdir(parents=True, exist_ok=True)
    (automation.storage.settings.reference / "alerts.yaml").write_text("run_failed: {channels: [ops]}")
    automation.tick("failed_runs")
    return automation


@contextmanager
def broken(storage: Storage, name: str) -> Iterator[None]:
    """Meanwhile a reference file is broken, and says something secret."""
    file = storage.settings.reference / name
    file.write_text("- {secret: ann}")
    try:
        yield
    finally:
        file.unlink()


def history(storage: Storage) -> list[tuple[object, ...]]:
    """Job, episode and state of all alerts on runs."""
    columns = alerts.c
    query = select(columns.subject, columns.episode, columns.state).where(columns.kind == "run_failed")
    with storage.warehouse.connect() as connection:
        return list(map(tuple, connection.execute(query.order_by(columns.subject, columns.episode))))


def told(storage: Storage) -> list[tuple[str, str]]:
    """Subject and text of the messages."""
    query = select(outbox.c.subject, outbox.c.text).order_by(outbox.c.created_at)
    with storage.warehouse.connect() as connection:
        return list(map(tuple, connection.execute(query)))


def test_a_job_that_fails_is_told_of_once_until_it_succeeds(watched: Automation) -> None:
    storage = watched.storage
    with broken(storage, "limits.yaml"):
        failed = [watched.execute(LIMITS) for _ in range(2)]
        assert [run.success for run in failed] == [False, False]
        watched.tick("failed_runs")
        watched.tick("failed_runs")
    assert history(storage) == [("refresh_limits", 1, "raised")]
    ((subject, text),) = told(storage)
    assert subject == "A run of refresh_limits has failed"
    assert failed[0].run_id in text
    assert "ann" not in text
    assert watched.execute(LIMITS).success
    watched.tick("failed_runs")
    watched.cursors.clear()
    watched.tick("failed_runs")
    assert history(storage) == [("refresh_limits", 1, "resolved")]
    assert sorted(subject for subject, _ in told(storage)) == [
        "A run of refresh_limits has failed",
        "A run of refresh_limits has succeeded again",
    ]


def test_a_job_that_fails_after_it_has_recovered_is_a_new_episode(watched: Automation) -> None:
    for _ in range(2):
        with broken(watched.storage, "limits.yaml"):
            watched.execute(LIMITS)
        watched.tick("failed_runs")
        assert watched.execute(LIMITS).success
        watched.tick("failed_runs")
    assert history(watched.storage) == [("refresh_limits", 1, "resolved"), ("refresh_limits", 2, "resolved")]


def test_a_failed_delivery_is_in_the_history_and_no_message_tells_of_it(watched: Automation) -> None:
    with broken(watched.storage, "channels.yaml"):
        assert not watched.execute(DELIVERY).success
    watched.tick("failed_runs")
    assert watched.execute(DELIVERY).success
    watched.tick("failed_runs")
    assert (history(watched.storage), told(watched.storage)) == ([("deliver_alerts", 1, "resolved")], [])
