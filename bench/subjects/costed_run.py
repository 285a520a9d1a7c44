"""The main job and costs without Dagster: what `usage-pipeline run` does, by the same functions, in this process.

python -m bench.subjects.costed_run DATA_DIR
"""

import sys
from pathlib import Path

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage

if __name__ == "__main__":
    with open_storage(Settings.load(data_dir=Path(sys.argv[1]))) as storage:
        refresh(storage, PlainRunner(storage))
