"""The commands, called on a deployment of the test's own or, where a module has `settings`, of the module's."""

from collections.abc import Callable, Sequence

import pytest
from typer.testing import CliRunner, Result

from usage_pipeline.cli.app import app
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing


@pytest.fixture(scope="module")
def dagster_url(new_dagster_database: Callable[[], str]) -> str:
    """The URL of a database for Dagster, which commands write to and never read."""
    return new_dagster_database()


@pytest.fixture
def call(settings: Settings, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Calls a command on the deployment; it must end with the expected exit code."""
    work_on(settings, dagster_url, monkeypatch)
    return invoke


def work_on(settings: Settings, dagster_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables so that commands work on this deployment."""
    assert settings.database_url is not None
    monkeypatch.setenv("USAGE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("USAGE_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("USAGE_DAGSTER_DATABASE_URL", dagster_url)
    monkeypatch.setenv("USAGE_DIGEST_KEY", settings.digest_key.get_secret_value())
    monkeypatch.setenv("USAGE_NOW", "2026-06-01T00:00:00Z")


def invoke(*arguments: str, exit_code: int = 0) -> str:
    """What the command prints."""
    return _ended(arguments, exit_code).stdout


def notes(*arguments: str, exit_code: int = 0) -> str:
    """What the command prints beside its result."""
    return _ended(arguments, exit_code).stderr.strip()


def _ended(arguments: Sequence[str], exit_code: int) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result


@pytest.fixture(scope="module")
def deploy(open_shared: Callable[..., Storage]) -> Callable[..., Storage]:
    """Makes a deployment that the tests of a module share and only read; lands what each step leaves there.

    Without Dagster: reading commands need none of its runs, and each takes seconds.
    """

    def create(*steps: Callable[[Landing], object]) -> Storage:
        storage = open_shared()
        for step in steps:
            step(Landing(storage.settings.landing))
            refresh(storage, PlainRunner(storage))
        return storage

    return create
