"""How long it takes from the moment that a file is at rest until its numbers are in the series."""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.end_to_end.daemon import service
from usage_pipeline_tests.end_to_end.support import Deployment
from usage_pipeline_tests.support import Landing, prompt

FILES = 5
SECONDS = 300
token_series = warehouse_table(TOKEN_SERIES.spec)


def has_tokens(storage: Storage, expected: int) -> bool:
    """Whether today has so many tokens in the table, 120 a file; `series` prints a day when it is over."""
    columns = token_series.c
    query = select(func.sum(columns.total)).where(columns.day == storage.settings.clock.today)
    with storage.warehouse.connect() as connection:
        return int(connection.execute(query).scalar() or 0) == expected


def rounded(seconds: list[float]) -> list[int]:
    return [round(entry) for entry in seconds]


@pytest.mark.acceptance  # a time says nothing while other tests run
def test_a_file_is_in_the_series_45_seconds_after_it_is_at_rest(
    tmp_path_factory: pytest.TempPathFactory,
    new_databases: Callable[[], tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment = Deployment.create(tmp_path_factory.mktemp("latency"), new_databases)
    landing = Landing(deployment.settings.landing)
    seconds = []
    with (
        service(deployment.environment, deployment.settings.data_dir) as running,
        open_storage(deployment.settings) as storage,
    ):
        for number in range(1, FILES + 1):
            today = storage.settings.clock.today
            landing.write(
                "persona", f"{today}", [prompt(f"e{number}", f"{today}T00:00:00Z")], name=f"{number}.jsonl"
            )
            begun = time.monotonic()
            running.wait_for(partial(has_tokens, storage, 120 * number), SECONDS)
            seconds.append(time.monotonic() - begun)
            running.wait_for(running.is_at_rest, SECONDS)
    median = statistics.median(seconds)
    with capsys.disabled():
        sys.stdout.write(f"\nFrom file to series: median {median:.0f} s of {rounded(seconds)}\n")
    assert median <= 45
