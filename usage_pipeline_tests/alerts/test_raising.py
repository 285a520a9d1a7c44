"""Alerts from usage that lands to the request that a receiver gets."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.alerts.history import alerts
from usage_pipeline.alerts.raising import raise_alerts, settle_credits_and_limits
from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.refresh import limit_status
from usage_pipeline.pipeline.edited_files import describe_limits
from usage_pipeline.storage.locks import named_lock
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.alerts.conftest import Platform
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.receiving import Receiver, mail_server
from usage_pipeline_tests.limits.reading import write_limits
from usage_pipeline_tests.waiting import wait_for_waiting

Rows = list[tuple[Any, ...]]


def history(storage: Storage, *names: str) -> Rows:
    """These columns of all alerts."""
    columns = alerts.c
    query = select(*(columns[name] for name in names))
    ordered = query.order_by(columns.first_day, columns.threshold, columns.episode)
    with storage.warehouse.connect() as connection:
        return list(map(tuple, connection.execute(ordered)))


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    """What the receiver got."""
    return [json.loads(request.body) for request in receiver.requests]


def test_a_jump_sends_one_message_and_a_correction_another(platform: Platform, receiver: Receiver) -> None:
    platform.use(240)
    assert [platform.tick(), platform.tick()] == [[("raised", 100, 1)], []]
    platform.use(150)
    assert [platform.tick(), platform.tick()] == [[("resolved", 100, 1)], []]
    platform.use(200)
    assert platform.tick() == [("raised", 100, 2)]
    assert [
        (body["data"]["alerts"][0]["state"], body["data"]["alerts"][0]["used"]) for body in bodies(receiver)
    ] == [
        ("raised", "240"),
        ("resolved", "150"),
        ("raised", "200"),
    ]
    assert len(set(receiver.keys)) == 3
    assert history(platform.storage, "threshold", "episode", "state", "passed") == [
        (50, 1, "raised", True),
        (80, 1, "raised", True),
        (100, 1, "resolved", False),
        (100, 2, "raised", False),
    ]


def test_each_alert_that_was_told_is_told_to_be_resolved(platform: Platform, receiver: Receiver) -> None:
    for used in (110, 240, 0):
        platform.use(used)
        platform.tick()
    first, second, last = (body["data"]["alerts"] for body in bodies(receiver))
    assert [[(alert["state"], alert["threshold"]) for alert in found] for found in (first, second, last)] == [
        [("raised", 50)],
        [("raised", 100)],
        [("resolved", 50), ("resolved", 100)],
    ]
    assert [alert["alert_id"] for alert in (*first, *second)] == [alert["alert_id"] for alert in last]


def test_usage_of_the_last_day_of_a_month_alerts_until_it_is_final(platform: Platform) -> None:
    june_2 = NOW + timedelta(days=1, hours=12)
    platform.use(170, "2026-05-31", landed="2026-06-01")
    assert platform.tick(june_2) == [("raised", 80, 1)]
    assert history(platform.storage, "threshold", "first_day", "last_day") == [
        (part, date(2026, 5, 1), date(2026, 5, 31)) for part in (50, 80)
    ]
    platform.use(200, "2026-05-31", landed="2026-06-01")
    assert platform.tick(datetime(2026, 6, 4, tzinfo=UTC)) == []
    assert history(platform.storage, "state") == [("ended",), ("ended",)]


def test_an_alert_of_a_period_that_has_ended_is_resolved_however_little_was_used(platform: Platform) -> None:
    platform.use(240)
    platform.tick()
    platform.use(1)
    assert platform.tick() == [("resolved", 100, 1)]
    assert history(platform.storage, "threshold", "state") == [(part, "resolved") for part in (50, 80, 100)]


@pytest.mark.parametrize("period", ["day", "week", "month", "billing", "{rolling_days: 30}"])
def test_a_backfill_of_last_year_sends_nothing(platform: Platform, receiver: Receiver, period: str) -> None:
    platform.limit(1, period=period)
    platform.use(500, "2025-05-31")
    assert platform.tick() == []
    assert receiver.keys == []


def test_a_rolling_limit_alerts_once_while_the_days_go_by(platform: Platform) -> None:
    platform.limit(200, period="{rolling_days: 7}")
    platform.use(240)
    found = [platform.tick(NOW + timedelta(days=day)) for day in (0, 1, 8, 9, 10)]
    assert found == [[("raised", 100, 1)], [], [], [("resolved", 100, 1)], []]


def test_the_alerts_of_a_tenant_come_in_one_message(platform: Platform, receiver: Receiver) -> None:
    platform.limit(100, 200, 300)
    platform.use(160)
    assert platform.tick() == [("raised", 100, 1), ("raised", 80, 1), ("raised", 50, 1)]
    (body,) = bodies(receiver)
    assert [alert["limit_id"] for alert in body["data"]["alerts"]] == ["a", "b", "c"]


def test_an_alert_comes_as_e_mail_to_the_contacts_of_the_tenant(platform: Platform) -> None:
    (platform.storage.settings.reference / "tenants.yaml").write_text("acme: {contacts: [ann@acme.example]}\n")
    (platform.storage.settings.reference / "channels.yaml").write_text(
        "mail: {type: email, to: tenant_contacts}\n"
    )
    platform.limit(200, channels="[mail]")
    platform.use(240)
    with mail_server() as server:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none"}
        settings = platform.storage.settings.model_copy(update={**smtp, "smtp_from": "usage@example.com"})
        platform.storage = replace(platform.storage, settings=settings)
        platform.tick()
    (mail,) = server.mails
    assert (server.recipients, mail["Subject"]) == ([["ann@acme.example"]], "The limit a of acme is over")


def test_alerts_of_a_limit_that_was_changed_or_removed_end(platform: Platform) -> None:
    platform.use(100)
    platform.tick()
    platform.limit(400)
    assert platform.tick() == []
    platform.limit(200)
    platform.tick()
    write_limits(platform.storage)
    assert platform.tick() == []
    assert history(platform.storage, "state") == [("ended",), ("ended",)]


EACH = [
    pytest.param({"scope": '{member_id: "*"}'}, {"userId": "bob"}, id="of each member"),
    pytest.param({"tenant": '"*"'}, {"tenantId": "globex"}, id="of each tenant"),
    pytest.param({"tenant": '"*"', "scope": '{member_id: "*"}'}, {"tenantId": "globex"}, id="of each of both"),
    pytest.param({"scope": '{member_id: "*"}', "period": "{rolling_days: 7}"}, {"userId": "bob"}, id="rolling"),
]


@pytest.mark.parametrize(("limited", "corrected"), EACH)
def test_an_alert_on_one_of_each_is_resolved_when_its_usage_was_taken_back(
    platform: Platform, receiver: Receiver, limited: dict[str, str], corrected: dict[str, str]
) -> None:
    platform.limit(200, **limited)
    platform.use(240, userId="ann")
    assert platform.tick() == [("raised", 100, 1)]
    platform.use(1, **{"userId": "ann", **corrected})
    assert [platform.tick(), platform.tick()] == [[("resolved", 100, 1)], []]
    raised, resolved = (body["data"]["alerts"][0] for body in bodies(receiver))
    assert (resolved["alert_id"], resolved["used"]) == (raised["alert_id"], "0")
    assert history(platform.storage, "threshold", "state") == [(part, "resolved") for part in (50, 80, 100)]
    with platform.storage.warehouse.connect() as connection:
        shown = {(row.tenant_id, row.member_id) for row in connection.execute(select(limit_status))}
    assert (raised["tenant_id"], raised["scope"].get("member_id", "")) not in shown


@pytest.mark.parametrize(("amount", "now"), [(400, NOW), (200, NOW + timedelta(days=3))], ids=["changed", "final"])
def test_an_alert_on_one_of_each_ends_untold_when_the_limit_was_changed_or_the_period_is_final(
    platform: Platform, amount: int, now: datetime
) -> None:
    platform.limit(200, scope='{member_id: "*"}')
    platform.use(240, userId="ann")
    platform.tick()
    platform.limit(amount, scope='{member_id: "*"}')
    platform.use(1, userId="bob")
    assert platform.tick(now) == []
    assert set(history(platform.storage, "state")) == {("ended",)}


def test_a_limit_without_channels_has_a_history_and_no_message(platform: Platform, receiver: Receiver) -> None:
    platform.limit(200, channels="[]")
    platform.use(200)
    assert platform.tick() == [("raised", 100, 1)]
    assert receiver.keys == []


def test_in_quiet_hours_a_message_waits(platform: Platform, receiver: Receiver) -> None:
    platform.limit(200, quiet_hours='{from: "22:00", to: "07:00"}')
    platform.use(200)
    platform.tick()
    platform.deliver(NOW + timedelta(hours=6, minutes=59))
    assert receiver.keys == []
    platform.deliver(NOW + timedelta(hours=7))
    assert len(receiver.keys) == 1


def test_a_channel_that_is_not_there_is_named_and_holds_nothing_back(
    platform: Platform, receiver: Receiver
) -> None:
    platform.limit(200, channels="[opps, ops]")
    platform.use(200)
    assert platform.tick() == [("raised", 100, 1)]
    assert len(receiver.keys) == 1
    with pytest.raises(ReferenceFileError, match=r"limits.yaml: a: channels: .* 'opps'; did you mean 'ops'\?"):
        describe_limits(platform.storage.settings)


def test_grants_that_cannot_be_read_hold_no_alert_back(platform: Platform) -> None:
    platform.use(240)
    (platform.storage.settings.reference / "grants.yaml").write_text("- {id: one}\n")
    with pytest.raises(ReferenceFileError, match=r"grants.yaml: one: "):
        settle_credits_and_limits(platform.storage)
    assert history(platform.storage, "threshold") == [(50,), (80,), (100,)]


def test_two_processes_at_once_raise_once(platform: Platform, receiver: Receiver) -> None:
    platform.use(240)
    told: list[int] = []
    threads = [Thread(target=lambda: told.append(len(raise_alerts(platform.storage)))) for _ in range(2)]
    with named_lock(platform.storage.warehouse, ALERTS.name):
        for thread in threads:
            thread.start()
        wait_for_waiting(platform.storage, 2, threads)
    for thread in threads:
        thread.join()
    platform.deliver()
    assert (sorted(told), len(receiver.keys)) == ([0, 1], 1)
