"""A deployment whose plans, grants and usage a test writes down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.deployment import RATES, Deployment
from usage_pipeline_tests.support import Landing


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings with a reference directory of the test's own; the present is 2026-06-01."""
    reference = tmp_path / "reference"
    reference.mkdir()
    return new_settings(reference_dir=reference)


@pytest.fixture
def deployment(storage: Storage, landing: Landing) -> Deployment:
    """One on an empty storage, with rates, the tenant acme, and without plans."""
    found = Deployment(storage, landing)
    found.write_reference("credit_rates", RATES)
    found.write_reference("tenants", "acme: {}\n")
    return found
