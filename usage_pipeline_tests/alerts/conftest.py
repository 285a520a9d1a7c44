"""A platform whose usage grows and is corrected, with a limit on it, and a receiver of its alerts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.alerts.tables import DATA_KINDS
from usage_pipeline.delivery.channels import open_channels
from usage_pipeline.delivery.outbox import deliver_due
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.alerts.data import DataAlerts
from usage_pipeline_tests.delivery.conftest import receiver
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt

__all__ = ["receiver"]


@dataclass
class Platform:
    """Lands usage of acme, raises alerts and delivers them."""

    storage: Storage
    landing: Landing

    def use(self, tokens: int, day: str = "2026-05-31", landed: str | None = None, **fields: str) -> None:
        """Let this be all that was used on a day, in the place of what had landed of it."""
        line = prompt(day, f"{day}T08:00:00Z", tokensIn=tokens, tokensOut=0, **fields)
        self.landing.write("persona", landed or day, [line], name=f"{day}.jsonl")
        land_and_compute(self.storage, "records", "rollups", "token_series")

    def limit(self, *amounts: int, period: str = "month", **keys: object) -> None:
        """Let limits on tokens of these amounts be all; the first is named `a`."""
        keys = {"channels": "[ops]", **keys}
        entries = [
            limit("tokens_total", amount, period, id=name, **keys)
            for name, amount in zip("abc", amounts, strict=False)
        ]
        write_limits(self.storage, *entries)

    def tick(self, now: datetime | None = None) -> list[tuple[str, int, int]]:
        """Raise alerts, deliver what is due, and return the state, threshold and episode of what is told."""
        storage = at(self.storage, now) if now else self.storage
        told = raise_alerts(storage)
        self.deliver(now)
        return [(alert.state.value, alert.threshold, alert.episode) for alert in told]

    def deliver(self, now: datetime | None = None) -> None:
        """Deliver what is due."""
        deliver_due(self.storage, open_channels(self.storage.settings), now or self.storage.settings.clock.now)


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings that allow webhooks to this machine."""
    return new_settings(webhook_allow_private=True)


@pytest.fixture
def platform(storage: Storage, landing: Landing, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform with a limit of 200 tokens a month; the present is the midnight after its last day."""
    monkeypatch.setenv("OPS_SECRET", SECRET)
    storage.settings.reference.mkdir(parents=True, exist_ok=True)
    channel = f"ops: {{type: webhook, url: '{receiver.url}', secret_env: OPS_SECRET}}\n"
    (storage.settings.reference / "channels.yaml").write_text(channel)
    found = Platform(storage, landing)
    found.limit(200)
    return found


@pytest.fixture
def on_data(storage: Storage) -> DataAlerts:
    """A deployment whose channel `ops` is told of all kinds of alerts on data."""
    storage.settings.reference.mkdir(parents=True, exist_ok=True)
    found = DataAlerts(storage)
    found.name("".join(f"{kind}: {{channels: [ops]}}\n" for kind in DATA_KINDS))
    return found
