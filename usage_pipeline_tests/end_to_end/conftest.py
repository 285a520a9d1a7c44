"""What end-to-end tests share: processes with an environment of their own, and the real logs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import shared


@pytest.fixture
def new_deployment(
    new_settings: Callable[..., Settings], new_databases: Callable[[], tuple[str, str]]
) -> Callable[[], Deployment]:
    """Makes a data directory with two databases, and the environment of processes that use them."""

    def create() -> Deployment:
        database_url, dagster_database_url = new_databases()
        settings = new_settings(database_url=database_url, dagster_database_url=dagster_database_url)
        environment = {
            **os.environ,
            "USAGE_DATA_DIR": str(settings.data_dir),
            "USAGE_DATABASE_URL": database_url,
            "USAGE_DAGSTER_DATABASE_URL": dagster_database_url,
            "USAGE_DIGEST_KEY": "test",
        }
        return Deployment(settings, environment)

    return create


@pytest.fixture(scope="session")
def aider_log() -> Path:
    """The whole log of the coding assistant: 39,572 lines on 211 days."""
    return shared("data", "aider_analytics", "events.jsonl.zst")
