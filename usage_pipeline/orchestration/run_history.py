"""What Dagster keeps of old runs and nobody reads any more: their output, and their events of transition.

Runs, materializations, observations and evaluations of checks stay for ever. This module asks Dagster's database
itself and imports no Dagster, which would take longer than most clean-ups.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

from sqlalchemy import Engine, NullPool, create_engine, text

from usage_pipeline.retention.housekeeping import Leftovers, Tally, delete, last_change, of_paths, vacuum
from usage_pipeline.settings import Settings
from usage_pipeline.storage.postgres import database_urls, ensure_database

OUTPUT, DATABASE = "run_output", "dagster_database"
"""The places."""

OUTPUT_FOLDER = "dagster/storage"
"""The folder of the data directory in which `orchestration/instance.py` lets Dagster put the output of runs."""

_ENDINGS = {".out", ".err", ".complete"}

_ROWS_AT_ONCE = 10_000

_UNDER_WAY = "runs.status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')"

_OLD = f"""
    timestamp < :before
    AND (
        dagster_event_type IN (
            'ENGINE_EVENT', 'HANDLED_OUTPUT', 'LOADED_INPUT',
            'PIPELINE_CANCELING', 'PIPELINE_ENQUEUED', 'PIPELINE_STARTING',
            'RESOURCE_INIT_FAILURE', 'RESOURCE_INIT_STARTED', 'RESOURCE_INIT_SUCCESS',
            'STEP_INPUT', 'STEP_OUTPUT', 'STEP_WORKER_STARTED', 'STEP_WORKER_STARTING'
        )
        OR (dagster_event_type IS NULL AND CAST(event AS json) ->> 'level' IN ('10', '20', '30'))
    )
    AND NOT EXISTS (SELECT FROM runs WHERE runs.run_id = event_logs.run_id AND {_UNDER_WAY})
"""
"""Old events of transition, and messages up to warnings, which Dagster's documentation deletes.

"Cleaning older data from your Dagster database":
https://docs.dagster.io/deployment/troubleshooting/database-tuning. Planned materializations, which it deletes as
well, stay here: the UI and the gap filler know by them which days have failed. So does all of runs under way.
"""

_COUNT = text(f"SELECT count(*), coalesce(sum(pg_column_size(event)), 0) FROM event_logs WHERE {_OLD}")

_DELETE = text(f"""
    WITH old AS (
        SELECT id FROM event_logs WHERE id > :after AND {_OLD} ORDER BY id LIMIT {_ROWS_AT_ONCE}
    ),
    gone AS (
        DELETE FROM event_logs USING old WHERE event_logs.id = old.id
        RETURNING event_logs.id, pg_column_size(event) AS bytes
    )
    SELECT count(*), coalesce(sum(bytes), 0), max(id) FROM gone
""")


@contextmanager
def open_database(settings: Settings) -> Iterator[Engine]:
    """Connect to Dagster's database. Raises WarehouseError if it cannot be reached."""
    url = database_urls(settings).dagster
    ensure_database(url)
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    engine.dispose()


def old_history(settings: Settings, database: Engine) -> list[Leftovers]:
    """Return the output and the events that are older than `run_log_days`; nothing without tables of Dagster."""
    if not _has_runs(database):
        return []
    before = settings.clock.now - timedelta(days=settings.run_log_days)
    folder = settings.data_dir / OUTPUT_FOLDER
    moment = {"before": before.astimezone(UTC).replace(tzinfo=None)}
    return [
        of_paths(OUTPUT, "output", partial(_find_output, folder, database, before.timestamp()), _delete_output),
        Leftovers(DATABASE, "event", partial(_count, database, moment), partial(_delete, database, moment)),
    ]


def _has_runs(database: Engine) -> bool:
    with database.connect() as connection:
        found: bool = connection.execute(text("SELECT to_regclass('runs') IS NOT NULL")).scalar_one()
    return found


def _find_output(folder: Path, database: Engine, before: float) -> Iterator[Path]:
    """Find the output of runs, a folder of each, and of the ticks of sensors and schedules, which are files."""
    with database.connect() as connection:
        under_way = set(connection.execute(text(f"SELECT run_id FROM runs WHERE {_UNDER_WAY}")).scalars())
    for run in folder.glob("*/compute_logs"):
        if run.parent.name not in under_way and last_change(run) < before:
            yield run
    for tick in folder.glob("*/*/*.*"):
        if tick.parent.name != "compute_logs" and tick.suffix in _ENDINGS and last_change(tick) < before:
            yield tick


def _delete_output(path: Path) -> None:
    delete(path)
    if path.name == "compute_logs":
        with suppress(OSError):  # it holds something else
            path.parent.rmdir()


def _count(database: Engine, moment: dict[str, datetime]) -> Tally:
    with database.connect() as connection:
        return Tally(*connection.execute(_COUNT, moment).one())


def _delete(database: Engine, moment: dict[str, datetime]) -> Iterator[Tally]:
    """Delete the events, some at a time, so that what was deleted stays so after an interrupt; then vacuum."""
    total, last = 0, cast("int | None", 0)
    while last is not None:
        with database.begin() as connection:
            number, held, last = connection.execute(_DELETE, {**moment, "after": last}).one()
        total += number
        yield Tally(number, held)
    if total:
        vacuum(database, ["event_logs"])
