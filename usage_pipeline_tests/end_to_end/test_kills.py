"""Whatever kills a run, the next one ends where an undisturbed one would have."""

from collections.abc import Callable
from pathlib import Path

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.end_to_end.support import Deployment, first_days, run_and_kill

LOG_DAYS = 211
Digests = dict[tuple[str, object], str | None]
Expected = tuple[bytes, Digests]


def undisturbed(deployment: Deployment, log: bytes) -> Digests:
    """The digests of a run that nothing disturbs, without Dagster."""
    deployment.with_plans().place(log)
    with open_storage(deployment.settings) as storage:
        refresh(storage, PlainRunner(storage))
    return deployment.digests()


def killed_then_run(deployment: Deployment, log: bytes, *partitions: int) -> Digests:
    """The digests after runs of which each was killed when so many partitions had been begun, and one more."""
    deployment.with_plans().place(log)
    for begun in partitions:
        assert run_and_kill(deployment, lambda begun=begun: deployment.partitions() >= begun)
    deployment.command("run", "--no-suites")
    return deployment.digests()


def test_runs_killed_while_landing_and_while_computing_are_completed_by_the_next(
    new_deployment: Callable[[], Deployment], aider_log: Path
) -> None:
    log = first_days(aider_log, 5)
    while_landing, while_computing = 1, 30
    found = killed_then_run(new_deployment(), log, while_landing, while_computing)
    assert found == undisturbed(new_deployment(), log)


@pytest.fixture(scope="module")
def whole_log(tmp_path_factory: pytest.TempPathFactory, aider_log: Path) -> Expected:
    """The whole log, and the digests of an undisturbed run of it."""
    settings = Settings.load(data_dir=tmp_path_factory.mktemp("undisturbed"), digest_key="test")
    log = aider_log.read_bytes()
    return log, undisturbed(Deployment(settings, {}), log)


@pytest.mark.acceptance
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97])
def test_a_run_of_the_whole_log_survives_being_killed(
    share: float,
    new_deployment: Callable[[], Deployment],
    whole_log: Expected,
) -> None:
    log, expected = whole_log
    partitions = max(1, round(share * LOG_DAYS * len(DAILY_TABLES)))
    assert killed_then_run(new_deployment(), log, partitions) == expected
