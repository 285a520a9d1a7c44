"""`alerts` as a user calls it: what it lists, whether a channel works, and what was given up."""

import csv
import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.cli.app import app
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import work_on
from usage_pipeline_tests.delivery.conftest import receiver
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, message
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

__all__ = ["receiver"]


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    found = new_settings(webhook_allow_private=True)
    found.reference.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture(autouse=True)
def _channel(settings: Settings, receiver: Receiver, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work_on(settings, dagster_url, monkeypatch)
    monkeypatch.setenv("USAGE_WEBHOOK_ALLOW_PRIVATE", "true")
    monkeypatch.setenv("OPS_SECRET", SECRET)
    channel = f"ops: {{type: webhook, url: '{receiver.url}', secret_env: OPS_SECRET}}\n"
    (settings.reference / "channels.yaml").write_text(channel)


def call(*arguments: str, exit_code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["alerts", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.stdout


def test_alerts_are_listed_by_tenant_and_state(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z")])
    land_and_compute(storage, "records", "rollups")
    write_limits(storage, limit("tokens_total", 150))
    raise_alerts(storage)
    found = json.loads(call("list", "--tenant", "acme", "--state", "raised", "--format", "json"))
    assert [(row["threshold"], row["used"], row["passed"]) for row in found] == [
        (50, "120", True),
        (80, "120", False),
    ]
    assert list(csv.reader(call("--state", "resolved", "--format", "csv").splitlines()))[1:] == []
    assert "120" in call("list").splitlines()[-2].split()


def test_alerts_on_data_are_listed_by_kind(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-31", ["no JSON"] * 100, name="bad.jsonl")
    land_and_compute(storage)
    raise_alerts(storage)
    found = json.loads(call("list", "--kind", "file_quarantined", "--format", "json"))
    assert [(row["subject"], row["tenant_id"], row["limit_id"]) for row in found] == [
        ("persona/2026-05-31/bad.jsonl", None, None)
    ]
    assert json.loads(call("list", "--kind", "limit", "--format", "json")) == []


def test_a_test_message_tells_whether_a_channel_works(receiver: Receiver) -> None:
    receiver.answer(204, 500)
    assert call("test", "--channel", "ops") == "The channel ops has accepted a test message.\n"
    assert json.loads(receiver.requests[0].body)["subject"] == "Test message of usage_pipeline"
    call("test", "--channel", "ops", exit_code=1)
    call("test", "--channel", "opps", exit_code=1)
    assert len(receiver.keys) == 2


def test_what_was_given_up_is_tried_again(storage: Storage, receiver: Receiver) -> None:
    with storage.warehouse.begin() as connection:
        enqueue(connection, [message("one", "ops")])
        connection.execute(outbox.update().values(state=OutboxState.DEAD))
    assert call("retry", "--dry-run").splitlines() == ["ops: 1 message", "Nothing was changed."]
    assert call("deliver") == "Delivered 0 messages.\n"
    call("retry")
    assert call("deliver") == "Delivered 1 message.\n"
    assert receiver.keys == ["one"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("deliver --dry-run", "`alerts deliver` takes no --dry-run"),
        ("deliver --format json", "`alerts deliver` takes no --format"),
        ("retry --tenant acme --kind limit", "`alerts retry` takes no --tenant and no --kind"),
        ("test --channel ops --state raised", "`alerts test` takes no --state"),
        ("--channel ops", "`alerts list` takes no --channel"),
    ],
)
def test_an_option_of_another_action_is_refused_and_nothing_is_done(
    storage: Storage, receiver: Receiver, arguments: str, problem: str
) -> None:
    with storage.warehouse.begin() as connection:
        enqueue(connection, [message("due", "ops"), message("dead", "ops")])
        connection.execute(outbox.update().where(outbox.c.key == "dead").values(state=OutboxState.DEAD))
    ended = CliRunner().invoke(app, ["alerts", *arguments.split()])
    assert (ended.exit_code, problem in ended.stderr) == (2, True), ended.stderr
    with storage.warehouse.connect() as connection:
        states = {row.key: row.state for row in connection.execute(select(outbox.c.key, outbox.c.state))}
    assert states == {"due": OutboxState.PENDING, "dead": OutboxState.DEAD}
    assert receiver.keys == []
