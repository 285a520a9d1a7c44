"""The command `usage-pipeline`. `app.py` assembles it, `process.py` runs it; most other modules are commands.

Commands that compute run the Dagster jobs, so that the UI shows their work. What does not belong here: functions
that another program may call.

A module of commands imports at its top only what the help needs. Each command imports the rest after its options
are checked, so that `--help` and wrong calls end at once. Modules without commands (`reading.py`, `session.py`)
import as usual.
"""

from usage_pipeline.cli.process import main

__all__ = ["main"]
