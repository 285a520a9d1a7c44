"""The main job without Dagster: from landing to the series and breakdowns, by the functions of the pipeline.

Texts apart, everything committed with its state; what it costs is `costed_run.py`.

python -m bench.subjects.plain_run DATA_DIR
"""

import sys
from pathlib import Path

from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, land_days_again, work_units
from usage_pipeline.pipeline.tables import GROUPS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage

WANTED = frozenset(table.name for group, tables in GROUPS.items() if group != "costs" for table in tables)


def run(storage: Storage) -> None:
    """Land what is new, and compute what is stale of the tables that are wanted."""
    runner = PlainRunner(storage)
    land_days_again(runner, find_landing_work(storage).days, RefreshSummary())
    stale = {day: tables & WANTED for day, tables in find_stale(storage).items()}
    for tables, days in work_units(stale):
        runner.compute(tables, days)


if __name__ == "__main__":
    with open_storage(Settings.load(data_dir=Path(sys.argv[1]))) as opened:
        run(opened)
