"""Small cases from bug reports of metering tools, with their right values."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime

from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import shared
from usage_pipeline_tests.test_docs import ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def settings_of_case(new_settings: Callable[..., Settings], name: str, **values: object) -> Settings:
    """Settings with the landing files of a case and the shipped reference files."""
    landing = shared("cases", name, "landing")
    settings = new_settings(now=NOW, default_retention_days=4000, **values)
    shutil.copytree(landing, settings.landing)
    shutil.copytree(ROOT / "data" / "reference", settings.reference)
    return settings
