"""A fault at any step of raising and delivering loses no alert, and raises none twice."""

import json
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from itertools import chain, count
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.alerts.history import alerts
from usage_pipeline.delivery.outbox import outbox
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline_tests.alerts.conftest import Platform
from usage_pipeline_tests.alerts.data import DataAlerts
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.receiving import Receiver
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.steps import FILES, REQUESTS, Steps, statements

LATER = NOW + timedelta(minutes=10)
Rows = list[dict[str, Any]]


class FaultError(Exception):
    """Something that nobody has thought of."""


def read(platform: Platform) -> tuple[Rows, Rows]:
    """All alerts, and all messages."""
    with platform.storage.warehouse.connect() as connection:
        found = [connection.execute(select(table)).mappings().all() for table in (alerts, outbox)]
    history, messages = ([dict(row) for row in rows] for rows in found)
    return history, messages


def write(platform: Platform, history: Rows, messages: Rows) -> None:
    """Let these be all."""
    with platform.storage.warehouse.begin() as connection:
        for table, rows in ((alerts, history), (outbox, messages)):
            connection.execute(table.delete())
            connection.execute(table.insert(), rows)


def outcome(platform: Platform, receiver: Receiver) -> tuple[object, ...]:
    """The alerts and their states, what became of messages, and what a receiver is told that keeps keys."""
    history, messages = read(platform)
    by_key = {(request.path, request.headers["webhook-id"]): request for request in receiver.requests}
    told = [
        (path, alert.get("limit_id", alert["subject"]), alert.get("threshold"), alert["episode"], alert["state"])
        for (path, _), request in by_key.items()
        for alert in json.loads(request.body)["data"]["alerts"]
    ]
    names = ("subject", "threshold", "episode", "state", "passed")
    return (
        Counter(tuple(row[name] for name in names) for row in history),
        Counter((row["key"], row["channel"], row["state"]) for row in messages),
        Counter(told),
    )


@pytest.fixture
def before(platform: Platform, on_data: DataAlerts, receiver: Receiver) -> tuple[Rows, Rows]:
    """Alerts and messages before a tick that raises one on a limit and one on data, resolves one and ends one."""
    second = f"pager: {{type: webhook, url: '{receiver.url}/pager', secret_env: OPS_SECRET}}\n"
    with (platform.storage.settings.reference / "channels.yaml").open("a") as file:
        file.write(second)
    over, below, changed = (
        limit("tokens_total", 150, id="over", channels="[ops]"),
        limit("tokens_total", 300, id="below", channels="[ops, pager]"),
        limit("tokens_total", 400, id="changed", channels="[ops]"),
    )
    write_limits(platform.storage, below, changed)
    platform.use(240)
    platform.tick()
    platform.use(150)
    write_limits(platform.storage, over, below)
    on_data.files("persona", [date(2026, 5, 31)], FileState.QUARANTINED)
    receiver.requests.clear()
    return read(platform)


def test_a_fault_at_any_step_loses_no_alert_and_raises_none_twice(
    platform: Platform, receiver: Receiver, before: tuple[Rows, Rows]
) -> None:
    platform.tick()
    expected = outcome(platform, receiver)
    assert expected[2] == Counter(
        [
            ("/usage", "persona/2026-05-31/a.jsonl", None, 1, "raised"),
            ("/usage", "below", 80, 1, "resolved"),
            ("/usage", "over", 100, 1, "raised"),
            ("/usage/pager", "below", 80, 1, "resolved"),
        ]
    )
    calls = list(chain(FILES, REQUESTS, statements(platform.storage.warehouse)))
    for number in count():
        write(platform, *before)
        receiver.requests.clear()
        with Steps(number, FaultError).of(*calls) as steps, suppress(FaultError):
            platform.tick()
        if not steps.has_failed:
            break
        platform.tick(LATER)
        assert outcome(platform, receiver) == expected, steps.taken[number]
    kinds = {"do_execute", "do_commit", "write_row", "replace", "handle_async_request"}
    assert {step.split()[0] for step in steps.taken} >= kinds
