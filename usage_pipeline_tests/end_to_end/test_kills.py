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


def undisturbed(deployment: Deployment, log: bytes) -> dict[tuple[str, object], str | None]:
    """The digests of a run that nothing disturbs, without Dagster."""
    deployment.with_plans().place(log)
    with open_storage(deployment.settings) as storage:
        refresh(storage, PlainRunner(storage))
    return deployment.digests()


def killed_then_run(deployment: Deployment, log: bytes, partitions: int) -> dict[tuple[str, object], str | None]:
    """The digests after a run that was killed when it had begun so many partitions, and the next run."""
    deployment.with_plans().place(log)
    assert run_and_kill(deployment, lambda: deployment.partitions() >= partitions)
    deployment.command("run", "--no-suites")
    return deployment.digests()


@pytest.mark.parametrize("partitions", [1, 90], ids=["while landing", "while computing"])
def test_a_killed_run_is_completed_by_the_next(
    partitions: int, new_deployment: Callable[[], Deployment], aider_log: Path
) -> None:
    log = first_days(aider_log, 20)
    assert killed_then_run(new_deployment(), log, partitions) == undisturbed(new_deployment(), log)


@pytest.fixture(scope="module")
def whole_log(
    tmp_path_factory: pytest.TempPathFactory, aider_log: Path
) -> tuple[bytes, dict[tuple[str, object], str | None]]:
    """The whole log, and the digests of an undisturbed run of it."""
    settings = Settings.load(data_dir=tmp_path_factory.mktemp("undisturbed"), digest_key="test")
    log = aider_log.read_bytes()
    return log, undisturbed(Deployment(settings, {}), log)


@pytest.mark.acceptance
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97])
def test_a_run_of_the_whole_log_survives_being_killed(
    share: float,
    new_deployment: Callable[[], Deployment],
    whole_log: tuple[bytes, dict[tuple[str, object], str | None]],
) -> None:
    log, expected = whole_log
    partitions = max(1, round(share * LOG_DAYS * len(DAILY_TABLES)))
    assert killed_then_run(new_deployment(), log, partitions) == expected
