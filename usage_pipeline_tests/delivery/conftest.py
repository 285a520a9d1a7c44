"""Receivers of messages, and what they identify themselves with."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from usage_pipeline.settings import Settings
from usage_pipeline_tests.conftest import NOW
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
