"""Small cases from bug reports of metering tools, with their right values."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import shared
from usage_pipeline_tests.test_docs import ROOT

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def with_fields(source_format: str, **fields: str) -> str:
    """A format that also maps these fields."""
    lines = "".join(f"  {column}: {value}\n" for column, value in fields.items())
    return source_format.replace("fields:\n", f"fields:\n{lines}")


def persona_with(folder: Path, **fields: str) -> Path:
    """The folder, with the shipped format `persona` in it that also maps these fields."""
    shipped = (ROOT / "usage_pipeline" / "events" / "sources" / "persona.yaml").read_text()
    folder.mkdir()
    (folder / "persona.yaml").write_text(with_fields(shipped, **fields))
    return folder


def settings_of_case(new_settings: Callable[..., Settings], name: str, **values: object) -> Settings:
    """Settings with the landing files of a case and the shipped reference files."""
    landing = shared("cases", name, "landing")
    settings = new_settings(now=NOW, default_retention_days=4000, **values)
    shutil.copytree(landing, settings.landing)
    shutil.copytree(ROOT / "data" / "reference", settings.reference)
    return settings
