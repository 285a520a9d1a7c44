"""Rates a day whose records were computed before: all tables of costs, by the functions of the pipeline.

python -m bench.subjects.rating DATA_DIR DAY
"""

import sys
from datetime import date
from pathlib import Path

from usage_pipeline.pipeline.tables import GROUPS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.compute import compute_days
from usage_pipeline.storage.opened import open_storage

if __name__ == "__main__":
    data_dir, day = sys.argv[1:]
    with open_storage(Settings.load(data_dir=Path(data_dir))) as storage:
        for table in GROUPS["costs"]:
            compute_days(storage, table, [date.fromisoformat(day)], "bench").raise_failures()
