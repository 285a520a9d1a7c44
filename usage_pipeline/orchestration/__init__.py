"""Everything Dagster: partitions, resources, assets, jobs, metadata, the instance, and running jobs.

Only this package and `definitions.py` import Dagster. Assets call one function of the concept that they
stand for and report what it did; how anything is computed does not belong here. Modules that are slow to
import are imported when something runs, because the definitions are loaded by every process of Dagster.
"""

import gc

# What Dagster and Great Expectations import lives as long as the process; to look through it for garbage took a
# third of the processor time of a run.
gc.set_threshold(300_000)
