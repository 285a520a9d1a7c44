"""The sensors that request what alerts need: a refresh after changes, and the delivery of what has become due."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import pytest

from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.orchestration.alerts import MESSAGES_ARE_DELIVERED
from usage_pipeline.pipeline.automation.due_messages import due_delivery
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, message, receiving
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.orchestration.automation.conftest import Automation
from usage_pipeline_tests.support import at


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings that allow webhooks to this machine."""
    return new_settings(webhook_allow_private=True)


def write(storage: Storage, *keys: str, minutes: int = 0) -> None:
    created_at = NOW + timedelta(minutes=minutes)
    with storage.warehouse.begin() as connection:
        enqueue(connection, [message(key, "ops", created_at=created_at, tenant_id="acme") for key in keys])


def test_a_delivery_is_requested_for_new_messages_and_again_after_some_minutes(storage: Storage) -> None:
    write(storage, "one")
    write(storage, "later", minutes=1)
    found = [
        due_delivery(at(storage, NOW + timedelta(minutes=minute)), last)
        for minute, last in ((0, None), (0, NOW), (1, NOW), (4, NOW + timedelta(minutes=1)), (6, NOW))
    ]
    assert [delivery and delivery.messages for delivery in found] == [1, None, 2, None, 2]
    assert len({delivery.digest for delivery in found if delivery}) == 3


def test_a_change_of_limits_is_one_request_to_refresh_them(automation: Automation) -> None:
    automation.storage.settings.reference.mkdir(parents=True)
    assert automation.tick("changed_usage") == []
    write_limits(automation.storage, limit("tokens_total", 100))
    assert [len(automation.tick("changed_usage")) for _ in range(2)] == [1, 0]
    assert automation.skipped == "Nothing has changed, or days are under way"


def test_the_sensor_requests_and_the_job_delivers(automation: Automation, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = automation.storage
    assert automation.tick("limit_alerts") == []
    assert automation.skipped == "Nothing new is due"
    storage.settings.reference.mkdir(parents=True)
    monkeypatch.setenv("OPS_SECRET", SECRET)
    with receiving() as receiver:
        _name_channel(storage, receiver)
        write(storage, "one", "two")
        (request,) = automation.tick("limit_alerts")
        assert automation.tick("limit_alerts") == []
        result = _execute(automation, request)
    (materialization,) = result.asset_materializations_for_node("outbox")
    assert receiver.keys == ["one", "two"]
    assert {name: value.value for name, value in materialization.metadata.items()} == {
        "pending": 0,
        "delivered": 2,
        "dead": 0,
    }
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.asset_check_key, evaluation.passed) == (MESSAGES_ARE_DELIVERED, True)


def test_dead_messages_fail_the_check(automation: Automation) -> None:
    write(automation.storage, "one")
    with automation.storage.warehouse.begin() as connection:
        connection.execute(outbox.update().values(state=OutboxState.DEAD))
    result = _execute(automation, dg.RunRequest())
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.description) == (False, "1 message is dead")
    assert "acme" not in str(evaluation.metadata)


def _name_channel(storage: Storage, receiver: Receiver) -> None:
    text = f"ops: {{type: webhook, url: '{receiver.url}', secret_env: OPS_SECRET}}\n"
    (storage.settings.reference / "channels.yaml").write_text(text)


def _execute(automation: Automation, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    job = automation.definitions.resolve_job_def("deliver_alerts")
    return job.execute_in_process(instance=automation.instance, tags=request.tags)
