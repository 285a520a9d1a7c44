"""Who is told of alerts on data, when, and in how many messages."""

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from usage_pipeline.alerts.data.runs import FailedRun, raise_on_runs
from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.pipeline.refresh import RefreshSummary
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline_tests.alerts.conftest import Platform
from usage_pipeline_tests.alerts.data import DataAlerts
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.receiving import Receiver
from usage_pipeline_tests.support import prompt

MAY_31 = date(2026, 5, 31)


def unpriced(tenant: str) -> dict[str, object]:
    """Usage of the last day of May without a price."""
    row = {"day": MAY_31, "tenant_id": tenant, "dimension": "model", "value": "m", "class": "input"}
    return {**row, "quantity": 10, "unpriced_quantity": 10}


def test_what_is_raised_and_resolved_at_one_tick_is_one_message_about_all_tenants(on_data: DataAlerts) -> None:
    on_data.files("persona", [MAY_31], FileState.QUARANTINED)
    on_data.tick()
    on_data.files("persona", [MAY_31], FileState.WITHDRAWN)
    on_data.put(TENANT_COSTS.spec, unpriced("acme"), unpriced("globex"))
    on_data.tick("2026-06-01T01:00")
    assert on_data.sent("tenant_id", "subject")[1:] == [
        (None, "3 alerts: 2 about missing prices, 1 resolved"),
    ]
    payload = on_data.sent("payload")[1]
    assert (payload["type"], payload["data"]["tenant_id"]) == ("alerts", None)
    assert [(one["kind"], one["tenant_id"], one["state"]) for one in payload["data"]["alerts"]] == [
        ("file_quarantined", None, "resolved"),
        ("unpriced_usage", "acme", "raised"),
        ("unpriced_usage", "globex", "raised"),
    ]


def test_each_tenant_is_told_of_its_own_through_the_channels_for_tenants(on_data: DataAlerts) -> None:
    on_data.name("unpriced_usage: {channels: [ops], tenant_channels: [email]}")
    on_data.put(TENANT_COSTS.spec, unpriced("acme"), unpriced("globex"))
    on_data.tick()
    assert sorted(on_data.sent("channel", "tenant_id", "subject"), key=str) == [
        ("email", "acme", "Usage of the model m by acme has no price"),
        ("email", "globex", "Usage of the model m by globex has no price"),
        ("ops", None, "2 alerts: 2 about missing prices"),
    ]


def test_who_runs_the_platform_and_a_tenant_are_both_told_through_one_channel(on_data: DataAlerts) -> None:
    on_data.put(TENANT_COSTS.spec, unpriced("acme"))
    on_data.name("unpriced_usage: {channels: [hook, ops], tenant_channels: [email, hook]}")
    on_data.tick()
    told = sorted(on_data.sent("channel", "tenant_id", "key"), key=str)
    assert [(channel, tenant_id) for channel, tenant_id, _ in told] == [
        ("email", "acme"),
        ("hook", "acme"),
        ("hook", None),
        ("ops", None),
    ]
    (email, of_tenant, of_platform, ops) = (key for *_, key in told)
    assert email == of_tenant != of_platform == ops


def test_without_an_entry_there_is_a_history_and_nobody_is_told(on_data: DataAlerts) -> None:
    on_data.name("run_failed: {channels: [ops]}")
    on_data.put(TENANT_COSTS.spec, unpriced("acme"))
    on_data.tick()
    assert (on_data.history(), on_data.sent("key")) == ([("m", 1, "raised")], [])


def test_in_quiet_hours_a_message_waits(on_data: DataAlerts) -> None:
    on_data.name(
        'unpriced_usage: {channels: [ops], quiet_hours: {from: "01:00", to: "07:00"}, time_zone: Asia/Tokyo}'
    )
    on_data.put(TENANT_COSTS.spec, unpriced("acme"))
    on_data.tick("2026-05-31T20:00")
    assert on_data.sent("next_attempt_at") == [NOW - timedelta(hours=2)]


def test_a_broken_file_is_named_and_nothing_is_lost(on_data: DataAlerts) -> None:
    on_data.put(TENANT_COSTS.spec, unpriced("acme"))
    on_data.name("unpriced_usage: {}")
    with pytest.raises(ReferenceFileError, match=r"alerts.yaml: unpriced_usage: channels is missing"):
        on_data.tick()
    on_data.name("unpriced_usage: {channels: [ops]}")
    on_data.tick()
    assert on_data.sent("subject") == ["Usage of the model m by acme has no price"]


def test_a_broken_file_of_a_log_reaches_a_receiver_once(
    platform: Platform, receiver: Receiver, run: Callable[[], RefreshSummary]
) -> None:
    (platform.storage.settings.reference / "alerts.yaml").write_text("file_quarantined: {channels: [ops]}")
    line = prompt("e1", "2025-05-31T08:00:00Z")
    platform.landing.write("persona", "2025-05-31", [line, *["no JSON"] * 99])
    run()
    settle_credits_and_limits(platform.storage)
    platform.deliver()
    (request,) = receiver.requests
    (alert,) = json.loads(request.body)["data"]["alerts"]
    assert {name: alert[name] for name in ("kind", "subject", "state", "file_state", "rejected")} == {
        "kind": "file_quarantined",
        "subject": "persona/2025-05-31/events.jsonl",
        "state": "raised",
        "file_state": "quarantined",
        "rejected": 99,
    }


def test_a_failed_run_is_told_of_with_its_days_and_is_no_news_when_seen_again(
    on_data: DataAlerts,
) -> None:
    run = FailedRun("event_days", "4f2a", NOW, (date(2026, 5, 30), MAY_31))
    raise_on_runs(on_data.storage, [run], {})
    raise_on_runs(on_data.storage, [run], {"event_days": NOW + timedelta(minutes=1)})
    assert raise_on_runs(on_data.storage, [run], {}) == []
    assert on_data.history("subject", "first_day", "state") == [("event_days", date(2026, 5, 30), "resolved")]
    assert on_data.sent("text")[0].splitlines() == [
        "A run of event_days has failed.",
        "",
        "Run:       4f2a",
        "Days:      2026-05-30 to 2026-05-31",
        "Failed:    2026-06-01 00:00 UTC",
        "Why:       the page of the run in the Dagster UI says it",
    ]
