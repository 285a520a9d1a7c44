"""Processes raise and deliver alerts: killed at any instant, or two at once, they tell of each alert once."""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.alerts.history import alerts
from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.delivery.channels import open_channels
from usage_pipeline.delivery.outbox import deliver_due, outbox
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.delivery.receiving import SECRET, MailServer, Receiver, mail_server, receiving
from usage_pipeline_tests.end_to_end.killing import PROCESSES, run_for
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

pytestmark = pytest.mark.acceptance

KILLS = 200
AMOUNT, OVER, BELOW = 200, 240, 140
AGAIN_AFTER = 5
"""Rounds after which the use of a tenant is corrected; until then all that was raised is delivered."""
DAY = "2026-05-31"

Told = tuple[str, int, str]
"""Limit, threshold and state."""


def tick(storage: Storage) -> None:
    """Refresh limits, raise alerts and deliver them, as `run` and `alerts deliver` do."""
    settle_credits_and_limits(storage)
    deliver_due(storage, open_channels(storage.settings), storage.settings.clock.now)


def tick_once(settings: Settings) -> None:
    with open_storage(settings) as storage:
        tick(storage)


def tick_until(settings: Settings, end: Event) -> None:
    with open_storage(settings) as storage:
        while not end.is_set():
            tick(storage)


@dataclass
class Platform:
    """Tenants whose use grows and is corrected, and what receivers are told of it."""

    storage: Storage
    receiver: Receiver
    mails: MailServer
    expected: set[Told] = field(default_factory=set)

    def limit(self, tenants: int) -> None:
        """Let so many tenants have a limit each, of the same name."""
        names = map(name_of, range(tenants))
        entries = [limit("tokens_total", AMOUNT, id=name, tenant=name, channels="[ops, mail]") for name in names]
        write_limits(self.storage, *entries)

    def grow(self, over: int, below: int | None = None) -> None:
        """Let a tenant go over its limit, and a correction take another one below it again."""
        self._write(over, OVER)
        self.expected.add((name_of(over), 100, "raised"))
        if below is not None:
            self._write(below, BELOW)
            self.expected.add((name_of(below), 100, "resolved"))
        land_and_compute(self.storage, "records", "rollups")

    def _write(self, number: int, tokens: int) -> None:
        name = name_of(number)
        line = prompt(name, f"{DAY}T08:00:00Z", tenantId=name, tokensIn=tokens, tokensOut=0)
        Landing(self.storage.settings.landing).write("persona", DAY, [line], name=f"{name}.jsonl")

    def expect_nothing_lost(self) -> None:
        """Each alert is raised once, and told once on each channel to who keeps keys; nothing waits or is dead."""
        by_key = {request.headers["webhook-id"]: json.loads(request.body) for request in self.receiver.requests}
        told = Counter(
            (alert["limit_id"], alert["threshold"], alert["state"])
            for body in by_key.values()
            for alert in body["data"]["alerts"]
        )
        assert told == Counter(self.expected)
        assert len({mail["Message-ID"] for mail in self.mails.mails}) == len(by_key)
        raised = {tenant for tenant, _, _ in self.expected}
        resolved = {tenant for tenant, _, state in self.expected if state == "resolved"}
        history = [
            (tenant, part, 1, "resolved" if tenant in resolved and part > 50 else "raised")
            for tenant in raised
            for part in (50, 80, 100)
        ]
        assert self.rows(alerts, "tenant_id", "threshold", "episode", "state") == sorted(history)
        assert set(self.rows(outbox, "state")) <= {("delivered",)}

    def stage(self, known: int) -> str:
        """How far raising and delivering have come since there were so many alerts."""
        if len(self.rows(alerts, "alert_id")) == known:
            return "unraised"
        return "undelivered" if ("pending",) in self.rows(outbox, "state") else "delivered"

    def rows(self, table: Any, *names: str) -> list[tuple[Any, ...]]:
        with self.storage.warehouse.connect() as connection:
            return sorted(map(tuple, connection.execute(select(*(table.c[name] for name in names)))))


def name_of(number: int) -> str:
    return f"tenant-{number}"


@pytest.fixture
def platform(new_deployment: Callable[[], Deployment], monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform that tells a webhook and a mailbox of this machine."""
    monkeypatch.setenv("OPS_SECRET", SECRET)
    with receiving() as receiver, mail_server() as mails:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": mails.port, "smtp_security": "none"}
        more = {**smtp, "smtp_from": "usage@example.com", "webhook_allow_private": True}
        settings = new_deployment().settings.model_copy(update=more)
        settings.reference.mkdir(parents=True)
        (settings.reference / "channels.yaml").write_text(
            f"ops: {{type: webhook, url: '{receiver.url}', secret_env: OPS_SECRET}}\n"
            "mail: {type: email, to: [ops@example.com]}\n"
        )
        with open_storage(settings) as storage:
            yield Platform(storage, receiver, mails)


def test_processes_that_are_killed_lose_no_alert_and_tell_of_each_once(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.limit(2 * KILLS)
    settings, chance, left = platform.storage.settings, random.Random(21), Counter[str]()  # noqa: S311 - any moment will do
    _, seconds = run_for(None, tick_once, settings)
    for number in count():
        platform.grow(number, number - AGAIN_AFTER if number >= AGAIN_AFTER else None)
        known = len(platform.rows(alerts, "alert_id"))
        killed, _ = run_for(chance.uniform(0, seconds), tick_once, settings)
        left[platform.stage(known)] += killed
        if number % AGAIN_AFTER == 0:
            _, seconds = run_for(None, tick_once, settings)
            platform.expect_nothing_lost()
        if left.total() == KILLS:
            break
    tick(platform.storage)
    platform.expect_nothing_lost()
    assert [path.name for path in settings.limits_dir.iterdir()] == ["decisions.parquet"]
    assert min(left[stage] for stage in ("unraised", "undelivered", "delivered")) > 0
    again = len(platform.receiver.requests) - len(set(platform.receiver.keys))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{left.total()} processes were killed and left alerts {dict(left)}; {again} came again\n"
        )


def test_two_processes_at_once_tell_of_each_alert_once(platform: Platform) -> None:
    platform.limit(20)
    end = PROCESSES.Event()
    both = [PROCESSES.Process(target=tick_until, args=(platform.storage.settings, end)) for _ in range(2)]
    for process in both:
        process.start()
    for number in range(20):
        platform.grow(number)
    tick(platform.storage)
    end.set()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    platform.expect_nothing_lost()
