"""The commands, called on a deployment of the test's own."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.lines import LINES
from usage_pipeline_tests.support import Landing, prompt


@pytest.fixture
def call(
    settings: Settings, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Calls a command on the test's deployment; it must end with the expected exit code."""
    assert settings.database_url is not None
    monkeypatch.setenv("USAGE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("USAGE_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("USAGE_DAGSTER_DATABASE_URL", new_database())
    monkeypatch.setenv("USAGE_DIGEST_KEY", settings.digest_key.get_secret_value())
    monkeypatch.setenv("USAGE_NOW", "2026-06-01T00:00:00Z")

    def invoke(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result.stdout

    return invoke


@pytest.fixture
def landed(call: Callable[..., str], landing: Landing, run: Callable[[], object]) -> Callable[..., str]:
    """The same after four lines of tenant acme were landed on three days, one of them broken.

    Without Dagster: reading commands need none of its runs, and each takes seconds.
    """
    landing.write("persona", "2026-05-01", LINES[:2])
    landing.write("persona", "2026-05-02", [prompt("g1", "2026-05-02T00:00:00Z", tenantId="globex")])
    landing.write("persona", "2026-05-03", LINES[2:])
    run()
    return call
