"""The main job without Dagster, and then in the same process the import of Great Expectations, or validation.

python -m bench.subjects.validated_run DATA_DIR import|validate
"""

import sys
from pathlib import Path

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.validation.checking import validate_days
from usage_pipeline.validation.importing import import_great_expectations
from usage_pipeline.validation.suite_files import load_suites


def validate(storage: Storage) -> None:
    """Validate every day of every table that has a suite."""
    for suite in load_suites(storage.settings).values():
        with storage.warehouse.connect() as connection:
            days = sorted(state.partitions(connection, suite.spec.name))
        validate_days(storage, suite, days, "bench")


if __name__ == "__main__":
    with open_storage(Settings.load(data_dir=Path(sys.argv[1]))) as opened:
        refresh(opened, PlainRunner(opened))
        if sys.argv[2] == "validate":
            validate(opened)
        else:
            import_great_expectations()
            import usage_pipeline.validation.expectations
            import usage_pipeline.validation.great_expectations_duckdb  # noqa: F401 - only the import is measured
