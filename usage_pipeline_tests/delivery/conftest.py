"""Receivers of messages, what they identify themselves with, and an outbox that is written and delivered."""

import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from usage_pipeline.delivery.message import Channel, Message
from usage_pipeline.delivery.outbox import deliver_due, enqueue
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.delivery.outboxes import MINUTE
from usage_pipeline_tests.delivery.receiving import SECRET, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server at the loopback address."""
    with receiving() as server:
        yield server


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings without a database, which allow webhooks to this machine; with the signing key in `OPS_SECRET`."""
    monkeypatch.setenv("OPS_SECRET", SECRET)
    return lambda **values: Settings.load(
        **{"data_dir": tmp_path, "now": NOW, "webhook_allow_private": True, **values}
    )


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Issues certificates that nobody trusts without being told."""
    return trustme.CA()


@pytest.fixture(scope="session")
def of_localhost(authority: trustme.CA) -> ssl.SSLContext:
    """The TLS of a server named `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust these certificates."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def add(storage: Storage) -> Callable[..., int]:
    """Writes messages into the outbox."""

    def add_all(*messages: Message) -> int:
        with storage.warehouse.begin() as connection:
            return enqueue(connection, messages)

    return add_all


@pytest.fixture
def deliver(storage: Storage) -> Callable[..., Counter[OutboxState]]:
    """Delivers what is due so many minutes after the present."""

    def deliver_after(channels: Mapping[str, Channel], minutes: int = 0) -> Counter[OutboxState]:
        return deliver_due(storage, channels, NOW + minutes * MINUTE)

    return deliver_after
